/*
 * The agent's side of the CNI plugin: a unix socket that answers ADD, DEL and CHECK (cni/proto.h), gives each pod
 * addresses of the node's pod ranges, and makes its link: a veth pair whose host side is named kl<hash>, host routes to
 * the pod's addresses, a default route in the pod through a link-local gateway with a fixed neighbour (no proxy ARP).
 *
 * What was given out stands in files below state_dir, so that a killed agent knows it again; a pod whose network
 * namespace is gone is forgotten at start and once a minute. Only root may connect (SO_PEERCRED).
 *
 * Threads: everything on the loop's thread, callbacks too; netlink work is done in libuv's pool.
 */
#ifndef KL_CNISERVER_H
#define KL_CNISERVER_H

#include "err.h"
#include "rates.h"
#include "service.h"

#include <uv.h>

struct kl_cniserver;

/* A pod's attachment. Strings are borrowed and never NULL ("" when the runtime did not say). */
struct kl_cni_pod {
	const char *container_id, *ifname, *netns_path;
	const char *pod_namespace, *pod_name, *pod_uid;
	uint64_t netns_cookie; /* SO_NETNS_COOKIE of the pod's namespace */
	struct kl_addr ips[2]; /* v4 mapped and/or v6 */
	size_t ip_count;
	uint32_t host_ifindex;
	char host_ifname[16];
	uint8_t host_mac[6], pod_mac[6];
	struct kl_cni_bandwidth bandwidth;
};

struct kl_cniserver_opts {
	const char *socket_path; /* <run-dir>/agent.sock; made anew, mode 0600 */
	const char *state_dir;   /* <run-dir>/cni; volatile: a reboot takes the pods with it */
	uint32_t mtu;            /* of pods; 0: that of the uplink less mtu_less */
	const char *uplink;      /* NULL: the device of the default route; none such: 1500 is taken */
	uint32_t mtu_less;       /* room for envelopes */
	/*
	 * Called in ADD when address, link and routes are in place and before the runtime hears of success: what is
	 * done here is in force before the pod's first packet. An error fails the ADD, and all is undone. Called again
	 * for each known pod from kl_cniserver_new (a restarted agent tells netsync what lives), and by a repeated ADD:
	 * idempotent.
	 */
	int (*pod_added)(const struct kl_cni_pod *pod, void *arg, struct kl_err *err);
	void (*pod_removed)(const struct kl_cni_pod *pod, void *arg);
	void *arg;
};

int kl_cniserver_new(
	uv_loop_t *loop, const struct kl_cniserver_opts *opts, struct kl_cniserver **ret, struct kl_err *err);
/* Closes the socket and frees when the loop has run its close callbacks; pods keep their links. */
void kl_cniserver_free(struct kl_cniserver *server);
/*
 * The Node's spec.podCIDRs: one v4 and/or one v6. Until it is called ADD answers "try again later" (CNI code 11). Later
 * calls with the same ranges do nothing; other ranges hold for new pods.
 */
int kl_cniserver_set_cidrs(struct kl_cniserver *server, const char *const *cidrs, size_t count, struct kl_err *err);
/*
 * Other limits for a pod that is attached: remembered, and pod_added is called where they differ. Nothing happens for a
 * pod that is not known.
 */
int kl_cniserver_limit(
	struct kl_cniserver *server, const char *pod_uid, const struct kl_cni_bandwidth *bandwidth, struct kl_err *err);
void kl_cniserver_each(struct kl_cniserver *server, void (*each)(const struct kl_cni_pod *pod, void *arg), void *arg);

#endif
