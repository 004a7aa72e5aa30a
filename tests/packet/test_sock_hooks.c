/*
 * The socket programs with real sockets: in a private network namespace and cgroup, backends listen on loopback and
 * a process in the cgroup asks for Services. A table of what is asked and what the socket then says.
 */
#include "load.h"
#include "mem.h"
#include "packet_lib.h"
#include "reap.h"

#include <arpa/inet.h>
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

KL_TEST(other_namespaces_are_left_alone_where_nodes_share_a_kernel)
{
	struct setting *setting = setting_get();
	struct sockaddr_storage to;
	socklen_t len = sockaddr_of(AF_INET, "127.0.0.1", 30080, &to), cookie_len = sizeof(uint64_t);
	uint64_t cookie;
	load_hooks(setting, true);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	KL_CHECK(connect(fd, (void *)&to, len) < 0 && errno == ECONNREFUSED);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	KL_CHECK(!getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &cookie_len));
	KL_CHECK(!kl_dpsync_netns_add(setting->bench->sync, cookie, KL_DPSYNC_POD, 0, NULL));
	KL_CHECK(!connect(fd, (void *)&to, len));
	close(fd);
	load_hooks(setting, false);
}

KL_MAIN()
