/* Namespaces being deleted: everything in them goes, then their finalizer. */
#include "ctl.h"

enum { DELETES_AT_ONCE = 500, LOOK_AGAIN_MS = 50 };

/* Deletes what is not being deleted yet; returns how many objects of the kind are left. */
static size_t empty_kind(
	struct kl_controllers *c, const char *key, const struct kl_kind *kind, const char *ns, size_t *budget)
{
	struct kl_object_list list;
	kl_store_list(c->store, kind, ns, &list);
	size_t left = list.count;
	for (size_t i = 0; i < list.count && *budget; i++) {
		const struct kl_object *obj = list.items[i];
		kl_autojson *json = kl_object_parse(list.items[i]);
		if (is_deleting(json))
			continue;
		ctl_write(c, &(struct ctl_write){.id = CTL_NAMESPACE,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = kind,
				     .ns = obj->ns,
				     .name = obj->name,
				     .uid = obj->uid,
				     .propagation = "Background",
				     .grace_period_s = CTL_DEFAULT_GRACE});
		(*budget)--;
	}
	kl_object_list_release(&list);
	return left;
}

static size_t empty(struct kl_controllers *c, const char *key, const char *ns)
{
	size_t kinds, left = 0, budget = DELETES_AT_ONCE;
	const struct kl_kind *table = kl_kinds(&kinds);
	for (size_t i = 0; i < kinds; i++) {
		if (table[i].namespaced && table[i].id == table[i].storage_id && table[i].verbs & KL_CAN_DELETE)
			left += empty_kind(c, key, &table[i], ns, &budget);
	}
	return left;
}

static void finalize(struct kl_controllers *c, const char *key, json_t *ns)
{
	json_t *finalizers = kl_json_get(ns, "spec", "finalizers", NULL);
	for (size_t i = json_array_size(finalizers); i-- > 0;) {
		const char *name = json_string_value(json_array_get(finalizers, i));
		if (name && !strcmp(name, "kubernetes"))
			json_array_remove(finalizers, i);
	}
	ctl_update(c, CTL_NAMESPACE, key, c->kinds.ns, "finalize", json_incref(ns));
}

static bool has_finalizer(const json_t *ns)
{
	size_t i;
	json_t *name;
	json_array_foreach (kl_json_get(ns, "spec", "finalizers", NULL), i, name) {
		if (json_is_string(name) && !strcmp(json_string_value(name), "kubernetes"))
			return true;
	}
	return false;
}

static void sync(struct kl_controllers *c, const char *key)
{
	kl_autojson *ns = ctl_load(c, c->kinds.ns, key);
	if (!ns || !is_deleting(ns) || !has_finalizer(ns))
		return;
	if (empty(c, key, meta_str(ns, "name")))
		ctl_enqueue_after(c, CTL_NAMESPACE, key, LOOK_AGAIN_MS);
	else
		finalize(c, key, ns);
}

static void on_namespace(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	(void)prev;
	if (now && is_deleting(kl_feed_parsed(c->feed)))
		ctl_enqueue_object(c, CTL_NAMESPACE, now);
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.ns, on_namespace, c);
}

const struct controller namespace_controller = {"namespace-controller", init, sync, NULL};
