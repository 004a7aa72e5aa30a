/* PodDisruptionBudgets: how many pods may be evicted now. The eviction subresource reads what stands here. */
#include "api.h"
#include "ctl.h"
#include "owned.h"
#include "rollout.h"

struct budget {
	struct kl_controllers *c;
	json_t *json, *spec;
	struct kl_selector *selector;
	int64_t pods, healthy, expected, desired;
};

/* --- how many pods there should be */

static int64_t scale_of(
	struct kl_controllers *c, const char *ns, const char *api_version, const char *kind, const char *name)
{
	const struct kl_kind *row = kl_kind_by_type(api_version, kind);
	const struct kl_object *obj = row ? kl_feed_get(c->feed, row, ns, name) : NULL;
	kl_autojson *json = obj ? kl_object_parse(obj) : NULL;
	const json_t *ref = controller_ref(json);
	/* A ReplicaSet in the middle of a rollout says little: its Deployment knows. */
	if (ref && !strcmp(kl_json_str(ref, "kind", NULL), "Deployment"))
		return scale_of(c, ns, "apps/v1", "Deployment", kl_json_str(ref, "name", NULL));
	return kl_json_int(json, 0, "spec", "replicas", NULL);
}

/* The uid by which its pods' scale is counted: a ReplicaSet's Deployment, where it has one. */
static char *top_owner(struct kl_controllers *c, const struct pod *pod)
{
	bool rs = !strcmp(pod->owner_kind, "ReplicaSet");
	const struct kl_object *obj = rs ? kl_feed_get(c->feed, c->kinds.rs, pod->ns, pod->owner_name) : NULL;
	kl_autojson *json = obj ? kl_object_parse(obj) : NULL;
	const char *above = kl_json_str(controller_ref(json), "uid", NULL);
	return kl_strdup(*above ? above : pod->owner_uid);
}

static int64_t expected_with(struct budget *b, const struct pod *pod, json_t *seen)
{
	if (!pod->owner_uid)
		return 1; /* a pod without a controller counts for itself */
	kl_autofree char *owner = top_owner(b->c, pod);
	if (json_object_get(seen, owner))
		return 0;
	json_object_set_new(seen, owner, json_true());
	kl_autojson *json = kl_object_parse(pod->obj);
	return scale_of(
		b->c, pod->ns, kl_json_str(controller_ref(json), "apiVersion", NULL), pod->owner_kind, pod->owner_name);
}

static void count(struct budget *b)
{
	kl_autojson *seen = json_object();
	for (struct pod *pod = pods_of_ns(b->c, meta_str(b->json, "namespace")); pod; pod = pod->ns_next) {
		if (pod->over || !b->selector || !kl_selector_matches_packed(b->selector, pod->obj->labels))
			continue;
		b->pods++;
		b->healthy += pod->ready && !pod->deleting;
		b->expected += expected_with(b, pod, seen);
	}
}

static void decide(struct budget *b)
{
	const json_t *most = json_object_get(b->spec, "maxUnavailable"),
		     *least = json_object_get(b->spec, "minAvailable");
	if (most) {
		int64_t unavailable =
			rollout_int_or_percent(json_integer_value(most), json_string_value(most), b->expected, true);
		b->desired = b->expected > unavailable ? b->expected - unavailable : 0;
	} else if (json_is_integer(least)) {
		b->desired = json_integer_value(least);
		b->expected = b->pods;
	} else {
		b->desired = rollout_int_or_percent(0, least ? json_string_value(least) : "0%", b->expected, true);
	}
}

static bool write_numbers(struct budget *b, json_t *status)
{
	int64_t allowed = b->healthy - b->desired;
	if (b->expected <= 0 || allowed < 0)
		allowed = 0;
	bool changed = status_number(status, "currentHealthy", b->healthy, true);
	changed |= status_number(status, "desiredHealthy", b->desired, true);
	changed |= status_number(status, "expectedPods", b->expected, true);
	changed |= status_number(status, "disruptionsAllowed", allowed, true);
	changed |= status_number(
		status, "observedGeneration", kl_json_int(b->json, 0, "metadata", "generation", NULL), false);
	changed |= condition_set(status, "DisruptionAllowed", allowed ? "True" : "False",
		allowed ? "SufficientPods" : "InsufficientPods", "", false);
	return changed;
}

static void sync(struct kl_controllers *c, const char *key)
{
	const struct kl_kind *kind = c->owner_kinds[CTL_DISRUPTION];
	struct budget b = {.c = c, .json = ctl_load(c, kind, key)};
	if (!b.json)
		return;
	b.spec = json_object_get(b.json, "spec");
	b.selector = kl_selector_from_json(json_object_get(b.spec, "selector"), NULL);
	count(&b);
	decide(&b);
	if (write_numbers(&b, kl_json_ensure(b.json, "status", NULL)))
		ctl_update(c, CTL_DISRUPTION, key, kind, "status", json_incref(b.json));
	kl_selector_free(b.selector);
	json_decref(b.json);
}

static void on_budget(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_DISRUPTION, now ? now : prev);
}

struct near {
	struct kl_controllers *c;
	const char *ns;
};

static void enqueue_in(struct kl_object *obj, void *arg)
{
	struct near *near = arg;
	if (!strcmp(obj->ns, near->ns))
		ctl_enqueue_object(near->c, CTL_DISRUPTION, obj);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	struct near near = {c, pod->ns};
	(void)gone;
	kl_feed_each(c->feed, c->owner_kinds[CTL_DISRUPTION], enqueue_in, &near);
}

static void on_scaled(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	struct near near = {c, (now ? now : prev)->ns};
	kl_feed_each(c->feed, c->owner_kinds[CTL_DISRUPTION], enqueue_in, &near);
}

static void init(struct kl_controllers *c)
{
	c->owner_kinds[CTL_DISRUPTION] = kl_kind_named("policy", "PodDisruptionBudget");
	kl_feed_add(c->feed, c->owner_kinds[CTL_DISRUPTION], on_budget, c);
	kl_feed_add(c->feed, c->kinds.deployment, on_scaled, c);
	kl_feed_add(c->feed, kl_kind_named("apps", "StatefulSet"), on_scaled, c);
	pods_listen(c, on_pod);
}

const struct controller disruption_controller = {"disruption-controller", init, sync, NULL};
