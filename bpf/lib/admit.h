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

/* A range of ports in one register, for calls that are not inlined. */
KL_INLINE __u32 ports_pack(__u16 min, __u16 max)
{
	return (__u32)min << 16 | max;
}

/*
 * A port of the range (ports_pack()) for reply->dport that no other flow with that remote end uses: ports are shared
 * between remotes. Of all those tried in use, one whose flow was never answered is taken: a flood of SYNs must not use the
 * ports up. 0: none found.
 */
__noinline int nat_port_pick(struct kl_flow_key *reply, __u32 start, __u32 ports, struct kl_flow_hash *ret_hash)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !reply || !ret_hash)
		return 0;
	__u16 now = (__u16)now_ticks(cfg);
	__u32 first = ports >> 16, range = (ports & 0xffff) - first + 1, given_up = 0;
	__be16 fallback = 0;
	if (!first || !range)
		return 0;
	for (__u32 i = 0; i < NAT_PORT_TRIES; i++) {
		__be16 port = bpf_htons((__u16)(first + (start + i * 389) % range));
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

enum admitted {
	ADMITTED,
	NO_BACKEND,
	NO_NODE_ADDR,
	NO_NAT_PORT,
	NO_PLACE,
	KEY_TAKEN,   /* try again */
	NO_LOCAL,    /* external traffic stays on the node, and there is none here */
	NOT_ALLOWED, /* not from this address */
	PORT_FIXED,  /* SCTP, whose port would have to change */
};

KL_INLINE void tuple_fill(struct kl_map_tuple *tuple, const struct kl_flow_key *key, __be16 nat_port, __u32 now)
{
	addr_copy(tuple->client, key->saddr);
	addr_copy(tuple->frontend, key->daddr);
	tuple->client_port = key->sport;
	tuple->frontend_port = key->dport;
	tuple->nat_port = nat_port;
	tuple->proto = (__u8)key->proto;
	tuple->flags = 0;
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

/* A port of ours that a socket of this node uses towards the same backend, or listens on, is no port of ours. */
__noinline int port_has_socket(ctx_t *ctx, const struct kl_flow_key *reply)
{
	struct bpf_sock_tuple tuple = {};
	if (!reply)
		return 0;
	__u32 size = sizeof(tuple.ipv4);
	if (addr_is_v4(reply->saddr)) {
		tuple.ipv4.saddr = reply->saddr[3];
		tuple.ipv4.daddr = reply->daddr[3];
		tuple.ipv4.sport = reply->sport;
		tuple.ipv4.dport = reply->dport;
	} else {
		addr_copy(tuple.ipv6.saddr, reply->saddr);
		addr_copy(tuple.ipv6.daddr, reply->daddr);
		tuple.ipv6.sport = reply->sport;
		tuple.ipv6.dport = reply->dport;
		size = sizeof(tuple.ipv6);
	}
	struct bpf_sock *sock = reply->proto == IPPROTO_TCP
					? bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0)
					: bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	bpf_sk_release(sock);
	return 1;
}

enum { SOCKET_TRIES = 3, SOCKET_STEP = 7919 };

/* nat_port_pick() of a port that no socket has. */
KL_INLINE __be16 snat_port(
	ctx_t *ctx, struct kl_flow_key *reply, __u32 start, __u32 ports, struct kl_flow_hash *ret_hash)
{
	for (__u32 i = 0; i < SOCKET_TRIES; i++) {
		__be16 port = (__be16)nat_port_pick(reply, start + i * SOCKET_STEP, ports, ret_hash);
		if (!port || !port_has_socket(ctx, reply))
			return port;
	}
	return 0;
}

/* SCTP's ports stay: its checksum, a CRC over the whole packet, could not be mended. */
KL_INLINE __be16 sctp_port(struct kl_flow_key *reply, __u16 now, struct kl_flow_hash *ret_hash)
{
	flow_hash(reply, ret_hash);
	return bpf_ntohs(reply->dport) >= 1024 && reply_key_clear(ret_hash, now, 0) ? reply->dport : 0;
}

/* A port of the range for the flow in hand; scratch->reply, its addresses filled in, becomes the key of its replies. */
KL_INLINE __be16 free_port(ctx_t *ctx, const struct work *work, struct scratch *scratch, __u32 ports, __u16 now)
{
	if (work->packet.key.proto == IPPROTO_SCTP)
		return sctp_port(&scratch->reply, now, &scratch->new.reply);
	return snat_port(ctx, &scratch->reply, work->hash.line, ports, &scratch->new.reply);
}

KL_INLINE __u32 snat_ports(const struct kl_map_config *cfg)
{
	return ports_pack(cfg->snat_port_min, cfg->snat_port_max);
}

/*
 * Whether a flow goes to the other node in an envelope. Not when the client is that backend: it would get a packet from
 * itself.
 */
KL_INLINE int wants_envelope(const struct work *work, const struct kl_map_backend *backend)
{
	return backend->forward != KL_FORWARD_SNAT && !work->plain &&
	       !addr_equal(work->packet.key.saddr, backend->addr);
}

/* A backend on this node: the client's port is kept, unless a flow through another frontend has it there. */
KL_INLINE int port_for_local(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct scratch *scratch,
	struct kl_map_counters *counters, __u16 now, __be16 *ret)
{
	flow_hash(&scratch->reply, &scratch->new.reply);
	if (reply_key_clear(&scratch->new.reply, now, work->packet.key.proto == IPPROTO_SCTP))
		return ADMITTED;
	*ret = free_port(ctx, work, scratch, snat_ports(cfg), now);
	counters->ports_moved++;
	return *ret ? ADMITTED : NO_NAT_PORT;
}

/* What the flow's source port becomes, and in scratch->new.reply the key of its replies. */
KL_INLINE int port_for(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work,
	const struct kl_map_backend *backend, struct scratch *scratch, __u16 now, __be16 *ret)
{
	struct kl_map_counters *counters = counters_get();
	const __be32 *source = node_addr(cfg, work->packet.v6);
	reply_key_fill(&scratch->reply, &work->packet.key, backend);
	*ret = 0;
	if (!counters)
		return NO_BACKEND;
	if (backend->flags & KL_BE_LOCAL)
		return port_for_local(ctx, cfg, work, scratch, counters, now, ret);
	if (!source)
		return NO_NODE_ADDR;
	if (wants_envelope(work, backend)) {
		*ret = bpf_htons(KL_FLOW_DSR);
		return ADMITTED;
	}
	addr_copy(scratch->reply.daddr, source);
	*ret = free_port(ctx, work, scratch, snat_ports(cfg), now);
	return *ret ? ADMITTED : NO_NAT_PORT;
}

enum { ADMIT_TRIES = 4 };

KL_INLINE int source_allowed(struct scratch *scratch, __u32 service, const struct packet *packet)
{
	struct kl_map_range *range = &scratch->range;
	range->prefix = KL_RANGE_SERVICE_BITS + 128;
	range->service = service;
	addr_copy(range->addr, packet->key.saddr);
	return bpf_map_lookup_elem(&kl_ranges, range) != NULL;
}

/*
 * What the Service says of who may come, and whether it has anybody at all. Source ranges are those of load balancer
 * addresses alone, and looked at for new flows, as kube-proxy does.
 */
KL_INLINE int admission(struct scratch *scratch, const struct work *work)
{
	__u32 id = work->service;
	const struct kl_map_service *service = bpf_map_lookup_elem(&kl_services, &id);
	__u32 block = service ? (__u32)KL_READ(service->set) : 0;
	const struct kl_map_block *header = block ? bpf_map_lookup_elem(&kl_slots, &block) : NULL;
	if (!header)
		return NO_BACKEND;
	const struct kl_map_set *set = &header->set;
	if (set->flags & KL_SET_RANGES && work->type == KL_TYPE_LOAD_BALANCER && !work->opened &&
		!source_allowed(scratch, id, &work->packet))
		return NOT_ALLOWED;
	if (work->type != KL_TYPE_CLUSTER_IP && set->flags & KL_SET_EXTERNAL_LOCAL && set->all_count &&
		!set->local_count && !work->given)
		return NO_LOCAL;
	return ADMITTED;
}

KL_INLINE __u32 backend_choose(
	const struct kl_map_config *cfg, struct work *work, struct scratch *scratch, __u32 attempt)
{
	if (work->given)
		return work->given;
	addr_copy(scratch->client.addr, work->packet.key.saddr);
	return service_pick(cfg, work->service, work->type == KL_TYPE_CLUSTER_IP ? SCOPE_INTERNAL : SCOPE_EXTERNAL,
		kl_pick_hash(&work->packet.key) + attempt * 0x9e3779b9u, &scratch->client);
}

/*
 * A new flow: chooses a backend, makes its entries, and fills in work->found. A TCP packet in mid-flow is
 * treated the same: the flow may have come from a node that is gone, and a Maglev table finds the same backend.
 */
__noinline int admit_once(ctx_t *ctx, __u32 attempt)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !scratch)
		return NO_BACKEND;
	struct work *work = &scratch->work;
	struct new_flow *new = &scratch->new;
	int admitted = admission(scratch, work);
	if (admitted != ADMITTED)
		return admitted;
	__u32 id = backend_choose(cfg, work, scratch, attempt);
	const struct kl_map_backend *backend = id ? backend_get(id) : NULL;
	if (!backend || addr_is_v4(backend->addr) == work->packet.v6)
		return NO_BACKEND;
	if (work->packet.key.proto == IPPROTO_SCTP && backend->port != work->packet.key.dport)
		return PORT_FIXED;

	/* Read before anything else of it, and again at the end: the backend may be retired while this runs. */
	__u8 generation = KL_READ(backend->generation);
	if (!(KL_READ(backend->flags) & KL_BE_LIVE))
		return work->given ? NO_BACKEND : KEY_TAKEN;
	__u64 now = now_ticks(cfg);
	__be16 nat_port;
	admitted = port_for(ctx, cfg, work, backend, scratch, (__u16)now, &nat_port);
	if (admitted != ADMITTED)
		return admitted;
	tuple_fill(&new->tuple, &work->packet.key, nat_port, (__u32)now);
	if (work->opened)
		new->tuple.flags = KL_TUPLE_OPENED;
	new->forward = work->hash;
	new->state = (__u64)id | (__u64)generation << STATE_GENERATION_SHIFT |
		     (__u64)KL_PHASE_NEW << STATE_PHASE_SHIFT | (__u64)(__u16)now << STATE_STAMP_SHIFT |
		     (__u64)nat_port << STATE_PORT_SHIFT;
	if (flow_put(new, 0))
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

/* For the packet in scratch->work. */
KL_INLINE int admit(ctx_t *ctx)
{
	int admitted = KEY_TAKEN;
	for (__u32 attempt = 0; attempt < ADMIT_TRIES && admitted == KEY_TAKEN; attempt++)
		admitted = admit_once(ctx, attempt);
	return admitted;
}

#endif
