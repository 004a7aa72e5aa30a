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
KL_INLINE int rate_take(struct kl_map_rate *rate, __u64 per_second, __u32 bytes, __u64 now, __u64 ahead_ns, __u64 *ret)
{
	__u64 cost = bytes * NS_PER_S / per_second, next = KL_READ(rate->next_ns);
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

enum { EARLY_SHIFT = 3 }; /* at most one packet in eight is dropped early */

/*
 * From half of the burst on packets are dropped at random, ever more of them (Floyd, Jacobson: Random Early Detection): a TCP
 * sender that loses one among many repeats it and slows down, while one that loses the rest of its window waits for its
 * timer and leaves the rate unused.
 */
KL_INLINE int rate_warns(__u64 ahead, __u64 burst)
{
	__u64 half = burst / 2;
	if (ahead <= half || !half)
		return 0;
	return (((ahead - half) << (16 - EARLY_SHIFT)) / half) > (bpf_get_prandom_u32() & 0xffff);
}

/* 1: it may pass. */
KL_INLINE int rate_police(const ctx_t *ctx, struct kl_map_rate *rate)
{
	__u64 per_second = KL_READ(rate->rate), burst = KL_READ(rate->burst_ns), now, next, when;
	if (!per_second)
		return 1;
	now = bpf_ktime_get_ns();
	next = KL_READ(rate->next_ns);
	if (next > now && rate_warns(next - now, burst))
		return 0;
	return rate_take(rate, per_second, ctx->len, now, burst, &when);
}

/* The packet is told when to leave, for the uplink's fq. 1: it may pass. */
KL_INLINE int rate_depart(ctx_t *ctx, struct kl_map_rate *rate)
{
	__u64 per_second = KL_READ(rate->rate), when;
	if (!per_second)
		return 1;
	if (!rate_take(rate, per_second, ctx->len, bpf_ktime_get_ns(), DEPARTURE_HORIZON_NS, &when))
		return 0;
	bpf_skb_set_tstamp(ctx, when, BPF_SKB_TSTAMP_DELIVERY_MONO);
	return 1;
}

#endif
