/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the balancer's programs share while a packet is in their hands. */
#ifndef KL_BPF_WORK_H
#define KL_BPF_WORK_H

#include "conntrack.h"
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
	__u8 type;   /* of the frontend */
	__u8 remote; /* leaves by the uplink again */
	__u16 reserved;
};

/* What does not fit on the stack of 512 bytes. Programs of these hooks do not interrupt one another on a CPU. */
struct scratch {
	struct work work;
	struct new_flow new;
	struct kl_flow_key reply;
	struct kl_map_client client;
#ifdef KL_XDP
	struct bpf_fib_lookup fib;
#else
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

KL_INLINE int drop(__u64 *counter)
{
	(*counter)++;
	return DROP;
}

#endif
