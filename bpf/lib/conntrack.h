/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The connection table: two entries a flow, one keyed by the client's tuple, one by the reply's, in a table of cache
 * lines (kl_ct_hot) beside one of full tuples (kl_ct_cold). A flow whose replies do not come by here (DSR) has only the
 * first: it is one-way.
 *
 * A living entry of the main region is never replaced: a key has two candidate lines there and two in the overflow
 * region, and a place is taken only when free or expired. What has not been confirmed waits in the half-open region,
 * where a key has one line and the oldest of it makes room; so a flood cannot push an established flow out. Confirmed is
 * what the backend has answered and the client gone on with. The two entries of a flow name each other (peer) and go
 * together.
 *
 * Of a one-way flow nobody but the client is heard, and a client's packets are easily made up. So its second packet, if
 * not a SYN again, takes it to the main region on probation (KL_PHASE_ANSWERED): there it may be replaced, by other
 * confirmed flows that find no place, until it has been heard of in two different ticks. Its tuple is written with the
 * second packet too: a flood's flows have none.
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

/* Whether the flow's replies do not come by here. */
KL_INLINE __u32 state_is_oneway(__u64 state)
{
	return state_port(state) == bpf_htons(KL_FLOW_DSR);
}

const volatile __u16 phase_timeout[2 * KL_PHASES] = KL_PHASE_TIMEOUTS;

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

/* Half-open flows have one line: more would cost every SYN of a flood more. */
KL_INLINE int half_find(const struct kl_map_config *cfg, const struct kl_flow_hash *hash, struct found *ret)
{
	return line_find(region_line(region_half(cfg), hash), hash->fingerprint, ret);
}

KL_INLINE int over_is_used(const struct kl_map_config *cfg)
{
	return __builtin_expect(KL_READ(cfg->over_used) != 0, 0);
}

__noinline int over_find(const struct kl_flow_hash *hash, struct found *ret)
{
	const struct kl_map_config *cfg = config_get();
	return cfg && hash && ret ? region_find(region_over(cfg), hash, ret) : 0;
}

KL_INLINE int flow_find(const struct kl_map_config *cfg, const struct kl_flow_hash *hash, struct found *ret)
{
	return region_find(region_main(cfg), hash, ret) || half_find(cfg, hash, ret) ||
	       (over_is_used(cfg) && over_find(hash, ret));
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
	__u32 row = state_phase(state) | (state_is_oneway(state) ? KL_PHASES : 0);
	return (__u16)(now - state_stamp(state)) > phase_timeout[row];
}

/* The entry's flow lives while either direction does; the peer counts only while it still names this entry. */
__noinline int flow_is_expired(__u32 index, __u64 state, __u16 now)
{
	if (state_is_void(state))
		return 1;
	if (!state_is_stale(state, now))
		return 0;
	if (state_is_oneway(state))
		return 1;
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

/*
 * Whether an entry is one of a backend's open connections (kl_live): the client's side of a confirmed flow that has not
 * ended.
 */
KL_INLINE int state_is_live(const struct kl_map_config *cfg, __u64 state, __u32 index)
{
	__u32 phase = state_phase(state);
	return !(state >> STATE_REVERSE_SHIFT & 1) && state_backend(state) && phase >= KL_PHASE_ANSWERED &&
	       phase != KL_PHASE_CLOSED && !in_region(region_half(cfg), index);
}

/* To be called by whoever took the state away from its entry. */
KL_INLINE void flow_left(__u64 state, __u32 index)
{
	const struct kl_map_config *cfg = config_get();
	if (cfg && state_is_live(cfg, state, index))
		live_close(state_backend(state), state_generation(state));
}

/* The count of entries in the overflow region goes up before one can be found there, and down after it has gone. */
KL_INLINE void over_count(__u32 index, __u32 change)
{
	struct kl_map_config *cfg = config_get();
	if (cfg && in_region(region_over(cfg), index))
		__sync_fetch_and_add(&cfg->over_used, change);
}

/* The fingerprint stays: without a state it says nothing, and the place may be another's by now. */
KL_INLINE void flow_free(__u32 index)
{
	struct kl_map_flow *flow = flow_at(index);
	if (!flow)
		return;
	__u64 state = __sync_lock_test_and_set(flow_state(flow), 0);
	if (!state)
		return;
	over_count(index, -1u);
	flow_left(state, index);
}

/* The entry that shares the flow of this one, while both still say so; otherwise this one itself. */
KL_INLINE __u32 flow_peer(__u32 index)
{
	const struct kl_map_tuple *tuple = tuple_at(index);
	struct kl_map_flow *flow = flow_at(index);
	if (!tuple || !flow || state_is_oneway(KL_READ(*flow_state(flow))))
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

/* A place for one entry: where, and what stood there. The lower the score, the better the place. */
struct place {
	__u64 old; /* state to be swapped out */
	__u32 index;
	__u32 score;
};

enum place_rank { PLACE_FREE, PLACE_EXPIRED, PLACE_OVER, PLACE_PROBATION, PLACE_NONE };
#define SCORE_NONE 0xffffffffu
#define SCORE_RANK (2u * KL_LINE_FLOWS) /* of one rank to the next; within, by the line's load */

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
	if (state_is_oneway(state) && state_phase(state) == KL_PHASE_ANSWERED)
		return PLACE_PROBATION;
	return state_is_over(state, now) ? PLACE_OVER : PLACE_NONE;
}

/*
 * The best place of a line, if it is better than what was found before: a free one, else an expired one, else one that is
 * over or on probation; of two lines alike the emptier. A first line that is at most half full is best of all.
 */
__noinline int line_place(__u32 line, __u16 now, __u32 first, struct place *best)
{
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	__u32 load = 0, rank = PLACE_NONE, index = 0;
	__u64 old = 0;
	if (!entry || !best)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KL_LINE_FLOWS; i++) {
		__u64 state = KL_READ(*flow_state(&entry->flow[i]));
		__u32 at = line * KL_LINE_FLOWS + i, its_rank = place_rank(at, state, now);
		load += its_rank >= PLACE_OVER;
		if (its_rank >= rank)
			continue;
		rank = its_rank;
		index = at;
		old = state;
	}
	__u32 score = first && rank < PLACE_OVER && load <= KL_LINE_FLOWS / 2 ? 0 : rank * SCORE_RANK + load + 1;
	if (rank == PLACE_NONE || score >= best->score)
		return 0;
	*best = (struct place){.old = old, .index = index, .score = score};
	return 0;
}

/*
 * In the half-open region the oldest makes room, whatever it is: nothing is asked about its peer or its backend, since
 * under a flood this is what every packet pays for.
 */
KL_INLINE void line_oldest(__u32 line, __u16 now, struct place *best)
{
	struct kl_map_line *entry = bpf_map_lookup_elem(&kl_ct_hot, &line);
	if (!entry)
		return;
#pragma unroll
	for (__u32 i = 0; i < KL_LINE_FLOWS; i++) {
		__u64 state = KL_READ(*flow_state(&entry->flow[i]));
		__u32 age = (__u16)(now - state_stamp(state)), score = state ? 0x10000u - age : 0;
		if (state_phase(state) == KL_PHASE_CLAIMED && age <= phase_timeout[KL_PHASE_CLAIMED])
			continue;
		if (score >= best->score)
			continue;
		best->score = score;
		best->index = line * KL_LINE_FLOWS + i;
		best->old = state;
	}
}

/* Index + 1 of the place claimed, or 0: another CPU was faster. Its old flow's other entry goes as well. */
KL_INLINE __u32 place_claim(const struct place *place, __u16 now, __u64 *replaced)
{
	struct kl_map_flow *flow = flow_at(place->index);
	__u64 claimed = state_with_stamp((__u64)KL_PHASE_CLAIMED << STATE_PHASE_SHIFT, now);
	if (!flow || __sync_val_compare_and_swap(flow_state(flow), place->old, claimed) != place->old)
		return 0;
	if (place->old)
		(*replaced)++;
	if (place->old && !state_is_oneway(place->old)) {
		__u32 peer = flow_peer(place->index);
		if (peer != place->index)
			flow_free(peer);
	}
	return place->index + 1;
}

KL_INLINE __u32 half_claim(
	const struct kl_map_config *cfg, struct kl_map_counters *counters, const struct kl_flow_hash *hash, __u16 now)
{
	struct place place = {.score = SCORE_NONE};
	line_oldest(region_line(region_half(cfg), hash), now, &place);
	return place.score == SCORE_NONE ? 0 : place_claim(&place, now, &counters->half_open_evicted);
}

__noinline int reserve_half(const struct kl_flow_hash *hash, __u16 now)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	return cfg && hash && counters ? (int)half_claim(cfg, counters, hash, now) : 0;
}

/*
 * Claims a place in a region for a key. The first line is preferred while it is at most half full, which keeps lookups
 * short; after that the emptier one, which keeps lines from running full. worst: the least good kind of place that will
 * do. Returns the place's index + 1; 0: none.
 */
__noinline int reserve(__u64 packed, const struct kl_flow_hash *hash, __u16 now, __u32 worst)
{
	struct region region = {(__u32)(packed >> 32), (__u32)packed};
	struct kl_map_counters *counters = counters_get();
	if (!hash || !counters)
		return 0;
	struct place place = {.score = SCORE_NONE};
	line_place(region_line(region, hash), now, 1, &place);
	if (place.score)
		line_place(region_line2(region, hash), now, 0, &place);
	if (place.score >= (worst + 1) * SCORE_RANK)
		return 0;
	__u64 *replaced = worst == PLACE_PROBATION ? &counters->half_open_evicted : &counters->flows_expired;
	__u32 claimed = place_claim(&place, now, replaced);
	if (claimed && !place.old)
		over_count(place.index, 1);
	if (claimed && place.old)
		flow_left(place.old, place.index);
	return (int)claimed;
}

/* A flow to be inserted. */
struct new_flow {
	struct kl_flow_hash forward, reply; /* reply: not of a one-way flow */
	struct kl_map_tuple tuple;
	__u64 state;     /* of the forward entry, stamp and phase included */
	__u32 confirmed; /* goes to the main region at once */
	__u32 index;     /* result: of the forward entry */
};

/*
 * Main, then overflow, then where somebody on probation stands. One more try where another CPU took the place.
 */
KL_INLINE int reserve_confirmed(const struct kl_flow_hash *hash, __u16 now)
{
	const struct kl_map_config *cfg = config_get();
	struct kl_map_counters *counters = counters_get();
	if (!cfg || !counters)
		return 0;
	__u64 main = region_pack(region_main(cfg));
	int place = reserve(main, hash, now, PLACE_OVER);
	if (!place)
		place = reserve(main, hash, now, PLACE_OVER);
	if (place)
		return place;
	counters->flows_overflowed++;
	place = reserve(region_pack(region_over(cfg)), hash, now, PLACE_OVER);
	return place ? place : reserve(main, hash, now, PLACE_PROBATION);
}

/* Half-open flows only into their own region. */
KL_INLINE __u32 reserve_for(const struct kl_flow_hash *hash, __u16 now, __u32 confirmed)
{
	if (confirmed)
		return (__u32)reserve_confirmed(hash, now);
	__u32 half = (__u32)reserve_half(hash, now);
	return half ? half : (__u32)reserve_half(hash, now);
}

/* An entry becomes what it says with its state, the last to be written. */
KL_INLINE void publish_state(__u32 index, __u64 fingerprint, __u64 state)
{
	struct kl_map_flow *flow = flow_at(index);
	if (!flow)
		return;
	KL_WRITE(flow->fingerprint, fingerprint);
	KL_WRITE(*flow_state(flow), state);
}

KL_INLINE void publish(__u32 index, __u32 peer, __u64 fingerprint, __u64 state, const struct kl_map_tuple *tuple)
{
	struct kl_map_tuple *cold = tuple_at(index);
	if (!cold)
		return;
	*cold = *tuple;
	cold->peer = peer;
	publish_state(index, fingerprint, state);
}

/*
 * Both entries or none; of a one-way flow the only one, and before it is confirmed without its tuple. 0, or -1 when there
 * is no place.
 */
KL_INLINE int flow_put(struct new_flow *new, __u32 confirmed)
{
	__u16 now = state_stamp(new->state);
	__u32 forward = reserve_for(&new->forward, now, confirmed);
	if (!forward)
		return -1;
	__u32 reply = forward;
	if (!state_is_oneway(new->state)) {
		reply = reserve_for(&new->reply, now, confirmed);
		if (!reply) {
			flow_free(forward - 1);
			return -1;
		}
		publish(reply - 1, forward - 1, new->reply.fingerprint, new->state | 1ull << STATE_REVERSE_SHIFT,
			&new->tuple);
	}
	new->index = forward - 1;
	if (reply == forward && !confirmed)
		publish_state(new->index, new->forward.fingerprint, new->state);
	else
		publish(new->index, reply - 1, new->forward.fingerprint, new->state, &new->tuple);
	if (confirmed && state_backend(new->state))
		live_open(state_backend(new->state));
	return 0;
}

__noinline int flow_insert(struct new_flow *new)
{
	return new ? flow_put(new, new->confirmed) : -1;
}

/* Whether a packet says something new about a one-way flow; state as it was before the packet. */
KL_INLINE int oneway_advances(__u64 state, __u8 tcp_flags, __u16 now)
{
	__u32 phase = state_phase(state);
	if (!state_is_oneway(state) || tcp_flags & (2 | 4) /* SYN, RST */)
		return 0;
	return phase == KL_PHASE_NEW || (phase == KL_PHASE_ANSWERED && state_stamp(state) != now);
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

KL_INLINE void tuple_of_key(struct kl_map_tuple *tuple, const struct kl_flow_key *key)
{
	addr_copy(tuple->client, key->saddr);
	addr_copy(tuple->frontend, key->daddr);
	tuple->client_port = key->sport;
	tuple->frontend_port = key->dport;
	tuple->proto = (__u8)key->proto;
}

/* Moves a one-way flow out of the half-open region; found: its new place. Where there is none it stays. */
__noinline int oneway_confirm(struct found *found, const struct kl_flow_hash *hash, const struct kl_flow_key *key)
{
	struct kl_map_counters *counters = counters_get();
	if (!found || !hash || !key || !counters)
		return 0;
	__u16 now = state_stamp(found->state);
	int place = reserve_confirmed(hash, now);
	if (!place) {
		counters->drop_ct_full++; /* may be evicted where it is */
		return 0;
	}
	__u32 old = found->index;
	struct kl_map_tuple *cold = tuple_at((__u32)place - 1);
	if (cold) {
		tuple_of_key(cold, key);
		cold->nat_port = bpf_htons(KL_FLOW_DSR);
		cold->flags = 0;
		cold->peer = (__u32)place - 1;
		cold->created = now;
	}
	found->index = (__u32)place - 1;
	found->state = state_with_phase(found->state, KL_PHASE_ANSWERED);
	publish_state(found->index, hash->fingerprint, found->state);
	live_open(state_backend(found->state));
	flow_free(old);
	counters->flows_promoted++;
	return 0;
}

/* After oneway_advances(), with the packet's tick as the state's stamp. */
KL_INLINE void oneway_advance(struct found *found, const struct kl_flow_hash *hash, const struct kl_flow_key *key)
{
	if (state_phase(found->state) == KL_PHASE_NEW)
		oneway_confirm(found, hash, key);
	else
		flow_set_phase(flow_at(found->index), key->proto == 17 /* UDP */ ? KL_PHASE_UDP : KL_PHASE_OPEN);
}

KL_INLINE struct kl_map_flow *flow_peer_entry(__u32 index)
{
	__u32 peer = flow_peer(index);
	return peer == index ? NULL : flow_at(peer);
}

KL_INLINE __u32 flow_phase_at(__u32 index)
{
	struct kl_map_flow *flow = flow_at(index);
	return flow ? state_phase(KL_READ(*flow_state(flow))) : KL_PHASE_FREE;
}

KL_INLINE void flow_close(__u32 index)
{
	struct kl_map_flow *flow = flow_at(index);
	if (!flow)
		return;
	__u64 old = KL_READ(*flow_state(flow)), closed = state_with_phase(old, KL_PHASE_CLOSED);
	if (state_phase(old) <= KL_PHASE_CLAIMED || old == closed)
		return;
	if (__sync_val_compare_and_swap(flow_state(flow), old, closed) == old)
		flow_left(old, index);
}

/* A FIN of one side; the second side's closes both. Of a one-way flow one side is all that is seen. */
__noinline int flow_fin_at(__u32 index)
{
	__u32 peer = flow_peer(index);
	if (peer == index || flow_phase_at(peer) < KL_PHASE_FIN) {
		flow_set_phase(flow_at(index), KL_PHASE_FIN);
		return 0;
	}
	flow_close(index);
	flow_close(peer);
	return 0;
}

__noinline int flow_reset_at(__u32 index)
{
	__u32 peer = flow_peer(index);
	flow_close(index);
	if (peer != index)
		flow_close(peer);
	return 0;
}

KL_INLINE void flow_fin(const struct found *found)
{
	flow_fin_at(found->index);
}

KL_INLINE void flow_reset(const struct found *found)
{
	flow_reset_at(found->index);
}

#endif
