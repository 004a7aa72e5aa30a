/* DaemonSets: one pod on every node that may have it. */
#include "history.h"
#include "rollout.h"

#define HASH_LABEL "controller-revision-hash"

/* What the controller lets a daemon's pods tolerate, beyond what the user says (upstream's
 * AddOrUpdateDaemonPodTolerations). */
static const struct {
	const char *key, *effect;
	bool host_network_only;
} daemon_tolerations[] = {
	{"node.kubernetes.io/not-ready", "NoExecute", false},
	{"node.kubernetes.io/unreachable", "NoExecute", false},
	{"node.kubernetes.io/disk-pressure", "NoSchedule", false},
	{"node.kubernetes.io/memory-pressure", "NoSchedule", false},
	{"node.kubernetes.io/pid-pressure", "NoSchedule", false},
	{"node.kubernetes.io/unschedulable", "NoSchedule", false},
	{"node.kubernetes.io/network-unavailable", "NoSchedule", true},
};

struct daemon {
	struct owner owner;
	json_t *spec; /* of its pods, with the tolerations that they get */
	struct pod **pods;
	size_t pod_count;
	struct history history;
	const char *hash; /* of the present revision */
	int64_t desired, current, misscheduled, ready, available, updated;
	int64_t max_unavailable, next_ms;
	struct pod **old; /* on nodes where they belong, but of an older template */
	size_t old_count;
};

/* --- which nodes */

static bool label_req_matches(const json_t *req, const json_t *labels)
{
	kl_autojson *selector = json_pack("{s:[O]}", "matchExpressions", req);
	struct kl_selector *parsed = kl_selector_from_json(selector, NULL);
	bool matches = parsed && kl_selector_matches(parsed, labels);
	kl_selector_free(parsed);
	return matches;
}

static int64_t to_number(const char *text)
{
	return strtoll(text ? text : "", NULL, 10);
}

static bool expression_matches(const json_t *req, const json_t *labels)
{
	const char *op = kl_json_str(req, "operator", NULL);
	const char *value = json_string_value(json_object_get(labels, kl_json_str(req, "key", NULL)));
	const char *bound = json_string_value(json_array_get(json_object_get(req, "values"), 0));
	if (!strcmp(op, "Gt"))
		return value && to_number(value) > to_number(bound);
	if (!strcmp(op, "Lt"))
		return value && to_number(value) < to_number(bound);
	return label_req_matches(req, labels);
}

static bool field_matches(const json_t *req, const char *node)
{
	size_t i;
	json_t *value;
	bool among = false, negate = !strcmp(kl_json_str(req, "operator", NULL), "NotIn");
	json_array_foreach (json_object_get(req, "values"), i, value)
		among |= json_is_string(value) && !strcmp(json_string_value(value), node);
	return among != negate;
}

static bool term_matches(const json_t *term, const json_t *labels, const char *node)
{
	size_t i;
	json_t *req;
	const json_t *expressions = json_object_get(term, "matchExpressions"),
		     *fields = json_object_get(term, "matchFields");
	json_array_foreach (expressions, i, req) {
		if (!expression_matches(req, labels))
			return false;
	}
	json_array_foreach (fields, i, req) {
		if (!field_matches(req, node))
			return false;
	}
	return json_array_size(expressions) || json_array_size(fields);
}

static bool wants_node(const json_t *spec, const json_t *node)
{
	size_t i;
	const char *key, *name = meta_str(node, "name");
	json_t *value, *term;
	kl_autojson *none = json_object();
	json_t *labels = kl_json_get(node, "metadata", "labels", NULL);
	const json_t *required =
		kl_json_get(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", NULL);
	if (!labels)
		labels = none;
	json_object_foreach (json_object_get(spec, "nodeSelector"), key, value) {
		if (strcmp(kl_json_str(labels, key, NULL), json_string_value(value)) != 0)
			return false;
	}
	if (!required)
		return true;
	json_array_foreach (json_object_get(required, "nodeSelectorTerms"), i, term) {
		if (term_matches(term, labels, name))
			return true;
	}
	return false;
}

static bool tolerates(const json_t *tolerations, const json_t *taint)
{
	size_t i;
	json_t *t;
	const char *effect = kl_json_str(taint, "effect", NULL);
	json_array_foreach (tolerations, i, t) {
		const char *key = kl_json_str(t, "key", NULL), *only = kl_json_str(t, "effect", NULL);
		if ((*only && strcmp(only, effect) != 0) || (*key && strcmp(key, kl_json_str(taint, "key", NULL)) != 0))
			continue;
		if (!strcmp(kl_json_str(t, "operator", NULL), "Exists") ||
			!strcmp(kl_json_str(t, "value", NULL), kl_json_str(taint, "value", NULL)))
			return true;
	}
	return false;
}

/* Whether a pod may start there, and whether one that runs may stay. */
static void may_run(const json_t *spec, const json_t *node, bool *ret_start, bool *ret_stay)
{
	size_t i;
	json_t *taint;
	*ret_start = *ret_stay = wants_node(spec, node);
	json_array_foreach (kl_json_get(node, "spec", "taints", NULL), i, taint) {
		const char *effect = kl_json_str(taint, "effect", NULL);
		if (!strcmp(effect, "PreferNoSchedule") || tolerates(json_object_get(spec, "tolerations"), taint))
			continue;
		*ret_start = false;
		*ret_stay &= strcmp(effect, "NoExecute") != 0;
	}
}

/* --- pods */

static void add_tolerations(json_t *spec)
{
	bool host = kl_json_bool(spec, false, "hostNetwork", NULL);
	json_t *list = json_object_get(spec, "tolerations");
	if (!list) {
		list = json_array();
		json_object_set_new(spec, "tolerations", list);
	}
	for (size_t i = 0; i < KL_ARRAY_LEN(daemon_tolerations); i++) {
		if (!daemon_tolerations[i].host_network_only || host)
			json_array_append_new(
				list, json_pack("{s:s,s:s,s:s}", "key", daemon_tolerations[i].key, "operator", "Exists",
					      "effect", daemon_tolerations[i].effect));
	}
}

/* The scheduler places it like any other pod, but only there. */
static json_t *affinity_for(const json_t *old, const char *node)
{
	size_t i;
	json_t *term, *affinity = old ? json_deep_copy(old) : json_object();
	json_t *req = json_pack("{s:s,s:s,s:[s]}", "key", "metadata.name", "operator", "In", "values", node);
	json_t *required =
		kl_json_ensure(affinity, "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", NULL);
	json_t *terms = json_object_get(required, "nodeSelectorTerms");
	if (!json_array_size(terms)) {
		json_object_set_new(required, "nodeSelectorTerms", json_pack("[{s:[o]}]", "matchFields", req));
		return affinity;
	}
	json_array_foreach (terms, i, term)
		json_object_set_new(term, "matchFields", json_pack("[O]", req));
	json_decref(req);
	return affinity;
}

static void create_on(struct daemon *d, const char *node)
{
	json_t *pod = owner_pod_new(&d->owner, kl_json_get(d->owner.json, "spec", "template", NULL), NULL);
	json_t *spec = json_object_get(pod, "spec");
	kl_json_set(pod, json_string(d->hash), "metadata", "labels", HASH_LABEL, NULL);
	json_object_set_new(spec, "affinity", affinity_for(json_object_get(spec, "affinity"), node));
	json_object_set(spec, "tolerations", json_object_get(d->spec, "tolerations"));
	owner_create_pod(&d->owner, pod);
}

/* The node a daemon's pod is for, also before it is bound: its affinity says so. */
static bool is_for(const struct pod *pod, const char *node)
{
	if (pod->node)
		return !strcmp(pod->node, node);
	size_t i;
	json_t *term;
	kl_autojson *json = kl_object_parse(pod->obj);
	const json_t *terms = kl_json_get(json, "spec", "affinity", "nodeAffinity",
		"requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms", NULL);
	json_array_foreach (terms, i, term) {
		const json_t *field = json_array_get(json_object_get(term, "matchFields"), 0);
		const char *value = json_string_value(json_array_get(json_object_get(field, "values"), 0));
		if (value && !strcmp(value, node))
			return true;
	}
	return false;
}

static bool is_updated(const struct daemon *d, const struct pod *pod)
{
	kl_autojson *json = kl_object_parse(pod->obj);
	return !strcmp(kl_json_str(json, "metadata", "labels", HASH_LABEL, NULL), d->hash);
}

/* --- one node */

static void count_pod(struct daemon *d, struct pod *pod)
{
	int64_t wait_ms;
	d->current++;
	d->ready += pod->ready;
	d->available += pod_available(pod, kl_json_int(d->owner.json, 0, "spec", "minReadySeconds", NULL), &wait_ms);
	if (wait_ms && (!d->next_ms || wait_ms < d->next_ms))
		d->next_ms = wait_ms;
	if (is_updated(d, pod))
		d->updated++;
	else
		d->old[d->old_count++] = pod;
}

static void sync_node(struct kl_object *obj, void *arg)
{
	struct daemon *d = arg;
	bool start, stay, leaving = false;
	struct pod *here = NULL;
	kl_autojson *node = kl_object_parse(obj);
	may_run(d->spec, node, &start, &stay);
	for (size_t i = 0; i < d->pod_count; i++) {
		struct pod *pod = d->pods[i];
		if (!is_for(pod, obj->name))
			continue;
		leaving |= pod->deleting;
		if (pod->deleting)
			continue;
		if (pod->over || !stay || here)
			owner_delete_pod(&d->owner, pod); /* ended ones are replaced, superfluous ones go */
		else
			here = pod;
		leaving |= pod->over;
	}
	d->desired += start;
	d->misscheduled += here && !start;
	if (here && start)
		count_pod(d, here);
	else if (start && !here && !leaving)
		create_on(d, obj->name);
}

/* --- rolling update: as many at once as may be unavailable */

static void read_strategy(struct daemon *d)
{
	const json_t *value =
		kl_json_get(d->owner.json, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", NULL);
	const char *percent = json_string_value(value);
	d->max_unavailable = value ? rollout_int_or_percent(json_integer_value(value), percent, d->desired, true) : 1;
	if (d->max_unavailable < 1)
		d->max_unavailable = 1;
}

static void replace_old(struct daemon *d)
{
	int64_t unavailable = d->desired - d->available;
	if (!strcmp(kl_json_str(d->owner.json, "spec", "updateStrategy", "type", NULL), "OnDelete"))
		return;
	read_strategy(d);
	for (size_t i = 0; i < d->old_count; i++) {
		bool costs_nothing = !d->old[i]->ready;
		if (!costs_nothing && unavailable >= d->max_unavailable)
			continue;
		unavailable += !costs_nothing;
		owner_delete_pod(&d->owner, d->old[i]);
	}
}

/* --- sync */

static void update_status(struct daemon *d)
{
	json_t *status = kl_json_ensure(d->owner.json, "status", NULL);
	int64_t missing = d->desired > d->available ? d->desired - d->available : 0;
	bool changed = status_number(status, "currentNumberScheduled", d->current, true);
	changed |= status_number(status, "numberMisscheduled", d->misscheduled, true);
	changed |= status_number(status, "desiredNumberScheduled", d->desired, true);
	changed |= status_number(status, "numberReady", d->ready, true);
	changed |= status_number(status, "updatedNumberScheduled", d->updated, false);
	changed |= status_number(status, "numberAvailable", d->available, false);
	changed |= status_number(status, "numberUnavailable", missing, false);
	changed |= status_number(
		status, "observedGeneration", kl_json_int(d->owner.json, 0, "metadata", "generation", NULL), false);
	if (changed)
		owner_write_status(&d->owner);
	if (d->next_ms)
		ctl_enqueue_after(d->owner.c, CTL_DAEMONSET, d->owner.key, d->next_ms + 1);
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct daemon d = {0};
	if (!owner_load(c, CTL_DAEMONSET, c->owner_kinds[CTL_DAEMONSET], key, &d.owner))
		return;
	if (!is_deleting(d.owner.json)) {
		history_load(&d.owner, &d.history);
		d.hash = strrchr(d.history.current, '-') + 1;
		d.spec = json_deep_copy(kl_json_get(d.owner.json, "spec", "template", "spec", NULL));
		add_tolerations(d.spec);
		owner_claim(&d.owner);
		d.pods = owner_pods(&d.owner, true, &d.pod_count);
		d.old = kl_calloc(d.pod_count + 1, sizeof(struct pod *));
		kl_feed_each(c->feed, c->kinds.node, sync_node, &d);
		replace_old(&d);
		update_status(&d);
		history_clean_up(&d.owner, &d.history, "");
	}
	history_release(&d.history);
	json_decref(d.spec);
	free(d.pods);
	free(d.old);
	owner_release(&d.owner);
}

static void on_daemonset(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_DAEMONSET, now ? now : prev);
}

static void enqueue_each(struct kl_object *obj, void *arg)
{
	ctl_enqueue_object(arg, CTL_DAEMONSET, obj);
}

/* Heartbeats change nothing here: labels, taints and cordoning do, which all stand outside of status. */
static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	if (now && prev) {
		const json_t *is = kl_feed_parsed(c->feed);
		kl_autojson *was = kl_object_parse(prev);
		const json_t *a = kl_json_get(is, "metadata", "labels", NULL),
			     *b = kl_json_get(was, "metadata", "labels", NULL);
		if (json_equal(json_object_get(is, "spec"), json_object_get(was, "spec")) &&
			(a == b || json_equal(a, b)))
			return;
	}
	kl_feed_each(c->feed, c->owner_kinds[CTL_DAEMONSET], enqueue_each, c);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	owner_of_pod_enqueue(c, CTL_DAEMONSET, "DaemonSet", pod);
	if (!gone)
		owner_offer_orphan(c, CTL_DAEMONSET, c->owner_kinds[CTL_DAEMONSET], pod);
}

static void init(struct kl_controllers *c)
{
	c->owner_kinds[CTL_DAEMONSET] = kl_kind_named("apps", "DaemonSet");
	kl_feed_add(c->feed, c->owner_kinds[CTL_DAEMONSET], on_daemonset, c);
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	pods_listen(c, on_pod);
}

const struct controller daemonset_controller = {"daemonset-controller", init, sync, NULL};
