/* What other controllers of pods share with ReplicaSets. */
#ifndef KL_CTL_REPLICASET_H
#define KL_CTL_REPLICASET_H

#include "ctl.h"

/* A new Pod of the template, owned by `owner`, named after it. */
json_t *replicas_pod_new(const json_t *owner, const json_t *template);
/* Those to delete first come first. */
void replicas_sort_for_deletion(struct kl_controllers *c, struct pod **pods, size_t count);

#endif
