/*
 * Latencies of a running cluster, measured from outside: a pod from create to Running, an endpoint change until it is
 * in every node's kernel. Prints JSON.
 */
#include "bench_latency.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: bench_latency pods|endpoints [OPTIONS]\n\n"
			   "  --kubeconfig FILE  default $KUBECONFIG\n"
			   "  --rounds N         default 20\n"
			   "  --image IMAGE      of the pods (default nginx:1.14)\n"
			   "  --pins DIR         a node's pin folder; once for each node\n";

static const struct option options[] = {
	{"kubeconfig", required_argument, NULL, 'k'},
	{"rounds", required_argument, NULL, 'r'},
	{"image", required_argument, NULL, 'i'},
	{"pins", required_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool parse(struct kl_bench_options *opts, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'k')
			opts->kubeconfig = optarg;
		else if (opt == 'r')
			opts->rounds = atoi(optarg);
		else if (opt == 'i')
			opts->image = optarg;
		else if (opt == 'p' && opts->pin_count < KL_ARRAY_LEN(opts->pin_dirs))
			opts->pin_dirs[opts->pin_count++] = optarg;
		else
			return false;
	}
	return optind == argc - 1 && opts->kubeconfig && opts->rounds > 0 && opts->rounds <= 500;
}

int main(int argc, char **argv)
{
	struct kl_bench_options opts = {.kubeconfig = getenv("KUBECONFIG"), .image = "nginx:1.14", .rounds = 20};
	struct kl_err err = {0};
	json_t *result = NULL;

	if (!parse(&opts, argc, argv)) {
		fputs(help, stderr);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (!strcmp(argv[optind], "pods"))
		result = kl_bench_pods(&opts, &err);
	else if (!strcmp(argv[optind], "endpoints"))
		result = kl_bench_endpoints(&opts, &err);
	else
		kl_fail_msg(&err, 22, "'%s' is neither pods nor endpoints", argv[optind]);
	if (!result) {
		fprintf(stderr, "bench_latency: %s\n", kl_err_text(&err));
		return 1;
	}
	json_dumpf(result, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(result);
	curl_global_cleanup();
	return 0;
}
