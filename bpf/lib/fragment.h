/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Fragments: the later ones take their ports from what the first one said. */
#ifndef KL_BPF_FRAGMENT_H
#define KL_BPF_FRAGMENT_H

#include "work.h"

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

#endif
