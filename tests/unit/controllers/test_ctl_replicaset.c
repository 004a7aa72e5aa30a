#include "world.h"

#define REPLICASET(name, count)                                                                  \
	"{'metadata':{'name':'" name "'},'spec':{'replicas':" count                              \
	",'selector':{'matchLabels':{'app':'a'}},'template':{'metadata':{'labels':{'app':'a'}}," \
	"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"

static void open_with_nodes(struct world *w)
{
	world_open(w);
	world_node(w, "node1");
	world_node(w, "node2");
}

static size_t owned(struct world *w)
{
	size_t i, count = 0;
	json_t *pod;
	kl_autojson *pods = world_list(w, "", "Pod", "default");
	json_array_foreach (pods, i, pod)
		count += json_array_size(kl_json_get(pod, "metadata", "ownerReferences", NULL)) > 0 &&
			 !kl_json_get(pod, "metadata", "deletionTimestamp", NULL);
	return count;
}

KL_TEST(exactly_as_many_pods_as_wanted)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("rs", "50")));
	UNTIL(({
		size_t count = world_count(&w, "", "Pod", "default");
		if (count > 50)
			kl_test_failed(__FILE__, __LINE__, "%zu pods", count);
		world_ready(&w, "default") == 50;
	}));
	kl_autojson *rs = world_get(&w, "apps", "ReplicaSet", "default", "rs");
	UNTIL(({
		kl_autojson *now = world_get(&w, "apps", "ReplicaSet", "default", "rs");
		kl_json_int(now, 0, "status", "availableReplicas", NULL) == 50 &&
			kl_json_int(now, 0, "status", "fullyLabeledReplicas", NULL) == 50;
	}));
	world_close(&w);
}

KL_TEST(a_deleted_pod_is_replaced)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("rs", "3")));
	UNTIL(world_ready(&w, "default") == 3);
	kl_autojson *pods = world_list(&w, "", "Pod", "default");
	kl_autofree char *name = kl_strdup(kl_json_str(json_array_get(pods, 0), "metadata", "name", NULL));
	KL_CHECK(!strncmp(name, "rs-", 3));
	world_delete(&w, "", "Pod", "default", name, NULL);
	UNTIL(({
		kl_autojson *gone = world_get(&w, "", "Pod", "default", name);
		!gone &&world_ready(&w, "default") == 3;
	}));
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 3);
	world_close(&w);
}

KL_TEST(orphans_are_adopted_and_strangers_released)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'orphan','labels':{'app':'a'}},'spec':{'containers':[{'name':'c','image':'i'}]}"
		"}"));
	UNTIL(world_ready(&w, "default") == 1);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("rs", "3")));
	UNTIL(owned(&w) == 3 && world_ready(&w, "default") == 3);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 3);
	/* A pod that is relabelled is let go, and replaced. */
	world_patch(&w, "", "Pod", "default", "orphan", "{'metadata':{'labels':{'app':'b'}}}");
	UNTIL(world_ready(&w, "default") == 4);
	kl_autojson *pod = world_get(&w, "", "Pod", "default", "orphan");
	UNTIL(({
		kl_autojson *now = world_get(&w, "", "Pod", "default", "orphan");
		json_array_size(kl_json_get(now, "metadata", "ownerReferences", NULL)) == 0;
	}));
	/* And taken back when its label comes back: one too many goes. */
	world_patch(&w, "", "Pod", "default", "orphan", "{'metadata':{'labels':{'app':'a'}}}");
	UNTIL(owned(&w) == 3 && world_count(&w, "", "Pod", "default") == 3);
	world_close(&w);
}

KL_TEST(cheapest_pods_go_first)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("rs", "4")));
	UNTIL(world_ready(&w, "default") == 4);
	kl_autojson *pods = world_list(&w, "", "Pod", "default");
	kl_autofree char *cheap = kl_strdup(kl_json_str(json_array_get(pods, 2), "metadata", "name", NULL));
	world_patch(&w, "", "Pod", "default", cheap,
		"{'metadata':{'annotations':{'controller.kubernetes.io/pod-deletion-cost':'-10'}}}");
	world_patch(&w, "apps", "ReplicaSet", "default", "rs", "{'spec':{'replicas':3}}");
	UNTIL(world_count(&w, "", "Pod", "default") == 3);
	kl_autojson *gone = world_get(&w, "", "Pod", "default", cheap);
	KL_CHECK(gone == NULL);
	world_close(&w);
}

KL_TEST(restarts_make_no_duplicates)
{
	struct world w;
	open_with_nodes(&w);
	json_decref(world_create(&w, "apps", "ReplicaSet", "default", REPLICASET("rs", "20")));
	for (int i = 0; i < 10; i++) {
		world_stop_loops(&w);
		world_start_loops(&w);
	}
	UNTIL(world_ready(&w, "default") == 20);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 20);
	world_close(&w);
}

KL_MAIN()
