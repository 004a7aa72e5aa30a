/*
 * What the dataplane costs, in nanoseconds and in lookups of a kernel LRU hash with a 40-byte key measured in the same
 * run: packets through the balancer (net of making them), and programming services.
 *
 *	bench_dataplane [--quick]
 */
#include "clock.h"
#include "dpsync.h"
#include "load.h"
#include "mem.h"

#include "kl_bench_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODE_FLOOR, MODE_FORWARD, MODE_SYN, MODE_SETUP_SYN, MODE_SETUP_ACK, MODE_LRU, MODE_HASH };
enum { ROUNDS = 7, LOCAL_PORT = 30001, MAGLEV_PORT = 30002, NOT_OURS = 30999 };

static char pin_dir[64];
static bool quick;

struct bench {
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	struct kl_bench_bpf *skeleton;
	int prog, lookup;
};

static void die(const struct kl_err *err)
{
	fprintf(stderr, "bench_dataplane: %s\n", kl_err_text(err));
	kl_unload(pin_dir, NULL);
	exit(1);
}

static void reuse(struct bpf_object *object, const struct kl_maps *maps)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, kl_maps_name((enum kl_map_id)id));
		if (map)
			bpf_map__reuse_fd(map, maps->fd[id]);
	}
}

static struct kl_service *service_of(const char *key, uint16_t node_port, uint8_t algorithm, bool v6)
{
	struct kl_service *service = kl_service_new(key);
	service->algorithm = algorithm;
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontends[0] = (struct kl_frontend){
		.addr = kl_addr_any(!v6), .port = node_port, .proto = KL_PROTO_TCP, .type = KL_FRONTEND_NODE_PORT};
	service->frontend_count = 1;
	service->backends = kl_calloc(10, sizeof(*service->backends));
	for (uint8_t i = 0; i < 10; i++) {
		service->backends[i] =
			(struct kl_backend){.port = 8080, .flags = KL_BACKEND_READY, .node = kl_strdup("here")};
		kl_addr_parse(v6 ? "fd44::1" : "10.244.1.1", &service->backends[i].addr);
		service->backends[i].addr.bytes[15] = (uint8_t)(i + 1);
	}
	service->backend_count = 10;
	return service;
}

static void put(struct bench *bench, const char *key, uint16_t port, uint8_t algorithm, bool v6)
{
	struct kl_err err = {0};
	struct kl_service *service = service_of(key, port, algorithm, v6);
	if (kl_dpsync_put(bench->sync, service, &err))
		die(&err);
	kl_service_free(service);
}

static struct bench bench_new(uint32_t flows)
{
	struct bench bench;
	struct kl_err err = {0};
	const struct kl_maps_sizes sizes = {
		.flows = flows * 8, .services = 11000, .backends = 110000, .frontends = 11000, .blocks = 40000};
	struct kl_addr addrs[2];
	struct kl_dpsync_node node = {.addrs = addrs, .addr_count = 2};
	kl_addr_parse("192.0.2.1", &addrs[0]);
	kl_addr_parse("2001:db8::1", &addrs[1]);
	snprintf(pin_dir, sizeof(pin_dir), "/sys/fs/bpf/kl-bench-%d", (int)getpid());
	if (kl_maps_open(pin_dir, &sizes, &bench.maps, &err) || kl_dpsync_new(bench.maps, "here", &bench.sync, &err) ||
		kl_dpsync_set_node(bench.sync, &node, &err))
		die(&err);
	bench.skeleton = kl_bench_bpf__open();
	reuse(bench.skeleton->obj, bench.maps);
	if (kl_bench_bpf__load(bench.skeleton)) {
		kl_fail_msg(&err, 1, "the bench program does not load");
		die(&err);
	}
	bench.prog = bpf_program__fd(bench.skeleton->progs.bench);
	bench.lookup = bpf_program__fd(bench.skeleton->progs.bench_lookup);
	for (int v6 = 0; v6 < 2; v6++) {
		put(&bench, v6 ? "b/local6" : "b/local", LOCAL_PORT, KL_ALGORITHM_RANDOM, v6);
		put(&bench, v6 ? "b/maglev6" : "b/maglev", MAGLEV_PORT, KL_ALGORITHM_MAGLEV, v6);
	}
	return bench;
}

static void bench_free(struct bench *bench)
{
	kl_bench_bpf__destroy(bench->skeleton);
	kl_dpsync_free(bench->sync);
	kl_maps_close(bench->maps);
	kl_unload(pin_dir, NULL);
}

static double run(const struct bench *bench, uint32_t mode, uint32_t repeat)
{
	uint8_t frame[128] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = (int)repeat);
	bench->skeleton->bss->mode = mode;
	if (bpf_prog_test_run_opts(mode >= MODE_LRU ? bench->lookup : bench->prog, &opts)) {
		perror("test run");
		exit(1);
	}
	return opts.duration;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median_of(const struct bench *bench, uint32_t mode)
{
	double values[ROUNDS];
	for (int i = 0; i < ROUNDS; i++)
		values[i] = run(bench, mode, quick ? 50000 : 300000);
	qsort(values, ROUNDS, sizeof(values[0]), by_value);
	return values[ROUNDS / 2];
}

static void row(const char *what, double ns, double lru)
{
	printf("%-52s %8.0f ns %8.2f LRU lookups\n", what, ns, ns / lru);
}

/* In parts that the half-open region holds easily. */
static void establish(const struct bench *bench, uint32_t flows)
{
	for (uint32_t done = 0, part; done < flows; done += part) {
		part = flows - done < flows / 10 ? flows - done : flows / 10;
		bench->skeleton->bss->next = done;
		run(bench, MODE_SETUP_SYN, part);
		bench->skeleton->bss->next = done;
		run(bench, MODE_SETUP_ACK, part);
	}
}

static void packets(uint32_t flows)
{
	struct bench bench = bench_new(flows);
	struct kl_bench_bpf__bss *bss = bench.skeleton->bss;
	struct kl_map_counters counters;
	bss->flows = flows;
	for (uint32_t v6 = 0; v6 < 2; v6++) {
		bss->v6 = v6;
		bss->dport = LOCAL_PORT;
		establish(&bench, flows);
	}
	kl_maps_counters(bench.maps, &counters, NULL);
	double lru = median_of(&bench, MODE_LRU) - median_of(&bench, MODE_HASH);
	printf("--- %u flows (%llu promoted, %llu overflowed); one LRU lookup: %.0f ns\n", flows,
		counters.flows_promoted, counters.flows_overflowed, lru);
	for (uint32_t v6 = 0; v6 < 2; v6++) {
		bss->v6 = v6;
		bss->dport = LOCAL_PORT;
		double floor = median_of(&bench, MODE_FLOOR);
		row(v6 ? "IPv6 established TCP to a local backend" : "IPv4 established TCP to a local backend",
			median_of(&bench, MODE_FORWARD) - floor, lru);
		bss->dport = NOT_OURS;
		row("  not ours, passed", median_of(&bench, MODE_FORWARD) - floor, lru);
		bss->dport = MAGLEV_PORT;
		row("  new flow, Maglev, inserted (every packet a SYN)", median_of(&bench, MODE_SYN) - floor, lru);
	}
	bench_free(&bench);
}

/* --- programming */

enum { SERVICES = 10000 };

static struct kl_service *nth_service(unsigned n)
{
	kl_autofree char *key = kl_asprintf("ns/s%u:80", n);
	struct kl_service *service = service_of(key, 80, KL_ALGORITHM_RANDOM, false);
	service->frontends[0].type = KL_FRONTEND_CLUSTER_IP;
	kl_addr_parse("10.96.0.0", &service->frontends[0].addr);
	service->frontends[0].addr.bytes[14] = (uint8_t)(n >> 8);
	service->frontends[0].addr.bytes[15] = (uint8_t)n;
	for (size_t i = 0; i < service->backend_count; i++) {
		service->backends[i].addr.bytes[13] = (uint8_t)(n >> 8);
		service->backends[i].addr.bytes[14] = (uint8_t)n;
	}
	return service;
}

static double program_one(struct bench *bench, unsigned n, uint8_t flags)
{
	struct kl_service *service = nth_service(n);
	service->backends[3].flags = flags;
	int64_t start = kl_monotonic_ns();
	kl_dpsync_put(bench->sync, service, NULL);
	double ns = (double)(kl_monotonic_ns() - start);
	kl_service_free(service);
	return ns;
}

static void programming(void)
{
	struct bench bench = bench_new(65536);
	struct kl_err err = {0};
	double changes[1001];
	int64_t total = 0;
	for (unsigned n = 0; n < SERVICES; n++) {
		struct kl_service *service = nth_service(n);
		int64_t start = kl_monotonic_ns();
		if (kl_dpsync_put(bench.sync, service, &err))
			die(&err);
		total += kl_monotonic_ns() - start;
		kl_service_free(service);
	}
	for (unsigned i = 0; i < KL_ARRAY_LEN(changes); i++)
		changes[i] = program_one(&bench, i * 7 % SERVICES, KL_BACKEND_SERVING | KL_BACKEND_TERMINATING);
	qsort(changes, KL_ARRAY_LEN(changes), sizeof(changes[0]), by_value);
	printf("--- programming\n%d services x 10 endpoints from nothing: %.1f ms\n", SERVICES, (double)total / 1e6);
	printf("one endpoint of one service among them: %.1f us (p99 %.1f us)\n", changes[500] / 1e3,
		changes[990] / 1e3);
	int64_t start = kl_monotonic_ns();
	kl_dpsync_free(bench.sync);
	bench.maps->adopted = true;
	if (kl_dpsync_new(bench.maps, "here", &bench.sync, &err))
		die(&err);
	printf("adopting them after a restart: %.1f ms\n", (double)(kl_monotonic_ns() - start) / 1e6);
	struct kl_dpsync_audit audit;
	start = kl_monotonic_ns();
	kl_dpsync_audit(bench.sync, false, &audit);
	printf("one audit: %.1f ms\n", (double)(kl_monotonic_ns() - start) / 1e6);
	bench_free(&bench);
}

int main(int argc, char **argv)
{
	quick = argc > 1 && !strcmp(argv[1], "--quick");
	if (geteuid() || unshare(CLONE_NEWNET)) {
		puts("skipped: needs root");
		return 77;
	}
	packets(1000);
	if (!quick)
		packets(500000);
	programming();
	return 0;
}
