#include "clock.h"
#include "mem.h"
#include "probes.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

KL_TEST(judge)
{
	static const struct {
		unsigned success, failure;
		bool initial;
		const char *results; /* + success, - failure */
		const char *changes; /* what is reported after each: . nothing, + up, - down */
	} cases[] = {
		{1, 3, false, "--+", "..+"},
		{1, 3, true, "--+---", ".....-"},
		{1, 3, false, "---+", "..-+"},
		{2, 1, false, "+-++", ".-.+"},
		{1, 1, true, "+-+", ".-+"},
		{1, 2, true, "----", ".-.-"}, /* liveness: each full run counts */
		{3, 3, false, "++-+++", ".....+"},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_probe_judge judge = {.success_threshold = cases[i].success,
			.failure_threshold = cases[i].failure,
			.state = cases[i].initial};
		char got[16] = "";
		for (size_t k = 0; cases[i].results[k]; k++) {
			bool changed = kl_probe_judge(&judge, cases[i].results[k] == '+');
			got[k] = !changed ? '.' : judge.state ? '+' : '-';
		}
		KL_CHECK_STR(got, cases[i].changes);
	}
}

struct outcome {
	bool done;
	enum kl_action_result result;
	char words[512];
};

static void on_done(enum kl_action_result result, const char *words, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->result = result;
	snprintf(o->words, sizeof(o->words), "%s", words);
}

static char **plain_argv(const char *const command[], void *arg)
{
	size_t count = 0;

	(void)arg;
	while (command[count])
		count++;
	char **argv = kl_calloc(count + 1, sizeof(*argv));
	for (size_t i = 0; i < count; i++)
		argv[i] = kl_strdup(command[i]);
	return argv;
}

static struct outcome try_handler(uv_loop_t *loop, const char *text, int timeout_ms, bool cancel)
{
	kl_autojson *handler = kl_json_parse(text, strlen(text), NULL);
	kl_autojson *ports = json_pack("[{s:s,s:i}]", "name", "http", "containerPort", 1);
	const struct kl_action_target target = {.host = "127.0.0.1", .ports = ports, .exec_argv = plain_argv};
	struct outcome outcome = {0};
	struct kl_err err = {0};
	struct kl_action *action = kl_action_start(loop, handler, &target, timeout_ms, on_done, &outcome, &err);

	if (action && cancel)
		kl_action_cancel(action);
	uv_run(loop, UV_RUN_DEFAULT);
	if (!action)
		snprintf(outcome.words, sizeof(outcome.words), "%s", err.text);
	return outcome;
}

KL_TEST(exec)
{
	uv_loop_t loop;
	uv_loop_init(&loop);
	struct outcome good = try_handler(&loop, "{\"exec\":{\"command\":[\"sh\",\"-c\",\"echo hi\"]}}", 5000, false);
	KL_CHECK(good.done && good.result == KL_ACTION_OK);
	struct outcome bad = try_handler(
		&loop, "{\"exec\":{\"command\":[\"sh\",\"-c\",\"echo out; echo why >&2; exit 3\"]}}", 5000, false);
	KL_CHECK(bad.done && bad.result == KL_ACTION_FAILED);
	KL_CHECK_STR(bad.words, "out\nwhy\n");
	int64_t begin = kl_monotonic_ms();
	struct outcome slow = try_handler(&loop, "{\"exec\":{\"command\":[\"sleep\",\"30\"]}}", 300, false);
	KL_CHECK(slow.done && slow.result == KL_ACTION_TIMEOUT && kl_monotonic_ms() - begin < 10000);
	KL_CHECK_STR(slow.words, "command timed out: \"sleep 30\" timed out after 0s");
	struct outcome cancelled = try_handler(&loop, "{\"exec\":{\"command\":[\"sleep\",\"30\"]}}", 0, true);
	KL_CHECK(!cancelled.done);
	struct outcome absent = try_handler(&loop, "{\"exec\":{\"command\":[\"/nonexistent/x\"]}}", 1000, false);
	KL_CHECK(!absent.done && strstr(absent.words, "start the exec handler"));
	KL_CHECK_INT(uv_loop_close(&loop), 0);
}

KL_TEST(malformed_handlers)
{
	static const char *const cases[] = {"{}", "{\"nope\":{}}", "{\"exec\":{}}", "{\"tcpSocket\":{}}",
		"{\"tcpSocket\":{\"port\":99999}}", "{\"httpGet\":{\"port\":\"nosuchname\"}}",
		"{\"tcpSocket\":{\"port\":1,\"host\":\"not an ip\"}}"};
	uv_loop_t loop;

	uv_loop_init(&loop);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct outcome o = try_handler(&loop, cases[i], 1000, false);
		KL_CHECK(!o.done && o.words[0]);
	}
	KL_CHECK_INT(uv_loop_close(&loop), 0);
}

/* --- a little HTTP server on the same loop */

struct server {
	uv_tcp_t listener;
	const char *answer;
	int port;
};

static void on_close(uv_handle_t *handle)
{
	free(handle);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char chunk[4096];

	(void)handle, (void)suggested;
	*buf = uv_buf_init(chunk, sizeof(chunk));
}

static void on_request(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct server *server = stream->data;

	(void)buf;
	if (n > 0) {
		uv_buf_t out = uv_buf_init((char *)(uintptr_t)server->answer, (unsigned)strlen(server->answer));
		uv_try_write(stream, &out, 1);
		return;
	}
	uv_close((uv_handle_t *)stream, on_close);
}

static void on_connection(uv_stream_t *listener, int status)
{
	uv_tcp_t *client = kl_calloc(1, sizeof(*client));

	(void)status;
	uv_tcp_init(listener->loop, client);
	client->data = container_of((uv_tcp_t *)listener, struct server, listener);
	uv_accept(listener, (uv_stream_t *)client);
	uv_read_start((uv_stream_t *)client, on_alloc, on_request);
}

static void server_start(uv_loop_t *loop, struct server *server)
{
	struct sockaddr_storage bound;
	struct sockaddr_in address;
	int len = sizeof(bound);

	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, &server->listener);
	uv_tcp_bind(&server->listener, (const struct sockaddr *)&address, 0);
	uv_listen((uv_stream_t *)&server->listener, 4, on_connection);
	uv_unref((uv_handle_t *)&server->listener);
	uv_tcp_getsockname(&server->listener, (struct sockaddr *)&bound, &len);
	server->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

KL_TEST(http_and_tcp)
{
	static const struct {
		const char *answer;
		enum kl_action_result result;
		const char *words;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\n\r\nfine", KL_ACTION_OK, ""},
		{"HTTP/1.1 302 Found\r\n\r\n", KL_ACTION_OK, ""},
		{"HTTP/1.0 500 Oops\r\n\r\n", KL_ACTION_FAILED, "HTTP probe failed with statuscode: 500"},
		{"SSH-2.0-x\r\n", KL_ACTION_FAILED, "malformed HTTP response"},
	};
	struct server server = {0};
	uv_loop_t loop;

	uv_loop_init(&loop);
	server_start(&loop, &server);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *handler = kl_asprintf("{\"httpGet\":{\"port\":%d,\"path\":\"/x\"}}", server.port);
		server.answer = cases[i].answer;
		struct outcome o = try_handler(&loop, handler, 2000, false);
		KL_CHECK(o.done && o.result == cases[i].result);
		KL_CHECK_STR(o.words, cases[i].words);
	}
	kl_autofree char *tcp = kl_asprintf("{\"tcpSocket\":{\"port\":%d}}", server.port);
	KL_CHECK(try_handler(&loop, tcp, 2000, false).result == KL_ACTION_OK);
	struct outcome refused = try_handler(&loop, "{\"tcpSocket\":{\"port\":\"http\"}}", 2000, false);
	KL_CHECK(refused.done && refused.result == KL_ACTION_FAILED);
	KL_CHECK_STR(refused.words, "dial tcp 127.0.0.1:1: connect: connection refused");
	server.answer = "HTTP/1.1"; /* and never more */
	kl_autofree char *silent = kl_asprintf("{\"httpGet\":{\"port\":%d}}", server.port);
	KL_CHECK(try_handler(&loop, silent, 200, false).result == KL_ACTION_TIMEOUT);
	uv_close((uv_handle_t *)&server.listener, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(uv_loop_close(&loop), 0);
}

/* --- a whole probe */

struct seen {
	int changes, failures;
	bool state;
	struct kl_probe *probe;
};

static void on_changed(enum kl_probe_kind kind, bool success, const char *words, void *arg)
{
	struct seen *seen = arg;

	(void)kind, (void)words;
	seen->changes++;
	seen->state = success;
	kl_probe_stop(kl_take(&seen->probe)); /* stopping inside its own callback is allowed */
}

static void on_failed(enum kl_probe_kind kind, const char *words, void *arg)
{
	(void)kind, (void)words;
	((struct seen *)arg)->failures++;
}

KL_TEST(probe_reports_and_stops_inside_its_callback)
{
	kl_autojson *good = json_pack("{s:{s:[s]},s:i}", "exec", "command", "true", "periodSeconds", 1);
	kl_autojson *bad =
		json_pack("{s:{s:[s]},s:i,s:i}", "exec", "command", "false", "periodSeconds", 1, "failureThreshold", 2);
	const struct kl_action_target target = {.host = "127.0.0.1", .exec_argv = plain_argv};
	struct seen seen = {0};
	const struct kl_probe_events events = {on_changed, on_failed, &seen};
	uv_loop_t loop;

	uv_loop_init(&loop);
	seen.probe = kl_probe_start(&loop, KL_PROBE_READINESS, good, &target, 0, false, &events);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(seen.changes, 1);
	KL_CHECK(seen.state);
	seen = (struct seen){0};
	seen.probe = kl_probe_start(&loop, KL_PROBE_LIVENESS, bad, &target, 0, true, &events);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(seen.failures, 2);
	KL_CHECK_INT(seen.changes, 1);
	KL_CHECK(!seen.state);
	KL_CHECK_INT(uv_loop_close(&loop), 0);
}

KL_MAIN()
