/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A pod speaks only for itself: its frames carry its own MAC, and its own addresses in IPv4, IPv6, ARP and neighbour
 * advertisements. Beside those an IPv6 source may be link-local or unspecified (duplicate address detection, multicast
 * listener reports), towards the link alone.
 */
#ifndef KL_BPF_POD_SPOOF_H
#define KL_BPF_POD_SPOOF_H

#include "pod.h"

enum { ND_ADVERT = 136 };

struct arp_frame { /* RFC 826, for Ethernet and IPv4 */
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 operation;
	__u8 sender_mac[6];
	__be16 sender_ip[2];
};

KL_INLINE int spoofs_arp(const ctx_t *ctx, const struct kl_map_pod *pod)
{
	const struct arp_frame *arp = ctx_data(ctx) + ETH_HLEN;
	if ((const void *)(arp + 1) > ctx_end(ctx))
		return 1;
	__be32 sender = (__be32)arp->sender_ip[0] | (__be32)arp->sender_ip[1] << 16;
	return !mac_equal(arp->sender_mac, pod->mac) || (sender && sender != pod->addr[0][3]);
}

KL_INLINE int spoofs_v4(const ctx_t *ctx, const struct kl_map_pod *pod)
{
	const struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((const void *)(ip + 1) > ctx_end(ctx))
		return 1;
	return !pod->addr[0][3] || ip->saddr != pod->addr[0][3];
}

KL_INLINE int is_link_local6(const __be32 addr[4])
{
	return (addr[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

KL_INLINE int is_multicast6(const __be32 addr[4])
{
	return (addr[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

KL_INLINE int is_zero(const __be32 addr[4])
{
	return !(addr[0] | addr[1] | addr[2] | addr[3]);
}

/* Who says "this address is mine" of another's. */
KL_INLINE int spoofs_nd(const ctx_t *ctx, const struct kl_map_pod *pod)
{
	const __u8 *icmp = ctx_data(ctx) + ETH_HLEN + sizeof(struct ipv6hdr);
	if ((const void *)(icmp + 24) > ctx_end(ctx) || icmp[0] != ND_ADVERT)
		return 0;
	const __be32 *target = (const __be32 *)(icmp + 8);
	return !addr_equal(target, pod->addr[1]) && !is_link_local6(target);
}

KL_INLINE int spoofs_v6(const ctx_t *ctx, const struct kl_map_pod *pod)
{
	const struct ipv6hdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((const void *)(ip + 1) > ctx_end(ctx))
		return 1;
	const __be32 *from = ip->saddr.in6_u.u6_addr32, *to = ip->daddr.in6_u.u6_addr32;
	if (ip->nexthdr == IPPROTO_ICMPV6 && spoofs_nd(ctx, pod))
		return 1;
	if (is_zero(from))
		return !is_multicast6(to);
	if (is_link_local6(from))
		return !is_multicast6(to) && !is_link_local6(to);
	return !addr_equal(from, pod->addr[1]);
}

/* The frame was made readable by packet_parse(). A VLAN tag would be carried past the routing table. */
KL_INLINE int is_spoofed(const ctx_t *ctx, const struct kl_map_pod *pod)
{
	const struct ethhdr *eth = ctx_data(ctx);
	if ((const void *)(eth + 1) > ctx_end(ctx) || ctx->vlan_present || !mac_equal(eth->h_source, pod->mac))
		return 1;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		return spoofs_v4(ctx, pod);
	case bpf_htons(ETH_P_IPV6):
		return spoofs_v6(ctx, pod);
	case bpf_htons(ETH_P_ARP):
		return spoofs_arp(ctx, pod);
	default:
		return 0;
	}
}

#endif
