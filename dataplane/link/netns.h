/*
 * Network namespaces: as files, as cookies, and as a place to run a function in.
 */
#ifndef KL_NETNS_H
#define KL_NETNS_H

#include "err.h"

#include <stdint.h>

#define KL_NETNS_NAMED_DIR "/run/netns" /* where iproute2 looks */

/* Opens a namespace's file; -EINVAL when the file is no network namespace, -ENOENT when it is gone. */
int kl_netns_open(const char *path, struct kl_err *err);
/* Makes a new namespace with lo up and binds it to path (made; its folder must exist); -EEXIST. */
int kl_netns_new(const char *path, struct kl_err *err);
/* Unbinds and removes the file; an absent one is fine. The namespace lives on while processes or sockets hold it. */
int kl_netns_remove(const char *path, struct kl_err *err);
int kl_netns_cookie(int netns_fd, uint64_t *ret, struct kl_err *err);
/*
 * Runs fn in the namespace, on a thread of its own that ends with it: the caller's thread never moves, so nothing has
 * to be undone. Returns what fn returns.
 */
int kl_netns_run(int netns_fd, int (*fn)(void *arg, struct kl_err *err), void *arg, struct kl_err *err);
/* Writes a /proc/sys/net value in the namespace (-1: the caller's): "ipv4/ip_forward". */
int kl_netns_sysctl(int netns_fd, const char *name, const char *value, struct kl_err *err);

#endif
