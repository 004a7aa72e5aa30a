/*
 * BPF links by their pins: libbpf 1.1 knows no tcx, so this speaks bpf(2).
 */
#ifndef KL_BPF_LINK_H
#define KL_BPF_LINK_H

#include "err.h"

#include <stdint.h>

enum { KL_TCX_INGRESS = 46, KL_TCX_EGRESS = 47 }; /* enum bpf_attach_type, since Linux 6.6 */

struct kl_bpf_link_spec {
	const char *path; /* of the pin */
	int prog_fd;
	uint32_t attach_type; /* enum bpf_attach_type */
	int target;           /* cgroup: descriptor of its folder; others: interface index */
	uint32_t flags;
};
/* Replaces the program of the pinned link where it still holds this target, otherwise makes and pins a new link. */
int kl_bpf_link_ensure(const struct kl_bpf_link_spec *spec, struct kl_err *err);

#endif
