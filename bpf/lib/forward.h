/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Packets from a client towards a backend. */
#ifndef KL_BPF_FORWARD_H
#define KL_BPF_FORWARD_H

#include "admit.h"
#include "send.h"

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

#endif
