#include "client.h"

#include "file.h"
#include "httpstub.h"
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct world {
	uv_loop_t loop;
	struct stub *stub;
	struct kl_client *client;
	int answers, http, err_code;
	char *body, *err_text;
	struct stub_conn *conn; /* of the last request */
	struct kl_buf streamed;
	bool ended;
	int refuse_after; /* the stream's consumer ends it after so many bytes; 0: never */
};

static void serve(struct stub_conn *conn, const char *method, const char *path, const char *body, void *arg)
{
	struct world *w = arg;
	kl_autofree char *echo = kl_asprintf("{\"method\":\"%s\",\"path\":\"%s\",\"body\":\"%s\"}", method, path, body);
	w->conn = conn;
	if (!strncmp(path, "/missing", 8))
		stub_reply(conn, 404, "{\"kind\":\"Status\",\"message\":\"pods \\\"x\\\" not found\"}");
	else if (!strcmp(path, "/cut"))
		stub_cut(conn);
	else if (!strcmp(path, "/silent"))
		return;
	else if (!strcmp(path, "/stream"))
		stub_chunks(conn);
	else
		stub_reply(conn, 200, echo);
}

static void world_open(struct world *w)
{
	struct kl_err err;
	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	w->stub = stub_new(&w->loop, serve, w);
	kl_autofree char *server = kl_asprintf("http://127.0.0.1:%d", stub_port(w->stub));
	struct kl_kubeconfig config = {.server = server};
	KL_CHECK_INT(kl_client_new(&w->loop, &config, "test", &w->client, &err), 0);
}

static void world_close(struct world *w)
{
	kl_client_free(w->client);
	stub_free(w->stub);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(uv_loop_close(&w->loop), 0);
	free(w->body);
	free(w->err_text);
	kl_buf_release(&w->streamed);
}

static void on_answer(const struct kl_client_answer *answer, void *arg)
{
	struct world *w = arg;
	w->answers++;
	w->ended = true;
	w->http = answer->http;
	w->err_code = answer->err.code;
	free(w->body);
	free(w->err_text);
	w->body = kl_strdup(answer->body);
	w->err_text = kl_strdup(kl_err_text(&answer->err));
}

static void until(struct world *w, int answers)
{
	while (w->answers < answers)
		uv_run(&w->loop, UV_RUN_ONCE);
}

KL_TEST(requests_and_answers)
{
	static const struct {
		const char *method, *path, *body;
		int http, err;
		const char *answer;
	} cases[] = {
		{"GET", "/api", NULL, 200, 0, "{\"method\":\"GET\",\"path\":\"/api\",\"body\":\"\"}"},
		{"POST", "/a?b=c%20d", "hello", 200, 0,
			"{\"method\":\"POST\",\"path\":\"/a?b=c%20d\",\"body\":\"hello\"}"},
		{"PATCH", "/p", "x", 200, 0, "{\"method\":\"PATCH\",\"path\":\"/p\",\"body\":\"x\"}"},
		{"DELETE", "/d", NULL, 200, 0, "{\"method\":\"DELETE\",\"path\":\"/d\",\"body\":\"\"}"},
		{"PUT", "/e", "", 200, 0, "{\"method\":\"PUT\",\"path\":\"/e\",\"body\":\"\"}"},
		{"GET", "/missing", NULL, 404, -ENOENT,
			"{\"kind\":\"Status\",\"message\":\"pods \\\"x\\\" not found\"}"},
		{"GET", "/cut", NULL, 0, -EIO, ""},
	};
	struct world w;
	world_open(&w);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_client_request request = {.method = cases[i].method,
			.path = cases[i].path,
			.body = cases[i].body,
			.body_len = cases[i].body ? strlen(cases[i].body) : 0};
		KL_CHECK(kl_client_send(w.client, &request, on_answer, &w) != 0);
		KL_CHECK_INT(w.answers, i); /* never from inside the call */
		until(&w, (int)i + 1);
		KL_CHECK_INT(w.http, cases[i].http);
		KL_CHECK_INT(w.err_code, cases[i].err);
		KL_CHECK_STR(w.body, cases[i].answer);
		if (w.http == 404)
			KL_CHECK_STR(w.err_text, "pods \"x\" not found");
	}
	world_close(&w);
}

KL_TEST(connections_are_kept)
{
	struct world w;
	world_open(&w);
	for (int i = 0; i < 20; i++) {
		struct kl_client_request request = {.method = "GET", .path = "/x"};
		kl_client_send(w.client, &request, on_answer, &w);
		until(&w, i + 1);
	}
	KL_CHECK_INT(stub_accepted(w.stub), 1);
	world_close(&w);
}

KL_TEST(refused_timed_out_cancelled)
{
	struct world w;
	world_open(&w);
	struct kl_client_request silent = {.method = "GET", .path = "/silent", .timeout_ms = 50};
	kl_client_send(w.client, &silent, on_answer, &w);
	until(&w, 1);
	KL_CHECK_INT(w.http, 0);
	KL_CHECK_INT(w.err_code, -ETIMEDOUT);
	uint64_t id = kl_client_send(w.client, &silent, on_answer, &w);
	kl_client_cancel(w.client, id);
	kl_client_cancel(w.client, id); /* unknown: nothing happens */
	stub_free(w.stub);
	struct kl_client_request request = {.method = "GET", .path = "/x"};
	kl_client_send(w.client, &request, on_answer, &w);
	until(&w, 2);
	KL_CHECK_INT(w.http, 0);
	KL_CHECK_INT(w.err_code, -ECONNREFUSED);
	w.stub = stub_new(&w.loop, serve, &w);
	world_close(&w);
}

static int on_data(const char *data, size_t len, void *arg)
{
	struct world *w = arg;
	kl_buf_push(&w->streamed, data, len);
	return w->refuse_after && (int)w->streamed.len >= w->refuse_after;
}

static void until_streamed(struct world *w, size_t len)
{
	while (w->streamed.len < len && !w->ended)
		uv_run(&w->loop, UV_RUN_ONCE);
}

KL_TEST(streams)
{
	struct world w;
	world_open(&w);
	kl_client_stream(w.client, "/stream", on_data, on_answer, &w);
	while (!w.conn)
		uv_run(&w.loop, UV_RUN_ONCE);
	stub_chunk(w.conn, "one\n", 4);
	until_streamed(&w, 4);
	stub_chunk(w.conn, "two\n", 4);
	until_streamed(&w, 8);
	KL_CHECK_STR(kl_buf_str(&w.streamed), "one\ntwo\n");
	KL_CHECK(!w.ended);
	stub_end(w.conn);
	until(&w, 1);
	KL_CHECK_INT(w.http, 200);
	KL_CHECK_INT(w.err_code, 0);

	kl_client_stream(w.client, "/missing", on_data, on_answer, &w);
	until(&w, 2);
	KL_CHECK_INT(w.http, 404);
	KL_CHECK_STR(w.err_text, "pods \"x\" not found");
	KL_CHECK_STR(kl_buf_str(&w.streamed), "one\ntwo\n"); /* a failure's body is no stream */
	world_close(&w);
}

KL_TEST(stream_ended_by_its_consumer)
{
	struct world w;
	world_open(&w);
	w.refuse_after = 3;
	kl_client_stream(w.client, "/stream", on_data, on_answer, &w);
	while (!w.conn)
		uv_run(&w.loop, UV_RUN_ONCE);
	stub_chunk(w.conn, "12345", 5);
	until(&w, 1);
	KL_CHECK(w.err_code != 0);
	KL_CHECK_INT(w.answers, 1);
	world_close(&w);
}

static void free_in_callback(const struct kl_client_answer *answer, void *arg)
{
	struct world *w = arg;
	KL_CHECK_INT(answer->http, 200);
	w->answers++;
	kl_client_free(kl_take(&w->client));
}

KL_TEST(client_freed_in_its_callback)
{
	struct world w;
	world_open(&w);
	struct kl_client_request request = {.method = "GET", .path = "/x"};
	kl_client_send(w.client, &request, free_in_callback, &w);
	kl_client_send(w.client, &request, free_in_callback, &w); /* dies with the client */
	until(&w, 1);
	KL_CHECK_INT(w.answers, 1);
	world_close(&w);
}

static const char kubeconfig[] = "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
				 "clusters:\n- name: other\n  cluster: {server: 'https://9.9.9.9'}\n"
				 "- name: c\n  cluster:\n    server: https://10.0.0.1:6443/\n"
				 "    certificate-authority-data: LS0tQ0EtLS0K\n"
				 "contexts:\n- name: here\n  context: {cluster: c, user: u}\n"
				 "users:\n- name: u\n  user:\n    client-certificate: cert.pem\n"
				 "    client-key-data: a2V5\n    tokenFile: token\n";

KL_TEST(kubeconfig_of_data_and_files)
{
	char dir[] = "/tmp/kl-test-client-XXXXXX";
	struct kl_kubeconfig config = {0};
	struct kl_err err = {0};
	KL_CHECK(mkdtemp(dir) != NULL);
	kl_autofree char *path = kl_asprintf("%s/config", dir), *cert = kl_asprintf("%s/cert.pem", dir),
			 *token = kl_asprintf("%s/token", dir);
	kl_file_write_atomic(path, kubeconfig, strlen(kubeconfig), 0600, NULL);
	KL_CHECK_INT(kl_kubeconfig_load(path, &config, &err), -ENOENT); /* cert.pem is absent */
	kl_file_write_atomic(cert, "CERT", 4, 0600, NULL);
	kl_file_write_atomic(token, "secret\n", 7, 0600, NULL);
	if (!KL_CHECK_INT(kl_kubeconfig_load(path, &config, &err), 0))
		kl_test_failed(__FILE__, __LINE__, "%s", kl_err_text(&err));
	KL_CHECK_STR(config.server, "https://10.0.0.1:6443");
	KL_CHECK_STR(config.ca_pem, "---CA---\n");
	KL_CHECK_STR(config.cert_pem, "CERT");
	KL_CHECK_STR(config.key_pem, "key");
	KL_CHECK_STR(config.token, "secret");
	KL_CHECK_STR(config.ns, "default");
	kl_kubeconfig_release(&config);
	static const char *const bad[] = {"", "[", "current-context: x", "a: b",
		"current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\nclusters: [{name: y, cluster: {}}]",
		("current-context: x\ncontexts: [{name: x, context: {cluster: y}}]\n"
		 "clusters: [{name: y, cluster: {server: a, certificate-authority-data: '!!'}}]")};
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++) {
		kl_file_write_atomic(path, bad[i], strlen(bad[i]), 0600, NULL);
		KL_CHECK(kl_kubeconfig_load(path, &config, &err) < 0);
	}
	kl_remove_tree(dir, NULL);
}

KL_MAIN()
