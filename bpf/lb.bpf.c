/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * North-south balancing on the node's uplink: NodePort, external, load balancer and (where wanted) cluster addresses
 * that arrive from outside go to a local pod (destination translated) or to another node's (source and destination).
 *
 *	client --> uplink ingress: kl_lb_in --DNAT--> stack --> local pod --> uplink egress: kl_lb_out --> client
 *	client --> uplink ingress: kl_lb_in --DNAT+SNAT--> back out --> remote pod --> uplink ingress: kl_lb_in -->
 *	client
 *
 * Built twice: for XDP (KL_XDP), which leaves what it cannot do to tc behind it, and for tc. Replies of local pods are
 * translated on egress, which XDP does not have, so the tc programs are attached in every mode.
 */
#include "lib/forward.h"
#include "lib/fragment.h"
#include "lib/icmp_flow.h"
#include "lib/reply.h"

char _license[] SEC("license") = "Dual BSD/GPL";

KL_INLINE int is_wanted(const struct kl_map_config *cfg, struct frontend frontend)
{
	return frontend.service && (frontend.type != KL_TYPE_CLUSTER_IP || cfg->flags & KL_CONFIG_EXTERNAL_CLUSTER_IP);
}

KL_INLINE int lb_in(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 0);
	if (!key_is_complete(work, parsed, counters)) {
		counters->passed++;
		return PASS;
	}
	if (is_snat_port(cfg, work->packet.key.dport) && reply_find(cfg, work)) {
		work->remote = 1;
		return reply(ctx, cfg, work, counters);
	}
	struct frontend frontend =
		frontend_find_any(cfg, work->packet.key.daddr, work->packet.key.dport, (__u8)work->packet.key.proto, 0);
	if (!is_wanted(cfg, frontend)) {
		counters->passed++;
		return PASS;
	}
	work->service = frontend.service;
	work->type = frontend.type;
	return forward(ctx, cfg, work, counters);
}

#ifdef KL_XDP
SEC("xdp")
int kl_lb_xdp(struct xdp_md *ctx)
{
	return lb_in(ctx);
}
#else
SEC("tc")
int kl_lb_in(struct __sk_buff *ctx)
{
	return lb_in(ctx);
}

/* Replies of pods on this node. */
SEC("tc")
int kl_lb_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 1);
	if (!key_is_complete(work, parsed, counters) || !reply_find(cfg, work))
		return PASS;
	work->remote = 0;
	return reply(ctx, cfg, work, counters);
}
#endif
