/*
 * What the loaders of this folder share. Internal to dataplane/load.
 */
#ifndef KL_LOAD_IMPL_H
#define KL_LOAD_IMPL_H

#include "err.h"
#include "maps.h"
#include "mem.h"

#include <bpf/libbpf.h>

/* Says in an opened object's .rodata which build it is of. */
void kl_object_describe(struct bpf_object *object);
/* Loads an opened object against the pinned maps; the error holds the verifier's last words. */
int kl_object_load(struct bpf_object *object, const struct kl_maps *maps, struct kl_err *err);
/* <pin_dir>/progs/<name>; a new pin takes the old one's place at once. */
int kl_program_pin(const char *pin_dir, const char *name, int fd, struct kl_err *err);
/* BPF_F_IPV6 of bpf_l4_csum_replace where the kernel knows it, else 0. */
uint64_t kl_csum_v6_flag(void);

#endif
