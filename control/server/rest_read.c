/* get and list. */
#include "rest_impl.h"

#include "clock.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool parse_rv(const struct kl_http_request *req, uint64_t *ret, bool *ret_given, struct kl_status *st)
{
	const char *text = kl_http_query(req, "resourceVersion");
	*ret = 0;
	*ret_given = text && *text;
	if (!*ret_given)
		return true;
	char *end;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (*end == '\0' && !errno && text[0] >= '0' && text[0] <= '9')
		return true;
	kl_status_bad_request(st,
		"resourceVersion: Invalid value: \"%s\": strconv.ParseUint: parsing \"%s\": invalid syntax", text,
		text);
	return false;
}

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

/* --- parameters of a list --- */

struct list_options {
	uint64_t limit;              /* 0: all */
	uint64_t rv;                 /* that of the first page, for a continued list */
	char *after_ns, *after_name; /* continue behind this key; NULL: from the start */
	struct filter filter;
};

static void release_options(struct list_options *options)
{
	free(options->after_ns);
	free(options->after_name);
	filter_release(&options->filter);
}

static int expired(struct kl_status *st, const char *message)
{
	return kl_status_set(st, 410, "Expired", "%s", message);
}

/*
 * The continue token says where the next page starts and which resourceVersion the first page showed. Later pages show
 * newer state, but tell that first resourceVersion, so that a watch from it misses nothing.
 */
static char *make_token(uint64_t rv, const struct kl_object *last)
{
	kl_autofree char *text = kl_asprintf("v1\t%" PRIu64 "\t%s\t%s", rv, last->ns, last->name);
	gnutls_datum_t in = {(unsigned char *)text, (unsigned)strlen(text)}, out = {0};
	if (gnutls_base64_encode2(&in, &out) < 0)
		abort();
	char *token = kl_strndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	for (char *at = token; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	token[strcspn(token, "=")] = '\0';
	return token;
}

static char *decode_token(const char *token)
{
	size_t len = strlen(token);
	kl_autofree char *padded = kl_asprintf("%s%s", token, &"==="[3 - (4 - len % 4) % 4]);
	for (char *at = padded; *at; at++)
		*at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
	gnutls_datum_t in = {(unsigned char *)padded, (unsigned)strlen(padded)}, out = {0};
	if (len > 4096 || gnutls_base64_decode2(&in, &out) < 0)
		return NULL;
	char *text = kl_strndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return text;
}

static int parse_token(const char *token, struct list_options *options, struct kl_status *st)
{
	kl_autofree char *text = decode_token(token);
	char *rest = text;
	const char *version = strsep(&rest, "\t"), *rv = strsep(&rest, "\t"), *ns = strsep(&rest, "\t");
	if (!version || strcmp(version, "v1") != 0 || !rv || !ns || !rest || !*rest)
		return kl_status_bad_request(st, "continue key is not valid: %s", text ? "wrong form" : "not base64");
	options->rv = strtoull(rv, NULL, 10);
	options->after_ns = kl_strdup(ns);
	options->after_name = kl_strdup(rest);
	return 0;
}

static int invalid_options(struct kl_status *st, const char *field, const char *why)
{
	kl_status_set(st, 422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: %s: %s", field, why);
	kl_status_cause(st, "FieldValueForbidden", field, "%s", why);
	return -1;
}

/* Can the wanted resourceVersion be served? Memory knows the newest state only. */
static int check_rv(const struct rest_call *call, struct kl_status *st)
{
	uint64_t rv;
	bool given;
	const char *match = kl_http_query(call->req, "resourceVersionMatch");
	if (!parse_rv(call->req, &rv, &given, st))
		return -1;
	if (match && *match && !given)
		return invalid_options(st, "resourceVersionMatch",
			"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
	bool exact = match && !strcmp(match, "Exact");
	if (match && *match && !exact && strcmp(match, "NotOlderThan") != 0)
		return invalid_options(
			st, "resourceVersionMatch", "Unsupported value: supported values: \"Exact\", \"NotOlderThan\"");
	if (exact && !rv)
		return invalid_options(st, "resourceVersionMatch",
			"Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
	uint64_t now = kl_store_rv(call->rest->store);
	if (rv > now) {
		kl_status_set(
			st, 504, "Timeout", "Too large resource version: %" PRIu64 ", current: %" PRIu64, rv, now);
		kl_status_cause(st, "ResourceVersionTooLarge", NULL, "Too large resource version");
		json_object_set_new(st->details, "retryAfterSeconds", json_integer(1));
		return -1;
	}
	return exact && rv != now ? expired(st, "The resourceVersion for the provided list is too old.") : 0;
}

static int parse_options(const struct rest_call *call, struct list_options *options, struct kl_status *st)
{
	const char *limit = kl_http_query(call->req, "limit"), *token = kl_http_query(call->req, "continue");
	char *end = NULL;
	if (limit && *limit) {
		long long value = strtoll(limit, &end, 10);
		if (*end)
			return kl_status_bad_request(st, "limit: Invalid value: \"%s\"", limit);
		options->limit = value > 0 ? (uint64_t)value : 0;
	}
	if (token && *token) {
		if (parse_token(token, options, st) < 0)
			return -1;
	} else if (check_rv(call, st) < 0) {
		return -1;
	}
	return filter_parse(call, &options->filter, st);
}

/* --- the objects --- */

/* Moves the matching ones to the front; at most `limit`, if that is not 0. Returns whether more match. */
static bool select_objects(const struct filter *filter, uint64_t limit, struct kl_object_list *list)
{
	size_t kept = 0, i = 0;
	bool more = false;
	for (; i < list->count && !more; i++) {
		if (!filter_matches(filter, list->items[i]))
			continue;
		if (limit && kept == limit) {
			more = true;
			break;
		}
		struct kl_object *obj = list->items[i];
		list->items[i] = list->items[kept];
		list->items[kept++] = obj;
	}
	while (list->count > kept)
		kl_object_unref(list->items[--list->count]);
	return more;
}

/* What the list's metadata says of the rest. */
struct page {
	struct kl_object_list list;
	char *token;      /* NULL: complete */
	size_t remaining; /* 0: not told */
	uint64_t rv;
};

static void load_page(const struct rest_call *call, struct list_options *options, struct page *page)
{
	const struct filter *filter = &options->filter;
	bool all = filter_all(filter), more = false;
	size_t remaining = 0, max = options->limit && all ? (size_t)options->limit : SIZE_MAX;
	if (filter->name && call->path.ns && !options->after_name) {
		page->list.rv = kl_store_rv(call->rest->store);
		page->list.items = kl_calloc(1, sizeof(struct kl_object *));
		if ((page->list.items[0] = kl_store_get(call->rest->store, call->kind, call->path.ns, filter->name)))
			page->list.count = 1;
	} else {
		kl_store_list_page(call->rest->store, call->kind, call->path.ns, options->after_ns, options->after_name,
			max, &page->list, &remaining);
	}
	if (!all)
		more = select_objects(filter, options->limit, &page->list);
	page->rv = options->rv ? options->rv : page->list.rv;
	page->remaining = all ? remaining : 0;
	if ((more || remaining) && page->list.count)
		page->token = make_token(page->rv, page->list.items[page->list.count - 1]);
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

void rest_list(struct rest_call *call)
{
	struct kl_status st = {0};
	struct list_options options = {0};
	struct page page = {0};
	if (parse_options(call, &options, &st) < 0) {
		reply_failure(call->req, &st);
	} else {
		load_page(call, &options, &page);
		reply_list(call, &page);
	}
	release_options(&options);
	kl_object_list_release(&page.list);
	free(page.token);
}
