/*
 * The agent's inspection socket: what it answers, to whom, and that watchers get every event or hear how many they lost.
 * Events come from the benchmark's program, run on a made packet.
 */
#include "inspect.h"
#include "load.h"
#include "maps.h"
#include "testlib.h"

#include "kl_bench_events_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { MODE_WRITE = 3 /* bpf/bench_events.bpf.c */, BURST = 2000 /* fits into the ring */ };

static struct {
	char pins[64], path[64];
	struct kl_maps *maps;
	struct kl_bench_events_bpf *program;
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct kl_inspect *inspect;
} world;

static json_t *status(void *arg)
{
	(void)arg;
	return json_pack("{s:s}", "node", "here");
}

static json_t *verify(bool repair, void *arg, struct kl_err *err)
{
	(void)arg;
	if (repair)
		return json_pack("{s:b}", "repaired", 1);
	kl_fail_msg(err, EAGAIN, "not \"now\"");
	return NULL;
}

static void on_stop(uv_async_t *async)
{
	uv_close((uv_handle_t *)async, NULL);
	kl_inspect_free(world.inspect);
}

static void *run_loop(void *arg)
{
	(void)arg;
	uv_run(&world.loop, UV_RUN_DEFAULT);
	return NULL;
}

static void load_program(void)
{
	world.program = kl_bench_events_bpf__open();
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(world.program->obj, kl_maps_name((enum kl_map_id)id));
		if (map)
			bpf_map__reuse_fd(map, world.maps->fd[id]);
	}
	if (kl_bench_events_bpf__load(world.program)) {
		fprintf(stderr, "the program does not load\n");
		exit(1);
	}
	world.program->bss->mode = MODE_WRITE;
}

static void begin(void)
{
	static const struct kl_inspect_ops ops = {status, verify};
	struct kl_err err = {0};
	if (geteuid())
		kl_test_skip("needs root for BPF");
	snprintf(world.pins, sizeof(world.pins), "/sys/fs/bpf/kl-inspect-%d", (int)getpid());
	snprintf(world.path, sizeof(world.path), "/tmp/kl-inspect-%d.sock", (int)getpid());
	if (kl_maps_open(world.pins, NULL, &world.maps, &err))
		kl_test_skip("no BPF here: %s", err.text);
	load_program();
	uv_loop_init(&world.loop);
	uv_async_init(&world.loop, &world.stop, on_stop);
	const struct kl_inspect_options options = {.socket_path = world.path, .maps = world.maps, .ops = &ops};
	KL_CHECK_INT(kl_inspect_new(&world.loop, &options, &world.inspect, &err), 0);
	pthread_create(&world.thread, NULL, run_loop, NULL);
}

static void end(void)
{
	uv_async_send(&world.stop);
	pthread_join(world.thread, NULL);
	KL_CHECK_INT(uv_loop_close(&world.loop), 0);
	kl_bench_events_bpf__destroy(world.program);
	kl_maps_close(world.maps);
	kl_unload(world.pins, NULL);
	unlink(world.path);
}

static int dial(const char *request)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", world.path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	if (request)
		send(fd, request, strlen(request), MSG_NOSIGNAL);
	return fd;
}

/* All that comes until the other side closes. */
static char *ask(const char *request)
{
	static char answer[4096];
	int fd = dial(request);
	size_t len = 0;
	for (ssize_t n; len < sizeof(answer) - 1 && (n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0)) > 0;)
		len += (size_t)n;
	answer[len] = 0;
	close(fd);
	return answer;
}

static bool wait_until(bool (*is)(void))
{
	for (int i = 0; i < 500; i++, usleep(10000))
		if (is())
			return true;
	return false;
}

static bool nobody_watches(void)
{
	return __atomic_load_n(&world.maps->config->watch_until, __ATOMIC_RELAXED) == 0;
}

static bool somebody_watches(void)
{
	return !nobody_watches();
}

KL_TEST(requests_are_answered_or_refused)
{
	static char long_request[8000];
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{"{\"ask\":\"status\"}\n", "{\"node\":\"here\"}\n"},
		{"{\"ask\":\"verify\",\"repair\":true}\n", "{\"repaired\":true}\n"},
		{"{\"ask\":\"verify\"}\n", "{\"error\":\"not \\\"now\\\"\"}\n"},
		{"{\"ask\":\"nothing\"}\n", "{\"error\":\"ask for status, verify or events\"}\n"},
		{"{}\n", "{\"error\":\"ask for status, verify or events\"}\n"},
		{"\n", "{\"error\":\"ask for status, verify or events\"}\n"},
		{"{\"ask\":[[[[\n", "{\"error\":\"ask for status, verify or events\"}\n"},
		{"\xff\xfe\x01\n", "{\"error\":\"ask for status, verify or events\"}\n"},
		{long_request, "{\"error\":\"the request is too long\"}\n"},
	};
	begin();
	memset(long_request, 'x', sizeof(long_request) - 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		KL_CHECK_STR(ask(cases[i].request), cases[i].answer);
	for (int i = 0; i < 50; i++) { /* those that come and go without a word */
		int fd = dial(i % 2 ? "{\"ask\":" : NULL);
		close(fd);
	}
	KL_CHECK_STR(ask("{\"ask\":\"status\"}\n"), "{\"node\":\"here\"}\n");
	end();
}

KL_TEST(the_number_of_clients_is_bounded)
{
	int fds[60];
	char byte;
	begin();
	for (size_t i = 0; i < 60; i++)
		fds[i] = dial(NULL);
	KL_CHECK_INT(recv(fds[59], &byte, 1, 0), 0); /* closed */
	for (size_t i = 0; i < 60; i++)
		close(fds[i]);
	usleep(100000);
	KL_CHECK_STR(ask("{\"ask\":\"status\"}\n"), "{\"node\":\"here\"}\n");
	end();
}

static void write_events(unsigned count)
{
	uint8_t frame[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = (int)count);
	KL_CHECK_INT(bpf_prog_test_run_opts(bpf_program__fd(world.program->progs.kl_bench_events), &opts), 0);
}

static int watch(const char *request)
{
	char line[64] = "";
	int fd = dial(request);
	for (size_t i = 0; i < sizeof(line) - 1 && recv(fd, line + i, 1, 0) == 1 && line[i] != '\n';)
		i++;
	KL_CHECK(!strncmp(line, "{\"eventBytes\":88}", 17));
	return fd;
}

/* Counts events, and those it is told it has lost, until `wanted` are accounted for. */
static void count_events(int fd, uint64_t wanted, uint64_t *ret_seen, uint64_t *ret_lost)
{
	struct kl_map_event event;
	*ret_seen = *ret_lost = 0;
	while (*ret_seen + *ret_lost < wanted && recv(fd, &event, sizeof(event), MSG_WAITALL) == sizeof(event)) {
		if (event.kind == KL_INSPECT_LOST)
			*ret_lost += event.bytes;
		else
			*ret_seen += event.kind == KL_EVENT_FORWARD && event.bytes == 64;
	}
}

KL_TEST(every_watcher_gets_every_event)
{
	uint64_t seen, lost;
	begin();
	KL_CHECK(nobody_watches());
	int first = watch("{\"ask\":\"events\",\"packets\":4}\n"), second = watch("{\"ask\":\"events\"}\n");
	KL_CHECK(wait_until(somebody_watches));
	KL_CHECK_INT(world.maps->config->watch_mask, 3); /* the finer of both */
	write_events(BURST);
	count_events(first, BURST, &seen, &lost);
	KL_CHECK_INT(seen, BURST);
	count_events(second, BURST, &seen, &lost);
	KL_CHECK_INT(seen, BURST);
	close(first);
	usleep(100000);
	KL_CHECK_INT(world.maps->config->watch_mask, UINT32_MAX); /* only flows are wanted now */
	KL_CHECK(somebody_watches());
	close(second);
	KL_CHECK(wait_until(nobody_watches));
	end();
}

KL_TEST(who_does_not_keep_up_hears_how_many_it_lost)
{
	enum { BURSTS = 60 };
	uint64_t seen, lost, others = 0;
	begin();
	int slow = watch("{\"ask\":\"events\",\"packets\":1}\n"), quick = watch("{\"ask\":\"events\"}\n");
	for (int i = 0; i < BURSTS; i++) {
		write_events(BURST);
		count_events(quick, BURST, &seen, &lost);
		others += seen;
	}
	KL_CHECK_INT(others, (uint64_t)BURSTS * BURST);
	/* It reads what had been kept for it; the next event brings the word of those that were not. */
	struct timeval soon = {.tv_usec = 300000};
	struct kl_map_event event;
	uint64_t kept = 0, told = 0;
	setsockopt(slow, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	while (recv(slow, &event, sizeof(event), MSG_WAITALL) == sizeof(event)) {
		told += event.kind == KL_INSPECT_LOST ? event.bytes : 0;
		kept += event.kind != KL_INSPECT_LOST;
	}
	write_events(1);
	while (recv(slow, &event, sizeof(event), MSG_WAITALL) == sizeof(event)) {
		told += event.kind == KL_INSPECT_LOST ? event.bytes : 0;
		kept += event.kind != KL_INSPECT_LOST;
	}
	KL_CHECK(told > 0);
	KL_CHECK_INT(kept + told, (uint64_t)BURSTS * BURST + 1);
	close(slow);
	close(quick);
	end();
}

KL_MAIN()
