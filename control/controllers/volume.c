/*
 * PersistentVolumes and their claims. Binding takes several writes, each of which the next look finds and goes on from:
 * the volume names the claim (decided atomically by its resourceVersion), the claim names the volume, both say Bound.
 * Keys: "claim/namespace/name" and "volume//name".
 */
#include "api.h"
#include "ctl.h"

#define CLAIM_FINALIZER  "kubernetes.io/pvc-protection"
#define VOLUME_FINALIZER "kubernetes.io/pv-protection"
#define ANN_COMPLETED    "pv.kubernetes.io/bind-completed"
#define ANN_CONTROLLER   "pv.kubernetes.io/bound-by-controller"
#define ANN_CLASS        "volume.beta.kubernetes.io/storage-class"

struct volumes {
	const struct kl_kind *claim, *volume, *class;
};

static const struct volumes *kinds_of(const struct kl_controllers *c)
{
	return c->state[CTL_VOLUME];
}

static void enqueue_claim(struct kl_controllers *c, const char *ns, const char *name)
{
	kl_autofree char *key = kl_asprintf("claim/%s/%s", ns, name);
	ctl_enqueue(c, CTL_VOLUME, key);
}

static void enqueue_volume(struct kl_controllers *c, const char *name)
{
	kl_autofree char *key = kl_asprintf("volume//%s", name);
	ctl_enqueue(c, CTL_VOLUME, key);
}

/* --- matching */

static const char *class_of(const json_t *object)
{
	const char *beta = kl_json_str(object, "metadata", "annotations", ANN_CLASS, NULL);
	return *beta ? beta : kl_json_str(object, "spec", "storageClassName", NULL);
}

static bool has_modes(const json_t *volume, const json_t *claim)
{
	size_t i, k;
	json_t *want, *has;
	json_array_foreach (kl_json_get(claim, "spec", "accessModes", NULL), i, want) {
		bool found = false;
		json_array_foreach (kl_json_get(volume, "spec", "accessModes", NULL), k, has)
			found |= json_equal(want, has);
		if (!found)
			return false;
	}
	return true;
}

static int64_t storage(const json_t *quantity)
{
	int64_t milli = 0;
	return quantity && !kl_quantity_json(quantity, &milli) ? milli : 0;
}

static int64_t capacity_of(const json_t *volume)
{
	return storage(kl_json_get(volume, "spec", "capacity", "storage", NULL));
}

static const char *mode_of(const json_t *object)
{
	const char *mode = kl_json_str(object, "spec", "volumeMode", NULL);
	return *mode ? mode : "Filesystem";
}

static bool labels_match(const json_t *volume, const json_t *claim)
{
	const json_t *text = kl_json_get(claim, "spec", "selector", NULL);
	kl_autojson *none = json_object();
	json_t *labels = kl_json_get(volume, "metadata", "labels", NULL);
	if (!text)
		return true;
	struct kl_selector *selector = kl_selector_from_json(text, NULL);
	bool matches = selector && kl_selector_matches(selector, labels ? labels : none);
	kl_selector_free(selector);
	return matches;
}

static bool is_for(const json_t *volume, const json_t *claim)
{
	const json_t *ref = kl_json_get(volume, "spec", "claimRef", NULL);
	const char *uid = kl_json_str(ref, "uid", NULL);
	return ref && !strcmp(kl_json_str(ref, "namespace", NULL), meta_str(claim, "namespace")) &&
	       !strcmp(kl_json_str(ref, "name", NULL), meta_str(claim, "name")) &&
	       (!*uid || !strcmp(uid, meta_str(claim, "uid")));
}

static bool fits(const json_t *volume, const json_t *claim)
{
	const char *named = kl_json_str(claim, "spec", "volumeName", NULL);
	if (is_deleting(volume) || (*named && strcmp(named, meta_str(volume, "name")) != 0))
		return false;
	if (is_for(volume, claim))
		return true;
	return !kl_json_get(volume, "spec", "claimRef", NULL) && !strcmp(class_of(volume), class_of(claim)) &&
	       !strcmp(mode_of(volume), mode_of(claim)) && has_modes(volume, claim) && labels_match(volume, claim) &&
	       capacity_of(volume) >= storage(kl_json_get(claim, "spec", "resources", "requests", "storage", NULL));
}

struct search {
	const json_t *claim;
	json_t *best;
};

/* One that names the claim already; else the smallest that is big enough. */
static void consider(struct kl_object *obj, void *arg)
{
	struct search *search = arg;
	kl_autojson *volume = kl_object_parse(obj);
	if (!fits(volume, search->claim) || (search->best && is_for(search->best, search->claim)))
		return;
	bool better = !search->best || is_for(volume, search->claim) || capacity_of(volume) < capacity_of(search->best);
	if (!better)
		return;
	json_decref(search->best);
	search->best = kl_take(&volume);
}

/* --- finalizers */

static bool has_finalizer(const json_t *object, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (kl_json_get(object, "metadata", "finalizers", NULL), i, item) {
		if (json_is_string(item) && !strcmp(json_string_value(item), name))
			return true;
	}
	return false;
}

static void set_finalizer(json_t *object, const char *name, bool on)
{
	json_t *meta = json_object_get(object, "metadata"), *list = json_object_get(meta, "finalizers");
	if (on && !list) {
		list = json_array();
		json_object_set_new(meta, "finalizers", list);
	}
	for (size_t i = json_array_size(list); i-- > 0;) {
		if (!strcmp(json_string_value(json_array_get(list, i)), name))
			json_array_remove(list, i);
	}
	if (on)
		json_array_append_new(list, json_string(name));
}

static bool pod_uses(const struct pod *pod, const char *claim)
{
	size_t i;
	json_t *volume;
	kl_autojson *json = strstr(pod->obj->json, "\"claimName\"") ? kl_object_parse(pod->obj) : NULL;
	json_array_foreach (kl_json_get(json, "spec", "volumes", NULL), i, volume) {
		if (!strcmp(kl_json_str(volume, "persistentVolumeClaim", "claimName", NULL), claim))
			return true;
	}
	return false;
}

static bool in_use(struct kl_controllers *c, const json_t *claim)
{
	for (const struct pod *pod = pods_of_ns(c, meta_str(claim, "namespace")); pod; pod = pod->ns_next) {
		if (!pod->over && pod_uses(pod, meta_str(claim, "name")))
			return true;
	}
	return false;
}

/* --- claims */

static bool set_annotation(json_t *object, const char *name)
{
	if (!strcmp(kl_json_str(object, "metadata", "annotations", name, NULL), "yes"))
		return false;
	kl_json_set(object, json_string("yes"), "metadata", "annotations", name, NULL);
	return true;
}

static void take_volume(struct kl_controllers *c, const char *key, json_t *volume, const json_t *claim)
{
	json_t *ref = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "apiVersion", "v1", "kind", "PersistentVolumeClaim",
		"namespace", meta_str(claim, "namespace"), "name", meta_str(claim, "name"), "uid",
		meta_str(claim, "uid"), "resourceVersion", meta_str(claim, "resourceVersion"));
	if (!kl_json_get(volume, "spec", "claimRef", NULL))
		set_annotation(volume, ANN_CONTROLLER);
	kl_json_set(volume, ref, "spec", "claimRef", NULL);
	ctl_update(c, CTL_VOLUME, key, kinds_of(c)->volume, NULL, json_incref(volume));
}

static void name_volume(struct kl_controllers *c, const char *key, json_t *claim, const json_t *volume)
{
	if (!*kl_json_str(claim, "spec", "volumeName", NULL)) {
		set_annotation(claim, ANN_CONTROLLER);
		kl_json_set(claim, json_string(meta_str(volume, "name")), "spec", "volumeName", NULL);
	}
	set_annotation(claim, ANN_COMPLETED);
	ctl_update(c, CTL_VOLUME, key, kinds_of(c)->claim, NULL, json_incref(claim));
}

static void set_claim_phase(
	struct kl_controllers *c, const char *key, json_t *claim, const char *phase, const json_t *volume)
{
	json_t *status = kl_json_ensure(claim, "status", NULL), *was = json_deep_copy(status);
	json_object_set_new(status, "phase", json_string(phase));
	if (volume) {
		json_t *modes = kl_json_get(volume, "spec", "accessModes", NULL);
		json_t *capacity = kl_json_get(volume, "spec", "capacity", "storage", NULL);
		if (modes)
			json_object_set(status, "accessModes", modes);
		if (capacity)
			kl_json_set(claim, json_incref(capacity), "status", "capacity", "storage", NULL);
	}
	if (!json_equal(status, was))
		ctl_update(c, CTL_VOLUME, key, kinds_of(c)->claim, "status", json_incref(claim));
	json_decref(was);
}

static void no_volume(struct kl_controllers *c, const char *key, json_t *claim)
{
	const char *class = class_of(claim);
	if (!*class)
		ctl_event(c, CTL_VOLUME, claim, "Normal", "FailedBinding",
			"no persistent volumes available for this claim and no storage class is set");
	else if (!kl_feed_get(c->feed, kinds_of(c)->class, "", class))
		ctl_event(c, CTL_VOLUME, claim, "Warning", "ProvisioningFailed",
			"storageclass.storage.k8s.io \"%s\" not found", class);
	else
		ctl_event(c, CTL_VOLUME, claim, "Normal", "ExternalProvisioning",
			"Waiting for a volume to be created either by the external provisioner or manually by the "
			"system "
			"administrator.");
	set_claim_phase(c, key, claim, "Pending", NULL);
}

static void bind_claim(struct kl_controllers *c, const char *key, json_t *claim)
{
	struct search search = {.claim = claim};
	kl_feed_each(c->feed, kinds_of(c)->volume, consider, &search);
	kl_autojson *volume = search.best;
	if (!volume) {
		no_volume(c, key, claim);
		return;
	}
	if (strcmp(kl_json_str(volume, "spec", "claimRef", "uid", NULL), meta_str(claim, "uid")) != 0)
		take_volume(c, key, volume, claim);
	else
		name_volume(c, key, claim, volume);
}

static void check_bound(struct kl_controllers *c, const char *key, json_t *claim)
{
	const char *name = kl_json_str(claim, "spec", "volumeName", NULL);
	const struct kl_object *obj = kl_feed_get(c->feed, kinds_of(c)->volume, "", name);
	kl_autojson *volume = obj ? kl_object_parse(obj) : NULL;
	bool lost = !volume || !is_for(volume, claim);
	if (lost && strcmp(kl_json_str(claim, "status", "phase", NULL), "Lost") != 0)
		ctl_event(c, CTL_VOLUME, claim, "Warning", "ClaimLost",
			"Bound claim has lost its PersistentVolume. Data on the volume is lost!");
	set_claim_phase(c, key, claim, lost ? "Lost" : "Bound", volume);
}

static void sync_claim(struct kl_controllers *c, const char *key, const char *name)
{
	kl_autojson *claim = ctl_load(c, kinds_of(c)->claim, name);
	if (!claim)
		return;
	bool protected = has_finalizer(claim, CLAIM_FINALIZER);
	if (is_deleting(claim)) {
		if (!protected || in_use(c, claim))
			return;
		set_finalizer(claim, CLAIM_FINALIZER, false);
		ctl_update(c, CTL_VOLUME, key, kinds_of(c)->claim, NULL, json_incref(claim));
	} else if (!protected) {
		set_finalizer(claim, CLAIM_FINALIZER, true);
		ctl_update(c, CTL_VOLUME, key, kinds_of(c)->claim, NULL, json_incref(claim));
	} else if (!strcmp(kl_json_str(claim, "metadata", "annotations", ANN_COMPLETED, NULL), "yes")) {
		check_bound(c, key, claim);
	} else {
		bind_claim(c, key, claim);
	}
}

/* --- volumes */

static const char *phase_of(struct kl_controllers *c, const json_t *volume)
{
	const json_t *ref = kl_json_get(volume, "spec", "claimRef", NULL);
	const char *uid = kl_json_str(ref, "uid", NULL);
	if (!ref || !*uid)
		return "Available";
	const struct kl_object *obj = kl_feed_get(
		c->feed, kinds_of(c)->claim, kl_json_str(ref, "namespace", NULL), kl_json_str(ref, "name", NULL));
	if (!obj || strcmp(obj->uid, uid) != 0)
		return "Released";
	kl_autojson *claim = kl_object_parse(obj);
	bool named = !strcmp(kl_json_str(claim, "spec", "volumeName", NULL), meta_str(volume, "name"));
	return named ? "Bound" : "Available";
}

/* Retain leaves a released volume to its administrator. Delete is its provisioner's work; we have none: it is said. */
static void reclaim(struct kl_controllers *c, const char *key, json_t *volume)
{
	const char *policy = kl_json_str(volume, "spec", "persistentVolumeReclaimPolicy", NULL);
	if (strcmp(policy, "Delete") != 0)
		return;
	if (*kl_json_str(volume, "metadata", "annotations", "pv.kubernetes.io/provisioned-by", NULL))
		return; /* its provisioner deletes it */
	if (!strcmp(kl_json_str(volume, "status", "phase", NULL), "Failed"))
		return;
	kl_json_set(volume, json_string("Failed"), "status", "phase", NULL);
	kl_json_set(volume, json_string("no deleter for this kind of volume: remove its data by hand"), "status",
		"message", NULL);
	ctl_event(c, CTL_VOLUME, volume, "Warning", "VolumeFailedDelete",
		"no deleter for this kind of volume: remove its data by hand");
	ctl_update(c, CTL_VOLUME, key, kinds_of(c)->volume, "status", json_incref(volume));
}

static void sync_volume(struct kl_controllers *c, const char *key, const char *name)
{
	kl_autojson *volume = ctl_load(c, kinds_of(c)->volume, name);
	if (!volume)
		return;
	const char *phase = phase_of(c, volume), *was = kl_json_str(volume, "status", "phase", NULL);
	bool protected = has_finalizer(volume, VOLUME_FINALIZER), going = is_deleting(volume);
	if (going ? protected && strcmp(phase, "Bound") != 0 : !protected) {
		set_finalizer(volume, VOLUME_FINALIZER, !going);
		ctl_update(c, CTL_VOLUME, key, kinds_of(c)->volume, NULL, json_incref(volume));
		return;
	}
	if (!strcmp(phase, "Released") && !strcmp(was, phase)) {
		reclaim(c, key, volume);
		return;
	}
	if (!strcmp(phase, was) || (!strcmp(phase, "Released") && !strcmp(was, "Failed")))
		return;
	kl_json_set(volume, json_string(phase), "status", "phase", NULL);
	ctl_update(c, CTL_VOLUME, key, kinds_of(c)->volume, "status", json_incref(volume));
}

static void sync(struct kl_controllers *c, const char *key)
{
	const char *slash = strchr(key, '/');
	if (!strncmp(key, "claim", 5))
		sync_claim(c, key, slash + 1);
	else
		sync_volume(c, key, slash + 1);
}

/* --- events */

static void enqueue_pending(struct kl_object *obj, void *arg)
{
	if (!strstr(obj->json, "\"" ANN_COMPLETED "\""))
		enqueue_claim(arg, obj->ns, obj->name);
}

static void on_volume(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const json_t *ref = kl_json_get(kl_feed_parsed(c->feed), "spec", "claimRef", NULL);
	enqueue_volume(c, (now ? now : prev)->name);
	if (ref)
		enqueue_claim(c, kl_json_str(ref, "namespace", NULL), kl_json_str(ref, "name", NULL));
	else if (now)
		kl_feed_each(c->feed, kinds_of(c)->claim, enqueue_pending, c);
}

static void on_claim(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const char *volume = kl_json_str(kl_feed_parsed(c->feed), "spec", "volumeName", NULL);
	enqueue_claim(c, (now ? now : prev)->ns, (now ? now : prev)->name);
	if (*volume)
		enqueue_volume(c, volume);
}

static void enqueue_deleting(struct kl_object *obj, void *arg)
{
	if (strstr(obj->json, "\"deletionTimestamp\""))
		enqueue_claim(arg, obj->ns, obj->name);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if ((gone || pod->over) && strstr(pod->obj->json, "\"claimName\""))
		kl_feed_each(c->feed, kinds_of(c)->claim, enqueue_deleting, c);
}

static void init(struct kl_controllers *c)
{
	struct volumes *kinds = c->state[CTL_VOLUME] = kl_calloc(1, sizeof(*kinds));
	kinds->claim = kl_kind_named("", "PersistentVolumeClaim");
	kinds->volume = kl_kind_named("", "PersistentVolume");
	kinds->class = kl_kind_named("storage.k8s.io", "StorageClass");
	kl_feed_add(c->feed, kinds->claim, on_claim, c);
	kl_feed_add(c->feed, kinds->volume, on_volume, c);
	pods_listen(c, on_pod);
}

static void release(struct kl_controllers *c)
{
	free(c->state[CTL_VOLUME]);
}

const struct controller volume_controller = {"persistentvolume-controller", init, sync, release};
