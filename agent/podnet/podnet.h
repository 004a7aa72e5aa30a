/*
 * The pods' own network on this node beside their links: the programs on each link (anti-spoofing, Services per packet,
 * bandwidth, shortcuts past the stack), and masquerading of what leaves the cluster. Brings dataplane/load/podload to what
 * the CNI server and the Node objects say, and keeps it there.
 *
 * Threads: one.
 */
#ifndef KL_PODNET_H
#define KL_PODNET_H

#include "cniserver.h"
#include "err.h"
#include "link.h"
#include "maps.h"

#include <stdbool.h>

struct kl_podnet;

enum kl_masquerade { KL_MASQUERADE_BPF, KL_MASQUERADE_OFF };

struct kl_podnet_options {
	const char *pin_dir;
	const char *uplink; /* "eth0", or several: "eth0,eth1"; NULL: nothing leaves the node */
	bool no_shortcuts;  /* every packet goes through the node's stack */
	enum kl_masquerade masquerade;
	/*
	 * Ranges towards which pods keep their addresses, NULL-terminated; each item may be a list of its own
	 * ("10.0.0.0/8,fd00::/8"). The three together; where all are NULL, what ip-masq-agent leaves alone by default. Nodes,
	 * pods of known nodes, link-local and multicast addresses are never masqueraded to.
	 */
	const char *const *non_masquerade, *const *cluster_cidrs, *const *service_cidrs;
};

/* Loads the programs and attaches those of the uplinks. Everything is copied; the maps must outlive the result. */
int kl_podnet_new(const struct kl_maps *maps, const struct kl_podnet_options *options, struct kl_podnet **ret,
	struct kl_err *err);
/* Everything stays attached. Accepts NULL. */
void kl_podnet_free(struct kl_podnet *podnet);

/* In force when it returns. Idempotent; other rates are taken over. */
int kl_podnet_pod_add(struct kl_podnet *podnet, const struct kl_cni_pod *pod, struct kl_err *err);
void kl_podnet_pod_remove(struct kl_podnet *podnet, const struct kl_cni_pod *pod);
/* All living pods have been added: what belongs to no pod is removed. */
void kl_podnet_sweep(struct kl_podnet *podnet);
/* Puts right what somebody else changed: detached programs, changed facts. Cheap; call it now and then. */
void kl_podnet_audit(struct kl_podnet *podnet);

/* This node's own pod ranges. */
int kl_podnet_own(struct kl_podnet *podnet, const char *const *cidrs, size_t count, struct kl_err *err);
/* Those of the other nodes: never masqueraded to. */
int kl_podnet_others(struct kl_podnet *podnet, const struct kl_prefix *cidrs, size_t count, struct kl_err *err);

struct kl_podnet_status {
	size_t pods;
	bool shortcuts, masquerade;
	bool departure; /* egress limits by departure time: the uplink has fq; otherwise a policer */
};
void kl_podnet_status(const struct kl_podnet *podnet, struct kl_podnet_status *ret);

/* "bpf", "off"; -EINVAL for other words. */
int kl_masquerade_parse(const char *text, enum kl_masquerade *ret);

#endif
