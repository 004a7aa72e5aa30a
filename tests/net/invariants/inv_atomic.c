/*
 * Invariant 1: a service's backends change at once. A writer with dpsync switches one service a million times between
 * two sets that share nothing, sizes and tables included, while the other CPU sends packets of new flows through the
 * program. Beside it other services take and give back blocks of slots, so that a place used too early would show.
 *
 * The writer publishes which set stands before and after each switch: a packet during whose run no switch happened must
 * get a backend of exactly that set; any other must get one of the two. Never none, never one of the neighbours'.
 *
 *	KL_SWITCHES=N	another number of switches
 */
#include "mem.h"
#include "packet_lib.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 3, SECOND = 11, OTHERS = 64, REST = 8 * OTHERS, NODE_PORT = 30010 };

static void add_backends(struct kl_service *service, uint8_t set, uint8_t count, bool ready)
{
	for (uint8_t i = 0; i < count; i++) {
		struct kl_backend *backend = &service->backends[service->backend_count++];
		*backend = (struct kl_backend){.port = 8080,
			.flags = ready ? KL_BACKEND_READY | KL_BACKEND_SERVING : 0,
			.node = kl_strdup("there")};
		kl_addr_parse("10.0.0.1", &backend->addr);
		backend->addr.bytes[13] = set;
		backend->addr.bytes[15] = (uint8_t)(i + 1);
	}
}

/*
 * Backends of the first set are 10.1.0.n, of the second 10.2.0.n, of the neighbours 10.3.0.n. keep: the other set's are
 * there as well, not ready: a place of a backend that was given up rests for 100 ms, and a million switches would have
 * to wait for places.
 */
static struct kl_service *make(const char *key, uint8_t set, bool keep, uint16_t node_port, uint8_t algorithm)
{
	struct kl_service *service = kl_service_new(key);
	service->proto = KL_PROTO_TCP;
	service->algorithm = algorithm;
	service->flags = KL_SERVICE_ALGORITHM;
	service->frontends = kl_calloc(1, sizeof(*service->frontends));
	service->frontend_count = 1;
	service->frontends[0] = (struct kl_frontend){
		.addr = kl_addr_any(true), .port = node_port, .proto = KL_PROTO_TCP, .type = KL_FRONTEND_NODE_PORT};
	service->backends = kl_calloc(FIRST + SECOND, sizeof(*service->backends));
	if (set != 2 || keep)
		add_backends(service, set == 3 ? 3 : 1, FIRST, set != 2);
	if (set == 2 || keep)
		add_backends(service, 2, SECOND, set == 2);
	kl_service_normalise(service);
	return service;
}

struct race {
	struct bench *bench;
	atomic_uint switches; /* odd while one is under way; (switches / 2) % 2: the set that stands */
	atomic_bool stop;
	_Atomic uint64_t packets;
	uint64_t exact, wrong_set, none, strange;
};

/* The set a packet of a new flow was given: 1, 2, 3; 0: dropped or passed untouched. */
static unsigned set_of_packet(const struct bench *bench, uint32_t flow)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {.src = CLIENT,
		.dst = NODE,
		.sport = (uint16_t)(1024 + flow % 60000),
		.dport = NODE_PORT,
		.proto = IPPROTO_TCP,
		.flags = TCP_FLAG_SYN};
	size_t len = frame_build(&wire, false, frame);
	frame[14 + 13] = (uint8_t)(flow / 60000); /* of the client's address */
	frame[14 + 14] = (uint8_t)(flow / 60000 >> 8);
	if (bench_run(bench, PROGRAM_TC_IN, frame, &len) == VERDICT_DROP)
		return 0;
	struct parsed_frame got = frame_parse(frame, len);
	return got.dport == 8080 ? got.dst.bytes[13] : 0;
}

static void *race_packets(void *arg)
{
	struct race *race = arg;
	for (uint32_t flow = 0; !atomic_load(&race->stop); flow++) {
		unsigned before = atomic_load(&race->switches);
		unsigned set = set_of_packet(race->bench, flow);
		unsigned after = atomic_load(&race->switches);
		race->packets++;
		race->none += set == 0;
		race->strange += set > 2;
		if (before != after || before % 2)
			continue;
		race->exact++;
		race->wrong_set += set != 1 + before / 2 % 2;
	}
	return NULL;
}

static void put(struct race *race, const struct kl_service *service)
{
	struct kl_err err = {0};
	if (kl_dpsync_put(race->bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
}

/* Now and then the writer rests until a packet has run undisturbed. */
static void rest(const struct race *race)
{
	for (uint64_t until = atomic_load(&race->packets) + 3; atomic_load(&race->packets) < until;)
		sched_yield();
}

static void switch_many(
	struct race *race, struct kl_service *const sets[2], struct kl_service *const others[2], unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		atomic_fetch_add(&race->switches, 1);
		put(race, sets[i % 2]);
		atomic_fetch_add(&race->switches, 1);
		if (i % OTHERS)
			continue;
		put(race, others[i / OTHERS % 2]);
		if (i % REST == 0)
			rest(race);
	}
}

static void run(uint8_t algorithm, bool keep, unsigned count)
{
	bench_blocks = 300000; /* places that were given up rest: with few the writer would wait for them */
	struct race race = {.bench = bench_new(0)};
	struct kl_service *sets[] = {make("inv/switched:80", 1, keep, NODE_PORT, algorithm),
		make("inv/switched:80", 2, keep, NODE_PORT, algorithm)};
	struct kl_service *others[] = {make("inv/other:80", 3, false, NODE_PORT + 1, algorithm),
		make("inv/other:80", 3, true, NODE_PORT + 1, algorithm)};
	pthread_t thread;
	put(&race, sets[0]);
	KL_CHECK(!pthread_create(&thread, NULL, race_packets, &race));
	switch_many(&race, sets, others, count);
	atomic_store(&race.stop, true);
	pthread_join(thread, NULL);
	printf("%u switches, %llu packets, of which %llu ran between two switches\n", count,
		(unsigned long long)atomic_load(&race.packets), (unsigned long long)race.exact);
	KL_CHECK(race.packets > count / 100 && race.exact > count / REST);
	KL_CHECK_INT(race.none, 0);
	KL_CHECK_INT(race.strange, 0);
	KL_CHECK_INT(race.wrong_set, 0);
	for (int i = 0; i < 2; i++) {
		kl_service_free(sets[i]);
		kl_service_free(others[i]);
	}
	bench_free(race.bench);
}

KL_TEST(invariant_1_packets_racing_a_million_switches_see_one_set_or_the_other)
{
	const char *given = getenv("KL_SWITCHES");
	run(KL_ALGORITHM_RANDOM, true, given ? (unsigned)atoi(given) : 1000000);
}

KL_TEST(invariant_1_backends_that_come_and_go_are_switched_at_once)
{
	run(KL_ALGORITHM_RANDOM, false, 20000);
}

KL_TEST(invariant_1_maglev_tables_switch_at_once_too)
{
	run(KL_ALGORITHM_MAGLEV, true, 2000);
}

KL_MAIN()
