#include "cidr.h"
#include "mem.h"
#include "queue.h"
#include "rollout.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

KL_TEST(percentages)
{
	static const struct {
		int64_t number;
		const char *percent;
		int64_t of;
		bool up;
		int64_t want;
	} cases[] = {
		{3, NULL, 10, true, 3},
		{0, "25%", 5, true, 2},
		{0, "25%", 5, false, 1},
		{0, "0%", 5, true, 0},
		{0, "100%", 7, false, 7},
		{0, "30%", 10, true, 3},
		{0, "1%", 1, true, 1},
		{0, "50%", 0, true, 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		KL_CHECK_INT(rollout_int_or_percent(cases[i].number, cases[i].percent, cases[i].of, cases[i].up),
			cases[i].want);
}

/* A whole rollout with pods that become ready in any order never leaves its bounds and always ends. */
KL_TEST(rollouts_keep_their_bounds_and_end)
{
	for (int round = 0; round < 3000; round++) {
		struct rollout r = {.replicas = (int64_t)(kl_test_random() % 20),
			.max_surge = (int64_t)(kl_test_random() % 5),
			.max_unavailable = (int64_t)(kl_test_random() % 5)};
		struct rollout_set old[3] = {0}, fresh = {0};
		rollout_fix(&r);
		size_t first = kl_test_random() % 3;
		old[first].wanted = old[first].available = r.replicas;
		int64_t least = r.replicas - r.max_unavailable, most = r.replicas + r.max_surge, steps = 0;
		for (; steps < 1000; steps++) {
			int64_t total = fresh.wanted, available = fresh.available, old_wanted = 0;
			for (int i = 0; i < 3; i++) {
				total += old[i].wanted;
				old_wanted += old[i].wanted;
				available += old[i].available;
			}
			KL_CHECK(total <= most);
			KL_CHECK(available >= least);
			if (!old_wanted && fresh.available == r.replicas)
				break;
			int64_t size = rollout_new_replicas(&r, &fresh, total);
			if (size != fresh.wanted) {
				fresh.wanted = size;
			} else if (rollout_shrink_old(&r, &fresh, old, 3)) {
				for (int i = 0; i < 3; i++) {
					old[i].wanted = old[i].next;
					if (old[i].available > old[i].wanted)
						old[i].available = old[i].wanted;
				}
			}
			if (fresh.available < fresh.wanted && kl_test_random() % 2)
				fresh.available++;
		}
		KL_CHECK(steps < 1000);
	}
}

KL_TEST(proportional_scaling)
{
	static const struct {
		int64_t replicas, surge, status, a, b, want_a, want_b;
	} cases[] = {
		/* upstream's example: 10 replicas, surge 3, 8 + 5 running; to 15: 5 more shared as 3 and 2 */
		{15, 3, 13, 8, 5, 11, 7},
		{10, 3, 13, 8, 5, 8, 5},
		{0, 3, 13, 8, 5, 0, 0},
		{5, 0, 13, 8, 5, 3, 2},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct rollout r = {
			.replicas = cases[i].replicas, .max_surge = cases[i].surge, .status_replicas = cases[i].status};
		struct rollout_set sets[2] = {
			{.wanted = cases[i].a, .max_annotation = 13}, {.wanted = cases[i].b, .max_annotation = 13}};
		rollout_proportional(&r, sets, 2);
		KL_CHECK_INT(sets[0].next, cases[i].want_a);
		KL_CHECK_INT(sets[1].next, cases[i].want_b);
	}
}

KL_TEST(address_ranges)
{
	static const struct {
		const char *whole;
		int prefix;
		uint32_t index;
		const char *part;
	} cases[] = {
		{"10.244.0.0/16", 24, 0, "10.244.0.0/24"},
		{"10.244.0.0/16", 24, 255, "10.244.255.0/24"},
		{"10.0.0.0/8", 24, 256, "10.1.0.0/24"},
		{"10.1.2.0/24", 24, 0, "10.1.2.0/24"},
		{"fd00:1::/48", 64, 3, "fd00:1:0:3::/64"},
	};
	struct cidr whole, part;
	char text[CIDR_TEXT];
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		KL_CHECK(cidr_parse(cases[i].whole, &whole));
		part = cidr_part(&whole, cases[i].prefix, cases[i].index);
		cidr_format(&part, text);
		KL_CHECK_STR(text, cases[i].part);
		KL_CHECK_INT(cidr_index(&whole, &part), cases[i].index);
	}
	static const char *const bad[] = {
		"", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "fd00::/129", "10.0.0.0/8x", "10.0.0.0/"};
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++)
		KL_CHECK(!cidr_parse(bad[i], &whole));
}

static bool took(struct queue *queue, int64_t now_ms, const char *want)
{
	kl_autofree char *key = queue_take(queue, now_ms);
	return want ? key && !strcmp(key, want) : !key;
}

KL_TEST(queues)
{
	struct queue *queue = queue_new();
	queue_add(queue, "a", 0, 100);
	queue_add(queue, "b", 0, 100);
	queue_add(queue, "a", 0, 100); /* once is enough */
	queue_add(queue, "c", 150, 100);
	KL_CHECK(took(queue, 100, "a"));
	KL_CHECK(took(queue, 100, "b"));
	KL_CHECK(took(queue, 100, NULL));
	KL_CHECK_INT(queue_next_ms(queue), 150);
	queue_add(queue, "c", 120, 100); /* earlier wins */
	queue_add(queue, "c", 140, 100);
	KL_CHECK_INT(queue_next_ms(queue), 120);
	KL_CHECK(took(queue, 120, "c"));
	/* Failures: the delay doubles, holds against new events, and is forgotten after a success of a later round. */
	queue_failed(queue, "d", 1, 1000);
	queue_succeeded(queue, "d", 1);
	queue_add(queue, "d", 0, 1000);
	KL_CHECK(took(queue, 1004, NULL));
	KL_CHECK(took(queue, 1005, "d"));
	queue_failed(queue, "d", 2, 1005);
	KL_CHECK_INT(queue_next_ms(queue), 1015);
	KL_CHECK(took(queue, 1015, "d"));
	for (uint64_t i = 0; i < 40; i++)
		queue_failed(queue, "d", 3 + i, 0);
	KL_CHECK_INT(queue_next_ms(queue), 30000);
	KL_CHECK(took(queue, 30000, "d"));
	queue_succeeded(queue, "d", 100);
	queue_add(queue, "d", 0, 5);
	KL_CHECK(took(queue, 5, "d"));
	queue_free(queue);
}

KL_MAIN()
