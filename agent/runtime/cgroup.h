/*
 * The cgroup hierarchies of this machine, as mounted: v1, hybrid or v2. Paths such as "/keelson/node1" are relative to
 * each hierarchy's root. Any thread; nothing is cached but what kl_cgroups_load found.
 */
#ifndef KL_CGROUP_H
#define KL_CGROUP_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct kl_cgroups {
	struct kl_cgroup_mount {
		char *path;        /* mount point */
		char *controllers; /* v1: the super options ("rw,memory"); NULL for v2 */
	} * mounts;
	unsigned count;
};
int kl_cgroups_load(struct kl_cgroups *ret, struct kl_err *err);
void kl_cgroups_release(struct kl_cgroups *cgroups);
bool kl_cgroups_v2_only(const struct kl_cgroups *cgroups);
/* A hybrid machine whose v2 mount still has controllers: what crun 1.8 refuses. ret_file: its cgroup.controllers. */
bool kl_cgroups_hybrid_controllers(const struct kl_cgroups *cgroups, char **ret_file);
/* Removes the (process-free) cgroup with all below it from every hierarchy; busy ones are left. */
void kl_cgroups_remove(const struct kl_cgroups *cgroups, const char *path);
/* Kills every process in the cgroup and below. Returns how many were signalled. */
unsigned kl_cgroups_kill(const struct kl_cgroups *cgroups, const char *path);
/* How often the kernel killed for memory in it; 0 when it is gone. */
uint64_t kl_cgroups_oom_kills(const struct kl_cgroups *cgroups, const char *path);

struct kl_cgroup_usage {
	uint64_t cpu_ns, memory_bytes; /* memory: the working set */
};
int kl_cgroups_usage(const struct kl_cgroups *cgroups, const char *path, struct kl_cgroup_usage *ret);

#endif
