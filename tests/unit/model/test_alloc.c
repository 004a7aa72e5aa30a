/* The allocators against arrays of booleans, with random operations and time. */
#include "alloc.h"
#include "mem.h"
#include "testlib.h"

#include <stdlib.h>

enum { SIZE = 300 };

struct oracle {
	bool used[SIZE];
	int64_t freed_ms[SIZE]; /* 0: never used */
	unsigned in_use;
};

static bool is_free(const struct oracle *oracle, uint32_t place, int64_t now)
{
	return !oracle->used[place] && (!oracle->freed_ms[place] || now - oracle->freed_ms[place] >= KL_QUARANTINE_MS);
}

static uint32_t pick_used(const struct oracle *oracle)
{
	for (int tries = 0; tries < 50; tries++) {
		uint32_t place = 1 + (uint32_t)(kl_test_random() % (SIZE - 1));
		if (oracle->used[place])
			return place;
	}
	return 0;
}

KL_TEST(ids_are_unique_and_rest_before_they_come_back)
{
	struct oracle oracle = {0};
	struct kl_ids *ids = kl_ids_new(SIZE);
	int64_t now = 1000;
	for (int i = 0; i < 20000; i++) {
		now += (int64_t)(kl_test_random() % 10);
		if (kl_test_random() % 100 < (i / 1000 % 2 ? 40 : 60)) {
			uint32_t id = kl_ids_get(ids, now);
			bool any = false;
			for (uint32_t place = 1; place < SIZE; place++)
				any |= is_free(&oracle, place, now);
			KL_CHECK(!!id == any);
			if (!id)
				continue;
			KL_CHECK(id < SIZE && is_free(&oracle, id, now));
			oracle.used[id] = true;
			oracle.in_use++;
		} else {
			uint32_t id = pick_used(&oracle);
			if (!id)
				continue;
			kl_ids_put(ids, id, now);
			oracle.used[id] = false;
			oracle.freed_ms[id] = now;
			oracle.in_use--;
		}
		KL_CHECK_INT(kl_ids_used(ids), oracle.in_use);
	}
	kl_ids_free(ids);
}

KL_TEST(ids_taken_over_are_not_handed_out)
{
	struct kl_ids *ids = kl_ids_new(10);
	KL_CHECK(kl_ids_take(ids, 1) && kl_ids_take(ids, 5));
	KL_CHECK(!kl_ids_take(ids, 5) && !kl_ids_take(ids, 0) && !kl_ids_take(ids, 10));
	for (int i = 0; i < 7; i++) {
		uint32_t id = kl_ids_get(ids, 0);
		KL_CHECK(id && id != 1 && id != 5);
	}
	KL_CHECK_INT(kl_ids_get(ids, 0), 0);
	kl_ids_free(ids);
}

struct run {
	uint32_t first, count;
};

KL_TEST(runs_never_overlap)
{
	struct oracle oracle = {0};
	struct kl_runs *runs = kl_runs_new(SIZE);
	struct run held[SIZE];
	size_t count = 0;
	int64_t now = 1000;
	for (int i = 0; i < 20000; i++) {
		now += (int64_t)(kl_test_random() % 20);
		if (kl_test_random() % 2 && count < SIZE) {
			uint32_t want = 1 + (uint32_t)(kl_test_random() % 20), first = kl_runs_get(runs, want, now),
				 longest = 0, gap = 0;
			for (uint32_t place = 1; place < SIZE; place++) {
				gap = is_free(&oracle, place, now) ? gap + 1 : 0;
				longest = gap > longest ? gap : longest;
			}
			if (!KL_CHECK(!!first == (longest >= want)))
				break;
			if (!first)
				continue;
			for (uint32_t k = 0; k < want; k++) {
				KL_CHECK(first + k < SIZE && is_free(&oracle, first + k, now));
				oracle.used[first + k] = true;
			}
			oracle.in_use += want;
			held[count++] = (struct run){first, want};
		} else if (count) {
			size_t at = kl_test_random() % count;
			struct run run = held[at];
			held[at] = held[--count];
			kl_runs_put(runs, run.first, run.count, now);
			for (uint32_t k = 0; k < run.count; k++) {
				oracle.used[run.first + k] = false;
				oracle.freed_ms[run.first + k] = now;
			}
			oracle.in_use -= run.count;
		}
		KL_CHECK_INT(kl_runs_used(runs), oracle.in_use);
	}
	kl_runs_free(runs);
}

KL_TEST(runs_taken_over_are_checked)
{
	struct kl_runs *runs = kl_runs_new(100);
	KL_CHECK(kl_runs_take(runs, 10, 20));
	KL_CHECK(!kl_runs_take(runs, 29, 2) && !kl_runs_take(runs, 0, 1) && !kl_runs_take(runs, 99, 2) &&
		 !kl_runs_take(runs, 50, 0) && !kl_runs_take(runs, 50, UINT32_MAX));
	KL_CHECK_INT(kl_runs_get(runs, 9, 0), 1);
	KL_CHECK_INT(kl_runs_get(runs, 70, 0), 30);
	KL_CHECK_INT(kl_runs_get(runs, 1, 0), 0);
	kl_runs_free(runs);
}

KL_MAIN()
