/*
 * keelson bench path: the CPU that one forwarded packet costs a node, its whole way, through Keelson and through the
 * rules of kube-proxy's nftables mode, for the same packets in the same rounds. Client and backends are beyond the
 * node's uplink: NodePort, both addresses translated.
 */
#include "bench.h"

#include "bench_figures.h"
#include "bench_nft.h"
#include "bench_wire.h"
#include "dpsync.h"
#include "load.h"
#include "mem.h"
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SERVICES = 1000, ENDPOINTS = 10, ESTABLISHED = 1000, NEW_FLOWS = 100000, FLOW_ENTRIES = 1 << 20 };
enum way { NFT, TC, XDP, XDP_DSR, BOUNCE, WAYS };

static const char *const way_names[WAYS] = {
	[NFT] = "nftables as kube-proxy",
	[TC] = "Keelson, tc",
	[XDP] = "Keelson, XDP",
	[XDP_DSR] = "Keelson, XDP, DSR",
	[BOUNCE] = "sent back at once",
};

struct path {
	struct kl_bench_run *run;
	struct kl_bench_wire *wire;
	struct kl_bench_wire_node node[WAYS];
	struct kl_maps *maps[WAYS];
	struct kl_dpsync *sync[WAYS];
	struct kl_samples established[WAYS], fresh[WAYS], generator;
	struct kl_samples established_ratio[WAYS], fresh_ratio[WAYS];
	uint32_t next_flow; /* numbers of flows never used before */
	double worst_loss;
};

/* --- services */

static struct kl_addr mapped(uint32_t addr)
{
	struct kl_addr ret = {.bytes = {[10] = 0xff, [11] = 0xff}};
	uint32_t wire = htonl(addr);
	memcpy(ret.bytes + 12, &wire, sizeof(wire));
	return ret;
}

static int put_service(struct kl_dpsync *sync, unsigned n, uint8_t forward, struct kl_err *err)
{
	kl_autofree char *key = kl_asprintf("bench/svc%u:p80", n);
	struct kl_service *service = kl_service_new(key);
	service->proto = KL_PROTO_TCP;
	service->forward = forward;
	service->flags = KL_SERVICE_FORWARD;
	service->frontends = kl_calloc(2, sizeof(*service->frontends));
	service->frontends[service->frontend_count++] = (struct kl_frontend){.addr = mapped(kl_bench_cluster_ip(n)),
		.port = 80,
		.proto = KL_PROTO_TCP,
		.type = KL_FRONTEND_CLUSTER_IP};
	service->frontends[service->frontend_count++] = (struct kl_frontend){.addr = kl_addr_any(true),
		.port = (uint16_t)(KL_BENCH_FIRST_NODE_PORT + n),
		.proto = KL_PROTO_TCP,
		.type = KL_FRONTEND_NODE_PORT};
	service->backends = kl_calloc(ENDPOINTS, sizeof(*service->backends));
	for (unsigned i = 0; i < ENDPOINTS; i++)
		service->backends[service->backend_count++] =
			(struct kl_backend){.addr = mapped(kl_bench_endpoint_ip(n, i)),
				.port = KL_BENCH_TARGET_PORT,
				.flags = KL_BACKEND_READY | KL_BACKEND_SERVING,
				.node = kl_strdup("there")};
	kl_service_normalise(service);
	int failed = kl_dpsync_put(sync, service, err);
	kl_service_free(service);
	return failed;
}

/* --- the nodes */

struct attach {
	struct kl_maps *maps;
	struct kl_load_options options;
};

static int load_programs(void *arg, struct kl_err *err)
{
	struct attach *attach = arg;
	return kl_load(attach->maps, &attach->options, NULL, err);
}

static int set_up_keelson(struct path *path, enum way way, enum kl_lb_mode mode, struct kl_err *err)
{
	kl_autofree char *pin_dir = kl_asprintf("%s/way%d", path->run->pin_dir, (int)way);
	const struct kl_maps_sizes sizes = {.services = SERVICES + 10,
		.backends = SERVICES * ENDPOINTS + 10,
		.frontends = SERVICES * 3,
		.blocks = SERVICES * 4,
		.flows = FLOW_ENTRIES};
	struct kl_addr addr;
	kl_addr_parse(KL_BENCH_WIRE_ADDR, &addr);
	struct kl_dpsync_node node = {.addrs = &addr, .addr_count = 1};
	int failed = kl_maps_open(pin_dir, &sizes, &path->maps[way], err);
	if (!failed)
		failed = kl_dpsync_new(path->maps[way], "here", &path->sync[way], err);
	if (!failed)
		failed = kl_dpsync_set_node(path->sync[way], &node, err);
	for (unsigned n = 0; n < SERVICES && !failed; n++)
		failed = put_service(
			path->sync[way], n, way == XDP_DSR ? KL_FORWARDING_DSR_IPIP : KL_FORWARDING_SNAT, err);
	struct attach attach = {path->maps[way], {.pin_dir = pin_dir,
							 .netns_filter = true,
							 .cgroup = path->run->cgroup,
							 .uplink = "eth0",
							 .mode = mode}};
	return failed ? failed : kl_netns_run(path->node[way].netns, load_programs, &attach, err);
}

static int apply_rules(void *arg, struct kl_err *err)
{
	return kl_bench_nft_apply(arg, err);
}

/* A card would have verified the checksums: that is not what is compared. */
static int set_up_nft(struct path *path, struct kl_err *err)
{
	kl_autobuf rules = {0};
	kl_bench_nft_ruleset(&rules, SERVICES, ENDPOINTS);
	int failed = kl_netns_run(path->node[NFT].netns, apply_rules, &rules, err);
	return failed ? failed : kl_netns_sysctl(path->node[NFT].netns, "netfilter/nf_conntrack_checksum", "0", err);
}

static int set_up(struct path *path, struct kl_err *err)
{
	static const char *const names[WAYS] = {"nft", "tc", "xdp", "dsr", "bounce"};
	int failed = kl_bench_cgroup(path->run, err);
	if (!failed)
		failed = kl_bench_wire_new(&path->wire, err);
	for (int way = 0; way < WAYS && !failed; way++)
		failed = kl_bench_wire_node_add(path->wire, names[way], &path->node[way], err);
	if (!failed)
		failed = kl_bench_wire_bounce(path->wire, &path->node[BOUNCE], err);
	if (!failed)
		failed = set_up_keelson(path, TC, KL_LB_TC, err);
	if (!failed)
		failed = set_up_keelson(path, XDP, KL_LB_XDP, err);
	if (!failed)
		failed = set_up_keelson(path, XDP_DSR, KL_LB_XDP, err);
	return failed ? failed : set_up_nft(path, err);
}

static void tear_down(struct path *path)
{
	for (int way = 0; way < WAYS; way++) {
		kl_dpsync_free(path->sync[way]);
		kl_maps_close(path->maps[way]);
		kl_bench_wire_node_release(&path->node[way]);
	}
	kl_bench_wire_free(path->wire);
}

/* --- packets */

/* A handshake of every flow: SYN and its answer, then the client's ACK. */
static int establish(struct path *path, enum way way, struct kl_err *err)
{
	struct kl_bench_wire_load load = {
		.flows = ESTABLISHED, .services = SERVICES, .packets = ESTABLISHED, .syn = true, .answer = true};
	struct kl_bench_wire_result result;
	int failed = kl_bench_wire_send(path->wire, &path->node[way], &load, &result, err);
	load.syn = load.answer = false;
	if (!failed)
		failed = kl_bench_wire_send(path->wire, &path->node[way], &load, &result, err);
	if (!failed && way != BOUNCE && result.arrived < ESTABLISHED)
		return kl_fail_msg(err, EIO, "%s: only %llu of %d connections were established", way_names[way],
			(unsigned long long)result.arrived, ESTABLISHED);
	return failed;
}

/* A flow of which only one direction is seen counts as established when it is heard of in another second. */
static int confirm(struct path *path, struct kl_err *err)
{
	const struct kl_bench_wire_load load = {.flows = ESTABLISHED, .services = SERVICES, .packets = ESTABLISHED};
	struct kl_bench_wire_result result;
	usleep(1100000);
	return kl_bench_wire_send(path->wire, &path->node[XDP_DSR], &load, &result, err);
}

/* CPU for one packet that came out again. */
static int measure(struct path *path, enum way way, const struct kl_bench_wire_load *load, struct kl_samples *to,
	struct kl_err *err)
{
	struct kl_bench_wire_result result;
	int failed = kl_bench_wire_send(path->wire, &path->node[way], load, &result, err);
	if (failed)
		return failed;
	uint64_t count = load->drop_at_once ? load->packets : result.arrived;
	double loss = 1 - (double)count / load->packets;
	path->worst_loss = loss > path->worst_loss ? loss : path->worst_loss;
	if (!count)
		return kl_fail_msg(err, EIO, "%s: no packet came out", way_names[way]);
	kl_samples_add(to, result.cpu_ns / (double)count);
	return 0;
}

static double last(const struct kl_samples *samples)
{
	return samples->value[samples->count - 1];
}

/* Both without what making the packets costs. */
static void add_ratio(struct path *path, const struct kl_samples *samples, struct kl_samples *ratios)
{
	double made = last(&path->generator), nft = last(&samples[NFT]) - made;
	for (int way = TC; way <= XDP_DSR; way++)
		kl_samples_add(&ratios[way], (last(&samples[way]) - made) / nft);
}

static int round_of(struct path *path, const struct kl_bench_wire_load *load, struct kl_samples *samples,
	struct kl_samples *ratios, struct kl_err *err)
{
	int failed = 0;
	for (int way = 0; way < WAYS && !failed; way++)
		failed = measure(path, (enum way)way, load, &samples[way], err);
	if (!failed)
		add_ratio(path, samples, ratios);
	return failed;
}

static int one_round(struct path *path, struct kl_err *err)
{
	const struct kl_bench_wire_load made = {
		.flows = ESTABLISHED, .services = SERVICES, .packets = 500000, .drop_at_once = true};
	const struct kl_bench_wire_load established = {
		.flows = ESTABLISHED, .services = SERVICES, .packets = path->run->quick ? 100000 : 300000};
	const struct kl_bench_wire_load fresh = {
		.first = path->next_flow, .flows = NEW_FLOWS, .services = SERVICES, .packets = NEW_FLOWS, .syn = true};
	path->next_flow += NEW_FLOWS;
	int failed = kl_bench_wire_flush_conntrack(&path->node[NFT], err);
	if (!failed)
		failed = measure(path, BOUNCE, &made, &path->generator, err);
	for (int way = NFT; way <= XDP_DSR && !failed; way++)
		failed = establish(path, (enum way)way, err);
	if (!failed)
		failed = confirm(path, err);
	if (!failed)
		failed = round_of(path, &established, path->established, path->established_ratio, err);
	return failed ? failed : round_of(path, &fresh, path->fresh, path->fresh_ratio, err);
}

/* --- the report */

static void report_rows(struct path *path, const char *what, const struct kl_samples *samples)
{
	for (int way = 0; way < WAYS; way++) {
		kl_autofree char *name = kl_asprintf("%s: %s", what, way_names[way]);
		kl_bench_figure(
			path->run, &(struct kl_figure){.name = name, .unit = "ns/packet", .samples = &samples[way]});
	}
}

static void report(struct path *path)
{
	const struct kl_figure ratios[] = {
		{.name = "established: XDP / nftables", .samples = &path->established_ratio[XDP], .bound = 1.0 / 6},
		{.name = "established: XDP, DSR / nftables",
			.samples = &path->established_ratio[XDP_DSR],
			.bound = 1.0 / 6},
		{.name = "established: tc / nftables", .samples = &path->established_ratio[TC], .bound = 1.0 / 3},
		{.name = "new flows: XDP / nftables", .samples = &path->fresh_ratio[XDP], .bound = 1.0 / 8},
		{.name = "new flows: XDP, DSR / nftables", .samples = &path->fresh_ratio[XDP_DSR], .bound = 1.0 / 8},
		{.name = "new flows: tc / nftables", .samples = &path->fresh_ratio[TC], .bound = 1.0 / 3},
	};
	kl_bench_figure(path->run,
		&(struct kl_figure){.name = "making a packet", .unit = "ns/packet", .samples = &path->generator});
	report_rows(path, "established, 1,000 flows", path->established);
	report_rows(path, "every packet a new flow, 100,000", path->fresh);
	for (size_t i = 0; i < KL_ARRAY_LEN(ratios); i++) {
		struct kl_figure figure = ratios[i];
		figure.unit = "x";
		figure.goal = KL_GOAL_AT_MOST;
		kl_bench_figure(path->run, &figure);
	}
	kl_bench_note(path->run, "1,000 services of 10 endpoints; TCP, 64 bytes, client and backends beyond the node's "
				 "uplink (a veth), both\n"
				 "addresses translated; with DSR an envelope (IP in IP) around it instead. CPU time of "
				 "everything between the generator and the sink, "
				 "making the packet included;\n"
				 "ratios are of the times without it. 'Sent back at once' is what remains when the "
				 "node's program does nothing.");
	if (path->worst_loss > 0.001)
		kl_bench_note(path->run, "Up to %.2f %% of a round's packets did not come out again.",
			path->worst_loss * 100);
}

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	struct path path = {.run = run, .next_flow = 100000};
	kl_bench_progress(run, "setting up");
	int failed = set_up(&path, err);
	for (int round = 0; round < run->rounds && !failed; round++) {
		kl_bench_progress(run, "round %d of %d", round + 1, run->rounds);
		failed = one_round(&path, err);
	}
	if (!failed)
		report(&path);
	tear_down(&path);
	return failed;
}

static const struct kl_cmd cmd = {
	.name = "bench path",
	.help = "Usage: keelson bench path [--quick] [--rounds N] [-o json]\n\n"
		"CPU per forwarded packet, a node's whole path, between namespaces: through Keelson by XDP and by tc, "
		"and through\n"
		"nftables rules as kube-proxy lays them out, the same packets in the same rounds. 1,000 services; "
		"1,000\n"
		"established flows, then 100,000 packets each of a new flow.\n\n"
		"  --quick      three rounds of fewer packets\n"
		"  --rounds N   how many (default 9)\n"
		"  -o json      figures, goals and spreads as JSON\n",
};

int kl_bench_path(int argc, char **argv)
{
	return kl_bench_main(&cmd, 9, work, argc, argv);
}
