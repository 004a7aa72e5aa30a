/*
 * Brings the kernel's tables to the desired state, writing only what differs.
 *
 * A new kl_dpsync reads back what the pinned maps hold (services by their names, backends, slots, frontends) and goes
 * on from there. A service's new set of backends becomes visible by one 64-bit store; a backend that is gone is dead
 * from the store of its next generation on. Numbers (service, backend, block) are this node's own.
 *
 * Threads: one; the programs read meanwhile.
 */
#ifndef KL_DPSYNC_H
#define KL_DPSYNC_H

#include "maps.h"
#include "service.h"

struct kl_dpsync;

/* node_name: backends of this node are local. The maps must outlive the result. */
int kl_dpsync_new(struct kl_maps *maps, const char *node_name, struct kl_dpsync **ret, struct kl_err *err);
void kl_dpsync_free(struct kl_dpsync *sync); /* the tables stay as they are */

struct kl_dpsync_node {
	const struct kl_addr *addrs; /* of this node; the first of each family is the source of SNAT */
	size_t addr_count;
	uint16_t node_port_min, node_port_max; /* 0: unchanged */
	uint16_t snat_port_min, snat_port_max;
	bool external_cluster_ip;
	bool guard_node_ports; /* sockets of the node may not bind a NodePort that is in use */
	uint32_t mtu;          /* of the uplink; 0: unknown */
	uint16_t geneve_port;  /* 0: 6081 */
};
int kl_dpsync_set_node(struct kl_dpsync *sync, const struct kl_dpsync_node *node, struct kl_err *err);

/* For services that ask for nothing else: enum kl_algorithm, enum kl_forward. Before the first put. */
void kl_dpsync_set_defaults(struct kl_dpsync *sync, uint8_t algorithm, uint8_t forward);

/*
 * The cluster's nodes. This node's own says its zone; the addresses of the others are those from which envelopes are
 * opened. Part of a snapshot when put between _begin and _end.
 */
void kl_dpsync_put_peer(struct kl_dpsync *sync, const struct kl_node_info *node);
void kl_dpsync_delete_peer(struct kl_dpsync *sync, const char *name);

/* A local pod's link, for backends with its address; a zero ifindex forgets it. */
void kl_dpsync_set_link(struct kl_dpsync *sync, const struct kl_addr *addr, uint32_t ifindex, const uint8_t mac[6]);

/* Creates or changes a service (normalised). When it fails what was there stays in force. */
int kl_dpsync_put(struct kl_dpsync *sync, const struct kl_service *service, struct kl_err *err);
void kl_dpsync_delete(struct kl_dpsync *sync, const char *key);
/*
 * A complete snapshot: services and peers not put between the two are deleted by _snapshot_end. Services whose key begins
 * with KL_DPSYNC_HOST_PREFIX are this node's own (host ports) and are no part of it: _hosts_end ends their first life
 * after a restart.
 */
#define KL_DPSYNC_HOST_PREFIX "hostport:"

void kl_dpsync_snapshot_begin(struct kl_dpsync *sync);
void kl_dpsync_snapshot_end(struct kl_dpsync *sync);
/* Deletes what was adopted of this node's own services and was not put since. */
void kl_dpsync_hosts_end(struct kl_dpsync *sync);

/*
 * Slow start: gives every backend whose share still grows its share of now. Returns after how many milliseconds it wants
 * to be called again; -1: only after the next put.
 */
int64_t kl_dpsync_tick(struct kl_dpsync *sync, int64_t now_ms);

/* A service as this node has it (borrowed until the next change); NULL: none. */
const struct kl_service *kl_dpsync_get(const struct kl_dpsync *sync, const char *key);

enum kl_dpsync_netns { KL_DPSYNC_NODE, KL_DPSYNC_POD };
int kl_dpsync_netns_add(
	struct kl_dpsync *sync, uint64_t cookie, enum kl_dpsync_netns what, uint32_t ifindex, struct kl_err *err);
void kl_dpsync_netns_remove(struct kl_dpsync *sync, uint64_t cookie);

/* Called for every backend that is gone (its sockets may have to be closed). */
void kl_dpsync_on_dead(struct kl_dpsync *sync,
	void (*dead)(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg), void *arg);

/*
 * Compares the desired tables with the kernel's, entry by entry, and with `repair` puts right what differs; counts what
 * was found. The first differences are described in words.
 */
struct kl_dpsync_audit {
	size_t services, frontends, backends, slots, others; /* looked at */
	size_t missing, wrong, foreign;                      /* absent; with another content; of nobody */
	char words[480];
};
void kl_dpsync_audit(struct kl_dpsync *sync, bool repair, struct kl_dpsync_audit *ret);
/* Called by later audits for every difference, in words; NULL: nobody. */
void kl_dpsync_on_difference(struct kl_dpsync *sync, void (*each)(const char *difference, void *arg), void *arg);

/*
 * Looks at the next part of the connection table and frees flows that have been silent in both directions for longer
 * than they may; the whole table is seen once in eight calls or less. Expired flows are replaced without it; this is for
 * the counts of those that live, and for those whose age would wrap. Returns how many entries were freed.
 */
size_t kl_dpsync_sweep(struct kl_dpsync *sync);
/* How full the connection table's main region was when the sweep had last been through all of it, in percent. */
unsigned kl_dpsync_flow_load(const struct kl_dpsync *sync);

size_t kl_dpsync_services(const struct kl_dpsync *sync);
size_t kl_dpsync_backends(const struct kl_dpsync *sync);

#endif
