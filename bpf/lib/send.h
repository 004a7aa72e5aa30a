/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a packet leaves a program: out again by the uplink, or on to the stack. */
#ifndef KL_BPF_SEND_H
#define KL_BPF_SEND_H

#include "work.h"

#ifdef KL_XDP
/* The next hop's addresses come from the kernel's tables; without a neighbour entry the packet is left to tc. */
KL_INLINE int send(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	struct scratch *scratch = scratch_get();
	if (!scratch)
		return drop(&counters->drop_rewrite);
	struct bpf_fib_lookup *fib = &scratch->fib;
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ctx->ingress_ifindex;
	if (work->packet.v6) {
		fib->family = 10; /* AF_INET6 */
		addr_copy(fib->ipv6_src, work->to.saddr);
		addr_copy(fib->ipv6_dst, work->to.daddr);
	} else {
		fib->family = 2; /* AF_INET */
		fib->ipv4_src = work->to.saddr[3];
		fib->ipv4_dst = work->to.daddr[3];
	}
	fib->l4_protocol = (__u8)work->packet.key.proto;
	fib->tot_len = (__u16)(work->packet.bytes - ETH_HLEN);
	if (bpf_fib_lookup(ctx, fib, sizeof(*fib), 0) != BPF_FIB_LKUP_RET_SUCCESS) {
		counters->deferred++;
		return PASS;
	}
	if (packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return drop(&counters->drop_rewrite);
	__builtin_memcpy(eth->h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib->smac, ETH_ALEN);
	return fib->ifindex == ctx->ingress_ifindex ? XDP_TX : (int)bpf_redirect(fib->ifindex, 0);
}
#else
KL_INLINE int send(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	if (packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	return (int)bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0);
}
#endif

/* Sends it out again, or lets the stack deliver it. */
KL_INLINE int finish(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	if (!work->remote)
		return packet_rewrite(ctx, &work->packet, &work->to, 0) ? drop(&counters->drop_rewrite) : PASS;
	if (work->packet.ttl <= 1)
		return drop(&counters->drop_ttl);
	return send(ctx, work, counters);
}

#endif
