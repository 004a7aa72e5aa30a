#include "dns_impl.h"

#include "file.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RESOLV = 64 << 10 };

/* --- names from the API */

static void service_ips_note(struct kl_dns *dns)
{
	const char *const *ips = kl_zone_cluster_ips(dns->zone, "kube-system", "kube-dns");

	pthread_mutex_lock(&dns->lock);
	dns->service_count = kl_zone_services(dns->zone);
	for (size_t i = 0; dns->service_ips[i]; i++)
		free(kl_take(&dns->service_ips[i]));
	for (size_t i = 0; ips[i] && i < 2; i++)
		dns->service_ips[i] = kl_strdup(ips[i]);
	pthread_mutex_unlock(&dns->lock);
}

static void synced_note(void *arg)
{
	struct kl_dns *dns = arg;
	bool synced =
		dns->services && dns->slices && kl_informer_synced(dns->services) && kl_informer_synced(dns->slices);

	service_ips_note(dns);
	pthread_mutex_lock(&dns->lock);
	if (synced && !dns->synced)
		kl_info("dns: %zu services known, %zu servers for other names", kl_zone_services(dns->zone),
			kl_upstream_servers(dns->upstream));
	dns->synced |= synced;
	pthread_mutex_unlock(&dns->lock);
}

static bool is_own(const json_t *service)
{
	return !strcmp(kl_json_str(service, "metadata", "namespace", NULL), "kube-system") &&
	       !strcmp(kl_json_str(service, "metadata", "name", NULL), "kube-dns");
}

static void on_service(const json_t *object, const json_t *old, void *arg)
{
	struct kl_dns *dns = arg;

	(void)old;
	kl_zone_put_service(dns->zone, object);
	if (is_own(object))
		service_ips_note(dns);
}

static void on_service_gone(const json_t *last, void *arg)
{
	struct kl_dns *dns = arg;

	kl_zone_delete_service(dns->zone, last);
	if (is_own(last))
		service_ips_note(dns);
}

static void on_slice(const json_t *object, const json_t *old, void *arg)
{
	(void)old;
	kl_zone_put_slice(((struct kl_dns *)arg)->zone, object);
}

static void on_slice_gone(const json_t *last, void *arg)
{
	kl_zone_delete_slice(((struct kl_dns *)arg)->zone, last);
}

static void watch(struct kl_dns *dns)
{
	const struct kl_informer_handlers services = {.changed = on_service,
		.deleted = on_service_gone,
		.synced = synced_note,
		.arg = dns,
		.forgetful = true};
	const struct kl_informer_handlers slices = {
		.changed = on_slice, .deleted = on_slice_gone, .synced = synced_note, .arg = dns, .forgetful = true};

	dns->services = kl_informer_new(dns->client, "/api/v1/services", NULL, &services);
	dns->slices = kl_informer_new(dns->client, "/apis/discovery.k8s.io/v1/endpointslices",
		"labelSelector=service.kubernetes.io%2Fheadless", &slices);
}

/* --- the thread */

static void on_stop(uv_async_t *async)
{
	uv_stop(async->loop);
}

static void close_rest(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* The forwarder first: who waits for it gets an answer still. */
static void wind_up(struct kl_dns *dns)
{
	kl_informer_free(dns->services);
	kl_informer_free(dns->slices);
	if (dns->client)
		kl_client_free(dns->client);
	kl_upstream_free(dns->upstream);
	uv_run(&dns->loop, UV_RUN_NOWAIT);
	dns_unlisten(dns);
	uv_run(&dns->loop, UV_RUN_NOWAIT);
	uv_walk(&dns->loop, close_rest, NULL);
	uv_run(&dns->loop, UV_RUN_DEFAULT);
	uv_loop_close(&dns->loop);
}

static void *run(void *arg)
{
	struct kl_dns *dns = arg;

	pthread_setname_np(pthread_self(), "kl-dns");
	watch(dns);
	uv_run(&dns->loop, UV_RUN_DEFAULT);
	wind_up(dns);
	return NULL;
}

/* --- the node's own name servers */

struct upstreams {
	char *names[KL_UPSTREAM_SERVERS];
	size_t count;
};

static bool is_service_ip(const struct kl_dns *dns, const char *name)
{
	for (size_t i = 0; dns->service_ips[i]; i++)
		if (!strcmp(dns->service_ips[i], name))
			return true;
	return false;
}

static void upstreams_read(const char *path, struct upstreams *ret)
{
	kl_autobuf text = {.max = MAX_RESOLV};

	if (!path || kl_file_read(path, &text, NULL))
		return;
	for (const char *line = kl_buf_str(&text); *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "nameserver", 10) || !strchr(" \t", line[10]))
			continue;
		const char *at = line + 10 + strspn(line + 10, " \t");
		if (ret->count < KL_ARRAY_LEN(ret->names))
			ret->names[ret->count++] = kl_strndup(at, strcspn(at, " \t\r\n"));
	}
}

static void forward_start(struct kl_dns *dns, const struct kl_dns_options *options)
{
	struct upstreams upstreams = {0};
	const char *names[KL_UPSTREAM_SERVERS];
	size_t count = 0;

	for (size_t i = 0;
		options->upstreams && options->upstreams[i] && upstreams.count < KL_ARRAY_LEN(upstreams.names); i++)
		upstreams.names[upstreams.count++] = kl_strdup(options->upstreams[i]);
	if (!upstreams.count)
		upstreams_read(options->resolv_conf, &upstreams);
	for (size_t i = 0; i < upstreams.count; i++)
		if (!is_service_ip(dns, upstreams.names[i])) /* a loop otherwise */
			names[count++] = upstreams.names[i];
	dns->upstream = kl_upstream_new(&dns->loop, names, count);
	for (size_t i = 0; i < upstreams.count; i++)
		free(upstreams.names[i]);
}

/* --- from another thread */

static void dns_free(struct kl_dns *dns)
{
	kl_zone_free(dns->zone);
	for (size_t i = 0; dns->service_ips[i]; i++)
		free(dns->service_ips[i]);
	pthread_mutex_destroy(&dns->lock);
	free(dns->domain);
	free(dns);
}

static int start(struct kl_dns *dns, const struct kl_dns_options *options, struct kl_err *err)
{
	int rc = kl_client_new(&dns->loop, options->kubeconfig, "keelson-dns/" KL_VERSION, &dns->client, err);

	for (size_t i = 0; !rc && options->node_ips[i]; i++)
		rc = dns_listen(dns, options->node_ips[i], options->port ? options->port : KL_DNS_PORT, err);
	if (!rc && pthread_create(&dns->thread, NULL, run, dns))
		rc = kl_fail(err, EAGAIN, "start the name server's thread");
	return rc;
}

int kl_dns_start(const struct kl_dns_options *options, struct kl_dns **ret, struct kl_err *err)
{
	struct kl_dns *dns = kl_calloc(1, sizeof(*dns));

	pthread_mutex_init(&dns->lock, NULL);
	dns->domain = kl_strdup(options->domain);
	dns->zone = kl_zone_new(dns->domain);
	uv_loop_init(&dns->loop);
	uv_async_init(&dns->loop, &dns->stop, on_stop);
	forward_start(dns, options);
	int rc = start(dns, options, err);
	if (rc) {
		wind_up(dns);
		dns_free(dns);
		return rc;
	}
	*ret = dns;
	return 0;
}

void kl_dns_stop(struct kl_dns *dns)
{
	if (!dns)
		return;
	uv_async_send(&dns->stop);
	pthread_join(dns->thread, NULL);
	dns_free(dns);
}

void kl_dns_set_pod_cidrs(struct kl_dns *dns, const char *const *cidrs, size_t count)
{
	pthread_mutex_lock(&dns->lock);
	dns->pod_count = 0;
	for (size_t i = 0; i < count && dns->pod_count < DNS_MAX_CIDRS; i++)
		dns->pod_count += !kl_prefix_read(cidrs[i], &dns->pods[dns->pod_count]);
	pthread_mutex_unlock(&dns->lock);
}

bool kl_dns_synced(struct kl_dns *dns)
{
	pthread_mutex_lock(&dns->lock);
	bool synced = dns->synced;
	pthread_mutex_unlock(&dns->lock);
	return synced;
}

char **kl_dns_service_ips(struct kl_dns *dns)
{
	char **list = kl_calloc(KL_ARRAY_LEN(dns->service_ips), sizeof(*list));

	pthread_mutex_lock(&dns->lock);
	for (size_t i = 0; dns->service_ips[i]; i++)
		list[i] = kl_strdup(dns->service_ips[i]);
	pthread_mutex_unlock(&dns->lock);
	return list;
}

void kl_dns_counters(struct kl_dns *dns, struct kl_dns_counters *ret)
{
	*ret = (struct kl_dns_counters){.queries = dns->queries,
		.answered = dns->answered,
		.forwarded = dns->forwarded,
		.refused = dns->refused,
		.failed = dns->failed};
	pthread_mutex_lock(&dns->lock);
	ret->services = dns->service_count;
	pthread_mutex_unlock(&dns->lock);
}
