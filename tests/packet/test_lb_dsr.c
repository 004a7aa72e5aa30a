/*
 * Direct server return, packet by packet: what goes into an envelope, what comes out of one, what does not fit, and the
 * errors on the way. Every row for IPv4 and IPv6, IP in IP and Geneve, tc and XDP.
 */
#include "mem.h"
#include "packet_lib.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S = TCP_FLAG_SYN, A = TCP_FLAG_ACK, SA = TCP_FLAG_SYN | TCP_FLAG_ACK, FA = TCP_FLAG_FIN | TCP_FLAG_ACK };

/* Rows of the tables leave out what does not matter to them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* One way of doing it: each test goes through all. */
struct way {
	bool v6, geneve;
	enum program program;
};
enum { WAYS = 8, MTU = 1500, NODE_PORT = 30020, LOCAL_PORT = 30021, BOTH_PORT = 30022, VIP_PORT = 90 };

static struct way way_of(int i)
{
	return (struct way){.v6 = i & 1, .geneve = i & 2, .program = i & 4 ? PROGRAM_XDP : PROGRAM_TC_IN};
}

static size_t around(const struct way *way)
{
	return (way->v6 ? 40 : 20) + (way->geneve ? 16 : 0);
}

static struct outer envelope(const struct way *way, enum who src, enum who dst)
{
	return (struct outer){.src = src, .dst = dst, .geneve = way->geneve};
}

static bool is_who(const struct kl_addr *got, enum who want, bool v6)
{
	char text[KL_ADDR_TEXT];
	kl_addr_format(got, text);
	return KL_CHECK_STR(text, who_text(want, v6));
}

static void put_dsr(struct bench *bench, const struct way *way, const char *name, uint8_t proto, uint16_t node_port,
	const enum who *backends, size_t count)
{
	kl_autofree char *key = kl_asprintf("dsr/%s/%u/%d", name, proto, way->v6);
	struct kl_service *service =
		service_build(key, proto, way->v6, node_port, (uint16_t)(node_port - NODE_PORT + VIP_PORT), backends,
			count, proto == IPPROTO_SCTP ? node_port : 8080);
	service->forward = way->geneve ? KL_FORWARDING_DSR_GENEVE : KL_FORWARDING_DSR_IPIP;
	service->flags |= KL_SERVICE_FORWARD;
	struct kl_err err = {0};
	if (kl_dpsync_put(bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	kl_service_free(service);
}

static void put_peer(struct bench *bench)
{
	struct kl_addr addrs[] = {who_addr(PEER, false), who_addr(PEER, true)};
	struct kl_node_info peer = {.name = "there", .addrs = addrs, .addr_count = 2};
	kl_dpsync_put_peer(bench->sync, &peer);
}

static struct bench *bench_dsr(const struct way *way)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	struct bench *bench = bench_new(0);
	bench->maps->config->mtu = MTU;
	put_peer(bench);
	for (int i = 0; i < 2; i++) {
		put_dsr(bench, way, "remote", protos[i], NODE_PORT, (const enum who[]){REMOTE_POD}, 1);
		put_dsr(bench, way, "local", protos[i], LOCAL_PORT, (const enum who[]){LOCAL_POD}, 1);
		put_dsr(bench, way, "both", protos[i], BOTH_PORT, (const enum who[]){LOCAL_POD, REMOTE_POD}, 2);
	}
	return bench;
}

/* --- into an envelope */

static const struct seal_row {
	const char *what;
	struct wire wire;
	uint16_t mss; /* that is left of the option */
	uint8_t ttl;  /* inside */
} seal_rows[] = {
	{"SYN", {CLIENT, NODE, 40000, NODE_PORT, IPPROTO_TCP, S}, 0, 63},
	{"data", {CLIENT, NODE, 40000, NODE_PORT, IPPROTO_TCP, A, .payload = 700}, 0, 63},
	{"last packet", {CLIENT, NODE, 40000, NODE_PORT, IPPROTO_TCP, FA}, 0, 63},
	{"mid-flow of a flow nobody knows", {CLIENT, NODE, 40001, NODE_PORT, IPPROTO_TCP, A, .payload = 9}, 0, 63},
	{"TTL, and type of service", {CLIENT, NODE, 40002, NODE_PORT, IPPROTO_UDP, .ttl = 9, .tos = 0xba, .payload = 9},
		0, 8},
	{"UDP at a cluster address", {CLIENT, VIP, 40003, VIP_PORT, IPPROTO_UDP, .payload = 40}, 0, 63},
	{"first fragment", {CLIENT, NODE, 40004, NODE_PORT, IPPROTO_UDP, .first_fragment = true, .payload = 96}, 0, 63},
	{"later fragment", {CLIENT, NODE, 40004, NODE_PORT, IPPROTO_UDP, .later_fragment = true, .payload = 96}, 0, 63},
	{"MSS that fits", {CLIENT, NODE, 40005, NODE_PORT, IPPROTO_TCP, S, .mss = 1000}, 1000, 63},
	{"MSS too big", {CLIENT, NODE, 40006, NODE_PORT, IPPROTO_TCP, S, .mss = 1460}, 1, 63},
	{"MSS at an odd place", {CLIENT, NODE, 40007, NODE_PORT, IPPROTO_TCP, S, .mss = 8960, .nops = 1}, 1, 63},
	{"MSS behind two", {CLIENT, NODE, 40008, NODE_PORT, IPPROTO_TCP, S, .mss = 65495, .nops = 2}, 1, 63},
	{"exactly what fits", {CLIENT, NODE, 40009, NODE_PORT, IPPROTO_UDP, .payload = 0xffff}, 0, 63},
};

static uint16_t clamped(const struct way *way)
{
	return (uint16_t)(MTU - around(way) - (way->v6 ? 60 : 40));
}

static bool check_outer(const struct way *way, const struct parsed_outer *got, enum who src, enum who dst)
{
	bool ok = KL_CHECK(got->enveloped) && KL_CHECK_INT(got->geneve, way->geneve);
	ok = ok && is_who(&got->src, src, way->v6) && is_who(&got->dst, dst, way->v6);
	return ok && KL_CHECK_INT(got->ttl, 64) && KL_CHECK(got->whole) && KL_CHECK(got->sum_right) &&
	       KL_CHECK(got->length_right) && (!way->geneve || KL_CHECK_INT(got->dport, 6081));
}

static bool seal(struct bench *bench, const struct way *way, const struct seal_row *row)
{
	uint8_t frame[FRAME_MAX], before[FRAME_MAX];
	struct wire wire = row->wire;
	if (wire.payload == 0xffff)
		wire.payload = (uint16_t)(MTU - around(way) - (way->v6 ? 48 : 28));
	size_t len = frame_build(&wire, way->v6, frame), was = len;
	memcpy(before, frame, len);
	if (!KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT))
		return false;
	struct parsed_outer outer = frame_unwrap(frame, &len);
	struct parsed_frame got = frame_parse(frame, len), sent = frame_parse(before, was);
	bool ok = check_outer(way, &outer, NODE, REMOTE_POD) && KL_CHECK_INT(outer.tos, wire.tos);
	ok = ok && KL_CHECK_INT(len, was) && KL_CHECK(got.sums_right) && KL_CHECK_INT(got.ttl, row->ttl);
	ok = ok && KL_CHECK(kl_addr_equal(&got.src, &sent.src) && kl_addr_equal(&got.dst, &sent.dst));
	ok = ok && KL_CHECK_INT(got.mss, row->mss == 1 ? clamped(way) : row->mss);
	size_t header = (size_t)(14 + (way->v6 ? 40 : 20) + (wire.proto == IPPROTO_TCP ? 32 : 8));
	return ok && (len <= header || KL_CHECK(!memcmp(frame + header, before + header, len - header)));
}

static bool seal_all(struct bench *bench, const struct way *way)
{
	bool ok = true;
	struct kl_map_counters before = bench_counters(bench);
	for (size_t i = 0; i < KL_ARRAY_LEN(seal_rows); i++)
		if (!seal(bench, way, &seal_rows[i])) {
			kl_test_failed(__FILE__, __LINE__, "that was '%s'", seal_rows[i].what);
			ok = false;
		}
	struct kl_map_counters counters = bench_counters(bench);
	return KL_CHECK_INT(counters.enveloped, before.enveloped + KL_ARRAY_LEN(seal_rows)) &&
	       KL_CHECK_INT(counters.drop_rewrite, before.drop_rewrite) && ok;
}

/* A flow has one source port of Geneve, flows have many: routers spread them by it. */
static bool spread(struct bench *bench, const struct way *way)
{
	uint16_t seen[64];
	size_t different = 0;
	for (uint16_t i = 0; i < 64; i++) {
		uint8_t frame[FRAME_MAX];
		struct wire wire = {CLIENT, NODE, (uint16_t)(42000 + i / 2), NODE_PORT, IPPROTO_UDP, .payload = 9};
		size_t len = frame_build(&wire, way->v6, frame);
		bench_run(bench, way->program, frame, &len);
		seen[i] = frame_unwrap(frame, &len).sport;
		if (i % 2)
			KL_CHECK_INT(seen[i], seen[i - 1]);
		different += i && seen[i] != seen[i - 1];
	}
	return !way->geneve || KL_CHECK(different > 28);
}

/* A client that is the backend itself would get a packet from its own address. */
static bool own_backend(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {REMOTE_POD, NODE, 40000, NODE_PORT, IPPROTO_TCP, S};
	size_t len = frame_build(&wire, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT);
	struct parsed_frame got = frame_parse(frame, len);
	return ok && KL_CHECK(got.proto == IPPROTO_TCP) && is_who(&got.src, NODE, way->v6) &&
	       is_who(&got.dst, REMOTE_POD, way->v6) && KL_CHECK(got.sums_right);
}

/* --- out of an envelope */

enum { PASSED_AS_IS = 100 };

static const struct open_row {
	const char *what;
	enum who from, to; /* of the envelope */
	struct wire inside;
	uint32_t vni;
	uint8_t tos;
	int verdict; /* PASS: translated to the local pod */
	uint8_t tos_left;
} open_rows[] = {
	{"to the node of the balancer", PEER, LOCAL_POD, {CLIENT, PEER, 41000, LOCAL_PORT, IPPROTO_TCP, S},
		.verdict = VERDICT_PASS},
	{"its next packet", PEER, LOCAL_POD, {CLIENT, PEER, 41000, LOCAL_PORT, IPPROTO_TCP, A, .payload = 700},
		.verdict = VERDICT_PASS},
	{"to an address of the cluster", PEER, LOCAL_POD,
		{CLIENT, VIP, 41001, VIP_PORT + 1, IPPROTO_UDP, .payload = 30}, .verdict = VERDICT_PASS},
	{"congestion on the way", PEER, LOCAL_POD,
		{CLIENT, VIP, 41002, VIP_PORT + 1, IPPROTO_UDP, .tos = 0xb9, .payload = 30}, .tos = 0xbb,
		.verdict = VERDICT_PASS, .tos_left = 0xbb},
	{"congestion that nobody would hear of", PEER, LOCAL_POD,
		{CLIENT, VIP, 41003, VIP_PORT + 1, IPPROTO_UDP, .payload = 30}, .tos = 3, .verdict = VERDICT_DROP},
	{"first fragment", PEER, LOCAL_POD,
		{CLIENT, VIP, 41004, VIP_PORT + 1, IPPROTO_UDP, .first_fragment = true, .payload = 96},
		.verdict = VERDICT_PASS},
	{"later fragment", PEER, LOCAL_POD,
		{CLIENT, VIP, 41004, VIP_PORT + 1, IPPROTO_UDP, .later_fragment = true, .payload = 96},
		.verdict = VERDICT_PASS},
	{"of two, the one the balancer chose", PEER, LOCAL_POD, {CLIENT, PEER, 41005, BOTH_PORT, IPPROTO_TCP, S},
		.verdict = VERDICT_PASS},
	{"from a stranger", STRANGER, LOCAL_POD, {CLIENT, PEER, 41006, LOCAL_PORT, IPPROTO_TCP, S},
		.verdict = PASSED_AS_IS},
	{"from a client", CLIENT, LOCAL_POD, {STRANGER, PEER, 41006, LOCAL_PORT, IPPROTO_TCP, S},
		.verdict = PASSED_AS_IS},
	{"for no Service", PEER, LOCAL_POD, {CLIENT, PEER, 41007, 22, IPPROTO_TCP, S}, .verdict = PASSED_AS_IS},
	{"for nobody's NodePort", PEER, LOCAL_POD, {CLIENT, STRANGER, 41007, LOCAL_PORT, IPPROTO_TCP, S},
		.verdict = PASSED_AS_IS},
	{"for a backend that is not here", PEER, REMOTE_POD, {CLIENT, PEER, 41008, LOCAL_PORT, IPPROTO_TCP, S},
		.verdict = VERDICT_DROP},
	{"another network's", PEER, LOCAL_POD, {CLIENT, PEER, 41009, LOCAL_PORT, IPPROTO_TCP, S}, .vni = 7,
		.verdict = PASSED_AS_IS},
};

static bool check_opened(const struct open_row *row, const uint8_t *frame, size_t len, bool v6)
{
	struct parsed_frame got = frame_parse(frame, len);
	bool ok = KL_CHECK(got.sums_right) && is_who(&got.src, row->inside.src, v6) && is_who(&got.dst, LOCAL_POD, v6);
	ok = ok &&
	     (got.later_fragment || (KL_CHECK_INT(got.sport, row->inside.sport) && KL_CHECK_INT(got.dport, 8080)));
	return ok && KL_CHECK_INT(got.ttl, 64) && KL_CHECK_INT(got.tos, row->tos_left);
}

static bool open_one(struct bench *bench, const struct way *way, const struct open_row *row)
{
	uint8_t frame[FRAME_MAX], before[FRAME_MAX];
	struct outer outer = {row->from, row->to, way->geneve, row->tos, row->vni};
	size_t plain = frame_build(&row->inside, way->v6, frame), len = frame_wrap(frame, plain, &outer, way->v6),
	       was = len;
	struct kl_map_counters counters = bench_counters(bench);
	int want = row->verdict == PASSED_AS_IS ? VERDICT_PASS : row->verdict;
	if (row->vni && !way->geneve)
		return true;
	memcpy(before, frame, len);
	if (!KL_CHECK_INT(bench_run(bench, way->program, frame, &len), want))
		return false;
	struct kl_map_counters after = bench_counters(bench);
	if (row->verdict == PASSED_AS_IS)
		return KL_CHECK_INT(len, was) && KL_CHECK(!memcmp(frame, before, len)) &&
		       KL_CHECK_INT(after.passed, counters.passed + 1);
	if (row->verdict == VERDICT_DROP)
		return KL_CHECK_INT(after.drop_envelope, counters.drop_envelope + 1);
	return KL_CHECK_INT(len, plain) && KL_CHECK_INT(after.opened, counters.opened + 1) &&
	       check_opened(row, frame, len, way->v6);
}

static bool open_all(struct bench *bench, const struct way *way)
{
	bool ok = true;
	for (size_t i = 0; i < KL_ARRAY_LEN(open_rows); i++)
		if (!open_one(bench, way, &open_rows[i])) {
			kl_test_failed(__FILE__, __LINE__, "that was '%s'", open_rows[i].what);
			ok = false;
		}
	return ok;
}

/* A packet of the client's in an envelope from the other node; the verdict, and what came of it. */
static int arrive(
	struct bench *bench, const struct way *way, const struct wire *inside, enum who to, struct parsed_frame *ret)
{
	uint8_t frame[FRAME_MAX];
	struct outer outer = envelope(way, PEER, to);
	size_t len = frame_wrap(frame, frame_build(inside, way->v6, frame), &outer, way->v6);
	int verdict = bench_run(bench, way->program, frame, &len);
	*ret = frame_parse(frame, len);
	return verdict;
}

static struct parsed_frame leave(struct bench *bench, const struct way *way, const struct wire *wire)
{
	uint8_t frame[FRAME_MAX];
	size_t len = frame_build(wire, way->v6, frame);
	KL_CHECK_INT(bench_run(bench, PROGRAM_TC_OUT, frame, &len), VERDICT_PASS);
	return frame_parse(frame, len);
}

/* The answer leaves by this node under the balancer's address, its MSS made to fit the envelopes of what it will get. */
static bool answer(struct bench *bench, const struct way *way)
{
	static const struct wire syn = {CLIENT, PEER, 41100, LOCAL_PORT, IPPROTO_TCP, S, .mss = 1460};
	static const struct wire syn_ack = {LOCAL_POD, CLIENT, 8080, 41100, IPPROTO_TCP, SA, .mss = 1460};
	static const struct wire data = {LOCAL_POD, CLIENT, 8080, 41100, IPPROTO_TCP, A, .payload = 1000};
	struct parsed_frame got;
	bool ok = KL_CHECK_INT(arrive(bench, way, &syn, LOCAL_POD, &got), VERDICT_PASS);
	ok = ok && KL_CHECK_INT(got.mss, 1460);
	got = leave(bench, way, &syn_ack);
	ok = ok && is_who(&got.src, PEER, way->v6) && is_who(&got.dst, CLIENT, way->v6) && KL_CHECK(got.sums_right);
	ok = ok && KL_CHECK_INT(got.sport, LOCAL_PORT) && KL_CHECK_INT(got.dport, 41100) &&
	     KL_CHECK_INT(got.mss, clamped(way));
	got = leave(bench, way, &data);
	return ok && KL_CHECK_INT(got.sport, LOCAL_PORT) && KL_CHECK(got.sums_right);
}

/* Only where there are envelopes: a handshake with a local backend keeps its MSS both ways. */
static bool no_envelope(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire syn = {CLIENT, NODE, 41101, LOCAL_PORT, IPPROTO_TCP, S, .mss = 8960};
	struct wire syn_ack = {LOCAL_POD, CLIENT, 8080, 41101, IPPROTO_TCP, SA, .mss = 8960};
	size_t len = frame_build(&syn, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_PASS);
	struct parsed_frame got = frame_parse(frame, len), back = leave(bench, way, &syn_ack);
	return ok && KL_CHECK_INT(got.mss, 8960) && KL_CHECK_INT(back.mss, 8960) && is_who(&back.src, NODE, way->v6);
}

/* Without an envelope a NodePort at another node's address is none of ours. */
static bool others_node_port(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {CLIENT, PEER, 41150, NODE_PORT, IPPROTO_TCP, S};
	size_t len = frame_build(&wire, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_PASS);
	struct parsed_frame got = frame_parse(frame, len);
	return ok && is_who(&got.dst, PEER, way->v6) && KL_CHECK_INT(got.dport, NODE_PORT);
}

/* The balancer's word goes: another backend of the same Service for the same tuple takes the flow's place. */
static bool readmit(struct bench *bench, const struct way *way)
{
	static const struct wire data = {CLIENT, PEER, 41200, BOTH_PORT, IPPROTO_TCP, A, .payload = 9};
	struct parsed_frame got;
	put_dsr(bench, way, "both", IPPROTO_TCP, BOTH_PORT, (const enum who[]){LOCAL_POD}, 1);
	bool ok = KL_CHECK_INT(arrive(bench, way, &data, LOCAL_POD, &got), VERDICT_PASS) &&
		  is_who(&got.dst, LOCAL_POD, way->v6);
	/* Its pod is replaced by another, also here. */
	struct kl_service *service = service_build(
		"dsr/both/6/0", IPPROTO_TCP, way->v6, BOTH_PORT, 0, (const enum who[]){OTHER_POD}, 1, 8080);
	free(service->key);
	service->key = kl_asprintf("dsr/both/%d/%d", IPPROTO_TCP, way->v6);
	free(service->backends[0].node);
	service->backends[0].node = kl_strdup("here");
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	ok = ok && KL_CHECK_INT(arrive(bench, way, &data, LOCAL_POD, &got), VERDICT_DROP);
	ok = ok && KL_CHECK_INT(arrive(bench, way, &data, OTHER_POD, &got), VERDICT_PASS) &&
	     is_who(&got.dst, OTHER_POD, way->v6);
	/* Terminating, and so in no set: who was sent to it is let in. */
	service->backends[0].flags = KL_BACKEND_SERVING | KL_BACKEND_TERMINATING;
	KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
	struct wire late = data;
	late.sport = 41201;
	ok = ok && KL_CHECK_INT(arrive(bench, way, &late, OTHER_POD, &got), VERDICT_PASS) &&
	     is_who(&got.dst, OTHER_POD, way->v6);
	kl_service_free(service);
	return ok;
}

/* --- what does not fit */

static bool check_told(const struct way *way, const uint8_t *frame, size_t len, const struct wire *wire, size_t total)
{
	struct parsed_frame got = frame_parse(frame, len);
	bool ok = KL_CHECK(got.icmp && got.sums_right) && is_who(&got.src, wire->dst, way->v6) &&
		  is_who(&got.dst, wire->src, way->v6);
	ok = ok && KL_CHECK_INT(got.icmp_type, way->v6 ? 2 : 3) && KL_CHECK_INT(got.icmp_code, way->v6 ? 0 : 4);
	ok = ok && KL_CHECK_INT(got.icmp_mtu, MTU - around(way)) && KL_CHECK_INT(got.quoted_sport, wire->sport);
	ok = ok && KL_CHECK_INT(got.quoted_dport, wire->dport) && is_who(&got.quoted_src, wire->src, way->v6);
	return ok && KL_CHECK_INT(got.quoted_bytes, total < 512 ? total : 512) && KL_CHECK_INT(frame[5], 2) &&
	       KL_CHECK_INT(frame[11], 1);
}

static bool too_big_one(struct bench *bench, const struct way *way, uint8_t proto, bool may_fragment)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {CLIENT, NODE, 41300, NODE_PORT, proto, A,
		.payload = (uint16_t)(1500 - (way->v6 ? 40 : 20) - (proto == IPPROTO_TCP ? 20 : 8)),
		.may_fragment = may_fragment};
	struct kl_map_counters before = bench_counters(bench);
	size_t len = frame_build(&wire, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT);
	struct kl_map_counters after = bench_counters(bench);
	if (may_fragment && !way->v6 && proto == IPPROTO_UDP) { /* by SNAT instead */
		struct parsed_frame got = frame_parse(frame, len);
		return ok && is_who(&got.src, NODE, false) && is_who(&got.dst, REMOTE_POD, false) &&
		       KL_CHECK(got.sums_right) && KL_CHECK_INT(got.proto, IPPROTO_UDP) &&
		       KL_CHECK_INT(after.too_big_told, before.too_big_told);
	}
	return ok && KL_CHECK_INT(after.too_big_told, before.too_big_told + 1) &&
	       KL_CHECK_INT(after.drop_too_big, before.drop_too_big + 1) && check_told(way, frame, len, &wire, 1500);
}

static bool too_big(struct bench *bench, const struct way *way)
{
	bool ok = too_big_one(bench, way, IPPROTO_TCP, false) && too_big_one(bench, way, IPPROTO_UDP, false) &&
		  too_big_one(bench, way, IPPROTO_TCP, true) && too_big_one(bench, way, IPPROTO_UDP, true);
	/* Once more: the flow that took the detour stays on it. */
	return ok && too_big_one(bench, way, IPPROTO_UDP, true);
}

enum { ERRORS = 3 * KL_ICMP_PER_TICK };

/* As many as ticks began meanwhile, and one more, have their share. */
static bool limited(struct bench *bench, const struct way *way)
{
	struct kl_map_counters before = bench_counters(bench);
	uint64_t began = kl_maps_tick(bench->maps);
	for (int i = 0; i < ERRORS; i++) {
		uint8_t frame[FRAME_MAX];
		struct wire wire = {CLIENT, NODE, 41400, NODE_PORT, IPPROTO_TCP, A, .payload = 1470};
		size_t len = frame_build(&wire, way->v6, frame);
		bench_run(bench, way->program, frame, &len);
	}
	uint64_t ticks = kl_maps_tick(bench->maps) - began + 1;
	struct kl_map_counters counters = bench_counters(bench);
	uint64_t told = counters.too_big_told - before.too_big_told,
		 not_told = counters.icmp_limited - before.icmp_limited;
	/* Programs may run on several CPUs, which count by themselves. */
	return KL_CHECK_INT(told + not_told, ERRORS) &&
	       KL_CHECK(told <= ticks * KL_ICMP_PER_TICK * bench->maps->cpus) &&
	       KL_CHECK(ticks * bench->maps->cpus > 2 || not_told);
}

/*
 * One packet for many segments (tc): it is the segments' size that counts. That those that fit stay segments in their
 * envelopes cannot be seen here, since a test run's packets have no type of segmentation: tests/net/dsr does.
 */
static bool segments(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire udp = {CLIENT, NODE, 41501, NODE_PORT, IPPROTO_UDP, .payload = 1900};
	if (way->program == PROGRAM_XDP)
		return true;
	bench->gso_size = 1465;
	size_t len = frame_build(&udp, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT) &&
		  check_told(way, frame, len, &udp, 1900);
	bench->gso_size = 0;
	return ok;
}

/* --- ICMP errors */

/* About what the backend's node sent, which the client's side tells the balancer: goes to that node as it is. */
static bool error_to_backend(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX], before[FRAME_MAX];
	struct wire first = {CLIENT, NODE, 41600, NODE_PORT, IPPROTO_UDP, .payload = 9};
	struct wire quoted = {NODE, CLIENT, NODE_PORT, 41600, IPPROTO_UDP, .payload = 100};
	size_t len = frame_build(&first, way->v6, frame);
	bench_run(bench, way->program, frame, &len);
	len = frame_build_icmp(STRANGER, NODE, way->v6 ? 2 : 3, &quoted, way->v6, frame);
	memcpy(before, frame, len);
	size_t was = len;
	bool ok = KL_CHECK_INT(bench_run(bench, PROGRAM_TC_IN, frame, &len), VERDICT_SENT);
	struct parsed_outer outer = frame_unwrap(frame, &len);
	size_t header = 14 + (way->v6 ? 40 : 20);
	return ok && check_outer(way, &outer, NODE, REMOTE_POD) && KL_CHECK_INT(len, was) &&
	       KL_CHECK(frame_parse(frame, len).sums_right) &&
	       KL_CHECK(!memcmp(frame + header, before + header, len - header));
}

/* There it comes out of the envelope, and the pod reads of the packet that it sent. */
static bool error_opened(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire first = {CLIENT, PEER, 41601, LOCAL_PORT, IPPROTO_UDP, .payload = 9};
	struct wire quoted = {PEER, CLIENT, LOCAL_PORT, 41601, IPPROTO_UDP, .payload = 100};
	struct parsed_frame got;
	bool ok = KL_CHECK_INT(arrive(bench, way, &first, LOCAL_POD, &got), VERDICT_PASS);
	size_t plain = frame_build_icmp(STRANGER, PEER, way->v6 ? 2 : 3, &quoted, way->v6, frame);
	struct outer outer = envelope(way, PEER, LOCAL_POD);
	size_t len = frame_wrap(frame, plain, &outer, way->v6), was = len;
	if (way->program == PROGRAM_XDP) { /* left to tc whole */
		ok = ok && KL_CHECK_INT(bench_run(bench, PROGRAM_XDP, frame, &len), VERDICT_PASS) &&
		     KL_CHECK_INT(len, was);
	}
	ok = ok && KL_CHECK_INT(bench_run(bench, PROGRAM_TC_IN, frame, &len), VERDICT_PASS) && KL_CHECK_INT(len, plain);
	got = frame_parse(frame, len);
	ok = ok && KL_CHECK(got.icmp && got.sums_right) && is_who(&got.src, STRANGER, way->v6) &&
	     is_who(&got.dst, LOCAL_POD, way->v6);
	ok = ok && is_who(&got.quoted_src, LOCAL_POD, way->v6) && is_who(&got.quoted_dst, CLIENT, way->v6);
	return ok && KL_CHECK_INT(got.quoted_sport, 8080) && KL_CHECK_INT(got.quoted_dport, 41601);
}

/* What is nobody's of ours stays in its envelope. */
static bool error_not_ours(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX], before[FRAME_MAX];
	struct wire quoted = {PEER, CLIENT, LOCAL_PORT, 41699, IPPROTO_UDP, .payload = 100};
	struct outer outer = envelope(way, PEER, LOCAL_POD);
	size_t plain = frame_build_icmp(STRANGER, PEER, way->v6 ? 2 : 3, &quoted, way->v6, frame);
	size_t len = frame_wrap(frame, plain, &outer, way->v6), was = len;
	memcpy(before, frame, len);
	return KL_CHECK_INT(bench_run(bench, PROGRAM_TC_IN, frame, &len), VERDICT_PASS) && KL_CHECK_INT(len, was) &&
	       KL_CHECK(!memcmp(frame, before, len));
}

/* A router between the nodes speaks of the envelope: the client reads of what was in it. */
static bool error_of_envelope(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX], whole[FRAME_MAX];
	struct wire first = {CLIENT, NODE, 41602, NODE_PORT, IPPROTO_UDP, .payload = 9};
	size_t len = frame_build(&first, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT);
	memcpy(whole, frame, len);
	size_t quoted = len - 14;
	len = frame_build_icmp_bytes(
		STRANGER, NODE, way->v6 ? 2 : 3, way->v6 ? 0 : 4, 1400, whole + 14, quoted, way->v6, frame);
	ok = ok && KL_CHECK_INT(bench_run(bench, PROGRAM_TC_IN, frame, &len), VERDICT_SENT);
	struct parsed_frame got = frame_parse(frame, len);
	ok = ok && KL_CHECK(got.icmp) && KL_CHECK(got.sums_right) && is_who(&got.src, STRANGER, way->v6) &&
	     is_who(&got.dst, CLIENT, way->v6);
	ok = ok && is_who(&got.quoted_src, CLIENT, way->v6) && is_who(&got.quoted_dst, NODE, way->v6);
	ok = ok && KL_CHECK_INT(got.quoted_sport, 41602) && KL_CHECK_INT(got.quoted_dport, NODE_PORT);
	return ok && KL_CHECK_INT(got.icmp_mtu, 1400 - around(way)) &&
	       KL_CHECK_INT(got.quoted_bytes, quoted - around(way));
}

/* A service that goes over to SNAT: new flows do at once, living ones go on in envelopes. */
static bool changes(struct bench *bench, const struct way *way)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {CLIENT, NODE, 41700, NODE_PORT, IPPROTO_TCP, S};
	size_t len = frame_build(&wire, way->v6, frame);
	bool ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT) &&
		  KL_CHECK(frame_unwrap(frame, &len).enveloped);
	struct way snat = *way;
	put_dsr(bench, &snat, "remote", IPPROTO_TCP, NODE_PORT, (const enum who[]){REMOTE_POD}, 1);
	for (uint32_t i = 1; i < bench->maps->entries[KL_MAP_BACKENDS]; i++)
		bench->maps->backends[i].forward = KL_FORWARD_SNAT;
	wire.flags = A;
	len = frame_build(&wire, way->v6, frame);
	ok = ok && KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT) &&
	     KL_CHECK(frame_unwrap(frame, &len).enveloped);
	wire.sport = 41701;
	len = frame_build(&wire, way->v6, frame);
	ok = ok && KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_SENT) &&
	     KL_CHECK(!frame_unwrap(frame, &len).enveloped);
	return ok;
}

static const struct check {
	const char *what;
	bool (*run)(struct bench *bench, const struct way *way);
} checks[] = {
	{"packets for other nodes go in envelopes", seal_all},
	{"geneve has a source port for every flow", spread},
	{"a pod that is its own backend is reached by snat", own_backend},
	{"envelopes are opened for backends here and nobody else", open_all},
	{"answers leave by the backends node under the balancers address", answer},
	{"without an envelope the mss stays", no_envelope},
	{"a NodePort at another node's address passes", others_node_port},
	{"the balancer says which backend", readmit},
	{"who sends too much is told how much fits", too_big},
	{"segmentation is kept", segments},
	{"errors about what the backend sent go to its node", error_to_backend},
	{"errors in envelopes reach the pod", error_opened},
	{"errors about nothing of ours stay in their envelopes", error_not_ours},
	{"errors about envelopes reach the client", error_of_envelope},
	{"errors are limited", limited},
	{"a service changes its forwarding for new flows", changes},
};

/* One set of tables and programs for all: making them takes longer than the packets. */
KL_TEST(direct_server_return)
{
	for (int i = 0; i < WAYS; i++) {
		struct way way = way_of(i);
		struct bench *bench = bench_dsr(&way);
		for (size_t k = 0; k < KL_ARRAY_LEN(checks); k++)
			if (!checks[k].run(bench, &way))
				kl_test_failed(__FILE__, __LINE__, "'%s', IPv%d, %s, %s", checks[k].what,
					way.v6 ? 6 : 4, way.geneve ? "Geneve" : "IP in IP",
					way.program == PROGRAM_XDP ? "XDP" : "tc");
		bench_free(bench);
	}
}

KL_MAIN()
