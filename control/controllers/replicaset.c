/* ReplicaSets: as many pods as wanted, the right ones deleted, orphans adopted, status counted. */
#include "replicaset.h"

#include "api.h"

enum { CREATE_AT_ONCE = 500 };

/* --- which pods go first: upstream's ActivePodsWithRanks */

struct ranked {
	struct pod *pod;
	unsigned same_node; /* pods of the owner on its node */
};

static int phase_rank(const struct pod *pod)
{
	return pod->running ? 2 : 0; /* Pending before Unknown before Running; Unknown is never set any more */
}

/* Doubling buckets of age, so that pods of nearly the same age count as equal. */
static int compare_times(int64_t a_ms, int64_t b_ms)
{
	if (a_ms / 1000 == b_ms / 1000)
		return 0;
	if (!a_ms || !b_ms)
		return a_ms ? 1 : -1; /* without a time counts as newest */
	return a_ms > b_ms ? -1 : 1;
}

static int deletion_order(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	const struct pod *p = a->pod, *q = b->pod;
	int order;
	if (!p->node != !q->node)
		return p->node ? 1 : -1;
	if (phase_rank(p) != phase_rank(q))
		return phase_rank(p) - phase_rank(q);
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

void replicas_sort_for_deletion(struct kl_controllers *c, struct pod **pods, size_t count)
{
	kl_autofree struct ranked *ranked = kl_calloc(count + 1, sizeof(*ranked));
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){pods[i], count_on_node(c, pods[i])};
	qsort(ranked, count, sizeof(*ranked), deletion_order);
	for (size_t i = 0; i < count; i++)
		pods[i] = ranked[i].pod;
}

/* --- pods from a template */

json_t *replicas_pod_new(const json_t *owner, const json_t *template)
{
	static const char *const copied[] = {"labels", "annotations", "finalizers"};
	json_t *pod = json_pack("{s:s,s:s,s:{}}", "apiVersion", "v1", "kind", "Pod", "metadata");
	json_t *meta = json_object_get(pod, "metadata");
	for (size_t i = 0; i < KL_ARRAY_LEN(copied); i++) {
		json_t *value = kl_json_get(template, "metadata", copied[i], NULL);
		if (value)
			json_object_set_new(meta, copied[i], json_deep_copy(value));
	}
	kl_autofree char *prefix = kl_asprintf("%s-", meta_str(owner, "name"));
	json_object_set_new(meta, "generateName", json_string(prefix));
	json_object_set_new(meta, "namespace", json_string(meta_str(owner, "namespace")));
	json_object_set_new(meta, "ownerReferences", json_pack("[o]", controller_ref_new(owner)));
	json_object_set_new(pod, "spec", json_deep_copy(json_object_get(template, "spec")));
	return pod;
}

static json_t *load_owner(struct kl_controllers *c, const struct ctl_write *w)
{
	return ctl_load(c, c->kinds.rs, w->key);
}

static void pod_created(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *rs = load_owner(c, w);
	if (!rs)
		return;
	if (!response->status.code && response->object)
		ctl_event(
			c, CTL_REPLICASET, rs, "Normal", "SuccessfulCreate", "Created pod: %s", response->object->name);
	else if (response->status.code)
		ctl_event(c, CTL_REPLICASET, rs, "Warning", "FailedCreate", "Error creating: %s",
			response->status.message ? response->status.message : "unknown error");
}

static void pod_deleted(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *rs = load_owner(c, w);
	if (rs && !response->status.code)
		ctl_event(c, CTL_REPLICASET, rs, "Normal", "SuccessfulDelete", "Deleted pod: %s", w->name);
}

static void create_pods(struct kl_controllers *c, const char *key, const json_t *rs, int64_t count)
{
	const json_t *template = kl_json_get(rs, "spec", "template", NULL);
	if (ctl_failures(c, CTL_REPLICASET, key))
		count = 1; /* what failed once is tried with one before it is tried with all */
	if (count > CREATE_AT_ONCE) {
		count = CREATE_AT_ONCE;
		ctl_enqueue_after(c, CTL_REPLICASET, key, 1);
	}
	for (int64_t i = 0; i < count; i++)
		ctl_create(c, CTL_REPLICASET, key, c->kinds.pod, replicas_pod_new(rs, template), pod_created);
}

static void delete_pods(struct kl_controllers *c, const char *key, struct pod **pods, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ctl_write(c, &(struct ctl_write){.id = CTL_REPLICASET,
				     .key = key,
				     .verb = KL_DELETE,
				     .kind = c->kinds.pod,
				     .ns = pods[i]->ns,
				     .name = pods[i]->name,
				     .uid = pods[i]->uid,
				     .grace_period_s = CTL_DEFAULT_GRACE,
				     .done = pod_deleted});
}

/* --- adoption */

static void patch_owners(struct kl_controllers *c, const char *key, const struct pod *pod, json_t *owners)
{
	json_t *patch = json_pack("{s:{s:s,s:o}}", "metadata", "uid", pod->uid, "ownerReferences", owners);
	ctl_write(c, &(struct ctl_write){.id = CTL_REPLICASET,
			     .key = key,
			     .verb = KL_PATCH,
			     .kind = c->kinds.pod,
			     .ns = pod->ns,
			     .name = pod->name,
			     .patch = patch,
			     .patch_type = KL_PATCH_MERGE});
}

static void adopt(struct kl_controllers *c, const char *key, const struct pod *pod, const json_t *rs)
{
	kl_autojson *json = kl_object_parse(pod->obj);
	json_t *refs = kl_json_get(json, "metadata", "ownerReferences", NULL);
	json_t *owners = refs ? json_copy(refs) : json_array();
	json_array_append_new(owners, controller_ref_new(rs));
	patch_owners(c, key, pod, owners);
}

static void release(struct kl_controllers *c, const char *key, const struct pod *pod)
{
	size_t i;
	json_t *ref;
	kl_autojson *json = kl_object_parse(pod->obj);
	json_t *owners = json_array();
	json_array_foreach (kl_json_get(json, "metadata", "ownerReferences", NULL), i, ref) {
		if (strcmp(kl_json_str(ref, "uid", NULL), pod->owner_uid) != 0)
			json_array_append(owners, ref);
	}
	patch_owners(c, key, pod, owners);
}

static bool matches(const struct kl_selector *selector, const struct pod *pod)
{
	return selector && kl_selector_matches_packed(selector, pod->obj->labels);
}

/* Returns how many are being adopted: they count from now on. */
static int64_t adopt_and_release(
	struct kl_controllers *c, const char *key, const json_t *rs, const struct kl_selector *selector)
{
	struct pod *pod;
	int64_t adopted = 0;
	for (pod = pods_of_owner(c, meta_str(rs, "uid")); pod; pod = pod->owner_next) {
		if (!pod->deleting && !matches(selector, pod))
			release(c, key, pod);
	}
	for (pod = pods_of_ns(c, meta_str(rs, "namespace")); pod; pod = pod->ns_next) {
		if (pod->owner_uid || pod->deleting || pod->over || !matches(selector, pod))
			continue;
		adopt(c, key, pod, rs);
		adopted++;
	}
	return adopted;
}

/* --- status */

struct counts {
	int64_t active, labeled, ready, available;
	int64_t next_ms; /* until another one may become available; 0: never by itself */
};

static bool has_labels(const struct kl_selector *template, const struct pod *pod)
{
	return kl_selector_matches_packed(template, pod->obj->labels);
}

static struct counts count_pods(const json_t *rs, struct pod **pods, size_t count)
{
	struct counts n = {.active = (int64_t)count};
	int64_t min_ready_s = kl_json_int(rs, 0, "spec", "minReadySeconds", NULL), wait_ms;
	kl_autojson *labels =
		json_pack("{s:O}", "matchLabels", kl_json_get(rs, "spec", "template", "metadata", "labels", NULL));
	struct kl_selector *template = labels ? kl_selector_from_json(labels, NULL) : NULL;
	for (size_t i = 0; i < count; i++) {
		n.labeled += template && has_labels(template, pods[i]);
		n.ready += pods[i]->ready;
		n.available += pod_available(pods[i], min_ready_s, &wait_ms);
		if (wait_ms && (!n.next_ms || wait_ms < n.next_ms))
			n.next_ms = wait_ms;
	}
	kl_selector_free(template);
	return n;
}

static bool set_int(json_t *status, const char *field, int64_t value)
{
	if (kl_json_int(status, 0, field, NULL) == value && (value || json_object_get(status, field)))
		return false;
	if (!value && !json_object_get(status, field) && strcmp(field, "replicas") != 0)
		return false; /* omitempty */
	json_object_set_new(status, field, json_integer(value));
	return true;
}

static void update_status(struct kl_controllers *c, const char *key, json_t *rs, const struct counts *n)
{
	json_t *status = kl_json_ensure(rs, "status", NULL);
	bool changed = set_int(status, "replicas", n->active);
	changed |= set_int(status, "fullyLabeledReplicas", n->labeled);
	changed |= set_int(status, "readyReplicas", n->ready);
	changed |= set_int(status, "availableReplicas", n->available);
	changed |= set_int(status, "observedGeneration", kl_json_int(rs, 0, "metadata", "generation", NULL));
	if (changed)
		ctl_update(c, CTL_REPLICASET, key, c->kinds.rs, "status", json_incref(rs));
	if (n->next_ms)
		ctl_enqueue_after(c, CTL_REPLICASET, key, n->next_ms + 1);
}

/* --- sync */

/* The owned pods that count; the caller's. */
static struct pod **active_pods(
	struct kl_controllers *c, const char *uid, const struct kl_selector *selector, size_t *ret_count)
{
	size_t count = 0;
	struct pod *pod, *first = pods_of_owner(c, uid);
	for (pod = first; pod; pod = pod->owner_next)
		count++;
	struct pod **pods = kl_calloc(count + 1, sizeof(*pods));
	count = 0;
	for (pod = first; pod; pod = pod->owner_next) {
		if (!pod->deleting && !pod->over && matches(selector, pod))
			pods[count++] = pod;
	}
	*ret_count = count;
	return pods;
}

static void sync(struct kl_controllers *c, const char *key)
{
	size_t count;
	kl_autojson *rs = ctl_load(c, c->kinds.rs, key);
	if (!rs)
		return;
	struct kl_selector *selector = kl_selector_from_json(kl_json_get(rs, "spec", "selector", NULL), NULL);
	int64_t want = kl_json_int(rs, 1, "spec", "replicas", NULL);
	int64_t adopted = is_deleting(rs) ? 0 : adopt_and_release(c, key, rs, selector);
	kl_autofree struct pod **pods = active_pods(c, meta_str(rs, "uid"), selector, &count);
	struct counts n = count_pods(rs, pods, count);
	if (!is_deleting(rs) && (int64_t)count + adopted < want) {
		create_pods(c, key, rs, want - (int64_t)count - adopted);
	} else if (!is_deleting(rs) && (int64_t)count > want) {
		replicas_sort_for_deletion(c, pods, count);
		delete_pods(c, key, pods, count - (size_t)want);
	}
	update_status(c, key, rs, &n);
	kl_selector_free(selector);
}

/* --- events */

static void on_rs(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_REPLICASET, now ? now : prev);
}

struct orphan {
	struct kl_controllers *c;
	const struct pod *pod;
};

static void offer_orphan(struct kl_object *obj, void *arg)
{
	struct orphan *orphan = arg;
	if (strcmp(obj->ns, orphan->pod->ns) != 0)
		return;
	kl_autojson *rs = kl_object_parse(obj);
	struct kl_selector *selector = kl_selector_from_json(kl_json_get(rs, "spec", "selector", NULL), NULL);
	if (matches(selector, orphan->pod))
		ctl_enqueue_object(orphan->c, CTL_REPLICASET, obj);
	kl_selector_free(selector);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if (pod->owner_uid) {
		if (strcmp(pod->owner_kind, "ReplicaSet") != 0)
			return;
		kl_autofree char *key = kl_asprintf("%s/%s", pod->ns, pod->owner_name);
		ctl_enqueue(c, CTL_REPLICASET, key);
	} else if (!gone && !pod->over && !pod->deleting && *pod->obj->labels) {
		struct orphan orphan = {c, pod};
		kl_feed_each(c->feed, c->kinds.rs, offer_orphan, &orphan);
	}
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.rs, on_rs, c);
	pods_listen(c, on_pod);
}

const struct controller replicaset_controller = {"replicaset-controller", init, sync, NULL};
