#include "status_links.h"

#include "mem.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Linux 6.6; Debian's headers are older. */
enum { LINK_TYPE_TCX = 11 };

/* The words behind a link's common head, which the kernel fills by the link's type. */
struct link_words {
	uint32_t type, id, prog_id, padding;
	uint32_t words[16];
};

static void fill_target(struct kl_pinned_link *link, const struct link_words *info)
{
	switch (info->type) {
	case BPF_LINK_TYPE_XDP:
		link->type = "xdp";
		link->ifindex = info->words[0];
		break;
	case LINK_TYPE_TCX:
		link->type = "tcx";
		link->ifindex = info->words[0];
		link->attach_type = info->words[1];
		break;
	case BPF_LINK_TYPE_CGROUP:
		link->type = "cgroup";
		link->cgroup = (uint64_t)info->words[1] << 32 | info->words[0];
		link->attach_type = info->words[2];
		break;
	default:
		link->type = "?";
	}
}

static void fill_program(struct kl_pinned_link *link)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	kl_autoclose int fd = bpf_prog_get_fd_by_id(link->prog_id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return;
	snprintf(link->program, sizeof(link->program), "%s", info.name);
	for (size_t i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(link->tag + i * 2, 3, "%02x", info.tag[i]);
	link->instructions = info.xlated_prog_len / 8;
	link->loaded_ns = info.load_time;
}

static bool read_link(const char *dir, const char *name, struct kl_pinned_link *ret)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	struct link_words info = {0};
	uint32_t len = sizeof(info);
	kl_autoclose int fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return false;
	*ret = (struct kl_pinned_link){.prog_id = info.prog_id, .link_id = info.id};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	fill_target(ret, &info);
	fill_program(ret);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kl_pinned_link *)a)->name, ((const struct kl_pinned_link *)b)->name);
}

struct kl_pinned_link *kl_pinned_links(const char *pin_dir, size_t *ret_count)
{
	kl_autofree char *dir = kl_asprintf("%s/links", pin_dir);
	struct kl_pinned_link *links = NULL;
	size_t count = 0;
	DIR *folder = opendir(dir);
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		struct kl_pinned_link one;
		if (entry->d_name[0] == '.' || !read_link(dir, entry->d_name, &one))
			continue;
		links = kl_reallocarray(links, count + 1, sizeof(*links));
		links[count++] = one;
	}
	if (folder)
		closedir(folder);
	if (count)
		qsort(links, count, sizeof(*links), by_name);
	*ret_count = count;
	return links;
}

const struct kl_pinned_link *kl_pinned_link_find(const struct kl_pinned_link *links, size_t count, const char *program)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(links[i].program, program))
			return &links[i];
	return NULL;
}

bool kl_pinned_link_attached(const struct kl_pinned_link *link)
{
	return link->ifindex || link->cgroup;
}
