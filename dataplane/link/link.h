/*
 * Links, addresses, routes and neighbours through rtnetlink (libmnl): one function per object and verb, IPv4 and IPv6
 * alike.
 *
 * A kl_link is a socket in one network namespace; it stays in that namespace whoever uses it, so a thread never has to
 * move to configure another namespace. Calls block until the kernel has answered (microseconds, but a deletion may wait
 * for an RCU grace period). Errors carry the kernel's own words where it gives any (extended acknowledgement).
 *
 * Threads: one at a time per kl_link.
 */
#ifndef KL_LINK_H
#define KL_LINK_H

#include "err.h"
#include "mem.h"
#include "service.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct kl_link;

/* netns_fd -1: the calling thread's namespace. */
int kl_link_open(int netns_fd, struct kl_link **ret, struct kl_err *err);
void kl_link_close(struct kl_link *link);
KL_AUTO(kl_cleanup_link, struct kl_link, kl_link_close)
#define kl_autolink kl_cleanup(kl_cleanup_link) struct kl_link
/* SO_NETNS_COOKIE of the namespace: never used again while the machine runs. */
uint64_t kl_link_netns_cookie(const struct kl_link *link);

/* ---- links ---- */

struct kl_link_info {
	uint32_t ifindex, mtu, flags; /* IFF_… */
	uint32_t master, peer;        /* ifindex; 0: none (a peer may stand in another namespace) */
	uint8_t mac[6];
	char name[IFNAMSIZ];
	char kind[16];  /* "veth", "bridge"; "" for hardware */
	char alias[64]; /* "" when none */
};
int kl_link_get(struct kl_link *link, const char *name, struct kl_link_info *ret, struct kl_err *err); /* -ENODEV */
int kl_link_each(
	struct kl_link *link, void (*each)(const struct kl_link_info *info, void *arg), void *arg, struct kl_err *err);

struct kl_veth {
	const char *name, *peer_name;
	const uint8_t *mac, *peer_mac; /* NULL: random */
	int peer_netns_fd;             /* -1: the same namespace */
	uint32_t mtu;                  /* both ends; 0: the kernel's default */
};
int kl_link_veth_add(struct kl_link *link, const struct kl_veth *veth, struct kl_err *err); /* -EEXIST */
int kl_link_bridge_add(struct kl_link *link, const char *name, struct kl_err *err);         /* -EEXIST */
int kl_link_delete(struct kl_link *link, uint32_t ifindex, struct kl_err *err);

enum kl_link_field { KL_LINK_UP = 1, KL_LINK_MTU = 2, KL_LINK_MASTER = 4, KL_LINK_MAC = 8, KL_LINK_ALIAS = 16 };
struct kl_link_change {
	uint32_t fields; /* enum kl_link_field: which of the following are meant */
	bool up;
	uint32_t mtu;
	uint32_t master; /* 0: none */
	const uint8_t *mac;
	const char *alias;
};
int kl_link_set(struct kl_link *link, uint32_t ifindex, const struct kl_link_change *change, struct kl_err *err);
int kl_link_up(struct kl_link *link, uint32_t ifindex, struct kl_err *err);

/* Does the link send through fq, which keeps packets until their departure time? At its root, or in every queue of mq. */
bool kl_link_sends_by_fq(struct kl_link *link, uint32_t ifindex);

/* ---- addresses and prefixes ---- */

struct kl_prefix {
	struct kl_addr addr;
	uint8_t len; /* of the address's own family: 0…32 for a v4-mapped address, else 0…128 */
};
bool kl_addr_is_zero(const struct kl_addr *addr); /* :: (a v4-mapped 0.0.0.0 counts as well) */
/* kl_addr_format as an expression: returns ret. */
const char *kl_addr_write(const struct kl_addr *addr, char ret[KL_ADDR_TEXT]);
/* "10.0.0.0/24"; without a length the whole address; -EINVAL. Host bits stay as they are. */
int kl_prefix_read(const char *text, struct kl_prefix *ret);
#define KL_PREFIX_TEXT 50
const char *kl_prefix_write(const struct kl_prefix *prefix, char ret[KL_PREFIX_TEXT]);
bool kl_prefix_contains(const struct kl_prefix *prefix, const struct kl_addr *addr);
bool kl_prefix_equal(const struct kl_prefix *a, const struct kl_prefix *b);
/* Host bits cleared. */
struct kl_prefix kl_prefix_network(const struct kl_prefix *prefix);
/* The nth address of the network; n must be smaller than the network. */
struct kl_addr kl_prefix_nth(const struct kl_prefix *prefix, uint64_t n);

/* An address that is there already is no error. IPv6 addresses skip duplicate address detection. */
int kl_link_addr_add(struct kl_link *link, uint32_t ifindex, const struct kl_prefix *addr, struct kl_err *err);
int kl_link_addr_delete(struct kl_link *link, uint32_t ifindex, const struct kl_prefix *addr, struct kl_err *err);
/* Global addresses of a link (ifindex 0: of all). */
int kl_link_addrs_each(struct kl_link *link, uint32_t ifindex,
	void (*each)(uint32_t ifindex, const struct kl_prefix *addr, void *arg), void *arg, struct kl_err *err);

/* ---- routes and neighbours ---- */

struct kl_route {
	struct kl_prefix dst; /* len 0: the default route of dst's family */
	struct kl_addr via;   /* zero: on the link itself */
	struct kl_addr src;   /* preferred source; zero: the kernel's choice */
	uint32_t ifindex;     /* 0: found from via */
	uint32_t metric, mtu; /* 0: the kernel's default */
	uint8_t protocol;     /* RTPROT_…; 0: RTPROT_STATIC */
	bool onlink;          /* via need not be in a subnet of the link */
	bool blackhole;
};
/* Adds the route or replaces that with the same destination and metric. */
int kl_link_route_set(struct kl_link *link, const struct kl_route *route, struct kl_err *err);
/* Deletes by destination, metric, and protocol where one is given; -ESRCH when there is none. */
int kl_link_route_delete(struct kl_link *link, const struct kl_route *route, struct kl_err *err);
/* The unicast routes of the main table; protocol 0: all. */
int kl_link_routes_each(struct kl_link *link, uint8_t protocol, void (*each)(const struct kl_route *route, void *arg),
	void *arg, struct kl_err *err);

/* A permanent neighbour entry, made or replaced. */
int kl_link_neigh_set(
	struct kl_link *link, uint32_t ifindex, const struct kl_addr *addr, const uint8_t mac[6], struct kl_err *err);

#endif
