/* When nothing happens nothing is written: no controller argues with another one, with defaults or with itself. */
#include "world.h"

#define POD_TEMPLATE(app, image)                                                                         \
	"'template':{'metadata':{'labels':{'app':'" app "'}},'spec':{'terminationGracePeriodSeconds':1," \
	"'containers':[{'name':'c','image':'" image "','ports':[{'name':'http','containerPort':80}]}]}}"
#define SELECTOR(app) "'selector':{'matchLabels':{'app':'" app "'}}"

static void fill(struct world *w)
{
	static const struct {
		const char *group, *kind, *text;
	} objects[] = {
		{"apps", "Deployment",
			"{'metadata':{'name':'web','annotations':{'a':'b'}},'spec':{'replicas':3," SELECTOR(
				"web") "," POD_TEMPLATE("web", "i") "}}"},
		{"apps", "DaemonSet",
			"{'metadata':{'name':'d'},'spec':{" SELECTOR("d") "," POD_TEMPLATE("d", "i") "}}"},
		{"apps", "StatefulSet",
			"{'metadata':{'name':'s'},'spec':{'serviceName':'s','replicas':2," SELECTOR(
				"s") "," POD_TEMPLATE("s", "i") "}}"},
		{"apps", "ReplicaSet",
			"{'metadata':{'name':'r'},'spec':{'replicas':2," SELECTOR("r") "," POD_TEMPLATE(
				"r", "bad") "}}"},
		{"batch", "Job",
			"{'metadata':{'name':'j'},'spec':{'completions':3,'template':{'spec':{'restartPolicy':'Never','"
			"containers':[{'name':'c','image':'done'}]}}}}"},
		{"batch", "CronJob",
			"{'metadata':{'name':'c'},'spec':{'schedule':'0 0 1 1 "
			"*','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'"
			"c','image':'done'}]}}}}}}"},
		{"policy", "PodDisruptionBudget",
			"{'metadata':{'name':'b'},'spec':{'minAvailable':1," SELECTOR("web") "}}"},
		{"", "Service",
			"{'metadata':{'name':'web','labels':{'x':'y'}},'spec':{'type':'NodePort','selector':{'app':'"
			"web'},'ports':[{'port':80,'targetPort':'http'}]}}"},
		{"", "Service",
			"{'metadata':{'name':'headless'},'spec':{'clusterIP':'None','selector':{'app':'s'},'ports':[{'"
			"port':80}]}}"},
		{"", "Service", "{'metadata':{'name':'noports'},'spec':{'clusterIP':'None','selector':{'app':'s'}}}"},
		{"", "Service",
			"{'metadata':{'name':'empty'},'spec':{'selector':{'app':'nobody'},'ports':[{'name':'a','port':"
			"80},{'name':'b','port':81,'protocol':'UDP'}]}}"},
		{"", "PersistentVolumeClaim",
			"{'metadata':{'name':'v'},'spec':{'storageClassName':'manual','accessModes':['ReadWriteOnce'],'"
			"resources':{'requests':{'storage':'1Gi'}}}}"},
		{"", "PersistentVolumeClaim",
			"{'metadata':{'name':'waits'},'spec':{'storageClassName':'manual','accessModes':['"
			"ReadWriteMany'],'resources':{'requests':{'storage':'9Gi'}}}}"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(objects); i++)
		json_decref(world_create(w, objects[i].group, objects[i].kind, "default", objects[i].text));
	json_decref(world_create(w, "", "PersistentVolume", NULL,
		"{'metadata':{'name':'pv'},'spec':{'storageClassName':'manual','capacity':{'storage':'1Gi'},'"
		"accessModes':['ReadWriteOnce'],'hostPath':{'path':'/d'}}}"));
}

static bool quiet_for(struct world *w, int ms)
{
	uint64_t rv = kl_store_rv(w->store);
	for (int64_t end = kl_monotonic_ms() + ms; kl_monotonic_ms() < end;)
		world_nap();
	return kl_store_rv(w->store) == rv;
}

KL_TEST(nothing_is_written_when_nothing_happens)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	world_node(&w, "node2");
	fill(&w);
	UNTIL(world_ready(&w, "default") == 3 + 2 + 2);
	UNTIL(({
		kl_autojson *job = world_get(&w, "batch", "Job", "default", "j"),
			    *claim = world_get(&w, "", "PersistentVolumeClaim", "default", "v");
		kl_json_int(job, 0, "status", "succeeded", NULL) == 3 &&
			!strcmp(kl_json_str(claim, "status", "phase", NULL), "Bound");
	}));
	kubelet_stub_silence(w.kubelet, "node1"); /* Leases are writes too */
	kubelet_stub_silence(w.kubelet, "node2");
	UNTIL(quiet_for(&w, 700));
	/* And a restart finds nothing to do. */
	world_stop_loops(&w);
	uint64_t rv = kl_store_rv(w.store);
	world_start_loops(&w);
	for (int64_t end = kl_monotonic_ms() + 1500; kl_monotonic_ms() < end;)
		world_nap();
	size_t i;
	json_t *event;
	uint64_t events = 0;
	kl_autojson *list = world_list(&w, "", "Event", NULL);
	json_array_foreach (list, i, event)
		events += strtoull(kl_json_str(event, "metadata", "resourceVersion", NULL), NULL, 10) > rv;
	KL_CHECK_INT(kl_store_rv(w.store) - rv, events); /* new events about old facts, as upstream says them again */
	KL_CHECK(events <= 4);
	world_close(&w);
}

KL_MAIN()
