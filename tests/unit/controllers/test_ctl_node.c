#include "world.h"

#include <stdio.h>

#define REPLICASET(count)                                                                        \
	"{'metadata':{'name':'rs'},'spec':{'replicas':" count                                    \
	",'selector':{'matchLabels':{'app':'a'}},'template':{'metadata':{'labels':{'app':'a'}}," \
	"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"

static const char *ready_of(const json_t *node, const char *field)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(node, "status", "conditions", NULL), i, condition) {
		if (!strcmp(kl_json_str(condition, "type", NULL), "Ready"))
			return kl_json_str(condition, field, NULL);
	}
	return "";
}

static bool node_is(struct world *w, const char *name, const char *ready)
{
	kl_autojson *node = world_get(w, "", "Node", "", name);
	return !strcmp(ready_of(node, "status"), ready);
}

static size_t taints(struct world *w, const char *name, const char *key)
{
	size_t i, count = 0;
	json_t *taint;
	kl_autojson *node = world_get(w, "", "Node", "", name);
	json_array_foreach (kl_json_get(node, "spec", "taints", NULL), i, taint)
		count += !strcmp(kl_json_str(taint, "key", NULL), key);
	return count;
}

static size_t on_node(struct world *w, const char *node)
{
	size_t i, count = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod)
		count += !strcmp(kl_json_str(pod, "spec", "nodeName", NULL), node) &&
			 !kl_json_get(pod, "metadata", "deletionTimestamp", NULL);
	return count;
}

KL_TEST(nodes_get_ranges_of_their_own)
{
	struct world w;
	char name[16], seen[6][32];
	world_open_with_grace(&w, 1500);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "node%d", i);
		world_node(&w, name);
	}
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "node%d", i);
		UNTIL(({
			kl_autojson *node = world_get(&w, "", "Node", "", name);
			snprintf(seen[i], sizeof(seen[i]), "%s", kl_json_str(node, "spec", "podCIDR", NULL));
			*seen[i] != 0;
		}));
		KL_CHECK(!strncmp(seen[i], "10.244.", 7));
		for (int k = 0; k < i; k++)
			KL_CHECK(strcmp(seen[i], seen[k]) != 0);
	}
	world_delete(&w, "", "Node", "", "node2", NULL);
	world_node(&w, "again");
	UNTIL(({
		kl_autojson *node = world_get(&w, "", "Node", "", "again");
		!strcmp(kl_json_str(node, "spec", "podCIDR", NULL), seen[2]);
	}));
	world_close(&w);
}

KL_TEST(a_silent_node_is_unknown_and_its_pods_are_replaced)
{
	struct world w;
	world_open_with_grace(&w, 1500);
	world_node(&w, "node1");
	world_node(&w, "node2");
	json_decref(world_create(&w, "", "Service", "default",
		"{'metadata':{'name':'s'},'spec':{'selector':{'app':'a'},'ports':[{'port':80}]}}"));
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("4")));
	UNTIL(world_ready(&w, "default") == 4 && on_node(&w, "node1") == 2);
	kubelet_stub_silence(w.kubelet, "node1");
	UNTIL(node_is(&w, "node1", "Unknown"));
	kl_autojson *node = world_get(&w, "", "Node", "", "node1");
	KL_CHECK_STR(ready_of(node, "reason"), "NodeStatusUnknown");
	KL_CHECK_STR(ready_of(node, "message"), "Kubelet stopped posting node status.");
	UNTIL(taints(&w, "node1", "node.kubernetes.io/unreachable") == 2);
	/* Evicted after the second that admission gave them, replaced on the other node; the stuck ones stay
	 * Terminating. */
	UNTIL(world_ready(&w, "default") == 4 && on_node(&w, "node2") == 4);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 6);
	UNTIL(({
		size_t i, k, ready = 0;
		json_t *slice, *endpoint;
		kl_autojson *slices = world_list(&w, "discovery.k8s.io", "EndpointSlice", "default");
		json_array_foreach (slices, i, slice)
			json_array_foreach (json_object_get(slice, "endpoints"), k, endpoint)
				ready += kl_json_bool(endpoint, false, "conditions", "ready", NULL) &&
					 !strcmp(kl_json_str(endpoint, "nodeName", NULL), "node2");
		ready == 4;
	}));
	/* It comes back: the taints go, its old pods end. */
	kubelet_stub_wake(w.kubelet, "node1");
	UNTIL(node_is(&w, "node1", "True") && !taints(&w, "node1", "node.kubernetes.io/unreachable"));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'poke'},'spec':{'nodeName':'node1','containers':[{'name':'c','image':'i'}]}}"));
	UNTIL(world_ready(&w, "default") == 5);
	world_close(&w);
}

KL_TEST(nothing_is_evicted_when_every_node_is_lost)
{
	struct world w;
	world_open_with_grace(&w, 1500);
	world_node(&w, "node1");
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("2")));
	UNTIL(world_ready(&w, "default") == 2);
	kubelet_stub_silence(w.kubelet, "node1");
	UNTIL(taints(&w, "node1", "node.kubernetes.io/unreachable") == 2 && world_ready(&w, "default") == 0);
	for (int64_t end = kl_monotonic_ms() + 2500; kl_monotonic_ms() < end;)
		world_nap();
	KL_CHECK_INT(on_node(&w, "node1"), 2);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 2);
	world_close(&w);
}

KL_TEST(pods_of_a_deleted_node_are_collected)
{
	struct world w;
	world_open_with_grace(&w, 1500);
	world_node(&w, "node1");
	world_node(&w, "node2");
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("4")));
	UNTIL(world_ready(&w, "default") == 4);
	kubelet_stub_silence(w.kubelet, "node1");
	world_delete(&w, "", "Node", "", "node1", NULL);
	UNTIL(world_count(&w, "", "Pod", "default") == 4 && on_node(&w, "node2") == 4);
	world_close(&w);
}

KL_TEST(cordon_and_user_taints)
{
	struct world w;
	world_open_with_grace(&w, 1500);
	world_node(&w, "node1");
	world_node(&w, "node2");
	world_patch(&w, "", "Node", "", "node1", "{'spec':{'unschedulable':true}}");
	UNTIL(taints(&w, "node1", "node.kubernetes.io/unschedulable") == 1);
	world_patch(&w, "", "Node", "", "node1", "{'spec':{'unschedulable':false}}");
	UNTIL(taints(&w, "node1", "node.kubernetes.io/unschedulable") == 0);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("4")));
	UNTIL(world_ready(&w, "default") == 4 && on_node(&w, "node1") == 2);
	world_patch(&w, "", "Node", "", "node1", "{'spec':{'taints':[{'key':'away','effect':'NoExecute'}]}}");
	UNTIL(world_ready(&w, "default") == 4 && on_node(&w, "node1") == 0);
	KL_CHECK_INT(taints(&w, "node1", "away"), 1);
	world_close(&w);
}

KL_TEST(tolerated_for_a_while)
{
	struct world w;
	world_open_with_grace(&w, 1500);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'p'},'spec':{'terminationGracePeriodSeconds':1,'tolerations':[{'key':'away','"
		"operator':'Exists',"
		"'effect':'NoExecute','tolerationSeconds':2}],'containers':[{'name':'c','image':'i'}]}}"));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'q'},'spec':{'tolerations':[{'operator':'Exists'}],'containers':[{'name':'c','"
		"image':'i'}]}}"));
	UNTIL(world_ready(&w, "default") == 2);
	int64_t from = kl_monotonic_ms();
	world_patch(&w, "", "Node", "", "node1", "{'spec':{'taints':[{'key':'away','effect':'NoExecute'}]}}");
	UNTIL(world_ready(&w, "default") == 1);
	KL_CHECK(kl_monotonic_ms() - from >= 900); /* times in the API are whole seconds */
	kl_autojson *stays = world_get(&w, "", "Pod", "default", "q");
	KL_CHECK(stays != NULL);
	world_close(&w);
}

KL_MAIN()
