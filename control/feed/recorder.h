/*
 * Events (the kind kubectl describe shows): said now, written in batches, repeated ones counted in one object.
 *
 * Bounded: at most 512 wait to be written and 4096 are remembered for counting; an object that is very noisy is
 * silenced (25 at once, then one in five minutes), as upstream's clients do.
 *
 * Threads: one thread uses a recorder.
 */
#ifndef KL_RECORDER_H
#define KL_RECORDER_H

#include "registry.h"

struct kl_recorder;

/* `user` is borrowed for as long as the recorder lives. */
struct kl_recorder *kl_recorder_new(struct kl_registry *registry, const struct kl_user *user);
void kl_recorder_free(struct kl_recorder *recorder);

/* What an Event is about; ns "" for cluster-scoped (its events go to "default"). All copied. */
struct kl_event_object {
	const char *api_version, *kind, *ns, *name, *uid;
};
/* component: "default-scheduler", "deployment-controller", …; type "Normal" or "Warning". */
void kl_recorder_say(struct kl_recorder *recorder, const char *component, const struct kl_event_object *about,
	const char *type, const char *reason, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
bool kl_recorder_pending(const struct kl_recorder *recorder);
/* Writes what waits, in one batch. Failures are counted and dropped: events are advice. */
void kl_recorder_flush(struct kl_recorder *recorder);

#endif
