/*
 * A port-forward session: any number of pairs of streams (data, error), each joined to one TCP connection to 127.0.0.1
 * or ::1 inside the pod's network namespace.
 *
 * Threads: the streaming thread; sockets are made inside the namespace on libuv's worker threads.
 */
#ifndef KL_FORWARD_H
#define KL_FORWARD_H

#include "mux.h"

struct kl_forward;

/*
 * Steals upgraded; copies netns_path (NULL: the agent's own namespace) and pod (for messages). `closed` is called once.
 */
struct kl_forward *kl_forward_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_mux_options *mux_options, const char *netns_path, const char *pod,
	void (*closed)(void *arg), void *arg);
/* Ends it at once; `closed` is called before this returns. */
void kl_forward_abort(struct kl_forward *forward);

/* socket(2) inside another network namespace (NULL: here), from any thread; an fd or -errno. The thread comes back. */
int kl_socket_in_netns(const char *netns_path, int domain, int type);

#endif
