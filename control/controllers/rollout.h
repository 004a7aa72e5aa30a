/*
 * The arithmetic of rolling updates: numbers in, numbers out. After upstream's deployment/util, so that every step of a
 * rollout is the one its users know.
 */
#ifndef KL_ROLLOUT_H
#define KL_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rollout_set { /* one ReplicaSet */
	int64_t wanted;	   /* spec.replicas */
	int64_t available; /* status.availableReplicas */
	int64_t max_annotation; /* deployment.kubernetes.io/max-replicas; -1: absent */
	int64_t next;	   /* out: what spec.replicas becomes */
};

struct rollout {
	int64_t replicas, max_surge, max_unavailable;
	int64_t status_replicas; /* the Deployment's status.replicas */
};

/* "25%" of `of`, or a plain number. */
int64_t rollout_int_or_percent(int64_t number, const char *percent, int64_t of, bool round_up);
/* Both at nought would never move: then one may be unavailable. */
void rollout_fix(struct rollout *rollout);

/* How many the new ReplicaSet may have now, given what all of them (itself included) want. */
int64_t rollout_new_replicas(const struct rollout *rollout, const struct rollout_set *fresh, int64_t total_wanted);
/*
 * Scales old ReplicaSets (oldest first) down: unhealthy pods first, then as far as availability allows. Sets ->next of
 * each; returns how many pods go.
 */
int64_t rollout_shrink_old(const struct rollout *rollout, const struct rollout_set *fresh, struct rollout_set *old, size_t count);
/*
 * Scaling in the middle of a rollout: shares the difference among the ReplicaSets (biggest first, newest first when
 * growing) in proportion to their size.
 */
void rollout_proportional(const struct rollout *rollout, struct rollout_set *sets, size_t count);

#endif
