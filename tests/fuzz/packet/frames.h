/*
 * Frames for the packet fuzzer: looking at any frame without believing it, and breaking one in ways that packets on a
 * wire are broken.
 */
#ifndef KL_FUZZ_FRAMES_H
#define KL_FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_ROOM = 2048, UPLINK_MTU = 1500 };

struct frame {
	uint8_t bytes[FRAME_ROOM];
	size_t len;
};

/* What can be said of a frame, envelopes (IPIP, Geneve) looked into. */
struct frame_view {
	bool ip; /* an IP header is there, whole */
	bool v6;
	uint8_t src[16], dst[16]; /* v4-mapped */
	uint8_t proto;            /* behind a fragment header */
	bool later_fragment, first_fragment;
	bool ports; /* sport and dport are there */
	uint16_t sport, dport;
	size_t ip_bytes;  /* as the header says */
	bool well_formed; /* lengths agree with each other and with the frame */
	bool sums_known;  /* all checksums that the frame carries can be verified… */
	bool sums_right;  /* …and are right */
	bool outer_right; /* those of the outer packet alone */
	bool envelope;    /* another IP packet is inside */
	uint8_t inner_src[16], inner_dst[16];
};
struct frame_view frame_look(const struct frame *frame);

/* One random change; `random` gives 64 bits a call. */
void frame_mutate(struct frame *frame, uint64_t (*random)(void));
/* Makes the header checksums right again where the frame is well-formed enough. */
void frame_repair_sums(struct frame *frame);
/* Turns sender and receiver round, addresses and ports, so that an answer comes of it. */
void frame_turn(struct frame *frame);
/* Puts it into an envelope (IP in IP, or Geneve with our number) of its own family. */
void frame_envelop(struct frame *frame, const uint8_t src[16], const uint8_t dst[16], bool geneve);
/* An ICMP error about it, from its receiver or from a router, to its sender. */
void frame_complain(struct frame *frame, uint64_t (*random)(void));

#endif
