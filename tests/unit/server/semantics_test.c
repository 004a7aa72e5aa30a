/* What the verbs mean: concurrency, finalizers, graceful deletion, namespaces, Services' resources, subresources. */
#include "apitest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NS    "/api/v1/namespaces/default"
#define CMS   NS "/configmaps"
#define MERGE "application/merge-patch+json"

static long code(struct api_answer answer)
{
	long result = answer.code;
	api_answer_release(&answer);
	return result;
}

static char *rv_of(const struct api_answer *answer)
{
	return kl_strdup(kl_json_str(answer->json, "metadata", "resourceVersion", NULL));
}

KL_TEST(creation_sets_what_the_server_owns)
{
	api_auto answer = api_post(CMS, "{\"metadata\":{\"name\":\"new\"},\"data\":{\"a\":\"b\"}}");
	KL_CHECK_INT(answer.code, 201);
	KL_CHECK_STR(kl_json_str(answer.json, "kind", NULL), "ConfigMap");
	KL_CHECK_STR(kl_json_str(answer.json, "apiVersion", NULL), "v1");
	KL_CHECK_STR(kl_json_str(answer.json, "metadata", "namespace", NULL), "default");
	KL_CHECK_INT(strlen(kl_json_str(answer.json, "metadata", "uid", NULL)), 36);
	KL_CHECK(*kl_json_str(answer.json, "metadata", "creationTimestamp", NULL));
	KL_CHECK(*kl_json_str(answer.json, "metadata", "resourceVersion", NULL));
	api_auto again = api_post(CMS, "{\"metadata\":{\"name\":\"new\"}}");
	KL_CHECK_INT(again.code, 409);
	KL_CHECK_STR(api_reason(&again), "AlreadyExists");
	KL_CHECK_STR(api_message(&again), "configmaps \"new\" already exists");
	KL_CHECK_INT(code(api_delete(CMS "/new", NULL)), 200);
}

KL_TEST(generated_names)
{
	for (int i = 0; i < 5; i++) {
		api_auto answer = api_post(CMS, "{\"metadata\":{\"generateName\":\"gen-\"}}");
		KL_CHECK_INT(answer.code, 201);
		KL_CHECK_INT(strlen(kl_json_str(answer.json, "metadata", "name", NULL)), 9);
	}
}

KL_TEST(stale_updates_conflict)
{
	api_auto made = api_post(CMS, "{\"metadata\":{\"name\":\"occ\"},\"data\":{\"n\":\"0\"}}");
	kl_json_set(made.json, json_string("1"), "data", "n", NULL);
	KL_CHECK_INT(code(api_put(CMS "/occ", made.json)), 200);
	api_auto stale = api_put(CMS "/occ", made.json);
	KL_CHECK_INT(stale.code, 409);
	KL_CHECK_STR(api_reason(&stale), "Conflict");
	KL_CHECK(strstr(api_message(&stale), "the object has been modified") != NULL);
	kl_json_delete(made.json, "metadata", "resourceVersion", NULL);
	KL_CHECK_INT(code(api_put(CMS "/occ", made.json)), 200);
	KL_CHECK_INT(
		code(api_patch(CMS "/occ", MERGE, "{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"n\":\"2\"}}")),
		409);
	kl_json_set(made.json, json_string("00000000-0000-4000-8000-000000000000"), "metadata", "uid", NULL);
	KL_CHECK_INT(code(api_put(CMS "/occ", made.json)), 409);
	KL_CHECK_INT(code(api_delete(CMS "/occ", "{\"preconditions\":{\"uid\":\"other\"}}")), 409);
	KL_CHECK_INT(code(api_delete(CMS "/occ", "{\"preconditions\":{\"resourceVersion\":\"1\"}}")), 409);
	KL_CHECK_INT(code(api_delete(CMS "/occ", NULL)), 200);
}

KL_TEST(what_changes_nothing_is_not_written)
{
	api_auto made = api_post(CMS, "{\"metadata\":{\"name\":\"same\"},\"data\":{\"n\":\"0\"}}");
	kl_autofree char *rv = rv_of(&made);
	api_auto put = api_put(CMS "/same", made.json);
	kl_autofree char *rv_put = rv_of(&put);
	KL_CHECK_STR(rv_put, rv);
	api_auto patched = api_patch(CMS "/same", MERGE, "{\"data\":{\"n\":\"0\"}}");
	kl_autofree char *rv_patched = rv_of(&patched);
	KL_CHECK_STR(rv_patched, rv);
	KL_CHECK_INT(code(api_delete(CMS "/same", NULL)), 200);
}

static void *add_keys(void *arg)
{
	for (int i = 0; i < 15; i++) {
		kl_autofree char *body = kl_asprintf("{\"data\":{\"%s%d\":\"x\"}}", (const char *)arg, i);
		KL_CHECK_INT(code(api_patch(CMS "/shared", MERGE, body)), 200);
	}
	return NULL;
}

KL_TEST(patches_of_many_all_take_effect)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	pthread_t threads[KL_ARRAY_LEN(names)];
	KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"shared\"}}")), 201);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++)
		pthread_create(&threads[i], NULL, add_keys, (void *)(uintptr_t)names[i]);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++)
		pthread_join(threads[i], NULL);
	api_auto result = api_get(CMS "/shared");
	KL_CHECK_INT(json_object_size(json_object_get(result.json, "data")), 60);
	KL_CHECK_INT(code(api_delete(CMS "/shared", NULL)), 200);
}

KL_TEST(dry_run_changes_nothing)
{
	KL_CHECK_INT(code(api_post(CMS "?dryRun=All", "{\"metadata\":{\"name\":\"dry\"}}")), 201);
	KL_CHECK_INT(code(api_get(CMS "/dry")), 404);
	KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"dry\"}}")), 201);
	KL_CHECK_INT(code(api_post(CMS "?dryRun=All", "{\"metadata\":{\"name\":\"dry\"}}")), 409);
	api_auto patched = api_patch(CMS "/dry?dryRun=All", MERGE, "{\"data\":{\"a\":\"b\"}}");
	KL_CHECK_STR(kl_json_str(patched.json, "data", "a", NULL), "b");
	KL_CHECK_INT(code(api_delete(CMS "/dry?dryRun=All", NULL)), 200);
	KL_CHECK_INT(code(api_delete(CMS "/dry", "{\"dryRun\":[\"All\"]}")), 200);
	api_auto there = api_get(CMS "/dry");
	KL_CHECK_INT(there.code, 200);
	KL_CHECK(json_object_get(there.json, "data") == NULL);
	KL_CHECK_INT(code(api_delete(CMS "/dry", NULL)), 200);
}

#define EVICTION(name) "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"" name "\"}}"
static void make_pod(const char *name, const char *node);

/* The store's version, which every write moves on. */
static char *store_version(void)
{
	api_auto list = api_get(CMS);
	return kl_strdup(kl_json_str(list.json, "metadata", "resourceVersion", NULL));
}

KL_TEST(dry_run_of_every_verb)
{
	static const struct {
		long code;
		const char *method, *path, *body, *type;
	} cases[] = {
		{201, "POST", CMS "?dryRun=All", "{\"metadata\":{\"generateName\":\"g-\"}}", NULL},
		{200, "PUT", CMS "/dried?dryRun=All", "{\"metadata\":{\"name\":\"dried\"},\"data\":{\"a\":\"b\"}}",
			NULL},
		{200, "PATCH", CMS "/dried?dryRun=All", "{\"data\":{\"a\":\"b\"}}", MERGE},
		{200, "PATCH", CMS "/dried?dryRun=All", "{\"data\":{\"a\":\"b\"}}",
			"application/strategic-merge-patch+json"},
		{200, "PATCH", CMS "/dried?dryRun=All", "[{\"op\":\"add\",\"path\":\"/data\",\"value\":{}}]",
			"application/json-patch+json"},
		{200, "PATCH", CMS "/dried?dryRun=All&fieldManager=m",
			"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"dried\"},\"data\":{"
			"\"a\":\"b\"}}",
			"application/apply-patch+yaml"},
		{201, "PATCH", CMS "/new?dryRun=All&fieldManager=m",
			"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"new\"}}",
			"application/apply-patch+yaml"},
		{200, "DELETE", CMS "/dried?dryRun=All", NULL, NULL},
		{200, "DELETE", CMS "/dried?propagationPolicy=Foreground", "{\"dryRun\":[\"All\"]}", NULL},
		{200, "DELETE", CMS "?dryRun=All", NULL, NULL},
		{200, "PATCH", NS "/pods/dried/status?dryRun=All", "{\"status\":{\"phase\":\"Running\"}}", MERGE},
		{201, "POST", NS "/pods/dried/binding?dryRun=All", "{\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}",
			NULL},
		{201, "POST", NS "/pods/dried/eviction?dryRun=All", EVICTION("dried"), NULL},
		{200, "DELETE", NS "/pods/dried?dryRun=All&gracePeriodSeconds=0", NULL, NULL},
		{200, "PATCH", "/apis/apps/v1/namespaces/default/deployments/dried/scale?dryRun=All",
			"{\"spec\":{\"replicas\":7}}", MERGE},
		{201, "POST", NS "/services?dryRun=All",
			"{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}", NULL},
		{201, "POST", "/api/v1/namespaces?dryRun=All", "{\"metadata\":{\"name\":\"dry-ns\"}}", NULL},
		{200, "DELETE", "/api/v1/namespaces/kube-node-lease?dryRun=All", NULL, NULL},
	};
	make_pod("dried", NULL);
	KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"dried\"}}")), 201);
	KL_CHECK_INT(code(api_post("/apis/apps/v1/namespaces/default/deployments",
			     "{\"metadata\":{\"name\":\"dried\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}"
			     ",\"template\":{"
			     "\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\","
			     "\"image\":\"i\"}]}}}}")),
		201);
	kl_autofree char *before = store_version();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		api_auto answer = api_send(&(struct api_request){.method = cases[i].method,
			.path = cases[i].path,
			.body = cases[i].body,
			.content_type = cases[i].type});
		if (!KL_CHECK_INT(answer.code, cases[i].code))
			kl_test_failed(__FILE__, __LINE__, "%s %s: %.200s", cases[i].method, cases[i].path,
				kl_buf_str(&answer.body));
	}
	kl_autofree char *after = store_version();
	KL_CHECK_STR(after, before);
	KL_CHECK_INT(code(api_delete(CMS, NULL)), 200);
	KL_CHECK_INT(code(api_delete(NS "/pods/dried?gracePeriodSeconds=0", NULL)), 200);
	KL_CHECK_INT(code(api_delete("/apis/apps/v1/namespaces/default/deployments/dried", NULL)), 200);
}

KL_TEST(finalizers_hold_an_object)
{
	KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"held\",\"finalizers\":[\"example.com/a\"]}}")), 201);
	KL_CHECK_INT(code(api_delete(CMS "/held", NULL)), 200);
	api_auto held = api_get(CMS "/held");
	KL_CHECK(*kl_json_str(held.json, "metadata", "deletionTimestamp", NULL));
	KL_CHECK_INT(code(api_patch(CMS "/held", MERGE,
			     "{\"metadata\":{\"finalizers\":[\"example.com/a\",\"example.com/b\"]}}")),
		422);
	KL_CHECK_INT(code(api_patch(CMS "/held", MERGE, "{\"data\":{\"still\":\"writable\"}}")), 200);
	KL_CHECK_INT(code(api_patch(CMS "/held", MERGE, "{\"metadata\":{\"finalizers\":null}}")), 200);
	KL_CHECK_INT(code(api_get(CMS "/held")), 404);
}

KL_TEST(propagation_becomes_a_finalizer)
{
	static const struct {
		const char *policy, *finalizer;
	} cases[] = {{"Foreground", "foregroundDeletion"}, {"Orphan", "orphan"}};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *body = kl_asprintf("{\"propagationPolicy\":\"%s\"}", cases[i].policy);
		KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"owner\"}}")), 201);
		KL_CHECK_INT(code(api_delete(CMS "/owner", body)), 200);
		api_auto held = api_get(CMS "/owner");
		KL_CHECK_STR(
			json_string_value(json_array_get(kl_json_get(held.json, "metadata", "finalizers", NULL), 0)),
			cases[i].finalizer);
		KL_CHECK_INT(code(api_patch(CMS "/owner", MERGE, "{\"metadata\":{\"finalizers\":[]}}")), 200);
		KL_CHECK_INT(code(api_get(CMS "/owner")), 404);
	}
}

static void make_pod(const char *name, const char *node)
{
	kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"app\":\"p\"}},\"spec\":{%s%"
					     "s%s\"containers\":[{\"name\":\"c\","
					     "\"image\":\"i\"}]}}",
		name, node ? "\"nodeName\":\"" : "", node ? node : "", node ? "\"," : "");
	api_auto answer = api_post(NS "/pods", body);
	KL_CHECK_INT(answer.code, 201);
	KL_CHECK_STR(kl_json_str(answer.json, "spec", "serviceAccountName", NULL), "default");
	KL_CHECK_INT(json_array_size(kl_json_get(answer.json, "spec", "tolerations", NULL)), 2);
}

KL_TEST(pods_end_gracefully)
{
	make_pod("unbound", NULL);
	KL_CHECK_INT(code(api_delete(NS "/pods/unbound", NULL)), 200);
	KL_CHECK_INT(code(api_get(NS "/pods/unbound")), 404);

	make_pod("bound", "node1");
	api_auto first = api_delete(NS "/pods/bound", NULL);
	KL_CHECK_INT(first.code, 200);
	KL_CHECK_INT(kl_json_int(first.json, 0, "metadata", "deletionGracePeriodSeconds", NULL), 30);
	api_auto shorter = api_delete(NS "/pods/bound", "{\"gracePeriodSeconds\":5}");
	KL_CHECK_INT(kl_json_int(shorter.json, 0, "metadata", "deletionGracePeriodSeconds", NULL), 5);
	api_auto longer = api_delete(NS "/pods/bound", "{\"gracePeriodSeconds\":50}");
	KL_CHECK_INT(kl_json_int(longer.json, 0, "metadata", "deletionGracePeriodSeconds", NULL), 5);
	KL_CHECK_INT(code(api_patch(NS "/pods/bound/status", MERGE, "{\"status\":{\"phase\":\"Running\"}}")), 200);
	KL_CHECK_INT(code(api_get(NS "/pods/bound")), 200);
	KL_CHECK_INT(code(api_delete(NS "/pods/bound", "{\"gracePeriodSeconds\":0}")), 200);
	KL_CHECK_INT(code(api_get(NS "/pods/bound")), 404);
}

KL_TEST(binding_and_eviction)
{
	make_pod("b", NULL);
	static const char binding[] =
		"{\"metadata\":{\"name\":\"b\"},\"target\":{\"kind\":\"Node\",\"name\":\"node7\"}}";
	api_auto bound = api_post(NS "/pods/b/binding", binding);
	KL_CHECK_INT(bound.code, 201);
	KL_CHECK_STR(kl_json_str(bound.json, "status", NULL), "Success");
	api_auto pod = api_get(NS "/pods/b");
	KL_CHECK_STR(kl_json_str(pod.json, "spec", "nodeName", NULL), "node7");
	api_auto twice = api_post(NS "/pods/b/binding", binding);
	KL_CHECK_INT(twice.code, 409);
	KL_CHECK(strstr(api_message(&twice), "is already assigned to node \"node7\"") != NULL);
	KL_CHECK_INT(code(api_post(NS "/pods/b/binding", "{\"target\":{}}")), 422);
	KL_CHECK_INT(code(api_post(NS "/pods/none/binding", binding)), 404);

	KL_CHECK_INT(code(api_post(NS "/pods/b/eviction", EVICTION("b"))), 201);
	api_auto going = api_get(NS "/pods/b");
	KL_CHECK(*kl_json_str(going.json, "metadata", "deletionTimestamp", NULL));
	KL_CHECK_INT(code(api_delete(NS "/pods/b?gracePeriodSeconds=0", NULL)), 200);
}

static void set_running(const char *name, const char *ready)
{
	kl_autofree char *path = kl_asprintf(NS "/pods/%s/status", name);
	kl_autofree char *body = kl_asprintf(
		"{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"%s\"}]}}", ready);
	KL_CHECK_INT(code(api_patch(path, MERGE, body)), 200);
}

#define BUDGETS "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

static void set_budget(const char *name, int observed, int allowed, int current, int desired)
{
	kl_autofree char *path = kl_asprintf(BUDGETS "/%s/status", name);
	kl_autofree char *body = kl_asprintf(
		"{\"status\":{\"observedGeneration\":%d,\"disruptionsAllowed\":%d,\"currentHealthy\":%d,"
		"\"desiredHealthy\":%d,\"expectedPods\":3,\"conditions\":[{\"type\":\"DisruptionAllowed\",\"status\":"
		"\"True\",\"reason\":\"SufficientPods\",\"message\":\"\",\"lastTransitionTime\":\"2026-01-01T00:00:"
		"00Z\"}]}}",
		observed, allowed, current, desired);
	KL_CHECK_INT(code(api_patch(path, MERGE, body)), 200);
}

static struct api_answer evict(const char *name, const char *query)
{
	kl_autofree char *path = kl_asprintf(NS "/pods/%s/eviction%s", name, query);
	kl_autofree char *body = kl_asprintf(
		"{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"%s\"}}", name);
	return api_post(path, body);
}

static const char *cause(const struct api_answer *answer)
{
	return kl_json_str(json_array_get(kl_json_get(answer->json, "details", "causes", NULL), 0), "message", NULL);
}

KL_TEST(evictions_are_taken_from_a_budget)
{
	static const char *const names[] = {"e1", "e2", "e3"};
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		make_pod(names[i], "node1");
		set_running(names[i], "True");
	}
	KL_CHECK_INT(
		code(api_post(BUDGETS, "{\"metadata\":{\"name\":\"pdb\"},\"spec\":{\"minAvailable\":2,\"selector\":{"
				       "\"matchLabels\":{\"app\":\"p\"}}}}")),
		201);
	api_auto early = evict("e1", "");
	KL_CHECK_INT(early.code, 429);
	KL_CHECK_STR(cause(&early), "The disruption budget pdb is still being processed by the server.");
	KL_CHECK(strcasestr(kl_buf_str(&early.headers), "Retry-After: 10") != NULL);
	set_budget("pdb", 1, 1, 3, 2);

	KL_CHECK_INT(code(evict("e1", "?dryRun=All")), 201);
	api_auto untouched = api_get(BUDGETS "/pdb");
	KL_CHECK_INT(kl_json_int(untouched.json, -1, "status", "disruptionsAllowed", NULL), 1);
	KL_CHECK_INT(code(evict("e1", "")), 201);
	api_auto taken = api_get(BUDGETS "/pdb");
	KL_CHECK_INT(kl_json_int(taken.json, -1, "status", "disruptionsAllowed", NULL), 0);
	KL_CHECK(*kl_json_str(taken.json, "status", "disruptedPods", "e1", NULL));
	KL_CHECK_STR(
		kl_json_str(json_array_get(kl_json_get(taken.json, "status", "conditions", NULL), 0), "reason", NULL),
		"InsufficientPods");
	api_auto going = api_get(NS "/pods/e1");
	KL_CHECK(*kl_json_str(going.json, "metadata", "deletionTimestamp", NULL));

	api_auto refused = evict("e2", "");
	KL_CHECK_INT(refused.code, 429);
	KL_CHECK_STR(api_reason(&refused), "TooManyRequests");
	KL_CHECK_STR(api_message(&refused), "Cannot evict pod as it would violate the pod's disruption budget.");
	KL_CHECK_STR(cause(&refused), "The disruption budget pdb needs 2 healthy pods and has 3 currently");
	KL_CHECK(strcasestr(kl_buf_str(&refused.headers), "Retry-After") == NULL);

	/* one that is not ready goes while enough others are */
	set_running("e3", "False");
	KL_CHECK_INT(code(evict("e3", "")), 201);
	KL_CHECK_INT(code(api_post(BUDGETS,
			     "{\"metadata\":{\"name\":\"pdb2\"},\"spec\":{\"minAvailable\":1,\"selector\":{}}}")),
		201);
	api_auto two = evict("e2", "");
	KL_CHECK_INT(two.code, 500);
	KL_CHECK(strstr(api_message(&two), "more than one PodDisruptionBudget") != NULL);
	KL_CHECK_INT(code(api_delete(BUDGETS, NULL)), 200);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		kl_autofree char *path = kl_asprintf(NS "/pods/%s?gracePeriodSeconds=0", names[i]);
		KL_CHECK_INT(code(api_delete(path, NULL)), 200);
	}
}

KL_TEST(namespaces_end_in_two_steps)
{
	KL_CHECK_INT(code(api_post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"going\"}}")), 201);
	KL_CHECK_INT(code(api_post("/api/v1/namespaces/going/configmaps", "{\"metadata\":{\"name\":\"in\"}}")), 201);
	KL_CHECK_INT(code(api_delete("/api/v1/namespaces/going", NULL)), 200);
	api_auto going = api_get("/api/v1/namespaces/going");
	KL_CHECK_STR(kl_json_str(going.json, "status", "phase", NULL), "Terminating");
	api_auto refused = api_post("/api/v1/namespaces/going/configmaps", "{\"metadata\":{\"name\":\"late\"}}");
	KL_CHECK_INT(refused.code, 403);
	KL_CHECK(strstr(api_message(&refused), "because it is being terminated") != NULL);
	kl_json_set(going.json, json_array(), "spec", "finalizers", NULL);
	api_auto kept = api_put("/api/v1/namespaces/going", going.json);
	KL_CHECK_INT(kept.code, 200);
	KL_CHECK_INT(json_array_size(kl_json_get(kept.json, "spec", "finalizers", NULL)), 1);
	kl_json_delete(going.json, "metadata", "resourceVersion", NULL);
	KL_CHECK_INT(code(api_put("/api/v1/namespaces/going/finalize", going.json)), 200);
	KL_CHECK_INT(code(api_get("/api/v1/namespaces/going")), 404);
}

static json_t *make_service(const char *name, const char *spec)
{
	kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"%s\"},\"spec\":%s}", name, spec);
	api_auto answer = api_post(NS "/services", body);
	if (!KL_CHECK_INT(answer.code, 201))
		kl_test_failed(__FILE__, __LINE__, "%s: %.300s", name, kl_buf_str(&answer.body));
	return json_incref(answer.json);
}

KL_TEST(services_get_and_give_back)
{
	kl_autojson *plain = make_service("plain", "{\"ports\":[{\"port\":80}]}");
	KL_CHECK(!strncmp(kl_json_str(plain, "spec", "clusterIP", NULL), "10.96.0.", 8));
	kl_autojson *headless = make_service("headless", "{\"clusterIP\":\"None\",\"ports\":[{\"port\":80}]}");
	KL_CHECK_STR(kl_json_str(headless, "spec", "clusterIP", NULL), "None");
	kl_autojson *fixed = make_service("fixed",
		"{\"type\":\"NodePort\",\"clusterIP\":\"10.96.0.77\",\"ports\":[{\"name\":\"t\",\"port\":80,"
		"\"nodePort\":30007},{\"name\":\"u\",\"port\":80,\"protocol\":\"UDP\"}]}");
	const json_t *ports = kl_json_get(fixed, "spec", "ports", NULL);
	KL_CHECK_INT(kl_json_int(json_array_get(ports, 1), 0, "nodePort", NULL), 30007);
	api_auto taken = api_post(NS "/services",
		"{\"metadata\":{\"name\":\"thief\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":1,"
		"\"nodePort\":30007}]}}");
	KL_CHECK_INT(taken.code, 422);
	KL_CHECK(strstr(api_message(&taken), "provided port is already allocated") != NULL);
	KL_CHECK_INT(code(api_patch(NS "/services/fixed", MERGE, "{\"spec\":{\"type\":\"ClusterIP\"}}")), 200);
	api_auto without = api_get(NS "/services/fixed");
	KL_CHECK_INT(
		kl_json_int(json_array_get(kl_json_get(without.json, "spec", "ports", NULL), 0), 0, "nodePort", NULL),
		0);
	kl_autojson *heir = make_service("heir", "{\"type\":\"NodePort\",\"ports\":[{\"port\":1,\"nodePort\":30007}]}");
	KL_CHECK(heir != NULL);
	KL_CHECK_INT(code(api_delete(NS "/services/fixed", NULL)), 200);
	kl_autojson *next = make_service("next", "{\"clusterIP\":\"10.96.0.77\",\"ports\":[{\"port\":80}]}");
	KL_CHECK_STR(kl_json_str(next, "spec", "clusterIP", NULL), "10.96.0.77");
	api_restart(); /* what is taken is known again from the Services */
	KL_CHECK_INT(code(api_post(NS "/services", "{\"metadata\":{\"name\":\"thief\"},\"spec\":{\"clusterIP\":\"10.96."
						   "0.77\",\"ports\":[{\"port\":1}]}}")),
		422);
	KL_CHECK_INT(code(api_delete(NS "/services", NULL)), 200);
}

/* 20 node ports in all: every one can be had, the next is refused, and a failed creation keeps nothing. */
KL_TEST(node_ports_run_out_and_come_back)
{
	for (int round = 0; round < 2; round++) {
		int made = 0;
		for (int i = 0; i < 25; i++) {
			kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"np%d\"},\"spec\":{\"type\":"
							     "\"NodePort\",\"ports\":[{\"port\":80}]}}",
				i);
			api_auto answer = api_post(NS "/services", body);
			made += answer.code == 201;
			KL_CHECK(answer.code == 201 || answer.code == 422);
			api_auto twice = api_post(NS "/services", body);
			KL_CHECK(twice.code == 409 || twice.code == 422);
		}
		KL_CHECK_INT(made, 20);
		KL_CHECK_INT(code(api_delete(NS "/services", NULL)), 200);
	}
}

KL_TEST(scale)
{
#define DEPLOY "/apis/apps/v1/namespaces/default/deployments"
	KL_CHECK_INT(code(api_post(DEPLOY, "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":2,\"selector\":{"
					   "\"matchLabels\":{\"a\":\"b\"}},\"template\":{"
					   "\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{"
					   "\"name\":\"c\",\"image\":\"i\"}]}}}}")),
		201);
	api_auto scale = api_get(DEPLOY "/d/scale");
	KL_CHECK_STR(kl_json_str(scale.json, "kind", NULL), "Scale");
	KL_CHECK_INT(kl_json_int(scale.json, 0, "spec", "replicas", NULL), 2);
	kl_json_set(scale.json, json_integer(5), "spec", "replicas", NULL);
	api_auto put = api_put(DEPLOY "/d/scale", scale.json);
	KL_CHECK_INT(kl_json_int(put.json, 0, "spec", "replicas", NULL), 5);
	KL_CHECK_INT(code(api_put(DEPLOY "/d/scale", scale.json)), 409);
	api_auto patched = api_patch(DEPLOY "/d/scale", MERGE, "{\"spec\":{\"replicas\":7}}");
	KL_CHECK_INT(patched.code, 200);
	api_auto whole = api_get(DEPLOY "/d");
	KL_CHECK_INT(kl_json_int(whole.json, 0, "spec", "replicas", NULL), 7);
	KL_CHECK_INT(kl_json_int(whole.json, 0, "metadata", "generation", NULL), 3);
	KL_CHECK_INT(code(api_delete(DEPLOY "/d", NULL)), 200);
}

KL_TEST(a_collection_is_deleted_by_its_labels)
{
	for (int i = 0; i < 10; i++) {
		kl_autofree char *body =
			kl_asprintf("{\"metadata\":{\"name\":\"c%d\",\"labels\":{\"half\":\"%d\"}}}", i, i % 2);
		KL_CHECK_INT(code(api_post("/api/v1/namespaces/kube-public/configmaps", body)), 201);
	}
	api_auto deleted = api_delete("/api/v1/namespaces/kube-public/configmaps?labelSelector=half%3D1", NULL);
	KL_CHECK_INT(deleted.code, 200);
	KL_CHECK_INT(json_array_size(json_object_get(deleted.json, "items")), 5);
	api_auto left = api_get("/api/v1/namespaces/kube-public/configmaps");
	KL_CHECK_INT(json_array_size(json_object_get(left.json, "items")), 5);
}

KL_TEST(everything_is_there_after_a_restart)
{
	KL_CHECK_INT(code(api_post(CMS, "{\"metadata\":{\"name\":\"durable\"},\"data\":{\"a\":\"b\"}}")), 201);
	api_auto before = api_get(CMS "/durable");
	api_restart();
	api_auto after = api_get(CMS "/durable");
	KL_CHECK_STR(kl_buf_str(&after.body), kl_buf_str(&before.body));
}

KL_MAIN()
