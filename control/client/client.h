/*
 * A client of the Kubernetes API for event loops: libcurl multi on libuv, TLS with client certificates, keep-alive.
 *
 * Threads: everything on the loop's thread. Callbacks come from the loop, never from inside the call that asked.
 */
#ifndef KL_CLIENT_H
#define KL_CLIENT_H

#include "err.h"
#include "json.h"

#include <uv.h>

struct kl_client;

/* A kubeconfig's current context; files it names are resolved against its folder. */
struct kl_kubeconfig {
	char *server;			      /* https://10.0.0.1:6443 */
	char *ca_pem, *cert_pem, *key_pem;    /* contents; NULL when absent */
	char *token;
	char *ns;
	bool insecure;
};
int kl_kubeconfig_load(const char *path, struct kl_kubeconfig *ret, struct kl_err *err);
void kl_kubeconfig_release(struct kl_kubeconfig *config);

int kl_client_new(uv_loop_t *loop, const struct kl_kubeconfig *config, const char *user_agent, struct kl_client **ret,
	struct kl_err *err);
/* Cancels what is under way: no callback comes after it. The loop must still turn once to close its handles. */
void kl_client_free(struct kl_client *client);
uv_loop_t *kl_client_loop(const struct kl_client *client);

struct kl_client_answer {
	int http;	  /* 0: no answer, see err */
	const char *body; /* borrowed, NUL-terminated */
	size_t len;
	struct kl_err err; /* transport failure, or the Status message of a failure answer */
};
typedef void kl_client_done(const struct kl_client_answer *answer, void *arg);
struct kl_client_request {
	const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	const char *path;   /* "/api/v1/nodes/x/status?fieldManager=…" */
	const char *body;   /* copied; NULL: none */
	size_t body_len;
	const char *content_type; /* NULL: application/json */
	int timeout_ms;		  /* 0: 30 s */
};
/* The id cancels; 0 is never one. */
uint64_t kl_client_send(struct kl_client *client, const struct kl_client_request *request, kl_client_done *done, void *arg);
void kl_client_cancel(struct kl_client *client, uint64_t id); /* done is not called */

/*
 * A long-lived GET whose body is delivered as it comes (watches, the endpoint stream). `done` is called once at its end.
 * data returns 0, or non-zero to end it.
 */
typedef int kl_client_data(const char *data, size_t len, void *arg);
uint64_t kl_client_stream(struct kl_client *client, const char *path, kl_client_data *data, kl_client_done *done, void *arg);

/*
 * List and watch with resume: keeps a cache of one resource. Reconnects with back-off; after 410 or a lost history lists
 * again and reports the difference, so that the handlers never see a gap.
 */
struct kl_informer;
struct kl_informer_handlers {
	void (*changed)(const json_t *object, const json_t *old, void *arg); /* old NULL: new; both borrowed */
	void (*deleted)(const json_t *last, void *arg);
	void (*synced)(void *arg); /* after every complete list */
	void *arg;
	bool forgetful; /* keeps names and versions only: `old`, `last` after a list, and kl_informer_get have no more */
};
/* path "/api/v1/pods", query "fieldSelector=spec.nodeName%3Dx" or NULL. */
struct kl_informer *kl_informer_new(struct kl_client *client, const char *path, const char *query,
	const struct kl_informer_handlers *handlers);
/* Before its client; allowed inside its own handlers. */
void kl_informer_free(struct kl_informer *informer);
/* Borrowed; NULL when absent. ns "" for cluster-scoped. */
const json_t *kl_informer_get(const struct kl_informer *informer, const char *ns, const char *name);
void kl_informer_each(const struct kl_informer *informer, void (*each)(const json_t *object, void *arg), void *arg);
bool kl_informer_synced(const struct kl_informer *informer);

#endif
