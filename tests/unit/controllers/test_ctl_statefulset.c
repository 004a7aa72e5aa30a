#include "world.h"

#include <stdio.h>

#define SET(more)                                                                                 \
	"{'metadata':{'name':'db'},'spec':{'replicas':3,'serviceName':'db'," more                 \
	"'selector':{'matchLabels':{'app':'db'}},'template':{'metadata':{'labels':{'app':'db'}}," \
	"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'v1'}]}}}}"

static int64_t status(struct world *w, const char *field)
{
	kl_autojson *set = world_get(w, "apps", "StatefulSet", "default", "db");
	return kl_json_int(set, 0, "status", field, NULL);
}

static bool has_image(struct world *w, const char *pod, const char *image)
{
	kl_autojson *json = world_get(w, "", "Pod", "default", pod);
	return !strcmp(kl_json_str(json_array_get(kl_json_get(json, "spec", "containers", NULL), 0), "image", NULL),
		       image) &&
	       !kl_json_get(json, "metadata", "deletionTimestamp", NULL);
}

static bool settled(struct world *w)
{
	kl_autojson *set = world_get(w, "apps", "StatefulSet", "default", "db");
	return kl_json_int(set, 0, "status", "observedGeneration", NULL) ==
		       kl_json_int(set, -1, "metadata", "generation", NULL) &&
	       !strcmp(kl_json_str(set, "status", "currentRevision", NULL),
		       kl_json_str(set, "status", "updateRevision", NULL));
}

KL_TEST(in_order_with_names)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "apps", "StatefulSet", "default", SET("")));
	UNTIL(({
		/* The second never stands before the first is ready. */
		kl_autojson *first = world_get(&w, "", "Pod", "default", "db-0"),
			    *second = world_get(&w, "", "Pod", "default", "db-1");
		if (second && strcmp(kl_json_str(first, "status", "phase", NULL), "Running") != 0)
			kl_test_failed(__FILE__, __LINE__, "db-1 before db-0 was ready");
		status(&w, "readyReplicas") == 3;
	}));
	kl_autojson *pod = world_get(&w, "", "Pod", "default", "db-2");
	KL_CHECK_STR(kl_json_str(pod, "spec", "hostname", NULL), "db-2");
	KL_CHECK_STR(kl_json_str(pod, "spec", "subdomain", NULL), "db");
	KL_CHECK_STR(kl_json_str(pod, "metadata", "labels", "statefulset.kubernetes.io/pod-name", NULL), "db-2");
	world_delete(&w, "", "Pod", "default", "db-1", NULL);
	UNTIL(({
		kl_autojson *again = world_get(&w, "", "Pod", "default", "db-1");
		again && !kl_json_get(again, "metadata", "deletionTimestamp", NULL) && status(&w, "readyReplicas") == 3;
	}));
	world_patch(&w, "apps", "StatefulSet", "default", "db", "{'spec':{'replicas':1}}");
	UNTIL(world_count(&w, "", "Pod", "default") == 1);
	kl_autojson *left = world_get(&w, "", "Pod", "default", "db-0");
	KL_CHECK(left != NULL);
	world_close(&w);
}

KL_TEST(rolls_from_the_last_and_back)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "apps", "StatefulSet", "default", SET("")));
	UNTIL(status(&w, "readyReplicas") == 3 && settled(&w));
	world_patch(&w, "apps", "StatefulSet", "default", "db",
		"{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'v2'}]}}}}");
	UNTIL(({
		if (has_image(&w, "db-0", "v2") && has_image(&w, "db-2", "v1"))
			kl_test_failed(__FILE__, __LINE__, "the first before the last");
		has_image(&w, "db-0", "v2") && status(&w, "readyReplicas") == 3 && settled(&w);
	}));
	KL_CHECK_INT(world_count(&w, "apps", "ControllerRevision", "default"), 2);
	world_patch(&w, "apps", "StatefulSet", "default", "db",
		"{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'v1'}]}}}}");
	UNTIL(has_image(&w, "db-0", "v1") && status(&w, "readyReplicas") == 3 && settled(&w));
	KL_CHECK_INT(world_count(&w, "apps", "ControllerRevision", "default"), 2);
	world_close(&w);
}

KL_TEST(partition_holds_the_lower_ones)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "apps", "StatefulSet", "default",
		SET("'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':2}},")));
	UNTIL(status(&w, "readyReplicas") == 3);
	world_patch(&w, "apps", "StatefulSet", "default", "db",
		"{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'v2'}]}}}}");
	UNTIL(has_image(&w, "db-2", "v2") && status(&w, "readyReplicas") == 3 && status(&w, "updatedReplicas") == 1);
	world_delete(&w, "", "Pod", "default", "db-0", NULL);
	UNTIL(({
		kl_autojson *again = world_get(&w, "", "Pod", "default", "db-0");
		again && !kl_json_get(again, "metadata", "deletionTimestamp", NULL) && status(&w, "readyReplicas") == 3;
	}));
	KL_CHECK(has_image(&w, "db-0", "v1"));
	world_close(&w);
}

KL_TEST(every_pod_has_its_claim)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "apps", "StatefulSet", "default",
		SET("'podManagementPolicy':'Parallel','volumeClaimTemplates':[{'metadata':{'name':'data'},"
		    "'spec':{'storageClassName':'manual','accessModes':['ReadWriteOnce'],'resources':{'requests':{'"
		    "storage':'1Gi'}}}}],")));
	UNTIL(world_count(&w, "", "PersistentVolumeClaim", "default") == 3 &&
		world_count(&w, "", "Pod", "default") == 3);
	for (int i = 0; i < 3; i++) {
		char text[256];
		snprintf(text, sizeof(text),
			"{'metadata':{'name':'v%d'},'spec':{'storageClassName':'manual','capacity':{'storage':'1Gi'},"
			"'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/d%d'}}}",
			i, i);
		json_decref(world_create(&w, "", "PersistentVolume", NULL, text));
	}
	UNTIL(status(&w, "readyReplicas") == 3);
	kl_autojson *claim = world_get(&w, "", "PersistentVolumeClaim", "default", "data-db-2");
	KL_CHECK(claim != NULL);
	world_patch(&w, "apps", "StatefulSet", "default", "db", "{'spec':{'replicas':0}}");
	UNTIL(world_count(&w, "", "Pod", "default") == 0);
	KL_CHECK_INT(world_count(&w, "", "PersistentVolumeClaim", "default"), 3);
	world_close(&w);
}

KL_MAIN()
