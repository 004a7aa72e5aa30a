/*
 * The API's verbs without HTTP: the REST handlers, the controllers and the scheduler all write through here, so that
 * defaults, validation, admission, allocation (ClusterIP, NodePort), finalizers and garbage-collection rules are
 * the same for everybody.
 *
 * Threads: every function may be called from any thread; calls block until the write is durable.
 */
#ifndef KL_REGISTRY_H
#define KL_REGISTRY_H

#include "api.h"
#include "store.h"

struct kl_registry;

struct kl_user {
	const char *name;          /* "system:node:node1", "kubernetes-admin", "system:kube-scheduler" */
	const char *const *groups; /* NULL-terminated */
};

enum kl_verb { KL_GET, KL_CREATE, KL_UPDATE, KL_PATCH, KL_DELETE };

struct kl_request {
	enum kl_verb verb;
	const struct kl_kind *kind; /* the row (version) the client speaks */
	const char *ns, *name, *subresource;
	const struct kl_user *user;
	const char *user_agent, *field_manager;
	json_t *object;   /* create, update: borrowed, may be changed */
	const char *body; /* patch: the patch's bytes; delete: DeleteOptions JSON or NULL */
	size_t body_len;
	enum kl_patch_type patch_type;
	bool dry_run, force;
	enum kl_field_validation field_validation;
	/* delete */
	const char *propagation;      /* "Background", "Foreground", "Orphan"; NULL: the kind's default */
	int64_t grace_period_s;       /* -1: not given */
	const char *precondition_uid; /* NULL: none */
	const char *precondition_rv;
};

struct kl_response {
	struct kl_status status;  /* code 0: success */
	struct kl_object *object; /* the stored version, a reference; NULL when `json` is the answer */
	json_t *json;             /* an answer that is no stored object (Scale, Binding's Status, dry run) */
	bool created;             /* 201 */
	struct kl_warnings warnings;
};
void kl_response_release(struct kl_response *response);

/* 0, or -1 with response->status set. */
int kl_registry_do(struct kl_registry *registry, const struct kl_request *request, struct kl_response *response);
/* Independent requests whose writes share one group commit; each response tells its own result. */
void kl_registry_do_many(
	struct kl_registry *registry, const struct kl_request *requests, struct kl_response *responses, size_t count);

struct kl_store *kl_registry_store(struct kl_registry *registry);

struct kl_registry_options {
	struct kl_store *store;
	const char *service_cidr; /* "10.96.0.0/16" or dual "v4,v6" */
	const char *cluster_cidr; /* pods, cut into node ranges by the node IPAM controller */
	int node_port_min, node_port_max;
	/* Pods tolerate a node that is not ready or unreachable so long, unless they say otherwise; -1: they say it
	 * themselves. */
	int default_toleration_s;
	bool mount_tokens; /* gives pods a volume with their account's token, as upstream does */
};
int kl_registry_new(const struct kl_registry_options *options, struct kl_registry **ret, struct kl_err *err);
void kl_registry_free(struct kl_registry *registry);
/* Makes the namespaces default, kube-system, kube-public, kube-node-lease and the Service default/kubernetes. */
int kl_registry_bootstrap(struct kl_registry *registry, const char *advertise_address, int port, struct kl_err *err);
/* The Service kube-system/kube-dns, unless there is one; it leads to port KL_DNS_NODE_PORT of every node (agent/dns). */
enum { KL_DNS_NODE_PORT = 10053 };
int kl_registry_bootstrap_dns(struct kl_registry *registry, struct kl_err *err);

#endif
