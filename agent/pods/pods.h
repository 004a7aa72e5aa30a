/*
 * The pods of a node: one state machine per pod and per container, from the binding to the final delete.
 *
 * Everything a killed agent must know again is in files: root_dir/pods/<uid>/checkpoint.json (the object, each
 * container's run, what was reported), the runtime's and conmon's own files, pinned namespaces. kl_pods_new reads them
 * and takes living containers over; nothing is restarted and no status is lost.
 *
 * Threads: everything on the loop's thread; blocking work (mounts, the OCI runtime, pulls) is done in libuv's pool.
 */
#ifndef KL_PODS_H
#define KL_PODS_H

#include "client.h"
#include "downward.h"
#include "images.h"
#include "runtime.h"

#include <uv.h>

struct kl_pods;

/* What a pod needs of the rest of the agent. A test puts its own functions here. */
struct kl_pods_ops {
	/* As kl_client_send and kl_client_cancel. */
	uint64_t (*send)(void *arg, const struct kl_client_request *request, kl_client_done *done, void *done_arg);
	void (*cancel)(void *arg, uint64_t id);
	/*
	 * The pod's network: "ADD" or "DEL" by CNI. Returns an error, and does not call done, when it cannot begin.
	 * `ips` has `count` texts, v4 first.
	 */
	int (*network)(void *arg, const char *command, const json_t *pod, const char *sandbox_id,
		const char *netns_path,
		void (*done)(const struct kl_err *err, const char *const *ips, size_t count, void *done_arg),
		void *done_arg, struct kl_err *err);
	/* Blocking, in the pool. */
	int (*namespaces)(void *arg, const char *dir, const json_t *pod, const char *hostname, struct kl_err *err);
	void (*namespaces_remove)(void *arg, const char *dir);
	bool (*namespaces_alive)(void *arg, const char *dir); /* the pinned network namespace is still one; NULL: yes */
	int (*image_find)(void *arg, const char *name, struct kl_image *ret, struct kl_err *err);
	int (*image_pull)(void *arg, const char *name, const char *auth_json, struct kl_image *ret, struct kl_err *err);
	int (*image_mount)(void *arg, const struct kl_image *image, const char *id, const char *upper,
		const char *target, struct kl_err *err);
	void (*image_unmount)(void *arg, const char *id, const char *upper, const char *target);
};

struct kl_pods_options {
	const char *root_dir, *run_dir;
	const char *cgroup_root; /* "/keelson/node1" */
	const char *node_name;
	const char *const *node_ips;     /* NULL-terminated */
	const char *const *cluster_dns;  /* addresses, NULL-terminated; NULL: the node's resolv.conf is used */
	const char *cluster_domain;      /* NULL: cluster.local */
	const char *api_host, *api_port; /* KUBERNETES_SERVICE_HOST where no such Service exists; NULL: left out */
	const char *ca_pem;
	struct kl_downward_node node; /* allocatable; borrowed */
	int64_t memory_capacity;      /* bytes, for oom_score_adj */
	int max_pods;                 /* 0: 110 */
	int64_t pids_limit;           /* per container; 0: none */
	int drain_hold_ms;            /* at most; see drain.c; 0: 5000 */
	struct kl_runtime *runtime;
	const struct kl_pods_ops *ops;
	void *ops_arg;
};

int kl_pods_new(uv_loop_t *loop, const struct kl_pods_options *options, struct kl_pods **ret, struct kl_err *err);
/* Ends the work under way and frees; containers live on. The loop must run until its handles are closed. */
void kl_pods_free(struct kl_pods *pods);

/* From the informer. The object is copied. */
void kl_pods_update(struct kl_pods *pods, const json_t *pod);
void kl_pods_deleted(struct kl_pods *pods, const json_t *last);
/* After a complete list: pods that are not among them any more are torn down, orphans of earlier runs removed. */
void kl_pods_synced(
	struct kl_pods *pods, bool (*known)(const char *ns, const char *name, const char *uid, void *arg), void *arg);
/* New sandboxes wait until this was called with true: the node's network is up. Starts as false. */
void kl_pods_network_ready(struct kl_pods *pods, bool ready);

/* --- looking at them (streaming, node status, CLI) */
struct kl_pod_container_view {
	const char *id;          /* "" when never created */
	const char *bundle;      /* config.json, attach, winsz are in it */
	const char *log_path;    /* of the present or last run; NULL: none */
	char *log_path_previous; /* NULL: none; owned by the caller */
	bool running, tty, stdin_open;
	pid_t pid, monitor_pid;
	const char *waiting_reason; /* "" when not waiting */
	const char *cgroup;
};
/* uid NULL: any. Fields are borrowed until the loop runs on, but log_path_previous. -ENOENT with upstream's words. */
int kl_pods_find_container(struct kl_pods *pods, const char *ns, const char *name, const char *uid,
	const char *container, struct kl_pod_container_view *ret, struct kl_err *err);
/* The pinned namespace; NULL in *ret for the host's network. *ret is owned by the caller. */
int kl_pods_find_netns(
	struct kl_pods *pods, const char *ns, const char *name, const char *uid, char **ret, struct kl_err *err);
/* v1.PodList with the status as this node knows it; a new reference. */
json_t *kl_pods_list(struct kl_pods *pods);
/* Calls back for each running container. */
void kl_pods_each_running(struct kl_pods *pods,
	void (*each)(const json_t *pod, const char *container, const char *cgroup, void *arg), void *arg);
size_t kl_pods_count(const struct kl_pods *pods);

#endif
