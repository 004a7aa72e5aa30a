/*
 * The OCI runtime configuration (config.json, runtime-spec 1.0) of a container. Pure: values in, value out.
 */
#ifndef KL_OCICONFIG_H
#define KL_OCICONFIG_H

#include "json.h"
#include "runtime.h"

struct kl_oci_host {
	uint64_t capabilities; /* the bounding set, one bit a capability */
	bool cgroup2_only;     /* a cgroup namespace of its own is given only there, as containerd does */
	bool may_lower_oom;    /* whether oom_score_adj below ours is allowed */
	int own_oom;           /* our own oom_score_adj */
	const json_t *devices; /* OCI devices of the host, for privileged containers; NULL: none */
};
/* A new reference. */
json_t *kl_oci_config(const struct kl_container_spec *spec, const struct kl_oci_host *host);
/* The bit of "NET_ADMIN" or "CAP_NET_ADMIN"; -1 for an unknown name. */
int kl_capability_number(const char *name);

#endif
