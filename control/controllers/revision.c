/* Which ReplicaSet stands for the current template; revisions; clean-up of old ones. */
#include "deployment.h"

#include "owned.h"

#include <stdio.h>

int64_t deployment_revision(const json_t *object)
{
	return strtoll(kl_json_str(object, "metadata", "annotations", ANN_REVISION, NULL), NULL, 10);
}

/* --- template and hash */

void deployment_find_fresh(struct deployment *d)
{
	const json_t *template = json_object_get(d->spec, "template");
	d->fresh = NULL;
	for (size_t i = 0; i < d->count && !d->fresh; i++) {
		if (template_equal(kl_json_get(d->sets[i].json, "spec", "template", NULL), template, HASH_LABEL))
			d->fresh = &d->sets[i];
	}
}

/* --- annotations */

static bool set_annotation(struct replica_set *set, const char *name, const char *value)
{
	if (!strcmp(kl_json_str(set->json, "metadata", "annotations", name, NULL), value))
		return false;
	kl_json_set(set->json, json_string(value), "metadata", "annotations", name, NULL);
	set->dirty = true;
	return true;
}

static void set_number(struct replica_set *set, const char *name, int64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)value);
	set_annotation(set, name, text);
}

void deployment_annotate_size(struct deployment *d, struct replica_set *set)
{
	set_number(set, ANN_DESIRED, d->replicas);
	set_number(set, ANN_MAX, d->replicas + (d->recreate ? 0 : d->rollout.max_surge));
}

/* Those of the Deployment that are its own business and not its ReplicaSets'. */
static bool is_private(const char *name)
{
	static const char *const names[] = {"kubectl.kubernetes.io/last-applied-configuration", ANN_REVISION,
		ANN_HISTORY, ANN_DESIRED, ANN_MAX, "deprecated.deployment.rollback.to"};
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static void copy_annotations(struct deployment *d, struct replica_set *set)
{
	const char *name;
	json_t *value;
	json_object_foreach (kl_json_get(d->json, "metadata", "annotations", NULL), name, value) {
		if (!is_private(name) && json_is_string(value))
			set_annotation(set, name, json_string_value(value));
	}
}

/* The revision that the current template has or gets: above every other's. */
static int64_t next_revision(const struct deployment *d)
{
	int64_t highest = 0;
	for (size_t i = 0; i < d->count; i++) {
		int64_t revision = deployment_revision(d->sets[i].json);
		if (&d->sets[i] != d->fresh && revision > highest)
			highest = revision;
	}
	return highest + 1;
}

static void set_revision(struct deployment *d, struct replica_set *set, int64_t revision)
{
	int64_t old = deployment_revision(set->json);
	if (old >= revision)
		return;
	if (old > 0) {
		const char *history = kl_json_str(set->json, "metadata", "annotations", ANN_HISTORY, NULL);
		kl_autofree char *longer = kl_asprintf("%s%s%lld", history, *history ? "," : "", (long long)old);
		set_annotation(set, ANN_HISTORY, longer);
	}
	set_number(set, ANN_REVISION, revision);
	(void)d;
}

/* Last of a round: a patch may follow the status's replacement, the other way round one of them would lose. */
void deployment_write_revision(struct deployment *d)
{
	char text[24];
	if (!d->revision || deployment_revision(d->json) == d->revision)
		return;
	snprintf(text, sizeof(text), "%lld", (long long)d->revision);
	json_t *patch = json_pack("{s:{s:{s:s}}}", "metadata", "annotations", ANN_REVISION, text);
	ctl_write(d->c, &(struct ctl_write){.id = CTL_DEPLOYMENT,
				.key = d->key,
				.verb = KL_PATCH,
				.kind = d->c->kinds.deployment,
				.ns = meta_str(d->json, "namespace"),
				.name = meta_str(d->json, "name"),
				.patch = patch,
				.patch_type = KL_PATCH_MERGE});
}

/* --- scaling */

bool deployment_scale(struct deployment *d, struct replica_set *set, int64_t size)
{
	deployment_annotate_size(d, set);
	if (set->wanted == size)
		return false;
	free(set->said);
	set->said = kl_asprintf("Scaled %s replica set %s from %lld to %lld", size > set->wanted ? "up" : "down",
		set->name, (long long)set->wanted, (long long)size);
	set->wanted = size;
	kl_json_set(set->json, json_integer(size), "spec", "replicas", NULL);
	set->dirty = true;
	return true;
}

/* --- the new ReplicaSet */

static json_t *with_hash(const json_t *from, const char *hash, bool selector)
{
	json_t *copy = from ? json_deep_copy(from) : json_object();
	if (selector)
		kl_json_set(copy, json_string(hash), "matchLabels", HASH_LABEL, NULL);
	else
		kl_json_set(copy, json_string(hash), "metadata", "labels", HASH_LABEL, NULL);
	return copy;
}

static json_t *replicaset_new(struct deployment *d, const char *hash)
{
	kl_autofree char *name = kl_asprintf("%s-%s", meta_str(d->json, "name"), hash);
	json_t *template = with_hash(json_object_get(d->spec, "template"), hash, false);
	json_t *labels = json_deep_copy(kl_json_get(template, "metadata", "labels", NULL));
	json_t *rs = json_pack("{s:s,s:s,s:{s:s,s:s,s:o,s:[o]},s:{s:o,s:o}}", "apiVersion", "apps/v1", "kind",
		"ReplicaSet", "metadata", "name", name, "namespace", meta_str(d->json, "namespace"), "labels", labels,
		"ownerReferences", controller_ref_new(d->json), "spec", "selector",
		with_hash(json_object_get(d->spec, "selector"), hash, true), "template", template);
	json_t *min_ready = json_object_get(d->spec, "minReadySeconds");
	if (min_ready)
		kl_json_set(rs, json_incref(min_ready), "spec", "minReadySeconds", NULL);
	return rs;
}

static void raise_collision_count(struct kl_controllers *c, const char *key, const json_t *deployment)
{
	int64_t count = kl_json_int(deployment, 0, "status", "collisionCount", NULL);
	json_t *patch = json_pack("{s:{s:I}}", "status", "collisionCount", (json_int_t)(count + 1));
	ctl_write(c, &(struct ctl_write){.id = CTL_DEPLOYMENT,
			     .key = key,
			     .verb = KL_PATCH,
			     .subresource = "status",
			     .kind = c->kinds.deployment,
			     .ns = meta_str(deployment, "namespace"),
			     .name = meta_str(deployment, "name"),
			     .patch = patch,
			     .patch_type = KL_PATCH_MERGE});
}

/* A name already taken by somebody else's ReplicaSet: another hash next time. */
static void created(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *deployment = ctl_load(c, c->kinds.deployment, w->key);
	const char *name = kl_json_str(w->object, "metadata", "name", NULL);
	if (!deployment)
		return;
	if (!response->status.code) {
		int64_t size = kl_json_int(w->object, 0, "spec", "replicas", NULL);
		if (size)
			ctl_event(c, CTL_DEPLOYMENT, deployment, "Normal", "ScalingReplicaSet",
				"Scaled up replica set %s to %lld", name, (long long)size);
		return;
	}
	if (response->status.code != 409 || !response->status.reason ||
		strcmp(response->status.reason, "AlreadyExists") != 0)
		return;
	const struct kl_object *there = kl_feed_get(c->feed, c->kinds.rs, w->ns, name);
	kl_autojson *rs = there ? kl_object_parse(there) : NULL;
	if (rs && strcmp(kl_json_str(controller_ref(rs), "uid", NULL), meta_str(deployment, "uid")) != 0)
		raise_collision_count(c, w->key, deployment);
}

static int64_t first_size(const struct deployment *d)
{
	int64_t total = 0;
	struct rollout_set none = {0};
	for (size_t i = 0; i < d->count; i++)
		total += d->sets[i].wanted;
	return d->recreate ? d->replicas : rollout_new_replicas(&d->rollout, &none, total);
}

static void create_fresh(struct deployment *d, int64_t revision)
{
	char hash[TEMPLATE_HASH];
	struct replica_set set = {0};
	template_hash(
		json_object_get(d->spec, "template"), kl_json_int(d->json, 0, "status", "collisionCount", NULL), hash);
	set.json = replicaset_new(d, hash);
	kl_json_set(set.json, json_integer(first_size(d)), "spec", "replicas", NULL);
	copy_annotations(d, &set);
	set_number(&set, ANN_REVISION, revision);
	deployment_annotate_size(d, &set);
	if (deployment_deadline_s(d)) {
		kl_autofree char *message = kl_asprintf("Created new replica set \"%s\"", meta_str(set.json, "name"));
		deployment_progressing(d, "True", "NewReplicaSetCreated", message);
	}
	ctl_create(d->c, CTL_DEPLOYMENT, d->key, d->c->kinds.rs, set.json, created);
}

bool deployment_ensure_fresh(struct deployment *d)
{
	int64_t revision = next_revision(d);
	if (!d->fresh) {
		create_fresh(d, revision);
		d->revision = revision;
		return false;
	}
	copy_annotations(d, d->fresh);
	set_revision(d, d->fresh, revision);
	d->revision = deployment_revision(d->fresh->json);
	int64_t min_ready = kl_json_int(d->spec, 0, "minReadySeconds", NULL);
	if (kl_json_int(d->fresh->json, 0, "spec", "minReadySeconds", NULL) != min_ready) {
		kl_json_set(d->fresh->json, json_integer(min_ready), "spec", "minReadySeconds", NULL);
		d->fresh->dirty = true;
	}
	if (deployment_deadline_s(d) && !condition_find(d->status, "Progressing")) {
		kl_autofree char *message = kl_asprintf("Found new replica set \"%s\"", d->fresh->name);
		deployment_progressing(d, "True", "FoundNewReplicaSet", message);
	}
	return true;
}

/* --- history */

static int by_revision(const void *a, const void *b)
{
	const struct replica_set *x = *(struct replica_set *const *)a, *y = *(struct replica_set *const *)b;
	int64_t left = deployment_revision(x->json), right = deployment_revision(y->json);
	return left < right ? -1 : left > right;
}

static bool is_history(const struct deployment *d, const struct replica_set *set)
{
	return set != d->fresh && !set->wanted && !set->replicas && !is_deleting(set->json) &&
	       kl_json_int(set->json, 0, "status", "observedGeneration", NULL) >=
		       kl_json_int(set->json, 0, "metadata", "generation", NULL);
}

void deployment_clean_up(struct deployment *d)
{
	int64_t limit = kl_json_int(d->spec, INT32_MAX, "revisionHistoryLimit", NULL);
	kl_autofree struct replica_set **old = kl_calloc(d->count + 1, sizeof(*old));
	size_t count = 0;
	int64_t all_old = 0;
	for (size_t i = 0; i < d->count; i++) {
		all_old += &d->sets[i] != d->fresh && !is_deleting(d->sets[i].json);
		if (is_history(d, &d->sets[i]))
			old[count++] = &d->sets[i];
	}
	qsort(old, count, sizeof(*old), by_revision);
	for (size_t i = 0; i < count && (int64_t)i < all_old - limit; i++)
		ctl_write(d->c, &(struct ctl_write){.id = CTL_DEPLOYMENT,
					.key = d->key,
					.verb = KL_DELETE,
					.kind = d->c->kinds.rs,
					.ns = meta_str(d->json, "namespace"),
					.name = old[i]->name,
					.uid = meta_str(old[i]->json, "uid"),
					.grace_period_s = CTL_DEFAULT_GRACE,
					.propagation = "Background"});
}
