/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * From an address and port to a service, and from a service to a backend.
 */
#ifndef KL_BPF_SERVICE_H
#define KL_BPF_SERVICE_H

#include "live.h"
#include "maps.h"

struct frontend {
	__u32 service; /* 0: none */
	__u8 type;
};

KL_INLINE int addr_equal(const __be32 a[4], const __be32 b[4])
{
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
}

KL_INLINE int addr_is_v4(const __be32 addr[4])
{
	return !(addr[0] | addr[1] | (addr[2] ^ bpf_htonl(0xffff)));
}

KL_INLINE void addr_copy(__be32 to[4], const __be32 from[4])
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

KL_INLINE void addr_from_v4(__be32 to[4], __be32 v4)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = v4;
}

/* Whether any frontend has the port: kept by the agent (kl_ports). */
KL_INLINE int port_is_served(__be16 port)
{
	__u32 number = bpf_ntohs(port), word = number / 64;
	const __u64 *bits = bpf_map_lookup_elem(&kl_ports, &word);
	return !bits || *bits >> (number % 64) & 1;
}

KL_INLINE int is_snat_port(const struct kl_map_config *cfg, __be16 port)
{
	__u16 number = bpf_ntohs(port);
	return number >= cfg->snat_port_min && number <= cfg->snat_port_max;
}

/* port and proto as they lie in the entry's fifth word, the type left out. */
KL_INLINE struct frontend frontend_find(const struct kl_map_config *cfg, const __be32 addr[4], __be16 port, __u8 proto)
{
	struct frontend ret = {};
	__u32 at = kl_frontend_hash(cfg->hash_key, addr, port, proto);
	for (__u32 i = 0; i < KL_PROBES; i++) {
		__u32 index = (at + i) & cfg->frontend_mask;
		struct kl_map_frontend *entry = bpf_map_lookup_elem(&kl_frontends, &index);
		if (!entry)
			return ret;
		__u32 service = KL_READ(entry->service);
		if (service == KL_FRONTEND_NEVER)
			return ret;
		if (entry->port != port || entry->proto != proto || !addr_equal(entry->addr, addr) ||
			service == KL_FRONTEND_DELETED || KL_READ(entry->service) != service)
			continue; /* the last: the place was given to another while we looked at it */
		ret.service = service;
		ret.type = entry->type;
		return ret;
	}
	return ret;
}

KL_INLINE int is_loopback(const __be32 addr[4])
{
	if (addr_is_v4(addr))
		return (addr[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	return !(addr[0] | addr[1] | addr[2]) && addr[3] == bpf_htonl(1);
}

KL_INLINE int is_node_addr(const struct kl_map_config *cfg, const __be32 addr[4])
{
	if (addr_equal(addr, cfg->node_addr4) || addr_equal(addr, cfg->node_addr6))
		return 1;
	struct frontend found = frontend_find(cfg, addr, 0, 0);
	return found.service && found.type == KL_TYPE_NODE_ADDR; /* not another node's */
}

KL_INLINE int is_peer(const struct kl_map_config *cfg, const __be32 addr[4])
{
	struct frontend found = frontend_find(cfg, addr, 0, 0);
	return found.service && found.type == KL_TYPE_PEER_ADDR;
}

/* The frontend of a NodePort stands under its family's unspecified address. */
KL_INLINE struct frontend frontend_find_any(
	const struct kl_map_config *cfg, const __be32 addr[4], __be16 port, __u8 proto, int loopback_too)
{
	__u16 number = bpf_ntohs(port);
	if (number < cfg->node_port_min || number > cfg->node_port_max)
		return frontend_find(cfg, addr, port, proto);
	const __be32 any[4] = {0, 0, addr_is_v4(addr) ? bpf_htonl(0xffff) : 0, 0};
	struct frontend ret = frontend_find(cfg, any, port, proto);
	if (ret.service && ((loopback_too && is_loopback(addr)) || is_node_addr(cfg, addr)))
		return ret;
	return frontend_find(cfg, addr, port, proto);
}

/* A view of a service's backends, taken by one read of its set. */
struct choice {
	const struct kl_map_set *set;
	__u32 first, count;
};

/*
 * Which traffic policy holds: a ClusterIP is asked for from inside, other addresses from outside. Whoever asks from inside for
 * an address that is for outside gets any backend, as upstream has it.
 */
enum scope { SCOPE_INTERNAL, SCOPE_EXTERNAL, SCOPE_ANY };

KL_INLINE int scope_is_local(const struct kl_map_set *set, int scope)
{
	return set->flags & (scope == SCOPE_EXTERNAL   ? KL_SET_EXTERNAL_LOCAL
			     : scope == SCOPE_INTERNAL ? KL_SET_INTERNAL_LOCAL
						       : 0);
}

KL_INLINE int choice_open(const struct kl_map_service *service, int scope, struct choice *ret)
{
	__u32 block = (__u32)KL_READ(service->set);
	if (!block)
		return -1;
	const struct kl_map_block *header = bpf_map_lookup_elem(&kl_slots, &block);
	if (!header)
		return -1;
	const struct kl_map_set *set = &header->set;
	int local = scope_is_local(set, scope);
	ret->set = set;
	ret->first = local ? set->local_first : set->all_first;
	ret->count = local ? set->local_count : set->all_count;
	return ret->count ? 0 : -1;
}

/* The backend's index at a slot of the choice; 0: none. */
KL_INLINE __u32 choice_slot(const struct choice *choice, __u32 slot)
{
	__u32 at = choice->first + slot;
	__u32 block = at / KL_BLOCK_SLOTS;
	const struct kl_map_block *slots = bpf_map_lookup_elem(&kl_slots, &block);
	return slots ? slots->backend[at % KL_BLOCK_SLOTS] : 0;
}

/* The less busy of two different ones, the first by the hash, the second by chance. */
static __noinline __u32 choice_least(const struct choice *choice, __u32 hash)
{
	__u32 first = kl_below(hash, choice->count);
	__u32 a = choice_slot(choice, first);
	if (choice->count < 2)
		return a;
	__u32 second = first + 1 + kl_below(bpf_get_prandom_u32(), choice->count - 1);
	__u32 b = choice_slot(choice, second >= choice->count ? second - choice->count : second);
	return live_no_busier(a, b) ? a : b;
}

KL_INLINE __u32 choice_pick(struct kl_map_service *service, const struct choice *choice, __u32 hash)
{
	if (choice->set->algorithm == KL_PICK_ROUND_ROBIN)
		return choice_slot(choice, __sync_fetch_and_add(&service->cursor, 1) % choice->count);
	if (choice->set->algorithm == KL_PICK_LEAST_CONN)
		return choice_least(choice, hash);
	return choice_slot(choice, kl_below(hash, choice->count));
}

KL_INLINE __u64 now_ticks(const struct kl_map_config *cfg)
{
	return bpf_jiffies64() >> (cfg->tick_shift & 31);
}

/* Session affinity: the client's last backend while it lives and its time is not up; 0: none. */
static __noinline __u32 affinity_find(const struct kl_map_client *client, __u64 now, __u32 max_ticks)
{
	struct kl_map_affinity *entry = bpf_map_lookup_elem(&kl_affinity, client);
	if (!entry || now - entry->tick > max_ticks)
		return 0;
	const struct kl_map_backend *backend = backend_get(entry->backend_id);
	if (!backend || backend->generation != entry->generation || !(backend->flags & KL_BE_LIVE) ||
		!(backend->flags & KL_BE_READY))
		return 0;
	entry->tick = now;
	return entry->backend_id;
}

static __noinline int affinity_keep(const struct kl_map_client *client, __u64 now, __u32 backend_id)
{
	const struct kl_map_backend *backend = backend_get(backend_id);
	if (!backend)
		return 0;
	struct kl_map_affinity entry = {
		.backend_id = backend_id,
		.generation = backend->generation,
		.tick = now,
	};
	return bpf_map_update_elem(&kl_affinity, client, &entry, BPF_ANY);
}

/*
 * The backend for something new: hash is random for a socket, of the tuple for a packet. client names who asks, for
 * affinity. 0: the service has none.
 */
KL_INLINE __u32 service_pick(
	const struct kl_map_config *cfg, __u32 id, int scope, __u32 hash, struct kl_map_client *client)
{
	struct kl_map_service *service = bpf_map_lookup_elem(&kl_services, &id);
	struct choice choice;
	if (!service || choice_open(service, scope, &choice))
		return 0;
	if (!(choice.set->flags & KL_SET_AFFINITY))
		return choice_pick(service, &choice, hash);
	__u64 now = now_ticks(cfg);
	client->service = id;
	client->reserved = 0;
	__u32 kept = affinity_find(client, now, choice.set->affinity_ticks);
	if (kept)
		return kept;
	__u32 picked = choice_pick(service, &choice, hash);
	affinity_keep(client, now, picked);
	return picked;
}

KL_INLINE void traffic_connection(__u32 backend_id)
{
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &backend_id);
	if (traffic)
		traffic->connections++;
}

#endif
