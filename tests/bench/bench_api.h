/*
 * The API as the benches use it: one kept connection with the kubeconfig's certificate, blocking calls.
 */
#ifndef KL_BENCH_API_H
#define KL_BENCH_API_H

#include "json.h"

#include <stdatomic.h>

struct kl_bench_api;

struct kl_bench_api *kl_bench_api_new(const char *kubeconfig, struct kl_err *err);
void kl_bench_api_free(struct kl_bench_api *api);
/* `body` NULL: none. `type` NULL: application/json. An answer of 300 and more is an error with its words. */
int kl_bench_api_call(struct kl_bench_api *api, const char *method, const char *path, const char *type,
	const char *body, struct kl_err *err);
/* Calls `line` for each line of an endless answer, until `stop` is set (looked at once a second) or timeout_ms is over.
 */
int kl_bench_api_watch(struct kl_bench_api *api, const char *path, int timeout_ms,
	void (*line)(const char *line, void *arg), void *arg, const atomic_bool *stop, struct kl_err *err);

/* Samples in microseconds, and the JSON that is printed of them: {count, median_us, p90_us, max_us}. */
struct kl_samples {
	int64_t values[1024];
	size_t count;
};
void kl_samples_add(struct kl_samples *samples, int64_t us);
json_t *kl_samples_json(struct kl_samples *samples); /* sorts them */

#endif
