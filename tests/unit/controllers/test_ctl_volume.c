#include "world.h"

#include <stdio.h>

#define VOLUME(name, size, more)                                                                           \
	"{'metadata':{'name':'" name "'},'spec':{'storageClassName':'manual','capacity':{'storage':'" size \
	"'},'accessModes':['ReadWriteMany'],'hostPath':{'path':'/data'}" more "}}"
#define CLAIM(name, size)                                                                                      \
	"{'metadata':{'name':'" name "'},'spec':{'storageClassName':'manual','accessModes':['ReadWriteMany']," \
	"'resources':{'requests':{'storage':'" size "'}}}}"

static bool phase(struct world *w, const char *kind, const char *ns, const char *name, const char *want)
{
	kl_autojson *json = world_get(w, "", kind, ns, name);
	return !strcmp(kl_json_str(json, "status", "phase", NULL), want);
}

static bool bound_to(struct world *w, const char *claim, const char *volume)
{
	kl_autojson *json = world_get(w, "", "PersistentVolumeClaim", "default", claim);
	return !strcmp(kl_json_str(json, "status", "phase", NULL), "Bound") &&
	       !strcmp(kl_json_str(json, "spec", "volumeName", NULL), volume) &&
	       kl_json_get(json, "status", "capacity", "storage", NULL);
}

KL_TEST(the_smallest_that_fits)
{
	struct world w;
	world_open(&w);
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("big", "10Gi", "")));
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("small", "1Gi", "")));
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("tiny", "100Mi", "")));
	UNTIL(phase(&w, "PersistentVolume", "", "big", "Available") &&
		phase(&w, "PersistentVolume", "", "small", "Available"));
	json_decref(world_create(&w, "", "PersistentVolumeClaim", "default", CLAIM("a", "1Gi")));
	UNTIL(bound_to(&w, "a", "small") && phase(&w, "PersistentVolume", "", "small", "Bound"));
	json_decref(world_create(&w, "", "PersistentVolumeClaim", "default", CLAIM("b", "1Gi")));
	UNTIL(bound_to(&w, "b", "big"));
	json_decref(world_create(&w, "", "PersistentVolumeClaim", "default", CLAIM("c", "1Gi")));
	UNTIL(phase(&w, "PersistentVolumeClaim", "default", "c", "Pending"));
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("late", "5Gi", "")));
	UNTIL(bound_to(&w, "c", "late") && phase(&w, "PersistentVolume", "", "late", "Bound"));
	world_delete(&w, "", "PersistentVolumeClaim", "default", "a", NULL);
	UNTIL(phase(&w, "PersistentVolume", "", "small", "Released"));
	world_delete(&w, "", "PersistentVolume", NULL, "late", NULL);
	for (int i = 0; i < 20; i++)
		world_nap();
	KL_CHECK(phase(&w, "PersistentVolume", "", "late", "Bound")); /* protected while it is bound */
	world_close(&w);
}

KL_TEST(two_claims_never_share)
{
	struct world w;
	world_open(&w);
	char text[512], name[8];
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(text, sizeof(text),
			"{'metadata':{'name':'%s'},'spec':{'storageClassName':'manual','accessModes':['ReadWriteMany'],"
			"'resources':{'requests':{'storage':'1Gi'}}}}",
			name);
		json_decref(world_create(&w, "", "PersistentVolumeClaim", "default", text));
	}
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("one", "1Gi", "")));
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("two", "1Gi", "")));
	UNTIL(({
		int bound = 0;
		for (int i = 0; i < 8; i++) {
			snprintf(name, sizeof(name), "c%d", i);
			bound += bound_to(&w, name, "one") || bound_to(&w, name, "two");
		}
		bound == 2;
	}));
	world_close(&w);
}

KL_TEST(pods_wait_for_their_claims)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "PersistentVolumeClaim", "default", CLAIM("a", "1Gi")));
	json_decref(world_create(&w, "", "Pod", "default",
		"{'metadata':{'name':'p'},'spec':{'terminationGracePeriodSeconds':1,'volumes':[{'name':'v',"
		"'persistentVolumeClaim':{'claimName':'a'}}],'containers':[{'name':'c','image':'i'}]}}"));
	UNTIL(({
		kl_autojson *pod = world_get(&w, "", "Pod", "default", "p");
		kl_autofree char *text = kl_json_text(pod);
		strstr(text, "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.") != NULL;
	}));
	json_decref(world_create(&w, "", "PersistentVolume", NULL, VOLUME("v", "1Gi", "")));
	UNTIL(world_ready(&w, "default") == 1);
	world_delete(&w, "", "PersistentVolumeClaim", "default", "a", NULL);
	KL_CHECK(bound_to(&w, "a", "v")); /* the pod still uses it */
	world_delete(&w, "", "Pod", "default", "p", NULL);
	UNTIL(world_count(&w, "", "PersistentVolumeClaim", "default") == 0);
	world_close(&w);
}

KL_MAIN()
