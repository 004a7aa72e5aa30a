#include "probes.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

struct kl_probe {
	uv_loop_t *loop;
	enum kl_probe_kind kind;
	json_t *probe;
	json_t *ports;
	struct kl_action_target target;
	char *host;
	struct kl_probe_events events;
	struct kl_probe_judge judge;
	struct kl_action *action;
	uv_timer_t timer;
	int64_t period_ms;
	bool stopped, decided;
};

static void on_timer(uv_timer_t *timer);

static int64_t seconds(const struct kl_probe *probe, const char *field, int64_t fallback)
{
	int64_t value = kl_json_int(probe->probe, fallback, field, NULL);

	return value > 0 ? value : fallback;
}

static void schedule(struct kl_probe *probe, int64_t ms)
{
	if (!probe->stopped)
		uv_timer_start(&probe->timer, on_timer, (uint64_t)(ms < 0 ? 0 : ms), 0);
}

/* The callbacks may stop the probe: nothing of it is touched after the last. */
static void report(struct kl_probe *probe, bool success, const char *words)
{
	const struct kl_probe_events events = probe->events;
	enum kl_probe_kind kind = probe->kind;
	bool changed = kl_probe_judge(&probe->judge, success);

	schedule(probe, probe->period_ms);
	if (!success)
		events.failed(kind, words, events.arg);
	if (changed && !probe->stopped)
		events.changed(kind, success, words, events.arg);
}

static void on_action(enum kl_action_result result, const char *words, void *arg)
{
	struct kl_probe *probe = arg;

	probe->action = NULL;
	report(probe, result == KL_ACTION_OK, words);
}

static void on_timer(uv_timer_t *timer)
{
	struct kl_probe *probe = timer->data;
	struct kl_err err = {0};

	probe->action = kl_action_start(probe->loop, probe->probe, &probe->target,
		(int)(seconds(probe, "timeoutSeconds", 1) * 1000), on_action, probe, &err);
	if (!probe->action)
		report(probe, false, err.text);
}

struct kl_probe *kl_probe_start(uv_loop_t *loop, enum kl_probe_kind kind, const json_t *spec,
	const struct kl_action_target *target, int64_t started_ms_ago, bool initial,
	const struct kl_probe_events *events)
{
	struct kl_probe *probe = kl_calloc(1, sizeof(*probe));
	int64_t delay = kl_json_int(spec, 0, "initialDelaySeconds", NULL) * 1000;

	probe->loop = loop;
	probe->kind = kind;
	probe->probe = json_deep_copy(spec);
	probe->ports = target->ports ? json_deep_copy(target->ports) : NULL;
	probe->host = kl_strdup(target->host);
	probe->target = *target;
	probe->target.ports = probe->ports;
	probe->target.host = probe->host;
	probe->events = *events;
	probe->period_ms = seconds(probe, "periodSeconds", 10) * 1000;
	probe->judge = (struct kl_probe_judge){.success_threshold = (unsigned)seconds(probe, "successThreshold", 1),
		.failure_threshold = (unsigned)seconds(probe, "failureThreshold", 3),
		.state = initial};
	uv_timer_init(loop, &probe->timer);
	probe->timer.data = probe;
	schedule(probe, delay - started_ms_ago);
	return probe;
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_probe *probe = handle->data;

	json_decref(probe->probe);
	json_decref(probe->ports);
	free(probe->host);
	free(probe);
}

void kl_probe_stop(struct kl_probe *probe)
{
	if (!probe)
		return;
	probe->stopped = true;
	kl_action_cancel(kl_take(&probe->action));
	uv_close((uv_handle_t *)&probe->timer, on_closed);
}
