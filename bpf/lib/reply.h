/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Packets from a backend back to the client. */
#ifndef KL_BPF_REPLY_H
#define KL_BPF_REPLY_H

#include "forward.h"

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
	work->opened = tuple->flags & KL_TUPLE_OPENED;
	return 1;
}

/* What the client sends on travels in an envelope of the balancer's. */
KL_INLINE __u32 reply_mss(const struct kl_map_config *cfg, const struct work *work)
{
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	int ipip = backend && backend->forward == KL_FORWARD_DSR_IPIP;
	return mss_within(cfg, work->packet.v6, ipip ? 0 : geneve_port(cfg));
}

KL_INLINE int reply(ctx_t *ctx, const struct kl_map_config *cfg, struct work *work, struct kl_map_counters *counters)
{
	track_reply(cfg, work);
	tell_end(ctx, cfg, work);
	__u32 id = state_backend(work->found.state);
	struct kl_map_traffic *traffic = bpf_map_lookup_elem(&kl_traffic, &id);
	if (traffic)
		traffic->reply_bytes += work->packet.bytes;
	counters->returned++;
	if (event_wanted_packet(cfg))
		tell(ctx, KL_EVENT_REPLY, 0);
	if (work->opened && work->packet.tcp_flags & TCP_SYN && mss_clamp(ctx, work->packet.l4, reply_mss(cfg, work)))
		return drop_told(ctx, cfg, counters, &counters->drop_rewrite);
	return finish(ctx, cfg, work, counters);
}

#endif
