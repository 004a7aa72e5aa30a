/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Envelopes that arrive (encap.h) are opened when they come from another node of the cluster, and what is inside is for a
 * Service of which the outer destination is a backend on this node. Everything else goes on untouched: a pod may well
 * have tunnels of its own.
 */
#ifndef KL_BPF_OPEN_H
#define KL_BPF_OPEN_H

#include "encap.h"
#include "fragment.h"
#include "work.h"

enum opened {
	OPENED,      /* scratch->work.packet is what was inside; service, type and given are set */
	OPENED_ICMP, /* the same, an ICMP error about what a backend here sent */
	NOT_OURS,
	BAD_ENVELOPE,
	LEFT_TO_TC,
};

/* Whether a packet may be one, by its outer headers alone. */
KL_INLINE int is_envelope(const struct kl_map_config *cfg, const struct packet *packet, enum parsed parsed)
{
	return parsed == PARSED_ENVELOPE || (parsed == PARSED_FLOW && packet->key.proto == IPPROTO_UDP &&
						    packet->key.dport == geneve_port(cfg) && !packet->first_fragment);
}

/* Bytes of an envelope whose IP header stands at `at`; 0: none of ours. */
KL_INLINE __u32 outer_bytes_at(ctx_t *ctx, const struct packet *outer, __u32 at)
{
	if (outer->key.proto != IPPROTO_UDP)
		return outer->l4 - at;
	if (outer->l4 > MAX_L4 / 2)
		return 0;
	const struct geneve_header *geneve = ctx_data(ctx) + outer->l4 + sizeof(struct udphdr);
	if ((void *)(geneve + 1) > ctx_end(ctx) || geneve->version_options || geneve->flags ||
		geneve->vni != bpf_htonl(GENEVE_VNI << 8) ||
		geneve->protocol != (outer->v6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP)))
		return 0;
	return outer->l4 - at + GENEVE_BYTES;
}

/* The frontend that the client asked for; a NodePort's stands under no address, and was asked for at the balancer's. */
KL_INLINE struct frontend frontend_inside(const struct kl_map_config *cfg, const struct kl_flow_key *key)
{
	struct frontend found = frontend_find(cfg, key->daddr, key->dport, (__u8)key->proto);
	if (found.service || !is_peer(cfg, key->daddr))
		return found;
	const __be32 any[4] = {0, 0, addr_is_v4(key->daddr) ? bpf_htonl(0xffff) : 0, 0};
	return frontend_find(cfg, any, key->dport, (__u8)key->proto);
}

/* Congestion met on the way is passed on to what was inside (RFC 6040, section 4.2). -1: it cannot be. */
KL_INLINE int congestion_pass_on(ctx_t *ctx, const struct packet *outer, const struct packet *inner)
{
	if ((outer->tos & 3) != 3 || (inner->tos & 3) == 3)
		return 0;
	if (!(inner->tos & 3))
		return -1;
#ifdef KL_XDP
	__u8 *ip = ctx_data(ctx) + ETH_HLEN;
	if ((void *)ip + sizeof(struct iphdr) > ctx_end(ctx))
		return -1;
	if (inner->v6) {
		ip[1] |= 3 << 4;
		return 0;
	}
	struct iphdr *v4 = (void *)ip;
	v4->check = csum_apply(v4->check, sum_16(0, bpf_htons(v4->tos), bpf_htons(v4->tos | 3)));
	v4->tos |= 3;
	return 0;
#else
	return bpf_skb_ecn_set_ce(ctx) ? 0 : -1;
#endif
}

/* Who it is for. OPENED, or why not. */
KL_INLINE int addressee(const struct kl_map_config *cfg, struct work *work, const struct kl_flow_key *key)
{
	struct frontend frontend = frontend_inside(cfg, key);
	if (!frontend.service)
		return NOT_OURS;
	struct kl_map_local local = {.service = frontend.service};
	addr_copy(local.addr, work->packet.key.daddr);
	const __u32 *backend = bpf_map_lookup_elem(&kl_locals, &local);
	if (!backend)
		return BAD_ENVELOPE;
	work->service = frontend.service;
	work->type = frontend.type;
	work->given = *backend;
	return OPENED;
}

/* An ICMP error is for us when it quotes what the backend of a flow of ours sent, and that one is the addressee. */
KL_INLINE int error_inside(ctx_t *ctx, struct scratch *scratch)
{
#ifdef KL_XDP
	return LEFT_TO_TC;
#else
	struct work *work = &scratch->work;
	if (quoted_look(ctx, &scratch->inner, &scratch->quoted) != PARSED_FLOW)
		return NOT_OURS;
	const struct kl_map_config *cfg = config_get();
	flow_hash(&scratch->quoted.answer, &work->hash);
	if (!cfg || !flow_find(cfg, &work->hash, &work->found) || work->found.state >> STATE_REVERSE_SHIFT & 1)
		return NOT_OURS;
	const struct kl_map_backend *backend = backend_get(state_backend(work->found.state));
	return backend && addr_equal(backend->addr, work->packet.key.daddr) ? OPENED_ICMP : NOT_OURS;
#endif
}

KL_INLINE int look_inside(ctx_t *ctx, const struct kl_map_config *cfg, struct scratch *scratch,
	struct kl_map_counters *counters, __u32 bytes)
{
	struct packet *inner = &scratch->inner;
	ctx_linear(ctx, PULL_DEEP);
	packet_clear(inner, scratch->work.packet.bytes);
	inner->v6 = scratch->work.packet.v6;
	enum parsed parsed = parse_inner(ctx_data(ctx), ctx_end(ctx), ETH_HLEN + bytes, inner, WHOLE_HEADER);
	if (parsed == PARSED_ICMP)
		return error_inside(ctx, scratch);
	if (parsed == PARSED_MALFORMED)
		return BAD_ENVELOPE;
	if (parsed != PARSED_FLOW && parsed != PARSED_FRAGMENT)
		return NOT_OURS;
	if ((parsed == PARSED_FRAGMENT || inner->first_fragment) && !fragment_ports(inner)) {
		counters->fragments_unknown++;
		return BAD_ENVELOPE;
	}
	return addressee(cfg, &scratch->work, &inner->key);
}

/* For the packet in scratch->work, which is_envelope(): enum opened. */
__noinline int envelope_open(ctx_t *ctx)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	struct scratch *scratch = scratch_get();
	if (!cfg || !counters || !scratch)
		return NOT_OURS;
	struct packet *outer = &scratch->work.packet, *inner = &scratch->inner;
	if (!is_peer(cfg, outer->key.saddr))
		return NOT_OURS;
	__u32 bytes = outer_bytes_at(ctx, outer, ETH_HLEN);
	if (!bytes || bytes > MAX_L4 / 4)
		return NOT_OURS;
	int opened = look_inside(ctx, cfg, scratch, counters, bytes);
	if (opened != OPENED && opened != OPENED_ICMP)
		return opened;
	if (envelope_strip(ctx, bytes) || congestion_pass_on(ctx, outer, inner))
		return BAD_ENVELOPE;
	inner->l4 -= bytes;
	inner->bytes -= bytes;
	inner->end -= bytes;
	*outer = *inner;
	scratch->work.opened = 1;
	counters->opened++;
	return opened;
}

#endif
