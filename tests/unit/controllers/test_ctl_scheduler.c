#include "world.h"

#include <stdio.h>

#define POD(name, spec) "{'metadata':{'name':'" name "'},'spec':{" spec "'containers':[{'name':'c','image':'i'}]}}"

static bool on(struct world *w, const char *pod, const char *node)
{
	kl_autojson *json = world_get(w, "", "Pod", "default", pod);
	return !strcmp(kl_json_str(json, "spec", "nodeName", NULL), node);
}

static bool unschedulable(struct world *w, const char *pod, const char *words)
{
	size_t i;
	json_t *condition;
	kl_autojson *json = world_get(w, "", "Pod", "default", pod);
	json_array_foreach (kl_json_get(json, "status", "conditions", NULL), i, condition) {
		if (!strcmp(kl_json_str(condition, "type", NULL), "PodScheduled"))
			return !strcmp(kl_json_str(condition, "status", NULL), "False") &&
			       !strcmp(kl_json_str(condition, "reason", NULL), "Unschedulable") &&
			       strstr(kl_json_str(condition, "message", NULL), words);
	}
	return false;
}

static bool said(struct world *w, const char *reason, const char *words)
{
	size_t i;
	json_t *event;
	kl_autojson *events = world_list(w, "", "Event", "default");
	json_array_foreach (events, i, event) {
		if (!strcmp(kl_json_str(event, "reason", NULL), reason) &&
			strstr(kl_json_str(event, "message", NULL), words))
			return true;
	}
	return false;
}

KL_TEST(waits_says_why_and_goes_on)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(&w, "", "Pod", "default", POD("p", "'nodeSelector':{'disk':'ssd'},")));
	UNTIL(unschedulable(&w, "p", "no nodes available to schedule pods"));
	world_node(&w, "node1");
	UNTIL(unschedulable(&w, "p", "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."));
	UNTIL(said(&w, "FailedScheduling", "0/1 nodes are available"));
	world_patch(&w, "", "Node", "", "node1", "{'metadata':{'labels':{'disk':'ssd'}}}");
	UNTIL(on(&w, "p", "node1"));
	UNTIL(said(&w, "Scheduled", "Successfully assigned default/p to node1"));
	world_close(&w);
}

KL_TEST(resources_come_free)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	static const char *const names[] = {"a", "b"};
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		kl_autofree char *text = kl_asprintf("{'metadata':{'name':'%s'},'spec':{'terminationGracePeriodSeconds'"
						     ":1,'containers':[{'name':'c','image':'i',"
						     "'resources':{'requests':{'cpu':'3'}}}]}}",
			names[i]);
		json_decref(world_create(&w, "", "Pod", "default", text));
		if (!i)
			UNTIL(on(&w, "a", "node1"));
	}
	UNTIL(unschedulable(&w, "b", "1 Insufficient cpu."));
	world_delete(&w, "", "Pod", "default", "a", NULL);
	UNTIL(on(&w, "b", "node1"));
	world_close(&w);
}

KL_TEST(others_pods_are_not_touched)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "Pod", "default", POD("theirs", "'schedulerName':'custom',")));
	json_decref(world_create(&w, "", "Pod", "default", POD("gated", "'schedulingGates':[{'name':'wait'}],")));
	json_decref(world_create(&w, "", "Pod", "default", POD("ours", "")));
	UNTIL(on(&w, "ours", "node1"));
	KL_CHECK(on(&w, "theirs", ""));
	KL_CHECK(on(&w, "gated", ""));
	world_close(&w);
}

KL_TEST(five_hundred_pods_on_twenty_nodes)
{
	struct world w;
	char name[16];
	world_open(&w);
	for (int i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "node%d", i);
		world_node(&w, name);
	}
	int64_t from = kl_monotonic_ms();
	json_decref(world_create(&w, "apps", "ReplicaSet", "default",
		"{'metadata':{'name':'rs'},'spec':{'replicas':500,'selector':{'matchLabels':{'app':'a'}},'template':{'"
		"metadata':{'labels':{'app':'a'}},"
		"'spec':{'containers':[{'name':'c','image':'i'}]}}}}"));
	UNTIL(({
		size_t i, bound = 0;
		json_t *pod;
		kl_autojson *pods = world_list(&w, "", "Pod", "default");
		json_array_foreach (pods, i, pod)
			bound += *kl_json_str(pod, "spec", "nodeName", NULL) != 0;
		bound == 500;
	}));
	printf("500 pods made and bound after %d ms\n", (int)(kl_monotonic_ms() - from));
	world_close(&w);
}

KL_MAIN()
