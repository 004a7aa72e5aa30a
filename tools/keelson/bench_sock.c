/*
 * keelson bench sock: what a Service's address costs a pod's connections. A client's namespace and a server's, joined by
 * a veth; the client connects to the server directly and through a ClusterIP, in short slices that take turns. One
 * client is in no cgroup of ours, so that what the hooks cost connections that are no Service's is seen as well.
 */
#include "bench.h"

#include "bench_figures.h"
#include "dpsync.h"
#include "link.h"
#include "load.h"
#include "mem.h"
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 8080, SERVICE_PORT = 80, CHUNK = 65536, SERVICES = 1000 };
enum { SLICES = 24, SLICE_CONNECTIONS = 100, SLICE_BYTES = 32 << 20 };
static const char CLIENT_ADDR[] = "10.200.0.1", SERVER_ADDR[] = "10.200.0.2", CLUSTER_IP[] = "10.96.200.1";

/* What a client is told to do, and its answer. */
enum what { PINGS /* connections with one byte each way */, STREAM };
struct order {
	enum what what;
	bool service; /* to the ClusterIP */
};
struct answer {
	double count, seconds; /* connections or bytes; of CPU */
};

enum way { DIRECT_FREE, DIRECT_HOOKED, SERVICE, WAYS };
static const char *const way_names[WAYS] = {
	[DIRECT_FREE] = "direct, no hooks",
	[DIRECT_HOOKED] = "direct, hooks attached",
	[SERVICE] = "through the ClusterIP",
};

/* --- the server: one connection after the other */

static void serve_stream(int fd)
{
	static char data[CHUNK];
	while (recv(fd, data, sizeof(data), 0) > 0)
		;
}

static void __attribute__((noreturn)) serve(int listener)
{
	for (;;) {
		char first;
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		if (recv(fd, &first, 1, 0) == 1) {
			if (first == 's')
				serve_stream(fd);
			else
				(void)!send(fd, &first, 1, MSG_NOSIGNAL);
		}
		close(fd);
	}
}

/* --- a client */

static int dial(bool service)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(service ? SERVICE_PORT : PORT)};
	struct linger at_once = {.l_onoff = 1}; /* no TIME_WAIT: the ports would run out */
	inet_pton(AF_INET, service ? CLUSTER_IP : SERVER_ADDR, &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (!connect(fd, (void *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

static double ping_all(bool service)
{
	int done = 0;
	for (int i = 0; i < SLICE_CONNECTIONS; i++) {
		char byte = 'p';
		int fd = dial(service);
		done += fd >= 0 && send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) == 1;
		if (fd >= 0)
			close(fd);
	}
	return done;
}

static double stream(bool service)
{
	static char data[CHUNK] = "s";
	double sent = 0;
	int fd = dial(service);
	if (fd < 0)
		return 0;
	while (sent < SLICE_BYTES) {
		ssize_t n = send(fd, data, sizeof(data), MSG_NOSIGNAL);
		if (n < 0)
			break;
		sent += (double)n;
	}
	/* Until the server has read all of it. */
	shutdown(fd, SHUT_WR);
	while (recv(fd, data, sizeof(data), 0) > 0)
		;
	close(fd);
	return sent;
}

static clockid_t server_clock;

/* Of this process and of the server, softirqs that ran on their time included: what else the machine does is not in it. */
static double cpu_seconds(void)
{
	struct timespec own, other;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	clock_gettime(server_clock, &other);
	return (double)(own.tv_sec + other.tv_sec) + (double)(own.tv_nsec + other.tv_nsec) / 1e9;
}

static void __attribute__((noreturn)) obey(int orders)
{
	struct order order;
	while (read(orders, &order, sizeof(order)) == sizeof(order)) {
		double start = cpu_seconds();
		struct answer answer = {.count = order.what == PINGS ? ping_all(order.service) : stream(order.service)};
		answer.seconds = cpu_seconds() - start;
		if (write(orders, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

/* --- setting up */

struct sock_bench {
	struct kl_bench_run *run;
	int client_ns, server_ns;
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	int free_client, hooked_client; /* orders go here, answers come back */
	struct kl_samples rate[WAYS], bytes[WAYS], rate_ratio[WAYS], bytes_ratio[WAYS];
};

static int address(int netns, const char *text, struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info info;
	struct kl_prefix prefix;
	kl_autofree char *with_length = kl_asprintf("%s/24", text);
	kl_prefix_read(with_length, &prefix);
	int failed = kl_link_open(netns, &link, err);
	if (!failed)
		failed = kl_link_get(link, "eth0", &info, err);
	if (!failed)
		failed = kl_link_up(link, info.ifindex, err);
	return failed ? failed : kl_link_addr_add(link, info.ifindex, &prefix, err);
}

static int make_network(struct sock_bench *bench, struct kl_err *err)
{
	kl_autolink *link = NULL;
	bench->client_ns = kl_bench_netns(err);
	bench->server_ns = bench->client_ns < 0 ? -1 : kl_bench_netns(err);
	if (bench->server_ns < 0)
		return bench->client_ns < 0 ? bench->client_ns : bench->server_ns;
	struct kl_veth veth = {.name = "eth0", .peer_name = "eth0", .peer_netns_fd = bench->server_ns};
	int failed = kl_link_open(bench->client_ns, &link, err);
	if (!failed)
		failed = kl_link_veth_add(link, &veth, err);
	if (!failed)
		failed = address(bench->client_ns, CLIENT_ADDR, err);
	return failed ? failed : address(bench->server_ns, SERVER_ADDR, err);
}

/* The one that is used, among others, so that the tables are not unusually small. */
static int put_service(struct sock_bench *bench, unsigned n, struct kl_err *err)
{
	kl_autofree char *key = kl_asprintf("bench/svc%u:p80", n);
	struct kl_service *service = kl_service_new(key);
	struct kl_frontend frontend = {.port = SERVICE_PORT, .proto = KL_PROTO_TCP, .type = KL_FRONTEND_CLUSTER_IP};
	struct kl_backend backend = {
		.port = PORT, .flags = KL_BACKEND_READY | KL_BACKEND_SERVING, .node = kl_strdup("there")};
	kl_addr_parse(CLUSTER_IP, &frontend.addr);
	kl_addr_parse(SERVER_ADDR, &backend.addr);
	frontend.addr.bytes[13] = (uint8_t)(96 + n / 250); /* 10.96.200.1 is that of 0 */
	frontend.addr.bytes[15] = (uint8_t)(1 + n % 250);
	service->proto = KL_PROTO_TCP;
	service->frontends = kl_memdup(&frontend, sizeof(frontend));
	service->backends = kl_memdup(&backend, sizeof(backend));
	service->frontend_count = service->backend_count = 1;
	kl_service_normalise(service);
	int failed = kl_dpsync_put(bench->sync, service, err);
	kl_service_free(service);
	return failed;
}

static int load_hooks(struct sock_bench *bench, struct kl_err *err)
{
	const struct kl_maps_sizes sizes = {.services = SERVICES + 10, .flows = 4096};
	int failed = kl_bench_cgroup(bench->run, err);
	if (!failed)
		failed = kl_maps_open(bench->run->pin_dir, &sizes, &bench->maps, err);
	if (!failed)
		failed = kl_dpsync_new(bench->maps, "here", &bench->sync, err);
	for (unsigned n = 0; n < SERVICES && !failed; n++)
		failed = put_service(bench, n, err);
	struct kl_load_options options = {.pin_dir = bench->run->pin_dir, .cgroup = bench->run->cgroup};
	return failed ? failed : kl_load(bench->maps, &options, NULL, err);
}

static int start_server(struct sock_bench *bench, struct kl_err *err)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	if (setns(bench->server_ns, CLONE_NEWNET))
		return kl_fail(err, errno, "enter the server's namespace");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (void *)&any, sizeof(any)) || listen(fd, 512))
		return kl_fail(err, errno, "listen");
	pid_t child = fork();
	if (child < 0)
		return kl_fail(err, errno, "start the server");
	if (!child)
		serve(fd);
	close(fd);
	int code = clock_getcpuclockid(child, &server_clock);
	return code ? kl_fail(err, code, "read the server's CPU time") : 0;
}

static int join_cgroup(const char *dir)
{
	kl_autofree char *path = kl_asprintf("%s/cgroup.procs", dir);
	kl_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;
}

static int start_client(struct sock_bench *bench, const char *cgroup, int *ret, struct kl_err *err)
{
	int ends[2];
	if (setns(bench->client_ns, CLONE_NEWNET) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return kl_fail(err, errno, "make a client");
	pid_t child = fork();
	if (child < 0)
		return kl_fail(err, errno, "start a client");
	if (!child) {
		close(ends[0]);
		if (cgroup && join_cgroup(cgroup))
			_exit(1);
		obey(ends[1]);
	}
	close(ends[1]);
	*ret = ends[0];
	return 0;
}

/* Everybody on one CPU: what is counted is work, not waiting for another CPU to wake up. */
static int stay_on_one_cpu(struct kl_err *err)
{
	cpu_set_t allowed, one;
	int cpu = 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return kl_fail(err, errno, "read the allowed CPUs");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed))
			cpu = i;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? kl_fail(err, errno, "stay on CPU %d", cpu) : 0;
}

static int set_up(struct sock_bench *bench, struct kl_err *err)
{
	int failed = stay_on_one_cpu(err);
	if (!failed)
		failed = make_network(bench, err);
	if (!failed)
		failed = load_hooks(bench, err);
	if (!failed)
		failed = start_server(bench, err);
	if (!failed)
		failed = start_client(bench, NULL, &bench->free_client, err);
	return failed ? failed : start_client(bench, bench->run->cgroup, &bench->hooked_client, err);
}

/* --- rounds */

static int ask(struct sock_bench *bench, enum way way, enum what what, struct answer *sum, struct kl_err *err)
{
	struct order order = {.what = what, .service = way == SERVICE};
	struct answer answer;
	int fd = way == DIRECT_FREE ? bench->free_client : bench->hooked_client;
	if (write(fd, &order, sizeof(order)) != sizeof(order) || read(fd, &answer, sizeof(answer)) != sizeof(answer))
		return kl_fail_msg(err, EIO, "a client is gone");
	if (answer.count <= 0)
		return kl_fail_msg(err, EIO, "%s: no connection succeeded", way_names[way]);
	sum->count += answer.count;
	sum->seconds += answer.seconds;
	return 0;
}

/* The order within a slice turns, so that nobody always follows the same other. */
static int slices(struct sock_bench *bench, enum what what, int count, struct kl_samples *rates,
	struct kl_samples *ratios, struct kl_err *err)
{
	struct answer sums[WAYS] = {0};
	for (int i = 0; i < count; i++)
		for (int k = 0; k < WAYS; k++) {
			enum way way = (enum way)((i + k) % WAYS);
			int failed = ask(bench, way, what, &sums[way], err);
			if (failed)
				return failed;
		}
	for (int way = 0; way < WAYS; way++) {
		double rate = sums[way].count / sums[way].seconds,
		       free = sums[DIRECT_FREE].count / sums[DIRECT_FREE].seconds;
		kl_samples_add(&rates[way], rate);
		kl_samples_add(&ratios[way], rate / free);
	}
	return 0;
}

static void report(struct sock_bench *bench)
{
	struct kl_bench_run *run = bench->run;
	for (int way = 0; way < WAYS; way++) {
		kl_autofree char *name = kl_asprintf("connections, %s", way_names[way]);
		kl_bench_figure(run, &(struct kl_figure){.name = name, .unit = "1/s", .samples = &bench->rate[way]});
	}
	for (int way = 0; way < WAYS; way++) {
		kl_autofree char *name = kl_asprintf("one stream, %s", way_names[way]);
		for (int i = 0; i < bench->bytes[way].count; i++)
			bench->bytes[way].value[i] *= 8 / 1e9;
		kl_bench_figure(
			run, &(struct kl_figure){.name = name, .unit = "Gbit/s", .samples = &bench->bytes[way]});
	}
	const struct kl_figure ratios[] = {
		{.name = "connections, ClusterIP / direct",
			.samples = &bench->rate_ratio[SERVICE],
			.goal = KL_GOAL_AT_LEAST,
			.bound = 0.97},
		{.name = "connections, hooks attached / none", .samples = &bench->rate_ratio[DIRECT_HOOKED]},
		{.name = "one stream, ClusterIP / direct",
			.samples = &bench->bytes_ratio[SERVICE],
			.goal = KL_GOAL_AT_LEAST,
			.bound = 0.99},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(ratios); i++) {
		struct kl_figure figure = ratios[i];
		figure.unit = "x";
		kl_bench_figure(run, &figure);
	}
	kl_bench_note(run, "Two namespaces joined by a veth, everything on one CPU; seconds are CPU time of both "
			   "sides; a connection is opened, carries a "
			   "byte each way\n"
			   "and is closed. Direct is from a process that no hook sees. 1,000 services in the tables.");
}

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	struct sock_bench bench = {.run = run};
	int failed = set_up(&bench, err);
	for (int round = 0; round < run->rounds && !failed; round++) {
		kl_bench_progress(run, "round %d of %d", round + 1, run->rounds);
		failed = slices(&bench, PINGS, SLICES, bench.rate, bench.rate_ratio, err);
		if (!failed)
			failed = slices(&bench, STREAM, SLICES / 2, bench.bytes, bench.bytes_ratio, err);
	}
	if (!failed)
		report(&bench);
	kl_dpsync_free(bench.sync);
	kl_maps_close(bench.maps);
	return failed;
}

static const struct kl_cmd cmd = {
	.name = "bench sock",
	.help = "Usage: keelson bench sock [--quick] [--rounds N] [-o json]\n\n"
		"Connections a second and one stream's throughput between two namespaces: directly, directly with the "
		"socket\n"
		"programs attached, and through a ClusterIP, in slices that take turns.\n\n"
		"  --quick      three rounds\n"
		"  --rounds N   how many (default 11)\n"
		"  -o json      figures, goals and spreads as JSON\n",
};

int kl_bench_sock(int argc, char **argv)
{
	return kl_bench_main(&cmd, 11, work, argc, argv);
}
