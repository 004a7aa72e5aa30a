/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The connection table: two entries a flow, one keyed by the client's tuple, one by the reply's, in a table of cache
 * lines (kl_ct_hot) beside one of full tuples (kl_ct_cold).
 *
 * A living entry of the main region is never replaced: a key has two candidate lines there and two in the overflow
 * region, and a place is taken only when free or expired. What has not been confirmed by traffic both ways waits in the
 * half-open region, where the oldest makes room; so a flood cannot push an established flow out. The two entries of a
 * flow name each other (peer) and go together.
 *
 * Functions that are neither static nor inline are verified once, by themselves ("global functions"): the table's
 * branches would otherwise multiply with those of every caller.
 */
#ifndef KL_BPF_CONNTRACK_H
#define KL_BPF_CONNTRACK_H

#include "service.h"

/* The state word of struct kl_map_flow, which is read and swapped as a whole. */
enum {
	STATE_GENERATION_SHIFT = KL_BACKEND_BITS,
	STATE_REVERSE_SHIFT = STATE_GENERATION_SHIFT + 8,
	STATE_PHASE_SHIFT = STATE_REVERSE_SHIFT + 1,
	STATE_STAMP_SHIFT = STATE_PHASE_SHIFT + 3,
	STATE_PORT_SHIFT = STATE_STAMP_SHIFT + 16,
};

KL_INLINE __u64 *flow_state(struct kl_map_flow *flow)
{
	return (__u64 *)flow + 1;
}

KL_INLINE __u16 *flow_stamp(struct kl_map_flow *flow)
{
	return (__u16 *)flow + 6;
}

KL_INLINE __u32 state_backend(__u64 state)
{
	return (__u32)state & ((1u << KL_BACKEND_BITS) - 1);
}

KL_INLINE __u8 state_generation(__u64 state)
{
	return (__u8)(state >> STATE_GENERATION_SHIFT);
}

KL_INLINE __u32 state_phase(__u64 state)
{
	return (__u32)(state >> STATE_PHASE_SHIFT) & 7;
}

KL_INLINE __u16 state_stamp(__u64 state)
{
	return (__u16)(state >> STATE_STAMP_SHIFT);
}

KL_INLINE __be16 state_port(__u64 state)
{
	return (__be16)(state >> STATE_PORT_SHIFT);
}

KL_INLINE __u64 state_with_phase(__u64 state, __u64 phase)
{
	return (state & ~(7ull << STATE_PHASE_SHIFT)) | phase << STATE_PHASE_SHIFT;
}

KL_INLINE __u64 state_with_stamp(__u64 state, __u16 stamp)
{
	return (state & ~(0xffffull << STATE_STAMP_SHIFT)) | (__u64)stamp << STATE_STAMP_SHIFT;
}

/* Ticks (about a second each) without a packet after which an entry of the phase may be replaced. */
const volatile __u16 phase_timeout[8] = {
	[KL_PHASE_CLAIMED] = 2,
	[KL_PHASE_NEW] = 60,
	[KL_PHASE_ANSWERED] = 60,
	[KL_PHASE_OPEN] = KL_SILENT_TICKS,
	[KL_PHASE_FIN] = 7200,
	[KL_PHASE_CLOSED] = 12,
	[KL_PHASE_UDP] = 180,
};

/* A part of kl_ct_hot. */
struct region {
	__u32 first, mask;
};

KL_INLINE struct region region_main(const struct kl_map_config *cfg)
{
	return (struct region){0, cfg->main_mask};
}

KL_INLINE struct region region_half(const struct kl_map_config *cfg)
{
	return (struct region){cfg->half_first, cfg->half_mask};
}

KL_INLINE struct region region_over(const struct kl_map_config *cfg)
{
	return (struct region){cfg->over_first, cfg->over_mask};
}

/* A region in one register, for calls that are not inlined. */
KL_INLINE __u64 region_pack(struct region region)
{
	return (__u64)region.first << 32 | region.mask;
}

KL_INLINE __u32 region_line(struct region region, const struct kl_flow_hash *hash)
{
	return region.first + (hash->line & region.mask);
}

/* Never the same line as the first. */
KL_INLINE __u32 region_line2(struct region region, const struct kl_flow_hash *hash)
{
	__u32 line = hash->line & region.mask, line2 = hash->line2 & region.mask;
	return region.first + (line2 == line ? line2 ^ 1 : line2);
}

/* Off the hot path, so that the hash's many intermediate values do not fill the caller's stack. */
__noinline int flow_hash(const struct kl_flow_key *key, struct kl_flow_hash *ret)
{
	const struct kl_map_config *cfg = config_get();
	if (cfg && key && ret)
		*ret = kl_flow_hash(cfg->hash_key, key);
	return 0;
}

/* What a lookup found: a copy of the state, so that it does not change under the reader. */
struct found {
	__u64 state;
	__u32 index; /* of the entry: see flow_at() and tuple_at() */
	__u32 reserved;
};

KL_INLINE int flow_matches(struct kl_map_flow *flow, __u64 fingerprint, __u64 *ret_state)
{
	if (KL_READ(flow->fingerprint) != fingerprint)
		return 0;
	__u64 state = KL_READ(*flow_state(flow));
	*ret_state = state;
	return state_phase(state) > KL_PHASE_CLAIMED && KL_READ(flow->fingerprint) == fingerprint;
}

KL_INLINE int line_find(__u32 line, __u64 fingerprint, struct found *ret)
{
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	if (!entry)
		return 0;
#pragma unroll
	for (__u32 i = 0; i < KL_LINE_FLOWS; i++)
		if (flow_matches(&entry->flow[i], fingerprint, &ret->state)) {
			ret->index = line * KL_LINE_FLOWS + i;
			return 1;
		}
	return 0;
}

KL_INLINE int region_find(struct region region, const struct kl_flow_hash *hash, struct found *ret)
{
	return line_find(region_line(region, hash), hash->fingerprint, ret) ||
	       line_find(region_line2(region, hash), hash->fingerprint, ret);
}

__noinline int find_elsewhere(const struct kl_flow_hash *hash, struct found *ret)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !hash || !ret)
		return 0;
	return region_find(region_half(cfg), hash, ret) || region_find(region_over(cfg), hash, ret);
}

KL_INLINE int flow_find(const struct kl_map_config *cfg, const struct kl_flow_hash *hash, struct found *ret)
{
	return region_find(region_main(cfg), hash, ret) || find_elsewhere(hash, ret);
}

KL_INLINE struct kl_map_flow *flow_at(__u32 index)
{
	__u32 line = index / KL_LINE_FLOWS;
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	return entry ? &entry->flow[index % KL_LINE_FLOWS] : NULL;
}

KL_INLINE struct kl_map_tuple *tuple_at(__u32 index)
{
	return bpf_map_lookup_elem(&kl_ct_cold, &index);
}

KL_INLINE int in_region(struct region region, __u32 index)
{
	__u32 line = index / KL_LINE_FLOWS;
	return line >= region.first && line <= region.first + region.mask;
}

KL_INLINE int state_is_void(__u64 state)
{
	const struct kl_map_backend *backend = backend_get(state_backend(state));
	return !backend || backend->generation != state_generation(state);
}

KL_INLINE int state_is_stale(__u64 state, __u16 now)
{
	return (__u16)(now - state_stamp(state)) > phase_timeout[state_phase(state)];
}

/* The entry's flow lives while either direction does; the peer counts only while it still names this entry. */
__noinline int flow_is_expired(__u32 index, __u64 state, __u16 now)
{
	if (state_is_void(state))
		return 1;
	if (!state_is_stale(state, now))
		return 0;
	const struct kl_map_tuple *tuple = tuple_at(index);
	if (!tuple)
		return 1;
	const struct kl_map_tuple *peer_tuple = tuple_at(tuple->peer);
	struct kl_map_flow *peer = flow_at(tuple->peer);
	if (!peer || !peer_tuple || peer_tuple->peer != index)
		return 1;
	__u64 peer_state = KL_READ(*flow_state(peer));
	return state_phase(peer_state) <= KL_PHASE_CLAIMED || state_is_stale(peer_state, now);
}

KL_INLINE void flow_free(__u32 index)
{
	struct kl_map_flow *flow = flow_at(index);
	if (!flow)
		return;
	KL_WRITE(*flow_state(flow), 0);
	KL_WRITE(flow->fingerprint, 0);
}

/* The entry that shares the flow of this one, while both still say so; otherwise this one itself. */
KL_INLINE __u32 flow_peer(__u32 index)
{
	const struct kl_map_tuple *tuple = tuple_at(index);
	if (!tuple)
		return index;
	__u32 peer = tuple->peer;
	const struct kl_map_tuple *peer_tuple = tuple_at(peer);
	return peer_tuple && peer_tuple->peer == index ? peer : index;
}

__noinline int flow_free_pair(__u32 index)
{
	__u32 peer = flow_peer(index);
	flow_free(index);
	if (peer != index)
		flow_free(peer);
	return 0;
}

/* A place for one entry: where, and what stood there. */
struct place {
	__u32 index;
	__u32 load; /* living entries of its line */
	__u64 old;  /* state to be swapped out */
	__u32 rank; /* enum place_rank */
	__u32 reserved;
};

enum place_rank { PLACE_FREE, PLACE_EXPIRED, PLACE_OVER, PLACE_NONE };

/* Both sides have closed a while ago: nothing but a stray retransmission can come. */
KL_INLINE int state_is_over(__u64 state, __u16 now)
{
	return state_phase(state) == KL_PHASE_CLOSED && (__u16)(now - state_stamp(state)) >= 2;
}

KL_INLINE __u32 place_rank(__u32 index, __u64 state, __u16 now)
{
	if (!state)
		return PLACE_FREE;
	if (state_phase(state) == KL_PHASE_CLAIMED)
		return state_is_stale(state, now) ? PLACE_EXPIRED : PLACE_NONE;
	if (flow_is_expired(index, state, now))
		return PLACE_EXPIRED;
	return state_is_over(state, now) ? PLACE_OVER : PLACE_NONE;
}

/* The best place of a line: a free one, else an expired one, else one that is over. Counts the living. */
KL_INLINE void line_place(__u32 line, __u16 now, struct place *ret)
{
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	*ret = (struct place){.rank = PLACE_NONE};
	if (!entry)
		return;
	for (__u32 i = 0; i < KL_LINE_FLOWS; i++) {
		__u64 state = KL_READ(*flow_state(&entry->flow[i]));
		__u32 index = line * KL_LINE_FLOWS + i;
		__u32 rank = place_rank(index, state, now);
		ret->load += rank >= PLACE_OVER;
		if (rank >= ret->rank)
			continue;
		ret->rank = rank;
		ret->index = index;
		ret->old = state;
	}
}

/*
 * In the half-open region the oldest makes room, whatever it is: nothing is asked about its peer or its backend, since
 * under a flood this is what every packet pays for.
 */
KL_INLINE void line_oldest(__u32 line, __u16 now, struct place *ret)
{
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	if (!entry)
		return;
	for (__u32 i = 0; i < KL_LINE_FLOWS; i++) {
		__u64 state = KL_READ(*flow_state(&entry->flow[i]));
		__u32 age = state ? (__u16)(now - state_stamp(state)) : 0x10000u; /* a free place is older than all */
		if (state_phase(state) == KL_PHASE_CLAIMED && age <= phase_timeout[KL_PHASE_CLAIMED])
			continue;
		if (ret->rank != PLACE_NONE && age <= ret->load)
			continue;
		ret->load = age;
		ret->rank = state ? PLACE_OVER : PLACE_FREE;
		ret->index = line * KL_LINE_FLOWS + i;
		ret->old = state;
	}
}

/* Index + 1 of the place claimed, or 0: another CPU was faster. Its old flow's other entry goes as well. */
KL_INLINE int place_claim(const struct place *place, __u16 now, __u64 *replaced)
{
	struct kl_map_flow *flow = flow_at(place->index);
	__u64 claimed = state_with_stamp((__u64)KL_PHASE_CLAIMED << STATE_PHASE_SHIFT, now);
	if (!flow || __sync_val_compare_and_swap(flow_state(flow), place->old, claimed) != place->old)
		return 0;
	if (place->old) {
		(*replaced)++;
		__u32 peer = flow_peer(place->index);
		if (peer != place->index)
			flow_free(peer);
	}
	return (int)place->index + 1;
}

__noinline int reserve_half(const struct kl_flow_hash *hash, __u16 now)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !hash || !counters)
		return 0;
	struct place place = {.rank = PLACE_NONE};
	line_oldest(region_line(region_half(cfg), hash), now, &place);
	if (place.rank != PLACE_FREE)
		line_oldest(region_line2(region_half(cfg), hash), now, &place);
	return place.rank == PLACE_NONE ? 0 : place_claim(&place, now, &counters->half_open_evicted);
}

/*
 * Claims a place in a region for a key. The first line is preferred while it is at most half full, which keeps lookups
 * short; after that the emptier one, which keeps lines from running full. Returns the place's index + 1; 0: none.
 */
__noinline int reserve(__u64 packed, const struct kl_flow_hash *hash, __u16 now)
{
	struct region region = {(__u32)(packed >> 32), (__u32)packed};
	struct kl_map_counters *counters = counters_get();
	if (!hash || !counters)
		return 0;
	struct place place, other;
	line_place(region_line(region, hash), now, &place);
	if (place.rank >= PLACE_OVER || place.load > KL_LINE_FLOWS / 2) {
		line_place(region_line2(region, hash), now, &other);
		if (other.rank < place.rank || (other.rank == place.rank && other.load < place.load))
			place = other;
	}
	return place.rank == PLACE_NONE ? 0 : place_claim(&place, now, &counters->flows_expired);
}

/* A flow to be inserted. */
struct new_flow {
	struct kl_flow_hash forward, reply;
	struct kl_map_tuple tuple;
	__u64 state;     /* of the forward entry, stamp and phase included */
	__u32 confirmed; /* goes to the main region at once */
	__u32 index;     /* result: of the forward entry */
};

/* Main, then overflow; half-open flows only into their own region. One more try where another CPU took the place. */
KL_INLINE __u32 reserve_for(
	const struct kl_map_config *cfg, const struct kl_flow_hash *hash, __u16 now, __u32 confirmed)
{
	if (!confirmed) {
		__u32 half = reserve_half(hash, now);
		return half ? half : reserve_half(hash, now);
	}
	__u32 place = reserve(region_pack(region_main(cfg)), hash, now);
	if (!place)
		place = reserve(region_pack(region_main(cfg)), hash, now);
	if (place)
		return place;
	struct kl_map_counters *counters = counters_get();
	if (counters)
		counters->flows_overflowed++;
	return reserve(region_pack(region_over(cfg)), hash, now);
}

KL_INLINE void publish(__u32 index, __u32 peer, __u64 fingerprint, __u64 state, const struct kl_map_tuple *tuple)
{
	struct kl_map_tuple *cold = tuple_at(index);
	struct kl_map_flow *flow = flow_at(index);
	if (!cold || !flow)
		return;
	*cold = *tuple;
	cold->peer = peer;
	KL_WRITE(flow->fingerprint, fingerprint);
	KL_WRITE(*flow_state(flow), state);
}

/* Both entries or none. 0, or -1 when there is no place. */
__noinline int flow_insert(struct new_flow *new)
{
	const struct kl_map_config *cfg = config_get();
	if (!cfg || !new)
		return -1;
	__u16 now = state_stamp(new->state);
	__u32 reply = reserve_for(cfg, &new->reply, now, new->confirmed);
	if (!reply)
		return -1;
	__u32 forward = reserve_for(cfg, &new->forward, now, new->confirmed);
	if (!forward) {
		flow_free(reply - 1);
		return -1;
	}
	new->index = forward - 1;
	publish(reply - 1, forward - 1, new->reply.fingerprint, new->state | 1ull << STATE_REVERSE_SHIFT, &new->tuple);
	publish(forward - 1, reply - 1, new->forward.fingerprint, new->state, &new->tuple);
	return 0;
}

/* NULL is allowed. */
KL_INLINE void flow_set_phase(struct kl_map_flow *flow, __u64 phase)
{
	if (!flow)
		return;
	__u64 old = KL_READ(*flow_state(flow));
	if (state_phase(old) > KL_PHASE_CLAIMED)
		__sync_val_compare_and_swap(flow_state(flow), old, state_with_phase(old, phase));
}

KL_INLINE struct kl_map_flow *flow_peer_entry(__u32 index)
{
	__u32 peer = flow_peer(index);
	return peer == index ? NULL : flow_at(peer);
}

/* A FIN of one side; the second side's closes both. */
KL_INLINE void flow_fin(const struct found *found)
{
	struct kl_map_flow *peer = flow_peer_entry(found->index);
	if (!peer)
		return;
	__u32 peer_phase = state_phase(KL_READ(*flow_state(peer)));
	if (peer_phase < KL_PHASE_FIN) {
		flow_set_phase(flow_at(found->index), KL_PHASE_FIN);
		return;
	}
	flow_set_phase(flow_at(found->index), KL_PHASE_CLOSED);
	flow_set_phase(peer, KL_PHASE_CLOSED);
}

KL_INLINE void flow_reset(const struct found *found)
{
	flow_set_phase(flow_at(found->index), KL_PHASE_CLOSED);
	flow_set_phase(flow_peer_entry(found->index), KL_PHASE_CLOSED);
}

#endif
