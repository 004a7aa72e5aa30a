/*
 * The programs a cluster consists of, and what keeps them running: registry, server, one agent per node.
 */
#ifndef KL_UP_UNITS_H
#define KL_UP_UNITS_H

#include "up_cluster.h"
#include "up_process.h"

#include <stddef.h>
#include <sys/types.h>

struct kl_unit {
	char *name;                                    /* "registry", "server", "node2" */
	char *log, *pid_file, *netns, *mntns, *cgroup; /* netns, mntns NULL: the root's */
	char *argv[96];
	/* the supervisor's */
	pid_t pid;
	int pidfd;
	int64_t started_ms, start_after_ms;
	int backoff_ms;
};
struct kl_units {
	struct kl_unit *items;
	size_t count;
};
struct kl_units kl_units_of(const struct kl_cluster *cluster);
void kl_units_release(struct kl_units *units);
/* Adopts the unit's living process or starts it; 1 when it was started. */
int kl_unit_start(struct kl_unit *unit, struct kl_err *err);

char *kl_supervisor_pidfile(const struct kl_cluster *cluster);
/* Starts the cluster's supervisor, or tells the running one to read cluster.json again. */
int kl_supervisor_ensure(const struct kl_cluster *cluster, struct kl_err *err);
/* The supervisor itself; returns at SIGTERM, leaving all units alone. */
int kl_supervise(const char *name, struct kl_err *err);

/* The registry's configuration and, from the demo images, its storage. 0 also when there is nothing to run. */
int kl_registry_prepare(struct kl_cluster *cluster, const char *demo_images, struct kl_err *err);
const char *kl_registry_program(void); /* NULL when there is none on this machine */

#endif
