/*
 * The one thread that writes. It takes everything that waits as one group: checks each write against the index and what
 * the group has done so far, writes the rows, commits once (one fsync), and only then shows the result to readers,
 * watchers and the callers.
 */
#include "store_impl.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	GROUP_MAX = 2048,      /* writes in one commit */
	WAL_BUSY_PAGES = 8192, /* the log is moved home at this size even under load */
	WAL_IDLE_PAGES = 256,  /* … and at this size when nothing has come for a while */
	IDLE_MS = 200,
};

/* One accepted write of the group. */
struct staged {
	struct kl_store_write *write;
	struct kl_object *obj, *prev; /* references; prev NULL for a create */
	struct staged *chain;         /* of the hash table */
};

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct batch *head, **tail;
	bool stop;

	/* the thread's own */
	uint64_t next_rv;
	int64_t next_row;
	struct staged *staged;
	size_t staged_count, staged_room;
	struct staged **table; /* by key, newest first */
	size_t table_size;
};

static char *kind_text(const struct kl_kind *kind, char text[128])
{
	snprintf(text, 128, "%s/%s", kind->group, kind->kind);
	return text;
}

static size_t hash_key(const struct kl_kind *kind, const char *ns, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325u ^ kind->storage_id;
	for (; *ns; ns++)
		hash = (hash ^ (unsigned char)*ns) * 0x100000001b3u;
	hash = (hash ^ '/') * 0x100000001b3u;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	return (size_t)(hash ^ hash >> 32);
}

static bool same_key(const struct kl_object *obj, const struct kl_store_write *write)
{
	return obj->kind->storage_id == write->kind->storage_id && !strcmp(obj->name, write->name) &&
	       !strcmp(obj->ns, write->ns ? write->ns : "");
}

static struct staged **bucket(struct writer *writer, const struct kl_store_write *write)
{
	return &writer->table[hash_key(write->kind, write->ns ? write->ns : "", write->name) &
			      (writer->table_size - 1)];
}

static struct staged *find_staged(struct writer *writer, const struct kl_store_write *write)
{
	struct staged *at = *bucket(writer, write);
	while (at && !same_key(at->obj, write))
		at = at->chain;
	return at;
}

/* The object as the group so far leaves it; NULL: there is none. Borrowed. */
static struct kl_object *current_of(struct kl_store *store, const struct kl_store_write *write)
{
	struct staged *staged = find_staged(store->writer, write);
	if (staged)
		return staged->write->op == KL_STORE_DELETE ? NULL : staged->obj;
	return index_get(store_index(store, write->kind), write->ns ? write->ns : "", write->name);
}

static int check(const struct kl_store_write *write, const struct kl_object *current)
{
	if (write->op == KL_STORE_CREATE)
		return current ? -EEXIST : 0;
	if (!current)
		return -ENOENT;
	return write->expected_rv && write->expected_rv != current->rv ? -ESTALE : 0;
}

static int stage(struct kl_store *store, struct kl_store_write *write, const struct draft *draft)
{
	struct writer *writer = store->writer;
	struct kl_object *current = current_of(store, write);
	write->error = check(write, current);
	if (write->error)
		return write->error;
	uint64_t rv = ++writer->next_rv;
	int64_t row = current ? object_of(current)->row : ++writer->next_row;
	const struct kl_kind *kind = kl_kind_by_id(write->kind->storage_id);
	struct staged *staged = &writer->staged[writer->staged_count++];
	*staged = (struct staged){
		.write = write,
		.prev = current ? kl_object_ref(current) : NULL,
		.obj = draft->uid ? object_from_draft(kind, write->ns ? write->ns : "", write->name, draft, rv, row)
				  : object_with_rv(current, rv),
	};
	struct staged **head = bucket(writer, write);
	staged->chain = *head;
	*head = staged;
	return 0;
}

/* Takes back the youngest ones, down to `count`. */
static void unstage(struct kl_store *store, size_t count)
{
	struct writer *writer = store->writer;
	while (writer->staged_count > count) {
		struct staged *staged = &writer->staged[--writer->staged_count];
		*bucket(writer, staged->write) = staged->chain;
		kl_object_unref(staged->obj);
		kl_object_unref(staged->prev);
	}
}

static void stage_batch(struct kl_store *store, struct batch *batch)
{
	struct writer *writer = store->writer;
	size_t before = writer->staged_count;
	uint64_t rv = writer->next_rv;
	for (size_t i = 0; i < batch->count; i++) {
		int error = stage(store, &batch->writes[i], &batch->drafts[i]);
		if (error && batch->all_or_nothing) {
			unstage(store, before);
			writer->next_rv = rv;
			batch->error = error;
			return;
		}
	}
}

static int write_row(struct kl_store *store, const struct staged *staged, struct kl_err *err)
{
	struct object *obj = object_of(staged->obj);
	char kind[128];
	kind_text(obj->pub.kind, kind);
	if (staged->write->op == KL_STORE_DELETE)
		return db_delete(store->db, obj->row, kind, obj->pub.rv, err);
	struct db_row row = {
		.row = obj->row,
		.kind = kind,
		.ns = obj->pub.ns,
		.name = obj->pub.name,
		.uid = obj->pub.uid,
		.labels = obj->pub.labels,
		.labels_len = (size_t)(obj->pub.json - obj->pub.labels),
		.rv = obj->pub.rv,
		.rv_at = obj->rv_at,
		.rv_len = obj->rv_len,
		.json = obj->pub.json,
		.len = obj->pub.len,
	};
	return staged->prev ? db_update(store->db, &row, err) : db_insert(store->db, &row, err);
}

static int write_group(struct kl_store *store, struct batch *group, struct kl_err *err)
{
	struct writer *writer = store->writer;
	int rc = db_begin(store->db, err);
	for (size_t i = 0; i < writer->staged_count && rc == 0; i++)
		rc = write_row(store, &writer->staged[i], err);
	for (struct batch *batch = group; batch && rc == 0; batch = batch->next)
		if (batch->kv_key)
			rc = db_put_kv(store->db, batch->kv_key, batch->kv_value, batch->kv_len, err);
	if (rc == 0)
		rc = db_commit(store->db, err);
	if (rc < 0)
		db_rollback(store->db);
	return rc;
}

static void show_to_readers(struct kl_store *store, struct batch *group)
{
	struct writer *writer = store->writer;
	pthread_rwlock_wrlock(&store->lock);
	for (size_t i = 0; i < writer->staged_count; i++) {
		struct staged *staged = &writer->staged[i];
		struct index *index = store_index(store, staged->obj->kind);
		kl_object_unref(staged->write->op == KL_STORE_DELETE
					? index_remove(index, staged->obj->ns, staged->obj->name)
					: index_put(index, staged->obj));
	}
	store->rv = writer->next_rv;
	pthread_rwlock_unlock(&store->lock);
	for (struct batch *batch = group; batch; batch = batch->next)
		if (batch->kv_key)
			store_kv_remember(store, batch->kv_key, batch->kv_value, batch->kv_len);
}

static enum kl_event_type event_type(const struct staged *staged)
{
	switch (staged->write->op) {
	case KL_STORE_CREATE:
		return KL_EVENT_ADDED;
	case KL_STORE_UPDATE:
		return KL_EVENT_MODIFIED;
	default:
		return KL_EVENT_DELETED;
	}
}

static void publish(struct kl_store *store)
{
	struct writer *writer = store->writer;
	int64_t now_ms = kl_monotonic_ms();
	for (size_t i = 0; i < writer->staged_count; i++) {
		struct staged *staged = &writer->staged[i];
		staged->write->result = kl_object_ref(staged->obj);
		struct kl_event event = {event_type(staged), staged->obj, staged->prev};
		feed_publish(store, &store->feeds[staged->obj->kind->storage_id], &event, now_ms);
	}
	writer->staged_count = 0; /* their references live on in the events */
	atomic_store(&store->published_rv, writer->next_rv);
}

static void fail_group(struct kl_store *store, struct batch *group, int error, const struct kl_err *err)
{
	unstage(store, 0);
	for (struct batch *batch = group; batch; batch = batch->next) {
		batch->error = error;
		batch->err = *err;
		for (size_t i = 0; i < batch->count; i++)
			if (!batch->writes[i].error)
				batch->writes[i].error = error;
	}
}

static void prepare_table(struct writer *writer, size_t writes)
{
	size_t size = 64;
	while (size < 2 * writes)
		size *= 2;
	if (size != writer->table_size) {
		free(writer->table);
		writer->table = kl_calloc(size, sizeof(struct staged *));
		writer->table_size = size;
	} else {
		memset(writer->table, 0, size * sizeof(struct staged *));
	}
	if (writes > writer->staged_room) {
		free(writer->staged);
		writer->staged = kl_calloc(writes, sizeof(struct staged));
		writer->staged_room = writes;
	}
	writer->staged_count = 0;
}

static void finish(struct batch *group)
{
	while (group) {
		struct batch *next = group->next;
		for (size_t i = 0; i < group->count; i++)
			draft_release(&group->drafts[i]);
		group->done(group->arg); /* frees the batch */
		group = next;
	}
}

static void commit_group(struct kl_store *store, struct batch *group, size_t writes)
{
	struct writer *writer = store->writer;
	struct kl_err err = {0};
	uint64_t rv = writer->next_rv;
	int64_t row = writer->next_row;
	bool kv = false;
	prepare_table(writer, writes);
	for (struct batch *batch = group; batch; batch = batch->next) {
		stage_batch(store, batch);
		kv |= batch->kv_key != NULL;
	}
	int rc = writer->staged_count || kv ? write_group(store, group, &err) : 0;
	if (rc < 0) {
		writer->next_rv = rv;
		writer->next_row = row;
		fail_group(store, group, rc, &err);
	} else {
		show_to_readers(store, group);
		publish(store);
	}
	finish(group);
}

/* Waits for work; moves the log home when there is none for a while. False: stop. */
static bool wait_for_work(struct kl_store *store)
{
	struct writer *writer = store->writer;
	while (!writer->head && !writer->stop) {
		if (db_wal_pages(store->db) < WAL_IDLE_PAGES) {
			pthread_cond_wait(&writer->wake, &writer->lock);
			continue;
		}
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += IDLE_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == ETIMEDOUT && !writer->head) {
			pthread_mutex_unlock(&writer->lock);
			db_checkpoint(store->db);
			pthread_mutex_lock(&writer->lock);
		}
	}
	return writer->head != NULL;
}

/* As many waiting batches as fit into one commit. */
static struct batch *take_group(struct writer *writer, size_t *ret_writes)
{
	struct batch *group = writer->head, **end = &writer->head;
	*ret_writes = 0;
	while (*end && (*ret_writes == 0 || *ret_writes + (*end)->count <= GROUP_MAX)) {
		*ret_writes += (*end)->count;
		end = &(*end)->next;
	}
	writer->head = *end;
	*end = NULL;
	if (!writer->head)
		writer->tail = &writer->head;
	return group;
}

static void *run(void *arg)
{
	struct kl_store *store = arg;
	struct writer *writer = store->writer;
	kl_log_set_component("store");
	pthread_mutex_lock(&writer->lock);
	while (wait_for_work(store)) {
		size_t writes;
		struct batch *group = take_group(writer, &writes);
		pthread_mutex_unlock(&writer->lock);
		commit_group(store, group, writes);
		if (db_wal_pages(store->db) > WAL_BUSY_PAGES)
			db_checkpoint(store->db);
		pthread_mutex_lock(&writer->lock);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

void writer_submit(struct kl_store *store, struct batch *batch)
{
	struct writer *writer = store->writer;
	batch->next = NULL;
	pthread_mutex_lock(&writer->lock);
	*writer->tail = batch;
	writer->tail = &batch->next;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
}

int writer_start(struct kl_store *store, struct kl_err *err)
{
	struct writer *writer = store->writer = kl_calloc(1, sizeof(*writer));
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, &attr);
	pthread_condattr_destroy(&attr);
	writer->tail = &writer->head;
	writer->next_rv = store->rv;
	writer->next_row = store->last_row;
	int rc = pthread_create(&writer->thread, NULL, run, store);
	if (rc) {
		free(kl_take(&store->writer));
		return kl_fail(err, rc, "start the store's writer");
	}
	return 0;
}

void writer_stop(struct kl_store *store)
{
	struct writer *writer = store->writer;
	if (!writer)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer->staged);
	free(writer->table);
	free(writer);
}
