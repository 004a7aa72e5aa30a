#include "pods_impl.h"

#include "clock.h"
#include "log.h"
#include "podspec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { CONFIG_RETRY_MS = 10000, OBJECTS_FRESH_MS = 2000 };

const json_t *container_spec(const struct container *c)
{
	return kl_pod_container(c->pod->object, c->name);
}

static void on_closed(uv_handle_t *handle)
{
	pod_unref(handle->data);
}

void container_init(struct container *c, struct kl_pod *pod, const json_t *spec, enum container_kind kind)
{
	*c = (struct container){.pod = pod, .kind = kind};
	c->name = kl_strdup(kl_json_str(spec, "name", NULL));
	c->sidecar = kind == KIND_INIT && !strcmp(kl_json_str(spec, "restartPolicy", NULL), "Always");
	uv_timer_init(pod->pods->loop, &c->timer);
	uv_timer_init(pod->pods->loop, &c->kill_timer);
	c->timer.data = c->kill_timer.data = pod;
	pod_ref(pod);
	pod_ref(pod);
}

static void watch_stop(struct container *c);

/* Closes what the loop holds; the memory goes with the pod. */
void container_release(struct container *c)
{
	container_probes_stop(c);
	kl_action_cancel(kl_take(&c->hook));
	watch_stop(c);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	uv_close((uv_handle_t *)&c->kill_timer, on_closed);
}

void container_set_waiting(struct container *c, const char *reason, const char *message)
{
	free(c->waiting_reason);
	free(c->waiting_message);
	c->waiting_reason = kl_strdup(reason);
	c->waiting_message = kl_strdup(message);
}

/* --- the end of a run */

struct watch {
	uv_poll_t poll;
	int fd;
	struct container *c; /* NULL: nobody waits any more */
	struct kl_pod *pod;
};

static void watch_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	struct kl_pod *pod = watch->pod;

	close(watch->fd);
	free(watch);
	pod_unref(pod);
}

static void watch_stop(struct container *c)
{
	struct watch *watch = kl_take(&c->watch);

	if (watch) {
		watch->c = NULL;
		uv_close((uv_handle_t *)&watch->poll, watch_closed);
	}
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct container *c = watch->c;

	(void)status, (void)events;
	if (!c)
		return;
	watch_stop(c);
	exit_read(c);
}

/* A run that ended while nobody looked is read at once. */
static void watch_start(struct container *c)
{
	struct kl_runtime *runtime = c->pod->pods->opt.runtime;
	int fd = runtime->ops->watch_fd(runtime, &c->handle);

	if (fd < 0) {
		exit_read(c);
		return;
	}
	struct watch *watch = kl_calloc(1, sizeof(*watch));
	*watch = (struct watch){.fd = fd, .c = c, .pod = c->pod};
	uv_poll_init(c->pod->pods->loop, &watch->poll, fd);
	watch->poll.data = watch;
	pod_ref(c->pod);
	uv_poll_start(&watch->poll, UV_READABLE, on_ended);
	c->watch = watch;
}

/* --- probes */

static const struct {
	const char *field, *title;
} probe_rows[PROBE_KINDS] = {
	[KL_PROBE_STARTUP] = {"startupProbe", "Startup"},
	[KL_PROBE_READINESS] = {"readinessProbe", "Readiness"},
	[KL_PROBE_LIVENESS] = {"livenessProbe", "Liveness"},
};

static char **exec_argv(const char *const command[], void *arg)
{
	struct container *c = arg;
	struct kl_runtime *runtime = c->pod->pods->opt.runtime;

	return runtime->ops->exec_argv(
		runtime, c->id, kl_podspec_cwd(container_spec(c), c->image.config), command, false);
}

struct kl_action_target container_target(struct container *c)
{
	return (struct kl_action_target){.host = c->pod->ip_count ? c->pod->ips[0] : "127.0.0.1",
		.ports = json_object_get(container_spec(c), "ports"),
		.exec_argv = exec_argv,
		.arg = c};
}

static void probes_start(struct container *c);

static int64_t probe_grace_ms(const struct container *c, enum kl_probe_kind kind)
{
	int64_t pod_grace = kl_json_int(c->pod->object, 30, "spec", "terminationGracePeriodSeconds", NULL);

	return 1000 *
	       kl_json_int(container_spec(c), pod_grace, probe_rows[kind].field, "terminationGracePeriodSeconds", NULL);
}

static void on_probe_changed(enum kl_probe_kind kind, bool success, const char *words, void *arg)
{
	struct container *c = arg;
	kl_autofree char *message = NULL;

	(void)words;
	if (c->state != C_RUNNING)
		return;
	if (kind == KL_PROBE_READINESS) {
		c->ready = success;
	} else if (!success) {
		message = kl_asprintf("Container %s failed %s probe, will be restarted", c->name,
			kind == KL_PROBE_STARTUP ? "startup" : "liveness");
		container_stop(c, probe_grace_ms(c, kind), message);
	} else if (kind == KL_PROBE_STARTUP) {
		c->started = true;
		kl_probe_stop(kl_take(&c->probes[KL_PROBE_STARTUP]));
		probes_start(c);
	}
	report_changed(c->pod);
	pod_step(c->pod);
}

static void on_probe_failed(enum kl_probe_kind kind, const char *words, void *arg)
{
	struct container *c = arg;

	pod_event(c->pod, c->name, "Warning", "Unhealthy", "%s probe failed: %s", probe_rows[kind].title, words);
}

static void probe_start(struct container *c, enum kl_probe_kind kind, bool initial)
{
	const json_t *probe = json_object_get(container_spec(c), probe_rows[kind].field);
	struct kl_action_target target = container_target(c);
	const struct kl_probe_events events = {.changed = on_probe_changed, .failed = on_probe_failed, .arg = c};
	int64_t age = kl_realtime_ms() - c->started_ms;

	if (json_is_object(probe) && !c->probes[kind])
		c->probes[kind] =
			kl_probe_start(c->pod->pods->loop, kind, probe, &target, age < 0 ? 0 : age, initial, &events);
}

/* The startup probe alone first; the others, and readiness without a probe, follow its success. */
static void probes_start(struct container *c)
{
	const json_t *spec = container_spec(c);

	if (!c->started && json_is_object(json_object_get(spec, "startupProbe"))) {
		probe_start(c, KL_PROBE_STARTUP, false);
		return;
	}
	c->started = true;
	if (!json_is_object(json_object_get(spec, "readinessProbe")))
		container_settle(c);
	probe_start(c, KL_PROBE_READINESS, c->ready);
	probe_start(c, KL_PROBE_LIVENESS, true);
}

void container_probes_stop(struct container *c)
{
	for (size_t i = 0; i < PROBE_KINDS; i++)
		kl_probe_stop(kl_take(&c->probes[i]));
}

/* --- identity of a run */

static void new_id(char id[KL_ID_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[KL_ID_LEN / 2];

	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[KL_ID_LEN] = 0;
}

void container_paths(struct container *c)
{
	struct kl_pod *pod = c->pod;

	free(c->bundle);
	free(c->upper);
	free(c->log_path);
	free(c->cgroup);
	c->bundle = kl_asprintf("%s/%.16s", pod->pods->containers_dir, c->id);
	c->upper = kl_asprintf("%s/%s", pod->pods->upper_dir, c->id);
	c->log_path = kl_asprintf("%s/%s/%d.log", pod->log_dir, c->name, c->log_number);
	c->cgroup = kl_asprintf("%s/%s", pod->cgroup, c->id);
}

/* The identity of the run is on disk before anything of it exists. */
void container_launch(struct container *c)
{
	c->log_number = c->started_ms ? c->restarts + 1 : c->restarts;
	new_id(c->id);
	container_paths(c);
	c->state = C_LAUNCH;
	c->busy = true;
	checkpoint_save(c->pod);
	launch_start(c);
}

/* --- a run from its begin */

static void on_timer(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, timer);

	if (c->state == C_IMAGE_WAIT || c->state == C_LAUNCH_WAIT || c->state == C_CRASH_WAIT)
		container_begin_run(c);
}

bool container_wants_to_run(const struct container *c)
{
	return !c->pod->deleting && !c->pod->stop_all && !c->stopping;
}

void container_give_up(struct container *c)
{
	c->state = C_DONE;
	c->stopping = false;
	report_changed(c->pod);
	pod_step(c->pod);
}

static bool names_objects(const json_t *spec)
{
	return json_object_get(spec, "env") || json_object_get(spec, "envFrom");
}

/* What the environment names may have changed since the pod came. */
void container_begin_run(struct container *c)
{
	struct kl_pod *pod = c->pod;

	if (!container_wants_to_run(c)) {
		container_give_up(c);
		return;
	}
	if (names_objects(container_spec(c)) && kl_monotonic_ms() - pod->objects_ms > OBJECTS_FRESH_MS) {
		c->state = C_FETCH;
		fetch_start(pod);
		return;
	}
	image_start(c);
}

void container_objects_fresh(struct container *c)
{
	if (c->state != C_FETCH)
		return;
	if (container_wants_to_run(c))
		image_start(c);
	else
		container_give_up(c);
}

void container_begin(struct container *c)
{
	if (c->state == C_IDLE)
		container_begin_run(c);
}

static void hook_done(enum kl_action_result result, const char *words, void *arg)
{
	struct container *c = arg;

	c->hook = NULL;
	c->poststart_done = true;
	if (result == KL_ACTION_OK) {
		probes_start(c);
	} else {
		pod_event(c->pod, c->name, "Warning", "FailedPostStartHook", "PostStartHook failed: %s", words);
		container_stop(c, pod_grace_ms(c->pod), "FailedPostStartHook");
	}
	report_changed(c->pod);
	pod_step(c->pod);
}

static bool poststart(struct container *c)
{
	const json_t *handler = kl_json_get(container_spec(c), "lifecycle", "postStart", NULL);
	struct kl_action_target target = container_target(c);
	struct kl_err err = {0};

	if (!json_is_object(handler) || c->poststart_done)
		return false;
	c->hook = kl_action_start(c->pod->pods->loop, handler, &target, 0, hook_done, c, &err);
	if (!c->hook)
		pod_event(c->pod, c->name, "Warning", "FailedPostStartHook", "%s", err.text);
	return c->hook != NULL;
}

/* The container runs: just started, or found alive by a new agent. */
void container_launched(struct container *c, bool adopted)
{
	c->state = C_RUNNING;
	if (!adopted) {
		json_decref(c->terminated);
		c->terminated = NULL;
		c->ready = c->started = c->poststart_done = false;
	}
	container_set_waiting(c, NULL, NULL);
	watch_start(c);
	if (c->state == C_RUNNING && !c->stopping && !poststart(c))
		probes_start(c);
}

void launch_done(struct container *c, const struct launch_result *result)
{
	c->busy = false;
	if (c->pod->freed) /* the agent ends: its successor finds the launch in the checkpoint and begins it anew */
		return;
	if (result->created)
		pod_event(c->pod, c->name, "Normal", "Created", "Created container: %s", c->name);
	if (!result->started && result->err.code == -ECANCELED) {
		c->state = C_DONE;
		c->stopping = false;
	} else if (!result->started) {
		pod_event(c->pod, c->name, "Warning", "Failed", "Error: %s", result->err.text);
		container_set_waiting(c, result->reason, result->err.text);
		c->state = container_wants_to_run(c) ? C_LAUNCH_WAIT : C_DONE;
		if (c->state == C_LAUNCH_WAIT) {
			uv_timer_start(&c->timer, on_timer, CONFIG_RETRY_MS, 0);
			fetch_start(c->pod);
		} else {
			c->stopping = false;
		}
	} else {
		c->handle = result->handle;
		if (c->started_ms)
			c->restarts = c->log_number;
		c->started_ms = kl_realtime_ms();
		pod_event(c->pod, c->name, "Normal", "Started", "Started container %s", c->name);
		container_launched(c, false);
		if (c->pod->deleting || c->pod->stop_all || c->stopping) {
			c->stopping = false;
			container_stop(c, pod_grace_ms(c->pod), NULL);
		} else if (c->changed) {
			container_spec_changed(c);
		}
	}
	report_changed(c->pod);
	pod_step(c->pod);
}

/* --- ends */

static json_t *terminated_state(const struct container *c, const struct kl_container_exit *exit, const char *message)
{
	char started[KL_TIME_TEXT], finished[KL_TIME_TEXT];
	const char *reason = exit->unknown      ? "ContainerStatusUnknown"
			     : exit->oom_killed ? "OOMKilled"
			     : exit->code       ? "Error"
						: "Completed";

	kl_time_format(c->started_ms / 1000, started);
	kl_time_format(exit->finished_ms / 1000, finished);
	json_t *state = json_pack("{s:i,s:s,s:s,s:s,s:o}", "exitCode", exit->code, "reason", reason, "startedAt",
		started, "finishedAt", finished, "containerID", json_sprintf("keelson://%s", c->id));
	if (message && *message)
		json_object_set_new(state, "message", json_stringn_nocheck(message, strlen(message)));
	else if (exit->unknown)
		json_object_set_new(state, "message",
			json_string("The container's monitor was killed: its exit code is not known"));
	return state;
}

void container_exited(struct container *c, const struct kl_container_exit *exit, const char *message)
{
	c->busy = false;
	if (c->pod->freed) /* the next agent reads the end itself */
		return;
	uv_timer_stop(&c->timer);
	container_probes_stop(c);
	kl_action_cancel(kl_take(&c->hook));
	container_stop_over(c);
	c->ready = c->started = false;
	json_decref(c->terminated);
	c->terminated = terminated_state(c, exit, message);
	kl_backoff_settle(&c->restart_backoff, exit->finished_ms - c->started_ms);
	c->state = C_CLEAN;
	report_changed(c->pod);
	clean_start(c);
	pod_step(c->pod);
}

int container_exit_code(const struct container *c)
{
	return c->terminated ? (int)kl_json_int(c->terminated, 0, "exitCode", NULL) : -1;
}

bool container_restarts(const struct container *c, int exit_code)
{
	const char *policy = kl_json_str(c->pod->object, "spec", "restartPolicy", NULL);

	if (c->sidecar)
		return true;
	if (!strcmp(policy, "Never") || c->kind == KIND_EPHEMERAL)
		return false;
	if (!strcmp(policy, "OnFailure") || c->kind == KIND_INIT)
		return exit_code != 0;
	return true;
}

/* The first restart is at once; each further one within ten minutes waits twice as long. */
static void restart(struct container *c)
{
	struct kl_pod *pod = c->pod;
	int64_t wait = c->restart_backoff.delay_ms;

	kl_backoff_next(&c->restart_backoff, kl_monotonic_ms());
	json_decref(c->last);
	c->last = json_incref(c->terminated);
	if (!wait) {
		container_begin_run(c);
		return;
	}
	kl_autofree char *words = kl_asprintf("back-off %llds restarting failed container=%s pod=%s_%s(%s)",
		(long long)(wait / 1000), c->name, pod->name, pod->ns, pod->uid);
	json_decref(c->terminated);
	c->terminated = NULL;
	container_set_waiting(c, "CrashLoopBackOff", words);
	c->state = C_CRASH_WAIT;
	pod_event(pod, c->name, "Warning", "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)",
		c->name, pod->name, pod->ns, pod->uid);
	c->retry_at_ms = kl_realtime_ms() + wait;
	uv_timer_start(&c->timer, on_timer, (uint64_t)wait, 0);
}

/* Nothing failed: no back-off. */
static void begin_changed(struct container *c)
{
	c->changed = false;
	json_decref(c->last);
	c->last = json_incref(c->terminated);
	container_begin_run(c);
}

void container_cleaned(struct container *c)
{
	c->busy = false;
	if (c->pod->freed)
		return;
	if (c->state == C_LAUNCH) { /* adopted half made */
		c->state = C_IDLE;
	} else if (c->state == C_CLEAN) {
		if (!container_wants_to_run(c) || (!c->changed && !container_restarts(c, container_exit_code(c)))) {
			c->state = C_DONE;
			c->stopping = false;
		} else if (c->changed) {
			begin_changed(c);
		} else {
			restart(c);
		}
	}
	report_changed(c->pod);
	pod_step(c->pod);
}

void container_spec_changed(struct container *c)
{
	kl_autofree char *message = kl_asprintf("Container %s definition changed, will be restarted", c->name);

	c->changed = c->state == C_RUNNING || c->state == C_LAUNCH || c->state == C_CLEAN;
	if (c->state == C_RUNNING)
		container_stop(c, pod_grace_ms(c->pod), message);
}

bool container_ended(const struct container *c)
{
	return c->state == C_DONE || c->state == C_IDLE;
}

/* The pod ends: what only waits will never run. */
void container_quiet(struct container *c)
{
	if (c->state == C_IMAGE_WAIT || c->state == C_LAUNCH_WAIT || c->state == C_CRASH_WAIT || c->state == C_FETCH) {
		uv_timer_stop(&c->timer);
		c->state = C_DONE;
	}
}

/* What is left of the wait; a clock that was set back makes it no longer than a whole one. */
static void adopt_wait(struct container *c)
{
	int64_t left = c->retry_at_ms - kl_realtime_ms();

	if (left > KL_BACKOFF_MAX_MS)
		left = KL_BACKOFF_MAX_MS;
	uv_timer_start(&c->timer, on_timer, (uint64_t)(left > 0 ? left : 0), 0);
}

/* A container as the last agent left it. */
void container_adopt(struct container *c)
{
	switch (c->state) {
	case C_RUNNING:
		container_launched(c, true);
		return;
	case C_LAUNCH: /* half made: nothing of it is kept */
	case C_CLEAN:
		clean_start(c);
		return;
	case C_CRASH_WAIT:
		adopt_wait(c);
		return;
	case C_DONE:
	case C_IDLE:
		return;
	default:
		c->state = C_IDLE; /* its turn comes again */
	}
}
