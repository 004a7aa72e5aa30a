#include "podns.h"

#include "file.h"
#include "proc.h"
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

struct making {
	const char *dir;
	const struct kl_podns_want *want;
	struct kl_err err;
	int rc;
};

static bool pinned(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == NSFS_MAGIC;
}

static int loopback_up(struct kl_err *err)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req))
		return kl_fail(err, errno, "bring the loopback device up");
	return 0;
}

static int pin(const char *dir, const char *name, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	kl_autofree char *source = kl_asprintf("/proc/thread-self/ns/%s", name);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

	if (fd < 0 || mount(source, path, NULL, MS_BIND, NULL))
		return kl_fail(err, errno, "pin the %s namespace at '%s'", name, path);
	return 0;
}

/* "net.core.somaxconn" → /proc/sys/net/core/somaxconn, which shows the calling thread's namespaces. */
static int set_sysctl(const char *name, const char *value, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("/proc/sys/%s", name);

	for (char *at = path + strlen("/proc/sys/"); *at; at++)
		if (*at == '.')
			*at = '/';
	if (strstr(path, "/../"))
		return kl_fail_msg(err, EINVAL, "bad sysctl name '%s'", name);
	return kl_file_poke(path, value, err);
}

static int make(struct making *m)
{
	const struct kl_podns_want *want = m->want;
	int flags =
		(want->net ? CLONE_NEWNET : 0) | (want->ipc ? CLONE_NEWIPC : 0) | (want->hostname ? CLONE_NEWUTS : 0);
	int rc = 0;

	if (unshare(flags))
		return kl_fail(&m->err, errno, "make the pod's namespaces");
	if (want->hostname && sethostname(want->hostname, strlen(want->hostname)))
		return kl_fail(&m->err, errno, "set the pod's host name");
	if (want->net)
		rc = loopback_up(&m->err);
	for (const char *const *s = want->sysctls; !rc && s && s[0]; s += 2)
		rc = set_sysctl(s[0], s[1], &m->err);
	if (!rc && want->hostname)
		rc = pin(m->dir, "uts", &m->err);
	if (!rc && want->ipc)
		rc = pin(m->dir, "ipc", &m->err);
	if (!rc && want->net)
		rc = pin(m->dir, "net", &m->err); /* last: its presence says that all are there */
	return rc;
}

/* A thread of its own, which takes the namespaces along when it ends: nothing else ever runs in them unasked. */
static void *make_thread(void *arg)
{
	struct making *m = arg;

	m->rc = make(m);
	return NULL;
}

/* --- the pid namespace, which lives only as long as its first process */

/* Reaps what is orphaned in the pod; as init of its namespace it is deaf to signals that it does not ask for. */
static void __attribute__((noreturn)) be_init(void)
{
	sigset_t set;

	setsid();
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	prctl(PR_SET_NAME, "pause", 0, 0, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		sigwaitinfo(&set, NULL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

int kl_podns_hold_pid(const char *dir, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/pid", dir), *note = kl_asprintf("%s/init", dir);

	if (unshare(CLONE_NEWPID))
		return kl_fail(err, errno, "make a pid namespace");
	pid_t child = fork();
	if (child < 0)
		return kl_fail(err, errno, "fork");
	if (child == 0)
		be_init();
	kl_autofree char *source = kl_asprintf("/proc/%d/ns/pid", (int)child);
	kl_autofree char *text = kl_asprintf("%d %" PRIu64 "\n", (int)child, kl_pid_start(child));
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	int rc = kl_file_write_atomic(note, text, strlen(text), 0600, err);
	if (!rc && (fd < 0 || mount(source, path, NULL, MS_BIND, NULL)))
		rc = kl_fail(err, errno, "pin the pid namespace at '%s'", path);
	if (rc)
		kill(child, SIGKILL);
	return rc;
}

static int hold_pid(const char *dir, struct kl_err *err)
{
	return kl_proc_check((const char *const[]){"/proc/self/exe", "agent", "--hold-pid-namespace", dir, NULL}, err);
}

static void end_init(const char *dir)
{
	kl_autofree char *note = kl_asprintf("%s/init", dir);
	kl_autobuf text = {.max = 128};
	uint64_t start = 0;
	int pid = 0;

	if (!kl_file_read(note, &text, NULL) && sscanf(kl_buf_str(&text), "%d %" SCNu64, &pid, &start) == 2 && start &&
		kl_pid_start(pid) == start)
		kill(pid, SIGKILL);
	unlink(note);
}

int kl_podns_make(const char *dir, const struct kl_podns_want *want, struct kl_err *err)
{
	const char *last_name = want->pid ? "pid" : want->net ? "net" : want->ipc ? "ipc" : "uts";
	kl_autofree char *last = kl_asprintf("%s/%s", dir, last_name);
	struct making m = {.dir = dir, .want = want};
	pthread_t thread;

	if (!want->net && !want->ipc && !want->hostname && !want->pid)
		return 0;
	if (pinned(last))
		return 0;
	kl_podns_remove(dir);
	int rc = kl_mkdir_p(dir, 0711, err);
	if (rc)
		return rc;
	rc = pthread_create(&thread, NULL, make_thread, &m);
	if (rc)
		return kl_fail(err, rc, "start a thread for the pod's namespaces");
	pthread_join(thread, NULL);
	if (!m.rc && want->pid)
		m.rc = hold_pid(dir, &m.err);
	if (m.rc) {
		kl_podns_remove(dir);
		if (err)
			*err = m.err;
	}
	return m.rc;
}

bool kl_podns_alive(const char *dir)
{
	kl_autofree char *path = kl_asprintf("%s/net", dir);

	return pinned(path);
}

void kl_podns_remove(const char *dir)
{
	static const char *const names[] = {"net", "ipc", "uts", "pid"};

	end_init(dir);
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", dir, names[i]);
		while (umount2(path, MNT_DETACH) == 0)
			;
		unlink(path);
	}
	rmdir(dir);
}
