/*
 * Watching. A kind's recent events stand once in a ring; a watcher is a position in it. So an event costs the same
 * memory for one watcher and for ten thousand, and one that lags is cut off when the ring moves on.
 *
 * The rule that makes this right: a watcher that is not `pending` has seen everything it wants; it waits in its group's
 * list, and its position means nothing until an event that it wants makes it pending, there. So an event touches only
 * those whom it wakes, however many watch other namespaces.
 */
#include "store_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What resuming watchers may rely on: events younger than this, as far as the bounds allow (upstream compacts alike).
 */
enum { HISTORY_MS = 5 * 60 * 1000, HISTORY_MIN_EVENTS = 256, HISTORY_MAX_BYTES = 8 << 20 };

/* Those who watch one namespace, or ("") all of them. */
struct watch_group {
	UT_hash_handle hh;
	size_t members;
	struct kl_watch *idle; /* those that are not pending */
	char ns[];
};

struct kl_watch {
	struct kl_store *store;
	struct feed *feed;
	struct watch_group *group;
	struct kl_watch *prev, *next; /* in group->idle */
	uint64_t min_rv;              /* the watcher has seen what happened up to here */
	uint64_t position;            /* of the next event to look at */
	bool pending;
	void (*notify)(void *arg);
	void *arg;
};

void kl_event_release(struct kl_event *event)
{
	kl_object_unref(event->obj);
	kl_object_unref(event->prev);
	*event = (struct kl_event){0};
}

static struct past_event *slot(const struct feed *feed, uint64_t position)
{
	return &feed->ring[position & (feed->size - 1)];
}

void feed_init(struct feed *feed, uint64_t floor_rv)
{
	*feed = (struct feed){.floor_rv = floor_rv};
	pthread_mutex_init(&feed->lock, NULL);
}

static void drop_oldest(struct feed *feed)
{
	struct past_event *oldest = slot(feed, feed->first++);
	feed->floor_rv = oldest->event.obj->rv;
	feed->bytes -= oldest->event.obj->len;
	kl_event_release(&oldest->event);
}

void feed_release(struct feed *feed)
{
	while (feed->first < feed->end)
		drop_oldest(feed);
	free(feed->ring);
	pthread_mutex_destroy(&feed->lock);
}

static void grow(struct feed *feed)
{
	size_t size = feed->size ? feed->size * 2 : 16;
	struct past_event *ring = kl_reallocarray(NULL, size, sizeof(*ring));
	for (uint64_t i = feed->first; i < feed->end; i++)
		ring[i & (size - 1)] = *slot(feed, i);
	free(feed->ring);
	feed->ring = ring;
	feed->size = size;
}

static void trim(const struct kl_store *store, struct feed *feed, int64_t now_ms)
{
	while (feed->first < feed->end) {
		uint64_t count = feed->end - feed->first;
		bool many = count > store->history_events || feed->bytes > HISTORY_MAX_BYTES;
		bool old = count > HISTORY_MIN_EVENTS && now_ms - slot(feed, feed->first)->when_ms > HISTORY_MS;
		if (!many && !old)
			return;
		drop_oldest(feed);
	}
}

static bool wants(const struct kl_watch *watch, const struct kl_event *event)
{
	const char *ns = watch->group->ns;
	return event->obj->rv > watch->min_rv && (!*ns || !strcmp(ns, event->obj->ns));
}

static struct watch_group *find_group(const struct feed *feed, const char *ns)
{
	struct watch_group *group;
	HASH_FIND_STR(feed->groups, ns, group);
	return group;
}

static struct watch_group *join_group(struct feed *feed, const char *ns)
{
	struct watch_group *group = find_group(feed, ns);
	if (!group) {
		group = kl_calloc(1, sizeof(*group) + strlen(ns) + 1);
		strcpy(group->ns, ns);
		HASH_ADD_STR(feed->groups, ns, group);
	}
	group->members++;
	return group;
}

static void leave_group(struct feed *feed, struct watch_group *group)
{
	if (--group->members)
		return;
	HASH_DEL(feed->groups, group);
	free(group);
}

/* The ring's newest event, for those who wait for it. */
static void wake_group(struct feed *feed, struct watch_group *group, const struct kl_event *event)
{
	struct kl_watch *watch, *next;
	DL_FOREACH_SAFE (group->idle, watch, next) {
		if (event->obj->rv <= watch->min_rv)
			continue;
		DL_DELETE(group->idle, watch);
		watch->position = feed->end - 1;
		watch->pending = true;
		if (watch->notify)
			watch->notify(watch->arg);
	}
}

void feed_publish(struct kl_store *store, struct feed *feed, const struct kl_event *event, int64_t now_ms)
{
	pthread_mutex_lock(&feed->lock);
	if (feed->end - feed->first == feed->size)
		grow(feed);
	*slot(feed, feed->end) = (struct past_event){*event, now_ms};
	feed->bytes += event->obj->len;
	feed->end++;
	struct watch_group *own = *event->obj->ns ? find_group(feed, event->obj->ns) : NULL,
			   *all = find_group(feed, "");
	if (own)
		wake_group(feed, own, event);
	if (all)
		wake_group(feed, all, event);
	trim(store, feed, now_ms);
	pthread_mutex_unlock(&feed->lock);
}

/* The position of the first event after rv. */
static uint64_t position_after(const struct feed *feed, uint64_t rv)
{
	uint64_t low = feed->first, high = feed->end;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (slot(feed, middle)->event.obj->rv <= rv)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int feed_each(struct feed *feed, uint64_t from_rv, uint64_t to_rv,
	void (*each)(const struct kl_event *event, void *arg), void *arg)
{
	int rc = 0;
	pthread_mutex_lock(&feed->lock);
	if (from_rv < feed->floor_rv)
		rc = -ESTALE;
	for (uint64_t i = position_after(feed, from_rv); rc == 0 && i < feed->end; i++) {
		const struct kl_event *event = &slot(feed, i)->event;
		if (event->obj->rv > to_rv)
			break;
		each(event, arg);
	}
	pthread_mutex_unlock(&feed->lock);
	return rc;
}

int kl_store_watch(
	struct kl_store *store, const struct kl_kind *kind, const char *ns, uint64_t from_rv, struct kl_watch **ret)
{
	struct feed *feed = &store->feeds[kind->storage_id];
	pthread_mutex_lock(&feed->lock);
	if (from_rv < feed->floor_rv) {
		pthread_mutex_unlock(&feed->lock);
		return -ESTALE;
	}
	struct kl_watch *watch = kl_calloc(1, sizeof(*watch));
	*watch = (struct kl_watch){
		.store = store,
		.feed = feed,
		.group = join_group(feed, ns ? ns : ""),
		.min_rv = from_rv,
		.position = position_after(feed, from_rv),
	};
	watch->pending = watch->position < feed->end;
	if (!watch->pending)
		DL_APPEND(watch->group->idle, watch);
	pthread_mutex_unlock(&feed->lock);
	*ret = watch;
	return 0;
}

void kl_watch_notify(struct kl_watch *watch, void (*notify)(void *arg), void *arg)
{
	pthread_mutex_lock(&watch->feed->lock);
	watch->notify = notify;
	watch->arg = arg;
	if (watch->pending && notify)
		notify(arg);
	pthread_mutex_unlock(&watch->feed->lock);
}

int kl_watch_take(struct kl_watch *watch, struct kl_event *ret, size_t max)
{
	struct feed *feed = watch->feed;
	int count = 0;
	pthread_mutex_lock(&feed->lock);
	uint64_t lag = feed->end - watch->position;
	if (!watch->pending) {
		pthread_mutex_unlock(&feed->lock);
		return 0;
	}
	if (watch->position < feed->first || (watch->store->watch_queue && lag > watch->store->watch_queue)) {
		pthread_mutex_unlock(&feed->lock);
		return -EOVERFLOW;
	}
	while (watch->position < feed->end && (size_t)count < max) {
		const struct kl_event *event = &slot(feed, watch->position++)->event;
		if (!wants(watch, event))
			continue;
		ret[count] = *event;
		kl_object_ref(event->obj);
		if (event->prev)
			kl_object_ref(event->prev);
		count++;
	}
	watch->pending = watch->position < feed->end;
	if (!watch->pending)
		DL_APPEND(watch->group->idle, watch);
	pthread_mutex_unlock(&feed->lock);
	return count;
}

uint64_t kl_watch_rv(struct kl_watch *watch)
{
	uint64_t rv = atomic_load(&watch->store->published_rv);
	return rv > watch->min_rv ? rv : watch->min_rv;
}

void kl_watch_close(struct kl_watch *watch)
{
	if (!watch)
		return;
	struct feed *feed = watch->feed;
	pthread_mutex_lock(&feed->lock);
	if (!watch->pending)
		DL_DELETE(watch->group->idle, watch);
	leave_group(feed, watch->group);
	pthread_mutex_unlock(&feed->lock);
	free(watch);
}
