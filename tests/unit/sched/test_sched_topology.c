#include "sched.h"

#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text)
{
	json_t *json = kl_json_parse(text, strlen(text), NULL);
	if (!json)
		abort();
	return json;
}

/* Nodes a1 a2 in zone a, b1 b2 in zone b; c1 has no zone. */
static struct kl_sched *cluster(void)
{
	static const char *const names[] = {"a1", "a2", "b1", "b2", "c1"};
	struct kl_sched *s = kl_sched_new(9);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		kl_autofree char *zone =
			names[i][0] == 'c' ? kl_strdup("") : kl_asprintf(",\"zone\":\"%c\"", names[i][0]);
		kl_autofree char *text = kl_asprintf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"host\":\"%s\"%s}},"
						     "\"spec\":{},\"status\":{\"allocatable\":"
						     "{\"cpu\":\"100\",\"memory\":\"100Gi\",\"pods\":\"100\"}}}",
			names[i], names[i], zone);
		kl_autojson *node = parse(text);
		kl_sched_node_set(s, node);
	}
	return s;
}

static struct kl_sched_class *pod(struct kl_sched *s, const char *ns, const char *app, const char *spec)
{
	kl_autofree char *text = kl_asprintf(
		"{\"metadata\":{\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"}},\"spec\":{%s%s\"containers\":[{}]}}",
		ns, app, spec, *spec ? "," : "");
	kl_autojson *json = parse(text);
	return kl_sched_class_get(s, json);
}

#define TERM(app, key) "{\"labelSelector\":{\"matchLabels\":{\"app\":\"" app "\"}},\"topologyKey\":\"" key "\"}"
#define POD_AFFINITY(kind, term) \
	"\"affinity\":{\"" kind "\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[" term "]}}"
#define POD_PREFERENCE(kind, term) \
	"\"affinity\":{\"" kind    \
	"\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":100,\"podAffinityTerm\":" term "}]}}"
#define SPREAD(key, skew, when)                                                       \
	"\"topologySpreadConstraints\":[{\"maxSkew\":" skew ",\"topologyKey\":\"" key \
	"\",\"whenUnsatisfiable\":\"" when "\",\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]"

KL_TEST(affinity_follows)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *db = pod(s, "d", "db", ""),
			      *web = pod(s, "d", "web", POD_AFFINITY("podAffinity", TERM("db", "zone")));
	struct kl_sched_class *far = pod(s, "e", "web", POD_AFFINITY("podAffinity", TERM("db", "zone")));
	KL_CHECK(kl_sched_place(s, web) == NULL); /* nobody to follow */
	kl_autobuf words = {0};
	kl_sched_explain(s, web, &words);
	KL_CHECK(strstr(kl_buf_str(&words), "5 node(s) didn't match pod affinity rules") != NULL);
	kl_sched_assign(s, db, "b2");
	for (int i = 0; i < 10; i++) {
		const char *node = kl_sched_place(s, web);
		KL_CHECK(node && node[0] == 'b');
	}
	KL_CHECK(kl_sched_place(s, far) == NULL); /* another namespace */
	kl_sched_class_put(s, db);
	kl_sched_class_put(s, web);
	kl_sched_class_put(s, far);
	kl_sched_free(s);
}

KL_TEST(first_of_a_series_may_start)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *web = pod(s, "d", "web", POD_AFFINITY("podAffinity", TERM("web", "zone")));
	const char *first = kl_sched_place(s, web);
	KL_CHECK(first && first[0] != 'c');
	kl_sched_assign(s, web, "a1");
	for (int i = 0; i < 10; i++)
		KL_CHECK(kl_sched_place(s, web)[0] == 'a');
	kl_sched_class_put(s, web);
	kl_sched_free(s);
}

KL_TEST(anti_affinity_keeps_apart_both_ways)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *web = pod(s, "d", "web", POD_AFFINITY("podAntiAffinity", TERM("web", "host")));
	struct kl_sched_class *shy = pod(s, "d", "shy", POD_AFFINITY("podAntiAffinity", TERM("noise", "zone")));
	struct kl_sched_class *noise = pod(s, "d", "noise", "");
	for (int i = 0; i < 5; i++) {
		const char *node = kl_sched_place(s, web);
		KL_CHECK(node != NULL);
		if (node)
			kl_sched_assign(s, web, node);
	}
	KL_CHECK(kl_sched_place(s, web) == NULL);
	kl_sched_assign(s, shy, "a1");
	for (int i = 0; i < 20; i++)
		KL_CHECK(kl_sched_place(s, noise)[0] != 'a');
	kl_sched_unassign(s, shy, "a1");
	kl_sched_assign(s, noise, "b1");
	for (int i = 0; i < 20; i++)
		KL_CHECK(kl_sched_place(s, shy)[0] != 'b');
	kl_sched_class_put(s, web);
	kl_sched_class_put(s, shy);
	kl_sched_class_put(s, noise);
	kl_sched_free(s);
}

KL_TEST(preferences_among_pods)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *db = pod(s, "d", "db", "");
	struct kl_sched_class *near = pod(s, "d", "near", POD_PREFERENCE("podAffinity", TERM("db", "zone")));
	struct kl_sched_class *apart = pod(s, "d", "apart", POD_PREFERENCE("podAntiAffinity", TERM("db", "zone")));
	kl_sched_assign(s, db, "b1");
	for (int i = 0; i < 10; i++) {
		KL_CHECK(kl_sched_place(s, near)[0] == 'b');
		KL_CHECK(kl_sched_place(s, apart)[0] != 'b');
	}
	kl_sched_class_put(s, db);
	kl_sched_class_put(s, near);
	kl_sched_class_put(s, apart);
	kl_sched_free(s);
}

KL_TEST(hard_spread_keeps_within_the_skew)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *web = pod(s, "d", "web", SPREAD("zone", "1", "DoNotSchedule"));
	int a = 0, b = 0;
	for (int i = 0; i < 20; i++) {
		const char *node = kl_sched_place(s, web);
		KL_CHECK(node && node[0] != 'c');
		a += node[0] == 'a';
		b += node[0] == 'b';
		KL_CHECK(abs(a - b) <= 1);
		kl_sched_assign(s, web, node);
	}
	kl_sched_class_put(s, web);
	kl_sched_free(s);
}

KL_TEST(soft_spread_prefers)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *web = pod(s, "d", "web", SPREAD("host", "1", "ScheduleAnyway"));
	int count[128][3] = {{0}};
	for (int i = 0; i < 10; i++) {
		const char *node = kl_sched_place(s, web);
		count[(int)node[0]][node[1] - '0']++;
		kl_sched_assign(s, web, node);
	}
	KL_CHECK_INT(count['a'][1], 2);
	KL_CHECK_INT(count['a'][2], 2);
	KL_CHECK_INT(count['b'][1], 2);
	KL_CHECK_INT(count['b'][2], 2);
	KL_CHECK_INT(count['c'][1], 2);
	kl_sched_class_put(s, web);
	kl_sched_free(s);
}

KL_TEST(namespace_selector)
{
	struct kl_sched *s = cluster();
	struct kl_sched_class *db = pod(s, "prod", "db", "");
	struct kl_sched_class *web = pod(s, "d", "web",
		POD_AFFINITY("podAffinity",
			"{\"labelSelector\":{\"matchLabels\":{\"app\":\"db\"}},\"topologyKey\":\"zone\","
			"\"namespaceSelector\":{\"matchLabels\":{\"team\":\"x\"}}}"));
	kl_autojson *labels = parse("{\"team\":\"x\"}"), *others = parse("{\"team\":\"y\"}");
	kl_sched_assign(s, db, "a1");
	KL_CHECK(kl_sched_place(s, web) == NULL);
	kl_sched_namespace_set(s, "prod", labels);
	KL_CHECK(kl_sched_place(s, web) && kl_sched_place(s, web)[0] == 'a');
	kl_sched_namespace_set(s, "prod", others);
	KL_CHECK(kl_sched_place(s, web) == NULL);
	kl_sched_class_put(s, db);
	kl_sched_class_put(s, web);
	kl_sched_free(s);
}

KL_MAIN()
