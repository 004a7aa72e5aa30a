/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* New flows: a backend, a source port where one is needed, and both entries of the connection table. */
#ifndef KL_BPF_ADMIT_H
#define KL_BPF_ADMIT_H

#include "work.h"

KL_INLINE const __be32 *node_addr(const struct kl_map_config *cfg, int v6)
{
	const __be32 *addr = v6 ? cfg->node_addr6 : cfg->node_addr4;
	return addr[0] | addr[1] | addr[2] | addr[3] ? addr : NULL;
}

enum { NAT_PORT_TRIES = 16 };

/*
 * A source port that no other flow towards this backend uses. Ports are shared between backends. Of all those tried in
 * use, one whose flow was never answered is taken: a flood of SYNs must not use the ports up. 0: none found.
 */
__noinline int nat_port_pick(struct kl_flow_key *reply, __u32 start, struct kl_flow_hash *ret_hash)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !reply || !ret_hash)
		return 0;
	__u16 now = (__u16)now_ticks(cfg);
	__u32 range = cfg->snat_port_max - cfg->snat_port_min + 1u, given_up = 0;
	__be16 fallback = 0;
	if (!range)
		return 0;
	for (__u32 i = 0; i < NAT_PORT_TRIES; i++) {
		__be16 port = bpf_htons((__u16)(cfg->snat_port_min + (start + i * 389) % range));
		struct found taken;
		reply->dport = port;
		flow_hash(reply, ret_hash);
		if (!flow_find(cfg, ret_hash, &taken))
			return port;
		if (state_is_over(taken.state, now) || flow_is_expired(taken.index, taken.state, now)) {
			flow_free_pair(taken.index);
			return port;
		}
		__u32 phase = state_phase(taken.state);
		if (phase == KL_PHASE_CLOSED || (!fallback && phase == KL_PHASE_NEW)) {
			fallback = port;
			given_up = taken.index;
		}
	}
	if (!fallback)
		return 0;
	flow_free_pair(given_up);
	reply->dport = fallback;
	flow_hash(reply, ret_hash);
	return fallback;
}

enum admitted { ADMITTED, NO_BACKEND, NO_NODE_ADDR, NO_NAT_PORT, NO_PLACE, KEY_TAKEN /* try again */ };

KL_INLINE void tuple_fill(struct kl_map_tuple *tuple, const struct kl_flow_key *key, __be16 nat_port, __u32 now)
{
	addr_copy(tuple->client, key->saddr);
	addr_copy(tuple->frontend, key->daddr);
	tuple->client_port = key->sport;
	tuple->frontend_port = key->dport;
	tuple->nat_port = nat_port;
	tuple->proto = (__u8)key->proto;
	tuple->created = now;
}

KL_INLINE void reply_key_fill(
	struct kl_flow_key *reply, const struct kl_flow_key *key, const struct kl_map_backend *backend)
{
	addr_copy(reply->saddr, backend->addr);
	addr_copy(reply->daddr, key->saddr);
	reply->sport = backend->port;
	reply->dport = key->sport;
	reply->proto = key->proto;
}

/*
 * Without SNAT the reply's key has no trace of the frontend: a client that comes from the same port through another one
 * (a NodePort before, a cluster address now) would meet its old flow. What is over, void or was never answered makes
 * room, and so does anything when the caller has no other backend left to try. 1: the key is free.
 */
__noinline int reply_key_clear(const struct kl_flow_hash *hash, __u16 now, __u32 force)
{
	const struct kl_map_config *cfg = config_get();
	struct found old;
	if (!cfg || !hash || !flow_find(cfg, hash, &old))
		return 1;
	__u32 phase = state_phase(old.state);
	int lives = (phase == KL_PHASE_OPEN || phase == KL_PHASE_UDP || phase == KL_PHASE_ANSWERED) &&
		    !flow_is_expired(old.index, old.state, now);
	if (lives && !force)
		return 0;
	flow_free_pair(old.index);
	return 1;
}

enum { ADMIT_TRIES = 4 };

/*
 * A new flow: chooses a backend, makes both entries, and fills in work->found. A TCP packet in mid-flow is
 * treated the same: the flow may have come from a node that is gone, and a Maglev table finds the same backend.
 */
__noinline int admit_once(struct work *work, __u32 attempt)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !work || !scratch)
		return NO_BACKEND;
	addr_copy(scratch->client.addr, work->packet.key.saddr);
	__u32 id = service_pick(
		cfg, work->service, 1, kl_pick_hash(&work->packet.key) + attempt * 0x9e3779b9u, &scratch->client);
	const struct kl_map_backend *backend = id ? backend_get(id) : NULL;
	if (!backend || addr_is_v4(backend->addr) == work->packet.v6)
		return NO_BACKEND;

	/* Read before anything else of it, and again at the end: the backend may be retired while this runs. */
	__u8 generation = KL_READ(backend->generation);
	if (!(KL_READ(backend->flags) & KL_BE_LIVE))
		return KEY_TAKEN;

	struct new_flow *new = &scratch->new;
	struct kl_flow_key *reply = &scratch->reply;
	__u64 now = now_ticks(cfg);
	__be16 nat_port = 0;
	reply_key_fill(reply, &work->packet.key, backend);
	if (backend->flags & KL_BE_LOCAL) {
		flow_hash(reply, &new->reply);
		if (!reply_key_clear(&new->reply, (__u16)now, attempt + 1 == ADMIT_TRIES))
			return KEY_TAKEN;
	} else {
		const __be32 *source = node_addr(cfg, work->packet.v6);
		if (!source)
			return NO_NODE_ADDR;
		addr_copy(reply->daddr, source);
		nat_port = (__be16)nat_port_pick(reply, (__u32)(work->hash.fingerprint >> 32), &new->reply);
		if (!nat_port)
			return NO_NAT_PORT;
	}
	tuple_fill(&new->tuple, &work->packet.key, nat_port, (__u32)now);
	new->forward = work->hash;
	new->confirmed = 0;
	new->state = (__u64)id | (__u64)generation << STATE_GENERATION_SHIFT |
		     (__u64)KL_PHASE_NEW << STATE_PHASE_SHIFT | (__u64)(__u16)now << STATE_STAMP_SHIFT |
		     (__u64)nat_port << STATE_PORT_SHIFT;
	if (flow_insert(new))
		return NO_PLACE;
	if (KL_READ(backend->generation) != generation) {
		flow_free_pair(new->index);
		return KEY_TAKEN;
	}
	traffic_connection(id);
	work->found.index = new->index;
	work->found.state = new->state;
	return ADMITTED;
}

KL_INLINE int admit(struct work *work)
{
	int admitted = KEY_TAKEN;
	for (__u32 attempt = 0; attempt < ADMIT_TRIES && admitted == KEY_TAKEN; attempt++)
		admitted = admit_once(work, attempt);
	return admitted;
}

#endif
