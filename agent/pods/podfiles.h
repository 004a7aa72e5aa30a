/*
 * /etc/hosts, /etc/resolv.conf and host names of pods. Pure but for reading the node's own files.
 */
#ifndef KL_PODFILES_H
#define KL_PODFILES_H

#include "json.h"

/* spec.hostname, else the pod's name cut to 63 bytes; the node's for host-network pods. Owned by the caller. */
char *kl_podfiles_hostname(const json_t *pod, const char *node_name);
/* kubelet's managed hosts file; `host_hosts`: the node's own contents, used for host-network pods (NULL: none). */
char *kl_podfiles_hosts(const json_t *pod, const char *hostname, const char *const *ips, size_t count,
	const char *cluster_domain, const char *host_hosts);
struct kl_podfiles_dns {
	const char *const *servers; /* of the cluster; NULL-terminated; NULL: none */
	const char *domain;         /* cluster.local */
	const char *host_resolv;    /* the node's resolv.conf */
};
/* By dnsPolicy and dnsConfig. */
char *kl_podfiles_resolv(const json_t *pod, const struct kl_podfiles_dns *dns);

#endif
