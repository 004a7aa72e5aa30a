/*
 * What the API server passes on instead of answering itself: pods/{log,exec,attach,portforward} to the node's agent,
 * and the HTTP proxies pods/NAME/proxy, services/NAME/proxy and nodes/NAME/proxy.
 *
 * One thread with an epoll loop of its own carries every connection: no HTTP thread waits for a backend. Plain answers
 * are streamed with back-pressure; upgrades (SPDY, WebSocket) are spliced in both directions once the backend has said
 * 101. The agent is spoken to over TLS with the kube-apiserver-kubelet-client certificate; its serving certificate must
 * be signed by our CA and carry the address or name that is dialled.
 *
 * Threads: every function may be called from any thread.
 */
#ifndef KL_PROXY_H
#define KL_PROXY_H

#include "httpd.h"
#include "store.h"

struct kl_proxy;

struct kl_proxy_options {
	struct kl_store *store; /* where Pods, Nodes, Services and EndpointSlices are read */
	/* PEM texts, copied: our CA, and the certificate that agents accept from the API server. */
	const char *ca_pem, *cert_pem, *key_pem;
};
int kl_proxy_new(const struct kl_proxy_options *options, struct kl_proxy **ret, struct kl_err *err);
/* Ends every connection. NULL is fine. Before kl_httpd_free, since upgraded connections are closed here. */
void kl_proxy_free(struct kl_proxy *proxy);

/* Which request it is, as the REST layer has parsed it (after authentication and authorization). */
struct kl_proxy_target {
	const char *resource;	 /* "pods", "services", "nodes" */
	const char *ns;		 /* "" for nodes */
	const char *name;	 /* as in the URL: "web", "http:web:8080", "web:80", "node1:10250" */
	const char *subresource; /* "log", "exec", "attach", "portforward", "proxy" */
};
/* Whether this resource and subresource are ours to answer. */
bool kl_proxy_serves(const char *resource, const char *subresource);
/*
 * Answers the request, now or later (it calls kl_http_defer itself). The path behind ".../proxy" is taken from the
 * request. Failures are metav1.Status in upstream's words.
 */
void kl_proxy_handle(struct kl_proxy *proxy, struct kl_http_request *req, const struct kl_proxy_target *target);

#endif
