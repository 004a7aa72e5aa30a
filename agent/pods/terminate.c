/*
 * How containers end.
 *
 * The drain hold. When a pod is deleted, its endpoint is withdrawn by the EndpointSlice controller at the same moment as
 * this agent hears of it, and every node's tables follow within milliseconds. A process that quits on SIGTERM at once
 * (nginx does) would refuse connections that some node still sends in between; upstream has this race and tells people
 * to put `sleep` in preStop. Here a pod that was Ready is held back before its first signal: until ops->endpoint_gone
 * says that the tables have dropped it, plus a short time for the other nodes, and at most `drain_hold_ms`. The hold
 * counts inside the grace period and takes at most half of it. Established connections are the program's own matter:
 * it gets its image's STOPSIGNAL (SIGQUIT drains nginx) and the rest of the grace period.
 */
#include "pods_impl.h"

#include "clock.h"
#include "podspec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_HOLD_MS = 1000, HOLD_POLL_MS = 20, HOLD_SETTLE_MS = 150, MIN_GRACE_MS = 2000, YOUNG_MS = 1500,
	YOUNG_POLL_MS = 20 };

/* What is left of the grace period, in ms; at least 1 s as upstream. */
int64_t pod_grace_ms(const struct kl_pod *pod)
{
	int64_t left = pod->delete_at_ms - kl_monotonic_ms();

	if (!pod->deleting)
		left = 1000 * kl_json_int(pod->object, 30, "spec", "terminationGracePeriodSeconds", NULL);
	return left < 1000 ? 1000 : left;
}

static void on_hold(uv_timer_t *timer)
{
	pod_step(container_of(timer, struct kl_pod, timer));
}

void pod_hold_begin(struct kl_pod *pod)
{
	int64_t now = kl_monotonic_ms();
	int64_t hold = pod->pods->opt.drain_hold_ms ? pod->pods->opt.drain_hold_ms : DRAIN_HOLD_MS;
	int64_t left = pod->delete_at_ms - now;

	if (hold > left / 2)
		hold = left / 2;
	if (pod->api_gone || pod->host_network || !pod_is_ready(pod) || hold < 0)
		hold = 0;
	pod->hold_until_ms = now + hold;
	uv_timer_start(&pod->timer, on_hold, HOLD_POLL_MS, HOLD_POLL_MS);
}

bool pod_hold_over(struct kl_pod *pod)
{
	const struct kl_pods_options *opt = &pod->pods->opt;
	int64_t now = kl_monotonic_ms();

	/* Our own node has dropped it: the others get the same frame at the same time; give them a moment. */
	if (opt->ops->endpoint_gone && pod->ip_count && opt->ops->endpoint_gone(opt->ops_arg, pod->ips[0]) &&
		pod->hold_until_ms > now + HOLD_SETTLE_MS)
		pod->hold_until_ms = now + HOLD_SETTLE_MS;
	if (now < pod->hold_until_ms)
		return false;
	uv_timer_stop(&pod->timer);
	return true;
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
