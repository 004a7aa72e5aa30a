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

/* Where the plan is made. */
struct kl_place {
	const char *node, *zone; /* for topology hints; NULL or "": unknown */
	const uint32_t *weights; /* beside the service's backends, in place of their own; NULL: their own */
};

/*
 * Ready backends; where there is none, those that still serve while they terminate (KEP-1669), for all and for the
 * local ones each by itself. Maglev tables for KL_ALGORITHM_MAGLEV, one slot each for KL_ALGORITHM_LEAST_CONN (which weighs
 * by its counts), otherwise a slot for each unit of weight.
 *
 * Topology hints, as kube-proxy takes them: when all ready backends have hints for nodes and one of them is for this
 * node, only those for this node; else the same with zones; else all. They do not narrow what is local, nor those
 * that terminate.
 */
void kl_plan_make_at(const struct kl_service *service, const struct kl_place *place, struct kl_plan *ret);
/* The same without a place: hints are not heeded. */
void kl_plan_make(const struct kl_service *service, struct kl_plan *ret);
void kl_plan_release(struct kl_plan *plan);

#endif
