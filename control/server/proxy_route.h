/*
 * Where a proxied request goes: from objects and a request to an address and a request target. Pure but for the lookups
 * and the random choice among endpoints.
 */
#ifndef KL_PROXY_ROUTE_H
#define KL_PROXY_ROUTE_H

#include "json.h"
#include "proxy.h"
#include "status.h"

/* Reads objects; new references, NULL when absent. Called on any thread. */
struct kl_proxy_lookup {
	json_t *(*get)(const char *kind, const char *ns, const char *name, void *arg); /* "Pod", "Node", "Service" */
	json_t *(*slices)(const char *ns, const char *service, void *arg);             /* an array of EndpointSlices */
	void *arg;
};

struct kl_proxy_ask {
	const char *method, *raw_path, *raw_query; /* as sent */
	const struct kl_http_param *params;
	size_t param_count;
	bool wants_upgrade;
};

enum kl_proxy_peer {
	KL_PROXY_AGENT, /* TLS with our client certificate; the peer's must be our CA's */
	KL_PROXY_HTTPS, /* TLS; a workload's certificate is its own affair (as upstream, it is not verified) */
	KL_PROXY_HTTP,
};

struct kl_proxy_route {
	enum kl_proxy_peer peer;
	char *host; /* an address */
	char *node; /* an agent's certificate may name the node instead of the address */
	int port;
	char *target;      /* path and query for the request line */
	char *prefix;      /* proxies: what a backend's absolute path lacks for the client; NULL otherwise */
	char *redirect;    /* answer 301 with this Location instead */
	bool agent_errors; /* a failure of the peer is told as a Status of ours */
	bool empty;        /* answer 200 with nothing (logs of a pod that has no node yet) */
};
void kl_proxy_route_release(struct kl_proxy_route *route);
/* 0, or -1 with st. */
int kl_proxy_route(const struct kl_proxy_lookup *lookup, const struct kl_proxy_target *target,
	const struct kl_proxy_ask *ask, struct kl_proxy_route *ret, struct kl_status *st);

#endif
