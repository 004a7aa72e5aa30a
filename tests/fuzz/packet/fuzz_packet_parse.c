/*
 * The kernel programs' parsers (bpf/lib/parse.h), compiled for the host: any bytes are a frame. Reading past its end is
 * AddressSanitizer's to see; beside that, what is said of a frame must be what a slow and careful reader says (frames.c).
 */
#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}
#define MUST(cond) must((cond), #cond)

/* The IP header at a multiple of four, as the kernel has it; the frame's last byte is the allocation's. */
static uint8_t *aligned_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 2);
	if (!copy)
		abort();
	memcpy(copy + 2, data, size);
	return copy;
}

static void check_flow(const struct packet *packet, const uint8_t *frame, size_t size)
{
	uint16_t ports[2];
	MUST(packet->l4 + 4 <= size && packet->l4 <= MAX_L4);
	memcpy(ports, frame + packet->l4, sizeof(ports));
	MUST(packet->key.sport == ports[0] && packet->key.dport == ports[1]);
	MUST(packet->key.proto == IPPROTO_TCP || packet->key.proto == IPPROTO_UDP || packet->key.proto == IPPROTO_SCTP);
}

/* Where the careful reader is sure, both must agree. */
static void compare(const struct packet *packet, enum parsed parsed, const uint8_t *data, size_t size)
{
	struct frame frame = {.len = size < FRAME_ROOM ? size : FRAME_ROOM};
	memcpy(frame.bytes, data, frame.len);
	struct frame_view view = frame_look(&frame);
	if (!view.ip || !view.ports || view.first_fragment || view.later_fragment)
		return;
	MUST(parsed == PARSED_FLOW);
	MUST(!memcmp(packet->key.saddr, view.src, 16) && !memcmp(packet->key.daddr, view.dst, 16));
	MUST(packet->key.proto == view.proto && packet->v6 == view.v6);
	MUST(bpf_ntohs(packet->key.sport) == view.sport && bpf_ntohs(packet->key.dport) == view.dport);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > FRAME_ROOM)
		return 0;
	uint8_t *copy = aligned_copy(data, size);
	const uint8_t *frame = copy + 2, *end = frame + size;
	struct packet packet, inner;
	memset(&packet, 0, sizeof(packet));
	packet_clear(&packet, (uint32_t)size);
	enum parsed parsed = parse_frame(frame, end, &packet);
	if (parsed == PARSED_EXTENDED)
		parsed = parse_extensions(frame, end, &packet, WHOLE_HEADER);
	MUST(parsed != PARSED_EXTENDED);
	if (parsed == PARSED_FLOW)
		check_flow(&packet, frame, size);
	compare(&packet, parsed, data, size);
	if (parsed == PARSED_ENVELOPE || parsed == PARSED_ICMP) {
		inner = packet;
		packet_clear(&inner, (uint32_t)size);
		inner.v6 = packet.v6;
		if (parse_inner(frame, end, packet.l4 + (parsed == PARSED_ICMP ? 8u : 0u), &inner,
			    parsed == PARSED_ICMP ? PORTS_ONLY : WHOLE_HEADER) == PARSED_FLOW)
			check_flow(&inner, frame, size);
	}
	free(copy);
	return 0;
}
