#include "world.h"

#define DAEMON(more)                                                                                                  \
	"{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'app':'d'}},'template':{'metadata':{'labels':{'" \
	"app':'d'}},'spec':{" more "'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'v1'}]}}}}"

static int64_t status(struct world *w, const char *field)
{
	kl_autojson *set = world_get(w, "apps", "DaemonSet", "default", "d");
	return kl_json_int(set, 0, "status", field, NULL);
}

static size_t on(struct world *w, const char *node, const char *image)
{
	size_t i, count = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod)
		count += !strcmp(kl_json_str(pod, "spec", "nodeName", NULL), node) &&
			 !strcmp(kl_json_str(json_array_get(kl_json_get(pod, "spec", "containers", NULL), 0), "image",
					 NULL),
				 image);
	return count;
}

KL_TEST(one_on_every_node)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	world_node(&w, "node2");
	json_decref(world_create(&w, "apps", "DaemonSet", "default", DAEMON("")));
	UNTIL(status(&w, "numberAvailable") == 2 && on(&w, "node1", "v1") == 1 && on(&w, "node2", "v1") == 1);
	world_node(&w, "node3");
	UNTIL(status(&w, "numberAvailable") == 3 && on(&w, "node3", "v1") == 1);
	/* A cordoned node keeps its daemon; an evicting taint takes it. */
	world_patch(&w, "", "Node", "", "node1", "{'spec':{'unschedulable':true}}");
	world_patch(&w, "", "Node", "", "node2", "{'spec':{'taints':[{'key':'away','effect':'NoExecute'}]}}");
	UNTIL(on(&w, "node2", "v1") == 0 && status(&w, "desiredNumberScheduled") == 2);
	KL_CHECK_INT(on(&w, "node1", "v1"), 1);
	world_patch(&w, "apps", "DaemonSet", "default", "d",
		"{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'v2'}]}}}}");
	UNTIL(on(&w, "node1", "v2") == 1 && on(&w, "node3", "v2") == 1 && status(&w, "updatedNumberScheduled") == 2);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 2);
	world_close(&w);
}

KL_TEST(node_selector)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	world_node(&w, "node2");
	json_decref(world_create(&w, "apps", "DaemonSet", "default", DAEMON("'nodeSelector':{'gpu':'yes'},")));
	UNTIL(status(&w, "observedGeneration") == 1);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 0);
	world_patch(&w, "", "Node", "", "node2", "{'metadata':{'labels':{'gpu':'yes'}}}");
	UNTIL(on(&w, "node2", "v1") == 1);
	world_patch(&w, "", "Node", "", "node2", "{'metadata':{'labels':{'gpu':'no'}}}");
	UNTIL(world_count(&w, "", "Pod", "default") == 0);
	world_close(&w);
}

KL_TEST(replication_controllers)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "ReplicationController", "default",
		"{'metadata':{'name':'rc'},'spec':{'replicas':3,'selector':{'app':'r'},'template':{'metadata':{'labels'"
		":{'app':'r'}},'spec':{"
		"'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"));
	UNTIL(world_ready(&w, "default") == 3);
	world_patch(&w, "", "ReplicationController", "default", "rc", "{'spec':{'replicas':1}}");
	UNTIL(world_count(&w, "", "Pod", "default") == 1);
	world_close(&w);
}

static bool budget(struct world *w, int64_t healthy, int64_t desired, int64_t allowed)
{
	kl_autojson *json = world_get(w, "policy", "PodDisruptionBudget", "default", "b");
	return kl_json_int(json, -1, "status", "currentHealthy", NULL) == healthy &&
	       kl_json_int(json, -1, "status", "desiredHealthy", NULL) == desired &&
	       kl_json_int(json, -1, "status", "disruptionsAllowed", NULL) == allowed;
}

KL_TEST(disruption_budgets)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "policy", "PodDisruptionBudget", "default",
		"{'metadata':{'name':'b'},'spec':{'minAvailable':2,'selector':{'matchLabels':{'app':'a'}}}}"));
	UNTIL(budget(&w, 0, 2, 0));
	json_decref(world_create(&w, "apps", "Deployment", "default",
		"{'metadata':{'name':'web'},'spec':{'replicas':4,'selector':{'matchLabels':{'app':'a'}},'template':{'"
		"metadata':{'labels':{'app':'a'}},"
		"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"));
	UNTIL(budget(&w, 4, 2, 2));
	world_patch(&w, "policy", "PodDisruptionBudget", "default", "b", "{'spec':{'minAvailable':'75%'}}");
	UNTIL(budget(&w, 4, 3, 1));
	world_patch(&w, "policy", "PodDisruptionBudget", "default", "b",
		"{'spec':{'minAvailable':null,'maxUnavailable':'50%'}}");
	UNTIL(budget(&w, 4, 2, 2));
	world_close(&w);
}

KL_MAIN()
