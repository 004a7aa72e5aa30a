/*
 * Pods and nodes: their STATUS is computed from many fields, exactly as kubectl's users know it.
 */
#include "clock.h"
#include "columns.h"

#include <stdlib.h>
#include <string.h>

struct summary {
	char status[128];
	int64_t ready, total, restarts;
	int64_t last_restart_ms; /* 0: none */
};

static void set_status(struct summary *s, const char *text)
{
	snprintf(s->status, sizeof(s->status), "%s", text);
}

static void set_exit(struct summary *s, const json_t *terminated)
{
	int64_t signal = kl_json_int(terminated, 0, "signal", NULL);
	const char *reason = kl_json_str(terminated, "reason", NULL);
	if (*reason)
		set_status(s, reason);
	else if (signal)
		snprintf(s->status, sizeof(s->status), "Signal:%lld", (long long)signal);
	else
		snprintf(s->status, sizeof(s->status), "ExitCode:%lld",
			(long long)kl_json_int(terminated, 0, "exitCode", NULL));
}

static void count_restart(struct summary *s, const json_t *status)
{
	int64_t at;
	const char *finished = kl_json_str(status, "lastState", "terminated", "finishedAt", NULL);
	s->restarts += kl_json_int(status, 0, "restartCount", NULL);
	if (*finished && !kl_time_parse(finished, &at) && at > s->last_restart_ms)
		s->last_restart_ms = at;
}

static bool is_sidecar(const json_t *spec, const char *name)
{
	size_t i;
	json_t *container;
	json_array_foreach (json_object_get(spec, "initContainers"), i, container)
		if (!strcmp(kl_json_str(container, "name", NULL), name))
			return !strcmp(kl_json_str(container, "restartPolicy", NULL), "Always");
	return false;
}

/* True: initialisation is not over, and s->status says where it stands. */
static bool summarize_init(struct summary *s, const json_t *spec, const json_t *status)
{
	size_t i, total = json_array_size(json_object_get(spec, "initContainers"));
	json_t *container;
	json_array_foreach (json_object_get(status, "initContainerStatuses"), i, container) {
		const json_t *terminated = kl_json_get(container, "state", "terminated", NULL);
		const char *waiting = kl_json_str(container, "state", "waiting", "reason", NULL);
		bool sidecar = is_sidecar(spec, kl_json_str(container, "name", NULL));
		count_restart(s, container);
		if (terminated && !kl_json_int(terminated, 0, "exitCode", NULL))
			continue;
		if (sidecar && kl_json_bool(container, false, "started", NULL)) {
			s->ready += kl_json_bool(container, false, "ready", NULL);
			continue;
		}
		char where[sizeof(s->status)];
		if (terminated) {
			set_exit(s, terminated);
			snprintf(where, sizeof(where), "Init:%.120s", s->status);
		} else if (*waiting && strcmp(waiting, "PodInitializing")) {
			snprintf(where, sizeof(where), "Init:%.120s", waiting);
		} else {
			snprintf(where, sizeof(where), "Init:%zu/%zu", i, total);
		}
		set_status(s, where);
		return true;
	}
	return false;
}

static bool pod_is_ready(const json_t *status)
{
	size_t i;
	json_t *condition;
	json_array_foreach (json_object_get(status, "conditions"), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "Ready"))
			return !strcmp(kl_json_str(condition, "status", NULL), "True");
	return false;
}

static void summarize_containers(struct summary *s, const json_t *status)
{
	const json_t *list = json_object_get(status, "containerStatuses");
	bool running = false;
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *container = json_array_get(list, i),
			     *terminated = kl_json_get(container, "state", "terminated", NULL);
		const char *waiting = kl_json_str(container, "state", "waiting", "reason", NULL);
		count_restart(s, container);
		if (*waiting) {
			set_status(s, waiting);
		} else if (terminated) {
			set_exit(s, terminated);
		} else if (kl_json_bool(container, false, "ready", NULL) &&
			   kl_json_get(container, "state", "running", NULL)) {
			running = true;
			s->ready++;
		}
	}
	if (running && !strcmp(s->status, "Completed"))
		set_status(s, pod_is_ready(status) ? "Running" : "NotReady");
}

static void count_sidecars(struct summary *s, const json_t *spec)
{
	size_t i;
	json_t *container;
	s->total = (int64_t)json_array_size(json_object_get(spec, "containers"));
	json_array_foreach (json_object_get(spec, "initContainers"), i, container)
		s->total += !strcmp(kl_json_str(container, "restartPolicy", NULL), "Always");
}

static struct summary summarize(const json_t *pod)
{
	struct summary s = {0};
	const json_t *spec = json_object_get(pod, "spec"), *status = json_object_get(pod, "status");
	const char *reason = kl_json_str(status, "reason", NULL);
	size_t i;
	json_t *condition;
	set_status(&s, *reason ? reason : kl_json_str(status, "phase", NULL));
	count_sidecars(&s, spec);
	json_array_foreach (json_object_get(status, "conditions"), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "PodScheduled") &&
			!strcmp(kl_json_str(condition, "reason", NULL), "SchedulingGated"))
			set_status(&s, "SchedulingGated");
	if (!summarize_init(&s, spec, status)) {
		int64_t init_restarts = s.restarts;
		s.restarts = 0;
		summarize_containers(&s, status);
		(void)init_restarts; /* once the pod runs, its own restarts count */
	}
	if (kl_json_get(pod, "metadata", "deletionTimestamp", NULL)) {
		const char *phase = kl_json_str(status, "phase", NULL);
		if (!strcmp(reason, "NodeLost"))
			set_status(&s, "Unknown");
		else if (strcmp(phase, "Failed") && strcmp(phase, "Succeeded"))
			set_status(&s, "Terminating");
	}
	return s;
}

static void pod_ready(const struct kl_row *row, struct kl_buf *buf)
{
	struct summary s = summarize(row->object);
	kl_buf_printf(buf, "\"%lld/%lld\"", (long long)s.ready, (long long)s.total);
}

static void pod_status(const struct kl_row *row, struct kl_buf *buf)
{
	struct summary s = summarize(row->object);
	kl_cell_str(buf, s.status);
}

static void pod_restarts(const struct kl_row *row, struct kl_buf *buf)
{
	struct summary s = summarize(row->object);
	if (!s.restarts || !s.last_restart_ms) {
		kl_buf_printf(buf, "\"%lld\"", (long long)s.restarts);
		return;
	}
	char ago[KL_TIME_TEXT];
	kl_duration_human(row->now_ms > s.last_restart_ms ? (row->now_ms - s.last_restart_ms) / 1000 : 0, ago);
	kl_buf_printf(buf, "\"%lld (%s ago)\"", (long long)s.restarts, ago);
}

static void text_or_none(struct kl_buf *buf, const char *text)
{
	kl_cell_str(buf, *text ? text : "<none>");
}

static void pod_ip(const struct kl_row *row, struct kl_buf *buf)
{
	text_or_none(buf, kl_json_str(row->object, "status", "podIP", NULL));
}

static void pod_node(const struct kl_row *row, struct kl_buf *buf)
{
	text_or_none(buf, kl_json_str(row->object, "spec", "nodeName", NULL));
}

static void pod_nominated(const struct kl_row *row, struct kl_buf *buf)
{
	text_or_none(buf, kl_json_str(row->object, "status", "nominatedNodeName", NULL));
}

static void pod_gates(const struct kl_row *row, struct kl_buf *buf)
{
	const json_t *gates = kl_json_get(row->object, "spec", "readinessGates", NULL);
	const json_t *conditions = kl_json_get(row->object, "status", "conditions", NULL);
	size_t i, k, met = 0;
	json_t *gate, *condition;
	json_array_foreach (gates, i, gate)
		json_array_foreach (conditions, k, condition)
			met += !strcmp(kl_json_str(condition, "type", NULL),
				       kl_json_str(gate, "conditionType", NULL)) &&
			       !strcmp(kl_json_str(condition, "status", NULL), "True");
	if (json_array_size(gates))
		kl_buf_printf(buf, "\"%zu/%zu\"", met, json_array_size(gates));
	else
		kl_cell_str(buf, "<none>");
}

const struct kl_column kl_columns_pod[9] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Ready", pod_ready, .doc = "How many of the pod's containers are ready"),
	KL_COLUMN("Status", pod_status, .doc = "What the pod is doing, in one word"),
	KL_COLUMN("Restarts", pod_restarts, .doc = "How often containers were started again, and when last"),
	KL_AGE_COLUMN,
	KL_WIDE("IP", pod_ip),
	KL_WIDE("Node", pod_node),
	KL_WIDE("Nominated Node", pod_nominated),
	KL_WIDE("Readiness Gates", pod_gates),
};

/* --- nodes --- */

static void node_status(const struct kl_row *row, struct kl_buf *buf)
{
	const char *status = "Unknown";
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(row->object, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), "Ready"))
			status = !strcmp(kl_json_str(condition, "status", NULL), "True") ? "Ready" : "NotReady";
	bool off = kl_json_bool(row->object, false, "spec", "unschedulable", NULL);
	kl_buf_printf(buf, "\"%s%s\"", status, off ? ",SchedulingDisabled" : "");
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void node_roles(const struct kl_row *row, struct kl_buf *buf)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	const json_t *labels = kl_json_get(row->object, "metadata", "labels", NULL);
	kl_autofree const char **roles = kl_calloc(json_object_size(labels), sizeof(*roles));
	kl_autobuf text = {0};
	const char *key;
	json_t *value;
	size_t count = 0;
	json_object_foreach ((json_t *)(uintptr_t)labels, key, value) {
		if (!strncmp(key, prefix, sizeof(prefix) - 1) && key[sizeof(prefix) - 1])
			roles[count++] = key + sizeof(prefix) - 1;
		else if (!strcmp(key, "kubernetes.io/role") && json_string_length(value))
			roles[count++] = json_string_value(value);
	}
	qsort(roles, count, sizeof(*roles), compare_texts);
	for (size_t i = 0; i < count; i++)
		kl_buf_printf(&text, "%s%s", i ? "," : "", roles[i]);
	kl_cell_str(buf, count ? kl_buf_str(&text) : "<none>");
}

static void node_version(const struct kl_row *row, struct kl_buf *buf)
{
	kl_cell_str(buf, kl_json_str(row->object, "status", "nodeInfo", "kubeletVersion", NULL));
}

static void node_address(const struct kl_row *row, const char *type, struct kl_buf *buf)
{
	size_t i;
	json_t *address;
	json_array_foreach (kl_json_get(row->object, "status", "addresses", NULL), i, address)
		if (!strcmp(kl_json_str(address, "type", NULL), type)) {
			kl_cell_str(buf, kl_json_str(address, "address", NULL));
			return;
		}
	kl_cell_str(buf, "<none>");
}

static void node_internal(const struct kl_row *row, struct kl_buf *buf)
{
	node_address(row, "InternalIP", buf);
}

static void node_external(const struct kl_row *row, struct kl_buf *buf)
{
	node_address(row, "ExternalIP", buf);
}

static void node_info(const struct kl_row *row, const char *key, struct kl_buf *buf)
{
	const char *text = kl_json_str(row->object, "status", "nodeInfo", key, NULL);
	kl_cell_str(buf, *text ? text : "<unknown>");
}

static void node_os(const struct kl_row *row, struct kl_buf *buf)
{
	node_info(row, "osImage", buf);
}

static void node_kernel(const struct kl_row *row, struct kl_buf *buf)
{
	node_info(row, "kernelVersion", buf);
}

static void node_runtime(const struct kl_row *row, struct kl_buf *buf)
{
	node_info(row, "containerRuntimeVersion", buf);
}

const struct kl_column kl_columns_node[10] = {
	KL_NAME_COLUMN,
	KL_COLUMN("Status", node_status, .doc = "Whether the node takes pods"),
	KL_COLUMN("Roles", node_roles, .doc = "Roles by the node's labels"),
	KL_AGE_COLUMN,
	KL_COLUMN("Version", node_version, .doc = "Version of the node's agent"),
	KL_WIDE("Internal-IP", node_internal),
	KL_WIDE("External-IP", node_external),
	KL_WIDE("OS-Image", node_os),
	KL_WIDE("Kernel-Version", node_kernel),
	KL_WIDE("Container-Runtime", node_runtime),
};
