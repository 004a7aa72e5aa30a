/*
 * Watches: a stream of {"type":…,"object":…} lines. An event's object is the store's own bytes, shared by all watchers
 * and copied only into the socket's buffer.
 *
 * The stream's producer runs on an I/O thread; the store's writer and the ticker only wake it.
 */
#include "rest_impl.h"

#include "clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, BOOKMARK_MS = 60 * 1000, DEFAULT_TIMEOUT_MS = 30 * 60 * 1000 };

struct watch_call {
	struct rest_call call;          /* what a watch needs of the request's; its texts live as long as the stream */
	struct watch_call *prev, *next; /* rest->watches, under its lock */
	struct kl_http_stream *stream;
	struct kl_watch *watch;
	struct filter filter;
	enum kl_include_object include;

	struct kl_object_list initial; /* to be told first, as ADDED */
	size_t initial_at;
	bool initial_mark; /* a bookmark then says that this was the initial state */
	struct kl_event events[BATCH];
	size_t event_count, event_at;
	bool bookmarks, table_told, ending;
	int64_t end_ms;
	_Atomic int64_t bookmark_ms; /* when the next one is due */

	/* the line being sent: head, the object's bytes (or text), tail */
	char head[64];
	struct kl_object *obj;
	struct kl_buf text;
	size_t piece, at;
	bool line;
};

static const char *const type_names[] = {
	[KL_EVENT_ADDED] = "ADDED", [KL_EVENT_MODIFIED] = "MODIFIED", [KL_EVENT_DELETED] = "DELETED"};

/* --- lines --- */

static void begin_line(struct watch_call *w, const char *type)
{
	snprintf(w->head, sizeof(w->head), "{\"type\":\"%s\",\"object\":", type);
	kl_object_unref(kl_take(&w->obj));
	kl_buf_reset(&w->text);
	w->piece = w->at = 0;
	w->line = true;
}

static void table_text(struct watch_call *w, const struct kl_object *obj)
{
	kl_autojson *tree = kl_object_parse(obj);
	kl_autobuf meta = {0};
	kl_buf_printf(&meta, "{\"resourceVersion\":\"%" PRIu64 "\"}", obj->rv);
	if (w->table_told)
		kl_buf_printf(&w->text,
			"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":%s,"
			"\"columnDefinitions\":null,\"rows\":[",
			w->call.accept.form_version, kl_buf_str(&meta));
	else
		kl_table_head(w->call.kind, kl_buf_str(&meta), &w->text);
	w->table_told = true;
	kl_table_row(w->call.kind, tree, obj->json, obj->len, w->include, kl_realtime_ms(), &w->text);
	kl_buf_str_push(&w->text, "]}");
}

static void object_line(struct watch_call *w, enum kl_event_type type, struct kl_object *obj)
{
	begin_line(w, type_names[type]);
	if (w->call.accept.form == KL_FORM_TABLE)
		table_text(w, obj);
	else if (w->call.accept.form == KL_FORM_OBJECT && w->call.kind->id == w->call.kind->storage_id)
		w->obj = kl_object_ref(obj);
	else
		render_object(&w->call, obj, &w->text);
}

static void bookmark_line(struct watch_call *w, uint64_t rv, bool initial)
{
	static const char mark[] = ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}";
	const struct rest_call *call = &w->call;
	begin_line(w, "BOOKMARK");
	kl_autobuf meta = {0};
	kl_buf_printf(&meta, "\"metadata\":{\"resourceVersion\":\"%" PRIu64 "\",\"creationTimestamp\":null%s}", rv,
		initial ? mark : "");
	if (call->accept.form == KL_FORM_TABLE)
		kl_buf_printf(&w->text,
			"{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/"
			"%s\",\"metadata\":{\"resourceVersion\":\"%" PRIu64
			"\"},\"columnDefinitions\":null,\"rows\":[{\"cells\":[],\"object\":{\"kind\":"
			"\"PartialObjectMetadata\","
			"\"apiVersion\":\"meta.k8s.io/%s\",%s}}]}",
			call->accept.form_version, rv, call->accept.form_version, kl_buf_str(&meta));
	else if (call->accept.form == KL_FORM_PARTIAL)
		kl_buf_printf(&w->text, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%s\",%s}",
			call->accept.form_version, kl_buf_str(&meta));
	else
		kl_buf_printf(&w->text, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",%s}", call->kind->kind,
			kl_kind_api_version(call->kind), kl_buf_str(&meta));
	atomic_store(&w->bookmark_ms, kl_monotonic_ms() + BOOKMARK_MS);
}

static void error_line(struct watch_call *w, const char *message)
{
	struct kl_status st = {.code = 410, .reason = "Expired", .message = kl_strdup(message)};
	kl_autojson *json = kl_status_json(&st);
	begin_line(w, "ERROR");
	kl_json_dump(json, &w->text);
	kl_status_release(&st);
	w->ending = true;
}

/*
 * What a change means to a watcher that sees only what its selectors match: an object that starts to match is ADDED to
 * it, one that stops is DELETED.
 */
static bool event_line(struct watch_call *w, const struct kl_event *event)
{
	enum kl_event_type type = event->type;
	if (filter_all(&w->filter)) {
		object_line(w, type, event->obj);
		return true;
	}
	bool now = filter_matches(&w->filter, event->obj);
	if (type == KL_EVENT_MODIFIED) {
		bool before = filter_matches(&w->filter, event->prev);
		if (!now && !before)
			return false;
		type = !before ? KL_EVENT_ADDED : !now ? KL_EVENT_DELETED : KL_EVENT_MODIFIED;
	} else if (!now) {
		return false;
	}
	object_line(w, type, event->obj);
	return true;
}

static void release_events(struct watch_call *w)
{
	while (w->event_at < w->event_count)
		kl_event_release(&w->events[w->event_at++]);
	w->event_at = w->event_count = 0;
}

/* Prepares the next line from the watch's queue; false: nothing waits. */
static bool next_event_line(struct watch_call *w)
{
	for (;;) {
		while (w->event_at < w->event_count) {
			struct kl_event *event = &w->events[w->event_at++];
			bool told = event_line(w, event);
			kl_event_release(event);
			if (told)
				return true;
		}
		w->event_at = w->event_count = 0;
		int count = kl_watch_take(w->watch, w->events, BATCH);
		if (count < 0) {
			error_line(w, "too old resource version: the watch fell behind");
			return true;
		}
		if (!count)
			return false;
		w->event_count = (size_t)count;
	}
}

static bool next_initial_line(struct watch_call *w)
{
	if (w->initial_at < w->initial.count) {
		struct kl_object *obj = w->initial.items[w->initial_at++];
		object_line(w, KL_EVENT_ADDED, obj);
		kl_object_unref(obj);
		return true;
	}
	if (w->initial_mark) {
		w->initial_mark = false;
		bookmark_line(w, w->initial.rv, true);
		return true;
	}
	return false;
}

static bool next_line(struct watch_call *w)
{
	if (w->ending)
		return false;
	uint64_t rv = kl_watch_rv(w->watch); /* read before the queue is: all events up to it have been queued */
	if (next_initial_line(w) || next_event_line(w))
		return true;
	int64_t now = kl_monotonic_ms();
	w->ending = now >= w->end_ms;
	if (!w->bookmarks || (!w->ending && now < atomic_load(&w->bookmark_ms)))
		return false;
	bookmark_line(w, rv, false);
	return true;
}

static void line_piece(const struct watch_call *w, const char **ret, size_t *ret_len)
{
	if (w->piece == 0) {
		*ret = w->head;
		*ret_len = strlen(w->head);
	} else if (w->piece == 1) {
		*ret = w->obj ? w->obj->json : kl_buf_str(&w->text);
		*ret_len = w->obj ? w->obj->len : w->text.len;
	} else {
		*ret = "}\n";
		*ret_len = 2;
	}
}

static ssize_t watch_produce(void *arg, char *buf, size_t max)
{
	struct watch_call *w = arg;
	size_t len = 0;
	while (len < max && (w->line || next_line(w))) {
		const char *piece;
		size_t piece_len;
		line_piece(w, &piece, &piece_len);
		size_t part = piece_len - w->at < max - len ? piece_len - w->at : max - len;
		memcpy(buf + len, piece + w->at, part);
		len += part;
		w->at += part;
		if (w->at < piece_len)
			continue;
		w->at = 0;
		w->line = ++w->piece < 3;
	}
	if (len)
		return (ssize_t)len;
	return w->ending ? KL_HTTP_END : 0;
}

/* --- life --- */

static void wake(void *arg)
{
	struct watch_call *w = arg;
	kl_http_stream_wake(w->stream);
}

static void watch_opened(void *arg, struct kl_http_stream *stream)
{
	struct watch_call *w = arg;
	struct kl_rest *rest = w->call.rest;
	w->stream = stream;
	pthread_mutex_lock(&rest->lock);
	w->next = rest->watches;
	if (w->next)
		w->next->prev = w;
	rest->watches = w;
	rest->watch_count++;
	pthread_mutex_unlock(&rest->lock);
	if (w->watch)
		kl_watch_notify(w->watch, wake, w);
}

static void free_watch(struct watch_call *w)
{
	kl_watch_close(w->watch);
	release_events(w);
	while (w->initial_at < w->initial.count)
		kl_object_unref(w->initial.items[w->initial_at++]);
	free(w->initial.items);
	kl_object_unref(w->obj);
	kl_buf_release(&w->text);
	filter_release(&w->filter);
	free(w);
}

static void watch_closed(void *arg)
{
	struct watch_call *w = arg;
	struct kl_rest *rest = w->call.rest;
	pthread_mutex_lock(&rest->lock);
	if (w->prev)
		w->prev->next = w->next;
	else
		rest->watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	rest->watch_count--;
	pthread_mutex_unlock(&rest->lock);
	free_watch(w);
}

void watches_tick(struct kl_rest *rest, int64_t now_ms)
{
	pthread_mutex_lock(&rest->lock);
	for (struct watch_call *w = rest->watches; w; w = w->next)
		if (now_ms >= w->end_ms || (w->bookmarks && now_ms >= atomic_load(&w->bookmark_ms)))
			kl_http_stream_wake(w->stream);
	pthread_mutex_unlock(&rest->lock);
}

/* --- the beginning --- */

/* Lists what is there and watches from there on. The history cannot have moved on that far in between, but who knows.
 */
static void start_from_state(struct watch_call *w)
{
	const struct rest_call *call = &w->call;
	do {
		kl_object_list_release(&w->initial);
		kl_store_list(call->rest->store, call->kind, call->path.ns, &w->initial);
	} while (kl_store_watch(call->rest->store, call->kind, call->path.ns, w->initial.rv, &w->watch) < 0);
	size_t kept = 0;
	for (size_t i = 0; i < w->initial.count; i++) {
		if (filter_matches(&w->filter, w->initial.items[i]))
			w->initial.items[kept++] = w->initial.items[i];
		else
			kl_object_unref(w->initial.items[i]);
	}
	w->initial.count = kept;
}

static int64_t timeout_ms(const struct kl_http_request *req)
{
	const char *text = kl_http_query(req, "timeoutSeconds");
	long seconds = text ? strtol(text, NULL, 10) : 0;
	if (seconds > 0 && seconds < 1000000)
		return seconds * 1000L;
	/* spread, so that clients do not come back all at once */
	return DEFAULT_TIMEOUT_MS + kl_monotonic_ns() / 1000 % DEFAULT_TIMEOUT_MS;
}

/* From the present state on, of which nothing is told. */
static void start_from_now(struct watch_call *w)
{
	const struct rest_call *call = &w->call;
	while (kl_store_watch(call->rest->store, call->kind, call->path.ns, kl_store_rv(call->rest->store), &w->watch) <
		0)
		;
}

static void start_from_version(struct watch_call *w, uint64_t rv)
{
	const struct rest_call *call = &w->call;
	if (kl_store_watch(call->rest->store, call->kind, call->path.ns, rv, &w->watch) == 0)
		return;
	kl_autofree char *message =
		kl_asprintf("too old resource version: %" PRIu64 " (%" PRIu64 ")", rv, kl_store_rv(call->rest->store));
	error_line(w, message);
}

/*
 * sendInitialEvents=true: the state, whatever resourceVersion is given, as long as it is not newer than the store;
 * =false: no state, even where none is given. Unsaid, the state is told to those who give none.
 */
static int start(struct watch_call *w, uint64_t rv, struct kl_status *st)
{
	const struct rest_call *call = &w->call;
	const char *send = kl_http_query(call->req, "sendInitialEvents");
	bool said = send && *send, initial = said && kl_http_query_bool(call->req, "sendInitialEvents");
	if (initial && check_not_in_future(call, rv, st) < 0)
		return -1;
	if (initial || (!rv && !said)) {
		start_from_state(w);
		w->initial_mark = initial && w->bookmarks;
	} else if (!rv) {
		start_from_now(w);
	} else {
		start_from_version(w, rv);
	}
	return 0;
}

static int prepare(struct watch_call *w, struct kl_status *st)
{
	struct rest_call *call = &w->call;
	uint64_t rv;
	bool given;
	if (!parse_rv(call->req, &rv, &given, st) || watch_options_check(call->req, st) < 0 ||
		filter_parse(call, &w->filter, st) < 0)
		return -1;
	if (call->path.name) /* the old form: …/watch/…/NAME, and ?watch on one object */
		w->filter.name = call->path.name;
	w->include = include_object(call->req);
	w->bookmarks = kl_http_query_bool(call->req, "allowWatchBookmarks");
	w->end_ms = kl_monotonic_ms() + timeout_ms(call->req);
	atomic_store(&w->bookmark_ms, kl_monotonic_ms() + BOOKMARK_MS);
	return start(w, rv, st);
}

void rest_watch(struct rest_call *call)
{
	struct kl_status st = {0};
	struct watch_call *w = kl_calloc(1, sizeof(*w));
	w->call = (struct rest_call){
		.rest = call->rest, .req = call->req, .path = call->path, .kind = call->kind, .accept = call->accept};
	if (prepare(w, &st) < 0) {
		reply_failure(call->req, &st);
		free_watch(w);
		return;
	}
	static const struct kl_http_header headers[] = {{"Cache-Control", "no-cache, private"}};
	kl_http_stream(call->req, &(struct kl_http_stream_options){.status = 200,
					  .content_type = "application/json",
					  .headers = headers,
					  .header_count = 1,
					  .length = -1,
					  .produce = watch_produce,
					  .opened = watch_opened,
					  .closed = watch_closed,
					  .arg = w});
}
