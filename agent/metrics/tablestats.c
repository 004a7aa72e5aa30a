#include "tablestats.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

const char *kl_ct_region_name(enum kl_ct_region region)
{
	static const char *const names[KL_CT_REGIONS] = {"main", "half-open", "overflow"};
	return names[region];
}

enum kl_ct_region kl_ct_region_of(const struct kl_map_config *config, uint32_t line)
{
	return line < config->half_first ? KL_CT_MAIN : line < config->over_first ? KL_CT_HALF_OPEN : KL_CT_OVERFLOW;
}

static uint32_t blocks_used(const struct kl_maps *maps, uint32_t service)
{
	uint32_t block = (uint32_t)maps->services[service].set;
	return block && block < maps->entries[KL_MAP_SLOTS] ? maps->blocks[block].set.blocks : 0;
}

void kl_table_stats_read(const struct kl_maps *maps, struct kl_table_stats *ret)
{
	struct kl_fill services = {0, maps->entries[KL_MAP_NAMES] - 1}, slots = {0, maps->entries[KL_MAP_SLOTS] - 1};
	struct kl_fill backends = {0, maps->entries[KL_MAP_BACKENDS] - 1};
	struct kl_fill frontends = {0, maps->config->frontend_mask + 1};
	for (uint32_t i = 1; i <= services.size; i++) {
		services.used += maps->names[i].key[0] != 0;
		slots.used += blocks_used(maps, i);
	}
	ret->live = 0;
	for (uint32_t i = 1; i <= backends.size; i++)
		if (maps->backends[i].flags & KL_BE_LIVE) {
			backends.used++;
			ret->live += maps->live[i].connections;
		}
	for (uint32_t i = 0; i < frontends.size; i++) {
		uint32_t service = maps->frontends[i].service;
		frontends.used += service != KL_FRONTEND_NEVER && service != KL_FRONTEND_DELETED;
	}
	ret->services = services;
	ret->slots = slots;
	ret->backends = backends;
	ret->frontends = frontends;
}

static void count_line(const struct kl_map_line *line, struct kl_fill *fill, uint64_t phases[KL_PHASES])
{
	fill->size += KL_LINE_FLOWS;
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++) {
		const struct kl_map_flow flow = line->flow[i];
		fill->used += flow.phase != KL_PHASE_FREE;
		phases[flow.phase] += !flow.reverse;
	}
}

/* A part at a time: a mapping of all of it would count as this process's memory. */
enum { PART_LINES = 16384 };

int kl_table_stats_read_ct(const struct kl_maps *maps, struct kl_table_stats *ret, struct kl_err *err)
{
	uint32_t lines = maps->entries[KL_MAP_CT_HOT];
	memset(ret->ct, 0, sizeof(ret->ct));
	memset(ret->phases, 0, sizeof(ret->phases));
	for (uint32_t first = 0; first < lines; first += PART_LINES) {
		uint32_t count = lines - first < PART_LINES ? lines - first : PART_LINES;
		size_t len = count * sizeof(struct kl_map_line);
		const struct kl_map_line *part = mmap(NULL, len, PROT_READ, MAP_SHARED, maps->fd[KL_MAP_CT_HOT],
			(off_t)(first * sizeof(struct kl_map_line)));
		if (part == MAP_FAILED)
			return kl_fail(err, errno, "map a part of kl_ct_hot into memory");
		for (uint32_t i = 0; i < count; i++)
			count_line(&part[i], &ret->ct[kl_ct_region_of(maps->config, first + i)], ret->phases);
		munmap((void *)part, len);
	}
	ret->phases[KL_PHASE_FREE] = 0;
	return 0;
}
