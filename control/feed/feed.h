/*
 * Several kinds of objects as one thread sees them: list and watch inside the process, without HTTP.
 *
 * A feed keeps a reference to the current version of every object of its kinds (the store's own bytes, not a copy) and
 * tells a handler of each change. After an overflow it lists again and tells the difference.
 *
 * A writer shows the feed its own results (kl_feed_observe), so that what it decides next never rests on a state from
 * before its last write; the watch event that follows is then nothing new. That is what other controllers need
 * expectations for.
 *
 * Threads: one thread uses a feed; only kl_feed_wake may be called from any.
 */
#ifndef KL_FEED_H
#define KL_FEED_H

#include "store.h"

struct kl_feed;

/* now NULL: deleted (then prev is its last version); prev NULL: new. Both borrowed. */
typedef void kl_feed_handler(struct kl_object *now, struct kl_object *prev, void *arg);

/* Inside a handler: the tree of `now` (of `prev` when deleted), parsed once for all handlers. Borrowed. */
const json_t *kl_feed_parsed(struct kl_feed *feed);

int kl_feed_new(struct kl_store *store, struct kl_feed **ret, struct kl_err *err);
void kl_feed_free(struct kl_feed *feed);
/* Before kl_feed_sync. Handlers of one kind are called in the order of their adding. */
void kl_feed_add(struct kl_feed *feed, const struct kl_kind *kind, kl_feed_handler *handler, void *arg);
/* Lists every kind (kinds in the order of their adding) and begins to watch. */
int kl_feed_sync(struct kl_feed *feed, struct kl_err *err);

/* Sleeps until something changed, kl_feed_wake, or the timeout (-1: none). */
void kl_feed_wait(struct kl_feed *feed, int timeout_ms);
/* Delivers what waits; true when there was something. */
bool kl_feed_deliver(struct kl_feed *feed);
void kl_feed_wake(struct kl_feed *feed);

/* A version this thread has just written. */
void kl_feed_observe(struct kl_feed *feed, struct kl_object *object);
/* An object this thread has just deleted for good. */
void kl_feed_observe_gone(struct kl_feed *feed, const struct kl_kind *kind, const char *ns, const char *name, const char *uid);

/* Borrowed; NULL when absent. ns "" for cluster-scoped. */
struct kl_object *kl_feed_get(struct kl_feed *feed, const struct kl_kind *kind, const char *ns, const char *name);
/* `each` must not write. */
void kl_feed_each(struct kl_feed *feed, const struct kl_kind *kind, void (*each)(struct kl_object *obj, void *arg), void *arg);

#endif
