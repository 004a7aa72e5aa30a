/*
 * Where objects live: SQLite for durability, memory for reads.
 *
 * Every version of an object is serialised once; get, list and watch share its bytes by reference. One writer thread
 * commits in groups (one fsync for all that wait); a write has returned only when it is on disk. resourceVersion is one
 * counter for the whole store.
 *
 * Threads: every function may be called from any thread.
 */
#ifndef KL_STORE_H
#define KL_STORE_H

#include "err.h"
#include "json.h"
#include "kind.h"

#include <stdint.h>

struct kl_store;
struct kl_watch;

/* One immutable version of an object. Referenced by the index, by responses being sent and by watchers' queues. */
struct kl_object {
	const struct kl_kind *kind; /* the storage row */
	uint64_t rv;                /* also in the bytes, as metadata.resourceVersion */
	const char *ns;             /* "" when cluster-scoped */
	const char *name;
	const char *uid;
	const char *labels; /* packed: "key\0value\0…\0\0" */
	const char *json;   /* the object's bytes in storage form, NUL-terminated */
	size_t len;
	/* reference count and index links are private to the store */
};
struct kl_object *kl_object_ref(struct kl_object *obj);
void kl_object_unref(struct kl_object *obj);
/* A fresh tree; the caller's. */
json_t *kl_object_parse(const struct kl_object *obj);
KL_AUTO(kl_cleanup_object, struct kl_object, kl_object_unref)

struct kl_store_options {
	const char *path;        /* the database file; its folder must exist; created 0600 */
	unsigned history_events; /* watch events kept per kind for resuming; 0: default */
	unsigned watch_queue;    /* events a slow watcher may lag behind before it is cut off; 0: default */
};
int kl_store_open(const struct kl_store_options *options, struct kl_store **ret, struct kl_err *err);
void kl_store_close(struct kl_store *store); /* waits for the writer; every watch must be closed */

struct kl_object *kl_store_get(struct kl_store *store, const struct kl_kind *kind, const char *ns, const char *name);

struct kl_object_list {
	struct kl_object **items; /* in key order: namespace, then name */
	size_t count;
	uint64_t rv; /* the store's resourceVersion that this snapshot shows */
};
/* ns NULL or "": all namespaces. */
void kl_store_list(struct kl_store *store, const struct kl_kind *kind, const char *ns, struct kl_object_list *ret);
/* A page: at most max objects that come after (after_ns, after_name), and how many follow those. */
void kl_store_list_page(struct kl_store *store, const struct kl_kind *kind, const char *ns, const char *after_ns,
	const char *after_name, size_t max, struct kl_object_list *ret, size_t *ret_remaining);
/*
 * What kl_store_list() showed at an earlier resourceVersion, from the history of changes. -ESTALE: it does not reach back
 * so far; -EAGAIN: the store is not there yet.
 */
int kl_store_list_at(
	struct kl_store *store, const struct kl_kind *kind, const char *ns, uint64_t rv, struct kl_object_list *ret);
/* How many objects of a kind there are. */
size_t kl_store_count(struct kl_store *store, const struct kl_kind *kind);
void kl_object_list_release(struct kl_object_list *list);
uint64_t kl_store_rv(struct kl_store *store);

/* One write. Several in one call are one transaction: all or nothing. */
enum kl_write_op { KL_STORE_CREATE, KL_STORE_UPDATE, KL_STORE_DELETE };
struct kl_store_write {
	enum kl_write_op op;
	const struct kl_kind *kind;
	const char *ns, *name;
	/*
	 * Borrowed, for create and update; the store sets its metadata.resourceVersion while it writes the bytes down,
	 * and removes that key afterwards. A delete may give the object's final state; NULL: what is stored.
	 */
	json_t *object;
	uint64_t expected_rv; /* update, delete: fails unless this is the current version; 0: whatever it is */
	/* out */
	struct kl_object *result; /* a reference for the caller: the new version, or the last one of a delete */
	int error;                /* 0, -EEXIST, -ENOENT, -ESTALE (expected_rv), -ENOSPC, -EIO */
};
/* Blocks until durable. 0, or the error of the first write that failed; then nothing was written. */
int kl_store_commit(struct kl_store *store, struct kl_store_write *writes, size_t count, struct kl_err *err);
/* Independent writes in one group commit: each succeeds or fails by itself (its .error). For controllers' batches. */
void kl_store_commit_each(struct kl_store *store, struct kl_store_write *writes, size_t count);

/*
 * The same without waiting: `done` is called on the store's writer thread once the outcome is known (results and errors
 * are in `writes`, which must live until then). It must be quick, and must not wait for the store. The trees are not
 * needed any more when the call returns. all_or_nothing: one transaction.
 */
void kl_store_submit(struct kl_store *store, struct kl_store_write *writes, size_t count, bool all_or_nothing,
	void (*done)(void *arg), void *arg);

/* Small values of the server's own (keys, allocator state) beside the objects; durable when the call returns. */
int kl_store_kv_put(struct kl_store *store, const char *key, const void *value, size_t len, struct kl_err *err);
int kl_store_kv_get(struct kl_store *store, const char *key, struct kl_buf *ret, struct kl_err *err); /* -ENOENT */

enum kl_event_type { KL_EVENT_ADDED, KL_EVENT_MODIFIED, KL_EVENT_DELETED };
struct kl_event {
	enum kl_event_type type;
	struct kl_object *obj;  /* a reference; for DELETED the last state, with the deletion's rv in obj->rv */
	struct kl_object *prev; /* the version before, a reference; NULL for ADDED */
};
void kl_event_release(struct kl_event *event);

/*
 * Events of a kind (ns NULL: all namespaces) after from_rv. -ESTALE when from_rv is older than the history kept (the
 * client is told 410 Gone). Events come in commit order, each exactly once.
 */
int kl_store_watch(
	struct kl_store *store, const struct kl_kind *kind, const char *ns, uint64_t from_rv, struct kl_watch **ret);
/* `notify` is called (by any thread; it must not block or call back into the store) when a queue was empty and is not.
 */
void kl_watch_notify(struct kl_watch *watch, void (*notify)(void *arg), void *arg);
/* Takes up to max events; 0: none waiting; -EOVERFLOW: fell behind, close it and list again. */
int kl_watch_take(struct kl_watch *watch, struct kl_event *ret, size_t max);
/* All events up to this resourceVersion have been queued (for bookmarks). */
uint64_t kl_watch_rv(struct kl_watch *watch);
void kl_watch_close(struct kl_watch *watch);

#endif
