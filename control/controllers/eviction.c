/*
 * NoExecute taints: pods that do not tolerate one are deleted, those that tolerate it for a time when it is over.
 * A key is a node; its pods' deadlines are looked at together and the earliest sets the timer.
 */
#include "ctl.h"

enum { LOOK_AGAIN_MS = 2000 };

/* When a taint without a time of its own (kubectl taint sets none) was first seen on a node. */
struct first_seen {
	char *key; /* "node taint=value" */
	int64_t at_ms;
	UT_hash_handle hh;
};

static struct first_seen **first_seen(struct kl_controllers *c)
{
	return (struct first_seen **)&c->state[CTL_EVICTION];
}

static void forget(struct kl_controllers *c, struct first_seen *seen)
{
	struct first_seen **all = first_seen(c);
	HASH_DELETE(hh, *all, seen);
	free(seen->key);
	free(seen);
}

/* Milliseconds since the epoch. */
static int64_t added_ms(struct kl_controllers *c, const char *node, const json_t *taint)
{
	int64_t ms;
	struct first_seen *seen, **all = first_seen(c);
	if (!kl_time_parse(kl_json_str(taint, "timeAdded", NULL), &ms))
		return ms;
	kl_autofree char *key =
		kl_asprintf("%s %s=%s", node, kl_json_str(taint, "key", NULL), kl_json_str(taint, "value", NULL));
	HASH_FIND_STR(*all, key, seen);
	if (!seen) {
		seen = kl_calloc(1, sizeof(*seen));
		seen->key = kl_take(&key);
		seen->at_ms = kl_realtime_ms();
		HASH_ADD_KEYPTR(hh, *all, seen->key, strlen(seen->key), seen);
	}
	return seen->at_ms;
}

static bool still_there(const struct first_seen *seen, const char *node, const json_t *taints)
{
	size_t i;
	json_t *taint;
	json_array_foreach (taints, i, taint) {
		kl_autofree char *key = kl_asprintf(
			"%s %s=%s", node, kl_json_str(taint, "key", NULL), kl_json_str(taint, "value", NULL));
		if (!strcmp(kl_json_str(taint, "effect", NULL), "NoExecute") && !strcmp(key, seen->key))
			return true;
	}
	return false;
}

/* A taint that goes and comes again begins anew. */
static void forget_gone(struct kl_controllers *c, const char *node, const json_t *taints)
{
	struct first_seen *seen, *next, **all = first_seen(c);
	size_t len = strlen(node);
	HASH_ITER (hh, *all, seen, next) {
		if (!strncmp(seen->key, node, len) && seen->key[len] == ' ' && !still_there(seen, node, taints))
			forget(c, seen);
	}
}

static bool tolerates(const json_t *toleration, const json_t *taint)
{
	const char *key = kl_json_str(toleration, "key", NULL), *effect = kl_json_str(toleration, "effect", NULL);
	if (*effect && strcmp(effect, "NoExecute") != 0)
		return false;
	if (*key && strcmp(key, kl_json_str(taint, "key", NULL)) != 0)
		return false;
	return !strcmp(kl_json_str(toleration, "operator", NULL), "Exists") ||
	       !strcmp(kl_json_str(toleration, "value", NULL), kl_json_str(taint, "value", NULL));
}

static bool is_of_condition(const json_t *taint)
{
	const char *key = kl_json_str(taint, "key", NULL);
	return !strcmp(key, "node.kubernetes.io/not-ready") || !strcmp(key, "node.kubernetes.io/unreachable");
}

static void count_ready(struct kl_object *obj, void *arg)
{
	size_t *ready = arg;
	kl_autojson *node = kl_object_parse(obj);
	*ready +=
		!strcmp(kl_json_str(condition_find(json_object_get(node, "status"), "Ready"), "status", NULL), "True");
}

/* With every node lost it is rather we who are cut off: then nothing is evicted for that (upstream's full disruption).
 */
static bool all_lost(struct kl_controllers *c)
{
	size_t ready = 0;
	kl_feed_each(c->feed, c->kinds.node, count_ready, &ready);
	return !ready;
}

/* When the pod must go for this taint, in milliseconds since the epoch; INT64_MAX: never. */
static int64_t deadline_of_taint(struct kl_controllers *c, const json_t *pod, const char *node, const json_t *taint)
{
	size_t i;
	json_t *toleration;
	bool tolerated = false;
	int64_t seconds = INT64_MAX, since_ms = added_ms(c, node, taint);
	json_array_foreach (kl_json_get(pod, "spec", "tolerations", NULL), i, toleration) {
		if (!tolerates(toleration, taint))
			continue;
		tolerated = true;
		const json_t *limit = json_object_get(toleration, "tolerationSeconds");
		if (json_is_integer(limit) && json_integer_value(limit) < seconds)
			seconds = json_integer_value(limit) > 0 ? json_integer_value(limit) : 0;
	}
	if (!tolerated)
		return is_of_condition(taint) ? since_ms + c->options.pod_eviction_timeout_ms : 0;
	return seconds == INT64_MAX ? INT64_MAX : since_ms + seconds * 1000;
}

static int64_t deadline_of_pod(struct kl_controllers *c, const struct pod *pod, const json_t *taints, bool cut_off)
{
	size_t i;
	json_t *taint;
	int64_t earliest_ms = INT64_MAX;
	kl_autojson *json = kl_object_parse(pod->obj);
	json_array_foreach (taints, i, taint) {
		if (strcmp(kl_json_str(taint, "effect", NULL), "NoExecute") != 0 || (cut_off && is_of_condition(taint)))
			continue;
		int64_t deadline_ms = deadline_of_taint(c, json, pod->node, taint);
		if (deadline_ms < earliest_ms)
			earliest_ms = deadline_ms;
	}
	return earliest_ms;
}

static void evict(struct kl_controllers *c, const char *key, const struct pod *pod)
{
	kl_autojson *json = kl_object_parse(pod->obj);
	ctl_event(c, CTL_EVICTION, json, "Normal", "TaintManagerEviction", "Marking for deletion Pod %s", pod->key);
	ctl_write(c, &(struct ctl_write){.id = CTL_EVICTION,
			     .key = key,
			     .verb = KL_DELETE,
			     .kind = c->kinds.pod,
			     .ns = pod->ns,
			     .name = pod->name,
			     .uid = pod->uid,
			     .grace_period_s = CTL_DEFAULT_GRACE});
}

static bool has_no_execute(const json_t *taints)
{
	size_t i;
	json_t *taint;
	json_array_foreach (taints, i, taint) {
		if (!strcmp(kl_json_str(taint, "effect", NULL), "NoExecute"))
			return true;
	}
	return false;
}

static void sync(struct kl_controllers *c, const char *key)
{
	kl_autojson *node = ctl_load(c, c->kinds.node, key);
	const json_t *taints = kl_json_get(node, "spec", "taints", NULL);
	int64_t now_ms = kl_realtime_ms(), next_ms = INT64_MAX;
	if (!has_no_execute(taints))
		return;
	bool cut_off = all_lost(c);
	if (cut_off)
		ctl_enqueue_after(c, CTL_EVICTION, key, LOOK_AGAIN_MS);
	for (struct pod *pod = pods_of_node(c, meta_str(node, "name")); pod; pod = pod->node_next) {
		if (pod->deleting || pod->over)
			continue;
		int64_t deadline_ms = deadline_of_pod(c, pod, taints, cut_off);
		if (deadline_ms <= now_ms)
			evict(c, key, pod);
		else if (deadline_ms < next_ms)
			next_ms = deadline_ms;
	}
	if (next_ms != INT64_MAX)
		ctl_enqueue_after(c, CTL_EVICTION, key, next_ms - now_ms + 1);
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const char *name = (now ? now : prev)->name;
	forget_gone(c, name, now ? kl_json_get(kl_feed_parsed(c->feed), "spec", "taints", NULL) : NULL);
	if (now && has_no_execute(kl_json_get(kl_feed_parsed(c->feed), "spec", "taints", NULL)))
		ctl_enqueue_object(c, CTL_EVICTION, now);
}

/* A pod bound to a node that is already tainted. */
static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if (gone || !pod->node || pod->deleting || pod->over)
		return;
	const struct kl_object *node = kl_feed_get(c->feed, c->kinds.node, "", pod->node);
	if (node && strstr(node->json, "\"NoExecute\""))
		ctl_enqueue_object(c, CTL_EVICTION, node);
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	pods_listen(c, on_pod);
}

static void release(struct kl_controllers *c)
{
	while (*first_seen(c))
		forget(c, *first_seen(c));
}

const struct controller eviction_controller = {"taint-eviction-controller", init, sync, release};
