#include "maglev.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* Primes, each about 1.6 times the one before: a service's table is rebuilt at another size only when it grows by that.
 */
static const uint32_t primes[] = {
	509,
	1021,
	1621,
	2591,
	4099,
	6563,
	10501,
	16381,
	26203,
	41911,
	65521,
	104729,
	131071,
};

uint32_t kl_maglev_size(size_t backends)
{
	if (!backends)
		return 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(primes); i++)
		if (primes[i] >= backends * 100)
			return primes[i];
	return primes[KL_ARRAY_LEN(primes) - 1];
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ (x >> 33);
}

static uint64_t backend_hash(const struct kl_backend *backend, uint64_t seed)
{
	uint64_t half[2];
	memcpy(half, backend->addr.bytes, sizeof(half));
	return mix(mix(mix(seed ^ half[0]) ^ half[1]) ^ backend->port);
}

struct turn {
	uint64_t next; /* place in the permutation */
	uint32_t offset, skip;
	uint64_t credit; /* a backend takes a slot for every `heaviest` of credit */
	uint32_t weight;
};

static uint32_t weight_of(const struct kl_backend *backend)
{
	return backend->weight ? backend->weight : 1;
}

static struct turn *turns_new(const struct kl_backend *const *backends, const uint32_t *weights, size_t count,
	uint32_t size, uint32_t *ret_heaviest)
{
	struct turn *turns = kl_calloc(count, sizeof(*turns));
	*ret_heaviest = 1;
	for (size_t i = 0; i < count; i++) {
		turns[i].offset = (uint32_t)(backend_hash(backends[i], 0x6b65656c736f6e31ull) % size);
		turns[i].skip = (uint32_t)(backend_hash(backends[i], 0x6b65656c736f6e32ull) % (size - 1)) + 1;
		turns[i].weight = weights ? weights[i] : weight_of(backends[i]);
		if (turns[i].weight > *ret_heaviest)
			*ret_heaviest = turns[i].weight;
	}
	return turns;
}

static void take_slot(struct turn *turn, uint32_t id, uint32_t *slots, uint32_t size)
{
	for (;;) {
		uint32_t slot = (uint32_t)((turn->offset + turn->next * turn->skip) % size);
		turn->next++;
		if (slots[slot] != UINT32_MAX)
			continue;
		slots[slot] = id;
		return;
	}
}

void kl_maglev_fill(const struct kl_backend *const *backends, size_t count, uint32_t *slots, uint32_t size)
{
	kl_maglev_fill_weighted(backends, NULL, count, slots, size);
}

void kl_maglev_fill_weighted(
	const struct kl_backend *const *backends, const uint32_t *weights, size_t count, uint32_t *slots, uint32_t size)
{
	uint32_t heaviest, filled = 0;
	kl_autofree struct turn *turns = turns_new(backends, weights, count, size, &heaviest);
	memset(slots, 0xff, size * sizeof(*slots));
	while (filled < size)
		for (size_t i = 0; i < count && filled < size; i++) {
			turns[i].credit += turns[i].weight;
			if (turns[i].credit < heaviest)
				continue;
			turns[i].credit -= heaviest;
			take_slot(&turns[i], (uint32_t)i, slots, size);
			filled++;
		}
}
