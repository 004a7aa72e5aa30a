/*
 * Sweeping the connection table: entries whose time is up are replaced by the programs when a place is needed; here they
 * are freed without that need, so that what counts living ones (kl_live, the overflow region) is right, and before an
 * age's 16 bits wrap. A part of the hot array is mapped at a time, since a mapping of all of it would count as the agent's
 * memory; entries are freed by compare-and-swap of their state, as the programs claim them.
 */
#include "dpsync_impl.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <string.h>
#include <sys/mman.h>

enum { LEAST_LINES = 1024, PARTS = 8 };

static const uint16_t timeouts[2 * KL_PHASES] = KL_PHASE_TIMEOUTS;

/* The state word as the programs see it. */
static uint64_t *state_of(struct kl_map_flow *flow)
{
	return (uint64_t *)(void *)flow + 1;
}

static struct kl_map_flow read_flow(struct kl_map_flow *flow, uint64_t *ret_state)
{
	struct kl_map_flow ret = {.fingerprint = flow->fingerprint};
	*ret_state = __atomic_load_n(state_of(flow), __ATOMIC_ACQUIRE);
	memcpy(state_of(&ret), ret_state, sizeof(*ret_state));
	return ret;
}

static bool is_oneway(const struct kl_map_flow *flow)
{
	return flow->nat_port == htons(KL_FLOW_DSR);
}

static bool is_silent(const struct kl_map_flow *flow, uint16_t now)
{
	return (uint16_t)(now - flow->stamp) > timeouts[flow->phase + (is_oneway(flow) ? KL_PHASES : 0)];
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

static bool is_half_open(const struct kl_maps *maps, uint32_t line)
{
	const struct kl_map_config *config = maps->config;
	return line >= config->half_first && line <= config->half_first + config->half_mask;
}

/* What the entry counted in; as the programs do it when they free one. */
static void account(const struct kl_maps *maps, const struct kl_map_flow *flow, uint32_t line)
{
	struct kl_map_config *config = maps->config;
	if (line >= config->over_first && line <= config->over_first + config->over_mask)
		__atomic_sub_fetch(&config->over_used, 1, __ATOMIC_SEQ_CST);
	if (flow->reverse || !flow->backend || flow->phase < KL_PHASE_ANSWERED || flow->phase == KL_PHASE_CLOSED ||
		is_half_open(maps, line) || flow->backend >= maps->entries[KL_MAP_LIVE] ||
		maps->backends[flow->backend].generation != flow->generation)
		return;
	uint32_t *live = &maps->live[flow->backend].connections, before = __atomic_load_n(live, __ATOMIC_RELAXED);
	while (before && !__atomic_compare_exchange_n(live, &before, before - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
}

/* The half-open region renews itself: there only what would wrap is looked at. */
static bool is_over(const struct kl_maps *maps, const struct kl_map_flow *flow, uint32_t index, uint16_t now)
{
	uint16_t age = (uint16_t)(now - flow->stamp);
	if (is_half_open(maps, index / KL_LINE_FLOWS) ? age <= KL_SILENT_TICKS : !is_silent(flow, now))
		return false;
	return is_oneway(flow) || !peer_lives(maps, index, now);
}

static size_t sweep_line(const struct kl_maps *maps, struct kl_map_line *line, uint32_t number, uint16_t now)
{
	size_t freed = 0;
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++) {
		uint64_t state;
		struct kl_map_flow flow = read_flow(&line->flow[i], &state);
		if (!state || !is_over(maps, &flow, number * KL_LINE_FLOWS + i, now))
			continue;
		if (!__atomic_compare_exchange_n(
			    state_of(&line->flow[i]), &state, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		account(maps, &flow, number);
		freed++;
	}
	return freed;
}

static size_t used_in(const struct kl_map_line *line)
{
	size_t used = 0;
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++)
		used += line->flow[i].phase != KL_PHASE_FREE;
	return used;
}

unsigned kl_dpsync_flow_load(const struct kl_dpsync *sync)
{
	size_t places = ((size_t)sync->maps->config->main_mask + 1) * KL_LINE_FLOWS;
	return (unsigned)(sync->flows * 100 / places);
}

size_t kl_dpsync_sweep(struct kl_dpsync *sync)
{
	const struct kl_maps *maps = sync->maps;
	uint32_t lines = maps->entries[KL_MAP_CT_HOT], first = sync->swept, count = lines / PARTS;
	if (count < LEAST_LINES)
		count = LEAST_LINES;
	count -= count % LEAST_LINES; /* a mapping begins at a page */
	if (count > lines - first)
		count = lines - first;
	size_t offset = (size_t)first * sizeof(struct kl_map_line), freed = 0;
	sync->swept = first + count < lines ? first + count : 0;
	struct kl_map_line *part = mmap(NULL, count * sizeof(*part), PROT_READ | PROT_WRITE, MAP_SHARED,
		maps->fd[KL_MAP_CT_HOT], (off_t)offset);
	if (part == MAP_FAILED)
		return 0;
	uint16_t now = (uint16_t)kl_maps_tick(maps);
	for (uint32_t i = 0; i < count; i++) {
		freed += sweep_line(maps, &part[i], first + i, now);
		sync->counted += first + i <= maps->config->main_mask ? used_in(&part[i]) : 0;
	}
	munmap(part, count * sizeof(*part));
	if (!sync->swept) {
		sync->flows = sync->counted;
		sync->counted = 0;
	}
	return freed;
}
