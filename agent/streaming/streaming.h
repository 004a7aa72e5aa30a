/*
 * The agent's HTTPS endpoint (kubelet's port 10250): logs, exec, attach, port-forward, and what else the API server
 * asks of a node. Clients show a certificate of our CA with O=system:masters or CN=kube-apiserver-kubelet-client.
 *
 *	GET      /healthz                                     "ok" (any client)
 *	GET      /pods                                        PodList
 *	GET      /stats/summary
 *	GET      /metrics                                     Prometheus' text format
 *	GET      /containerLogs/{ns}/{pod}/{container}        ?follow &previous &tailLines &sinceSeconds &sinceTime
 *	                                                       &timestamps &limitBytes &stream
 *	GET,POST /exec/{ns}/{pod}[/{uid}]/{container}         ?command=… &input &output &error &tty
 *	GET,POST /attach/{ns}/{pod}[/{uid}]/{container}       ?input &output &error &tty
 *	GET,POST /portForward/{ns}/{pod}[/{uid}]
 *
 * exec and attach speak SPDY/3.1 ({v4,v3,v2,}.channel.k8s.io) and WebSocket ({v5,v4,}.channel.k8s.io, base64 variants);
 * port-forward speaks SPDY/3.1 (portforward.k8s.io), plain or tunnelled in WebSocket messages
 * (SPDY/3.1+portforward.k8s.io), and WebSocket channels (v4.channel.k8s.io with ?port=…).
 *
 * Threads: requests arrive on the HTTP server's threads; sessions (exec, attach, port-forward, followed logs) live on
 * one thread of this module with a libuv loop of its own, so that bulk data never delays the agent's loop. The
 * callbacks of struct kl_streaming_ops are called on the agent's loop only (by a uv_async) and must not block.
 * kl_streaming_new and kl_streaming_free are called on the agent's loop.
 */
#ifndef KL_STREAMING_H
#define KL_STREAMING_H

#include "err.h"
#include "json.h"

#include <sys/types.h>
#include <uv.h>

struct kl_streaming;

/* What a session needs to know of one container. Strings are malloc'ed and belong to whoever holds the struct. */
struct kl_streaming_container {
	bool running;
	/*
	 * When not running (or no such run, for logs ?previous): why, for people, e.g. "waiting to start:
	 * ContainerCreating", "terminated". NULL: none.
	 */
	char *state;
	bool tty, stdin_open; /* of the container's spec */

	/* Logs: files that conmon writes (CRI log format). NULL: there is none (not started yet; no previous run). */
	char *log_path;		 /* of the present or last run; rotated files beside it are named `<log_path>.<suffix>` */
	char *log_path_previous; /* of the run before it */
	pid_t conmon_pid;	 /* of the present run; 0: not running. A followed log ends when this process does. */

	/*
	 * Exec: `<runtime_argv…> exec --process FILE <container_id>`. The process is that of <bundle>/config.json with
	 * args and terminal replaced; the rest (env, cwd, user, capabilities) is kept.
	 */
	char **runtime_argv; /* NULL-terminated: {"/usr/bin/crun", "--root=/run/…", NULL} */
	char *container_id;  /* the runtime's */
	/*
	 * The OCI bundle, where conmon also has its attach socket ("attach", by --full-attach) and terminal-size FIFO
	 * ("winsz").
	 */
	char *bundle;
};
void kl_streaming_container_release(struct kl_streaming_container *container);

struct kl_streaming_ops {
	/*
	 * Fills ret (zeroed) for the container, init containers included. uid NULL: any. -ENOENT with words of
	 * upstream's form in err when there is no such pod or container.
	 */
	int (*find_container)(const char *ns, const char *pod, const char *uid, const char *container,
		struct kl_streaming_container *ret, void *arg, struct kl_err *err);
	/*
	 * The pod's network namespace: a path for setns(2), malloc'ed; NULL in *ret for a host-network pod. -ENOENT as
	 * above.
	 */
	int (*find_netns)(const char *ns, const char *pod, const char *uid, char **ret_path, void *arg, struct kl_err *err);
	/* v1.PodList of the pods on this node, as the agent knows them; a new reference. May be NULL: /pods is 404. */
	json_t *(*pods)(void *arg);
	/* stats.Summary (kubelet's /stats/summary); a new reference. May be NULL: 404. */
	json_t *(*stats)(void *arg);
	/*
	 * Calls back on the agent's loop with Prometheus' text, whose bytes may be taken; before kl_streaming_free
	 * returns at the latest. May be NULL: 404.
	 */
	void (*metrics)(void (*done)(struct kl_buf *text, void *done_arg), void *done_arg, void *arg);
};

struct kl_streaming_options {
	const char *address; /* NULL: every address, v4 and v6 */
	int port;	     /* 10250; 0: any free one, for tests (kl_streaming_port tells) */
	/* PEM files; NULL for all three: plain HTTP without authentication, for tests on loopback only. */
	const char *cert_path, *key_path, *client_ca_path;
	const char *scratch_dir; /* short-lived exec files (process specs with environment: 0700); made when absent */
	const struct kl_streaming_ops *ops;
	void *arg;
};

int kl_streaming_new(uv_loop_t *loop, const struct kl_streaming_options *options, struct kl_streaming **ret,
	struct kl_err *err);
/* Ends every session (exec'ed processes are killed), then returns. NULL is fine. */
void kl_streaming_free(struct kl_streaming *streaming);
int kl_streaming_port(const struct kl_streaming *streaming);

#endif
