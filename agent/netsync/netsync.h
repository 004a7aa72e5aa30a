/*
 * The node's side of service networking: receives the endpoint stream, keeps the desired tables, and brings the kernel
 * to them through dataplane/sync. When the server is away the node goes on with the tables it has; when the agent ends
 * nothing is detached: links and maps stay pinned and the next agent adopts them.
 *
 * Threads: it has one of its own, with a loop and a client of its own, so that no work with pods delays a table. Every
 * function may be called from any thread but that one; each is handed over and answered before it returns.
 */
#ifndef KL_NETSYNC_H
#define KL_NETSYNC_H

#include "client.h"
#include "dpsync.h"
#include "err.h"
#include "maps.h"
#include "prom.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct kl_netsync;

struct kl_netsync_options {
	const char *node_name;
	const char *const *node_ips; /* NULL-terminated; the first of each family is the source of SNAT */
	const char *uplink;          /* interface that carries traffic from outside: "eth0" */
	const char *lb_mode;         /* "auto", "xdp", "generic", "tc"; NULL: auto */
	const char *lb_algorithm; /* of Services that ask for none: "random", "round-robin", "maglev", … NULL: random */
	const char *lb_forwarding;              /* the same: "snat", "dsr", "dsr-geneve"; NULL: snat */
	const struct kl_kubeconfig *kubeconfig; /* where the stream comes from */
	const char *pin_dir;                    /* on a bpffs: /sys/fs/bpf/keelson; made where missing */
	const char *cgroup;       /* a cgroup v2 folder for the socket programs; NULL: the root of the hierarchy */
	bool netns_filter;        /* several nodes share this kernel: act only on this node's namespaces */
	bool external_cluster_ip; /* translate ClusterIPs that arrive on the uplink as well */
	uint16_t node_port_min, node_port_max; /* 0: 30000 and 32767 */
	uint16_t geneve_port;                  /* 0: 6081 */
	/* Sizes of the tables; 0: by the machine's memory. What is there grows to them, and never shrinks. */
	uint32_t lb_services, lb_backends; /* service ports, and endpoints of them */
	uint32_t lb_flows;                 /* connections through the balancer that are open at once */
	bool no_bind_guard; /* sockets of the node may bind a NodePort that is in use, and so never hear of it */
};

/*
 * Opens or adopts the maps, loads and attaches the programs (before it returns: a service works from then on), and
 * starts the thread with the stream. Everything is copied.
 */
int kl_netsync_new(const struct kl_netsync_options *options, struct kl_netsync **ret, struct kl_err *err);
/* Stops the thread; the kernel's tables and programs stay in force. Accepts NULL. */
void kl_netsync_free(struct kl_netsync *netsync);

/* A pod's network namespace. Everything is copied. */
struct kl_netsync_pod {
	uint64_t cookie;        /* of the namespace (SO_NETNS_COOKIE) */
	const char *const *ips; /* NULL-terminated */
	unsigned ifindex;       /* host side of its veth; 0: unknown */
	const char *netns;      /* path of the namespace, to close its UDP sockets at dead backends; NULL: unknown */
	const char *uid;        /* of the pod, for its host ports; NULL: unknown */
	uint8_t mac[6];         /* of the pod's interface */
};
/* Call when a pod's namespace has come (before its first process starts) and for every living one after a restart. */
int kl_netsync_pod_add(struct kl_netsync *netsync, const struct kl_netsync_pod *pod, struct kl_err *err);
void kl_netsync_pod_remove(struct kl_netsync *netsync, uint64_t cookie);

/*
 * A pod's object (any version): its host ports are served from when both it and the pod's addresses are known until the
 * pod's namespace goes. After a restart, call _pods_synced when every pod there is was told.
 */
void kl_netsync_pod_spec(struct kl_netsync *netsync, const json_t *pod);
/* The object is gone; what its namespace still serves goes with that. */
void kl_netsync_pod_forget(struct kl_netsync *netsync, const json_t *pod);
void kl_netsync_pods_synced(struct kl_netsync *netsync);

/* Figures for metrics. Times are milliseconds since the epoch, 0: never. */
struct kl_netsync_gauges {
	struct kl_histogram programming; /* from the receipt of a change to the kernel's tables */
	uint64_t changes, failures;      /* applied; refused for want of room */
	uint64_t connects;
	uint64_t audits, audit_missing, audit_wrong, audit_foreign;
	int64_t audit_ms, heard_ms;
};

struct kl_netsync_status {
	bool connected;      /* the stream is up */
	bool synced;         /* a complete snapshot was applied since the start */
	uint64_t epoch, seq; /* last position applied to the kernel */
	size_t services, backends;
	const char *lb_mode; /* what was taken: "xdp", "generic", "tc" */
	struct kl_netsync_gauges gauges;
};
/* The tables, for agent/podnet, which writes kl_pods, kl_pod_addrs and kl_net alone. */
const struct kl_maps *kl_netsync_maps(const struct kl_netsync *netsync);
void kl_netsync_status(struct kl_netsync *netsync, struct kl_netsync_status *ret);
/*
 * Compares the desired tables with the kernel's now; each (may be NULL) is told every difference, on netsync's thread. -EAGAIN while no
 * complete table has come from the server yet: nothing is known to compare with.
 */
int kl_netsync_verify(struct kl_netsync *netsync, bool repair, void (*each)(const char *difference, void *arg),
	void *arg, struct kl_dpsync_audit *ret, struct kl_err *err);

#endif
