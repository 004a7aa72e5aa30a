/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Packets of pods to a Service that no socket hook has seen: raw sockets, sandboxes with a stack of their own. The same
 * tables as everywhere; translated where the packet leaves the pod (kl_pod_out) and, in answer, where it enters it
 * (kl_pod_in). No node address is needed, whichever node the backend is on, except where the backend is the pod itself:
 *
 *	pod:p -> vip:80    becomes  node:q -> pod:8000     q of the masquerading range
 *	pod:8000 -> node:q becomes  vip:80 -> pod:p
 */
#ifndef KL_BPF_POD_LB_H
#define KL_BPF_POD_LB_H

#include "fragment.h"
#include "icmp_flow.h"
#include "pod_port.h"
#include "reply.h"

/* Affinity is the pod's, whether it asks by socket or by packet. */
KL_INLINE void pod_client(struct kl_map_client *client, __u64 cookie)
{
	client->addr[0] = (__be32)cookie;
	client->addr[1] = (__be32)(cookie >> 32);
	client->addr[2] = client->addr[3] = 0;
}

/* For the packet in scratch->work. */
__noinline int pod_admit_once(struct __sk_buff *ctx, __u64 cookie, __u32 attempt)
{
	const struct kl_map_config *cfg = config_get();
	const struct kl_map_net *net = net_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !net || !scratch)
		return NO_BACKEND;
	struct work *work = &scratch->work;
	const struct kl_flow_key *key = &work->packet.key;
	pod_client(&scratch->client, cookie);
	__u32 id = service_pick(cfg, work->service, work->type == KL_TYPE_CLUSTER_IP ? SCOPE_INTERNAL : SCOPE_ANY,
		kl_pick_hash(key) + attempt * 0x9e3779b9u, &scratch->client);
	const struct kl_map_backend *backend = id ? backend_get(id) : NULL;
	if (!backend || addr_is_v4(backend->addr) == work->packet.v6)
		return NO_BACKEND;
	if (key->proto == IPPROTO_SCTP && backend->port != key->dport)
		return PORT_FIXED;
	/* As in admit_once(): read first and again at the end. */
	__u8 generation = KL_READ(backend->generation);
	if (!(KL_READ(backend->flags) & KL_BE_LIVE))
		return KEY_TAKEN;
	struct new_flow *new = &scratch->new;
	struct kl_flow_key *reply = &scratch->reply;
	__u64 now = now_ticks(cfg);
	__be16 port = 0;
	reply_key_fill(reply, key, backend);
	if (addr_equal(backend->addr, key->saddr)) {
		const __be32 *source = node_addr(cfg, work->packet.v6);
		if (!source)
			return NO_NODE_ADDR;
		addr_copy(reply->daddr, source);
		port = free_port(ctx, work, scratch, pod_ports(net), (__u16)now);
		if (!port)
			return NO_NAT_PORT;
	} else {
		flow_hash(reply, &new->reply);
		if (!reply_key_clear(&new->reply, (__u16)now, attempt + 1 == ADMIT_TRIES))
			return KEY_TAKEN;
	}
	tuple_fill(&new->tuple, key, port, (__u32)now);
	new->forward = work->hash;
	new->confirmed = 0;
	new->state = new_state(id, generation, port, now);
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

/*
 * The flow of the packet in scratch->work, made where there is none; ADMITTED: work->found holds it, otherwise why there is
 * none. Of this and pod_rewrite() each has a frame of its own: together they would fill the stack.
 */
__noinline int pod_flow(struct __sk_buff *ctx, __u64 cookie)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return NO_BACKEND;
	struct work *work = &scratch->work;
	flow_hash(&work->packet.key, &work->hash);
	if (flow_find(cfg, &work->hash, &work->found)) {
		if (!state_is_void(work->found.state) && !is_restart(work))
			return ADMITTED;
		counters->flows_void++;
		flow_free_pair(work->found.index);
	}
	int admitted = KEY_TAKEN;
	for (__u32 attempt = 0; attempt < ADMIT_TRIES && admitted == KEY_TAKEN; attempt++)
		admitted = pod_admit_once(ctx, cookie, attempt);
	if (admitted != ADMITTED)
		return admitted;
	counters->flows_inserted++;
	if (event_wanted(cfg)) {
		const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
		if (backend)
			forward_to(cfg, work, backend, state_port(work->found.state));
		tell(ctx, KL_EVENT_NEW, 0);
	}
	return ADMITTED;
}

/* Puts the flow's backend into the packet in scratch->work. 0, or -1. */
__noinline int pod_rewrite(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return -1;
	struct work *work = &scratch->work;
	__u32 id = state_backend(work->found.state);
	const struct kl_map_backend *backend = backend_get(id);
	if (!backend)
		return -1;
	forward_to(cfg, work, backend, state_port(work->found.state));
	track_forward(cfg, work);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic) {
		traffic->packets++;
		traffic->bytes += work->packet.bytes;
	}
	counters->forwarded++;
	if (event_wanted_packet(cfg))
		tell(ctx, KL_EVENT_FORWARD, 0);
	return packet_rewrite(ctx, &work->packet, &work->to, 0);
}

/* 1: the packet in scratch->work is for a Service, work->service and type say which. */
__noinline int pod_frontend(void)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !scratch)
		return 0;
	struct work *work = &scratch->work;
	struct frontend frontend =
		frontend_find_any(cfg, work->packet.key.daddr, work->packet.key.dport, (__u8)work->packet.key.proto, 0);
	if (!frontend.service || frontend.service >= KL_FRONTEND_PEER)
		return 0;
	work->service = frontend.service;
	work->type = frontend.type;
	return 1;
}

/* Rewrites a packet to a Service; -1: it goes on to work->to.daddr, otherwise a verdict. */
KL_INLINE int pod_balance(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_pod *pod,
	struct kl_map_counters *counters)
{
	/* From here on its packets come in through kl_pod_in; again where the agent's write of the facts ran across. */
	if (!(KL_READ(pod->flags) & KL_POD_FLOWS))
		__sync_fetch_and_or(&pod->flags, KL_POD_FLOWS);
	int admitted = pod_flow(ctx, pod->cookie);
	if (admitted != ADMITTED)
		return refuse_client(ctx, cfg, work, counters, admitted);
	return pod_rewrite(ctx) ? drop_told(ctx, cfg, counters, &counters->drop_rewrite) : -1;
}

/* An answer on its way to the pod that asked: 0, or a verdict. */
KL_INLINE int pod_answer(
	ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	track_reply(cfg, work);
	__u32 id = state_backend(work->found.state);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic)
		traffic->reply_bytes += work->packet.bytes;
	counters->returned++;
	if (event_wanted_packet(cfg))
		tell(ctx, KL_EVENT_REPLY, 0);
	return packet_rewrite(ctx, &work->packet, &work->to, 0) ? drop(&counters->drop_rewrite) : 0;
}

/*
 * The answer of a pod that reached itself, in scratch->work. -1: it goes on to work->to; 0: it is none; otherwise a verdict.
 * By itself, or the hash's intermediate values would fill the stack of kl_pod_out.
 */
__noinline int pod_self_answer(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters || !reply_find(cfg, &scratch->work))
		return 0;
	return pod_answer(ctx, cfg, &scratch->work, counters) ? DROP : -1;
}

/*
 * An ICMP error from a pod: about what a Service answered it (then it is for the backend), or, where the pod is its own
 * backend, about what it asked. -1: work->to says where it goes; otherwise a verdict.
 */
__noinline int pod_icmp_out(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return DROP;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	work->to = work->packet.key;
	if (quoted_parse(ctx, &work->packet, quoted))
		return -1;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_is_void(work->found.state))
		return -1;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple || !state_backend(work->found.state))
		return -1;
	if (work->found.state >> STATE_REVERSE_SHIFT & 1) {
		if (!is_main_addr(cfg, quoted->answer.daddr) || !tuple->nat_port)
			return -1;
		icmp_to_client(work, tuple, quoted, inner);
	} else {
		if (icmp_to_backend(cfg, work, quoted, inner))
			return -1;
		inner->dport = state_port(work->found.state) ? state_port(work->found.state) : quoted->answer.sport;
	}
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return -1;
}

/* An ICMP error to a pod about what it sent to a Service. 0, or a verdict. */
__noinline int pod_icmp_in(struct __sk_buff *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct scratch *scratch = scratch_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !scratch || !counters)
		return 0;
	struct work *work = &scratch->work;
	struct quoted *quoted = &scratch->quoted;
	struct kl_flow_key *inner = &scratch->reply;
	if (quoted_parse(ctx, &work->packet, quoted))
		return 0;
	flow_hash(&quoted->answer, &work->hash);
	if (!flow_find(cfg, &work->hash, &work->found) || state_is_void(work->found.state) ||
		!(work->found.state >> STATE_REVERSE_SHIFT & 1))
		return 0;
	const struct kl_map_tuple *tuple = tuple_at(work->found.index);
	if (!tuple || !addr_equal(tuple->client, work->packet.key.daddr))
		return 0;
	icmp_to_client(work, tuple, quoted, inner);
	if (icmp_rewrite(ctx, &work->packet, quoted, inner, &work->to))
		return drop(&counters->drop_rewrite);
	counters->icmp_translated++;
	return 0;
}

#endif
