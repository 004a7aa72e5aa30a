/* Answers: bytes at once, and bodies that a producer streams. */
#include "httpd_impl.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BLOCK = 16 * 1024, CHUNKED_BLOCK = 1024 };

void add_headers(
	struct MHD_Response *response, const char *content_type, const struct kl_http_header *headers, size_t count)
{
	if (content_type)
		MHD_add_response_header(response, "Content-Type", content_type);
	for (size_t i = 0; i < count; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
}

void request_answer(struct kl_http_request *req, unsigned status, struct MHD_Response *response)
{
	struct MHD_Response *unsent = response;
	pthread_mutex_lock(&req->lock);
	if (req->conn && !req->answered) {
		req->response = response;
		req->status = status;
		unsent = NULL;
	}
	req->answered = true;
	req->cancelled = NULL;
	struct MHD_Connection *sleeper = request_take_sleeper(req);
	pthread_mutex_unlock(&req->lock);
	resume_connection(sleeper);
	if (unsent)
		MHD_destroy_response(unsent);
	request_unref(req);
}

void kl_http_release_free(void *arg)
{
	free(arg);
}

void kl_http_reply(struct kl_http_request *req, const struct kl_http_reply *reply)
{
	void *data = (void *)(uintptr_t)(reply->len ? reply->data : "");
	struct MHD_Response *response = reply->release
						? MHD_create_response_from_buffer_with_free_callback_cls(
							  reply->len, data, reply->release, reply->arg)
						: MHD_create_response_from_buffer(reply->len, data,
							  reply->len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	if (!response)
		abort();
	add_headers(response, reply->content_type, reply->headers, reply->header_count);
	request_answer(req, (unsigned)reply->status, response);
}

void kl_http_reply_buf(struct kl_http_request *req, int status, const char *content_type, struct kl_buf *body)
{
	size_t len = body->len;
	char *data = kl_buf_take(body);
	kl_http_reply(req, &(struct kl_http_reply){.status = status,
				   .content_type = content_type,
				   .data = data,
				   .len = len,
				   .release = kl_http_release_free,
				   .arg = data});
}

void request_answer_error(struct kl_http_request *req, int status, const char *message)
{
	kl_autobuf body = {0};
	const char *type = "text/plain; charset=utf-8";
	if (req->httpd->options.error_body)
		req->httpd->options.error_body(status, message, &body, &type);
	else
		kl_buf_printf(&body, "%s\n", message);
	kl_http_reply_buf(req, status, type, &body);
}

/*
 * A stream's life: the response owns it and frees it in stream_free. `conn` is there while a suspended connection may
 * be resumed. The rule against a lost wake-up: `woken` is cleared before produce is asked and looked at, under the
 * lock, before the connection is suspended.
 */
struct kl_http_stream {
	struct kl_http_request *req; /* a reference */
	ssize_t (*produce)(void *arg, char *buf, size_t max);
	void (*closed)(void *arg);
	void *arg;
	bool endless, watched;

	pthread_mutex_t lock; /* of what follows */
	struct MHD_Connection *conn;
	bool suspended, woken, hungup;
};

static struct MHD_Connection *rouse(struct kl_http_stream *stream, bool *flag)
{
	pthread_mutex_lock(&stream->lock);
	*flag = true;
	struct MHD_Connection *sleeper = stream->suspended ? stream->conn : NULL;
	stream->suspended = false;
	pthread_mutex_unlock(&stream->lock);
	return sleeper;
}

void kl_http_stream_wake(struct kl_http_stream *stream)
{
	resume_connection(rouse(stream, &stream->woken));
}

struct MHD_Connection *stream_hangup(struct kl_http_stream *stream)
{
	return rouse(stream, &stream->hungup);
}

void stream_detach(struct kl_http_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->conn = NULL;
	stream->suspended = false;
	pthread_mutex_unlock(&stream->lock);
}

static bool stream_over(struct kl_http_stream *stream)
{
	return stream->hungup || atomic_load(&stream->req->httpd->stopping);
}

/* True when the connection now sleeps until a wake-up. */
static bool suspend(struct kl_http_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	bool sleep = !stream->woken && !stream_over(stream) && stream->conn;
	if (sleep) {
		stream->suspended = true;
		MHD_suspend_connection(stream->conn);
	}
	pthread_mutex_unlock(&stream->lock);
	return sleep;
}

static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	(void)pos;
	struct kl_http_stream *stream = arg;
	for (;;) {
		pthread_mutex_lock(&stream->lock);
		stream->woken = false;
		bool over = stream_over(stream);
		pthread_mutex_unlock(&stream->lock);
		if (over)
			return stream->endless ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
		ssize_t len = stream->produce(stream->arg, buf, max);
		if (len == KL_HTTP_END)
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (len < 0)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (len > 0)
			return len;
		if (!stream->watched) {
			/* A sleeping connection's socket is not read: only this tells that the client has gone. */
			stream->watched = true;
			httpd_watch_hangup(stream->req->httpd, stream->req);
		}
		if (suspend(stream))
			return 0;
	}
}

static void stream_free(void *arg)
{
	struct kl_http_stream *stream = arg;
	struct kl_http_request *req = stream->req;
	httpd_unwatch(req->httpd, req);
	pthread_mutex_lock(&req->httpd->lock);
	req->stream = NULL;
	pthread_mutex_unlock(&req->httpd->lock);
	stream_detach(stream);
	if (stream->closed)
		stream->closed(stream->arg);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
	request_unref(req);
}

static void bind_stream(struct kl_http_request *req, struct kl_http_stream *stream)
{
	pthread_mutex_lock(&req->httpd->lock);
	pthread_mutex_lock(&req->lock);
	stream->conn = req->conn;
	if (req->conn && !req->answered)
		req->stream = stream;
	pthread_mutex_unlock(&req->lock);
	pthread_mutex_unlock(&req->httpd->lock);
}

void kl_http_stream(struct kl_http_request *req, const struct kl_http_stream_options *options)
{
	struct kl_http_stream *stream = kl_calloc(1, sizeof(*stream));
	stream->req = request_ref(req);
	stream->produce = options->produce;
	stream->closed = options->closed;
	stream->arg = options->arg;
	stream->endless = options->length < 0;
	pthread_mutex_init(&stream->lock, NULL);
	/* chunks are made in the connection's buffer; the response's own serves HTTP/1.0 clients only */
	bool chunked = options->length < 0;
	size_t block = chunked ? CHUNKED_BLOCK : options->block ? options->block : DEFAULT_BLOCK;
	struct MHD_Response *response = MHD_create_response_from_callback(
		chunked ? MHD_SIZE_UNKNOWN : (uint64_t)options->length, block, stream_read, stream, stream_free);
	if (!response)
		abort();
	add_headers(response, options->content_type, options->headers, options->header_count);
	bind_stream(req, stream);
	if (options->opened)
		options->opened(options->arg, stream);
	request_answer(req, (unsigned)options->status, response);
}

static const struct {
	int status;
	const char *text;
} status_texts[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{413, "Request Entity Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Entity"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

const char *kl_http_status_text(int status)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(status_texts); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return "Unknown";
}
