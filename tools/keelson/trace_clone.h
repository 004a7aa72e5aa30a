/*
 * A copy of a node's tables with the same programs loaded against it: what runs there disturbs nothing and leaves
 * nothing behind. In the copy events are on, so that the programs tell what they do.
 */
#ifndef KL_TRACE_CLONE_H
#define KL_TRACE_CLONE_H

#include "err.h"
#include "maps.h"
#include "mem.h"

#include <stddef.h>
#include <stdint.h>

enum kl_trace_object { KL_TRACE_LB_TC, KL_TRACE_LB_XDP, KL_TRACE_POD, KL_TRACE_OBJECTS };

struct kl_trace_clone;
/* pin_dir's tables are copied; programs are configured as the loaded ones are. */
struct kl_trace_clone *kl_trace_clone_new(const char *pin_dir, const struct kl_maps *maps);
void kl_trace_clone_free(struct kl_trace_clone *clone);
KL_AUTO(kl_cleanup_trace_clone, struct kl_trace_clone, kl_trace_clone_free)
#define kl_autotraceclone kl_cleanup(kl_cleanup_trace_clone) struct kl_trace_clone

/* Loads an object on first use. A descriptor that the clone owns; negative errno. */
int kl_trace_clone_program(
	struct kl_trace_clone *clone, enum kl_trace_object object, const char *program, struct kl_err *err);
/* The copy's descriptor of a map; -1: no such map yet. */
int kl_trace_clone_map(const struct kl_trace_clone *clone, const char *name);
int kl_trace_clone_counters(const struct kl_trace_clone *clone, struct kl_map_counters *ret, struct kl_err *err);
/* Takes what the programs have told since the last call; owned by the caller. */
struct kl_map_event *kl_trace_clone_events(struct kl_trace_clone *clone, size_t *ret_count);
/* The tag of a program, as bpftool prints it: equal tags are equal instructions. */
int kl_trace_tag(int prog_fd, char ret[17]);

#endif
