#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"
#include "link.h"

int kl_netns_open(const char *path, struct kl_err *err)
{
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "open the network namespace '%s'", path);
	/* The file that a namespace was bound to stays as an empty one after a reboot or an unmount. */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return kl_fail_msg(err, EINVAL, "'%s' is no network namespace", path);
	int ret = fd;
	fd = -1;
	return ret;
}

struct visit {
	int netns_fd;
	int (*fn)(void *arg, struct kl_err *err);
	void *arg;
	struct kl_err *err;
	int rc;
};

static void *visit(void *arg)
{
	struct visit *visit = arg;
	if (visit->netns_fd >= 0 && setns(visit->netns_fd, CLONE_NEWNET))
		visit->rc = kl_fail(visit->err, errno, "enter a network namespace");
	else
		visit->rc = visit->fn(visit->arg, visit->err);
	return NULL;
}

int kl_netns_run(int netns_fd, int (*fn)(void *arg, struct kl_err *err), void *arg, struct kl_err *err)
{
	struct visit call = {.netns_fd = netns_fd, .fn = fn, .arg = arg, .err = err};
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, visit, &call);
	if (rc)
		return kl_fail(err, rc, "start a thread");
	pthread_join(thread, NULL);
	return call.rc;
}

static int lo_up(struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info lo;
	int rc = kl_link_open(-1, &link, err);
	if (!rc)
		rc = kl_link_get(link, "lo", &lo, err);
	if (!rc)
		rc = kl_link_up(link, lo.ifindex, err);
	return rc;
}

static int make_and_bind(void *arg, struct kl_err *err)
{
	char self[64];
	const char *path = arg;
	if (unshare(CLONE_NEWNET))
		return kl_fail(err, errno, "make a network namespace");
	int rc = lo_up(err);
	if (rc)
		return rc;
	snprintf(self, sizeof(self), "/proc/self/task/%d/ns/net", gettid());
	if (mount(self, path, "none", MS_BIND, NULL))
		return kl_fail(err, errno, "bind a network namespace to '%s'", path);
	return 0;
}

int kl_netns_new(const char *path, struct kl_err *err)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return kl_fail(err, errno, "create '%s'", path);
	close(fd);
	char *copy = (char *)(uintptr_t)path;
	int rc = kl_netns_run(-1, make_and_bind, copy, err);
	if (rc)
		unlink(path);
	return rc;
}

int kl_netns_remove(const char *path, struct kl_err *err)
{
	/* EINVAL: nothing is mounted there. Mounts may be stacked. */
	while (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		;
	if (errno != EINVAL && errno != ENOENT)
		return kl_fail(err, errno, "unmount '%s'", path);
	if (unlink(path) && errno != ENOENT)
		return kl_fail(err, errno, "remove '%s'", path);
	return 0;
}

static int read_cookie(void *arg, struct kl_err *err)
{
	kl_autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, arg, &len))
		return kl_fail(err, errno, "ask for a network namespace's cookie");
	return 0;
}

int kl_netns_cookie(int netns_fd, uint64_t *ret, struct kl_err *err)
{
	return kl_netns_run(netns_fd, read_cookie, ret, err);
}

struct sysctl {
	const char *name, *value;
};

static int write_sysctl(void *arg, struct kl_err *err)
{
	const struct sysctl *sysctl = arg;
	char path[256];
	snprintf(path, sizeof(path), "/proc/sys/net/%s", sysctl->name);
	return kl_file_poke(path, sysctl->value, err);
}

int kl_netns_sysctl(int netns_fd, const char *name, const char *value, struct kl_err *err)
{
	struct sysctl sysctl = {name, value};
	return netns_fd < 0 ? write_sysctl(&sysctl, err) : kl_netns_run(netns_fd, write_sysctl, &sysctl, err);
}
