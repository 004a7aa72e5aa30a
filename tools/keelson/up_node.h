/*
 * What a node of a local cluster stands in: a network namespace on the cluster's bridge, and a mount namespace.
 *
 *	root namespace:  bridge kl-NAME 10.88.i.1 ── kl<i>-node1 ═ eth0 10.88.i.11  [kl-NAME-node1]
 *	                                          └─ kl<i>-node2 ═ eth0 10.88.i.12  [kl-NAME-node2]
 *
 * Everything is idempotent: what is there already stays as it is.
 */
#ifndef KL_UP_NODE_H
#define KL_UP_NODE_H

#include "up_cluster.h"

int kl_cluster_bridge_make(struct kl_link *host, const struct kl_cluster *cluster, struct kl_err *err);
int kl_cluster_bridge_remove(struct kl_link *host, const struct kl_cluster *cluster, struct kl_err *err);
int kl_node_make(
	struct kl_link *host, const struct kl_cluster *cluster, const struct kl_cluster_node *node, struct kl_err *err);
/* Its processes must be gone: they hold the namespaces. */
int kl_node_remove(struct kl_link *host, const struct kl_cluster_node *node, struct kl_err *err);
/* Host routes: a pod range through its node; the service range through the first node. */
int kl_cluster_route(struct kl_link *host, const char *cidr, const char *node_ip, struct kl_err *err);
/* Unmounts everything at or below the folder in this mount namespace, the deepest first. */
int kl_unmount_below(const char *dir, struct kl_err *err);

#endif
