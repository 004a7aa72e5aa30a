/*
 * Probes and lifecycle handlers: exec, httpGet, tcpSocket, grpc, sleep.
 *
 * Threads: everything on the loop's thread; nothing blocks.
 */
#ifndef KL_PROBES_H
#define KL_PROBES_H

#include "err.h"
#include "json.h"

#include <uv.h>

enum kl_probe_kind { KL_PROBE_STARTUP, KL_PROBE_READINESS, KL_PROBE_LIVENESS };

/* --- action.c: one try */
struct kl_action;
struct kl_action_target {
	const char *host;    /* the pod's address, where the handler names none */
	const json_t *ports; /* the container's ports, for ports given by name */
	/*
	 * The argv of a program that runs `command` in the container (each string and the array are owned by
	 * kl_action); NULL where exec is impossible.
	 */
	char **(*exec_argv)(const char *const command[], void *arg);
	void *arg;
};
enum kl_action_result { KL_ACTION_OK, KL_ACTION_FAILED, KL_ACTION_TIMEOUT };
/* `words`: what went wrong, in upstream's words, or the program's output; borrowed. */
typedef void kl_action_done(enum kl_action_result result, const char *words, void *arg);
/*
 * Runs a handler ({"exec":…}, {"httpGet":…}, …). done comes once, never from inside this call. NULL and err when the
 * handler is malformed.
 */
struct kl_action *kl_action_start(uv_loop_t *loop, const json_t *handler, const struct kl_action_target *target,
	int timeout_ms, kl_action_done *done, void *arg, struct kl_err *err);
void kl_action_cancel(struct kl_action *action); /* done is not called; frees by itself */

/* --- probe.c: a probe of a running container, again and again */
struct kl_probe;
struct kl_probe_events {
	/* The state crossed a threshold. The first report comes with the first success or failure that decides. */
	void (*changed)(enum kl_probe_kind kind, bool success, const char *words, void *arg);
	/* Every failed try, for the Unhealthy event: "Readiness probe failed: …". */
	void (*failed)(enum kl_probe_kind kind, const char *words, void *arg);
	void *arg;
};
/*
 * `probe` is the object of the container's spec (copied). `started_ms_ago`: how long the container has run, so that
 * initialDelaySeconds is kept over the agent's restart. `initial`: the state before the first result.
 */
struct kl_probe *kl_probe_start(uv_loop_t *loop, enum kl_probe_kind kind, const json_t *probe,
	const struct kl_action_target *target, int64_t started_ms_ago, bool initial,
	const struct kl_probe_events *events);
void kl_probe_stop(struct kl_probe *probe); /* no callback after it; NULL is fine */

/* --- judge.c: the pure part */
struct kl_probe_judge {
	unsigned success_threshold, failure_threshold, successes, failures;
	bool state;
};
/* Returns whether the state changed (for liveness and startup each full run of failures counts as a change). */
bool kl_probe_judge(struct kl_probe_judge *judge, bool success);

#endif
