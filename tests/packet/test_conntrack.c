/*
 * The connection table under load: how many living flows are lost as it fills, and what a flood can do to those that
 * are established. Flows are made by packets through the program, as the wire would.
 */
#include "mem.h"
#include "packet_lib.h"

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

KL_MAIN()
