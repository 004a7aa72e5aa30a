/*
 * list → watch → (end) → watch again from the last resourceVersion; 410 or an unreadable line → list again. Lists come
 * in pages; they are compared with the cache only when complete, so that a failed list changes nothing.
 */
#include "client.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum {
	PAGE = 500,
	LINE_MAX_BYTES = 16 << 20, /* one watch event; objects are bounded to a few MiB by every API server */
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 3000,
	WATCH_MIN_S = 300, /* how long the server is asked to keep a watch: this, and up to as much again */
	HEALTHY_MS = 2000, /* a watch that lived so long was a good one */
};

struct entry {
	char *key; /* "namespace/name" */
	json_t *object;
	unsigned list_seen; /* number of the list that named it last */
	UT_hash_handle hh;
};

struct kl_informer {
	struct kl_client *client;
	char *path, *query;
	struct kl_informer_handlers handlers;
	struct entry *entries;
	uv_timer_t *timer;
	uint64_t request; /* under way; 0: none */
	bool synced, dead;
	int busy; /* depth of handlers running: freeing waits for them */
	char *rv, *page_token;
	json_t *listed; /* array: items of the pages so far */
	unsigned lists;
	struct kl_buf line; /* the beginning of a watch line */
	size_t scanned;     /* bytes of it known to hold no newline */
	bool relist;        /* the watch asked for a new list */
	int64_t watch_started_ms;
	int backoff_ms;
};

static void list_start(struct kl_informer *inf);
static void watch_start(struct kl_informer *inf);
static void informer_destroy(struct kl_informer *inf);

/* --- cache */

static void entry_free(struct kl_informer *inf, struct entry *entry)
{
	HASH_DELETE(hh, inf->entries, entry);
	json_decref(entry->object);
	free(entry->key);
	free(entry);
}

static char *key_of(const json_t *object)
{
	return kl_asprintf("%s/%s", kl_json_str(object, "metadata", "namespace", NULL),
		kl_json_str(object, "metadata", "name", NULL));
}

static struct entry *entry_ensure(struct kl_informer *inf, const json_t *object)
{
	struct entry *entry;
	kl_autofree char *key = key_of(object);
	HASH_FIND_STR(inf->entries, key, entry);
	if (!entry) {
		entry = kl_calloc(1, sizeof(*entry));
		entry->key = kl_take(&key);
		HASH_ADD_KEYPTR(hh, inf->entries, entry->key, strlen(entry->key), entry);
	}
	return entry;
}

static const char *version_of(const json_t *object)
{
	return kl_json_str(object, "metadata", "resourceVersion", NULL);
}

static json_t *remembered(const struct kl_informer *inf, json_t *object)
{
	if (!inf->handlers.forgetful)
		return json_incref(object);
	return json_pack("{s:{s:s,s:s,s:s}}", "metadata", "namespace",
		kl_json_str(object, "metadata", "namespace", NULL), "name",
		kl_json_str(object, "metadata", "name", NULL), "resourceVersion", version_of(object));
}

/* Takes an object into the cache and tells the handler when its version is new. */
static void entry_put(struct kl_informer *inf, json_t *object)
{
	struct entry *entry = entry_ensure(inf, object);
	kl_autojson *old = entry->object;
	entry->object = remembered(inf, object);
	entry->list_seen = inf->lists;
	if ((!old || strcmp(version_of(old), version_of(object))) && inf->handlers.changed)
		inf->handlers.changed(object, old, inf->handlers.arg);
}

static void entry_drop(struct kl_informer *inf, struct entry *entry, const json_t *last)
{
	kl_autojson *object = json_incref(last ? (json_t *)(uintptr_t)last : entry->object);
	entry_free(inf, entry);
	if (inf->handlers.deleted)
		inf->handlers.deleted(object, inf->handlers.arg);
}

/* --- back-off */

static void on_retry(uv_timer_t *timer)
{
	struct kl_informer *inf = timer->data;
	if (inf->rv && !inf->relist)
		watch_start(inf);
	else
		list_start(inf);
}

/* Between half of the delay and the delay and a half, so that a fleet's clients do not come back all at once. */
static uint64_t jittered(int delay_ms)
{
	return (uint64_t)delay_ms / 2 + (uint64_t)(random() % (delay_ms + 1));
}

static void retry_later(struct kl_informer *inf)
{
	inf->backoff_ms = inf->backoff_ms ? inf->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (inf->backoff_ms > BACKOFF_MAX_MS)
		inf->backoff_ms = BACKOFF_MAX_MS;
	uv_timer_start(inf->timer, on_retry, jittered(inf->backoff_ms), 0);
}

/* --- list */

static char *url_of(const struct kl_informer *inf, const char *more)
{
	if (inf->query && *inf->query)
		return kl_asprintf("%s?%s&%s", inf->path, inf->query, more);
	return kl_asprintf("%s?%s", inf->path, more);
}

/* Percent-encodes a continue token (RFC 3986 unreserved characters stay). */
static void push_escaped(struct kl_buf *buf, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain =
			(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c);
		if (plain)
			kl_buf_char(buf, *text);
		else
			kl_buf_printf(buf, "%%%02X", c);
	}
}

/* Items of a list carry no apiVersion and kind of their own: handlers get them as a watch would send them. */
static void add_type(json_t *item, const json_t *list)
{
	const char *kind = kl_json_str(list, "kind", NULL);
	size_t len = strlen(kind);
	if (json_object_get(item, "kind") || len < 5 || strcmp(kind + len - 4, "List"))
		return;
	json_object_set_new(item, "kind", json_stringn(kind, len - 4));
	json_object_set(item, "apiVersion", json_object_get(list, "apiVersion"));
}

static void drop_unseen(struct kl_informer *inf)
{
	struct entry *entry, *next;
	HASH_ITER (hh, inf->entries, entry, next) {
		if (entry->list_seen != inf->lists)
			entry_drop(inf, entry, NULL);
	}
}

static void list_complete(struct kl_informer *inf, const char *rv)
{
	size_t i;
	json_t *item;
	kl_autojson *items = kl_take(&inf->listed);
	free(inf->rv);
	inf->rv = kl_strdup(rv);
	inf->relist = false;
	inf->backoff_ms = 0;
	inf->lists++;
	json_array_foreach (items, i, item)
		entry_put(inf, item);
	drop_unseen(inf);
	inf->synced = true;
	if (inf->handlers.synced)
		inf->handlers.synced(inf->handlers.arg);
	if (!inf->dead)
		watch_start(inf);
}

static void list_failed(struct kl_informer *inf, const struct kl_client_answer *answer)
{
	kl_debug("list of %s: %s", inf->path, kl_err_text(&answer->err));
	json_decref(kl_take(&inf->listed));
	free(kl_take(&inf->page_token));
	retry_later(inf);
}

static int list_page(struct kl_informer *inf, const json_t *page)
{
	size_t i;
	json_t *item;
	const json_t *items = json_object_get(page, "items");
	if (!json_is_array(items) && !json_is_null(items))
		return -EBADMSG;
	json_array_foreach (items, i, item) {
		if (!json_is_object(item))
			return -EBADMSG;
		add_type(item, page);
		json_array_append(inf->listed, item);
	}
	free(inf->page_token);
	inf->page_token = kl_strdup(kl_json_str(page, "metadata", "continue", NULL));
	return 0;
}

static void list_next(struct kl_informer *inf);

static void on_list(const struct kl_client_answer *answer, void *arg)
{
	struct kl_informer *inf = arg;
	struct kl_client_answer bad = *answer;
	inf->request = 0;
	kl_autojson *page = answer->http == 200 ? kl_json_parse(answer->body, answer->len, &bad.err) : NULL;
	if (!page || list_page(inf, page)) {
		list_failed(inf, &bad);
		return;
	}
	if (*inf->page_token) {
		list_next(inf);
		return;
	}
	inf->busy++;
	list_complete(inf, kl_json_str(page, "metadata", "resourceVersion", NULL));
	inf->busy--;
	if (inf->dead)
		informer_destroy(inf);
}

static void list_next(struct kl_informer *inf)
{
	kl_autobuf more = {0};
	kl_buf_printf(&more, "limit=%d", PAGE);
	if (inf->page_token && *inf->page_token) {
		kl_buf_str_push(&more, "&continue=");
		push_escaped(&more, inf->page_token);
	}
	kl_autofree char *url = url_of(inf, kl_buf_str(&more));
	struct kl_client_request request = {.method = "GET", .path = url};
	inf->request = kl_client_send(inf->client, &request, on_list, inf);
}

static void list_start(struct kl_informer *inf)
{
	json_decref(inf->listed);
	inf->listed = json_array();
	free(kl_take(&inf->page_token));
	list_next(inf);
}

/* --- watch */

static void set_rv(struct kl_informer *inf, const json_t *object)
{
	const char *rv = version_of(object);
	if (!*rv)
		return;
	free(inf->rv);
	inf->rv = kl_strdup(rv);
}

static int watch_event(struct kl_informer *inf, const json_t *event)
{
	const char *type = kl_json_str(event, "type", NULL);
	json_t *object = json_object_get(event, "object");
	if (!json_is_object(object) || !strcmp(type, "ERROR")) {
		kl_debug("watch of %s: %s", inf->path, kl_json_str(object, "message", NULL));
		inf->relist = true;
		return -1;
	}
	set_rv(inf, object);
	if (!strcmp(type, "ADDED") || !strcmp(type, "MODIFIED")) {
		entry_put(inf, object);
	} else if (!strcmp(type, "DELETED")) {
		struct entry *entry;
		kl_autofree char *key = key_of(object);
		HASH_FIND_STR(inf->entries, key, entry);
		if (entry)
			entry_drop(inf, entry, object);
	}
	return 0;
}

static int watch_line(struct kl_informer *inf, const char *line, size_t len)
{
	struct kl_err err;
	if (!len)
		return 0;
	kl_autojson *event = kl_json_parse(line, len, &err);
	if (!event) {
		kl_warn("watch of %s: %s", inf->path, kl_err_text(&err));
		inf->relist = true;
		return -1;
	}
	return watch_event(inf, event);
}

static int watch_lines(struct kl_informer *inf)
{
	size_t start = 0;
	char *newline;
	int rc = 0;
	while (!rc && !inf->dead) {
		size_t from = inf->scanned > start ? inf->scanned : start;
		newline = from < inf->line.len ? memchr(inf->line.data + from, '\n', inf->line.len - from) : NULL;
		if (!newline)
			break;
		rc = watch_line(inf, inf->line.data + start, (size_t)(newline - inf->line.data) - start);
		start = (size_t)(newline - inf->line.data) + 1;
	}
	kl_buf_consume(&inf->line, start);
	inf->scanned = inf->line.len;
	return rc;
}

static int on_watch_data(const char *data, size_t len, void *arg)
{
	struct kl_informer *inf = arg;
	int rc = 0;
	/* In pieces: many short lines may arrive at once, and only an unfinished one counts against the bound. */
	inf->busy++;
	for (size_t at = 0; at < len && !rc && !inf->dead;) {
		size_t piece = len - at < LINE_MAX_BYTES / 4 ? len - at : LINE_MAX_BYTES / 4;
		kl_buf_push(&inf->line, data + at, piece);
		at += piece;
		if (inf->line.overflow) {
			kl_warn("watch of %s: an event of more than %d bytes", inf->path, LINE_MAX_BYTES);
			inf->relist = true;
			rc = -1;
		} else {
			rc = watch_lines(inf);
		}
	}
	inf->busy--;
	if (!inf->dead)
		return rc;
	informer_destroy(inf);
	return -1;
}

static void on_watch_end(const struct kl_client_answer *answer, void *arg)
{
	struct kl_informer *inf = arg;
	bool healthy = answer->http == 200 && kl_monotonic_ms() - inf->watch_started_ms >= HEALTHY_MS;
	inf->request = 0;
	if (answer->http == 410 || answer->http == 400)
		inf->relist = true;
	if (answer->err.code)
		kl_debug("watch of %s: %s", inf->path, kl_err_text(&answer->err));
	if (healthy)
		inf->backoff_ms = 0;
	if (healthy && !answer->err.code)
		on_retry(inf->timer);
	else
		retry_later(inf);
}

static void watch_start(struct kl_informer *inf)
{
	kl_autofree char *more = kl_asprintf("watch=1&allowWatchBookmarks=true&timeoutSeconds=%ld&resourceVersion=%s",
		WATCH_MIN_S + random() % WATCH_MIN_S, inf->rv);
	kl_autofree char *url = url_of(inf, more);
	kl_buf_reset(&inf->line);
	inf->scanned = 0;
	inf->watch_started_ms = kl_monotonic_ms();
	inf->request = kl_client_stream(inf->client, url, on_watch_data, on_watch_end, inf);
}

/* --- the public face */

struct kl_informer *kl_informer_new(
	struct kl_client *client, const char *path, const char *query, const struct kl_informer_handlers *handlers)
{
	struct kl_informer *inf = kl_calloc(1, sizeof(*inf));
	inf->client = client;
	inf->path = kl_strdup(path);
	inf->query = kl_strdup(query);
	inf->handlers = *handlers;
	inf->line.max = LINE_MAX_BYTES;
	inf->timer = kl_calloc(1, sizeof(*inf->timer));
	uv_timer_init(kl_client_loop(client), inf->timer);
	inf->timer->data = inf;
	list_start(inf);
	return inf;
}

static void free_timer(uv_handle_t *handle)
{
	free(handle);
}

static void informer_destroy(struct kl_informer *inf)
{
	struct entry *entry, *next;
	HASH_ITER (hh, inf->entries, entry, next)
		entry_free(inf, entry);
	uv_timer_stop(inf->timer);
	uv_close((uv_handle_t *)inf->timer, free_timer);
	json_decref(inf->listed);
	kl_buf_release(&inf->line);
	free(inf->rv);
	free(inf->page_token);
	free(inf->path);
	free(inf->query);
	free(inf);
}

void kl_informer_free(struct kl_informer *inf)
{
	if (!inf || inf->dead)
		return;
	if (inf->request)
		kl_client_cancel(inf->client, inf->request);
	inf->request = 0;
	inf->handlers = (struct kl_informer_handlers){0};
	inf->dead = true;
	if (!inf->busy)
		informer_destroy(inf);
}

const json_t *kl_informer_get(const struct kl_informer *inf, const char *ns, const char *name)
{
	struct entry *entry;
	kl_autofree char *key = kl_asprintf("%s/%s", ns ? ns : "", name);
	HASH_FIND_STR(inf->entries, key, entry);
	return entry ? entry->object : NULL;
}

void kl_informer_each(const struct kl_informer *inf, void (*each)(const json_t *object, void *arg), void *arg)
{
	struct entry *entry, *next;
	HASH_ITER (hh, inf->entries, entry, next)
		each(entry->object, arg);
}

bool kl_informer_synced(const struct kl_informer *inf)
{
	return inf->synced;
}
