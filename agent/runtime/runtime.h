/*
 * What runs containers: a small vtable, so that pods do not know whether an OCI runtime, a CRI service or a test's fake
 * stands behind it.
 *
 * Threads: every operation blocks (milliseconds) and may be called from any thread; operations on one container are
 * never called at the same time. Containers live on when the process that made them dies: their state is in files.
 */
#ifndef KL_RUNTIME_H
#define KL_RUNTIME_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kl_mount_spec {
	char *source, *target;
	bool readonly, tmpfs;              /* tmpfs: source is ignored */
	bool propagate_in, propagate_both; /* HostToContainer, Bidirectional */
};

struct kl_resources_spec {
	int64_t cpu_shares;   /* cgroup v1 scale, 2…262144; 0: none */
	int64_t cpu_quota_us; /* per 100 ms; 0: none */
	int64_t memory_limit; /* bytes; 0: none */
	int64_t pids_limit;   /* 0: none */
	int oom_score_adj;
};

/* One container, wholly resolved. Everything is owned by the struct: kl_container_spec_release(). */
struct kl_container_spec {
	char *id;           /* 64 hexadecimal digits */
	char *bundle;       /* a folder of its own, made by the caller; the runtime keeps its files there */
	char *rootfs;       /* mounted already */
	char **args, **env; /* NULL-terminated */
	char *cwd;
	char *hostname; /* NULL: that of the uts namespace */
	uint32_t uid, gid;
	uint32_t *groups;
	size_t group_count;
	bool rootfs_readonly, privileged, no_new_privileges, tty, stdin_open, stdin_once;
	bool unmask_proc;           /* procMount: Unmasked */
	char **cap_add, **cap_drop; /* NULL-terminated, without CAP_; "ALL" stands for all; NULL: none */
	struct kl_mount_spec *mounts;
	size_t mount_count;
	char *netns, *ipcns, *utsns,
		*pidns; /* paths to join; NULL: netns, ipc, uts of the host, a pid namespace of its own */
	bool host_pid;
	char *shm; /* the pod's /dev/shm on the host; NULL: a private one */
	struct kl_resources_spec resources;
	char *cgroup; /* "/keelson/node1/pod<uid>/<id>" */
	char *log_path;
};
void kl_container_spec_release(struct kl_container_spec *spec);

/* What identifies a container's processes, also after the agent's restart. */
struct kl_container_handle {
	pid_t pid;                         /* the container's first process */
	pid_t monitor_pid;                 /* ends when the container has ended and its exit code is on disk */
	uint64_t pid_start, monitor_start; /* start times from /proc, in ticks: guard against reused pids */
};

struct kl_container_exit {
	int code;
	int64_t finished_ms; /* since the epoch */
	bool oom_killed;
	bool unknown; /* the monitor was killed: nobody knows the code */
};

struct kl_runtime;
struct kl_runtime_ops {
	const char *name; /* "oci" */
	/* Sets everything up; the first process waits. */
	int (*create)(struct kl_runtime *runtime, const struct kl_container_spec *spec, struct kl_container_handle *ret,
		struct kl_err *err);
	int (*start)(struct kl_runtime *runtime, const char *id, struct kl_err *err);
	/* To the first process; -ESRCH when it is gone. */
	int (*signal)(
		struct kl_runtime *runtime, const struct kl_container_handle *handle, int signal, struct kl_err *err);
	/*
	 * Whether the first process has a handler for the signal. Without one a signal from outside is lost on it, as
	 * it is its pid namespace's init; a program that has just started installs its handlers in a moment. NULL:
	 * always.
	 */
	bool (*catches)(struct kl_runtime *runtime, const struct kl_container_handle *handle, int signal);
	/* A descriptor that becomes readable when the container has ended; -ESRCH when it has. */
	int (*watch_fd)(struct kl_runtime *runtime, const struct kl_container_handle *handle);
	/* After watch_fd fired. Always answers: `unknown` when nothing is recorded. */
	void (*exit_status)(struct kl_runtime *runtime, const char *id, const char *bundle, const char *cgroup,
		const struct kl_container_handle *handle, struct kl_container_exit *ret);
	/* Kills what is left of it and removes its traces (not the bundle's folder); an absent one is fine. */
	int (*remove)(struct kl_runtime *runtime, const char *id, const char *cgroup, struct kl_err *err);
	/*
	 * The argv (NULL-terminated, owned by the caller, each string too) of a program that runs `command` inside and
	 * ends with its exit code; stdio is passed through.
	 */
	char **(*exec_argv)(
		struct kl_runtime *runtime, const char *id, const char *cwd, const char *const command[], bool tty);
	void (*free)(struct kl_runtime *runtime);
};
struct kl_runtime {
	const struct kl_runtime_ops *ops;
};

struct kl_oci_options {
	const char *run_dir;              /* volatile state: run_dir/crun, run_dir/exits */
	const char *cgroup_root;          /* "/keelson/node1": looked at when the programs are chosen */
	const char *crun, *runc, *conmon; /* programs; NULL: found in PATH */
	bool own_mounts; /* our mount namespace is not the machine's: cgroup files may be hidden in it */
};
/*
 * The direct OCI backend: crun (or runc where crun refuses) below one conmon per container. Tries the runtimes once and
 * keeps the first that works; `ret_report` says which and why (owned by the caller).
 */
int kl_oci_new(const struct kl_oci_options *options, struct kl_runtime **ret, char **ret_report, struct kl_err *err);
/* "crun 1.8.1" */
const char *kl_oci_version(const struct kl_runtime *runtime);

/* {"/usr/bin/crun", "--root=/run/…/crun", NULL}: what a subcommand is put behind. Owned by the caller. */
char **kl_oci_argv(const struct kl_runtime *runtime);

/* Start time of a process in ticks since boot; 0 when it does not exist or is a zombie. */
uint64_t kl_pid_start(pid_t pid);
void kl_strv_free(char **list); /* NULL-terminated; NULL is fine */

#endif
