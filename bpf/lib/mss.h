/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The largest segment that a TCP handshake announces, made smaller where packets will travel in an envelope. So the other
 * side never sends what would not fit, and nobody depends on ICMP getting through.
 */
#ifndef KL_BPF_MSS_H
#define KL_BPF_MSS_H

#include "encap.h"

enum { TCP_OPTIONS_MAX = 10, TCP_OPTION_END = 0, TCP_OPTION_NOP = 1, TCP_OPTION_MSS = 2, TCP_OPTION_MSS_BYTES = 4 };

/* What fits into the uplink with envelope and headers around it. */
KL_INLINE __u32 mss_within(const struct kl_map_config *cfg, __u32 v6, __be16 port)
{
	__u32 around = envelope_bytes(v6, port) + (v6 ? (__u32)sizeof(struct ipv6hdr) : (__u32)sizeof(struct iphdr)) +
		       (__u32)sizeof(struct tcphdr);
	return uplink_mtu(cfg) - around;
}

/* An option may stand at an odd offset: then its bytes count for the other halves of the checksum's words. */
KL_INLINE int mss_csum(ctx_t *ctx, __u32 l4, __be16 from, __be16 to, __u32 odd)
{
	__u32 at = l4 + offsetof(struct tcphdr, check);
	if (odd) {
		from = __builtin_bswap16(from);
		to = __builtin_bswap16(to);
	}
#ifdef KL_XDP
	if (at > MAX_L4 + 32)
		return -1;
	__u16 *csum = ctx_data(ctx) + at;
	if ((void *)(csum + 1) > ctx_end(ctx))
		return -1;
	*csum = csum_apply(*csum, sum_16(0, from, to));
	return 0;
#else
	return (int)bpf_l4_csum_replace(ctx, at, from, to, sizeof(from));
#endif
}

/* l4: where the TCP header stands. A packet without the option is left alone: then 536 bytes or 1,220 hold. */
__noinline int mss_clamp(ctx_t *ctx, __u32 l4, __u32 most)
{
	if (l4 > MAX_L4)
		return 0;
	ctx_linear(ctx, l4 + 60);
	const struct tcphdr *tcp = ctx_data(ctx) + l4;
	if ((void *)(tcp + 1) > ctx_end(ctx))
		return 0;
	__u32 at = l4 + (__u32)sizeof(*tcp), end = l4 + tcp->doff * 4u;
	for (__u32 i = 0; i < TCP_OPTIONS_MAX; i++) {
		if (at + TCP_OPTION_MSS_BYTES > end || at > MAX_L4 + 60)
			return 0;
		__u8 *option = ctx_data(ctx) + at;
		if ((void *)(option + TCP_OPTION_MSS_BYTES) > ctx_end(ctx) || option[0] == TCP_OPTION_END)
			return 0;
		if (option[0] == TCP_OPTION_MSS && option[1] == TCP_OPTION_MSS_BYTES) {
			__be16 was = (__be16)(option[2] | option[3] << 8), is = bpf_htons((__u16)most);
			if (bpf_ntohs(was) <= most)
				return 0;
			option[2] = (__u8)is;
			option[3] = (__u8)(is >> 8);
			return mss_csum(ctx, l4, was, is, at & 1);
		}
		if (option[0] != TCP_OPTION_NOP && option[1] < 2)
			return 0;
		at += option[0] == TCP_OPTION_NOP ? 1 : option[1];
	}
	return 0;
}

#endif
