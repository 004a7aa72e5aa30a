#include "pods_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { REFRESH_MS = 60000 };

static const char *const state_names[P_STATES] = {
	[P_ADMIT] = "admit",
	[P_FETCH] = "fetch",
	[P_SANDBOX] = "sandbox",
	[P_VOLUMES] = "volumes",
	[P_RUN] = "run",
	[P_HOLD] = "hold",
	[P_STOP] = "stop",
	[P_RELEASE] = "release",
	[P_FINISHED] = "finished",
	[P_CLEAN] = "clean",
	[P_CONFIRM] = "confirm",
	[P_GONE] = "gone",
};

const char *pod_state_name(enum pod_state state)
{
	return state < P_STATES ? state_names[state] : "?";
}

/* --- life of the struct */

void pod_ref(struct kl_pod *pod)
{
	pod->refs++;
}

static void container_free(struct container *c)
{
	char *const texts[] = {(char *)(uintptr_t)c->name, c->bundle, c->upper, c->log_path, c->cgroup, c->image_text,
		c->image_id, c->waiting_reason, c->waiting_message};

	for (size_t i = 0; i < KL_ARRAY_LEN(texts); i++)
		free(texts[i]);
	kl_image_release(&c->image);
	json_decref(c->terminated);
	json_decref(c->last);
}

static void pod_free(struct kl_pod *pod)
{
	char *const texts[] = {pod->uid, pod->ns, pod->name, pod->dir, pod->log_dir, pod->ns_dir, pod->cgroup,
		pod->reject_reason, pod->reject_message, pod->ips[0], pod->ips[1]};

	for (size_t i = 0; i < pod->count; i++) {
		container_free(pod->containers[i]);
		free(pod->containers[i]);
	}
	for (size_t i = 0; i < KL_ARRAY_LEN(texts); i++)
		free(texts[i]);
	free(pod->containers);
	json_decref(pod->object);
	json_decref(pod->objects);
	json_decref(pod->status);
	free(pod);
}

void pod_unref(struct kl_pod *pod)
{
	if (--pod->refs == 0 && pod->freed)
		pod_free(pod);
}

static void on_closed(uv_handle_t *handle)
{
	pod_unref(handle->data);
}

void pod_remove(struct kl_pod *pod)
{
	uv_timer_t *const timers[] = {&pod->timer, &pod->refresh, &pod->deadline};

	if (pod->freed)
		return;
	HASH_DEL(pod->pods->table, pod);
	fetch_cancel(pod);
	drain_end(pod);
	report_stop(pod);
	events_forget(pod->pods->events, pod->uid);
	for (size_t i = 0; i < pod->count; i++)
		container_release(pod->containers[i]);
	for (size_t i = 0; i < KL_ARRAY_LEN(timers); i++)
		uv_close((uv_handle_t *)timers[i], on_closed);
	pod->freed = true;
}

static void add_container(struct kl_pod *pod, const json_t *spec, enum container_kind kind)
{
	pod->containers = kl_reallocarray(pod->containers, pod->count + 1, sizeof(pod->containers[0]));
	pod->containers[pod->count] = kl_calloc(1, sizeof(*pod->containers[0]));
	container_init(pod->containers[pod->count++], pod, spec, kind);
}

/* They come while the pod runs, one after the other, and never go. */
void pod_note_ephemeral(struct kl_pod *pod)
{
	const json_t *list = kl_json_get(pod->object, "spec", "ephemeralContainers", NULL);

	for (size_t i = pod->count - pod->app_end; i < json_array_size(list); i++)
		add_container(pod, json_array_get(list, i), KIND_EPHEMERAL);
}

static void new_containers(struct kl_pod *pod)
{
	json_t *item;
	size_t i;

	json_array_foreach (kl_json_get(pod->object, "spec", "initContainers", NULL), i, item)
		add_container(pod, item, KIND_INIT);
	pod->init_count = pod->count;
	json_array_foreach (kl_json_get(pod->object, "spec", "containers", NULL), i, item)
		add_container(pod, item, KIND_APP);
	pod->app_end = pod->count;
	pod_note_ephemeral(pod);
}

struct kl_pod *pod_new(struct kl_pods *pods, const json_t *object)
{
	struct kl_pod *pod = kl_calloc(1, sizeof(*pod));
	uv_timer_t *const timers[] = {&pod->timer, &pod->refresh, &pod->deadline};

	pod->pods = pods;
	pod->object = json_deep_copy(object);
	pod->objects = json_object();
	pod->uid = kl_strdup(kl_json_str(object, "metadata", "uid", NULL));
	pod->ns = kl_strdup(kl_json_str(object, "metadata", "namespace", NULL));
	pod->name = kl_strdup(kl_json_str(object, "metadata", "name", NULL));
	pod->dir = kl_asprintf("%s/%s", pods->pods_dir, pod->uid);
	pod->log_dir = kl_asprintf("%s/%s_%s_%s", pods->logs_dir, pod->ns, pod->name, pod->uid);
	pod->ns_dir = kl_asprintf("%s/%s", pods->netns_dir, pod->uid);
	pod->cgroup = kl_asprintf("%s/pod%s", pods->opt.cgroup_root, pod->uid);
	pod->host_network = kl_json_bool(object, false, "spec", "hostNetwork", NULL);
	pod->host_ipc = kl_json_bool(object, false, "spec", "hostIPC", NULL);
	pod->host_pid = kl_json_bool(object, false, "spec", "hostPID", NULL);
	pod->start_ms = kl_realtime_ms();
	for (size_t i = 0; i < KL_ARRAY_LEN(timers); i++) {
		uv_timer_init(pods->loop, timers[i]);
		timers[i]->data = pod;
		pod_ref(pod);
	}
	new_containers(pod);
	kl_mkdir_p(pod->dir, 0755, NULL);
	HASH_ADD_KEYPTR(hh, pods->table, pod->uid, strlen(pod->uid), pod);
	return pod;
}

/* --- admission */

static void reject(struct kl_pod *pod, const char *reason, const char *message)
{
	pod->reject_reason = kl_strdup(reason);
	pod->reject_message = kl_strdup(message);
	pod_event(pod, NULL, "Warning", reason, "%s", message);
}

static bool same_port(const json_t *a, const json_t *b)
{
	int64_t port = kl_json_int(a, 0, "hostPort", NULL);
	const char *pa = kl_json_str(a, "protocol", NULL), *pb = kl_json_str(b, "protocol", NULL);
	const char *ia = kl_json_str(a, "hostIP", NULL), *ib = kl_json_str(b, "hostIP", NULL);

	return port && port == kl_json_int(b, 0, "hostPort", NULL) && !strcmp(*pa ? pa : "TCP", *pb ? pb : "TCP") &&
	       (!*ia || !*ib || !strcmp(ia, ib));
}

static bool ports_clash(const struct kl_pod *a, const struct kl_pod *b)
{
	json_t *ca, *cb, *pa, *pb;
	size_t i, k, m, n;

	json_array_foreach (kl_json_get(a->object, "spec", "containers", NULL), i, ca)
		json_array_foreach (json_object_get(ca, "ports"), k, pa)
			json_array_foreach (kl_json_get(b->object, "spec", "containers", NULL), m, cb)
				json_array_foreach (json_object_get(cb, "ports"), n, pb)
					if (same_port(pa, pb))
						return true;
	return false;
}

static bool host_ports_taken(const struct kl_pod *pod)
{
	for (const struct kl_pod *other = pod->pods->table; other; other = other->hh.next)
		if (other != pod && other->state > P_ADMIT && other->state < P_RELEASE && ports_clash(pod, other))
			return true;
	return false;
}

static void new_sandbox_id(struct kl_pod *pod)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[KL_ID_LEN / 2];

	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		pod->sandbox_id[2 * i] = digits[bytes[i] >> 4];
		pod->sandbox_id[2 * i + 1] = digits[bytes[i] & 15];
	}
}

/* A node that lost its files still knows from the API how often containers were started. */
static void take_old_counts(struct kl_pod *pod)
{
	json_t *status;
	size_t i;

	json_array_foreach (kl_json_get(pod->object, "status", "containerStatuses", NULL), i, status)
		for (size_t k = pod->init_count; k < pod->app_end; k++) {
			struct container *c = pod->containers[k];
			if (strcmp(c->name, kl_json_str(status, "name", NULL)) ||
				!*kl_json_str(status, "containerID", NULL))
				continue;
			c->restarts = (int)kl_json_int(status, 0, "restartCount", NULL);
			c->started_ms = kl_realtime_ms();
		}
}

static enum pod_state st_admit(struct kl_pod *pod)
{
	const char *phase = kl_json_str(pod->object, "status", "phase", NULL);
	size_t max = pod->pods->opt.max_pods ? (size_t)pod->pods->opt.max_pods : 110;

	if (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed")) {
		pod->status = json_deep_copy(json_object_get(pod->object, "status"));
		pod->released = true;
		return P_FINISHED;
	}
	if (pod->deleting)
		return P_CLEAN;
	if (HASH_COUNT(pod->pods->table) > max + 10) /* room for those that are on their way out */
		reject(pod, "OutOfpods", "Pod was rejected: Node didn't have enough resource: pods");
	else if (host_ports_taken(pod))
		reject(pod, "NodePorts",
			"Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the "
			"requested pod ports");
	if (pod->reject_reason) {
		pod->released = true;
		return P_FINISHED;
	}
	take_old_counts(pod);
	new_sandbox_id(pod);
	return P_FETCH;
}

/* --- coming up */

/* The network needs none of the objects: both come at the same time, and the volumes wait for them. */
static enum pod_state st_fetch(struct kl_pod *pod)
{
	if (pod->deleting || pod->stop_all)
		return P_STOP;
	if (!pod->fetched)
		fetch_start(pod);
	return P_SANDBOX;
}

static enum pod_state st_sandbox(struct kl_pod *pod)
{
	if (pod->working)
		return P_SANDBOX;
	if (pod->deleting || pod->stop_all)
		return P_STOP;
	if (pod->sandboxed)
		return P_VOLUMES;
	if (!pod->retry_wait && (pod->pods->network_ready || pod->host_network))
		sandbox_start(pod);
	return P_SANDBOX;
}

static void on_refresh(uv_timer_t *timer)
{
	struct kl_pod *pod = container_of(timer, struct kl_pod, refresh);

	if (pod->state != P_RUN || pod->refreshing)
		return;
	pod->refreshing = true; /* fetch_finish goes on with the volumes */
	fetch_start(pod);
}

static bool has_volumes_of_objects(const struct kl_pod *pod)
{
	static const char *const names[] = {"configMap", "secret", "projected", "downwardAPI"};
	json_t *volume;
	size_t i;

	json_array_foreach (kl_json_get(pod->object, "spec", "volumes", NULL), i, volume)
		for (size_t k = 0; k < KL_ARRAY_LEN(names); k++)
			if (json_object_get(volume, names[k]))
				return true;
	return false;
}

static void on_deadline(uv_timer_t *timer)
{
	struct kl_pod *pod = container_of(timer, struct kl_pod, deadline);

	pod_fail(pod, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
}

/* What every running pod has, whether it came up just now or was adopted. */
static void enter_run(struct kl_pod *pod)
{
	int64_t deadline = kl_json_int(pod->object, -1, "spec", "activeDeadlineSeconds", NULL);

	if (has_volumes_of_objects(pod) && !uv_is_active((uv_handle_t *)&pod->refresh))
		uv_timer_start(&pod->refresh, on_refresh, REFRESH_MS, REFRESH_MS);
	if (deadline >= 0 && !uv_is_active((uv_handle_t *)&pod->deadline)) {
		int64_t left = pod->start_ms + deadline * 1000 - kl_realtime_ms();
		uv_timer_start(&pod->deadline, on_deadline, (uint64_t)(left > 0 ? left : 0), 0);
	}
}

static enum pod_state st_volumes(struct kl_pod *pod)
{
	if (pod->working)
		return P_VOLUMES;
	if (pod->deleting || pod->stop_all)
		return P_STOP;
	if (pod->mounted)
		return P_RUN;
	if (!pod->retry_wait && !pod->fetched)
		fetch_start(pod);
	else if (!pod->retry_wait)
		volumes_start(pod);
	return P_VOLUMES;
}

/* --- running */

/* Starts what is due. Returns whether every init container lets the others go on. */
static bool run_init(struct kl_pod *pod, bool *failed)
{
	for (size_t i = 0; i < pod->init_count; i++) {
		struct container *c = pod->containers[i];
		container_begin(c);
		if (c->sidecar ? c->started : c->state == C_DONE && container_exit_code(c) == 0)
			continue;
		*failed = !c->sidecar && c->state == C_DONE && container_exit_code(c) != 0;
		return false;
	}
	return true;
}

static bool apps_done(struct kl_pod *pod)
{
	for (size_t i = pod->init_count; i < pod->app_end; i++)
		if (pod->containers[i]->state != C_DONE)
			return false;
	return true;
}

static bool any_app_begun(const struct kl_pod *pod)
{
	for (size_t i = pod->init_count; i < pod->app_end; i++)
		if (pod->containers[i]->state != C_IDLE)
			return true;
	return false;
}

static enum pod_state st_run(struct kl_pod *pod)
{
	bool failed = false;

	enter_run(pod);
	if (pod->deleting) {
		drain_begin(pod);
		return P_HOLD;
	}
	if (pod->stop_all)
		return P_STOP;
	if (!any_app_begun(pod) && !run_init(pod, &failed)) {
		pod->stop_all = failed;
		return failed ? P_STOP : P_RUN;
	}
	for (size_t i = pod->init_count; i < pod->count; i++)
		container_begin(pod->containers[i]);
	if (!apps_done(pod))
		return P_RUN;
	pod->stop_all = true;
	return P_STOP;
}

void pod_fail(struct kl_pod *pod, const char *reason, const char *message)
{
	if (pod->state >= P_HOLD || pod->reject_reason)
		return;
	reject(pod, reason, message);
	pod->stop_all = true;
	pod_step(pod);
}

/* --- going down */

static enum pod_state st_hold(struct kl_pod *pod)
{
	return drain_over(pod) ? P_STOP : P_HOLD;
}

/* Sidecars end after the containers they serve, the last first. */
static enum pod_state st_stop(struct kl_pod *pod)
{
	bool apps_ended = true, all_ended = true;

	uv_timer_stop(&pod->timer);
	uv_timer_stop(&pod->refresh);
	uv_timer_stop(&pod->deadline);
	for (size_t i = pod->count; i-- > 0;) {
		struct container *c = pod->containers[i];
		if (!container_ended(c) && (!c->sidecar || apps_ended))
			container_stop(c, pod_grace_ms(pod), NULL);
		if (!container_ended(c)) {
			all_ended = false;
			apps_ended = false;
		}
	}
	return all_ended && !pod->fetch ? P_RELEASE : P_STOP;
}

static enum pod_state st_release(struct kl_pod *pod)
{
	if (pod->working || pod->refreshing)
		return P_RELEASE;
	if (pod->released)
		return pod->deleting ? P_CLEAN : P_FINISHED;
	sandbox_release(pod);
	return P_RELEASE;
}

static enum pod_state st_finished(struct kl_pod *pod)
{
	return pod->deleting ? P_CLEAN : P_FINISHED;
}

/* The last status goes out before the folders: after a crash in between it would be lost with them. */
static enum pod_state st_clean(struct kl_pod *pod)
{
	if (pod->working || (!pod->cleaned && !report_idle(pod)))
		return P_CLEAN;
	if (pod->cleaned)
		return P_CONFIRM;
	pod_dirs_remove(pod);
	return P_CLEAN;
}

static enum pod_state st_confirm(struct kl_pod *pod)
{
	if (pod->api_gone || pod->confirmed)
		return P_GONE;
	report_final_delete(pod);
	return P_CONFIRM;
}

static enum pod_state st_gone(struct kl_pod *pod)
{
	pod_remove(pod);
	return P_GONE;
}

static enum pod_state (*const states[P_STATES])(struct kl_pod *) = {
	[P_ADMIT] = st_admit,
	[P_FETCH] = st_fetch,
	[P_SANDBOX] = st_sandbox,
	[P_VOLUMES] = st_volumes,
	[P_RUN] = st_run,
	[P_HOLD] = st_hold,
	[P_STOP] = st_stop,
	[P_RELEASE] = st_release,
	[P_FINISHED] = st_finished,
	[P_CLEAN] = st_clean,
	[P_CONFIRM] = st_confirm,
	[P_GONE] = st_gone,
};

static void step_once(struct kl_pod *pod)
{
	enum pod_state before;

	do {
		before = pod->state;
		pod->state = states[before](pod);
		if (pod->state != before) {
			kl_debug("pod %s/%s: %s → %s", pod->ns, pod->name, pod_state_name(before),
				pod_state_name(pod->state));
			report_changed(pod);
		}
	} while (pod->state != before && !pod->freed);
}

/* A state's work may call back at once: then the machine runs again instead of inside itself. */
void pod_step(struct kl_pod *pod)
{
	if (pod->freed || pod->pods->freeing)
		return;
	if (pod->stepping) {
		pod->step_again = true;
		return;
	}
	pod_ref(pod);
	pod->stepping = true;
	do {
		pod->step_again = false;
		step_once(pod);
	} while (pod->step_again && !pod->freed);
	pod->stepping = false;
	pod_unref(pod);
}
