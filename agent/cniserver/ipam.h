/*
 * Which addresses of the node's pod ranges are free. Pure: it is told the time, and what is in use after a restart.
 *
 * An address that comes back rests for a while, so that peers' and conntrack's memory of its last owner has faded when
 * it is given out again; under pressure the one that has rested longest is taken early.
 */
#ifndef KL_IPAM_H
#define KL_IPAM_H

#include "link.h"

enum { KL_IPAM_MAX = 1 << 16 }; /* addresses of a range that are used at all */
enum { KL_IPAM_REST_MS = 30000 };

struct kl_ipam;

struct kl_ipam *kl_ipam_new(const struct kl_prefix *range);
void kl_ipam_free(struct kl_ipam *ipam);
const struct kl_prefix *kl_ipam_range(const struct kl_ipam *ipam);
/* -ENOSPC when all are in use. Never the network, the gateway (the first) nor a v4 broadcast address. */
int kl_ipam_take(struct kl_ipam *ipam, int64_t now_ms, struct kl_addr *ret);
/* Marks an address as used, as found after a restart; one outside the range is ignored. */
void kl_ipam_hold(struct kl_ipam *ipam, const struct kl_addr *addr);
void kl_ipam_release(struct kl_ipam *ipam, const struct kl_addr *addr, int64_t now_ms);
uint32_t kl_ipam_free_count(const struct kl_ipam *ipam);

#endif
