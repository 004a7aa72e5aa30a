/*
 * Routes to the pods of the other nodes: host-gateway mode, one route per podCIDR through the node's InternalIP of the
 * same family. Follows the Node objects with an informer of its own; writes only what changed, and compares with the
 * kernel's table at start, at each change and every half minute. Its routes carry a protocol number of their own, so
 * that nobody else's are touched, and they stay when the agent goes.
 *
 * Threads: everything on the loop's thread.
 */
#ifndef KL_ROUTES_H
#define KL_ROUTES_H

#include "client.h"
#include "err.h"
#include "link.h"

#include <uv.h>

#define KL_ROUTE_PROTOCOL 0x4b /* 'K', see /etc/iproute2/rt_protos */

struct kl_routes;

struct kl_routes_opts {
	const char *node_name;
	/*
	 * This node's own spec.podCIDRs, once they are known and when they change; the wiring hands them to
	 * kl_cniserver_set_cidrs. NULL allowed.
	 */
	void (*pod_cidrs)(const char *const *cidrs, size_t count, void *arg);
	/* The pod ranges of the other nodes, each time that the routes are compared. NULL allowed. */
	void (*others)(const struct kl_prefix *cidrs, size_t count, void *arg);
	void *arg;
};

int kl_routes_new(uv_loop_t *loop, struct kl_client *client, const struct kl_routes_opts *opts, struct kl_routes **ret,
	struct kl_err *err);
void kl_routes_free(struct kl_routes *routes); /* leaves the routes */

struct kl_routes_counters {
	uint64_t added, replaced, deleted, failed;
};
void kl_routes_counters(const struct kl_routes *routes, struct kl_routes_counters *ret);

#endif
