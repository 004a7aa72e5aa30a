#include "world.h"

#include <stdio.h>

#define SERVICE(name, more) \
	"{'metadata':{'name':'" name "','labels':{'l':'1'}},'spec':{'ports':[{'port':8080,'targetPort':80}]" more "}}"
#define SELECTS ",'selector':{'app':'a'}"
#define REPLICASET(count)                                                                        \
	"{'metadata':{'name':'rs'},'spec':{'replicas':" count                                    \
	",'selector':{'matchLabels':{'app':'a'}},'template':{'metadata':{'labels':{'app':'a'}}," \
	"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"

struct tally {
	size_t slices, total, ready, serving, terminating, biggest;
};

static struct tally tally(struct world *w, const char *service)
{
	struct tally t = {0};
	size_t i, k;
	json_t *slice, *endpoint;
	kl_autojson *slices = world_list(w, "discovery.k8s.io", "EndpointSlice", "default");
	json_array_foreach (slices, i, slice) {
		if (strcmp(kl_json_str(slice, "metadata", "labels", "kubernetes.io/service-name", NULL), service) != 0)
			continue;
		t.slices++;
		size_t size = json_array_size(json_object_get(slice, "endpoints"));
		t.biggest = size > t.biggest ? size : t.biggest;
		json_array_foreach (json_object_get(slice, "endpoints"), k, endpoint) {
			t.total++;
			t.ready += kl_json_bool(endpoint, false, "conditions", "ready", NULL);
			t.serving += kl_json_bool(endpoint, false, "conditions", "serving", NULL);
			t.terminating += kl_json_bool(endpoint, false, "conditions", "terminating", NULL);
		}
	}
	return t;
}

static void open_with_nodes(struct world *w)
{
	world_open(w);
	world_node(w, "node1");
	world_node(w, "node2");
}

static char *some_pod(struct world *w)
{
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	return kl_strdup(kl_json_str(json_array_get(pods, 0), "metadata", "name", NULL));
}

KL_TEST(follows_pods)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	UNTIL(tally(&w, "web").slices == 1);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("3")));
	UNTIL(tally(&w, "web").ready == 3);
	kl_autojson *slices = world_list(&w, "discovery.k8s.io", "EndpointSlice", "default");
	size_t i;
	json_t *slice;
	json_array_foreach (slices, i, slice) {
		if (strcmp(kl_json_str(slice, "metadata", "labels", "kubernetes.io/service-name", NULL), "web") != 0)
			continue;
		const json_t *port = json_array_get(json_object_get(slice, "ports"), 0);
		const json_t *endpoint = json_array_get(json_object_get(slice, "endpoints"), 0);
		KL_CHECK_INT(kl_json_int(port, 0, "port", NULL), 80);
		KL_CHECK_STR(kl_json_str(port, "protocol", NULL), "TCP");
		KL_CHECK(!strncmp(kl_json_str(endpoint, "nodeName", NULL), "node", 4));
		KL_CHECK_STR(kl_json_str(endpoint, "targetRef", "kind", NULL), "Pod");
		KL_CHECK_STR(kl_json_str(slice, "addressType", NULL), "IPv4");
		KL_CHECK_STR(kl_json_str(slice, "metadata", "labels", "l", NULL), "1");
	}
	UNTIL(({
		kl_autojson *endpoints = world_get(&w, "", "Endpoints", "default", "web");
		const json_t *subset = json_array_get(json_object_get(endpoints, "subsets"), 0);
		json_array_size(json_object_get(subset, "addresses")) == 3;
	}));
	world_close(&w);
}

/* How long it took until `cond` held, in milliseconds. */
#define TIME_UNTIL(cond)                           \
	({                                         \
		int64_t from_ = kl_monotonic_ms(); \
		UNTIL(cond);                       \
		kl_monotonic_ms() - from_;         \
	})

KL_TEST(unready_and_terminating_pods_leave_at_once)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("3")));
	UNTIL(tally(&w, "web").ready == 3);
	kubelet_stub_silence(w.kubelet, "node1"); /* so that terminating pods stay */
	kubelet_stub_silence(w.kubelet, "node2");
	kl_autofree char *pod = some_pod(&w);
	world_delete(&w, "", "Pod", "default", pod, NULL);
	int64_t ms = TIME_UNTIL(tally(&w, "web").ready == 2);
	struct tally t = tally(&w, "web");
	KL_CHECK_INT(t.terminating, 1);
	KL_CHECK_INT(t.serving, 3);
	KL_CHECK_INT(t.total, 3);
	printf("terminating pod out of the endpoints after %d ms\n", (int)ms);
	KL_CHECK(ms < 500);
	world_close(&w);
}

KL_TEST(selectors_and_labels_change)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("2")));
	UNTIL(tally(&w, "web").ready == 2);
	kl_autofree char *pod = some_pod(&w);
	world_patch(&w, "", "Pod", "default", pod, "{'metadata':{'labels':{'app':'b'}}}");
	UNTIL(tally(&w, "web").total == 2 && world_ready(&w, "default") == 3);
	world_patch(&w, "", "Service", "default", "web", "{'spec':{'selector':{'app':'b'}}}");
	UNTIL(tally(&w, "web").total == 1);
	world_patch(&w, "", "Service", "default", "web", "{'spec':{'selector':{'app':'none'}}}");
	UNTIL(tally(&w, "web").total == 0 && tally(&w, "web").slices == 1);
	world_delete(&w, "", "Service", "default", "web", NULL);
	UNTIL(tally(&w, "web").slices == 0);
	UNTIL(({
		kl_autojson *endpoints = world_get(&w, "", "Endpoints", "default", "web");
		!endpoints;
	}));
	world_close(&w);
}

KL_TEST(big_services_have_several_slices)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("130")));
	UNTIL(tally(&w, "web").ready == 130);
	KL_CHECK(tally(&w, "web").biggest <= 100);
	KL_CHECK(tally(&w, "web").slices >= 2);
	world_patch(&w, "apps", "ReplicaSet", "default", "rs", "{'spec':{'replicas':0}}");
	UNTIL(tally(&w, "web").total == 0 && tally(&w, "web").slices == 1);
	world_close(&w);
}

KL_TEST(services_without_selector_are_left_alone)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("own", "")));
	json_decref(world_create(&w, "discovery.k8s.io", "EndpointSlice", "default",
		"{'metadata':{'name':'mine','labels':{'kubernetes.io/service-name':'own'}},'addressType':'IPv4',"
		"'endpoints':[{'addresses':['10.1.1.1']}],'ports':[]}"));
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	UNTIL(tally(&w, "web").slices == 1);
	KL_CHECK_INT(tally(&w, "own").slices, 1);
	KL_CHECK_INT(tally(&w, "own").total, 1);
	world_close(&w);
}

KL_TEST(not_ready_pods_and_who_wants_them)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default", SERVICE("web", SELECTS)));
	json_decref(world_create(&w, "", "Service", "default",
		SERVICE("peers", SELECTS ",'clusterIP':'None','publishNotReadyAddresses':true")));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'p','labels':{'app':'a'}},'spec':{'containers':[{'name':'c','image':'i'}]}}"));
	UNTIL(tally(&w, "web").ready == 1 && tally(&w, "peers").ready == 1);
	struct kl_response response;
	static const char body[] = "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}";
	static const char *const groups[] = {"system:masters", NULL};
	struct kl_user user = {"test", groups};
	struct kl_request request = {.verb = KL_PATCH,
		.kind = kl_kind_named("", "Pod"),
		.ns = "default",
		.name = "p",
		.subresource = "status",
		.user = &user,
		.body = body,
		.body_len = strlen(body),
		.patch_type = KL_PATCH_STRATEGIC,
		.grace_period_s = -1};
	KL_CHECK_INT(kl_registry_do(w.registry, &request, &response), 0);
	kl_response_release(&response);
	int64_t ms = TIME_UNTIL(tally(&w, "web").ready == 0);
	printf("failing pod out of the endpoints after %d ms\n", (int)ms);
	UNTIL(tally(&w, "web").total == 1 && tally(&w, "peers").ready == 1 && tally(&w, "peers").serving == 0);
	world_close(&w);
}

KL_TEST(named_ports_resolve_per_pod)
{
	struct world w;
	size_t i;
	json_t *slice;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'web'},'spec':{'selector':{'app':'a'},'ports':[{'name':'h','port':80,'targetPort':"
		"'http'}]}}"));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'p1','labels':{'app':'a'}},'spec':{'containers':"
		"[{'name':'c','image':'i','ports':[{'name':'http','containerPort':8001}]}]}}"));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'p2','labels':{'app':'a'}},'spec':{'containers':"
		"[{'name':'c','image':'i','ports':[{'name':'http','containerPort':8002}]}]}}"));
	UNTIL(tally(&w, "web").ready == 2 && tally(&w, "web").slices == 2);
	int64_t sum = 0;
	kl_autojson *slices = world_list(&w, "discovery.k8s.io", "EndpointSlice", "default");
	json_array_foreach (slices, i, slice) {
		if (!strcmp(kl_json_str(slice, "metadata", "labels", "kubernetes.io/service-name", NULL), "web"))
			sum += kl_json_int(json_array_get(json_object_get(slice, "ports"), 0), 0, "port", NULL);
	}
	KL_CHECK_INT(sum, 8001 + 8002);
	world_close(&w);
}

KL_MAIN()
