#include "maglev_table.h"

#include "maglev.h"
#include "mem.h"

#include <keelson/hash.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1 << 20 };

void kl_maglev_table_release(struct kl_maglev_table *table)
{
	free(table->backends);
	free(table->slots);
}

static int by_address(const void *a, const void *b)
{
	return kl_backend_compare(a, b);
}

static struct kl_backend backend_of(const struct kl_map_backend *entry)
{
	struct kl_backend ret = {.port = ntohs(entry->port), .weight = entry->weight, .flags = KL_BACKEND_READY};
	memcpy(ret.addr.bytes, entry->addr, sizeof(ret.addr.bytes));
	return ret;
}

void kl_maglev_table_read(const struct kl_lb_index *index, const struct kl_maps *maps, uint32_t service, bool local,
	struct kl_maglev_table *ret)
{
	const struct kl_map_set *set = kl_lb_set(maps, service);
	*ret = (struct kl_maglev_table){.size = !set ? 0 : local ? set->local_count : set->all_count};
	uint32_t first = !set ? 0 : local ? set->local_first : set->all_first;
	kl_autofree bool *used = kl_calloc(maps->entries[KL_MAP_BACKENDS], sizeof(bool));
	for (uint32_t i = 0; i < ret->size; i++)
		used[kl_lb_slot(maps, first + i) % maps->entries[KL_MAP_BACKENDS]] = true;
	for (uint32_t id = kl_lb_first(index, service); id; id = kl_lb_next(index, id)) {
		if (!used[id])
			continue;
		ret->backends = kl_reallocarray(ret->backends, ret->count + 1, sizeof(*ret->backends));
		ret->backends[ret->count++] = backend_of(&maps->backends[id]);
	}
	if (ret->count)
		qsort(ret->backends, ret->count, sizeof(*ret->backends), by_address);
	ret->slots = kl_calloc((size_t)ret->size + 1, sizeof(*ret->slots));
	for (uint32_t i = 0; i < ret->size; i++) {
		struct kl_backend at =
			backend_of(&maps->backends[kl_lb_slot(maps, first + i) % maps->entries[KL_MAP_BACKENDS]]);
		long found = kl_maglev_table_find(ret, &at.addr, at.port);
		ret->slots[i] = found < 0 ? UINT32_MAX : (uint32_t)found;
	}
}

void kl_maglev_table_compute(const struct kl_backend *backends, size_t count, struct kl_maglev_table *ret)
{
	kl_autofree const struct kl_backend **list = kl_calloc(count + 1, sizeof(*list));
	*ret = (struct kl_maglev_table){.count = count, .size = kl_maglev_size(count)};
	ret->backends = count ? kl_memdup(backends, count * sizeof(*backends)) : NULL;
	ret->slots = kl_calloc((size_t)ret->size + 1, sizeof(*ret->slots));
	if (!count)
		return;
	qsort(ret->backends, count, sizeof(*ret->backends), by_address);
	for (size_t i = 0; i < count; i++)
		list[i] = &ret->backends[i];
	kl_maglev_fill(list, count, ret->slots, ret->size);
}

static bool same_backend(const struct kl_backend *a, const struct kl_backend *b)
{
	return !kl_backend_compare(a, b);
}

static const struct kl_backend *at_slot(const struct kl_maglev_table *table, uint32_t slot)
{
	uint32_t at = table->slots[slot];
	return at < table->count ? &table->backends[at] : NULL;
}

bool kl_maglev_table_equal(const struct kl_maglev_table *a, const struct kl_maglev_table *b)
{
	if (a->size != b->size)
		return false;
	for (uint32_t i = 0; i < a->size; i++) {
		const struct kl_backend *x = at_slot(a, i), *y = at_slot(b, i);
		if (!x || !y || !same_backend(x, y))
			return false;
	}
	return true;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

uint64_t kl_maglev_table_hash(const struct kl_maglev_table *table)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	for (uint32_t i = 0; i < table->size; i++) {
		static const struct kl_backend nobody;
		const struct kl_backend *backend = at_slot(table, i);
		backend = backend ? backend : &nobody;
		const uint8_t port[2] = {(uint8_t)(backend->port >> 8), (uint8_t)backend->port};
		hash = hash_bytes(
			hash_bytes(hash, backend->addr.bytes, sizeof(backend->addr.bytes)), port, sizeof(port));
	}
	return hash;
}

long kl_maglev_table_find(const struct kl_maglev_table *table, const struct kl_addr *addr, uint16_t port)
{
	const struct kl_backend wanted = {.addr = *addr, .port = port};
	const struct kl_backend *found =
		table->count ? bsearch(&wanted, table->backends, table->count, sizeof(wanted), by_address) : NULL;
	return found ? found - table->backends : -1;
}

/* --- two tables */

static double share_of(const struct kl_maglev_table *table, const struct kl_backend *backend)
{
	long at = kl_maglev_table_find(table, &backend->addr, backend->port);
	uint32_t count = 0;
	for (uint32_t i = 0; at >= 0 && i < table->size; i++)
		count += table->slots[i] == (uint32_t)at;
	return table->size ? (double)count / table->size : 0;
}

/* What no table could avoid: whoever's share shrinks gives that much up. */
static double least_move(const struct kl_maglev_table *before, const struct kl_maglev_table *after)
{
	double sum = 0;
	for (size_t i = 0; i < before->count; i++)
		sum += fmax(0, share_of(before, &before->backends[i]) - share_of(after, &before->backends[i]));
	return sum;
}

/* A slot is the hash's share of the size, so tables of different sizes are compared over hashes spread evenly. */
void kl_maglev_table_compare(
	const struct kl_maglev_table *before, const struct kl_maglev_table *after, struct kl_maglev_change *ret)
{
	bool same_size = before->size == after->size;
	uint32_t samples = same_size ? before->size : SAMPLES, moved = 0;
	*ret = (struct kl_maglev_change){0};
	if (!before->size || !after->size) {
		ret->moved = ret->necessary = before->size || after->size ? 1 : 0;
		return;
	}
	for (uint32_t i = 0; i < samples; i++) {
		uint32_t hash = (uint32_t)(((uint64_t)i << 32) / samples + (1ull << 31) / samples);
		const struct kl_backend *x = at_slot(before, same_size ? i : kl_below(hash, before->size));
		const struct kl_backend *y = at_slot(after, same_size ? i : kl_below(hash, after->size));
		moved += !x || !y || !same_backend(x, y);
	}
	ret->moved = (double)moved / samples;
	ret->necessary = least_move(before, after);
	ret->slots_changed = same_size ? moved : 0;
}
