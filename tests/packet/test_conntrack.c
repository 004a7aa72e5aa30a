/*
 * The connection table under load: how many living flows are lost as it fills, and what a flood can do to those that
 * are established. Flows are made by packets through the program, as the wire would.
 */
#include "mem.h"
#include "packet_lib.h"

#include "kl_bench_dataplane_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ENTRIES = 16384 }; /* of the main region: two a flow */

/* Clients differ in address and port: frames are patched by hand, since only the first step of a flow needs its sums.
 */
static size_t client_frame(uint32_t client, uint8_t flags, uint8_t frame[FRAME_MAX])
{
	struct wire wire = {.src = CLIENT,
		.dst = NODE,
		.sport = (uint16_t)(1024 + client % 60000),
		.dport = 30001,
		.proto = IPPROTO_TCP,
		.flags = flags};
	size_t len = frame_build(&wire, false, frame);
	frame[14 + 13] = (uint8_t)(100 + client / 60000 % 100); /* 192.x.2.9 */
	return len;
}

static size_t reply_frame(uint32_t client, uint8_t frame[FRAME_MAX])
{
	struct wire wire = {.src = LOCAL_POD,
		.dst = CLIENT,
		.sport = 8080,
		.dport = (uint16_t)(1024 + client % 60000),
		.proto = IPPROTO_TCP,
		.flags = TCP_FLAG_SYN | TCP_FLAG_ACK};
	size_t len = frame_build(&wire, false, frame);
	frame[14 + 17] = (uint8_t)(100 + client / 60000 % 100);
	return len;
}

static void packet(struct bench *bench, uint32_t client, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];
	size_t len = client_frame(client, flags, frame);
	bench_run(bench, PROGRAM_TC_IN, frame, &len);
}

static void establish(struct bench *bench, uint32_t client)
{
	uint8_t frame[FRAME_MAX];
	packet(bench, client, TCP_FLAG_SYN);
	size_t len = reply_frame(client, frame);
	bench_run(bench, PROGRAM_TC_OUT, frame, &len);
	packet(bench, client, TCP_FLAG_ACK);
}

static struct bench *table_new(void)
{
	struct bench *bench = bench_new(ENTRIES);
	struct kl_service *service =
		service_build("test/ct:80", IPPROTO_TCP, false, 30001, 0, (const enum who[]){LOCAL_POD}, 1, 8080);
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	kl_service_free(service);
	return bench;
}

/* How many of the clients' flows are not found any more, each asked with one packet. */
static uint64_t count_lost(struct bench *bench, uint32_t first, uint32_t count)
{
	uint64_t before = bench_counters(bench).flows_inserted;
	for (uint32_t i = 0; i < count; i++)
		packet(bench, first + i, TCP_FLAG_ACK);
	return bench_counters(bench).flows_inserted - before;
}

KL_TEST(no_living_flow_is_lost_while_there_is_room)
{
	static const struct {
		unsigned percent;
		bool must_keep_all;
	} loads[] = {{10, true}, {25, true}, {50, true}, {75, true}, {95, false}};
	printf("load  flows  lost  overflowed  not promoted\n");
	for (size_t i = 0; i < KL_ARRAY_LEN(loads); i++) {
		struct bench *bench = table_new();
		uint32_t flows = ENTRIES / 2 * loads[i].percent / 100;
		for (uint32_t client = 0; client < flows; client++)
			establish(bench, client);
		struct kl_map_counters counters = bench_counters(bench);
		uint64_t lost = count_lost(bench, 0, flows);
		printf("%3u%%  %5u  %4llu  %10llu  %12llu\n", loads[i].percent, flows, (unsigned long long)lost,
			(unsigned long long)counters.flows_overflowed, (unsigned long long)counters.drop_ct_full);
		if (loads[i].must_keep_all)
			KL_CHECK_INT(lost, 0);
		else
			KL_CHECK(lost * 100 < flows); /* graceful: below one in a hundred */
		bench_free(bench);
	}
}

KL_TEST(a_flood_of_half_open_flows_evicts_nobody)
{
	struct bench *bench = table_new();
	for (uint32_t client = 0; client < 1000; client++)
		establish(bench, client);
	for (uint32_t client = 0; client < 100000; client++)
		packet(bench, 100000 + client, client % 2 ? TCP_FLAG_SYN : TCP_FLAG_ACK);
	struct kl_map_counters counters = bench_counters(bench);
	KL_CHECK(counters.half_open_evicted > 50000);
	KL_CHECK_INT(count_lost(bench, 0, 1000), 0);
	bench_free(bench);
}

/* Forward and reverse entries live and die together: read from the tables themselves. */
KL_TEST(entries_come_in_pairs)
{
	struct bench *bench = table_new();
	size_t hot_len, cold_len, alone = 0, living = 0;
	for (uint32_t client = 0; client < ENTRIES * 3 / 4; client++) {
		if (client % 3)
			establish(bench, client);
		else
			packet(bench, client, TCP_FLAG_SYN);
	}
	const struct kl_map_line *hot = kl_maps_view(bench->maps, KL_MAP_CT_HOT, &hot_len, NULL);
	const struct kl_map_tuple *cold = kl_maps_view(bench->maps, KL_MAP_CT_COLD, &cold_len, NULL);
	for (uint32_t i = 0; i < bench->maps->entries[KL_MAP_CT_COLD]; i++) {
		const struct kl_map_flow *flow = &hot[i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS];
		if (flow->phase <= KL_PHASE_CLAIMED)
			continue;
		const struct kl_map_flow *peer = &hot[cold[i].peer / KL_LINE_FLOWS].flow[cold[i].peer % KL_LINE_FLOWS];
		living++;
		alone += cold[cold[i].peer].peer != i || peer->phase <= KL_PHASE_CLAIMED ||
			 peer->reverse == flow->reverse;
	}
	KL_CHECK(living > ENTRIES / 2);
	KL_CHECK_INT(alone, 0);
	munmap((void *)hot, hot_len);
	munmap((void *)cold, cold_len);
	bench_free(bench);
}

/* Silence is made up: the stamps are set back through a mapping. */
KL_TEST(the_sweep_frees_what_was_silent_both_ways_and_nothing_else)
{
	struct bench *bench = table_new();
	size_t freed = 0, lines = bench->maps->entries[KL_MAP_CT_HOT], aged = 0;
	for (uint32_t client = 0; client < 1000; client++)
		establish(bench, client);
	for (size_t i = 0; i <= lines / 1024; i++)
		freed += kl_dpsync_sweep(bench->sync);
	KL_CHECK_INT(freed, 0);
	struct kl_map_line *hot =
		mmap(NULL, lines * sizeof(*hot), PROT_READ | PROT_WRITE, MAP_SHARED, bench->maps->fd[KL_MAP_CT_HOT], 0);
	uint16_t long_ago = (uint16_t)(kl_maps_tick(bench->maps) - KL_SILENT_TICKS - 100);
	for (size_t i = 0; i < lines * KL_LINE_FLOWS; i++) {
		struct kl_map_flow *flow = &hot[i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS];
		if (flow->phase == KL_PHASE_FREE || (flow->reverse && i % 2)) /* some replies were heard lately */
			continue;
		flow->stamp = long_ago;
		aged += flow->reverse;
	}
	munmap(hot, lines * sizeof(*hot));
	for (size_t i = 0; i <= lines / 1024; i++)
		freed += kl_dpsync_sweep(bench->sync);
	KL_CHECK(aged > 100 && aged < 900);
	KL_CHECK_INT(freed, aged * 2);
	KL_CHECK_INT(count_lost(bench, 0, 1000), aged);
	bench_free(bench);
}

/* --- one-way flows (DSR): one entry, confirmed by the client alone */

static struct bench *dsr_table_new(void)
{
	struct bench *bench = bench_new(ENTRIES);
	struct kl_service *service =
		service_build("test/ct:80", IPPROTO_TCP, false, 30001, 0, (const enum who[]){REMOTE_POD}, 1, 8080);
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	kl_service_free(service);
	for (uint32_t id = 1; id < bench->maps->entries[KL_MAP_BACKENDS]; id++)
		bench->maps->backends[id].forward = KL_FORWARD_DSR_IPIP;
	return bench;
}

/* As many entries as are in each phase, half-open ones apart. */
struct census {
	uint32_t half, phase[8];
};

static struct kl_map_line *map_hot(const struct bench *bench)
{
	struct kl_map_line *hot = mmap(NULL, bench->maps->entries[KL_MAP_CT_HOT] * sizeof(*hot), PROT_READ | PROT_WRITE,
		MAP_SHARED, bench->maps->fd[KL_MAP_CT_HOT], 0);
	KL_CHECK(hot != MAP_FAILED);
	return hot;
}

static void unmap_hot(const struct bench *bench, struct kl_map_line *hot)
{
	munmap(hot, bench->maps->entries[KL_MAP_CT_HOT] * sizeof(*hot));
}

static struct census count_entries(const struct bench *bench)
{
	const struct kl_map_config *config = bench->maps->config;
	struct census ret = {0};
	struct kl_map_line *hot = map_hot(bench);
	for (uint32_t line = 0; line < bench->maps->entries[KL_MAP_CT_HOT]; line++)
		for (uint32_t i = 0; i < KL_LINE_FLOWS; i++) {
			uint32_t phase = hot[line].flow[i].phase;
			bool half = line >= config->half_first && line <= config->half_first + config->half_mask;
			ret.half += half && phase;
			ret.phase[phase] += !half;
		}
	unmap_hot(bench, hot);
	return ret;
}

/* Every stamp is set back: so many ticks pass. */
static void age(const struct bench *bench, uint16_t ticks)
{
	struct kl_map_line *hot = map_hot(bench);
	for (uint32_t i = 0; i < bench->maps->entries[KL_MAP_CT_HOT] * KL_LINE_FLOWS; i++) {
		struct kl_map_flow *flow = &hot[i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS];
		if (flow->phase != KL_PHASE_FREE)
			flow->stamp = (uint16_t)(flow->stamp - ticks);
	}
	unmap_hot(bench, hot);
}

static uint32_t live_connections(const struct bench *bench)
{
	uint32_t sum = 0;
	for (uint32_t id = 1; id < bench->maps->entries[KL_MAP_LIVE]; id++)
		sum += bench->maps->live[id].connections;
	return sum;
}

KL_TEST(a_one_way_flow_is_confirmed_by_its_client_and_open_when_heard_again)
{
	struct bench *bench = dsr_table_new();
	packet(bench, 1, TCP_FLAG_SYN);
	packet(bench, 1, TCP_FLAG_SYN); /* again: nothing new */
	KL_CHECK_INT(count_entries(bench).half, 1);
	KL_CHECK_INT(live_connections(bench), 0);
	packet(bench, 1, TCP_FLAG_ACK);
	struct census census = count_entries(bench);
	KL_CHECK_INT(census.half, 0);
	KL_CHECK_INT(census.phase[KL_PHASE_ANSWERED], 1); /* on probation */
	KL_CHECK_INT(live_connections(bench), 1);
	packet(bench, 1, TCP_FLAG_ACK);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_ANSWERED], 1); /* still the same tick */
	age(bench, 1);
	packet(bench, 1, TCP_FLAG_ACK);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_OPEN], 1);
	packet(bench, 1, TCP_FLAG_FIN | TCP_FLAG_ACK);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_FIN], 1);
	packet(bench, 1, TCP_FLAG_RST);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_CLOSED], 1);
	KL_CHECK_INT(live_connections(bench), 0);
	packet(bench, 1, TCP_FLAG_SYN); /* the same ports again */
	KL_CHECK_INT(count_entries(bench).half, 1);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_CLOSED], 0);
	bench_free(bench);
}

KL_TEST(one_way_flows_have_room_for_twice_as_many)
{
	static const unsigned loads[] = {10, 25, 50, 75, 95};
	printf("load  one-way flows  lost  overflowed  not confirmed\n");
	for (size_t i = 0; i < KL_ARRAY_LEN(loads); i++) {
		struct bench *bench = dsr_table_new();
		uint32_t flows = ENTRIES * loads[i] / 100;
		for (uint32_t client = 0; client < flows; client++) {
			packet(bench, client, TCP_FLAG_SYN);
			packet(bench, client, TCP_FLAG_ACK);
		}
		age(bench, 1);
		struct kl_map_counters counters = bench_counters(bench);
		uint64_t lost = count_lost(bench, 0, flows);
		printf("%3u%%  %13u  %4llu  %10llu  %13llu\n", loads[i], flows, (unsigned long long)lost,
			(unsigned long long)counters.flows_overflowed, (unsigned long long)counters.drop_ct_full);
		if (loads[i] <= 75)
			KL_CHECK_INT(lost, 0);
		else
			KL_CHECK(lost * 50 < flows);
		bench_free(bench);
	}
}

/* Whoever makes up a client's first two packets, ten times as many as the table holds, takes nobody's place who was heard
 * of in two ticks; nor do those that come honestly afterwards go without. */
KL_TEST(made_up_handshakes_take_no_established_flows_place)
{
	enum { HONEST = 1000, MADE_UP = ENTRIES * 10, LATE = 500 };
	struct bench *bench = dsr_table_new();
	for (uint32_t client = 0; client < HONEST; client++) {
		packet(bench, client, TCP_FLAG_SYN);
		packet(bench, client, TCP_FLAG_ACK);
	}
	age(bench, 1);
	KL_CHECK_INT(count_lost(bench, 0, HONEST), 0);
	for (uint32_t client = 0; client < MADE_UP; client++) {
		packet(bench, 100000 + client, TCP_FLAG_SYN);
		packet(bench, 100000 + client, TCP_FLAG_ACK);
	}
	KL_CHECK_INT(count_lost(bench, 0, HONEST), 0);
	KL_CHECK(bench_counters(bench).half_open_evicted > 0);
	for (uint32_t client = HONEST; client < HONEST + LATE; client++) {
		packet(bench, client, TCP_FLAG_SYN);
		packet(bench, client, TCP_FLAG_ACK);
		age(bench, 1);
		packet(bench, client, TCP_FLAG_ACK);
	}
	KL_CHECK_INT(count_lost(bench, 0, HONEST + LATE), 0);
	bench_free(bench);
}

/* --- millions */

/* SYNs of so many different clients through the XDP program, made in the kernel. */
static void flood(struct bench *bench, uint32_t count)
{
	enum { MODE_NEW = 3 }; /* bpf/bench_dataplane.bpf.c */
	struct kl_bench_dataplane_bpf *programs = kl_bench_dataplane_bpf__open();
	uint8_t frame[128] = {0};
	struct xdp_md ctx = {.data_end = sizeof(frame), .ingress_ifindex = bench->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .ctx_in = &ctx,
		.ctx_size_in = sizeof(ctx), .repeat = (int)count);
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(programs->obj, kl_maps_name((enum kl_map_id)id));
		if (map)
			bpf_map__reuse_fd(map, bench->maps->fd[id]);
	}
	KL_CHECK_INT(kl_bench_dataplane_bpf__load(programs), 0);
	programs->bss->mode = MODE_NEW;
	programs->bss->dport = 30001;
	programs->bss->first_new = 0x100000;
	KL_CHECK_INT(bpf_prog_test_run_opts(bpf_program__fd(programs->progs.kl_bench_lb), &opts), 0);
	kl_bench_dataplane_bpf__destroy(programs);
}

KL_TEST(a_flood_of_three_million_syns_evicts_nobody)
{
	enum { MILLIONS = 3000000, ESTABLISHED = 2000 };
	static const struct {
		const char *what;
		struct bench *(*make)(void);
	} tables[] = {{"NAT", table_new}, {"DSR", dsr_table_new}};
	for (size_t i = 0; i < KL_ARRAY_LEN(tables); i++) {
		struct bench *bench = tables[i].make();
		for (uint32_t client = 0; client < ESTABLISHED; client++)
			if (tables[i].make == table_new)
				establish(bench, client);
			else
				packet(bench, client, TCP_FLAG_SYN), packet(bench, client, TCP_FLAG_ACK);
		age(bench, 1);
		count_lost(bench, 0, ESTABLISHED);
		uint64_t before = bench_counters(bench).flows_inserted;
		flood(bench, MILLIONS);
		struct kl_map_counters counters = bench_counters(bench);
		uint64_t lost = count_lost(bench, 0, ESTABLISHED);
		printf("%s: %llu flows made by the flood, %llu of them evicted by others, %llu of %d established lost\n",
			tables[i].what, (unsigned long long)(counters.flows_inserted - before),
			(unsigned long long)counters.half_open_evicted, (unsigned long long)lost, ESTABLISHED);
		KL_CHECK_INT(counters.flows_inserted - before, MILLIONS);
		KL_CHECK(counters.half_open_evicted > MILLIONS / 2);
		KL_CHECK_INT(lost, 0);
		bench_free(bench);
	}
}

/* The counts follow what is there, through everything that can end a flow. */
KL_TEST(open_connections_are_counted)
{
	enum { FLOWS = 500 };
	struct bench *bench = table_new();
	for (uint32_t client = 0; client < FLOWS; client++)
		establish(bench, client);
	KL_CHECK_INT(live_connections(bench), FLOWS);
	for (uint32_t client = 0; client < 100; client++)
		packet(bench, client, TCP_FLAG_RST);
	KL_CHECK_INT(live_connections(bench), FLOWS - 100);
	for (uint32_t client = 100; client < 200; client++) { /* both sides close */
		uint8_t frame[FRAME_MAX];
		packet(bench, client, TCP_FLAG_FIN | TCP_FLAG_ACK);
		size_t len = reply_frame(client, frame);
		frame[14 + 20 + 13] = TCP_FLAG_FIN | TCP_FLAG_ACK;
		bench_run(bench, PROGRAM_TC_OUT, frame, &len);
	}
	KL_CHECK_INT(live_connections(bench), FLOWS - 200);
	for (int i = 0; i < 8; i++)
		kl_dpsync_sweep(bench->sync);
	KL_CHECK_INT(kl_dpsync_flow_load(bench->sync), FLOWS * 2 * 100 / ENTRIES);
	age(bench, KL_SILENT_TICKS + 100);
	for (int i = 0; i < 8; i++)
		kl_dpsync_sweep(bench->sync);
	KL_CHECK_INT(live_connections(bench), 0);
	KL_CHECK_INT(count_entries(bench).phase[KL_PHASE_OPEN], 0);
	bench_free(bench);
}

KL_MAIN()
