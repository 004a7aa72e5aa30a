/* A class against all nodes: evaluated once, then kept up to date with the log of changes. */
#include "sched_impl.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { EVALS_MAX = 256 };

static void eval_free(struct kl_sched *s, struct eval *eval)
{
	DL_DELETE(s->evals, eval);
	s->eval_count--;
	eval->cls->eval = NULL;
	free(eval->verdict);
	free(eval->static_score);
	free(eval->score);
	free(eval->group_count);
	free(eval);
}

void eval_drop(struct kl_sched *s, struct kl_sched_class *cls)
{
	if (cls->eval)
		eval_free(s, cls->eval);
}

static uint8_t first_refusal(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, bool local)
{
	for (size_t i = 0; i < sched_filter_count; i++) {
		if (sched_filters[i].local == local && !sched_filters[i].passes(s, cls, node))
			return (uint8_t)(i + 1);
	}
	return 0;
}

static bool refused_statically(uint8_t verdict)
{
	return verdict && !sched_filters[verdict - 1].local;
}

static unsigned count_group(const struct kl_sched_class *cls, const struct node *node)
{
	unsigned count = 0;
	for (size_t i = 0; cls->group && i < node->usage_count; i++) {
		if (node->usage[i].cls->group == cls->group)
			count += node->usage[i].count;
	}
	return count;
}

/* The part that depends on the pods of the node. */
static void update_slot(struct kl_sched *s, struct eval *eval, unsigned slot)
{
	const struct node *node = s->slots[slot];
	if (!node || refused_statically(eval->verdict[slot]))
		return;
	eval->verdict[slot] = first_refusal(s, eval->cls, node, true);
	eval->group_count[slot] = count_group(eval->cls, node);
	eval->score[slot] = eval->static_score[slot] + scores_local(eval->cls, node);
}

static void resize(struct eval *eval, size_t size)
{
	eval->size = size;
	eval->verdict = kl_reallocarray(eval->verdict, size + 1, sizeof(*eval->verdict));
	eval->static_score = kl_reallocarray(eval->static_score, size + 1, sizeof(*eval->static_score));
	eval->score = kl_reallocarray(eval->score, size + 1, sizeof(*eval->score));
	eval->group_count = kl_reallocarray(eval->group_count, size + 1, sizeof(*eval->group_count));
	memset(eval->static_score, 0, size * sizeof(*eval->static_score));
	memset(eval->group_count, 0, size * sizeof(*eval->group_count));
}

static void evaluate(struct kl_sched *s, struct eval *eval)
{
	resize(eval, s->slot_count);
	for (size_t i = 0; i < eval->size; i++) {
		const struct node *node = s->slots[i];
		bool there = node && node->key;
		eval->verdict[i] = there ? first_refusal(s, eval->cls, node, false) : 1;
	}
	scores_static(s, eval);
	for (size_t i = 0; i < eval->size; i++)
		update_slot(s, eval, (unsigned)i);
	eval->generation = s->generation;
}

static struct eval *eval_of(struct kl_sched *s, struct kl_sched_class *cls)
{
	struct eval *eval = cls->eval;
	if (!eval) {
		if (s->eval_count == EVALS_MAX)
			eval_free(s, s->evals);
		eval = cls->eval = kl_calloc(1, sizeof(*eval));
		eval->cls = cls;
		s->eval_count++;
	} else {
		DL_DELETE(s->evals, eval);
	}
	DL_APPEND(s->evals, eval);
	uint64_t log_end = s->log_base + s->log_count;
	if (!eval->size || eval->generation != s->generation || eval->log_at < s->log_base) {
		evaluate(s, eval);
	} else {
		for (uint64_t at = eval->log_at; at < log_end; at++)
			update_slot(s, eval, s->log[at - s->log_base]);
	}
	eval->log_at = log_end;
	return eval;
}

/* --- choice */

static uint64_t next_random(struct kl_sched *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 2685821657736338717ULL;
}

struct range {
	unsigned lowest, highest;
	bool any;
};

/* Marks what fits (topology included) and finds how unevenly the owner's pods lie on those nodes. */
static struct range survey(struct kl_sched *s, const struct eval *eval, struct topology *topology, bool *fits)
{
	struct range range = {.lowest = UINT32_MAX};
	bool unresolvable;
	for (size_t i = 0; i < eval->size; i++) {
		fits[i] = !eval->verdict[i];
		if (fits[i] && topology)
			fits[i] = !topology_refusal(topology, s->slots[i], &unresolvable);
		if (!fits[i])
			continue;
		range.any = true;
		if (topology)
			topology_score_range(topology, s->slots[i]);
		if (eval->group_count[i] < range.lowest)
			range.lowest = eval->group_count[i];
		if (eval->group_count[i] > range.highest)
			range.highest = eval->group_count[i];
	}
	return range;
}

static const struct node *best(struct kl_sched *s, const struct eval *eval, const struct topology *topology,
	const bool *fits, const struct range *range)
{
	int64_t highest = -1;
	uint64_t ties = 0;
	const struct node *choice = NULL;
	for (size_t i = 0; i < eval->size; i++) {
		if (!fits[i])
			continue;
		int64_t score = eval->score[i] + scores_group(eval->group_count[i], range->lowest, range->highest);
		if (topology)
			score += topology_score(topology, s->slots[i]);
		if (score < highest)
			continue;
		ties = score > highest ? 1 : ties + 1;
		/* Every one of the equally good nodes is chosen with the same probability. */
		if (score > highest || next_random(s) % ties == 0)
			choice = s->slots[i];
		highest = score;
	}
	return choice;
}

const char *kl_sched_place(struct kl_sched *s, struct kl_sched_class *cls)
{
	const struct eval *eval = eval_of(s, cls);
	struct topology *topology = topology_prepare(s, cls);
	kl_autofree bool *fits = kl_calloc(eval->size + 1, sizeof(*fits));
	struct range range = survey(s, eval, topology, fits);
	const struct node *choice = range.any ? best(s, eval, topology, fits, &range) : NULL;
	topology_free(topology);
	return choice ? choice->name : NULL;
}

/* --- explanation */

static bool explain_node(struct kl_sched *s, struct kl_sched_class *cls, const struct node *node,
	const struct topology *topology, struct refusals *refusals)
{
	bool unresolvable = false;
	for (size_t i = 0; i < sched_filter_count; i++) {
		if (!sched_filters[i].passes(s, cls, node))
			return sched_filters[i].explain(s, cls, node, refusals);
	}
	const char *refusal = topology ? topology_refusal(topology, node, &unresolvable) : NULL;
	if (refusal)
		refusals_add(refusals, "%s", refusal);
	return unresolvable;
}

void kl_sched_explain(struct kl_sched *s, struct kl_sched_class *cls, struct kl_buf *message)
{
	struct refusals why = {0}, preemption = {0};
	struct topology *topology = topology_prepare(s, cls);
	if (!s->present) {
		kl_buf_str_push(message, "no nodes available to schedule pods");
		topology_free(topology);
		return;
	}
	for (size_t i = 0; i < s->slot_count; i++) {
		if (!s->slots[i] || !s->slots[i]->key)
			continue;
		if (explain_node(s, cls, s->slots[i], topology, &why))
			refusals_add(&preemption, "Preemption is not helpful for scheduling");
		else
			refusals_add(&preemption, "No preemption victims found for incoming pod");
	}
	kl_buf_printf(message, "0/%zu nodes are available: ", s->present);
	refusals_message(&why, message);
	kl_buf_printf(message, ". preemption: 0/%zu nodes are available: ", s->present);
	refusals_message(&preemption, message);
	kl_buf_char(message, '.');
	refusals_release(&why);
	refusals_release(&preemption);
	topology_free(topology);
}
