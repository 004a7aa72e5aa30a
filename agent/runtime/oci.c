#include "cgroup.h"
#include "clock.h"
#include "conmon.h"
#include "file.h"
#include "ociconfig.h"
#include "proc.h"
#include "runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { RUNTIME_TIMEOUT_MS = 30000, EXIT_FILE_WAIT_MS = 500 };

struct oci {
	struct kl_runtime base;
	char *program, *conmon, *state_root, *exit_dir, *version;
	struct kl_cgroups cgroups;
	struct kl_oci_host host;
	json_t *devices;
};

static struct oci *oci_of(struct kl_runtime *runtime)
{
	return container_of(runtime, struct oci, base);
}

uint64_t kl_pid_start(pid_t pid)
{
	char path[64];
	kl_autobuf text = {.max = 4096};

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (pid <= 0 || kl_file_read(path, &text, NULL))
		return 0;
	const char *at = strrchr(kl_buf_str(&text), ')'); /* the name may hold anything, blanks and brackets too */
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	at += 2; /* field 3, the state; starttime is field 22 */
	for (int field = 3; field < 22 && at; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

void kl_strv_free(char **list)
{
	for (char **at = list; at && *at; at++)
		free(*at);
	free(list);
}

void kl_container_spec_release(struct kl_container_spec *spec)
{
	char *const texts[] = {spec->id, spec->bundle, spec->rootfs, spec->cwd, spec->hostname, spec->netns,
		spec->ipcns, spec->utsns, spec->pidns, spec->shm, spec->cgroup, spec->log_path};

	for (size_t i = 0; i < KL_ARRAY_LEN(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < spec->mount_count; i++) {
		free(spec->mounts[i].source);
		free(spec->mounts[i].target);
	}
	free(spec->mounts);
	free(spec->groups);
	kl_strv_free(spec->args);
	kl_strv_free(spec->env);
	kl_strv_free(spec->cap_add);
	kl_strv_free(spec->cap_drop);
	*spec = (struct kl_container_spec){0};
}

/* --- running the OCI runtime */

static int runtime_call(const struct oci *oci, const char *const *words, struct kl_err *err)
{
	kl_autofree char *root = kl_asprintf("--root=%s", oci->state_root);
	const char *argv[12] = {oci->program, root};
	struct kl_proc_result result;
	size_t count = 2;

	while (*words && count + 1 < KL_ARRAY_LEN(argv))
		argv[count++] = *words++;
	int rc = kl_proc_run(argv, NULL, RUNTIME_TIMEOUT_MS, &result, err);
	if (!rc && result.exit_code) {
		char *text = result.err_out.len ? result.err_out.data : NULL;
		for (char *at = text; at && *at; at++)
			if (*at == '\n')
				*at = ' ';
		rc = kl_fail_msg(err, EIO, "OCI runtime %s failed: %s", argv[2], text ? text : "no reason given");
	}
	kl_proc_result_release(&result);
	return rc;
}

static int oci_create(struct kl_runtime *runtime, const struct kl_container_spec *spec, struct kl_container_handle *ret,
	struct kl_err *err)
{
	struct oci *oci = oci_of(runtime);
	kl_autojson *config = kl_oci_config(spec, &oci->host);
	kl_autofree char *path = kl_asprintf("%s/config.json", spec->bundle);
	kl_autofree char *exit_file = kl_asprintf("%s/%s", oci->exit_dir, spec->id);
	kl_autobuf text = {0};
	const struct kl_conmon conmon = {.conmon = oci->conmon,
		.runtime = oci->program,
		.runtime_root = oci->state_root,
		.exit_dir = oci->exit_dir};

	kl_json_dump(config, &text);
	unlink(exit_file);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len)
		return kl_fail(err, errno, "write '%s'", path);
	return kl_conmon_create(&conmon, spec, ret, err);
}

static int oci_start(struct kl_runtime *runtime, const char *id, struct kl_err *err)
{
	return runtime_call(oci_of(runtime), (const char *const[]){"start", id, NULL}, err);
}

/* A pidfd of exactly the process that started at `start`; -ESRCH when that one is gone. */
static int pidfd_of(pid_t pid, uint64_t start)
{
	if (pid <= 0)
		return -ESRCH;
	kl_autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -errno;
	if (kl_pid_start(pid) != start || !start) /* checked after opening: the descriptor pins the process */
		return -ESRCH;
	int result = fd;
	fd = -1;
	return result;
}

static int oci_signal(
	struct kl_runtime *runtime, const struct kl_container_handle *handle, int signal, struct kl_err *err)
{
	(void)runtime;
	kl_autoclose int fd = pidfd_of(handle->pid, handle->pid_start);
	if (fd < 0)
		return fd == -ESRCH ? -ESRCH : kl_fail(err, -fd, "open process %d", (int)handle->pid);
	if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0))
		return errno == ESRCH ? -ESRCH
				      : kl_fail(err, errno, "send signal %d to process %d", signal, (int)handle->pid);
	return 0;
}

/* proc(5), status: "SigCgt: <mask in hexadecimal>", bit 0 is signal 1. */
static bool oci_catches(struct kl_runtime *runtime, const struct kl_container_handle *handle, int signal)
{
	kl_autobuf text = {.max = 65536};
	char path[64];

	(void)runtime;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)handle->pid);
	const char *at = kl_file_read(path, &text, NULL) ? NULL : strstr(kl_buf_str(&text), "SigCgt:");
	return !at || strtoull(at + strlen("SigCgt:"), NULL, 16) >> (signal - 1) & 1;
}

static int oci_watch_fd(struct kl_runtime *runtime, const struct kl_container_handle *handle)
{
	(void)runtime;
	return pidfd_of(handle->monitor_pid, handle->monitor_start);
}

/*
 * conmon writes the file before it ends, so it is there when the watch fired; when conmon was killed it never comes.
 * Then the container has lost its stdio and its keeper: what is left of it is killed.
 */
static void oci_exit_status(struct kl_runtime *runtime, const char *id, const char *bundle, const char *cgroup,
	const struct kl_container_handle *handle, struct kl_container_exit *ret)
{
	struct oci *oci = oci_of(runtime);
	kl_autofree char *path = kl_asprintf("%s/%s", oci->exit_dir, id);
	kl_autobuf text = {.max = 64};
	struct stat st;

	(void)bundle;
	*ret = (struct kl_container_exit){.code = 137, .finished_ms = kl_realtime_ms(), .unknown = true};
	if (!kl_file_read(path, &text, NULL) && text.len && !stat(path, &st)) {
		ret->code = (int)strtol(kl_buf_str(&text), NULL, 10);
		ret->finished_ms = st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		ret->unknown = false;
	} else {
		oci_signal(runtime, handle, SIGKILL, NULL);
	}
	ret->oom_killed = ret->code == 137 && kl_cgroups_oom_kills(&oci->cgroups, cgroup) > 0;
}

static int oci_remove(struct kl_runtime *runtime, const char *id, const char *cgroup, struct kl_err *err)
{
	struct oci *oci = oci_of(runtime);
	kl_autofree char *state = kl_asprintf("%s/%s", oci->state_root, id);
	kl_autofree char *exit_file = kl_asprintf("%s/%s", oci->exit_dir, id);
	struct kl_err why = {0};
	int rc = 0;

	if (kl_path_exists(state))
		rc = runtime_call(oci, (const char *const[]){"delete", "--force", id, NULL}, &why);
	kl_cgroups_kill(&oci->cgroups, cgroup);
	kl_cgroups_remove(&oci->cgroups, cgroup);
	unlink(exit_file);
	if (rc && kl_path_exists(state))
		rc = kl_remove_tree(state, err); /* a damaged state: its processes are dead by the cgroup */
	else
		rc = 0;
	return rc;
}

static char **oci_exec_argv(
	struct kl_runtime *runtime, const char *id, const char *cwd, const char *const command[], bool tty)
{
	struct oci *oci = oci_of(runtime);
	size_t count = 0, at = 0;

	while (command[count])
		count++;
	char **argv = kl_calloc(count + 9, sizeof(*argv));
	argv[at++] = kl_strdup(oci->program);
	argv[at++] = kl_asprintf("--root=%s", oci->state_root);
	argv[at++] = kl_strdup("exec");
	if (tty)
		argv[at++] = kl_strdup("--tty");
	if (cwd && *cwd)
		argv[at++] = kl_asprintf("--cwd=%s", cwd);
	argv[at++] = kl_strdup(id);
	for (size_t i = 0; i < count; i++)
		argv[at++] = kl_strdup(command[i]);
	return argv;
}

static void oci_free(struct kl_runtime *runtime)
{
	struct oci *oci = oci_of(runtime);

	free(oci->program);
	free(oci->conmon);
	free(oci->state_root);
	free(oci->exit_dir);
	free(oci->version);
	kl_cgroups_release(&oci->cgroups);
	json_decref(oci->devices);
	free(oci);
}

static const struct kl_runtime_ops oci_ops = {
	.name = "oci",
	.create = oci_create,
	.start = oci_start,
	.signal = oci_signal,
	.catches = oci_catches,
	.watch_fd = oci_watch_fd,
	.exit_status = oci_exit_status,
	.remove = oci_remove,
	.exec_argv = oci_exec_argv,
	.free = oci_free,
};

/* --- what this machine allows */

static char *find_program(const char *name)
{
	static const char *const folders[] = {
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : kl_strdup(name);
	for (size_t i = 0; i < KL_ARRAY_LEN(folders); i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", folders[i], name);
		if (!access(path, X_OK))
			return kl_take(&path);
	}
	return NULL;
}

static uint64_t bounding_set(void)
{
	kl_autobuf text = {0};

	if (kl_file_read("/proc/self/status", &text, NULL))
		return 0;
	const char *at = strstr(kl_buf_str(&text), "CapBnd:");
	return at ? strtoull(at + strlen("CapBnd:"), NULL, 16) : 0;
}

/* Tries one below our own score and takes it back. */
static void probe_oom(struct kl_oci_host *host)
{
	kl_autobuf text = {.max = 32};
	char lower[16], own[16];

	if (kl_file_read("/proc/self/oom_score_adj", &text, NULL))
		return;
	host->own_oom = (int)strtol(kl_buf_str(&text), NULL, 10);
	snprintf(lower, sizeof(lower), "%d", host->own_oom - 1);
	snprintf(own, sizeof(own), "%d", host->own_oom);
	host->may_lower_oom = host->own_oom > -999 && !kl_file_poke("/proc/self/oom_score_adj", lower, NULL);
	kl_file_poke("/proc/self/oom_score_adj", own, NULL);
}

static void devices_below(const char *folder, json_t *list, int depth)
{
	static const char *const skipped[] = {"pts", "shm", "mqueue", "fd", "console", "ptmx"};
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		kl_autofree char *path = kl_asprintf("%s/%s", folder, entry->d_name);
		bool skip = entry->d_name[0] == '.';
		struct stat st;
		for (size_t i = 0; i < KL_ARRAY_LEN(skipped); i++)
			skip |= !strcmp(entry->d_name, skipped[i]);
		if (skip || lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 4)
			devices_below(path, list, depth + 1);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			json_array_append_new(
				list, json_pack("{s:s,s:s,s:I,s:I,s:i,s:i,s:i}", "path", path, "type",
					      S_ISCHR(st.st_mode) ? "c" : "b", "major", (json_int_t)major(st.st_rdev),
					      "minor", (json_int_t)minor(st.st_rdev), "fileMode",
					      (int)(st.st_mode & 0777), "uid", (int)st.st_uid, "gid", (int)st.st_gid));
	}
	if (dir)
		closedir(dir);
}

/*
 * crun 1.8 refuses a hybrid hierarchy while the v2 mount has controllers. In a mount namespace of our own an empty file
 * bound over the list cures that; in the machine's it would change what others see, so runc is taken there.
 */
static bool hide_controllers(struct oci *oci, const struct kl_oci_options *options, char **ret_report)
{
	kl_autofree char *file = NULL;

	if (!kl_cgroups_hybrid_controllers(&oci->cgroups, &file))
		return false;
	if (!options->own_mounts) {
		*ret_report =
			kl_strdup("hybrid cgroup hierarchy with v2 controllers, in the machine's mount namespace");
		return false;
	}
	kl_autofree char *empty = kl_asprintf("%s/no-controllers", options->run_dir);
	kl_autoclose int fd = open(empty, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
	if (fd < 0 || mount(empty, file, NULL, MS_BIND, NULL)) {
		*ret_report = kl_asprintf("could not hide '%s': %s", file, strerror(errno));
		return false;
	}
	return true;
}

/* A container that is created and deleted without ever running: an empty root and a program that need not exist. */
static int try_runtime(struct oci *oci, const char *run_dir, const char *cgroup_root, struct kl_err *err)
{
	kl_autofree char *bundle = kl_asprintf("%s/try", run_dir);
	kl_autofree char *rootfs = kl_asprintf("%s/rootfs", bundle);
	kl_autofree char *log = kl_asprintf("%s/log", bundle);
	kl_autofree char *cgroup = kl_asprintf("%s/try", cgroup_root);
	kl_autofree char *id = kl_asprintf("try-%d", (int)getpid());
	char *args[] = {(char[]){"/keelson-try"}, NULL}, *env[] = {NULL};
	const struct kl_container_spec spec = {.id = id,
		.bundle = bundle,
		.rootfs = rootfs,
		.args = args,
		.env = env,
		.cgroup = cgroup,
		.log_path = log,
		.resources = {.cpu_shares = 2}};
	kl_autojson *config = kl_oci_config(&spec, &oci->host);
	kl_autofree char *config_path = kl_asprintf("%s/config.json", bundle);
	kl_autofree char *text = kl_json_text(config);

	kl_remove_tree(bundle, NULL);
	int rc = kl_mkdir_p(rootfs, 0755, err);
	if (!rc)
		rc = kl_file_write_atomic(config_path, text, strlen(text), 0600, err);
	if (!rc) {
		struct kl_container_handle handle;
		const struct kl_conmon conmon = {.conmon = oci->conmon,
			.runtime = oci->program,
			.runtime_root = oci->state_root,
			.exit_dir = oci->exit_dir};
		rc = kl_conmon_create(&conmon, &spec, &handle, err);
		if (rc && err && strstr(err->text, "keelson-try"))
			rc = 0; /* it came as far as looking for the program: everything before works */
	}
	oci_remove(&oci->base, id, cgroup, NULL);
	kl_remove_tree(bundle, NULL);
	return rc;
}

static char *program_version(const char *program)
{
	struct kl_proc_result result;
	kl_autofree char *text = NULL;

	if (!kl_proc_run((const char *const[]){program, "--version", NULL}, NULL, 5000, &result, NULL)) {
		text = kl_strndup(kl_buf_str(&result.out), strcspn(kl_buf_str(&result.out), "\n"));
		kl_proc_result_release(&result);
	}
	char *word = text ? strstr(text, " version ") : NULL;
	if (!word)
		return kl_strdup("unknown");
	memmove(word + 1, word + strlen(" version "), strlen(word + strlen(" version ")) + 1);
	return kl_take(&text);
}

static int choose_runtime(struct oci *oci, const struct kl_oci_options *options, char **ret_report, struct kl_err *err)
{
	const char *const names[] = {options->crun ? options->crun : "crun", options->runc ? options->runc : "runc"};
	kl_autofree char *note = NULL;
	kl_autobuf report = {0};
	struct kl_err why = {0};

	bool hidden = hide_controllers(oci, options, &note);
	if (hidden)
		kl_buf_str_push(&report, "; cgroup.controllers of the v2 mount is hidden from it");
	if (note)
		kl_buf_printf(&report, "; %s", note);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		oci->program = find_program(names[i]);
		if (!oci->program) {
			kl_buf_printf(&report, "; '%s' is not installed", names[i]);
			continue;
		}
		if (!try_runtime(oci, options->run_dir, options->cgroup_root, &why)) {
			oci->version = program_version(oci->program);
			*ret_report = kl_asprintf("%s%s", oci->version, kl_buf_str(&report));
			return 0;
		}
		kl_buf_printf(&report, "; %s refuses: %s", names[i], why.text);
		free(kl_take(&oci->program));
	}
	return kl_fail_msg(err, ENOENT, "no OCI runtime works here%s", kl_buf_str(&report));
}

int kl_oci_new(const struct kl_oci_options *options, struct kl_runtime **ret, char **ret_report, struct kl_err *err)
{
	struct oci *oci = kl_calloc(1, sizeof(*oci));
	int rc;

	oci->base.ops = &oci_ops;
	oci->state_root = kl_asprintf("%s/crun", options->run_dir);
	oci->exit_dir = kl_asprintf("%s/exits", options->run_dir);
	oci->conmon = find_program(options->conmon ? options->conmon : "conmon");
	oci->devices = json_array();
	devices_below("/dev", oci->devices, 0);
	rc = kl_cgroups_load(&oci->cgroups, err);
	if (!rc && !oci->conmon)
		rc = kl_fail_msg(err, ENOENT, "the program 'conmon' is not installed");
	if (!rc)
		rc = kl_mkdir_p(oci->state_root, 0700, err);
	if (!rc)
		rc = kl_mkdir_p(oci->exit_dir, 0700, err);
	oci->host = (struct kl_oci_host){.capabilities = bounding_set(),
		.cgroup2_only = kl_cgroups_v2_only(&oci->cgroups),
		.devices = oci->devices};
	probe_oom(&oci->host);
	if (!rc)
		rc = choose_runtime(oci, options, ret_report, err);
	if (rc) {
		oci_free(&oci->base);
		return rc;
	}
	*ret = &oci->base;
	return 0;
}

const char *kl_oci_version(const struct kl_runtime *runtime)
{
	return oci_of((struct kl_runtime *)(uintptr_t)runtime)->version;
}

char **kl_oci_argv(const struct kl_runtime *runtime)
{
	const struct oci *oci = oci_of((struct kl_runtime *)(uintptr_t)runtime);
	char **argv = kl_calloc(3, sizeof(*argv));

	argv[0] = kl_strdup(oci->program);
	argv[1] = kl_asprintf("--root=%s", oci->state_root);
	return argv;
}
