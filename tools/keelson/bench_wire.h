/*
 * Wires for the packet benchmarks: namespaces of nodes, each joined by a veth to one namespace with a generator and a
 * sink, so that a packet's whole way can be measured on one CPU:
 *
 *	generator (BPF_PROG_TEST_RUN, live frames) --> veth --> node's eth0 --> forwarded --> eth0 --> veth --> sink (XDP)
 *
 * Everything of a packet runs in the generator's system call and the softirqs that follow it on its CPU, so CPU time is
 * that of the calling thread and of that CPU's ksoftirqd, whatever else the machine does.
 */
#ifndef KL_BENCH_WIRE_H
#define KL_BENCH_WIRE_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

#define KL_BENCH_WIRE_ADDR "192.0.2.1"

struct kl_bench_wire;
/* Moves the calling thread into the generator's namespace and onto one CPU, for good. */
int kl_bench_wire_new(struct kl_bench_wire **ret, struct kl_err *err);
void kl_bench_wire_free(struct kl_bench_wire *wire);

struct kl_bench_wire_node {
	int netns;                  /* of the node; its uplink is eth0 */
	uint32_t ifindex;           /* of the generator's end */
	uint8_t mac[6], far_mac[6]; /* of eth0, and of the generator's end */
};
/* name: at most 8 letters. A route to everywhere leads to the generator's end, with a permanent neighbour. */
int kl_bench_wire_node_add(
	struct kl_bench_wire *wire, const char *name, struct kl_bench_wire_node *ret, struct kl_err *err);
void kl_bench_wire_node_release(struct kl_bench_wire_node *node);
/* eth0 sends every frame back as it is: what is left when the node does nothing. */
int kl_bench_wire_bounce(struct kl_bench_wire *wire, const struct kl_bench_wire_node *node, struct kl_err *err);

struct kl_bench_wire_load {
	uint32_t first, flows; /* numbers of the flows that take turns */
	uint32_t services;     /* NodePorts 30000 … that take turns */
	uint32_t packets;
	bool syn;          /* SYN; otherwise ACK of an established connection */
	bool answer;       /* the sink answers SYNs like a backend */
	bool drop_at_once; /* the frame is made and thrown away: what the generator costs */
};
struct kl_bench_wire_result {
	double cpu_ns;    /* for all packets */
	uint64_t arrived; /* at the sink */
};
int kl_bench_wire_send(struct kl_bench_wire *wire, const struct kl_bench_wire_node *node,
	const struct kl_bench_wire_load *load, struct kl_bench_wire_result *ret, struct kl_err *err);

/* Forgets every connection that netfilter tracks in the node's namespace. */
int kl_bench_wire_flush_conntrack(const struct kl_bench_wire_node *node, struct kl_err *err);

#endif
