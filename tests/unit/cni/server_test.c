/*
 * The real plugin against the CNI server, in namespaces of our own:
 *
 *	[ node: this process, the server on a thread ]  kl<hash> ══ eth0  [ pod ]
 */
#include "cniclient.h"
#include "cniserver.h"
#include "file.h"
#include "json.h"
#include "link.h"
#include "netns.h"
#include "proc.h"
#include "proto.h"
#include "testlib.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct node {
	char dir[64], socket[96], state[96];
	uv_loop_t loop;
	uv_async_t stop;
	struct kl_cniserver *server;
	pthread_t thread;
	int added, removed, fail_next;
};

static int pod_added(const struct kl_cni_pod *pod, void *arg, struct kl_err *err)
{
	struct node *node = arg;
	KL_CHECK(pod->netns_cookie && pod->host_ifindex && pod->ip_count);
	if (node->fail_next) {
		node->fail_next = 0;
		return kl_fail_msg(err, EIO, "refused by the test");
	}
	node->added++;
	return 0;
}

static void pod_removed(const struct kl_cni_pod *pod, void *arg)
{
	struct node *node = arg;
	(void)pod;
	node->removed++;
}

static void stop(uv_async_t *async)
{
	struct node *node = async->data;
	kl_cniserver_free(node->server);
	uv_close((uv_handle_t *)&node->stop, NULL);
}

static void *serve(void *arg)
{
	struct node *node = arg;
	uv_run(&node->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void node_start(struct node *node, const char *const *cidrs, size_t count)
{
	struct kl_err err = {0};
	struct kl_cniserver_opts opts = {.socket_path = node->socket,
		.state_dir = node->state,
		.pod_added = pod_added,
		.pod_removed = pod_removed,
		.arg = node};
	uv_loop_init(&node->loop);
	uv_async_init(&node->loop, &node->stop, stop);
	node->stop.data = node;
	KL_CHECK_INT(kl_cniserver_new(&node->loop, &opts, &node->server, &err), 0);
	if (count)
		KL_CHECK_INT(kl_cniserver_set_cidrs(node->server, cidrs, count, &err), 0);
	KL_CHECK_STR(err.text, "");
	pthread_create(&node->thread, NULL, serve, node);
}

static void node_stop(struct node *node)
{
	uv_async_send(&node->stop);
	pthread_join(node->thread, NULL);
	KL_CHECK_INT(uv_loop_close(&node->loop), 0);
}

static struct node *node_make(const char *const *cidrs, size_t count)
{
	static bool entered;
	struct node *node = kl_calloc(1, sizeof(*node));
	if (geteuid())
		kl_test_skip("must run as root to make network namespaces");
	signal(SIGPIPE, SIG_IGN); /* as main() of keelson does */
	/* The whole process becomes the node; nothing reaches the machine it runs on. */
	if (!entered && (unshare(CLONE_NEWNET | CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)))
		kl_test_skip("cannot make namespaces");
	entered = true;
	snprintf(node->dir, sizeof(node->dir), "/tmp/kl-cni-test-XXXXXX");
	KL_CHECK(mkdtemp(node->dir) != NULL);
	snprintf(node->socket, sizeof(node->socket), "%s/agent.sock", node->dir);
	snprintf(node->state, sizeof(node->state), "%s/state", node->dir);
	node_start(node, cidrs, count);
	return node;
}

static void node_end(struct node *node)
{
	node_stop(node);
	KL_CHECK_INT(kl_remove_tree(node->dir, NULL), 0);
	free(node);
}

static void pod_path(const struct node *node, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s.ns", node->dir, name);
}

static void pod_make(const struct node *node, const char *name)
{
	char path[128];
	pod_path(node, name, path);
	KL_CHECK_INT(kl_netns_new(path, NULL), 0);
}

static void pod_end(const struct node *node, const char *name)
{
	char path[128];
	pod_path(node, name, path);
	KL_CHECK_INT(kl_netns_remove(path, NULL), 0);
}

/* Runs the plugin as a runtime does; returns its exit code, and what it printed. */
static int plugin(const struct node *node, const char *command, const char *version, const char *pod, json_t **ret)
{
	char path[128];
	struct kl_proc_result result = {0};
	pod_path(node, pod, path);
	kl_autofree char *env_command = kl_asprintf("CNI_COMMAND=%s", command);
	kl_autofree char *env_id = kl_asprintf("CNI_CONTAINERID=%s", pod), *env_ns = kl_asprintf("CNI_NETNS=%s", path);
	kl_autofree char *config =
		kl_asprintf("{\"cniVersion\":\"%s\",\"name\":\"net\",\"socket\":\"%s\"}", version, node->socket);
	const char *argv[] = {"env", "-i", env_command, env_id, env_ns, "CNI_IFNAME=eth0", "CNI_PATH=/opt/cni/bin",
		"CNI_ARGS=K8S_POD_NAMESPACE=default;K8S_POD_NAME=web", "ASAN_OPTIONS=detect_leaks=0", KL_CNI_PLUGIN,
		NULL};
	KL_CHECK_INT(kl_proc_run(argv, config, 20000, &result, NULL), 0);
	*ret = result.out.len ? kl_json_parse(result.out.data, result.out.len, NULL) : NULL;
	KL_CHECK_STR(kl_buf_str(&result.err_out), "");
	int code = result.exit_code;
	kl_proc_result_release(&result);
	return code;
}

static void expect(const struct node *node, const char *command, const char *pod, int want_code, int line)
{
	kl_autojson *answer = NULL;
	int code = plugin(node, command, "1.0.0", pod, &answer);
	int got = (int)kl_json_int(answer, 0, "code", NULL);
	if (code != (want_code != 0) || got != want_code)
		kl_test_failed(__FILE__, line, "%s %s: exit code %d, CNI code %d (%s: %s), not %d", command, pod, code,
			got, kl_json_str(answer, "msg", NULL), kl_json_str(answer, "details", NULL), want_code);
	if (want_code)
		KL_CHECK_STR(kl_json_str(answer, "cniVersion", NULL), "1.0.0");
}
#define EXPECT(node, command, pod, code) expect(node, command, pod, code, __LINE__)

static char *address_of(const json_t *result, size_t i)
{
	return kl_strdup(kl_json_str(json_array_get(kl_json_get(result, "ips", NULL), i), "address", NULL));
}

static int listen_in_pod(void *arg, struct kl_err *err)
{
	int *ret = arg, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(8080)};
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) || listen(fd, 8))
		return kl_fail(err, errno, "listen");
	*ret = fd;
	return 0;
}

/* From the node to the pod's address. */
static bool reachable(const char *address)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(8080)};
	struct kl_prefix prefix;
	struct timeval timeout = {.tv_sec = 3};
	KL_CHECK_INT(kl_prefix_read(address, &prefix), 0);
	memcpy(&to.sin6_addr, prefix.addr.bytes, 16);
	kl_autoclose int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return !connect(fd, (const struct sockaddr *)&to, sizeof(to));
}

/* The node needs an address of its own to speak to pods from. */
static void give_node_addresses(void)
{
	kl_autolink *link = NULL;
	struct kl_link_info lo;
	struct kl_prefix four, six;
	kl_prefix_read("10.88.99.1/32", &four);
	kl_prefix_read("fd88:99::1/128", &six);
	KL_CHECK_INT(kl_link_open(-1, &link, NULL), 0);
	KL_CHECK_INT(kl_link_get(link, "lo", &lo, NULL), 0);
	KL_CHECK_INT(kl_link_up(link, lo.ifindex, NULL), 0);
	KL_CHECK_INT(kl_link_addr_add(link, lo.ifindex, &four, NULL), 0);
	KL_CHECK_INT(kl_link_addr_add(link, lo.ifindex, &six, NULL), 0);
}

static const char *const v4[] = {"10.77.1.0/24"}, *const tiny[] = {"10.77.1.0/30"},
			 *const dual[] = {"10.77.1.0/24", "fd77::/64"};

KL_TEST(a_pod_comes_and_goes)
{
	struct node *node = node_make(dual, 2);
	kl_autojson *first = NULL, *again = NULL, *old = NULL;
	give_node_addresses();
	pod_make(node, "p1");
	EXPECT(node, "CHECK", "p1", 3);
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "p1", &first), 0);
	KL_CHECK_INT(node->added, 1);
	kl_autofree char *ip4 = address_of(first, 0), *ip6 = address_of(first, 1);
	KL_CHECK_STR(ip4, "10.77.1.2/32");
	KL_CHECK_STR(ip6, "fd77::2/128");
	json_t *interfaces = kl_json_get(first, "interfaces", NULL);
	KL_CHECK_INT(json_array_size(interfaces), 2);
	KL_CHECK_STR(kl_json_str(json_array_get(interfaces, 1), "name", NULL), "eth0");
	KL_CHECK(!strncmp(kl_json_str(json_array_get(interfaces, 0), "name", NULL), "kl", 2));

	char path[128];
	pod_path(node, "p1", path);
	int netns = kl_netns_open(path, NULL), listener = -1;
	KL_CHECK_INT(kl_netns_run(netns, listen_in_pod, &listener, NULL), 0);
	KL_CHECK(reachable(ip4));
	KL_CHECK(reachable(ip6));
	close(listener);
	close(netns);

	EXPECT(node, "CHECK", "p1", 0);
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "p1", &again), 0);
	KL_CHECK(json_equal(first, again));
	/* The forms of older versions name each address's family. */
	KL_CHECK_INT(plugin(node, "ADD", "0.3.1", "p1", &old), 0);
	KL_CHECK_STR(kl_json_str(old, "cniVersion", NULL), "0.3.1");
	KL_CHECK_STR(kl_json_str(json_array_get(kl_json_get(old, "ips", NULL), 1), "version", NULL), "6");

	EXPECT(node, "DEL", "p1", 0);
	EXPECT(node, "DEL", "p1", 0);
	EXPECT(node, "CHECK", "p1", 3);
	KL_CHECK_INT(node->removed, 1);
	pod_end(node, "p1");
	EXPECT(node, "DEL", "p1", 0);
	node_end(node);
}

static void count_link(const struct kl_link_info *info, void *arg)
{
	*(int *)arg += !strcmp(info->kind, "veth");
}

static int veths(void)
{
	kl_autolink *link = NULL;
	int count = 0;
	KL_CHECK_INT(kl_link_open(-1, &link, NULL), 0);
	KL_CHECK_INT(kl_link_each(link, count_link, &count, NULL), 0);
	return count;
}

KL_TEST(failures_leave_nothing)
{
	struct node *node = node_make(NULL, 0);
	struct kl_err err = {0};
	pod_make(node, "p1");
	EXPECT(node, "ADD", "p1", 11); /* the pod range is not known yet */
	KL_CHECK_INT(kl_cniserver_set_cidrs(node->server, tiny, 1, &err), 0);
	EXPECT(node, "ADD", "no-such-namespace", 100);
	node->fail_next = 1;
	EXPECT(node, "ADD", "p1", 100);
	KL_CHECK_INT(veths(), 0);
	/* The range's only address came back each time. */
	EXPECT(node, "ADD", "p1", 0);
	pod_make(node, "p2");
	EXPECT(node, "ADD", "p2", 102);
	EXPECT(node, "DEL", "p1", 0);
	EXPECT(node, "ADD", "p2", 0);
	EXPECT(node, "DEL", "p2", 0);
	KL_CHECK_INT(veths(), 0);
	pod_end(node, "p1");
	pod_end(node, "p2");
	node_end(node);
}

KL_TEST(check_sees_what_is_missing)
{
	struct node *node = node_make(v4, 1);
	kl_autolink *host = NULL;
	kl_autojson *result = NULL, *again = NULL;
	pod_make(node, "p1");
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "p1", &result), 0);
	KL_CHECK_INT(kl_link_open(-1, &host, NULL), 0);
	struct kl_route route = {0};
	kl_autofree char *address = address_of(result, 0);
	KL_CHECK_INT(kl_prefix_read(address, &route.dst), 0);
	KL_CHECK_INT(kl_link_route_delete(host, &route, NULL), 0);
	EXPECT(node, "CHECK", "p1", 101);
	/* A repeated ADD mends it. */
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "p1", &again), 0);
	EXPECT(node, "CHECK", "p1", 0);
	EXPECT(node, "DEL", "p1", 0);
	pod_end(node, "p1");
	node_end(node);
}

KL_TEST(a_restarted_agent_knows_its_pods)
{
	struct node *node = node_make(v4, 1);
	kl_autojson *before = NULL, *after = NULL, *other = NULL;
	pod_make(node, "stays");
	pod_make(node, "goes");
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "stays", &before), 0);
	EXPECT(node, "ADD", "goes", 0);
	node_stop(node);
	/* Without an agent the runtime is told to come again. */
	EXPECT(node, "ADD", "stays", 11);
	pod_end(node, "goes");
	node->added = 0;
	node_start(node, v4, 1);
	KL_CHECK_INT(node->added, 1);
	KL_CHECK_INT(veths(), 1);
	EXPECT(node, "CHECK", "stays", 0);
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "stays", &after), 0);
	KL_CHECK(json_equal(before, after));
	pod_make(node, "new");
	KL_CHECK_INT(plugin(node, "ADD", "1.0.0", "new", &other), 0);
	kl_autofree char *first = address_of(before, 0), *second = address_of(other, 0);
	KL_CHECK(strcmp(first, second) != 0);
	EXPECT(node, "DEL", "new", 0);
	EXPECT(node, "DEL", "stays", 0);
	pod_end(node, "new");
	pod_end(node, "stays");
	node_end(node);
}

KL_TEST(version_and_bad_input)
{
	struct node *node = node_make(v4, 1);
	static const struct {
		const char *command, *config;
		int exit_code, code;
	} cases[] = {
		{"VERSION", "{\"cniVersion\":\"0.4.0\"}", 0, 0},
		{"VERSION", "", 0, 0},
		{"ADD", "not json", 1, 6},
		{"ADD", "{\"cniVersion\":\"9.0.0\",\"name\":\"net\"}", 1, 1},
		{"FROB", "{\"cniVersion\":\"1.0.0\",\"name\":\"net\"}", 1, 4},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_proc_result result = {0};
		kl_autofree char *command = kl_asprintf("CNI_COMMAND=%s", cases[i].command);
		const char *argv[] = {"env", "-i", command, "CNI_CONTAINERID=c", "CNI_NETNS=/x", "CNI_IFNAME=eth0",
			KL_CNI_PLUGIN, NULL};
		KL_CHECK_INT(kl_proc_run(argv, cases[i].config, 20000, &result, NULL), 0);
		KL_CHECK_INT(result.exit_code, cases[i].exit_code);
		kl_autojson *answer = kl_json_parse(kl_buf_str(&result.out), result.out.len, NULL);
		KL_CHECK(json_is_object(answer));
		KL_CHECK_INT(kl_json_int(answer, 0, "code", NULL), cases[i].code);
		if (!cases[i].code)
			KL_CHECK_INT(json_array_size(kl_json_get(answer, "supportedVersions", NULL)), 4);
		kl_proc_result_release(&result);
	}
	node_end(node);
}

static int connect_to(const struct node *node)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = 5};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", node->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	KL_CHECK_INT(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* What comes back for these bytes; the server closes when it has answered. */
static int code_of(const struct node *node, const char *bytes, size_t len)
{
	kl_autobuf answer = {0};
	char part[4096];
	ssize_t n;
	kl_autoclose int fd = connect_to(node);
	/* It may have heard enough before everything is sent. */
	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
		KL_CHECK(errno == EPIPE || errno == ECONNRESET);
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, part, sizeof(part), 0)) > 0)
		kl_buf_push(&answer, part, (size_t)n);
	kl_autojson *json = kl_json_parse(kl_buf_str(&answer), answer.len, NULL);
	return (int)kl_json_int(json, 0, "error", "code", NULL);
}

KL_TEST(the_socket_survives_bad_requests)
{
	struct node *node = node_make(v4, 1);
	static const struct {
		const char *bytes;
		int code;
	} cases[] = {
		{"", KL_CNI_BAD_JSON},
		{"{", KL_CNI_BAD_JSON},
		{"[]", KL_CNI_BAD_JSON},
		{"{}", KL_CNI_BAD_ENVIRONMENT},
		{"{\"command\":\"VERSION\"}", KL_CNI_BAD_ENVIRONMENT},
		{"{\"command\":\"ADD\",\"containerID\":\"../x\",\"netns\":\"/n\",\"ifname\":\"eth0\"}",
			KL_CNI_BAD_ENVIRONMENT},
		{"{\"command\":\"ADD\",\"containerID\":\"x\",\"netns\":\"/n\",\"ifname\":\"eth0\"}",
			KL_CNI_BAD_VERSION},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		KL_CHECK_INT(code_of(node, cases[i].bytes, strlen(cases[i].bytes)), cases[i].code);
	size_t size = KL_CNI_MAX + 4096;
	kl_autofree char *large = kl_malloc(size);
	memset(large, ' ', size);
	KL_CHECK_INT(code_of(node, large, size), KL_CNI_BAD_JSON);
	/* Many that say nothing do not keep the next one out. */
	int idle[100];
	for (size_t i = 0; i < KL_ARRAY_LEN(idle); i++)
		idle[i] = connect_to(node);
	pod_make(node, "p1");
	EXPECT(node, "ADD", "p1", 0);
	EXPECT(node, "DEL", "p1", 0);
	pod_end(node, "p1");
	for (size_t i = 0; i < KL_ARRAY_LEN(idle); i++)
		close(idle[i]);
	node_end(node);
}

static void client_done(const struct kl_cni_answer *answer, void *arg)
{
	char *text = arg;
	snprintf(text, 128, "%d %d %s %s", answer->err.code, answer->cni_code, answer->ip_count ? answer->ips[0] : "-",
		answer->ip_count > 1 ? answer->ips[1] : "-");
}

KL_TEST(the_agents_client_runs_the_plugin)
{
	struct node *node = node_make(dual, 2);
	uv_loop_t loop;
	char path[128], text[128] = "";
	struct kl_err err = {0};
	pod_make(node, "p1");
	pod_path(node, "p1", path);
	struct kl_cni_request request = {.plugin = KL_CNI_PLUGIN,
		.command = "ADD",
		.socket_path = node->socket,
		.container_id = "p1",
		.netns_path = path,
		.pod_namespace = "default",
		.pod_name = "web",
		.pod_uid = "u"};
	uv_loop_init(&loop);
	KL_CHECK_INT(kl_cni_call(&loop, &request, client_done, text, &err), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_STR(text, "0 0 10.77.1.2 fd77::2");
	request.command = "DEL";
	KL_CHECK_INT(kl_cni_call(&loop, &request, client_done, text, &err), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_STR(text, "0 0 - -");
	request.command = "CHECK";
	KL_CHECK_INT(kl_cni_call(&loop, &request, client_done, text, &err), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_STR(text, "-5 3 - -");
	request.plugin = "/no/such/plugin";
	KL_CHECK_INT(kl_cni_call(&loop, &request, client_done, text, &err), -ENOENT);
	uv_run(&loop, UV_RUN_DEFAULT);
	KL_CHECK_INT(uv_loop_close(&loop), 0);
	pod_end(node, "p1");
	node_end(node);
}

KL_MAIN()
