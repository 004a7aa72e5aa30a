#include "owned.h"

#include <stdio.h>

enum { KNOWN_MAX = 4096 };

/* --- owners */

bool owner_load(
	struct kl_controllers *c, enum controller_id id, const struct kl_kind *kind, const char *key, struct owner *ret)
{
	*ret = (struct owner){.c = c, .id = id, .key = key, .kind = kind, .json = ctl_load(c, kind, key)};
	if (!ret->json)
		return false;
	const json_t *selector = kl_json_get(ret->json, "spec", "selector", NULL);
	bool plain = !strcmp(kind->kind, "ReplicationController");
	ret->selector = plain ? kl_selector_from_map(selector) : kl_selector_from_json(selector, NULL);
	return true;
}

void owner_release(struct owner *owner)
{
	json_decref(owner->json);
	kl_selector_free(owner->selector);
}

static bool matches(const struct owner *owner, const struct pod *pod)
{
	return owner->selector && kl_selector_matches_packed(owner->selector, pod->obj->labels);
}

/* --- claiming */

static void patch_owners(struct owner *owner, const struct pod *pod, json_t *refs)
{
	json_t *patch = json_pack("{s:{s:s,s:o}}", "metadata", "uid", pod->uid, "ownerReferences", refs);
	ctl_write(owner->c, &(struct ctl_write){.id = owner->id,
				    .key = owner->key,
				    .verb = KL_PATCH,
				    .kind = owner->c->kinds.pod,
				    .ns = pod->ns,
				    .name = pod->name,
				    .patch = patch,
				    .patch_type = KL_PATCH_MERGE});
}

static void adopt(struct owner *owner, const struct pod *pod)
{
	kl_autojson *json = kl_object_parse(pod->obj);
	json_t *had = kl_json_get(json, "metadata", "ownerReferences", NULL);
	json_t *refs = had ? json_copy(had) : json_array();
	json_array_append_new(refs, controller_ref_new(owner->json));
	patch_owners(owner, pod, refs);
}

static void let_go(struct owner *owner, const struct pod *pod)
{
	size_t i;
	json_t *ref, *refs = json_array();
	kl_autojson *json = kl_object_parse(pod->obj);
	json_array_foreach (kl_json_get(json, "metadata", "ownerReferences", NULL), i, ref) {
		if (strcmp(kl_json_str(ref, "uid", NULL), pod->owner_uid) != 0)
			json_array_append(refs, ref);
	}
	patch_owners(owner, pod, refs);
}

int64_t owner_claim(struct owner *owner)
{
	struct pod *pod;
	int64_t adopted = 0;
	if (is_deleting(owner->json))
		return 0;
	for (pod = pods_of_owner(owner->c, meta_str(owner->json, "uid")); pod; pod = pod->owner_next) {
		if (!pod->deleting && !matches(owner, pod))
			let_go(owner, pod);
	}
	for (pod = pods_of_ns(owner->c, meta_str(owner->json, "namespace")); pod; pod = pod->ns_next) {
		if (pod->owner_uid || pod->deleting || pod->over || !matches(owner, pod))
			continue;
		adopt(owner, pod);
		adopted++;
	}
	return adopted;
}

struct pod **owner_pods(struct owner *owner, bool all, size_t *ret_count)
{
	size_t count = 0;
	struct pod *pod, *first = pods_of_owner(owner->c, meta_str(owner->json, "uid"));
	for (pod = first; pod; pod = pod->owner_next)
		count++;
	struct pod **pods = kl_calloc(count + 1, sizeof(struct pod *));
	count = 0;
	for (pod = first; pod; pod = pod->owner_next) {
		if (all || (!pod->deleting && !pod->over && matches(owner, pod)))
			pods[count++] = pod;
	}
	*ret_count = count;
	return pods;
}

/* --- pods */

json_t *owner_pod_new(const struct owner *owner, const json_t *template, const char *name)
{
	static const char *const copied[] = {"labels", "annotations", "finalizers"};
	json_t *pod = json_pack("{s:s,s:s,s:{}}", "apiVersion", "v1", "kind", "Pod", "metadata");
	json_t *meta = json_object_get(pod, "metadata");
	for (size_t i = 0; i < KL_ARRAY_LEN(copied); i++) {
		json_t *value = kl_json_get(template, "metadata", copied[i], NULL);
		if (value)
			json_object_set_new(meta, copied[i], json_deep_copy(value));
	}
	kl_autofree char *prefix = kl_asprintf("%s-", meta_str(owner->json, "name"));
	json_object_set_new(meta, name ? "name" : "generateName", json_string(name ? name : prefix));
	json_object_set_new(meta, "namespace", json_string(meta_str(owner->json, "namespace")));
	json_object_set_new(meta, "ownerReferences", json_pack("[o]", controller_ref_new(owner->json)));
	json_object_set_new(pod, "spec", json_deep_copy(json_object_get(template, "spec")));
	return pod;
}

static json_t *load_owner(struct kl_controllers *c, const struct ctl_write *w)
{
	return c->owner_kinds[w->id] ? ctl_load(c, c->owner_kinds[w->id], w->key) : NULL;
}

static void pod_created(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *owner = load_owner(c, w);
	if (owner && !response->status.code && response->object)
		ctl_event(c, w->id, owner, "Normal", "SuccessfulCreate", "Created pod: %s", response->object->name);
	else if (owner && response->status.code)
		ctl_event(c, w->id, owner, "Warning", "FailedCreate", "Error creating: %s",
			response->status.message ? response->status.message : "unknown error");
}

void owner_create_pod(struct owner *owner, json_t *pod)
{
	ctl_create(owner->c, owner->id, owner->key, owner->c->kinds.pod, pod, pod_created);
}

static void pod_deleted(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *owner = load_owner(c, w);
	if (owner && !response->status.code)
		ctl_event(c, w->id, owner, "Normal", "SuccessfulDelete", "Deleted pod: %s", w->name);
}

void owner_delete_pod(struct owner *owner, const struct pod *pod)
{
	ctl_write(owner->c, &(struct ctl_write){.id = owner->id,
				    .key = owner->key,
				    .verb = KL_DELETE,
				    .kind = owner->c->kinds.pod,
				    .ns = pod->ns,
				    .name = pod->name,
				    .uid = pod->uid,
				    .grace_period_s = CTL_DEFAULT_GRACE,
				    .done = pod_deleted});
}

void owner_write_status(struct owner *owner)
{
	ctl_update(owner->c, owner->id, owner->key, owner->kind, "status", json_incref(owner->json));
}

/* --- events */

void owner_of_pod_enqueue(struct kl_controllers *c, enum controller_id id, const char *kind, const struct pod *pod)
{
	if (!pod->owner_uid || strcmp(pod->owner_kind, kind) != 0)
		return;
	kl_autofree char *key = kl_asprintf("%s/%s", pod->ns, pod->owner_name);
	ctl_enqueue(c, id, key);
}

/* The selector of an owner as of one version, so that offering a pod to many owners does not parse them all. */
struct known_selector {
	char *key; /* uid */
	uint64_t rv;
	struct kl_selector *selector;
	UT_hash_handle hh;
};

static void known_free(struct kl_controllers *c, struct known_selector *known)
{
	HASH_DELETE(hh, c->selectors, known);
	kl_selector_free(known->selector);
	free(known->key);
	free(known);
}

void owned_release(struct kl_controllers *c)
{
	while (c->selectors)
		known_free(c, c->selectors);
}

static struct kl_selector *read_selector(struct kl_object *obj)
{
	kl_autojson *json = kl_object_parse(obj);
	const json_t *selector = kl_json_get(json, "spec", "selector", NULL);
	bool plain = !strcmp(obj->kind->kind, "ReplicationController");
	return plain ? kl_selector_from_map(selector) : kl_selector_from_json(selector, NULL);
}

static const struct kl_selector *selector_of(struct kl_controllers *c, struct kl_object *obj)
{
	struct known_selector *known;
	HASH_FIND_STR(c->selectors, obj->uid, known);
	if (known && known->rv == obj->rv)
		return known->selector;
	if (known)
		known_free(c, known);
	else if (HASH_COUNT(c->selectors) >= KNOWN_MAX)
		known_free(c, c->selectors); /* the oldest */
	known = kl_calloc(1, sizeof(*known));
	known->key = kl_strdup(obj->uid);
	known->rv = obj->rv;
	known->selector = read_selector(obj);
	HASH_ADD_KEYPTR(hh, c->selectors, known->key, strlen(known->key), known);
	return known->selector;
}

struct offer {
	struct kl_controllers *c;
	enum controller_id id;
	const struct pod *pod;
};

static void offer(struct kl_object *obj, void *arg)
{
	struct offer *to = arg;
	if (strcmp(obj->ns, to->pod->ns) != 0)
		return;
	const struct kl_selector *selector = selector_of(to->c, obj);
	if (selector && kl_selector_matches_packed(selector, to->pod->obj->labels))
		ctl_enqueue_object(to->c, to->id, obj);
}

void owner_offer_orphan(
	struct kl_controllers *c, enum controller_id id, const struct kl_kind *kind, const struct pod *pod)
{
	struct offer to = {c, id, pod};
	if (pod->relabeled && !pod->owner_uid && !pod->over && !pod->deleting && *pod->obj->labels)
		kl_feed_each(c->feed, kind, offer, &to);
}

/* --- which pods go first */

struct ranked {
	struct pod *pod;
	unsigned same_node; /* pods of the owner on its node */
};

/* Newest first; times are whole seconds, one that is absent counts as newest. */
static int compare_times(int64_t a_ms, int64_t b_ms)
{
	if (a_ms / 1000 == b_ms / 1000)
		return 0;
	if (!a_ms || !b_ms)
		return a_ms ? 1 : -1;
	return a_ms > b_ms ? -1 : 1;
}

static int deletion_order(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	const struct pod *p = a->pod, *q = b->pod;
	int order;
	if (!p->node != !q->node)
		return p->node ? 1 : -1;
	if (p->running != q->running)
		return p->running ? 1 : -1;
	if (p->ready != q->ready)
		return p->ready ? 1 : -1;
	if (p->deletion_cost != q->deletion_cost)
		return p->deletion_cost < q->deletion_cost ? -1 : 1;
	if (a->same_node != b->same_node)
		return a->same_node > b->same_node ? -1 : 1;
	if (p->ready && (order = compare_times(p->ready_since_ms, q->ready_since_ms)))
		return order;
	if (p->restarts != q->restarts)
		return p->restarts > q->restarts ? -1 : 1;
	if ((order = compare_times(p->created_ms, q->created_ms)))
		return order;
	return strcmp(p->key, q->key);
}

static unsigned count_on_node(struct kl_controllers *c, const struct pod *like)
{
	unsigned count = 0;
	const struct pod *pod;
	for (pod = like->node ? pods_of_node(c, like->node) : NULL; pod; pod = pod->node_next)
		count +=
			pod->owner_uid && like->owner_uid && !strcmp(pod->owner_uid, like->owner_uid) && !pod->deleting;
	return count;
}

void owner_sort_for_deletion(struct kl_controllers *c, struct pod **pods, size_t count)
{
	kl_autofree struct ranked *ranked = kl_calloc(count + 1, sizeof(*ranked));
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){pods[i], count_on_node(c, pods[i])};
	qsort(ranked, count, sizeof(*ranked), deletion_order);
	for (size_t i = 0; i < count; i++)
		pods[i] = ranked[i].pod;
}

/* --- status and templates */

bool status_number(json_t *status, const char *field, int64_t value, bool always)
{
	json_t *old = json_object_get(status, field);
	if (!value && !always) {
		json_object_del(status, field);
		return old != NULL;
	}
	if (old && json_integer_value(old) == value)
		return false;
	json_object_set_new(status, field, json_integer(value));
	return true;
}

void template_hash(const json_t *value, int64_t salt, char ret[TEMPLATE_HASH])
{
	/* No vowels, so that no words come out. */
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	uint32_t hash = 2166136261u;
	char digits[TEMPLATE_HASH];
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	for (const char *at = text; at && *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	for (size_t i = 0; i < sizeof(salt); i++)
		hash = (hash ^ (unsigned char)(salt >> (8 * i))) * 16777619u;
	free(text);
	snprintf(digits, sizeof(digits), "%u", hash);
	size_t i = 0;
	for (; digits[i]; i++)
		ret[i] = alphabet[(unsigned char)digits[i] % (sizeof(alphabet) - 1)];
	ret[i] = 0;
}

bool template_equal(const json_t *a, const json_t *b, const char *without_label)
{
	kl_autojson *left = json_deep_copy(a), *right = json_deep_copy(b);
	kl_json_delete(left, "metadata", "labels", without_label, NULL);
	kl_json_delete(right, "metadata", "labels", without_label, NULL);
	return json_equal(left, right);
}
