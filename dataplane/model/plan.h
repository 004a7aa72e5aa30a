/*
 * What a service's slots hold on one node: which backends take new connections, in which shares. Pure values.
 */
#ifndef KL_PLAN_H
#define KL_PLAN_H

#include "service.h"

/* Slots as indices into the service's backends. */
struct kl_plan {
	uint32_t *all; /* owned */
	size_t all_count;
	uint32_t *local; /* owned; among the backends of this node */
	size_t local_count;
	size_t chosen; /* different backends in `all` */
};

/*
 * Ready backends; where there is none, those that still serve while they terminate (KEP-1669), for all and for the
 * local ones each by itself. Maglev tables for KL_ALGORITHM_MAGLEV, otherwise a slot for each unit of weight.
 */
void kl_plan_make(const struct kl_service *service, struct kl_plan *ret);
void kl_plan_release(struct kl_plan *plan);

#endif
