#include "flowtable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int kl_flowtable_open(const struct kl_maps *maps, struct kl_flowtable *ret, struct kl_err *err)
{
	struct kl_flowtable table = {
		.config = maps->config,
		.hot_bytes = maps->entries[KL_MAP_CT_HOT] * sizeof(struct kl_map_line),
		.cold_bytes = maps->entries[KL_MAP_CT_COLD] * sizeof(struct kl_map_tuple),
	};
	table.hot = mmap(NULL, table.hot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, maps->fd[KL_MAP_CT_HOT], 0);
	if (table.hot == MAP_FAILED)
		return kl_fail(err, errno, "map the connection table");
	table.cold = mmap(NULL, table.cold_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, maps->fd[KL_MAP_CT_COLD], 0);
	if (table.cold == MAP_FAILED) {
		munmap(table.hot, table.hot_bytes);
		return kl_fail(err, errno, "map the connections' tuples");
	}
	*ret = table;
	return 0;
}

void kl_flowtable_close(struct kl_flowtable *table)
{
	if (!table->hot)
		return;
	munmap(table->hot, table->hot_bytes);
	munmap(table->cold, table->cold_bytes);
	*table = (struct kl_flowtable){0};
}

struct kl_map_flow *kl_flowtable_at(const struct kl_flowtable *table, uint32_t index)
{
	return &table->hot[index / KL_LINE_FLOWS].flow[index % KL_LINE_FLOWS];
}

/* The state word as the programs see it. */
static uint64_t *state_word(struct kl_map_flow *flow)
{
	return (uint64_t *)(void *)flow + 1;
}

static uint64_t word_of(const struct kl_map_flow *flow)
{
	uint64_t word;
	memcpy(&word, (const uint64_t *)(const void *)flow + 1, sizeof(word));
	return word;
}

struct region {
	uint32_t first, mask, lines; /* lines: candidates of a key */
};

static uint32_t line_of(const struct region *region, const struct kl_flow_hash *hash, uint32_t which)
{
	uint32_t line = hash->line & region->mask, line2 = hash->line2 & region->mask;
	if (which)
		line = line2 == line ? line2 ^ 1 : line2;
	return region->first + line;
}

enum { MAIN, HALF, OVER, REGIONS };

static struct region region_of(const struct kl_flowtable *table, int which)
{
	const struct kl_map_config *config = table->config;
	const struct region regions[REGIONS] = {
		[MAIN] = {0, config->main_mask, 2},
		[HALF] = {config->half_first, config->half_mask, 1},
		[OVER] = {config->over_first, config->over_mask, 2},
	};
	return regions[which];
}

static int64_t find_hash(const struct kl_flowtable *table, const struct kl_flow_hash *hash)
{
	for (int which = 0; which < REGIONS; which++) {
		struct region region = region_of(table, which);
		for (uint32_t k = 0; k < region.lines * KL_LINE_FLOWS; k++) {
			uint32_t index = line_of(&region, hash, k / KL_LINE_FLOWS) * KL_LINE_FLOWS + k % KL_LINE_FLOWS;
			const struct kl_map_flow *flow = kl_flowtable_at(table, index);
			if (flow->fingerprint == hash->fingerprint && flow->phase > KL_PHASE_CLAIMED)
				return index;
		}
	}
	return -1;
}

int64_t kl_flowtable_find(const struct kl_flowtable *table, const struct kl_flow_key *key)
{
	struct kl_flow_hash hash = kl_flow_hash(table->config->hash_key, key);
	return find_hash(table, &hash);
}

static uint32_t load_of(const struct kl_flowtable *table, uint32_t line)
{
	uint32_t load = 0;
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++)
		load += word_of(&table->hot[line].flow[i]) != 0;
	return load;
}

static int64_t claim_in(struct kl_flowtable *table, uint32_t line)
{
	const struct kl_map_flow claimed = {.phase = KL_PHASE_CLAIMED};
	for (uint32_t i = 0; i < KL_LINE_FLOWS; i++) {
		uint64_t free = 0;
		if (__atomic_compare_exchange_n(state_word(&table->hot[line].flow[i]), &free, word_of(&claimed), false,
			    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return line * KL_LINE_FLOWS + i;
	}
	return -1;
}

/* The first line while it is at most half full, then the emptier one. */
static int64_t claim(struct kl_flowtable *table, const struct kl_flow_hash *hash, int which)
{
	struct region region = region_of(table, which);
	uint32_t line = line_of(&region, hash, 0), other = line_of(&region, hash, region.lines - 1);
	uint32_t load = load_of(table, line);
	if (load > KL_LINE_FLOWS / 2 && load_of(table, other) < load)
		line = other;
	int64_t index = claim_in(table, line);
	if (index >= 0 && which == OVER)
		__atomic_add_fetch(&table->config->over_used, 1, __ATOMIC_SEQ_CST);
	return index;
}

static void free_entry(struct kl_flowtable *table, uint32_t index)
{
	struct region over = region_of(table, OVER);
	uint32_t line = index / KL_LINE_FLOWS;
	if (!__atomic_exchange_n(state_word(kl_flowtable_at(table, index)), 0, __ATOMIC_ACQ_REL))
		return;
	if (line >= over.first && line <= over.first + over.mask)
		__atomic_sub_fetch(&table->config->over_used, 1, __ATOMIC_SEQ_CST);
}

/* The flow's other entry, while both say so; otherwise this one. */
static uint32_t peer_of(const struct kl_flowtable *table, uint32_t index)
{
	uint32_t peer = table->cold[index].peer;
	bool paired = kl_flowtable_at(table, index)->nat_port != htons(KL_FLOW_DSR) &&
		      peer < table->cold_bytes / sizeof(*table->cold) && table->cold[peer].peer == index;
	return paired ? peer : index;
}

void kl_flowtable_remove(struct kl_flowtable *table, uint32_t index)
{
	uint32_t peer = peer_of(table, index);
	free_entry(table, index);
	if (peer != index)
		free_entry(table, peer);
}

static void raise_phase(struct kl_flowtable *table, uint32_t index, uint32_t phase)
{
	struct kl_map_flow *flow = kl_flowtable_at(table, index), state = *flow;
	uint64_t before = word_of(&state);
	if (state.phase <= KL_PHASE_CLAIMED || state.phase >= phase)
		return;
	state.phase = phase & 7;
	__atomic_compare_exchange_n(
		state_word(flow), &before, word_of(&state), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void kl_flowtable_set_phase(struct kl_flowtable *table, uint32_t index, uint32_t phase)
{
	uint32_t peer = peer_of(table, index);
	raise_phase(table, index, phase);
	if (peer != index)
		raise_phase(table, peer, phase);
}

/* Half-open ones only into their own region; confirmed ones anywhere, and there last. */
static int64_t place(struct kl_flowtable *table, const struct kl_flow_hash *hash, bool confirmed)
{
	int64_t index = -1;
	if (confirmed)
		index = claim(table, hash, MAIN);
	if (confirmed && index < 0)
		index = claim(table, hash, OVER);
	return index >= 0 ? index : claim(table, hash, HALF);
}

static bool is_confirmed(const struct kl_flow_pair *pair)
{
	return pair->state.phase >= KL_PHASE_OPEN || (pair->oneway && pair->state.phase == KL_PHASE_ANSWERED);
}

static void publish(struct kl_flowtable *table, const struct kl_flow_pair *pair, uint32_t index, uint32_t peer,
	uint64_t fingerprint, bool reverse)
{
	struct kl_map_flow *flow = kl_flowtable_at(table, index), state = pair->state;
	table->cold[index] = pair->tuple;
	table->cold[index].peer = peer;
	state.reverse = reverse;
	if (reverse)
		state.stamp = pair->reply_stamp;
	__atomic_store_n(&flow->fingerprint, fingerprint, __ATOMIC_RELEASE);
	__atomic_store_n(state_word(flow), word_of(&state), __ATOMIC_RELEASE);
}

int kl_flowtable_put(struct kl_flowtable *table, const struct kl_flow_pair *pair)
{
	const uint32_t *key = table->config->hash_key;
	struct kl_flow_hash forward = kl_flow_hash(key, &pair->forward), reply = kl_flow_hash(key, &pair->reply);
	if (find_hash(table, &forward) >= 0)
		return 0;
	int64_t index = place(table, &forward, is_confirmed(pair));
	if (index < 0)
		return -ENOSPC;
	if (pair->oneway) {
		publish(table, pair, (uint32_t)index, (uint32_t)index, forward.fingerprint, false);
		return 0;
	}
	int64_t peer = find_hash(table, &reply) >= 0 ? -1 : place(table, &reply, is_confirmed(pair));
	if (peer < 0) {
		free_entry(table, (uint32_t)index);
		return -ENOSPC;
	}
	publish(table, pair, (uint32_t)peer, (uint32_t)index, reply.fingerprint, true);
	publish(table, pair, (uint32_t)index, (uint32_t)peer, forward.fingerprint, false);
	return 0;
}
