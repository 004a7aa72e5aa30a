/* The HTTP layer by itself: answers at once and later, streams, upgrades, what happens when a side goes away. */
#include "httpd.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct kl_httpd *httpd;
static _Atomic int cancelled, streams_closed, dropped;
static struct kl_http_request *_Atomic parked;

static void echo(struct kl_http_request *req, void *arg)
{
	size_t len;
	const char *body = kl_http_body(req, &len);
	(void)arg;
	kl_autofree char *text = kl_asprintf("%s %s q=%s %zu %.20s", kl_http_method(req), kl_http_path(req),
		kl_http_query(req, "q") ?: "-", len, body);
	kl_http_reply(req, &(struct kl_http_reply){
				   .status = 200, .content_type = "text/plain", .data = text, .len = strlen(text)});
}

static void *answer_soon(void *req)
{
	usleep(20000);
	echo(req, NULL);
	return NULL;
}

static void later(struct kl_http_request *req, void *arg)
{
	pthread_t thread;
	(void)arg;
	kl_http_defer(req, NULL, NULL);
	pthread_create(&thread, NULL, answer_soon, req);
	pthread_detach(thread);
}

static void count_drop(void *state)
{
	free(state);
	atomic_fetch_add(&dropped, 1);
}

static void *call_again(void *req)
{
	kl_http_again(req);
	return NULL;
}

/* Answered at its third call. */
static void thrice(struct kl_http_request *req, void *arg)
{
	pthread_t thread;
	int *calls = kl_http_state(req);
	if (!calls) {
		calls = kl_calloc(1, sizeof(*calls));
		kl_http_set_state(req, calls, count_drop);
	}
	if (++*calls == 3) {
		echo(req, arg);
		return;
	}
	kl_http_defer(req, NULL, NULL);
	pthread_create(&thread, NULL, call_again, req);
	pthread_detach(thread);
}

static void on_cancel(void *arg)
{
	(void)arg;
	atomic_fetch_add(&cancelled, 1);
}

static void park(struct kl_http_request *req, void *arg)
{
	(void)arg;
	parked = req;
	kl_http_defer(req, on_cancel, NULL);
}

struct ticker {
	struct kl_http_stream *stream;
	pthread_t thread;
	_Atomic int due;
	_Atomic bool stop;
	int sent, last;
};

static void *tick(void *arg)
{
	struct ticker *ticker = arg;
	while (!ticker->stop) {
		atomic_fetch_add(&ticker->due, 1);
		kl_http_stream_wake(ticker->stream);
		usleep(2000);
	}
	return NULL;
}

static ssize_t produce(void *arg, char *buf, size_t max)
{
	struct ticker *ticker = arg;
	if (ticker->sent == ticker->last)
		return KL_HTTP_END;
	if (ticker->sent >= ticker->due)
		return 0;
	return snprintf(buf, max, "%d,", ++ticker->sent);
}

static void opened(void *arg, struct kl_http_stream *stream)
{
	struct ticker *ticker = arg;
	ticker->stream = stream;
	pthread_create(&ticker->thread, NULL, tick, ticker);
}

static void closed(void *arg)
{
	struct ticker *ticker = arg;
	ticker->stop = true;
	pthread_join(ticker->thread, NULL);
	free(ticker);
	atomic_fetch_add(&streams_closed, 1);
}

static void ticks(struct kl_http_request *req, void *arg)
{
	struct ticker *ticker = kl_calloc(1, sizeof(*ticker));
	(void)arg;
	ticker->last = kl_http_query(req, "n") ? atoi(kl_http_query(req, "n")) : -1;
	kl_http_stream(req, &(struct kl_http_stream_options){.status = 200,
				    .content_type = "text/plain",
				    .length = -1,
				    .produce = produce,
				    .opened = opened,
				    .closed = closed,
				    .arg = ticker});
}

struct upgraded {
	struct kl_http_upgraded *conn;
	int fd;
	char leftover[64];
};

static void *answer_upgraded(void *arg)
{
	struct upgraded *up = arg;
	char buf[64];
	struct pollfd poll_fd = {.fd = up->fd, .events = POLLIN};
	(void)!write(up->fd, up->leftover, strlen(up->leftover));
	for (;;) {
		poll(&poll_fd, 1, 5000);
		ssize_t n = read(up->fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		(void)!write(up->fd, buf, (size_t)n);
	}
	kl_http_upgraded_close(up->conn);
	free(up);
	return NULL;
}

static void taken(struct kl_http_upgraded *conn, int fd, const char *leftover, size_t len, void *arg)
{
	struct upgraded *up = kl_calloc(1, sizeof(*up));
	pthread_t thread;
	(void)arg;
	up->conn = conn;
	up->fd = fd;
	memcpy(up->leftover, leftover, len < 63 ? len : 63);
	pthread_create(&thread, NULL, answer_upgraded, up);
	pthread_detach(thread);
}

static void upgrade(struct kl_http_request *req, void *arg)
{
	(void)arg;
	kl_http_upgrade(req, &(struct kl_http_upgrade){.protocol = kl_http_wants_upgrade(req), .taken = taken});
}

static void start(void)
{
	static const char *const addresses[] = {"127.0.0.1:0", "127.0.0.1:0", NULL};
	struct kl_err err = {0};
	if (httpd)
		return;
	if (kl_httpd_new(&(struct kl_httpd_options){.addresses = addresses, .max_body = 1000}, &httpd, &err) < 0)
		abort();
	kl_httpd_route(httpd, "/echo", echo, NULL);
	kl_httpd_route(httpd, "/echo/later", later, NULL);
	kl_httpd_route(httpd, "/thrice", thrice, NULL);
	kl_httpd_route(httpd, "/park", park, NULL);
	kl_httpd_route(httpd, "/ticks", ticks, NULL);
	kl_httpd_route(httpd, "/upgrade", upgrade, NULL);
	if (kl_httpd_start(httpd, &err) < 0)
		abort();
}

static int dial(size_t i)
{
	start();
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)kl_httpd_port(httpd, i)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval timeout = {.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		abort();
	return fd;
}

/* Sends the text and reads until `until` has come, or the end. */
static char *talk(int fd, const char *text, const char *until)
{
	kl_autobuf buf = {0};
	char part[512];
	ssize_t n;
	(void)!write(fd, text, strlen(text));
	while (!strstr(kl_buf_str(&buf), until) && (n = read(fd, part, sizeof(part))) > 0)
		kl_buf_push(&buf, part, (size_t)n);
	return kl_buf_take(&buf) ?: kl_strdup("");
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

KL_TEST(answers)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{GET("/echo/a%20b?q=1+2"), "GET /echo/a b q=1 2 0 "},
		{GET("/echo/later"), "GET /echo/later q=- 0 "},
		{GET("/thrice"), "GET /thrice q=- 0 "},
		{GET("/echolot"), " 404 "},
		{GET("/nothing"), " 404 "},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "POST /echo q=- 5 hello"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			"POST /echo q=- 5 hello"},
		{"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", " 413 "},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		int fd = dial(i % 2);
		kl_autofree char *answer = talk(fd, cases[i].request, cases[i].answer);
		if (!KL_CHECK(strstr(answer, cases[i].answer) != NULL))
			kl_test_failed(__FILE__, __LINE__, "got '%s' to %s", answer, cases[i].request);
		close(fd);
	}
	KL_CHECK_INT(dropped, 1);
}

KL_TEST(a_connection_serves_many_requests)
{
	int fd = dial(0);
	for (int i = 0; i < 50; i++) {
		kl_autofree char *answer = talk(fd, i % 2 ? GET("/echo/later?q=z") : GET("/echo?q=z"), "q=z 0 ");
		KL_CHECK(strstr(answer, " 200 ") != NULL);
	}
	close(fd);
}

static void wait_closed(int count)
{
	for (int i = 0; i < 500 && streams_closed < count; i++)
		usleep(10000);
	KL_CHECK_INT(streams_closed, count);
}

KL_TEST(streams)
{
	int fd = dial(0);
	kl_autofree char *all = talk(fd, GET("/ticks?n=5"), "\r\n0\r\n\r\n");
	KL_CHECK(strstr(all, "1,") && strstr(all, "5,") && !strstr(all, "6,"));
	close(fd);
	wait_closed(1);
	fd = dial(0);
	kl_autofree char *some = talk(fd, GET("/ticks"), "2,");
	KL_CHECK(strstr(some, "2,") != NULL);
	close(fd); /* the client goes: noticed though nothing is written */
	wait_closed(2);
}

KL_TEST(a_client_that_goes_is_noticed_while_its_answer_is_due)
{
	int fd = dial(0);
	(void)!write(fd, GET("/park"), strlen(GET("/park")));
	for (int i = 0; i < 200 && !parked; i++)
		usleep(10000);
	KL_CHECK_INT(cancelled, 0);
	close(fd);
	for (int i = 0; i < 200 && !cancelled; i++)
		usleep(10000);
	KL_CHECK_INT(cancelled, 1);
	struct kl_http_request *left = atomic_exchange(&parked, NULL);
	if (left)
		echo(left, NULL); /* goes nowhere */
}

KL_TEST(upgrades)
{
	int fd = dial(0);
	kl_autofree char *answer = talk(fd,
		"POST /upgrade HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: "
		"SPDY/3.1\r\n\r\nearly",
		"early");
	KL_CHECK(strstr(answer, " 101 ") && strstr(answer, "Upgrade: SPDY/3.1") && strstr(answer, "early"));
	kl_autofree char *echoed = talk(fd, "hello", "hello");
	KL_CHECK_STR(echoed, "hello");
	close(fd);
}

KL_TEST(stops_with_everything_under_way)
{
	int parked_fd = dial(0), stream_fd = dial(0), up_fd = dial(0), idle_fd = dial(0);
	(void)!write(parked_fd, GET("/park"), strlen(GET("/park")));
	kl_autofree char *some = talk(stream_fd, GET("/ticks"), "1,");
	kl_autofree char *up = talk(up_fd,
		"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "\r\n\r\n");
	KL_CHECK(strstr(some, "1,") && strstr(up, " 101 "));
	for (int i = 0; i < 200 && !parked; i++)
		usleep(10000);
	kl_httpd_free(kl_take(&httpd));
	char byte;
	KL_CHECK_INT(read(parked_fd, &byte, 1) > 0, 0);
	struct kl_http_request *left = atomic_exchange(&parked, NULL);
	if (left)
		echo(left, NULL);
	close(parked_fd);
	close(stream_fd);
	close(up_fd);
	close(idle_fd);
}

KL_MAIN()
