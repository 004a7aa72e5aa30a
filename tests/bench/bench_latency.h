#ifndef KL_BENCH_LATENCY_H
#define KL_BENCH_LATENCY_H

#include "json.h"

struct kl_bench_options {
	const char *kubeconfig, *image;
	const char *pin_dirs[16]; /* one a node */
	size_t pin_count;
	int rounds;
};

/* Each returns what it measured (new reference), or NULL and err. */
json_t *kl_bench_pods(const struct kl_bench_options *opts, struct kl_err *err);
json_t *kl_bench_endpoints(const struct kl_bench_options *opts, struct kl_err *err);

#endif
