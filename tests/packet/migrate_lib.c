#include "migrate_lib.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint16_t port;
	uint8_t proto;
	enum who backend;
} kinds[MIGRATE_KINDS] = {
	[MIGRATE_LOCAL] = {30001, IPPROTO_TCP, LOCAL_POD},
	[MIGRATE_REMOTE] = {30002, IPPROTO_TCP, REMOTE_POD},
	[MIGRATE_DSR] = {30003, IPPROTO_TCP, OTHER_POD},
	[MIGRATE_UDP] = {30004, IPPROTO_UDP, LOCAL_POD},
};
enum { FIRST_PORT = 20000 };

void migrate_put_services(struct bench *bench)
{
	for (int kind = 0; kind < MIGRATE_KINDS; kind++) {
		char key[32];
		snprintf(key, sizeof(key), "test/m%d:80", kind);
		struct kl_service *service = service_build(
			key, kinds[kind].proto, false, kinds[kind].port, 0, &kinds[kind].backend, 1, 8080);
		KL_CHECK_INT(kl_dpsync_put(bench->sync, service, NULL), 0);
		kl_service_free(service);
	}
	for (uint32_t id = 1; id < bench->maps->entries[KL_MAP_BACKENDS]; id++) {
		struct kl_addr addr = who_addr(OTHER_POD, false);
		if (!memcmp(bench->maps->backends[id].addr, addr.bytes, sizeof(addr.bytes)))
			bench->maps->backends[id].forward = KL_FORWARD_DSR_IPIP;
	}
}

/* Clients differ in their ports, and kinds in the port they ask for. */
static size_t client_frame(enum migrate_kind kind, uint32_t n, uint8_t flags, uint8_t frame[FRAME_MAX])
{
	struct wire wire = {.src = CLIENT,
		.dst = NODE,
		.sport = (uint16_t)(FIRST_PORT + n),
		.dport = kinds[kind].port,
		.proto = kinds[kind].proto,
		.flags = flags};
	return frame_build(&wire, false, frame);
}

/* Out comes the backend's side of it. */
static struct parsed_frame to_backend(struct bench *bench, enum migrate_kind kind, uint32_t n, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];
	size_t len = client_frame(kind, n, flags, frame);
	bench_run(bench, PROGRAM_TC_IN, frame, &len);
	return frame_parse(frame, len);
}

void migrate_send(struct bench *bench, enum migrate_kind kind, uint32_t n, uint8_t flags)
{
	to_backend(bench, kind, n, flags);
}

/* The backend's answer to what it got; whether it came back as the frontend's. */
static bool answer(struct bench *bench, enum migrate_kind kind, const struct parsed_frame *got, uint8_t flags)
{
	uint8_t frame[FRAME_MAX];
	struct wire wire = {.src = kinds[kind].backend,
		.dst = kind == MIGRATE_REMOTE ? NODE : CLIENT,
		.sport = 8080,
		.dport = got->sport,
		.proto = kinds[kind].proto,
		.flags = flags};
	size_t len = frame_build(&wire, false, frame);
	bench_run(bench, kind == MIGRATE_REMOTE ? PROGRAM_TC_IN : PROGRAM_TC_OUT, frame, &len);
	struct parsed_frame out = frame_parse(frame, len);
	struct kl_addr client = who_addr(CLIENT, false);
	return out.sport == kinds[kind].port && kl_addr_equal(&out.dst, &client);
}

void migrate_establish(struct bench *bench, enum migrate_kind kind, uint32_t n)
{
	struct parsed_frame got = to_backend(bench, kind, n, TCP_FLAG_SYN);
	if (kind != MIGRATE_DSR)
		KL_CHECK(answer(bench, kind, &got, TCP_FLAG_SYN | TCP_FLAG_ACK));
	to_backend(bench, kind, n, TCP_FLAG_ACK);
}

uint32_t migrate_count_lost(struct bench *bench)
{
	uint64_t before = bench_counters(bench).flows_inserted;
	uint32_t unanswered = 0;
	for (int kind = 0; kind < MIGRATE_KINDS; kind++)
		for (uint32_t n = 0; n < MIGRATE_FLOWS; n++) {
			struct parsed_frame got = to_backend(bench, (enum migrate_kind)kind, n, TCP_FLAG_ACK);
			if (kind != MIGRATE_DSR)
				unanswered += !answer(bench, (enum migrate_kind)kind, &got, TCP_FLAG_ACK);
		}
	return unanswered + (uint32_t)(bench_counters(bench).flows_inserted - before);
}
