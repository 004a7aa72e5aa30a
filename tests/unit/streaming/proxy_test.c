/*
 * The API server's proxies in front of a fake node (fakenode.h), over TLS with certificates of a real PKI; objects come
 * from a real store. The API's own side is plain HTTP on loopback.
 */
#include "fakenode.h"
#include "pki.h"
#include "proxy.h"
#include "rawclient.h"

#include "file.h"
#include "mem.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PODS "/api/v1/namespaces/default/pods/"

struct world {
	char dir[32];
	struct kl_pki *pki;
	struct kl_store *store;
	struct kl_httpd *httpd;
	struct kl_proxy *proxy;
	struct fakenode *node;
	int port;
};

static void put(struct world *w, const char *kind, const char *ns, const char *name, const char *json)
{
	kl_autojson *object = kl_json_parse(json, strlen(json), NULL);
	struct kl_store_write write = {
		.op = KL_STORE_CREATE, .kind = kl_kind_named("", kind), .ns = ns, .name = name, .object = object};
	if (kl_store_commit(w->store, &write, 1, NULL) < 0)
		abort();
	kl_object_unref(write.result);
}

static void put_pod(struct world *w, const char *name, int port)
{
	kl_autofree char *json = kl_asprintf(
		"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},"
		"\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"main\",\"ports\":[{\"containerPort\":%d}]}]},"
		"\"status\":{\"podIP\":\"127.0.0.1\"}}",
		name, port);
	put(w, "Pod", "default", name, json);
}

static void put_node(struct world *w, const char *name, int port)
{
	kl_autofree char *json = kl_asprintf("{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"status\":{"
					     "\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"127.0.0.1\"}],"
					     "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%d}}}}",
		name, port);
	put(w, "Node", "", name, json);
}

/* "/api/v1/namespaces/default/pods/NAME/SUB…" and "/api/v1/nodes/NAME/proxy…", as the REST layer would route them. */
static void on_request(struct kl_http_request *req, void *arg)
{
	struct world *w = arg;
	char name[64] = "", sub[32] = "";
	bool node = sscanf(kl_http_path(req), "/api/v1/nodes/%63[^/]/%31[^/]", name, sub) == 2;
	if (!node)
		sscanf(kl_http_path(req), PODS "%63[^/]/%31[^/]", name, sub);
	struct kl_proxy_target target = {node ? "nodes" : "pods", node ? "" : "default", name, sub};
	kl_proxy_handle(w->proxy, req, &target);
}

static void start_node(struct world *w)
{
	kl_autofree char *certs = kl_asprintf("%s/n1", w->dir), *dir = kl_asprintf("%s/node", w->dir);
	if (kl_pki_issue_node(w->pki, "n1", (const char *const[]){NULL}, "https://127.0.0.1:1", certs, NULL) < 0)
		abort();
	kl_mkdir_p(dir, 0700, NULL);
	w->node = fakenode_new(dir, "/proc/self/exe", 0, certs);
	put_node(w, "n1", fakenode_port(w->node));
	put_pod(w, "web", 0);
}

static struct world *world_new(void)
{
	struct world *w = kl_calloc(1, sizeof(*w));
	struct kl_pki_pair client = {0};
	strcpy(w->dir, "/tmp/kl-proxy-XXXXXX");
	kl_autofree char *pki = kl_asprintf("%s/pki", mkdtemp(w->dir)), *db = kl_asprintf("%s/db", w->dir);
	if (kl_pki_open(pki, &w->pki, NULL) < 0 || kl_pki_kubelet_client(w->pki, &client, NULL) < 0 ||
		kl_store_open(&(struct kl_store_options){.path = db}, &w->store, NULL) < 0)
		abort();
	struct kl_proxy_options proxy = {w->store, kl_pki_ca_pem(w->pki), client.cert_pem, client.key_pem};
	struct kl_httpd_options http = {.addresses = (const char *const[]){"127.0.0.1:0", NULL}, .threads = 2};
	if (kl_proxy_new(&proxy, &w->proxy, NULL) < 0 || kl_httpd_new(&http, &w->httpd, NULL) < 0)
		abort();
	kl_pki_pair_release(&client);
	kl_httpd_route(w->httpd, "/", on_request, w);
	if (kl_httpd_start(w->httpd, NULL) < 0)
		abort();
	w->port = kl_httpd_port(w->httpd, 0);
	start_node(w);
	return w;
}

static void world_free(struct world *w)
{
	kl_proxy_free(w->proxy);
	kl_httpd_free(w->httpd);
	fakenode_free(w->node);
	kl_store_close(w->store);
	kl_pki_free(w->pki);
	kl_remove_tree(w->dir, NULL);
	free(w);
}

static void get(struct rawclient *c, struct world *w, const char *target)
{
	raw_open(c, w->port, "GET", target, "Connection: close\r\n");
	raw_read_all(c);
}

KL_TEST(refusals_are_statuses)
{
	struct world *w = world_new();
	static const struct {
		const char *target;
		int status;
		const char *words;
	} cases[] = {
		{PODS "none/log", 404, "pods \\\"none\\\" not found"},
		{PODS "web/log?container=z", 400, "container z is not valid for pod web"},
		{PODS "web/log?previous=true", 400, "previous terminated container \\\"main\\\" in pod \\\"web\\\" not found"},
		{PODS "web/exec?command=true&stdout=true", 400, "Upgrade request required"},
		{PODS "web:1/proxy/", 503, "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"/api/v1/nodes/n1/proxy/nothing", 404, "404 page not found"},
		{"/api/v1/nodes/n1/proxy/healthz", 200, "ok"},
		{"/api/v1/nodes/n1/proxy", 301, "Location: /api/v1/nodes/n1/proxy/"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		raw_auto c;
		get(&c, w, cases[i].target);
		if (!KL_CHECK_INT(c.status, cases[i].status) ||
			!KL_CHECK(strstr(kl_buf_str(&c.in), cases[i].words) || strstr(kl_buf_str(&c.head), cases[i].words)))
			kl_test_failed(__FILE__, __LINE__, "%s: %s", cases[i].target, kl_buf_str(&c.in));
	}
	world_free(w);
}

/* An agent whose certificate is of another CA, or names somebody else, is not spoken to. */
KL_TEST(agents_are_verified)
{
	struct world *w = world_new(), *other = world_new();
	raw_auto stranger, named;
	put_node(w, "n2", fakenode_port(other->node)); /* another CA */
	get(&stranger, w, "/api/v1/nodes/n2/proxy/healthz");
	KL_CHECK_INT(stranger.status, 503);
	KL_CHECK(strstr(kl_buf_str(&stranger.in), "certificate"));
	put_node(w, "n3", fakenode_port(w->node)); /* our CA, but the certificate says n1 */
	get(&named, w, "/api/v1/nodes/n3/proxy/healthz");
	KL_CHECK_INT(named.status, 503);
	world_free(other);
	world_free(w);
}

KL_TEST(logs_are_streamed)
{
	struct world *w = world_new();
	raw_auto c;
	raw_open(&c, w->port, "GET", PODS "web/log?follow=true", "Connection: close\r\n");
	KL_CHECK_INT(c.status, 200);
	for (int i = 0; i < 3; i++) {
		char text[16];
		snprintf(text, sizeof(text), "line %d", i);
		fakenode_log(w->node, "2026-11-20T10:30:35.100000000+00:00", "stdout", "F", text);
		while (!strstr(kl_buf_str(&c.in), text))
			if (!KL_CHECK(raw_read(&c)))
				break;
	}
	fakenode_end_main(w->node);
	raw_read_all(&c);
	KL_CHECK(c.eof);
	world_free(w);
}

static void open_exec(struct rawclient *c, struct world *w, bool spdy, const char *query)
{
	static const char *const TYPES[] = {"stdin", "stdout", "stderr", "error"};
	kl_autofree char *target = kl_asprintf(PODS "web/exec?stdin=true&stdout=true&stderr=true&%s", query);
	if (!spdy) {
		raw_open_websocket(c, w->port, target, "v5.channel.k8s.io");
		return;
	}
	raw_open_spdy(c, w->port, target, "v4.channel.k8s.io");
	for (int i = 0; i < 4; i++)
		raw_spdy_stream(c, TYPES[i], NULL, NULL);
}

KL_TEST(exec_is_spliced)
{
	struct world *w = world_new();
	for (int spdy = 0; spdy < 2; spdy++) {
		raw_auto c;
		open_exec(&c, w, spdy, "command=sh&command=-c&command=cat;+head+-c+2000000+/dev/zero+%7C+tr+%27%5C0%27+x;+exit+3");
		KL_CHECK_INT(c.status, 101);
		raw_send(&c, 0, "typed");
		raw_end(&c, 0);
		KL_CHECK(raw_expect(&c, 1, "typed"));
		KL_CHECK(raw_expect(&c, 3, "\"message\":\"3\""));
		KL_CHECK_INT(c.channels[1].len, 2000005);
	}
	world_free(w);
}

KL_TEST(the_command_dies_with_its_client)
{
	struct world *w = world_new();
	for (int spdy = 0; spdy < 2; spdy++) {
		raw_auto c;
		open_exec(&c, w, spdy, "command=sh&command=-c&command=echo+$$;+exec+sleep+60");
		KL_CHECK(raw_expect(&c, 1, "\n"));
		pid_t pid = (pid_t)atoi(kl_buf_str(&c.channels[1]));
		raw_close(&c);
		for (int tries = 0; tries < 150 && kill(pid, 0) == 0; tries++)
			usleep(20 * 1000);
		KL_CHECK(kill(pid, 0) < 0);
	}
	world_free(w);
}

/* A refusal of the agent's own is passed on as it is: clients show its text. */
KL_TEST(a_refused_upgrade_is_passed_on)
{
	struct world *w = world_new();
	raw_auto c;
	raw_open_websocket(&c, w->port, PODS "web/exec?stdout=true&command=true", "v9.channel.k8s.io");
	raw_read_all(&c);
	KL_CHECK_INT(c.status, 403);
	KL_CHECK(strstr(kl_buf_str(&c.in), "unable to negotiate protocol"));
	world_free(w);
}

/* --- a backend of the pod's own */

static void *serve_once(void *arg)
{
	int listener = *(int *)arg, conn = accept(listener, NULL, NULL);
	static char request[8192];
	ssize_t n = read(conn, request, sizeof(request) - 1);
	request[n > 0 ? n : 0] = 0;
	dprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Own: yes\r\nConnection: X-Hop\r\nX-Hop: no\r\n"
		      "Location: /there\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 50; i++)
		dprintf(conn, "%x\r\n%020000d\r\n", 20000, i);
	dprintf(conn, "0\r\n\r\n");
	close(conn);
	return request;
}

KL_TEST(http_goes_through_both_ways)
{
	struct world *w = world_new();
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	kl_autoclose int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;
	void *request;
	raw_auto c;
	if (bind(listener, (struct sockaddr *)&addr, len) < 0 || listen(listener, 4) < 0)
		abort();
	getsockname(listener, (struct sockaddr *)&addr, &len);
	put_pod(w, "own", ntohs(addr.sin_port));
	pthread_create(&thread, NULL, serve_once, &listener);
	raw_open(&c, w->port, "POST", PODS "own/proxy/a%20b?q=1",
		"Connection: close, X-Secret-Hop\r\nX-Secret-Hop: x\r\nAuthorization: Bearer secret\r\nX-Kept: 1\r\nContent-Length: 4\r\n\r\nbody");
	raw_read_all(&c);
	pthread_join(thread, &request);
	KL_CHECK(!strncmp(request, "POST /a%20b?q=1 HTTP/1.1\r\n", 26));
	KL_CHECK(strstr(request, "X-Kept: 1\r\n"));
	KL_CHECK(strstr(request, "X-Forwarded-Uri: " PODS "own/proxy/a%20b\r\n"));
	KL_CHECK(strstr(request, "\r\n\r\nbody"));
	KL_CHECK(!strstr(request, "secret") && !strstr(request, "X-Secret-Hop"));
	KL_CHECK_INT(c.status, 200);
	KL_CHECK(strstr(kl_buf_str(&c.head), "X-Own: yes") && !strstr(kl_buf_str(&c.head), "X-Hop"));
	KL_CHECK(strstr(kl_buf_str(&c.head), "Location: " PODS "own/proxy/there"));
	KL_CHECK(c.in.len >= 1000000);
	world_free(w);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "runtime"))
		return fakenode_runtime(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	return kl_test_main(argc, argv);
}
