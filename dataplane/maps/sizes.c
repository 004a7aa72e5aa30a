/* How large the tables are, by what was asked for or by the machine. */
#include "maps_impl.h"

#include <unistd.h>

static uint32_t power_of_two(uint32_t n)
{
	uint32_t power = 2;
	while (power < n && power < 1u << 31)
		power *= 2;
	return power;
}

enum { OVER_PART = 16, HALF_PART = 4, HALF_PART_LARGE = 8, LARGE_LINES = 1 << 18 };

/* For what has not been confirmed yet: the more, the longer a flood takes to wash over it. An eighth of a million will do. */
static struct kl_regions regions_of(uint32_t flows)
{
	struct kl_regions ret = {.main = power_of_two(flows) / KL_LINE_FLOWS};
	if (ret.main < 64)
		ret.main = 64;
	ret.half = ret.main / (ret.main < LARGE_LINES ? HALF_PART : HALF_PART_LARGE);
	ret.over = ret.main / OVER_PART < 16 ? 16 : ret.main / OVER_PART;
	return ret;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

void kl_sizes_fill(const struct kl_maps_sizes *given, uint32_t ret[KL_MAP_COUNT], struct kl_regions *ret_regions)
{
	static const struct kl_maps_sizes none;
	const struct kl_maps_sizes *sizes = given ? given : &none;
	struct kl_regions regions = regions_of(or_default(sizes->flows, 131072));
	uint32_t lines = regions.main + regions.half + regions.over;
	uint32_t services = or_default(sizes->services, 2047) + 1, backends = or_default(sizes->backends, 8191) + 1;
	ret[KL_MAP_CONFIG] = ret[KL_MAP_COUNTERS] = 1;
	ret[KL_MAP_FRONTENDS] = power_of_two(or_default(sizes->frontends, 4096)) * 2;
	ret[KL_MAP_PORTS] = KL_PORT_WORDS;
	ret[KL_MAP_SERVICES] = ret[KL_MAP_NAMES] = services;
	ret[KL_MAP_SLOTS] = or_default(sizes->blocks, 8192);
	ret[KL_MAP_BACKENDS] = ret[KL_MAP_TRAFFIC] = ret[KL_MAP_LIVE] = backends;
	ret[KL_MAP_RANGES] = or_default(sizes->ranges, 4096);
	ret[KL_MAP_LOCALS] = backends;
	ret[KL_MAP_EVENTS] = 256 * 1024;
	ret[KL_MAP_CT_HOT] = lines;
	ret[KL_MAP_CT_COLD] = lines * KL_LINE_FLOWS;
	ret[KL_MAP_NETNS] = or_default(sizes->netns, 4096);
	ret[KL_MAP_AFFINITY] = or_default(sizes->affinity, 4096);
	ret[KL_MAP_FRAGMENTS] = 1024;
	ret[KL_MAP_SK_PEER] = ret[KL_MAP_SK_DGRAM] = 0;
	ret[KL_MAP_PODS] = or_default(sizes->pods, 1024);
	ret[KL_MAP_POD_ADDRS] = ret[KL_MAP_PODS] * 2;
	ret[KL_MAP_NET] = 1;
	ret[KL_MAP_INBOUND] = 4096;
	*ret_regions = regions;
}

/* --- from the words of the agent's flags */

enum {
	CONNECTION_ENTRIES = 2,
	SERVICE_FRONTENDS =
		2,      /* a cluster address and a NodePort; more have room too, since the table is twice as large */
	SET_BLOCKS = 3, /* its header, and slots of a few backends, of all and of local ones */
	MAGLEV_BLOCKS = 4096, /* for tables of 650 backends in all */
	BACKENDS_MAX = (1 << KL_BACKEND_BITS) - 2,
};

void kl_maps_sizes_set(struct kl_maps_sizes *sizes, uint32_t services, uint32_t backends, uint32_t connections)
{
	sizes->services = services;
	sizes->backends = backends < BACKENDS_MAX ? backends : BACKENDS_MAX;
	sizes->frontends = services * SERVICE_FRONTENDS;
	/* Beside every set there is room for the one that follows it. */
	sizes->blocks = services * SET_BLOCKS * 2 + sizes->backends / KL_BLOCK_SLOTS * 2 + MAGLEV_BLOCKS;
	sizes->flows = connections * CONNECTION_ENTRIES;
}

static uint32_t within(uint64_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : (uint32_t)value;
}

/* The largest power of two that is not larger. */
static uint64_t rounded_down(uint64_t n)
{
	uint64_t power = 1;
	while (power * 2 <= n)
		power *= 2;
	return power;
}

/* Of every 128 KiB of memory a connection, which takes 168 bytes: a thousandth of the machine; of every 2 MiB a service. */
void kl_maps_sizes_of_memory(uint64_t bytes, struct kl_maps_sizes *ret)
{
	uint32_t connections = within(rounded_down(bytes / (128 << 10)), 8192, 1 << 21);
	uint32_t services = within(rounded_down(bytes / (2 << 20)), 1024, 16384);
	*ret = (struct kl_maps_sizes){0};
	kl_maps_sizes_set(ret, services - 1, services * 8 - 1, connections);
}

void kl_maps_sizes_choose(struct kl_maps_sizes *sizes, uint32_t services, uint32_t backends, uint32_t connections)
{
	struct kl_maps_sizes usual;
	kl_maps_sizes_of_memory(kl_maps_memory(), &usual);
	kl_maps_sizes_set(sizes, or_default(services, usual.services), or_default(backends, usual.backends),
		or_default(connections, usual.flows / CONNECTION_ENTRIES));
}

uint64_t kl_maps_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}
