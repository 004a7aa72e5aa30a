/*
 * The programs of the pods' links and of masquerading, packet by packet: scripts of steps, each for IPv4 and IPv6.
 *
 *	p1 LOCAL_POD, p2 OTHER_POD: pods on this node;  REMOTE_POD, VIP, PEER: inside the cluster;  STRANGER: outside
 */
#include "mem.h"
#include "packet_lib.h"
#include "podload.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { S = TCP_FLAG_SYN, A = TCP_FLAG_ACK, SA = TCP_FLAG_SYN | TCP_FLAG_ACK, FA = TCP_FLAG_FIN | TCP_FLAG_ACK };
enum { NAT = 1 /* the masquerading port of the step before stands here */, ANY = 2 };
enum hook { POD_OUT, POD_IN, UP_OUT, UP_IN, HOOKS };

static const char *const hook_names[HOOKS] = {"kl_pod_out", "kl_pod_in", "kl_uplink_out", "kl_uplink_in"};
static const uint8_t pod_mac[6] = {0, 0, 0, 0, 0, 2}, host_mac[6] = {2, 0, 0, 0, 0, 1};

/* Rows of the tables leave out what does not matter to them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct step {
	enum hook hook;
	enum who src;
	uint16_t sport;
	enum who dst;
	uint16_t dport;
	uint8_t flags;
	int verdict;
	/* what the packet is now, where it goes on */
	enum who new_src;
	uint16_t new_sport;
	enum who new_dst;
	uint16_t new_dport;
	const char *counter; /* that went up */
	uint8_t fragment;    /* 1: the first, 2: a later one */
};

struct script {
	const char *what;
	uint8_t proto;
	struct step steps[12]; /* ends at sport 0 */
};

/* VIP:80 REMOTE_POD, VIP:81 LOCAL_POD, VIP:82 OTHER_POD, VIP:83 nobody; all to port 8080. NodePorts 30080 and up alike. */
static const struct script scripts[] = {
	{"a Service on another node, and its answer", IPPROTO_TCP,
		{{POD_OUT, LOCAL_POD, 40001, VIP, 80, S, VERDICT_SENT, LOCAL_POD, 40001, REMOTE_POD, 8080,
			 "flows_inserted"},
			{POD_IN, REMOTE_POD, 8080, LOCAL_POD, 40001, SA, VERDICT_PASS, VIP, 80, LOCAL_POD, 40001,
				"returned"},
			{POD_OUT, LOCAL_POD, 40001, VIP, 80, A, VERDICT_SENT, LOCAL_POD, 40001, REMOTE_POD, 8080,
				"flows_promoted"},
			{POD_OUT, LOCAL_POD, 40001, VIP, 80, FA, VERDICT_SENT, LOCAL_POD, 40001, REMOTE_POD, 8080,
				"forwarded"},
			{POD_IN, REMOTE_POD, 8080, LOCAL_POD, 40001, FA, VERDICT_PASS, VIP, 80, LOCAL_POD, 40001,
				"returned"},
			{POD_OUT, LOCAL_POD, 40001, VIP, 80, S, VERDICT_SENT, LOCAL_POD, 40001, REMOTE_POD, 8080,
				"flows_inserted"}}},
	{"datagrams to a Service on this node", IPPROTO_UDP,
		{{POD_OUT, LOCAL_POD, 40002, VIP, 82, 0, VERDICT_SENT, LOCAL_POD, 40002, OTHER_POD, 8080, "shortcuts"},
			{POD_IN, OTHER_POD, 8080, LOCAL_POD, 40002, 0, VERDICT_PASS, VIP, 82, LOCAL_POD, 40002,
				"returned"}}},
	{"a pod that reaches itself", IPPROTO_TCP,
		{{POD_OUT, LOCAL_POD, 40003, VIP, 81, S, VERDICT_SENT, NODE, ANY, LOCAL_POD, 8080, "flows_inserted"},
			{POD_IN, NODE, NAT, LOCAL_POD, 8080, S, VERDICT_PASS, NODE, NAT, LOCAL_POD, 8080},
			{POD_OUT, LOCAL_POD, 8080, NODE, NAT, SA, VERDICT_SENT, VIP, 81, LOCAL_POD, 40003, "returned"},
			{POD_OUT, LOCAL_POD, 40003, VIP, 81, A, VERDICT_SENT, NODE, NAT, LOCAL_POD, 8080,
				"flows_promoted"}}},
	{"fragments", IPPROTO_UDP,
		{{POD_OUT, LOCAL_POD, 40004, VIP, 80, 0, VERDICT_SENT, LOCAL_POD, 40004, REMOTE_POD, 8080, "forwarded",
			 1},
			{POD_OUT, LOCAL_POD, 40004, VIP, 80, 0, VERDICT_SENT, LOCAL_POD, 40004, REMOTE_POD, 8080,
				"forwarded", 2},
			{POD_IN, REMOTE_POD, 8080, LOCAL_POD, 40004, 0, VERDICT_PASS, VIP, 80, LOCAL_POD, 40004,
				"returned", 1},
			{POD_IN, REMOTE_POD, 8080, LOCAL_POD, 40004, 0, VERDICT_PASS, VIP, 80, LOCAL_POD, 40004,
				"returned", 2}}},
	{"the node's NodePort", IPPROTO_TCP,
		{{POD_OUT, LOCAL_POD, 40005, NODE, 30080, S, VERDICT_SENT, LOCAL_POD, 40005, REMOTE_POD, 8080,
			 "forwarded"},
			{POD_IN, REMOTE_POD, 8080, LOCAL_POD, 40005, SA, VERDICT_PASS, NODE, 30080, LOCAL_POD, 40005,
				"returned"}}},
	{"pods among themselves", IPPROTO_TCP,
		{{POD_OUT, LOCAL_POD, 40006, OTHER_POD, 8080, S, VERDICT_SENT, LOCAL_POD, 40006, OTHER_POD, 8080,
			 "shortcuts"},
			{POD_OUT, LOCAL_POD, 40006, REMOTE_POD, 8080, S, VERDICT_SENT, LOCAL_POD, 40006, REMOTE_POD,
				8080, "shortcuts"},
			{UP_OUT, LOCAL_POD, 40006, REMOTE_POD, 8080, S, VERDICT_PASS, LOCAL_POD, 40006, REMOTE_POD,
				8080},
			{UP_IN, REMOTE_POD, 8080, LOCAL_POD, 40006, SA, VERDICT_SENT, REMOTE_POD, 8080, LOCAL_POD,
				40006, "shortcuts"},
			{POD_OUT, LOCAL_POD, 40006, NODE, 10250, S, VERDICT_PASS, LOCAL_POD, 40006, NODE, 10250}}},
	{"forged", IPPROTO_TCP,
		{{POD_OUT, OTHER_POD, 40007, REMOTE_POD, 80, S, VERDICT_DROP, .counter = "drop_spoofed"},
			{POD_OUT, NODE, 40007, REMOTE_POD, 80, S, VERDICT_DROP, .counter = "drop_spoofed"},
			{POD_OUT, STRANGER, 40007, VIP, 80, S, VERDICT_DROP, .counter = "drop_spoofed"}}},
	{"out of the cluster", IPPROTO_TCP,
		{{POD_OUT, LOCAL_POD, 40008, STRANGER, 443, S, VERDICT_SENT, LOCAL_POD, 40008, STRANGER, 443,
			 "shortcuts"},
			{UP_OUT, LOCAL_POD, 40008, STRANGER, 443, S, VERDICT_PASS, NODE, ANY, STRANGER, 443,
				"masqueraded"},
			{UP_IN, STRANGER, 443, NODE, NAT, SA, VERDICT_SENT, STRANGER, 443, LOCAL_POD, 40008,
				"shortcuts"},
			{UP_OUT, LOCAL_POD, 40008, STRANGER, 443, A, VERDICT_PASS, NODE, NAT, STRANGER, 443,
				"flows_promoted"},
			{UP_OUT, LOCAL_POD, 40008, STRANGER, 443, A, VERDICT_PASS, NODE, NAT, STRANGER, 443,
				"masqueraded"},
			{UP_IN, STRANGER, 443, NODE, NAT, A, VERDICT_SENT, STRANGER, 443, LOCAL_POD, 40008,
				"shortcuts"},
			{UP_IN, STRANGER, 444, NODE, NAT, A, VERDICT_PASS, STRANGER, 444, NODE, NAT}}},
	{"out of the cluster, fragments", IPPROTO_UDP,
		{{UP_OUT, LOCAL_POD, 40009, STRANGER, 53, 0, VERDICT_PASS, NODE, ANY, STRANGER, 53, "masqueraded", 1},
			{UP_OUT, LOCAL_POD, 40009, STRANGER, 53, 0, VERDICT_PASS, NODE, NAT, STRANGER, 53,
				"masqueraded", 2},
			{UP_IN, STRANGER, 53, NODE, NAT, 0, VERDICT_SENT, STRANGER, 53, LOCAL_POD, 40009, "shortcuts",
				1},
			{UP_IN, STRANGER, 53, NODE, NAT, 0, VERDICT_SENT, STRANGER, 53, LOCAL_POD, 40009, "shortcuts",
				2}}},
	{"out of the cluster, SCTP: the port stays", IPPROTO_SCTP,
		{{UP_OUT, LOCAL_POD, 40013, STRANGER, 99, 0, VERDICT_PASS, NODE, 40013, STRANGER, 99, "masqueraded"},
			{UP_IN, STRANGER, 99, NODE, 40013, 0, VERDICT_SENT, STRANGER, 99, LOCAL_POD, 40013,
				"shortcuts"}}},
	{"not masqueraded: inside, nodes, the node's own", IPPROTO_UDP,
		{{UP_OUT, LOCAL_POD, 40010, VIP, 9, 0, VERDICT_PASS, LOCAL_POD, 40010, VIP, 9},
			{UP_OUT, LOCAL_POD, 40010, NODE, 9, 0, VERDICT_PASS, LOCAL_POD, 40010, NODE, 9},
			{UP_OUT, NODE, 40010, STRANGER, 9, 0, VERDICT_PASS, NODE, 40010, STRANGER, 9},
			{UP_OUT, REMOTE_POD, 40010, STRANGER, 9, 0, VERDICT_PASS, REMOTE_POD, 40010, STRANGER, 9}}},
	{"the answer to somebody outside", IPPROTO_UDP,
		{{UP_IN, STRANGER, 40011, LOCAL_POD, 8080, 0, VERDICT_SENT, STRANGER, 40011, LOCAL_POD, 8080,
			 "shortcuts"},
			{UP_OUT, LOCAL_POD, 8080, STRANGER, 40011, 0, VERDICT_PASS, LOCAL_POD, 8080, STRANGER, 40011},
			{UP_OUT, LOCAL_POD, 8081, STRANGER, 40011, 0, VERDICT_PASS, NODE, ANY, STRANGER, 40011,
				"masqueraded"}}},
	{"the answer to somebody outside, TCP", IPPROTO_TCP,
		{{UP_IN, STRANGER, 40012, LOCAL_POD, 8080, S, VERDICT_SENT, STRANGER, 40012, LOCAL_POD, 8080,
			 "shortcuts"},
			{UP_OUT, LOCAL_POD, 8080, STRANGER, 40012, SA, VERDICT_PASS, LOCAL_POD, 8080, STRANGER, 40012},
			{UP_OUT, LOCAL_POD, 8080, STRANGER, 40012, A, VERDICT_PASS, LOCAL_POD, 8080, STRANGER, 40012}}},
};

struct world {
	struct bench *bench;
	struct kl_podload *load;
	struct kl_podload_net net;
	struct kl_podload_prefix inside[8];
	int prog[HOOKS];
	uint32_t links[2];
};

static struct kl_podload_prefix range(enum who who, bool v6, uint8_t len)
{
	return (struct kl_podload_prefix){.addr = who_addr(who, v6), .len = len};
}

static void check(int rc, const struct kl_err *err)
{
	if (!KL_CHECK_INT(rc, 0)) {
		fprintf(stderr, "%s\n", kl_err_text(err));
		exit(1);
	}
}

static struct kl_podload_pod pod_on(const struct world *world, unsigned which, enum who who)
{
	struct kl_podload_pod pod = {.ifname = which ? "p2" : "p1",
		.ifindex = world->links[which],
		.ips = {who_addr(who, false), who_addr(who, true)},
		.ip_count = 2,
		.cookie = 77 + which};
	memcpy(pod.mac, pod_mac, 6);
	memcpy(pod.host_mac, host_mac, 6);
	return pod;
}

static void set_net(struct world *world)
{
	struct kl_err err = {0};
	struct kl_podload_net *net = &world->net;
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t len = 16;
		world->inside[v6 * 2] = range(LOCAL_POD, v6, len);
		world->inside[v6 * 2 + 1] = range(VIP, v6, len);
		net->own[v6] = range(LOCAL_POD, v6, v6 ? 64 : 24);
	}
	net->uplinks[0] = world->bench->ifindex;
	net->own_count = 2;
	net->inside = world->inside;
	net->inside_count = 4;
	net->shortcuts = net->masquerade = true;
	net->port_min = 61000;
	net->port_max = 65535;
	check(kl_podload_net(world->load, net, &err), &err);
}

static void put_services(struct world *world)
{
	static const enum who backends[] = {REMOTE_POD, LOCAL_POD, OTHER_POD};
	struct kl_err err = {0};
	for (unsigned i = 0; i < 16; i++) {
		uint8_t proto = i & 1 ? IPPROTO_UDP : IPPROTO_TCP;
		bool v6 = i & 2;
		unsigned which = i / 4;
		kl_autofree char *key = kl_asprintf("t/s%u:%d", i, proto);
		struct kl_service *service = service_build(key, proto, v6, (uint16_t)(30080 + which),
			(uint16_t)(80 + which), which < 3 ? &backends[which] : NULL, which < 3, 8080);
		check(kl_dpsync_put(world->bench->sync, service, &err), &err);
		kl_service_free(service);
	}
}

static void make_world(struct world *world)
{
	struct kl_err err = {0};
	kl_autofree char *dir = kl_asprintf("/sys/fs/bpf/kl-test-%d", (int)getpid());
	*world = (struct world){.bench = bench_new(0)};
	/* bench_new made the namespace, with a way out by eth0. */
	if (!if_nametoindex("p1") &&
		system("ip link add p1 type veth peer name q1 && ip link add p2 type veth peer name q2 && "
		       "for l in p1 q1 p2 q2; do ip link set $l up; done"))
		kl_test_skip("cannot make veth pairs");
	world->links[0] = if_nametoindex("p1");
	world->links[1] = if_nametoindex("p2");
	check(kl_podload_new(world->bench->maps, dir, &world->load, &err), &err);
	for (int i = 0; i < HOOKS; i++) {
		kl_autofree char *path = kl_asprintf("%s/progs/%s", dir, hook_names[i]);
		world->prog[i] = bpf_obj_get(path);
		KL_CHECK(world->prog[i] >= 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct kl_podload_pod pod = pod_on(world, i, i ? OTHER_POD : LOCAL_POD);
		check(kl_podload_add(world->load, &pod, &err), &err);
	}
	set_net(world);
	put_services(world);
}

static void end_world(struct world *world)
{
	for (int i = 0; i < HOOKS; i++)
		close(world->prog[i]);
	kl_podload_free(world->load);
	bench_free(world->bench);
}

static int run(const struct world *world, enum hook hook, uint8_t frame[FRAME_MAX], size_t *len)
{
	struct bench as = *world->bench;
	as.prog[PROGRAM_TC_IN] = world->prog[hook];
	if (hook == POD_OUT || hook == POD_IN)
		as.ifindex = world->links[0];
	return bench_run(&as, PROGRAM_TC_IN, frame, len);
}

static uint64_t counter(const struct kl_map_counters *counters, const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} known[] = {
#define ROW(field) {#field, offsetof(struct kl_map_counters, field)}
		ROW(flows_inserted), ROW(flows_promoted), ROW(forwarded), ROW(returned), ROW(shortcuts),
		ROW(masqueraded), ROW(drop_spoofed), ROW(drop_rate), ROW(drop_no_backend), ROW(icmp_translated)};
	for (size_t i = 0; i < KL_ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, name))
			return *(const uint64_t *)(const void *)((const char *)counters + known[i].offset);
	kl_test_failed(__FILE__, __LINE__, "no counter %s in the test's table", name);
	return 0;
}

static bool check_frame(const struct step *step, bool v6, const uint8_t *frame, size_t len, uint16_t *nat)
{
	struct parsed_frame got = frame_parse(frame, len);
	struct kl_addr src = who_addr(step->new_src, v6), dst = who_addr(step->new_dst, v6);
	uint16_t sport = step->new_sport == NAT ? *nat : step->new_sport,
		 dport = step->new_dport == NAT ? *nat : step->new_dport;
	bool right =
		KL_CHECK(kl_addr_equal(&got.src, &src) && kl_addr_equal(&got.dst, &dst)) & KL_CHECK(got.sums_right);
	if (step->verdict == VERDICT_SENT)
		right &= KL_CHECK_INT(got.ttl, 63);
	if (step->fragment == 2)
		return right;
	if (step->new_sport == ANY) {
		right &= KL_CHECK(got.sport >= 61000);
		*nat = got.sport;
		sport = got.sport;
	}
	return right & KL_CHECK_INT(got.sport, sport) & KL_CHECK_INT(got.dport, dport);
}

static bool run_step(
	const struct world *world, const struct script *script, const struct step *step, bool v6, uint16_t *nat)
{
	uint8_t frame[FRAME_MAX];
	const struct wire wire = {.src = step->src,
		.dst = step->dst,
		.sport = step->sport == NAT ? *nat : step->sport,
		.dport = step->dport == NAT ? *nat : step->dport,
		.proto = script->proto,
		.flags = step->flags,
		.first_fragment = step->fragment == 1,
		.later_fragment = step->fragment == 2,
		.payload = 40};
	size_t len = frame_build(&wire, v6, frame);
	struct kl_map_counters before = bench_counters(world->bench);
	bool right = KL_CHECK_INT(run(world, step->hook, frame, &len), step->verdict);
	struct kl_map_counters after = bench_counters(world->bench);
	if (step->counter)
		right &= KL_CHECK(counter(&after, step->counter) > counter(&before, step->counter));
	return step->verdict == VERDICT_DROP ? right : right & check_frame(step, v6, frame, len, nat);
}

KL_TEST(scripts_hold)
{
	struct world world;
	make_world(&world);
	for (size_t i = 0; i < KL_ARRAY_LEN(scripts); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			uint16_t nat = 0;
			for (unsigned k = 0; scripts[i].steps[k].sport; k++)
				if (!run_step(&world, &scripts[i], &scripts[i].steps[k], v6, &nat)) {
					kl_test_failed(__FILE__, __LINE__, "%s, IPv%d, step %u", scripts[i].what,
						v6 ? 6 : 4, k + 1);
					break;
				}
		}
	end_world(&world);
}

/* An error about a masqueraded datagram finds the pod; one of the pod's about an answer leaves as the node's. */
KL_TEST(icmp_errors_follow_masqueraded_flows)
{
	struct world world;
	make_world(&world);
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t frame[FRAME_MAX];
		struct kl_addr pod = who_addr(LOCAL_POD, v6), node = who_addr(NODE, v6), out = who_addr(STRANGER, v6);
		struct wire wire = {
			.src = LOCAL_POD, .dst = STRANGER, .sport = 5000, .dport = 53, .proto = IPPROTO_UDP};
		size_t len = frame_build(&wire, v6, frame);
		KL_CHECK_INT(run(&world, UP_OUT, frame, &len), VERDICT_PASS);
		uint16_t port = frame_parse(frame, len).sport;

		struct wire sent = {.src = NODE, .dst = STRANGER, .sport = port, .dport = 53, .proto = IPPROTO_UDP};
		len = frame_build_icmp(CLIENT, NODE, v6 ? 1 : 3, &sent, v6, frame);
		KL_CHECK_INT(run(&world, UP_IN, frame, &len), VERDICT_SENT);
		struct parsed_frame got = frame_parse(frame, len);
		KL_CHECK(got.sums_right && kl_addr_equal(&got.dst, &pod) && kl_addr_equal(&got.quoted_src, &pod));
		KL_CHECK(kl_addr_equal(&got.quoted_dst, &out));
		KL_CHECK_INT(got.quoted_sport, 5000);
		KL_CHECK_INT(got.quoted_dport, 53);

		struct wire answer = {
			.src = STRANGER, .dst = LOCAL_POD, .sport = 53, .dport = 5000, .proto = IPPROTO_UDP};
		len = frame_build_icmp(LOCAL_POD, STRANGER, v6 ? 1 : 3, &answer, v6, frame);
		KL_CHECK_INT(run(&world, UP_OUT, frame, &len), VERDICT_PASS);
		got = frame_parse(frame, len);
		KL_CHECK(got.sums_right && kl_addr_equal(&got.src, &node) && kl_addr_equal(&got.quoted_dst, &node));
		KL_CHECK_INT(got.quoted_dport, port);

		/* About nothing that is known: untouched. */
		sent.sport = (uint16_t)(port ^ 1);
		len = frame_build_icmp(CLIENT, NODE, v6 ? 1 : 3, &sent, v6, frame);
		KL_CHECK_INT(run(&world, UP_IN, frame, &len), VERDICT_PASS);
		got = frame_parse(frame, len);
		KL_CHECK(got.sums_right && kl_addr_equal(&got.dst, &node));
	}
	end_world(&world);
}

/* A full range of ports: refused and counted, and flows that live are left alone. */
KL_TEST(ports_of_the_masquerade_run_out_gracefully)
{
	struct world world;
	struct kl_err err = {0};
	make_world(&world);
	world.net.port_max = 61015;
	check(kl_podload_net(world.load, &world.net, &err), &err);
	uint16_t first = 0, answered = 0;
	for (unsigned i = 0; i < 64; i++) {
		uint8_t frame[FRAME_MAX];
		struct wire wire = {.src = LOCAL_POD,
			.dst = STRANGER,
			.sport = (uint16_t)(6000 + i),
			.dport = 53,
			.proto = IPPROTO_UDP};
		size_t len = frame_build(&wire, false, frame);
		int verdict = run(&world, UP_OUT, frame, &len);
		uint16_t port = frame_parse(frame, len).sport;
		if (verdict == VERDICT_PASS) {
			KL_CHECK(port >= 61000 && port <= 61015);
			/* Answered twice: from then on nobody else gets its port. */
			struct wire back = {
				.src = STRANGER, .dst = NODE, .sport = 53, .dport = port, .proto = IPPROTO_UDP};
			len = frame_build(&back, false, frame);
			KL_CHECK_INT(run(&world, UP_IN, frame, &len), VERDICT_SENT);
			KL_CHECK_INT(frame_parse(frame, len).dport, 6000 + i);
			len = frame_build(&wire, false, frame);
			KL_CHECK_INT(run(&world, UP_OUT, frame, &len), VERDICT_PASS);
			answered++;
		} else {
			KL_CHECK_INT(verdict, VERDICT_DROP);
		}
		first = first ? first : port;
	}
	KL_CHECK(answered >= 8 && answered <= 16);
	struct kl_map_counters counters = bench_counters(world.bench);
	KL_CHECK_INT(counters.drop_no_nat_port, 64 - answered);
	uint8_t frame[FRAME_MAX];
	struct wire back = {.src = STRANGER, .dst = NODE, .sport = 53, .dport = first, .proto = IPPROTO_UDP};
	size_t len = frame_build(&back, false, frame);
	KL_CHECK_INT(run(&world, UP_IN, frame, &len), VERDICT_SENT);
	KL_CHECK_INT(frame_parse(frame, len).dport, 6000);
	end_world(&world);
}

static unsigned passed_of(const struct world *world, enum hook hook, unsigned count)
{
	unsigned passed = 0;
	for (unsigned i = 0; i < count; i++) {
		uint8_t frame[FRAME_MAX];
		const struct wire wire = {.src = hook == POD_OUT ? LOCAL_POD : REMOTE_POD,
			.dst = hook == POD_OUT ? REMOTE_POD : LOCAL_POD,
			.sport = 1,
			.dport = 1,
			.proto = IPPROTO_UDP,
			.payload = 1000};
		size_t len = frame_build(&wire, false, frame);
		passed += run(world, hook, frame, &len) != VERDICT_DROP;
	}
	return passed;
}

/* 1 Mbit/s with a burst of 131,072 bytes: about 125 packets pass at once, of 1,042 bytes each, and the rest does not. */
KL_TEST(a_policer_lets_a_burst_through_and_no_more)
{
	struct world world;
	struct kl_err err = {0};
	make_world(&world);
	struct kl_podload_pod pod = pod_on(&world, 0, LOCAL_POD);
	pod.egress_bits = pod.ingress_bits = 1000000;
	check(kl_podload_limit(world.load, &pod, &err), &err);
	for (enum hook hook = POD_OUT; hook <= POD_IN; hook++) {
		unsigned passed = passed_of(&world, hook, 400);
		if (!KL_CHECK(passed >= 60 && passed <= 180))
			fprintf(stderr, "%u of 400 passed %s\n", passed, hook_names[hook]);
	}
	struct kl_map_counters counters = bench_counters(world.bench);
	KL_CHECK(counters.drop_rate > 400);
	/* Another namespace behind the same interface begins anew; without a limit all pass. */
	pod.egress_bits = pod.ingress_bits = 0;
	check(kl_podload_limit(world.load, &pod, &err), &err);
	KL_CHECK_INT(passed_of(&world, POD_OUT, 100), 100);
	KL_CHECK_INT(passed_of(&world, POD_IN, 100), 100);
	pod.cookie = 99;
	KL_CHECK_INT(kl_podload_limit(world.load, &pod, &err) != 0, 1);
	end_world(&world);
}

/* With fq on the uplink nothing is dropped for two seconds' worth: each packet is told when to leave, one after the other. */
KL_TEST(departure_times_are_spaced_by_the_rate)
{
	struct world world;
	struct kl_err err = {0};
	make_world(&world);
	world.net.departure = true;
	check(kl_podload_net(world.load, &world.net, &err), &err);
	struct kl_podload_pod pod = pod_on(&world, 0, LOCAL_POD);
	pod.egress_bits = 8000000; /* a byte is a microsecond */
	check(kl_podload_limit(world.load, &pod, &err), &err);
	uint64_t last = 0;
	for (unsigned i = 0; i < 50; i++) {
		uint8_t frame[FRAME_MAX], out[FRAME_MAX];
		const struct wire wire = {.src = LOCAL_POD,
			.dst = STRANGER,
			.sport = 1,
			.dport = 1,
			.proto = IPPROTO_UDP,
			.payload = 1000};
		size_t len = frame_build(&wire, false, frame);
		struct __sk_buff in = {.ifindex = world.links[0]}, got = {0};
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len, .data_out = out,
			.data_size_out = sizeof(out), .ctx_in = &in, .ctx_size_in = sizeof(in), .ctx_out = &got,
			.ctx_size_out = sizeof(got), .repeat = 1);
		KL_CHECK_INT(bpf_prog_test_run_opts(world.prog[POD_OUT], &opts), 0);
		KL_CHECK_INT(opts.retval, 7);
		KL_CHECK(got.tstamp > 0);
		/* Frames count from the Ethernet header on. */
		KL_CHECK(!last || got.tstamp - last >= len * 1000);
		last = got.tstamp;
	}
	/* To a pod on this node there is no such queue: the policer. */
	for (unsigned i = 0; i < 400; i++) {
		uint8_t frame[FRAME_MAX];
		const struct wire wire = {.src = LOCAL_POD,
			.dst = OTHER_POD,
			.sport = 1,
			.dport = 1,
			.proto = IPPROTO_UDP,
			.payload = 1400};
		size_t len = frame_build(&wire, false, frame);
		run(&world, POD_OUT, frame, &len);
	}
	KL_CHECK(bench_counters(world.bench).drop_rate > 0);
	end_world(&world);
}

/* Other interfaces than the uplinks may have rules of their own. */
KL_TEST(past_the_stack_only_by_an_uplink)
{
	struct world world;
	struct kl_err err = {0};
	make_world(&world);
	for (unsigned uplink = 0; uplink < 3; uplink++) {
		static const int want[] = {VERDICT_PASS, VERDICT_SENT, VERDICT_PASS};
		uint8_t frame[FRAME_MAX];
		struct wire wire = {
			.src = LOCAL_POD, .dst = STRANGER, .sport = 1, .dport = 1, .proto = IPPROTO_TCP, .flags = S};
		memset(world.net.uplinks, 0, sizeof(world.net.uplinks));
		world.net.uplinks[0] = uplink ? 9999 : 0;
		world.net.uplinks[1] = uplink == 1 ? world.bench->ifindex : 0;
		check(kl_podload_net(world.load, &world.net, &err), &err);
		size_t len = frame_build(&wire, false, frame);
		KL_CHECK_INT(run(&world, POD_OUT, frame, &len), want[uplink]);
	}
	end_world(&world);
}

/* What the stack has to do is left to it. */
KL_TEST(the_stack_keeps_what_only_it_can_do)
{
	struct world world;
	make_world(&world);
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t frame[FRAME_MAX];
		struct wire wire = {.src = LOCAL_POD,
			.dst = OTHER_POD,
			.sport = 1,
			.dport = 1,
			.proto = IPPROTO_TCP,
			.flags = S,
			.ttl = 1};
		size_t len = frame_build(&wire, v6, frame);
		KL_CHECK_INT(run(&world, POD_OUT, frame, &len), VERDICT_PASS); /* time exceeded */
		wire.ttl = 64;
		uint32_t policy = KL_POD_POLICY, index = world.links[1];
		struct kl_map_pod facts;
		int fd = world.bench->maps->fd[KL_MAP_PODS];
		KL_CHECK_INT(bpf_map_lookup_elem(fd, &index, &facts), 0);
		facts.flags |= policy;
		KL_CHECK_INT(bpf_map_update_elem(fd, &index, &facts, BPF_ANY), 0);
		len = frame_build(&wire, v6, frame);
		KL_CHECK_INT(run(&world, POD_OUT, frame, &len), VERDICT_PASS); /* policy of the receiver */
		facts.flags &= ~policy;
		KL_CHECK_INT(bpf_map_update_elem(fd, &index, &facts, BPF_ANY), 0);
		len = frame_build(&wire, v6, frame);
		KL_CHECK_INT(run(&world, POD_OUT, frame, &len), VERDICT_SENT);
	}
	world.net.shortcuts = false;
	struct kl_err err = {0};
	check(kl_podload_net(world.load, &world.net, &err), &err);
	uint8_t frame[FRAME_MAX];
	struct wire wire = {.src = LOCAL_POD, .dst = VIP, .sport = 7, .dport = 80, .proto = IPPROTO_TCP, .flags = S};
	size_t len = frame_build(&wire, false, frame);
	KL_CHECK_INT(run(&world, POD_OUT, frame, &len), VERDICT_PASS); /* translated all the same */
	struct kl_addr backend = who_addr(REMOTE_POD, false);
	struct parsed_frame got = frame_parse(frame, len);
	KL_CHECK(kl_addr_equal(&got.dst, &backend));
	end_world(&world);
}

KL_MAIN()
