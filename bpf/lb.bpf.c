/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * North-south balancing on the node's uplink: NodePort, external, load balancer and (where wanted) cluster addresses
 * that arrive from outside go to a local pod (destination translated) or to another node's (source and destination).
 *
 *	client --> uplink ingress: kl_lb_in --DNAT--> stack --> local pod --> uplink egress: kl_lb_out --> client
 *	client --> uplink ingress: kl_lb_in --DNAT+SNAT--> back out --> remote pod --> uplink ingress: kl_lb_in -->
 *	client
 *
 * Built twice: for XDP (KL_XDP), which leaves what it cannot do to tc behind it, and for tc. Replies of local pods are
 * translated on egress, which XDP does not have, so the tc programs are attached in every mode.
 */
#include "lib/conntrack.h"
#include "lib/packet.h"
#ifndef KL_XDP
#include "lib/icmp.h"
#endif

char _license[] SEC("license") = "Dual BSD/GPL";

/* A packet on its way through the program. */
struct work {
	struct packet packet;
	struct kl_flow_hash hash;
	struct found found;
	struct kl_flow_key to;
	__u32 service;
	__u8 type;   /* of the frontend */
	__u8 remote; /* leaves by the uplink again */
	__u16 reserved;
};

/* What does not fit on the stack of 512 bytes. Programs of these hooks do not interrupt one another on a CPU. */
struct scratch {
	struct work work;
	struct new_flow new;
	struct kl_flow_key reply;
	struct kl_map_client client;
#ifdef KL_XDP
	struct bpf_fib_lookup fib;
#else
	struct quoted quoted;
#endif
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} kl_scratch SEC(".maps");

KL_INLINE struct scratch *scratch_get(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&kl_scratch, &zero);
}

KL_INLINE int drop(__u64 *counter)
{
	(*counter)++;
	return DROP;
}

#ifdef KL_XDP
/* The next hop's addresses come from the kernel's tables; without a neighbour entry the packet is left to tc. */
KL_INLINE int send(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	struct scratch *scratch = scratch_get();
	if (!scratch)
		return drop(&counters->drop_rewrite);
	struct bpf_fib_lookup *fib = &scratch->fib;
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = ctx->ingress_ifindex;
	if (work->packet.v6) {
		fib->family = 10; /* AF_INET6 */
		addr_copy(fib->ipv6_src, work->to.saddr);
		addr_copy(fib->ipv6_dst, work->to.daddr);
	} else {
		fib->family = 2; /* AF_INET */
		fib->ipv4_src = work->to.saddr[3];
		fib->ipv4_dst = work->to.daddr[3];
	}
	fib->l4_protocol = (__u8)work->packet.key.proto;
	fib->tot_len = (__u16)(work->packet.bytes - ETH_HLEN);
	if (bpf_fib_lookup(ctx, fib, sizeof(*fib), 0) != BPF_FIB_LKUP_RET_SUCCESS) {
		counters->deferred++;
		return PASS;
	}
	if (packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	struct ethhdr *eth = ctx_data(ctx);
	if ((void *)(eth + 1) > ctx_end(ctx))
		return drop(&counters->drop_rewrite);
	__builtin_memcpy(eth->h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib->smac, ETH_ALEN);
	return fib->ifindex == ctx->ingress_ifindex ? XDP_TX : (int)bpf_redirect(fib->ifindex, 0);
}
#else
KL_INLINE int send(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	if (packet_rewrite(ctx, &work->packet, &work->to, 1))
		return drop(&counters->drop_rewrite);
	return (int)bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0);
}
#endif

/* Sends it out again, or lets the stack deliver it. */
KL_INLINE int finish(ctx_t *ctx, struct work *work, struct kl_map_counters *counters)
{
	if (!work->remote)
		return packet_rewrite(ctx, &work->packet, &work->to, 0) ? drop(&counters->drop_rewrite) : PASS;
	if (work->packet.ttl <= 1)
		return drop(&counters->drop_ttl);
	return send(ctx, work, counters);
}

KL_INLINE const __be32 *node_addr(const struct kl_map_config *cfg, int v6)
{
	const __be32 *addr = v6 ? cfg->node_addr6 : cfg->node_addr4;
	return addr[0] | addr[1] | addr[2] | addr[3] ? addr : NULL;
}

/* Where a packet of the flow goes, from its forward entry. */
KL_INLINE void forward_to(
	const struct kl_map_config *cfg, struct work *work, const struct kl_map_backend *backend, __be16 nat_port)
{
	const __be32 *source = nat_port && work->packet.v6 ? cfg->node_addr6
			       : nat_port                  ? cfg->node_addr4
							   : work->packet.key.saddr;
	addr_copy(work->to.saddr, source);
	addr_copy(work->to.daddr, backend->addr);
	work->to.sport = nat_port ? nat_port : work->packet.key.sport;
	work->to.dport = backend->port;
	work->to.proto = work->packet.key.proto;
	work->remote = nat_port != 0;
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

/* A NodePort without endpoints is left to the node's own stack, whose reset tells the client at once. */
KL_INLINE int refuse(const struct work *work, struct kl_map_counters *counters, int why)
{
	switch (why) {
	case NO_NODE_ADDR:
		return drop(&counters->drop_no_node_addr);
	case NO_NAT_PORT:
		return drop(&counters->drop_no_nat_port);
	case NO_PLACE:
		return drop(&counters->drop_ct_full);
	default:
		counters->drop_no_backend++;
		return work->type == KL_TYPE_NODE_PORT ? PASS : DROP;
	}
}

/* A flow that has been answered and goes on leaves the half-open region: both entries are written anew, then the old
 * freed. */
__noinline int promote(struct work *work)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !work)
		return 0;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	__u32 old = work->found.index, old_peer = flow_peer(old);
	if (!tuple || old_peer == old)
		return 0;
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!scratch || !counters)
		return 0;
	struct new_flow *new = &scratch->new;
	struct kl_flow_key *reply = &scratch->reply;
	reply->sport = work->to.dport;
	reply->dport = work->to.sport;
	reply->proto = work->to.proto;
	addr_copy(reply->saddr, work->to.daddr);
	addr_copy(reply->daddr, work->to.saddr);
	flow_hash(reply, &new->reply);
	new->forward = work->hash;
	new->tuple = *tuple;
	new->confirmed = 1;
	__u64 phase = work->packet.key.proto == IPPROTO_TCP ? KL_PHASE_OPEN : KL_PHASE_UDP;
	new->state = state_with_stamp(state_with_phase(work->found.state, phase), (__u16)now_ticks(cfg));
	if (flow_insert(new)) {
		counters->drop_ct_full++; /* stays where it is, and may be evicted there */
		return 0;
	}
	counters->flows_promoted++;
	flow_free(old);
	flow_free(old_peer);
	work->found.index = new->index;
	work->found.state = new->state;
	return 0;
}

KL_INLINE void flow_touch(const struct found *found, __u16 now)
{
	struct kl_map_flow *flow = state_stamp(found->state) == now ? NULL : flow_at(found->index);
	if (flow)
		KL_WRITE(*flow_stamp(flow), now);
}

/* What a packet towards a backend does to its flow's state. */
KL_INLINE void track_forward(const struct kl_map_config *cfg, struct work *work)
{
	__u32 phase = state_phase(work->found.state);
	__u16 now = (__u16)now_ticks(cfg);
	flow_touch(&work->found, now);
	if (phase == KL_PHASE_ANSWERED && !(work->packet.tcp_flags & (TCP_SYN | TCP_RST)))
		promote(work);
	if (!(work->packet.tcp_flags & (TCP_FIN | TCP_RST)))
		return;
	if (work->packet.tcp_flags & TCP_RST)
		flow_reset(&work->found);
	else
		flow_fin(&work->found);
}

/* A SYN on a flow that has ended starts a new one with the same ports. */
KL_INLINE int is_restart(const struct work *work)
{
	return (work->packet.tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	       state_phase(work->found.state) >= KL_PHASE_FIN;
}

KL_INLINE int forward(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	const struct kl_map_backend *backend = NULL;
	work->hash = kl_flow_hash(cfg->hash_key, &work->packet.key);
	if (flow_find(cfg, &work->hash, &work->found)) {
		backend = backend_get(state_backend(work->found.state));
		if (!backend || backend->generation != state_generation(work->found.state) || is_restart(work)) {
			counters->flows_void++;
			flow_free_pair(work->found.index);
			backend = NULL;
		}
	}
	if (!backend) {
		int admitted = admit(work);
		if (admitted != ADMITTED)
			return refuse(work, counters, admitted);
		counters->flows_inserted++;
		backend = backend_get(state_backend(work->found.state));
		if (!backend)
			return drop(&counters->drop_no_backend);
	}
	forward_to(cfg, work, backend, state_port(work->found.state));
	track_forward(cfg, work);
	__u32 id = state_backend(work->found.state);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += work->packet.bytes;
	}
	counters->forwarded++;
	return finish(ctx, work, counters);
}

/* A reply makes the flow known as answered, or carries its side's FIN or RST. */
KL_INLINE void track_reply(const struct kl_map_config *cfg, struct work *work)
{
	__u16 now = (__u16)now_ticks(cfg);
	flow_touch(&work->found, now);
	if (state_phase(work->found.state) == KL_PHASE_NEW) {
		flow_set_phase(flow_at(work->found.index), KL_PHASE_ANSWERED);
		flow_set_phase(flow_peer_entry(work->found.index), KL_PHASE_ANSWERED);
	}
	if (!(work->packet.tcp_flags & (TCP_FIN | TCP_RST)))
		return;
	if (work->packet.tcp_flags & TCP_RST)
		flow_reset(&work->found);
	else
		flow_fin(&work->found);
}

/* 1 and work->to when the packet is the reply of a flow of ours. A dead backend's replies are nobody's. */
KL_INLINE int reply_find(const struct kl_map_config *cfg, struct work *work)
{
	work->hash = kl_flow_hash(cfg->hash_key, &work->packet.key);
	if (!flow_find(cfg, &work->hash, &work->found) || !(work->found.state >> STATE_REVERSE_SHIFT & 1))
		return 0;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple || state_is_void(work->found.state))
		return 0;
	addr_copy(work->to.saddr, tuple->frontend);
	addr_copy(work->to.daddr, tuple->client);
	work->to.sport = tuple->frontend_port;
	work->to.dport = tuple->client_port;
	work->to.proto = work->packet.key.proto;
	return 1;
}

KL_INLINE int reply(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	track_reply(cfg, work);
	__u32 id = state_backend(work->found.state);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic)
		traffic->reply_bytes += work->packet.bytes;
	counters->returned++;
	return finish(ctx, work, counters);
}

KL_INLINE int is_snat_port(const struct kl_map_config *cfg, __be16 port)
{
	__u16 number = bpf_ntohs(port);
	return number >= cfg->snat_port_min && number <= cfg->snat_port_max;
}

KL_INLINE int is_wanted(const struct kl_map_config *cfg, struct frontend frontend)
{
	return frontend.service && (frontend.type != KL_TYPE_CLUSTER_IP || cfg->flags & KL_CONFIG_EXTERNAL_CLUSTER_IP);
}

/* The ports of a later fragment, or those of a first one kept for the later. 1: the key is complete. */
__noinline int fragment_ports(struct packet *packet)
{
	if (!packet)
		return 0;
	struct kl_map_fragment key = {.id = packet->ip_id, .proto = packet->key.proto};
	addr_copy(key.saddr, packet->key.saddr);
	addr_copy(key.daddr, packet->key.daddr);
	if (packet->first_fragment) {
		struct kl_map_ports ports = {packet->key.sport, packet->key.dport};
		bpf_map_update_elem(&kl_fragments, &key, &ports, BPF_ANY);
		return 1;
	}
	const struct kl_map_ports *ports = bpf_map_lookup_elem(&kl_fragments, &key);
	if (!ports)
		return 0;
	packet->key.sport = ports->sport;
	packet->key.dport = ports->dport;
	packet->later_fragment = 1;
	return 1;
}

/* 0: not of TCP or UDP, or a fragment whose first has not been seen. */
KL_INLINE int key_is_complete(struct work *work, enum parsed parsed, struct kl_map_counters *counters)
{
	if (parsed == PARSED_FLOW && !work->packet.first_fragment)
		return 1;
	if (parsed != PARSED_FLOW && parsed != PARSED_FRAGMENT)
		return 0;
	if (fragment_ports(&work->packet))
		return 1;
	counters->fragments_unknown++;
	return 0;
}

#ifdef KL_XDP
KL_INLINE int icmp(ctx_t *ctx, struct scratch *scratch, struct kl_map_counters *counters, int egress)
{
	counters->deferred++;
	return PASS;
}
#else
/* From a backend, or from beyond it: the client shall read of the packet that it sent. */
KL_INLINE void icmp_to_client(
	struct work *work, const struct kl_map_tuple *tuple, const struct quoted *quoted, struct kl_flow_key *inner)
{
	addr_copy(inner->saddr, tuple->client);
	addr_copy(inner->daddr, tuple->frontend);
	inner->sport = tuple->client_port;
	inner->dport = tuple->frontend_port;
	addr_copy(work->to.daddr, tuple->client);
	addr_copy(work->to.saddr,
		addr_equal(work->packet.key.saddr, quoted->answer.saddr) ? tuple->frontend : work->packet.key.saddr);
}

/* From the client's side: the backend shall read of the packet that it sent. */
KL_INLINE int icmp_to_backend(const struct kl_map_config *cfg, struct work *work, struct kl_flow_key *inner)
{
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	__be16 nat_port = state_port(work->found.state);
	const __be32 *source = work->packet.v6 ? cfg->node_addr6 : cfg->node_addr4;
	if (!backend)
		return -1;
	addr_copy(inner->saddr, backend->addr);
	addr_copy(inner->daddr, nat_port ? source : work->packet.key.saddr);
	inner->sport = backend->port;
	addr_copy(work->to.saddr, nat_port ? source : work->packet.key.saddr);
	addr_copy(work->to.daddr, backend->addr);
	return 0;
}

__noinline int icmp_translate(struct __sk_buff *ctx, int egress)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return PASS;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	if (quoted_parse(ctx, &work->packet, quoted))
		return PASS;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_is_void(work->found.state))
		return PASS;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple)
		return PASS;
	work->remote = !egress;
	if (work->found.state >> STATE_REVERSE_SHIFT & 1) {
		icmp_to_client(work, tuple, quoted, inner);
	} else {
		if (egress || icmp_to_backend(cfg, work, inner))
			return PASS;
		/* Its client's port is the quotation's own, except towards a remote backend. */
		inner->dport = state_port(work->found.state) ? state_port(work->found.state) : quoted->answer.sport;
		work->remote = state_port(work->found.state) != 0;
	}
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return work->remote ? (int)bpf_redirect_neigh(ctx->ifindex, NULL, 0, 0) : PASS;
}

KL_INLINE int icmp(ctx_t *ctx, struct scratch *scratch, struct kl_map_counters *counters, int egress)
{
	return icmp_translate(ctx, egress);
}
#endif

KL_INLINE int lb_in(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 0);
	if (!key_is_complete(work, parsed, counters)) {
		counters->passed++;
		return PASS;
	}
	if (is_snat_port(cfg, work->packet.key.dport) && reply_find(cfg, work)) {
		work->remote = 1;
		return reply(ctx, cfg, work, counters);
	}
	struct frontend frontend =
		frontend_find_any(cfg, work->packet.key.daddr, work->packet.key.dport, (__u8)work->packet.key.proto, 0);
	if (!is_wanted(cfg, frontend)) {
		counters->passed++;
		return PASS;
	}
	work->service = frontend.service;
	work->type = frontend.type;
	return forward(ctx, cfg, work, counters);
}

#ifdef KL_XDP
SEC("xdp")
int kl_lb_xdp(struct xdp_md *ctx)
{
	return lb_in(ctx);
}
#else
SEC("tc")
int kl_lb_in(struct __sk_buff *ctx)
{
	return lb_in(ctx);
}

/* Replies of pods on this node. */
SEC("tc")
int kl_lb_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return PASS;
	struct work *work = &scratch->work;
	enum parsed parsed = packet_parse(ctx, &work->packet);
	if (parsed == PARSED_ICMP)
		return icmp(ctx, scratch, counters, 1);
	if (!key_is_complete(work, parsed, counters) || !reply_find(cfg, work))
		return PASS;
	work->remote = 0;
	return reply(ctx, cfg, work, counters);
}
#endif
