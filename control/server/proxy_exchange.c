/* One proxied request on the proxy's thread: dial, ask, then stream the answer or splice the connections. */
#include "proxy_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_ERROR_BODY = 16384, LINGER_MS = 10000, BLOCK = 32768 };

/* --- its end */

void exchange_free_memory(struct exchange *ex)
{
	struct kl_proxy *proxy = ex->proxy;
	kl_proxy_route_release(&ex->route);
	kl_buf_release(&ex->request);
	kl_buf_release(&ex->in);
	kl_buf_release(&ex->out);
	kl_buf_release(&ex->client_early);
	pthread_mutex_destroy(&ex->lock);
	free(ex->method);
	free(ex);
	proxy_unref(proxy);
}

static void on_linger_closed(uv_handle_t *handle)
{
	exchange_free_memory(handle->data);
}

static void drop_peers(struct exchange *ex)
{
	kl_wire_free(kl_take(&ex->backend));
	kl_wire_free(kl_take(&ex->client));
}

static void end_exchange(struct exchange *ex)
{
	struct kl_proxy *proxy = ex->proxy;
	drop_peers(ex);
	if (!ex->orphan)
		HASH_DELETE(hh, proxy->exchanges, ex);
	if (ex->linger_open)
		uv_close((uv_handle_t *)&ex->linger, on_linger_closed);
	else
		exchange_free_memory(ex);
	proxy_exchange_ended(proxy);
}

static void answer_status(struct exchange *ex, const struct kl_status *st)
{
	proxy_reply_status(kl_take(&ex->req), st);
	end_exchange(ex);
}

/* The backend could not be reached or did not speak HTTP. */
static void answer_unreachable(struct exchange *ex, const char *words)
{
	kl_cleanup(kl_status_release) struct kl_status st = {0};
	if (ex->route.prefix)
		kl_status_set(&st, 503, "ServiceUnavailable", "error trying to reach service: %s", words);
	else if (ex->wants_upgrade)
		kl_status_set(&st, 500, "InternalError", "error dialing backend: %s", words);
	else
		kl_status_set(&st, 500, "InternalError", "Get \"https://%s:%d%s\": %s", ex->route.host, ex->route.port,
			ex->route.target, words);
	answer_status(ex, &st);
}

/* --- a streamed answer: HTTP threads */

static void resume_backend(void *arg)
{
	struct exchange *ex = arg;
	pthread_mutex_lock(&ex->lock);
	ex->backend_paused = false;
	pthread_mutex_unlock(&ex->lock);
	if (ex->backend)
		kl_wire_pause(ex->backend, false);
}

static ssize_t produce(void *arg, char *buf, size_t max)
{
	struct exchange *ex = arg;
	bool resume = false;
	ssize_t n = 0;
	pthread_mutex_lock(&ex->lock);
	if (ex->out.len) {
		n = (ssize_t)(ex->out.len < max ? ex->out.len : max);
		memcpy(buf, ex->out.data, (size_t)n);
		kl_buf_consume(&ex->out, (size_t)n);
		resume = ex->backend_paused && ex->out.len <= KL_WIRE_LOW;
	} else if (ex->out_broken) {
		n = KL_HTTP_ABORT;
	} else if (ex->out_done) {
		n = KL_HTTP_END;
	}
	pthread_mutex_unlock(&ex->lock);
	if (resume)
		proxy_post(ex->proxy, resume_backend, ex);
	return n;
}

static void on_stream_opened(void *arg, struct kl_http_stream *stream)
{
	struct exchange *ex = arg;
	pthread_mutex_lock(&ex->lock);
	ex->stream = stream;
	pthread_mutex_unlock(&ex->lock);
}

static void end_streamed(void *arg)
{
	end_exchange(arg);
}

/* Tasks run in order: a resume posted before comes before the end. */
static void on_stream_closed(void *arg)
{
	struct exchange *ex = arg;
	pthread_mutex_lock(&ex->lock);
	ex->stream = NULL;
	pthread_mutex_unlock(&ex->lock);
	if (!proxy_post(ex->proxy, end_streamed, ex))
		exchange_free_memory(ex);
}

/* --- a streamed answer: the proxy's thread */

static void wake(struct exchange *ex)
{
	if (ex->stream)
		kl_http_stream_wake(ex->stream);
}

static void body_ended(struct exchange *ex, bool broken)
{
	kl_wire_free(kl_take(&ex->backend));
	pthread_mutex_lock(&ex->lock);
	ex->out_done = true;
	ex->out_broken = broken;
	wake(ex);
	pthread_mutex_unlock(&ex->lock);
}

static void push_out(struct exchange *ex, const char *data, size_t len)
{
	bool pause;
	if (!len)
		return;
	pthread_mutex_lock(&ex->lock);
	kl_buf_push(&ex->out, data, len);
	pause = ex->out.len > KL_WIRE_HIGH && !ex->backend_paused;
	ex->backend_paused = ex->backend_paused || pause;
	wake(ex);
	pthread_mutex_unlock(&ex->lock);
	if (pause)
		kl_wire_pause(ex->backend, true);
}

static void body_data(struct exchange *ex, const char *data, size_t len)
{
	while (len && !ex->body.done) {
		const char *piece;
		size_t piece_len;
		ssize_t used = kl_http1_body_feed(&ex->body, data, len, &piece, &piece_len);
		if (used < 0) {
			body_ended(ex, true);
			return;
		}
		push_out(ex, piece, piece_len);
		data += used;
		len -= (size_t)used;
	}
	if (ex->body.done)
		body_ended(ex, false);
}

/* What of the backend's headers the client gets. At most as many as head has, and one. */
static size_t answer_headers(
	const struct exchange *ex, const struct kl_http1_head *head, struct kl_http_header *ret, char **ret_location)
{
	static const char *const OURS[] = {"Content-Length", "Content-Type", "Date"};
	const char *connection = kl_http1_header(head, "Connection");
	size_t count = 0;
	for (size_t i = 0; i < head->header_count; i++) {
		struct kl_http_header header = head->headers[i];
		bool drop = kl_http1_hop_by_hop(header.name, connection);
		for (size_t k = 0; k < KL_ARRAY_LEN(OURS); k++)
			drop = drop || !strcasecmp(header.name, OURS[k]);
		if (drop)
			continue;
		/* A backend does not know below which path its clients see it. */
		if (ex->route.prefix && !strcasecmp(header.name, "Location") && header.value[0] == '/' &&
			header.value[1] != '/')
			header.value = *ret_location = kl_asprintf("%s%s", ex->route.prefix, header.value);
		ret[count++] = header;
	}
	return count;
}

static void start_answer(struct exchange *ex, const struct kl_http1_head *head)
{
	struct kl_http_header headers[KL_HTTP1_MAX_HEADERS];
	kl_autofree char *location = NULL;
	size_t count = answer_headers(ex, head, headers, &location);
	const char *type = kl_http1_header(head, "Content-Type");

	ex->state = BODY;
	/* The answer to a HEAD tells a length and has no body: the server below us leaves it out by itself. */
	bool head_only = !strcmp(ex->method, "HEAD") && head->length > 0;
	if (ex->body.done && !head_only) {
		struct kl_http_reply reply = {
			.status = head->status, .content_type = type, .headers = headers, .header_count = count};
		kl_http_reply(kl_take(&ex->req), &reply);
		end_exchange(ex);
		return;
	}
	struct kl_http_stream_options options = {.status = head->status,
		.content_type = type,
		.headers = headers,
		.header_count = count,
		.length = ex->body.framing == KL_HTTP1_LENGTH ? head->length : -1,
		.block = BLOCK,
		.produce = produce,
		.opened = on_stream_opened,
		.closed = on_stream_closed,
		.arg = ex};
	ex->streaming = true;
	ex->out_done = head_only;
	kl_http_stream(kl_take(&ex->req), &options);
}

/* --- splicing */

static void on_linger(uv_timer_t *timer)
{
	end_exchange(timer->data);
}

/* One side is over: the other gets what is left, and a time to say goodbye. */
static void start_linger(struct exchange *ex)
{
	uv_timer_start(&ex->linger, on_linger, LINGER_MS, 0);
}

static void on_client_ready(void *arg)
{
	(void)arg;
}

static void on_client_data(void *arg, const char *data, size_t len)
{
	struct exchange *ex = arg;
	if (!ex->backend)
		return;
	kl_wire_write(ex->backend, data, len);
	if (kl_wire_backlog(ex->backend) > KL_WIRE_HIGH)
		kl_wire_pause(ex->client, true);
}

static void on_client_drained(void *arg)
{
	struct exchange *ex = arg;
	if (ex->backend)
		kl_wire_pause(ex->backend, false);
}

static void on_client_ended(void *arg, const struct kl_err *err)
{
	struct exchange *ex = arg;
	(void)err;
	kl_wire_free(kl_take(&ex->client));
	if (!ex->backend) {
		end_exchange(ex);
		return;
	}
	kl_wire_pause(ex->backend, false);
	kl_wire_end(ex->backend);
	start_linger(ex);
}

static void on_upgraded_freed(void *upgraded)
{
	kl_http_upgraded_close(upgraded);
}

static void start_splice(void *arg)
{
	static const struct kl_wire_events EVENTS = {
		on_client_ready, on_client_data, on_client_drained, on_client_ended};
	struct exchange *ex = arg;
	if (ex->proxy->stopping) {
		kl_http_upgraded_close(ex->upgraded);
		end_exchange(ex);
		return;
	}
	uv_timer_init(&ex->proxy->loop, &ex->linger);
	ex->linger.data = ex;
	ex->linger_open = true;
	ex->state = SPLICED;
	ex->client = kl_wire_open(&ex->proxy->loop, ex->client_fd, true, &EVENTS, ex, on_upgraded_freed, ex->upgraded);
	kl_wire_write(ex->client, ex->in.data, ex->in.len);
	kl_buf_release(&ex->in);
	if (!ex->backend) { /* it ended meanwhile; what it said still goes out */
		kl_wire_end(ex->client);
		start_linger(ex);
		return;
	}
	kl_wire_write(ex->backend, ex->client_early.data, ex->client_early.len);
	kl_buf_release(&ex->client_early);
	kl_wire_pause(ex->backend, false);
}

/* An HTTP thread. */
static void on_taken(struct kl_http_upgraded *conn, int fd, const char *leftover, size_t len, void *arg)
{
	struct exchange *ex = arg;
	ex->upgraded = conn;
	ex->client_fd = fd;
	kl_buf_push(&ex->client_early, leftover, len);
	if (proxy_post(ex->proxy, start_splice, ex))
		return;
	kl_http_upgraded_close(conn);
	exchange_free_memory(ex);
}

/* Any thread. */
static void on_upgrade_failed(void *arg)
{
	struct exchange *ex = arg;
	if (!proxy_post(ex->proxy, end_streamed, ex))
		exchange_free_memory(ex);
}

static void start_upgrade(struct exchange *ex, const struct kl_http1_head *head)
{
	struct kl_http_header headers[KL_HTTP1_MAX_HEADERS];
	size_t count = 0;
	const char *protocol = kl_http1_header(head, "Upgrade");
	for (size_t i = 0; i < head->header_count; i++)
		if (!kl_http1_hop_by_hop(head->headers[i].name, NULL) &&
			strcasecmp(head->headers[i].name, "Date") != 0 &&
			strcasecmp(head->headers[i].name, "Content-Length") != 0)
			headers[count++] = head->headers[i];
	struct kl_http_upgrade upgrade = {.protocol = protocol ? protocol : "",
		.headers = headers,
		.header_count = count,
		.taken = on_taken,
		.failed = on_upgrade_failed,
		.arg = ex};
	ex->state = UPGRADING;
	kl_wire_pause(ex->backend, true);
	kl_http_upgrade(kl_take(&ex->req), &upgrade);
}

/* --- the backend's answer */

/* kubelet's refusals are text; clients of the API get a Status. */
static void answer_agent_error(struct exchange *ex)
{
	kl_cleanup(kl_status_release) struct kl_status st = {0};
	while (ex->out.len && (unsigned char)ex->out.data[ex->out.len - 1] <= ' ')
		ex->out.data[--ex->out.len] = 0;
	const char *words = kl_buf_str(&ex->out);
	if (ex->status == 400)
		kl_status_bad_request(&st, "%s", words);
	else if (ex->status == 404)
		kl_status_set(&st, 404, "NotFound", "%s", words);
	else
		kl_status_set(&st, 500, "InternalError",
			"an error on the server (\"%s\") has prevented the request from succeeding", words);
	answer_status(ex, &st);
}

static void error_data(struct exchange *ex, const char *data, size_t len)
{
	while (len && !ex->body.done) {
		const char *piece;
		size_t piece_len;
		ssize_t used = kl_http1_body_feed(&ex->body, data, len, &piece, &piece_len);
		if (used < 0)
			break;
		kl_buf_push(&ex->out, piece, piece_len);
		data += used;
		len -= (size_t)used;
	}
	if (len || ex->body.done || ex->out.overflow)
		answer_agent_error(ex);
}

static void on_head(struct exchange *ex, const struct kl_http1_head *head, const char *rest, size_t len)
{
	kl_http1_body_init(&ex->body, head, ex->method);
	if (head->status == 101) {
		kl_autofree char *copy = kl_memdup(rest, len ? len : 1);
		start_upgrade(ex, head);
		/* The head's bytes are in `in`, which from now on holds what follows them. */
		kl_buf_reset(&ex->in);
		kl_buf_push(&ex->in, copy, len);
		return;
	}
	if (ex->route.agent_errors && head->status >= 400) {
		ex->state = ERROR_BODY;
		ex->status = head->status;
		ex->out.max = MAX_ERROR_BODY;
		error_data(ex, rest, len);
		return;
	}
	bool has_body = !ex->body.done;
	start_answer(ex, head); /* without a body the exchange may be over now */
	if (has_body)
		body_data(ex, rest, len);
}

static void head_data(struct exchange *ex, const char *data, size_t len)
{
	struct kl_http1_head head;
	kl_buf_push(&ex->in, data, len);
	for (;;) {
		ssize_t n = kl_http1_head(ex->in.data, ex->in.len, &head);
		if (n < 0 || (head.status == 101 && n > 0 && !ex->wants_upgrade)) {
			answer_unreachable(ex, "malformed HTTP response");
			return;
		}
		if (n == 0)
			return;
		if (head.status >= 200 || head.status == 101) {
			on_head(ex, &head, ex->in.data + n, ex->in.len - (size_t)n);
			return;
		}
		kl_buf_consume(&ex->in, (size_t)n); /* 1xx: the answer itself follows */
	}
}

static void on_backend_ready(void *arg)
{
	struct exchange *ex = arg;
	kl_wire_write(ex->backend, ex->request.data, ex->request.len);
	kl_buf_release(&ex->request);
}

static void on_backend_data(void *arg, const char *data, size_t len)
{
	struct exchange *ex = arg;
	switch (ex->state) {
	case AWAIT_HEAD:
		head_data(ex, data, len);
		break;
	case ERROR_BODY:
		error_data(ex, data, len);
		break;
	case BODY:
		body_data(ex, data, len);
		break;
	case UPGRADING:
		kl_buf_push(&ex->in, data, len);
		break;
	case SPLICED:
		if (!ex->client)
			break;
		kl_wire_write(ex->client, data, len);
		if (kl_wire_backlog(ex->client) > KL_WIRE_HIGH)
			kl_wire_pause(ex->backend, true);
		break;
	}
}

static void on_backend_drained(void *arg)
{
	struct exchange *ex = arg;
	if (ex->client)
		kl_wire_pause(ex->client, false);
}

static void on_backend_ended(void *arg, const struct kl_err *err)
{
	struct exchange *ex = arg;
	if (ex->state == AWAIT_HEAD) {
		answer_unreachable(ex, err ? kl_err_text(err) : "EOF");
	} else if (ex->state == ERROR_BODY) {
		answer_agent_error(ex);
	} else if (ex->state == BODY) {
		body_ended(ex, err || ex->body.framing != KL_HTTP1_UNTIL_CLOSE);
	} else if (ex->client) {
		kl_wire_free(kl_take(&ex->backend));
		kl_wire_pause(ex->client, false);
		kl_wire_end(ex->client);
		start_linger(ex);
	} else if (ex->state == SPLICED) {
		end_exchange(ex);
	} else { /* the client's side is still on its way */
		kl_wire_free(kl_take(&ex->backend));
	}
}

/* --- its start */

void exchange_start(void *arg)
{
	static const struct kl_wire_events EVENTS = {
		on_backend_ready, on_backend_data, on_backend_drained, on_backend_ended};
	struct exchange *ex = arg;
	struct kl_proxy *proxy = ex->proxy;
	struct kl_err err = {0};
	const struct kl_wire_tls *tls[] = {
		[KL_PROXY_AGENT] = &proxy->agent_tls, [KL_PROXY_HTTPS] = &proxy->workload_tls, [KL_PROXY_HTTP] = NULL};
	struct kl_wire_options options = {.host = ex->route.host,
		.port = ex->route.port,
		.tls = tls[ex->route.peer],
		.other_name = ex->route.node};
	HASH_ADD(hh, proxy->exchanges, id, sizeof(ex->id), ex);
	if (proxy->stopping) {
		exchange_abort(ex);
		return;
	}
	if (kl_wire_dial(&proxy->loop, &options, &EVENTS, ex, &ex->backend, &err) < 0)
		answer_unreachable(ex, kl_err_text(&err));
}

void exchange_abort(struct exchange *ex)
{
	if (ex->req) {
		kl_cleanup(kl_status_release) struct kl_status st = {0};
		kl_status_set(&st, 503, "ServiceUnavailable", "the server is shutting down");
		answer_status(ex, &st);
	} else if (ex->streaming) {
		body_ended(ex, true); /* freed when the stream has closed */
	} else if (ex->state == SPLICED) {
		end_exchange(ex);
	} else {
		drop_peers(ex); /* the upgrade's callback frees it */
	}
}
