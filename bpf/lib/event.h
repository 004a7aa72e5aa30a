/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Events for whoever watches (`keelson flows`): written to kl_events while kl_map_config.watch_until is ahead. Nobody
 * watching costs a load and a branch that is never taken. How to tell of something:
 *
 *	if (event_wanted(cfg))			or event_wanted_packet(cfg) for what happens with every packet
 *		event_write(&key, &to, &(struct event_what){.kind = KL_EVENT_NEW, .hook = KL_HOOK_XDP, …});
 *
 * The watcher empties the ring every few milliseconds; a writer wakes it only when a quarter is full, so that a
 * thousand events are not a thousand wake-ups. What finds the ring full is counted in events_lost.
 */
#ifndef KL_BPF_EVENT_H
#define KL_BPF_EVENT_H

#include "service.h"

/* watch_mask that takes no packet: only what happens once in a flow. */
#define EVENT_NO_PACKETS 0xffffffffu

enum { EVENT_WAKE_BYTES = 64 * 1024, EVENT_BYTES = sizeof(struct kl_map_event) + 8 /* the ring's own header */ };

/* What is told beside the addresses. Zero: unknown, or not so. */
struct event_what {
	__u32 backend_id, service; /* service 0: the backend's */
	__u32 bytes, ifindex, pid;
	__u16 reason; /* DROP: event_reason() */
	__u8 kind, hook, tcp_flags;
	__u8 backwards; /* the packet goes from the backend to the client; REPLY always does */
	__u8 reserved[2];
};

KL_INLINE int event_wanted(const struct kl_map_config *cfg)
{
	__u32 until = KL_READ(cfg->watch_until);
	return __builtin_expect(until != 0, 0) && (__s32)(until - (__u32)now_ticks(cfg)) >= 0;
}

KL_INLINE int event_wanted_packet(const struct kl_map_config *cfg)
{
	if (!event_wanted(cfg))
		return 0;
	__u32 mask = KL_READ(cfg->watch_mask);
	return !mask || (mask != EVENT_NO_PACKETS && !(bpf_get_prandom_u32() & mask));
}

/* The number of a drop's counter, for struct event_what. */
KL_INLINE __u16 event_reason(const struct kl_map_counters *counters, const __u64 *counter)
{
	return (__u16)(counter - (const __u64 *)counters);
}

/* Only the event that crosses the mark wakes: those behind it find the watcher woken. */
KL_INLINE __u64 event_wake(void)
{
	__u64 waiting = bpf_ringbuf_query(&kl_events, BPF_RB_AVAIL_DATA);
	return waiting >= EVENT_WAKE_BYTES && waiting < EVENT_WAKE_BYTES + EVENT_BYTES ? BPF_RB_FORCE_WAKEUP
										       : BPF_RB_NO_WAKEUP;
}

KL_INLINE void event_addresses(
	struct kl_map_event *event, const struct kl_flow_key *key, const struct kl_flow_key *to, int reply)
{
	const struct kl_flow_key *client = reply && to ? to : key;
	addr_copy(event->client, reply ? client->daddr : client->saddr);
	addr_copy(event->frontend, reply ? client->saddr : client->daddr);
	event->client_port = reply ? client->dport : client->sport;
	event->frontend_port = reply ? client->sport : client->dport;
	event->proto = (__u8)key->proto;
	if (reply) {
		addr_copy(event->backend, key->saddr);
		event->backend_port = key->sport;
	} else if (to) {
		addr_copy(event->backend, to->daddr);
		event->backend_port = to->dport;
	}
}

/* key: the packet as it came, to: as it goes on (NULL: it does not). REPLY: from the backend, to the client. */
__noinline int event_write(const struct kl_flow_key *key, const struct kl_flow_key *to, const struct event_what *what)
{
	if (!key || !what)
		return 0;
	struct kl_map_event *event = bpf_ringbuf_reserve(&kl_events, sizeof(*event), 0);
	if (!event) {
		struct kl_map_counters *counters = counters_get();
		if (counters)
			counters->events_lost++;
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event_addresses(event, key, to, what->kind == KL_EVENT_REPLY || what->backwards);
	const struct kl_map_backend *backend = what->backend_id ? backend_get(what->backend_id) : NULL;
	event->backend_id = what->backend_id;
	event->service = what->service || !backend ? what->service : backend->service;
	event->kind = what->kind;
	event->hook = what->hook;
	event->bytes = what->bytes;
	event->reason = what->reason;
	event->tcp_flags = what->tcp_flags;
	event->ifindex = what->ifindex;
	event->pid = what->pid;
	bpf_ringbuf_submit(event, event_wake());
	return 0;
}

#endif
