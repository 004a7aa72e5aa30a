/* Deployments: ReplicaSets of one template each, moved from the old to the new as the strategy says. */
#include "deployment.h"

#include "api.h"

/* --- reading */

static int by_age(const void *a, const void *b)
{
	const struct replica_set *x = a, *y = b;
	if (x->created_ms != y->created_ms)
		return x->created_ms < y->created_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct member {
	char *name;
	struct member *next;
};

/* ReplicaSets by the uid of their Deployment; those without an owner by their namespace. */
struct family {
	char *owner;
	struct member *members;
	UT_hash_handle hh;
};

struct families {
	struct family *by_owner;
};

static void family_remove(struct families *families, const char *owner, const char *name)
{
	struct family *family;
	struct member *at, *next;
	HASH_FIND_STR(families->by_owner, owner, family);
	if (!family)
		return;
	LL_FOREACH_SAFE (family->members, at, next) {
		if (!strcmp(at->name, name)) {
			LL_DELETE(family->members, at);
			free(at->name);
			free(at);
		}
	}
	if (family->members)
		return;
	HASH_DELETE(hh, families->by_owner, family);
	free(family->owner);
	free(family);
}

static void family_add(struct families *families, const char *owner, const char *name)
{
	struct family *family;
	struct member *member = kl_calloc(1, sizeof(*member));
	family_remove(families, owner, name);
	HASH_FIND_STR(families->by_owner, owner, family);
	if (!family) {
		family = kl_calloc(1, sizeof(*family));
		family->owner = kl_strdup(owner);
		HASH_ADD_KEYPTR(hh, families->by_owner, family->owner, strlen(family->owner), family);
	}
	member->name = kl_strdup(name);
	LL_PREPEND(family->members, member);
}

static char *family_of(const json_t *rs)
{
	const char *owner = kl_json_str(controller_ref(rs), "uid", NULL);
	return *owner ? kl_strdup(owner) : kl_asprintf("orphans of %s", meta_str(rs, "namespace"));
}

static void adopt(struct deployment *d, const json_t *rs)
{
	json_t *refs = kl_json_get(rs, "metadata", "ownerReferences", NULL);
	json_t *owners = refs ? json_copy(refs) : json_array();
	json_array_append_new(owners, controller_ref_new(d->json));
	json_t *patch = json_pack("{s:{s:s,s:o}}", "metadata", "uid", meta_str(rs, "uid"), "ownerReferences", owners);
	ctl_write(d->c, &(struct ctl_write){.id = CTL_DEPLOYMENT,
				.key = d->key,
				.verb = KL_PATCH,
				.kind = d->c->kinds.rs,
				.ns = meta_str(rs, "namespace"),
				.name = meta_str(rs, "name"),
				.patch = patch,
				.patch_type = KL_PATCH_MERGE});
}

static void add_set(struct deployment *d, json_t *rs)
{
	const json_t *status = json_object_get(rs, "status");
	d->sets = kl_reallocarray(d->sets, d->count + 1, sizeof(*d->sets));
	d->sets[d->count++] = (struct replica_set){.json = rs,
		.name = meta_str(rs, "name"),
		.wanted = kl_json_int(rs, 1, "spec", "replicas", NULL),
		.replicas = kl_json_int(status, 0, "replicas", NULL),
		.ready = kl_json_int(status, 0, "readyReplicas", NULL),
		.available = kl_json_int(status, 0, "availableReplicas", NULL),
		.created_ms = meta_time_ms(rs, "creationTimestamp")};
}

static void gather(struct deployment *d, const struct kl_object *obj, const struct kl_selector *selector)
{
	json_t *rs = obj ? kl_object_parse(obj) : NULL;
	const char *owner = kl_json_str(controller_ref(rs), "uid", NULL);
	if (rs && !strcmp(owner, meta_str(d->json, "uid"))) {
		add_set(d, rs);
		return;
	}
	bool orphan = rs && !*owner && selector && kl_selector_matches_packed(selector, obj->labels);
	if (orphan && !is_deleting(rs) && !is_deleting(d->json))
		adopt(d, rs);
	json_decref(rs);
}

static void gather_owner(struct deployment *d, const char *owner, const struct kl_selector *selector)
{
	struct family *family;
	struct member *member;
	struct families *families = d->c->state[CTL_DEPLOYMENT];
	HASH_FIND_STR(families->by_owner, owner, family);
	for (member = family ? family->members : NULL; member; member = member->next)
		gather(d, kl_feed_get(d->c->feed, d->c->kinds.rs, meta_str(d->json, "namespace"), member->name),
			selector);
}

static void gather_sets(struct deployment *d)
{
	kl_autofree char *orphans = kl_asprintf("orphans of %s", meta_str(d->json, "namespace"));
	struct kl_selector *selector = kl_selector_from_json(json_object_get(d->spec, "selector"), NULL);
	gather_owner(d, meta_str(d->json, "uid"), selector);
	gather_owner(d, orphans, selector);
	kl_selector_free(selector);
	if (d->count)
		qsort(d->sets, d->count, sizeof(*d->sets), by_age);
	deployment_find_fresh(d);
}

static int64_t bound(const json_t *rolling, const char *field, int64_t replicas, bool round_up)
{
	const json_t *value = json_object_get(rolling, field);
	if (!value)
		return rollout_int_or_percent(0, "25%", replicas, round_up);
	return rollout_int_or_percent(json_integer_value(value), json_string_value(value), replicas, round_up);
}

static void read_strategy(struct deployment *d)
{
	const json_t *strategy = json_object_get(d->spec, "strategy");
	const json_t *rolling = json_object_get(strategy, "rollingUpdate");
	d->replicas = kl_json_int(d->spec, 1, "replicas", NULL);
	d->paused = kl_json_bool(d->spec, false, "paused", NULL);
	d->recreate = !strcmp(kl_json_str(strategy, "type", NULL), "Recreate");
	d->rollout.replicas = d->replicas;
	d->rollout.status_replicas = kl_json_int(d->json, 0, "status", "replicas", NULL);
	if (d->recreate)
		return;
	d->rollout.max_surge = bound(rolling, "maxSurge", d->replicas, true);
	d->rollout.max_unavailable = bound(rolling, "maxUnavailable", d->replicas, false);
	rollout_fix(&d->rollout);
}

/* --- writing */

static void scaled(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *deployment = w->note ? ctl_load(c, c->kinds.deployment, w->key) : NULL;
	if (deployment && !response->status.code)
		ctl_event(c, CTL_DEPLOYMENT, deployment, "Normal", "ScalingReplicaSet", "%s", w->note);
}

static void write_sets(struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct replica_set *set = &d->sets[i];
		if (set->dirty)
			ctl_write(d->c, &(struct ctl_write){.id = CTL_DEPLOYMENT,
						.key = d->key,
						.verb = KL_UPDATE,
						.kind = d->c->kinds.rs,
						.ns = meta_str(set->json, "namespace"),
						.name = set->name,
						.object = json_incref(set->json),
						.done = scaled,
						.note = set->said});
	}
}

/* --- strategies */

static struct rollout_set row(const struct replica_set *set)
{
	const char *annotation = kl_json_str(set->json, "metadata", "annotations", ANN_MAX, NULL);
	return (struct rollout_set){.wanted = set->wanted,
		.available = set->available,
		.next = set->wanted,
		.max_annotation = *annotation ? strtoll(annotation, NULL, 10) : -1};
}

static int64_t total_wanted(const struct deployment *d)
{
	int64_t total = 0;
	for (size_t i = 0; i < d->count; i++)
		total += d->sets[i].wanted;
	return total;
}

static void shrink_old(struct deployment *d)
{
	kl_autofree struct rollout_set *old = kl_calloc(d->count + 1, sizeof(*old));
	struct rollout_set fresh = row(d->fresh);
	size_t count = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (&d->sets[i] != d->fresh)
			old[count++] = row(&d->sets[i]);
	}
	if (!rollout_shrink_old(&d->rollout, &fresh, old, count))
		return;
	count = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (&d->sets[i] != d->fresh && old[count++].next != d->sets[i].wanted)
			deployment_scale(d, &d->sets[i], old[count - 1].next);
	}
}

static void rolling_update(struct deployment *d)
{
	if (deployment_ensure_fresh(d)) {
		struct rollout_set fresh = row(d->fresh);
		if (!deployment_scale(d, d->fresh, rollout_new_replicas(&d->rollout, &fresh, total_wanted(d))))
			shrink_old(d);
		if (deployment_complete(d, json_object_get(d->json, "status")))
			deployment_clean_up(d);
	}
	deployment_write_status(d, true);
}

/* Recreate: nothing new before everything old has ended, terminating pods included. */
static bool old_pods_left(struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (&d->sets[i] == d->fresh)
			continue;
		struct pod *pod = pods_of_owner(d->c, meta_str(d->sets[i].json, "uid"));
		for (; pod; pod = pod->owner_next) {
			if (!pod->over)
				return true;
		}
	}
	return false;
}

static bool scale_old_to_zero(struct deployment *d)
{
	bool any = false;
	for (size_t i = 0; i < d->count; i++) {
		if (&d->sets[i] != d->fresh && d->sets[i].wanted)
			any |= deployment_scale(d, &d->sets[i], 0);
	}
	return any;
}

static void recreate(struct deployment *d)
{
	if (!scale_old_to_zero(d) && !old_pods_left(d) && deployment_ensure_fresh(d)) {
		deployment_scale(d, d->fresh, d->replicas);
		if (deployment_complete(d, json_object_get(d->json, "status")))
			deployment_clean_up(d);
	}
	deployment_write_status(d, true);
}

/* --- scaling and pause */

static bool is_scaling(const struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const char *desired = kl_json_str(d->sets[i].json, "metadata", "annotations", ANN_DESIRED, NULL);
		if (d->sets[i].wanted > 0 && *desired && strtoll(desired, NULL, 10) != d->replicas)
			return true;
	}
	return false;
}

/* The only ReplicaSet that runs anything, or the latest; NULL when several run. */
static struct replica_set *active_or_latest(struct deployment *d)
{
	struct replica_set *active = NULL;
	for (size_t i = 0; i < d->count; i++) {
		if (d->sets[i].wanted <= 0)
			continue;
		if (active)
			return NULL;
		active = &d->sets[i];
	}
	if (active || !d->count)
		return active;
	return d->fresh ? d->fresh : &d->sets[d->count - 1];
}

static bool is_saturated(const struct deployment *d)
{
	const char *desired = d->fresh ? kl_json_str(d->fresh->json, "metadata", "annotations", ANN_DESIRED, NULL) : "";
	return *desired && d->fresh->wanted == d->replicas && strtoll(desired, NULL, 10) == d->replicas &&
	       d->fresh->available == d->replicas;
}

static int by_size(const void *a, const void *b, void *newest_first)
{
	const struct replica_set *x = *(struct replica_set *const *)a, *y = *(struct replica_set *const *)b;
	if (x->wanted != y->wanted)
		return x->wanted > y->wanted ? -1 : 1;
	return *(bool *)newest_first ? by_age(y, x) : by_age(x, y);
}

static void scale_in_proportion(struct deployment *d)
{
	kl_autofree struct replica_set **order = kl_calloc(d->count + 1, sizeof(*order));
	kl_autofree struct rollout_set *rows = kl_calloc(d->count + 1, sizeof(*rows));
	size_t count = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (d->sets[i].wanted > 0)
			order[count++] = &d->sets[i];
	}
	bool newest_first = d->replicas + d->rollout.max_surge > total_wanted(d);
	qsort_r(order, count, sizeof(*order), by_size, &newest_first);
	for (size_t i = 0; i < count; i++)
		rows[i] = row(order[i]);
	rollout_proportional(&d->rollout, rows, count);
	for (size_t i = 0; i < count; i++)
		deployment_scale(d, order[i], rows[i].next);
}

static void scale(struct deployment *d)
{
	struct replica_set *only = active_or_latest(d);
	if (only)
		deployment_scale(d, only, d->replicas);
	else if (is_saturated(d))
		scale_old_to_zero(d);
	else if (!d->recreate)
		scale_in_proportion(d);
	if (d->paused)
		deployment_clean_up(d);
	deployment_write_status(d, false);
}

static void note_pause(struct deployment *d)
{
	const char *reason = kl_json_str(condition_find(d->status, "Progressing"), "reason", NULL);
	bool noted = !strcmp(reason, "DeploymentPaused");
	if (!deployment_deadline_s(d) || !strcmp(reason, "ProgressDeadlineExceeded"))
		return;
	if (d->paused && !noted)
		deployment_progressing(d, "Unknown", "DeploymentPaused", "Deployment is paused");
	else if (!d->paused && noted)
		deployment_progressing(d, "Unknown", "DeploymentResumed", "Deployment is resumed");
}

/* --- sync */

static void deployment_release(struct deployment *d)
{
	for (size_t i = 0; i < d->count; i++) {
		json_decref(d->sets[i].json);
		free(d->sets[i].said);
	}
	free(d->sets);
	json_decref(d->status);
	json_decref(d->json);
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct deployment d = {.c = c, .key = key, .json = ctl_load(c, c->kinds.deployment, key)};
	if (!d.json)
		return;
	const json_t *status = json_object_get(d.json, "status");
	d.spec = json_object_get(d.json, "spec");
	d.status = status ? json_deep_copy(status) : json_object();
	read_strategy(&d);
	gather_sets(&d);
	if (is_deleting(d.json)) {
		deployment_write_status(&d, false);
	} else {
		note_pause(&d);
		if (d.paused || is_scaling(&d))
			scale(&d);
		else if (d.recreate)
			recreate(&d);
		else
			rolling_update(&d);
		write_sets(&d);
		deployment_write_revision(&d);
	}
	deployment_release(&d);
}

/* --- events */

static void on_deployment(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_DEPLOYMENT, now ? now : prev);
}

struct offer {
	struct kl_controllers *c;
	const struct kl_object *rs;
};

static void offer_orphan(struct kl_object *obj, void *arg)
{
	struct offer *offer = arg;
	if (!strcmp(obj->ns, offer->rs->ns))
		ctl_enqueue_object(offer->c, CTL_DEPLOYMENT, obj);
}

static void note_family(struct kl_controllers *c, const struct kl_object *now, const struct kl_object *prev)
{
	struct families *families = c->state[CTL_DEPLOYMENT];
	kl_autofree char *owner = family_of(kl_feed_parsed(c->feed));
	if (!now) {
		family_remove(families, owner, prev->name);
		return;
	}
	kl_autojson *was = prev ? kl_object_parse(prev) : NULL;
	kl_autofree char *old = was ? family_of(was) : NULL;
	if (old && !strcmp(old, owner))
		return;
	if (old)
		family_remove(families, old, prev->name);
	family_add(families, owner, now->name);
}

static void on_rs(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const json_t *ref = controller_ref(kl_feed_parsed(c->feed));
	note_family(c, now, prev);
	if (ref && !strcmp(kl_json_str(ref, "kind", NULL), "Deployment")) {
		kl_autofree char *key = kl_asprintf("%s/%s", (now ? now : prev)->ns, kl_json_str(ref, "name", NULL));
		ctl_enqueue(c, CTL_DEPLOYMENT, key);
	} else if (!ref && now) {
		struct offer offer = {c, now};
		kl_feed_each(c->feed, c->kinds.deployment, offer_orphan, &offer);
	}
}

/* Recreate waits for the last old pod to be gone; other strategies learn of pods from their ReplicaSets' status. */
static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if ((!gone && !pod->over) || !pod->owner_uid || strcmp(pod->owner_kind, "ReplicaSet") != 0)
		return;
	const struct kl_object *obj = kl_feed_get(c->feed, c->kinds.rs, pod->ns, pod->owner_name);
	kl_autojson *rs = obj ? kl_object_parse(obj) : NULL;
	const json_t *ref = controller_ref(rs);
	if (!ref || strcmp(kl_json_str(ref, "kind", NULL), "Deployment") != 0)
		return;
	kl_autofree char *key = kl_asprintf("%s/%s", pod->ns, kl_json_str(ref, "name", NULL));
	ctl_enqueue(c, CTL_DEPLOYMENT, key);
}

static void init(struct kl_controllers *c)
{
	c->state[CTL_DEPLOYMENT] = kl_calloc(1, sizeof(struct families));
	kl_feed_add(c->feed, c->kinds.deployment, on_deployment, c);
	kl_feed_add(c->feed, c->kinds.rs, on_rs, c);
	pods_listen(c, on_pod);
}

static void release(struct kl_controllers *c)
{
	struct family *family, *next_family;
	struct member *at, *next;
	struct families *families = c->state[CTL_DEPLOYMENT];
	HASH_ITER (hh, families->by_owner, family, next_family) {
		HASH_DELETE(hh, families->by_owner, family);
		LL_FOREACH_SAFE (family->members, at, next) {
			free(at->name);
			free(at);
		}
		free(family->owner);
		free(family);
	}
	free(families);
}

const struct controller deployment_controller = {"deployment-controller", init, sync, release};
