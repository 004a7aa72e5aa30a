/* What the files of the endpoints controller share: one sync makes a Service's EndpointSlices and its Endpoints. */
#ifndef KL_CTL_ENDPOINTS_H
#define KL_CTL_ENDPOINTS_H

#include "api.h"
#include "ctl.h"

struct service_link {
	struct service *service;
	struct pod *pod;
	struct service_link *pod_next;	     /* of the pod */
	struct service_link *prev, *next; /* of the service */
};

struct service {
	char *key; /* "ns/name" */
	char *ns;
	struct kl_selector *selector; /* NULL: the user keeps the endpoints */
	char *selector_text;
	char *pair; /* "ns/label=value" of one term of the selector: where pods look for it */
	struct service_link *links;
	struct service *pair_prev, *pair_next;
	bool automatic; /* hints by the zones' processors: every node matters */
	char *hints_problem; /* said of them last; NULL: none */
	UT_hash_handle hh;
};

struct slice_name { /* an EndpointSlice of ours */
	char *name;
	struct slice_name *next;
};
/* Those of a Service, by its key; NULL: none. */
const struct slice_name *endpoints_slices(struct kl_controllers *c, const char *key);

/* One pod as a backend. */
struct backend {
	struct pod *pod;
	const char *ip;
	json_t *endpoint; /* discovery.k8s.io/v1 Endpoint; owned */
	bool placed;
};

/* The ports of a pod for a Service, [{name, protocol, port}] with names resolved; a new reference. */
json_t *endpoints_ports(const json_t *service, const struct pod *pod, const json_t *pod_json);
/* hints.c: gives the endpoints of one group topology hints; returns why it gave none though they were asked for. */
const char *hints_give(struct kl_controllers *c, const json_t *service, struct backend *backends, size_t count);
bool hints_are_automatic(const json_t *service);
/* slices.c */
void slices_sync(struct kl_controllers *c, const char *key, const json_t *service, struct service *row);
/* endpoints_classic.c */
void classic_sync(struct kl_controllers *c, const char *key, const json_t *service, const struct service *row);

#define MANAGED_BY "endpointslice-controller.k8s.io"

#endif
