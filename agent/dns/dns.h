/*
 * The node's name server, in place of a Deployment of CoreDNS: it knows the cluster's Services from the API (zone.h) and
 * asks the node's own name servers for the rest. Pods reach it at the address of the Service kube-system/kube-dns, which leads
 * every node's pods to their own node.
 *
 *	pod -- 10.96.0.10:53 --(socket balancing)--> node address:KL_DNS_PORT -- this -- the node's resolv.conf
 *
 * UDP and TCP. It answers this node and its pods alone. When the API is away it goes on with the names it has.
 *
 * Threads: it runs on a thread and a loop of its own; the calls below may come from one other thread.
 */
#ifndef KL_DNS_H
#define KL_DNS_H

#include "client.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KL_DNS_PORT = 10053 };

struct kl_dns;

struct kl_dns_options {
	const struct kl_kubeconfig *kubeconfig; /* must outlive the result */
	const char *const *node_ips;            /* NULL-terminated: where it listens */
	uint16_t port;                          /* 0: KL_DNS_PORT */
	const char *domain;                     /* "cluster.local" */
	const char *resolv_conf;                /* whose "nameserver" lines are asked for other names */
	const char *const *upstreams;           /* instead of those, see upstream.h; NULL: none given */
};
int kl_dns_start(const struct kl_dns_options *options, struct kl_dns **ret, struct kl_err *err);
void kl_dns_stop(struct kl_dns *dns); /* waits for its thread; accepts NULL */

/* The pods' networks of this node, "10.1.2.0/24"; NULL-terminated. */
void kl_dns_set_pod_cidrs(struct kl_dns *dns, const char *const *cidrs, size_t count);
/* Every name of the API is known. */
bool kl_dns_synced(struct kl_dns *dns);
/* The addresses of kube-system/kube-dns: NULL-terminated, owned by the caller (free each and the array). */
char **kl_dns_service_ips(struct kl_dns *dns);

struct kl_dns_counters {
	uint64_t queries, answered, forwarded, refused, failed; /* failed: SERVFAIL was said */
	size_t services;
};
void kl_dns_counters(struct kl_dns *dns, struct kl_dns_counters *ret);

#endif
