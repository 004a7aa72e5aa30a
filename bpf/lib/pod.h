/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the programs of the pods' links share: a pod's facts, and what counts as inside the cluster. */
#ifndef KL_BPF_POD_H
#define KL_BPF_POD_H

#include "work.h"

KL_INLINE struct kl_map_pod *pod_get(__u32 ifindex)
{
	return bpf_map_lookup_elem(&kl_pods, &ifindex);
}

KL_INLINE const struct kl_map_net *net_get(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&kl_net, &zero);
}

/* The interface of the pod on this node that has the address; 0: none. */
KL_INLINE __u32 pod_ifindex(const __be32 addr[4])
{
	const __u32 *ifindex = bpf_map_lookup_elem(&kl_pod_addrs, addr);
	return ifindex ? *ifindex : 0;
}

KL_INLINE int prefix_holds(const struct kl_map_prefix *prefix, const __be32 addr[4])
{
	return !(((addr[0] ^ prefix->addr[0]) & prefix->mask[0]) | ((addr[1] ^ prefix->addr[1]) & prefix->mask[1]) |
		 ((addr[2] ^ prefix->addr[2]) & prefix->mask[2]) | ((addr[3] ^ prefix->addr[3]) & prefix->mask[3]));
}

KL_INLINE int is_own_pod(const struct kl_map_net *net, const __be32 addr[4])
{
	__u32 count = net->own_count;
	return (count > 0 && prefix_holds(&net->own[0], addr)) || (count > 1 && prefix_holds(&net->own[1], addr));
}

/* Asks only for addresses that this node gives out: those of a range that it had before are left to the stack. */
KL_INLINE __u32 local_pod(const struct kl_map_net *net, const __be32 addr[4])
{
	return is_own_pod(net, addr) ? pod_ifindex(addr) : 0;
}

/* Where pods are seen under their own addresses: the listed ranges, and the nodes. */
__noinline int is_inside(const struct kl_flow_key *key, __u32 source)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	if (!cfg || !net || !key)
		return 1;
	const __be32 *addr = source ? key->saddr : key->daddr;
	for (__u32 i = 0; i < KL_NET_INSIDE && i < net->inside_count; i++)
		if (prefix_holds(&net->inside[i], addr))
			return 1;
	return is_node_addr(cfg, addr) || is_peer(cfg, addr);
}

KL_INLINE int is_masquerade_port(const struct kl_map_net *net, __be16 port)
{
	__u16 number = bpf_ntohs(port);
	return number >= net->port_min && number <= net->port_max;
}

KL_INLINE int is_main_addr(const struct kl_map_config *cfg, const __be32 addr[4])
{
	return addr_equal(addr, cfg->node_addr4) || addr_equal(addr, cfg->node_addr6);
}

/* Two words at a time: packets and map values are only aligned for that. */
KL_INLINE int mac_equal(const __u8 a[6], const __u8 b[6])
{
	const __u16 *x = (const __u16 *)a, *y = (const __u16 *)b;
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

#endif
