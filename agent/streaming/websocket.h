/*
 * WebSocket framing (RFC 6455) without extensions. Pure: bytes in, frames out; no I/O. Messages are handed on in pieces
 * and never collected; control frames are whole. Text is not checked for UTF-8: the protocols above carry bytes.
 */
#ifndef KL_WEBSOCKET_H
#define KL_WEBSOCKET_H

#include "buf.h"
#include "err.h"

#include <stdint.h>
#include <sys/types.h>

enum kl_ws_opcode {
	KL_WS_NONE = -1,
	KL_WS_CONTINUATION = 0, /* never comes out of the decoder: pieces carry their message's opcode */
	KL_WS_TEXT = 1,
	KL_WS_BINARY = 2,
	KL_WS_CLOSE = 8,
	KL_WS_PING = 9,
	KL_WS_PONG = 10,
};
enum {
	KL_WS_MAX_CONTROL = 125,
	KL_WS_NORMAL = 1000,
	KL_WS_PROTOCOL_ERROR = 1002,
	KL_WS_TOO_BIG = 1009,
	KL_WS_ERROR = 1011
};

struct kl_ws_piece {
	enum kl_ws_opcode opcode; /* KL_WS_NONE: nothing complete yet */
	bool first, last;         /* piece of its message; both are true for control frames */
	const uint8_t *data; /* unmasked, in place, inside the caller's bytes; or the decoder's, for control frames */
	size_t len;
};

struct kl_ws_decoder {
	bool expect_mask; /* set by the owner: true on a server (clients must mask), false on a client (servers must not) */
	/* private */
	uint8_t head[14];
	size_t head_len;
	uint64_t left;   /* payload bytes of the frame under way */
	uint64_t offset; /* into its payload, for the mask */
	bool in_frame, in_message, message_begun;
	int message_opcode;
	uint8_t control[KL_WS_MAX_CONTROL];
	size_t control_len;
};

/*
 * Takes bytes up to and including one piece and returns how many. Zero-initialise the decoder. -EPROTO ends the
 * connection (answer with a close frame 1002). data is changed in place (unmasked).
 */
ssize_t kl_ws_decode(struct kl_ws_decoder *ws, uint8_t *data, size_t len, struct kl_ws_piece *ret, struct kl_err *err);

/* Appends one frame. mask NULL: none (a server's frames), otherwise 4 bytes. */
void kl_ws_put(
	struct kl_buf *out, enum kl_ws_opcode opcode, bool fin, const uint8_t *mask, const void *data, size_t len);
void kl_ws_put_close(struct kl_buf *out, const uint8_t *mask, unsigned code, const char *reason);

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
#define KL_WS_ACCEPT_LEN 29 /* with its NUL */
void kl_ws_accept_key(const char *key, char ret[KL_WS_ACCEPT_LEN]);

#endif
