#include "world.h"

static bool has_basics(struct world *w, const char *ns)
{
	kl_autojson *account = world_get(w, "", "ServiceAccount", ns, "default"),
		    *map = world_get(w, "", "ConfigMap", ns, "kube-root-ca.crt");
	return account && !strcmp(kl_json_str(map, "data", "ca.crt", NULL), "CA");
}

KL_TEST(every_namespace_has_its_basics)
{
	struct world w;
	world_open(&w);
	UNTIL(has_basics(&w, "default") && has_basics(&w, "kube-system"));
	json_decref(world_create(&w, "", "Namespace", NULL, "{'metadata':{'name':'shop'}}"));
	UNTIL(has_basics(&w, "shop"));
	world_delete(&w, "", "ServiceAccount", "shop", "default", NULL);
	world_delete(&w, "", "ConfigMap", "shop", "kube-root-ca.crt", NULL);
	UNTIL(has_basics(&w, "shop"));
	world_close(&w);
}

KL_TEST(deletion_empties_it)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "", "Namespace", NULL, "{'metadata':{'name':'shop'}}"));
	UNTIL(has_basics(&w, "shop"));
	json_decref(world_create(&w, "apps", "Deployment", "shop",
		"{'metadata':{'name':'web'},'spec':{'replicas':3,'selector':{'matchLabels':{'app':'a'}},'template':{'"
		"metadata':{'labels':{'app':'a'}},"
		"'spec':{'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'i'}]}}}}"));
	json_decref(world_create(&w, "", "Service", "shop",
		"{'metadata':{'name':'s'},'spec':{'selector':{'app':'a'},'ports':[{'port':80}]}}"));
	json_decref(world_create(&w, "", "Secret", "shop", "{'metadata':{'name':'x'}}"));
	UNTIL(world_ready(&w, "shop") == 3);
	world_delete(&w, "", "Namespace", NULL, "shop", NULL);
	UNTIL(({
		kl_autojson *ns = world_get(&w, "", "Namespace", "", "shop");
		!ns;
	}));
	size_t kinds, left = 0;
	const struct kl_kind *table = kl_kinds(&kinds);
	for (size_t i = 0; i < kinds; i++) {
		struct kl_object_list list;
		if (!table[i].namespaced || table[i].id != table[i].storage_id)
			continue;
		kl_store_list(w.store, &table[i], "shop", &list);
		left += list.count;
		kl_object_list_release(&list);
	}
	KL_CHECK_INT(left, 0);
	world_close(&w);
}

KL_MAIN()
