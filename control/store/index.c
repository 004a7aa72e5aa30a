#include "index.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_MAX = 256 };

struct block {
	size_t count;
	struct kl_object *items[BLOCK_MAX];
};

/* No block is empty. */
struct index {
	struct block **blocks;
	size_t block_count, room;
	size_t count;
};

struct index *index_new(void)
{
	return kl_calloc(1, sizeof(struct index));
}

void index_free(struct index *index)
{
	if (!index)
		return;
	for (size_t b = 0; b < index->block_count; b++) {
		for (size_t i = 0; i < index->blocks[b]->count; i++)
			kl_object_unref(index->blocks[b]->items[i]);
		free(index->blocks[b]);
	}
	free(index->blocks);
	free(index);
}

size_t index_count(const struct index *index)
{
	return index->count;
}

static int compare(const struct kl_object *obj, const char *ns, const char *name)
{
	int order = strcmp(obj->ns, ns);
	return order ? order : strcmp(obj->name, name);
}

struct index_at index_seek(const struct index *index, const char *ns, const char *name)
{
	/* the last block whose first object is not behind the key */
	size_t low = 0, high = index->block_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare(index->blocks[middle]->items[0], ns, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct index_at){0, 0};
	const struct block *block = index->blocks[low - 1];
	size_t from = 0, to = block->count;
	while (from < to) {
		size_t middle = (from + to) / 2;
		if (compare(block->items[middle], ns, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return (struct index_at){low - 1, from};
}

struct index_at index_end(const struct index *index)
{
	return (struct index_at){index->block_count, 0};
}

struct kl_object *index_next(const struct index *index, struct index_at *at)
{
	if (at->block < index->block_count && at->item == index->blocks[at->block]->count)
		*at = (struct index_at){at->block + 1, 0};
	if (at->block >= index->block_count)
		return NULL;
	return index->blocks[at->block]->items[at->item++];
}

size_t index_distance(const struct index *index, struct index_at from, struct index_at to)
{
	if (from.block == to.block)
		return to.item - from.item;
	size_t count = index->blocks[from.block]->count - from.item + to.item;
	for (size_t b = from.block + 1; b < to.block; b++)
		count += index->blocks[b]->count;
	return count;
}

static struct kl_object **find(const struct index *index, const char *ns, const char *name)
{
	struct index_at at = index_seek(index, ns, name);
	if (at.block >= index->block_count || at.item == index->blocks[at.block]->count)
		return NULL;
	struct kl_object **slot = &index->blocks[at.block]->items[at.item];
	return compare(*slot, ns, name) == 0 ? slot : NULL;
}

struct kl_object *index_get(const struct index *index, const char *ns, const char *name)
{
	struct kl_object **slot = find(index, ns, name);
	return slot ? *slot : NULL;
}

static void insert_block(struct index *index, size_t at, struct block *block)
{
	if (index->block_count == index->room) {
		index->room = index->room ? index->room * 2 : 4;
		index->blocks = kl_reallocarray(index->blocks, index->room, sizeof(struct block *));
	}
	memmove(index->blocks + at + 1, index->blocks + at, (index->block_count - at) * sizeof(struct block *));
	index->blocks[at] = block;
	index->block_count++;
}

/* Makes room in a full block; keys that only grow leave full blocks behind, others half-full ones. */
static struct index_at split(struct index *index, struct index_at at)
{
	struct block *block = index->blocks[at.block], *upper = kl_malloc(sizeof(*upper));
	size_t keep = at.item == BLOCK_MAX ? BLOCK_MAX : BLOCK_MAX / 2;
	upper->count = BLOCK_MAX - keep;
	memcpy(upper->items, block->items + keep, upper->count * sizeof(upper->items[0]));
	block->count = keep;
	insert_block(index, at.block + 1, upper);
	return at.item > keep || keep == BLOCK_MAX ? (struct index_at){at.block + 1, at.item - keep} : at;
}

struct kl_object *index_put(struct index *index, struct kl_object *obj)
{
	kl_object_ref(obj);
	struct kl_object **slot = find(index, obj->ns, obj->name);
	if (slot) {
		struct kl_object *old = *slot;
		*slot = obj;
		return old;
	}
	struct index_at at = index_seek(index, obj->ns, obj->name);
	if (index->block_count == 0)
		insert_block(index, 0, kl_calloc(1, sizeof(struct block)));
	else if (index->blocks[at.block]->count == BLOCK_MAX)
		at = split(index, at);
	struct block *block = index->blocks[at.block];
	memmove(block->items + at.item + 1, block->items + at.item, (block->count - at.item) * sizeof(block->items[0]));
	block->items[at.item] = obj;
	block->count++;
	index->count++;
	return NULL;
}

struct kl_object *index_remove(struct index *index, const char *ns, const char *name)
{
	struct index_at at = index_seek(index, ns, name);
	if (!find(index, ns, name))
		return NULL;
	struct block *block = index->blocks[at.block];
	struct kl_object *old = block->items[at.item];
	block->count--;
	memmove(block->items + at.item, block->items + at.item + 1, (block->count - at.item) * sizeof(block->items[0]));
	index->count--;
	if (block->count == 0) {
		free(block);
		index->block_count--;
		memmove(index->blocks + at.block, index->blocks + at.block + 1,
			(index->block_count - at.block) * sizeof(struct block *));
	}
	return old;
}
