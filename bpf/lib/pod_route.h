/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Past the node's stack: to a pod on this node straight through its link, to elsewhere straight to the next hop. What
 * only the stack does is left to it: answering an expired TTL or a packet that is too big, IP options, an unresolved
 * neighbour, policy.
 */
#ifndef KL_BPF_POD_ROUTE_H
#define KL_BPF_POD_ROUTE_H

#include "pod.h"

enum { FAMILY_V4 = 2, FAMILY_V6 = 10 };

/* Multicast, loopback, link-local, "this network": routing tables would take them for anybody's. */
KL_INLINE int is_special(const __be32 addr[4], int v6)
{
	if (v6)
		return (addr[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000) ||
		       (addr[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000) || !(addr[0] | addr[1] | addr[2]);
	__u32 first = bpf_ntohl(addr[3]) >> 24;
	return first >= 224 || first == 127 || !first || (bpf_ntohl(addr[3]) >> 16) == 0xa9fe;
}

KL_INLINE int wants_stack(const struct packet *packet, const __be32 daddr[4])
{
	return packet->ttl <= 1 || (!packet->v6 && packet->l4 != ETH_HLEN + sizeof(struct iphdr)) ||
	       is_special(daddr, packet->v6);
}

/* The packet is forwarded here: its TTL goes down. 0, or -1. */
KL_INLINE int hop_v4(ctx_t *ctx)
{
	struct iphdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	ip->ttl--;
	ip->check = csum_apply(ip->check, sum_16(0, (__be16)bpf_htons(0x0100), 0));
	return 0;
}

KL_INLINE int hop_v6(ctx_t *ctx)
{
	struct ipv6hdr *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)(ip + 1) > ctx_end(ctx))
		return -1;
	ip->hop_limit--;
	return 0;
}

KL_INLINE int hop(ctx_t *ctx, const struct packet *packet)
{
	return packet->v6 ? hop_v6(ctx) : hop_v4(ctx);
}

KL_INLINE int readdress_frame(ctx_t *ctx, const struct kl_map_pod *pod)
{
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return -1;
	__builtin_memcpy(eth->h_dest, pod->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, pod->host_mac, ETH_ALEN);
	return 0;
}

/*
 * To a pod on this node: into its interface, or, where kl_pod_in has to see the packet, out by the host side of its link.
 */
KL_INLINE int deliver(ctx_t *ctx, const struct packet *packet, __u32 ifindex, struct kl_map_counters *counters)
{
	const struct kl_map_pod *pod = pod_get(ifindex);
	if (!pod || pod->flags & KL_POD_POLICY)
		return PASS;
	if (hop(ctx, packet) || readdress_frame(ctx, pod))
		return drop(&counters->drop_rewrite);
	counters->shortcuts++;
	if (pod->flags & KL_POD_FLOWS || pod->ingress.rate)
		return (int)bpf_redirect(ifindex, 0);
	return (int)bpf_redirect_peer(ifindex, 0);
}

/* To other interfaces the node may have rules of its own, a bridge of other containers' for example. */
KL_INLINE int is_uplink(const struct kl_map_net *net, __u32 ifindex)
{
	for (__u32 i = 0; i < KL_NET_UPLINKS && net->uplinks[i]; i++)
		if (net->uplinks[i] == ifindex)
			return 1;
	return 0;
}

/* By the routing table, rules included; saddr is looked at by rules. What does not simply go on is the stack's. */
__noinline int leave(struct __sk_buff *ctx, const struct packet *packet, const struct kl_flow_key *to)
{
	struct kl_map_counters *counters = counters_get();
	const struct kl_map_net *net = net_get();
	if (!packet || !to || !counters || !net)
		return PASS;
	struct bpf_fib_lookup fib = {.ifindex = ctx->ifindex, .family = packet->v6 ? FAMILY_V6 : FAMILY_V4};
	if (packet->v6) {
		addr_copy(fib.ipv6_src, to->saddr);
		addr_copy(fib.ipv6_dst, to->daddr);
	} else {
		fib.ipv4_src = to->saddr[3];
		fib.ipv4_dst = to->daddr[3];
	}
	fib.l4_protocol = (__u8)to->proto;
	/* tot_len 0: the device's MTU is compared with the packet, segments of a GSO packet with theirs. */
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), BPF_FIB_LOOKUP_SKIP_NEIGH) != BPF_FIB_LKUP_RET_SUCCESS ||
		!is_uplink(net, fib.ifindex))
		return PASS;
	struct bpf_redir_neigh next = {.nh_family = fib.family};
	addr_copy(next.ipv6_nh, fib.ipv6_dst); /* a union with IPv4's */
	if (packet->v6 ? hop_v6(ctx) : hop_v4(ctx))
		return drop(&counters->drop_rewrite);
	counters->shortcuts++;
	return (int)bpf_redirect_neigh(fib.ifindex, &next, sizeof(next), 0);
}

#endif
