#include "snapshot.h"

#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Upstream forgets after five minutes as well. */
enum { AGE_MS = 5 * 60 * 1000, MAX_SNAPSHOTS = 256, MAX_OBJECTS = 2000000 };

struct kl_snapshot {
	_Atomic unsigned refs;
	struct kl_snapshot *prev, *next; /* newest last */
	const struct kl_kind *kind;
	char *ns; /* "": all */
	int64_t taken_ms;
	struct kl_object_list list;
};

struct kl_snapshots {
	struct kl_store *store;
	int64_t age_ms;
	pthread_mutex_t lock; /* of what follows */
	struct kl_snapshot *kept;
	size_t count, objects;
};

struct kl_snapshots *kl_snapshots_new(struct kl_store *store)
{
	struct kl_snapshots *snapshots = kl_calloc(1, sizeof(*snapshots));
	snapshots->store = store;
	snapshots->age_ms = AGE_MS;
	pthread_mutex_init(&snapshots->lock, NULL);
	return snapshots;
}

void kl_snapshots_set_age(struct kl_snapshots *snapshots, int64_t age_ms)
{
	snapshots->age_ms = age_ms ? age_ms : AGE_MS;
}

static void drop_oldest(struct kl_snapshots *snapshots)
{
	struct kl_snapshot *oldest = snapshots->kept;
	DL_DELETE(snapshots->kept, oldest);
	snapshots->count--;
	snapshots->objects -= oldest->list.count;
	kl_snapshot_unref(oldest);
}

void kl_snapshots_free(struct kl_snapshots *snapshots)
{
	if (!snapshots)
		return;
	while (snapshots->kept)
		drop_oldest(snapshots);
	pthread_mutex_destroy(&snapshots->lock);
	free(snapshots);
}

void kl_snapshots_tick(struct kl_snapshots *snapshots, int64_t now_ms)
{
	pthread_mutex_lock(&snapshots->lock);
	while (snapshots->kept && now_ms - snapshots->kept->taken_ms > snapshots->age_ms)
		drop_oldest(snapshots);
	pthread_mutex_unlock(&snapshots->lock);
}

static struct kl_snapshot *ref(struct kl_snapshot *snapshot)
{
	atomic_fetch_add(&snapshot->refs, 1);
	return snapshot;
}

void kl_snapshot_unref(struct kl_snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) > 1)
		return;
	kl_object_list_release(&snapshot->list);
	free(snapshot->ns);
	free(snapshot);
}

const struct kl_object_list *kl_snapshot_list(const struct kl_snapshot *snapshot)
{
	return &snapshot->list;
}

static struct kl_snapshot *make(const struct kl_kind *kind, const char *ns)
{
	struct kl_snapshot *snapshot = kl_calloc(1, sizeof(*snapshot));
	atomic_init(&snapshot->refs, 1);
	snapshot->kind = kl_kind_by_id(kind->storage_id);
	snapshot->ns = kl_strdup(ns ? ns : "");
	snapshot->taken_ms = kl_monotonic_ms();
	return snapshot;
}

/* Under the lock. */
static struct kl_snapshot *find(struct kl_snapshots *snapshots, const struct kl_kind *kind, const char *ns, uint64_t rv)
{
	struct kl_snapshot *at;
	DL_FOREACH (snapshots->kept, at)
		if (at->list.rv == rv && at->kind->id == kind->storage_id && !strcmp(at->ns, ns ? ns : ""))
			return ref(at);
	return NULL;
}

struct kl_snapshot *kl_snapshot_take(struct kl_snapshots *snapshots, const struct kl_kind *kind, const char *ns)
{
	struct kl_snapshot *snapshot = make(kind, ns);
	kl_store_list(snapshots->store, kind, ns, &snapshot->list);
	return snapshot;
}

void kl_snapshot_keep(struct kl_snapshots *snapshots, struct kl_snapshot *snapshot)
{
	pthread_mutex_lock(&snapshots->lock);
	struct kl_snapshot *same = find(snapshots, snapshot->kind, snapshot->ns, snapshot->list.rv);
	if (!same) {
		ref(snapshot);
		DL_APPEND(snapshots->kept, snapshot);
		snapshots->count++;
		snapshots->objects += snapshot->list.count;
	}
	while (snapshots->count > 1 && (snapshots->count > MAX_SNAPSHOTS || snapshots->objects > MAX_OBJECTS))
		drop_oldest(snapshots);
	pthread_mutex_unlock(&snapshots->lock);
	kl_snapshot_unref(same);
}

struct kl_snapshot *kl_snapshot_find(
	struct kl_snapshots *snapshots, const struct kl_kind *kind, const char *ns, uint64_t rv)
{
	pthread_mutex_lock(&snapshots->lock);
	struct kl_snapshot *snapshot = find(snapshots, kind, ns, rv);
	pthread_mutex_unlock(&snapshots->lock);
	if (snapshot)
		return snapshot;
	/* no page of it was ever taken, or long ago; but perhaps the history of changes reaches back so far */
	snapshot = make(kind, ns);
	if (kl_store_list_at(snapshots->store, kind, ns, rv, &snapshot->list) < 0) {
		kl_snapshot_unref(snapshot);
		return NULL;
	}
	return snapshot;
}
