/*
 * Runs a CNI plugin binary as a container runtime does: environment CNI_*, the configuration on stdin, a result or an
 * error object on stdout. Used for every pod, so that our own plugin is called exactly as containerd would call it.
 *
 * Threads: everything on the loop's thread; the callback comes from the loop, never from inside kl_cni_call.
 */
#ifndef KL_CNICLIENT_H
#define KL_CNICLIENT_H

#include "err.h"
#include "json.h"
#include "rates.h"

#include <uv.h>

#define KL_CNI_PLUGIN_DEFAULT "/opt/cni/bin/keelson-cni"

struct kl_cni_request {
	const char *plugin;       /* path of the binary; NULL: KL_CNI_PLUGIN_DEFAULT */
	const char *command;      /* "ADD", "DEL", "CHECK" */
	const char *socket_path;  /* the agent's socket, put into the configuration */
	const char *container_id; /* the sandbox's id */
	const char *netns_path;   /* DEL: may be "" when it is gone */
	const char *ifname;       /* NULL: "eth0" */
	const char *pod_namespace, *pod_name, *pod_uid;
	struct kl_cni_bandwidth bandwidth;
	int timeout_ms; /* 0: 30 s */
};

struct kl_cni_answer {
	struct kl_err err;    /* code 0: it worked */
	int cni_code;         /* the plugin's error code; 0: none (11 means try again later) */
	const json_t *result; /* ADD: the CNI result; borrowed; NULL otherwise */
	char ips[2][46];      /* ADD: the addresses without prefix length, IPv4 first */
	size_t ip_count;
};
typedef void kl_cni_done(const struct kl_cni_answer *answer, void *arg);

/* All is copied. Returns an error, and then done is not called, when the plugin cannot be started. */
int kl_cni_call(
	uv_loop_t *loop, const struct kl_cni_request *request, kl_cni_done *done, void *arg, struct kl_err *err);

#endif
