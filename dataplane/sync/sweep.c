/*
 * Sweeping the connection table. A part of the hot array is mapped at a time, since a mapping of all of it would count
 * as the agent's memory; entries are freed by compare-and-swap of their state, as the programs claim them.
 */
#include "dpsync_impl.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

enum { PART_LINES = 1024, STATE_STAMP_SHIFT = 32 };

/* The state word as the programs see it. */
static uint64_t *state_of(struct kl_map_flow *flow)
{
	return (uint64_t *)(void *)flow + 1;
}

static bool is_silent(const struct kl_map_flow *flow, uint16_t now)
{
	return flow->phase != KL_PHASE_FREE && (uint16_t)(now - flow->stamp) > KL_SILENT_TICKS;
}

/* The flow's other entry may have been heard of later; it counts while the two name each other. */
static bool peer_lives(const struct kl_maps *maps, uint32_t index, uint16_t now)
{
	struct kl_map_tuple tuple, peer;
	struct kl_map_line line;
	if (bpf_map_lookup_elem(maps->fd[KL_MAP_CT_COLD], &index, &tuple))
		return false;
	uint32_t peer_line = tuple.peer / KL_LINE_FLOWS;
	if (bpf_map_lookup_elem(maps->fd[KL_MAP_CT_COLD], &tuple.peer, &peer) || peer.peer != index ||
		bpf_map_lookup_elem(maps->fd[KL_MAP_CT_HOT], &peer_line, &line))
		return false;
	const struct kl_map_flow *flow = &line.flow[tuple.peer % KL_LINE_FLOWS];
	return flow->phase > KL_PHASE_CLAIMED && !is_silent(flow, now);
}

static size_t sweep_line(const struct kl_maps *maps, struct kl_map_line *line, uint32_t number, uint16_t now)
{
	size_t freed = 0;
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++) {
		struct kl_map_flow *flow = &line->flow[i];
		uint64_t state = __atomic_load_n(state_of(flow), __ATOMIC_ACQUIRE);
		uint16_t age = (uint16_t)(now - (uint16_t)(state >> STATE_STAMP_SHIFT));
		if (!state || age <= KL_SILENT_TICKS || peer_lives(maps, number * KL_LINE_FLOWS + i, now))
			continue;
		if (__atomic_compare_exchange_n(state_of(flow), &state, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			freed++;
	}
	return freed;
}

size_t kl_dpsync_sweep(struct kl_dpsync *sync)
{
	const struct kl_maps *maps = sync->maps;
	uint32_t lines = maps->entries[KL_MAP_CT_HOT], first = sync->swept;
	uint32_t count = lines - first < PART_LINES ? lines - first : PART_LINES;
	size_t offset = (size_t)first * sizeof(struct kl_map_line), freed = 0;
	sync->swept = first + count < lines ? first + count : 0;
	struct kl_map_line *part = mmap(NULL, count * sizeof(*part), PROT_READ | PROT_WRITE, MAP_SHARED,
		maps->fd[KL_MAP_CT_HOT], (off_t)offset);
	if (part == MAP_FAILED)
		return 0;
	uint16_t now = (uint16_t)kl_maps_tick(maps);
	for (uint32_t i = 0; i < count; i++)
		freed += sweep_line(maps, &part[i], first + i, now);
	munmap(part, count * sizeof(*part));
	return freed;
}
