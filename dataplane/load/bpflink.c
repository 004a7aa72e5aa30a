#include "bpflink.h"

#include "file.h"
#include "mem.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct bpf_link_info of the running kernel has more kinds than our headers: only its first words are looked at. */
enum { LINK_TYPE_CGROUP = 3, LINK_TYPE_XDP = 6, LINK_TYPE_TCX = 11 };

static uint64_t cgroup_id(int fd)
{
	struct stat st;
	return fstat(fd, &st) ? 0 : (uint64_t)st.st_ino;
}

/* Does the link hold this target? The interface may have gone, or the hierarchy may be another. */
static bool link_holds(int fd, const struct kl_bpf_link_spec *spec)
{
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	if (info.type == LINK_TYPE_CGROUP)
		return info.cgroup.attach_type == spec->attach_type && info.cgroup.cgroup_id == cgroup_id(spec->target);
	if (info.type == LINK_TYPE_XDP)
		return spec->attach_type == BPF_XDP && (int)info.xdp.ifindex == spec->target;
	/* tcx: ifindex, then attach type, where xdp has its ifindex. */
	const uint32_t *tcx = (const uint32_t *)(const void *)&info.xdp;
	return info.type == LINK_TYPE_TCX && (int)tcx[0] == spec->target && tcx[1] == spec->attach_type;
}

static int link_create(const struct kl_bpf_link_spec *spec)
{
	union bpf_attr attr = {0};
	attr.link_create.prog_fd = (uint32_t)spec->prog_fd;
	attr.link_create.target_fd = (uint32_t)spec->target; /* or target_ifindex: a union */
	attr.link_create.attach_type = spec->attach_type;
	attr.link_create.flags = spec->flags;
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

int kl_bpf_link_ensure(const struct kl_bpf_link_spec *spec, struct kl_err *err)
{
	kl_autoclose int old = bpf_obj_get(spec->path);
	if (old >= 0 && link_holds(old, spec)) {
		if (bpf_link_update(old, spec->prog_fd, NULL))
			return kl_fail(err, errno, "replace the program of '%s'", spec->path);
		return 0;
	}
	if (old >= 0 && unlink(spec->path))
		return kl_fail(err, errno, "remove the stale pin '%s'", spec->path);
	/* The stale link's descriptor goes first: an interface takes only one XDP link. */
	if (old >= 0)
		close(kl_take(&old));
	old = -1;
	kl_autoclose int fd = link_create(spec);
	if (fd < 0)
		return kl_fail(err, errno, "attach '%s'", spec->path);
	if (bpf_obj_pin(fd, spec->path))
		return kl_fail(err, errno, "pin '%s'", spec->path);
	return 0;
}
