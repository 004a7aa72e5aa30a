/*
 * The packet path under random and broken packets: every program, by BPF_PROG_TEST_RUN, while services change. What
 * must hold of each packet, whatever it was:
 *
 *	the program ends with a verdict that it may give
 *	checksums that were right are right afterwards
 *	what is sent to somebody else goes to a living backend, or back to somebody who sent
 *	what fitted into the uplink's MTU still does
 *	a drop has a reason that was counted; what is sent is counted once
 *
 * First the corpus, then KL_FUZZ_ROUNDS packets (default 40,000), always the same ones unless KL_TEST_SEED is another number, or
 * "time", which is for looking for faults: CI asks whether what held holds still. With KL_FUZZ_SAVE
 * a folder is given the last few dozen packets, for the corpus.
 */
#include "frames.h"
#include "mem.h"
#include "packet_lib.h"
#include "podload.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The balancer's programs first, with their numbers. */
enum { POD_OUT = PROGRAM_COUNT, POD_IN, UPLINK_OUT, UPLINK_IN, ALL_PROGRAMS };
static const char *const program_names[ALL_PROGRAMS] = {
	"tc in", "tc out", "XDP", "kl_pod_out", "kl_pod_in", "kl_uplink_out", "kl_uplink_in"};

enum { MASQUERADE_MIN = 61000, SENDERS = 1 << 20, POOL = 64, MAX_REPORTS = 5 };

static uint64_t random_state;

static uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1du;
}

static uint64_t below(uint64_t bound)
{
	return random64() % bound;
}

/* --- the services, and who is alive */

struct world {
	struct bench *bench;
	struct kl_podload *load;
	int pod_prog[ALL_PROGRAMS]; /* from POD_OUT on */
	uint32_t pod_link;          /* of LOCAL_POD */
	bool alive[WHO_COUNT];      /* backends in the tables just now */
	uint8_t senders[SENDERS];   /* by a hash of the address: has it sent anything? */
	struct frame pool[POOL];    /* what came out, for answers and next packets */
	size_t pooled;
	unsigned packets, changed, sent, dropped, reports;
};

static const enum who pods[] = {LOCAL_POD, REMOTE_POD, OTHER_POD};

static void put(struct world *world, const char *key, uint8_t proto, bool v6, uint16_t node_port, uint16_t vip_port,
	const enum who *backends, size_t count, uint8_t forward)
{
	struct kl_err err = {0};
	kl_autofree char *name = kl_asprintf("fuzz/%s/%u/%d", key, proto, v6);
	struct kl_service *service = service_build(name, proto, v6, node_port, vip_port, backends, count, 8080);
	service->forward = forward;
	service->flags = KL_SERVICE_FORWARD;
	if (kl_dpsync_put(world->bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	kl_service_free(service);
}

/* Other backends for every service: those left out are dead from here on. */
static void change_services(struct world *world)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	enum who remote[2];
	size_t remotes = 0;
	world->alive[LOCAL_POD] = random64() % 4;
	world->alive[REMOTE_POD] = random64() % 4;
	world->alive[OTHER_POD] = random64() % 2;
	for (int who = REMOTE_POD; who <= OTHER_POD; who++)
		if (world->alive[who])
			remote[remotes++] = (enum who)who;
	for (int i = 0; i < 4; i++) {
		put(world, "local", protos[i / 2], i % 2, 30001, 80, pods, world->alive[LOCAL_POD], KL_FORWARDING_SNAT);
		put(world, "remote", protos[i / 2], i % 2, 30002, 81, remote, remotes, KL_FORWARDING_SNAT);
		put(world, "none", protos[i / 2], i % 2, 30003, 82, NULL, 0, KL_FORWARDING_SNAT);
		put(world, "ipip", protos[i / 2], i % 2, 30004, 83, remote, remotes, KL_FORWARDING_DSR_IPIP);
		put(world, "geneve", protos[i / 2], i % 2, 30005, 84, remote, remotes, KL_FORWARDING_DSR_GENEVE);
	}
}

/* --- packets */

static struct wire random_wire(void)
{
	static const uint16_t ports[] = {30001, 30002, 30003, 80, 81, 82, 8080, 22, 6081};
	static const uint8_t flags[] = {2, 16, 18, 17, 4, 20, 24};
	struct wire wire = {
		.src = random64() % 4 ? CLIENT : (enum who)below(WHO_COUNT),
		.dst = random64() % 4 ? (random64() & 1 ? NODE : VIP) : (enum who)below(WHO_COUNT),
		.sport = (uint16_t)(40000 + below(32)),
		.dport = random64() % 8 ? ports[below(sizeof(ports) / sizeof(ports[0]))] : (uint16_t)random64(),
		.proto = random64() & 1 ? IPPROTO_TCP : IPPROTO_UDP,
		.flags = flags[below(sizeof(flags))],
		.ttl = random64() % 16 ? 64 : (uint8_t)(1 + below(2)),
		.payload = (uint16_t)(random64() % 4 ? below(64) : below(1500 - 48)),
	};
	if (random64() % 4) /* a port that its address serves */
		wire.dport = (uint16_t)((wire.dst == VIP ? 80 : 30001) + below(5));
	wire.first_fragment = random64() % 16 == 0;
	wire.later_fragment = !wire.first_fragment && random64() % 16 == 0;
	return wire;
}

/* Mostly from another node of ours to a pod here; sometimes from a stranger, or for nobody. */
static void random_envelope(struct frame *frame, bool v6)
{
	struct kl_addr src = who_addr(random64() % 8 ? PEER : STRANGER, v6);
	struct kl_addr dst = who_addr(random64() % 8 ? LOCAL_POD : OTHER_POD, v6);
	frame_envelop(frame, src.bytes, dst.bytes, random64() & 1);
}

static void random_frame(struct frame *frame)
{
	bool v6 = random64() & 1;
	struct wire wire = random_wire();
	if (random64() % 8) {
		frame->len = frame_build(&wire, v6, frame->bytes);
		if (random64() % 8 == 0)
			random_envelope(frame, v6);
		return;
	}
	static const uint8_t types4[] = {3, 11, 12, 0, 8}, types6[] = {1, 2, 3, 4, 128};
	struct wire quoted = random_wire();
	quoted.first_fragment = quoted.later_fragment = false;
	frame->len = frame_build_icmp(
		wire.src, wire.dst, v6 ? types6[below(5)] : types4[below(5)], &quoted, v6, frame->bytes);
}

/* A new packet, one that was seen, or the answer to one; broken or not. */
static void next_frame(struct world *world, struct frame *frame)
{
	if (!world->pooled || random64() & 1) {
		random_frame(frame);
	} else {
		*frame = world->pool[below(world->pooled)];
		uint64_t what = random64() % 8;
		if (what < 4)
			frame_turn(frame);
		else if (what == 4)
			frame_complain(frame, random64);
	}
	if (random64() & 1)
		return;
	for (uint64_t i = 1 + below(3); i; i--)
		frame_mutate(frame, random64);
	if (random64() % 4)
		frame_repair_sums(frame);
}

static void keep(struct world *world, const struct frame *frame)
{
	size_t at = world->pooled < POOL ? world->pooled++ : below(POOL);
	world->pool[at] = *frame;
}

static bool is_pod(const uint8_t addr[16]);

/* The one that such a packet would meet, mostly. */
static int program_for(const struct frame *frame)
{
	struct frame_view view = frame_look(frame);
	if (random64() % 4 == 0)
		return (int)below(ALL_PROGRAMS);
	if (view.ip && is_pod(view.src)) {
		static const int from_pods[] = {
			PROGRAM_TC_OUT, PROGRAM_TC_IN, PROGRAM_XDP, POD_OUT, POD_IN, UPLINK_OUT, UPLINK_IN};
		return from_pods[below(7)];
	}
	return random64() % 8 == 0 ? UPLINK_IN : random64() & 1 ? PROGRAM_TC_IN : PROGRAM_XDP;
}

/* --- what must hold */

static bool is_who(const uint8_t addr[16], enum who who)
{
	struct kl_addr v4 = who_addr(who, false), v6 = who_addr(who, true);
	return !memcmp(addr, v4.bytes, 16) || !memcmp(addr, v6.bytes, 16);
}

static bool is_living_backend(const struct world *world, const uint8_t addr[16])
{
	for (size_t i = 0; i < KL_ARRAY_LEN(pods); i++)
		if (is_who(addr, pods[i]) && world->alive[pods[i]])
			return true;
	return false;
}

static bool is_pod(const uint8_t addr[16])
{
	for (size_t i = 0; i < KL_ARRAY_LEN(pods); i++)
		if (is_who(addr, pods[i]))
			return true;
	return false;
}

static uint32_t sender_slot(const uint8_t addr[16])
{
	uint32_t hash = 2166136261u;
	for (int i = 0; i < 16; i++)
		hash = (hash ^ addr[i]) * 16777619u;
	return (hash ^ hash >> 15) % SENDERS;
}

static bool has_sent(const struct world *world, const uint8_t addr[16])
{
	return world->senders[sender_slot(addr)];
}

static void dump(const char *what, const struct frame *frame)
{
	fprintf(stderr, "  %s, %zu bytes:", what, frame->len);
	for (size_t i = 0; i < frame->len && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 16 ? " " : "\n    ", frame->bytes[i]);
	fputc('\n', stderr);
}

struct case_run {
	struct world *world;
	int program;
	struct frame in, out;
	struct frame_view before, after;
	int verdict;
	struct kl_map_counters counted; /* by this packet */
};

static void wrong(struct case_run *run, const char *why)
{
	if (run->world->reports++ >= MAX_REPORTS)
		return;
	kl_test_failed(__FILE__, __LINE__, "packet %u, program %s, verdict %d: %s", run->world->packets,
		program_names[run->program], run->verdict, why);
	dump("in", &run->in);
	dump("out", &run->out);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static uint64_t drops(const struct kl_map_counters *c)
{
	return c->drop_no_backend + c->drop_no_nat_port + c->drop_ct_full + c->drop_no_node_addr + c->drop_ttl +
	       c->drop_rewrite + c->drop_source_range + c->drop_too_big + c->drop_envelope + c->drop_spoofed +
	       c->drop_rate;
}

static uint64_t sendings(const struct kl_map_counters *c)
{
	return c->forwarded + c->returned + c->icmp_translated + c->too_big_told + c->opened + c->shortcuts +
	       c->masqueraded;
}

static void check_counters(struct case_run *run)
{
	if (run->verdict == VERDICT_DROP && drops(&run->counted) == 0)
		wrong(run, "dropped without a reason counted");
	/* An error in answer to what was dropped goes by the drop's reason. */
	bool told = run->after.proto == IPPROTO_ICMP || run->after.proto == IPPROTO_ICMPV6;
	if (run->verdict == VERDICT_SENT && sendings(&run->counted) == 0 && !(told && drops(&run->counted)))
		wrong(run, "sent and not counted");
	if (run->counted.forwarded + run->counted.returned > 1)
		wrong(run, "one packet counted twice");
}

/* Where it goes is asked of what was translated; the stack routes the rest as if we were not there. */
static void check_destination(struct case_run *run)
{
	const struct frame_view *after = &run->after;
	/* Pods' programs send on what is not translated as well: the shorter way to where it was going. */
	bool moved = (run->verdict == VERDICT_SENT && run->program < PROGRAM_COUNT) ||
		     memcmp(run->before.dst, after->dst, 16) != 0;
	if (run->verdict == VERDICT_DROP || !run->before.ip || !after->ip || !moved)
		return;
	bool error = after->proto == IPPROTO_ICMP || after->proto == IPPROTO_ICMPV6;
	/* What comes to a masqueraded port is an answer from wherever. */
	bool masqueraded = run->before.ports && run->before.dport >= MASQUERADE_MIN;
	bool answer = error || masqueraded || is_pod(run->before.src) || run->program == UPLINK_IN;
	/* What a node of ours puts into an envelope is taken at its word where it is an ICMP error. */
	if (is_living_backend(run->world, after->dst) || (error && run->before.envelope))
		return;
	if (!answer)
		wrong(run, "sent to an address that is no living backend");
	else if (!has_sent(run->world, after->dst))
		wrong(run, "an answer to somebody who never sent anything");
}

/* A pod speaks for itself alone; a link-local address is its link's own. */
static void check_spoofing(struct case_run *run)
{
	const uint8_t *src = run->before.src;
	bool own = is_who(src, LOCAL_POD) || (run->before.v6 && src[0] == 0xfe && (src[1] & 0xc0) == 0x80);
	bool none = run->before.v6 && all_zero(src, 16);
	if (run->program == POD_OUT && run->before.ip && !own && !none && run->verdict != VERDICT_DROP)
		wrong(run, "a pod's packet from an address that is not its own");
}

/* A port that translation made the envelopes' number turns a payload into an envelope, whose inside was nobody's to keep right. */
static bool sums_still_right(const struct case_run *run)
{
	bool by_port = run->after.envelope && !run->before.envelope && run->after.ip_bytes == run->before.ip_bytes;
	return by_port ? run->after.outer_right : run->after.sums_right;
}

static void check_case(struct case_run *run)
{
	check_spoofing(run);
	if (run->verdict != VERDICT_PASS && run->verdict != VERDICT_DROP && run->verdict != VERDICT_SENT) {
		wrong(run, "a verdict that it may not give");
		return;
	}
	check_counters(run);
	if (run->verdict == VERDICT_DROP)
		return;
	bool same = run->in.len == run->out.len && !memcmp(run->in.bytes, run->out.bytes, run->in.len);
	if (same)
		return;
	if (run->before.well_formed && !run->after.well_formed)
		wrong(run, "not well-formed any more");
	else if (run->before.sums_known && run->before.sums_right && !sums_still_right(run))
		wrong(run, "a checksum is not right any more");
	if (run->before.ip_bytes <= UPLINK_MTU && run->after.ip_bytes > UPLINK_MTU)
		wrong(run, "larger than the MTU");
	check_destination(run);
}

static void subtract(struct kl_map_counters *after, const struct kl_map_counters *before)
{
	uint64_t *to = (uint64_t *)(void *)after;
	const uint64_t *from = (const uint64_t *)(const void *)before;
	for (size_t i = 0; i < sizeof(*after) / sizeof(*to); i++)
		to[i] -= from[i];
}

static int run_program(const struct world *world, int program, struct frame *frame)
{
	struct bench as = *world->bench;
	if (program < PROGRAM_COUNT)
		return bench_run(&as, (enum program)program, frame->bytes, &frame->len);
	as.prog[PROGRAM_TC_IN] = world->pod_prog[program];
	if (program == POD_OUT || program == POD_IN)
		as.ifindex = world->pod_link;
	return bench_run(&as, PROGRAM_TC_IN, frame->bytes, &frame->len);
}

static void run_frame(struct world *world, int program, const struct frame *frame)
{
	struct case_run run = {.world = world, .program = program, .in = *frame, .out = *frame};
	/* The kernel gives an skb program no frame without a whole IP header. */
	if (frame->len < (program == PROGRAM_XDP || frame->bytes[12] == 8 ? 14 + 20 : 14 + 40))
		return;
	struct kl_map_counters before = bench_counters(world->bench);
	run.before = frame_look(&run.in);
	if (run.before.ip)
		world->senders[sender_slot(run.before.src)] = 1;
	run.verdict = run_program(world, program, &run.out);
	run.after = frame_look(&run.out);
	run.counted = bench_counters(world->bench);
	subtract(&run.counted, &before);
	world->packets++;
	world->sent += run.verdict == VERDICT_SENT;
	world->dropped += run.verdict == VERDICT_DROP;
	check_case(&run);
	if (run.verdict != VERDICT_DROP && run.after.ip && memcmp(run.in.bytes, run.out.bytes, run.out.len)) {
		world->changed++;
		keep(world, &run.out);
	} else if (random64() % 16 == 0) {
		keep(world, &run.in);
	}
}

/* --- the runs */

static const char corpus[] = KL_CORPUS;

static void replay_file(struct world *world, const char *path)
{
	struct frame frame;
	FILE *file = fopen(path, "rbe");
	if (!file)
		return;
	frame.len = fread(frame.bytes, 1, 1514, file);
	fclose(file);
	for (int program = 0; program < ALL_PROGRAMS; program++)
		run_frame(world, program, &frame);
}

static void check(int failed, const struct kl_err *err)
{
	if (failed)
		kl_test_failed(__FILE__, __LINE__, "%s", kl_err_text(err));
}

/* LOCAL_POD's link, and masquerading. */
static void set_up_pods(struct world *world)
{
	static const char *const names[ALL_PROGRAMS] = {[POD_OUT] = "kl_pod_out",
		[POD_IN] = "kl_pod_in",
		[UPLINK_OUT] = "kl_uplink_out",
		[UPLINK_IN] = "kl_uplink_in"};
	struct kl_err err = {0};
	struct kl_podload_prefix inside[] = {{who_addr(VIP, false), 16}, {who_addr(VIP, true), 64}};
	struct kl_podload_net net = {.shortcuts = true,
		.masquerade = true,
		.port_min = MASQUERADE_MIN,
		.port_max = 65535,
		.own = {{who_addr(LOCAL_POD, false), 24}, {who_addr(LOCAL_POD, true), 64}},
		.own_count = 2,
		.inside = inside,
		.inside_count = 2};
	if (!if_nametoindex("p1") &&
		system("ip link add p1 type veth peer name q1 && ip link set p1 up && ip link set q1 up"))
		kl_test_skip("cannot make a veth pair");
	world->pod_link = if_nametoindex("p1");
	struct kl_podload_pod pod = {.ifname = "p1",
		.ifindex = world->pod_link,
		.ip_count = 2,
		.mac = {0, 0, 0, 0, 0, 2},
		.host_mac = {0, 0, 0, 0, 0, 1},
		.ips = {who_addr(LOCAL_POD, false), who_addr(LOCAL_POD, true)}};
	check(kl_podload_new(world->bench->maps, world->bench->dir, &world->load, &err), &err);
	for (int i = POD_OUT; i < ALL_PROGRAMS; i++) {
		kl_autofree char *path = kl_asprintf("%s/progs/%s", world->bench->dir, names[i]);
		world->pod_prog[i] = bpf_obj_get(path);
		KL_CHECK(world->pod_prog[i] >= 0);
	}
	check(kl_podload_add(world->load, &pod, &err), &err);
	check(kl_podload_net(world->load, &net, &err), &err);
}

static struct world *world_new(void)
{
	struct world *world = kl_calloc(1, sizeof(*world));
	world->bench = bench_new(0);
	set_up_pods(world);
	struct kl_node_info *peer = kl_node_info_new("there", "");
	for (int v6 = 0; v6 < 2; v6++) {
		struct kl_addr addr = who_addr(PEER, v6);
		kl_node_info_add(peer, &addr);
	}
	kl_dpsync_put_peer(world->bench->sync, peer);
	kl_node_info_free(peer);
	random_state = 88172645463325252u;
	for (size_t i = 0; i < KL_ARRAY_LEN(pods); i++)
		world->alive[pods[i]] = true;
	change_services(world);
	return world;
}

static void world_free(struct world *world)
{
	for (int i = POD_OUT; i < ALL_PROGRAMS; i++)
		close(world->pod_prog[i]);
	kl_podload_free(world->load);
	bench_free(world->bench);
	free(world);
}

KL_TEST(the_corpus_holds)
{
	struct world *world = world_new();
	DIR *dir = opendir(corpus);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		kl_autofree char *path = kl_asprintf("%s/%s", corpus, entry->d_name);
		if (entry->d_name[0] != '.')
			replay_file(world, path);
	}
	if (dir)
		closedir(dir);
	printf("corpus: %u packets through %d programs\n", world->packets, ALL_PROGRAMS);
	KL_CHECK(world->packets > 0);
	world_free(world);
}

static uint64_t seed_of_run(void)
{
	const char *given = getenv("KL_TEST_SEED");
	struct timespec now;
	if (!given)
		return 0x6b006e284e23b;
	clock_gettime(CLOCK_REALTIME, &now);
	return (strcmp(given, "time") ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 20) |
	       1;
}

static void save_pool(const struct world *world, const char *dir)
{
	for (size_t i = 0; i < world->pooled; i++) {
		kl_autofree char *path = kl_asprintf("%s/seen-%02zu", dir, i);
		FILE *file = fopen(path, "wbe");
		if (!file || fwrite(world->pool[i].bytes, 1, world->pool[i].len, file) != world->pool[i].len)
			kl_test_failed(__FILE__, __LINE__, "cannot write '%s'", path);
		if (file)
			fclose(file);
	}
}

KL_TEST(random_packets_hold)
{
	struct world *world = world_new();
	const char *rounds_text = getenv("KL_FUZZ_ROUNDS");
	long rounds = rounds_text ? atol(rounds_text) : 40000;
	uint64_t seed = seed_of_run();
	struct frame frame;
	printf("KL_TEST_SEED=%#llx KL_FUZZ_ROUNDS=%ld repeats this\n", (unsigned long long)seed, rounds);
	fflush(stdout);
	random_state = seed;
	for (long i = 0; i < rounds && world->reports < MAX_REPORTS; i++) {
		if (i % 1000 == 0)
			change_services(world);
		next_frame(world, &frame);
		if (frame.len > UPLINK_MTU + 14)
			frame.len = UPLINK_MTU + 14;
		run_frame(world, program_for(&frame), &frame);
	}
	struct kl_map_counters counters = bench_counters(world->bench);
	printf("%llu sealed, %llu opened, %llu told to be too big; ", (unsigned long long)counters.enveloped,
		(unsigned long long)counters.opened, (unsigned long long)counters.too_big_told);
	printf("%u packets: %u changed, %u sent on, %u dropped\n", world->packets, world->changed, world->sent,
		world->dropped);
	KL_CHECK(world->sent > world->packets / 100);
	if (getenv("KL_FUZZ_SAVE"))
		save_pool(world, getenv("KL_FUZZ_SAVE"));
	world_free(world);
}

KL_MAIN()
