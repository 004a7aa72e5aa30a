#include "rollout.h"

#include <math.h>
#include <stdlib.h>

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t rollout_int_or_percent(int64_t number, const char *percent, int64_t of, bool round_up)
{
	if (!percent)
		return number;
	int64_t hundredths = strtoll(percent, NULL, 10) * of;
	return round_up ? (hundredths + 99) / 100 : hundredths / 100;
}

void rollout_fix(struct rollout *rollout)
{
	if (!rollout->max_surge && !rollout->max_unavailable)
		rollout->max_unavailable = 1;
	rollout->max_unavailable = min(rollout->max_unavailable, rollout->replicas);
}

int64_t rollout_new_replicas(const struct rollout *rollout, const struct rollout_set *fresh, int64_t total_wanted)
{
	int64_t room = rollout->replicas + rollout->max_surge - total_wanted;
	if (fresh->wanted > rollout->replicas)
		return rollout->replicas;
	if (room <= 0)
		return fresh->wanted;
	return fresh->wanted + min(room, rollout->replicas - fresh->wanted);
}

/* Pods that are not available serve nobody: they go first, as long as the whole stays within bounds. */
static int64_t shrink_unhealthy(struct rollout_set *old, size_t count, int64_t most)
{
	int64_t gone = 0;
	for (size_t i = 0; i < count && gone < most; i++) {
		if (old[i].next <= 0 || old[i].available >= old[i].next)
			continue;
		int64_t part = min(most - gone, old[i].next - old[i].available);
		old[i].next -= part;
		gone += part;
	}
	return gone;
}

static int64_t shrink_available(struct rollout_set *old, size_t count, int64_t most)
{
	int64_t gone = 0;
	for (size_t i = 0; i < count && gone < most; i++) {
		int64_t part = min(old[i].next, most - gone);
		old[i].next -= max(part, 0);
		gone += max(part, 0);
	}
	return gone;
}

/* A status may be older than the size it belongs to: what was scaled away is not counted any more. */
static int64_t available_of(const struct rollout_set *set)
{
	return min(set->available, set->wanted);
}

int64_t rollout_shrink_old(
	const struct rollout *rollout, const struct rollout_set *fresh, struct rollout_set *old, size_t count)
{
	int64_t old_wanted = 0, available = available_of(fresh), needed = rollout->replicas - rollout->max_unavailable;
	for (size_t i = 0; i < count; i++) {
		old[i].next = old[i].wanted;
		old_wanted += old[i].wanted;
		available += available_of(&old[i]);
	}
	int64_t fresh_unavailable = fresh->wanted - available_of(fresh);
	int64_t most = old_wanted + fresh->wanted - needed - fresh_unavailable;
	if (!old_wanted || most <= 0)
		return 0;
	int64_t gone = shrink_unhealthy(old, count, most);
	if (available > needed)
		gone += shrink_available(old, count, available - needed);
	return gone;
}

/* What is a ReplicaSet's share of the growth: its size scaled from the old total to the new one. */
static int64_t fraction(const struct rollout *rollout, const struct rollout_set *set)
{
	if (!rollout->replicas)
		return -set->wanted;
	int64_t annotated = set->max_annotation >= 0 ? set->max_annotation : rollout->status_replicas;
	if (annotated <= 0)
		return 0;
	double size = (double)(set->wanted * (rollout->replicas + rollout->max_surge)) / (double)annotated;
	return llround(size) - set->wanted;
}

static int64_t proportion(const struct rollout *rollout, const struct rollout_set *set, int64_t to_add, int64_t added)
{
	if (!set->wanted || !to_add || to_add == added)
		return 0;
	int64_t share = fraction(rollout, set), allowed = to_add - added;
	return to_add > 0 ? min(share, allowed) : max(share, allowed);
}

void rollout_proportional(const struct rollout *rollout, struct rollout_set *sets, size_t count)
{
	int64_t total = 0, added = 0;
	for (size_t i = 0; i < count; i++)
		total += sets[i].wanted;
	int64_t allowed = rollout->replicas > 0 ? rollout->replicas + rollout->max_surge : 0, to_add = allowed - total;
	for (size_t i = 0; i < count; i++) {
		int64_t part = proportion(rollout, &sets[i], to_add, added);
		sets[i].next = sets[i].wanted + part;
		added += part;
	}
	/* What rounding left over goes to the first. */
	if (count && to_add)
		sets[0].next = max(sets[0].next + to_add - added, 0);
}
