/*
 * keelson bench dataplane: the balancer's program alone, packet by packet through BPF_PROG_TEST_RUN: what it costs in
 * nanoseconds, and in lookups of a kernel LRU hash with a 40-byte key measured in the same round.
 */
#include "bench.h"

#include "bench_figures.h"
#include "dpsync.h"
#include "link.h"
#include "load.h"
#include "mem.h"
#include "netns.h"

#include "kl_bench_dataplane_bpf.skel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* As in bpf/bench_dataplane.bpf.c. */
enum mode {
	MODE_FLOOR,
	MODE_FLOOR_HEAD,
	MODE_FORWARD,
	MODE_NEW,
	MODE_SETUP_SYN,
	MODE_SETUP_ACK,
	MODE_LRU_FILL,
	MODE_LRU,
	MODE_LRU_FLOOR,
};
enum { MAX_ROUNDS = 9, FRAME_BYTES = 128, LEAST_ENTRIES = 8192, USUAL_ENTRIES = 131072, LRU_ENTRIES = 1100000 };
enum { PORT_LOCAL = 30001, PORT_IPIP, PORT_GENEVE, PORT_SNAT, PORT_NONE = 30999, FIRST_NEW = 0x1000000 };
enum { FEW_BACKENDS = 10, MANY_BACKENDS = 64 /* so that SNAT has ports enough */ };

/* --- a set of tables with the program on them, for rows that do not disturb one another */

struct stage {
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	struct kl_bench_dataplane_bpf *programs;
};

struct bench {
	struct kl_bench_run *run;
	uint32_t ifindex;
	uint32_t repeat;
	int stages; /* made so far: names of their pin folders */
};

static int put_service(struct stage *stage, uint16_t port, bool v6, struct kl_err *err)
{
	kl_autofree char *key = kl_asprintf("bench/p%u-%d", port, v6 ? 6 : 4);
	bool local = port == PORT_LOCAL;
	uint8_t count = port == PORT_SNAT ? MANY_BACKENDS : FEW_BACKENDS;
	struct kl_service *service = kl_service_new(key);
	service->proto = KL_PROTO_TCP;
	service->algorithm = KL_ALGORITHM_MAGLEV;
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontends[service->frontend_count++] = (struct kl_frontend){
		.addr = kl_addr_any(!v6), .port = port, .proto = KL_PROTO_TCP, .type = KL_FRONTEND_NODE_PORT};
	service->backends = kl_calloc(count, sizeof(*service->backends));
	for (uint8_t i = 0; i < count; i++) {
		struct kl_backend *backend = &service->backends[service->backend_count++];
		*backend = (struct kl_backend){.port = 8080,
			.flags = KL_BACKEND_READY | KL_BACKEND_SERVING,
			.node = kl_strdup(local ? "here" : "there")};
		kl_addr_parse(v6 ? "fd44::1" : "10.244.1.1", &backend->addr);
		backend->addr.bytes[15] = (uint8_t)(i + 1);
		backend->addr.bytes[14] = (uint8_t)port;
	}
	kl_service_normalise(service);
	int failed = kl_dpsync_put(stage->sync, service, err);
	kl_service_free(service);
	return failed;
}

/* How backends are reached is the agent's to say; here it stands by the service's port, in the address. */
static void set_forwarding(struct stage *stage)
{
	for (uint32_t id = 1; id < stage->maps->entries[KL_MAP_BACKENDS]; id++) {
		struct kl_map_backend *backend = &stage->maps->backends[id];
		uint8_t port = ((const uint8_t *)backend->addr)[14];
		if (port == (uint8_t)PORT_IPIP)
			backend->forward = KL_FORWARD_DSR_IPIP;
		if (port == (uint8_t)PORT_GENEVE)
			backend->forward = KL_FORWARD_DSR_GENEVE;
	}
}

static int put_services(struct stage *stage, struct kl_err *err)
{
	struct kl_addr addrs[2];
	struct kl_dpsync_node node = {.addrs = addrs, .addr_count = 2};
	kl_addr_parse("192.0.2.1", &addrs[0]);
	kl_addr_parse("2001:db8::1", &addrs[1]);
	int failed = kl_dpsync_set_node(stage->sync, &node, err);
	for (uint16_t port = PORT_LOCAL; port <= PORT_SNAT && !failed; port++) {
		failed = put_service(stage, port, false, err);
		if (!failed)
			failed = put_service(stage, port, true, err);
	}
	set_forwarding(stage);
	return failed;
}

static int load_programs(struct stage *stage, struct kl_err *err)
{
	stage->programs = kl_bench_dataplane_bpf__open();
	if (!stage->programs)
		return kl_fail(err, errno, "open the benchmark's BPF object");
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		const char *name = kl_maps_name((enum kl_map_id)id);
		struct bpf_map *map = bpf_object__find_map_by_name(stage->programs->obj, name);
		if (map)
			bpf_map__reuse_fd(map, stage->maps->fd[id]);
	}
	bpf_map__set_max_entries(stage->programs->maps.kl_bench_lru, LRU_ENTRIES);
	int failed = kl_bench_dataplane_bpf__load(stage->programs);
	return failed ? kl_fail(err, -failed, "load the benchmark's BPF program") : 0;
}

static void stage_release(struct stage *stage)
{
	kl_bench_dataplane_bpf__destroy(stage->programs);
	kl_dpsync_free(stage->sync);
	kl_maps_close(stage->maps);
	*stage = (struct stage){0};
}

static int stage_init(struct bench *bench, struct stage *stage, uint32_t flow_entries, struct kl_err *err)
{
	kl_autofree char *pin_dir = kl_asprintf("%s/s%d", bench->run->pin_dir, bench->stages++);
	const struct kl_maps_sizes sizes = {
		.flows = flow_entries > LEAST_ENTRIES ? flow_entries : LEAST_ENTRIES, .blocks = 16384};
	*stage = (struct stage){0};
	int failed = kl_maps_open(pin_dir, &sizes, &stage->maps, err);
	if (!failed)
		failed = kl_dpsync_new(stage->maps, "here", &stage->sync, err);
	if (!failed)
		failed = put_services(stage, err);
	return failed ? failed : load_programs(stage, err);
}

/* --- running */

static int run(const struct bench *bench, struct stage *stage, enum mode mode, uint32_t repeat, double *ret_ns,
	struct kl_err *err)
{
	uint8_t frame[FRAME_BYTES] = {0};
	struct xdp_md ctx = {.data_end = FRAME_BYTES, .ingress_ifindex = bench->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_BYTES, .ctx_in = &ctx,
		.ctx_size_in = sizeof(ctx), .repeat = (int)repeat);
	stage->programs->bss->mode = mode;
	int prog = bpf_program__fd(
		mode >= MODE_LRU_FILL ? stage->programs->progs.kl_bench_lookup : stage->programs->progs.kl_bench_lb);
	if (bpf_prog_test_run_opts(prog, &opts))
		return kl_fail(err, errno, "run the balancer on a packet");
	*ret_ns = opts.duration;
	return 0;
}

/*
 * What the wire would do between a SYN and the client's next packet: the backend answers, or, where replies go another
 * way, time passes.
 */
static int answer_all(const struct stage *stage, struct kl_err *err)
{
	const struct kl_map_config *config = stage->maps->config;
	size_t lines = stage->maps->entries[KL_MAP_CT_HOT];
	struct kl_map_line *hot =
		mmap(NULL, lines * sizeof(*hot), PROT_READ | PROT_WRITE, MAP_SHARED, stage->maps->fd[KL_MAP_CT_HOT], 0);
	if (hot == MAP_FAILED)
		return kl_fail(err, errno, "map the connection table");
	for (uint32_t i = 0; i <= config->half_mask * KL_LINE_FLOWS + KL_LINE_FLOWS - 1; i++) {
		struct kl_map_flow *flow = &hot[config->half_first + i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS];
		if (flow->phase == KL_PHASE_NEW)
			flow->phase = flow->nat_port == htons(KL_FLOW_DSR) ? KL_PHASE_NEW : KL_PHASE_ANSWERED;
		flow->stamp = (uint16_t)(flow->stamp - (flow->phase != KL_PHASE_FREE));
	}
	munmap(hot, lines * sizeof(*hot));
	return 0;
}

/* In parts that the half-open region holds without pushing any out. */
static int establish(const struct bench *bench, struct stage *stage, uint32_t flows, struct kl_err *err)
{
	uint32_t most = stage->maps->config->half_mask / 4;
	double ns;
	int failed = 0;
	for (uint32_t done = 0, part; done < flows && !failed; done += part) {
		part = flows - done < most ? flows - done : most;
		stage->programs->bss->next = done;
		failed = run(bench, stage, MODE_SETUP_SYN, part, &ns, err);
		if (!failed)
			failed = answer_all(stage, err);
		stage->programs->bss->next = done;
		if (!failed)
			failed = run(bench, stage, MODE_SETUP_ACK, part, &ns, err);
	}
	return failed;
}

/* --- rows */

struct row {
	const char *name;
	uint16_t port;
	bool v6;
	bool sealed; /* leaves in an envelope, which the benchmark takes off again */
	enum mode mode;
	bool roomy; /* a table of the usual size, however few the flows: more of it than fits into the near caches */
	double goal_small, goal_big; /* lookups, at 1,000 and at 500,000 flows; 0: none */
};
static const struct row rows[] = {
	{"established TCP, DSR (IP in IP), IPv4", PORT_IPIP, false, true, MODE_FORWARD, false, 0.8, 0.6},
	{"established TCP, DSR (IP in IP), IPv6", PORT_IPIP, true, true, MODE_FORWARD, false, 0, 0},
	{"established TCP, DSR (Geneve), IPv4", PORT_GENEVE, false, true, MODE_FORWARD, false, 0, 0},
	{"established TCP, NAT to a local backend, IPv4", PORT_LOCAL, false, false, MODE_FORWARD, false, 0, 0},
	{"established TCP, NAT to a local backend, IPv6", PORT_LOCAL, true, false, MODE_FORWARD, false, 0, 0},
	{"established TCP, SNAT to another node, IPv4", PORT_SNAT, false, false, MODE_FORWARD, false, 0, 0},
	{"new flow, Maglev, inserted, DSR, IPv4", PORT_IPIP, false, true, MODE_NEW, false, 1.2, 1.2},
	{"new flow, Maglev, inserted, DSR, IPv6", PORT_IPIP, true, true, MODE_NEW, false, 0, 0},
	{"the same, IPv4, table of the usual size", PORT_IPIP, false, true, MODE_NEW, true, 0, 0},
	{"new flow, Maglev, both entries, NAT to a local backend", PORT_LOCAL, false, false, MODE_NEW, false, 0, 0},
	{"not ours, passed", PORT_NONE, false, false, MODE_FORWARD, false, 0.3, 0.3},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct results {
	struct kl_samples lookup, ns[ROWS], lookups[ROWS];
};

/* Established flows of different rows have tables of their own, so that each is half full; new ones share the last. */
static int row_set_up(
	struct bench *bench, const struct row *row, struct stage *stage, uint32_t flows, struct kl_err *err)
{
	uint32_t entries = flows * (row->sealed ? 1 : 2) * 2;
	int failed = stage_init(bench, stage, row->roomy && entries < USUAL_ENTRIES ? USUAL_ENTRIES : entries, err);
	if (failed)
		return failed;
	struct kl_bench_dataplane_bpf__bss *bss = stage->programs->bss;
	bss->flows = flows;
	bss->dport = row->port;
	bss->v6 = row->v6;
	bss->first_new = FIRST_NEW;
	if (row->mode == MODE_FORWARD && row->port != PORT_NONE)
		failed = establish(bench, stage, flows, err);
	if (failed)
		return failed;
	struct kl_map_counters counters;
	failed = kl_maps_counters(stage->maps, &counters, err);
	if (!failed && row->mode == MODE_FORWARD && row->port != PORT_NONE &&
		counters.flows_promoted < flows / 100 * 99)
		kl_bench_note(bench->run, "%s: only %llu of %u flows stand in the main region.", row->name,
			(unsigned long long)counters.flows_promoted, flows);
	return failed;
}

static int measure_row(
	const struct bench *bench, const struct row *row, struct stage *stage, double *ret_ns, struct kl_err *err)
{
	double floor, head = 0, ns;
	int failed = run(bench, stage, MODE_FLOOR, bench->repeat, &floor, err);
	if (!failed && row->sealed)
		failed = run(bench, stage, MODE_FLOOR_HEAD, bench->repeat, &head, err);
	if (!failed)
		failed = run(bench, stage, row->mode, bench->repeat, &ns, err);
	if (failed)
		return failed;
	*ret_ns = ns - floor - (row->sealed ? (head - floor) / 2 : 0);
	return 0;
}

static int measure_lookup(const struct bench *bench, struct stage *stage, double *ret_ns, struct kl_err *err)
{
	double with, without;
	int failed = run(bench, stage, MODE_LRU_FLOOR, bench->repeat, &without, err);
	if (!failed)
		failed = run(bench, stage, MODE_LRU, bench->repeat, &with, err);
	if (!failed)
		*ret_ns = with - without;
	return failed;
}

static int one_round(const struct bench *bench, struct stage stages[ROWS], struct results *results, struct kl_err *err)
{
	double lookup, ns;
	int failed = measure_lookup(bench, &stages[0], &lookup, err);
	if (failed)
		return failed;
	kl_samples_add(&results->lookup, lookup);
	for (int i = 0; i < ROWS; i++) {
		failed = measure_row(bench, &rows[i], &stages[i], &ns, err);
		if (failed)
			return failed;
		kl_samples_add(&results->ns[i], ns);
		kl_samples_add(&results->lookups[i], ns / lookup);
	}
	return 0;
}

static void report(struct bench *bench, uint32_t flows, const struct results *results)
{
	kl_autofree char *lookup = kl_asprintf("%u flows: one lookup in a kernel LRU hash", flows);
	kl_bench_figure(bench->run, &(struct kl_figure){.name = lookup, .unit = "ns", .samples = &results->lookup});
	for (int i = 0; i < ROWS; i++) {
		kl_autofree char *name = kl_asprintf("%u flows: %s", flows, rows[i].name);
		double goal = flows > 1000 ? rows[i].goal_big : rows[i].goal_small;
		kl_bench_figure(
			bench->run, &(struct kl_figure){.name = name, .unit = "ns", .samples = &results->ns[i]});
		kl_bench_figure(bench->run, &(struct kl_figure){.name = "",
						    .unit = "lookups",
						    .samples = &results->lookups[i],
						    .goal = goal > 0 ? KL_GOAL_AT_MOST : KL_GOAL_NONE,
						    .bound = goal});
	}
}

/* Ratios between rows that the issue names: IPv6 to IPv4, and NAT to DSR. */
static void report_ratios(struct bench *bench, uint32_t flows, const struct results *results)
{
	static const struct {
		const char *name;
		int of, to;
		double bound;
	} ratios[] = {
		{"DSR, IPv6 / IPv4", 1, 0, 1.1},
		{"NAT to a local backend, IPv6 / IPv4", 4, 3, 1.1},
		{"NAT to a local backend / DSR", 3, 0, 1.2},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(ratios); i++) {
		kl_autofree char *name = kl_asprintf("%u flows: %s", flows, ratios[i].name);
		struct kl_samples samples = {0};
		for (int k = 0; k < results->lookup.count; k++)
			kl_samples_add(
				&samples, results->ns[ratios[i].of].value[k] / results->ns[ratios[i].to].value[k]);
		kl_bench_figure(bench->run, &(struct kl_figure){.name = name,
						    .unit = "x",
						    .samples = &samples,
						    .goal = KL_GOAL_AT_MOST,
						    .bound = ratios[i].bound});
	}
}

static int fill_lookup(const struct bench *bench, struct stage *stage, uint32_t flows, struct kl_err *err)
{
	double ns;
	stage->programs->bss->next = 0;
	return run(bench, stage, MODE_LRU_FILL, flows, &ns, err);
}

static int with_flows(struct bench *bench, uint32_t flows, struct kl_err *err)
{
	struct stage stages[ROWS] = {0};
	kl_autofree struct results *results = kl_calloc(1, sizeof(*results));
	int failed = 0;
	for (int i = 0; i < ROWS && !failed; i++) {
		kl_bench_progress(bench->run, "%u flows: %s", flows, rows[i].name);
		failed = row_set_up(bench, &rows[i], &stages[i], flows, err);
	}
	if (!failed)
		failed = fill_lookup(bench, &stages[0], flows, err);
	for (int round = 0; round < bench->run->rounds && !failed; round++) {
		kl_bench_progress(bench->run, "%u flows, round %d", flows, round + 1);
		failed = one_round(bench, stages, results, err);
	}
	if (!failed) {
		report(bench, flows, results);
		report_ratios(bench, flows, results);
	}
	for (int i = 0; i < ROWS; i++)
		stage_release(&stages[i]);
	return failed;
}

/* --- a namespace where every next hop is known */

static int route_all(
	struct kl_link *link, uint32_t ifindex, const char *addr, const char *all, const char *via, struct kl_err *err)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 254};
	struct kl_prefix prefix;
	struct kl_route route = {.ifindex = ifindex};
	kl_prefix_read(addr, &prefix);
	kl_prefix_read(all, &route.dst);
	kl_addr_parse(via, &route.via);
	int failed = kl_link_addr_add(link, ifindex, &prefix, err);
	if (!failed)
		failed = kl_link_route_set(link, &route, err);
	return failed ? failed : kl_link_neigh_set(link, ifindex, &route.via, mac, err);
}

static int make_network(struct bench *bench, struct kl_err *err)
{
	kl_autoclose int netns = kl_bench_netns(err);
	kl_autolink *link = NULL;
	struct kl_link_info info = {0}, peer = {0};
	if (netns < 0)
		return netns;
	if (setns(netns, CLONE_NEWNET))
		return kl_fail(err, errno, "enter a network namespace");
	int failed = kl_netns_sysctl(netns, "ipv4/ip_forward", "1", err);
	if (!failed)
		failed = kl_netns_sysctl(netns, "ipv6/conf/all/forwarding", "1", err);
	if (!failed)
		failed = kl_link_open(-1, &link, err);
	if (!failed)
		failed = kl_link_veth_add(
			link, &(struct kl_veth){.name = "eth0", .peer_name = "eth1", .peer_netns_fd = -1}, err);
	if (!failed)
		failed = kl_link_get(link, "eth0", &info, err);
	if (!failed)
		failed = kl_link_get(link, "eth1", &peer, err);
	if (!failed)
		failed = kl_link_up(link, info.ifindex, err);
	if (!failed)
		failed = kl_link_up(link, peer.ifindex, err);
	bench->ifindex = info.ifindex;
	if (!failed)
		failed = route_all(link, info.ifindex, "192.0.2.1/24", "0.0.0.0/0", "192.0.2.254", err);
	return failed ? failed : route_all(link, info.ifindex, "2001:db8::1/64", "::/0", "2001:db8::fe", err);
}

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	struct bench bench = {.run = run, .repeat = run->quick ? 50000 : 300000};
	int failed = make_network(&bench, err);
	if (!failed)
		failed = with_flows(&bench, 1000, err);
	if (!failed && !run->quick)
		failed = with_flows(&bench, 500000, err);
	kl_bench_note(run, "The XDP program alone, net of making the packet and of the loop. Established flows stand "
			   "in a table that is "
			   "half full or less; for new ones the half-open region is full, so that each also makes one "
			   "go. A lookup is one in a kernel LRU hash with a 40-byte key and as many keys as flows.");
	return failed;
}

static const struct kl_cmd cmd = {
	.name = "bench dataplane",
	.help = "Usage: keelson bench dataplane [--quick] [--rounds N] [-o json]\n\n"
		"Runs the balancer's XDP program on made packets, with 1,000 and 500,000 flows, and prints what one "
		"costs "
		"in\n"
		"nanoseconds and in lookups of a kernel LRU hash. --quick: 1,000 flows only, fewer rounds.\n",
};

int kl_bench_dataplane(int argc, char **argv)
{
	return kl_bench_main(&cmd, MAX_ROUNDS, work, argc, argv);
}
