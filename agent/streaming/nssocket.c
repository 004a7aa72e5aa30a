#include "forward.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int kl_socket_in_netns(const char *netns_path, int domain, int type)
{
	if (!netns_path) {
		int fd = socket(domain, type | SOCK_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	kl_autoclose int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	kl_autoclose int there = open(netns_path, O_RDONLY | O_CLOEXEC);
	if (there < 0)
		return -errno;
	if (setns(there, CLONE_NEWNET) < 0)
		return -errno;
	int fd = socket(domain, type | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : fd;
	if (setns(home, CLONE_NEWNET) < 0) {
		/* A worker thread left in a pod's namespace would do the node's work there. */
		kl_error("streaming: cannot return from network namespace '%s'", netns_path);
		abort();
	}
	return rc;
}
