/* Are our programs still where we attached them? */
#include "load.h"

#include "file.h"
#include "mem.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

/* struct bpf_link_info of the running kernel has more kinds than our headers: only its first words are looked at. */
enum { LINK_TYPE_CGROUP = 3, LINK_TYPE_XDP = 6, LINK_TYPE_TCX = 11 };

/* A link whose target is gone, or from which somebody detached it, says 0 where it stood. */
static bool is_attached(const struct bpf_link_info *info)
{
	switch (info->type) {
	case LINK_TYPE_CGROUP:
		return info->cgroup.cgroup_id;
	case LINK_TYPE_XDP:
	case LINK_TYPE_TCX: /* the interface is its first word too */
		return info->xdp.ifindex;
	default:
		return true;
	}
}

static int program_id(const char *path, uint32_t *ret)
{
	kl_autoclose int fd = bpf_obj_get(path);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -ENOENT;
	*ret = info.id;
	return 0;
}

static int check_link(const char *pin_dir, const char *name, struct kl_err *err)
{
	kl_autofree char *link = kl_asprintf("%s/links/%s", pin_dir, name);
	kl_autofree char *prog = kl_asprintf("%s/progs/%s", pin_dir, name);
	struct bpf_link_info info = {0};
	uint32_t len = sizeof(info), id;
	kl_autoclose int fd = bpf_obj_get(link);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return kl_fail_msg(err, ENOENT, "the link of %s is gone", name);
	if (!is_attached(&info))
		return kl_fail_msg(err, ENOLINK, "%s was detached", name);
	if (program_id(prog, &id) || id != info.prog_id)
		return kl_fail_msg(err, ESTALE, "another program stands in the place of %s", name);
	return 0;
}

/* Programs with one link each, named alike; those of pods have one for each pod. */
static bool has_link(const char *name)
{
	static const char *const begins[] = {"kl_connect", "kl_sendmsg", "kl_recvmsg", "kl_getpeername", "kl_bind",
		"kl_post_bind", "kl_release", "kl_lb_"};
	size_t len = strlen(name);
	if (len > 4 && !strcmp(name + len - 4, "_new")) /* half replaced */
		return false;
	for (size_t i = 0; i < KL_ARRAY_LEN(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

int kl_load_check(const struct kl_load_options *options, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/progs", options->pin_dir);
	DIR *dir = opendir(path);
	int failed = 0;
	size_t seen = 0;
	for (const struct dirent *entry; dir && !failed && (entry = readdir(dir));) {
		if (!has_link(entry->d_name))
			continue;
		failed = check_link(options->pin_dir, entry->d_name, err);
		seen++;
	}
	if (dir)
		closedir(dir);
	return failed || seen ? failed : kl_fail_msg(err, ENOENT, "no program is pinned in '%s'", path);
}
