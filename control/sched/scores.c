/* How good a node is for a pod: 0 to 100 for each row, times upstream's default weights. */
#include "sched_impl.h"

#include <stdlib.h>

enum { FULL = 100, WEIGHT_GROUP = 2 };

/* --- local: from the node's own usage */

static int64_t free_share(int64_t used, int64_t capacity)
{
	return capacity <= 0 || used > capacity ? 0 : (capacity - used) * FULL / capacity;
}

/* NodeResourcesFit with LeastAllocated: the emptier the better. */
static int32_t least_allocated(const struct kl_sched_class *cls, const struct node *node)
{
	int64_t cpu = free_share(node->score_cpu + cls->score_cpu, node->allocatable.v[RES_CPU]);
	int64_t memory = free_share(node->score_memory + cls->score_memory, node->allocatable.v[RES_MEMORY]);
	return (int32_t)((cpu + memory) / 2);
}

static double used_fraction(const struct kl_sched_class *cls, const struct node *node, int resource)
{
	double capacity = (double)node->allocatable.v[resource];
	double used = (double)(node->requested.v[resource] + cls->requests.v[resource]);
	return capacity <= 0 || used > capacity ? 1 : used / capacity;
}

/* NodeResourcesBalancedAllocation: processor and memory used to the same degree; their standard deviation counts. */
static int32_t balanced(const struct kl_sched_class *cls, const struct node *node)
{
	double difference = used_fraction(cls, node, RES_CPU) - used_fraction(cls, node, RES_MEMORY);
	double deviation = (difference < 0 ? -difference : difference) / 2;
	return (int32_t)((1 - deviation) * (double)FULL);
}

static const struct {
	const char *name;
	int32_t (*score)(const struct kl_sched_class *cls, const struct node *node);
	int32_t weight;
} local_scores[] = {
	{"LeastAllocated", least_allocated, 1},
	{"BalancedAllocation", balanced, 1},
};

int32_t scores_local(const struct kl_sched_class *cls, const struct node *node)
{
	int32_t total = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(local_scores); i++)
		total += local_scores[i].score(cls, node) * local_scores[i].weight;
	return total;
}

/* --- static: from the Node object; normalised over the nodes that pass the static filters */

static int32_t preferred_affinity(const struct kl_sched_class *cls, const struct node *node)
{
	int32_t total = 0;
	for (size_t i = 0; i < cls->preferred_count; i++) {
		if (node_term_matches(&cls->preferred[i], node))
			total += cls->preferred[i].weight;
	}
	return total;
}

static int32_t preferred_taints(const struct kl_sched_class *cls, const struct node *node)
{
	return (int32_t)untolerated_count(cls, node, EFFECT_PREFER_NO_SCHEDULE);
}

static const struct {
	const char *name;
	int32_t (*raw)(const struct kl_sched_class *cls, const struct node *node);
	int32_t weight;
	bool reverse; /* more is worse */
} static_scores[] = {
	{"NodeAffinity", preferred_affinity, 2, false},
	{"TaintToleration", preferred_taints, 3, true},
};

static void add_row(struct kl_sched *s, struct eval *eval, size_t row)
{
	kl_autofree int32_t *raw = kl_calloc(eval->size + 1, sizeof(*raw));
	int32_t highest = 0;
	for (size_t i = 0; i < eval->size; i++) {
		if (eval->verdict[i])
			continue;
		raw[i] = static_scores[row].raw(eval->cls, s->slots[i]);
		if (raw[i] > highest)
			highest = raw[i];
	}
	for (size_t i = 0; i < eval->size; i++) {
		int32_t part = highest ? raw[i] * FULL / highest : 0;
		eval->static_score[i] += (static_scores[row].reverse ? FULL - part : part) * static_scores[row].weight;
	}
}

void scores_static(struct kl_sched *s, struct eval *eval)
{
	for (size_t row = 0; row < KL_ARRAY_LEN(static_scores); row++)
		add_row(s, eval, row);
}

int32_t scores_group(unsigned count, unsigned lowest, unsigned highest)
{
	if (!highest)
		return FULL * WEIGHT_GROUP;
	return (int32_t)((uint64_t)FULL * WEIGHT_GROUP * (highest + lowest - count) / highest);
}
