#include "cidr.h"
#include "clock.h"
#include "cron.h"
#include "mem.h"
#include "queue.h"
#include "rollout.h"
#include "testlib.h"
#include "zone.h"

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

/* What the cluster really has, while statuses lag behind. */
struct reality {
	int64_t wanted[3], running[3], available[3]; /* [2]: the new one */
};

static void shrink_reality(struct reality *r, int i)
{
	/* Pods that are not available go first, as ReplicaSets do it. */
	while (r->running[i] > r->wanted[i]) {
		r->running[i]--;
		if (r->available[i] > r->running[i])
			r->available[i] = r->running[i];
	}
}

static void random_progress(struct reality *r, struct rollout_set sets[3])
{
	for (int i = 0; i < 3; i++) {
		if (kl_test_random() % 2)
			shrink_reality(r, i);
		if (r->running[i] < r->wanted[i] && kl_test_random() % 2)
			r->running[i]++;
		if (r->available[i] < r->running[i] && kl_test_random() % 2)
			r->available[i]++;
		if (kl_test_random() % 2) /* the status catches up */
			sets[i].available = r->available[i];
	}
}

static void one_step(const struct rollout *r, struct rollout_set sets[3])
{
	int64_t total = sets[0].wanted + sets[1].wanted + sets[2].wanted;
	int64_t size = rollout_new_replicas(r, &sets[2], total);
	if (size != sets[2].wanted) {
		sets[2].wanted = size;
	} else if (rollout_shrink_old(r, &sets[2], sets, 2)) {
		sets[0].wanted = sets[0].next;
		sets[1].wanted = sets[1].next;
	}
}

/* A whole rollout, pods coming in any order and statuses late, never leaves its bounds and always ends. */
KL_TEST(rollouts_keep_their_bounds_and_end)
{
	for (int round = 0; round < 5000; round++) {
		struct rollout r = {.replicas = (int64_t)(kl_test_random() % 20),
			.max_surge = (int64_t)(kl_test_random() % 5),
			.max_unavailable = (int64_t)(kl_test_random() % 5)};
		struct rollout_set sets[3] = {{0}};
		struct reality real;
		memset(&real, 0, sizeof(real));
		rollout_fix(&r);
		size_t first = kl_test_random() % 2;
		sets[first].wanted = sets[first].available = r.replicas;
		real.wanted[first] = real.running[first] = real.available[first] = r.replicas;
		int64_t least = r.replicas - r.max_unavailable, most = r.replicas + r.max_surge, steps = 0;
		for (; steps < 5000; steps++) {
			if (!real.running[0] && !real.running[1] && real.available[2] == r.replicas &&
				sets[2].available == r.replicas)
				break;
			one_step(&r, sets);
			for (int i = 0; i < 3; i++)
				real.wanted[i] = sets[i].wanted;
			random_progress(&real, sets);
			int64_t available = real.available[0] + real.available[1] + real.available[2];
			if (sets[0].wanted + sets[1].wanted + sets[2].wanted > most || available < least) {
				kl_test_failed(__FILE__, __LINE__, "round %d: %d available of %d, at least %d", round,
					(int)available, (int)r.replicas, (int)least);
				return;
			}
		}
		KL_CHECK(steps < 5000);
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
	queue_add(queue, "a", 0);
	queue_add(queue, "b", 0);
	queue_add(queue, "a", 0); /* once is enough */
	queue_add(queue, "c", 150);
	KL_CHECK(took(queue, 100, "a"));
	KL_CHECK(took(queue, 100, "b"));
	KL_CHECK(took(queue, 100, NULL));
	KL_CHECK_INT(queue_next_ms(queue), 150);
	queue_add(queue, "c", 120); /* earlier wins */
	queue_add(queue, "c", 140);
	KL_CHECK_INT(queue_next_ms(queue), 120);
	KL_CHECK(took(queue, 120, "c"));
	/* Failures: the delay doubles, holds against new events, and is forgotten after a success of a later round. */
	queue_failed(queue, "d", 1, 1000);
	queue_succeeded(queue, "d", 1);
	queue_add(queue, "d", 0);
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
	queue_add(queue, "d", 0);
	KL_CHECK(took(queue, 5, "d"));
	/* A timer far away must not swallow an event that comes while there is a failure to its name. */
	queue_failed(queue, "e", 200, 1000);
	KL_CHECK(took(queue, 1005, "e"));
	queue_add(queue, "e", 600000);
	queue_add(queue, "e", 0);
	KL_CHECK(took(queue, 1005, "e"));
	queue_free(queue);
}

KL_TEST(cron_schedules)
{
	static const struct {
		const char *schedule, *after, *next;
	} cases[] = {
		{"* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"},
		{"* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"},
		{"*/15 * * * *", "2026-01-01T00:16:00Z", "2026-01-01T00:30:00Z"},
		{"5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"},
		{"0 3 * * *", "2026-01-01T03:00:00Z", "2026-01-02T03:00:00Z"},
		{"0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"},
		{"30 9 * * mon-fri", "2026-11-20T10:00:00Z", "2026-11-23T09:30:00Z"},
		{"0 0 13 * 5", "2026-11-20T10:00:00Z", "2026-11-27T00:00:00Z"}, /* either day is enough */
		{"0 0 * jan,JUL 0", "2026-02-01T00:00:00Z", "2026-07-05T00:00:00Z"},
		{"@hourly", "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z"},
		{"@yearly", "2026-01-01T00:30:00Z", "2027-01-01T00:00:00Z"},
		{"@every 1h30m", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"},
		{"0 0 30 2 *", "2026-01-01T00:00:00Z", NULL},
	};
	static const char *const bad[] = {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
		"* * * 13 *", "a * * * *", "5-3 * * * *", "*/0 * * * *", "1, * * * *", "@never", "@every", "@every 5x",
		"*/ * * * *"};
	struct cron cron;
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		int64_t after_ms = 0;
		char text[KL_TIME_TEXT] = "";
		KL_CHECK(cron_parse(cases[i].schedule, &cron));
		kl_time_parse(cases[i].after, &after_ms);
		int64_t next_s = cron_next(&cron, after_ms / 1000, 0);
		if (next_s)
			kl_time_format(next_s, text);
		KL_CHECK_STR(text, cases[i].next ? cases[i].next : "");
	}
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++) {
		if (cron_parse(bad[i], &cron))
			kl_test_failed(__FILE__, __LINE__, "'%s' was taken", bad[i]);
	}
}

KL_TEST(time_zones)
{
	int64_t offset_s, winter_ms, summer_ms;
	kl_time_parse("2026-01-15T12:00:00Z", &winter_ms);
	kl_time_parse("2026-07-15T12:00:00Z", &summer_ms);
	KL_CHECK(zone_offset("", winter_ms / 1000, &offset_s) && !offset_s);
	static const char *const bad[] = {"Nowhere/Land", "/etc/passwd", "../../../etc/passwd", "posixrules/../../x"};
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++)
		KL_CHECK(!zone_offset(bad[i], 0, &offset_s));
	if (!zone_offset("Europe/Berlin", winter_ms / 1000, &offset_s))
		return; /* no tzdata here */
	KL_CHECK_INT(offset_s, 3600);
	KL_CHECK(zone_offset("Europe/Berlin", summer_ms / 1000, &offset_s));
	KL_CHECK_INT(offset_s, 7200);
}

KL_MAIN()
