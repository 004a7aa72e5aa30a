/* What the files of the Deployment controller share. */
#ifndef KL_CTL_DEPLOYMENT_H
#define KL_CTL_DEPLOYMENT_H

#include "ctl.h"
#include "rollout.h"

#define ANN_REVISION "deployment.kubernetes.io/revision"
#define ANN_HISTORY  "deployment.kubernetes.io/revision-history"
#define ANN_DESIRED  "deployment.kubernetes.io/desired-replicas"
#define ANN_MAX	     "deployment.kubernetes.io/max-replicas"
#define HASH_LABEL   "pod-template-hash"

struct replica_set {
	json_t *json; /* changed in place */
	const char *name; /* borrowed from json */
	int64_t wanted, replicas, ready, available, created_ms;
	bool dirty; /* to be written */
	char *said; /* the event of its scaling; NULL: none */
};

struct deployment {
	struct kl_controllers *c;
	const char *key;
	json_t *json, *spec;
	json_t *status; /* the new one, being made */
	struct replica_set *sets; /* oldest first */
	size_t count;
	struct replica_set *fresh; /* the one of the current template; NULL: none yet */
	int64_t replicas;
	struct rollout rollout;
	bool recreate, paused;
	int64_t revision; /* that the Deployment's annotation shall say; 0: as it is */
};

/* deployment_status.c */
/* `rollout`: judge progress too (not while paused or scaling). */
void deployment_write_status(struct deployment *d, bool rollout);
bool deployment_complete(const struct deployment *d, const json_t *status);
/* Sets the condition Progressing. */
void deployment_progressing(struct deployment *d, const char *value, const char *reason, const char *message);
int64_t deployment_deadline_s(const struct deployment *d); /* 0: none */

/* revision.c: the ReplicaSet of the current template, revisions and annotations */
void deployment_find_fresh(struct deployment *d);
/* Makes or updates it; false when it is only being made now. */
bool deployment_ensure_fresh(struct deployment *d);
int64_t deployment_revision(const json_t *object);
void deployment_write_revision(struct deployment *d);
void deployment_annotate_size(struct deployment *d, struct replica_set *set);
/* Sets a ReplicaSet's size, with its annotations and the event. True when it changes. */
bool deployment_scale(struct deployment *d, struct replica_set *set, int64_t size);
void deployment_clean_up(struct deployment *d);

#endif
