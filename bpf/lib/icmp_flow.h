/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* ICMP errors find the flow that they speak of. XDP leaves them to tc. */
#ifndef KL_BPF_ICMP_FLOW_H
#define KL_BPF_ICMP_FLOW_H

#include "work.h"

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

#endif
