/*
 * An endpoint of a hand-made EndpointSlice is replaced by another; the time until every node would balance to the new
 * one, from the moment the write is sent and from the moment it is acknowledged. The tables are read through their
 * mappings by a thread that looks every 50 microseconds.
 */
#include "bench_api.h"
#include "bench_latency.h"
#include "bench_tables.h"
#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SERVICE    "/api/v1/namespaces/default/services"
#define SLICES     "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
#define NODES_MAX  16
#define TIMEOUT_NS 10000000000ll

struct poller {
	struct kl_tables *tables[NODES_MAX];
	uint32_t service[NODES_MAX];
	size_t count;
	uint32_t wanted;           /* IPv4, network order */
	int64_t first_ns, last_ns; /* of the first node, and of the last */
};

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static void *poll_tables(void *arg)
{
	struct poller *poller = arg;
	bool seen[NODES_MAX] = {0};
	size_t left = poller->count;

	for (int64_t end = kl_monotonic_ns() + TIMEOUT_NS; left && kl_monotonic_ns() < end; nap()) {
		for (size_t i = 0; i < poller->count; i++) {
			if (seen[i] || !kl_tables_has(poller->tables[i], poller->service[i], poller->wanted))
				continue;
			seen[i] = true;
			left--;
			poller->last_ns = kl_monotonic_ns();
			if (!poller->first_ns)
				poller->first_ns = poller->last_ns;
		}
	}
	if (left)
		poller->last_ns = 0;
	return NULL;
}

static int find_services(struct poller *poller, struct kl_err *err)
{
	int64_t end = kl_monotonic_ns() + TIMEOUT_NS;

	for (size_t i = 0; i < poller->count; i++) {
		while (!(poller->service[i] = kl_tables_service(poller->tables[i], "default/bench-endpoints"))) {
			if (kl_monotonic_ns() > end)
				return kl_fail_msg(err, ETIMEDOUT, "node %zu's table does not get the Service", i + 1);
			nap();
		}
	}
	return 0;
}

static int make_objects(struct kl_bench_api *api, struct kl_err *err)
{
	if (kl_bench_api_call(api, "POST", SERVICE, NULL,
		    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"bench-endpoints\"},"
		    "\"spec\":{\"ports\":[{\"port\":80}]}}",
		    err))
		return err->code;
	return kl_bench_api_call(api, "POST", SLICES, NULL,
		"{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"addressType\":\"IPv4\","
		"\"metadata\":{\"name\":\"bench-endpoints-1\",\"labels\":{\"kubernetes.io/"
		"service-name\":\"bench-endpoints\"}},"
		"\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}],\"endpoints\":[{\"addresses\":[\"192.0.2.1\"],"
		"\"conditions\":{\"ready\":true}}]}",
		err);
}

static int one_round(
	struct kl_bench_api *api, struct poller *poller, int round, struct kl_samples samples[3], struct kl_err *err)
{
	kl_autofree char *addr = kl_asprintf("192.0.2.%d", 2 + round % 250);
	kl_autofree char *patch =
		kl_asprintf("{\"endpoints\":[{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":true}}]}", addr);
	pthread_t thread;

	poller->wanted = inet_addr(addr);
	poller->first_ns = poller->last_ns = 0;
	if (pthread_create(&thread, NULL, poll_tables, poller))
		return kl_fail(err, errno, "thread");
	usleep(20000);
	int64_t sent_ns = kl_monotonic_ns();
	int rc = kl_bench_api_call(
		api, "PATCH", SLICES "/bench-endpoints-1", "application/merge-patch+json", patch, err);
	int64_t acked_ns = kl_monotonic_ns();
	pthread_join(thread, NULL);
	if (rc)
		return rc;
	if (!poller->last_ns)
		return kl_fail_msg(err, ETIMEDOUT, "round %d: not in every node's table within 10 s", round);
	kl_samples_add(&samples[0], (acked_ns - sent_ns) / 1000);
	kl_samples_add(&samples[1], (poller->last_ns - sent_ns) / 1000);
	kl_samples_add(&samples[2], poller->last_ns > acked_ns ? (poller->last_ns - acked_ns) / 1000 : 0);
	return 0;
}

static int measure(
	struct kl_bench_api *api, struct poller *poller, int rounds, struct kl_samples samples[3], struct kl_err *err)
{
	if (make_objects(api, err) || find_services(poller, err))
		return err->code;
	for (int round = 0; round < rounds; round++)
		if (one_round(api, poller, round, samples, err))
			return err->code;
	return 0;
}

static int open_tables(const struct kl_bench_options *opts, struct poller *poller, struct kl_err *err)
{
	if (!opts->pin_count)
		return kl_fail_msg(err, EINVAL, "--pins is wanted, once for each node");
	for (; poller->count < opts->pin_count; poller->count++) {
		poller->tables[poller->count] = kl_tables_open(opts->pin_dirs[poller->count], err);
		if (!poller->tables[poller->count])
			return err->code;
	}
	return 0;
}

json_t *kl_bench_endpoints(const struct kl_bench_options *opts, struct kl_err *err)
{
	static struct kl_samples samples[3];
	struct poller poller = {.count = 0};
	struct kl_bench_api *api = kl_bench_api_new(opts->kubeconfig, err);
	int rc = api ? open_tables(opts, &poller, err) : -EINVAL;

	if (!rc) {
		rc = measure(api, &poller, opts->rounds, samples, err);
		kl_bench_api_call(api, "DELETE", SERVICE "/bench-endpoints", NULL, NULL, NULL);
		kl_bench_api_call(api, "DELETE", SLICES "/bench-endpoints-1", NULL, NULL, NULL);
	}
	for (size_t i = 0; i < poller.count; i++)
		kl_tables_free(poller.tables[i]);
	kl_bench_api_free(api);
	if (rc)
		return NULL;
	return json_pack("{so so so}", "write", kl_samples_json(&samples[0]), "sent_to_all_kernels",
		kl_samples_json(&samples[1]), "acknowledged_to_all_kernels", kl_samples_json(&samples[2]));
}
