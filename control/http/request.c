/*
 * A request's way: request_begin (the target is known), request_access (once for the headers, then for pieces of the
 * body, then until an answer is there), request_completed.
 */
#include "httpd_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A body past the limit is read (and dropped) so far; what is longer still is cut off. */
#define MAX_DISCARD (32u * 1024 * 1024)

struct kl_http_request *request_ref(struct kl_http_request *req)
{
	atomic_fetch_add_explicit(&req->refs, 1, memory_order_relaxed);
	return req;
}

void request_unref(struct kl_http_request *req)
{
	if (atomic_fetch_sub_explicit(&req->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (req->drop)
		req->drop(req->state);
	if (req->response)
		MHD_destroy_response(req->response);
	peer_unref(req->peer);
	kl_url_release(&req->url);
	kl_buf_release(&req->body);
	pthread_mutex_destroy(&req->lock);
	free(req);
}

int kl_http_answered(const struct kl_http_request *req)
{
	return (int)req->status;
}

static struct peer *peer_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *peer = info->socket_context;
	atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
	return peer;
}

void *request_begin(void *arg, const char *target, struct MHD_Connection *conn)
{
	struct kl_httpd *httpd = arg;
	struct kl_http_request *req = kl_calloc(1, sizeof(*req));
	atomic_init(&req->refs, 1);
	req->httpd = httpd;
	req->conn = conn;
	req->peer = peer_of(conn);
	req->watched_fd = -1;
	req->body.max = httpd->options.max_body;
	pthread_mutex_init(&req->lock, NULL);
	req->bad_url = kl_url_parse(target, &req->url) < 0;

	pthread_mutex_lock(&httpd->lock);
	req->next = httpd->requests;
	if (req->next)
		req->next->prev = req;
	httpd->requests = req;
	pthread_mutex_unlock(&httpd->lock);
	return req;
}

static void unlink_request(struct kl_http_request *req)
{
	struct kl_httpd *httpd = req->httpd;
	httpd_unwatch(httpd, req);
	pthread_mutex_lock(&httpd->lock);
	if (req->prev)
		req->prev->next = req->next;
	else
		httpd->requests = req->next;
	if (req->next)
		req->next->prev = req->prev;
	pthread_mutex_unlock(&httpd->lock);
}

void request_completed(void *arg, struct MHD_Connection *conn, void **context, enum MHD_RequestTerminationCode code)
{
	(void)arg, (void)conn, (void)code;
	struct kl_http_request *req = *context;
	if (!req)
		return;
	*context = NULL;
	unlink_request(req);
	pthread_mutex_lock(&req->lock);
	req->conn = NULL;
	pthread_mutex_unlock(&req->lock);
	if (req->stream)
		stream_detach(req->stream);
	if (req->upgraded)
		upgrade_failed(kl_take(&req->upgraded));
	request_unref(req);
}

static const struct route *find_route(const struct kl_httpd *httpd, const char *path)
{
	const struct route *best = NULL;
	for (size_t i = 0; i < httpd->route_count; i++) {
		const struct route *route = &httpd->routes[i];
		if (strncmp(path, route->prefix, route->len) || (path[route->len] && path[route->len] != '/'))
			continue;
		if (!best || route->len > best->len)
			best = route;
	}
	return best;
}

static void refuse_large(struct kl_http_request *req)
{
	kl_autofree char *words = kl_asprintf("Request entity too large: limit is %zu", req->body.max);
	request_answer_error(request_ref(req), 413, words);
}

/* Called with the headers: what can be refused before the body, is. */
static void begin(struct kl_http_request *req, const char *method, const char *version)
{
	req->begun = true;
	req->old_version = strcmp(version, MHD_HTTP_VERSION_1_1) != 0;
	strncpy(req->method, method, sizeof(req->method) - 1);
	peer_identify(req->peer, req->conn);
	const char *text = MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, "Content-Length");
	unsigned long long length = text ? strtoull(text, NULL, 10) : 0;
	if (length > req->body.max)
		req->body.overflow =
			true; /* it is read and dropped, so that the client, still sending, gets to see the answer */
	req->handled = req->bad_url || length > MAX_DISCARD;
	if (req->bad_url)
		request_answer_error(request_ref(req), 400, "the request's URL is malformed");
	else if (req->handled)
		refuse_large(req);
}

static void handle(struct kl_http_request *req)
{
	if (!req->handled && req->body.overflow) {
		req->handled = true;
		refuse_large(req);
		return;
	}
	if (!req->handled) {
		req->handled = true;
		req->route = find_route(req->httpd, req->url.path);
		request_ref(req); /* the handler's */
		if (!req->route) {
			request_answer_error(req, 404, "the server could not find the requested resource");
			return;
		}
		req->route->handler(req, req->route->arg);
	}
}

/* Queues the answer if there is one, waits if it was deferred. */
static enum MHD_Result settle(struct kl_http_request *req)
{
	enum MHD_Result result = MHD_YES;
	struct MHD_Response *response = NULL;
	bool again = false;
	pthread_mutex_lock(&req->lock);
	if (req->aborted) {
		result = MHD_NO;
	} else if (req->response) {
		response = kl_take(&req->response);
	} else if (req->again) {
		req->again = req->deferred = false;
		again = true;
	} else if (req->deferred && !atomic_load(&req->httpd->stopping)) {
		req->suspended = true;
		MHD_suspend_connection(req->conn);
	} else {
		result = MHD_NO; /* a handler that neither answered nor deferred: its connection is cut */
	}
	pthread_mutex_unlock(&req->lock);
	if (again) {
		req->route->handler(req, req->route->arg);
		return settle(req);
	}
	if (response) {
		result = MHD_queue_response(req->conn, req->status, response);
		MHD_destroy_response(response);
	}
	return result;
}

enum MHD_Result request_access(void *arg, struct MHD_Connection *conn, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **context)
{
	(void)conn, (void)url;
	struct kl_httpd *httpd = arg;
	struct kl_http_request *req = *context;
	if (!req || atomic_load(&httpd->stopping))
		return MHD_NO;
	if (!req->begun) {
		begin(req, method, version);
		return req->handled ? settle(req) : MHD_YES;
	}
	if (*len) {
		if (!req->body.overflow)
			kl_buf_push(&req->body, data, *len);
		else if ((req->discarded += *len) > MAX_DISCARD)
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	handle(req);
	return settle(req);
}

struct MHD_Connection *request_take_sleeper(struct kl_http_request *req)
{
	struct MHD_Connection *conn = req->suspended ? req->conn : NULL;
	req->suspended = false;
	return conn;
}

struct MHD_Connection *request_abort(struct kl_http_request *req)
{
	pthread_mutex_lock(&req->lock);
	req->aborted = true;
	struct MHD_Connection *sleeper = request_take_sleeper(req);
	pthread_mutex_unlock(&req->lock);
	return sleeper;
}

void request_hangup(struct kl_http_request *req)
{
	pthread_mutex_lock(&req->lock);
	if (!req->answered && req->cancelled) {
		req->cancelled(req->cancelled_arg);
		req->cancelled = NULL;
	}
	pthread_mutex_unlock(&req->lock);
}

void kl_http_defer(struct kl_http_request *req, void (*cancelled)(void *arg), void *arg)
{
	pthread_mutex_lock(&req->lock);
	req->deferred = true;
	req->cancelled = cancelled;
	req->cancelled_arg = arg;
	pthread_mutex_unlock(&req->lock);
	if (cancelled)
		httpd_watch_hangup(req->httpd, req);
}

void kl_http_again(struct kl_http_request *req)
{
	pthread_mutex_lock(&req->lock);
	req->again = true;
	struct MHD_Connection *sleeper = request_take_sleeper(req);
	pthread_mutex_unlock(&req->lock);
	resume_connection(sleeper);
}

void kl_http_set_state(struct kl_http_request *req, void *state, void (*drop)(void *state))
{
	req->state = state;
	req->drop = drop;
}

void *kl_http_state(const struct kl_http_request *req)
{
	return req->state;
}

const char *kl_http_method(const struct kl_http_request *req)
{
	return req->method;
}

const char *kl_http_path(const struct kl_http_request *req)
{
	return req->url.path;
}

const char *kl_http_raw_path(const struct kl_http_request *req)
{
	return req->url.raw_path;
}

const char *kl_http_raw_query(const struct kl_http_request *req)
{
	return req->url.raw_query;
}

const char *kl_http_query(const struct kl_http_request *req, const char *name)
{
	for (size_t i = 0; i < req->url.param_count; i++)
		if (!strcmp(req->url.params[i].name, name))
			return req->url.params[i].value;
	return NULL;
}

bool kl_http_query_bool(const struct kl_http_request *req, const char *name)
{
	const char *value = kl_http_query(req, name);
	return value && (!*value || !strcmp(value, "1") || !strcasecmp(value, "t") || !strcasecmp(value, "true"));
}

const struct kl_http_param *kl_http_params(const struct kl_http_request *req, size_t *ret_count)
{
	*ret_count = req->url.param_count;
	return req->url.params;
}

const char *kl_http_header(const struct kl_http_request *req, const char *name)
{
	return req->conn ? MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name) : NULL;
}

struct each_header {
	void (*each)(const char *name, const char *value, void *arg);
	void *arg;
};

static enum MHD_Result call_each(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct each_header *to = arg;
	to->each(name, value ? value : "", to->arg);
	return MHD_YES;
}

void kl_http_headers(
	const struct kl_http_request *req, void (*each)(const char *name, const char *value, void *arg), void *arg)
{
	struct each_header to = {each, arg};
	if (req->conn)
		MHD_get_connection_values(req->conn, MHD_HEADER_KIND, call_each, &to);
}

const char *kl_http_body(const struct kl_http_request *req, size_t *ret_len)
{
	*ret_len = req->body.len;
	return kl_buf_str(&req->body);
}

const char *kl_http_wants_upgrade(const struct kl_http_request *req)
{
	const char *connection = kl_http_header(req, "Connection");
	return connection && strcasestr(connection, "upgrade") ? kl_http_header(req, "Upgrade") : NULL;
}

const char *kl_http_peer(const struct kl_http_request *req)
{
	return req->peer->text;
}

const struct kl_http_identity *kl_http_identity(const struct kl_http_request *req)
{
	return &req->peer->identity;
}
