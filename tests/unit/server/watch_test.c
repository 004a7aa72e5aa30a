/* Watches over HTTP. */
#include "apitest.h"

#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CMS "/api/v1/namespaces/default/configmaps"

static void expect(struct api_watch *watch, const char *type, const char *name)
{
	bool ended;
	kl_autojson *line = api_watch_next(watch, 5000, &ended);
	if (!KL_CHECK(line != NULL))
		return;
	KL_CHECK_STR(kl_json_str(line, "type", NULL), type);
	KL_CHECK_STR(kl_json_str(line, "object", "metadata", "name", NULL), name);
}

static void expect_nothing(struct api_watch *watch)
{
	kl_autojson *line = api_watch_next(watch, 50, NULL);
	KL_CHECK(line == NULL);
}

static void put(const char *name, const char *label)
{
	kl_autofree char *path = kl_asprintf(CMS "/%s", name);
	kl_autofree char *body = kl_asprintf("{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}", name, label);
	api_auto there = api_get(path);
	api_auto answer = there.code == 200
				  ? api_send(&(struct api_request){.method = "PUT", .path = path, .body = body})
				  : api_post(CMS, body);
	KL_CHECK(answer.code == 200 || answer.code == 201);
}

static void drop(const char *name)
{
	kl_autofree char *path = kl_asprintf(CMS "/%s", name);
	api_auto answer = api_delete(path, NULL);
	KL_CHECK_INT(answer.code, 200);
}

static char *list_rv(void)
{
	api_auto list = api_get(CMS);
	return kl_strdup(kl_json_str(list.json, "metadata", "resourceVersion", NULL));
}

KL_TEST(from_the_state)
{
	put("first", "a");
	struct api_watch *watch = api_watch_open(CMS "?watch=1");
	expect(watch, "ADDED", "first");
	put("second", "a");
	expect(watch, "ADDED", "second");
	put("second", "b");
	expect(watch, "MODIFIED", "second");
	drop("second");
	expect(watch, "DELETED", "second");
	drop("first");
	expect(watch, "DELETED", "first");
	expect_nothing(watch);
	api_watch_close(watch);
}

KL_TEST(from_a_version)
{
	kl_autofree char *rv = list_rv();
	put("x", "a");
	drop("x");
	kl_autofree char *path = kl_asprintf(CMS "?watch=true&resourceVersion=%s", rv);
	struct api_watch *watch = api_watch_open(path);
	expect(watch, "ADDED", "x");
	expect(watch, "DELETED", "x");
	expect_nothing(watch);
	api_watch_close(watch);
}

KL_TEST(too_old)
{
	put("x", "a");
	drop("x");
	api_restart(); /* the history is gone */
	struct api_watch *watch = api_watch_open(CMS "?watch=true&resourceVersion=1");
	kl_autojson *line = api_watch_next(watch, 5000, NULL);
	KL_CHECK_STR(kl_json_str(line, "type", NULL), "ERROR");
	KL_CHECK_INT(kl_json_int(line, 0, "object", "code", NULL), 410);
	KL_CHECK_STR(kl_json_str(line, "object", "reason", NULL), "Expired");
	bool ended;
	kl_autojson *more = api_watch_next(watch, 5000, &ended);
	KL_CHECK(!more && ended);
	api_watch_close(watch);
}

KL_TEST(selectors_turn_changes_into_comings_and_goings)
{
	kl_autofree char *rv = list_rv();
	kl_autofree char *path = kl_asprintf(CMS "?watch=1&labelSelector=l%%3Da&resourceVersion=%s", rv);
	struct api_watch *watch = api_watch_open(path);
	put("s", "b");
	put("s", "a");
	expect(watch, "ADDED", "s");
	put("s", "b");
	expect(watch, "DELETED", "s");
	put("s", "c");
	drop("s");
	expect_nothing(watch);
	api_watch_close(watch);
}

KL_TEST(one_name)
{
	kl_autofree char *rv = list_rv();
	kl_autofree char *path = kl_asprintf(CMS "?watch=1&fieldSelector=metadata.name%%3Done&resourceVersion=%s", rv);
	struct api_watch *watch = api_watch_open(path),
			 *old = api_watch_open("/api/v1/watch/namespaces/default/configmaps/one");
	put("two", "a");
	put("one", "a");
	expect(watch, "ADDED", "one");
	expect(old, "ADDED", "one");
	drop("two");
	drop("one");
	expect(watch, "DELETED", "one");
	expect(old, "DELETED", "one");
	api_watch_close(watch);
	api_watch_close(old);
}

KL_TEST(initial_events_end_with_a_bookmark)
{
	put("a", "a");
	put("b", "a");
	struct api_watch *watch = api_watch_open(CMS "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
						     "resourceVersionMatch=NotOlderThan&resourceVersion=");
	expect(watch, "ADDED", "a");
	expect(watch, "ADDED", "b");
	kl_autojson *mark = api_watch_next(watch, 5000, NULL);
	kl_autofree char *rv = list_rv();
	KL_CHECK_STR(kl_json_str(mark, "type", NULL), "BOOKMARK");
	KL_CHECK_STR(kl_json_str(mark, "object", "kind", NULL), "ConfigMap");
	KL_CHECK_STR(kl_json_str(mark, "object", "metadata", "annotations", "k8s.io/initial-events-end", NULL), "true");
	KL_CHECK_STR(kl_json_str(mark, "object", "metadata", "resourceVersion", NULL), rv);
	drop("a");
	expect(watch, "DELETED", "a");
	drop("b");
	api_watch_close(watch);
}

KL_TEST(no_initial_events_where_they_are_declined)
{
	put("quiet", "a");
	struct api_watch *watch = api_watch_open(
		CMS "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
	kl_autojson *line = NULL;
	for (int i = 0; i < 100 && !line; i++) { /* once it is open, it sees changes: and nothing before one */
		char label[16];
		snprintf(label, sizeof(label), "n%d", i);
		line = api_watch_next(watch, 100, NULL);
		if (!line)
			put("quiet", label);
	}
	KL_CHECK_STR(kl_json_str(line, "type", NULL), "MODIFIED");
	api_watch_close(watch);
	/* initial events whatever version is given, as long as it is not of the future */
	struct api_watch *old = api_watch_open(
		CMS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=1");
	expect(old, "ADDED", "quiet");
	expect_nothing(old); /* no mark for who wants no bookmarks */
	api_watch_close(old);
	drop("quiet");
}

KL_TEST(ends_in_time_with_a_bookmark)
{
	int64_t begin = kl_monotonic_ms();
	kl_autofree char *rv = list_rv();
	kl_autofree char *path =
		kl_asprintf(CMS "?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=%s", rv);
	struct api_watch *watch = api_watch_open(path);
	kl_autojson *mark = api_watch_next(watch, 5000, NULL);
	KL_CHECK_STR(kl_json_str(mark, "type", NULL), "BOOKMARK");
	bool ended;
	kl_autojson *more = api_watch_next(watch, 5000, &ended);
	KL_CHECK(!more && ended);
	KL_CHECK(kl_monotonic_ms() - begin >= 1000 && kl_monotonic_ms() - begin < 4000);
	api_watch_close(watch);
}

KL_TEST(many_watchers_and_a_slow_one)
{
	enum { WATCHERS = 16, EVENTS = 40 };
	struct api_watch *watches[WATCHERS];
	kl_autofree char *rv = list_rv();
	kl_autofree char *path = kl_asprintf(CMS "?watch=1&resourceVersion=%s", rv);
	for (int i = 0; i < WATCHERS; i++)
		watches[i] = api_watch_open(path);
	for (int i = 0; i < EVENTS; i++)
		put("many", i % 2 ? "a" : "b");
	for (int i = 0; i < WATCHERS; i++)
		for (int k = 0; k < EVENTS; k++)
			expect(watches[i], k ? "MODIFIED" : "ADDED", "many");
	for (int i = 0; i < WATCHERS; i++)
		api_watch_close(watches[i]);
	drop("many");
}

KL_MAIN()
