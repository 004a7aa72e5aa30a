/*
 * All controllers, on one thread: shared informers over the store's watches feed work queues of keys; a controller is a
 * row of a const table. Writes go through the registry, in batches.
 */
#ifndef KL_CONTROLLERS_H
#define KL_CONTROLLERS_H

#include "pki.h"
#include "registry.h"

struct kl_controllers;
struct kl_controllers_options {
	const char *cluster_cidr;
	int node_cidr_mask_v4;	     /* 24 */
	int node_monitor_grace_ms;   /* no Lease renewal for so long: Ready becomes Unknown (upstream: 40 s) */
	int node_monitor_period_ms;
	int pod_eviction_timeout_ms; /* from NotReady to eviction when no toleration says otherwise */
	const struct kl_pki *pki;    /* signs certificates; NULL: none are */
	int64_t signing_seconds;     /* … for at most so long; 0: a year */
	const char *load_balancer_ranges; /* "10.0.0.0/24,fd00::/112" for Services of type LoadBalancer; NULL: none */
	const char *root_ca_pem;     /* for the ConfigMap kube-root-ca.crt of every namespace; NULL: none is made */
};
/* Are these ranges for load balancers? NULL is fine; -EINVAL with words. */
int kl_controllers_check_ranges(const char *ranges, struct kl_err *err);
int kl_controllers_start(struct kl_registry *registry, const struct kl_controllers_options *options,
	struct kl_controllers **ret, struct kl_err *err);
void kl_controllers_stop(struct kl_controllers *controllers); /* joins its thread */

#endif
