/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the balancer's programs share while a packet is in their hands. */
#ifndef KL_BPF_WORK_H
#define KL_BPF_WORK_H

#include "conntrack.h"
#include "event.h"
#include "packet.h"
#ifndef KL_XDP
#include "icmp.h"
#endif

/* A packet on its way through the program. */
struct work {
	struct packet packet;
	struct kl_flow_hash hash;
	struct found found;
	struct kl_flow_key to;
	__u32 service;
	__u32 given; /* index of the backend that a new flow has to take; 0: whichever is chosen */
	__u8 type;   /* of the frontend */
	__u8 remote; /* leaves by the uplink again */
	__u8 opened; /* came in an envelope, from the node that chose the backend */
	__u8 plain;  /* a new flow to another node takes SNAT, whatever its Service says */
	__u8 hook;   /* enum kl_map_event_hook */
	__u8 reserved[3];
};

/* What does not fit on the stack of 512 bytes. Programs of these hooks do not interrupt one another on a CPU. */
struct scratch {
	struct work work;
	struct new_flow new;
	struct kl_flow_key reply;
	struct kl_map_client client;
	struct kl_map_range range;
	struct bpf_fib_lookup fib;
	struct packet inner;        /* of an envelope or a quotation */
	__u32 icmp_tick, icmp_sent; /* errors sent in this tick */
	__u8 quote[512];            /* of an error being made */
#ifndef KL_XDP
	struct quoted quoted;
#endif
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} kl_scratch SEC(".maps");

KL_INLINE struct scratch *scratch_get(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&kl_scratch, &zero);
}

/* Before anything else with a packet. hook: enum kl_map_event_hook. */
KL_INLINE void work_clear(struct work *work, __u8 hook)
{
	work->service = work->given = 0;
	work->opened = work->plain = 0;
	work->hook = hook;
}

KL_INLINE int drop(__u64 *counter)
{
	(*counter)++;
	return DROP;
}

KL_INLINE __u32 ctx_ifindex(const ctx_t *ctx)
{
#ifdef KL_XDP
	return KL_READ(ctx->ingress_ifindex);
#else
	return KL_READ(ctx->ifindex);
#endif
}

/* Writes an event about the packet in hand; reason: of a drop, event_reason(). Call it where event_wanted() says so. */
__noinline int tell(ctx_t *ctx, __u32 kind, __u32 reason)
{
	struct scratch *scratch = scratch_get();
	if (!scratch)
		return 0;
	struct work *work = &scratch->work;
	struct event_what what = {
		.kind = (__u8)kind,
		.hook = work->hook,
		.reason = (__u16)reason,
		.service = work->service,
		.backend_id = kind == KL_EVENT_DROP ? 0 : state_backend(work->found.state),
		.bytes = work->packet.bytes,
		.ifindex = ctx_ifindex(ctx),
		.tcp_flags = work->packet.tcp_flags,
		.backwards = kind != KL_EVENT_DROP && work->found.state >> STATE_REVERSE_SHIFT & 1,
	};
	return event_write(&work->packet.key, kind == KL_EVENT_DROP ? NULL : &work->to, &what);
}

/* After what a packet does to its flow has been noted: told once, by the packet that closed it. */
KL_INLINE void tell_end(ctx_t *ctx, const struct kl_map_config *cfg, const struct work *work)
{
	if (!(work->packet.tcp_flags & (TCP_FIN | TCP_RST)) || !event_wanted(cfg) ||
		state_phase(work->found.state) == KL_PHASE_CLOSED)
		return;
	struct kl_map_flow *flow = flow_at(work->found.index);
	if (flow && state_phase(KL_READ(*flow_state(flow))) == KL_PHASE_CLOSED)
		tell(ctx, KL_EVENT_END, 0);
}

/* drop(), told to whoever watches. */
KL_INLINE int drop_told(ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters, __u64 *counter)
{
	if (event_wanted(cfg))
		tell(ctx, KL_EVENT_DROP, event_reason(counters, counter));
	return drop(counter);
}

#endif
