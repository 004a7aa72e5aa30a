/*
 * StatefulSets: pods with names and storage of their own, one after the other. What happens next is always the first
 * thing, in order of ordinals, that is not as it should be.
 */
#include "history.h"

#include <stdio.h>

#define HASH_LABEL "controller-revision-hash"

struct stateful {
	struct owner owner;
	struct history history;
	json_t *spec, *status;
	const char *current, *update; /* names of revisions */
	int64_t replicas, start, min_ready_s, next_ms;
	bool ordered;
	struct pod **slots; /* by ordinal - start; NULL: none */
	struct pod **rest;  /* those that must go, highest ordinal first */
	size_t rest_count;
};

/* --- pods and ordinals */

/* -1: not a name of ours. */
static int64_t ordinal_of(const struct stateful *s, const struct pod *pod)
{
	const char *name = meta_str(s->owner.json, "name");
	size_t len = strlen(name);
	char *end;
	if (strncmp(pod->name, name, len) != 0 || pod->name[len] != '-' || !pod->name[len + 1])
		return -1;
	int64_t ordinal = strtoll(pod->name + len + 1, &end, 10);
	return *end ? -1 : ordinal;
}

static const char *revision_of(const struct pod *pod)
{
	for (const char *label = pod->obj->labels; *label;) {
		const char *value = label + strlen(label) + 1;
		if (!strcmp(label, HASH_LABEL))
			return value;
		label = value + strlen(value) + 1;
	}
	return "";
}

static int highest_first(const void *a, const void *b, void *arg)
{
	int64_t x = ordinal_of(arg, *(struct pod *const *)a), y = ordinal_of(arg, *(struct pod *const *)b);
	return x > y ? -1 : x < y;
}

static void sort_pods(struct stateful *s)
{
	size_t count;
	kl_autofree struct pod **pods = owner_pods(&s->owner, true, &count);
	s->slots = kl_calloc((size_t)s->replicas + 1, sizeof(struct pod *));
	s->rest = kl_calloc(count + 1, sizeof(struct pod *));
	for (size_t i = 0; i < count; i++) {
		int64_t ordinal = ordinal_of(s, pods[i]);
		if (ordinal >= s->start && ordinal < s->start + s->replicas)
			s->slots[ordinal - s->start] = pods[i];
		else if (ordinal >= 0)
			s->rest[s->rest_count++] = pods[i];
	}
	qsort_r(s->rest, s->rest_count, sizeof(*s->rest), highest_first, s);
}

static bool is_available(struct stateful *s, const struct pod *pod)
{
	int64_t wait_ms;
	bool available = pod->running && pod_available(pod, s->min_ready_s, &wait_ms);
	if (pod->running && !available && wait_ms && (!s->next_ms || wait_ms < s->next_ms))
		s->next_ms = wait_ms;
	return available && !pod->deleting;
}

/* --- making a pod */

static void ensure_claims(struct stateful *s, const char *pod_name, json_t *pod)
{
	size_t i, k;
	json_t *template, *volume;
	const struct kl_kind *kind = kl_kind_named("", "PersistentVolumeClaim");
	json_array_foreach (json_object_get(s->spec, "volumeClaimTemplates"), i, template) {
		const char *name = meta_str(template, "name"), *ns = meta_str(s->owner.json, "namespace");
		kl_autofree char *claim_name = kl_asprintf("%s-%s", name, pod_name);
		json_t *volumes = json_object_get(json_object_get(pod, "spec"), "volumes");
		if (!volumes) {
			volumes = json_array();
			kl_json_set(pod, volumes, "spec", "volumes", NULL);
		}
		for (k = json_array_size(volumes); k-- > 0;) {
			volume = json_array_get(volumes, k);
			if (!strcmp(kl_json_str(volume, "name", NULL), name))
				json_array_remove(volumes, k);
		}
		json_array_append_new(volumes,
			json_pack("{s:s,s:{s:s}}", "name", name, "persistentVolumeClaim", "claimName", claim_name));
		if (kl_feed_get(s->owner.c->feed, kind, ns, claim_name))
			continue;
		json_t *labels = kl_json_get(s->spec, "selector", "matchLabels", NULL);
		json_t *claim = json_pack("{s:s,s:s,s:{s:s,s:s},s:o}", "apiVersion", "v1", "kind",
			"PersistentVolumeClaim", "metadata", "name", claim_name, "namespace", ns, "spec",
			json_deep_copy(json_object_get(template, "spec")));
		if (labels)
			kl_json_set(claim, json_deep_copy(labels), "metadata", "labels", NULL);
		ctl_create(s->owner.c, CTL_STATEFULSET, s->owner.key, kind, claim, NULL);
	}
}

static int64_t partition_of(const struct stateful *s)
{
	return kl_json_int(s->spec, 0, "updateStrategy", "rollingUpdate", "partition", NULL);
}

/* While an update is under way, pods below it come back as they were. */
static const char *revision_for(const struct stateful *s, int64_t ordinal)
{
	bool partitioned = partition_of(s) > 0 && ordinal < partition_of(s);
	bool untouched = ordinal - s->start < kl_json_int(s->status, 0, "currentReplicas", NULL);
	return (partitioned || untouched) && history_template(&s->history, s->current) ? s->current : s->update;
}

static void create_pod(struct stateful *s, int64_t ordinal)
{
	char number[24];
	const char *revision = revision_for(s, ordinal);
	const json_t *template = strcmp(revision, s->update) != 0 ? history_template(&s->history, revision)
								  : json_object_get(s->spec, "template");
	kl_autofree char *name = kl_asprintf("%s-%lld", meta_str(s->owner.json, "name"), (long long)ordinal);
	json_t *pod = owner_pod_new(&s->owner, template, name);
	snprintf(number, sizeof(number), "%lld", (long long)ordinal);
	kl_json_set(pod, json_string(revision), "metadata", "labels", HASH_LABEL, NULL);
	kl_json_set(pod, json_string(name), "metadata", "labels", "statefulset.kubernetes.io/pod-name", NULL);
	kl_json_set(pod, json_string(number), "metadata", "labels", "apps.kubernetes.io/pod-index", NULL);
	kl_json_set(pod, json_string(name), "spec", "hostname", NULL);
	kl_json_set(pod, json_string(kl_json_str(s->spec, "serviceName", NULL)), "spec", "subdomain", NULL);
	ensure_claims(s, name, pod);
	owner_create_pod(&s->owner, pod);
}

/* --- what comes next: each returns true when the rest must wait */

static bool fill_slots(struct stateful *s)
{
	for (int64_t i = 0; i < s->replicas; i++) {
		struct pod *pod = s->slots[i];
		bool wait = true;
		if (!pod)
			create_pod(s, s->start + i);
		else if (pod->over && !pod->deleting)
			owner_delete_pod(&s->owner, pod); /* the same name comes back */
		else
			wait = !is_available(s, pod);
		if (wait && s->ordered)
			return true;
	}
	return false;
}

static bool shrink(struct stateful *s)
{
	for (size_t i = 0; i < s->rest_count; i++) {
		if (!s->rest[i]->deleting)
			owner_delete_pod(&s->owner, s->rest[i]);
		if (s->ordered)
			return true;
	}
	return false;
}

/* From the highest ordinal down, one at a time, waiting for each to be healthy again. */
static void roll(struct stateful *s)
{
	if (!strcmp(kl_json_str(s->spec, "updateStrategy", "type", NULL), "OnDelete"))
		return;
	for (int64_t i = s->replicas - 1; i >= 0 && s->start + i >= partition_of(s); i--) {
		struct pod *pod = s->slots[i];
		if (pod && !pod->deleting && strcmp(revision_of(pod), s->update) != 0) {
			owner_delete_pod(&s->owner, pod);
			return;
		}
		if (!pod || !is_available(s, pod))
			return;
	}
}

/* --- status */

static bool set_text(json_t *status, const char *field, const char *value)
{
	if (!strcmp(kl_json_str(status, field, NULL), value))
		return false;
	json_object_set_new(status, field, json_string(value));
	return true;
}

static void update_status(struct stateful *s)
{
	int64_t total = 0, ready = 0, available = 0, current = 0, updated = 0;
	for (int64_t i = 0; i < s->replicas + (int64_t)s->rest_count; i++) {
		struct pod *pod = i < s->replicas ? s->slots[i] : s->rest[i - s->replicas];
		if (!pod || pod->over)
			continue;
		total++;
		ready += pod->ready && pod->running;
		available += is_available(s, pod);
		current += !pod->deleting && !strcmp(revision_of(pod), s->current);
		updated += !pod->deleting && !strcmp(revision_of(pod), s->update);
	}
	bool rolling = strcmp(kl_json_str(s->spec, "updateStrategy", "type", NULL), "OnDelete") != 0;
	if (rolling && updated == total && ready == total && total == s->replicas) {
		s->current = s->update;
		current = updated;
	}
	bool changed = status_number(s->status, "replicas", total, true);
	changed |= status_number(s->status, "readyReplicas", ready, false);
	changed |= status_number(s->status, "availableReplicas", available, true);
	changed |= status_number(s->status, "currentReplicas", current, false);
	changed |= status_number(s->status, "updatedReplicas", updated, false);
	changed |= set_text(s->status, "currentRevision", s->current);
	changed |= set_text(s->status, "updateRevision", s->update);
	changed |= status_number(
		s->status, "observedGeneration", kl_json_int(s->owner.json, 0, "metadata", "generation", NULL), false);
	changed |= status_number(s->status, "collisionCount", kl_json_int(s->status, 0, "collisionCount", NULL), true);
	if (changed)
		owner_write_status(&s->owner);
	if (s->next_ms)
		ctl_enqueue_after(s->owner.c, CTL_STATEFULSET, s->owner.key, s->next_ms + 1);
}

/* --- sync */

static void read_set(struct stateful *s)
{
	s->spec = json_object_get(s->owner.json, "spec");
	s->status = kl_json_ensure(s->owner.json, "status", NULL);
	s->replicas = kl_json_int(s->spec, 1, "replicas", NULL);
	s->start = kl_json_int(s->spec, 0, "ordinals", "start", NULL);
	s->min_ready_s = kl_json_int(s->spec, 0, "minReadySeconds", NULL);
	s->ordered = strcmp(kl_json_str(s->spec, "podManagementPolicy", NULL), "Parallel") != 0;
	history_load(&s->owner, &s->history);
	s->update = s->history.current;
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct stateful s = {0};
	if (!owner_load(c, CTL_STATEFULSET, c->owner_kinds[CTL_STATEFULSET], key, &s.owner))
		return;
	if (!is_deleting(s.owner.json)) {
		owner_claim(&s.owner);
		read_set(&s);
		/* The status is rewritten below: the name must outlive it. */
		kl_autofree char *was = kl_strdup(kl_json_str(s.status, "currentRevision", NULL));
		s.current = *was ? was : s.update;
		sort_pods(&s);
		if (!fill_slots(&s) && !shrink(&s))
			roll(&s);
		update_status(&s);
		history_clean_up(&s.owner, &s.history, s.current);
	}
	history_release(&s.history);
	free(s.slots);
	free(s.rest);
	owner_release(&s.owner);
}

static void on_set(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_STATEFULSET, now ? now : prev);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	owner_of_pod_enqueue(c, CTL_STATEFULSET, "StatefulSet", pod);
	if (!gone)
		owner_offer_orphan(c, CTL_STATEFULSET, c->owner_kinds[CTL_STATEFULSET], pod);
}

static void init(struct kl_controllers *c)
{
	c->owner_kinds[CTL_STATEFULSET] = kl_kind_named("apps", "StatefulSet");
	kl_feed_add(c->feed, c->owner_kinds[CTL_STATEFULSET], on_set, c);
	pods_listen(c, on_pod);
}

const struct controller statefulset_controller = {"statefulset-controller", init, sync, NULL};
