/* What the files of this folder share: not for others. */
#ifndef KL_STORE_IMPL_H
#define KL_STORE_IMPL_H

#include "db.h"
#include "index.h"
#include "store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>

/* --- object.c */
struct object {
	struct kl_object pub;
	_Atomic unsigned refs;
	unsigned rv_at, rv_len; /* where the digits of resourceVersion stand in pub.json */
	int64_t row;            /* in the database */
	char texts[];
};
static inline struct object *object_of(struct kl_object *pub)
{
	return container_of(pub, struct object, pub);
}

/* An object written down but for its resourceVersion: what the caller's thread can do before the writer has its turn.
 */
struct draft {
	struct kl_buf json;
	size_t rv_at; /* the placeholder's place; its length is RV_PLACEHOLDER_LEN */
	struct kl_buf labels;
	char *uid;
};
void draft_write(struct draft *draft, json_t *object);
void draft_release(struct draft *draft);
struct kl_object *object_from_draft(const struct kl_kind *kind, const char *ns, const char *name,
	const struct draft *draft, uint64_t rv, int64_t row);
/* The same object with another resourceVersion. */
struct kl_object *object_with_rv(const struct kl_object *old, uint64_t rv);
struct kl_object *object_from_row(const struct kl_kind *kind, const struct db_row *row);

/* --- watch.c: a kind's recent events and those who watch them */
struct past_event {
	struct kl_event event;
	int64_t when_ms;
};
struct feed {
	pthread_mutex_t lock;
	struct past_event *ring; /* events [first, end) at index & (size - 1) */
	uint64_t first, end;
	size_t size, bytes;
	uint64_t floor_rv; /* events after this one are all in the ring */
	struct watch_group *groups; /* by namespace */
};
void feed_init(struct feed *feed, uint64_t floor_rv);
void feed_release(struct feed *feed);
/* Takes the event's references over. The writer thread only. */
void feed_publish(struct kl_store *store, struct feed *feed, const struct kl_event *event, int64_t now_ms);

/*
 * Calls `each` with every event after from_rv and up to to_rv, in order; what it gets is valid during the call. -ESTALE:
 * some of them are gone.
 */
int feed_each(struct feed *feed, uint64_t from_rv, uint64_t to_rv, void (*each)(const struct kl_event *event, void *arg),
	void *arg);

/* --- writer.c */
struct batch {
	struct batch *next;
	struct kl_store_write *writes;
	struct draft *drafts;
	size_t count;
	bool all_or_nothing;
	const char *kv_key; /* not NULL: a kv_put instead of writes */
	const void *kv_value;
	size_t kv_len;
	int error;
	struct kl_err err; /* words of a failure of the disk */
	void (*done)(void *arg);
	void *arg;
};
int writer_start(struct kl_store *store, struct kl_err *err);
void writer_stop(struct kl_store *store);
void writer_submit(struct kl_store *store, struct batch *batch);

/* --- store.c */
struct kv {
	UT_hash_handle hh;
	struct kl_buf value;
	char key[];
};

struct kl_store {
	struct db *db;          /* the writer thread's, once it runs */
	struct index **indexes; /* by storage kind */
	struct feed *feeds;
	size_t kind_count;
	unsigned history_events, watch_queue;
	pthread_rwlock_t lock;         /* of the indexes and rv */
	uint64_t rv;                   /* what readers see */
	int64_t last_row;              /* the greatest row number found at load */
	_Atomic uint64_t published_rv; /* all events up to here are in the rings */
	pthread_mutex_t kv_lock;
	struct kv *kv;
	struct writer *writer;
};
/* Copies the value; used at load and by the writer when it is durable. */
void store_kv_remember(struct kl_store *store, const char *key, const void *value, size_t len);
static inline struct index *store_index(struct kl_store *store, const struct kl_kind *kind)
{
	return store->indexes[kind->storage_id];
}

#endif
