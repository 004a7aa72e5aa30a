/* Which nodes a pod may go to: upstream's default plugins, in their order. A node is refused by the first that fails.
 */
#include "sched_impl.h"

#include <string.h>

#define HARD_EFFECTS (1u << EFFECT_NO_SCHEDULE | 1u << EFFECT_NO_EXECUTE)

static bool schedulable(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	static const char key[] = "node.kubernetes.io/unschedulable";
	(void)s;
	if (!node->unschedulable)
		return true;
	/* A pod that tolerates the taint of a cordoned node may go there even before the taint is set. */
	const struct taint taint = {(char *)(uintptr_t)key, (char *)(uintptr_t) "", EFFECT_NO_SCHEDULE};
	const struct node cordoned = {.taints = (struct taint *)(uintptr_t)&taint, .taint_count = 1};
	return !untolerated_taint(cls, &cordoned, HARD_EFFECTS);
}

static bool schedulable_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	(void)s;
	(void)cls;
	(void)node;
	refusals_add(refusals, "node(s) were unschedulable");
	return true;
}

static bool node_name(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	(void)s;
	return !cls->node_name || !strcmp(cls->node_name, node->name);
}

static bool node_name_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	(void)s;
	(void)cls;
	(void)node;
	refusals_add(refusals, "node(s) didn't match the requested node name");
	return true;
}

static bool taints(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	(void)s;
	return !untolerated_taint(cls, node, HARD_EFFECTS);
}

static bool taints_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	const struct taint *taint = untolerated_taint(cls, node, HARD_EFFECTS);
	(void)s;
	refusals_add(refusals, "node(s) had untolerated taint {%s: %s}", taint->key, taint->value);
	return true;
}

static bool affinity(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	(void)s;
	return node_affinity_matches(cls, node);
}

static bool affinity_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	(void)s;
	(void)cls;
	(void)node;
	refusals_add(refusals, "node(s) didn't match Pod's node affinity/selector");
	return true;
}

static bool any_address(const struct host_port *port)
{
	return !strcmp(port->ip, "0.0.0.0");
}

static bool ports_collide(const struct host_port *a, const struct host_port *b)
{
	return a->port == b->port && !strcmp(a->protocol, b->protocol) &&
	       (any_address(a) || any_address(b) || !strcmp(a->ip, b->ip));
}

static bool classes_collide(const struct kl_sched_class *a, const struct kl_sched_class *b)
{
	for (size_t i = 0; i < a->port_count; i++) {
		for (size_t k = 0; k < b->port_count; k++) {
			if (ports_collide(&a->ports[i], &b->ports[k]))
				return true;
		}
	}
	return false;
}

static bool ports(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	(void)s;
	for (size_t i = 0; cls->port_count && i < node->usage_count; i++) {
		if (classes_collide(cls, node->usage[i].cls))
			return false;
	}
	return true;
}

static bool ports_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	(void)s;
	(void)cls;
	(void)node;
	refusals_add(refusals, "node(s) didn't have free ports for the requested pod ports");
	return false;
}

static bool lacks(const struct kl_sched_class *cls, const struct node *node, int resource)
{
	int64_t want = cls->requests.v[resource];
	return want > 0 && want > node->allocatable.v[resource] - node->requested.v[resource];
}

static bool resources(const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node)
{
	if (cls->unknown_resource)
		return false;
	for (int i = 0; i < (int)s->resource_count; i++) {
		if (lacks(cls, node, i))
			return false;
	}
	return true;
}

static bool resources_explain(
	const struct kl_sched *s, const struct kl_sched_class *cls, const struct node *node, struct refusals *refusals)
{
	bool never = cls->unknown_resource;
	for (int i = 0; i < (int)s->resource_count; i++) {
		if (!lacks(cls, node, i))
			continue;
		never |= cls->requests.v[i] > node->allocatable.v[i];
		if (i == RES_PODS)
			refusals_add(refusals, "Too many pods");
		else
			refusals_add(refusals, "Insufficient %s", s->resource_names[i]);
	}
	if (cls->unknown_resource)
		refusals_add(refusals, "Insufficient extended resources");
	return never;
}

const struct filter sched_filters[] = {
	{"NodeUnschedulable", schedulable, schedulable_explain, false},
	{"NodeName", node_name, node_name_explain, false},
	{"TaintToleration", taints, taints_explain, false},
	{"NodeAffinity", affinity, affinity_explain, false},
	{"NodePorts", ports, ports_explain, true},
	{"NodeResourcesFit", resources, resources_explain, true},
};
const size_t sched_filter_count = KL_ARRAY_LEN(sched_filters);
