/*
 * The namespaces that a pod's containers share, kept alive by bind mounts instead of a pause process.
 */
#ifndef KL_PODNS_H
#define KL_PODNS_H

#include "err.h"

#include <stdbool.h>

struct kl_podns_want {
	const char *hostname; /* of the new uts namespace; NULL: none is made */
	bool net, ipc;
	bool pid; /* one pid namespace for all containers: needs a process that stays in it and reaps */
	const char *const *sysctls; /* "name", "value", …, NULL: set inside the new namespaces; NULL: none */
};
/*
 * Makes them and pins them as <dir>/net, <dir>/ipc and <dir>/uts; the loopback device is up. Idempotent: namespaces
 * that are pinned already are left alone. Blocks; any thread.
 */
int kl_podns_make(const char *dir, const struct kl_podns_want *want, struct kl_err *err);
/* Whether <dir>/net is a network namespace still: after a reboot, or in another mount namespace, it is a plain file. */
bool kl_podns_alive(const char *dir);
/* Unpins what is there and removes the folder. */
void kl_podns_remove(const char *dir);

/*
 * What the small process behind `pid` does: makes the namespace, pins it as <dir>/pid, leaves its first process running
 * there (<dir>/init: its id and start time), and returns in the caller. To be called by a program of one thread:
 * kl_podns_make runs "/proc/self/exe agent --hold-pid-namespace DIR" for it.
 */
int kl_podns_hold_pid(const char *dir, struct kl_err *err);

#endif
