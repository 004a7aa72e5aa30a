/*
 * Frames: made from a flow's key, and read back for people.
 */
#ifndef KL_TRACE_FRAME_H
#define KL_TRACE_FRAME_H

#include "json.h"

#include <keelson/hash.h>
#include <stddef.h>
#include <stdint.h>

enum { KL_FRAME_MAX = 2048 };
struct kl_frame_spec {
	struct kl_flow_key key; /* TCP, UDP or SCTP */
	uint8_t tcp_flags;
	uint8_t ttl;      /* 0: 64 */
	uint16_t payload; /* bytes of zeroes behind the header */
	uint8_t dmac[6], smac[6];
};
size_t kl_frame_build(const struct kl_frame_spec *spec, uint8_t frame[KL_FRAME_MAX]);
/*
 * Layers from the outside in, envelopes of DSR looked into: [{"layer":"eth",…},{"layer":"ip",…},{"layer":"tcp",…}]. A new
 * reference.
 */
json_t *kl_frame_json(const uint8_t *frame, size_t len, uint16_t geneve_port);
/* One line a layer, indented; what differs from `before` (NULL: nothing to compare with) is bold. */
void kl_frame_print(const json_t *layers, const json_t *before);
void kl_frame_hexdump(const uint8_t *frame, size_t len);
/* The innermost flow of a frame; -EINVAL when there is none. */
int kl_frame_key(const uint8_t *frame, size_t len, struct kl_flow_key *ret);
/* "syn", "syn,ack", "rst"; -EINVAL. */
int kl_tcp_flags_parse(const char *text, uint8_t *ret);

#endif
