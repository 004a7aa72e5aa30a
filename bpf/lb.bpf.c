/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * North-south balancing on the node's uplinks: NodePort, external, load balancer and (where wanted) cluster addresses
 * that arrive from outside go to a local pod (destination translated) or to another node's: source and destination
 * translated (SNAT), or as they are in an envelope (DSR, encap.h), which the other node opens.
 *
 *	client --> uplink ingress: kl_lb_in --DNAT--> stack --> local pod --> uplink egress: kl_lb_out --> client
 *	client --> uplink ingress: kl_lb_in --DNAT+SNAT--> back out --> remote pod --> uplink ingress: kl_lb_in -->
 *	client
 *	client --> uplink ingress: kl_lb_in --envelope--> back out --> the other node's uplink ingress: kl_lb_in
 *	opens it --DNAT--> stack --> its pod --> its uplink egress: kl_lb_out --> client
 *
 * Built twice: for XDP (KL_XDP), which leaves what it cannot do to tc behind it, and for tc. Replies of local pods are
 * translated on egress, which XDP does not have, so the tc programs are attached in every mode.
 */
#include "lib/fast.h"
#include "lib/forward.h"
#include "lib/fragment.h"
#include "lib/icmp_flow.h"
#include "lib/open.h"
#include "lib/reply.h"

#ifdef KL_XDP
#define HOOK_IN KL_HOOK_XDP
#else
#define HOOK_IN KL_HOOK_TC_IN
#endif
#include "lib/metadata.h"

char _license[] SEC("license") = "Dual BSD/GPL";

KL_INLINE int is_wanted(const struct kl_map_config *cfg, struct frontend frontend)
{
	return frontend.service && (frontend.type != KL_TYPE_CLUSTER_IP || cfg->flags & KL_CONFIG_EXTERNAL_CLUSTER_IP);
}

/* SCTP keeps its port towards a backend, so its replies may come to any. */
KL_INLINE int may_be_reply(const struct kl_map_config *cfg, const struct kl_flow_key *key)
{
	return is_snat_port(cfg, key->dport) || key->proto == IPPROTO_SCTP;
}

KL_INLINE int pass(struct kl_map_counters *counters)
{
	counters->passed++;
	return PASS;
}

/* What came in an envelope; is_envelope() has said that it may be one. */
KL_INLINE int unpack(
	ctx_t *ctx, const struct kl_map_config *cfg, struct scratch *scratch, struct kl_map_counters *counters)
{
	switch (envelope_open(ctx)) {
	case OPENED:
		return forward(ctx, cfg, &scratch->work, counters);
	case OPENED_ICMP:
		return icmp(ctx, scratch, counters, 0);
	case BAD_ENVELOPE:
		return drop_told(ctx, cfg, counters, &counters->drop_envelope);
	case LEFT_TO_TC:
		counters->deferred++;
		return PASS;
	default:
		return pass(counters);
	}
}

KL_INLINE int lb_in(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	work_clear(work, HOOK_IN);
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 0);
	if (is_envelope(cfg, &work->packet, parsed))
		return unpack(ctx, cfg, scratch, counters);
	if (!key_is_complete(work, parsed, counters))
		return pass(counters);
	/* Without a port of ours it is the answer to a pod that asked by packet: its own program's. */
	if (may_be_reply(cfg, &work->packet.key) && reply_find(cfg, work) && state_port(work->found.state)) {
		work->remote = 1;
		return reply(ctx, cfg, work, counters);
	}
	struct frontend frontend =
		frontend_find_any(cfg, work->packet.key.daddr, work->packet.key.dport, (__u8)work->packet.key.proto, 0);
	if (!is_wanted(cfg, frontend))
		return pass(counters);
	work->service = frontend.service;
	work->type = frontend.type;
	return forward(ctx, cfg, work, counters);
}

#ifdef KL_XDP
SEC("xdp")
int kl_lb_xdp_rest(struct xdp_md *ctx)
{
	return xdp_verdict(ctx, lb_in(ctx));
}

/* Two programs, so that each has the whole stack and the common packet's way stays short. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32)); /* no type: the kernel takes none for these */
	__array(values, int(void *));
} kl_lb_rest SEC(".maps") = {.values = {(void *)&kl_lb_xdp_rest}};

KL_INLINE int xdp_in(struct xdp_md *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters)
		return PASS;
	int verdict = fast_in(ctx, cfg, counters);
	if (verdict != FAST_NO)
		return xdp_verdict(ctx, verdict);
	bpf_tail_call(ctx, &kl_lb_rest, 0);
	return PASS; /* the other program is not there: tc does it */
}

SEC("xdp")
int kl_lb_xdp(struct xdp_md *ctx)
{
	return xdp_in(ctx);
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
	if (!cfg || !counters || !scratch || was_sent_on(ctx))
		return PASS;
	struct work *work = &scratch->work;
	work_clear(work, KL_HOOK_TC_OUT);
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 1);
	if (!key_is_complete(work, parsed, counters) || !reply_find(cfg, work))
		return PASS;
	work->remote = 0;
	return reply(ctx, cfg, work, counters);
}
#endif
