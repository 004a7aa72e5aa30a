/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The next hop towards a backend on another node, for XDP. Asking the kernel (bpf_fib_lookup) costs more than all the
 * rest of forwarding, so the answer stays in the backend's entry for the tick in which it was asked: a route or neighbour
 * that changes is followed within a second. Only what leaves by the interface it came in by is kept.
 */
#ifndef KL_BPF_HOP_H
#define KL_BPF_HOP_H

#include "packet.h"

#ifdef KL_XDP

enum { HOP_MAC_BITS = 48, HOP_IFINDEX_MAX = (1 << 24) - 1 };

struct hop {
	__u64 dst, src; /* MAC addresses in the low 48 bits, as they lie in memory */
};

/* The two halves carry their tick: a reader between two writers' stores sees that they do not belong together. */
KL_INLINE int hop_known(const ctx_t *ctx, const struct kl_map_backend *backend, __u32 now, struct hop *ret)
{
	ret->dst = KL_READ(backend->hop_dst);
	ret->src = KL_READ(backend->hop_src);
	return (__u16)(ret->dst >> HOP_MAC_BITS) == (__u16)now && (__u16)(ret->src >> HOP_MAC_BITS) == (__u16)now &&
	       KL_READ(backend->hop_tick) == now && backend->hop_generation == backend->generation &&
	       backend->hop_ifindex == ctx->ingress_ifindex;
}

KL_INLINE __u64 hop_word(const __u8 mac[ETH_ALEN], __u32 now)
{
	__u64 word = (__u64)(__u16)now << HOP_MAC_BITS;
	__builtin_memcpy(&word, mac, ETH_ALEN);
	return word;
}

/* Asks the kernel and keeps the answer. 0: hop_known() says it from now on. */
__noinline int hop_ask(struct xdp_md *ctx, __u32 backend_id, __u32 now)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_backend *backend = backend_get(backend_id);
	struct bpf_fib_lookup fib = {.ifindex = ctx->ingress_ifindex};
	if (!cfg || !backend)
		return -1;
	if (addr_is_v4(backend->addr)) {
		fib.family = 2; /* AF_INET */
		fib.ipv4_src = cfg->node_addr4[3];
		fib.ipv4_dst = backend->addr[3];
	} else {
		fib.family = 10; /* AF_INET6 */
		addr_copy(fib.ipv6_src, cfg->node_addr6);
		addr_copy(fib.ipv6_dst, backend->addr);
	}
	__u8 generation = KL_READ(backend->generation);
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS ||
		fib.ifindex != ctx->ingress_ifindex || fib.ifindex > HOP_IFINDEX_MAX)
		return -1;
	backend->hop_generation = generation;
	backend->hop_ifindex = fib.ifindex;
	KL_WRITE(backend->hop_src, hop_word(fib.smac, now));
	KL_WRITE(backend->hop_dst, hop_word(fib.dmac, now));
	KL_WRITE(backend->hop_tick, now);
	return 0;
}

KL_INLINE int hop_find(ctx_t *ctx, __u32 backend_id, const struct kl_map_backend *backend, __u32 now, struct hop *ret)
{
	return hop_known(ctx, backend, now, ret) ||
	       (!hop_ask(ctx, backend_id, now) && hop_known(ctx, backend, now, ret));
}

/*
 * Towards clients: the same, by their address, for as many as talk at a time; each CPU for itself, so that nobody writes
 * what another reads.
 */
enum { HOP_CLIENTS = 1024 };
struct hop_client {
	__be32 addr[4];
	struct hop hop;
	__u32 tick, ifindex;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOP_CLIENTS);
	__type(key, __u32);
	__type(value, struct hop_client);
} kl_hops SEC(".maps");

KL_INLINE __u32 hop_slot(const __be32 addr[4])
{
	return kl_spread((__u64)(addr[0] ^ addr[2]) << 32 | (addr[1] ^ addr[3])) % HOP_CLIENTS;
}

KL_INLINE const struct hop_client *hop_client_known(const ctx_t *ctx, const __be32 addr[4], __u32 now)
{
	__u32 slot = hop_slot(addr);
	const struct hop_client *known = bpf_map_lookup_elem(&kl_hops, &slot);
	return known && known->tick == now && known->ifindex == ctx->ingress_ifindex && addr_equal(known->addr, addr)
		       ? known
		       : NULL;
}

/* For replies of a flow: from its frontend to its client. */
__noinline int hop_client_ask(struct xdp_md *ctx, const struct kl_map_tuple *tuple, __u32 now)
{
	struct bpf_fib_lookup fib = {.ifindex = ctx->ingress_ifindex};
	if (!tuple)
		return -1;
	__u32 slot = hop_slot(tuple->client);
	struct hop_client *entry = bpf_map_lookup_elem(&kl_hops, &slot);
	if (!entry)
		return -1;
	fib.family = addr_is_v4(tuple->client) ? 2 : 10; /* AF_INET, AF_INET6 */
	if (fib.family == 2) {
		fib.ipv4_src = tuple->frontend[3];
		fib.ipv4_dst = tuple->client[3];
	} else {
		addr_copy(fib.ipv6_src, tuple->frontend);
		addr_copy(fib.ipv6_dst, tuple->client);
	}
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS ||
		fib.ifindex != ctx->ingress_ifindex)
		return -1;
	addr_copy(entry->addr, tuple->client);
	entry->hop.dst = hop_word(fib.dmac, now);
	entry->hop.src = hop_word(fib.smac, now);
	entry->ifindex = fib.ifindex;
	entry->tick = now;
	return 0;
}

KL_INLINE const struct hop_client *hop_client_find(ctx_t *ctx, const struct kl_map_tuple *tuple, __u32 now)
{
	const struct hop_client *known = hop_client_known(ctx, tuple->client, now);
	if (!known && !hop_client_ask(ctx, tuple, now))
		known = hop_client_known(ctx, tuple->client, now);
	return known;
}

KL_INLINE void hop_write(struct ethhdr *eth, const struct hop *hop)
{
	__u16 *to = (__u16 *)eth;
	to[0] = (__u16)hop->dst;
	to[1] = (__u16)(hop->dst >> 16);
	to[2] = (__u16)(hop->dst >> 32);
	to[3] = (__u16)hop->src;
	to[4] = (__u16)(hop->src >> 16);
	to[5] = (__u16)(hop->src >> 32);
}

#endif
#endif
