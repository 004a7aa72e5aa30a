#include "websocket.h"

#include "base64.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, LEN = 0x7f, LEN16 = 126, LEN64 = 127, MASK_LEN = 4 };

static int protocol_error(struct kl_err *err, const char *what)
{
	return kl_fail_msg(err, EPROTO, "WebSocket: %s", what);
}

/* The length of the head that starts with these two bytes. */
static size_t head_size(const uint8_t *head)
{
	unsigned len = head[1] & LEN;
	return 2U + (len == LEN16 ? 2U : len == LEN64 ? 8U : 0U) + ((head[1] & MASKED) ? MASK_LEN : 0U);
}

static uint64_t payload_len(const uint8_t *head)
{
	unsigned short_len = head[1] & LEN;
	if (short_len < LEN16)
		return short_len;
	uint64_t len = 0;
	for (size_t i = 0; i < (short_len == LEN16 ? 2U : 8U); i++)
		len = len << 8 | head[2 + i];
	return len;
}

static int check_data_frame(struct kl_ws_decoder *ws, int opcode, struct kl_err *err)
{
	if (opcode == KL_WS_CONTINUATION)
		return ws->in_message ? 0 : protocol_error(err, "a continuation of nothing");
	if (opcode != KL_WS_TEXT && opcode != KL_WS_BINARY)
		return protocol_error(err, "an unknown opcode");
	if (ws->in_message)
		return protocol_error(err, "a message inside another");
	ws->in_message = true;
	ws->message_begun = false;
	ws->message_opcode = opcode;
	return 0;
}

static int check_head(struct kl_ws_decoder *ws, struct kl_err *err)
{
	int opcode = ws->head[0] & OPCODE;
	if (ws->head[0] & RESERVED)
		return protocol_error(err, "reserved bits");
	if (!!(ws->head[1] & MASKED) != ws->expect_mask)
		return protocol_error(err, ws->expect_mask ? "an unmasked frame" : "a masked frame");
	ws->left = payload_len(ws->head);
	ws->offset = 0;
	ws->control_len = 0;
	if (ws->left >> 63)
		return protocol_error(err, "an impossible length");
	ws->in_frame = true;
	if (!(opcode & 8))
		return check_data_frame(ws, opcode, err);
	if (opcode > KL_WS_PONG)
		return protocol_error(err, "an unknown opcode");
	if (!(ws->head[0] & FIN) || ws->left > KL_WS_MAX_CONTROL)
		return protocol_error(err, "a fragmented or long control frame");
	return 0;
}

/* Returns bytes used; ws->in_frame tells whether the head is complete. */
static ssize_t take_head(struct kl_ws_decoder *ws, const uint8_t *data, size_t len, struct kl_err *err)
{
	size_t used = 0;
	while (used < len && (ws->head_len < 2 || ws->head_len < head_size(ws->head)))
		ws->head[ws->head_len++] = data[used++];
	if (ws->head_len < 2 || ws->head_len < head_size(ws->head))
		return (ssize_t)used;
	int rc = check_head(ws, err);
	return rc < 0 ? rc : (ssize_t)used;
}

static void unmask(struct kl_ws_decoder *ws, uint8_t *data, size_t len)
{
	if (ws->expect_mask) {
		const uint8_t *mask = ws->head + ws->head_len - MASK_LEN;
		for (size_t i = 0; i < len; i++)
			data[i] ^= mask[(ws->offset + i) % MASK_LEN];
	}
	ws->offset += len;
	ws->left -= len;
}

static void end_frame(struct kl_ws_decoder *ws)
{
	ws->in_frame = false;
	ws->head_len = 0;
}

static void control_piece(struct kl_ws_decoder *ws, const uint8_t *data, size_t len, struct kl_ws_piece *ret)
{
	memcpy(ws->control + ws->control_len, data, len);
	ws->control_len += len;
	if (ws->left)
		return;
	*ret = (struct kl_ws_piece){.opcode = (enum kl_ws_opcode)(ws->head[0] & OPCODE),
		.first = true,
		.last = true,
		.data = ws->control,
		.len = ws->control_len};
	end_frame(ws);
}

static void data_piece(struct kl_ws_decoder *ws, const uint8_t *data, size_t len, struct kl_ws_piece *ret)
{
	bool frame_done = !ws->left, last = frame_done && (ws->head[0] & FIN);
	if (frame_done)
		end_frame(ws);
	if (!len && !last)
		return;
	*ret = (struct kl_ws_piece){.opcode = (enum kl_ws_opcode)ws->message_opcode,
		.first = !ws->message_begun,
		.last = last,
		.data = data,
		.len = len};
	ws->message_begun = true;
	ws->in_message = !last;
}

ssize_t kl_ws_decode(struct kl_ws_decoder *ws, uint8_t *data, size_t len, struct kl_ws_piece *ret, struct kl_err *err)
{
	size_t used = 0;

	*ret = (struct kl_ws_piece){.opcode = KL_WS_NONE};
	if (!ws->in_frame) {
		ssize_t n = take_head(ws, data, len, err);
		if (n < 0 || !ws->in_frame)
			return n;
		used = (size_t)n;
	}
	size_t n = ws->left < len - used ? (size_t)ws->left : len - used;
	if (ws->left && !n)
		return (ssize_t)used;
	unmask(ws, data + used, n);
	if (ws->head[0] & 8)
		control_piece(ws, data + used, n, ret);
	else
		data_piece(ws, data + used, n, ret);
	return (ssize_t)(used + n);
}

static size_t put_len(uint8_t *at, size_t len, uint8_t mask_bit)
{
	if (len < LEN16) {
		at[0] = (uint8_t)(mask_bit | len);
		return 1;
	}
	size_t bytes = len <= 0xffff ? 2 : 8;
	at[0] = (uint8_t)(mask_bit | (bytes == 2 ? LEN16 : LEN64));
	for (size_t i = 0; i < bytes; i++)
		at[1 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
	return 1 + bytes;
}

void kl_ws_put(
	struct kl_buf *out, enum kl_ws_opcode opcode, bool fin, const uint8_t *mask, const void *data, size_t len)
{
	uint8_t head[10] = {(uint8_t)((fin ? FIN : 0) | opcode)};
	size_t n = 1 + put_len(head + 1, len, mask ? MASKED : 0);
	kl_buf_push(out, head, n);
	if (mask)
		kl_buf_push(out, mask, MASK_LEN);
	size_t at = out->len;
	kl_buf_push(out, data, len);
	if (mask && !out->overflow)
		for (size_t i = 0; i < len; i++)
			out->data[at + i] = (char)(out->data[at + i] ^ mask[i % MASK_LEN]);
}

void kl_ws_put_close(struct kl_buf *out, const uint8_t *mask, unsigned code, const char *reason)
{
	char body[KL_WS_MAX_CONTROL] = {(char)(code >> 8), (char)code};
	size_t len = strnlen(reason, sizeof(body) - 2);
	memcpy(body + 2, reason, len);
	kl_ws_put(out, KL_WS_CLOSE, true, mask, body, 2 + len);
}

void kl_ws_accept_key(const char *key, char ret[KL_WS_ACCEPT_LEN])
{
	static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
	kl_autobuf text = {0}, encoded = {0};
	uint8_t digest[20];
	kl_buf_str_push(&text, key);
	kl_buf_str_push(&text, GUID);
	gnutls_hash_fast(GNUTLS_DIG_SHA1, text.data, text.len, digest);
	kl_base64_encode(&encoded, digest, sizeof(digest), 0);
	memcpy(ret, encoded.data, KL_WS_ACCEPT_LEN);
}
