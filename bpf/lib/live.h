/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How many connections each backend has open now (kl_live), and the choice by that: the less busy one of two taken by
 * chance, which keeps the fullest nearly as empty as looking at all of them would.
 */
#ifndef KL_BPF_LIVE_H
#define KL_BPF_LIVE_H

#include "maps.h"

KL_INLINE void live_open(__u32 backend_id)
{
	struct kl_map_live *live = bpf_map_lookup_elem(&kl_live, &backend_id);
	if (live)
		__sync_fetch_and_add(&live->connections, 1);
}

/* The count of a backend that has gone meanwhile began anew; one that was lost behind our back does not wrap. */
KL_INLINE void live_close(__u32 backend_id, __u8 generation)
{
	const struct kl_map_backend *backend = backend_get(backend_id);
	struct kl_map_live *live = bpf_map_lookup_elem(&kl_live, &backend_id);
	if (!backend || !live || KL_READ(backend->generation) != generation)
		return;
	if ((__s32)__sync_fetch_and_add(&live->connections, (__u32)-1) <= 0)
		__sync_fetch_and_add(&live->connections, 1);
}

/* Is `a` no busier than `b`, each for its weight? */
KL_INLINE int live_no_busier(__u32 a, __u32 b)
{
	const struct kl_map_backend *first = backend_get(a), *second = backend_get(b);
	const struct kl_map_live *live_a = bpf_map_lookup_elem(&kl_live, &a),
				 *live_b = bpf_map_lookup_elem(&kl_live, &b);
	if (!first || !second || !live_a || !live_b)
		return 1;
	return (__u64)KL_READ(live_a->connections) * second->weight <=
	       (__u64)KL_READ(live_b->connections) * first->weight;
}

#endif
