/*
 * The way out of a local cluster: nodes and pods reach what this machine reaches (image registries above all), under
 * this machine's address. One nftables table per cluster in the root namespace, made and removed whole; IPv4 alone.
 */
#ifndef KL_UP_NAT_H
#define KL_UP_NAT_H

#include "up_cluster.h"

/* Forwarding on this machine and the cluster's table; idempotent. */
int kl_cluster_nat_make(const struct kl_cluster *cluster, struct kl_err *err);
/* An absent table is fine. `last`: no cluster is left, and forwarding becomes what it was before the first. */
int kl_cluster_nat_remove(const char *name, bool last, struct kl_err *err);

#endif
