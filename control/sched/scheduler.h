/* The scheduler's thread around the pure core in sched.h: watches pods and nodes, binds through the registry. */
#ifndef KL_SCHEDULER_H
#define KL_SCHEDULER_H

#include "registry.h"

struct kl_scheduler;
int kl_scheduler_start(struct kl_registry *registry, struct kl_scheduler **ret, struct kl_err *err);
void kl_scheduler_stop(struct kl_scheduler *scheduler);

#endif
