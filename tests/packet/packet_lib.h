/*
 * What the packet tests share: private maps and programs in a private network namespace, frames, and running a program on
 * one with BPF_PROG_TEST_RUN. Skips the whole program where BPF may not be used.
 */
#ifndef KL_PACKET_LIB_H
#define KL_PACKET_LIB_H

#include "dpsync.h"
#include "testlib.h"

/* Who an address belongs to; each has one in both families. */
enum who { CLIENT, NODE, VIP, LOCAL_POD, REMOTE_POD, OTHER_POD, STRANGER, PEER /* another node */, WHO_COUNT };
/* 2001-style text of one's address. */
const char *who_text(enum who who, bool v6);
struct kl_addr who_addr(enum who who, bool v6);

enum program { PROGRAM_TC_IN, PROGRAM_TC_OUT, PROGRAM_XDP, PROGRAM_COUNT };

struct bench {
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	int prog[PROGRAM_COUNT];
	uint32_t ifindex;  /* of the uplink */
	uint32_t gso_size; /* of packets given to tc, which stand for more than one segment; 0: they do not */
	void *objects[2];
	char dir[64]; /* of its pins */
};
/* With pins of a given folder, whatever stands there. */
struct bench *bench_new_at(const char *dir, const struct kl_maps_sizes *sizes);
/* As a process that dies leaves it: pinned. */
void bench_leave(struct bench *bench);
/* flows: size of the connection table; 0: the default. */
struct bench *bench_new(uint32_t flows);
/* Size of kl_slots of benches made from here on; 0: the default. */
extern uint32_t bench_blocks;
void bench_free(struct bench *bench);
struct kl_map_counters bench_counters(const struct bench *bench);

/* One packet, as values. */
struct wire {
	enum who src, dst;
	uint16_t sport, dport;
	uint8_t proto; /* 6, 17 */
	uint8_t flags; /* TCP */
	uint8_t ttl;   /* 0: 64 */
	bool first_fragment, later_fragment;
	uint16_t payload; /* bytes */
	uint16_t mss;     /* TCP: the option's value; 0: none */
	uint8_t nops;     /* in front of it, 0 to 3 */
	uint8_t tos;
	bool may_fragment;       /* IPv4: DF is clear */
	const uint8_t *extended; /* IPv6: extension headers by number, ends at 0xff */
};
enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_DST = 60, EXT_END = 0xff };
enum { TCP_FLAG_FIN = 1, TCP_FLAG_SYN = 2, TCP_FLAG_RST = 4, TCP_FLAG_ACK = 16 };

enum { FRAME_MAX = 2048 };
size_t frame_build(const struct wire *wire, bool v6, uint8_t frame[FRAME_MAX]);
/* An ICMP error from src to dst about the packet `quoted` (its IP header and 8 bytes); type: of ICMPv4 or ICMPv6. */
size_t frame_build_icmp(
	enum who src, enum who dst, uint8_t type, const struct wire *quoted, bool v6, uint8_t frame[FRAME_MAX]);
/* The same about any bytes from an IP header on; mtu: of errors that tell one. */
size_t frame_build_icmp_bytes(enum who src, enum who dst, uint8_t type, uint8_t code, uint16_t mtu,
	const uint8_t *quoted, size_t bytes, bool v6, uint8_t frame[FRAME_MAX]);
/* Addresses as they are in the frame. */
struct parsed_frame {
	struct kl_addr src, dst;
	uint16_t sport, dport;
	uint8_t ttl;
	bool sums_right; /* IP header and transport */
	uint8_t dmac[6];
	bool later_fragment;
	/* ICMP errors: what they quote */
	bool icmp;
	struct kl_addr quoted_src, quoted_dst;
	uint16_t quoted_sport, quoted_dport;
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_mtu;
	size_t quoted_bytes; /* of the quoted packet, its IP header included */
	uint16_t mss;        /* TCP: the option, wherever it stands; 0: none */
	uint8_t proto, tos;
};
struct parsed_frame frame_parse(const uint8_t *frame, size_t len);

/* An envelope around a packet. */
struct outer {
	enum who src, dst;
	bool geneve;
	uint8_t tos;
	uint32_t vni;  /* 0: ours */
	uint16_t port; /* of Geneve; 0: 6081 */
};
size_t frame_wrap(uint8_t frame[FRAME_MAX], size_t len, const struct outer *outer, bool v6);
struct parsed_outer {
	bool enveloped, geneve;
	struct kl_addr src, dst;
	uint8_t ttl, tos;
	bool whole;     /* DF, or IPv6 */
	bool sum_right; /* of the IPv4 header */
	bool length_right;
	uint16_t sport, dport;
	size_t bytes; /* of its headers */
};
/* Takes the envelope off; what is no envelope stays as it is. */
struct parsed_outer frame_unwrap(uint8_t frame[FRAME_MAX], size_t *len);

enum { VERDICT_PASS, VERDICT_DROP, VERDICT_SENT /* redirected or bounced */, VERDICT_ODD };
/* Runs the program; frame and *len become its output. */
int bench_run(const struct bench *bench, enum program program, uint8_t frame[FRAME_MAX], size_t *len);

/* A TCP or UDP service: frontends and backends are given as text "cluster=10.0.0.1/80 node=30001 -> local:8080 …". */
struct kl_service *service_build(const char *key, uint8_t proto, bool v6, uint16_t node_port, uint16_t vip_port,
	const enum who *backends, size_t count, uint16_t backend_port);

#endif
