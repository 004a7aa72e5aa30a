#include "spdy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum {
	HEAD_LEN = 8,
	VERSION = 3,
	SETTINGS_INITIAL_WINDOW = 7,
	MAX_DATA = 16384, /* of the data frames we make: lets streams take turns */
	/* A small deflate state (about 20 KiB, not 256): headers are a few words. */
	DEFLATE_WINDOW_BITS = 11,
	DEFLATE_MEM_LEVEL = 1,
};

struct kl_spdy {
	z_stream inflate, deflate;
	uint8_t head[HEAD_LEN];
	size_t head_len;
	uint8_t body[KL_SPDY_MAX_CONTROL]; /* of a control frame */
	size_t body_len;
	uint32_t data_left; /* of a data frame under way */
	char *block;        /* the inflated header block, KL_SPDY_MAX_HEADERS + 1 bytes; made on first use */
	struct kl_spdy_header headers[KL_SPDY_MAX_HEADER_COUNT];
};

static uint32_t get32(const void *at)
{
	const uint8_t *b = at;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void *z_alloc(void *arg, unsigned items, unsigned size)
{
	(void)arg;
	return kl_calloc(items, size);
}

static void z_free(void *arg, void *ptr)
{
	(void)arg;
	free(ptr);
}

struct kl_spdy *kl_spdy_new(void)
{
	struct kl_spdy *spdy = kl_calloc(1, sizeof(*spdy));
	size_t len;
	const uint8_t *dictionary = kl_spdy_dictionary(&len);

	spdy->inflate.zalloc = spdy->deflate.zalloc = z_alloc;
	spdy->inflate.zfree = spdy->deflate.zfree = z_free;
	inflateInit(&spdy->inflate);
	deflateInit2(&spdy->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, DEFLATE_WINDOW_BITS, DEFLATE_MEM_LEVEL,
		Z_DEFAULT_STRATEGY);
	deflateSetDictionary(&spdy->deflate, dictionary, (unsigned)len);
	return spdy;
}

void kl_spdy_free(struct kl_spdy *spdy)
{
	if (!spdy)
		return;
	inflateEnd(&spdy->inflate);
	deflateEnd(&spdy->deflate);
	free(spdy->block);
	free(spdy);
}

/* --- decoding */

static int protocol_error(struct kl_err *err, const char *what)
{
	return kl_fail_msg(err, EPROTO, "SPDY: %s", what);
}

/* Inflates a header block into spdy->block; returns its length. */
static ssize_t inflate_block(struct kl_spdy *spdy, const uint8_t *data, size_t len, struct kl_err *err)
{
	z_stream *z = &spdy->inflate;
	if (!spdy->block)
		spdy->block = kl_malloc(KL_SPDY_MAX_HEADERS + 1);
	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (unsigned)len;
	z->next_out = (Bytef *)spdy->block;
	z->avail_out = KL_SPDY_MAX_HEADERS;
	while (z->avail_in) {
		int rc = inflate(z, Z_SYNC_FLUSH);
		if (rc == Z_NEED_DICT) {
			size_t dict_len;
			const uint8_t *dictionary = kl_spdy_dictionary(&dict_len);
			rc = inflateSetDictionary(z, dictionary, (unsigned)dict_len);
		}
		if (rc != Z_OK)
			return protocol_error(err, "a header block does not inflate");
		if (!z->avail_out)
			return protocol_error(err, "a header block is too large");
	}
	return KL_SPDY_MAX_HEADERS - (ssize_t)z->avail_out;
}

/* One length-prefixed string at *at; ends the one before it by a NUL written over this length, which has been read. */
static const char *take_string(char *block, size_t len, size_t *at)
{
	if (len - *at < 4)
		return NULL;
	uint32_t n = get32(block + *at);
	block[*at] = 0;
	*at += 4;
	if (n > len - *at)
		return NULL;
	const char *text = block + *at;
	*at += n;
	return text;
}

static int parse_headers(
	struct kl_spdy *spdy, const uint8_t *data, size_t len, struct kl_spdy_frame *ret, struct kl_err *err)
{
	ssize_t block_len = inflate_block(spdy, data, len, err);
	if (block_len < 0)
		return (int)block_len;
	if (block_len < 4)
		return protocol_error(err, "a header block is too short");
	uint32_t count = get32(spdy->block);
	if (count > KL_SPDY_MAX_HEADER_COUNT)
		return protocol_error(err, "too many headers");
	size_t at = 4;
	for (uint32_t i = 0; i < count; i++) {
		spdy->headers[i].name = take_string(spdy->block, (size_t)block_len, &at);
		spdy->headers[i].value =
			spdy->headers[i].name ? take_string(spdy->block, (size_t)block_len, &at) : NULL;
		if (!spdy->headers[i].value)
			return protocol_error(err, "a header block is cut short");
	}
	spdy->block[at] = 0;
	ret->headers = spdy->headers;
	ret->header_count = count;
	return 0;
}

static uint32_t settings_initial_window(const uint8_t *body, size_t len)
{
	uint32_t window = 0;
	for (size_t at = 4; at + 8 <= len; at += 8)
		if ((get32(body + at) & 0xffffff) == SETTINGS_INITIAL_WINDOW)
			window = get32(body + at + 4);
	return window & 0x7fffffff;
}

/* What each control frame carries ahead of its header block, and whether it has one. */
static const struct control {
	uint8_t fixed_len;
	bool has_stream, has_value, has_headers;
} CONTROLS[] = {
	[KL_SPDY_SYN_STREAM] = {10, true, false, true},
	[KL_SPDY_SYN_REPLY] = {4, true, false, true},
	[KL_SPDY_RST_STREAM] = {8, true, true, false},
	[KL_SPDY_SETTINGS] = {4, false, false, false},
	[KL_SPDY_PING] = {4, false, false, false},
	[KL_SPDY_GOAWAY] = {8, false, true, false},
	[KL_SPDY_HEADERS] = {4, true, false, true},
	[KL_SPDY_WINDOW_UPDATE] = {8, true, true, false},
};

static int parse_control(struct kl_spdy *spdy, struct kl_spdy_frame *ret, struct kl_err *err)
{
	unsigned type = (unsigned)spdy->head[2] << 8 | spdy->head[3];
	const uint8_t *body = spdy->body;
	size_t len = spdy->body_len;

	ret->flags = spdy->head[4];
	if (type >= KL_ARRAY_LEN(CONTROLS) || !CONTROLS[type].fixed_len) {
		ret->type = KL_SPDY_OTHER;
		return 0;
	}
	const struct control *control = &CONTROLS[type];
	if (len < control->fixed_len)
		return protocol_error(err, "a control frame is too short");
	if (control->has_stream)
		ret->stream = get32(body) & 0x7fffffff;
	if (control->has_value)
		ret->value = get32(body + 4) & 0x7fffffff;
	if (type == KL_SPDY_PING)
		ret->value = get32(body);
	if (type == KL_SPDY_SETTINGS)
		ret->value = settings_initial_window(body, len);
	ret->type = (enum kl_spdy_type)type;
	if (!control->has_headers)
		return 0;
	return parse_headers(spdy, body + control->fixed_len, len - control->fixed_len, ret, err);
}

static size_t take_bytes(uint8_t *into, size_t *have, size_t want, const uint8_t *data, size_t len)
{
	size_t n = want - *have < len ? want - *have : len;
	memcpy(into + *have, data, n);
	*have += n;
	return n;
}

static uint32_t frame_len(const struct kl_spdy *spdy)
{
	return get32(spdy->head + 4) & 0xffffff;
}

/* A piece of the data frame whose head is complete. */
static size_t take_data(struct kl_spdy *spdy, const uint8_t *data, size_t len, struct kl_spdy_frame *ret)
{
	size_t n = spdy->data_left < len ? spdy->data_left : len;
	if (spdy->data_left && !n)
		return 0;
	spdy->data_left -= (uint32_t)n;
	ret->type = KL_SPDY_DATA;
	ret->stream = get32(spdy->head) & 0x7fffffff;
	ret->data = data;
	ret->len = n;
	if (!spdy->data_left) {
		ret->flags = spdy->head[4] & KL_SPDY_FIN;
		spdy->head_len = 0;
	}
	return n;
}

static int check_head(struct kl_spdy *spdy, struct kl_err *err)
{
	if (!(spdy->head[0] & 0x80)) {
		spdy->data_left = frame_len(spdy);
		return 0;
	}
	spdy->body_len = 0;
	if ((spdy->head[0] & 0x7f) || spdy->head[1] != VERSION)
		return protocol_error(err, "not version 3");
	if (frame_len(spdy) > KL_SPDY_MAX_CONTROL)
		return protocol_error(err, "a control frame is too large");
	return 0;
}

ssize_t kl_spdy_decode(
	struct kl_spdy *spdy, const void *bytes, size_t len, struct kl_spdy_frame *ret, struct kl_err *err)
{
	const uint8_t *data = bytes;
	size_t used = 0;

	*ret = (struct kl_spdy_frame){0};
	if (spdy->head_len < HEAD_LEN) {
		used = take_bytes(spdy->head, &spdy->head_len, HEAD_LEN, data, len);
		if (spdy->head_len < HEAD_LEN)
			return (ssize_t)used;
		int rc = check_head(spdy, err);
		if (rc < 0)
			return rc;
	}
	if (!(spdy->head[0] & 0x80))
		return (ssize_t)(used + take_data(spdy, data + used, len - used, ret));
	used += take_bytes(spdy->body, &spdy->body_len, frame_len(spdy), data + used, len - used);
	if (spdy->body_len < frame_len(spdy))
		return (ssize_t)used;
	spdy->head_len = 0;
	int rc = parse_control(spdy, ret, err);
	return rc < 0 ? rc : (ssize_t)used;
}

const char *kl_spdy_frame_header(const struct kl_spdy_frame *frame, const char *name)
{
	for (size_t i = 0; i < frame->header_count; i++)
		if (!strcasecmp(frame->headers[i].name, name))
			return frame->headers[i].value;
	return NULL;
}

/* --- encoding */

static void put_control(struct kl_buf *out, unsigned type, uint8_t flags, const void *body, size_t len)
{
	uint8_t head[HEAD_LEN];
	put32(head, 0x80000000U | (uint32_t)VERSION << 16 | type);
	put32(head + 4, (uint32_t)flags << 24 | (uint32_t)len);
	kl_buf_push(out, head, sizeof(head));
	kl_buf_push(out, body, len);
}

static void put_string(struct kl_buf *out, const char *text)
{
	uint8_t len[4];
	put32(len, (uint32_t)strlen(text));
	kl_buf_push(out, len, sizeof(len));
	kl_buf_str_push(out, text);
}

/* Appends the deflated header block to body. */
static void deflate_headers(
	struct kl_spdy *spdy, const struct kl_spdy_header *headers, size_t count, struct kl_buf *body)
{
	kl_autobuf plain = {0};
	uint8_t word[4], chunk[1024];
	put32(word, (uint32_t)count);
	kl_buf_push(&plain, word, sizeof(word));
	for (size_t i = 0; i < count; i++) {
		put_string(&plain, headers[i].name);
		put_string(&plain, headers[i].value);
	}
	z_stream *z = &spdy->deflate;
	z->next_in = (Bytef *)plain.data;
	z->avail_in = (unsigned)plain.len;
	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		deflate(z, Z_SYNC_FLUSH);
		kl_buf_push(body, chunk, sizeof(chunk) - z->avail_out);
	} while (!z->avail_out);
}

void kl_spdy_put_syn_stream(struct kl_spdy *spdy, struct kl_buf *out, uint32_t stream, uint8_t flags,
	const struct kl_spdy_header *headers, size_t count)
{
	kl_autobuf body = {0};
	uint8_t fixed[10] = {0}; /* associated stream, priority and slot stay 0 */
	put32(fixed, stream);
	kl_buf_push(&body, fixed, sizeof(fixed));
	deflate_headers(spdy, headers, count, &body);
	put_control(out, KL_SPDY_SYN_STREAM, flags, body.data, body.len);
}

void kl_spdy_put_syn_reply(struct kl_spdy *spdy, struct kl_buf *out, uint32_t stream, uint8_t flags,
	const struct kl_spdy_header *headers, size_t count)
{
	kl_autobuf body = {0};
	uint8_t fixed[4];
	put32(fixed, stream);
	kl_buf_push(&body, fixed, sizeof(fixed));
	deflate_headers(spdy, headers, count, &body);
	put_control(out, KL_SPDY_SYN_REPLY, flags, body.data, body.len);
}

void kl_spdy_put_data(struct kl_buf *out, uint32_t stream, uint8_t flags, const void *data, size_t len)
{
	const uint8_t *at = data;
	do {
		size_t n = len < MAX_DATA ? len : MAX_DATA;
		uint8_t head[HEAD_LEN];
		put32(head, stream & 0x7fffffff);
		put32(head + 4, (n == len ? (uint32_t)flags << 24 : 0) | (uint32_t)n);
		kl_buf_push(out, head, sizeof(head));
		kl_buf_push(out, at, n);
		at = n ? at + n : at;
		len -= n;
	} while (len);
}

static void put_pair(struct kl_buf *out, unsigned type, uint32_t first, uint32_t second)
{
	uint8_t body[8];
	put32(body, first);
	put32(body + 4, second);
	put_control(out, type, 0, body, sizeof(body));
}

void kl_spdy_put_rst(struct kl_buf *out, uint32_t stream, uint32_t status)
{
	put_pair(out, KL_SPDY_RST_STREAM, stream, status);
}

void kl_spdy_put_ping(struct kl_buf *out, uint32_t id)
{
	uint8_t body[4];
	put32(body, id);
	put_control(out, KL_SPDY_PING, 0, body, sizeof(body));
}

void kl_spdy_put_goaway(struct kl_buf *out, uint32_t last_stream, uint32_t status)
{
	put_pair(out, KL_SPDY_GOAWAY, last_stream, status);
}

void kl_spdy_put_window_update(struct kl_buf *out, uint32_t stream, uint32_t delta)
{
	put_pair(out, KL_SPDY_WINDOW_UPDATE, stream, delta);
}

void kl_spdy_put_settings_window(struct kl_buf *out, uint32_t initial_window)
{
	uint8_t body[12];
	put32(body, 1);
	put32(body + 4, SETTINGS_INITIAL_WINDOW);
	put32(body + 8, initial_window);
	put_control(out, KL_SPDY_SETTINGS, 0, body, sizeof(body));
}
