#include "dpsync_impl.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t get_run(struct kl_runs *runs, uint32_t count)
{
	uint32_t first = kl_runs_get(runs, count, kl_monotonic_ms());
	if (first)
		return first;
	usleep((KL_QUARANTINE_MS + 1) * 1000);
	return kl_runs_get(runs, count, kl_monotonic_ms());
}

static uint8_t set_flags(uint16_t flags)
{
	return (uint8_t)((flags & KL_SERVICE_EXTERNAL_LOCAL ? KL_SET_EXTERNAL_LOCAL : 0) |
			 (flags & KL_SERVICE_INTERNAL_LOCAL ? KL_SET_INTERNAL_LOCAL : 0) |
			 (flags & KL_SERVICE_AFFINITY ? KL_SET_AFFINITY : 0));
}

static uint32_t ticks_of(const struct kl_map_config *config, uint32_t seconds)
{
	uint64_t ticks = ((uint64_t)seconds * config->hz) >> (config->tick_shift & 31);
	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

static uint32_t blocks_of(size_t slots)
{
	return (uint32_t)((slots + KL_BLOCK_SLOTS - 1) / KL_BLOCK_SLOTS);
}

static void fill_slots(
	struct kl_map_block *blocks, const struct service_state *state, const uint32_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		blocks[i / KL_BLOCK_SLOTS].backend[i % KL_BLOCK_SLOTS] = state->backends[slots[i]].id;
}

struct kl_map_block *kl_dpsync_compile(const struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, uint32_t first, uint32_t *ret_blocks)
{
	const struct kl_place place = {.node = sync->node_name, .zone = sync->zone, .weights = state->shares};
	struct kl_plan plan;
	kl_plan_make_at(service, &place, &plan);
	uint32_t all = blocks_of(plan.all_count), total = 1 + all + blocks_of(plan.local_count);
	struct kl_map_block *blocks = kl_calloc(total, sizeof(*blocks));
	blocks->set = (struct kl_map_set){
		.all_first = (first + 1) * KL_BLOCK_SLOTS,
		.all_count = (uint32_t)plan.all_count,
		.local_first = (first + 1 + all) * KL_BLOCK_SLOTS,
		.local_count = (uint32_t)plan.local_count,
		.blocks = total,
		.service = state->index,
		.affinity_ticks = ticks_of(sync->maps->config, service->affinity_s),
		.algorithm = service->algorithm,
		.flags = (uint8_t)(set_flags(service->flags) | (service->range_count ? KL_SET_RANGES : 0)),
		.backends = (uint16_t)(plan.chosen > UINT16_MAX ? UINT16_MAX : plan.chosen),
	};
	fill_slots(blocks + 1, state, plan.all, plan.all_count);
	fill_slots(blocks + 1 + all, state, plan.local, plan.local_count);
	kl_plan_release(&plan);
	*ret_blocks = total;
	return blocks;
}

/* The one store that changes a service. */
static void publish(struct kl_dpsync *sync, struct service_state *state, uint32_t first, uint32_t blocks)
{
	state->first_block = first;
	state->blocks = blocks;
	state->changes++;
	__atomic_store_n(
		&sync->maps->services[state->index].set, (uint64_t)state->changes << 32 | first, __ATOMIC_RELEASE);
}

int kl_dpsync_switch_set(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service, struct kl_err *err)
{
	uint32_t total;
	kl_autofree struct kl_map_block *blocks = kl_dpsync_compile(sync, state, service, state->first_block, &total);
	struct kl_map_block *there = sync->maps->blocks;
	if (state->blocks == total && !memcmp(&there[state->first_block], blocks, total * sizeof(*blocks)))
		return 0;
	uint32_t first = get_run(sync->runs, total);
	if (!first)
		return kl_fail_msg(err, ENOSPC, "no room for %u blocks of slots of %s", total, service->key);
	blocks->set.all_first += (first - state->first_block) * KL_BLOCK_SLOTS;
	blocks->set.local_first += (first - state->first_block) * KL_BLOCK_SLOTS;
	memcpy(&there[first], blocks, total * sizeof(*blocks));
	uint32_t old = state->first_block, old_blocks = state->blocks;
	publish(sync, state, first, total);
	if (old_blocks)
		kl_runs_put(sync->runs, old, old_blocks, kl_monotonic_ms());
	return 0;
}
