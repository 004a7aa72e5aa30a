#include "node.h"

#include "clock.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { RETRY_MS = 500, LEASE_SECONDS = 40, STATUS_SECONDS = 300, PRESSURE_CHECK_MS = 10000, RESTART_GRACE_MS = 5000 };

struct kl_node {
	uv_loop_t *loop;
	struct kl_client *client;
	struct kl_node_options opt;
	char **lists[3]; /* ips, labels, taints */
	uv_timer_t register_timer, lease_timer, status_timer;
	unsigned open_handles;
	uint64_t request, lease_request;
	json_t *status; /* as last sent */
	json_t *lease;  /* as the API last gave it */
	bool registered, ready, disk_pressure, dirty, freed;
	char *reason;
	int64_t quiet_until_ms; /* a restarted agent does not call a working node NotReady for the moment it needs */
};

static void register_send(struct kl_node *node);
static void status_send(struct kl_node *node);
static void lease_send(struct kl_node *node);

/* --- helpers */

static char **copy_list(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	char **copy = kl_calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = kl_strdup(list[i]);
	return copy;
}

static struct kl_node_facts facts_of(struct kl_node *node)
{
	return (struct kl_node_facts){.options = &node->opt,
		.ready = node->ready,
		.not_ready_reason = node->reason,
		.disk_pressure = node->disk_pressure,
		.old = node->status,
		.now_ms = kl_realtime_ms()};
}

static uint64_t send_json(struct kl_node *node, const char *method, const char *path, const json_t *body,
	const char *type, kl_client_done *done)
{
	kl_autobuf text = {0};

	if (body)
		kl_json_dump(body, &text);
	const struct kl_client_request request = {.method = method,
		.path = path,
		.body = text.data,
		.body_len = text.len,
		.content_type = type,
		.timeout_ms = 10000};
	return kl_client_send(node->client, &request, done, node);
}

static bool good(const struct kl_client_answer *answer)
{
	return answer->http >= 200 && answer->http < 300;
}

/* --- registration */

static void on_register_timer(uv_timer_t *timer)
{
	register_send(timer->data);
}

static void registered(struct kl_node *node)
{
	if (!node->registered)
		kl_info("node %s is registered", node->opt.name);
	node->registered = true;
	status_send(node);
}

/* A node that was here before keeps what others put on it; its own labels are brought up to date. */
static void on_labels_patched(const struct kl_client_answer *answer, void *arg)
{
	struct kl_node *node = arg;

	node->request = 0;
	if (good(answer)) {
		node->quiet_until_ms = kl_monotonic_ms() + RESTART_GRACE_MS;
		registered(node);
	} else {
		uv_timer_start(&node->register_timer, on_register_timer, RETRY_MS, 0);
	}
}

static void patch_labels(struct kl_node *node)
{
	const struct kl_node_facts facts = facts_of(node);
	kl_autofree char *path = kl_asprintf("/api/v1/nodes/%s", node->opt.name);
	json_t *object;

	if (kl_node_object(&facts, &object, NULL))
		return;
	kl_autojson *whole = object;
	kl_autojson *patch =
		json_pack("{s:{s:O}}", "metadata", "labels", kl_json_get(whole, "metadata", "labels", NULL));
	node->request = send_json(node, "PATCH", path, patch, "application/merge-patch+json", on_labels_patched);
}

static void on_registered(const struct kl_client_answer *answer, void *arg)
{
	struct kl_node *node = arg;

	node->request = 0;
	if (good(answer)) {
		registered(node);
	} else if (answer->http == 409) {
		patch_labels(node);
	} else {
		kl_warn("register the node: %s", kl_err_text(&answer->err));
		uv_timer_start(&node->register_timer, on_register_timer, RETRY_MS, 0);
	}
}

static void register_send(struct kl_node *node)
{
	const struct kl_node_facts facts = facts_of(node);
	struct kl_err err = {0};
	json_t *object;

	if (kl_node_object(&facts, &object, &err)) {
		kl_error("register the node: %s", err.text);
		return;
	}
	kl_autojson *body = object;
	node->request = send_json(node, "POST", "/api/v1/nodes", body, NULL, on_registered);
}

/* --- status */

static void on_status_timer(uv_timer_t *timer)
{
	struct kl_node *node = timer->data;
	struct statvfs fs;
	bool full = !statvfs(node->opt.root_dir, &fs) && fs.f_bavail * 20 < fs.f_blocks; /* less than 5 % left */

	node->dirty |= full != node->disk_pressure;
	node->disk_pressure = full;
	const json_t *conditions = json_object_get(node->status, "conditions");
	int64_t sent = 0;
	kl_time_parse(kl_json_str(json_array_get(conditions, 0), "lastHeartbeatTime", NULL), &sent);
	int64_t period = node->opt.status_seconds ? node->opt.status_seconds : STATUS_SECONDS;
	if (node->dirty || kl_realtime_ms() - sent >= period * 1000)
		status_send(node);
}

static void on_status_sent(const struct kl_client_answer *answer, void *arg)
{
	struct kl_node *node = arg;

	node->request = 0;
	if (answer->http == 404) { /* somebody deleted the Node: it comes again, as with kubelet */
		node->registered = false;
		register_send(node);
	} else if (!good(answer)) {
		kl_warn("send the node's status: %s", kl_err_text(&answer->err));
		node->dirty = true;
		uv_timer_start(&node->status_timer, on_status_timer, RETRY_MS, PRESSURE_CHECK_MS);
	} else if (node->dirty) {
		status_send(node);
	}
}

static void status_send(struct kl_node *node)
{
	struct kl_node_facts facts = facts_of(node);
	kl_autofree char *path = kl_asprintf("/api/v1/nodes/%s/status", node->opt.name);

	facts.patch = true;
	node->dirty = true;
	if (!node->registered || node->request)
		return;
	if (!node->ready && kl_monotonic_ms() < node->quiet_until_ms) {
		uv_timer_start(&node->status_timer, on_status_timer, RETRY_MS, PRESSURE_CHECK_MS);
		return;
	}
	json_t *status = kl_node_status(&facts);
	json_decref(node->status);
	node->status = status;
	node->dirty = false;
	kl_autojson *patch = json_pack("{s:O}", "status", status);
	node->request = send_json(node, "PATCH", path, patch, "application/strategic-merge-patch+json", on_status_sent);
}

void kl_node_set_ready(struct kl_node *node, bool ready, const char *reason)
{
	if (node->ready == ready && (ready || (node->reason && reason && !strcmp(node->reason, reason))))
		return;
	kl_info(ready ? "the node is ready" : "the node is not ready: %s", reason ? reason : "");
	node->ready = ready;
	free(node->reason);
	node->reason = kl_strdup(reason);
	status_send(node);
}

bool kl_node_registered(const struct kl_node *node)
{
	return node->registered;
}

/* --- the Lease */

static void on_lease_timer(uv_timer_t *timer)
{
	lease_send(timer->data);
}

static int64_t lease_period_ms(const struct kl_node *node)
{
	return 1000 * (node->opt.lease_seconds ? node->opt.lease_seconds : LEASE_SECONDS) / 4;
}

static void lease_in(struct kl_node *node, int64_t ms)
{
	uv_timer_start(&node->lease_timer, on_lease_timer, (uint64_t)ms, 0);
}

static void on_lease(const struct kl_client_answer *answer, void *arg)
{
	struct kl_node *node = arg;

	node->lease_request = 0;
	json_decref(node->lease);
	node->lease = good(answer) ? kl_json_parse(answer->body, answer->len, NULL) : NULL;
	if (good(answer))
		lease_in(node, lease_period_ms(node));
	else
		lease_in(node, answer->http == 404 || answer->http == 409 ? 0 : RETRY_MS);
}

static void on_lease_got(const struct kl_client_answer *answer, void *arg)
{
	struct kl_node *node = arg;

	node->lease_request = 0;
	if (good(answer)) {
		json_decref(node->lease);
		node->lease = kl_json_parse(answer->body, answer->len, NULL);
		lease_send(node);
	} else if (answer->http == 404) {
		char now[KL_TIME_TEXT];
		kl_time_format_micro(kl_realtime_ms() * 1000, now);
		kl_autojson *lease = json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:s,s:i,s:s}}", "apiVersion",
			"coordination.k8s.io/v1", "kind", "Lease", "metadata", "name", node->opt.name, "namespace",
			"kube-node-lease", "spec", "holderIdentity", node->opt.name, "leaseDurationSeconds",
			node->opt.lease_seconds ? node->opt.lease_seconds : LEASE_SECONDS, "renewTime", now);
		node->lease_request = send_json(node, "POST",
			"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease, NULL, on_lease);
	} else {
		lease_in(node, RETRY_MS);
	}
}

/* With what the API last gave, one PUT; without, the Lease is looked for and made where missing. */
static void lease_send(struct kl_node *node)
{
	kl_autofree char *path =
		kl_asprintf("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/%s", node->opt.name);
	char now[KL_TIME_TEXT];

	if (node->lease_request)
		return;
	if (!node->lease) {
		node->lease_request = send_json(node, "GET", path, NULL, NULL, on_lease_got);
		return;
	}
	kl_time_format_micro(kl_realtime_ms() * 1000, now);
	kl_json_set(node->lease, json_string(now), "spec", "renewTime", NULL);
	kl_json_set(node->lease, json_string(node->opt.name), "spec", "holderIdentity", NULL);
	node->lease_request = send_json(node, "PUT", path, node->lease, NULL, on_lease);
}

/* --- life */

struct kl_node *kl_node_new(uv_loop_t *loop, struct kl_client *client, const struct kl_node_options *options)
{
	struct kl_node *node = kl_calloc(1, sizeof(*node));
	uv_timer_t *const timers[] = {&node->register_timer, &node->lease_timer, &node->status_timer};

	node->loop = loop;
	node->client = client;
	node->opt = *options;
	node->opt.name = kl_strdup(options->name);
	node->opt.root_dir = kl_strdup(options->root_dir);
	node->opt.runtime_version = kl_strdup(options->runtime_version);
	node->opt.ips = (const char *const *)(node->lists[0] = copy_list(options->ips));
	node->opt.labels = (const char *const *)(node->lists[1] = copy_list(options->labels));
	node->opt.taints = (const char *const *)(node->lists[2] = copy_list(options->taints));
	for (size_t i = 0; i < KL_ARRAY_LEN(timers); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = node;
		node->open_handles++;
	}
	register_send(node);
	lease_in(node, 0);
	uv_timer_start(&node->status_timer, on_status_timer, PRESSURE_CHECK_MS, PRESSURE_CHECK_MS);
	return node;
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_node *node = handle->data;

	if (--node->open_handles)
		return;
	for (size_t i = 0; i < KL_ARRAY_LEN(node->lists); i++) {
		for (char **at = node->lists[i]; *at; at++)
			free(*at);
		free(node->lists[i]);
	}
	free((char *)(uintptr_t)node->opt.name);
	free((char *)(uintptr_t)node->opt.root_dir);
	free((char *)(uintptr_t)node->opt.runtime_version);
	free(node->reason);
	json_decref(node->status);
	json_decref(node->lease);
	free(node);
}

void kl_node_free(struct kl_node *node)
{
	if (!node)
		return;
	if (node->request)
		kl_client_cancel(node->client, node->request);
	if (node->lease_request)
		kl_client_cancel(node->client, node->lease_request);
	uv_close((uv_handle_t *)&node->register_timer, on_closed);
	uv_close((uv_handle_t *)&node->lease_timer, on_closed);
	uv_close((uv_handle_t *)&node->status_timer, on_closed);
}
