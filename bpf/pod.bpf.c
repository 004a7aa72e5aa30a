/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The pods' side of the dataplane. Two programs on the host side of every pod's link, and two on the uplink, behind
 * the balancer's:
 *
 *	pod ==> host side, ingress: kl_pod_out		whose address; Services per packet; bandwidth; past the stack
 *	pod <== host side, egress:  kl_pod_in		answers of Services per packet; bandwidth
 *	uplink, egress:  kl_uplink_out			masquerading
 *	uplink, ingress: kl_uplink_in			its answers; past the stack to the pod
 */
#include "lib/pod.h"
#include "lib/metadata.h"
#include "lib/pod_lb.h"
#include "lib/pod_nat.h"
#include "lib/pod_rate.h"
#include "lib/pod_route.h"
#include "lib/pod_spoof.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* -1: the packet goes on to work->to, otherwise a verdict. */
KL_INLINE int translate_out(ctx_t *ctx, const struct kl_map_config *cfg, const struct kl_map_net *net,
	struct work *work, struct kl_map_pod *pod, enum parsed parsed, struct kl_map_counters *counters)
{
	if (parsed == PARSED_ICMP)
		return pod_icmp_out(ctx);
	work->to = work->packet.key;
	if (!key_is_complete(work, parsed, counters))
		return -1;
	if (is_masquerade_port(net, work->packet.key.dport) && is_main_addr(cfg, work->packet.key.daddr)) {
		int answered = pod_self_answer(ctx);
		if (answered)
			return answered;
		work->to = work->packet.key;
	}
	if (!port_is_served(work->packet.key.dport) || !pod_frontend())
		return -1;
	return pod_balance(ctx, cfg, work, pod, counters);
}

/* What the packet may do at the pod's rate; leaves: it will go through the uplink's queue. */
KL_INLINE int egress_allows(ctx_t *ctx, const struct kl_map_net *net, struct kl_map_pod *pod, int leaves)
{
	if (!pod->egress.rate)
		return 1;
	return leaves && net->flags & KL_NET_DEPARTURE ? rate_depart(ctx, &pod->egress)
						       : rate_police(ctx, &pod->egress);
}

KL_INLINE int over_rate(ctx_t *ctx, const struct kl_map_config *cfg, __u64 *dropped, struct kl_map_counters *counters)
{
	__sync_fetch_and_add(dropped, 1);
	return drop_told(ctx, cfg, counters, &counters->drop_rate);
}

KL_INLINE int pod_route(ctx_t *ctx, const struct kl_map_config *cfg, const struct kl_map_net *net,
	struct kl_map_pod *pod, struct work *work, struct kl_map_counters *counters)
{
	__u32 ifindex = pod_ifindex(work->to.daddr);
	if (!egress_allows(ctx, net, pod, !ifindex && !is_main_addr(cfg, work->to.daddr)))
		return over_rate(ctx, cfg, &pod->egress_dropped, counters);
	if (!(net->flags & KL_NET_SHORTCUTS) || pod->flags & KL_POD_POLICY ||
		wants_stack(&work->packet, work->to.daddr))
		return PASS;
	return ifindex ? deliver(ctx, &work->packet, ifindex, counters) : leave(ctx, &work->packet, &work->to);
}

SEC("tc")
int kl_pod_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_pod *pod = pod_get(ctx->ifindex);
	if (!cfg || !net || !counters || !scratch)
		return DROP;
	struct work *work = &scratch->work;
	work_clear(work, KL_HOOK_POD_OUT);
	enum parsed parsed = packet_parse(ctx, &work->packet);
	/* A link whose pod is not known yet, or no more, speaks for nobody. */
	if (!pod || is_spoofed(ctx, pod)) {
		if (pod)
			__sync_fetch_and_add(&pod->spoofed, 1);
		return drop_told(ctx, cfg, counters, &counters->drop_spoofed);
	}
	if (ctx->protocol != bpf_htons(ETH_P_IP) && ctx->protocol != bpf_htons(ETH_P_IPV6))
		return PASS;
	int verdict = translate_out(ctx, cfg, net, work, pod, parsed, counters);
	if (verdict != -1)
		return verdict;
	return pod_route(ctx, cfg, net, pod, work, counters);
}

SEC("tc")
int kl_pod_in(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_pod *pod = pod_get(ctx->ifindex);
	if (!cfg || !counters || !scratch || !pod)
		return PASS;
	struct work *work = &scratch->work;
	work_clear(work, KL_HOOK_POD_IN);
	if (!pod->ingress.rate && !(pod->flags & KL_POD_FLOWS))
		return PASS;
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (!rate_police(ctx, &pod->ingress))
		return over_rate(ctx, cfg, &pod->ingress_dropped, counters);
	if (!(pod->flags & KL_POD_FLOWS))
		return PASS;
	if (parsed == PARSED_ICMP)
		return pod_icmp_in(ctx) ? DROP : PASS;
	if (!key_is_complete(work, parsed, counters) || !reply_find(cfg, work))
		return PASS;
	return pod_answer(ctx, cfg, work, counters) ? DROP : PASS;
}

/* A look at the source alone, since most of what leaves is the node's own or the balancer's. 1 where it cannot be read yet. */
KL_INLINE int may_be_of_a_pod(const ctx_t *ctx, const struct kl_map_net *net)
{
	const struct ethhdr *eth = ctx_data(ctx);
	const struct iphdr *v4 = (const void *)(eth + 1);
	const struct ipv6hdr *v6 = (const void *)(eth + 1);
	__be32 from[4];
	if ((const void *)(v4 + 1) > ctx_end(ctx))
		return 1;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		addr_from_v4(from, v4->saddr);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (const void *)(v6 + 1) <= ctx_end(ctx))
		addr_copy(from, v6->saddr.in6_u.u6_addr32);
	else
		return 1;
	return is_own_pod(net, from);
}

/* What leaves the cluster from a pod's address. The answers of local pods to the balancer's clients have the frontend's
 * by now. */
SEC("tc")
int kl_uplink_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !net || !counters || !scratch || !(net->flags & KL_NET_MASQUERADE) || !may_be_of_a_pod(ctx, net))
		return PASS;
	struct work *work = &scratch->work;
	work_clear(work, KL_HOOK_TC_OUT);
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (ctx->protocol != bpf_htons(ETH_P_IP) && ctx->protocol != bpf_htons(ETH_P_IPV6))
		return PASS;
	if (!is_own_pod(net, work->packet.key.saddr) || is_inside(&work->packet.key, 0))
		return PASS;
	if (net_key(ctx, work, parsed, counters))
		return masquerade(ctx, cfg, work, counters);
	return parsed == PARSED_ICMP ? masquerade_icmp_out(ctx) : PASS;
}

/* 1: work->to is where it goes, translated or not; 0: not a pod's. -1: drop. */
KL_INLINE int uplink_target(ctx_t *ctx, const struct kl_map_config *cfg, const struct kl_map_net *net,
	struct work *work, enum parsed parsed, struct kl_map_counters *counters)
{
	if (!(net->flags & KL_NET_MASQUERADE)) {
		work->to = work->packet.key;
		return 1;
	}
	int complete = net_key(ctx, work, parsed, counters);
	work->to = work->packet.key;
	if (!complete)
		return parsed == PARSED_ICMP && is_main_addr(cfg, work->to.daddr) ? masquerade_icmp_in(ctx) : 1;
	if (unmasquerade(cfg, net, work)) {
		track_reply(cfg, work);
		return net_rewrite(ctx, &work->packet, &work->to) ? -1 : 1;
	}
	work->to = work->packet.key;
	if (work->packet.key.proto != IPPROTO_TCP && is_own_pod(net, work->to.daddr))
		note_inbound(&work->packet);
	return 1;
}

SEC("tc")
int kl_uplink_in(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !net || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	work_clear(work, KL_HOOK_TC_IN);
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (ctx->protocol != bpf_htons(ETH_P_IP) && ctx->protocol != bpf_htons(ETH_P_IPV6))
		return PASS;
	int target = uplink_target(ctx, cfg, net, work, parsed, counters);
	if (target < 0)
		return drop(&counters->drop_rewrite);
	if (!target || !(net->flags & KL_NET_SHORTCUTS) || wants_stack(&work->packet, work->to.daddr))
		return PASS;
	__u32 ifindex = local_pod(net, work->to.daddr);
	return ifindex ? deliver(ctx, &work->packet, ifindex, counters) : PASS;
}
