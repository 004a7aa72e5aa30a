#include "reap.h"

#include "load_impl.h"

#include "mem.h"

#include "kl_reap_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static void destroy(struct kl_reap_bpf *object)
{
	kl_reap_bpf__destroy(object);
}
KL_AUTO(cleanup_reap, struct kl_reap_bpf, destroy)

static int load(const struct kl_maps *maps, struct kl_err *err)
{
	kl_cleanup(cleanup_reap) struct kl_reap_bpf *skeleton = kl_reap_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the socket iterator");
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, kl_maps_name((enum kl_map_id)id));
		if (map && bpf_map__reuse_fd(map, maps->fd[id]))
			return kl_fail(err, errno, "use the pinned map %s", kl_maps_name((enum kl_map_id)id));
	}
	kl_object_describe(skeleton->obj);
	int failed = kl_reap_bpf__load(skeleton);
	if (failed)
		return kl_fail(err, -failed,
			"load the socket iterator (it needs the kernel's BTF and bpf_sock_destroy, Linux 6.5)");
	int fd = fcntl(bpf_program__fd(skeleton->progs.kl_reap_udp), F_DUPFD_CLOEXEC, 3);
	return fd >= 0 ? fd : kl_fail(err, errno, "duplicate the iterator's descriptor");
}

int kl_reap_load(const struct kl_maps *maps, struct kl_err *err)
{
	int fd = load(maps, err);
	malloc_trim(0); /* the kernel's BTF was several megabytes */
	return fd;
}

/* The iterator belongs to the namespace in which it is created. */
static int iterate(int prog_fd, struct kl_err *err)
{
	char ignored[256];
	kl_autoclose int link = bpf_link_create(prog_fd, 0, BPF_TRACE_ITER, NULL);
	if (link < 0)
		return kl_fail(err, errno, "attach the socket iterator");
	kl_autoclose int iter = bpf_iter_create(link);
	if (iter < 0)
		return kl_fail(err, errno, "start the socket iterator");
	ssize_t got;
	while ((got = read(iter, ignored, sizeof(ignored))) > 0 || (got < 0 && errno == EAGAIN))
		;
	return got < 0 ? kl_fail(err, errno, "iterate over sockets") : 0;
}

int kl_reap_run(int prog_fd, const char *netns, struct kl_err *err)
{
	if (!netns)
		return iterate(prog_fd, err);
	kl_autoclose int there = open(netns, O_RDONLY | O_CLOEXEC);
	kl_autoclose int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (there < 0 || here < 0)
		return kl_fail(err, errno, "open the network namespace '%s'", netns);
	if (setns(there, CLONE_NEWNET))
		return kl_fail(err, errno, "enter the network namespace '%s'", netns);
	int failed = iterate(prog_fd, err);
	if (setns(here, CLONE_NEWNET))
		abort(); /* a pool's thread in a pod's namespace would do anything to anybody */
	return failed;
}
