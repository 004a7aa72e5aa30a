#include "node.h"
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const ips[] = {"10.0.0.1", "fd00::1", NULL};
static const struct kl_node_capacity capacity = {.cpus = 4,
	.memory_bytes = INT64_C(8) << 30,
	.disk_bytes = 1 << 30,
	.max_pods = 110,
	.reserved_cpu_milli = 500,
	.reserved_memory_bytes = INT64_C(1) << 30};

static struct kl_node_options options(void)
{
	return (struct kl_node_options){.name = "n1",
		.ips = ips,
		.runtime_version = "keelson://x",
		.capacity = capacity,
		.kubelet_port = 10250};
}

static const json_t *condition(const json_t *status, const char *type)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "conditions"), i, item)
		if (!strcmp(kl_json_str(item, "type", NULL), type))
			return item;
	return NULL;
}

KL_TEST(reservations)
{
	static const struct {
		const char *text;
		int rc;
		int64_t cpu, memory;
	} cases[] = {
		{"", 0, 0, 0},
		{"cpu=500m", 0, 500, 0},
		{"cpu=1,memory=1Gi", 0, 1000, 1 << 30},
		{"cpu", -EINVAL, 0, 0},
		{"cpu=x", -EINVAL, 0, 0},
		{"gpu=1", -EINVAL, 0, 0},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_node_capacity c = {0};
		KL_CHECK_INT(kl_node_reserved_parse(cases[i].text, &c, NULL), cases[i].rc);
		if (!cases[i].rc) {
			KL_CHECK_INT(c.reserved_cpu_milli, cases[i].cpu);
			KL_CHECK_INT(c.reserved_memory_bytes, cases[i].memory);
		}
	}
}

KL_TEST(status)
{
	const struct kl_node_options o = options();
	struct kl_node_facts facts = {.options = &o, .ready = true, .now_ms = 1700000000000};
	kl_autojson *first = kl_node_status(&facts);

	KL_CHECK_STR(kl_json_str(first, "capacity", "cpu", NULL), "4");
	KL_CHECK_STR(kl_json_str(first, "allocatable", "cpu", NULL), "3500m");
	KL_CHECK_STR(kl_json_str(first, "capacity", "memory", NULL), "8388608Ki");
	KL_CHECK_STR(kl_json_str(first, "allocatable", "memory", NULL), "7340032Ki");
	KL_CHECK_STR(kl_json_str(first, "allocatable", "pods", NULL), "110");
	KL_CHECK_STR(kl_json_str(condition(first, "Ready"), "status", NULL), "True");
	KL_CHECK_STR(kl_json_str(condition(first, "MemoryPressure"), "status", NULL), "False");
	KL_CHECK_STR(kl_json_str(first, "nodeInfo", "kubeletVersion", NULL), "v1.33.0+keelson");
	KL_CHECK_INT(json_array_size(json_object_get(first, "addresses")), 3);
	KL_CHECK_INT(kl_json_int(first, 0, "daemonEndpoints", "kubeletEndpoint", "Port", NULL), 10250);

	/* A heartbeat moves with the time, a transition only with the state. */
	facts.old = first;
	facts.now_ms += 60000;
	kl_autojson *second = kl_node_status(&facts);
	const json_t *a = condition(first, "Ready"), *b = condition(second, "Ready");
	KL_CHECK_STR(kl_json_str(b, "lastTransitionTime", NULL), kl_json_str(a, "lastTransitionTime", NULL));
	KL_CHECK(strcmp(kl_json_str(b, "lastHeartbeatTime", NULL), kl_json_str(a, "lastHeartbeatTime", NULL)) != 0);
	facts.old = second;
	facts.ready = false;
	facts.not_ready_reason = "why";
	kl_autojson *third = kl_node_status(&facts);
	const json_t *c = condition(third, "Ready");
	KL_CHECK_STR(kl_json_str(c, "status", NULL), "False");
	KL_CHECK_STR(kl_json_str(c, "message", NULL), "why");
	KL_CHECK(strcmp(kl_json_str(c, "lastTransitionTime", NULL), kl_json_str(b, "lastTransitionTime", NULL)) != 0);
}

KL_TEST(object)
{
	static const char *const labels[] = {"node-role.kubernetes.io/worker=", "zone=a", NULL};
	static const char *const taints[] = {"dedicated=db:NoSchedule", "x:NoExecute", NULL};
	struct kl_node_options o = options();
	const struct kl_node_facts facts = {.options = &o};
	json_t *object = NULL;

	o.labels = labels;
	o.taints = taints;
	KL_CHECK_INT(kl_node_object(&facts, &object, NULL), 0);
	KL_CHECK_STR(kl_json_str(object, "metadata", "labels", "kubernetes.io/hostname", NULL), "n1");
	KL_CHECK_STR(kl_json_str(object, "metadata", "labels", "zone", NULL), "a");
	KL_CHECK(kl_json_str_or_null(object, "metadata", "labels", "node-role.kubernetes.io/worker", NULL));
	const json_t *list = kl_json_get(object, "spec", "taints", NULL);
	KL_CHECK_STR(kl_json_str(json_array_get(list, 0), "key", NULL), "dedicated");
	KL_CHECK_STR(kl_json_str(json_array_get(list, 0), "value", NULL), "db");
	KL_CHECK_STR(kl_json_str(json_array_get(list, 0), "effect", NULL), "NoSchedule");
	KL_CHECK_STR(kl_json_str(json_array_get(list, 1), "key", NULL), "x");
	json_decref(object);
}

KL_TEST(bad_labels_and_taints)
{
	static const char *const cases[] = {"x", "x:Nope", ":NoSchedule", "=v:NoSchedule"};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		const char *const taints[] = {cases[i], NULL};
		struct kl_node_options o = options();
		const struct kl_node_facts facts = {.options = &o};
		json_t *object = NULL;
		o.taints = taints;
		KL_CHECK_INT(kl_node_object(&facts, &object, NULL), -EINVAL);
	}
}

KL_MAIN()
