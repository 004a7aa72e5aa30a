/*
 * keelson bench memory: what the kernel's tables take, as the kernel accounts it to each map.
 */
#include "bench.h"

#include "bench_figures.h"
#include "load.h"
#include "maps.h"
#include "mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Bytes of one map, from /proc/self/fdinfo: what is charged to the machine, not the sum of the entries. */
static int memlock_of(int fd, uint64_t *ret, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("/proc/self/fdinfo/%d", fd);
	char line[128];
	FILE *file = fopen(path, "re");
	if (!file)
		return kl_fail(err, errno, "open '%s'", path);
	unsigned long long bytes = 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	*ret = bytes;
	return 0;
}

struct sum {
	uint64_t all, connections;
};

static int sum_maps(const struct kl_maps *maps, struct sum *ret, struct kl_err *err)
{
	*ret = (struct sum){0};
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		uint64_t bytes = 0;
		int failed = maps->fd[id] < 0 ? 0 : memlock_of(maps->fd[id], &bytes, err);
		if (failed)
			return failed;
		if (maps->fd[id] < 0)
			continue;
		ret->all += bytes;
		if (id == KL_MAP_CT_HOT || id == KL_MAP_CT_COLD)
			ret->connections += bytes;
	}
	return 0;
}

static int measure(struct kl_bench_run *run, const struct kl_maps_sizes *sizes, struct sum *ret, struct kl_err *err)
{
	struct kl_maps *maps;
	kl_unload(run->pin_dir, NULL);
	int failed = kl_maps_open(run->pin_dir, sizes, &maps, err);
	if (failed)
		return failed;
	failed = sum_maps(maps, ret, err);
	kl_maps_close(maps);
	return failed;
}

static const double MEGABYTE = 1e6;

static int work(struct kl_bench_run *run, struct kl_err *err)
{
	struct kl_maps_sizes big = {0};
	struct sum full, idle;
	kl_maps_sizes_set(&big, 10000, 100000, 1000000); /* as the agent's flags do */
	int failed = measure(run, &big, &full, err);
	if (!failed)
		failed = measure(run, NULL, &idle, err);
	if (failed)
		return failed;
	const struct kl_figure figures[] = {
		{.name = "tables for 10,000 services x 10 endpoints and 1 M connections",
			.unit = "MB",
			.value = (double)full.all / MEGABYTE,
			.goal = KL_GOAL_AT_MOST,
			.bound = 200},
		{.name = "  of which connections", .unit = "MB", .value = (double)full.connections / MEGABYTE},
		{.name = "tables of an idle node, default sizes",
			.unit = "MB",
			.value = (double)idle.all / MEGABYTE,
			.goal = KL_GOAL_AT_MOST,
			.bound = 16},
		{.name = "  of which connections", .unit = "MB", .value = (double)idle.connections / MEGABYTE},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(figures); i++)
		kl_bench_figure(run, &figures[i]);
	kl_bench_note(run,
		"As the kernel accounts each map (memlock in fdinfo). Arrays are of full size from the start: "
		"connections and services take nothing more.");
	return 0;
}

static const struct kl_cmd cmd = {
	.name = "bench memory",
	.help = "Usage: keelson bench memory [-o json]\n\n"
		"Makes the kernel's tables, for 10,000 services of 10 endpoints and 1 M connections and with the "
		"default sizes,\n"
		"and prints what the kernel accounts for them.\n",
};

int kl_bench_memory(int argc, char **argv)
{
	return kl_bench_main(&cmd, 1, work, argc, argv);
}
