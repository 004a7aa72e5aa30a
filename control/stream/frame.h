/*
 * Frames of the endpoint stream: pure binary, little-endian.
 *
 *	frame:    u32 length of what follows the header | u8 type | u8 version | u16 zero | body
 *	body:     u64 epoch | u64 seq | of PUT: service, more | of DELETE: text key | of NODE: node, more | of NODE_GONE: text name
 *	text:     u16 length | bytes
 *	service:  text key | u8 proto | u8 algorithm | u16 flags | u32 affinity_s | u16 health_port
 *	          | u32 count | frontend… | u32 count | backend…
 *	frontend: 16 bytes address | u16 port | u8 proto | u8 type
 *	backend:  16 bytes address | u16 port | u8 flags | u16 weight | text node | text zone hints
 *	node:     text name | text zone | u16 count | 16 bytes address…
 *	more:     (u16 tag | u32 length | bytes)…	from version 2 on; whoever does not know a tag passes over it
 *	tags:     1 u8 forward | 2 u32 slow_start_ms | 3 ranges: (16 bytes address | u8 length)… | 4 a text of node hints a backend
 *
 * Version 1 has neither `more` nor nodes. A node says in its request which version it understands (`version=2`; nothing: 1)
 * and is sent that; a server that is older than it sends 1. So either side may be one version ahead. Within version 2 the
 * form grows by tags and by types: a reader passes over those it does not know.
 *
 * An epoch is one life of the server's log; seq counts its changes. After SNAPSHOT_BEGIN every service is PUT, then
 * SNAPSHOT_END's seq is the position reached; otherwise each PUT and DELETE is one change.
 */
#ifndef KL_FRAME_H
#define KL_FRAME_H

#include "buf.h"
#include "err.h"
#include "service.h"

enum kl_frame_type {
	KL_FRAME_HELLO = 1, /* the stream goes on after (epoch, seq) */
	KL_FRAME_SNAPSHOT_BEGIN,
	KL_FRAME_PUT,
	KL_FRAME_DELETE,
	KL_FRAME_SNAPSHOT_END,
	KL_FRAME_HEARTBEAT, /* seq: the last change */
	KL_FRAME_NODE,
	KL_FRAME_NODE_GONE,
};

enum {
	KL_FRAME_VERSION = 2, /* the newest we speak */
	KL_FRAME_HEADER = 8,
	KL_FRAME_MAX = 4 * 1024 * 1024, /* body */
	KL_FRAME_MAX_TEXT = 1024,
	KL_FRAME_MAX_FRONTENDS = 4096,
	KL_FRAME_MAX_BACKENDS = 65535,
	KL_FRAME_MAX_RANGES = 4096,
	KL_FRAME_MAX_NODE_ADDRS = 64,
};

struct kl_frame {
	enum kl_frame_type type;
	uint64_t epoch, seq;
	struct kl_service *service; /* PUT */
	char *key;                  /* DELETE, NODE_GONE */
	struct kl_node_info *node;  /* NODE */
};

/* Appends the frame. -E2BIG: a service beyond the bounds above (nothing was appended). */
int kl_frame_encode(const struct kl_frame *frame, struct kl_buf *out, struct kl_err *err);
/* And says how many of its bytes version 1 knows; 0: the frame is not for it. */
int kl_frame_encode_both(const struct kl_frame *frame, struct kl_buf *out, size_t *ret_base, struct kl_err *err);
/* The header of a frame that is cut to `base` bytes for version 1. */
void kl_frame_base_header(const char *frame, size_t base, char ret[KL_FRAME_HEADER]);

/* An incremental decoder: keeps at most one frame's bytes. */
struct kl_frame_reader;
struct kl_frame_reader *kl_frame_reader_new(void);
void kl_frame_reader_free(struct kl_frame_reader *reader);
/*
 * Calls `each` for every frame that is complete; what the frame points to is the callee's to take (set to NULL) or is
 * freed after it. Non-zero of `each` ends feeding and is returned. -EBADMSG: no frame, after which the reader is
 * useless.
 */
typedef int kl_frame_each(struct kl_frame *frame, void *arg);
int kl_frame_reader_feed(struct kl_frame_reader *reader, const void *data, size_t len, kl_frame_each *each, void *arg,
	struct kl_err *err);

#endif
