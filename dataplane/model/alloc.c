#include "alloc.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* --- freed places in the order of their freeing */
struct freed {
	uint32_t first, count;
	int64_t at_ms;
};
struct queue {
	struct freed *items; /* a ring */
	size_t size, head, len;
};

static void queue_push(struct queue *queue, struct freed item)
{
	if (queue->len == queue->size) {
		size_t size = queue->size ? queue->size * 2 : 16;
		struct freed *items = kl_calloc(size, sizeof(*items));
		for (size_t i = 0; i < queue->len; i++)
			items[i] = queue->items[(queue->head + i) % queue->size];
		free(queue->items);
		*queue = (struct queue){.items = items, .size = size, .len = queue->len};
	}
	queue->items[(queue->head + queue->len++) % queue->size] = item;
}

/* The oldest, once its time is up. */
static bool queue_pop(struct queue *queue, int64_t now_ms, struct freed *ret)
{
	if (!queue->len || now_ms - queue->items[queue->head].at_ms < KL_QUARANTINE_MS)
		return false;
	*ret = queue->items[queue->head];
	queue->head = (queue->head + 1) % queue->size;
	queue->len--;
	return true;
}

/* --- bits */
static bool bit_get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *bits, uint32_t i, bool on)
{
	if (on)
		bits[i / 64] |= 1ull << (i % 64);
	else
		bits[i / 64] &= ~(1ull << (i % 64));
}

/* --- single places */
struct kl_ids {
	uint64_t *used;               /* bitmap; a freed id stays set until it leaves the queue */
	uint32_t size, fresh, in_use; /* from `fresh` on nothing has been handed out */
	struct queue freed;
};

struct kl_ids *kl_ids_new(uint32_t size)
{
	struct kl_ids *ids = kl_calloc(1, sizeof(*ids));
	ids->used = kl_calloc(size / 64 + 1, sizeof(*ids->used));
	ids->size = size;
	ids->fresh = 1;
	return ids;
}

void kl_ids_free(struct kl_ids *ids)
{
	if (!ids)
		return;
	free(ids->freed.items);
	free(ids->used);
	free(ids);
}

bool kl_ids_take(struct kl_ids *ids, uint32_t id)
{
	if (!id || id >= ids->size || bit_get(ids->used, id))
		return false;
	bit_set(ids->used, id, true);
	ids->in_use++;
	return true;
}

uint32_t kl_ids_get(struct kl_ids *ids, int64_t now_ms)
{
	struct freed freed;
	while (ids->fresh < ids->size && bit_get(ids->used, ids->fresh))
		ids->fresh++;
	/* Ids never used before come first: a flow's generation is then the longest time without meaning something
	 * else. */
	if (ids->fresh < ids->size) {
		bit_set(ids->used, ids->fresh, true);
		ids->in_use++;
		return ids->fresh++;
	}
	if (!queue_pop(&ids->freed, now_ms, &freed))
		return 0;
	ids->in_use++;
	return freed.first;
}

void kl_ids_put(struct kl_ids *ids, uint32_t id, int64_t now_ms)
{
	queue_push(&ids->freed, (struct freed){id, 1, now_ms});
	ids->in_use--;
}

uint32_t kl_ids_used(const struct kl_ids *ids)
{
	return ids->in_use;
}

/* --- runs: next fit over a bitmap */
struct kl_runs {
	uint64_t *used;
	uint32_t size, next, in_use;
	struct queue freed;
};

struct kl_runs *kl_runs_new(uint32_t size)
{
	struct kl_runs *runs = kl_calloc(1, sizeof(*runs));
	runs->used = kl_calloc(size / 64 + 1, sizeof(*runs->used));
	runs->size = size;
	runs->next = 1;
	return runs;
}

void kl_runs_free(struct kl_runs *runs)
{
	if (!runs)
		return;
	free(runs->freed.items);
	free(runs->used);
	free(runs);
}

static void mark(struct kl_runs *runs, uint32_t first, uint32_t count, bool on)
{
	for (uint32_t i = 0; i < count; i++)
		bit_set(runs->used, first + i, on);
}

bool kl_runs_take(struct kl_runs *runs, uint32_t first, uint32_t count)
{
	if (!first || !count || first >= runs->size || count > runs->size - first)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (bit_get(runs->used, first + i))
			return false;
	mark(runs, first, count, true);
	runs->in_use += count;
	return true;
}

/* The first gap of `count` in [from, to); 0: none. */
static uint32_t find_gap(const struct kl_runs *runs, uint32_t from, uint32_t to, uint32_t count)
{
	uint32_t gap = 0;
	for (uint32_t i = from; i < to; i++) {
		if (i % 64 == 0 && runs->used[i / 64] == UINT64_MAX) {
			gap = 0;
			i += 63;
			continue;
		}
		gap = bit_get(runs->used, i) ? 0 : gap + 1;
		if (gap == count)
			return i - count + 1;
	}
	return 0;
}

uint32_t kl_runs_get(struct kl_runs *runs, uint32_t count, int64_t now_ms)
{
	struct freed freed;
	while (queue_pop(&runs->freed, now_ms, &freed))
		mark(runs, freed.first, freed.count, false);
	if (!count || count >= runs->size)
		return 0;
	uint32_t first = find_gap(runs, runs->next, runs->size, count);
	if (!first)
		first = find_gap(runs, 1, runs->size, count);
	if (!first)
		return 0;
	mark(runs, first, count, true);
	runs->in_use += count;
	runs->next = first + count;
	return first;
}

void kl_runs_put(struct kl_runs *runs, uint32_t first, uint32_t count, int64_t now_ms)
{
	queue_push(&runs->freed, (struct freed){first, count, now_ms});
	runs->in_use -= count;
}

uint32_t kl_runs_used(const struct kl_runs *runs)
{
	return runs->in_use;
}
