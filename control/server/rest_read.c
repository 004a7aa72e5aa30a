/* get and list. */
#include "rest_impl.h"

#include "clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void rest_get(struct rest_call *call)
{
	struct kl_status st = {0};
	uint64_t rv;
	bool given;
	const struct kl_rest_path *path = &call->path;
	if (!parse_rv(call->req, &rv, &given, &st)) {
		reply_failure(call->req, &st);
		return;
	}
	struct kl_object *obj = kl_store_get(call->rest->store, call->kind, path->ns, path->name);
	if (obj) {
		reply_object(call, 200, obj);
		return;
	}
	kl_status_not_found(&st, call->kind->group, call->kind->plural, path->name);
	reply_failure(call->req, &st);
}

/* --- the objects --- */

static void drop_others(const struct filter *filter, struct kl_object_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (filter_matches(filter, list->items[i]))
			list->items[kept++] = list->items[i];
		else
			kl_object_unref(list->items[i]);
	}
	list->count = kept;
}

/* What the list's metadata says of the rest. */
struct page {
	struct kl_object_list list;
	char *token;      /* NULL: complete */
	size_t remaining; /* 0: not told */
	uint64_t rv;
};

/* The first position of a list behind (ns, name). */
static size_t after(const struct kl_object_list *list, const char *ns, const char *name)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kl_object *obj = list->items[middle];
		int order = strcmp(obj->ns, ns);
		if (!order)
			order = strcmp(obj->name, name);
		if (order <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_matching(
	const struct kl_object_list *from, size_t at, const struct list_options *options, struct page *page)
{
	const struct filter *filter = &options->filter;
	size_t max = options->limit && options->limit < from->count ? (size_t)options->limit : from->count;
	page->list.items = kl_calloc(max + 1, sizeof(struct kl_object *));
	for (; at < from->count; at++) {
		if (!filter_matches(filter, from->items[at]))
			continue;
		if (page->list.count == max)
			break; /* there is one more */
		page->list.items[page->list.count++] = kl_object_ref(from->items[at]);
	}
	page->remaining = from->count - at;
}

/* A page of a list that is read in pieces, or that shows an earlier moment. */
static int load_piece(
	const struct rest_call *call, const struct list_options *options, struct page *page, struct kl_status *st)
{
	struct kl_snapshots *snapshots = call->rest->snapshots;
	struct kl_snapshot *snapshot = options->exact
					       ? kl_snapshot_find(snapshots, call->kind, call->path.ns, options->rv)
					       : kl_snapshot_take(snapshots, call->kind, call->path.ns);
	if (!snapshot)
		return list_expired(options, st);
	const struct kl_object_list *list = kl_snapshot_list(snapshot);
	page->rv = list->rv;
	take_matching(
		list, options->after_name ? after(list, options->after_ns, options->after_name) : 0, options, page);
	if (page->remaining) {
		page->token = list_token(page->rv, page->list.items[page->list.count - 1]);
		kl_snapshot_keep(snapshots, snapshot);
	}
	if (!filter_all(&options->filter))
		page->remaining = 0; /* how many of them match is not known */
	kl_snapshot_unref(snapshot);
	return 0;
}

static void load_whole(const struct rest_call *call, const struct list_options *options, struct page *page)
{
	const struct filter *filter = &options->filter;
	if (filter->name && call->path.ns) {
		page->list.rv = kl_store_rv(call->rest->store);
		page->list.items = kl_calloc(1, sizeof(struct kl_object *));
		if ((page->list.items[0] = kl_store_get(call->rest->store, call->kind, call->path.ns, filter->name)))
			page->list.count = 1;
	} else {
		kl_store_list(call->rest->store, call->kind, call->path.ns, &page->list);
	}
	if (!filter_all(filter))
		drop_others(filter, &page->list);
	page->rv = page->list.rv;
}

static void list_meta(const struct page *page, struct kl_buf *buf)
{
	kl_buf_printf(buf, "{\"resourceVersion\":\"%" PRIu64 "\"", page->rv);
	if (page->token)
		kl_buf_printf(buf, ",\"continue\":\"%s\"", page->token);
	if (page->token && page->remaining)
		kl_buf_printf(buf, ",\"remainingItemCount\":%zu", page->remaining);
	kl_buf_char(buf, '}');
}

static void list_head(const struct rest_call *call, const struct page *page, struct kl_buf *buf)
{
	if (call->accept.form == KL_FORM_PARTIAL)
		kl_buf_printf(buf,
			"{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":",
			call->accept.form_version);
	else
		kl_buf_printf(buf, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":", call->kind->kind,
			kl_kind_api_version(call->kind));
	list_meta(page, buf);
	kl_buf_str_push(buf, ",\"items\":[");
}

/* --- a plain list: the objects' own bytes, copied only into the socket's buffer --- */

struct list_stream {
	struct kl_buf head;
	struct kl_object_list list;
	size_t item, at; /* item 0 is the head, then the objects, then the tail; at: bytes of it that are sent */
};

static const char list_tail[] = "]}\n";

static void list_piece(const struct list_stream *stream, const char **ret, size_t *ret_len)
{
	if (stream->item == 0) {
		*ret = stream->head.data;
		*ret_len = stream->head.len;
	} else if (stream->item <= 2 * stream->list.count) {
		/* an object, a comma, an object, …; the last comma is empty */
		const struct kl_object *obj = stream->list.items[(stream->item - 1) / 2];
		bool comma = stream->item % 2 == 0;
		*ret = comma ? "," : obj->json;
		*ret_len = comma ? stream->item < 2 * stream->list.count : obj->len;
	} else {
		*ret = list_tail;
		*ret_len = sizeof(list_tail) - 1;
	}
}

static ssize_t list_produce(void *arg, char *buf, size_t max)
{
	struct list_stream *stream = arg;
	size_t len = 0;
	while (len < max && stream->item <= 2 * stream->list.count + 1) {
		const char *piece;
		size_t piece_len;
		list_piece(stream, &piece, &piece_len);
		size_t part = piece_len - stream->at < max - len ? piece_len - stream->at : max - len;
		memcpy(buf + len, piece + stream->at, part);
		len += part;
		stream->at += part;
		if (stream->at == piece_len) {
			stream->item++;
			stream->at = 0;
		}
	}
	return len ? (ssize_t)len : KL_HTTP_END;
}

static void list_closed(void *arg)
{
	struct list_stream *stream = arg;
	kl_buf_release(&stream->head);
	kl_object_list_release(&stream->list);
	free(stream);
}

static void stream_list(struct rest_call *call, struct page *page)
{
	struct list_stream *stream = kl_calloc(1, sizeof(*stream));
	list_head(call, page, &stream->head);
	stream->list = page->list;
	page->list = (struct kl_object_list){0};
	size_t len = stream->head.len + sizeof(list_tail) - 1 + (stream->list.count ? stream->list.count - 1 : 0);
	for (size_t i = 0; i < stream->list.count; i++)
		len += stream->list.items[i]->len;
	struct kl_http_header headers[] = {{"Cache-Control", "no-cache, private"}};
	kl_http_stream(call->req, &(struct kl_http_stream_options){.status = 200,
					  .content_type = "application/json",
					  .headers = headers,
					  .header_count = 1,
					  .length = (int64_t)len,
					  .block = len < 64 * 1024 ? len : 64 * 1024,
					  .produce = list_produce,
					  .closed = list_closed,
					  .arg = stream});
}

/* --- the other forms --- */

static void table_list(const struct rest_call *call, const struct page *page, struct kl_buf *buf)
{
	kl_autobuf meta = {0};
	int64_t now_ms = kl_realtime_ms();
	enum kl_include_object include = include_object(call->req);
	list_meta(page, &meta);
	kl_table_head(call->kind, kl_buf_str(&meta), buf);
	for (size_t i = 0; i < page->list.count; i++) {
		const struct kl_object *obj = page->list.items[i];
		kl_autojson *tree = kl_object_parse(obj);
		if (i)
			kl_buf_char(buf, ',');
		kl_table_row(call->kind, tree, obj->json, obj->len, include, now_ms, buf);
	}
	kl_buf_str_push(buf, "]}\n");
}

static void other_list(const struct rest_call *call, const struct page *page, struct kl_buf *buf)
{
	list_head(call, page, buf);
	for (size_t i = 0; i < page->list.count; i++) {
		if (i)
			kl_buf_char(buf, ',');
		render_object(call, page->list.items[i], buf);
	}
	kl_buf_str_push(buf, list_tail);
}

static void reply_list(struct rest_call *call, struct page *page)
{
	if (plain_form(call)) {
		stream_list(call, page);
		return;
	}
	kl_autobuf buf = {0};
	if (call->accept.form == KL_FORM_TABLE)
		table_list(call, page, &buf);
	else
		other_list(call, page, &buf);
	if (call->accept.yaml) {
		kl_autobuf yaml = {0};
		json_to_yaml(kl_buf_str(&buf), buf.len, &yaml);
		kl_http_reply_buf(call->req, 200, "application/yaml", &yaml);
		return;
	}
	kl_http_reply_buf(call->req, 200, "application/json", &buf);
}

/* A token that is too old comes with another one, which goes on from there with what is there now. */
static void reply_list_failure(struct rest_call *call, const struct list_options *options, struct kl_status *st)
{
	kl_autojson *json = kl_status_json(st);
	if (st->code != 410 || !options->after_name) {
		reply_failure(call->req, st);
		return;
	}
	kl_autofree char *token = list_token_inconsistent(options);
	kl_json_set(json, json_string(token), "metadata", "continue", NULL);
	reply_json(call, st->code, json);
	kl_status_release(st);
}

void rest_list(struct rest_call *call)
{
	struct kl_status st = {0};
	struct list_options options = {0};
	struct page page = {0};
	int rc = list_options_parse(call, &options, &st);
	if (rc == 0 && (options.exact || options.limit))
		rc = load_piece(call, &options, &page, &st);
	else if (rc == 0)
		load_whole(call, &options, &page);
	if (rc < 0)
		reply_list_failure(call, &options, &st);
	else
		reply_list(call, &page);
	list_options_release(&options);
	kl_object_list_release(&page.list);
	free(page.token);
}
