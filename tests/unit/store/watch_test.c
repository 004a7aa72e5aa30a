/* Watches: every event exactly once and in order, from any resourceVersion that the history still has. */
#include "storetest.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

KL_TEST(resumes_without_gap_or_repeat)
{
	enum { EVENTS = 300 };
	struct kl_store *store = test_open(NULL);
	uint64_t start = kl_store_rv(store), rvs[EVENTS];
	for (int i = 0; i < EVENTS; i++) {
		enum kl_write_op op = i % 3 == 0 ? KL_STORE_CREATE : i % 3 == 1 ? KL_STORE_UPDATE : KL_STORE_DELETE;
		KL_CHECK_INT(test_write(store, op, 0, i / 3 % 2 ? "even" : "odd", "x", (uint64_t)i, 0, &rvs[i]), 0);
		if (i % 7 == 0) /* other kinds take numbers too */
			KL_CHECK_INT(
				test_write(store, i ? KL_STORE_UPDATE : KL_STORE_CREATE, 1, "other", "y", 1, 0, NULL),
				0);
	}
	for (int from = -1; from < EVENTS; from += 13) {
		struct kl_watch *watch;
		if (!KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, from < 0 ? start : rvs[from], &watch), 0))
			continue;
		struct kl_event events[7];
		int at = from + 1, count;
		while ((count = kl_watch_take(watch, events, KL_ARRAY_LEN(events))) > 0)
			for (int i = 0; i < count; i++, at++) {
				KL_CHECK(at < EVENTS && events[i].obj->rv == rvs[at]);
				KL_CHECK_INT(events[i].type, at % 3);
				KL_CHECK((events[i].prev != NULL) == (at % 3 != 0));
				if (events[i].prev)
					KL_CHECK_INT(events[i].prev->rv, rvs[at - 1]);
				kl_event_release(&events[i]);
			}
		KL_CHECK_INT(count, 0);
		KL_CHECK_INT(at, EVENTS);
		KL_CHECK(kl_watch_rv(watch) >= rvs[EVENTS - 1]);
		kl_watch_close(watch);
	}
	kl_store_close(store);
}

KL_TEST(deletions_carry_their_own_version)
{
	struct kl_store *store = test_open(NULL);
	uint64_t created, deleted;
	struct kl_watch *watch;
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "d", "x", 5, 0, &created), 0);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), "d", created, &watch), 0);
	KL_CHECK_INT(test_write(store, KL_STORE_DELETE, 0, "d", "x", 0, 0, &deleted), 0);
	struct kl_event event;
	if (KL_CHECK_INT(kl_watch_take(watch, &event, 1), 1)) {
		kl_autojson *json = kl_object_parse(event.obj);
		char rv[24];
		snprintf(rv, sizeof(rv), "%llu", (unsigned long long)deleted);
		KL_CHECK_STR(kl_json_str(json, "metadata", "resourceVersion", NULL), rv);
		KL_CHECK_INT(test_value(event.obj), 5);
		kl_event_release(&event);
	}
	kl_watch_close(watch);
	kl_store_close(store);
}

KL_TEST(too_old_is_said_so)
{
	struct kl_store *store = test_open(&(struct kl_store_options){.history_events = 10});
	uint64_t first, last = 0;
	struct kl_watch *watch;
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "old", "x", 0, 0, &first), 0);
	for (int i = 0; i < 30; i++)
		KL_CHECK_INT(test_write(store, KL_STORE_UPDATE, 0, "old", "x", 1, 0, &last), 0);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, first, &watch), -ESTALE);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, last - 11, &watch), -ESTALE);
	if (KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, last - 10, &watch), 0))
		kl_watch_close(watch);
	kl_store_close(store);
}

KL_TEST(a_watch_may_resume_over_a_restart_when_nothing_happened)
{
	struct kl_store *store = test_open(NULL);
	uint64_t before, rv;
	struct kl_watch *watch;
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "again", "x", 0, 0, &before), 0);
	KL_CHECK_INT(test_write(store, KL_STORE_DELETE, 0, "again", "x", 0, 0, &rv), 0);
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 1, "again", "later", 0, 0, NULL), 0);
	kl_store_close(store);
	store = test_open(NULL);
	if (KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, rv, &watch), 0))
		kl_watch_close(watch);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, before, &watch), -ESTALE);
	kl_store_close(store);
}

static void count_up(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

KL_TEST(a_watcher_of_one_namespace_sleeps_through_the_others)
{
	struct kl_store *store = test_open(&(struct kl_store_options){.history_events = 20});
	_Atomic int notified = 0;
	uint64_t rv;
	struct kl_watch *watch;
	struct kl_event event;
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "loud", "n", 0, 0, &rv), 0);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), "quiet", rv, &watch), 0);
	kl_watch_notify(watch, count_up, &notified);
	for (int i = 0; i < 100; i++)
		KL_CHECK_INT(test_write(store, KL_STORE_UPDATE, 0, "loud", "n", 0, 0, NULL), 0);
	KL_CHECK_INT(notified, 0);
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "quiet", "n", 0, 0, NULL), 0);
	KL_CHECK_INT(notified, 1);
	if (KL_CHECK_INT(kl_watch_take(watch, &event, 1), 1)) /* not cut off although the ring has turned over */
		kl_event_release(&event);
	KL_CHECK_INT(kl_watch_take(watch, &event, 1), 0);
	kl_watch_close(watch);
	kl_store_close(store);
}

KL_TEST(a_watcher_that_lags_is_cut_off)
{
	struct kl_store *store = test_open(&(struct kl_store_options){.history_events = 20});
	uint64_t rv;
	struct kl_watch *watch;
	struct kl_event event;
	KL_CHECK_INT(test_write(store, KL_STORE_CREATE, 0, "lag", "n", 0, 0, &rv), 0);
	KL_CHECK_INT(kl_store_watch(store, test_kind(0), NULL, rv, &watch), 0);
	for (int i = 0; i < 40; i++)
		KL_CHECK_INT(test_write(store, KL_STORE_UPDATE, 0, "lag", "n", 0, 0, NULL), 0);
	KL_CHECK_INT(kl_watch_take(watch, &event, 1), -EOVERFLOW);
	kl_watch_close(watch);
	kl_store_close(store);
}

/* --- many writers, many watchers --- */

enum { WRITERS = 4, WATCHERS = 4, WRITES = 150 };

struct watcher {
	struct kl_store *store;
	struct kl_watch *watch;
	sem_t wake;
	uint64_t last_rv;
	int seen;
	pthread_t thread;
};

static void *write_some(void *arg)
{
	struct kl_store *store = arg;
	char name[32];
	snprintf(name, sizeof(name), "w%lx", (unsigned long)pthread_self());
	for (int i = 0; i < WRITES; i++)
		KL_CHECK_INT(
			test_write(store, i ? KL_STORE_UPDATE : KL_STORE_CREATE, 0, "many", name, (uint64_t)i, 0, NULL),
			0);
	return NULL;
}

static void post(void *arg)
{
	sem_post(arg);
}

static void *watch_all(void *arg)
{
	struct watcher *watcher = arg;
	while (watcher->seen < WRITERS * WRITES) {
		struct kl_event events[16];
		int count = kl_watch_take(watcher->watch, events, KL_ARRAY_LEN(events));
		if (!KL_CHECK(count >= 0))
			return NULL;
		if (!count)
			sem_wait(&watcher->wake);
		for (int i = 0; i < count; i++) {
			KL_CHECK(events[i].obj->rv > watcher->last_rv);
			watcher->last_rv = events[i].obj->rv;
			watcher->seen++;
			kl_event_release(&events[i]);
		}
	}
	return NULL;
}

static void *read_all(void *arg)
{
	struct kl_store *store = arg;
	for (int i = 0; i < 200; i++) {
		struct kl_object_list list;
		kl_store_list(store, test_kind(0), "many", &list);
		for (size_t k = 0; k < list.count; k++)
			KL_CHECK(list.items[k]->rv <= list.rv);
		kl_object_list_release(&list);
	}
	return NULL;
}

KL_TEST(threads)
{
	struct kl_store *store = test_open(NULL);
	struct watcher watchers[WATCHERS] = {0};
	pthread_t writers[WRITERS], reader;
	for (int i = 0; i < WATCHERS; i++) {
		watchers[i].store = store;
		sem_init(&watchers[i].wake, 0, 0);
		KL_CHECK_INT(kl_store_watch(store, test_kind(0), "many", kl_store_rv(store), &watchers[i].watch), 0);
		kl_watch_notify(watchers[i].watch, post, &watchers[i].wake);
		pthread_create(&watchers[i].thread, NULL, watch_all, &watchers[i]);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, write_some, store);
	pthread_create(&reader, NULL, read_all, store);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	pthread_join(reader, NULL);
	for (int i = 0; i < WATCHERS; i++) {
		pthread_join(watchers[i].thread, NULL);
		KL_CHECK_INT(watchers[i].seen, WRITERS * WRITES);
		kl_watch_close(watchers[i].watch);
		sem_destroy(&watchers[i].wake);
	}
	kl_store_close(store);
}

KL_MAIN()
