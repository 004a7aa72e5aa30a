/*
 * SPDY/3.1 framing (draft-mbelshe-httpbis-spdy-00 with 3.1's session window), as Kubernetes' streams use it. Pure:
 * bytes in, frames out, and back; no I/O. One object codes both directions of one connection, since header blocks share
 * a zlib state per direction.
 *
 * Bounds: a control frame of at most KL_SPDY_MAX_CONTROL bytes, a header block that inflates to at most
 * KL_SPDY_MAX_HEADERS, at most KL_SPDY_MAX_HEADER_COUNT names. Data frames are handed on in pieces, never collected.
 */
#ifndef KL_SPDY_H
#define KL_SPDY_H

#include "buf.h"
#include "err.h"

#include <stdint.h>
#include <sys/types.h>

#define KL_SPDY_MAX_CONTROL      16384
#define KL_SPDY_MAX_HEADERS      65536
#define KL_SPDY_MAX_HEADER_COUNT 64
#define KL_SPDY_WINDOW           65536 /* initial window of a stream and of the session */

enum kl_spdy_type {
	KL_SPDY_NONE = 0,
	KL_SPDY_SYN_STREAM = 1,
	KL_SPDY_SYN_REPLY = 2,
	KL_SPDY_RST_STREAM = 3,
	KL_SPDY_SETTINGS = 4,
	KL_SPDY_PING = 6,
	KL_SPDY_GOAWAY = 7,
	KL_SPDY_HEADERS = 8,
	KL_SPDY_WINDOW_UPDATE = 9,
	KL_SPDY_DATA = 256,  /* ours: the wire has no type for it */
	KL_SPDY_OTHER = 257, /* a control frame of an unknown type, to be ignored */
};
enum kl_spdy_flags { KL_SPDY_FIN = 1, KL_SPDY_UNIDIRECTIONAL = 2 };
enum kl_spdy_status {
	KL_SPDY_PROTOCOL_ERROR = 1,
	KL_SPDY_REFUSED_STREAM = 3,
	KL_SPDY_CANCEL = 5,
	KL_SPDY_INTERNAL_ERROR = 6
};

struct kl_spdy_header {
	const char *name, *value; /* of several values (joined by NUL on the wire) the first */
};

struct kl_spdy_frame {
	enum kl_spdy_type type;
	uint32_t stream; /* 0 for session frames */
	uint8_t flags;   /* for DATA: FIN only with the last piece */
	/* RST_STREAM, GOAWAY: status; PING: id; WINDOW_UPDATE: delta; SETTINGS: initial window, 0 when it says none */
	uint32_t value;
	const struct kl_spdy_header *headers; /* SYN_STREAM, SYN_REPLY, HEADERS; valid until the next call */
	size_t header_count;
	const uint8_t *data; /* DATA: a piece, inside the caller's bytes */
	size_t len;
};

struct kl_spdy;
struct kl_spdy *kl_spdy_new(void);
void kl_spdy_free(struct kl_spdy *spdy);
KL_AUTO(kl_cleanup_spdy, struct kl_spdy, kl_spdy_free)

/*
 * Takes bytes up to and including one frame (or one piece of a data frame) and returns how many; ret->type is
 * KL_SPDY_NONE when all were taken and the frame is not complete. -EPROTO ends the session: the object is of no further
 * use.
 */
ssize_t kl_spdy_decode(
	struct kl_spdy *spdy, const void *data, size_t len, struct kl_spdy_frame *ret, struct kl_err *err);
/* NULL when absent; names compare without case. */
const char *kl_spdy_frame_header(const struct kl_spdy_frame *frame, const char *name);

/*
 * Encoders append one frame (data: as many as it takes). Frames with headers must be sent in the order they were
 * encoded.
 */
void kl_spdy_put_syn_stream(struct kl_spdy *spdy, struct kl_buf *out, uint32_t stream, uint8_t flags,
	const struct kl_spdy_header *headers, size_t count);
void kl_spdy_put_syn_reply(struct kl_spdy *spdy, struct kl_buf *out, uint32_t stream, uint8_t flags,
	const struct kl_spdy_header *headers, size_t count);
void kl_spdy_put_data(struct kl_buf *out, uint32_t stream, uint8_t flags, const void *data, size_t len);
void kl_spdy_put_rst(struct kl_buf *out, uint32_t stream, uint32_t status);
void kl_spdy_put_ping(struct kl_buf *out, uint32_t id);
void kl_spdy_put_goaway(struct kl_buf *out, uint32_t last_stream, uint32_t status);
void kl_spdy_put_window_update(struct kl_buf *out, uint32_t stream, uint32_t delta);
void kl_spdy_put_settings_window(struct kl_buf *out, uint32_t initial_window);

/* The dictionary of header compression (section 2.6.10.1): 1423 bytes with Adler-32 0xe3c6a7c2. */
const uint8_t *kl_spdy_dictionary(size_t *ret_len);

#endif
