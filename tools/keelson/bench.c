/* keelson bench: measures this machine. One row and one file for each benchmark. */
#include "bench.h"

#include "cmd.h"

#include <stdio.h>
#include <string.h>

static const struct kl_bench {
	const char *name, *summary;
	int (*run)(int argc, char **argv); /* argv[0] is its name */
} benches[] = {
	{"control", "The API server: creates, gets, lists, watchers, memory, start", kl_bench_control},
	{"dataplane", "The balancer's program alone, in nanoseconds and in lookups", kl_bench_dataplane},
	{"events", "What watching costs, and nobody watching", kl_bench_events},
	{"path", "CPU per forwarded packet, whole path, beside kube-proxy's nftables rules", kl_bench_path},
	{"sock", "A pod's connections through a ClusterIP against direct ones", kl_bench_sock},
	{"program", "Services into the kernel: from nothing, one endpoint, and the same with nft", kl_bench_program},
	{"memory", "What the kernel's tables take", kl_bench_memory},
};

static int run(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(kl_cmd_bench.help, argc < 2 ? stderr : stdout);
		return argc < 2 ? KL_EXIT_USAGE : KL_EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		if (!strcmp(argv[1], benches[i].name))
			return benches[i].run(argc - 1, argv + 1);
	fprintf(stderr, "keelson bench: there is no benchmark '%s'; 'keelson help bench' lists them\n", argv[1]);
	return KL_EXIT_USAGE;
}

const struct kl_cmd kl_cmd_bench = {
	.name = "bench",
	.summary = "Measure this machine with Keelson on it",
	.run = run,
	.help = "Usage: keelson bench NAME [OPTIONS]\n\n"
		"Each benchmark makes what it needs and removes it, prints what bounds each figure beside it, and "
		"takes\n"
		"-o json. 'keelson bench NAME --help' explains one.\n\n"
		"  control   the API server over TLS: creates, gets, lists, watchers, memory, start\n"
		"  dataplane the balancer's program alone, packet by packet, in nanoseconds and kernel hash lookups\n"
		"  events    what it costs to ask whether anybody watches, and to tell\n"
		"  path      CPU per forwarded packet, a node's whole path, by XDP, tc and nftables as kube-proxy's\n"
		"  sock      a pod's connections and throughput through a ClusterIP, against direct\n"
		"  program   services into the kernel's tables: from nothing, one endpoint of 10,000 services; nft beside it\n"
		"  memory    what the kernel's tables take, full and idle\n",
};
