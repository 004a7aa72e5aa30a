#include "world.h"

#define DEPLOYMENT                                                                                 \
	"{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'app':'a'}},"  \
	"'template':{'metadata':{'labels':{'app':'a'}},'spec':{'terminationGracePeriodSeconds':1," \
	"'containers':[{'name':'c','image':'i'}]}}}}"

static void open_with_deployment(struct world *w)
{
	world_open(w);
	world_node(w, "node1");
	json_decref(world_create(w, "apps", "Deployment", "default", DEPLOYMENT));
	UNTIL(world_ready(w, "default") == 3);
}

static size_t left(struct world *w)
{
	return world_count(w, "apps", "Deployment", "default") + world_count(w, "apps", "ReplicaSet", "default") +
	       world_count(w, "", "Pod", "default");
}

KL_TEST(background_takes_everything_below)
{
	struct world w;
	open_with_deployment(&w);
	world_delete(&w, "apps", "Deployment", "default", "web", "Background");
	KL_CHECK_INT(world_count(&w, "apps", "Deployment", "default"), 0);
	UNTIL(left(&w) == 0);
	world_close(&w);
}

KL_TEST(foreground_waits_for_everything_below)
{
	struct world w;
	open_with_deployment(&w);
	world_delete(&w, "apps", "Deployment", "default", "web", "Foreground");
	UNTIL(({
		size_t pods = world_count(&w, "", "Pod", "default"),
		       top = world_count(&w, "apps", "Deployment", "default");
		if (!top && world_count(&w, "", "Pod", "default"))
			kl_test_failed(__FILE__, __LINE__, "gone before its %zu pods", pods);
		left(&w) == 0;
	}));
	world_close(&w);
}

KL_TEST(orphans_live_on)
{
	struct world w;
	open_with_deployment(&w);
	world_delete(&w, "apps", "Deployment", "default", "web", "Orphan");
	UNTIL(world_count(&w, "apps", "Deployment", "default") == 0);
	kl_autojson *sets = world_list(&w, "apps", "ReplicaSet", "default");
	KL_CHECK_INT(json_array_size(sets), 1);
	KL_CHECK_INT(json_array_size(kl_json_get(json_array_get(sets, 0), "metadata", "ownerReferences", NULL)), 0);
	KL_CHECK_INT(world_ready(&w, "default"), 3);
	/* The same Deployment again takes them back instead of making new ones. */
	json_decref(world_create(&w, "apps", "Deployment", "default", DEPLOYMENT));
	UNTIL(({
		kl_autojson *again = world_list(&w, "apps", "ReplicaSet", "default");
		json_array_size(kl_json_get(json_array_get(again, 0), "metadata", "ownerReferences", NULL)) == 1;
	}));
	KL_CHECK_INT(world_count(&w, "apps", "ReplicaSet", "default"), 1);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 3);
	world_close(&w);
}

KL_TEST(owners_that_never_were)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(&w, "", "ConfigMap", "default", "{'metadata':{'name':'a'}}"));
	kl_autojson *a = world_get(&w, "", "ConfigMap", "default", "a");
	const char *uid = kl_json_str(a, "metadata", "uid", NULL);
	kl_autofree char *mixed = kl_asprintf("{'metadata':{'name':'b','ownerReferences':["
					      "{'apiVersion':'v1','kind':'ConfigMap','name':'a','uid':'%s'},{'"
					      "apiVersion':'v1','kind':'ConfigMap','name':'x','uid':'nobody'}]}}",
		uid);
	kl_autofree char *stale = kl_asprintf("{'metadata':{'name':'c','ownerReferences':["
					      "{'apiVersion':'v1','kind':'ConfigMap','name':'a','uid':'%s-other'}]}}",
		uid);
	static const char unknown[] = "{'metadata':{'name':'d','ownerReferences':["
				      "{'apiVersion':'example.com/v1','kind':'Thing','name':'t','uid':'u'}]}}";
	json_decref(world_create(&w, "", "ConfigMap", "default", mixed));
	json_decref(world_create(&w, "", "ConfigMap", "default", stale));
	json_decref(world_create(&w, "", "ConfigMap", "default", unknown));
	UNTIL(({
		kl_autojson *b = world_get(&w, "", "ConfigMap", "default", "b"),
			    *c = world_get(&w, "", "ConfigMap", "default", "c");
		!c &&json_array_size(kl_json_get(b, "metadata", "ownerReferences", NULL)) == 1;
	}));
	kl_autojson *d = world_get(&w, "", "ConfigMap", "default", "d");
	KL_CHECK(d != NULL);
	world_delete(&w, "", "ConfigMap", "default", "a", NULL);
	UNTIL(({
		kl_autojson *b = world_get(&w, "", "ConfigMap", "default", "b");
		!b;
	}));
	world_close(&w);
}

KL_TEST(a_restart_collects_what_was_left)
{
	struct world w;
	open_with_deployment(&w);
	world_stop_loops(&w);
	world_delete(&w, "apps", "Deployment", "default", "web", "Background");
	KL_CHECK(left(&w) > 0);
	world_start_loops(&w);
	UNTIL(left(&w) == 0);
	world_close(&w);
}

KL_MAIN()
