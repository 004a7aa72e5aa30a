/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A pod's bandwidth. `next_ns` is the time at which everything let through so far would have been sent at the rate (the
 * generic cell rate algorithm, a token bucket seen from the other side): a packet conforms while that lies at most the
 * burst ahead. With fq on the uplink a packet is not dropped but told when to leave.
 */
#ifndef KL_BPF_POD_RATE_H
#define KL_BPF_POD_RATE_H

#include "pod.h"

enum { RATE_TRIES = 4 };
#define DEPARTURE_HORIZON_NS 2000000000ull
#define NS_PER_S             1000000000ull

/* Takes `bytes` from the rate unless it is more than ahead_ns in advance; ret: when they leave. 1: taken. */
KL_INLINE int rate_take(struct kl_map_rate *rate, __u64 per_second, __u32 bytes, __u64 ahead_ns, __u64 *ret)
{
	__u64 now = bpf_ktime_get_ns(), cost = bytes * NS_PER_S / per_second, next = KL_READ(rate->next_ns);
	for (int i = 0; i < RATE_TRIES; i++) {
		__u64 start = next > now ? next : now;
		if (start - now > ahead_ns)
			return 0;
		__u64 seen = __sync_val_compare_and_swap(&rate->next_ns, next, start + cost);
		*ret = start;
		if (seen == next)
			return 1;
		next = seen; /* another CPU was faster */
	}
	return 1;
}

/* 1: it may pass. */
KL_INLINE int rate_police(const ctx_t *ctx, struct kl_map_rate *rate)
{
	__u64 per_second = KL_READ(rate->rate), when;
	return !per_second || rate_take(rate, per_second, ctx->len, KL_READ(rate->burst_ns), &when);
}

/* The packet is told when to leave, for the uplink's fq. 1: it may pass. */
KL_INLINE int rate_depart(ctx_t *ctx, struct kl_map_rate *rate)
{
	__u64 per_second = KL_READ(rate->rate), when;
	if (!per_second)
		return 1;
	if (!rate_take(rate, per_second, ctx->len, DEPARTURE_HORIZON_NS, &when))
		return 0;
	bpf_skb_set_tstamp(ctx, when, BPF_SKB_TSTAMP_DELIVERY_MONO);
	return 1;
}

#endif
