/*
 * The programs of the pods' network (bpf/pod.bpf.c): loaded once, attached to the host side of every pod's link and to
 * the uplinks, through pinned links, so that a restarted agent replaces programs without a gap.
 *
 *	<pin_dir>/pods/IFNAME/{out,in}		of a pod
 *	<pin_dir>/links/kl_uplink_{in,out}…	of an uplink
 *
 * Also what they read: kl_pods, kl_pod_addrs, kl_net.
 *
 * Threads: one.
 */
#ifndef KL_PODLOAD_H
#define KL_PODLOAD_H

#include "err.h"
#include "maps.h"
#include "mem.h"
#include "service.h"

#include <stdbool.h>
#include <stdint.h>

struct kl_podload;

/* Loads the programs; nothing is attached yet. The maps must outlive the result. */
int kl_podload_new(const struct kl_maps *maps, const char *pin_dir, struct kl_podload **ret, struct kl_err *err);
/* Everything stays attached. Accepts NULL. */
void kl_podload_free(struct kl_podload *load);
KL_AUTO(kl_cleanup_podload, struct kl_podload, kl_podload_free)

/*
 * Attaches masquerading and the way to the pods behind what stands on these interfaces already, and detaches them from
 * others.
 */
int kl_podload_uplinks(struct kl_podload *load, const uint32_t *ifindexes, size_t count, struct kl_err *err);

struct kl_podload_pod {
	const char *ifname; /* host side */
	uint32_t ifindex;
	struct kl_addr ips[2];
	size_t ip_count;
	uint8_t mac[6], host_mac[6];
	uint64_t cookie;
	uint64_t egress_bits, ingress_bits;             /* a second; 0: no limit */
	uint64_t egress_burst_bits, ingress_burst_bits; /* 0: chosen by the rate */
};
/* Facts first, then the programs. Again for a known pod: facts and programs are brought up to date, nothing is lost. */
int kl_podload_add(struct kl_podload *load, const struct kl_podload_pod *pod, struct kl_err *err);
/* Other rates for a known pod; -ENOENT. */
int kl_podload_limit(struct kl_podload *load, const struct kl_podload_pod *pod, struct kl_err *err);
void kl_podload_remove(struct kl_podload *load, const char *ifname, uint32_t ifindex);
/* Removes the links and facts of every pod that `keep` does not know: what a killed agent left. Returns how many. */
size_t kl_podload_sweep(
	struct kl_podload *load, bool (*keep)(const char *ifname, uint32_t ifindex, void *arg), void *arg);

/* --- the network as a whole */

struct kl_podload_prefix {
	struct kl_addr addr;
	uint8_t len; /* of the address's own family */
};
struct kl_podload_net {
	bool shortcuts, masquerade, departure;
	uint16_t port_min, port_max;
	struct kl_podload_prefix own[2];
	size_t own_count;
	const struct kl_podload_prefix *inside; /* the busiest first */
	size_t inside_count;                    /* more than KL_NET_INSIDE: -E2BIG */
	uint32_t uplinks[KL_NET_UPLINKS];       /* by which packets may leave past the stack; 0 ends them */
};
/* Written only where it differs; each word is valid by itself while it is. */
int kl_podload_net(struct kl_podload *load, const struct kl_podload_net *net, struct kl_err *err);
/* The node's own ranges as they stand in the kernel; returns how many. */
size_t kl_podload_own(const struct kl_podload *load, struct kl_podload_prefix ret[2]);

#endif
