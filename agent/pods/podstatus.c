#include "pods_impl.h"

#include "clock.h"
#include "podspec.h"

#include <string.h>

/* --- containers */

static json_t *waiting_state(const struct container *c)
{
	json_t *state = json_object();
	bool after_init = c->kind == KIND_APP && c->pod->init_count > 0;
	const char *reason = c->waiting_reason                    ? c->waiting_reason
			     : after_init || c->kind == KIND_INIT ? "PodInitializing"
								  : "ContainerCreating";

	json_object_set_new(state, "reason", json_string(reason));
	if (c->waiting_message)
		json_object_set_new(state, "message", json_string(c->waiting_message));
	return json_pack("{s:o}", "waiting", state);
}

static json_t *present_state(const struct container *c)
{
	char started[KL_TIME_TEXT];

	if (c->state == C_RUNNING) {
		kl_time_format(c->started_ms / 1000, started);
		return json_pack("{s:{s:s}}", "running", "startedAt", started);
	}
	if (c->terminated && !c->waiting_reason)
		return json_pack("{s:O}", "terminated", c->terminated);
	return waiting_state(c);
}

/* While a new run is on its way, the ended one is already the last. */
static json_t *last_state(const struct container *c)
{
	const json_t *last = c->terminated && c->waiting_reason ? c->terminated : c->last;

	if (c->terminated && last && !c->waiting_reason && c->last == c->terminated)
		last = NULL;
	return last ? json_pack("{s:O}", "terminated", last) : json_object();
}

json_t *container_status(const struct container *c)
{
	const char *image = kl_json_str(container_spec(c), "image", NULL);
	json_t *status = json_pack("{s:s,s:o,s:o,s:b,s:i,s:s,s:s,s:b}", "name", c->name, "state", present_state(c),
		"lastState", last_state(c), "ready",
		c->kind == KIND_INIT && !c->sidecar ? container_exit_code(c) == 0
		: c->kind == KIND_EPHEMERAL         ? false
						    : c->ready,
		"restartCount", c->restarts, "image", c->image_text ? c->image_text : image, "imageID",
		c->image_id ? c->image_id : "", "started", c->state == C_RUNNING && c->started);

	if (*c->id && c->started_ms)
		json_object_set_new(status, "containerID", json_sprintf("keelson://%s", c->id));
	return status;
}

static json_t *statuses(const struct kl_pod *pod, enum container_kind kind)
{
	json_t *list = json_array();

	for (size_t i = 0; i < pod->count; i++)
		if (pod->containers[i]->kind == kind)
			json_array_append_new(list, container_status(pod->containers[i]));
	return list;
}

/* --- the phase */

static bool init_done(const struct container *c)
{
	return c->sidecar ? c->started || container_exit_code(c) >= 0 : container_exit_code(c) == 0;
}

static bool initialized(const struct kl_pod *pod)
{
	for (size_t i = 0; i < pod->init_count; i++)
		if (!init_done(pod->containers[i]))
			return false;
	return true;
}

struct tally {
	size_t running, waiting, ended, failed, total;
};

static struct tally tally(const struct kl_pod *pod)
{
	struct tally t = {0};

	for (size_t i = 0; i < pod->count; i++) {
		const struct container *c = pod->containers[i];
		if (c->kind != KIND_APP)
			continue;
		t.total++;
		if (c->state == C_RUNNING)
			t.running++;
		else if (c->terminated || c->last)
			t.ended++;
		else
			t.waiting++;
		t.failed += c->state != C_RUNNING && container_exit_code(c) > 0;
	}
	return t;
}

static bool init_failed(const struct kl_pod *pod)
{
	for (size_t i = 0; i < pod->init_count; i++)
		if (pod->containers[i]->state == C_DONE && !pod->containers[i]->sidecar &&
			container_exit_code(pod->containers[i]) > 0)
			return true;
	return false;
}

/* All that will ever run has run. */
static const char *final_phase(const struct kl_pod *pod, const struct tally *t)
{
	return t->failed || t->waiting || init_failed(pod) ? "Failed" : "Succeeded";
}

const char *pod_phase(const struct kl_pod *pod)
{
	struct tally t = tally(pod);

	if (pod->reject_reason)
		return "Failed";
	if (pod->state >= P_RELEASE)
		return final_phase(pod, &t);
	if (init_failed(pod))
		return "Failed";
	if (!initialized(pod) || t.waiting)
		return "Pending";
	if (t.running || !t.total)
		return "Running";
	for (size_t i = 0; i < pod->count; i++)
		if (pod->containers[i]->kind == KIND_APP && pod->containers[i]->state != C_DONE)
			return "Running";
	return final_phase(pod, &t);
}

/* --- conditions */

static const json_t *find_condition(const json_t *status, const char *type)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "conditions"), i, item)
		if (!strcmp(kl_json_str(item, "type", NULL), type))
			return item;
	return NULL;
}

static void condition(const struct kl_pod *pod, json_t *list, const char *type, bool state, const char *reason,
	const char *message, int64_t now_ms)
{
	const json_t *old = find_condition(pod->status ? pod->status : json_object_get(pod->object, "status"), type);
	const char *word = state ? "True" : "False", *since = kl_json_str(old, "lastTransitionTime", NULL);
	char now[KL_TIME_TEXT];

	kl_time_format(now_ms / 1000, now);
	if (!old || !*since || strcmp(kl_json_str(old, "status", NULL), word) != 0)
		since = now;
	/* A null takes away what an earlier patch said: conditions are merged by their type. */
	json_array_append_new(
		list, json_pack("{s:s,s:s,s:s,s:o,s:o}", "type", type, "status", word, "lastTransitionTime", since,
			      "reason", reason ? json_string(reason) : json_null(), "message",
			      message ? json_string(message) : json_null()));
}

/* "[a b]" of the containers that are not there yet; NULL when all are. Owned by the caller. */
static char *lacking(const struct kl_pod *pod, enum container_kind kind, const char *words)
{
	struct kl_buf names = {0};

	for (size_t i = 0; i < pod->count; i++) {
		const struct container *c = pod->containers[i];
		bool there = kind == KIND_INIT ? init_done(c) : c->ready;
		if ((c->kind == kind || (kind == KIND_APP && c->sidecar)) && !there)
			kl_buf_printf(&names, "%s%s", names.len ? " " : "", c->name);
	}
	char *text = names.len ? kl_asprintf("%s: [%s]", words, names.data) : NULL;
	kl_buf_release(&names);
	return text;
}

/* Readiness gates are conditions that others set on the object. */
static char *closed_gate(const struct kl_pod *pod)
{
	json_t *gate;
	size_t i;

	json_array_foreach (kl_json_get(pod->object, "spec", "readinessGates", NULL), i, gate) {
		const char *type = kl_json_str(gate, "conditionType", NULL);
		const json_t *have = find_condition(json_object_get(pod->object, "status"), type);
		if (strcmp(kl_json_str(have, "status", NULL), "True") != 0)
			return kl_asprintf("the status of pod readiness gate \"%s\" is not \"True\", but False", type);
	}
	return NULL;
}

bool pod_is_ready(const struct kl_pod *pod)
{
	kl_autofree char *unready = lacking(pod, KIND_APP, ""), *gate = closed_gate(pod);

	return !unready && !gate && initialized(pod) && pod->state < P_RELEASE;
}

static json_t *conditions(const struct kl_pod *pod, const char *phase, int64_t now_ms)
{
	const json_t *scheduled = find_condition(json_object_get(pod->object, "status"), "PodScheduled");
	kl_autofree char *no_init = lacking(pod, KIND_INIT, "containers with incomplete status");
	kl_autofree char *unready = lacking(pod, KIND_APP, "containers with unready status"), *gate = closed_gate(pod);
	bool succeeded = !strcmp(phase, "Succeeded"), failed = !strcmp(phase, "Failed");
	const char *why = succeeded ? "PodCompleted" : failed ? "PodFailed" : unready ? "ContainersNotReady" : NULL;
	bool ready = !why && !no_init;
	json_t *list = json_array();

	condition(pod, list, "PodReadyToStartContainers", pod->sandboxed && !pod->released, NULL, NULL, now_ms);
	condition(pod, list, "Initialized", !no_init,
		succeeded && !no_init ? "PodCompleted"
		: no_init             ? "ContainersNotInitialized"
				      : NULL,
		no_init, now_ms);
	condition(pod, list, "Ready", ready && !gate,
		why       ? why
		: gate    ? "ReadinessGatesNotReady"
		: no_init ? "ContainersNotReady"
			  : NULL,
		succeeded || failed ? NULL
		: unready           ? unready
				    : gate,
		now_ms);
	condition(pod, list, "ContainersReady", ready, why, succeeded || failed ? NULL : unready, now_ms);
	if (scheduled)
		json_array_append(list, (json_t *)(uintptr_t)scheduled);
	else
		condition(pod, list, "PodScheduled", true, NULL, NULL, now_ms);
	return list;
}

/* --- all of it */

static json_t *ip_list(char *const *ips, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s}", "ip", ips[i]));
	return list;
}

static void set_addresses(const struct kl_pod *pod, json_t *status)
{
	const char *const *node_ips = pod->pods->opt.node_ips;
	size_t count = 0;

	while (node_ips && node_ips[count])
		count++;
	if (count) {
		json_object_set_new(status, "hostIP", json_string(node_ips[0]));
		json_object_set_new(status, "hostIPs", ip_list((char *const *)(uintptr_t)node_ips, count));
	}
	if (pod->ip_count) {
		json_object_set_new(status, "podIP", json_string(pod->ips[0]));
		json_object_set_new(status, "podIPs", ip_list(pod->ips, pod->ip_count));
	}
}

json_t *pod_status(const struct kl_pod *pod, int64_t now_ms)
{
	const char *phase = pod_phase(pod);
	char started[KL_TIME_TEXT];

	kl_time_format(pod->start_ms / 1000, started);
	json_t *status = json_pack("{s:s,s:o,s:s,s:s}", "phase", phase, "conditions", conditions(pod, phase, now_ms),
		"startTime", started, "qosClass", kl_podspec_qos(pod->object));
	if (pod->reject_reason) {
		json_object_set_new(status, "reason", json_string(pod->reject_reason));
		json_object_set_new(status, "message", json_string(pod->reject_message ? pod->reject_message : ""));
	}
	set_addresses(pod, status);
	if (pod->init_count)
		json_object_set_new(status, "initContainerStatuses", statuses(pod, KIND_INIT));
	if (!pod->reject_reason || pod->sandboxed || pod->stop_all)
		json_object_set_new(status, "containerStatuses", statuses(pod, KIND_APP));
	if (pod->count > pod->app_end)
		json_object_set_new(status, "ephemeralContainerStatuses", statuses(pod, KIND_EPHEMERAL));
	return status;
}
