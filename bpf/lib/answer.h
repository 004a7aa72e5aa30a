/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * ICMP errors that the balancer itself sends (RFC 792, RFC 1191, RFC 4443): the packet that caused one is cut to what is
 * quoted, gets new headers in front, and goes back by the way it came.
 */
#ifndef KL_BPF_ANSWER_H
#define KL_BPF_ANSWER_H

#include "work.h"

/* What is quoted at most: more than any TCP header behind extension headers; within 576 bytes, RFC 1812's measure. */
enum { QUOTE_MAX = 512, QUOTE_MIN = 28, ICMP_HEADER = 8 };

enum answer_what { ANSWER_TOO_BIG, ANSWER_NO_PORT, ANSWER_EXPIRED, ANSWER_COUNT };

struct icmp_answer_header { /* RFC 1191, section 4; RFC 4443, section 3.2 */
	__u8 type, code;
	__u16 csum;
	__be32 rest;
};

/* So many a tick on each CPU: an answer is never worth a flood. */
KL_INLINE int answer_allowed(struct scratch *scratch, const struct kl_map_config *cfg, struct kl_map_counters *counters)
{
	__u32 now = (__u32)now_ticks(cfg);
	if (scratch->icmp_tick != now) {
		scratch->icmp_tick = now;
		scratch->icmp_sent = 0;
	}
	if (scratch->icmp_sent++ < KL_ICMP_PER_TICK)
		return 1;
	counters->icmp_limited++;
	return 0;
}

/* Never about a fragment but the first, nor to or from what is not one host (RFC 1122, 3.2.2; RFC 4443, 2.4). */
KL_INLINE int answer_fits(ctx_t *ctx, const struct packet *packet)
{
	const struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx) || eth->h_dest[0] & 1 || packet->later_fragment)
		return 0;
	__be32 first = packet->v6 ? packet->key.saddr[0] : packet->key.saddr[3];
	if (packet->v6)
		return first && (first & bpf_htonl(0xff000000)) != bpf_htonl(0xff000000);
	return (first & bpf_htonl(0xff000000)) && (first & bpf_htonl(0xe0000000)) != bpf_htonl(0xe0000000);
}

KL_INLINE struct icmp_answer_header answer_header(__u32 v6, enum answer_what what, __u32 mtu)
{
	struct icmp_answer_header ret = {0};
	switch (what) {
	case ANSWER_TOO_BIG:
		ret.type = v6 ? 2 : 3;
		ret.code = v6 ? 0 : 4;
		ret.rest = bpf_htonl(mtu);
		break;
	case ANSWER_NO_PORT:
		ret.type = v6 ? 1 : 3;
		ret.code = v6 ? 4 : 3;
		break;
	default:
		ret.type = v6 ? 3 : 11;
	}
	return ret;
}

/*
 * Who says so: of a packet that has come to its last hop this node, which is one on the way; otherwise whom the packet was
 * for, since the client knows of nobody else.
 */
KL_INLINE const __be32 *answer_source(
	const struct kl_map_config *cfg, const struct packet *packet, enum answer_what what)
{
	const __be32 *node = packet->v6 ? cfg->node_addr6 : cfg->node_addr4;
	return what == ANSWER_EXPIRED && (node[0] | node[1] | node[2] | node[3]) ? node : packet->key.daddr;
}

/* Cuts the frame to `quote` bytes of its IP packet and makes room in front. */
KL_INLINE int answer_reshape(ctx_t *ctx, __u32 bytes, __u32 quote, __u32 room)
{
#ifdef KL_XDP
	struct ethhdr eth, *at = ctx_data(ctx);
	if ((void *)(at + 1) > ctx_end(ctx))
		return -1;
	eth = *at;
	if (bpf_xdp_adjust_tail(ctx, (int)(ETH_HLEN + quote) - (int)bytes) || bpf_xdp_adjust_head(ctx, -(int)room))
		return -1;
	at = ctx_data(ctx);
	if ((void *)(at + 1) > ctx_end(ctx))
		return -1;
	*at = eth;
	return 0;
#else
	if (bpf_skb_change_tail(ctx, ETH_HLEN + quote, 0) || bpf_skb_adjust_room(ctx, (int)room, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	ctx_linear(ctx, ETH_HLEN + room + quote);
	return 0;
#endif
}

KL_INLINE int load_bytes(ctx_t *ctx, __u32 at, void *to, __u32 bytes)
{
#ifdef KL_XDP
	return (int)bpf_xdp_load_bytes(ctx, at, to, bytes);
#else
	return (int)bpf_skb_load_bytes(ctx, at, to, bytes);
#endif
}

KL_INLINE int store_bytes(ctx_t *ctx, __u32 at, void *from, __u32 bytes)
{
#ifdef KL_XDP
	return (int)bpf_xdp_store_bytes(ctx, at, from, bytes);
#else
	return (int)bpf_skb_store_bytes(ctx, at, from, bytes, 0);
#endif
}

KL_INLINE __u32 sum_bytes(const void *at, __u32 bytes, __u32 seed)
{
	return sum_fold32((__u64)(__u32)bpf_csum_diff(NULL, 0, (void *)at, bytes, seed));
}

/*
 * A packet of a machine nearby may carry a checksum that is still to be filled in, at the place that is now quoted, and
 * only the kernel knows. The quoted field gets the value that filling it in would give again: with s the sum of the
 * quoted segment without it, f = ~(s + f), so 2f = -s, and f = -s * 2^15 in one's complement. Nobody checks it there.
 */
KL_INLINE int answer_settle(struct scratch *scratch, __u32 room, ctx_t *ctx, const struct packet *packet, __u32 quote)
{
	__u32 segment = packet->l4 - ETH_HLEN;
	__u32 at = packet->key.proto == IPPROTO_TCP   ? segment + (__u32)offsetof(struct tcphdr, check)
		   : packet->key.proto == IPPROTO_UDP ? segment + (__u32)offsetof(struct udphdr, check)
						      : QUOTE_MAX;
	if (at + sizeof(__u16) > quote || at > QUOTE_MAX - 2 || segment > QUOTE_MAX - 64)
		return 0;
	*(__u16 *)(scratch->quote + (at & (QUOTE_MAX - 2))) = 0;
	/* The headers in front are left out of the sum by counting all and taking them off. */
	__u32 front = segment & (QUOTE_MAX - 4), all = quote & (2 * QUOTE_MAX - 4);
	if (all > QUOTE_MAX)
		return -1;
	__u64 sum = (__u64)sum_bytes(scratch->quote, all, 0) + (__u32)~sum_bytes(scratch->quote, front, 0);
	__u16 rest = (__u16)~sum_fold16(sum);
	__u16 field = (__u16)(rest >> 1 | rest << 15);
	*(__u16 *)(scratch->quote + (at & (QUOTE_MAX - 2))) = field;
	return store_bytes(ctx, ETH_HLEN + room + at, &field, sizeof(field));
}

KL_INLINE void answer_v4(struct iphdr *ip, const struct packet *packet, const __be32 source[4], __u32 bytes)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	*(__u8 *)ip = 0x45;
	ip->tos = 0xc0; /* internetwork control, as routers send errors */
	ip->tot_len = bpf_htons((__u16)bytes);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = source[3];
	ip->daddr = packet->key.saddr[3];
	const __be32 *words = (const __be32 *)ip;
	ip->check = (__u16)~sum_fold16((__u64)words[0] + words[1] + words[2] + words[3] + words[4]);
}

KL_INLINE void answer_v6(struct ipv6hdr *ip, const struct packet *packet, const __be32 source[4], __u32 bytes)
{
	*(__be32 *)ip = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons((__u16)(bytes - sizeof(*ip)));
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 64;
	addr_copy(ip->saddr.in6_u.u6_addr32, source);
	addr_copy(ip->daddr.in6_u.u6_addr32, packet->key.saddr);
}

KL_INLINE __u64 sum_pseudo_v6(const struct packet *packet, const __be32 b[4], __u32 bytes)
{
	const __be32 *a = packet->key.saddr;
	return (__u64)a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3] + bpf_htonl(bytes) +
	       bpf_htonl(IPPROTO_ICMPV6);
}

/* Ethernet addresses swapped, IP and ICMP headers in the room made. */
KL_INLINE int answer_headers(
	ctx_t *ctx, struct scratch *scratch, const __be32 source[4], __u32 quote, struct icmp_answer_header *icmp)
{
	const struct packet *packet = &scratch->work.packet;
	__u32 ip_bytes = packet->v6 ? (__u32)sizeof(struct ipv6hdr) : (__u32)sizeof(struct iphdr);
	__u32 all = quote & (2 * QUOTE_MAX - 4);
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) + ip_bytes > ctx_end(ctx) || all > QUOTE_MAX)
		return -1;
	__u8 mac[ETH_ALEN];
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	eth->h_proto = packet->v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (packet->v6) {
		if ((void *)(eth + 1) + sizeof(struct ipv6hdr) > ctx_end(ctx))
			return -1;
		answer_v6((void *)(eth + 1), packet, source, ip_bytes + ICMP_HEADER + quote);
	} else {
		if ((void *)(eth + 1) + sizeof(struct iphdr) > ctx_end(ctx))
			return -1;
		answer_v4((void *)(eth + 1), packet, source, ip_bytes + ICMP_HEADER + quote);
	}
	__u64 sum = (__u64)sum_bytes(scratch->quote, all, 0) + (__u32)(icmp->type | icmp->code << 8) + icmp->rest;
	if (packet->v6)
		sum += sum_pseudo_v6(packet, source, ICMP_HEADER + quote);
	icmp->csum = (__u16)~sum_fold16(sum);
	return store_bytes(ctx, ETH_HLEN + ip_bytes, icmp, sizeof(*icmp));
}

KL_INLINE int answer_build(
	ctx_t *ctx, const struct kl_map_config *cfg, struct scratch *scratch, enum answer_what what, __u32 mtu)
{
	const struct packet *packet = &scratch->work.packet;
	__u32 room = (packet->v6 ? (__u32)sizeof(struct ipv6hdr) : (__u32)sizeof(struct iphdr)) + ICMP_HEADER;
	__u32 quote = packet->bytes - ETH_HLEN;
	quote = quote > QUOTE_MAX ? QUOTE_MAX : quote & ~3u; /* sums are of whole words */
	if (quote < QUOTE_MIN || quote > QUOTE_MAX || answer_reshape(ctx, packet->bytes, quote, room))
		return -1;
	struct icmp_answer_header icmp = answer_header(packet->v6, what, mtu);
	if (load_bytes(ctx, ETH_HLEN + room, scratch->quote, quote) || answer_settle(scratch, room, ctx, packet, quote))
		return -1;
	return answer_headers(ctx, scratch, answer_source(cfg, packet, what), quote, &icmp);
}

/*
 * Turns the packet in hand (scratch->work.packet) into an error to its sender. The verdict; DROP where nothing may or can
 * be said.
 */
__noinline int answer(ctx_t *ctx, __u32 what, __u32 mtu)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch || what >= ANSWER_COUNT)
		return DROP;
	const struct packet *packet = &scratch->work.packet;
	if (!answer_fits(ctx, packet) || !answer_allowed(scratch, cfg, counters))
		return DROP;
	if (answer_build(ctx, cfg, scratch, (enum answer_what)what, mtu)) {
		counters->drop_rewrite++;
		return DROP;
	}
	if (what == ANSWER_TOO_BIG)
		counters->too_big_told++;
	else if (what == ANSWER_NO_PORT)
		counters->refused++;
	else
		counters->expired_told++;
#ifdef KL_XDP
	return XDP_TX;
#else
	return (int)bpf_redirect(ctx->ifindex, 0);
#endif
}

#endif
