/*
 * What a pod may learn about itself: fieldRef and resourceFieldRef. Pure.
 */
#ifndef KL_DOWNWARD_H
#define KL_DOWNWARD_H

#include "json.h"

/* "metadata.labels['app']", "status.podIP", …; owned by the caller; NULL and err for a path that is not known. */
char *kl_downward_field(const json_t *pod, const char *path, struct kl_err *err);
/*
 * {"resource":"limits.memory","divisor":"1Mi"} of the container; without a limit the node's allocatable stands in
 * (strings such as "2", "24000Mi"; NULL: "0").
 */
struct kl_downward_node {
	const char *cpu, *memory;
};
char *kl_downward_resource(
	const json_t *container, const json_t *ref, const struct kl_downward_node *node, struct kl_err *err);
/* The container of that name, init containers included; borrowed, NULL when there is none. */
const json_t *kl_pod_container(const json_t *pod, const char *name);

#endif
