/*
 * keelson bench program: bringing services into the kernel, from the bytes that the agent receives (the endpoint
 * stream's frames) to the tables; beside it the same services as one nft transaction.
 */
#include "bench.h"

#include "bench_figures.h"
#include "bench_nft.h"
#include "clock.h"
#include "dpsync.h"
#include "frame.h"
#include "load.h"
#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 10000, FEW = 1000, ENDPOINTS = 10, CHANGES = 501 };

/* --- the services, as frames */

static struct kl_addr mapped(uint32_t addr)
{
	struct kl_addr ret = {.bytes = {[10] = 0xff, [11] = 0xff}};
	uint32_t wire = htonl(addr);
	memcpy(ret.bytes + 12, &wire, sizeof(wire));
	return ret;
}

static struct kl_service *service_of(unsigned n, uint8_t third_flags)
{
	kl_autofree char *key = kl_asprintf("bench/svc%u:p80", n);
	struct kl_service *service = kl_service_new(key);
	service->proto = KL_PROTO_TCP;
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontends[service->frontend_count++] = (struct kl_frontend){.addr = mapped(kl_bench_cluster_ip(n)),
		.port = 80,
		.proto = KL_PROTO_TCP,
		.type = KL_FRONTEND_CLUSTER_IP};
	service->backends = kl_calloc(ENDPOINTS, sizeof(*service->backends));
	for (unsigned i = 0; i < ENDPOINTS; i++)
		service->backends[service->backend_count++] =
			(struct kl_backend){.addr = mapped(kl_bench_endpoint_ip(n, i)),
				.port = KL_BENCH_TARGET_PORT,
				.flags = i == 3 ? third_flags : KL_BACKEND_READY | KL_BACKEND_SERVING,
				.node = kl_strdup(i % 3 ? "there" : "here")};
	kl_service_normalise(service);
	return service;
}

static int add_frame(struct kl_buf *to, unsigned n, uint8_t third_flags, struct kl_err *err)
{
	struct kl_frame frame = {.type = KL_FRAME_PUT, .epoch = 1, .seq = n, .service = service_of(n, third_flags)};
	int failed = kl_frame_encode(&frame, to, err);
	kl_service_free(frame.service);
	return failed;
}

struct tables {
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	struct kl_frame_reader *reader;
};

static int tables_new(struct kl_bench_run *run, struct tables *ret, struct kl_err *err)
{
	const struct kl_maps_sizes sizes = {.services = MANY + 100,
		.backends = MANY * ENDPOINTS + 20000,
		.frontends = MANY * 2,
		.blocks = MANY * 2 + 60000,
		.flows = 4096};
	memset(ret, 0, sizeof(*ret));
	kl_unload(run->pin_dir, NULL);
	int failed = kl_maps_open(run->pin_dir, &sizes, &ret->maps, err);
	if (!failed)
		failed = kl_dpsync_new(ret->maps, "here", &ret->sync, err);
	ret->reader = kl_frame_reader_new();
	return failed;
}

static void tables_release(struct tables *tables)
{
	kl_frame_reader_free(tables->reader);
	kl_dpsync_free(tables->sync);
	kl_maps_close(tables->maps);
}

struct apply {
	struct tables *tables;
	struct kl_err *err;
};

static int apply_frame(struct kl_frame *frame, void *arg)
{
	struct apply *apply = arg;
	return kl_dpsync_put(apply->tables->sync, frame->service, apply->err);
}

/* In pieces, as they come from a socket. */
static int receive(struct tables *tables, const struct kl_buf *bytes, struct kl_err *err)
{
	struct apply apply = {tables, err};
	for (size_t at = 0, part; at < bytes->len; at += part) {
		part = bytes->len - at < 65536 ? bytes->len - at : 65536;
		int failed = kl_frame_reader_feed(tables->reader, bytes->data + at, part, apply_frame, &apply, err);
		if (failed)
			return failed;
	}
	return 0;
}

static int timed_receive(struct tables *tables, const struct kl_buf *bytes, double *ret_ns, struct kl_err *err)
{
	int64_t start = kl_monotonic_ns();
	int failed = receive(tables, bytes, err);
	*ret_ns = (double)(kl_monotonic_ns() - start);
	return failed;
}

/* The median of one endpoint's change, over many services, to unready and back. */
static int change_median(struct tables *tables, unsigned services, double *ret_ns, struct kl_err *err)
{
	double values[CHANGES];
	for (unsigned i = 0; i < CHANGES; i++) {
		kl_autobuf frame = {0};
		int failed =
			add_frame(&frame, i / 2 * 7 % services, i % 2 ? KL_BACKEND_READY | KL_BACKEND_SERVING : 0, err);
		if (!failed)
			failed = timed_receive(tables, &frame, &values[i], err);
		if (failed)
			return failed;
	}
	for (unsigned i = 1; i < CHANGES; i++) /* insertion sort: few, and no helper for it */
		for (unsigned k = i; k && values[k] < values[k - 1]; k--) {
			double swap = values[k];
			values[k] = values[k - 1];
			values[k - 1] = swap;
		}
	*ret_ns = values[CHANGES / 2];
	return 0;
}

/* --- nft, in a namespace of its own */

static int nft_apply_timed(int netns, const struct kl_buf *rules, double *ret_ns, struct kl_err *err)
{
	if (setns(netns, CLONE_NEWNET))
		return kl_fail(err, errno, "enter a network namespace");
	int64_t start = kl_monotonic_ns();
	int failed = kl_bench_nft_apply(rules, err);
	*ret_ns = (double)(kl_monotonic_ns() - start);
	return failed;
}

/* The old namespace goes with its rules. */
static int nft_round(unsigned services, double *ret_all_ns, double *ret_change_ns, struct kl_err *err)
{
	kl_autobuf rules = {0};
	kl_autobuf change = {0};
	kl_autoclose int netns = kl_bench_netns(err);
	if (netns < 0)
		return netns;
	kl_bench_nft_ruleset(&rules, services, ENDPOINTS);
	kl_bench_nft_change(&change, services / 2, ENDPOINTS, 3, ENDPOINTS);
	int failed = nft_apply_timed(netns, &rules, ret_all_ns, err);
	return failed ? failed : nft_apply_timed(netns, &change, ret_change_ns, err);
}

/* --- rounds */

struct results {
	struct kl_samples all, all_few, change_many, change_few, nft_all, nft_change, factor;
};

static int one_size(struct kl_bench_run *run, unsigned services, const struct kl_buf *frames, struct kl_samples *all,
	struct kl_samples *change, struct kl_err *err)
{
	struct tables tables;
	double ns;
	int failed = tables_new(run, &tables, err);
	if (!failed)
		failed = timed_receive(&tables, frames, &ns, err);
	if (!failed) {
		kl_samples_add(all, ns / 1e6);
		failed = change_median(&tables, services, &ns, err);
		kl_samples_add(change, ns / 1e3);
	}
	tables_release(&tables);
	return failed;
}

static int one_round(struct kl_bench_run *run, const struct kl_buf *many, const struct kl_buf *few,
	struct results *results, struct kl_err *err)
{
	double nft_all = 0, nft_change = 0;
	int failed = one_size(run, MANY, many, &results->all, &results->change_many, err);
	if (!failed)
		failed = one_size(run, FEW, few, &results->all_few, &results->change_few, err);
	if (!failed)
		failed = nft_round(FEW, &nft_all, &nft_change, err);
	if (failed)
		return failed;
	kl_samples_add(&results->nft_all, nft_all / 1e6);
	kl_samples_add(&results->nft_change, nft_change / 1e6);
	kl_samples_add(&results->factor, nft_all / 1e6 / results->all_few.value[results->all_few.count - 1]);
	return 0;
}

static void report(struct kl_bench_run *run, const struct results *results)
{
	const struct kl_figure figures[] = {
		{.name = "10,000 services x 10 endpoints from nothing",
			.unit = "ms",
			.samples = &results->all,
			.goal = KL_GOAL_AT_MOST,
			.bound = 150},
		{.name = "1,000 services x 10 endpoints from nothing", .unit = "ms", .samples = &results->all_few},
		{.name = "  the same with nft, one transaction", .unit = "ms", .samples = &results->nft_all},
		{.name = "  nft / Keelson", .unit = "x", .samples = &results->factor},
		{.name = "one endpoint changed among 10,000 services",
			.unit = "us",
			.samples = &results->change_many,
			.goal = KL_GOAL_AT_MOST,
			.bound = 50},
		{.name = "one endpoint changed among 1,000 services", .unit = "us", .samples = &results->change_few},
		{.name = "  the same with nft, one transaction", .unit = "ms", .samples = &results->nft_change},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(figures); i++)
		kl_bench_figure(run, &figures[i]);
	kl_bench_note(run,
		"From the bytes of the endpoint stream to the kernel's tables; one endpoint changed: median of %d "
		"changes a round. nft: its process and its parser included, as kube-proxy runs it.",
		CHANGES);
}

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	kl_autobuf many = {0};
	kl_autobuf few = {0};
	struct results results = {0};
	int failed = 0;
	for (unsigned n = 0; n < MANY && !failed; n++) {
		failed = add_frame(&many, n, KL_BACKEND_READY | KL_BACKEND_SERVING, err);
		if (n < FEW && !failed)
			failed = add_frame(&few, n, KL_BACKEND_READY | KL_BACKEND_SERVING, err);
	}
	for (int round = 0; round < run->rounds && !failed; round++) {
		kl_bench_progress(run, "round %d of %d", round + 1, run->rounds);
		failed = one_round(run, &many, &few, &results, err);
	}
	if (!failed)
		report(run, &results);
	return failed;
}

static const struct kl_cmd cmd = {
	.name = "bench program",
	.help = "Usage: keelson bench program [--quick] [--rounds N] [-o json]\n\n"
		"Brings services into the kernel's tables, from the bytes the agent receives: 10,000 and 1,000 "
		"services of 10\n"
		"endpoints from nothing, then one endpoint of one of them. Beside it, in the same rounds, an nft "
		"transaction\n"
		"with the rules that kube-proxy's nftables mode has for 1,000 services. Medians of the rounds.\n\n"
		"  --quick      three rounds\n"
		"  --rounds N   how many (default 5)\n"
		"  -o json      figures, goals and spreads as JSON\n",
};

int kl_bench_program(int argc, char **argv)
{
	return kl_bench_main(&cmd, 5, work, argc, argv);
}
