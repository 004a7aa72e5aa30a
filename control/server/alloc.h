/*
 * What Services take from the cluster's pools: ClusterIPs and node ports. The pools are in memory; what is taken is
 * what the stored Services say, so they are filled again at each start.
 *
 * A write first assigns (and holds) what it needs, and settles once it knows whether it was stored.
 *
 * Threads: every function may be called from any thread.
 */
#ifndef KL_ALLOC_H
#define KL_ALLOC_H

#include "api.h"

struct kl_alloc;

/* service_cidr: "10.96.0.0/16", or two of different families with a comma; the first is the default family. */
int kl_alloc_new(const char *service_cidr, int port_min, int port_max, struct kl_alloc **ret, struct kl_err *err);
void kl_alloc_free(struct kl_alloc *alloc);
/* Marks what a stored Service holds. */
void kl_alloc_adopt(struct kl_alloc *alloc, const json_t *service);
/* The first address of the first range: the Service default/kubernetes. */
const char *kl_alloc_first_ip(const struct kl_alloc *alloc);
/* Its tenth, where everybody looks for DNS; never given by chance. "": the range is too small. */
const char *kl_alloc_dns_ip(const struct kl_alloc *alloc);

/* Before an update is validated: keeps what it leaves out but may not change, drops what its new type has no use for.
 */
void kl_alloc_carry_over(const json_t *old, json_t *service);

struct kl_alloc_change {
	json_t *taken, *dropped; /* arrays of "10.96.0.7" and port numbers; NULL: none */
};
/*
 * Fills clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy and every missing nodePort of `service`, the successor of
 * `old` (NULL: new). 0, or -1 with st (422): then nothing is held.
 */
int kl_alloc_assign(struct kl_alloc *alloc, const json_t *old, json_t *service, struct kl_alloc_change *change,
	struct kl_status *st);
/* Everything a Service holds, to be dropped when its deletion is stored. */
void kl_alloc_drop(const json_t *service, struct kl_alloc_change *change);
/* Keeps what was taken and frees what was dropped, or the other way round. */
void kl_alloc_settle(struct kl_alloc *alloc, struct kl_alloc_change *change, bool stored);

#endif
