/*
 * Random clusters and random changes; a naive scheduler that keeps plain lists and looks at everything each time must
 * agree: on whether the pod fits anywhere, and on the score of the node that was chosen being the best.
 */
#include "sched.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 12, PODS = 120, CLASSES = 10, STEPS = 4000 };

struct onode {
	bool there, cordoned;
	int zone, taint; /* taint: 0 none, 1 NoSchedule, 2 PreferNoSchedule */
	long cpu, memory, pods;
};

struct oclass {
	int zone;      /* -1: any */
	int want_zone; /* preferred; -1: none */
	bool tolerates;
	long cpu, memory;
	int owner;
	struct kl_sched_class *cls;
};

struct opod {
	int cls, node; /* node -1: not assigned */
};

struct world {
	struct kl_sched *s;
	struct onode nodes[NODES];
	struct oclass classes[CLASSES];
	struct opod pods[PODS];
};

static int below(int n)
{
	return (int)(kl_test_random() % (uint64_t)n);
}

static json_t *parse(const char *text)
{
	json_t *json = kl_json_parse(text, strlen(text), NULL);
	if (!json)
		abort();
	return json;
}

static void tell_node(struct world *w, int i)
{
	const struct onode *n = &w->nodes[i];
	char name[16];
	snprintf(name, sizeof(name), "n%d", i);
	if (!n->there) {
		kl_sched_node_remove(w->s, name);
		return;
	}
	static const char *const taints[] = {
		"", "{\"key\":\"t\",\"effect\":\"NoSchedule\"}", "{\"key\":\"t\",\"effect\":\"PreferNoSchedule\"}"};
	kl_autofree char *text =
		kl_asprintf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"zone\":\"z%d\"}},\"spec\":{\"unschedulable\":"
			    "%s,\"taints\":[%s]},"
			    "\"status\":{\"allocatable\":{\"cpu\":\"%ldm\",\"memory\":\"%ld\",\"pods\":\"%ld\"}}}",
			name, n->zone, n->cordoned ? "true" : "false", taints[n->taint], n->cpu, n->memory, n->pods);
	kl_autojson *json = parse(text);
	kl_sched_node_set(w->s, json);
}

static void random_node(struct world *w, int i)
{
	w->nodes[i] = (struct onode){.there = below(8) != 0,
		.cordoned = below(8) == 0,
		.zone = below(3),
		.taint = below(4) % 3,
		.cpu = 500 + 500 * below(8),
		.memory = (1L + below(8)) << 30,
		.pods = 2 + below(12)};
	tell_node(w, i);
}

static void make_class(struct world *w, int i)
{
	struct oclass *c = &w->classes[i];
	*c = (struct oclass){.zone = below(4) - 1,
		.want_zone = below(4) - 1,
		.tolerates = below(3) == 0,
		.cpu = 1 + 50 * below(8),
		.memory = 1 + (64L << 20) * below(8),
		.owner = below(5)};
	kl_autofree char *selector =
		c->zone >= 0 ? kl_asprintf("\"nodeSelector\":{\"zone\":\"z%d\"},", c->zone) : kl_strdup("");
	kl_autofree char *prefer =
		c->want_zone >= 0
			? kl_asprintf(
				  "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":"
				  "[{\"weight\":10,\"preference\":{\"matchExpressions\":[{\"key\":\"zone\","
				  "\"operator\":\"In\",\"values\":[\"z%d\"]}]}}]}},",
				  c->want_zone)
			: kl_strdup("");
	kl_autofree char *text = kl_asprintf("{\"metadata\":{\"namespace\":\"d\",\"labels\":{\"i\":\"%d\"},"
					     "\"ownerReferences\":[{\"uid\":\"o%d\",\"controller\":true}]},"
					     "\"spec\":{%s%s%s\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"%"
					     "ldm\",\"memory\":\"%ld\"}}}]}}",
		i, c->owner, selector, prefer,
		c->tolerates ? "\"tolerations\":[{\"key\":\"t\",\"operator\":\"Exists\"},{\"key\":\"node.kubernetes.io/"
			       "unschedulable\",\"operator\":\"Exists\"}],"
			     : "",
		c->cpu, c->memory);
	kl_autojson *json = parse(text);
	c->cls = kl_sched_class_get(w->s, json);
}

/* --- the oracle */

struct sums {
	long cpu, memory, pods, mates;
};

static struct sums sums_on(const struct world *w, int node, int owner)
{
	struct sums sums = {0};
	for (int i = 0; i < PODS; i++) {
		const struct opod *p = &w->pods[i];
		if (p->node != node)
			continue;
		sums.cpu += w->classes[p->cls].cpu;
		sums.memory += w->classes[p->cls].memory;
		sums.pods++;
		sums.mates += w->classes[p->cls].owner == owner;
	}
	return sums;
}

static bool static_fit(const struct onode *n, const struct oclass *c)
{
	return n->there && (!n->cordoned || c->tolerates) && (n->taint != 1 || c->tolerates) &&
	       (c->zone < 0 || c->zone == n->zone);
}

static bool fits(const struct world *w, int node, const struct oclass *c)
{
	const struct onode *n = &w->nodes[node];
	struct sums sums = sums_on(w, node, c->owner);
	return static_fit(n, c) && sums.cpu + c->cpu <= n->cpu && sums.memory + c->memory <= n->memory &&
	       sums.pods + 1 <= n->pods;
}

/* Weighted as upstream's default profile does; mates: the owner's pods on the nodes that fit. */
static long score(const struct world *w, int node, const struct oclass *c, long lowest, long highest)
{
	const struct onode *n = &w->nodes[node];
	struct sums sums = sums_on(w, node, c->owner);
	long cpu = sums.cpu + c->cpu, memory = sums.memory + c->memory;
	long least = ((n->cpu - cpu) * 100 / n->cpu + (n->memory - memory) * 100 / n->memory) / 2;
	double difference = (double)cpu / (double)n->cpu - (double)memory / (double)n->memory;
	long balanced = (long)(int)((1 - (difference < 0 ? -difference : difference) / 2) * 100);
	bool wanted = false, tainted = false;
	for (int i = 0; i < NODES; i++) {
		wanted |= static_fit(&w->nodes[i], c) && w->nodes[i].zone == c->want_zone;
		tainted |= static_fit(&w->nodes[i], c) && w->nodes[i].taint == 2 && !c->tolerates;
	}
	long affinity = wanted && n->zone == c->want_zone ? 100 : 0;
	long taint = tainted && n->taint == 2 && !c->tolerates ? 0 : 100;
	long group = highest ? 200 * (highest + lowest - sums.mates) / highest : 200;
	return least + balanced + 2 * affinity + 3 * taint + group;
}

static void check_place(struct world *w, int cls)
{
	const struct oclass *c = &w->classes[cls];
	long lowest = 1000, highest = 0, best = -1;
	for (int i = 0; i < NODES; i++) {
		long mates = fits(w, i, c) ? sums_on(w, i, c->owner).mates : -1;
		if (mates < 0)
			continue;
		lowest = mates < lowest ? mates : lowest;
		highest = mates > highest ? mates : highest;
	}
	for (int i = 0; i < NODES; i++) {
		long points = fits(w, i, c) ? score(w, i, c, lowest, highest) : -1;
		best = points > best ? points : best;
	}
	const char *node = kl_sched_place(w->s, c->cls);
	if (!node || best < 0) {
		KL_CHECK(!node && best < 0);
		return;
	}
	int chosen = atoi(node + 1);
	KL_CHECK(fits(w, chosen, c));
	KL_CHECK_INT(score(w, chosen, c, lowest, highest), best);
}

/* --- random steps */

static void assign(struct world *w, int pod, int cls, const char *node)
{
	w->pods[pod] = (struct opod){cls, atoi(node + 1)};
	kl_sched_assign(w->s, w->classes[cls].cls, node);
}

static void step(struct world *w)
{
	int pod = below(PODS), cls = below(CLASSES);
	char name[16];
	if (below(50) == 0)
		random_node(w, below(NODES));
	check_place(w, cls);
	if (w->pods[pod].node >= 0) {
		snprintf(name, sizeof(name), "n%d", w->pods[pod].node);
		kl_sched_unassign(w->s, w->classes[w->pods[pod].cls].cls, name);
		w->pods[pod].node = -1;
		return;
	}
	const char *node = kl_sched_place(w->s, w->classes[cls].cls);
	if (below(30) == 0) { /* somebody else puts it anywhere */
		snprintf(name, sizeof(name), "n%d", below(NODES));
		node = name;
	}
	if (node)
		assign(w, pod, cls, node);
}

KL_TEST(agrees_with_the_naive_one)
{
	struct world w = {.s = kl_sched_new(5)};
	for (int i = 0; i < NODES; i++)
		random_node(&w, i);
	for (int i = 0; i < CLASSES; i++)
		make_class(&w, i);
	for (int i = 0; i < PODS; i++)
		w.pods[i].node = -1;
	for (int i = 0; i < STEPS; i++)
		step(&w);
	for (int i = 0; i < CLASSES; i++)
		kl_sched_class_put(w.s, w.classes[i].cls);
	kl_sched_free(w.s);
}

KL_MAIN()
