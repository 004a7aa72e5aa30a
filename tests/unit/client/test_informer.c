#include "client.h"

#include "httpstub.h"
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the stub answers to lists, and what the handlers saw ("+a@1 ~a@2 -a synced"). */
struct world {
	uv_loop_t loop;
	struct stub *stub;
	struct kl_client *client;
	struct kl_informer *inf;
	const char *list, *list_page2;
	int watch_code; /* 200: a stream */
	struct stub_conn *watch;
	int lists, watches;
	char last_watch[512];
	struct kl_buf seen;
	bool free_in_handler;
};

static void serve(struct stub_conn *conn, const char *method, const char *path, const char *body, void *arg)
{
	struct world *w = arg;
	(void)body;
	KL_CHECK_STR(method, "GET");
	KL_CHECK(strstr(path, "/api/v1/pods?fieldSelector=x&") == path);
	if (strstr(path, "watch=1")) {
		w->watches++;
		snprintf(w->last_watch, sizeof(w->last_watch), "%s", path);
		if (w->watch_code != 200) {
			stub_reply(conn, w->watch_code, "{\"message\":\"too old\"}");
			return;
		}
		w->watch = conn;
		stub_chunks(conn);
		return;
	}
	w->lists++;
	if (strstr(path, "continue=a%2Fb"))
		stub_reply(conn, 200, w->list_page2);
	else
		stub_reply(conn, w->list ? 200 : 500, w->list ? w->list : "{}");
}

static void changed(const json_t *object, const json_t *old, void *arg)
{
	struct world *w = arg;
	kl_buf_printf(&w->seen, "%c%s@%s ", old ? '~' : '+', kl_json_str(object, "metadata", "name", NULL),
		kl_json_str(object, "metadata", "resourceVersion", NULL));
	KL_CHECK_STR(kl_json_str(object, "kind", NULL), "Pod");
	if (w->free_in_handler)
		kl_informer_free(kl_take(&w->inf));
}

static void deleted(const json_t *last, void *arg)
{
	struct world *w = arg;
	kl_buf_printf(&w->seen, "-%s ", kl_json_str(last, "metadata", "name", NULL));
}

static void synced(void *arg)
{
	struct world *w = arg;
	kl_buf_str_push(&w->seen, "synced ");
}

#define POD(name, rv) \
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"d\",\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define ITEM(name, rv) "{\"metadata\":{\"namespace\":\"d\",\"name\":\"" name "\",\"resourceVersion\":\"" rv "\"}}"
#define LIST(rv, items)                                                                                               \
	"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"" rv "\"},\"items\":[" items \
	"]}"

static void world_open(struct world *w, const char *list)
{
	struct kl_err err;
	memset(w, 0, sizeof(*w));
	w->list = list;
	w->watch_code = 200;
	uv_loop_init(&w->loop);
	w->stub = stub_new(&w->loop, serve, w);
	kl_autofree char *server = kl_asprintf("http://127.0.0.1:%d", stub_port(w->stub));
	struct kl_kubeconfig config = {.server = server};
	KL_CHECK_INT(kl_client_new(&w->loop, &config, "test", &w->client, &err), 0);
	struct kl_informer_handlers handlers = {.changed = changed, .deleted = deleted, .synced = synced, .arg = w};
	w->inf = kl_informer_new(w->client, "/api/v1/pods", "fieldSelector=x", &handlers);
}

static void world_close(struct world *w)
{
	kl_informer_free(w->inf);
	kl_client_free(w->client);
	stub_free(w->stub);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(uv_loop_close(&w->loop), 0);
	kl_buf_release(&w->seen);
}

static void until_seen(struct world *w, const char *want)
{
	for (int turns = 0; turns < 2000 && strcmp(kl_buf_str(&w->seen), want); turns++)
		uv_run(&w->loop, UV_RUN_ONCE);
	KL_CHECK_STR(kl_buf_str(&w->seen), want);
	kl_buf_reset(&w->seen);
}

static void until_watches(struct world *w, int watches)
{
	while (w->watches < watches)
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void event(struct world *w, const char *type, const char *object)
{
	kl_autofree char *line = kl_asprintf("{\"type\":\"%s\",\"object\":%s}\n", type, object);
	stub_chunk(w->watch, line, strlen(line));
}

KL_TEST(list_then_watch)
{
	struct world w;
	world_open(&w, LIST("10", ITEM("a", "1") "," ITEM("b", "2")));
	until_seen(&w, "+a@1 +b@2 synced ");
	until_watches(&w, 1);
	KL_CHECK(strstr(w.last_watch, "resourceVersion=10") != NULL);
	event(&w, "ADDED", POD("c", "11"));
	event(&w, "MODIFIED", POD("a", "12"));
	event(&w, "DELETED", POD("b", "13"));
	until_seen(&w, "+c@11 ~a@12 -b ");
	KL_CHECK(kl_informer_get(w.inf, "d", "b") == NULL);
	KL_CHECK(kl_informer_get(w.inf, "d", "a") != NULL);
	KL_CHECK(kl_informer_synced(w.inf));
	world_close(&w);
}

KL_TEST(resumes_from_the_last_event_or_bookmark)
{
	struct world w;
	world_open(&w, LIST("10", ITEM("a", "1")));
	until_seen(&w, "+a@1 synced ");
	until_watches(&w, 1);
	event(&w, "MODIFIED", POD("a", "12"));
	until_seen(&w, "~a@12 ");
	stub_cut(w.watch);
	until_watches(&w, 2);
	KL_CHECK(strstr(w.last_watch, "resourceVersion=12") != NULL);
	event(&w, "BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"40\"}}");
	event(&w, "ADDED", POD("z", "41"));
	until_seen(&w, "+z@41 ");
	event(&w, "BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"50\"}}");
	stub_end(w.watch);
	until_watches(&w, 3);
	KL_CHECK(strstr(w.last_watch, "resourceVersion=50") != NULL);
	KL_CHECK_INT(w.lists, 1);
	world_close(&w);
}

KL_TEST(gone_lists_again_and_tells_the_difference)
{
	struct world w;
	world_open(&w, LIST("10", ITEM("a", "1") "," ITEM("b", "2") "," ITEM("c", "3")));
	until_seen(&w, "+a@1 +b@2 +c@3 synced ");
	until_watches(&w, 1);
	w.list = LIST("20", ITEM("a", "1") "," ITEM("b", "15") "," ITEM("d", "16"));
	event(&w, "ERROR", "{\"kind\":\"Status\",\"code\":410,\"message\":\"too old resource version\"}");
	until_seen(&w, "~b@15 +d@16 -c synced ");
	until_watches(&w, 2);
	w.list = LIST("30", "");
	w.watch_code = 410;
	stub_cut(w.watch);
	until_watches(&w, 3);
	w.watch_code = 200;
	until_seen(&w, "-a -b -d synced ");
	world_close(&w);
}

KL_TEST(pages_are_joined_before_they_count)
{
	struct world w;
	world_open(&w,
		"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"a/b\"},\"items\":[" ITEM(
			"a", "1") "]}");
	w.list_page2 = LIST("9", ITEM("b", "2"));
	until_seen(&w, "+a@1 +b@2 synced ");
	KL_CHECK_INT(w.lists, 2);
	world_close(&w);
}

KL_TEST(failed_and_malformed_lists_are_retried)
{
	struct world w;
	world_open(&w, NULL);
	while (w.lists < 2)
		uv_run(&w.loop, UV_RUN_ONCE);
	KL_CHECK(!kl_informer_synced(w.inf));
	w.list = "{\"items\": 3}";
	while (w.lists < 3)
		uv_run(&w.loop, UV_RUN_ONCE);
	w.list = LIST("1", "");
	until_seen(&w, "synced ");
	world_close(&w);
}

KL_TEST(lines_in_pieces_and_malformed_lines)
{
	struct world w;
	world_open(&w, LIST("1", ""));
	until_seen(&w, "synced ");
	until_watches(&w, 1);
	static const char line[] = "\n{\"type\":\"ADDED\",\"object\":" POD(
		"p", "2") "}\n{\"type\":\"ADDED\",\"object\":" POD("q", "3") "}\n";
	for (size_t i = 0; i < strlen(line); i++) {
		stub_chunk(w.watch, line + i, 1);
		if (i % 7 == 0)
			uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	until_seen(&w, "+p@2 +q@3 ");
	w.list = LIST("4", ITEM("p", "2"));
	stub_chunk(w.watch, "{]\n", 3);
	until_seen(&w, "-q synced ");
	world_close(&w);
}

KL_TEST(a_line_without_end_is_bounded)
{
	struct world w;
	world_open(&w, LIST("1", ""));
	until_seen(&w, "synced ");
	until_watches(&w, 1);
	size_t len = 1 << 20;
	kl_autofree char *junk = kl_malloc(len);
	memset(junk, 'x', len);
	struct stub_conn *first = w.watch;
	for (int i = 0; i < 20 && stub_alive(w.stub, first); i++) {
		stub_chunk(first, junk, len);
		for (int turn = 0; turn < 20; turn++)
			uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	until_seen(&w, "synced ");
	KL_CHECK_INT(w.lists, 2);
	world_close(&w);
}

KL_TEST(freed_in_its_own_handler)
{
	struct world w;
	world_open(&w, LIST("1", ITEM("a", "1") "," ITEM("b", "1")));
	w.free_in_handler = true;
	until_seen(&w, "+a@1 ");
	KL_CHECK(w.inf == NULL);
	world_close(&w);
}

KL_TEST(freed_in_a_watch_handler)
{
	struct world w;
	world_open(&w, LIST("1", ""));
	until_seen(&w, "synced ");
	until_watches(&w, 1);
	w.free_in_handler = true;
	event(&w, "ADDED", POD("a", "2"));
	event(&w, "ADDED", POD("b", "3"));
	until_seen(&w, "+a@2 ");
	KL_CHECK(w.inf == NULL);
	world_close(&w);
}

KL_MAIN()
