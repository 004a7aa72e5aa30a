#include "action_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct action_kind *const kinds[] = {&action_exec, &action_http, &action_tcp, &action_grpc, &action_sleep};

void action_ref(struct kl_action *action)
{
	action->refs++;
}

void action_unref(struct kl_action *action)
{
	if (--action->refs)
		return;
	json_decref(action->handler);
	kl_buf_release(&action->output);
	free(action->host);
	free(action->own);
	free(action);
}

static void on_closed(uv_handle_t *handle)
{
	action_unref(handle->data);
}

static void end(struct kl_action *action)
{
	action->finished = true;
	uv_close((uv_handle_t *)&action->timer, on_closed);
	action->kind->stop(action);
}

void action_finish(struct kl_action *action, enum kl_action_result result, const char *words)
{
	if (action->finished)
		return;
	action_ref(action); /* words may stand in the action's own memory */
	end(action);
	action->done(result, words, action->arg);
	action_unref(action);
}

void kl_action_cancel(struct kl_action *action)
{
	if (action && !action->finished)
		end(action);
}

static void on_timeout(uv_timer_t *timer)
{
	struct kl_action *action = timer->data;
	kl_autobuf words = {0};

	action_finish(action, KL_ACTION_TIMEOUT, action->kind->timeout_words(action, &words));
}

static int named_port(const json_t *ports, const char *name)
{
	json_t *port;
	size_t i;

	json_array_foreach (ports, i, port)
		if (!strcmp(kl_json_str(port, "name", NULL), name))
			return (int)kl_json_int(port, 0, "containerPort", NULL);
	return atoi(name);
}

int action_address(struct kl_action *action, struct kl_err *err)
{
	const json_t *port = json_object_get(action->handler, "port");
	const char *host = kl_json_str(action->handler, "host", NULL);

	action->host = kl_strdup(*host ? host : action->target->host);
	action->port = json_is_string(port) ? named_port(action->target->ports, json_string_value(port))
					    : (int)json_integer_value(port);
	if (action->port <= 0 || action->port > 65535)
		return kl_fail_msg(err, EINVAL, "the handler names no valid port");
	return 0;
}

struct kl_action *kl_action_start(uv_loop_t *loop, const json_t *handler, const struct kl_action_target *target,
	int timeout_ms, kl_action_done *done, void *arg, struct kl_err *err)
{
	const struct action_kind *kind = NULL;

	for (size_t i = 0; i < KL_ARRAY_LEN(kinds) && !kind; i++)
		if (json_is_object(json_object_get(handler, kinds[i]->name)))
			kind = kinds[i];
	if (!kind) {
		kl_fail_msg(err, EINVAL, "the handler has no known action");
		return NULL;
	}
	struct kl_action *action = kl_calloc(1, sizeof(*action));
	*action = (struct kl_action){.loop = loop,
		.kind = kind,
		.done = done,
		.arg = arg,
		.timeout_ms = timeout_ms,
		.handler = json_deep_copy(json_object_get(handler, kind->name)),
		.refs = 1,
		.target = target,
		.output = {.max = ACTION_OUTPUT_MAX}};
	uv_timer_init(loop, &action->timer);
	action->timer.data = action;
	if (kind->start(action, err)) {
		kl_action_cancel(action);
		return NULL;
	}
	action->target = NULL;
	if (timeout_ms > 0)
		uv_timer_start(&action->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return action;
}

/* --- sleep: the timer of its own length */

static void on_slept(uv_timer_t *timer)
{
	action_finish(timer->data, KL_ACTION_OK, "");
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct kl_action *action = handle->data;

	action_unref(action);
}

static int sleep_start(struct kl_action *action, struct kl_err *err)
{
	uv_timer_t *timer = kl_calloc(1, sizeof(*timer));

	(void)err;
	action->own = timer; /* freed with the action */
	uv_timer_init(action->loop, timer);
	timer->data = action;
	action_ref(action);
	return uv_timer_start(timer, on_slept, (uint64_t)kl_json_int(action->handler, 0, "seconds", NULL) * 1000, 0);
}

static void sleep_stop(struct kl_action *action)
{
	if (action->own)
		uv_close(action->own, on_timer_closed);
}

static const char *sleep_timeout(struct kl_action *action, struct kl_buf *words)
{
	(void)action, (void)words;
	return "the grace period is over";
}

const struct action_kind action_sleep = {"sleep", sleep_start, sleep_stop, sleep_timeout};
