/*
 * The programs that are attached for a node, by their pinned links: what `keelson status` lists and `trace` runs.
 */
#ifndef KL_STATUS_LINKS_H
#define KL_STATUS_LINKS_H

#include "err.h"
#include "json.h"

#include <stdint.h>

struct kl_pinned_link {
	char name[64];    /* of the pin */
	char program[16]; /* the kernel's name of the program */
	const char *type; /* "xdp", "tcx", "cgroup", "iter", "?" */
	uint32_t prog_id, link_id;
	uint32_t ifindex;     /* xdp and tcx; 0: detached */
	uint64_t cgroup;      /* cgroup: its id; 0: detached */
	uint32_t attach_type; /* enum bpf_attach_type; xdp: 0 */
	char tag[17];
	uint32_t instructions;
	uint64_t loaded_ns; /* since boot */
};
/* Sorted by name; owned by the caller. An absent folder is an empty list. */
struct kl_pinned_link *kl_pinned_links(const char *pin_dir, size_t *ret_count);
/* The first of that program; NULL: none. */
const struct kl_pinned_link *kl_pinned_link_find(const struct kl_pinned_link *links, size_t count, const char *program);
/* Is it attached to what it was made for? */
bool kl_pinned_link_attached(const struct kl_pinned_link *link);

#endif
