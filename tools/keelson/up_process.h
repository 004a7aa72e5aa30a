/*
 * The processes of a cluster: known by pid files that hold the pid and its start time, so that a number which the
 * kernel has given to somebody else is never taken for ours.
 */
#ifndef KL_UP_PROCESS_H
#define KL_UP_PROCESS_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In ticks since boot, as in /proc/PID/stat; 0 when there is no such process (a zombie counts as none). */
uint64_t kl_process_start_time(pid_t pid);
/* The same as milliseconds since the epoch; 0 when there is no such process. */
int64_t kl_process_started_ms(pid_t pid);
/* The living process of a pid file, or 0. */
pid_t kl_pidfile_read(const char *path);
int kl_pidfile_write(const char *path, pid_t pid, struct kl_err *err);
/* Bytes; 0 when it is gone. */
uint64_t kl_process_rss(pid_t pid);

struct kl_process_spec {
	const char *const *argv;   /* argv[0] is a path */
	const char *log;           /* stdout and stderr are appended to it */
	const char *netns, *mntns; /* paths of namespaces to enter; NULL: the caller's */
	const char *cgroup;        /* of cgroup v2: a path relative to its root; NULL: the caller's */
};
/* Starts it in a session of its own; returns when it has been executed or has failed to be. */
int kl_process_start(const struct kl_process_spec *spec, pid_t *ret, struct kl_err *err);
/* Where cgroup v2 is mounted, or NULL. Static storage; first call not thread-safe. */
const char *kl_cgroup2_mount(void);
/* SIGTERM, and after grace_ms SIGKILL, to a pid file's process; waits until it is gone. 0 as well when there is none.
 */
int kl_pidfile_stop(const char *path, int grace_ms, struct kl_err *err);

#endif
