/*
 * Pods nobody can end any more: bound to a node that is not there (after a quarantine, in case it comes back), or
 * terminating on a node that an administrator declared out of service. Keys are node names.
 */
#include "ctl.h"

enum { QUARANTINE_MS = 40000 };

static int64_t quarantine_ms(const struct kl_controllers *c)
{
	return c->options.node_monitor_grace_ms > 0 ? c->options.node_monitor_grace_ms : QUARANTINE_MS;
}

static void remove_pod(struct kl_controllers *c, const char *key, const struct pod *pod)
{
	ctl_write(c, &(struct ctl_write){.id = CTL_POD_GC,
			     .key = key,
			     .verb = KL_DELETE,
			     .kind = c->kinds.pod,
			     .ns = pod->ns,
			     .name = pod->name,
			     .uid = pod->uid,
			     .grace_period_s = 0});
}

static bool is_out_of_service(const struct kl_object *node)
{
	return strstr(node->json, "\"node.kubernetes.io/out-of-service\"") != NULL;
}

static void sync(struct kl_controllers *c, const char *key)
{
	const struct kl_object *node = kl_feed_get(c->feed, c->kinds.node, "", key);
	if (node && !is_out_of_service(node))
		return;
	for (struct pod *pod = pods_of_node(c, key); pod; pod = pod->node_next) {
		if (!node || pod->deleting)
			remove_pod(c, key, pod);
	}
}

static void on_node(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	if (!now)
		ctl_enqueue_after(c, CTL_POD_GC, prev->name, quarantine_ms(c));
	else if (is_out_of_service(now))
		ctl_enqueue(c, CTL_POD_GC, now->name);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	if (!gone && pod->node && !kl_feed_get(c->feed, c->kinds.node, "", pod->node))
		ctl_enqueue_after(c, CTL_POD_GC, pod->node, quarantine_ms(c));
}

static void init(struct kl_controllers *c)
{
	kl_feed_add(c->feed, c->kinds.node, on_node, c);
	pods_listen(c, on_pod);
}

const struct controller pod_gc_controller = {"pod-garbage-collector", init, sync, NULL};
