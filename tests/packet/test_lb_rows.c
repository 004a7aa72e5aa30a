/*
 * What a packet may look like, and what a Service may ask for: SCTP, IPv6 extension headers, source ranges, policies, host
 * ports, ports that are taken. Every row for IPv4 and IPv6, tc and XDP.
 */
#include "mem.h"
#include "packet_lib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { S = TCP_FLAG_SYN, A = TCP_FLAG_ACK, SA = TCP_FLAG_SYN | TCP_FLAG_ACK };

/* Rows of the tables leave out what does not matter to them. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

struct way {
	bool v6;
	enum program program;
};
enum { WAYS = 4 };

static struct way way_of(int i)
{
	return (struct way){.v6 = i & 1, .program = i & 2 ? PROGRAM_XDP : PROGRAM_TC_IN};
}

static bool is_who(const struct kl_addr *got, enum who want, bool v6)
{
	char text[KL_ADDR_TEXT];
	kl_addr_format(got, text);
	return KL_CHECK_STR(text, who_text(want, v6));
}

static uint64_t counted(const struct bench *bench, size_t offset)
{
	struct kl_map_counters counters = bench_counters(bench);
	return *(const uint64_t *)(const void *)((const char *)&counters + offset);
}
#define COUNTED(bench, field) counted(bench, offsetof(struct kl_map_counters, field))

static void put(struct bench *bench, struct kl_service *service)
{
	struct kl_err err = {0};
	if (kl_dpsync_put(bench->sync, service, &err))
		kl_test_failed(__FILE__, __LINE__, "%s", err.text);
	kl_service_free(service);
}

static struct kl_service *tcp_service(
	const char *key, bool v6, uint16_t node_port, uint16_t vip_port, const enum who *backends, size_t count)
{
	return service_build(key, IPPROTO_TCP, v6, node_port, vip_port, backends, count, 8080);
}

/* Runs one packet; *got is what came of it. */
static int run(struct bench *bench, const struct way *way, const struct wire *wire, struct parsed_frame *got)
{
	uint8_t frame[FRAME_MAX];
	size_t len = frame_build(wire, way->v6, frame);
	int verdict = bench_run(bench, way->program, frame, &len);
	*got = frame_parse(frame, len);
	return verdict;
}

static int run_out(struct bench *bench, const struct way *way, const struct wire *wire, struct parsed_frame *got)
{
	return run(bench, &(struct way){way->v6, PROGRAM_TC_OUT}, wire, got);
}

/* --- SCTP: translated where the port stays */

static bool sctp(struct bench *bench, const struct way *way)
{
	static const enum who local[] = {LOCAL_POD}, remote[] = {REMOTE_POD};
	struct parsed_frame got;
	put(bench, service_build("sctp/local", IPPROTO_SCTP, way->v6, 30050, 0, local, 1, 30050));
	put(bench, service_build("sctp/remote", IPPROTO_SCTP, way->v6, 30051, 0, remote, 1, 30051));
	put(bench, service_build("sctp/other", IPPROTO_SCTP, way->v6, 30052, 0, remote, 1, 8080));
	bool ok = KL_CHECK_INT(
		run(bench, way, &(struct wire){CLIENT, NODE, 41000, 30050, IPPROTO_SCTP, .payload = 40}, &got),
		VERDICT_PASS);
	ok = ok && is_who(&got.dst, LOCAL_POD, way->v6) && is_who(&got.src, CLIENT, way->v6) &&
	     KL_CHECK_INT(got.dport, 30050);
	ok = ok &&
	     KL_CHECK_INT(run_out(bench, way, &(struct wire){LOCAL_POD, CLIENT, 30050, 41000, IPPROTO_SCTP}, &got),
		     VERDICT_PASS);
	ok = ok && is_who(&got.src, NODE, way->v6);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 41001, 30051, IPPROTO_SCTP, .payload = 40},
					&got),
			   VERDICT_SENT);
	ok = ok && is_who(&got.dst, REMOTE_POD, way->v6) && is_who(&got.src, NODE, way->v6) &&
	     KL_CHECK_INT(got.sport, 41001);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){REMOTE_POD, NODE, 30051, 41001, IPPROTO_SCTP}, &got),
			   VERDICT_SENT);
	ok = ok && is_who(&got.src, NODE, way->v6) && is_who(&got.dst, CLIENT, way->v6) &&
	     KL_CHECK_INT(got.dport, 41001);
	/* Another client with the same port would need another: it is not made up. */
	uint64_t before = COUNTED(bench, drop_no_nat_port);
	run(bench, way, &(struct wire){CLIENT, NODE, 41001, 30051, IPPROTO_SCTP}, &got);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){STRANGER, NODE, 41001, 30051, IPPROTO_SCTP}, &got),
			   VERDICT_DROP);
	ok = ok && KL_CHECK_INT(COUNTED(bench, drop_no_nat_port), before + 1);
	before = COUNTED(bench, drop_sctp_port);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 41002, 30052, IPPROTO_SCTP}, &got),
			   VERDICT_SENT);
	return ok && KL_CHECK(got.icmp) && is_who(&got.dst, CLIENT, way->v6) &&
	       KL_CHECK_INT(COUNTED(bench, drop_sctp_port), before + 1);
}

/* --- extension headers */

static bool extensions(struct bench *bench, const struct way *way)
{
	static const uint8_t chains[][6] = {{EXT_HOP, EXT_END}, {EXT_DST, EXT_END},
		{EXT_HOP, EXT_DST, EXT_ROUTING, EXT_END}, {EXT_HOP, EXT_ROUTING, EXT_FRAGMENT, EXT_DST, EXT_END}};
	static const enum who local[] = {LOCAL_POD}, remote[] = {REMOTE_POD};
	bool ok = true;
	if (!way->v6)
		return true;
	put(bench, tcp_service("ext/local", true, 30060, 0, local, 1));
	put(bench, tcp_service("ext/remote", true, 30061, 0, remote, 1));
	for (size_t i = 0; ok && i < KL_ARRAY_LEN(chains); i++) {
		struct parsed_frame got;
		struct wire wire = {CLIENT, NODE, (uint16_t)(42000 + i), 30060, IPPROTO_TCP, S, .payload = 20,
			.extended = chains[i]};
		ok = KL_CHECK_INT(run(bench, way, &wire, &got), VERDICT_PASS) && is_who(&got.dst, LOCAL_POD, true) &&
		     KL_CHECK_INT(got.dport, 8080) && KL_CHECK(got.sums_right);
		wire.dport = 30061;
		ok = ok && KL_CHECK_INT(run(bench, way, &wire, &got), VERDICT_SENT) &&
		     is_who(&got.dst, REMOTE_POD, true) && is_who(&got.src, NODE, true) &&
		     KL_CHECK_INT(got.dport, 8080) && KL_CHECK(got.sums_right);
	}
	/* More than are looked through, and a route that is not at its end: somebody else's. */
	static const uint8_t many[] = {EXT_HOP, EXT_DST, EXT_DST, EXT_DST, EXT_DST, EXT_DST, EXT_DST, EXT_END};
	struct parsed_frame got;
	ok = ok &&
	     KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 42100, 30060, IPPROTO_TCP, S, .extended = many},
				  &got),
		     VERDICT_PASS) &&
	     is_who(&got.dst, NODE, true);
	uint8_t frame[FRAME_MAX];
	size_t len = frame_build(&(struct wire){CLIENT, NODE, 42101, 30060, IPPROTO_TCP, S,
					 .extended = (const uint8_t[]){EXT_ROUTING, EXT_END}},
		true, frame);
	frame[14 + 40 + 3] = 1; /* segments left */
	ok = ok && KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_PASS);
	got = frame_parse(frame, len);
	return ok && is_who(&got.dst, NODE, true);
}

/* --- who may come */

static struct kl_service *with_address(
	const char *key, bool v6, enum kl_frontend_type type, uint16_t port, const enum who *backends, size_t count)
{
	struct kl_service *service = tcp_service(key, v6, 0, port, backends, count);
	service->frontends[0].type = (uint8_t)type;
	return service;
}

static void add_range(struct kl_service *service, const char *text)
{
	service->ranges = kl_reallocarray(service->ranges, service->range_count + 1, sizeof(*service->ranges));
	KL_CHECK_INT(kl_range_parse(text, &service->ranges[service->range_count++]), 0);
}

static bool ranges(struct bench *bench, const struct way *way)
{
	static const enum who local[] = {LOCAL_POD};
	struct kl_service *service = with_address("ranges/lb", way->v6, KL_FRONTEND_LOAD_BALANCER, 7000, local, 1);
	struct parsed_frame got;
	add_range(service, way->v6 ? "2001:db8::/64" : "192.0.2.0/24");
	service->frontends[service->frontend_count] = service->frontends[0];
	service->frontends[service->frontend_count].type = KL_FRONTEND_EXTERNAL_IP;
	service->frontends[service->frontend_count++].port = 7001;
	put(bench, service);
	uint64_t before = COUNTED(bench, drop_source_range);
	bool ok = KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, VIP, 43000, 7000, IPPROTO_TCP, S}, &got),
			  VERDICT_PASS) &&
		  is_who(&got.dst, LOCAL_POD, way->v6);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){STRANGER, VIP, 43000, 7000, IPPROTO_TCP, S}, &got),
			   VERDICT_DROP);
	ok = ok && KL_CHECK_INT(COUNTED(bench, drop_source_range), before + 1);
	/* Of load balancer addresses only. */
	return ok &&
	       KL_CHECK_INT(run(bench, way, &(struct wire){STRANGER, VIP, 43000, 7001, IPPROTO_TCP, S}, &got),
		       VERDICT_PASS) &&
	       is_who(&got.dst, LOCAL_POD, way->v6);
}

static bool policies(struct bench *bench, const struct way *way)
{
	static const enum who both[] = {LOCAL_POD, REMOTE_POD}, remote[] = {REMOTE_POD};
	struct parsed_frame got;
	struct kl_service *service = tcp_service("policy/internal", way->v6, 30070, 7100, both, 2);
	service->flags = KL_SERVICE_INTERNAL_LOCAL;
	put(bench, service);
	bool ok = true;
	size_t here = 0;
	for (uint16_t i = 0; ok && i < 40;
		i++) { /* a cluster address heeds the internal policy, the NodePort does not */
		ok = KL_CHECK_INT(
			run(bench, way, &(struct wire){CLIENT, VIP, (uint16_t)(43100 + i), 7100, IPPROTO_TCP, S}, &got),
			VERDICT_PASS);
		here += run(bench, way, &(struct wire){CLIENT, NODE, (uint16_t)(43100 + i), 30070, IPPROTO_TCP, S},
				&got) == VERDICT_PASS;
	}
	ok = ok && KL_CHECK(here > 4 && here < 36);
	service = tcp_service("policy/external", way->v6, 30071, 7101, remote, 1);
	service->frontends[1].type = KL_FRONTEND_LOAD_BALANCER;
	service->flags = KL_SERVICE_EXTERNAL_LOCAL;
	put(bench, service);
	/* Endpoints only elsewhere: silence, so that a balancer in front takes another node; no refusal. */
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 43200, 30071, IPPROTO_TCP, S}, &got),
			   VERDICT_DROP);
	return ok && KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, VIP, 43200, 7101, IPPROTO_TCP, S}, &got),
			     VERDICT_DROP);
}

/* The numbers of a closed port: type and code by family. */
static bool refusals(struct bench *bench, const struct way *way)
{
	static const enum kl_frontend_type types[] = {
		KL_FRONTEND_CLUSTER_IP, KL_FRONTEND_EXTERNAL_IP, KL_FRONTEND_LOAD_BALANCER};
	bool ok = true;
	for (size_t i = 0; ok && i < KL_ARRAY_LEN(types); i++) {
		struct parsed_frame got;
		struct wire wire = {CLIENT, VIP, 43300, (uint16_t)(7200 + i), IPPROTO_TCP, S, .payload = 3};
		kl_autofree char *key = kl_asprintf("refused/%zu", i);
		put(bench, with_address(key, way->v6, types[i], wire.dport, NULL, 0));
		ok = KL_CHECK_INT(run(bench, way, &wire, &got), VERDICT_SENT) && KL_CHECK(got.icmp && got.sums_right);
		ok = ok && KL_CHECK_INT(got.icmp_type, way->v6 ? 1 : 3) && KL_CHECK_INT(got.icmp_code, way->v6 ? 4 : 3);
		ok = ok && is_who(&got.src, VIP, way->v6) && is_who(&got.dst, CLIENT, way->v6) &&
		     KL_CHECK_INT(got.quoted_sport, 43300);
		wire.src = NODE; /* who is not one host is told nothing: the loopback, a group */
	}
	return ok;
}

/* --- ports */

static bool host_port(struct bench *bench, const struct way *way)
{
	static const enum who local[] = {LOCAL_POD};
	struct parsed_frame got;
	struct kl_service *service = tcp_service("host/port", way->v6, 0, 8088, local, 1);
	service->frontends[0].type = KL_FRONTEND_HOST_PORT;
	service->frontends[0].addr = who_addr(NODE, way->v6);
	put(bench, service);
	return KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 43400, 8088, IPPROTO_TCP, S}, &got),
		       VERDICT_PASS) &&
	       is_who(&got.dst, LOCAL_POD, way->v6) && KL_CHECK_INT(got.dport, 8080) &&
	       KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, STRANGER, 43400, 8088, IPPROTO_TCP, S}, &got),
		       VERDICT_PASS) &&
	       is_who(&got.dst, STRANGER, way->v6);
}

/* A socket of the node's own that listens within the SNAT range keeps its port. */
static int listen_at(bool v6, uint16_t port)
{
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	KL_CHECK(!bind(fd, v6 ? (void *)&any6 : (void *)&any4, v6 ? sizeof(any6) : sizeof(any4)));
	KL_CHECK(!listen(fd, 8));
	return fd;
}

static bool snat_avoids_sockets(struct bench *bench, const struct way *way)
{
	static const enum who remote[] = {REMOTE_POD};
	struct kl_map_config *config = bench->maps->config;
	uint16_t min = config->snat_port_min, max = config->snat_port_max;
	struct parsed_frame got;
	put(bench, tcp_service("snat/sockets", way->v6, 30080, 0, remote, 1));
	config->snat_port_min = 20000;
	config->snat_port_max = 20001;
	int fd = listen_at(way->v6, 20000);
	bool ok = true;
	size_t sent = 0;
	for (uint16_t i = 0; i < 8; i++) {
		int verdict = run(
			bench, way, &(struct wire){CLIENT, NODE, (uint16_t)(43500 + i), 30080, IPPROTO_TCP, S}, &got);
		sent += verdict == VERDICT_SENT && !got.icmp;
		ok = ok && (verdict != VERDICT_SENT || KL_CHECK_INT(got.sport, 20001));
	}
	close(fd);
	config->snat_port_min = min;
	config->snat_port_max = max;
	return ok && KL_CHECK(sent > 0);
}

/* Two backends share a port; when all are in use by answered flows the next one is refused and counted. */
static bool snat_exhaustion(struct bench *bench, const struct way *way)
{
	static const enum who first[] = {REMOTE_POD}, second[] = {OTHER_POD};
	struct kl_map_config *config = bench->maps->config;
	uint16_t min = config->snat_port_min, max = config->snat_port_max;
	struct parsed_frame got;
	put(bench, tcp_service("snat/one", way->v6, 30081, 0, first, 1));
	put(bench, tcp_service("snat/two", way->v6, 30082, 0, second, 1));
	config->snat_port_min = config->snat_port_max = 21000;
	bool ok = KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 43600, 30081, IPPROTO_TCP, S}, &got),
			  VERDICT_SENT) &&
		  KL_CHECK_INT(got.sport, 21000);
	ok = ok &&
	     KL_CHECK_INT(
		     run(bench, way, &(struct wire){CLIENT, NODE, 43600, 30082, IPPROTO_TCP, S}, &got), VERDICT_SENT) &&
	     KL_CHECK_INT(got.sport, 21000);
	ok = ok &&
	     KL_CHECK_INT(run(bench, way, &(struct wire){REMOTE_POD, NODE, 8080, 21000, IPPROTO_TCP, SA}, &got),
		     VERDICT_SENT) &&
	     KL_CHECK_INT(got.sport, 30081);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, NODE, 43600, 30081, IPPROTO_TCP, A}, &got),
			   VERDICT_SENT);
	uint64_t before = COUNTED(bench, drop_no_nat_port);
	ok = ok && KL_CHECK_INT(run(bench, way, &(struct wire){STRANGER, NODE, 43601, 30081, IPPROTO_TCP, S}, &got),
			   VERDICT_DROP);
	config->snat_port_min = min;
	config->snat_port_max = max;
	return ok && KL_CHECK_INT(COUNTED(bench, drop_no_nat_port), before + 1);
}

/* NodePort on every address of the node. */
static bool every_address(struct bench *bench, const struct way *way)
{
	static const enum who local[] = {LOCAL_POD};
	struct kl_addr addrs[] = {
		who_addr(NODE, false), who_addr(NODE, true), who_addr(PEER, false), who_addr(PEER, true)};
	struct kl_dpsync_node node = {.addrs = addrs, .addr_count = 4, .external_cluster_ip = true};
	struct parsed_frame got;
	put(bench, tcp_service("every/address", way->v6, 30090, 0, local, 1));
	bool ok = KL_CHECK_INT(run(bench, way, &(struct wire){CLIENT, PEER, 43700, 30090, IPPROTO_TCP, S}, &got),
			  VERDICT_PASS) &&
		  is_who(&got.dst, PEER, way->v6);
	KL_CHECK_INT(kl_dpsync_set_node(bench->sync, &node, NULL), 0);
	ok = ok &&
	     KL_CHECK_INT(
		     run(bench, way, &(struct wire){CLIENT, PEER, 43701, 30090, IPPROTO_TCP, S}, &got), VERDICT_PASS) &&
	     is_who(&got.dst, LOCAL_POD, way->v6);
	ok = ok &&
	     KL_CHECK_INT(run_out(bench, way, &(struct wire){LOCAL_POD, CLIENT, 8080, 43701, IPPROTO_TCP, SA}, &got),
		     VERDICT_PASS) &&
	     is_who(&got.src, PEER, way->v6);
	node.addr_count = 2;
	KL_CHECK_INT(kl_dpsync_set_node(bench->sync, &node, NULL), 0);
	return ok;
}

/* --- least connections: of two backends the one with fewer gets the next */

static bool least_connections(struct bench *bench, const struct way *way)
{
	static const enum who both[] = {REMOTE_POD, OTHER_POD};
	struct kl_service *service = tcp_service("least/conn", way->v6, 30095, 0, both, 2);
	service->algorithm = KL_ALGORITHM_LEAST_CONN;
	service->flags |= KL_SERVICE_ALGORITHM;
	put(bench, service);
	size_t count[2] = {0};
	for (uint16_t i = 0; i < 200; i++) {
		struct parsed_frame got;
		struct kl_addr first = who_addr(REMOTE_POD, way->v6);
		if (run(bench, way, &(struct wire){CLIENT, NODE, (uint16_t)(44000 + i), 30095, IPPROTO_TCP, S}, &got) ==
			VERDICT_SENT)
			count[!kl_addr_equal(&got.dst, &first)]++;
	}
	/* At random they would differ by 14 or so; two draws of which one is the other's keep a few. */
	size_t more = count[0] > count[1] ? count[0] - count[1] : count[1] - count[0];
	return KL_CHECK_INT(count[0] + count[1], 200) && KL_CHECK(more <= 12);
}

/* --- what is malformed goes to the stack as it is */

static bool malformed(struct bench *bench, const struct way *way)
{
	static const enum who local[] = {LOCAL_POD};
	put(bench, tcp_service("bad/packets", way->v6, 30096, 0, local, 1));
	bool ok = true;
	for (int i = 0; ok && i < 5; i++) {
		uint8_t frame[FRAME_MAX], before[FRAME_MAX];
		size_t len = frame_build(
			&(struct wire){CLIENT, NODE, 44500, 30096, IPPROTO_TCP, S, .payload = 30}, way->v6, frame);
		uint8_t *ip = frame + 14;
		if (i == 0 && !way->v6)
			ip[0] = 0x44; /* a header shorter than any */
		else if (i == 1)
			ip[0] = way->v6 ? 0x40 : 0x65; /* of another version than Ethernet says */
		else if (i == 2)
			memcpy(ip + (way->v6 ? 4 : 2), "\377\360", 2); /* longer than the frame */
		else if (i == 3)
			memcpy(ip + (way->v6 ? 4 : 2), way->v6 ? "\0\10" : "\0\34", 2); /* ends within the ports */
		else if (i == 4)
			len = 14 + (way->v6 ? 44 : 24); /* cut off */
		else
			continue;
		size_t was = len;
		memcpy(before, frame, len);
		ok = KL_CHECK_INT(bench_run(bench, way->program, frame, &len), VERDICT_PASS) &&
		     KL_CHECK_INT(len, was) && KL_CHECK(!memcmp(frame, before, len));
	}
	return ok;
}

static const struct check {
	const char *what;
	bool (*run)(struct bench *bench, const struct way *way);
} checks[] = {
	{"SCTP keeps its ports or is refused", sctp},
	{"extension headers are looked through", extensions},
	{"source ranges are of load balancer addresses", ranges},
	{"policies of cluster addresses and of others", policies},
	{"whom nobody serves is told", refusals},
	{"a host port", host_port},
	{"SNAT avoids ports with sockets", snat_avoids_sockets},
	{"ports of SNAT are shared between backends, and run out", snat_exhaustion},
	{"a NodePort on every address of the node", every_address},
	{"least connections", least_connections},
	{"what is malformed passes", malformed},
};

/* One set of tables and programs for all: making them takes longer than the packets. */
KL_TEST(rows)
{
	for (int i = 0; i < WAYS; i++) {
		struct way way = way_of(i);
		struct bench *bench = bench_new(0);
		for (size_t k = 0; k < KL_ARRAY_LEN(checks); k++)
			if (!checks[k].run(bench, &way))
				kl_test_failed(__FILE__, __LINE__, "'%s', IPv%d, %s", checks[k].what, way.v6 ? 6 : 4,
					way.program == PROGRAM_XDP ? "XDP" : "tc");
		bench_free(bench);
	}
}

KL_MAIN()
