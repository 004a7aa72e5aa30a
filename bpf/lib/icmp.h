/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * ICMP errors about flows of ours: the packet they quote was translated, so the quotation is translated back, or its
 * receiver would not know it (RFC 5508, sections 4 and 5). tc only: XDP leaves them to it.
 *
 *	from beyond a remote backend	quotes node:nat > backend	becomes client > frontend, sent to the client
 *	from a local backend		quotes client > backend		becomes client > frontend
 *	from the client's side		quotes frontend > client	becomes backend > client or node:nat, sent
 *								to the backend; by DSR as it is, in an envelope
 *	from before a backend of DSR	quotes an envelope of ours	what was in it is quoted, to the client
 */
#ifndef KL_BPF_ICMP_H
#define KL_BPF_ICMP_H

#include "conntrack.h"
#include "packet.h"

/* Where things stand in the packet, and the quotation's tuple turned round: the key of the traffic in answer to it. */
struct quoted {
	struct kl_flow_key answer;
	__u32 ip;    /* offset of the quoted IP header */
	__u32 ports; /* offset of the quoted ports */
	struct packet packet;
};

enum { QUOTED_PORTS = 8 }; /* so much of a transport header every error quotes (RFC 792) */

KL_INLINE int icmp_is_error(__u8 type, int v6)
{
	return v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
}

/* The quotation as a packet, in scratch->inner or wherever the caller has room. Only what is linear is looked at. */
KL_INLINE enum parsed quoted_packet(ctx_t *ctx, __u32 at, __u32 v6, struct packet *ret)
{
	packet_clear(ret, 0);
	ret->v6 = (__u8)v6;
	return parse_inner(ctx_data(ctx), ctx_end(ctx), at, ret, PORTS_ONLY);
}

/* As found behind the quoted header: turned round, it is the key of the traffic in answer to it. */
KL_INLINE void quoted_turn(struct quoted *quoted, const struct packet *packet)
{
	addr_copy(quoted->answer.saddr, packet->key.daddr);
	addr_copy(quoted->answer.daddr, packet->key.saddr);
	quoted->answer.sport = packet->key.dport;
	quoted->answer.dport = packet->key.sport;
	quoted->answer.proto = packet->key.proto;
	quoted->ports = packet->l4;
}

/* enum parsed of the packet that an ICMP error in hand quotes; PARSED_OTHER when it is no error. */
__noinline int quoted_look(ctx_t *ctx, const struct packet *packet, struct quoted *quoted)
{
	__u8 type;
	if (!packet || !quoted || bpf_skb_load_bytes(ctx, packet->l4, &type, 1) || !icmp_is_error(type, packet->v6))
		return PARSED_OTHER;
	ctx_linear(ctx, PULL_DEEP);
	quoted->ip = packet->l4 + 8;
	enum parsed parsed = quoted_packet(ctx, quoted->ip, packet->v6, &quoted->packet);
	quoted_turn(quoted, &quoted->packet);
	return (int)(parsed == PARSED_FLOW && quoted->ports + QUOTED_PORTS > packet->end ? PARSED_MALFORMED : parsed);
}

KL_INLINE int quoted_parse(ctx_t *ctx, const struct packet *packet, struct quoted *quoted)
{
	return quoted_look(ctx, packet, quoted) == PARSED_FLOW ? 0 : -1;
}

/* The addresses of an IPv4 header at `at`, with its checksum. */
KL_INLINE int v4_readdress(ctx_t *ctx, __u32 at, const __be32 src[4], const __be32 dst[4])
{
	struct iphdr ip;
	if (bpf_skb_load_bytes(ctx, at, &ip, sizeof(ip)))
		return -1;
	__u64 diff = (__u64)(__u32)~ip.saddr + src[3] + (__u32)~ip.daddr + dst[3];
	ip.check = csum_apply(ip.check, diff);
	ip.saddr = src[3];
	ip.daddr = dst[3];
	return (int)bpf_skb_store_bytes(ctx, at, &ip, sizeof(ip), 0);
}

KL_INLINE int v6_readdress(ctx_t *ctx, __u32 at, const __be32 src[4], const __be32 dst[4])
{
	if (bpf_skb_store_bytes(ctx, at + offsetof(struct ipv6hdr, saddr), src, 16, 0))
		return -1;
	return (int)bpf_skb_store_bytes(ctx, at + offsetof(struct ipv6hdr, daddr), dst, 16, 0);
}

KL_INLINE int readdress(ctx_t *ctx, int v6, __u32 at, const __be32 src[4], const __be32 dst[4])
{
	return v6 ? v6_readdress(ctx, at, src, dst) : v4_readdress(ctx, at, src, dst);
}

/*
 * inner: what the quotation shall say, as sent. outer: addresses of the error itself. In IPv4 the inner header's own
 * checksum keeps its sum constant, so only the ports count; in IPv6 the addresses do, and the pseudo header's.
 */
KL_INLINE int icmp_rewrite(ctx_t *ctx, const struct packet *packet, const struct quoted *quoted,
	const struct kl_flow_key *inner, const struct kl_flow_key *outer)
{
	__be16 ports[2] = {inner->sport, inner->dport};
	__u32 csum = packet->l4 + 2;
	__u64 diff = sum_16(sum_16(0, quoted->answer.dport, inner->sport), quoted->answer.sport, inner->dport);
	if (packet->v6)
		diff = sum_addr(sum_addr(diff, quoted->answer.daddr, inner->saddr), quoted->answer.saddr, inner->daddr);
	__u64 outer_diff = sum_addr(sum_addr(0, packet->key.saddr, outer->saddr), packet->key.daddr, outer->daddr);
	if (bpf_skb_store_bytes(ctx, quoted->ports, ports, sizeof(ports), 0) ||
		readdress(ctx, packet->v6, quoted->ip, inner->saddr, inner->daddr) ||
		readdress(ctx, packet->v6, ETH_HLEN, outer->saddr, outer->daddr))
		return -1;
	if (bpf_l4_csum_replace(ctx, csum, 0, sum_fold32(diff), 0))
		return -1;
	return packet->v6
		       ? (int)bpf_l4_csum_replace(ctx, csum, 0, sum_fold32(outer_diff), BPF_F_PSEUDO_HDR | csum_v6_flag)
		       : 0;
}

#endif
