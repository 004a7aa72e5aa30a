#include "proxy_impl.h"

#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

enum { STOP_MS = 1000 };

/* --- tasks for the thread */

bool proxy_post(struct kl_proxy *proxy, void (*run)(void *), void *arg)
{
	struct proxy_task *task = kl_calloc(1, sizeof(*task));
	task->run = run;
	task->arg = arg;
	pthread_mutex_lock(&proxy->lock);
	bool taken = !proxy->stopped;
	if (taken) {
		LL_APPEND(proxy->tasks, task);
		uv_async_send(&proxy->async);
	}
	pthread_mutex_unlock(&proxy->lock);
	if (!taken)
		free(task);
	return taken;
}

static void on_async(uv_async_t *async)
{
	struct kl_proxy *proxy = async->data;
	pthread_mutex_lock(&proxy->lock);
	struct proxy_task *tasks = kl_take(&proxy->tasks), *next;
	pthread_mutex_unlock(&proxy->lock);
	for (struct proxy_task *task = tasks; task; task = next) {
		next = task->next;
		task->run(task->arg);
		free(task);
	}
}

void proxy_unref(struct kl_proxy *proxy)
{
	pthread_mutex_lock(&proxy->lock);
	bool last = --proxy->refs == 0;
	pthread_mutex_unlock(&proxy->lock);
	if (!last)
		return;
	if (proxy->agent_tls.cred)
		gnutls_certificate_free_credentials(proxy->agent_tls.cred);
	if (proxy->workload_tls.cred)
		gnutls_certificate_free_credentials(proxy->workload_tls.cred);
	pthread_mutex_destroy(&proxy->lock);
	free(proxy);
}

/* --- objects from the store */

static json_t *store_get(const char *kind, const char *ns, const char *name, void *arg)
{
	kl_cleanup(kl_cleanup_object) struct kl_object *object = kl_store_get(arg, kl_kind_named("", kind), ns, name);
	return object ? kl_object_parse(object) : NULL;
}

/* The value of a label in the packed form "key\0value\0…\0\0". */
static const char *packed_label(const char *packed, const char *key)
{
	while (packed && *packed) {
		const char *value = packed + strlen(packed) + 1;
		if (!strcmp(packed, key))
			return value;
		packed = value + strlen(value) + 1;
	}
	return "";
}

static json_t *store_slices(const char *ns, const char *service, void *arg)
{
	struct kl_object_list list;
	json_t *slices = json_array();
	kl_store_list(arg, kl_kind_named("discovery.k8s.io", "EndpointSlice"), ns, &list);
	for (size_t i = 0; i < list.count; i++)
		if (!strcmp(packed_label(list.items[i]->labels, "kubernetes.io/service-name"), service))
			json_array_append_new(slices, kl_object_parse(list.items[i]));
	kl_object_list_release(&list);
	return slices;
}

/* --- requests: an HTTP thread */

void proxy_reply_status(struct kl_http_request *req, const struct kl_status *st)
{
	struct kl_buf body = {0};
	kl_autojson *json = kl_status_json(st);
	kl_json_dump(json, &body);
	kl_buf_char(&body, '\n');
	kl_http_reply_buf(req, st->code, "application/json", &body);
}

struct header_copy {
	struct kl_buf *out;
	const char *connection;
	bool upgrade;
};

/* Browsers, which cannot set headers on a WebSocket, send their token as one of its protocols. */
static void copy_protocols(struct kl_buf *out, const char *name, const char *value)
{
	static const char TOKEN[] = "base64url.bearer.authorization.k8s.io.";
	kl_autofree char *list = kl_strdup(value);
	kl_autobuf kept = {0};
	for (char *save = NULL, *word = strtok_r(list, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save))
		if (strncmp(word, TOKEN, sizeof(TOKEN) - 1) != 0)
			kl_buf_printf(&kept, "%s%s", kept.len ? ", " : "", word);
	if (kept.len)
		kl_buf_printf(out, "%s: %s\r\n", name, kept.data);
}

/* Credentials were for us; the rest goes on, but for what belongs to one connection. */
static void copy_header(const char *name, const char *value, void *arg)
{
	static const char *const DROPPED[] = {"Host", "Content-Length", "Authorization", "Expect", "X-Forwarded-Host",
		"X-Forwarded-Uri", "X-Forwarded-Proto", "X-Forwarded-For"};
	struct header_copy *copy = arg;
	if (kl_http1_hop_by_hop(name, copy->connection) || strpbrk(value, "\r\n") ||
		!strncasecmp(name, "X-Remote-", 9) || !strncasecmp(name, "Impersonate-", 12))
		return;
	for (size_t i = 0; i < KL_ARRAY_LEN(DROPPED); i++)
		if (!strcasecmp(name, DROPPED[i]))
			return;
	if (!strcasecmp(name, "Sec-WebSocket-Protocol"))
		copy_protocols(copy->out, name, value);
	else
		kl_buf_printf(copy->out, "%s: %s\r\n", name, value);
}

static void push_forwarded(struct kl_buf *out, struct kl_http_request *req)
{
	const char *host = kl_http_header(req, "Host"), *peer = kl_http_peer(req);
	const char *colon = strrchr(peer, ':');
	if (host && !strpbrk(host, "\r\n"))
		kl_buf_printf(out, "X-Forwarded-Host: %s\r\n", host);
	kl_buf_printf(out, "X-Forwarded-Uri: %s\r\nX-Forwarded-Proto: https\r\n", kl_http_raw_path(req));
	if (colon)
		kl_buf_printf(out, "X-Forwarded-For: %.*s\r\n", (int)(colon - peer), peer);
}

static void build_request(struct exchange *ex)
{
	struct kl_buf *out = &ex->request;
	const char *upgrade = kl_http_wants_upgrade(ex->req);
	struct header_copy copy = {.out = out, .connection = kl_http_header(ex->req, "Connection")};
	bool v6 = strchr(ex->route.host, ':');
	size_t len;
	const char *body = kl_http_body(ex->req, &len);

	kl_buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s%s%s:%d\r\n", ex->method, ex->route.target, v6 ? "[" : "",
		ex->route.host, v6 ? "]" : "", ex->route.port);
	kl_http_headers(ex->req, copy_header, &copy);
	if (ex->route.prefix)
		push_forwarded(out, ex->req);
	if (len || !strcmp(ex->method, "POST") || !strcmp(ex->method, "PUT") || !strcmp(ex->method, "PATCH"))
		kl_buf_printf(out, "Content-Length: %zu\r\n", len);
	if (upgrade && !strpbrk(upgrade, "\r\n"))
		kl_buf_printf(out, "Connection: Upgrade\r\nUpgrade: %s\r\n\r\n", upgrade);
	else
		kl_buf_str_push(out, "Connection: close\r\n\r\n");
	kl_buf_push(out, body, len);
}

static void answer_early(struct kl_http_request *req, struct kl_proxy_route *route)
{
	struct kl_http_header location = {"Location", route->redirect};
	struct kl_http_reply reply = {.status = 200, .content_type = "text/plain"};
	if (route->redirect)
		reply = (struct kl_http_reply){.status = 301, .headers = &location, .header_count = 1};
	kl_http_reply(req, &reply);
	kl_proxy_route_release(route);
}

/* --- the client goes away before the answer: by the time the thread hears of it the exchange may be over */

struct cancel {
	struct kl_proxy *proxy;
	uint64_t id;
};

static void cancel_exchange(void *arg)
{
	struct cancel *cancel = arg;
	struct exchange *ex;
	HASH_FIND(hh, cancel->proxy->exchanges, &cancel->id, sizeof(cancel->id), ex);
	if (ex && ex->req)
		exchange_abort(ex);
	proxy_unref(cancel->proxy);
	free(cancel);
}

/* Never after the answer, before which no exchange is freed. */
static void on_cancelled(void *arg)
{
	struct exchange *ex = arg;
	struct cancel *cancel = kl_calloc(1, sizeof(*cancel));
	*cancel = (struct cancel){ex->proxy, ex->id};
	pthread_mutex_lock(&cancel->proxy->lock);
	cancel->proxy->refs++;
	pthread_mutex_unlock(&cancel->proxy->lock);
	if (proxy_post(cancel->proxy, cancel_exchange, cancel))
		return;
	proxy_unref(cancel->proxy);
	free(cancel);
}

static struct exchange *new_exchange(
	struct kl_proxy *proxy, struct kl_http_request *req, const struct kl_proxy_route *route)
{
	struct exchange *ex = kl_calloc(1, sizeof(*ex));
	ex->proxy = proxy;
	ex->req = req;
	ex->route = *route;
	ex->method = kl_strdup(kl_http_method(req));
	ex->wants_upgrade = kl_http_wants_upgrade(req) != NULL;
	ex->client_fd = -1;
	pthread_mutex_init(&ex->lock, NULL);
	pthread_mutex_lock(&proxy->lock);
	ex->id = ++proxy->last_id;
	proxy->refs++;
	pthread_mutex_unlock(&proxy->lock);
	build_request(ex);
	return ex;
}

void kl_proxy_handle(struct kl_proxy *proxy, struct kl_http_request *req, const struct kl_proxy_target *target)
{
	kl_cleanup(kl_status_release) struct kl_status st = {0};
	struct kl_proxy_route route;
	struct kl_proxy_ask ask = {.method = kl_http_method(req),
		.raw_path = kl_http_raw_path(req),
		.raw_query = kl_http_raw_query(req),
		.wants_upgrade = kl_http_wants_upgrade(req) != NULL};
	ask.params = kl_http_params(req, &ask.param_count);
	if (kl_proxy_route(&proxy->lookup, target, &ask, &route, &st) < 0) {
		proxy_reply_status(req, &st);
		return;
	}
	if (route.redirect || route.empty) {
		answer_early(req, &route);
		return;
	}
	struct exchange *ex = new_exchange(proxy, req, &route);
	kl_http_defer(req, on_cancelled, ex);
	if (proxy_post(proxy, exchange_start, ex))
		return;
	kl_status_set(&st, 503, "ServiceUnavailable", "the server is shutting down");
	proxy_reply_status(req, &st);
	exchange_free_memory(ex);
}

/* --- start and end */

static int make_tls(struct kl_proxy *proxy, const struct kl_proxy_options *options, struct kl_err *err)
{
	gnutls_datum_t ca = {
		(unsigned char *)(uintptr_t)options->ca_pem, options->ca_pem ? (unsigned)strlen(options->ca_pem) : 0};
	gnutls_datum_t cert = {(unsigned char *)(uintptr_t)options->cert_pem,
		options->cert_pem ? (unsigned)strlen(options->cert_pem) : 0};
	gnutls_datum_t key = {(unsigned char *)(uintptr_t)options->key_pem,
		options->key_pem ? (unsigned)strlen(options->key_pem) : 0};
	gnutls_certificate_allocate_credentials(&proxy->workload_tls.cred);
	gnutls_certificate_allocate_credentials(&proxy->agent_tls.cred);
	proxy->agent_tls.verify = true;
	int rc = gnutls_certificate_set_x509_trust_mem(proxy->agent_tls.cred, &ca, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key_mem(proxy->agent_tls.cred, &cert, &key, GNUTLS_X509_FMT_PEM);
	return rc < 0 ? kl_fail_msg(err, EINVAL, "certificates of the proxy: %s", gnutls_strerror(rc)) : 0;
}

static void *thread_main(void *arg)
{
	struct kl_proxy *proxy = arg;
	sigset_t signals;
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	kl_log_set_component("proxy");
	uv_run(&proxy->loop, UV_RUN_DEFAULT);
	return NULL;
}

int kl_proxy_new(const struct kl_proxy_options *options, struct kl_proxy **ret, struct kl_err *err)
{
	struct kl_proxy *proxy = kl_calloc(1, sizeof(*proxy));
	pthread_mutex_init(&proxy->lock, NULL);
	proxy->refs = 1;
	proxy->lookup = (struct kl_proxy_lookup){store_get, store_slices, options->store};
	int rc = make_tls(proxy, options, err);
	if (rc < 0) {
		proxy_unref(proxy);
		return rc;
	}
	uv_loop_init(&proxy->loop);
	proxy->async.data = proxy;
	uv_async_init(&proxy->loop, &proxy->async, on_async);
	rc = pthread_create(&proxy->thread, NULL, thread_main, proxy);
	if (rc) {
		uv_close((uv_handle_t *)&proxy->async, NULL);
		uv_run(&proxy->loop, UV_RUN_DEFAULT);
		uv_loop_close(&proxy->loop);
		proxy_unref(proxy);
		return kl_fail(err, rc, "start the proxy's thread");
	}
	*ret = proxy;
	return 0;
}

/*
 * The end, in two steps: every exchange is aborted, and the thread waits a while for streams and upgrades that HTTP
 * threads still hold; then those are let go: they free themselves when the HTTP server ends them (see proxy_post's
 * false).
 */
static void finish_stop(struct kl_proxy *proxy)
{
	struct exchange *ex, *next;
	if (uv_is_closing((uv_handle_t *)&proxy->stop_timer))
		return;
	pthread_mutex_lock(&proxy->lock);
	proxy->stopped = true;
	HASH_ITER (hh, proxy->exchanges, ex, next) {
		HASH_DELETE(hh, proxy->exchanges, ex);
		ex->orphan = true;
	}
	pthread_mutex_unlock(&proxy->lock);
	uv_close((uv_handle_t *)&proxy->stop_timer, NULL);
	on_async(&proxy->async); /* what was posted before */
	uv_close((uv_handle_t *)&proxy->async, NULL);
}

static void on_stop_timer(uv_timer_t *timer)
{
	finish_stop(timer->data);
}

void proxy_exchange_ended(struct kl_proxy *proxy)
{
	/* By the timer, not from inside whatever ended it. */
	if (proxy->stopping && !proxy->exchanges && !uv_is_closing((uv_handle_t *)&proxy->stop_timer))
		uv_timer_start(&proxy->stop_timer, on_stop_timer, 0, 0);
}

static void stop(void *arg)
{
	struct kl_proxy *proxy = arg;
	struct exchange *ex, *next;
	proxy->stopping = true;
	uv_timer_init(&proxy->loop, &proxy->stop_timer);
	proxy->stop_timer.data = proxy;
	uv_timer_start(&proxy->stop_timer, on_stop_timer, STOP_MS, 0);
	HASH_ITER (hh, proxy->exchanges, ex, next)
		exchange_abort(ex);
	proxy_exchange_ended(proxy);
}

void kl_proxy_free(struct kl_proxy *proxy)
{
	if (!proxy)
		return;
	proxy_post(proxy, stop, proxy);
	pthread_join(proxy->thread, NULL);
	uv_loop_close(&proxy->loop);
	proxy_unref(proxy);
}
