/*
 * Node lifecycle: a node whose Lease is not renewed in time is Unknown, its pods are not ready from that moment, and
 * taints say so to the scheduler and to eviction.
 */
#include "ctl.h"

enum {
	GRACE_MS = 40000,
	TICK_MS = 1000,
	STALL_MS = 3000, /* that long between two ticks means that this process did not run */
};

static const char tick[] = "tick";

struct seen {
	char *name;
	int64_t last_ms; /* monotonic: when its Lease or status last changed, or when we began to look */
	uint64_t lease_rv, status_hash;
	UT_hash_handle hh;
};

struct watch {
	struct seen *all;
	int64_t ran_ms; /* monotonic */
};

static struct seen **seen_all(struct kl_controllers *c)
{
	return &((struct watch *)c->state[CTL_NODE])->all;
}

/*
 * A server that was stopped or starved for a while has not heard the nodes because of itself, not because of them: the
 * time it did not run does not count against anybody.
 */
static void forgive_stall(struct kl_controllers *c)
{
	struct seen *seen;
	struct watch *watch = c->state[CTL_NODE];
	int64_t now_ms = kl_monotonic_ms(), gap_ms = now_ms - watch->ran_ms;
	watch->ran_ms = now_ms;
	if (gap_ms < STALL_MS)
		return;
	kl_warn("did not run for %lld ms: nodes get that time on top", (long long)gap_ms);
	for (seen = watch->all; seen; seen = seen->hh.next)
		seen->last_ms = seen->last_ms + gap_ms < now_ms ? seen->last_ms + gap_ms : now_ms;
}

static struct seen *seen_ensure(struct kl_controllers *c, const char *name)
{
	struct seen *seen, **all = seen_all(c);
	HASH_FIND_STR(*all, name, seen);
	if (!seen) {
		seen = kl_calloc(1, sizeof(*seen));
		seen->name = kl_strdup(name);
		seen->last_ms = kl_monotonic_ms();
		HASH_ADD_KEYPTR(hh, *all, seen->name, strlen(seen->name), seen);
	}
	return seen;
}

static void seen_free(struct kl_controllers *c, struct seen *seen)
{
	struct seen **all = seen_all(c);
	HASH_DELETE(hh, *all, seen);
	free(seen->name);
	free(seen);
}

static int64_t grace_ms(const struct kl_controllers *c)
{
	return c->options.node_monitor_grace_ms > 0 ? c->options.node_monitor_grace_ms : GRACE_MS;
}

/* --- conditions */

static const char *const watched_conditions[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

/* False when they already say so. */
static bool set_unknown(json_t *node)
{
	bool changed = false;
	json_t *status = kl_json_ensure(node, "status", NULL);
	for (size_t i = 0; i < KL_ARRAY_LEN(watched_conditions); i++) {
		const char *type = watched_conditions[i];
		const json_t *old = condition_find(status, type);
		if (!strcmp(kl_json_str(old, "status", NULL), "Unknown"))
			continue;
		kl_autofree char *heartbeat = kl_strdup(kl_json_str(old, "lastHeartbeatTime", NULL));
		changed |= condition_set(status, type, "Unknown", old ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
			old ? "Kubelet stopped posting node status." : "Kubelet never posted node status.", false);
		if (*heartbeat)
			json_object_set_new(condition_find(status, type), "lastHeartbeatTime", json_string(heartbeat));
	}
	return changed;
}

/* --- taints */

static const struct {
	const char *condition, *value, *taint;
	bool execute; /* NoExecute too */
} taint_rows[] = {
	{"Ready", "False", "node.kubernetes.io/not-ready", true},
	{"Ready", "Unknown", "node.kubernetes.io/unreachable", true},
	{"MemoryPressure", "True", "node.kubernetes.io/memory-pressure", false},
	{"DiskPressure", "True", "node.kubernetes.io/disk-pressure", false},
	{"PIDPressure", "True", "node.kubernetes.io/pid-pressure", false},
	{"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable", false},
	{NULL, NULL, "node.kubernetes.io/unschedulable", false},
};

static bool is_ours(const char *taint)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(taint_rows); i++) {
		if (!strcmp(taint_rows[i].taint, taint))
			return true;
	}
	return false;
}

static bool applies(const json_t *node, size_t row)
{
	if (!taint_rows[row].condition)
		return kl_json_bool(node, false, "spec", "unschedulable", NULL);
	const json_t *condition = condition_find(json_object_get(node, "status"), taint_rows[row].condition);
	/* A node that has not said anything yet is not ready. */
	if (!condition)
		return !strcmp(taint_rows[row].value, "False");
	return !strcmp(kl_json_str(condition, "status", NULL), taint_rows[row].value);
}

static json_t *taint_find(const json_t *taints, const char *key, const char *effect)
{
	size_t i;
	json_t *taint;
	json_array_foreach (taints, i, taint) {
		if (!strcmp(kl_json_str(taint, "key", NULL), key) &&
			!strcmp(kl_json_str(taint, "effect", NULL), effect))
			return taint;
	}
	return NULL;
}

static void want_taint(json_t *wanted, const json_t *had, const char *key, const char *effect)
{
	char now[KL_TIME_TEXT];
	json_t *old = taint_find(had, key, effect);
	kl_time_now(now);
	if (old)
		json_array_append(wanted, old);
	else
		json_array_append_new(
			wanted, json_pack("{s:s,s:s,s:s}", "key", key, "effect", effect, "timeAdded", now));
}

/* The taints as they should be: the user's own, then those that the conditions call for. */
static json_t *wanted_taints(const json_t *node)
{
	size_t i;
	json_t *taint, *wanted = json_array(), *had = kl_json_get(node, "spec", "taints", NULL);
	json_array_foreach (had, i, taint) {
		if (!is_ours(kl_json_str(taint, "key", NULL)))
			json_array_append(wanted, taint);
	}
	for (size_t row = 0; row < KL_ARRAY_LEN(taint_rows); row++) {
		if (!applies(node, row))
			continue;
		want_taint(wanted, had, taint_rows[row].taint, "NoSchedule");
		if (taint_rows[row].execute)
			want_taint(wanted, had, taint_rows[row].taint, "NoExecute");
	}
	return wanted;
}

static bool same_set(const json_t *a, const json_t *b)
{
	size_t i;
	json_t *taint;
	if (json_array_size(a) != json_array_size(b))
		return false;
	json_array_foreach (a, i, taint) {
		if (!taint_find(b, kl_json_str(taint, "key", NULL), kl_json_str(taint, "effect", NULL)))
			return false;
	}
	return true;
}

static void sync_taints(struct kl_controllers *c, const char *key, const json_t *node)
{
	json_t *wanted = wanted_taints(node);
	if (same_set(wanted, kl_json_get(node, "spec", "taints", NULL))) {
		json_decref(wanted);
		return;
	}
	json_t *next = json_deep_copy(node);
	kl_json_set(next, wanted, "spec", "taints", NULL);
	ctl_update(c, CTL_NODE, key, c->kinds.node, NULL, next);
}

/* --- pods of a node that is not ready: out of the endpoints at once */

static void mark_pods(struct kl_controllers *c, const char *key, const char *node)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	for (struct pod *pod = pods_of_node(c, node); pod; pod = pod->node_next) {
		if (!pod->ready || pod->over)
			continue;
		json_t *patch = json_pack("{s:{s:[{s:s,s:s,s:s,s:s,s:s}]}}", "status", "conditions", "type", "Ready",
			"status", "False", "reason", "NodeNotReady", "message", "", "lastTransitionTime", now);
		ctl_write(c, &(struct ctl_write){.id = CTL_NODE,
				     .key = key,
				     .verb = KL_PATCH,
				     .kind = c->kinds.pod,
				     .subresource = "status",
				     .ns = pod->ns,
				     .name = pod->name,
				     .patch = patch,
				     .patch_type = KL_PATCH_STRATEGIC});
	}
}

/* --- sync; keys are node names with a leading slash, as "ns/name" of cluster-scoped objects */

static void sync(struct kl_controllers *c, const char *key)
{
	forgive_stall(c);
	if (!strcmp(key, tick)) {
		ctl_enqueue_after(c, CTL_NODE, tick, TICK_MS);
		return;
	}
	kl_autojson *node = ctl_load(c, c->kinds.node, key);
	if (!node)
		return;
	const char *name = meta_str(node, "name");
	struct seen *seen = seen_ensure(c, name);
	int64_t silent_ms = kl_monotonic_ms() - seen->last_ms;
	if (silent_ms >= grace_ms(c)) {
		const char *was = kl_json_str(condition_find(json_object_get(node, "status"), "Ready"), "status", NULL);
		bool was_ready = !strcmp(was, "True");
		if (set_unknown(node)) {
			if (was_ready)
				ctl_event(c, CTL_NODE, node, "Normal", "NodeNotReady",
					"Node %s status is now: NodeNotReady", name);
			ctl_update(c, CTL_NODE, key, c->kinds.node, "status", json_incref(node));
			mark_pods(c, key, name);
			return; /* the taints follow with the event of this write */
		}
	} else {
		ctl_enqueue_after(c, CTL_NODE, key, grace_ms(c) - silent_ms + 1);
	}
	const json_t *ready = condition_find(json_object_get(node, "status"), "Ready");
	if (ready && strcmp(kl_json_str(ready, "status", NULL), "True") != 0)
		mark_pods(c, key, name);
	sync_taints(c, key, node);
}

/* --- events */

static void enqueue_node(struct kl_controllers *c, const char *name)
{
	kl_autofree char *key = kl_asprintf("/%s", name);
	ctl_enqueue(c, CTL_NODE, key);
}

/* Whether the node itself has written its status, judged by the heartbeats: our own writes leave those alone. */
static uint64_t heartbeat_hash(const json_t *node)
{
	size_t i;
	json_t *condition;
	uint64_t hash = 1469598103934665603ULL;
	json_array_foreach (kl_json_get(node, "status", "conditions", NULL), i, condition) {
		const char *at = kl_json_str(condition, "lastHeartbeatTime", NULL);
		for (; *at; at++)
			hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
	}
	return hash;
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	struct seen *seen = seen_ensure(c, (now ? now : prev)->name);
	if (!now) {
		seen_free(c, seen);
		return;
	}
	uint64_t hash = heartbeat_hash(kl_feed_parsed(c->feed));
	if (hash != seen->status_hash)
		seen->last_ms = kl_monotonic_ms();
	seen->status_hash = hash;
	if (!prev)
		ctl_event(c, CTL_NODE, kl_feed_parsed(c->feed), "Normal", "RegisteredNode",
			"Node %s event: Registered Node %s in Controller", now->name, now->name);
	enqueue_node(c, now->name);
}

static void on_lease(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	struct seen *seen, **all = seen_all(c);
	(void)prev;
	if (!now || strcmp(now->ns, "kube-node-lease") != 0)
		return;
	HASH_FIND_STR(*all, now->name, seen);
	if (!seen || seen->lease_rv == now->rv)
		return;
	/* The key's timer looks at last_ms when it fires: a renewal costs nothing else. */
	seen->lease_rv = now->rv;
	seen->last_ms = kl_monotonic_ms();
}

/* A pod that says it is ready on a node that is not heard of. */
static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	struct seen *seen, **all = seen_all(c);
	if (gone || !pod->node || !pod->ready)
		return;
	HASH_FIND_STR(*all, pod->node, seen);
	if (seen && kl_monotonic_ms() - seen->last_ms >= grace_ms(c))
		enqueue_node(c, pod->node);
}

static void init(struct kl_controllers *c)
{
	struct watch *watch = c->state[CTL_NODE] = kl_calloc(1, sizeof(*watch));
	watch->ran_ms = kl_monotonic_ms();
	ctl_enqueue_after(c, CTL_NODE, tick, TICK_MS);
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	kl_feed_add(c->feed, c->kinds.lease, on_lease, c);
	pods_listen(c, on_pod);
}

static void release(struct kl_controllers *c)
{
	while (c->state[CTL_NODE] && *seen_all(c))
		seen_free(c, *seen_all(c));
	free(c->state[CTL_NODE]);
}

const struct controller node_controller = {"node-controller", init, sync, release};
