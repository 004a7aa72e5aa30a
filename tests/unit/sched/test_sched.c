#include "sched.h"

#include "clock.h"
#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
	struct kl_err err = {0};
	json_t *json = kl_json_parse(text, strlen(text), &err);
	if (!json) {
		kl_test_failed(__FILE__, __LINE__, "%s in %s", kl_err_text(&err), text);
		abort();
	}
	return json;
}

static void add_node(
	struct kl_sched *s, const char *name, const char *labels, const char *spec, const char *allocatable)
{
	kl_autofree char *text = kl_asprintf("{\"metadata\":{\"name\":\"%s\",\"labels\":{%s}},\"spec\":{%s},"
					     "\"status\":{\"allocatable\":{%s}}}",
		name, labels, spec, allocatable);
	kl_autojson *node = parse(text);
	kl_sched_node_set(s, node);
}

#define SMALL "\"cpu\":\"2\",\"memory\":\"2Gi\",\"pods\":\"4\""

static struct kl_sched_class *class_of(struct kl_sched *s, const char *spec)
{
	kl_autofree char *text = kl_asprintf("{\"metadata\":{\"namespace\":\"default\",\"name\":\"p\","
					     "\"labels\":{\"app\":\"a\"}},\"spec\":{%s}}",
		spec);
	kl_autojson *pod = parse(text);
	return kl_sched_class_get(s, pod);
}

static char *why(struct kl_sched *s, struct kl_sched_class *cls)
{
	struct kl_buf buf = {0};
	kl_sched_explain(s, cls, &buf);
	return kl_buf_take(&buf);
}

#define CONTAINER(requests) "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{" requests "}}}]"
#define REQUIRED(terms)                                                                                              \
	"\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":" \
	"[" terms "]}}}"
#define EXPR(key, op, values) \
	"{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values "]}]}"

/* Three nodes: a (zone x, disk ssd, gen 3), b (zone y, gen 10), c (tainted, cordoned by some cases). */
KL_TEST(filters)
{
	static const struct {
		const char *spec, *node; /* NULL: none */
	} cases[] =
		{
			{CONTAINER(""), "any"},
			{"\"nodeSelector\":{\"zone\":\"x\"}," CONTAINER(""), "a"},
			{"\"nodeSelector\":{\"zone\":\"z\"}," CONTAINER(""), NULL},
			{"\"nodeSelector\":{\"zone\":\"x\",\"disk\":\"hdd\"}," CONTAINER(""), NULL},
			{REQUIRED(EXPR("zone", "In", "\"y\",\"q\"")) "," CONTAINER(""), "b"},
			{REQUIRED(EXPR("zone", "NotIn", "\"x\"")) "," CONTAINER(""), "b"},
			{REQUIRED(EXPR("disk", "Exists", "")) "," CONTAINER(""), "a"},
			{REQUIRED(EXPR("disk", "DoesNotExist", "")) "," CONTAINER(""), "b"},
			{REQUIRED(EXPR("gen", "Gt", "\"5\"")) "," CONTAINER(""), "b"},
			{REQUIRED(EXPR("gen", "Lt", "\"5\"")) "," CONTAINER(""), "a"},
			{REQUIRED(EXPR("gen", "Gt", "\"five\"")) "," CONTAINER(""), NULL},
			{REQUIRED(EXPR("gen", "Bogus", "\"5\"")) "," CONTAINER(""), NULL},
			{REQUIRED("") "," CONTAINER(""), NULL},
			{REQUIRED("{}") "," CONTAINER(""), NULL},
			{REQUIRED(EXPR("zone", "In", "\"q\"") "," EXPR("zone", "In", "\"x\"")) "," CONTAINER(""), "a"},
			{REQUIRED("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"b\"]}"
				  "]}") "," CONTAINER(""),
				"b"},
			{"\"nodeSelector\":{\"zone\":\"z2\"},\"tolerations\":[{\"key\":\"dedicated\",\"operator\":"
			 "\"Exists\"}]," CONTAINER(""),
				"c"},
			{"\"nodeSelector\":{\"zone\":\"z2\"},\"tolerations\":[{\"key\":\"dedicated\",\"value\":\"db\","
			 "\"effect\":\"NoSchedule\"}]," CONTAINER(""),
				"c"},
			{"\"nodeSelector\":{\"zone\":\"z2\"},\"tolerations\":[{\"key\":\"dedicated\",\"value\":\"web\"}"
			 "]," CONTAINER(""),
				NULL},
			{"\"nodeSelector\":{\"zone\":\"z2\"},\"tolerations\":[{\"key\":\"dedicated\",\"value\":\"db\","
			 "\"effect\":\"NoExecute\"}]," CONTAINER(""),
				NULL},
			{"\"nodeSelector\":{\"zone\":\"z2\"},\"tolerations\":[{\"operator\":\"Exists\"}]," CONTAINER(
				 ""),
				"c"},
			{CONTAINER("\"cpu\":\"1999m\""), "any"},
			{CONTAINER("\"cpu\":\"2001m\""), NULL},
			{CONTAINER("\"memory\":\"2Gi\""), "any"},
			{CONTAINER("\"memory\":\"2049Mi\""), NULL},
			{CONTAINER("\"example.com/gpu\":\"1\""), "b"},
			{"\"initContainers\":[{\"name\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"3\"}}}]"
			 "," CONTAINER("\"cpu\":\"1\""),
				NULL},
			{"\"initContainers\":[{\"name\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]"
			 "," CONTAINER("\"cpu\":\"1\""),
				"any"},
			{"\"initContainers\":[{\"name\":\"i\",\"restartPolicy\":\"Always\",\"resources\":{\"requests\":"
			 "{\"cpu\":\"1500m\"}}}]," CONTAINER("\"cpu\":\"1\""),
				NULL},
			{"\"overhead\":{\"cpu\":\"1500m\"}," CONTAINER("\"cpu\":\"1\""), NULL},
		};
	struct kl_sched *s = kl_sched_new(1);
	add_node(s, "a", "\"zone\":\"x\",\"disk\":\"ssd\",\"gen\":\"3\"", "", SMALL);
	add_node(s, "b", "\"zone\":\"y\",\"gen\":\"10\"", "", SMALL ",\"example.com/gpu\":\"1\"");
	add_node(s, "c", "\"zone\":\"z2\",\"gen\":\"none\"",
		"\"taints\":[{\"key\":\"dedicated\",\"value\":\"db\",\"effect\":\"NoSchedule\"}]", SMALL);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_sched_class *cls = class_of(s, cases[i].spec);
		const char *node = kl_sched_place(s, cls);
		bool right =
			cases[i].node ? node && (!strcmp(cases[i].node, "any") || !strcmp(node, cases[i].node)) : !node;
		if (!right)
			kl_test_failed(__FILE__, __LINE__, "case %zu: on %s, not %s", i, node ? node : "none",
				cases[i].node ? cases[i].node : "none");
		kl_sched_class_put(s, cls);
	}
	kl_sched_free(s);
}

KL_TEST(words_of_refusal)
{
	static const struct {
		const char *spec, *words;
	} cases[] = {
		{CONTAINER("\"memory\":\"1000Gi\""),
			"0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, "
			"2 Insufficient memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful for "
			"scheduling."},
		{"\"nodeSelector\":{\"zone\":\"q\"},\"tolerations\":[{\"operator\":\"Exists\"}]," CONTAINER(""),
			"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. "
			"preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."},
		{"\"tolerations\":[{\"operator\":\"Exists\"}]," CONTAINER("\"memory\":\"3Gi\",\"cpu\":\"5\""),
			"0/3 nodes are available: 3 Insufficient cpu, 3 Insufficient memory. "
			"preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."},
	};
	struct kl_sched *s = kl_sched_new(1);
	struct kl_sched_class *cls = class_of(s, CONTAINER(""));
	kl_autofree char *none = why(s, cls);
	KL_CHECK_STR(none, "no nodes available to schedule pods");
	kl_sched_class_put(s, cls);
	add_node(s, "a", "", "", SMALL);
	add_node(s, "b", "", "", SMALL);
	add_node(s, "c", "", "\"taints\":[{\"key\":\"dedicated\",\"value\":\"db\",\"effect\":\"NoSchedule\"}]", SMALL);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		cls = class_of(s, cases[i].spec);
		KL_CHECK(kl_sched_place(s, cls) == NULL);
		kl_autofree char *words = why(s, cls);
		KL_CHECK_STR(words, cases[i].words);
		kl_sched_class_put(s, cls);
	}
	kl_sched_free(s);
}

KL_TEST(full_nodes_say_so)
{
	struct kl_sched *s = kl_sched_new(1);
	struct kl_sched_class *cls = class_of(s, CONTAINER("\"cpu\":\"100m\""));
	add_node(s, "a", "", "", SMALL);
	for (int i = 0; i < 4; i++) {
		KL_CHECK_STR(kl_sched_place(s, cls), "a");
		kl_sched_assign(s, cls, "a");
	}
	KL_CHECK(kl_sched_place(s, cls) == NULL);
	kl_autofree char *words = why(s, cls);
	KL_CHECK_STR(words, "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: "
			    "1 No preemption victims found for incoming pod.");
	kl_sched_unassign(s, cls, "a");
	KL_CHECK_STR(kl_sched_place(s, cls), "a");
	kl_sched_class_put(s, cls);
	kl_sched_free(s);
}

KL_TEST(host_ports)
{
	static const struct {
		const char *mine, *theirs;
		bool fits;
	} cases[] = {
		{"\"hostPort\":80", "\"hostPort\":80", false},
		{"\"hostPort\":80", "\"hostPort\":81", true},
		{"\"hostPort\":80,\"protocol\":\"UDP\"", "\"hostPort\":80", true},
		{"\"hostPort\":80,\"hostIP\":\"10.0.0.1\"", "\"hostPort\":80,\"hostIP\":\"10.0.0.2\"", true},
		{"\"hostPort\":80,\"hostIP\":\"10.0.0.1\"", "\"hostPort\":80", false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_sched *s = kl_sched_new(1);
		add_node(s, "a", "", "", SMALL);
		kl_autofree char *mine = kl_asprintf("\"containers\":[{\"ports\":[{%s}]}]", cases[i].mine);
		kl_autofree char *theirs = kl_asprintf("\"containers\":[{\"ports\":[{%s}]}]", cases[i].theirs);
		struct kl_sched_class *a = class_of(s, mine), *b = class_of(s, theirs);
		kl_sched_assign(s, b, "a");
		if (!!kl_sched_place(s, a) != cases[i].fits)
			kl_test_failed(__FILE__, __LINE__, "case %zu", i);
		kl_sched_class_put(s, a);
		kl_sched_class_put(s, b);
		kl_sched_free(s);
	}
}

KL_TEST(cordoned_and_returning_nodes)
{
	struct kl_sched *s = kl_sched_new(1);
	struct kl_sched_class *cls = class_of(s, CONTAINER("")),
			      *bold = class_of(s, "\"tolerations\":[{\"operator\":\"Exists\"}]," CONTAINER(""));
	add_node(s, "a", "", "\"unschedulable\":true", SMALL);
	KL_CHECK(kl_sched_place(s, cls) == NULL);
	KL_CHECK_STR(kl_sched_place(s, bold), "a");
	kl_autofree char *words = why(s, cls);
	KL_CHECK(strstr(words, "1 node(s) were unschedulable.") != NULL);
	add_node(s, "a", "", "", SMALL);
	KL_CHECK_STR(kl_sched_place(s, cls), "a");
	kl_sched_node_remove(s, "a");
	KL_CHECK(kl_sched_place(s, cls) == NULL);
	KL_CHECK_INT(kl_sched_node_count(s), 0);
	/* Pods may be known before their node is. */
	for (int i = 0; i < 4; i++)
		kl_sched_assign(s, cls, "late");
	KL_CHECK(kl_sched_place(s, cls) == NULL);
	add_node(s, "late", "", "", SMALL);
	KL_CHECK(kl_sched_place(s, cls) == NULL);
	kl_sched_unassign(s, cls, "late");
	KL_CHECK_STR(kl_sched_place(s, cls), "late");
	kl_sched_class_put(s, cls);
	kl_sched_class_put(s, bold);
	kl_sched_free(s);
}

static struct kl_sched_class *owned_class(struct kl_sched *s, const char *owner)
{
	kl_autofree char *text = kl_asprintf("{\"metadata\":{\"namespace\":\"d\",\"name\":\"p\",\"ownerReferences\":[{"
					     "\"uid\":\"%s\",\"controller\":true}]},"
					     "\"spec\":{\"containers\":[{\"name\":\"c\"}]}}",
		owner);
	kl_autojson *pod = parse(text);
	return kl_sched_class_get(s, pod);
}

KL_TEST(pods_of_one_owner_are_spread)
{
	struct kl_sched *s = kl_sched_new(7);
	int count[5] = {0};
	for (int i = 0; i < 5; i++) {
		char name[8];
		snprintf(name, sizeof(name), "n%d", i);
		add_node(s, name, "", "", "\"cpu\":\"16\",\"memory\":\"64Gi\",\"pods\":\"110\"");
	}
	struct kl_sched_class *web = owned_class(s, "u1"), *other = owned_class(s, "u2");
	/* Others make the nodes differ in load: the owner's pods are spread evenly all the same. */
	for (int i = 0; i < 10; i++)
		kl_sched_assign(s, other, i < 7 ? "n0" : "n1");
	for (int i = 0; i < 10; i++) {
		const char *node = kl_sched_place(s, web);
		count[node[1] - '0']++;
		kl_sched_assign(s, web, node);
	}
	for (int i = 0; i < 5; i++)
		KL_CHECK_INT(count[i], 2);
	kl_sched_class_put(s, web);
	kl_sched_class_put(s, other);
	kl_sched_free(s);
}

KL_TEST(preferences)
{
	struct kl_sched *s = kl_sched_new(3);
	add_node(s, "a", "\"disk\":\"hdd\"", "\"taints\":[{\"key\":\"k\",\"effect\":\"PreferNoSchedule\"}]", SMALL);
	add_node(s, "b", "\"disk\":\"ssd\"", "", SMALL);
	add_node(s, "c", "\"disk\":\"hdd\"", "", SMALL);
	struct kl_sched_class *ssd =
		class_of(s, "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
			    "\"weight\":50,\"preference\":" EXPR("disk", "In", "\"ssd\"") "}]}}," CONTAINER(""));
	struct kl_sched_class *plain = class_of(s, CONTAINER("\"cpu\":\"10m\""));
	for (int i = 0; i < 20; i++) {
		KL_CHECK_STR(kl_sched_place(s, ssd), "b");
		KL_CHECK(strcmp(kl_sched_place(s, plain), "a") != 0);
	}
	kl_sched_class_put(s, ssd);
	kl_sched_class_put(s, plain);
	kl_sched_free(s);
}

KL_TEST(five_thousand_pods_on_a_thousand_nodes)
{
	struct kl_sched *s = kl_sched_new(11);
	char name[16];
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		add_node(s, name, "", "", "\"cpu\":\"8\",\"memory\":\"32Gi\",\"pods\":\"110\"");
	}
	struct kl_sched_class *web = owned_class(s, "u1");
	int64_t start = kl_monotonic_ms();
	for (int i = 0; i < 5000; i++)
		kl_sched_assign(s, web, kl_sched_place(s, web));
	int64_t took = kl_monotonic_ms() - start;
	printf("5000 pods on 1000 nodes: %d ms\n", (int)took);
	KL_CHECK(took < 20000); /* with sanitizers on a busy machine */
	kl_sched_class_put(s, web);
	kl_sched_free(s);
}

KL_MAIN()
