/* Maglev tables against a naive oracle, and the properties that they are there for. */
#include "maglev.h"
#include "mem.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

struct pool {
	struct kl_backend *backends;
	const struct kl_backend **list;
	size_t count;
};

static struct pool pool_new(size_t count, bool weighted)
{
	struct pool pool = {kl_calloc(count, sizeof(struct kl_backend)), kl_calloc(count, sizeof(void *)), count};
	for (size_t i = 0; i < count; i++) {
		pool.backends[i].addr = kl_addr_any(true);
		pool.backends[i].addr.bytes[12] = 10;
		pool.backends[i].addr.bytes[14] = (uint8_t)(i >> 8);
		pool.backends[i].addr.bytes[15] = (uint8_t)i;
		pool.backends[i].port = 80;
		pool.backends[i].weight = weighted ? (uint16_t)(1 + kl_test_random() % 5) : 0;
		pool.list[i] = &pool.backends[i];
	}
	return pool;
}

static void pool_free(struct pool *pool)
{
	free(pool->backends);
	free(pool->list);
}

KL_TEST(sizes_are_primes_of_a_hundred_times_the_backends)
{
	KL_CHECK_INT(kl_maglev_size(0), 0);
	KL_CHECK_INT(kl_maglev_size(1), 509);
	KL_CHECK_INT(kl_maglev_size(5), 509);
	KL_CHECK_INT(kl_maglev_size(6), 1021);
	for (size_t n = 1; n < 1300; n += 7) {
		uint32_t size = kl_maglev_size(n);
		KL_CHECK(size >= n * 100 || size == 131071);
		for (uint32_t d = 2; d * d <= size; d++)
			KL_CHECK(size % d);
	}
}

KL_TEST(every_slot_is_taken_and_shares_are_even)
{
	for (size_t count = 1; count < 60; count += 3) {
		struct pool pool = pool_new(count, false);
		uint32_t size = kl_maglev_size(count);
		uint32_t *slots = kl_calloc(size, sizeof(*slots)), *share = kl_calloc(count, sizeof(*share));
		kl_maglev_fill(pool.list, count, slots, size);
		for (uint32_t i = 0; i < size; i++) {
			if (!KL_CHECK(slots[i] < count))
				break;
			share[slots[i]]++;
		}
		for (size_t i = 0; i < count; i++) /* in turns: never more than one apart */
			KL_CHECK(share[i] == size / count || share[i] == size / count + 1);
		free(slots);
		free(share);
		pool_free(&pool);
	}
}

KL_TEST(weights_are_shares)
{
	for (int round = 0; round < 20; round++) {
		struct pool pool = pool_new(2 + kl_test_random() % 20, true);
		uint32_t size = kl_maglev_size(pool.count), total = 0;
		uint32_t *slots = kl_calloc(size, sizeof(*slots)), *share = kl_calloc(pool.count, sizeof(*share));
		kl_maglev_fill(pool.list, pool.count, slots, size);
		for (uint32_t i = 0; i < size; i++)
			share[slots[i]]++;
		for (size_t i = 0; i < pool.count; i++)
			total += pool.backends[i].weight;
		for (size_t i = 0; i < pool.count; i++) {
			double want = (double)size * pool.backends[i].weight / total;
			KL_CHECK(share[i] > want * 0.97 - 2 && share[i] < want * 1.03 + 2);
		}
		free(slots);
		free(share);
		pool_free(&pool);
	}
}

/* The paper's pseudo-code, word for word, with whole permutations: for weight 1 the tables must be equal. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ (x >> 33);
}

static uint64_t oracle_hash(const struct kl_backend *backend, uint64_t seed)
{
	uint64_t half[2];
	memcpy(half, backend->addr.bytes, 16);
	return mix(mix(mix(seed ^ half[0]) ^ half[1]) ^ backend->port);
}

static void oracle_fill(const struct pool *pool, int64_t *entry, uint32_t size)
{
	uint32_t *permutation = kl_calloc(pool->count * size, sizeof(*permutation)), *next = kl_calloc(pool->count, sizeof(*next));
	for (size_t i = 0; i < pool->count; i++) {
		uint64_t offset = oracle_hash(&pool->backends[i], 0x6b65656c736f6e31ull) % size;
		uint64_t skip = oracle_hash(&pool->backends[i], 0x6b65656c736f6e32ull) % (size - 1) + 1;
		for (uint32_t j = 0; j < size; j++)
			permutation[i * size + j] = (uint32_t)((offset + j * skip) % size);
	}
	for (uint32_t j = 0; j < size; j++)
		entry[j] = -1;
	for (uint32_t n = 0;;) {
		for (size_t i = 0; i < pool->count; i++) {
			uint32_t c = permutation[i * size + next[i]];
			while (entry[c] >= 0)
				c = permutation[i * size + ++next[i]];
			entry[c] = (int64_t)i;
			next[i]++;
			if (++n == size)
				goto done;
		}
	}
done:
	free(permutation);
	free(next);
}

KL_TEST(equals_the_papers_algorithm)
{
	for (size_t count = 1; count < 12; count++) {
		struct pool pool = pool_new(count, false);
		uint32_t size = kl_maglev_size(count), differing = 0;
		uint32_t *slots = kl_calloc(size, sizeof(*slots));
		int64_t *entry = kl_calloc(size, sizeof(*entry));
		kl_maglev_fill(pool.list, count, slots, size);
		oracle_fill(&pool, entry, size);
		for (uint32_t i = 0; i < size; i++)
			differing += slots[i] != (uint32_t)entry[i];
		KL_CHECK_INT(differing, 0);
		free(slots);
		free(entry);
		pool_free(&pool);
	}
}

KL_TEST(losing_one_backend_disturbs_few_of_the_others)
{
	struct pool pool = pool_new(20, false);
	uint32_t size = 2591, moved = 0;
	uint32_t *before = kl_calloc(size, sizeof(*before)), *after = kl_calloc(size, sizeof(*after));
	kl_maglev_fill(pool.list, 20, before, size);
	kl_maglev_fill(pool.list, 19, after, size); /* without the last */
	for (uint32_t i = 0; i < size; i++)
		moved += before[i] != 19 && before[i] != after[i];
	KL_CHECK(moved < size * 6 / 100);
	free(before);
	free(after);
	pool_free(&pool);
}

KL_MAIN()
