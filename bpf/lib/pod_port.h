/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Source ports of the node's own address for flows of pods: masquerading, and pods that reach themselves. */
#ifndef KL_BPF_POD_PORT_H
#define KL_BPF_POD_PORT_H

#include "admit.h"
#include "pod.h"

/* The range for free_port(); empty until the agent has chosen it. */
KL_INLINE __u32 pod_ports(const struct kl_map_net *net)
{
	return ports_pack(net->port_min, net->port_max);
}

/* A new flow's state word: half-open, now. */
KL_INLINE __u64 new_state(__u32 backend, __u8 generation, __be16 port, __u64 now)
{
	return (__u64)backend | (__u64)generation << STATE_GENERATION_SHIFT | (__u64)KL_PHASE_NEW << STATE_PHASE_SHIFT |
	       (__u64)(__u16)now << STATE_STAMP_SHIFT | (__u64)port << STATE_PORT_SHIFT;
}

#endif
