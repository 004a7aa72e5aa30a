/* ReplicaSets and ReplicationControllers: as many pods as wanted. */
#include "owned.h"

enum { CREATE_AT_ONCE = 500 };

static void create_pods(struct owner *owner, int64_t count)
{
	const json_t *template = kl_json_get(owner->json, "spec", "template", NULL);
	if (ctl_failures(owner->c, owner->id, owner->key))
		count = 1; /* what failed once is tried with one before it is tried with all */
	if (count > CREATE_AT_ONCE) {
		count = CREATE_AT_ONCE;
		ctl_enqueue_after(owner->c, owner->id, owner->key, 1);
	}
	for (int64_t i = 0; i < count; i++)
		owner_create_pod(owner, owner_pod_new(owner, template, NULL));
}

struct counts {
	int64_t active, labeled, ready, available;
	int64_t next_ms; /* until another one may become available; 0: never by itself */
};

static struct counts count_pods(const struct owner *owner, struct pod **pods, size_t count)
{
	struct counts n = {.active = (int64_t)count};
	int64_t min_ready_s = kl_json_int(owner->json, 0, "spec", "minReadySeconds", NULL), wait_ms;
	struct kl_selector *template =
		kl_selector_from_map(kl_json_get(owner->json, "spec", "template", "metadata", "labels", NULL));
	for (size_t i = 0; i < count; i++) {
		n.labeled += template && kl_selector_matches_packed(template, pods[i]->obj->labels);
		n.ready += pods[i]->ready;
		n.available += pod_available(pods[i], min_ready_s, &wait_ms);
		if (wait_ms && (!n.next_ms || wait_ms < n.next_ms))
			n.next_ms = wait_ms;
	}
	kl_selector_free(template);
	return n;
}

static void update_status(struct owner *owner, const struct counts *n)
{
	json_t *status = kl_json_ensure(owner->json, "status", NULL);
	bool changed = status_number(status, "replicas", n->active, true);
	changed |= status_number(status, "fullyLabeledReplicas", n->labeled, false);
	changed |= status_number(status, "readyReplicas", n->ready, false);
	changed |= status_number(status, "availableReplicas", n->available, false);
	changed |= status_number(
		status, "observedGeneration", kl_json_int(owner->json, 0, "metadata", "generation", NULL), false);
	if (changed)
		owner_write_status(owner);
	if (n->next_ms)
		ctl_enqueue_after(owner->c, owner->id, owner->key, n->next_ms + 1);
}

static void sync_owner(struct owner *owner)
{
	size_t count;
	int64_t want = kl_json_int(owner->json, 1, "spec", "replicas", NULL), adopted = owner_claim(owner);
	kl_autofree struct pod **pods = owner_pods(owner, false, &count);
	struct counts n = count_pods(owner, pods, count);
	int64_t have = (int64_t)count;
	if (!is_deleting(owner->json) && have + adopted < want) {
		create_pods(owner, want - have - adopted);
	} else if (!is_deleting(owner->json) && have > want) {
		owner_sort_for_deletion(owner->c, pods, count);
		for (int64_t i = 0; i < have - want; i++)
			owner_delete_pod(owner, pods[i]);
	}
	update_status(owner, &n);
}

static void sync_id(struct kl_controllers *c, enum controller_id id, const char *key)
{
	autoowner owner = {0};
	if (owner_load(c, id, c->owner_kinds[id], key, &owner))
		sync_owner(&owner);
}

static void init_id(struct kl_controllers *c, enum controller_id id, const struct kl_kind *kind,
	kl_feed_handler *on_owner, pods_handler *on_pod)
{
	c->owner_kinds[id] = kind;
	kl_feed_add(c->feed, kind, on_owner, c);
	pods_listen(c, on_pod);
}

/* --- ReplicaSet */

static void rs_sync(struct kl_controllers *c, const char *key)
{
	sync_id(c, CTL_REPLICASET, key);
}

static void on_rs(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_REPLICASET, now ? now : prev);
}

static void rs_on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	owner_of_pod_enqueue(c, CTL_REPLICASET, "ReplicaSet", pod);
	if (!gone)
		owner_offer_orphan(c, CTL_REPLICASET, c->kinds.rs, pod);
}

static void rs_init(struct kl_controllers *c)
{
	init_id(c, CTL_REPLICASET, c->kinds.rs, on_rs, rs_on_pod);
}

const struct controller replicaset_controller = {"replicaset-controller", rs_init, rs_sync, NULL};

/* --- ReplicationController */

static void rc_sync(struct kl_controllers *c, const char *key)
{
	sync_id(c, CTL_REPLICATION, key);
}

static void on_rc(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_REPLICATION, now ? now : prev);
}

static void rc_on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	owner_of_pod_enqueue(c, CTL_REPLICATION, "ReplicationController", pod);
	if (!gone)
		owner_offer_orphan(c, CTL_REPLICATION, c->owner_kinds[CTL_REPLICATION], pod);
}

static void rc_init(struct kl_controllers *c)
{
	init_id(c, CTL_REPLICATION, kl_kind_named("", "ReplicationController"), on_rc, rc_on_pod);
}

const struct controller replication_controller = {"replication-controller", rc_init, rc_sync, NULL};
