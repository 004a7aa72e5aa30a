/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Packets from a client towards a backend. */
#ifndef KL_BPF_FORWARD_H
#define KL_BPF_FORWARD_H

#include "admit.h"
#include "answer.h"
#include "mss.h"
#include "send.h"

/*
 * Where a packet of the flow goes, from its forward entry. nat_port: see kl_map_flow. A local backend sees the client's
 * address even where its port had to change; a pod that is its own backend sees the node's.
 */
KL_INLINE void forward_to(
	const struct kl_map_config *cfg, struct work *work, const struct kl_map_backend *backend, __be16 nat_port)
{
	const __be32 *client = work->packet.key.saddr;
	int local = (backend->flags & KL_BE_LOCAL) && !addr_equal(client, backend->addr);
	const __be32 *source = !nat_port || local ? client : work->packet.v6 ? cfg->node_addr6 : cfg->node_addr4;
	addr_copy(work->to.saddr, source);
	addr_copy(work->to.daddr, backend->addr);
	work->to.sport = nat_port ? nat_port : work->packet.key.sport;
	work->to.dport = backend->port;
	work->to.proto = work->packet.key.proto;
	work->remote = nat_port && !(backend->flags & KL_BE_LOCAL);
}

KL_INLINE __u64 *refusal_counter(struct kl_map_counters *counters, int why)
{
	switch (why) {
	case NO_NODE_ADDR:
		return &counters->drop_no_node_addr;
	case NO_NAT_PORT:
		return &counters->drop_no_nat_port;
	case NO_PLACE:
		return &counters->drop_ct_full;
	case NOT_ALLOWED:
		return &counters->drop_source_range;
	case PORT_FIXED:
		return &counters->drop_sctp_port;
	default:
		return &counters->drop_no_backend;
	}
}

/* A NodePort without endpoints is left to the node's own stack, whose reset tells the client at once. */
KL_INLINE int refuse(const struct work *work, struct kl_map_counters *counters, int why)
{
	(*refusal_counter(counters, why))++;
	return (why == NO_BACKEND || why == KEY_TAKEN) && work->type == KL_TYPE_NODE_PORT ? PASS : DROP;
}

/* At another address the client is told by ICMP: the stack would not know that the address is served here. */
KL_INLINE int refuse_client(
	ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters, int why)
{
	if (event_wanted(cfg))
		tell(ctx, KL_EVENT_DROP, event_reason(counters, refusal_counter(counters, why)));
	int verdict = refuse(work, counters, why);
	if (verdict == DROP && !work->opened && (why == NO_BACKEND || why == PORT_FIXED))
		return answer(ctx, ANSWER_NO_PORT, 0);
	return verdict;
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
	__u64 phase = work->packet.key.proto == IPPROTO_TCP ? KL_PHASE_OPEN : KL_PHASE_UDP;
	new->state = state_with_stamp(state_with_phase(work->found.state, phase), (__u16)now_ticks(cfg));
	if (flow_put(new, 1)) {
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
	if (oneway_advances(work->found.state, work->packet.tcp_flags, now)) {
		work->found.state = state_with_stamp(work->found.state, now);
		oneway_advance(&work->found, &work->hash, &work->packet.key);
	} else if (phase == KL_PHASE_ANSWERED && !(work->packet.tcp_flags & (TCP_SYN | TCP_RST))) {
		promote(work); /* does nothing for a flow without a reply's entry */
	}
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

/* --- in an envelope, to a backend on another node */

enum fit { FITS, FITS_SMALLER /* as segments made smaller by the envelope */, TOO_BIG, MAY_DETOUR };

#ifndef KL_XDP
/* Bytes of IP of each segment that the packet stands for. */
__noinline int segment_bytes(ctx_t *ctx, const struct packet *packet)
{
	if (!packet || packet->l4 > MAX_L4)
		return 0;
	const struct tcphdr *tcp = ctx_data(ctx) + packet->l4;
	__u32 header = transport_bytes(packet->key.proto);
	if (packet->key.proto == IPPROTO_TCP && (void *)(tcp + 1) <= ctx_end(ctx))
		header = tcp->doff * 4u;
	return (int)(packet->l4 - ETH_HLEN + header + ctx->gso_size);
}
#endif

/* Bytes of IP of the longest packet that goes on the wire. */
KL_INLINE __u32 longest(ctx_t *ctx, const struct packet *packet)
{
#ifndef KL_XDP
	if (KL_READ(ctx->gso_size))
		return (__u32)segment_bytes(ctx, packet);
#endif
	return packet->end - ETH_HLEN;
}

/*
 * UDP that may be fragmented on its way (IPv4 without DF) goes without an envelope from then on, by SNAT: fragments
 * cannot be made here, and such a sender does not expect to be told.
 */
KL_INLINE enum fit envelope_fit(ctx_t *ctx, const struct kl_map_config *cfg, const struct packet *packet, __u32 around)
{
	__u32 bytes = longest(ctx, packet), mtu = uplink_mtu(cfg);
	if (bytes + around <= mtu)
		return FITS;
#ifndef KL_XDP
	if (KL_READ(ctx->gso_size) && packet->key.proto == IPPROTO_TCP && bytes <= mtu)
		return FITS_SMALLER;
#endif
	return !packet->whole && packet->key.proto == IPPROTO_UDP && bytes <= mtu ? MAY_DETOUR : TOO_BIG;
}

KL_INLINE int tell_too_big(ctx_t *ctx, const struct kl_map_config *cfg, struct kl_map_counters *counters, __u32 around)
{
	drop_told(ctx, cfg, counters, &counters->drop_too_big);
	return answer(ctx, ANSWER_TOO_BIG, uplink_mtu(cfg) - around);
}

/* The packet in hand, whose flow goes in envelopes and which is enum fit. The verdict. */
__noinline int forward_enveloped(ctx_t *ctx, __u32 fit)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters || fit > MAY_DETOUR)
		return DROP;
	struct work *work = &scratch->work;
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	if (!backend)
		return drop(&counters->drop_no_backend);
	const __be32 *source = node_addr(cfg, work->packet.v6);
	__be16 port = envelope_port(cfg, backend);
	if (!source)
		return drop_told(ctx, cfg, counters, &counters->drop_no_node_addr);
	if (work->packet.ttl <= 1)
		return expire(ctx, cfg, counters);
	if (work->packet.tcp_flags & TCP_SYN && mss_clamp(ctx, work->packet.l4, mss_within(cfg, work->packet.v6, port)))
		return drop_told(ctx, cfg, counters, &counters->drop_rewrite);
	struct envelope envelope = {
		.src = source,
		.dst = backend->addr,
		.bytes = work->packet.end - ETH_HLEN,
		.hash = work->hash.line,
		.v6 = work->packet.v6,
		.port = port,
		.tos = work->packet.tos,
		.keep_segments = fit == FITS,
	};
	counters->enveloped++;
	return send(ctx, work, &envelope, counters);
}

/* The flow goes on by SNAT, to the same backend. */
KL_INLINE int detour(ctx_t *ctx, struct work *work)
{
	work->given = state_backend(work->found.state);
	work->plain = 1;
	flow_free_pair(work->found.index);
	return admit_once(ctx, 0);
}

/* --- every packet of a client's */

/* A flow that may not be gone on with: its backend is dead, is not the one that the balancer chose, or has come nearer. */
KL_INLINE int is_void(const struct work *work, const struct kl_map_backend *backend)
{
	__u64 state = work->found.state;
	return !backend || backend->generation != state_generation(state) || is_restart(work) ||
	       (work->given && work->given != state_backend(state)) ||
	       (state_is_oneway(state) && backend->flags & KL_BE_LOCAL);
}

enum { FLOW_READY = 1000 /* no program's verdict */ };

/* Finds the flow of work->hash, or makes it: FLOW_READY, or the verdict of a packet that may not go on. */
__noinline int flow_ready(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return DROP;
	struct work *work = &scratch->work;
	if (flow_find(cfg, &work->hash, &work->found)) {
		const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
		if (!is_void(work, backend))
			return FLOW_READY;
		counters->flows_void++;
		flow_free_pair(work->found.index);
	}
	int admitted = admit(ctx);
	if (admitted != ADMITTED)
		return refuse_client(ctx, cfg, work, counters, admitted);
	counters->flows_inserted++;
	const struct kl_map_backend *backend = event_wanted(cfg) ? backend_get(state_backend(work->found.state)) : NULL;
	if (backend) {
		forward_to(cfg, work, backend, state_port(work->found.state));
		tell(ctx, KL_EVENT_NEW, 0);
	}
	return FLOW_READY;
}

KL_INLINE void count_forward(const struct work *work, struct kl_map_counters *counters)
{
	__u32 id = state_backend(work->found.state);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += work->packet.bytes;
	}
	counters->forwarded++;
}

KL_INLINE int forward(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	enum fit fit = FITS;
	work->hash = kl_flow_hash(cfg->hash_key, &work->packet.key);
	int verdict = flow_ready(ctx);
	if (verdict != FLOW_READY)
		return verdict;
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	if (!backend)
		return drop(&counters->drop_no_backend);
	if (state_is_oneway(work->found.state)) {
		__u32 around = envelope_bytes(work->packet.v6, envelope_port(cfg, backend));
		fit = envelope_fit(ctx, cfg, &work->packet, around);
		if (fit == TOO_BIG)
			return tell_too_big(ctx, cfg, counters, around);
		if (fit == MAY_DETOUR && (verdict = detour(ctx, work)) != ADMITTED)
			return refuse_client(ctx, cfg, work, counters, verdict);
	}
	forward_to(cfg, work, backend, state_port(work->found.state));
	int enveloped = state_is_oneway(work->found.state);
	track_forward(cfg, work);
	tell_end(ctx, cfg, work);
	count_forward(work, counters);
	if (event_wanted_packet(cfg))
		tell(ctx, KL_EVENT_FORWARD, 0);
	return enveloped ? forward_enveloped(ctx, fit) : finish(ctx, cfg, work, counters);
}

#endif
