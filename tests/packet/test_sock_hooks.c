/*
 * The socket programs with real sockets: in a private network namespace and cgroup, backends listen on loopback and
 * a process in the cgroup asks for Services. A table of what is asked and what the socket then says.
 */
#include "load.h"
#include "mem.h"
#include "packet_lib.h"
#include "reap.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char pin_dir[64], cgroup_mount[64], cgroup_dir[96];

/* A cgroup v2 folder of our own, on a mount of our own. */
static bool make_cgroup(void)
{
	snprintf(cgroup_mount, sizeof(cgroup_mount), "/tmp/kl-cgroup-%d", (int)getpid());
	snprintf(cgroup_dir, sizeof(cgroup_dir), "%s/kl-test-%d", cgroup_mount, (int)getpid());
	if (mkdir(cgroup_mount, 0700) || mount("none", cgroup_mount, "cgroup2", 0, NULL))
		return false;
	return !mkdir(cgroup_dir, 0700);
}

static void enter_cgroup(const char *dir)
{
	kl_autofree char *path = kl_asprintf("%s/cgroup.procs", dir);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	KL_CHECK(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
}

static int bound(int family, int type, const char *addr, uint16_t port)
{
	int fd = socket(family, type, 0), one = 1;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	inet_pton(family, addr, family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr);
	const struct sockaddr *sa = family == AF_INET ? (void *)&v4 : (void *)&v6;
	KL_CHECK(!bind(fd, sa, family == AF_INET ? sizeof(v4) : sizeof(v6)));
	if (type == SOCK_STREAM)
		KL_CHECK(!listen(fd, 16));
	return fd;
}

static uint64_t own_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	KL_CHECK(!getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &len));
	close(fd);
	return cookie;
}

struct setting {
	struct bench *bench;
	int tcp4, tcp6, udp4, udp6;
};

static void put(struct setting *setting, const char *key, uint8_t proto, bool v6, const char *backend, uint16_t port,
	const struct kl_frontend *frontends, size_t count)
{
	struct kl_err err = {0};
	struct kl_service *service = kl_service_new(key);
	service->proto = proto;
	service->frontends = kl_memdup(frontends, count * sizeof(*frontends));
	service->frontend_count = count;
	for (size_t i = 0; i < count; i++)
		service->frontends[i].proto = proto;
	if (backend) {
		service->backends = kl_calloc(1, sizeof(*service->backends));
		service->backend_count = 1;
		kl_addr_parse(backend, &service->backends[0].addr);
		service->backends[0].port = port;
		service->backends[0].flags = KL_BACKEND_READY | KL_BACKEND_SERVING;
		service->backends[0].node = kl_strdup("here");
	}
	(void)v6;
	if (kl_dpsync_put(setting->bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	kl_service_free(service);
}

static void put_services(struct setting *setting)
{
	const struct kl_frontend v4[] = {{.addr = who_addr(VIP, false), .port = 80},
		{.addr = kl_addr_any(true), .port = 30080, .type = KL_FRONTEND_NODE_PORT}};
	const struct kl_frontend v6[] = {{.addr = who_addr(VIP, true), .port = 80},
		{.addr = kl_addr_any(false), .port = 30080, .type = KL_FRONTEND_NODE_PORT}};
	const struct kl_frontend none[] = {{.addr = who_addr(VIP, false), .port = 81}};
	put(setting, "t/v4:80", IPPROTO_TCP, false, "127.0.0.1", 18080, v4, 2);
	put(setting, "t/v6:80", IPPROTO_TCP, true, "::1", 18081, v6, 2);
	put(setting, "t/v4:80/UDP", IPPROTO_UDP, false, "127.0.0.1", 18082, v4, 2);
	put(setting, "t/v6:80/UDP", IPPROTO_UDP, true, "::1", 18083, v6, 2);
	put(setting, "t/none:81", IPPROTO_TCP, false, NULL, 0, none, 1);
}

static void load_hooks(struct setting *setting, bool filter)
{
	struct kl_load_options options = {.pin_dir = pin_dir, .cgroup = cgroup_dir, .netns_filter = filter};
	struct kl_err err = {0};
	if (kl_load(setting->bench->maps, &options, NULL, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
}

/* One for the whole program: namespaces and listeners are costly. */
static struct setting *setting_get(void)
{
	static struct setting setting;
	if (setting.bench)
		return &setting;
	setting.bench = bench_new(0);
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/kl-test-%d", (int)getpid());
	if (!make_cgroup())
		kl_test_skip("cannot make a cgroup v2 folder: %s", strerror(errno));
	setting.tcp4 = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 18080);
	setting.tcp6 = bound(AF_INET6, SOCK_STREAM, "::1", 18081);
	setting.udp4 = bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 18082);
	setting.udp6 = bound(AF_INET6, SOCK_DGRAM, "::1", 18083);
	put_services(&setting);
	KL_CHECK(!kl_dpsync_netns_add(setting.bench->sync, own_cookie(), KL_DPSYNC_NODE, 0, NULL));
	enter_cgroup(cgroup_dir);
	load_hooks(&setting, false);
	return &setting;
}

__attribute__((destructor)) static void clean_up(void)
{
	if (!cgroup_mount[0])
		return;
	enter_cgroup(cgroup_mount);
	kl_unload(pin_dir, NULL);
	rmdir(cgroup_dir);
	umount(cgroup_mount);
	rmdir(cgroup_mount);
}

static socklen_t sockaddr_of(int family, const char *addr, uint16_t port, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		struct sockaddr_in *sin = (void *)ret;
		sin->sin_port = htons(port);
		KL_CHECK(inet_pton(AF_INET, addr, &sin->sin_addr) == 1);
		return sizeof(*sin);
	}
	struct sockaddr_in6 *sin6 = (void *)ret;
	sin6->sin6_port = htons(port);
	KL_CHECK(inet_pton(AF_INET6, addr, &sin6->sin6_addr) == 1);
	return sizeof(*sin6);
}

static void text_of(const struct sockaddr_storage *sa, char ret[80])
{
	char addr[INET6_ADDRSTRLEN];
	bool v4 = sa->ss_family == AF_INET;
	const struct sockaddr_in *sin = (const void *)sa;
	const struct sockaddr_in6 *sin6 = (const void *)sa;
	inet_ntop(
		sa->ss_family, v4 ? (const void *)&sin->sin_addr : (const void *)&sin6->sin6_addr, addr, sizeof(addr));
	snprintf(ret, 80, "%s %u", addr, ntohs(v4 ? sin->sin_port : sin6->sin6_port));
}

struct ask {
	const char *what;
	int family;
	const char *addr;
	uint16_t port;
	int error; /* of connect */
	bool v6;   /* which listener answers */
};
static const struct ask asks[] = {
	{"ClusterIP", AF_INET, "10.96.0.10", 80, 0, false},
	{"ClusterIP, IPv6", AF_INET6, "fd96::10", 80, 0, true},
	{"IPv4 on an IPv6 socket", AF_INET6, "::ffff:10.96.0.10", 80, 0, false},
	{"NodePort on the node's address", AF_INET, "192.0.2.1", 30080, 0, false},
	{"NodePort on the node's address, IPv6", AF_INET6, "2001:db8::1", 30080, 0, true},
	{"NodePort on loopback", AF_INET, "127.0.0.1", 30080, 0, false},
	{"NodePort on loopback, IPv6", AF_INET6, "::1", 30080, 0, true},
	{"NodePort of nobody here", AF_INET, "127.0.0.1", 30081, ECONNREFUSED, false},
	{"direct", AF_INET, "127.0.0.1", 18080, 0, false},
};

KL_TEST(tcp_connects_to_the_backend_and_shows_the_service)
{
	struct setting *setting = setting_get();
	for (size_t i = 0; i < KL_ARRAY_LEN(asks); i++) {
		const struct ask *ask = &asks[i];
		struct sockaddr_storage to, peer;
		socklen_t len = sockaddr_of(ask->family, ask->addr, ask->port, &to), peer_len = sizeof(peer);
		char got[80], want[80];
		int fd = socket(ask->family, SOCK_STREAM, 0), code = connect(fd, (void *)&to, len) ? errno : 0;
		if (!KL_CHECK_INT(code, ask->error))
			kl_test_failed(__FILE__, __LINE__, "case: %s", ask->what);
		if (!code) {
			struct pollfd ready = {.fd = ask->v6 ? setting->tcp6 : setting->tcp4, .events = POLLIN};
			KL_CHECK_INT(poll(&ready, 1, 1000), 1);
			close(accept(ready.fd, NULL, NULL));
			KL_CHECK(!getpeername(fd, (void *)&peer, &peer_len));
			text_of(&peer, got);
			text_of(&to, want);
			KL_CHECK_STR(got, want);
		}
		close(fd);
	}
}

KL_TEST(a_service_without_endpoints_is_refused)
{
	setting_get();
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(AF_INET, "10.96.0.10", 81, &to);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	KL_CHECK(connect(fd, (void *)&to, len) < 0);
	KL_CHECK_INT(errno, ECONNREFUSED);
	close(fd);
}

/* Echoes one datagram; false: none came. */
static bool echo(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char data[64];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	if (poll(&ready, 1, 1000) != 1)
		return false;
	ssize_t got = recvfrom(fd, data, sizeof(data), 0, (void *)&from, &len);
	return got > 0 && sendto(fd, data, (size_t)got, 0, (void *)&from, len) == got;
}

KL_TEST(udp_speaks_with_the_backend_and_sees_the_service)
{
	struct setting *setting = setting_get();
	for (size_t i = 0; i < KL_ARRAY_LEN(asks); i++)
		for (int connected = 0; connected < 2; connected++) {
			const struct ask *ask = &asks[i];
			struct sockaddr_storage to, from;
			socklen_t len = sockaddr_of(ask->family, ask->addr, ask->port, &to), from_len = sizeof(from);
			char data[64], got[80], want[80];
			int fd = socket(ask->family, SOCK_DGRAM, 0);
			if (ask->error || ask->port == 18080) {
				close(fd);
				continue;
			}
			if (connected)
				KL_CHECK(!connect(fd, (void *)&to, len) && send(fd, "hi", 2, 0) == 2);
			else
				KL_CHECK(sendto(fd, "hi", 2, 0, (void *)&to, len) == 2);
			struct pollfd ready = {.fd = fd, .events = POLLIN};
			if (!KL_CHECK(echo(ask->v6 ? setting->udp6 : setting->udp4) && poll(&ready, 1, 1000) == 1))
				kl_test_failed(__FILE__, __LINE__, "case: %s", ask->what);
			else
				KL_CHECK(recvfrom(fd, data, sizeof(data), 0, (void *)&from, &from_len) == 2);
			text_of(&from, got);
			text_of(&to, want);
			KL_CHECK_STR(got, want);
			close(fd);
		}
}

KL_TEST(an_unconnected_udp_socket_leaves_a_dead_backend)
{
	struct setting *setting = setting_get();
	const struct kl_frontend vip[] = {{.addr = who_addr(VIP, false), .port = 90}};
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(AF_INET, "10.96.0.10", 90, &to);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), other = bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 18090);
	put(setting, "t/moves:90", IPPROTO_UDP, false, "127.0.0.1", 18082, vip, 1);
	KL_CHECK(sendto(fd, "1", 1, 0, (void *)&to, len) == 1 && echo(setting->udp4));
	put(setting, "t/moves:90", IPPROTO_UDP, false, "127.0.0.1", 18090, vip, 1);
	KL_CHECK(sendto(fd, "2", 1, 0, (void *)&to, len) == 1 && echo(other));
	close(fd);
	close(other);
}

KL_TEST(a_connected_udp_socket_at_a_dead_backend_is_closed)
{
	struct setting *setting = setting_get();
	const struct kl_frontend vip[] = {{.addr = who_addr(VIP, false), .port = 91}};
	struct kl_err err = {0};
	struct sockaddr_storage to, direct;
	socklen_t len = sockaddr_of(AF_INET, "10.96.0.10", 91, &to),
		  direct_len = sockaddr_of(AF_INET, "127.0.0.1", 18082, &direct);
	char data[8];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), bystander = socket(AF_INET, SOCK_DGRAM, 0);
	int prog = kl_reap_load(setting->bench->maps, &err);
	if (!KL_CHECK(prog >= 0))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	put(setting, "t/dies:91", IPPROTO_UDP, false, "127.0.0.1", 18082, vip, 1);
	KL_CHECK(!connect(fd, (void *)&to, len) && !connect(bystander, (void *)&direct, direct_len));
	KL_CHECK(!kl_reap_run(prog, NULL, &err));
	KL_CHECK(send(fd, "1", 1, 0) == 1 && echo(setting->udp4)); /* the living are left alone */
	kl_dpsync_delete(setting->bench->sync, "t/dies:91");
	KL_CHECK(!kl_reap_run(prog, "/proc/thread-self/ns/net", &err));
	KL_CHECK_STR(err.text, "");
	KL_CHECK(recv(fd, data, sizeof(data), MSG_DONTWAIT) <= 0 || recv(fd, data, sizeof(data), MSG_DONTWAIT) < 0);
	KL_CHECK(send(fd, "2", 1, 0) < 0 || send(fd, "2", 1, 0) < 0);
	KL_CHECK(send(bystander, "3", 1, 0) == 1 && echo(setting->udp4));
	KL_CHECK_INT(bench_counters(setting->bench).udp_reaped, 1);
	close(prog);
	close(fd);
	close(bystander);
}

/* connect()'s errno; the connection is closed again. */
static int connect_code(const char *addr, uint16_t port)
{
	struct sockaddr_storage to;
	bool v4 = !strchr(addr, ':');
	socklen_t len = sockaddr_of(v4 ? AF_INET : AF_INET6, addr, port, &to);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0), code = connect(fd, (void *)&to, len) ? errno : 0;
	close(fd);
	return code;
}

static void set_netns(struct setting *setting, enum kl_dpsync_netns what)
{
	KL_CHECK(!kl_dpsync_netns_add(setting->bench->sync, own_cookie(), what, 0, NULL));
}

KL_TEST(other_namespaces_are_left_alone_where_nodes_share_a_kernel)
{
	struct setting *setting = setting_get();
	kl_dpsync_netns_remove(setting->bench->sync, own_cookie());
	load_hooks(setting, true);
	KL_CHECK_INT(connect_code("127.0.0.1", 30080), ECONNREFUSED);
	set_netns(setting, KL_DPSYNC_NODE);
	KL_CHECK_INT(connect_code("127.0.0.1", 30080), 0);
	load_hooks(setting, false);
}

/* In a pod's namespace loopback is the pod's own, whatever the port; the node's addresses are the node's. */
KL_TEST(loopback_is_the_nodes_in_its_own_namespace_alone)
{
	struct setting *setting = setting_get();
	const struct kl_frontend host[] = {{.addr = who_addr(NODE, false), .port = 8088, .type = KL_FRONTEND_HOST_PORT},
		{.port = 8088, .type = KL_FRONTEND_HOST_PORT}};
	struct kl_frontend frontends[2] = {host[0], host[1]};
	KL_CHECK_INT(kl_addr_parse("127.0.0.1", &frontends[1].addr), 0);
	put(setting, "hostport:t/pod:8088", IPPROTO_TCP, false, "127.0.0.1", 18080, frontends, 2);
	for (int filter = 0; filter < 2; filter++) {
		load_hooks(setting, filter);
		set_netns(setting, KL_DPSYNC_POD);
		KL_CHECK_INT(connect_code("127.0.0.1", 30080), ECONNREFUSED);
		KL_CHECK_INT(connect_code("::1", 30080), ECONNREFUSED);
		KL_CHECK_INT(connect_code("127.0.0.1", 8088), ECONNREFUSED);
		KL_CHECK_INT(connect_code("192.0.2.1", 30080), 0);
		KL_CHECK_INT(connect_code("192.0.2.1", 8088), 0);
		set_netns(setting, KL_DPSYNC_NODE);
		KL_CHECK_INT(connect_code("127.0.0.1", 30080), 0);
		KL_CHECK_INT(connect_code("127.0.0.1", 8088), 0);
	}
	load_hooks(setting, false);
	kl_dpsync_delete(setting->bench->sync, "hostport:t/pod:8088");
}

/* bind()'s errno. */
static int bind_code(int family, int type, const char *addr, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t len = sockaddr_of(family, addr, port, &at);
	int fd = socket(family, type, 0), code = bind(fd, (void *)&at, len) ? errno : 0;
	close(fd);
	return code;
}

static void set_guard(struct setting *setting, bool on)
{
	const struct kl_addr addrs[] = {who_addr(NODE, false), who_addr(NODE, true)};
	const struct kl_dpsync_node node = {.addrs = addrs, .addr_count = 2, .guard_node_ports = on};
	KL_CHECK_INT(kl_dpsync_set_node(setting->bench->sync, &node, NULL), 0);
}

KL_TEST(node_ports_in_use_are_not_bound_by_the_node)
{
	static const struct {
		const char *what;
		int family, type;
		const char *addr;
		uint16_t port;
		int code;
	} binds[] = {
		{"any", AF_INET, SOCK_STREAM, "0.0.0.0", 30080, EADDRINUSE},
		{"an address", AF_INET, SOCK_STREAM, "127.0.0.1", 30080, EADDRINUSE},
		{"UDP", AF_INET, SOCK_DGRAM, "0.0.0.0", 30080, EADDRINUSE},
		{"IPv6", AF_INET6, SOCK_STREAM, "::", 30080, EADDRINUSE},
		{"a NodePort of nobody", AF_INET, SOCK_STREAM, "0.0.0.0", 30081, 0},
		{"another port", AF_INET, SOCK_STREAM, "0.0.0.0", 8080, 0},
		{"the kernel's choice", AF_INET, SOCK_STREAM, "0.0.0.0", 0, 0},
		{"the kernel's choice, IPv6", AF_INET6, SOCK_DGRAM, "::", 0, 0},
	};
	struct setting *setting = setting_get();
	uint64_t before = bench_counters(setting->bench).sock_bind_refused;
	set_guard(setting, true);
	for (size_t i = 0; i < KL_ARRAY_LEN(binds); i++)
		if (!KL_CHECK_INT(
			    bind_code(binds[i].family, binds[i].type, binds[i].addr, binds[i].port), binds[i].code))
			kl_test_failed(__FILE__, __LINE__, "case: %s", binds[i].what);
	KL_CHECK_INT(bench_counters(setting->bench).sock_bind_refused, before + 4);
	set_netns(setting, KL_DPSYNC_POD); /* a pod's ports are its own */
	KL_CHECK_INT(bind_code(AF_INET, SOCK_STREAM, "0.0.0.0", 30080), 0);
	set_netns(setting, KL_DPSYNC_NODE);
	set_guard(setting, false);
	KL_CHECK_INT(bind_code(AF_INET, SOCK_STREAM, "0.0.0.0", 30080), 0);
}

/* A port that the kernel chose is looked at as well: here its whole range is one NodePort in use. */
KL_TEST(a_node_port_in_use_is_not_chosen_by_the_kernel)
{
	struct setting *setting = setting_get();
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_RDWR | O_CLOEXEC);
	char before[64] = {0};
	if (fd < 0 || read(fd, before, sizeof(before) - 1) <= 0 || pwrite(fd, "30079 30080", 11, 0) != 11)
		kl_test_skip("cannot set ip_local_port_range here");
	set_guard(setting, true);
	int refused = 0;
	for (int i = 0; i < 40; i++)
		refused += bind_code(AF_INET, SOCK_STREAM, "0.0.0.0", 0) == EADDRINUSE;
	KL_CHECK(refused > 0);
	set_guard(setting, false);
	KL_CHECK(pwrite(fd, before, strlen(before), 0) > 0);
	close(fd);
}

/* --- least connections */

static uint32_t live_of(struct setting *setting, uint16_t port)
{
	const struct kl_maps *maps = setting->bench->maps;
	for (uint32_t id = 1; id < maps->entries[KL_MAP_BACKENDS]; id++)
		if (maps->backends[id].flags & KL_BE_LIVE && ntohs(maps->backends[id].port) == port &&
			strstr(maps->names[maps->backends[id].service].key, "t/least"))
			return maps->live[id].connections;
	return UINT32_MAX;
}

static void put_least(struct setting *setting, uint16_t weight)
{
	struct kl_service *service = kl_service_new("t/least:95");
	service->flags = KL_SERVICE_ALGORITHM;
	service->algorithm = KL_ALGORITHM_LEAST_CONN;
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontend_count = 1;
	service->frontends[0] = (struct kl_frontend){.addr = who_addr(VIP, false), .port = 95, .proto = IPPROTO_TCP};
	service->backends = kl_calloc(3, sizeof(*service->backends));
	for (uint16_t i = 0; i < 3; i++) {
		struct kl_backend *backend = &service->backends[service->backend_count++];
		KL_CHECK_INT(kl_addr_parse("127.0.0.1", &backend->addr), 0);
		backend->port = (uint16_t)(18100 + i);
		backend->flags = KL_BACKEND_READY | KL_BACKEND_SERVING;
		backend->node = kl_strdup("here");
		backend->weight = i ? 1 : weight;
	}
	KL_CHECK_INT(kl_dpsync_put(setting->bench->sync, service, NULL), 0);
	kl_service_free(service);
}

static int connect_least(void)
{
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(AF_INET, "10.96.0.10", 95, &to);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	KL_CHECK(!connect(fd, (void *)&to, len));
	return fd;
}

KL_TEST(least_connections_fills_evenly_and_counts_ends)
{
	enum { CONNECTIONS = 90 };
	struct setting *setting = setting_get();
	int servers[3], clients[CONNECTIONS], extra[10];
	for (uint16_t i = 0; i < 3; i++) {
		servers[i] = bound(AF_INET, SOCK_STREAM, "127.0.0.1", (uint16_t)(18100 + i));
		KL_CHECK(!listen(servers[i], 256));
	}
	put_least(setting, 1);
	for (int i = 0; i < CONNECTIONS; i++)
		clients[i] = connect_least();
	for (uint16_t i = 0; i < 3; i++) {
		KL_CHECK(live_of(setting, (uint16_t)(18100 + i)) >= 26);
		KL_CHECK(live_of(setting, (uint16_t)(18100 + i)) <= 34);
	}
	/* The one whose connections end is the next ones' choice, as often as it is among the two looked at. */
	int ended = 0;
	for (int i = 0; i < CONNECTIONS; i++) {
		struct kl_map_peer stored;
		if (bpf_map_lookup_elem(setting->bench->maps->fd[KL_MAP_SK_PEER], &clients[i], &stored) ||
			ntohs(stored.backend_port) != 18101)
			continue;
		close(clients[i]);
		clients[i] = -1;
		ended++;
	}
	KL_CHECK_INT(live_of(setting, 18101), 0);
	for (int i = 0; i < 10; i++)
		extra[i] = connect_least();
	KL_CHECK(live_of(setting, 18101) >= 3 && ended >= 26);
	for (int i = 0; i < CONNECTIONS; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	for (int i = 0; i < 10; i++)
		close(extra[i]);
	for (uint16_t i = 0; i < 3; i++)
		KL_CHECK_INT(live_of(setting, (uint16_t)(18100 + i)), 0);
	/* Eight times the weight: about eight times the connections. */
	put_least(setting, 8);
	for (int i = 0; i < CONNECTIONS; i++)
		clients[i] = connect_least();
	KL_CHECK(live_of(setting, 18100) >= 50);
	for (int i = 0; i < CONNECTIONS; i++)
		close(clients[i]);
	kl_dpsync_delete(setting->bench->sync, "t/least:95");
	for (uint16_t i = 0; i < 3; i++)
		close(servers[i]);
}

KL_TEST(datagram_sockets_are_counted_while_they_live)
{
	struct setting *setting = setting_get();
	const struct kl_frontend vip[] = {{.addr = who_addr(VIP, false), .port = 96}};
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(AF_INET, "10.96.0.10", 96, &to);
	put(setting, "t/least-udp:96", IPPROTO_UDP, false, "127.0.0.1", 18082, vip, 1);
	int loose = socket(AF_INET, SOCK_DGRAM, 0), connected = socket(AF_INET, SOCK_DGRAM, 0);
	for (int i = 0; i < 3; i++)
		KL_CHECK(sendto(loose, "1", 1, 0, (void *)&to, len) == 1 && echo(setting->udp4));
	KL_CHECK_INT(live_of(setting, 18082), 1);
	for (int i = 0; i < 3; i++) /* connecting again is no further connection */
		KL_CHECK(!connect(connected, (void *)&to, len));
	KL_CHECK_INT(live_of(setting, 18082), 2);
	close(loose);
	KL_CHECK_INT(live_of(setting, 18082), 1);
	close(connected);
	KL_CHECK_INT(live_of(setting, 18082), 0);
	kl_dpsync_delete(setting->bench->sync, "t/least-udp:96");
}

/* --- whoever detaches a program finds it attached again */

static int link_fd(const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/links/%s", pin_dir, name);
	return bpf_obj_get(path);
}

KL_TEST(detached_programs_are_noticed_and_attached_again)
{
	struct setting *setting = setting_get();
	const struct kl_load_options options = {.pin_dir = pin_dir, .cgroup = cgroup_dir};
	struct kl_err err = {0};
	KL_CHECK_INT(kl_load_check(&options, &err), 0);
	int link = link_fd("kl_connect4");
	KL_CHECK(link >= 0 && !bpf_link_detach(link));
	close(link);
	KL_CHECK_INT(connect_code("127.0.0.1", 30080), ECONNREFUSED);
	KL_CHECK_INT(kl_load_check(&options, &err), -ENOLINK);
	load_hooks(setting, false);
	KL_CHECK_INT(kl_load_check(&options, &err), 0);
	KL_CHECK_INT(connect_code("127.0.0.1", 30080), 0);
	kl_autofree char *pin = kl_asprintf("%s/links/kl_bind6", pin_dir);
	KL_CHECK(!unlink(pin));
	KL_CHECK_INT(kl_load_check(&options, &err), -ENOENT);
	load_hooks(setting, false);
	KL_CHECK_INT(kl_load_check(&options, &err), 0);
}

KL_MAIN()
