/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Envelopes: a client's packet as it is, inside one from this node to a backend's address (direct server return). IP in IP
 * (RFC 2003, RFC 2473), or Geneve (RFC 8926) without options and without an Ethernet header, for networks where only UDP
 * passes. No tunnel device: sealed and opened here.
 *
 * What an envelope says of its content: the same type of service (RFC 6040, normal mode), hop limit 64, never to be
 * fragmented, and for Geneve a source port of the flow's hash, so that routers spread flows. The UDP checksum is zero,
 * which RFC 768 allows for IPv4 and RFC 6935 for tunnels over IPv6: what is inside has sums of its own.
 *
 * Independent of the rest: addresses, lengths and flags come in as values.
 */
#ifndef KL_BPF_ENCAP_H
#define KL_BPF_ENCAP_H

#include "packet.h"

struct geneve_header { /* RFC 8926, section 3.4 */
	__u8 version_options, flags;
	__be16 protocol;
	__be32 vni; /* low byte reserved */
};

enum {
	OUTER_TTL = 64,
	GENEVE_PORT = 6081,
	GENEVE_BYTES = sizeof(struct udphdr) + sizeof(struct geneve_header),
	/* "KL": whoever else uses Geneve on the port does so with networks of other numbers. */
	GENEVE_VNI = 0x4b4c,
};

struct envelope {
	const __be32 *src, *dst;
	__u32 bytes; /* of the IP packet inside */
	__u32 hash;  /* of the flow */
	__u32 v6;
	__be16 port; /* of Geneve; 0: IP in IP */
	__u8 tos;
	__u8 keep_segments; /* tc: what is one packet for many segments keeps their size */
};

KL_INLINE __u32 envelope_bytes(__u32 v6, __be16 port)
{
	return (v6 ? (__u32)sizeof(struct ipv6hdr) : (__u32)sizeof(struct iphdr)) + (port ? GENEVE_BYTES : 0);
}

KL_INLINE __be16 geneve_port(const struct kl_map_config *cfg)
{
	return cfg->geneve_port ? cfg->geneve_port : bpf_htons(GENEVE_PORT);
}

/* 0 for IP in IP: what struct envelope wants. */
KL_INLINE __be16 envelope_port(const struct kl_map_config *cfg, const struct kl_map_backend *backend)
{
	return backend->forward == KL_FORWARD_DSR_GENEVE ? geneve_port(cfg) : 0;
}

KL_INLINE __u32 uplink_mtu(const struct kl_map_config *cfg)
{
	return cfg->mtu ? cfg->mtu : ETH_DATA_LEN;
}

KL_INLINE void outer_v4(struct iphdr *ip, const struct envelope *envelope)
{
	__be16 length = bpf_htons((__u16)(envelope->bytes + envelope_bytes(0, envelope->port)));
	__u8 proto = envelope->port ? IPPROTO_UDP : IPPROTO_IPIP;
	__be32 first = bpf_htonl(0x45u << 24 | (__u32)envelope->tos << 16) | (__be32)length << 16;
	__be32 third = bpf_htonl((__u32)OUTER_TTL << 24 | (__u32)proto << 16);
	__be32 *words = (__be32 *)ip;
	__u32 sum = sum_fold32((__u64)first + bpf_htonl(0x4000) + third + envelope->src[3] + envelope->dst[3]);
	words[0] = first;
	words[1] = bpf_htonl(0x4000); /* id 0, which RFC 6864 leaves free where DF is set */
	words[2] = third;
	words[3] = envelope->src[3];
	words[4] = envelope->dst[3];
	ip->check = (__u16)~sum_fold16(sum);
}

KL_INLINE void outer_v6(struct ipv6hdr *ip, const struct envelope *envelope)
{
	*(__be32 *)ip = bpf_htonl(6u << 28 | (__u32)envelope->tos << 20 | (envelope->hash & 0xfffff));
	ip->payload_len = bpf_htons((__u16)(envelope->bytes + (envelope->port ? GENEVE_BYTES : 0)));
	ip->nexthdr = envelope->port ? IPPROTO_UDP : IPPROTO_IPV6;
	ip->hop_limit = OUTER_TTL;
	addr_copy(ip->saddr.in6_u.u6_addr32, envelope->src);
	addr_copy(ip->daddr.in6_u.u6_addr32, envelope->dst);
}

KL_INLINE void outer_geneve(struct udphdr *udp, const struct envelope *envelope)
{
	struct geneve_header *geneve = (void *)(udp + 1);
	udp->source = bpf_htons((__u16)(0xc000 | (envelope->hash & 0x3fff)));
	udp->dest = envelope->port;
	udp->len = bpf_htons((__u16)(envelope->bytes + GENEVE_BYTES));
	udp->check = 0;
	geneve->version_options = geneve->flags = 0;
	geneve->protocol = envelope->v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	geneve->vni = bpf_htonl(GENEVE_VNI << 8);
}

/* One hop nearer its end: what is put into an envelope is forwarded from here (RFC 2003, section 3.1). */
KL_INLINE int inner_count_down(ctx_t *ctx, void *at, __u32 v6)
{
	if (v6) {
		struct ipv6hdr *ip = at;
		if ((void *)(ip + 1) > ctx_end(ctx))
			return -1;
		ip->hop_limit--;
		return 0;
	}
	struct iphdr *ip = at;
	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	ip->ttl--;
	ip->check = csum_apply(ip->check, sum_16(0, (__be16)bpf_htons(0x0100), 0));
	return 0;
}

/* Behind the Ethernet header, where room has been made. */
KL_INLINE int envelope_write(ctx_t *ctx, const struct envelope *envelope)
{
	void *at = ctx_data(ctx) + ETH_HLEN, *end = ctx_end(ctx);
	if (envelope->v6) {
		if (at + sizeof(struct ipv6hdr) > end)
			return -1;
		outer_v6(at, envelope);
		at += sizeof(struct ipv6hdr);
	} else {
		if (at + sizeof(struct iphdr) > end)
			return -1;
		outer_v4(at, envelope);
		at += sizeof(struct iphdr);
	}
	if (!envelope->port)
		return inner_count_down(ctx, at, envelope->v6);
	if (at + GENEVE_BYTES > end)
		return -1;
	outer_geneve(at, envelope);
	return inner_count_down(ctx, at + GENEVE_BYTES, envelope->v6);
}

#ifdef KL_XDP
/*
 * Also takes one from the hop limit of what is inside. The Ethernet header's addresses are the caller's to write, its type
 * stands.
 */
KL_INLINE int envelope_seal(ctx_t *ctx, const struct envelope *envelope)
{
	if (bpf_xdp_adjust_head(ctx, -(int)envelope_bytes(envelope->v6, envelope->port)))
		return -1;
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return -1;
	eth->h_proto = envelope->v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	return envelope_write(ctx, envelope);
}

/* Takes the first `bytes` behind the Ethernet header away. */
KL_INLINE int envelope_strip(ctx_t *ctx, __u32 bytes)
{
	struct ethhdr eth, *at = ctx_data(ctx);
	if ((void *)(at + 1) > ctx_end(ctx))
		return -1;
	eth = *at;
	if (bpf_xdp_adjust_head(ctx, (int)bytes))
		return -1;
	at = ctx_data(ctx);
	if ((void *)(at + 1) > ctx_end(ctx))
		return -1;
	*at = eth;
	return 0;
}
#else
/*
 * The flags make of a packet that stands for many segments one whose segments each get the envelope. Without
 * keep_segments they become smaller by it, so that they fit (TCP only).
 */
KL_INLINE int envelope_seal(ctx_t *ctx, const struct envelope *envelope)
{
	__u64 flags = envelope->v6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	if (envelope->port)
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	if (envelope->keep_segments)
		flags |= BPF_F_ADJ_ROOM_FIXED_GSO;
	if (bpf_skb_adjust_room(ctx, (int)envelope_bytes(envelope->v6, envelope->port), BPF_ADJ_ROOM_MAC, flags))
		return -1;
	ctx_linear(ctx, ETH_HLEN + sizeof(struct ipv6hdr) + GENEVE_BYTES + sizeof(struct ipv6hdr));
	return envelope_write(ctx, envelope);
}

KL_INLINE int envelope_strip(ctx_t *ctx, __u32 bytes)
{
	return (int)bpf_skb_adjust_room(ctx, -(int)bytes, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
}
#endif

#endif
