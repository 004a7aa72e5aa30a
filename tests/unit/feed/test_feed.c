#include "feed.h"

#include "clock.h"
#include "file.h"
#include "mem.h"
#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
	char dir[48];
	struct kl_store *store;
	struct kl_feed *feed;
	const struct kl_kind *kind;
	struct kl_buf seen; /* "+a ~a -a " */
};

static void on_change(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct world *w = arg;
	const struct kl_object *any = now ? now : prev;
	kl_buf_printf(&w->seen, "%c%s ", !prev ? '+' : now ? '~' : '-', any->name);
	KL_CHECK_STR(kl_json_str(kl_feed_parsed(w->feed), "metadata", "name", NULL), any->name);
}

static void world_open(struct world *w, unsigned watch_queue)
{
	struct kl_err err = {0};
	*w = (struct world){.dir = "/tmp/kl-test-feed-XXXXXX", .kind = kl_kind_named("", "ConfigMap")};
	if (!mkdtemp(w->dir))
		abort();
	kl_autofree char *path = kl_asprintf("%s/db", w->dir);
	struct kl_store_options options = {.path = path, .watch_queue = watch_queue};
	KL_CHECK_INT(kl_store_open(&options, &w->store, &err), 0);
	KL_CHECK_INT(kl_feed_new(w->store, &w->feed, &err), 0);
	kl_feed_add(w->feed, w->kind, on_change, w);
}

static void world_close(struct world *w)
{
	kl_feed_free(w->feed);
	kl_store_close(w->store);
	kl_buf_release(&w->seen);
	kl_remove_tree(w->dir, NULL);
}

/* Returns the result; the caller's. */
static struct kl_object *put(struct world *w, enum kl_write_op op, const char *name, const char *value)
{
	kl_autojson *object = json_pack("{s:s,s:s,s:{s:s,s:s,s:s},s:{s:s}}", "apiVersion", "v1", "kind", "ConfigMap",
		"metadata", "name", name, "namespace", "d", "uid", name, "data", "v", value);
	struct kl_store_write write = {.op = op, .kind = w->kind, .ns = "d", .name = name, .object = object};
	KL_CHECK_INT(kl_store_commit(w->store, &write, 1, NULL), 0);
	return write.result;
}

static void saw(struct world *w, const char *want)
{
	KL_CHECK_STR(kl_buf_str(&w->seen), want);
	kl_buf_reset(&w->seen);
}

/* Events come by another thread: at most a few turns. */
static void deliver(struct world *w, const char *want)
{
	for (int64_t end = kl_monotonic_ms() + 5000;
		kl_monotonic_ms() < end && strcmp(kl_buf_str(&w->seen), want) != 0;) {
		kl_feed_deliver(w->feed);
		if (strcmp(kl_buf_str(&w->seen), want) != 0)
			kl_feed_wait(w->feed, 20);
	}
	saw(w, want);
}

KL_TEST(lists_then_follows)
{
	struct world w;
	world_open(&w, 0);
	kl_object_unref(put(&w, KL_STORE_CREATE, "a", "1"));
	kl_object_unref(put(&w, KL_STORE_CREATE, "b", "1"));
	KL_CHECK_INT(kl_feed_sync(w.feed, NULL), 0);
	saw(&w, "+a +b ");
	kl_object_unref(put(&w, KL_STORE_UPDATE, "a", "2"));
	kl_object_unref(put(&w, KL_STORE_CREATE, "c", "1"));
	kl_object_unref(put(&w, KL_STORE_DELETE, "b", "1"));
	deliver(&w, "~a +c -b ");
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "a") != NULL);
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "b") == NULL);
	KL_CHECK(kl_feed_get(w.feed, w.kind, "other", "a") == NULL);
	world_close(&w);
}

KL_TEST(what_was_observed_is_not_told_again)
{
	struct world w;
	world_open(&w, 0);
	KL_CHECK_INT(kl_feed_sync(w.feed, NULL), 0);
	struct kl_object *first = put(&w, KL_STORE_CREATE, "a", "1"), *second = put(&w, KL_STORE_UPDATE, "a", "2");
	kl_feed_observe(w.feed, second);
	saw(&w, "+a ");
	kl_feed_observe(w.feed, first); /* older: nothing */
	kl_object_unref(put(&w, KL_STORE_CREATE, "b", "1"));
	deliver(&w, "+b ");
	kl_object_unref(put(&w, KL_STORE_DELETE, "a", "2"));
	kl_feed_observe_gone(w.feed, w.kind, "d", "a", "another-uid");
	saw(&w, "");
	kl_feed_observe_gone(w.feed, w.kind, "d", "a", "a");
	saw(&w, "-a ");
	kl_object_unref(put(&w, KL_STORE_CREATE, "c", "1"));
	deliver(&w, "+c ");
	kl_object_unref(first);
	kl_object_unref(second);
	world_close(&w);
}

KL_TEST(falling_behind_lists_again)
{
	struct world w;
	char name[16];
	world_open(&w, 8);
	kl_object_unref(put(&w, KL_STORE_CREATE, "keep", "1"));
	kl_object_unref(put(&w, KL_STORE_CREATE, "lose", "1"));
	KL_CHECK_INT(kl_feed_sync(w.feed, NULL), 0);
	saw(&w, "+keep +lose ");
	kl_object_unref(put(&w, KL_STORE_DELETE, "lose", "1"));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%02d", i);
		kl_object_unref(put(&w, KL_STORE_CREATE, name, "1"));
	}
	for (int i = 0; i < 99; i++) {
		snprintf(name, sizeof(name), "n%02d", i);
		kl_object_unref(put(&w, KL_STORE_DELETE, name, "1"));
	}
	for (int64_t end = kl_monotonic_ms() + 5000;
		kl_monotonic_ms() < end && !strstr(kl_buf_str(&w.seen), "-lose");) {
		kl_feed_wait(w.feed, 20);
		kl_feed_deliver(w.feed);
	}
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "lose") == NULL);
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "keep") != NULL);
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "n99") != NULL);
	KL_CHECK(kl_feed_get(w.feed, w.kind, "d", "n50") == NULL);
	kl_buf_reset(&w.seen);
	kl_object_unref(put(&w, KL_STORE_UPDATE, "keep", "2"));
	deliver(&w, "~keep ");
	world_close(&w);
}

KL_MAIN()
