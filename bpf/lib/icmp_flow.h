/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* ICMP errors find the flow that they speak of. XDP leaves them to tc. */
#ifndef KL_BPF_ICMP_FLOW_H
#define KL_BPF_ICMP_FLOW_H

#include "admit.h"
#include "answer.h"
#include "open.h"
#include "send.h"

#ifdef KL_XDP
KL_INLINE int icmp(ctx_t *ctx, struct scratch *scratch, struct kl_map_counters *counters, int egress)
{
	counters->deferred++;
	return PASS;
}
#else
/* From a backend, or from beyond it: the client shall read of the packet that it sent. */
KL_INLINE void icmp_to_client(
	struct work *work, const struct kl_map_tuple *tuple, const struct quoted *quoted, struct kl_flow_key *inner)
{
	addr_copy(inner->saddr, tuple->client);
	addr_copy(inner->daddr, tuple->frontend);
	inner->sport = tuple->client_port;
	inner->dport = tuple->frontend_port;
	addr_copy(work->to.daddr, tuple->client);
	addr_copy(work->to.saddr,
		addr_equal(work->packet.key.saddr, quoted->answer.saddr) ? tuple->frontend : work->packet.key.saddr);
}

/*
 * From the client's side: the backend shall read of the packet that it sent. The error keeps its sender where the backend
 * has the client's address before it.
 */
KL_INLINE int icmp_to_backend(
	const struct kl_map_config *cfg, struct work *work, const struct quoted *quoted, struct kl_flow_key *inner)
{
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	if (!backend)
		return -1;
	const __be32 *client = quoted->answer.saddr;
	int local = (backend->flags & KL_BE_LOCAL) && !addr_equal(client, backend->addr);
	const __be32 *node = work->packet.v6 ? cfg->node_addr6 : cfg->node_addr4;
	__be16 nat_port = state_port(work->found.state);
	addr_copy(inner->saddr, backend->addr);
	addr_copy(inner->daddr, nat_port && !local ? node : client);
	inner->sport = backend->port;
	inner->dport = nat_port ? nat_port : quoted->answer.sport;
	addr_copy(work->to.saddr, nat_port && !local ? node : work->packet.key.saddr);
	addr_copy(work->to.daddr, backend->addr);
	work->remote = nat_port && !(backend->flags & KL_BE_LOCAL);
	return 0;
}

/* The backend is on another node, which translates: the error goes there as it is, in an envelope. */
__noinline int icmp_enveloped(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return PASS;
	struct work *work = &scratch->work;
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	const __be32 *source = node_addr(cfg, work->packet.v6);
	if (!backend || !source || work->packet.ttl <= 1)
		return PASS;
	struct envelope envelope = {
		.src = source,
		.dst = backend->addr,
		.bytes = work->packet.end - ETH_HLEN,
		.hash = work->hash.line,
		.v6 = work->packet.v6,
		.port = envelope_port(cfg, backend),
		.tos = work->packet.tos,
		.keep_segments = 1,
	};
	counters->enveloped++;
	counters->icmp_translated++;
	return send(ctx, work, &envelope, counters);
}

struct icmp_error_head {
	__u8 type, code;
	__u16 csum;
	__be32 rest; /* of too big: the MTU */
};

/* The link on the way has room for so much, of which the envelope takes its part. */
KL_INLINE __be32 rest_without(const struct icmp_error_head *head, __u32 v6, __u32 around)
{
	int too_big = v6 ? head->type == 2 : head->type == 3 && head->code == 4;
	__u32 mtu = bpf_ntohl(head->rest);
	return too_big && mtu > around ? bpf_htonl(mtu - around) : head->rest;
}

/*
 * Takes the envelope out of the quotation. The bytes behind the IP header go, as many as the envelope has, and the last
 * eight of what stood there become the ICMP header: [ICMP][envelope][inside] -> [ICMP][inside]. The checksum is what it
 * was, less what has gone.
 */
KL_INLINE int icmp_unwrap(ctx_t *ctx, struct work *work, struct scratch *scratch, __u32 around, const __be32 client[4])
{
	struct icmp_error_head head;
	const struct packet *packet = &work->packet;
	__u32 bytes = around & 0x7c; /* whole words, at most 124 */
	if (packet->l4 > MAX_L4 / 4 || bpf_skb_load_bytes(ctx, packet->l4, &head, sizeof(head)) || bytes != around ||
		bytes < sizeof(struct iphdr) ||
		bpf_skb_load_bytes(ctx, packet->l4 + sizeof(head), scratch->quote, bytes))
		return -1;
	__be32 rest = rest_without(&head, packet->v6, around);
	__u64 diff = (__u64)(__u32)~sum_bytes(scratch->quote, bytes, 0) + (__u32)~head.rest + rest;
	__u32 length = packet->end - ETH_HLEN;
	if (packet->v6) {
		length -= (__u32)sizeof(struct ipv6hdr);
		diff = sum_addr(diff, packet->key.daddr, client);
		diff += (__u64)(__u32)~bpf_htonl(length) + bpf_htonl(length - around);
	}
	head.csum = csum_apply(head.csum, diff);
	head.rest = rest;
	if (bpf_skb_adjust_room(ctx, -(int)around, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO) ||
		bpf_skb_store_bytes(ctx, packet->l4, &head, sizeof(head), 0))
		return -1;
	__be16 total = bpf_htons((__u16)(length - around));
	if (packet->v6)
		return bpf_skb_store_bytes(ctx, ETH_HLEN + offsetof(struct ipv6hdr, payload_len), &total, 2, 0) ||
		       v6_readdress(ctx, ETH_HLEN, packet->key.saddr, client);
	return bpf_skb_store_bytes(ctx, ETH_HLEN + offsetof(struct iphdr, tot_len), &total, 2, 0) ||
	       bpf_l3_csum_replace(ctx, ETH_HLEN + offsetof(struct iphdr, check), bpf_htons((__u16)length), total, 2) ||
	       v4_readdress(ctx, ETH_HLEN, packet->key.saddr, client);
}

/* A router on the way to a backend's node speaks of an envelope: the client shall read of what was in it. */
__noinline int icmp_of_envelope(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return PASS;
	struct work *work = &scratch->work;
	const struct packet *outer = &scratch->quoted.packet;
	const __be32 *source = node_addr(cfg, work->packet.v6);
	__u32 around = outer_bytes_at(ctx, outer, scratch->quoted.ip);
	__u32 plain = (work->packet.v6 ? (__u32)sizeof(struct ipv6hdr) : (__u32)sizeof(struct iphdr)) + ETH_HLEN;
	if (!source || !addr_equal(outer->key.saddr, source) || !around || work->packet.l4 != plain)
		return PASS;
	if (quoted_packet(ctx, scratch->quoted.ip + around, work->packet.v6, &scratch->inner) != PARSED_FLOW)
		return PASS;
	flow_hash(&scratch->inner.key, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || !state_is_oneway(work->found.state))
		return PASS;
	if (icmp_unwrap(ctx, work, scratch, around, scratch->inner.key.saddr))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return send_out(ctx, way_out(ctx, &work->packet, work->packet.key.saddr, scratch->inner.key.saddr));
}

/* Of a packet that was translated: rewrites the error, and says where it goes. */
__noinline int icmp_of_flow(ctx_t *ctx, int egress)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return PASS;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_is_void(work->found.state) ||
		!state_backend(work->found.state)) /* masquerading's: the pods' programs see to it */
		return PASS;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple)
		return PASS;
	work->remote = !egress;
	if (work->found.state >> STATE_REVERSE_SHIFT & 1) {
		if (!egress && !state_port(work->found.state))
			return PASS; /* a pod's that asked by packet: its own program sees to it */
		icmp_to_client(work, tuple, quoted, inner);
	} else {
		if (!egress && state_is_oneway(work->found.state))
			return icmp_enveloped(ctx);
		if (egress || icmp_to_backend(cfg, work, quoted, inner))
			return PASS;
	}
	__u32 ifindex = work->remote ? way_out(ctx, &work->packet, work->to.saddr, work->to.daddr) : 0;
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return work->remote ? send_out(ctx, ifindex) : PASS;
}

__noinline int icmp_translate(struct __sk_buff *ctx, int egress)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !scratch)
		return PASS;
	enum parsed parsed = (enum parsed)quoted_look(ctx, &scratch->work.packet, &scratch->quoted);
	if (!egress && is_envelope(cfg, &scratch->quoted.packet, parsed))
		return icmp_of_envelope(ctx);
	return parsed == PARSED_FLOW ? icmp_of_flow(ctx, egress) : PASS;
}

KL_INLINE int icmp(ctx_t *ctx, struct scratch *scratch, struct kl_map_counters *counters, int egress)
{
	return icmp_translate(ctx, egress);
}
#endif

#endif
