/*
 * A list of address ranges without redundancy, and the ranges that are never masqueraded to. Pure.
 */
#ifndef KL_RANGES_H
#define KL_RANGES_H

#include "err.h"
#include "mem.h"
#include "podload.h"

struct kl_ranges {
	struct kl_podload_prefix *items;
	size_t count, size;
};
void kl_ranges_release(struct kl_ranges *ranges);
#define kl_autoranges kl_cleanup(kl_ranges_release) struct kl_ranges
void kl_ranges_copy(struct kl_ranges *to, const struct kl_ranges *from);
/* Unless it lies in one that is there; those that lie in it go. */
void kl_ranges_put(struct kl_ranges *ranges, const struct kl_podload_prefix *range);
/* A NULL-terminated list (NULL: none) of CIDRs, each item perhaps a comma-separated list. */
int kl_ranges_read(struct kl_ranges *ranges, const char *const *list, struct kl_err *err);
/* What ip-masq-agent does not masquerade to unless told otherwise, and IPv6's unique local addresses. */
void kl_ranges_defaults(struct kl_ranges *ranges);
/* Link-local and multicast. */
void kl_ranges_always(struct kl_ranges *ranges);

#endif
