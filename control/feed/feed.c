#include "feed.h"

#include "log.h"
#include "mem.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uthash.h>

enum { BATCH = 256, HANDLERS = 16 };

struct entry {
	struct kl_object *obj;
	char *key; /* "namespace/name" */
	unsigned seen;
	UT_hash_handle hh;
};

struct source {
	const struct kl_kind *kind;
	struct kl_watch *watch;
	struct entry *entries;
	unsigned lists;
	struct {
		kl_feed_handler *fn;
		void *arg;
	} handlers[HANDLERS];
	unsigned handler_count;
};

struct kl_feed {
	struct kl_store *store;
	int wake_fd;
	struct source *sources;
	size_t count;
	const struct kl_object *telling; /* the object handlers are told of */
	json_t *parsed;                  /* its tree, once somebody wanted it */
};

/* --- cache */

static void make_key(struct kl_buf *buf, const char *ns, const char *name)
{
	kl_buf_str_push(buf, ns ? ns : "");
	kl_buf_char(buf, '/');
	kl_buf_str_push(buf, name);
}

static struct entry *find(struct source *source, const char *ns, const char *name)
{
	struct entry *entry;
	kl_autobuf key = {0};
	make_key(&key, ns, name);
	HASH_FIND(hh, source->entries, key.data, key.len, entry);
	return entry;
}

static struct entry *insert(struct source *source, const struct kl_object *obj)
{
	struct kl_buf key = {0};
	struct entry *entry = kl_calloc(1, sizeof(*entry));
	make_key(&key, obj->ns, obj->name);
	size_t len = key.len;
	entry->key = kl_buf_take(&key);
	HASH_ADD_KEYPTR(hh, source->entries, entry->key, len, entry);
	return entry;
}

static void entry_free(struct source *source, struct entry *entry)
{
	HASH_DELETE(hh, source->entries, entry);
	kl_object_unref(entry->obj);
	free(entry->key);
	free(entry);
}

static void tell(struct kl_feed *feed, struct source *source, struct kl_object *now, struct kl_object *prev)
{
	feed->telling = now ? now : prev;
	for (unsigned i = 0; i < source->handler_count; i++)
		source->handlers[i].fn(now, prev, source->handlers[i].arg);
	json_decref(kl_take(&feed->parsed));
	feed->telling = NULL;
}

static void put(struct kl_feed *feed, struct source *source, struct kl_object *obj)
{
	struct entry *entry = find(source, obj->ns, obj->name);
	if (entry && entry->obj->rv >= obj->rv) {
		entry->seen = source->lists;
		return;
	}
	if (!entry)
		entry = insert(source, obj);
	struct kl_object *prev = entry->obj;
	entry->obj = kl_object_ref(obj);
	entry->seen = source->lists;
	tell(feed, source, obj, prev);
	if (prev)
		kl_object_unref(prev);
}

static void drop(struct kl_feed *feed, struct source *source, struct entry *entry)
{
	struct kl_object *prev = kl_object_ref(entry->obj);
	entry_free(source, entry);
	tell(feed, source, NULL, prev);
	kl_object_unref(prev);
}

/* --- list and watch */

static void notified(void *arg)
{
	kl_feed_wake(arg);
}

static int relist(struct kl_feed *feed, struct source *source)
{
	struct kl_object_list list;
	struct entry *entry, *next;
	if (source->watch)
		kl_watch_close(kl_take(&source->watch));
	kl_store_list(feed->store, source->kind, NULL, &list);
	uint64_t rv = list.rv;
	source->lists++;
	for (size_t i = 0; i < list.count; i++)
		put(feed, source, list.items[i]);
	kl_object_list_release(&list);
	HASH_ITER (hh, source->entries, entry, next) {
		if (entry->seen != source->lists)
			drop(feed, source, entry);
	}
	int rc = kl_store_watch(feed->store, source->kind, NULL, rv, &source->watch);
	if (!rc)
		kl_watch_notify(source->watch, notified, feed);
	return rc;
}

static void handle(struct kl_feed *feed, struct source *source, const struct kl_event *event)
{
	if (event->type != KL_EVENT_DELETED) {
		put(feed, source, event->obj);
		return;
	}
	struct entry *entry = find(source, event->obj->ns, event->obj->name);
	if (entry && entry->obj->rv <= event->obj->rv)
		drop(feed, source, entry);
}

static bool deliver_source(struct kl_feed *feed, struct source *source)
{
	struct kl_event events[BATCH];
	bool any = false;
	int count = -EOVERFLOW;
	while (source->watch && (count = kl_watch_take(source->watch, events, BATCH)) > 0) {
		any = true;
		for (int i = 0; i < count; i++) {
			handle(feed, source, &events[i]);
			kl_event_release(&events[i]);
		}
	}
	if (count >= 0)
		return any;
	kl_warn("watch of %s fell behind: listing again", source->kind->plural);
	if (relist(feed, source))
		kl_feed_wake(feed); /* the history moved on meanwhile: once more at the next turn */
	return true;
}

bool kl_feed_deliver(struct kl_feed *feed)
{
	bool any = false;
	for (size_t i = 0; i < feed->count; i++)
		any |= deliver_source(feed, &feed->sources[i]);
	return any;
}

int kl_feed_sync(struct kl_feed *feed, struct kl_err *err)
{
	for (size_t i = 0; i < feed->count; i++) {
		int rc = relist(feed, &feed->sources[i]);
		if (rc)
			return kl_fail(err, -rc, "watch %s", feed->sources[i].kind->plural);
	}
	return 0;
}

void kl_feed_wait(struct kl_feed *feed, int timeout_ms)
{
	struct pollfd fd = {.fd = feed->wake_fd, .events = POLLIN};
	uint64_t count;
	if (poll(&fd, 1, timeout_ms) > 0 && read(feed->wake_fd, &count, sizeof(count)) < 0)
		return;
}

void kl_feed_wake(struct kl_feed *feed)
{
	uint64_t one = 1;
	if (write(feed->wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: whoever sleeps is awake already */
}

/* --- the public face */

static struct source *source_of(struct kl_feed *feed, const struct kl_kind *kind)
{
	for (size_t i = 0; i < feed->count; i++) {
		if (feed->sources[i].kind->storage_id == kind->storage_id)
			return &feed->sources[i];
	}
	return NULL;
}

int kl_feed_new(struct kl_store *store, struct kl_feed **ret, struct kl_err *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return kl_fail(err, errno, "eventfd");
	struct kl_feed *feed = kl_calloc(1, sizeof(*feed));
	feed->store = store;
	feed->wake_fd = fd;
	*ret = feed;
	return 0;
}

void kl_feed_free(struct kl_feed *feed)
{
	struct entry *entry, *next;
	if (!feed)
		return;
	for (size_t i = 0; i < feed->count; i++) {
		if (feed->sources[i].watch)
			kl_watch_close(feed->sources[i].watch);
		HASH_ITER (hh, feed->sources[i].entries, entry, next)
			entry_free(&feed->sources[i], entry);
	}
	close(feed->wake_fd);
	free(feed->sources);
	free(feed);
}

void kl_feed_add(struct kl_feed *feed, const struct kl_kind *kind, kl_feed_handler *handler, void *arg)
{
	struct source *source = source_of(feed, kind);
	if (!source) {
		feed->sources = kl_reallocarray(feed->sources, feed->count + 1, sizeof(*feed->sources));
		source = &feed->sources[feed->count++];
		*source = (struct source){.kind = kind};
	}
	if (source->handler_count == HANDLERS)
		abort(); /* a programming error: the table of controllers outgrew the feed */
	source->handlers[source->handler_count].fn = handler;
	source->handlers[source->handler_count++].arg = arg;
}

void kl_feed_observe(struct kl_feed *feed, struct kl_object *object)
{
	struct source *source = source_of(feed, object->kind);
	if (source)
		put(feed, source, object);
}

void kl_feed_observe_gone(
	struct kl_feed *feed, const struct kl_kind *kind, const char *ns, const char *name, const char *uid)
{
	struct source *source = source_of(feed, kind);
	struct entry *entry = source ? find(source, ns, name) : NULL;
	if (entry && !strcmp(entry->obj->uid, uid))
		drop(feed, source, entry);
}

const json_t *kl_feed_parsed(struct kl_feed *feed)
{
	if (!feed->parsed && feed->telling)
		feed->parsed = kl_object_parse(feed->telling);
	return feed->parsed;
}

struct kl_object *kl_feed_get(struct kl_feed *feed, const struct kl_kind *kind, const char *ns, const char *name)
{
	struct source *source = source_of(feed, kind);
	struct entry *entry = source ? find(source, ns, name) : NULL;
	return entry ? entry->obj : NULL;
}

void kl_feed_each(
	struct kl_feed *feed, const struct kl_kind *kind, void (*each)(struct kl_object *obj, void *arg), void *arg)
{
	struct source *source = source_of(feed, kind);
	struct entry *entry, *next;
	if (!source)
		return;
	HASH_ITER (hh, source->entries, entry, next)
		each(entry->obj, arg);
}
