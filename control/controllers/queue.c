#include "queue.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { DELAY_MIN_MS = 5, DELAY_MAX_MS = 30000 };

struct item {
	char *key;
	int64_t due_ms;
	unsigned failures;
	uint64_t failed_round;
	int64_t not_before_ms; /* while there are failures */
	bool queued;
	struct item *prev, *next; /* those queued: ready ones in one list, later ones in the other */
	bool later;
	UT_hash_handle hh;
};

struct queue {
	struct item *items;
	struct item *ready, *later;
	struct queue_figures figures; /* written by one thread, read by any */
};

static void count(uint64_t *figure, uint64_t more)
{
	__atomic_store_n(figure, *figure + more, __ATOMIC_RELAXED);
}

struct queue *queue_new(void)
{
	return kl_calloc(1, sizeof(struct queue));
}

static struct item *find(const struct queue *queue, const char *key)
{
	struct item *item;
	HASH_FIND_STR(queue->items, key, item);
	return item;
}

static struct item *ensure(struct queue *queue, const char *key)
{
	struct item *item = find(queue, key);
	if (!item) {
		item = kl_calloc(1, sizeof(*item));
		item->key = kl_strdup(key);
		HASH_ADD_KEYPTR(hh, queue->items, item->key, strlen(item->key), item);
	}
	return item;
}

static void unlink_item(struct queue *queue, struct item *item)
{
	if (!item->queued)
		return;
	if (item->later)
		DL_DELETE(queue->later, item);
	else
		DL_DELETE(queue->ready, item);
	if (!item->later)
		count(&queue->figures.depth, (uint64_t)-1);
	item->queued = false;
}

static void item_free(struct queue *queue, struct item *item)
{
	unlink_item(queue, item);
	HASH_DELETE(hh, queue->items, item);
	free(item->key);
	free(item);
}

void queue_free(struct queue *queue)
{
	struct item *item, *next;
	if (!queue)
		return;
	HASH_ITER (hh, queue->items, item, next)
		item_free(queue, item);
	free(queue);
}

static void enqueue(struct queue *queue, struct item *item, int64_t due_ms)
{
	unlink_item(queue, item);
	item->queued = true;
	item->due_ms = due_ms;
	item->later = due_ms > 0;
	if (item->later)
		DL_APPEND(queue->later, item);
	else
		DL_APPEND(queue->ready, item);
	if (!item->later)
		count(&queue->figures.depth, 1);
}

static int64_t delay_ms(const struct item *item)
{
	int64_t delay = item->failures <= 12 ? (int64_t)DELAY_MIN_MS << (item->failures - 1) : DELAY_MAX_MS;
	return delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
}

void queue_add(struct queue *queue, const char *key, int64_t due_ms)
{
	struct item *item = ensure(queue, key);
	count(&queue->figures.adds, 1);
	if (item->failures && due_ms < item->not_before_ms)
		due_ms = item->not_before_ms;
	if (!item->queued || due_ms < item->due_ms)
		enqueue(queue, item, due_ms);
}

void queue_failed(struct queue *queue, const char *key, uint64_t round, int64_t now_ms)
{
	struct item *item = ensure(queue, key);
	count(&queue->figures.retries, 1);
	if (!item->failures || item->failed_round != round)
		item->failures++;
	item->failed_round = round;
	item->not_before_ms = now_ms + delay_ms(item);
	enqueue(queue, item, item->not_before_ms);
}

void queue_succeeded(struct queue *queue, const char *key, uint64_t round)
{
	struct item *item = find(queue, key);
	if (!item || (item->failures && item->failed_round == round))
		return;
	item->failures = 0;
	if (!item->queued)
		item_free(queue, item);
}

unsigned queue_failures(const struct queue *queue, const char *key)
{
	struct item *item = find(queue, key);
	return item ? item->failures : 0;
}

char *queue_take(struct queue *queue, int64_t now_ms)
{
	struct item *item, *next;
	DL_FOREACH_SAFE (queue->later, item, next) {
		if (item->due_ms <= now_ms)
			enqueue(queue, item, 0);
	}
	item = queue->ready;
	if (!item)
		return NULL;
	unlink_item(queue, item);
	return kl_strdup(item->key);
}

int64_t queue_next_ms(const struct queue *queue)
{
	const struct item *item;
	int64_t next = queue->ready ? 0 : INT64_MAX;
	DL_FOREACH (queue->later, item) {
		if (item->due_ms < next)
			next = item->due_ms;
	}
	return next;
}

void queue_figures(const struct queue *queue, struct queue_figures *ret)
{
	ret->depth = __atomic_load_n(&queue->figures.depth, __ATOMIC_RELAXED);
	ret->adds = __atomic_load_n(&queue->figures.adds, __ATOMIC_RELAXED);
	ret->retries = __atomic_load_n(&queue->figures.retries, __ATOMIC_RELAXED);
}
