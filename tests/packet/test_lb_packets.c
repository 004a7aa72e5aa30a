/*
 * The balancer, packet by packet: scripts of steps, each run for IPv4 and IPv6, in tc and in XDP. A step gives a packet and
 * says what becomes of it.
 */
#include "mem.h"
#include "packet_lib.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	S = TCP_FLAG_SYN,
	A = TCP_FLAG_ACK,
	SA = TCP_FLAG_SYN | TCP_FLAG_ACK,
	FA = TCP_FLAG_FIN | TCP_FLAG_ACK,
	R = TCP_FLAG_RST
};
enum { NAT = 1 /* the SNAT port seen in the step before stands here */, ANY = 2 };
enum { IN, OUT /* leaving by the uplink */ };
enum { TOLD = VERDICT_ODD + 1 /* sent back as an ICMP error from whom it was for */ };

/* Rows of the tables leave out what does not matter to them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct step {
	int direction;
	enum who src;
	uint16_t sport;
	enum who dst;
	uint16_t dport;
	uint8_t flags;
	int verdict;
	/* for PASS and SENT: what the packet is now */
	enum who new_src;
	uint16_t new_sport;
	enum who new_dst;
	uint16_t new_dport;
	uint8_t ttl;         /* of the packet; 0: 64 */
	const char *counter; /* that went up */
	uint8_t fragment;    /* 1: the first, 2: a later one */
};

struct script {
	const char *what;
	uint8_t proto;
	struct step steps[12]; /* ends at sport 0 */
};

/* Services: 30001 and VIP:80 one local backend; 30002 and VIP:81 one remote; 30003 none; ports to 8080. */
static const struct script scripts[] = {
	{"not ours passes untouched", IPPROTO_TCP,
		{{IN, CLIENT, 40000, NODE, 22, S, VERDICT_PASS, CLIENT, 40000, NODE, 22, 0, "passed"},
			{IN, CLIENT, 40000, STRANGER, 30001, S, VERDICT_PASS, CLIENT, 40000, STRANGER, 30001, 0,
				"passed"},
			{IN, CLIENT, 40000, NODE, 30999, S, VERDICT_PASS, CLIENT, 40000, NODE, 30999, 0, "passed"},
			{OUT, NODE, 22, CLIENT, 40000, SA, VERDICT_PASS, NODE, 22, CLIENT, 40000, 0, NULL}}},
	{"NodePort to a local pod and back", IPPROTO_TCP,
		{{IN, CLIENT, 40001, NODE, 30001, S, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0, "flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40001, SA, VERDICT_PASS, NODE, 30001, CLIENT, 40001, 0,
				"returned"},
			{IN, CLIENT, 40001, NODE, 30001, A, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"flows_promoted"},
			{IN, CLIENT, 40001, NODE, 30001, A, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"forwarded"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40001, A, VERDICT_PASS, NODE, 30001, CLIENT, 40001, 0,
				"returned"},
			{IN, CLIENT, 40001, NODE, 30001, FA, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"forwarded"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40001, FA, VERDICT_PASS, NODE, 30001, CLIENT, 40001, 0,
				"returned"},
			{IN, CLIENT, 40001, NODE, 30001, A, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"forwarded"},
			{IN, CLIENT, 40001, NODE, 30001, S, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"flows_inserted"}}},
	{"NodePort to a remote pod and back", IPPROTO_TCP,
		{{IN, CLIENT, 40002, NODE, 30002, S, VERDICT_SENT, NODE, ANY, REMOTE_POD, 8080, 0, "flows_inserted"},
			{IN, REMOTE_POD, 8080, NODE, NAT, SA, VERDICT_SENT, NODE, 30002, CLIENT, 40002, 0, "returned"},
			{IN, CLIENT, 40002, NODE, 30002, A, VERDICT_SENT, NODE, NAT, REMOTE_POD, 8080, 0,
				"flows_promoted"},
			{IN, CLIENT, 40002, NODE, 30002, A, VERDICT_SENT, NODE, NAT, REMOTE_POD, 8080, 0, "forwarded"},
			{IN, REMOTE_POD, 8080, NODE, NAT, R, VERDICT_SENT, NODE, 30002, CLIENT, 40002, 0, "returned"},
			{IN, CLIENT, 40002, NODE, 30002, S, VERDICT_SENT, NODE, ANY, REMOTE_POD, 8080, 0,
				"flows_void"}}},
	{"cluster address from outside", IPPROTO_TCP,
		{{IN, CLIENT, 40003, VIP, 80, S, VERDICT_PASS, CLIENT, 40003, LOCAL_POD, 8080, 0, "flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40003, SA, VERDICT_PASS, VIP, 80, CLIENT, 40003, 0, "returned"},
			{IN, CLIENT, 40003, VIP, 81, S, VERDICT_SENT, NODE, ANY, REMOTE_POD, 8080, 0, "flows_inserted"},
			{IN, REMOTE_POD, 8080, NODE, NAT, SA, VERDICT_SENT, VIP, 81, CLIENT, 40003, 0, "returned"}}},
	{"no endpoint", IPPROTO_TCP,
		{{IN, CLIENT, 40004, NODE, 30003, S, VERDICT_PASS, CLIENT, 40004, NODE, 30003, 0, "drop_no_backend"},
			{IN, CLIENT, 40004, VIP, 82, S, TOLD, .counter = "drop_no_backend"}}},
	{"in mid-flow a lost flow is made anew", IPPROTO_TCP,
		{{IN, CLIENT, 40005, NODE, 30001, A, VERDICT_PASS, CLIENT, 40005, LOCAL_POD, 8080, 0,
			"flows_inserted"}}},
	{"the same client port through another frontend of the same pod, the first flow over", IPPROTO_TCP,
		{{IN, CLIENT, 40010, NODE, 30001, S, VERDICT_PASS, CLIENT, 40010, LOCAL_POD, 8080, 0, "flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40010, SA, VERDICT_PASS, NODE, 30001, CLIENT, 40010, 0,
				"returned"},
			{IN, CLIENT, 40010, NODE, 30001, A, VERDICT_PASS, CLIENT, 40010, LOCAL_POD, 8080, 0,
				"flows_promoted"},
			{IN, CLIENT, 40010, NODE, 30001, FA, VERDICT_PASS, CLIENT, 40010, LOCAL_POD, 8080, 0,
				"forwarded"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40010, FA, VERDICT_PASS, NODE, 30001, CLIENT, 40010, 0,
				"returned"},
			{IN, CLIENT, 40010, VIP, 80, S, VERDICT_PASS, CLIENT, 40010, LOCAL_POD, 8080, 0,
				"flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40010, SA, VERDICT_PASS, VIP, 80, CLIENT, 40010, 0, "returned"},
			{IN, CLIENT, 40010, VIP, 80, A, VERDICT_PASS, CLIENT, 40010, LOCAL_POD, 8080, 0,
				"flows_promoted"}}},
	{"the same client port through another frontend: the first flow never answered makes room, an open one keeps "
	 "its port",
		IPPROTO_TCP,
		{{IN, CLIENT, 40011, NODE, 30001, S, VERDICT_PASS, CLIENT, 40011, LOCAL_POD, 8080, 0, "flows_inserted"},
			{IN, CLIENT, 40011, VIP, 80, S, VERDICT_PASS, CLIENT, 40011, LOCAL_POD, 8080, 0,
				"flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40011, SA, VERDICT_PASS, VIP, 80, CLIENT, 40011, 0, "returned"},
			{IN, CLIENT, 40011, VIP, 80, A, VERDICT_PASS, CLIENT, 40011, LOCAL_POD, 8080, 0,
				"flows_promoted"},
			{IN, CLIENT, 40011, NODE, 30001, S, VERDICT_PASS, CLIENT, ANY, LOCAL_POD, 8080, 0,
				"ports_moved"},
			{OUT, LOCAL_POD, 8080, CLIENT, NAT, SA, VERDICT_PASS, NODE, 30001, CLIENT, 40011, 0,
				"returned"},
			{IN, CLIENT, 40011, NODE, 30001, A, VERDICT_PASS, CLIENT, NAT, LOCAL_POD, 8080, 0,
				"flows_promoted"},
			{IN, CLIENT, 40011, VIP, 80, A, VERDICT_PASS, CLIENT, 40011, LOCAL_POD, 8080, 0, "forwarded"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40011, A, VERDICT_PASS, VIP, 80, CLIENT, 40011, 0, "returned"},
			{OUT, LOCAL_POD, 8080, CLIENT, NAT, A, VERDICT_PASS, NODE, 30001, CLIENT, 40011, 0,
				"returned"}}},
	{"TTL ends at a remote pod's detour", IPPROTO_TCP,
		{{IN, CLIENT, 40006, NODE, 30002, S, TOLD, .ttl = 1, .counter = "drop_ttl"},
			{IN, CLIENT, 40006, NODE, 30001, S, VERDICT_PASS, CLIENT, 40006, LOCAL_POD, 8080, 1,
				"forwarded"}}},
	{"a stranger to the SNAT ports passes", IPPROTO_TCP,
		{{IN, STRANGER, 443, NODE, 12000, SA, VERDICT_PASS, STRANGER, 443, NODE, 12000, 0, "passed"}}},
	{"UDP to a local pod and back", IPPROTO_UDP,
		{{IN, CLIENT, 40001, NODE, 30001, 0, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0, "flows_inserted"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40001, 0, VERDICT_PASS, NODE, 30001, CLIENT, 40001, 0,
				"returned"},
			{IN, CLIENT, 40001, NODE, 30001, 0, VERDICT_PASS, CLIENT, 40001, LOCAL_POD, 8080, 0,
				"flows_promoted"}}},
	{"UDP to a remote pod and back", IPPROTO_UDP,
		{{IN, CLIENT, 40001, NODE, 30002, 0, VERDICT_SENT, NODE, ANY, REMOTE_POD, 8080, 0, "flows_inserted"},
			{IN, REMOTE_POD, 8080, NODE, NAT, 0, VERDICT_SENT, NODE, 30002, CLIENT, 40001, 0, "returned"},
			{IN, CLIENT, 40001, NODE, 30002, 0, VERDICT_SENT, NODE, NAT, REMOTE_POD, 8080, 0,
				"flows_promoted"}}},
	{"fragments follow their first", IPPROTO_UDP,
		{{IN, CLIENT, 40003, NODE, 30001, 0, VERDICT_PASS, CLIENT, 40003, NODE, 30001, 0, "fragments_unknown",
			 2},
			{IN, CLIENT, 40003, NODE, 30001, 0, VERDICT_PASS, CLIENT, 40003, LOCAL_POD, 8080, 0,
				"flows_inserted", 1},
			{IN, CLIENT, 40003, NODE, 30001, 0, VERDICT_PASS, CLIENT, 40003, LOCAL_POD, 8080, 0,
				"forwarded", 2},
			{OUT, LOCAL_POD, 8080, CLIENT, 40003, 0, VERDICT_PASS, NODE, 30001, CLIENT, 40003, 0,
				"returned", 1},
			{OUT, LOCAL_POD, 8080, CLIENT, 40003, 0, VERDICT_PASS, NODE, 30001, CLIENT, 40003, 0,
				"returned", 2},
			{IN, CLIENT, 40003, NODE, 30002, 0, VERDICT_SENT, NODE, ANY, REMOTE_POD, 8080, 0,
				"flows_inserted", 1},
			{IN, CLIENT, 40003, NODE, 30002, 0, VERDICT_SENT, NODE, NAT, REMOTE_POD, 8080, 0, "forwarded",
				2},
			{IN, REMOTE_POD, 8080, NODE, NAT, 0, VERDICT_SENT, NODE, 30002, CLIENT, 40003, 0, "returned",
				1},
			{IN, REMOTE_POD, 8080, NODE, NAT, 0, VERDICT_SENT, NODE, 30002, CLIENT, 40003, 0, "returned",
				2}}},
	{"TCP and UDP do not meet", IPPROTO_UDP,
		{{IN, CLIENT, 40002, VIP, 82, 0, TOLD, .counter = "drop_no_backend"},
			{OUT, LOCAL_POD, 8080, CLIENT, 40009, 0, VERDICT_PASS, LOCAL_POD, 8080, CLIENT, 40009, 0,
				NULL}}},
};

static const struct {
	const char *name;
	size_t offset;
} counter_names[] = {
#define COUNTER(name)                                         \
	{                                                     \
#name, offsetof(struct kl_map_counters, name) \
	}
	COUNTER(passed),
	COUNTER(forwarded),
	COUNTER(returned),
	COUNTER(flows_inserted),
	COUNTER(flows_promoted),
	COUNTER(flows_void),
	COUNTER(drop_no_backend),
	COUNTER(drop_ttl),
	COUNTER(ports_moved),
	COUNTER(fragments_unknown),
	COUNTER(drop_no_node_addr),
};

static uint64_t counter(const struct kl_map_counters *counters, const char *name)
{
	for (size_t i = 0; name && i < KL_ARRAY_LEN(counter_names); i++)
		if (!strcmp(counter_names[i].name, name))
			return *(const uint64_t *)(const void *)((const char *)counters + counter_names[i].offset);
	return 0;
}

static uint16_t nat_port;

static bool check_port(uint16_t got, uint16_t want)
{
	if (want != ANY)
		return KL_CHECK_INT(got, want == NAT ? nat_port : want);
	nat_port = got;
	return KL_CHECK(got >= 10240 && got < 30000);
}

static bool check_packet(const struct step *step, const struct parsed_frame *got, bool v6)
{
	char src[KL_ADDR_TEXT], dst[KL_ADDR_TEXT];
	kl_addr_format(&got->src, src);
	kl_addr_format(&got->dst, dst);
	bool ok = KL_CHECK_STR(src, who_text(step->new_src, v6));
	ok &= KL_CHECK_STR(dst, who_text(step->new_dst, v6));
	if (!got->later_fragment) {
		ok &= check_port(got->sport, step->new_sport);
		ok &= check_port(got->dport, step->new_dport);
	}
	ok &= KL_CHECK(got->sums_right);
	return KL_CHECK_INT(got->ttl, (step->ttl ? step->ttl : 64) - (step->verdict == VERDICT_SENT)) && ok;
}

static bool is_who(const struct kl_addr *got, enum who want, bool v6)
{
	char text[KL_ADDR_TEXT];
	kl_addr_format(got, text);
	return KL_CHECK_STR(text, who_text(want, v6));
}

/* An ICMP error from whom the packet was for, quoting it. */
static bool check_told(const struct step *step, const struct parsed_frame *got, bool v6)
{
	bool ok = KL_CHECK(got->icmp && got->sums_right);
	ok &= is_who(&got->src, step->dst, v6) && is_who(&got->dst, step->src, v6);
	ok &= is_who(&got->quoted_src, step->src, v6) && is_who(&got->quoted_dst, step->dst, v6);
	ok &= KL_CHECK_INT(got->quoted_sport, step->sport);
	return KL_CHECK_INT(got->quoted_dport, step->dport) && ok;
}

static bool check_counter(const struct bench *bench, const struct kl_map_counters *before, const char *name)
{
	struct kl_map_counters after = bench_counters(bench);
	return !name || KL_CHECK_INT(counter(&after, name), counter(before, name) + 1);
}

static bool run_step(struct bench *bench, uint8_t proto, const struct step *step, bool v6, bool xdp)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {.src = step->src,
		.dst = step->dst,
		.sport = step->sport == NAT ? nat_port : step->sport,
		.proto = proto,
		.dport = step->dport == NAT ? nat_port : step->dport,
		.flags = step->flags,
		.ttl = step->ttl,
		.payload = step->flags & S ? 0 : 33,
		.first_fragment = step->fragment == 1,
		.later_fragment = step->fragment == 2};
	size_t len = frame_build(&wire, v6, frame);
	enum program program = step->direction == OUT ? PROGRAM_TC_OUT : xdp ? PROGRAM_XDP : PROGRAM_TC_IN;
	struct kl_map_counters before = bench_counters(bench);
	int verdict = bench_run(bench, program, frame, &len);
	bool ok = KL_CHECK_INT(verdict, step->verdict == TOLD ? VERDICT_SENT : step->verdict);
	if (ok && step->verdict == TOLD) {
		struct parsed_frame got = frame_parse(frame, len);
		ok = check_told(step, &got, v6);
	} else if (ok && verdict != VERDICT_DROP) {
		struct parsed_frame got = frame_parse(frame, len);
		ok = check_packet(step, &got, v6);
	}
	return check_counter(bench, &before, step->counter) && ok;
}

static void run_script(struct bench *bench, const struct script *script, bool v6, bool xdp)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(script->steps) && script->steps[i].sport; i++)
		if (!run_step(bench, script->proto, &script->steps[i], v6, xdp)) {
			kl_test_failed(__FILE__, __LINE__, "that was step %zu of '%s', IPv%d, %s", i + 1, script->what,
				v6 ? 6 : 4, xdp ? "XDP" : "tc");
			return;
		}
}

static void put(struct bench *bench, const char *key, uint8_t proto, bool v6, uint16_t node_port, uint16_t vip_port,
	const enum who *backends, size_t count)
{
	struct kl_err err = {0};
	kl_autofree char *name = kl_asprintf("test/%s/%u/%d", key, proto, v6);
	struct kl_service *service = service_build(name, proto, v6, node_port, vip_port, backends, count, 8080);
	if (kl_dpsync_put(bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	kl_service_free(service);
}

static void put_all(struct bench *bench)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	for (int i = 0; i < 4; i++) {
		put(bench, "local", protos[i / 2], i % 2, 30001, 80, (const enum who[]){LOCAL_POD}, 1);
		put(bench, "remote", protos[i / 2], i % 2, 30002, 81, (const enum who[]){REMOTE_POD}, 1);
		put(bench, "none", protos[i / 2], i % 2, 30003, 82, NULL, 0);
	}
}

KL_TEST(scripts)
{
	for (int mode = 0; mode < 4; mode++) {
		struct bench *bench = bench_new(0);
		put_all(bench);
		for (size_t i = 0; i < KL_ARRAY_LEN(scripts); i++)
			run_script(bench, &scripts[i], mode & 1, mode & 2);
		bench_free(bench);
	}
}

/* --- ICMP errors: set up a flow with its first packet, then somebody complains about a packet of it */

struct icmp_case {
	const char *what;
	uint16_t node_port; /* which the flow goes to */
	int direction;
	enum who src, dst;  /* of the error */
	struct wire quoted; /* ports 1: the SNAT port */
	int verdict;
	enum who new_src, new_dst, quoted_src, quoted_dst;
	uint16_t quoted_sport, quoted_dport;
};
static const struct icmp_case icmp_cases[] = {
	{"a router beyond, about what was sent to a remote backend", 30002, IN, STRANGER, NODE,
		{NODE, REMOTE_POD, NAT, 8080}, VERDICT_SENT, STRANGER, CLIENT, CLIENT, NODE, 41000, 30002},
	{"the remote backend itself", 30002, IN, REMOTE_POD, NODE, {NODE, REMOTE_POD, NAT, 8080}, VERDICT_SENT, NODE,
		CLIENT, CLIENT, NODE, 41000, 30002},
	{"a router before the client, about a remote backend's reply", 30002, IN, STRANGER, NODE,
		{NODE, CLIENT, 30002, 41000}, VERDICT_SENT, NODE, REMOTE_POD, REMOTE_POD, NODE, 8080, NAT},
	{"the client, about a local pod's reply", 30001, IN, CLIENT, NODE, {NODE, CLIENT, 30001, 41000}, VERDICT_PASS,
		CLIENT, LOCAL_POD, LOCAL_POD, CLIENT, 8080, 41000},
	{"a router before the client, about a local pod's reply", 30001, IN, STRANGER, NODE,
		{NODE, CLIENT, 30001, 41000}, VERDICT_PASS, STRANGER, LOCAL_POD, LOCAL_POD, CLIENT, 8080, 41000},
	{"the local pod", 30001, OUT, LOCAL_POD, CLIENT, {CLIENT, LOCAL_POD, 41000, 8080}, VERDICT_PASS, NODE, CLIENT,
		CLIENT, NODE, 41000, 30001},
	{"about nothing of ours", 30001, IN, STRANGER, NODE, {NODE, STRANGER, 22, 41000}, VERDICT_PASS, STRANGER, NODE,
		NODE, STRANGER, 22, 41000},
};

static uint16_t port_of(uint16_t port)
{
	return port == NAT ? nat_port : port;
}

/* Every error that there is (RFC 792, RFC 4443), by family. */
static const uint8_t icmp_types[2][4] = {{3, 11, 12, 12}, {1, 2, 3, 4}};

static bool run_icmp(struct bench *bench, const struct icmp_case *c, bool v6, uint8_t type, const uint8_t *extended)
{
	uint8_t frame[FRAME_MAX];
	struct wire first = {
		.src = CLIENT, .dst = NODE, .sport = 41000, .dport = c->node_port, .proto = IPPROTO_UDP, .payload = 9};
	struct wire quoted = c->quoted;
	size_t len = frame_build(&first, v6, frame);
	bench_run(bench, PROGRAM_TC_IN, frame, &len);
	nat_port = frame_parse(frame, len).sport;
	quoted.proto = IPPROTO_UDP;
	quoted.extended = v6 ? extended : NULL;
	quoted.sport = port_of(quoted.sport);
	quoted.dport = port_of(quoted.dport);
	uint8_t inner[FRAME_MAX];
	size_t bytes = frame_build(&quoted, v6, inner) - 14;
	len = frame_build_icmp_bytes(c->src, c->dst, type, 0, 0, inner + 14, bytes, v6, frame);
	int verdict = bench_run(bench, c->direction == OUT ? PROGRAM_TC_OUT : PROGRAM_TC_IN, frame, &len);
	struct parsed_frame got = frame_parse(frame, len);
	bool ok = KL_CHECK_INT(verdict, c->verdict);
	ok &= KL_CHECK(got.icmp && got.sums_right);
	ok &= is_who(&got.src, c->new_src, v6);
	ok &= is_who(&got.dst, c->new_dst, v6);
	ok &= is_who(&got.quoted_src, c->quoted_src, v6);
	ok &= is_who(&got.quoted_dst, c->quoted_dst, v6);
	ok &= KL_CHECK_INT(got.quoted_sport, port_of(c->quoted_sport));
	return KL_CHECK_INT(got.quoted_dport, port_of(c->quoted_dport)) && ok;
}

KL_TEST(icmp_errors_reach_whom_they_concern)
{
	static const uint8_t extended[] = {EXT_HOP, EXT_DST, EXT_END};
	struct bench *bench = bench_new(0);
	put_all(bench);
	for (size_t i = 0; i < KL_ARRAY_LEN(icmp_cases); i++)
		for (int n = 0; n < 16; n++) {
			uint8_t type = icmp_types[n & 1][n / 2 & 3];
			if (!run_icmp(bench, &icmp_cases[i], n & 1, type, n & 8 ? extended : NULL))
				kl_test_failed(__FILE__, __LINE__, "that was '%s', IPv%d, type %u", icmp_cases[i].what,
					n & 1 ? 6 : 4, type);
		}
	bench_free(bench);
}

/* --- what changes under the feet of living flows */

static enum who backend_of(struct bench *bench, uint16_t sport, uint16_t node_port, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {
		.src = CLIENT, .dst = NODE, .sport = sport, .dport = node_port, .proto = IPPROTO_TCP, .flags = flags};
	size_t len = frame_build(&wire, false, frame);
	if (bench_run(bench, PROGRAM_TC_IN, frame, &len) != VERDICT_SENT)
		return WHO_COUNT;
	struct parsed_frame got = frame_parse(frame, len);
	for (int who = 0; who < WHO_COUNT; who++) {
		struct kl_addr addr = who_addr((enum who)who, false);
		if (kl_addr_equal(&addr, &got.dst))
			return (enum who)who;
	}
	return WHO_COUNT;
}

static void put_remotes(struct bench *bench, bool first, bool second, uint8_t second_flags)
{
	enum who list[2];
	size_t count = 0;
	if (first)
		list[count++] = REMOTE_POD;
	if (second)
		list[count++] = OTHER_POD;
	struct kl_service *service = service_build("test/two:80", IPPROTO_TCP, false, 30010, 0, list, count, 8080);
	if (second)
		service->backends[count - 1].flags = second_flags;
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	kl_service_free(service);
}

enum {
	FLOWS = 200,
	READY = KL_BACKEND_READY | KL_BACKEND_SERVING,
	ENDING = KL_BACKEND_SERVING | KL_BACKEND_TERMINATING
};

KL_TEST(flows_keep_their_backend_until_it_is_gone)
{
	struct bench *bench = bench_new(0);
	enum who before[FLOWS];
	size_t others = 0;
	put_remotes(bench, true, true, READY);
	for (uint16_t i = 0; i < FLOWS; i++) {
		before[i] = backend_of(bench, (uint16_t)(42000 + i), 30010, S);
		others += before[i] == OTHER_POD;
	}
	KL_CHECK(others > FLOWS / 4 && others < FLOWS * 3 / 4);
	put_remotes(bench, true, true, ENDING); /* terminating: no new flows, the old ones stay */
	for (uint16_t i = 0; i < FLOWS; i++) {
		KL_CHECK_INT(backend_of(bench, (uint16_t)(42000 + i), 30010, A), before[i]);
		KL_CHECK_INT(backend_of(bench, (uint16_t)(43000 + i), 30010, S), REMOTE_POD);
	}
	put_remotes(bench, true, false, 0); /* gone: dead at once, whatever the table still holds */
	for (uint16_t i = 0; i < FLOWS; i++)
		KL_CHECK_INT(backend_of(bench, (uint16_t)(42000 + i), 30010, A), REMOTE_POD);
	put_remotes(bench, false, false, 0);
	KL_CHECK_INT(backend_of(bench, 42000, 30010, A), WHO_COUNT);
	bench_free(bench);
}

/* --- what a Service asks for beyond balancing */

static void put_with(struct bench *bench, uint16_t flags, uint32_t affinity_s, const enum who *backends, size_t count)
{
	struct kl_service *service = service_build("test/with:80", IPPROTO_TCP, false, 30011, 0, backends, count, 8080);
	service->flags = flags;
	service->affinity_s = affinity_s;
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	kl_service_free(service);
}

KL_TEST(session_affinity_keeps_a_clients_connections_together)
{
	static const enum who both[] = {REMOTE_POD, OTHER_POD};
	struct bench *bench = bench_new(0);
	put_with(bench, KL_SERVICE_AFFINITY, 600, both, 2);
	enum who first = backend_of(bench, 44000, 30011, S);
	for (uint16_t i = 1; i < 60; i++)
		KL_CHECK_INT(backend_of(bench, (uint16_t)(44000 + i), 30011, S), first);
	put_with(bench, KL_SERVICE_AFFINITY, 600, first == REMOTE_POD ? &both[1] : &both[0],
		1); /* it goes, the other takes over */
	for (uint16_t i = 0; i < 20; i++)
		KL_CHECK_INT(backend_of(bench, (uint16_t)(45000 + i), 30011, S),
			first == REMOTE_POD ? OTHER_POD : REMOTE_POD);
	bench_free(bench);
}

KL_TEST(external_traffic_policy_local_stays_on_the_node)
{
	static const enum who both[] = {LOCAL_POD, REMOTE_POD};
	struct bench *bench = bench_new(0);
	uint8_t frame[FRAME_MAX];
	put_with(bench, KL_SERVICE_EXTERNAL_LOCAL, 0, both, 2);
	for (uint16_t i = 0; i < 60; i++) {
		struct wire wire = {.src = CLIENT,
			.dst = NODE,
			.sport = (uint16_t)(44000 + i),
			.dport = 30011,
			.proto = IPPROTO_TCP,
			.flags = S};
		size_t len = frame_build(&wire, false, frame);
		KL_CHECK_INT(bench_run(bench, PROGRAM_TC_IN, frame, &len), VERDICT_PASS);
		struct parsed_frame got = frame_parse(frame, len);
		struct kl_addr local = who_addr(LOCAL_POD, false);
		KL_CHECK(kl_addr_equal(&got.dst, &local));
	}
	put_with(bench, KL_SERVICE_EXTERNAL_LOCAL, 0, &both[1], 1); /* no local endpoint: never another node's */
	struct kl_map_counters before = bench_counters(bench);
	KL_CHECK_INT(backend_of(bench, 46000, 30011, S), WHO_COUNT);
	KL_CHECK_INT(bench_counters(bench).drop_no_backend, before.drop_no_backend + 1);
	bench_free(bench);
}

/* --- packets racing switches of the whole set: never a mixture, never none */

struct race {
	struct bench *bench;
	atomic_bool stop;
	unsigned sent, strange;
};

static void *race_run(void *arg)
{
	struct race *race = arg;
	for (uint16_t port = 1024; !atomic_load(&race->stop); port++) {
		enum who who = backend_of(race->bench, (uint16_t)(port | 1024), 30010, S);
		race->sent++;
		race->strange += who != REMOTE_POD && who != OTHER_POD;
	}
	return NULL;
}

KL_TEST(packets_racing_switches_see_one_set_or_the_other)
{
	struct race race = {.bench = bench_new(0)};
	pthread_t thread;
	put_remotes(race.bench, true, false, 0);
	KL_CHECK(!pthread_create(&thread, NULL, race_run, &race));
	for (int i = 0; i < 20000; i++)
		put_remotes(race.bench, i % 2, !(i % 2), READY);
	atomic_store(&race.stop, true);
	pthread_join(thread, NULL);
	struct kl_map_counters counters = bench_counters(race.bench);
	printf("%u packets during 20000 switches\n", race.sent);
	KL_CHECK(race.sent > 1000);
	if (!KL_CHECK_INT(race.strange, 0))
		kl_test_failed(__FILE__, __LINE__, "no port %llu, full %llu, rewrite %llu, passed %llu, void %llu",
			counters.drop_no_nat_port, counters.drop_ct_full, counters.drop_rewrite, counters.passed,
			counters.flows_void);
	KL_CHECK_INT(counters.drop_no_backend, 0);
	bench_free(race.bench);
}

KL_MAIN()
