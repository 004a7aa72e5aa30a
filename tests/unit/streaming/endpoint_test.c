/*
 * The agent's endpoint as clients see it: a fake node (fakenode.h: a fake container table, a fake runtime, a fake
 * conmon) with real sockets, processes, pipes, terminals and files.
 */
#include "fakenode.h"
#include "rawclient.h"

#include "clock.h"
#include "mem.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIME1 "2026-11-20T10:30:35.100000000+00:00"
#define SUCCESS "\"status\":\"Success\""

static struct fakenode *new_node(void)
{
	char dir[] = "/tmp/kl-fakenode-XXXXXX";
	return fakenode_new(mkdtemp(dir), "/proc/self/exe", 0, NULL);
}

/* --- plain requests */

KL_TEST(plain_requests)
{
	static const struct {
		const char *method, *target;
		int status;
		const char *body;
	} cases[] = {
		{"GET", "/healthz", 200, "ok"},
		{"GET", "/pods", 200, "\"PodList\""},
		{"GET", "/stats/summary", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"DELETE", "/pods", 405, ""},
		{"POST", "/containerLogs/default/web/main", 405, ""},
		{"GET", "/containerLogs/default/web", 404, ""},
		{"GET", "/containerLogs/default/none/main", 404, "not found"},
		{"GET", "/containerLogs/default/web/none", 404, "not valid"},
		{"GET", "/containerLogs/default/web/done", 400, "container \"done\" in pod \"web\" is terminated"},
		{"GET", "/containerLogs/default/web/main?previous=true", 400, "previous terminated container \"main\""},
		{"GET", "/containerLogs/default/web/main?tailLines=-1", 400, "tailLines"},
		{"GET", "/containerLogs/default/web/main?limitBytes=0", 400, "limitBytes"},
		{"GET", "/containerLogs/default/web/main?sinceTime=soon", 400, "sinceTime"},
		{"GET", "/exec/default/web/main?command=true&output=1", 400, "Upgrade request required"},
		{"GET", "/exec/default/web/main?command=true", 400, "at least 1 of stdin"},
		{"GET", "/exec/default/web/main?output=1", 400, "at least 1 command"},
	};
	struct fakenode *node = new_node();
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		raw_auto c;
		raw_open(&c, fakenode_port(node), cases[i].method, cases[i].target, "Connection: close\r\n");
		raw_read_all(&c);
		if (!KL_CHECK_INT(c.status, cases[i].status) || !KL_CHECK(strstr(kl_buf_str(&c.in), cases[i].body)))
			kl_test_failed(__FILE__, __LINE__, "%s: %s", cases[i].target, kl_buf_str(&c.in));
	}
	fakenode_free(node);
}

KL_TEST(handshakes_that_fail)
{
	struct fakenode *node = new_node();
	const char *target = "/exec/default/web/main?command=true&output=1";
	raw_auto unknown, done, spdy;
	raw_open_websocket(&unknown, fakenode_port(node), target, "v9.channel.k8s.io");
	KL_CHECK_INT(unknown.status, 403);
	raw_open_websocket(&done, fakenode_port(node), "/exec/default/web/done?command=true&output=1", "v4.channel.k8s.io");
	KL_CHECK_INT(done.status, 404);
	raw_open_spdy(&spdy, fakenode_port(node), target, "v9.channel.k8s.io");
	KL_CHECK_INT(spdy.status, 403);
	fakenode_free(node);
}

/* --- logs */

static void check_logs(struct fakenode *node, const char *query, const char *want)
{
	raw_auto c;
	char target[256];
	snprintf(target, sizeof(target), "/containerLogs/default/web/main?%s", query);
	/* HTTP/1.0 semantics spare the test from chunks: close ends the body. */
	raw_open(&c, fakenode_port(node), "GET", target, "Connection: close\r\n");
	raw_read_all(&c);
	if (!KL_CHECK(strstr(kl_buf_str(&c.in), want)))
		kl_test_failed(__FILE__, __LINE__, "%s gives '%s'", query, kl_buf_str(&c.in));
}

KL_TEST(logs_by_query)
{
	struct fakenode *node = new_node();
	fakenode_log(node, TIME1, "stdout", "F", "one");
	fakenode_log(node, TIME1, "stderr", "F", "two");
	fakenode_log(node, TIME1, "stdout", "P", "th");
	fakenode_log(node, TIME1, "stdout", "F", "ree");
	check_logs(node, "", "one\ntwo\nthree\n");
	check_logs(node, "tailLines=1", "\r\nthree\n");
	check_logs(node, "tailLines=2&timestamps=true", "2026-11-20T10:30:35.100000000Z two\n");
	check_logs(node, "limitBytes=5", "one\nt\r\n");
	check_logs(node, "stream=Stderr", "\r\ntwo\n");
	fakenode_free(node);
}

static bool wait_for(struct rawclient *c, const char *text)
{
	while (!strstr(kl_buf_str(&c->in), text))
		if (!raw_read(c))
			return false;
	return true;
}

KL_TEST(followed_logs_cross_rotation_and_end_with_the_container)
{
	struct fakenode *node = new_node();
	raw_auto c;
	fakenode_log(node, TIME1, "stdout", "F", "old");
	raw_open(&c, fakenode_port(node), "GET", "/containerLogs/default/web/main?follow=true&tailLines=1", "Connection: close\r\n");
	KL_CHECK_INT(c.status, 200);
	KL_CHECK(wait_for(&c, "old\n"));
	fakenode_log(node, TIME1, "stdout", "F", "before");
	KL_CHECK(wait_for(&c, "before\n"));
	fakenode_rotate(node);
	fakenode_log(node, TIME1, "stdout", "F", "behind");
	KL_CHECK(wait_for(&c, "behind\n"));
	fakenode_log(node, TIME1, "stdout", "F", "last");
	fakenode_end_main(node);
	raw_read_all(&c);
	KL_CHECK(c.eof);
	KL_CHECK(strstr(kl_buf_str(&c.in), "last\n"));
	fakenode_free(node);
}

/* --- exec: the same over every protocol */

/* Channels in a fixed order, so that SPDY's indices are WebSocket's channel numbers. */
static void open_exec(struct rawclient *c, struct fakenode *node, const char *protocol, const char *query, bool tty)
{
	static const char *const TYPES[] = {"stdin", "stdout", "stderr", "error", "resize"};
	char target[512];
	bool spdy = !strncmp(protocol, "SPDY ", 5);
	snprintf(target, sizeof(target), "/exec/default/web/main?input=1&output=1&%s&%s", tty ? "tty=1" : "error=1", query);
	if (!spdy) {
		raw_open_websocket(c, fakenode_port(node), target, protocol);
		return;
	}
	raw_open_spdy(c, fakenode_port(node), target, protocol + 5);
	for (int i = 0; c->status == 101 && i < 4 + tty; i++) {
		if (tty && i == 2)
			c->streams++; /* a terminal has no stderr */
		else
			raw_spdy_stream(c, TYPES[i], NULL, NULL);
	}
}

static const char *const PROTOCOLS[] = {"SPDY v4.channel.k8s.io", "v5.channel.k8s.io", "v4.channel.k8s.io"};

KL_TEST(exec_gives_output_and_exit_code)
{
	struct fakenode *node = new_node();
	for (size_t i = 0; i < KL_ARRAY_LEN(PROTOCOLS); i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=sh&command=-c&command=echo+$MARK;+echo+err+%3E%262;+exit+7", false);
		if (!KL_CHECK_INT(c.status, 101))
			continue;
		KL_CHECK(raw_expect(&c, 1, "kept\n"));
		KL_CHECK(raw_expect(&c, 2, "err\n"));
		KL_CHECK(raw_expect(&c, 3, "\"reason\":\"ExitCode\",\"message\":\"7\""));
		KL_CHECK(raw_expect_end(&c, 3));
	}
	fakenode_free(node);
}

KL_TEST(old_protocols_tell_the_end_as_text)
{
	struct fakenode *node = new_node();
	raw_auto c;
	open_exec(&c, node, "SPDY v3.channel.k8s.io", "command=false", false);
	KL_CHECK(raw_expect(&c, 3, "exit status 1"));
	fakenode_free(node);
}

KL_TEST(the_end_of_input_reaches_the_command)
{
	struct fakenode *node = new_node();
	for (size_t i = 0; i < 2; i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=tr&command=a-z&command=A-Z", false);
		raw_send(&c, 0, "some ");
		raw_send(&c, 0, "input");
		raw_end(&c, 0);
		KL_CHECK(raw_expect(&c, 1, "SOME INPUT"));
		KL_CHECK(raw_expect(&c, 3, SUCCESS));
	}
	fakenode_free(node);
}

KL_TEST(base64_channels)
{
	struct fakenode *node = new_node();
	raw_auto c;
	open_exec(&c, node, "v4.base64.channel.k8s.io", "command=echo&command=hello", false);
	KL_CHECK(raw_expect(&c, 1, "aGVsbG8K")); /* "hello\n" */
	fakenode_free(node);
}

KL_TEST(terminals_have_a_size)
{
	struct fakenode *node = new_node();
	for (size_t i = 0; i < KL_ARRAY_LEN(PROTOCOLS); i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=sh", true);
		raw_send(&c, 4, "{\"Width\":101,\"Height\":33}\n");
		raw_send(&c, 0, "stty size\n");
		KL_CHECK(raw_expect(&c, 1, "33 101"));
		raw_send(&c, 4, "{\"Width\":90,\"Height\":22}{\"Width\":91,\"Hei");
		raw_send(&c, 4, "ght\":23}");
		usleep(200 * 1000);
		raw_send(&c, 0, "stty size; exit 5\n");
		KL_CHECK(raw_expect(&c, 1, "23 91"));
		KL_CHECK(raw_expect(&c, 3, "\"message\":\"5\""));
	}
	fakenode_free(node);
}

KL_TEST(much_output_arrives_whole)
{
	struct fakenode *node = new_node();
	for (size_t i = 0; i < KL_ARRAY_LEN(PROTOCOLS); i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=sh&command=-c&command=head+-c+3000000+/dev/zero+%7C+tr+%27%5C0%27+x", false);
		usleep(300 * 1000); /* a client that is slow at first */
		KL_CHECK(raw_expect(&c, 3, SUCCESS));
		KL_CHECK_INT(c.channels[1].len, 3000000);
	}
	fakenode_free(node);
}

/* A process left behind keeps the pipe open: the session ends all the same. */
KL_TEST(a_process_left_behind_does_not_hold_the_session)
{
	struct fakenode *node = new_node();
	raw_auto c;
	int64_t begin = kl_monotonic_ms();
	open_exec(&c, node, PROTOCOLS[1], "command=sh&command=-c&command=sleep+4+%26+echo+done", false);
	KL_CHECK(raw_expect(&c, 1, "done"));
	KL_CHECK(raw_expect(&c, 3, SUCCESS));
	KL_CHECK(kl_monotonic_ms() - begin < 3000);
	fakenode_free(node);
}

static bool alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

KL_TEST(the_command_dies_with_its_client)
{
	struct fakenode *node = new_node();
	for (size_t i = 0; i < KL_ARRAY_LEN(PROTOCOLS); i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=sh&command=-c&command=echo+$$;+exec+sleep+60", false);
		KL_CHECK(raw_expect(&c, 1, "\n"));
		pid_t pid = (pid_t)atoi(kl_buf_str(&c.channels[1]));
		KL_CHECK(pid > 1 && alive(pid));
		raw_close(&c);
		for (int tries = 0; tries < 100 && alive(pid); tries++)
			usleep(20 * 1000);
		KL_CHECK(!alive(pid));
	}
	fakenode_free(node);
}

/* SPDY's own: a peer that means its windows is not sent more than they hold. */
KL_TEST(windows_of_a_peer_that_has_some)
{
	struct fakenode *node = new_node();
	raw_auto c;
	kl_autobuf bytes = {0};
	raw_open_spdy(&c, fakenode_port(node), "/exec/default/web/main?output=1&command=head&command=-c&command=300000&command=/dev/zero",
		"v4.channel.k8s.io");
	kl_spdy_put_settings_window(&bytes, 1000);
	(void)!write(c.fd, bytes.data, bytes.len);
	raw_spdy_stream(&c, "error", NULL, NULL);
	raw_spdy_stream(&c, "stdout", NULL, NULL);
	raw_settle(&c);
	KL_CHECK_INT(c.channels[1].len, 1000);
	KL_CHECK_INT(c.channels[0].len, 0);
	kl_buf_reset(&bytes);
	kl_spdy_put_window_update(&bytes, 3, 1000000);
	kl_spdy_put_window_update(&bytes, 0, 1000000);
	(void)!write(c.fd, bytes.data, bytes.len);
	KL_CHECK(raw_expect(&c, 0, SUCCESS));
	KL_CHECK(raw_expect_end(&c, 1));
	KL_CHECK_INT(c.channels[1].len, 300000);
	fakenode_free(node);
}

/* --- attach */

static int fake_conmon(struct fakenode *node)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/attach", fakenode_bundle(node));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1) < 0)
		abort();
	return fd;
}

KL_TEST(attach_passes_both_ways_and_ends_with_the_container)
{
	struct fakenode *node = new_node();
	kl_autoclose int listener = fake_conmon(node);
	char got[64] = "";
	raw_auto c;
	raw_open_websocket(&c, fakenode_port(node), "/attach/default/web/main?input=1&output=1&error=1", "v5.channel.k8s.io");
	KL_CHECK_INT(c.status, 101);
	int conn = accept(listener, NULL, NULL);
	(void)!send(conn, "\2to stdout", 10, 0);
	(void)!send(conn, "\3to stderr", 10, 0);
	KL_CHECK(raw_expect(&c, 1, "to stdout"));
	KL_CHECK(raw_expect(&c, 2, "to stderr"));
	raw_send(&c, 0, "typed");
	KL_CHECK_INT(recv(conn, got, sizeof(got) - 1, 0), 5);
	KL_CHECK_STR(got, "typed");
	raw_end(&c, 0);
	KL_CHECK_INT(recv(conn, got, sizeof(got) - 1, 0), 0);
	close(conn);
	KL_CHECK(raw_expect(&c, 3, SUCCESS));
	fakenode_free(node);
}

/* --- port-forward */

static int listen_local(int *ret_port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
		abort();
	getsockname(fd, (struct sockaddr *)&addr, &len);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

/* Answers one connection: everything it gets up to its end, in capitals. */
static void *capitals(void *arg)
{
	int conn = accept(*(int *)arg, NULL, NULL);
	char chunk[256];
	ssize_t n;
	while ((n = read(conn, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			chunk[i] = (char)(chunk[i] - ('a' - 'A') * (chunk[i] >= 'a' && chunk[i] <= 'z'));
		(void)!write(conn, chunk, (size_t)n);
	}
	close(conn);
	return NULL;
}

static void open_forward(struct rawclient *c, struct fakenode *node, bool tunnel)
{
	const char *target = "/portForward/default/web";
	if (tunnel)
		raw_open_websocket(c, fakenode_port(node), target, "SPDY/3.1+portforward.k8s.io");
	else
		raw_open_spdy(c, fakenode_port(node), target, "portforward.k8s.io");
}

static void forward_once(struct fakenode *node, bool tunnel)
{
	pthread_t thread;
	int port;
	char text[16];
	raw_auto c;
	kl_autoclose int listener = listen_local(&port);
	pthread_create(&thread, NULL, capitals, &listener);
	snprintf(text, sizeof(text), "%d", port);
	open_forward(&c, node, tunnel);
	KL_CHECK_INT(c.status, 101);
	int error = raw_spdy_stream(&c, "error", text, "0");
	raw_end(&c, error);
	int data = raw_spdy_stream(&c, "data", text, "0");
	raw_send(&c, data, "through ");
	raw_send(&c, data, "the pod");
	raw_end(&c, data);
	KL_CHECK(raw_expect(&c, data, "THROUGH THE POD"));
	KL_CHECK(raw_expect_end(&c, data));
	KL_CHECK(raw_expect_end(&c, error));
	KL_CHECK_INT(c.channels[error].len, 0);
	pthread_join(thread, NULL);
}

KL_TEST(port_forward)
{
	struct fakenode *node = new_node();
	forward_once(node, false);
	forward_once(node, true);
	fakenode_free(node);
}

KL_TEST(port_forward_to_nobody)
{
	struct fakenode *node = new_node();
	int port;
	char text[16];
	raw_auto c;
	close(listen_local(&port));
	snprintf(text, sizeof(text), "%d", port);
	open_forward(&c, node, false);
	int error = raw_spdy_stream(&c, "error", text, "7");
	int data = raw_spdy_stream(&c, "data", text, "7");
	KL_CHECK(raw_expect(&c, error, "Connection refused"));
	KL_CHECK(raw_expect_end(&c, data));
	/* The session goes on. */
	error = raw_spdy_stream(&c, "error", "70000", "8");
	raw_spdy_stream(&c, "data", "70000", "8");
	KL_CHECK(raw_expect(&c, error, "error forwarding port 70000"));
	fakenode_free(node);
}

/* The channels of older WebSocket clients (python): data and error of each port in turn, each headed by the port. */
KL_TEST(port_forward_by_channels)
{
	struct fakenode *node = new_node();
	pthread_t thread;
	int port;
	char target[64];
	raw_auto c, none;
	kl_autoclose int listener = listen_local(&port);
	const char head[] = {(char)port, (char)(port >> 8)};
	pthread_create(&thread, NULL, capitals, &listener);
	snprintf(target, sizeof(target), "/portForward/default/web?port=%d", port);
	raw_open_websocket(&c, fakenode_port(node), target, "v4.channel.k8s.io");
	KL_CHECK_INT(c.status, 101);
	raw_send(&c, 0, "hello");
	KL_CHECK(raw_expect(&c, 0, "HELLO"));
	KL_CHECK(!memcmp(c.channels[0].data, head, 2));
	KL_CHECK(c.channels[1].len == 2 && !memcmp(c.channels[1].data, head, 2));
	raw_close(&c);
	pthread_join(thread, NULL);
	raw_open_websocket(&none, fakenode_port(node), "/portForward/default/web", "v4.channel.k8s.io");
	KL_CHECK_INT(none.status, 400);
	fakenode_free(node);
}

/* --- rubbish */

KL_TEST(rubbish_ends_its_own_session_only)
{
	struct fakenode *node = new_node();
	for (int i = 0; i < 2; i++) {
		raw_auto c;
		open_exec(&c, node, PROTOCOLS[i], "command=cat", false);
		uint8_t noise[64];
		memset(noise, 0xff, sizeof(noise)); /* no version of SPDY; every reserved bit of WebSocket */
		(void)!send(c.fd, noise, sizeof(noise), MSG_NOSIGNAL);
		kl_buf_reset(&c.in);
		raw_read_all(&c);
		KL_CHECK(c.eof);
	}
	raw_auto c;
	raw_open(&c, fakenode_port(node), "GET", "/healthz", "");
	KL_CHECK_INT(c.status, 200);
	fakenode_free(node);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "runtime"))
		return fakenode_runtime(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	return kl_test_main(argc, argv);
}
