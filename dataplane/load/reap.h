/*
 * Closing connected UDP sockets whose backend is dead (bpf/reap.bpf.c). Unconnected ones move to another backend by
 * themselves, and TCP is told by the network.
 */
#ifndef KL_REAP_H
#define KL_REAP_H

#include "maps.h"

/*
 * Loads the iterator: needs the kernel's BTF and takes tens of milliseconds. The descriptor is the caller's to close;
 * negative errno on failure.
 */
int kl_reap_load(const struct kl_maps *maps, struct kl_err *err);
/*
 * Goes through the sockets of a network namespace (a path; NULL: the calling thread's own). The calling thread enters
 * the namespace and comes back; other threads do not notice.
 */
int kl_reap_run(int prog_fd, const char *netns, struct kl_err *err);

#endif
