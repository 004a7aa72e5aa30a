#include "store_impl.h"

#include "log.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_HISTORY_EVENTS = 8192 };

struct load {
	struct kl_store *store;
	uint64_t *floors; /* by storage kind: the rv of its last event */
	size_t unknown;
};

/* "apps/Deployment" → the storage row; NULL for a kind that this version does not know. */
static const struct kl_kind *kind_from_text(const char *text)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	const char *slash = strrchr(text, '/');
	for (size_t i = 0; slash && i < count; i++) {
		size_t group_len = strlen(kinds[i].group);
		if (kinds[i].id == kinds[i].storage_id && group_len == (size_t)(slash - text) &&
			!strncmp(kinds[i].group, text, group_len) && !strcmp(kinds[i].kind, slash + 1))
			return &kinds[i];
	}
	return NULL;
}

static void raise(uint64_t *rv, uint64_t to)
{
	if (to > *rv)
		*rv = to;
}

static void load_object(const struct db_row *row, void *arg)
{
	struct load *load = arg;
	raise(&load->store->rv, row->rv);
	if (row->row > load->store->last_row)
		load->store->last_row = row->row;
	const struct kl_kind *kind = kind_from_text(row->kind);
	if (!kind) {
		load->unknown++;
		return;
	}
	raise(&load->floors[kind->storage_id], row->rv);
	struct kl_object *obj = object_from_row(kind, row);
	kl_object_unref(index_put(store_index(load->store, kind), obj));
	kl_object_unref(obj);
}

static void load_deletion(const char *text, uint64_t rv, void *arg)
{
	struct load *load = arg;
	raise(&load->store->rv, rv);
	const struct kl_kind *kind = kind_from_text(text);
	if (kind)
		raise(&load->floors[kind->storage_id], rv);
}

static void load_kv(const char *key, const void *value, size_t len, void *arg)
{
	store_kv_remember(((struct load *)arg)->store, key, value, len);
}

static int load_all(struct kl_store *store, struct kl_err *err)
{
	kl_autofree uint64_t *floors = kl_calloc(store->kind_count, sizeof(*floors));
	struct load load = {.store = store, .floors = floors};
	store->rv = 1; /* 0 means "any" in the API */
	int rc = db_load_objects(store->db, load_object, &load, err);
	if (rc == 0)
		rc = db_load_deletions(store->db, load_deletion, &load, err);
	if (rc == 0)
		rc = db_load_kv(store->db, load_kv, &load, err);
	if (load.unknown)
		kl_warn("%zu stored objects are of kinds that this version does not know; they are kept", load.unknown);
	for (size_t i = 0; i < store->kind_count; i++)
		feed_init(&store->feeds[i], floors[i]);
	atomic_store(&store->published_rv, store->rv);
	return rc;
}

KL_AUTO(cleanup_store, struct kl_store, kl_store_close)

int kl_store_open(const struct kl_store_options *options, struct kl_store **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_store) struct kl_store *store = kl_calloc(1, sizeof(*store));
	kl_kinds(&store->kind_count);
	pthread_rwlock_init(&store->lock, NULL);
	pthread_mutex_init(&store->kv_lock, NULL);
	store->history_events = options->history_events ? options->history_events : DEFAULT_HISTORY_EVENTS;
	store->watch_queue = options->watch_queue;
	store->indexes = kl_calloc(store->kind_count, sizeof(struct index *));
	store->feeds = kl_calloc(store->kind_count, sizeof(struct feed));
	for (size_t i = 0; i < store->kind_count; i++)
		store->indexes[i] = index_new();
	int rc = db_open(options->path, &store->db, err);
	if (rc == 0)
		rc = load_all(store, err);
	if (rc == 0)
		rc = writer_start(store, err);
	if (rc < 0)
		return rc;
	*ret = kl_take(&store);
	return 0;
}

static void free_kv(struct kl_store *store)
{
	struct kv *kv, *next;
	HASH_ITER (hh, store->kv, kv, next) {
		HASH_DEL(store->kv, kv);
		kl_buf_release(&kv->value);
		free(kv);
	}
}

void kl_store_close(struct kl_store *store)
{
	if (!store)
		return;
	writer_stop(store);
	db_close(store->db);
	for (size_t i = 0; i < store->kind_count; i++) {
		index_free(store->indexes[i]);
		feed_release(&store->feeds[i]);
	}
	free_kv(store);
	pthread_rwlock_destroy(&store->lock);
	pthread_mutex_destroy(&store->kv_lock);
	free(store->indexes);
	free(store->feeds);
	free(store);
}

struct kl_object *kl_store_get(struct kl_store *store, const struct kl_kind *kind, const char *ns, const char *name)
{
	pthread_rwlock_rdlock(&store->lock);
	struct kl_object *obj = index_get(store_index(store, kind), ns ? ns : "", name);
	if (obj)
		kl_object_ref(obj);
	pthread_rwlock_unlock(&store->lock);
	return obj;
}

uint64_t kl_store_rv(struct kl_store *store)
{
	pthread_rwlock_rdlock(&store->lock);
	uint64_t rv = store->rv;
	pthread_rwlock_unlock(&store->lock);
	return rv;
}

size_t kl_store_count(struct kl_store *store, const struct kl_kind *kind)
{
	pthread_rwlock_rdlock(&store->lock);
	size_t count = index_count(store_index(store, kind));
	pthread_rwlock_unlock(&store->lock);
	return count;
}

/* The first position behind everything in a namespace: no name contains a byte above '~'. */
static struct index_at range_end(const struct index *index, const char *ns)
{
	return ns && *ns ? index_seek(index, ns, "\x7f") : index_end(index);
}

static struct index_at range_start(
	const struct index *index, const char *ns, const char *after_ns, const char *after_name)
{
	if (!after_name)
		return index_seek(index, ns ? ns : "", "");
	struct index_at at = index_seek(index, after_ns ? after_ns : "", after_name), next = at;
	const struct kl_object *obj = index_next(index, &next);
	bool same = obj && !strcmp(obj->ns, after_ns ? after_ns : "") && !strcmp(obj->name, after_name);
	return same ? next : at;
}

void kl_store_list_page(struct kl_store *store, const struct kl_kind *kind, const char *ns, const char *after_ns,
	const char *after_name, size_t max, struct kl_object_list *ret, size_t *ret_remaining)
{
	*ret = (struct kl_object_list){0};
	pthread_rwlock_rdlock(&store->lock);
	const struct index *index = store_index(store, kind);
	struct index_at at = range_start(index, ns, after_ns, after_name), end = range_end(index, ns);
	bool none = at.block > end.block || (at.block == end.block && at.item >= end.item);
	size_t count = none ? 0 : index_distance(index, at, end);
	size_t take = count < max ? count : max;
	ret->rv = store->rv;
	ret->items = kl_reallocarray(NULL, take + 1, sizeof(struct kl_object *));
	while (ret->count < take)
		ret->items[ret->count++] = kl_object_ref(index_next(index, &at));
	pthread_rwlock_unlock(&store->lock);
	*ret_remaining = count - take;
}

void kl_store_list(struct kl_store *store, const struct kl_kind *kind, const char *ns, struct kl_object_list *ret)
{
	size_t remaining;
	kl_store_list_page(store, kind, ns, NULL, NULL, SIZE_MAX, ret, &remaining);
}

void kl_object_list_release(struct kl_object_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		kl_object_unref(list->items[i]);
	free(list->items);
	*list = (struct kl_object_list){0};
}

static struct batch *new_batch(struct kl_store_write *writes, size_t count, bool all_or_nothing)
{
	struct batch *batch = kl_calloc(1, sizeof(*batch) + count * sizeof(struct draft));
	batch->writes = writes;
	batch->count = count;
	batch->all_or_nothing = all_or_nothing;
	batch->drafts = (struct draft *)(batch + 1);
	for (size_t i = 0; i < count; i++) {
		writes[i].result = NULL;
		writes[i].error = 0;
		if (writes[i].object)
			draft_write(&batch->drafts[i], writes[i].object);
	}
	return batch;
}

struct submitted {
	struct batch *batch;
	void (*done)(void *arg);
	void *arg;
};

static void submitted_done(void *arg)
{
	struct submitted *submitted = arg;
	submitted->done(submitted->arg);
	free(submitted->batch);
	free(submitted);
}

void kl_store_submit(struct kl_store *store, struct kl_store_write *writes, size_t count, bool all_or_nothing,
	void (*done)(void *arg), void *arg)
{
	struct submitted *submitted = kl_malloc(sizeof(*submitted));
	*submitted = (struct submitted){new_batch(writes, count, all_or_nothing), done, arg};
	submitted->batch->done = submitted_done;
	submitted->batch->arg = submitted;
	writer_submit(store, submitted->batch);
}

static void post(void *arg)
{
	sem_post(arg);
}

static void submit_and_wait(struct kl_store *store, struct batch *batch)
{
	sem_t done;
	sem_init(&done, 0, 0);
	batch->done = post;
	batch->arg = &done;
	writer_submit(store, batch);
	while (sem_wait(&done) < 0 && errno == EINTR)
		;
	sem_destroy(&done);
}

static int write_error(const struct kl_store_write *writes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (writes[i].error)
			return writes[i].error;
	return 0;
}

int kl_store_commit(struct kl_store *store, struct kl_store_write *writes, size_t count, struct kl_err *err)
{
	kl_autofree struct batch *batch = new_batch(writes, count, true);
	submit_and_wait(store, batch);
	if (batch->err.code && err)
		*err = batch->err;
	int error = write_error(writes, count);
	return error ? error : batch->error;
}

void kl_store_commit_each(struct kl_store *store, struct kl_store_write *writes, size_t count)
{
	if (!count)
		return;
	kl_autofree struct batch *batch = new_batch(writes, count, false);
	submit_and_wait(store, batch);
}

void store_kv_remember(struct kl_store *store, const char *key, const void *value, size_t len)
{
	struct kv *kv;
	pthread_mutex_lock(&store->kv_lock);
	HASH_FIND_STR(store->kv, key, kv);
	if (!kv) {
		kv = kl_calloc(1, sizeof(*kv) + strlen(key) + 1);
		strcpy(kv->key, key);
		HASH_ADD_STR(store->kv, key, kv);
	}
	kl_buf_reset(&kv->value);
	kl_buf_push(&kv->value, value, len);
	pthread_mutex_unlock(&store->kv_lock);
}

int kl_store_kv_put(struct kl_store *store, const char *key, const void *value, size_t len, struct kl_err *err)
{
	kl_autofree struct batch *batch = new_batch(NULL, 0, false);
	batch->kv_key = key;
	batch->kv_value = value;
	batch->kv_len = len;
	submit_and_wait(store, batch);
	if (batch->err.code && err)
		*err = batch->err;
	return batch->error;
}

int kl_store_kv_get(struct kl_store *store, const char *key, struct kl_buf *ret, struct kl_err *err)
{
	struct kv *kv;
	pthread_mutex_lock(&store->kv_lock);
	HASH_FIND_STR(store->kv, key, kv);
	if (kv)
		kl_buf_push(ret, kv->value.data, kv->value.len);
	pthread_mutex_unlock(&store->kv_lock);
	return kv ? 0 : kl_fail_msg(err, ENOENT, "no value '%s'", key);
}
