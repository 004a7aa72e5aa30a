/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Masquerading on the uplink: what a pod sends out of the cluster leaves from the node's address, in the connection
 * table like a Service's flows but with no backend (index 0):
 *
 *	uplink egress	pod:p -> remote:80	becomes	node:q -> remote:80
 *	uplink ingress	remote:80 -> node:q	becomes	remote:80 -> pod:p
 *
 * TCP, UDP, SCTP (whose port stays), ICMP echoes (the identifier takes the client port's place) and ICMP errors about them. What somebody outside
 * began is answered under the pod's own address: for TCP the SYN tells, for the others kl_inbound remembers.
 */
#ifndef KL_BPF_POD_NAT_H
#define KL_BPF_POD_NAT_H

#include "fragment.h"
#include "icmp_flow.h"
#include "pod_port.h"
#include "reply.h"

enum { INBOUND_REFRESH_TICKS = 8, INBOUND_TICKS = 180 };

struct icmp_head { /* RFC 792, 4443 */
	__u8 type, code;
	__be16 csum, id, sequence;
};

KL_INLINE int is_echo_request(__u8 type, int v6)
{
	return type == (v6 ? 128 : 8);
}

KL_INLINE int is_echo_reply(__u8 type, int v6)
{
	return type == (v6 ? 129 : 0);
}

/* 1: an echo, whose identifier is in the key now, on the asking side. */
KL_INLINE int echo_key(ctx_t *ctx, struct packet *packet)
{
	struct icmp_head head;
	if (bpf_skb_load_bytes(ctx, packet->l4, &head, sizeof(head)))
		return 0;
	packet->key.sport = is_echo_request(head.type, packet->v6) ? head.id : 0;
	packet->key.dport = is_echo_reply(head.type, packet->v6) ? head.id : 0;
	return is_echo_request(head.type, packet->v6) || is_echo_reply(head.type, packet->v6);
}

/* Completes the key of what can be masqueraded. */
KL_INLINE int net_key(ctx_t *ctx, struct work *work, enum parsed parsed, struct kl_map_counters *counters)
{
	if (parsed == PARSED_ICMP) {
		if (!echo_key(ctx, &work->packet))
			return 0;
		parsed = PARSED_FLOW;
	}
	return key_is_complete(work, parsed, counters);
}

/* An echo with another identifier, and other addresses. */
KL_INLINE int echo_rewrite(ctx_t *ctx, const struct packet *packet, const struct kl_flow_key *to)
{
	__be16 from = packet->key.sport | packet->key.dport, id = to->sport | to->dport;
	__u32 csum = packet->l4 + offsetof(struct icmp_head, csum);
	__u64 diff = sum_addr(sum_addr(0, packet->key.saddr, to->saddr), packet->key.daddr, to->daddr);
	if (readdress(ctx, packet->v6, ETH_HLEN, to->saddr, to->daddr))
		return -1;
	if (packet->later_fragment)
		return 0;
	if (bpf_skb_store_bytes(ctx, packet->l4 + offsetof(struct icmp_head, id), &id, sizeof(id), 0) ||
		bpf_l4_csum_replace(ctx, csum, 0, sum_fold32(sum_16(0, from, id)), 0))
		return -1;
	return packet->v6 ? (int)bpf_l4_csum_replace(ctx, csum, 0, sum_fold32(diff), BPF_F_PSEUDO_HDR | csum_v6_flag)
			  : 0;
}

KL_INLINE int is_icmp(const struct packet *packet)
{
	return packet->key.proto == IPPROTO_ICMP || packet->key.proto == IPPROTO_ICMPV6;
}

/* 0 or -1. */
__noinline int net_rewrite(struct __sk_buff *ctx, const struct packet *packet, const struct kl_flow_key *to)
{
	if (!packet || !to)
		return -1;
	return is_icmp(packet) ? echo_rewrite(ctx, packet, to) : packet_rewrite(ctx, packet, to, 0);
}

/* A flow of a pod to the outside begins, with the packet in scratch->work. 1: work->found holds it. */
__noinline int masquerade_admit(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !net || !scratch || !counters)
		return 0;
	struct work *work = &scratch->work;
	const struct kl_flow_key *key = &work->packet.key;
	const __be32 *source = node_addr(cfg, work->packet.v6);
	if (!source) {
		counters->drop_no_node_addr++;
		return 0;
	}
	struct new_flow *new = &scratch->new;
	struct kl_flow_key *reply = &scratch->reply;
	__u64 now = now_ticks(cfg);
	addr_copy(reply->saddr, key->daddr);
	addr_copy(reply->daddr, source);
	reply->sport = key->dport;
	reply->dport = key->sport; /* that of SCTP stays */
	reply->proto = key->proto;
	__be16 port = free_port(ctx, work, scratch, pod_ports(net), (__u16)now);
	if (!port) {
		counters->drop_no_nat_port++;
		return 0;
	}
	tuple_fill(&new->tuple, key, port, (__u32)now);
	new->forward = work->hash;
	new->confirmed = 0;
	new->state = new_state(0, 0, port, now);
	if (flow_insert(new)) {
		counters->drop_ct_full++;
		return 0;
	}
	counters->flows_inserted++;
	work->found.index = new->index;
	work->found.state = new->state;
	return 1;
}

/* Does a packet of a pod that belongs to no known flow begin one? */
KL_INLINE int begins_flow(const struct kl_map_config *cfg, const struct packet *packet)
{
	if (packet->key.proto == IPPROTO_TCP)
		return (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
	if (is_icmp(packet) && !packet->key.sport)
		return 0; /* an echo's answer */
	const __u32 *tick = bpf_map_lookup_elem(&kl_inbound, &packet->key);
	return !tick || (__u32)now_ticks(cfg) - *tick > INBOUND_TICKS;
}

KL_INLINE void masquerade_to(const struct kl_map_config *cfg, struct work *work)
{
	work->to = work->packet.key;
	addr_copy(work->to.saddr, work->packet.v6 ? cfg->node_addr6 : cfg->node_addr4);
	work->to.sport = state_port(work->found.state);
}

/* A pod's packet to the outside, its key complete: a verdict. */
KL_INLINE int masquerade(
	ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	flow_hash(&work->packet.key, &work->hash);
	int known = flow_find(cfg, &work->hash, &work->found);
	if (known && (work->found.state >> STATE_REVERSE_SHIFT & 1 || state_backend(work->found.state)))
		return PASS; /* the answer to a flow that the balancer made */
	if (known && is_restart(work)) {
		flow_free_pair(work->found.index);
		known = 0;
	}
	if (!known && !begins_flow(cfg, &work->packet))
		return PASS;
	if (!known && !masquerade_admit(ctx))
		return DROP;
	masquerade_to(cfg, work);
	track_forward(cfg, work);
	counters->masqueraded++;
	return net_rewrite(ctx, &work->packet, &work->to) ? drop(&counters->drop_rewrite) : PASS;
}

/* 1: an answer to a masqueraded flow, work->to says whose. */
KL_INLINE int unmasquerade(const struct kl_map_config *cfg, const struct kl_map_net *net, struct work *work)
{
	if (!is_main_addr(cfg, work->packet.key.daddr) ||
		(!is_masquerade_port(net, work->packet.key.dport) && work->packet.key.proto != IPPROTO_SCTP))
		return 0;
	return reply_find(cfg, work) && !state_backend(work->found.state);
}

/* Remembers that somebody outside began to talk to a pod by its own address. */
__noinline int note_inbound(const struct packet *packet)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !packet || packet->key.proto == IPPROTO_TCP || is_inside(&packet->key, 1))
		return 0;
	struct kl_flow_key answer = {
		.sport = packet->key.dport, .dport = packet->key.sport, .proto = packet->key.proto};
	addr_copy(answer.saddr, packet->key.daddr);
	addr_copy(answer.daddr, packet->key.saddr);
	__u32 now = (__u32)now_ticks(cfg);
	const __u32 *tick = bpf_map_lookup_elem(&kl_inbound, &answer);
	if (tick && now - *tick < INBOUND_REFRESH_TICKS)
		return 0;
	return (int)bpf_map_update_elem(&kl_inbound, &answer, &now, BPF_ANY);
}

/* --- ICMP errors about masqueraded flows */

/* quoted_parse() of TCP and UDP; of an echo the identifier and sequence stand where others have their ports. */
KL_INLINE int net_quoted(ctx_t *ctx, const struct packet *packet, struct quoted *quoted, __be16 *ret_sequence)
{
	struct icmp_head head;
	*ret_sequence = 0;
	if (!quoted_parse(ctx, packet, quoted))
		return 0;
	if (bpf_skb_load_bytes(ctx, packet->l4, &head, sizeof(head)) || !icmp_is_error(head.type, packet->v6))
		return -1;
	if (quoted->answer.proto != IPPROTO_ICMP && quoted->answer.proto != IPPROTO_ICMPV6)
		return -1;
	if (bpf_skb_load_bytes(ctx, quoted->ports, &head, sizeof(head)) || !is_echo_request(head.type, packet->v6))
		return -1;
	quoted->ports += offsetof(struct icmp_head, id);
	quoted->answer.sport = 0;
	quoted->answer.dport = head.id;
	*ret_sequence = head.sequence;
	return 0;
}

/* From outside to a pod: 1: done, work->to says to whom; 0: not about a masqueraded flow. */
__noinline int masquerade_icmp_in(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return 0;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	__be16 sequence;
	if (net_quoted(ctx, &work->packet, quoted, &sequence))
		return 0;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_backend(work->found.state) ||
		!(work->found.state >> STATE_REVERSE_SHIFT & 1))
		return 0;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple)
		return 0;
	icmp_to_client(work, tuple, quoted, inner);
	if (sequence)
		inner->dport = quoted->answer.sport = sequence;
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to)) {
		counters->drop_rewrite++;
		return 0;
	}
	counters->icmp_translated++;
	return 1;
}

/* From a pod about what came back to it. A verdict. */
__noinline int masquerade_icmp_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return PASS;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	if (quoted_parse(ctx, &work->packet, quoted))
		return PASS;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_backend(work->found.state) ||
		work->found.state >> STATE_REVERSE_SHIFT & 1)
		return PASS;
	const __be32 *source = node_addr(cfg, work->packet.v6);
	if (!source)
		return PASS;
	addr_copy(inner->saddr, quoted->answer.daddr);
	addr_copy(inner->daddr, source);
	inner->sport = quoted->answer.dport;
	inner->dport = state_port(work->found.state);
	addr_copy(work->to.saddr, source);
	addr_copy(work->to.daddr, work->packet.key.daddr);
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return PASS;
}

#endif
