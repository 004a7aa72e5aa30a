/*
 * What the agent tells Prometheus. Read from the kernel's tables and from the agent's modules at the time of asking, the
 * tables in a thread of the pool: ten thousand Services take it a tenth of a second. The connection table is counted at
 * most every ten seconds.
 *
 * Threads: everything on the loop's thread; the plain endpoint has a thread of its own, which asks the loop.
 */
#ifndef KL_METRICS_H
#define KL_METRICS_H

#include "err.h"
#include "maps.h"
#include "netsync.h"

#include <uv.h>

struct kl_metrics;

struct kl_metrics_pods {
	uint64_t pods, containers; /* on this node; running */
};
struct kl_metrics_ops {
	void (*netsync)(struct kl_netsync_status *ret, void *arg);
	void (*pods)(struct kl_metrics_pods *ret, void *arg);
	unsigned (*watchers)(void *arg); /* of events */
};
struct kl_metrics_options {
	const char *node_name;      /* copied */
	const struct kl_maps *maps; /* the agent's own; outlive the result */
	const char *bind_address;   /* "127.0.0.1:10249": plain HTTP, /metrics and /healthz; NULL or "": none */
	int service_limit;          /* so many Services get metrics of their own, the busiest; 0: none */
	const struct kl_metrics_ops *ops;
	void *arg;
};
int kl_metrics_new(
	uv_loop_t *loop, const struct kl_metrics_options *options, struct kl_metrics **ret, struct kl_err *err);
/* Whoever still waits is answered first. The loop must run until its handles are closed. Accepts NULL. */
void kl_metrics_free(struct kl_metrics *metrics);
/* Calls back, on the loop's thread, with everything in Prometheus' text format; the buffer's bytes may be taken. */
void kl_metrics_ask(struct kl_metrics *metrics, void (*done)(struct kl_buf *text, void *arg), void *arg);
/* The plain endpoint's port; 0: none. */
int kl_metrics_port(const struct kl_metrics *metrics);

#endif
