/*
 * Lists as of an earlier resourceVersion: the present list with the changes since then taken back. For each object the
 * first change after that time tells what was there before it.
 */
#include "store_impl.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct former {
	UT_hash_handle hh;
	struct kl_object *obj; /* a reference; NULL: there was none */
	bool placed;
	char key[]; /* "namespace/name" */
};

struct rewind {
	const char *ns; /* NULL: all */
	struct former *formers;
};

static char *key_of(const struct kl_object *obj)
{
	return kl_asprintf("%s/%s", obj->ns, obj->name);
}

static void on_event(const struct kl_event *event, void *arg)
{
	struct rewind *rewind = arg;
	struct former *former;
	if (rewind->ns && strcmp(rewind->ns, event->obj->ns) != 0)
		return;
	kl_autofree char *key = key_of(event->obj);
	HASH_FIND_STR(rewind->formers, key, former);
	if (former)
		return; /* an earlier change has told */
	former = kl_calloc(1, sizeof(*former) + strlen(key) + 1);
	strcpy(former->key, key);
	former->obj = event->prev ? kl_object_ref(event->prev) : NULL;
	HASH_ADD_STR(rewind->formers, key, former);
}

static int compare(const void *a, const void *b)
{
	const struct kl_object *x = *(struct kl_object *const *)a, *y = *(struct kl_object *const *)b;
	int ns = strcmp(x->ns, y->ns);
	return ns ? ns : strcmp(x->name, y->name);
}

/* What is there now and has changed since then becomes what it was, or goes. */
static void replace_present(struct rewind *rewind, struct kl_object_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct former *former;
		kl_autofree char *key = key_of(list->items[i]);
		HASH_FIND_STR(rewind->formers, key, former);
		if (!former) {
			list->items[kept++] = list->items[i];
			continue;
		}
		kl_object_unref(list->items[i]);
		former->placed = true;
		if (former->obj)
			list->items[kept++] = kl_object_ref(former->obj);
	}
	list->count = kept;
}

/* What was there and is not now comes back. */
static void restore_deleted(struct rewind *rewind, struct kl_object_list *list)
{
	struct former *former, *next;
	size_t before = list->count;
	list->items =
		kl_reallocarray(list->items, list->count + HASH_COUNT(rewind->formers) + 1, sizeof(struct kl_object *));
	HASH_ITER (hh, rewind->formers, former, next)
		if (!former->placed && former->obj)
			list->items[list->count++] = kl_object_ref(former->obj);
	if (list->count > before)
		qsort(list->items, list->count, sizeof(struct kl_object *), compare);
}

static void release(struct rewind *rewind)
{
	struct former *former, *next;
	HASH_ITER (hh, rewind->formers, former, next) {
		HASH_DEL(rewind->formers, former);
		kl_object_unref(former->obj);
		free(former);
	}
}

int kl_store_list_at(
	struct kl_store *store, const struct kl_kind *kind, const char *ns, uint64_t rv, struct kl_object_list *ret)
{
	struct kl_object_list list;
	struct rewind rewind = {.ns = ns && *ns ? ns : NULL};
	kl_store_list(store, kind, ns, &list);
	if (rv > list.rv) {
		kl_object_list_release(&list);
		return -EAGAIN;
	}
	/* readers see a group a moment before its events are in the rings */
	while (atomic_load(&store->published_rv) < list.rv)
		sched_yield();
	int rc = feed_each(&store->feeds[kind->storage_id], rv, list.rv, on_event, &rewind);
	if (rc < 0) {
		kl_object_list_release(&list);
	} else if (rewind.formers) {
		replace_present(&rewind, &list);
		restore_deleted(&rewind, &list);
	}
	release(&rewind);
	list.rv = rv;
	if (rc == 0)
		*ret = list;
	return rc;
}
