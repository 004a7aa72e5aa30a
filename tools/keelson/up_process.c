#include "up_process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

uint64_t kl_process_start_time(pid_t pid)
{
	kl_autofree char *path = kl_asprintf("/proc/%d/stat", pid);
	kl_autobuf text = {0};
	if (kl_file_read(path, &text, NULL))
		return 0;
	/* The name in parentheses may hold anything, so the fields are counted from its last parenthesis: state is the
	 * 3rd. */
	const char *at = strrchr(kl_buf_str(&text), ')');
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	at += 2;
	for (int field = 3; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

int64_t kl_process_started_ms(pid_t pid)
{
	struct timespec boot;
	int64_t ticks = (int64_t)kl_process_start_time(pid);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t since_boot_ms = boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
	return ticks ? kl_realtime_ms() - since_boot_ms + ticks * 1000 / sysconf(_SC_CLK_TCK) : 0;
}

pid_t kl_pidfile_read(const char *path)
{
	kl_autobuf text = {0};
	int pid;
	uint64_t start;
	if (kl_file_read(path, &text, NULL) || sscanf(kl_buf_str(&text), "%d %" SCNu64, &pid, &start) != 2)
		return 0;
	return pid > 1 && start && kl_process_start_time(pid) == start ? pid : 0;
}

int kl_pidfile_write(const char *path, pid_t pid, struct kl_err *err)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", pid, kl_process_start_time(pid));
	return kl_file_write_atomic(path, text, (size_t)len, 0644, err);
}

uint64_t kl_process_rss(pid_t pid)
{
	kl_autofree char *path = kl_asprintf("/proc/%d/statm", pid);
	kl_autobuf text = {0};
	uint64_t size, resident;
	if (kl_file_read(path, &text, NULL) || sscanf(kl_buf_str(&text), "%" SCNu64 " %" SCNu64, &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

const char *kl_cgroup2_mount(void)
{
	static char found[256];
	if (found[0])
		return found;
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	for (const struct mntent *entry; mounts && (entry = getmntent(mounts));)
		if (!strcmp(entry->mnt_type, "cgroup2") && !found[0])
			snprintf(found, sizeof(found), "%s", entry->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return found[0] ? found : NULL;
}

/* What the child opens before it leaves our namespaces. */
struct start {
	const struct kl_process_spec *spec;
	int log, null, netns, mntns, cgroup, report;
};

/* Between fork and exec only async-signal-safe calls: the parent may have threads. Never returns. */
static void __attribute__((noreturn)) child(const struct start *start)
{
	static const char *const words[] = {
		"join the cgroup", "enter the network namespace", "enter the mount namespace", "start the program"};
	size_t step = 0;
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(start->null, STDIN_FILENO);
	dup2(start->log, STDOUT_FILENO);
	dup2(start->log, STDERR_FILENO);
	if (start->cgroup >= 0 && write(start->cgroup, "0", 1) != 1)
		goto failed;
	step++;
	if (start->netns >= 0 && setns(start->netns, CLONE_NEWNET))
		goto failed;
	step++;
	if (start->mntns >= 0 && (setns(start->mntns, CLONE_NEWNS) || chdir("/")))
		goto failed;
	step++;
	execv(start->spec->argv[0], (char *const *)(uintptr_t)start->spec->argv);
failed:;
	struct {
		int code;
		char words[60];
	} report = {.code = errno};
	strncpy(report.words, words[step], sizeof(report.words) - 1);
	if (write(start->report, &report, sizeof(report)) < 0)
		_exit(126);
	_exit(127);
}

static int open_or_none(const char *path, int flags, const char *what, int *ret, struct kl_err *err)
{
	*ret = -1;
	if (!path)
		return 0;
	*ret = open(path, flags | O_CLOEXEC, 0640);
	return *ret < 0 ? kl_fail(err, errno, "open %s '%s'", what, path) : 0;
}

static int open_cgroup(const char *cgroup, int *ret, struct kl_err *err)
{
	const char *mount = cgroup ? kl_cgroup2_mount() : NULL;
	*ret = -1;
	if (!mount)
		return 0;
	kl_autofree char *dir = kl_asprintf("%s%s", mount, cgroup), *procs = kl_asprintf("%s/cgroup.procs", dir);
	int rc = kl_mkdir_p(dir, 0755, err);
	return rc ? rc : open_or_none(procs, O_WRONLY, "the cgroup", ret, err);
}

/* The pipe closes when exec succeeds; else the child's errno and step come through it. */
static int wait_exec(int fd, pid_t pid, const char *program, struct kl_err *err)
{
	struct {
		int code;
		char words[60];
	} report;
	ssize_t n;
	while ((n = read(fd, &report, sizeof(report))) < 0 && errno == EINTR)
		;
	if (n != sizeof(report))
		return 0;
	waitpid(pid, NULL, 0);
	return kl_fail(err, report.code, "%s: %.60s", program, report.words);
}

int kl_process_start(const struct kl_process_spec *spec, pid_t *ret, struct kl_err *err)
{
	kl_autoclose int log = -1, null = -1, netns = -1, mntns = -1, cgroup = -1, in = -1, out = -1;
	int pipe[2];
	int rc = open_or_none(spec->log, O_WRONLY | O_CREAT | O_APPEND, "the log", &log, err);
	rc = rc ? rc : open_or_none("/dev/null", O_RDONLY, "", &null, err);
	rc = rc ? rc : open_or_none(spec->netns, O_RDONLY, "the network namespace", &netns, err);
	rc = rc ? rc : open_or_none(spec->mntns, O_RDONLY, "the mount namespace", &mntns, err);
	rc = rc ? rc : open_cgroup(spec->cgroup, &cgroup, err);
	if (rc)
		return rc;
	if (pipe2(pipe, O_CLOEXEC))
		return kl_fail(err, errno, "make a pipe");
	in = pipe[0];
	out = pipe[1];
	struct start start = {spec, log, null, netns, mntns, cgroup, out};
	pid_t pid = fork();
	if (pid < 0)
		return kl_fail(err, errno, "fork");
	if (!pid)
		child(&start);
	close(out);
	out = -1;
	rc = wait_exec(in, pid, spec->argv[0], err);
	if (!rc)
		*ret = pid;
	return rc;
}

int kl_pidfile_stop(const char *path, int grace_ms, struct kl_err *err)
{
	pid_t pid = kl_pidfile_read(path);
	if (!pid)
		return 0;
	kl_autoclose int fd = pidfd_open(pid, 0);
	if (fd < 0 && errno == ESRCH)
		return 0;
	if (fd < 0 || kl_pidfile_read(path) != pid)
		return fd < 0 ? kl_fail(err, errno, "watch process %d", pid) : 0;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	pidfd_send_signal(fd, SIGTERM, NULL, 0);
	if (poll(&poll_fd, 1, grace_ms) > 0)
		return 0;
	pidfd_send_signal(fd, SIGKILL, NULL, 0);
	return poll(&poll_fd, 1, 5000) > 0 ? 0 : kl_fail_msg(err, ETIMEDOUT, "process %d does not die", pid);
}
