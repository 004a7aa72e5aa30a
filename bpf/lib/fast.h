/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The common packet, for XDP: TCP or UDP behind plain headers, of a flow that is known, towards a local backend or in an
 * envelope to another node; and the first packet of a flow that goes in an envelope. What it knows of the packet stays
 * on the stack, no helper is called that can be avoided, and the flow is looked for before the frontend: a known flow
 * needs none. Everything else, and everything odd, is left to the general path (forward.h), which does without this.
 */
#ifndef KL_BPF_FAST_H
#define KL_BPF_FAST_H

#include "encap.h"
#include "event.h"
#include "hop.h"
#include "mss.h"
#include "work.h"

#ifdef KL_XDP

enum { FAST_NO = -1 /* left to the general path */ };

struct quick {
	struct kl_flow_hash hash;
	struct found found;
	__u64 ticks;
	__u32 bytes; /* of the frame */
	__u8 v6, proto, tcp_flags;
	__u8 reserved;
};

enum { V4_PLAIN = 0x45, V4_L4 = ETH_HLEN + sizeof(struct iphdr), V6_L4 = ETH_HLEN + sizeof(struct ipv6hdr) };

KL_INLINE int quick_ports(ctx_t *ctx, struct quick *q, struct kl_flow_key *key, __u32 l4)
{
	const struct udphdr *udp = ctx_data(ctx) + l4;
	const struct tcphdr *tcp = ctx_data(ctx) + l4;
	q->tcp_flags = 0;
	if (key->proto == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > ctx_end(ctx))
			return FAST_NO;
		q->tcp_flags = ((const __u8 *)tcp)[13];
	} else if (key->proto != IPPROTO_UDP || (void *)(udp + 1) > ctx_end(ctx)) {
		return FAST_NO;
	}
	key->sport = udp->source;
	key->dport = udp->dest;
	q->proto = (__u8)key->proto;
	return 0;
}

KL_INLINE int quick_v4(ctx_t *ctx, struct quick *q, struct kl_flow_key *key)
{
	const struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)(ip + 1) > ctx_end(ctx) || *(const __u8 *)ip != V4_PLAIN || ip->frag_off & bpf_htons(0x3fff) ||
		ip->ttl <= 1)
		return FAST_NO;
	q->v6 = 0;
	addr_from_v4(key->saddr, ip->saddr);
	addr_from_v4(key->daddr, ip->daddr);
	key->proto = ip->protocol;
	return quick_ports(ctx, q, key, V4_L4);
}

KL_INLINE int quick_v6(ctx_t *ctx, struct quick *q, struct kl_flow_key *key)
{
	const struct ipv6hdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)(ip + 1) > ctx_end(ctx) || ip->hop_limit <= 1)
		return FAST_NO;
	q->v6 = 1;
	addr_copy(key->saddr, ip->saddr.in6_u.u6_addr32);
	addr_copy(key->daddr, ip->daddr.in6_u.u6_addr32);
	key->proto = ip->nexthdr;
	return quick_ports(ctx, q, key, V6_L4);
}

/*
 * The packet's tuple. It is read again wherever it is needed: the packet is at hand, and ten words kept meanwhile would be
 * ten words written to the stack and back.
 */
KL_INLINE int quick_key(ctx_t *ctx, struct quick *q, struct kl_flow_key *key)
{
	const struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return FAST_NO;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return quick_v4(ctx, q, key);
	return eth->h_proto == bpf_htons(ETH_P_IPV6) ? quick_v6(ctx, q, key) : FAST_NO;
}

/* --- to a local backend: the destination alone changes */

KL_INLINE int quick_csum(ctx_t *ctx, const struct quick *q, __u32 l4, __u64 diff)
{
	int udp = q->proto == IPPROTO_UDP;
	__u16 *csum = ctx_data(ctx) + l4 + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
	if ((void *)(csum + 1) > ctx_end(ctx))
		return FAST_NO;
	if (udp && !*csum)
		return 0;
	__u16 value = csum_apply(*csum, diff);
	*csum = udp && !value ? 0xffff : value;
	return 0;
}

KL_INLINE int local_v4(ctx_t *ctx, const struct quick *q, const struct kl_map_backend *backend)
{
	struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(ports + 1) > ctx_end(ctx))
		return FAST_NO;
	__u64 diff = (__u64)(__u32)~ip->daddr + backend->addr[3];
	if (quick_csum(ctx, q, V4_L4, sum_16(diff, ports->dest, backend->port)))
		return FAST_NO;
	ip->check = csum_apply(ip->check, diff);
	ip->daddr = backend->addr[3];
	ports->dest = backend->port;
	return PASS;
}

KL_INLINE int local_v6(ctx_t *ctx, const struct quick *q, const struct kl_map_backend *backend)
{
	struct ipv6hdr *ip = ctx_data(ctx) + ETH_HLEN;
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(ports + 1) > ctx_end(ctx))
		return FAST_NO;
	__u64 diff = sum_addr(0, ip->daddr.in6_u.u6_addr32, backend->addr);
	if (quick_csum(ctx, q, V6_L4, sum_16(diff, ports->dest, backend->port)))
		return FAST_NO;
	addr_copy(ip->daddr.in6_u.u6_addr32, backend->addr);
	ports->dest = backend->port;
	return PASS;
}

/* --- both addresses change, and it goes out again: to a backend on another node, and back from there */

struct quick_to {
	const __be32 *src, *dst;
	__be16 sport, dport;
};

KL_INLINE int turn_v4(ctx_t *ctx, const struct quick *q, const struct quick_to *to)
{
	struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(ports + 1) > ctx_end(ctx))
		return FAST_NO;
	__u64 diff = (__u64)(__u32)~ip->daddr + to->dst[3] + (__u32)~ip->saddr + to->src[3];
	if (quick_csum(ctx, q, V4_L4, sum_16(sum_16(diff, ports->dest, to->dport), ports->source, to->sport)))
		return FAST_NO;
	ip->check = csum_apply(ip->check, sum_16(diff, bpf_htons(0x0100), 0));
	ip->ttl--;
	ip->saddr = to->src[3];
	ip->daddr = to->dst[3];
	ports->source = to->sport;
	ports->dest = to->dport;
	return 0;
}

KL_INLINE int turn_v6(ctx_t *ctx, const struct quick *q, const struct quick_to *to)
{
	struct ipv6hdr *ip = ctx_data(ctx) + ETH_HLEN;
	struct udphdr *ports = (void *)(ip + 1);
	if ((void *)(ports + 1) > ctx_end(ctx))
		return FAST_NO;
	__u64 diff = sum_addr(sum_addr(0, ip->daddr.in6_u.u6_addr32, to->dst), ip->saddr.in6_u.u6_addr32, to->src);
	if (quick_csum(ctx, q, V6_L4, sum_16(sum_16(diff, ports->dest, to->dport), ports->source, to->sport)))
		return FAST_NO;
	ip->hop_limit--;
	addr_copy(ip->saddr.in6_u.u6_addr32, to->src);
	addr_copy(ip->daddr.in6_u.u6_addr32, to->dst);
	ports->source = to->sport;
	ports->dest = to->dport;
	return 0;
}

KL_INLINE int quick_turn(ctx_t *ctx, const struct quick *q, const struct quick_to *to, const struct hop *hop)
{
	if (q->v6 ? turn_v6(ctx, q, to) : turn_v4(ctx, q, to))
		return FAST_NO;
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return DROP;
	hop_write(eth, hop);
	return XDP_TX;
}

KL_INLINE int quick_snat(ctx_t *ctx, const struct kl_map_config *cfg, const struct quick *q,
	const struct kl_map_backend *backend, __u32 id)
{
	struct hop hop;
	struct quick_to to = {.src = q->v6 ? cfg->node_addr6 : cfg->node_addr4,
		.dst = backend->addr,
		.sport = state_port(q->found.state),
		.dport = backend->port};
	if (backend->flags & KL_BE_LOCAL || !hop_find(ctx, id, backend, (__u32)q->ticks, &hop))
		return FAST_NO;
	return quick_turn(ctx, q, &to, &hop);
}

/* --- in an envelope */

/* v6 is a constant in each of the two calls, which makes two straight pieces of code of this. */
KL_INLINE int quick_seal(ctx_t *ctx, const struct quick *q, const struct hop *hop, struct envelope *envelope, __u32 v6)
{
	envelope->v6 = v6;
	if (envelope_seal(ctx, envelope))
		return FAST_NO; /* nothing was changed: there was no room in front */
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return DROP;
	hop_write(eth, hop);
	return XDP_TX;
}

KL_INLINE __u8 quick_tos(ctx_t *ctx, __u32 v6)
{
	const __u8 *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)(ip + 2) > ctx_end(ctx))
		return 0;
	return v6 ? (__u8)(ip[0] << 4 | ip[1] >> 4) : ip[1];
}

KL_INLINE int quick_send(ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters,
	const struct quick *q, const struct kl_map_backend *backend, __u32 id)
{
	struct envelope envelope = {
		.src = q->v6 ? cfg->node_addr6 : cfg->node_addr4,
		.dst = backend->addr,
		.bytes = q->bytes - ETH_HLEN,
		.hash = q->hash.line,
		.port = envelope_port(cfg, backend),
		.tos = quick_tos(ctx, q->v6),
	};
	struct hop hop;
	if (envelope.bytes + envelope_bytes(q->v6, envelope.port) > uplink_mtu(cfg) ||
		!hop_find(ctx, id, backend, (__u32)q->ticks, &hop))
		return FAST_NO;
	int verdict = q->v6 ? quick_seal(ctx, q, &hop, &envelope, 1) : quick_seal(ctx, q, &hop, &envelope, 0);
	if (verdict == XDP_TX)
		counters->enveloped++;
	return verdict;
}

KL_INLINE void quick_count(struct kl_map_counters *counters, const struct quick *q, __u32 id, __u32 connections)
{
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	counters->forwarded++;
	if (!traffic)
		return;
	traffic->connections += connections;
	traffic->packets++;
	traffic->bytes += q->bytes;
}

/* --- a known flow */

/* The flow may be used as it is: no phase changes by this packet, and its backend is the one it was made for. */
KL_INLINE int quick_is_plain(const struct quick *q)
{
	__u64 state = q->found.state;
	__u32 phase = state_phase(state);
	if (q->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST))
		return 0;
	return phase == KL_PHASE_OPEN || phase == KL_PHASE_UDP ||
	       (phase == KL_PHASE_ANSWERED && state_is_oneway(state) && state_stamp(state) == (__u16)q->ticks);
}

KL_INLINE void quick_touch(const struct quick *q)
{
	struct kl_map_flow *flow = state_stamp(q->found.state) == (__u16)q->ticks ? NULL : flow_at(q->found.index);
	if (flow)
		KL_WRITE(*flow_stamp(flow), (__u16)q->ticks);
}

/* The reply of a backend on another node. */
KL_INLINE int quick_reply(ctx_t *ctx, struct kl_map_counters *counters, const struct quick *q, __u32 id)
{
	const struct kl_map_tuple *tuple = tuple_at(q->found.index);
	const struct hop_client *client =
		tuple && state_port(q->found.state) ? hop_client_find(ctx, tuple, (__u32)q->ticks) : NULL;
	if (!client)
		return FAST_NO;
	struct quick_to to = {tuple->frontend, tuple->client, tuple->frontend_port, tuple->client_port};
	int verdict = quick_turn(ctx, q, &to, &client->hop);
	if (verdict == FAST_NO)
		return FAST_NO;
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic)
		traffic->reply_bytes += q->bytes;
	counters->returned++;
	quick_touch(q);
	return verdict;
}

KL_INLINE int quick_known(
	ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters, const struct quick *q)
{
	__u64 state = q->found.state;
	__u32 id = state_backend(state);
	const struct kl_map_backend *backend = backend_get(id);
	if (!quick_is_plain(q) || !backend || !id || backend->generation != state_generation(state))
		return FAST_NO;
	if (state >> STATE_REVERSE_SHIFT & 1)
		return quick_reply(ctx, counters, q, id);
	int verdict;
	if (state_is_oneway(state))
		verdict = quick_send(ctx, cfg, counters, q, backend, id);
	else if (state_port(state))
		verdict = quick_snat(ctx, cfg, q, backend, id);
	else
		verdict = q->v6 ? local_v6(ctx, q, backend) : local_v4(ctx, q, backend);
	if (verdict == FAST_NO)
		return FAST_NO;
	quick_touch(q);
	quick_count(counters, q, id, 0);
	return verdict;
}

/* --- a new flow, in an envelope */

/* The backend of a service without conditions; 0: the service has some, or nobody. */
KL_INLINE __u32 quick_pick(const struct kl_map_config *cfg, const struct kl_flow_key *key)
{
	struct frontend frontend = frontend_find_any(cfg, key->daddr, key->dport, (__u8)key->proto, 0);
	__u32 id = frontend.service;
	struct kl_map_service *service = bpf_map_lookup_elem(&kl_services, &id);
	struct choice choice;
	if (!id || frontend.type == KL_TYPE_CLUSTER_IP || !service || choice_open(service, 1, &choice) ||
		choice.set->flags & (KL_SET_AFFINITY | KL_SET_RANGES | KL_SET_EXTERNAL_LOCAL) ||
		(choice.set->algorithm != KL_PICK_MAGLEV && choice.set->algorithm != KL_PICK_RANDOM))
		return 0;
	return choice_slot(&choice, kl_below(kl_pick_hash(key), choice.count));
}

/* The entry is made before the packet goes: where sending fails, the general path finds it. */
KL_INLINE int quick_admit(
	ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters, struct quick *q)
{
	struct kl_flow_key key;
	__u32 id = quick_key(ctx, q, &key) ? 0 : quick_pick(cfg, &key);
	const struct kl_map_backend *backend = id ? backend_get(id) : NULL;
	if (!backend)
		return FAST_NO;
	__u8 generation = KL_READ(backend->generation), flags = KL_READ(backend->flags);
	if ((flags & (KL_BE_LIVE | KL_BE_LOCAL)) != KL_BE_LIVE || backend->forward == KL_FORWARD_SNAT ||
		addr_is_v4(backend->addr) == q->v6 || addr_equal(key.saddr, backend->addr))
		return FAST_NO;
	if (q->tcp_flags & TCP_SYN &&
		mss_clamp(ctx, q->v6 ? V6_L4 : V4_L4, mss_within(cfg, q->v6, envelope_port(cfg, backend))))
		return FAST_NO;
	__u64 state = (__u64)id | (__u64)generation << STATE_GENERATION_SHIFT |
		      (__u64)KL_PHASE_NEW << STATE_PHASE_SHIFT | (__u64)(__u16)q->ticks << STATE_STAMP_SHIFT |
		      (__u64)bpf_htons(KL_FLOW_DSR) << STATE_PORT_SHIFT;
	__u32 place = half_claim(cfg, counters, &q->hash, (__u16)q->ticks);
	if (!place)
		return FAST_NO;
	publish_state(place - 1, q->hash.fingerprint, state);
	counters->flows_inserted++;
	int verdict = quick_send(ctx, cfg, counters, q, backend, id);
	if (verdict == XDP_TX)
		quick_count(counters, q, id, 1);
	return verdict;
}

/* FAST_NO, or the packet's verdict. */
KL_INLINE int fast_in(ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters)
{
	struct kl_flow_key key;
	struct quick q;
	q.bytes = ctx_bytes(ctx);
	if (quick_key(ctx, &q, &key))
		return FAST_NO;
	int served = port_is_served(key.dport);
	if (!served && !is_snat_port(cfg, key.dport)) {
		if (key.dport == cfg->geneve_port)
			return FAST_NO;
		counters->passed++;
		return PASS;
	}
	if (event_wanted(cfg))
		return FAST_NO;
	q.ticks = now_ticks(cfg);
	q.hash = kl_flow_hash(cfg->hash_key, &key);
	if (region_find(region_main(cfg), &q.hash, &q.found) || half_find(cfg, &q.hash, &q.found))
		return quick_known(ctx, cfg, counters, &q);
	if (!served || over_is_used(cfg) || q.tcp_flags & (TCP_FIN | TCP_RST))
		return FAST_NO;
	return quick_admit(ctx, cfg, counters, &q);
}

#endif
#endif
