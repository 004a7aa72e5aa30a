#ifndef KL_AGENT_IMPL_H
#define KL_AGENT_IMPL_H

#include "agent.h"

#include "cgroup.h"
#include "client.h"
#include "cniserver.h"
#include "dns.h"
#include "images.h"
#include "inspect.h"
#include "metrics.h"
#include "netsync.h"
#include "node.h"
#include "podnet.h"
#include "pods.h"
#include "routes.h"
#include "runtime.h"
#include "streaming.h"

struct agent {
	const struct kl_agent_config *config;
	uv_loop_t loop;
	struct kl_kubeconfig kubeconfig;
	struct kl_client *client;
	struct kl_runtime *runtime;
	struct kl_images *images;
	struct kl_node *node;
	struct kl_netsync *netsync;
	struct kl_cniserver *cni;
	struct kl_podnet *podnet;
	uv_timer_t podnet_timer;
	struct kl_routes *routes;
	struct kl_pods *pods;
	struct kl_informer *informer;
	struct kl_streaming *streaming;
	struct kl_inspect *inspect;
	struct kl_metrics *metrics;
	struct kl_dns *dns;
	const char *dns_ips[3]; /* of kube-dns, for the pods; filled once, the last first */
	struct kl_cgroups cgroups;
	struct kl_node_capacity capacity;
	char *cni_socket, *allocatable_cpu, *allocatable_memory, *runtime_version;
	char **found_ips; /* where the configuration names none */
	const char *const *node_ips;
	uv_timer_t ready_timer;
	uv_signal_t sigterm, sigint;
	uv_timer_t shrink_timer;
	uv_work_t shrink;
	bool cidrs_known, dns_known, shrinking;
	int64_t begin_ms, begin_epoch_ms;
};

/* podops.c: what pods need of the rest. */
extern const struct kl_pods_ops agent_pods_ops;
/* views.c: what the streaming endpoint asks. */
extern const struct kl_streaming_ops agent_streaming_ops;
/* looks.c: the inspection socket and the metrics. */
int agent_start_looks(struct agent *agent, struct kl_err *err);
/* podnetwork.c: what stands on the pods' links and between them and the outside; once netsync is up. */
int agent_podnet_start(struct agent *agent, struct kl_err *err);
/* The CNI server has told of every living pod. */
void agent_podnet_settled(struct agent *agent);
/* What the envelopes of the node's default forwarding need of the MTU; 0: there are none. */
uint32_t agent_envelope_bytes(const struct agent *agent);
/* A pod's object has changed: its bandwidth may have. */
void agent_podnet_pod_changed(struct agent *agent, const json_t *object, const json_t *old);
/* nodeips.c: the global addresses of a device, v4 first; NULL-terminated, owned by the caller. */
char **agent_device_ips(const char *device);

#endif
