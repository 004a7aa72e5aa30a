/*
 * Makes the veths of a local cluster fit for native XDP (--agent-arg --lb-mode=xdp). Real drivers need none of this.
 *
 * Found by trying on kernel 6.18: what XDP_TX sends back over a veth waits in the peer's ring until the peer's NAPI runs, which
 * only an XDP program on the peer brings about reliably (GRO alone does not); and XDP must see finished
 * checksums, so whoever sends into such a veth computes them itself.
 */
#ifndef KL_UP_XDP_H
#define KL_UP_XDP_H

#include "up_cluster.h"

/* Whether the agents of the cluster are told to use native XDP. */
bool kl_cluster_wants_xdp(const struct kl_cluster *cluster);
/* The bridge, the node's port on it and the node's eth0. Idempotent; all of it goes with the links. */
int kl_node_prepare_xdp(
	const struct kl_cluster *cluster, const struct kl_cluster_node *node, int netns_fd, struct kl_err *err);

#endif
