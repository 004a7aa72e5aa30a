/*
 * keelson bench events: what it costs a program to ask whether anybody watches, and to tell.
 */
#include "bench.h"

#include "bench_figures.h"
#include "maps.h"
#include "mem.h"

#include "kl_bench_events_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* As in bpf/bench_events.bpf.c. */
enum mode { MODE_FLOOR, MODE_WANTED, MODE_WANTED_PACKET, MODE_WRITE };
enum { TIMES = 1000, FRAME_BYTES = 64, REPEAT_ASK = 200, REPEAT_WRITE = 2000 /* fit into the ring */ };

struct bench {
	struct kl_maps *maps;
	struct kl_bench_events_bpf *program;
	struct ring_buffer *ring;
};

static int ignore(void *arg, void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

static int set_up(struct kl_bench_run *run, struct bench *bench, struct kl_err *err)
{
	int failed = kl_maps_open(run->pin_dir, NULL, &bench->maps, err);
	if (failed)
		return failed;
	bench->program = kl_bench_events_bpf__open();
	if (!bench->program)
		return kl_fail(err, errno, "open the benchmark's BPF object");
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(bench->program->obj, kl_maps_name((enum kl_map_id)id));
		if (map)
			bpf_map__reuse_fd(map, bench->maps->fd[id]);
	}
	failed = kl_bench_events_bpf__load(bench->program);
	if (failed)
		return kl_fail(err, -failed, "load the benchmark's BPF program");
	bench->ring = ring_buffer__new(bench->maps->fd[KL_MAP_EVENTS], ignore, NULL, NULL);
	return bench->ring ? 0 : kl_fail(err, errno, "read the ring of events");
}

static void tear_down(struct bench *bench)
{
	if (bench->ring)
		ring_buffer__free(bench->ring);
	kl_bench_events_bpf__destroy(bench->program);
	kl_maps_close(bench->maps);
}

static int measure(struct bench *bench, enum mode mode, double *ret_ns, struct kl_err *err)
{
	uint8_t frame[FRAME_BYTES] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_BYTES,
		.repeat = mode == MODE_WRITE ? REPEAT_WRITE : REPEAT_ASK);
	bench->program->bss->mode = mode;
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->program->progs.kl_bench_events), &opts))
		return kl_fail(err, errno, "run the benchmark's program");
	ring_buffer__consume(bench->ring);
	*ret_ns = mode == MODE_WRITE ? opts.duration : (double)opts.duration / TIMES;
	return 0;
}

static const struct row {
	const char *name;
	enum mode mode;
	bool watched;
	uint32_t mask;
} rows[] = {
	{"a load and a branch never taken, for comparison", MODE_FLOOR, false, 0},
	{"nobody watches: asking", MODE_WANTED, false, 0},
	{"nobody watches: asking with every packet", MODE_WANTED_PACKET, false, 0},
	{"flows are watched: asking", MODE_WANTED, true, UINT32_MAX},
	{"flows are watched: asking with every packet", MODE_WANTED_PACKET, true, UINT32_MAX},
	{"one packet in 64 is watched: asking with every packet", MODE_WANTED_PACKET, true, 63},
	{"an event written", MODE_WRITE, true, 0},
};

static int work_rounds(struct kl_bench_run *run, struct bench *bench, struct kl_err *err)
{
	struct kl_samples samples[KL_ARRAY_LEN(rows)] = {0};
	for (int round = 0; round < run->rounds; round++)
		for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++) {
			double ns = 0;
			bench->maps->config->watch_mask = rows[i].mask;
			bench->maps->config->watch_until =
				rows[i].watched ? (uint32_t)kl_maps_tick(bench->maps) + 60 : 0;
			int failed = measure(bench, rows[i].mode, &ns, err);
			if (failed)
				return failed;
			kl_samples_add(&samples[i], ns);
		}
	for (size_t i = 0; i < KL_ARRAY_LEN(rows); i++)
		kl_bench_figure(run, &(struct kl_figure){.name = rows[i].name, .unit = "ns", .samples = &samples[i]});
	struct kl_map_counters counters = {0};
	kl_maps_counters(bench->maps, &counters, NULL);
	if (counters.events_lost)
		kl_bench_note(run, "%llu events found the ring full: writing was cheaper than it is.",
			(unsigned long long)counters.events_lost);
	return 0;
}

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	struct bench bench = {0};
	int failed = set_up(run, &bench, err);
	if (!failed)
		failed = work_rounds(run, &bench, err);
	tear_down(&bench);
	return failed;
}

static const struct kl_cmd cmd = {
	.name = "bench events",
	.help = "Usage: keelson bench events [--rounds N] [-o json]\n\n"
		"What it costs the dataplane's programs to ask whether anybody watches (keelson flows), a thousand\n"
		"times in one run, and to write an event, its share of reading the clock included.\n",
};

int kl_bench_events(int argc, char **argv)
{
	return kl_bench_main(&cmd, 9, work, argc, argv);
}
