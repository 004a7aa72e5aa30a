/* ControllerRevisions of a StatefulSet or DaemonSet: snapshots of its template, for kubectl rollout history and undo. */
#ifndef KL_CTL_HISTORY_H
#define KL_CTL_HISTORY_H

#include "owned.h"

struct history {
	json_t **items; /* by revision, oldest first */
	size_t count;
	const char *current; /* name of the one that has today's template; borrowed or made; NULL: it is being made */
	char *made;
};
/*
 * Finds the owner's revisions and the one of its present template. A template that came back becomes the newest; a new
 * one is written (history->current is its name to be at once).
 */
void history_load(struct owner *owner, struct history *ret);
void history_release(struct history *history);
/* The template of a revision; NULL: no such one. Borrowed. */
json_t *history_template(const struct history *history, const char *name);
/* Deletes the oldest beyond spec.revisionHistoryLimit, except those that pods or the status still name. */
void history_clean_up(struct owner *owner, struct history *history, const char *also_kept);

#endif
