#include "history.h"

static const struct kl_kind *revision_kind(void)
{
	return kl_kind_named("apps", "ControllerRevision");
}

/* What upstream stores: a patch that puts the template back. */
static json_t *snapshot(const json_t *owner)
{
	json_t *template = json_deep_copy(kl_json_get(owner, "spec", "template", NULL));
	json_object_set_new(template, "$patch", json_string("replace"));
	return json_pack("{s:{s:o}}", "spec", "template", template);
}

struct gathering {
	struct owner *owner;
	struct history *history;
};

static void gather(struct kl_object *obj, void *arg)
{
	struct gathering *g = arg;
	const char *uid = meta_str(g->owner->json, "uid");
	if (strcmp(obj->ns, meta_str(g->owner->json, "namespace")) != 0 || !strstr(obj->json, uid))
		return;
	json_t *revision = kl_object_parse(obj);
	if (strcmp(kl_json_str(controller_ref(revision), "uid", NULL), uid) != 0) {
		json_decref(revision);
		return;
	}
	struct history *h = g->history;
	h->items = kl_reallocarray(h->items, h->count + 1, sizeof(*h->items));
	h->items[h->count++] = revision;
}

static int by_revision(const void *a, const void *b)
{
	int64_t x = kl_json_int(*(json_t *const *)a, 0, "revision", NULL),
		y = kl_json_int(*(json_t *const *)b, 0, "revision", NULL);
	return x < y ? -1 : x > y;
}

static void write_new(struct owner *owner, struct history *h, json_t *data, int64_t number)
{
	char hash[TEMPLATE_HASH];
	json_t *labels = kl_json_get(owner->json, "spec", "template", "metadata", "labels", NULL);
	template_hash(data, kl_json_int(owner->json, 0, "status", "collisionCount", NULL), hash);
	h->made = kl_asprintf("%s-%s", meta_str(owner->json, "name"), hash);
	h->current = h->made;
	json_t *revision = json_pack("{s:s,s:s,s:{s:s,s:s,s:o,s:[o]},s:O,s:I}", "apiVersion", "apps/v1", "kind",
		"ControllerRevision", "metadata", "name", h->made, "namespace", meta_str(owner->json, "namespace"),
		"labels", labels ? json_deep_copy(labels) : json_object(), "ownerReferences",
		controller_ref_new(owner->json), "data", data, "revision", (json_int_t)number);
	kl_json_set(revision, json_string(hash), "metadata", "labels", "controller.kubernetes.io/hash", NULL);
	ctl_create(owner->c, owner->id, owner->key, revision_kind(), revision, NULL);
}

void history_load(struct owner *owner, struct history *h)
{
	struct gathering g = {owner, h};
	*h = (struct history){0};
	kl_feed_each(owner->c->feed, revision_kind(), gather, &g);
	if (h->count)
		qsort(h->items, h->count, sizeof(*h->items), by_revision);
	kl_autojson *data = snapshot(owner->json);
	int64_t highest = h->count ? kl_json_int(h->items[h->count - 1], 0, "revision", NULL) : 0;
	json_t *same = NULL;
	for (size_t i = 0; i < h->count; i++) {
		if (json_equal(json_object_get(h->items[i], "data"), data))
			same = h->items[i];
	}
	if (!same) {
		write_new(owner, h, data, highest + 1);
		return;
	}
	h->current = meta_str(same, "name");
	if (kl_json_int(same, 0, "revision", NULL) == highest)
		return;
	json_object_set_new(same, "revision", json_integer(highest + 1));
	ctl_update(owner->c, owner->id, owner->key, revision_kind(), NULL, json_incref(same));
}

void history_release(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		json_decref(h->items[i]);
	free(h->items);
	free(h->made);
}

json_t *history_template(const struct history *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++) {
		if (!strcmp(meta_str(h->items[i], "name"), name))
			return kl_json_get(h->items[i], "data", "spec", "template", NULL);
	}
	return NULL;
}

/* Pods name their revision whole (StatefulSet) or by its hash (DaemonSet). */
static bool is_live(struct owner *owner, const json_t *revision)
{
	const char *name = meta_str(revision, "name");
	const char *hash = kl_json_str(revision, "metadata", "labels", "controller.kubernetes.io/hash", NULL);
	for (const struct pod *pod = pods_of_owner(owner->c, meta_str(owner->json, "uid")); pod;
		pod = pod->owner_next) {
		for (const char *label = pod->obj->labels; *label;) {
			const char *value = label + strlen(label) + 1;
			if (!strcmp(label, "controller-revision-hash") &&
				(!strcmp(value, name) || !strcmp(value, hash)))
				return true;
			label = value + strlen(value) + 1;
		}
	}
	return false;
}

void history_clean_up(struct owner *owner, struct history *h, const char *also_kept)
{
	int64_t limit = kl_json_int(owner->json, 10, "spec", "revisionHistoryLimit", NULL), old = 0;
	kl_autofree json_t **idle = kl_calloc(h->count + 1, sizeof(json_t *));
	for (size_t i = 0; i < h->count; i++) {
		const char *name = meta_str(h->items[i], "name");
		if (strcmp(name, h->current) != 0 && strcmp(name, also_kept) != 0 && !is_live(owner, h->items[i]))
			idle[old++] = h->items[i];
	}
	for (int64_t i = 0; i < old - limit; i++)
		ctl_write(owner->c, &(struct ctl_write){.id = owner->id,
					    .key = owner->key,
					    .verb = KL_DELETE,
					    .kind = revision_kind(),
					    .ns = meta_str(idle[i], "namespace"),
					    .name = meta_str(idle[i], "name"),
					    .uid = meta_str(idle[i], "uid"),
					    .grace_period_s = CTL_DEFAULT_GRACE});
}
