#ifndef KL_ACTION_IMPL_H
#define KL_ACTION_IMPL_H

#include "probes.h"

#include "buf.h"

enum { ACTION_OUTPUT_MAX = 1024 };

/*
 * One try. A kind of handler starts it and says action_finish once; `stop` ends it early. It is freed when its last
 * handle or request has let go (action_unref).
 */
struct kl_action {
	uv_loop_t *loop;
	const struct action_kind *kind;
	json_t *handler; /* the object under the kind's name */
	kl_action_done *done;
	void *arg;
	int timeout_ms;
	uv_timer_t timer;
	unsigned refs;
	bool finished; /* done was called, or must not be */
	struct kl_buf output;
	char *host;
	int port;
	const struct kl_action_target *target; /* valid inside start only */
	void *own;                             /* of the kind */
};
struct action_kind {
	const char *name;
	int (*start)(struct kl_action *action, struct kl_err *err);
	void (*stop)(struct kl_action *action);
	const char *(*timeout_words)(struct kl_action *action, struct kl_buf *words);
};
extern const struct action_kind action_exec, action_http, action_tcp, action_grpc, action_sleep;

void action_ref(struct kl_action *action);
void action_unref(struct kl_action *action);
void action_finish(struct kl_action *action, enum kl_action_result result, const char *words);
/* host and port of the handler: numbers, or names of the container's ports. */
int action_address(struct kl_action *action, struct kl_err *err);

/* action_net.c: httpGet without TLS, for action_http. */
int action_http_plain_start(struct kl_action *action, struct kl_err *err);
void action_net_stop(struct kl_action *action);
const char *action_net_timeout(struct kl_action *action, struct kl_buf *words);

#endif
