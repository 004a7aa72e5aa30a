/*
 * Single questions to a cluster's API, for commands that have no loop of their own. Blocking.
 */
#ifndef KL_UP_API_H
#define KL_UP_API_H

#include "err.h"
#include "json.h"

struct kl_api;

int kl_api_open(const char *kubeconfig, struct kl_api **ret, struct kl_err *err);
void kl_api_close(struct kl_api *api);
KL_AUTO(kl_cleanup_api, struct kl_api, kl_api_close)
#define kl_autoapi kl_cleanup(kl_cleanup_api) struct kl_api
/* The HTTP status, or a negative errno where no answer came. ret (NULL allowed): the body's JSON, owned; NULL when it
 * is none. */
int kl_api_get(struct kl_api *api, const char *path, int timeout_ms, json_t **ret, struct kl_err *err);
/* The same with a method and a body (NULL: none). */
int kl_api_send(struct kl_api *api, const char *method, const char *path, const json_t *body, int timeout_ms, json_t **ret,
	struct kl_err *err);
/* The server that the kubeconfig names, and the CA that it trusts; borrowed. */
const char *kl_api_server(const struct kl_api *api);
const char *kl_api_ca_pem(const struct kl_api *api);

/* Is this node of a NodeList Ready? ret_known: is it there at all? */
bool kl_node_ready(const json_t *nodes, const char *name, bool *ret_known);
/* When its agent last said so, to the second; 0 when never. */
int64_t kl_node_heartbeat_ms(const json_t *nodes, const char *name);
const json_t *kl_node_find(const json_t *nodes, const char *name);

#endif
