/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a packet leaves a program: out again by the uplink, as it is or in an envelope, or on to the stack. */
#ifndef KL_BPF_SEND_H
#define KL_BPF_SEND_H

#include "answer.h"
#include "encap.h"
#include "hop.h"
#include "work.h"

/* Several interfaces lead outside, so the routes are asked which one it is; set by the loader. */
const volatile __u8 many_uplinks = 0;

/* The route of what goes from `src` to `dst`, into scratch->fib. */
KL_INLINE int route_ask(
	ctx_t *ctx, struct bpf_fib_lookup *fib, const struct packet *packet, const __be32 src[4], const __be32 dst[4])
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ctx_ifindex(ctx);
	if (packet->v6) {
		fib->family = 10; /* AF_INET6 */
		addr_copy(fib->ipv6_src, src);
		addr_copy(fib->ipv6_dst, dst);
	} else {
		fib->family = 2; /* AF_INET */
		fib->ipv4_src = src[3];
		fib->ipv4_dst = dst[3];
	}
	fib->l4_protocol = (__u8)packet->key.proto;
	return (int)bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

#ifdef KL_XDP
/* Towards a backend the next hop is mostly known (hop.h); otherwise the kernel is asked. 1: it leaves by this interface. */
KL_INLINE int hop_of(ctx_t *ctx, const struct work *work, const __be32 src[4], const __be32 dst[4], struct hop *ret)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	__u32 id = state_backend(work->found.state);
	const struct kl_map_backend *backend = backend_get(id);
	if (!cfg || !scratch)
		return 0;
	__u32 now = (__u32)now_ticks(cfg);
	if (id && backend && addr_equal(backend->addr, dst) && hop_known(ctx, backend, now, ret))
		return 1;
	struct bpf_fib_lookup *fib = &scratch->fib;
	if (route_ask(ctx, fib, &work->packet, src, dst) != BPF_FIB_LKUP_RET_SUCCESS ||
		fib->ifindex != ctx->ingress_ifindex)
		return 0;
	ret->dst = hop_word(fib->dmac, now);
	ret->src = hop_word(fib->smac, now);
	if (id && backend && addr_equal(backend->addr, dst))
		hop_ask(ctx, id, now); /* for those who come next in this tick */
	return 1;
}

/*
 * The next hop's addresses come from the kernel's tables; without a neighbour entry, or where another interface leads there
 * (whose driver may not take packets of XDP), the packet is left to tc, untouched.
 */
KL_INLINE int send(ctx_t *ctx, struct work *work, const struct envelope *envelope, struct kl_map_counters *counters)
{
	const __be32 *src = envelope ? envelope->src : work->to.saddr, *dst = envelope ? envelope->dst : work->to.daddr;
	struct hop hop;
	if (!hop_of(ctx, work, src, dst, &hop)) {
		counters->deferred++;
		return PASS;
	}
	if (envelope ? envelope_seal(ctx, envelope) : packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return drop(&counters->drop_rewrite);
	hop_write(eth, &hop);
	return XDP_TX;
}
#else
/* What has just been sent on need not be looked at again where it leaves; nothing else writes this. */
enum { SENT_ON = 0x4b4c };

KL_INLINE int send_out(ctx_t *ctx, __u32 ifindex)
{
	ctx->tc_index = SENT_ON;
	return (int)bpf_redirect_neigh(ifindex, NULL, 0, 0);
}

/* Leaving: was it sent on by us? Asked once. */
KL_INLINE int was_sent_on(ctx_t *ctx)
{
	if (ctx->tc_index != SENT_ON)
		return 0;
	ctx->tc_index = 0;
	return 1;
}

/* The interface that leads there; the neighbour is found, or asked for, behind the redirection. */
KL_INLINE __u32 way_out(ctx_t *ctx, const struct packet *packet, const __be32 src[4], const __be32 dst[4])
{
	struct scratch *scratch = many_uplinks ? scratch_get() : NULL;
	__u32 here = ctx_ifindex(ctx);
	if (!scratch)
		return here;
	int found = route_ask(ctx, &scratch->fib, packet, src, dst);
	return found == BPF_FIB_LKUP_RET_SUCCESS || found == BPF_FIB_LKUP_RET_NO_NEIGH ? scratch->fib.ifindex : here;
}

KL_INLINE int send(ctx_t *ctx, struct work *work, const struct envelope *envelope, struct kl_map_counters *counters)
{
	const __be32 *src = envelope ? envelope->src : work->to.saddr, *dst = envelope ? envelope->dst : work->to.daddr;
	__u32 ifindex = way_out(ctx, &work->packet, src, dst);
	if (envelope ? envelope_seal(ctx, envelope) : packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	return send_out(ctx, ifindex);
}
#endif

/* The last hop that the packet may make ends here. */
KL_INLINE int expire(ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters)
{
	drop_told(ctx, cfg, counters, &counters->drop_ttl);
	return answer(ctx, ANSWER_EXPIRED, 0);
}

/* Sends it out again, or lets the stack deliver it. */
KL_INLINE int finish(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	if (!work->remote)
		return packet_rewrite(ctx, &work->packet, &work->to, 0)
			       ? drop_told(ctx, cfg, counters, &counters->drop_rewrite)
			       : PASS;
	if (work->packet.ttl <= 1)
		return expire(ctx, cfg, counters);
	return send(ctx, work, NULL, counters);
}

#endif
