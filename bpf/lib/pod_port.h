/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Source ports of the node's own address for flows of pods: masquerading, and pods that reach themselves. */
#ifndef KL_BPF_POD_PORT_H
#define KL_BPF_POD_PORT_H

#include "admit.h"
#include "pod.h"

enum { POD_PORT_TRIES = 16, POD_PORT_STRIDE = 211 };

/*
 * A port of the masquerading range that no other flow of this remote uses; reply->dport and *ret_hash are filled in. Of
 * those in use one that has ended, or else was never answered, is taken. 0: none found.
 */
__noinline int pod_port_pick(struct kl_flow_key *reply, __u32 start, struct kl_flow_hash *ret_hash)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	if (!cfg || !net || !reply || !ret_hash || !net->port_min)
		return 0;
	__u16 now = (__u16)now_ticks(cfg);
	__u32 range = net->port_max - net->port_min + 1u, given_up = 0;
	__be16 fallback = 0;
	if (!range)
		return 0;
	for (__u32 i = 0; i < POD_PORT_TRIES; i++) {
		__be16 port = bpf_htons((__u16)(net->port_min + (start + i * POD_PORT_STRIDE) % range));
		struct found taken;
		reply->dport = port;
		flow_hash(reply, ret_hash);
		if (!flow_find(cfg, ret_hash, &taken))
			return port;
		if (state_is_over(taken.state, now) || flow_is_expired(taken.index, taken.state, now)) {
			flow_free_pair(taken.index);
			return port;
		}
		__u32 phase = state_phase(taken.state);
		if (phase == KL_PHASE_CLOSED || (!fallback && phase == KL_PHASE_NEW)) {
			fallback = port;
			given_up = taken.index;
		}
	}
	if (!fallback)
		return 0;
	flow_free_pair(given_up);
	reply->dport = fallback;
	flow_hash(reply, ret_hash);
	return fallback;
}

/* A new flow's state word: half-open, now. */
KL_INLINE __u64 new_state(__u32 backend, __u8 generation, __be16 port, __u64 now)
{
	return (__u64)backend | (__u64)generation << STATE_GENERATION_SHIFT | (__u64)KL_PHASE_NEW << STATE_PHASE_SHIFT |
	       (__u64)(__u16)now << STATE_STAMP_SHIFT | (__u64)port << STATE_PORT_SHIFT;
}

#endif
