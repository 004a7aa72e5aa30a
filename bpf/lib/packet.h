/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Packets: taking them apart into a flow's key, and putting another key in. The one place that knows whether it is
 * built for XDP (KL_XDP) or for tc: everything above speaks of `ctx_t`, `PASS`, `DROP` and send().
 */
#ifndef KL_BPF_PACKET_H
#define KL_BPF_PACKET_H

#include "parse.h"
#include "service.h"

#ifdef KL_XDP
typedef struct xdp_md ctx_t;
enum { PASS = XDP_PASS, DROP = XDP_DROP };

/* Set by the loader for veth: its XDP_TX wakes the other end only where that has a program too, redirection always. */
const volatile __u8 bounce_by_redirect = 0;

/* What a program answers where it decided on `verdict`. */
KL_INLINE int xdp_verdict(ctx_t *ctx, int verdict)
{
	return bounce_by_redirect && verdict == XDP_TX ? (int)bpf_redirect(ctx->ingress_ifindex, 0) : verdict;
}
#else
typedef struct __sk_buff ctx_t;
/* -1: the next program of the hook, or on to the stack. */
enum { PASS = -1, DROP = 2 };
#endif

KL_INLINE void *ctx_data(const ctx_t *ctx)
{
	return (void *)(long)ctx->data;
}

KL_INLINE void *ctx_end(const ctx_t *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* Makes the first `want` bytes readable in place, as far as the packet has them. */
KL_INLINE void ctx_linear(ctx_t *ctx, __u32 want)
{
#ifndef KL_XDP
	if (ctx_data(ctx) + want > ctx_end(ctx) && (long)ctx_end(ctx) - (long)ctx_data(ctx) < ctx->len)
		bpf_skb_pull_data(ctx, want < ctx->len ? want : ctx->len);
#endif
}

KL_INLINE __u32 ctx_bytes(const ctx_t *ctx)
{
#ifdef KL_XDP
	long bytes = (long)ctx_end(ctx) - (long)ctx_data(ctx);
	/* Taken here and now: the verifier lets no half of a pointer be kept for later. */
	__asm__ volatile("" : "+r"(bytes));
	return (__u32)bytes;
#else
	return ctx->len;
#endif
}

/* What is looked at of every packet, and of one with something in front of its transport header. */
enum { PULL = ETH_HLEN + sizeof(struct ipv6hdr) + 8 + sizeof(struct tcphdr), PULL_DEEP = 320 };

/* Rare, and a loop: by itself, so that the verifier goes through it once. */
__noinline int packet_parse_extensions(ctx_t *ctx, struct packet *packet)
{
	if (!packet)
		return PARSED_OTHER;
	ctx_linear(ctx, PULL_DEEP);
	return (int)parse_extensions(ctx_data(ctx), ctx_end(ctx), packet, WHOLE_HEADER);
}

KL_INLINE enum parsed packet_parse(ctx_t *ctx, struct packet *packet)
{
	ctx_linear(ctx, PULL);
	packet_clear(packet, ctx_bytes(ctx));
	enum parsed parsed = parse_frame(ctx_data(ctx), ctx_end(ctx), packet);
	if (parsed == PARSED_EXTENDED)
		return (enum parsed)packet_parse_extensions(ctx, packet);
	return parsed;
}

/* --- one's complement sums (RFC 1624): differences are carried as 64-bit sums and folded once */

KL_INLINE __u64 sum_addr(__u64 sum, const __be32 from[4], const __be32 to[4])
{
	sum += (__u64)(__u32)~from[0] + to[0];
	sum += (__u64)(__u32)~from[1] + to[1];
	sum += (__u64)(__u32)~from[2] + to[2];
	return sum + (__u64)(__u32)~from[3] + to[3];
}

KL_INLINE __u64 sum_16(__u64 sum, __be16 from, __be16 to)
{
	return sum + (__u16)~from + to;
}

KL_INLINE __u32 sum_fold32(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)((sum & 0xffffffff) + (sum >> 32));
}

KL_INLINE __u16 sum_fold16(__u64 sum)
{
	__u32 half = sum_fold32(sum);
	half = (half & 0xffff) + (half >> 16);
	return (__u16)((half & 0xffff) + (half >> 16));
}

KL_INLINE __u16 csum_apply(__u16 csum, __u64 diff)
{
	return (__u16)~sum_fold16((__u64)(__u16)~csum + diff);
}

/* The kernel's checksum state knows of IPv6 pseudo headers since 6.16 (BPF_F_IPV6); set by the loader. */
const volatile __u64 csum_v6_flag = 0;

KL_INLINE int l4_csum(ctx_t *ctx, const struct packet *packet, __u64 addr_diff, __u64 port_diff)
{
	int udp = packet->key.proto == IPPROTO_UDP;
	__u32 at = packet->l4 + (udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check));
#ifdef KL_XDP
	if (at > MAX_L4 + 16)
		return -1;
	__u16 *csum = ctx_data(ctx) + at;
	if ((void *)(csum + 1) > ctx_end(ctx))
		return -1;
	if (udp && !*csum)
		return 0;
	__u16 value = csum_apply(*csum, addr_diff + port_diff);
	*csum = udp && !value ? 0xffff : value;
	return 0;
#else
	__u64 flags = udp ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 ports = sum_fold32(port_diff);
	if (bpf_l4_csum_replace(
		    ctx, at, 0, sum_fold32(addr_diff), flags | BPF_F_PSEUDO_HDR | (packet->v6 ? csum_v6_flag : 0)))
		return -1;
	return ports ? (int)bpf_l4_csum_replace(ctx, at, 0, ports, flags) : 0;
#endif
}

KL_INLINE void v4_write(struct iphdr *ip, const struct kl_flow_key *to, __u64 addr_diff, __u32 hop)
{
	ip->saddr = to->saddr[3];
	ip->daddr = to->daddr[3];
	if (hop) {
		addr_diff = sum_16(addr_diff, (__be16)bpf_htons(0x0100), 0);
		ip->ttl--;
	}
	ip->check = csum_apply(ip->check, addr_diff);
}

KL_INLINE void v6_write(struct ipv6hdr *ip, const struct kl_flow_key *to, __u32 hop)
{
	addr_copy(ip->saddr.in6_u.u6_addr32, to->saddr);
	addr_copy(ip->daddr.in6_u.u6_addr32, to->daddr);
	if (hop)
		ip->hop_limit--;
}

/* Puts `to` into the headers; hop: the packet is forwarded from here, so its TTL goes down. 0, or -1. */
KL_INLINE int packet_rewrite(ctx_t *ctx, const struct packet *packet, const struct kl_flow_key *to, __u32 hop)
{
	__u32 l4 = packet->l4;
	if (l4 > MAX_L4)
		return -1;
	void *ip = ctx_data(ctx) + ETH_HLEN;
	__u64 addr_diff = sum_addr(sum_addr(0, packet->key.saddr, to->saddr), packet->key.daddr, to->daddr);
	__u64 port_diff = sum_16(sum_16(0, packet->key.sport, to->sport), packet->key.dport, to->dport);
	if (!packet->later_fragment) {
		__be16 *ports = ctx_data(ctx) + l4;
		if ((void *)(ports + 2) > ctx_end(ctx))
			return -1;
		ports[0] = to->sport;
		ports[1] = to->dport;
	}
	if (packet->v6) {
		if (ip + sizeof(struct ipv6hdr) > ctx_end(ctx))
			return -1;
		v6_write(ip, to, hop);
	} else {
		if (ip + sizeof(struct iphdr) > ctx_end(ctx))
			return -1;
		v4_write(ip, to, addr_diff, hop);
	}
	/* SCTP's sum knows nothing of addresses, and its ports are never changed. */
	if (packet->later_fragment || packet->key.proto == IPPROTO_SCTP)
		return 0;
	return l4_csum(ctx, packet, addr_diff, port_diff);
}

#endif
