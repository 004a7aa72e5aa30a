/*
 * httpGet with TLS, and gRPC health checks (HTTP/2): one libcurl transfer in libuv's pool, bounded by its own timeout.
 */
#include "action_impl.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct transfer {
	uv_work_t req;
	struct kl_action *action; /* holds a reference */
	char *url;
	struct curl_slist *headers;
	char *body;
	size_t body_len;
	bool grpc;
	long timeout_ms;
	/* results */
	CURLcode rc;
	long code;
	char words[CURL_ERROR_SIZE];
	struct kl_buf answer;
};

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	kl_buf_push(&t->answer, data, size * count);
	return size * count;
}

static void work(uv_work_t *req)
{
	struct transfer *t = container_of(req, struct transfer, req);
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, t->url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, t->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L); /* upstream checks no certificate in probes */
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	if (t->grpc) {
		curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, t->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)t->body_len);
	}
	t->rc = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &t->code);
	curl_easy_cleanup(curl);
}

/* grpc.health.v1.HealthCheckResponse behind the five-byte prefix: field 1, varint; 1 is SERVING. */
static bool grpc_serving(const struct kl_buf *answer)
{
	const unsigned char *at = (const unsigned char *)kl_buf_str(answer);

	return answer->len >= 7 && at[0] == 0 && at[5] == 0x08 && at[6] == 1;
}

static void finish(struct transfer *t)
{
	kl_autobuf words = {0};

	if (t->rc != CURLE_OK)
		kl_buf_printf(&words, t->grpc ? "timeout: failed to connect service: %s%s" : "Get \"%s\": %s",
			t->grpc ? "" : t->url, *t->words ? t->words : curl_easy_strerror(t->rc));
	else if (t->grpc && !grpc_serving(&t->answer))
		kl_buf_str_push(&words, "service unhealthy (responded with \"NOT_SERVING\")");
	else if (!t->grpc && (t->code < 200 || t->code >= 400))
		kl_buf_printf(&words, "HTTP probe failed with statuscode: %ld", t->code);
	action_finish(t->action, words.len ? KL_ACTION_FAILED : KL_ACTION_OK, kl_buf_str(&words));
}

static void done(uv_work_t *req, int status)
{
	struct transfer *t = container_of(req, struct transfer, req);
	struct kl_action *action = t->action;

	(void)status;
	if (!action->finished)
		finish(t);
	curl_slist_free_all(t->headers);
	kl_buf_release(&t->answer);
	free(t->url);
	free(t->body);
	free(t);
	action_unref(action);
}

static void start(struct kl_action *action, struct transfer *t)
{
	t->action = action;
	t->answer.max = 65536;
	t->timeout_ms = action->timeout_ms > 0 ? action->timeout_ms : 30000;
	action_ref(action);
	uv_queue_work(action->loop, &t->req, work, done);
}

static bool is_tls(const struct kl_action *action)
{
	return !strcasecmp(kl_json_str(action->handler, "scheme", NULL), "HTTPS");
}

static void add_headers(struct kl_action *action, struct transfer *t)
{
	json_t *header;
	size_t i;

	json_array_foreach (json_object_get(action->handler, "httpHeaders"), i, header) {
		kl_autofree char *line =
			kl_asprintf("%s: %s", kl_json_str(header, "name", NULL), kl_json_str(header, "value", NULL));
		if (!strpbrk(line, "\r\n"))
			t->headers = curl_slist_append(t->headers, line);
	}
	t->headers = curl_slist_append(t->headers, "User-Agent: kube-probe/1.33");
}

static int http_start(struct kl_action *action, struct kl_err *err)
{
	const char *path = kl_json_str(action->handler, "path", NULL);

	if (!is_tls(action))
		return action_http_plain_start(action, err);
	int rc = action_address(action, err);
	if (rc)
		return rc;
	struct transfer *t = kl_calloc(1, sizeof(*t));
	t->url = kl_asprintf(strchr(action->host, ':') ? "https://[%s]:%d%s%s" : "https://%s:%d%s%s", action->host,
		action->port, *path == '/' ? "" : "/", path);
	add_headers(action, t);
	start(action, t);
	return 0;
}

static void http_stop(struct kl_action *action)
{
	if (!is_tls(action))
		action_net_stop(action);
}

static const char *http_timeout(struct kl_action *action, struct kl_buf *words)
{
	if (!is_tls(action))
		return action_net_timeout(action, words);
	kl_buf_printf(words, "Get \"https://%s:%d%s\": context deadline exceeded", action->host, action->port,
		kl_json_str(action->handler, "path", NULL));
	return kl_buf_str(words);
}

const struct action_kind action_http = {"httpGet", http_start, http_stop, http_timeout};

/* HealthCheckRequest{service}: field 1, length-delimited. */
static int grpc_start(struct kl_action *action, struct kl_err *err)
{
	const char *service = kl_json_str(action->handler, "service", NULL);
	size_t len = strlen(service), message = len ? len + 2 : 0;
	int rc = action_address(action, err);

	if (rc)
		return rc;
	if (len > 120)
		return kl_fail_msg(err, EINVAL, "the gRPC service's name is too long");
	struct transfer *t = kl_calloc(1, sizeof(*t));
	t->grpc = true;
	t->url = kl_asprintf(strchr(action->host, ':') ? "http://[%s]:%d/grpc.health.v1.Health/Check"
						       : "http://%s:%d/grpc.health.v1.Health/Check",
		action->host, action->port);
	t->body = kl_calloc(1, 5 + message + 1);
	t->body_len = 5 + message;
	t->body[4] = (char)message;
	if (len) {
		t->body[5] = 0x0a;
		t->body[6] = (char)len;
		memcpy(t->body + 7, service, len);
	}
	t->headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/grpc"), "TE: trailers");
	start(action, t);
	return 0;
}

static void grpc_stop(struct kl_action *action)
{
	(void)action; /* the transfer has its own timeout */
}

static const char *grpc_timeout(struct kl_action *action, struct kl_buf *words)
{
	kl_buf_printf(words, "timeout: failed to connect service \"%s:%d\" within %ds: context deadline exceeded",
		action->host, action->port, action->timeout_ms / 1000);
	return kl_buf_str(words);
}

const struct action_kind action_grpc = {"grpc", grpc_start, grpc_stop, grpc_timeout};
