#include "hammer_tally.h"

#include "clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES_MAX   (1u << 20) /* latencies kept for the percentiles; later ones only raise the maximum */
#define SAMPLES_MAX 20

static const char *const failure_names[KL_FAILURES] = {
	[KL_FAILURE_REFUSED] = "refused",
	[KL_FAILURE_RESET] = "reset",
	[KL_FAILURE_TIMEOUT] = "timeout",
	[KL_FAILURE_UNREACHABLE] = "unreachable",
	[KL_FAILURE_CLOSED] = "closed",
	[KL_FAILURE_STATUS] = "status",
	[KL_FAILURE_MALFORMED] = "malformed",
	[KL_FAILURE_OTHER] = "other",
};
static const char *const lane_names[KL_LANES] = {[KL_LANE_SHORT] = "short", [KL_LANE_LONG] = "long"};

struct lane {
	uint64_t answers, failures;
	int64_t last_answer_ns, longest_gap_ns, slowest_ns;
};

struct kl_tally {
	int64_t started_ns, started_ms, last_failure_ms;
	struct lane lanes[KL_LANES];
	uint64_t failures[KL_FAILURES], reconnects, skipped;
	json_t *answered_by, *samples, *failed_at; /* failed_at: second since the start → how many */
	uint32_t *times_us;
	size_t times;
};

struct kl_tally *kl_tally_new(void)
{
	struct kl_tally *tally = kl_calloc(1, sizeof(*tally));

	tally->started_ns = kl_monotonic_ns();
	tally->started_ms = kl_realtime_ms();
	tally->answered_by = json_object();
	tally->samples = json_array();
	tally->failed_at = json_object();
	tally->times_us = kl_calloc(TIMES_MAX, sizeof(*tally->times_us));
	return tally;
}

void kl_tally_free(struct kl_tally *tally)
{
	if (!tally)
		return;
	json_decref(tally->answered_by);
	json_decref(tally->samples);
	json_decref(tally->failed_at);
	free(tally->times_us);
	free(tally);
}

static void note_gap(const struct kl_tally *tally, struct lane *lane, int64_t now_ns)
{
	int64_t since = lane->last_answer_ns ? lane->last_answer_ns : tally->started_ns;

	if (now_ns - since > lane->longest_gap_ns)
		lane->longest_gap_ns = now_ns - since;
}

static void count_one(json_t *counts, const char *key)
{
	json_t *count = json_object_get(counts, key);

	if (count)
		json_integer_set(count, json_integer_value(count) + 1);
	else
		json_object_set_new(counts, key, json_integer(1));
}

void kl_tally_answer(struct kl_tally *tally, enum kl_lane id, const char *key, int64_t sent_ns)
{
	struct lane *lane = &tally->lanes[id];
	int64_t now_ns = kl_monotonic_ns();

	count_one(tally->answered_by, key);
	note_gap(tally, lane, now_ns);
	lane->answers++;
	lane->last_answer_ns = now_ns;
	if (now_ns - sent_ns > lane->slowest_ns)
		lane->slowest_ns = now_ns - sent_ns;
	if (tally->times < TIMES_MAX)
		tally->times_us[tally->times++] = (uint32_t)((now_ns - sent_ns) / 1000);
}

static void sample(struct kl_tally *tally, const char *lane, const char *what, const char *target)
{
	if (json_array_size(tally->samples) < SAMPLES_MAX)
		json_array_append_new(tally->samples,
			json_pack("{sI ss ss ss}", "at_ms", (json_int_t)(kl_realtime_ms() - tally->started_ms), "lane",
				lane, "what", what, "target", target));
}

void kl_tally_failure(struct kl_tally *tally, enum kl_lane lane, enum kl_failure failure, const char *target)
{
	char second[24];

	tally->lanes[lane].failures++;
	tally->failures[failure]++;
	tally->last_failure_ms = kl_realtime_ms();
	snprintf(second, sizeof(second), "%" PRId64, (tally->last_failure_ms - tally->started_ms) / 1000);
	count_one(tally->failed_at, second);
	sample(tally, lane_names[lane], failure_names[failure], target);
}

void kl_tally_reconnect(struct kl_tally *tally, const char *target)
{
	tally->reconnects++;
	sample(tally, lane_names[KL_LANE_LONG], "reconnect", target);
}

void kl_tally_skipped(struct kl_tally *tally)
{
	tally->skipped++;
}

enum kl_failure kl_failure_of_errno(int errnum)
{
	switch (errnum) {
	case ECONNREFUSED:
		return KL_FAILURE_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return KL_FAILURE_RESET;
	case ETIMEDOUT:
		return KL_FAILURE_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return KL_FAILURE_UNREACHABLE;
	default:
		return KL_FAILURE_OTHER;
	}
}

uint64_t kl_tally_answers(const struct kl_tally *tally)
{
	return tally->lanes[KL_LANE_SHORT].answers + tally->lanes[KL_LANE_LONG].answers;
}

uint64_t kl_tally_failures(const struct kl_tally *tally)
{
	return tally->lanes[KL_LANE_SHORT].failures + tally->lanes[KL_LANE_LONG].failures;
}

uint64_t kl_tally_reconnects(const struct kl_tally *tally)
{
	return tally->reconnects;
}

static int compare_times(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static json_t *percentile(const struct kl_tally *tally, size_t percent)
{
	return json_integer(tally->times ? tally->times_us[(tally->times - 1) * percent / 100] : 0);
}

static json_t *lane_json(const struct lane *lane)
{
	return json_pack("{sI sI sI sI}", "answers", (json_int_t)lane->answers, "failures", (json_int_t)lane->failures,
		"longest_gap_ms", (json_int_t)(lane->longest_gap_ns / 1000000), "slowest_ms",
		(json_int_t)(lane->slowest_ns / 1000000));
}

static json_t *failures_json(const struct kl_tally *tally)
{
	json_t *failures = json_object();

	for (size_t i = 0; i < KL_FAILURES; i++)
		if (tally->failures[i])
			json_object_set_new(failures, failure_names[i], json_integer((json_int_t)tally->failures[i]));
	return failures;
}

json_t *kl_tally_json(struct kl_tally *tally)
{
	int64_t now_ns = kl_monotonic_ns();
	json_t *out = json_object();

	qsort(tally->times_us, tally->times, sizeof(*tally->times_us), compare_times);
	kl_json_set(out, json_integer(tally->started_ms), "started_ms", NULL);
	kl_json_set(out, json_integer((now_ns - tally->started_ns) / 1000000), "duration_ms", NULL);
	kl_json_set(out, json_integer((json_int_t)kl_tally_answers(tally)), "answers", NULL);
	kl_json_set(out, json_integer((json_int_t)kl_tally_failures(tally)), "failures", NULL);
	kl_json_set(out, json_integer((json_int_t)tally->reconnects), "reconnects", NULL);
	kl_json_set(out, json_integer((json_int_t)tally->skipped), "skipped", NULL);
	kl_json_set(out, json_integer(tally->last_failure_ms), "last_failure_ms", NULL);
	kl_json_set(out, json_incref(tally->answered_by), "answered_by", NULL);
	kl_json_set(out, failures_json(tally), "failed_by", NULL);
	kl_json_set(out, json_incref(tally->failed_at), "failed_at_s", NULL);
	for (size_t i = 0; i < KL_LANES; i++) {
		if (!tally->lanes[i].answers && !tally->lanes[i].failures)
			continue;
		note_gap(tally, &tally->lanes[i], now_ns);
		kl_json_set(out, lane_json(&tally->lanes[i]), lane_names[i], NULL);
	}
	kl_json_set(out, percentile(tally, 50), "latency_us", "p50", NULL);
	kl_json_set(out, percentile(tally, 99), "latency_us", "p99", NULL);
	kl_json_set(out, json_incref(tally->samples), "samples", NULL);
	return out;
}
