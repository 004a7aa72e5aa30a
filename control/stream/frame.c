#include "frame.h"

#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum tag { TAG_FORWARD = 1, TAG_SLOW_START, TAG_RANGES, TAG_NODE_HINTS };

/* --- writing */

static void put_int(struct kl_buf *out, uint64_t value, size_t bytes)
{
	uint8_t le[8];
	for (size_t i = 0; i < bytes; i++)
		le[i] = (uint8_t)(value >> (8 * i));
	kl_buf_push(out, le, bytes);
}

static void put_text(struct kl_buf *out, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	put_int(out, len, 2);
	kl_buf_push(out, text ? text : "", len);
}

static void put_backend(struct kl_buf *out, const struct kl_backend *backend)
{
	kl_buf_push(out, backend->addr.bytes, sizeof(backend->addr.bytes));
	put_int(out, backend->port, 2);
	put_int(out, backend->flags & (uint8_t)~KL_BACKEND_LOCAL, 1);
	put_int(out, backend->weight, 2);
	put_text(out, backend->node);
	put_text(out, backend->zone_hints);
}

static void put_service(struct kl_buf *out, const struct kl_service *service)
{
	put_text(out, service->key);
	put_int(out, service->proto, 1);
	put_int(out, service->algorithm, 1);
	put_int(out, service->flags, 2);
	put_int(out, service->affinity_s, 4);
	put_int(out, service->health_port, 2);
	put_int(out, service->frontend_count, 4);
	for (size_t i = 0; i < service->frontend_count; i++) {
		const struct kl_frontend *frontend = &service->frontends[i];
		kl_buf_push(out, frontend->addr.bytes, sizeof(frontend->addr.bytes));
		put_int(out, frontend->port, 2);
		put_int(out, frontend->proto, 1);
		put_int(out, frontend->type, 1);
	}
	put_int(out, service->backend_count, 4);
	for (size_t i = 0; i < service->backend_count; i++)
		put_backend(out, &service->backends[i]);
}

/* --- what came with version 2 */

static size_t tag_begin(struct kl_buf *out, enum tag tag)
{
	put_int(out, tag, 2);
	put_int(out, 0, 4);
	return out->len;
}

static void tag_end(struct kl_buf *out, size_t start)
{
	size_t len = out->len - start;
	for (size_t i = 0; i < 4; i++)
		out->data[start - 4 + i] = (char)(len >> (8 * i));
}

static void put_number(struct kl_buf *out, enum tag tag, uint64_t value, size_t bytes)
{
	if (!value)
		return;
	size_t start = tag_begin(out, tag);
	put_int(out, value, bytes);
	tag_end(out, start);
}

static void put_ranges(struct kl_buf *out, const struct kl_service *service)
{
	if (!service->range_count)
		return;
	size_t start = tag_begin(out, TAG_RANGES);
	for (size_t i = 0; i < service->range_count; i++) {
		kl_buf_push(out, service->ranges[i].addr.bytes, sizeof(service->ranges[i].addr.bytes));
		put_int(out, service->ranges[i].len, 1);
	}
	tag_end(out, start);
}

static void put_node_hints(struct kl_buf *out, const struct kl_service *service)
{
	bool any = false;
	for (size_t i = 0; i < service->backend_count; i++)
		any = any || (service->backends[i].node_hints && service->backends[i].node_hints[0]);
	if (!any)
		return;
	size_t start = tag_begin(out, TAG_NODE_HINTS);
	for (size_t i = 0; i < service->backend_count; i++)
		put_text(out, service->backends[i].node_hints);
	tag_end(out, start);
}

static void put_more(struct kl_buf *out, const struct kl_service *service)
{
	put_number(out, TAG_FORWARD, service->forward, 1);
	put_number(out, TAG_SLOW_START, service->slow_start_ms, 4);
	put_ranges(out, service);
	put_node_hints(out, service);
}

static void put_node(struct kl_buf *out, const struct kl_node_info *node)
{
	put_text(out, node->name);
	put_text(out, node->zone);
	put_int(out, node->addr_count, 2);
	for (size_t i = 0; i < node->addr_count; i++)
		kl_buf_push(out, node->addrs[i].bytes, sizeof(node->addrs[i].bytes));
}

/* --- bounds */

static bool text_fits(const char *text)
{
	return !text || strlen(text) <= KL_FRAME_MAX_TEXT;
}

static bool service_fits(const struct kl_service *service)
{
	if (!text_fits(service->key) || service->frontend_count > KL_FRAME_MAX_FRONTENDS ||
		service->backend_count > KL_FRAME_MAX_BACKENDS || service->range_count > KL_FRAME_MAX_RANGES)
		return false;
	for (size_t i = 0; i < service->backend_count; i++)
		if (!text_fits(service->backends[i].node) || !text_fits(service->backends[i].zone_hints) ||
			!text_fits(service->backends[i].node_hints))
			return false;
	return true;
}

static bool frame_fits(const struct kl_frame *frame)
{
	if (frame->type == KL_FRAME_NODE)
		return text_fits(frame->node->name) && text_fits(frame->node->zone) &&
		       frame->node->addr_count <= KL_FRAME_MAX_NODE_ADDRS;
	return frame->type != KL_FRAME_PUT || service_fits(frame->service);
}

static void put_body(const struct kl_frame *frame, struct kl_buf *out, size_t *ret_base_end)
{
	put_int(out, frame->epoch, 8);
	put_int(out, frame->seq, 8);
	if (frame->type == KL_FRAME_PUT)
		put_service(out, frame->service);
	else if (frame->type == KL_FRAME_NODE)
		put_node(out, frame->node);
	else if (frame->type == KL_FRAME_DELETE || frame->type == KL_FRAME_NODE_GONE)
		put_text(out, frame->key);
	*ret_base_end = out->len;
	if (frame->type == KL_FRAME_PUT)
		put_more(out, frame->service);
}

static int too_big(const struct kl_frame *frame, struct kl_err *err)
{
	return kl_fail_msg(err, E2BIG, "service or node '%.80s' is too big for the endpoint stream",
		frame->service ? frame->service->key
		: frame->node  ? frame->node->name
			       : "");
}

int kl_frame_encode(const struct kl_frame *frame, struct kl_buf *out, struct kl_err *err)
{
	size_t base;
	return kl_frame_encode_both(frame, out, &base, err);
}

void kl_frame_base_header(const char *frame, size_t base, char ret[KL_FRAME_HEADER])
{
	memcpy(ret, frame, KL_FRAME_HEADER);
	for (size_t i = 0; i < 4; i++)
		ret[i] = (char)((base - KL_FRAME_HEADER) >> (8 * i));
	ret[5] = 1;
}

int kl_frame_encode_both(const struct kl_frame *frame, struct kl_buf *out, size_t *ret_base, struct kl_err *err)
{
	if (!frame_fits(frame))
		return too_big(frame, err);
	size_t start = out->len, base_end;
	put_int(out, 0, 4);
	put_int(out, frame->type, 1);
	put_int(out, KL_FRAME_VERSION, 1);
	put_int(out, 0, 2);
	put_body(frame, out, &base_end);
	size_t body = out->len - start - KL_FRAME_HEADER;
	if (body > KL_FRAME_MAX) {
		out->len = start;
		return too_big(frame, err);
	}
	for (size_t i = 0; i < 4; i++)
		out->data[start + i] = (char)(body >> (8 * i));
	*ret_base = frame->type <= KL_FRAME_HEARTBEAT ? base_end - start : 0;
	return 0;
}

/* --- reading: a cursor that turns bad at the first byte that is not there */

struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t get_int(struct cursor *cursor, size_t bytes)
{
	uint64_t value = 0;
	if (cursor->bad || (size_t)(cursor->end - cursor->at) < bytes) {
		cursor->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)cursor->at[i] << (8 * i);
	cursor->at += bytes;
	return value;
}

static void get_addr(struct cursor *cursor, struct kl_addr *ret)
{
	if (cursor->bad || (size_t)(cursor->end - cursor->at) < sizeof(ret->bytes)) {
		cursor->bad = true;
		return;
	}
	memcpy(ret->bytes, cursor->at, sizeof(ret->bytes));
	cursor->at += sizeof(ret->bytes);
}

/* NULL when the cursor is bad; a text holds no NUL byte. */
static char *get_text(struct cursor *cursor)
{
	size_t len = (size_t)get_int(cursor, 2);
	if (cursor->bad || len > KL_FRAME_MAX_TEXT || (size_t)(cursor->end - cursor->at) < len ||
		memchr(cursor->at, 0, len)) {
		cursor->bad = true;
		return NULL;
	}
	char *text = kl_strndup((const char *)cursor->at, len);
	cursor->at += len;
	return text;
}

/* A count of things of at least `least` bytes each, so that no allocation outgrows what was received. */
static size_t get_count(struct cursor *cursor, size_t max, size_t least)
{
	size_t count = (size_t)get_int(cursor, 4);
	if (count > max || count * least > (size_t)(cursor->end - cursor->at))
		cursor->bad = true;
	return cursor->bad ? 0 : count;
}

static void get_frontends(struct cursor *cursor, struct kl_service *service)
{
	service->frontend_count = get_count(cursor, KL_FRAME_MAX_FRONTENDS, 20);
	service->frontends =
		service->frontend_count ? kl_calloc(service->frontend_count, sizeof(*service->frontends)) : NULL;
	for (size_t i = 0; i < service->frontend_count; i++) {
		struct kl_frontend *frontend = &service->frontends[i];
		get_addr(cursor, &frontend->addr);
		frontend->port = (uint16_t)get_int(cursor, 2);
		frontend->proto = (uint8_t)get_int(cursor, 1);
		frontend->type = (uint8_t)get_int(cursor, 1);
	}
}

static void get_backends(struct cursor *cursor, struct kl_service *service)
{
	service->backend_count = get_count(cursor, KL_FRAME_MAX_BACKENDS, 25);
	service->backends =
		service->backend_count ? kl_calloc(service->backend_count, sizeof(*service->backends)) : NULL;
	for (size_t i = 0; i < service->backend_count; i++) {
		struct kl_backend *backend = &service->backends[i];
		get_addr(cursor, &backend->addr);
		backend->port = (uint16_t)get_int(cursor, 2);
		backend->flags = (uint8_t)get_int(cursor, 1);
		backend->weight = (uint16_t)get_int(cursor, 2);
		backend->node = get_text(cursor);
		backend->zone_hints = get_text(cursor);
		if (backend->zone_hints && !backend->zone_hints[0])
			free(kl_take(&backend->zone_hints));
	}
}

static void get_ranges(struct cursor *cursor, struct kl_service *service)
{
	size_t count = (size_t)(cursor->end - cursor->at) / 17;
	if (service->ranges || count > KL_FRAME_MAX_RANGES) {
		cursor->bad = true;
		return;
	}
	service->ranges = kl_calloc(count + 1, sizeof(*service->ranges));
	for (size_t i = 0; i < count; i++) {
		get_addr(cursor, &service->ranges[i].addr);
		service->ranges[i].len = (uint8_t)get_int(cursor, 1);
		cursor->bad |= service->ranges[i].len > 128;
	}
	service->range_count = count;
}

static void get_node_hints(struct cursor *cursor, struct kl_service *service)
{
	for (size_t i = 0; i < service->backend_count && !cursor->bad; i++) {
		free(kl_take(&service->backends[i].node_hints));
		char *hints = get_text(cursor);
		service->backends[i].node_hints = hints && hints[0] ? kl_take(&hints) : NULL;
		free(hints);
	}
}

static void get_tag(struct cursor *value, uint64_t tag, struct kl_service *service)
{
	switch (tag) {
	case TAG_FORWARD:
		service->forward = (uint8_t)get_int(value, 1);
		break;
	case TAG_SLOW_START:
		service->slow_start_ms = (uint32_t)get_int(value, 4);
		break;
	case TAG_RANGES:
		get_ranges(value, service);
		break;
	case TAG_NODE_HINTS:
		get_node_hints(value, service);
		break;
	default: /* of a newer server */
		break;
	}
}

static void get_more(struct cursor *cursor, struct kl_service *service)
{
	while (!cursor->bad && cursor->at < cursor->end) {
		uint64_t tag = get_int(cursor, 2);
		size_t len = (size_t)get_int(cursor, 4);
		if (cursor->bad || (size_t)(cursor->end - cursor->at) < len) {
			cursor->bad = true;
			return;
		}
		struct cursor value = {cursor->at, cursor->at + len, false};
		if (service)
			get_tag(&value, tag, service);
		cursor->bad |= value.bad;
		cursor->at += len;
	}
}

static struct kl_node_info *get_node(struct cursor *cursor)
{
	struct kl_node_info *node = kl_calloc(1, sizeof(*node));
	node->name = get_text(cursor);
	node->zone = get_text(cursor);
	size_t count = (size_t)get_int(cursor, 2);
	if (count > KL_FRAME_MAX_NODE_ADDRS || count * 16 > (size_t)(cursor->end - cursor->at))
		cursor->bad = true;
	for (size_t i = 0; !cursor->bad && i < count; i++) {
		struct kl_addr addr;
		get_addr(cursor, &addr);
		kl_node_info_add(node, &addr);
	}
	return node;
}

static struct kl_service *get_service(struct cursor *cursor)
{
	struct kl_service *service = kl_calloc(1, sizeof(*service));
	service->key = get_text(cursor);
	service->proto = (uint8_t)get_int(cursor, 1);
	service->algorithm = (uint8_t)get_int(cursor, 1);
	service->flags = (uint16_t)get_int(cursor, 2);
	service->affinity_s = (uint32_t)get_int(cursor, 4);
	service->health_port = (uint16_t)get_int(cursor, 2);
	get_frontends(cursor, service);
	get_backends(cursor, service);
	return service;
}

static bool service_is_valid(const struct kl_service *service)
{
	if (!service->key || !service->key[0] || service->algorithm > KL_ALGORITHM_LEAST_CONN)
		return false;
	for (size_t i = 1; i < service->backend_count; i++)
		if (kl_backend_compare(&service->backends[i - 1], &service->backends[i]) >= 0)
			return false;
	return true;
}

static void get_body(struct cursor *cursor, struct kl_frame *ret)
{
	ret->epoch = get_int(cursor, 8);
	ret->seq = get_int(cursor, 8);
	if (ret->type == KL_FRAME_PUT)
		ret->service = get_service(cursor);
	else if (ret->type == KL_FRAME_NODE)
		ret->node = get_node(cursor);
	else if (ret->type == KL_FRAME_DELETE || ret->type == KL_FRAME_NODE_GONE)
		ret->key = get_text(cursor);
}

static bool frame_is_valid(const struct kl_frame *frame)
{
	return (!frame->service || service_is_valid(frame->service)) &&
	       (!frame->node || (frame->node->name && frame->node->name[0] && frame->node->zone));
}

/* Body of a complete frame. */
static int decode(
	uint8_t type, uint8_t version, const uint8_t *body, size_t len, struct kl_frame *ret, struct kl_err *err)
{
	struct cursor cursor = {body, body + len, false};
	*ret = (struct kl_frame){.type = type};
	get_body(&cursor, ret);
	if (version > 1)
		get_more(&cursor, ret->service);
	bool known = type >= KL_FRAME_HELLO && type <= (version > 1 ? KL_FRAME_NODE_GONE : KL_FRAME_HEARTBEAT);
	if (!known || cursor.bad || cursor.at != cursor.end || !frame_is_valid(ret))
		return kl_fail_msg(err, EBADMSG, "the endpoint stream has a bad frame of type %u", type);
	return 0;
}

struct kl_frame_reader {
	struct kl_buf buf;
	bool bad;
};

struct kl_frame_reader *kl_frame_reader_new(void)
{
	struct kl_frame_reader *reader = kl_calloc(1, sizeof(*reader));
	return reader;
}

void kl_frame_reader_free(struct kl_frame_reader *reader)
{
	if (!reader)
		return;
	kl_buf_release(&reader->buf);
	free(reader);
}

static uint32_t body_length(const uint8_t *header)
{
	return header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
}

static int deliver(const uint8_t *header, kl_frame_each *each, void *arg, struct kl_err *err)
{
	struct kl_frame frame;
	if (header[5] > 1 && header[4] > KL_FRAME_NODE_GONE)
		return 0; /* of a newer server */
	int failed = decode(header[4], header[5], header + KL_FRAME_HEADER, body_length(header), &frame, err);
	if (!failed)
		failed = each(&frame, arg);
	kl_service_free(frame.service);
	kl_node_info_free(frame.node);
	free(frame.key);
	return failed;
}

int kl_frame_reader_feed(struct kl_frame_reader *reader, const void *data, size_t len, kl_frame_each *each, void *arg,
	struct kl_err *err)
{
	size_t done = 0;
	int failed = 0;
	if (reader->bad)
		return kl_fail_msg(err, EBADMSG, "the endpoint stream is broken");
	kl_buf_push(&reader->buf, data, len);
	while (!failed && reader->buf.len - done >= KL_FRAME_HEADER) {
		const uint8_t *header = (const uint8_t *)reader->buf.data + done;
		uint32_t body = body_length(header);
		if (body > KL_FRAME_MAX || !header[5] || header[5] > KL_FRAME_VERSION || header[6] || header[7]) {
			failed = kl_fail_msg(err, EBADMSG, "the endpoint stream has a bad frame header");
			break;
		}
		if (reader->buf.len - done - KL_FRAME_HEADER < body)
			break;
		failed = deliver(header, each, arg, err);
		done += KL_FRAME_HEADER + body;
	}
	reader->bad = failed != 0;
	kl_buf_consume(&reader->buf, done);
	return failed;
}
