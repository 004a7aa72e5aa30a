/*
 * How containers end: preStop, the stop signal, the grace period, SIGKILL. What is waited for before: drain.c.
 */
#include "pods_impl.h"

#include "clock.h"
#include "podspec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_GRACE_MS = 2000, YOUNG_MS = 1500, YOUNG_POLL_MS = 20 };

/* What is left of the grace period, in ms; at least 1 s as upstream. */
int64_t pod_grace_ms(const struct kl_pod *pod)
{
	int64_t left = pod->delete_at_ms - kl_monotonic_ms();

	if (!pod->deleting)
		left = 1000 * kl_json_int(pod->object, 30, "spec", "terminationGracePeriodSeconds", NULL);
	return left < 1000 ? 1000 : left;
}

static void signal_container(struct container *c, int signal)
{
	struct kl_runtime *runtime = c->pod->pods->opt.runtime;

	runtime->ops->signal(runtime, &c->handle, signal, NULL); /* -ESRCH: its end is being read already */
}

static void on_kill(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, kill_timer);

	if (c->state == C_RUNNING)
		signal_container(c, SIGKILL);
}

static void send_term(struct container *c);

static void on_young(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, kill_timer);

	if (c->state == C_RUNNING)
		send_term(c);
}

/* A program that started a moment ago would never hear the signal: it gets the time to install its handler. */
static bool too_young(const struct container *c, int signal)
{
	struct kl_runtime *runtime = c->pod->pods->opt.runtime;
	int64_t left = c->kill_at_ms - kl_monotonic_ms();

	return runtime->ops->catches && kl_realtime_ms() - c->started_ms < YOUNG_MS && left > YOUNG_POLL_MS &&
	       !runtime->ops->catches(runtime, &c->handle, signal);
}

static void send_term(struct container *c)
{
	const char *own = kl_json_str(container_spec(c), "lifecycle", "stopSignal", NULL);
	const char *image = kl_json_str(c->image.config, "StopSignal", NULL);
	int signal = kl_podspec_signal(*own ? own : *image ? image : "SIGTERM");

	if (c->term_sent)
		return;
	if (too_young(c, signal)) {
		uv_timer_start(&c->kill_timer, on_young, YOUNG_POLL_MS, 0);
		return;
	}
	int64_t left = c->kill_at_ms - kl_monotonic_ms();
	c->term_sent = true;
	signal_container(c, signal);
	uv_timer_start(&c->kill_timer, on_kill, (uint64_t)(left > 0 ? left : 0), 0);
}

static void on_prestop(enum kl_action_result result, const char *words, void *arg)
{
	struct container *c = arg;

	c->hook = NULL;
	if (result != KL_ACTION_OK)
		pod_event(c->pod, c->name, "Warning", "FailedPreStopHook", "PreStopHook failed: %s", words);
	if (c->kill_at_ms < kl_monotonic_ms() + MIN_GRACE_MS)
		c->kill_at_ms = kl_monotonic_ms() + MIN_GRACE_MS; /* the signal gets its own little time */
	send_term(c);
}

static bool start_prestop(struct container *c, int64_t grace_ms)
{
	const json_t *handler = kl_json_get(container_spec(c), "lifecycle", "preStop", NULL);
	struct kl_action_target target = container_target(c);
	struct kl_err err = {0};

	if (!json_is_object(handler))
		return false;
	c->hook = kl_action_start(c->pod->pods->loop, handler, &target, (int)grace_ms, on_prestop, c, &err);
	if (!c->hook)
		pod_event(c->pod, c->name, "Warning", "FailedPreStopHook", "PreStopHook failed: %s", err.text);
	return c->hook != NULL;
}

/* Asked again with less time, the deadline moves nearer. */
static void shorten(struct container *c, int64_t kill_at)
{
	if (kill_at >= c->kill_at_ms)
		return;
	c->kill_at_ms = kill_at;
	if (c->term_sent) {
		int64_t left = kill_at - kl_monotonic_ms();
		uv_timer_start(&c->kill_timer, on_kill, (uint64_t)(left > 0 ? left : 0), 0);
	}
}

void container_stop(struct container *c, int64_t grace_ms, const char *message)
{
	int64_t kill_at = kl_monotonic_ms() + grace_ms;

	if (c->state != C_RUNNING || c->stopping) {
		if (c->stopping)
			shorten(c, kill_at);
		container_quiet(c);
		return;
	}
	c->stopping = true;
	c->term_sent = false;
	c->kill_at_ms = kill_at;
	kl_probe_stop(kl_take(&c->probes[KL_PROBE_LIVENESS]));
	kl_probe_stop(kl_take(&c->probes[KL_PROBE_STARTUP]));
	kl_action_cancel(kl_take(&c->hook));
	if (message)
		pod_event(c->pod, c->name, "Normal", "Killing", "%s", message);
	else
		pod_event(c->pod, c->name, "Normal", "Killing", "Stopping container %s", c->name);
	if (!start_prestop(c, grace_ms))
		send_term(c);
}

void container_stop_over(struct container *c)
{
	uv_timer_stop(&c->kill_timer);
	c->stopping = false;
	c->term_sent = false;
}
