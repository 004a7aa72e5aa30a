/* What every namespace has: the ServiceAccount "default" and the ConfigMap with the cluster's CA. Keys: "/namespace".
 */
#include "ctl.h"

static const char sa_name[] = "default", ca_name[] = "kube-root-ca.crt";

static void ensure_account(struct kl_controllers *c, const char *key, const char *ns)
{
	if (kl_feed_get(c->feed, c->kinds.serviceaccount, ns, sa_name))
		return;
	ctl_create(c, CTL_SERVICEACCOUNT, key, c->kinds.serviceaccount,
		json_pack("{s:s,s:s,s:{s:s,s:s}}", "apiVersion", "v1", "kind", "ServiceAccount", "metadata", "name",
			sa_name, "namespace", ns),
		NULL);
}

static json_t *ca_data(const struct kl_controllers *c)
{
	return json_pack("{s:s}", "ca.crt", c->options.root_ca_pem);
}

static void ensure_ca(struct kl_controllers *c, const char *key, const char *ns)
{
	const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.configmap, ns, ca_name);
	kl_autojson *data = c->options.root_ca_pem ? ca_data(c) : NULL;
	if (!data)
		return;
	if (!obj) {
		ctl_create(c, CTL_SERVICEACCOUNT, key, c->kinds.configmap,
			json_pack("{s:s,s:s,s:{s:s,s:s,s:{s:s}},s:O}", "apiVersion", "v1", "kind", "ConfigMap",
				"metadata", "name", ca_name, "namespace", ns, "annotations",
				"kubernetes.io/description",
				"The certificate authority with which clients in this cluster verify its API server.",
				"data", data),
			NULL);
		return;
	}
	kl_autojson *map = kl_object_parse(obj);
	if (json_equal(json_object_get(map, "data"), data))
		return;
	json_object_set(map, "data", data);
	ctl_update(c, CTL_SERVICEACCOUNT, key, c->kinds.configmap, NULL, json_incref(map));
}

static void sync(struct kl_controllers *c, const char *key)
{
	kl_autojson *ns = ctl_load(c, c->kinds.ns, key);
	if (!ns || is_deleting(ns))
		return;
	ensure_account(c, key, meta_str(ns, "name"));
	ensure_ca(c, key, meta_str(ns, "name"));
}

static void enqueue(struct kl_controllers *c, const char *ns)
{
	kl_autofree char *key = kl_asprintf("/%s", ns);
	ctl_enqueue(c, CTL_SERVICEACCOUNT, key);
}

static void on_namespace(struct kl_object *now, struct kl_object *prev, void *arg)
{
	(void)prev;
	if (now)
		enqueue(arg, now->name);
}

static void on_account(struct kl_object *now, struct kl_object *prev, void *arg)
{
	if (!now && !strcmp(prev->name, sa_name))
		enqueue(arg, prev->ns);
}

static void on_configmap(struct kl_object *now, struct kl_object *prev, void *arg)
{
	if (!strcmp((now ? now : prev)->name, ca_name))
		enqueue(arg, (now ? now : prev)->ns);
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.ns, on_namespace, c);
	kl_feed_add(c->feed, c->kinds.serviceaccount, on_account, c);
	kl_feed_add(c->feed, c->kinds.configmap, on_configmap, c);
}

const struct controller serviceaccount_controller = {"serviceaccount-controller", init, sync, NULL};
