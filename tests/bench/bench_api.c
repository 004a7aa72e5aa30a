#include "bench_api.h"

#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct kl_bench_api {
	CURL *curl;
	struct kl_kubeconfig config;
	struct kl_buf answer;
	void (*line)(const char *line, void *arg);
	void *arg;
	const atomic_bool *stop;
	int pem_fds[3]; /* CA, certificate, key */
};

/* libcurl over GnuTLS takes certificates as files only: the text becomes one that lives in memory. */
static void give_file(CURL *curl, CURLoption option, const char *pem, int *ret_fd)
{
	char path[40];

	if (!pem)
		return;
	*ret_fd = memfd_create("pem", MFD_CLOEXEC);
	if (*ret_fd < 0 || write(*ret_fd, pem, strlen(pem)) != (ssize_t)strlen(pem))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *ret_fd);
	curl_easy_setopt(curl, option, path);
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct kl_bench_api *api = arg;
	char *end;

	kl_buf_push(&api->answer, data, size * count);
	if (!api->line)
		return size * count;
	while (api->answer.len && (end = memchr(api->answer.data, '\n', api->answer.len))) {
		*end = '\0';
		api->line(api->answer.data, api->arg);
		kl_buf_consume(&api->answer, (size_t)(end - api->answer.data) + 1);
	}
	return size * count;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct kl_bench_api *api = arg;

	(void)down_total, (void)down, (void)up_total, (void)up;
	return api->stop && *api->stop;
}

struct kl_bench_api *kl_bench_api_new(const char *kubeconfig, struct kl_err *err)
{
	struct kl_bench_api *api = kl_calloc(1, sizeof(*api));

	for (size_t i = 0; i < KL_ARRAY_LEN(api->pem_fds); i++)
		api->pem_fds[i] = -1;
	if (kl_kubeconfig_load(kubeconfig, &api->config, err)) {
		free(api);
		return NULL;
	}
	api->curl = curl_easy_init();
	give_file(api->curl, CURLOPT_CAINFO, api->config.ca_pem, &api->pem_fds[0]);
	give_file(api->curl, CURLOPT_SSLCERT, api->config.cert_pem, &api->pem_fds[1]);
	give_file(api->curl, CURLOPT_SSLKEY, api->config.key_pem, &api->pem_fds[2]);
	curl_easy_setopt(api->curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(api->curl, CURLOPT_SSLCERTTYPE, "PEM");
	curl_easy_setopt(api->curl, CURLOPT_SSLKEYTYPE, "PEM");
	curl_easy_setopt(api->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(api->curl, CURLOPT_WRITEDATA, api);
	curl_easy_setopt(api->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(api->curl, CURLOPT_XFERINFODATA, api);
	curl_easy_setopt(api->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(api->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(api->curl, CURLOPT_NOPROXY, "*");
	return api;
}

void kl_bench_api_free(struct kl_bench_api *api)
{
	if (!api)
		return;
	curl_easy_cleanup(api->curl);
	for (size_t i = 0; i < KL_ARRAY_LEN(api->pem_fds); i++)
		kl_cleanup_close(&api->pem_fds[i]);
	kl_kubeconfig_release(&api->config);
	kl_buf_release(&api->answer);
	free(api);
}

static int perform(struct kl_bench_api *api, const char *path, int timeout_ms, struct kl_err *err)
{
	kl_autofree char *url = kl_asprintf("%s%s", api->config.server, path);
	long status = 0;

	kl_buf_reset(&api->answer);
	curl_easy_setopt(api->curl, CURLOPT_URL, url);
	curl_easy_setopt(api->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	CURLcode rc = curl_easy_perform(api->curl);
	if (rc && rc != CURLE_ABORTED_BY_CALLBACK)
		return kl_fail_msg(err, EIO, "%s: %s", path, curl_easy_strerror(rc));
	curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300)
		return kl_fail_msg(err, EPROTO, "%s: HTTP %ld: %.200s", path, status, kl_buf_str(&api->answer));
	return 0;
}

int kl_bench_api_call(struct kl_bench_api *api, const char *method, const char *path, const char *type,
	const char *body, struct kl_err *err)
{
	kl_autofree char *content_type = kl_asprintf("Content-Type: %s", type ? type : "application/json");
	struct curl_slist *headers = curl_slist_append(NULL, content_type);

	api->line = NULL;
	curl_easy_setopt(api->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers);
	if (body) {
		curl_easy_setopt(api->curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(api->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	} else {
		curl_easy_setopt(api->curl, CURLOPT_HTTPGET, 1L);
	}
	int rc = perform(api, path, 15000, err);
	curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return rc;
}

int kl_bench_api_watch(struct kl_bench_api *api, const char *path, int timeout_ms,
	void (*line)(const char *line, void *arg), void *arg, const atomic_bool *stop, struct kl_err *err)
{
	api->line = line;
	api->arg = arg;
	api->stop = stop;
	curl_easy_setopt(api->curl, CURLOPT_HTTPGET, 1L);
	return perform(api, path, timeout_ms, err);
}

void kl_samples_add(struct kl_samples *samples, int64_t us)
{
	if (samples->count < KL_ARRAY_LEN(samples->values))
		samples->values[samples->count++] = us;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static json_int_t at_percent(const struct kl_samples *samples, size_t percent)
{
	return samples->count ? (json_int_t)samples->values[(samples->count - 1) * percent / 100] : 0;
}

json_t *kl_samples_json(struct kl_samples *samples)
{
	qsort(samples->values, samples->count, sizeof(samples->values[0]), compare);
	return json_pack("{sI sI sI sI}", "count", (json_int_t)samples->count, "median_us", at_percent(samples, 50),
		"p90_us", at_percent(samples, 90), "max_us", at_percent(samples, 100));
}
