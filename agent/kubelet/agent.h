/*
 * A node's agent: everything under agent/ wired together on one libuv loop.
 */
#ifndef KL_AGENT_H
#define KL_AGENT_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct kl_agent_config {
	const char *kubeconfig; /* file; or `server` with `cert_dir` */
	const char *server;     /* overrides the kubeconfig's server; NULL: none */
	const char *node_name;
	const char *const *node_ips; /* NULL-terminated; NULL: found on the uplink */
	const char *root_dir, *run_dir, *image_root, *pin_dir, *cgroup_root;
	const char *uplink;  /* "eth0" or "eth0,eth1"; the first one's addresses are the node's */
	const char *lb_mode; /* NULL: auto */
	const char *lb_algorithm, *lb_forwarding; /* of Services that ask for nothing; NULL: random, snat */
	int geneve_port;                          /* 0: 6081 */
	int lb_services, lb_backends, lb_flows;   /* sizes of the kernel's tables; 0: by the machine's memory */
	bool no_bind_guard;                       /* processes of the node may bind NodePorts that are in use */
	bool netns_filter; /* other nodes share this kernel; this one has a network and a mount namespace of its own */
	bool external_cluster_ip;
	/* Lists of CIDRs, NULL-terminated, and podnet.h's words; NULL: none, the default */
	const char *const *cluster_cidrs, *const *service_cidrs, *const *non_masquerade;
	const char *masquerade, *pod_shortcuts;
	int pod_mtu; /* 0: the uplink's, less what envelopes need */
	const char *const *registry_mirrors; /* NULL-terminated; NULL: none */
	const char *cni_plugin;              /* NULL: the default path */
	const char *const *cluster_dns;      /* NULL-terminated; NULL: none */
	const char *cluster_domain;
	bool no_dns;                         /* no name server on this node */
	const char *resolv_conf;             /* its servers are asked for names outside of the cluster */
	const char *const *dns_upstreams;    /* NULL-terminated: instead of those; NULL: none given */
	const char *const *labels, *const *taints; /* NULL-terminated; NULL: none */
	const char *system_reserved;               /* NULL: nothing */
	int max_pods, port, lease_seconds, drain_hold_ms, pids_limit;
	const char *metrics_address; /* "127.0.0.1:10249": plain HTTP; NULL or "": none */
	int metrics_services;	     /* so many Services have metrics of their own */
	const char *tls_cert, *tls_key, *client_ca; /* NULL for all: no endpoint */
	const char *crun, *runc, *conmon;           /* NULL: found in PATH */
};

/* Runs until SIGTERM or SIGINT; containers, programs and maps live on. Returns 0, or why it could not start. */
int kl_agent_run(const struct kl_agent_config *config, struct kl_err *err);

#endif
