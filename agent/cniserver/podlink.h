/*
 * A pod's link: the veth pair, addresses, routes and neighbours on both sides. Blocking; stateless, so that it may run
 * on any thread.
 *
 *	pod: eth0 <ip>/32, default via 169.254.1.1 (fe80::1) with a fixed neighbour: the host side's MAC
 *	 |
 *	node: kl<hash>, route <ip>/32 to it, with a fixed neighbour: the pod side's MAC
 */
#ifndef KL_PODLINK_H
#define KL_PODLINK_H

#include "link.h"

struct kl_podlink {
	const char *netns_path, *ifname, *host_ifname;
	const char *alias; /* what `ip link` shows on the host side */
	uint32_t mtu;
	struct kl_addr ips[2];
	size_t ip_count;
	/* results */
	uint64_t netns_cookie;
	uint32_t host_ifindex;
	uint8_t host_mac[6], pod_mac[6];
};

/* "kl" and 12 hex digits of a hash of the container's id and the interface. */
void kl_podlink_host_name(const char *container_id, const char *ifname, char ret[IFNAMSIZ]);
/* Makes everything or leaves nothing. A host side that a killed agent left is replaced. */
int kl_podlink_make(struct kl_podlink *podlink, struct kl_err *err);
/* An absent link is fine. */
int kl_podlink_delete(const char *host_ifname, struct kl_err *err);
/* 0 when link, addresses and routes stand as kl_podlink_make left them, else what is different. */
int kl_podlink_check(const struct kl_podlink *podlink, struct kl_err *err);
/* The gateway that pods of the address's family use. */
const struct kl_addr *kl_podlink_gateway(const struct kl_addr *ip);

#endif
