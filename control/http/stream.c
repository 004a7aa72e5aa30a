#include "stream.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BLOCK = 16 * 1024, CHUNKED_BLOCK = 1024 };

/*
 * A stream's life: the response owns it and frees it in stream_free. `conn` is there while a suspended connection may
 * be resumed. The rule against a lost wake-up: `woken` is cleared before produce is asked and looked at, under the
 * lock, before the connection is suspended.
 */
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
	struct pump *pump = atomic_load(&stream->pump);
	if (!pump) {
		resume_connection(rouse(stream, &stream->woken));
		pump = atomic_load(&stream->pump); /* it may just have been adopted */
	}
	if (pump)
		pump_wake(pump, stream);
}

struct MHD_Connection *stream_hangup(struct kl_http_stream *stream)
{
	/* a pump notices by itself, and ends its streams by itself */
	return atomic_load(&stream->pump) ? NULL : rouse(stream, &stream->hungup);
}

void stream_finish(struct kl_http_stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->over = true;
	struct MHD_Connection *conn = stream->conn;
	pthread_mutex_unlock(&stream->lock);
	resume_connection(conn);
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

static ssize_t read_slowly(struct kl_http_stream *stream, char *buf, size_t max)
{
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

static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	(void)pos;
	struct kl_http_stream *stream = arg;
	if (stream->over)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* its last chunk has been sent by the pump: no more than close */
	if (stream->chunked && pump_adopt(stream))
		return 0;
	return read_slowly(stream, buf, max);
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
	kl_buf_release(&stream->out);
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
	stream->chunked = stream->endless && !req->old_version;
	pthread_mutex_init(&stream->lock, NULL);
	/* the library makes chunks in the connection's buffer; the response's own serves HTTP/1.0 clients only */
	size_t block = stream->endless ? CHUNKED_BLOCK : options->block ? options->block : DEFAULT_BLOCK;
	struct MHD_Response *response =
		MHD_create_response_from_callback(stream->endless ? MHD_SIZE_UNKNOWN : (uint64_t)options->length, block,
			stream_read, stream, stream_free);
	if (!response)
		abort();
	add_headers(response, options->content_type, options->headers, options->header_count);
	/* a pump may take the connection over and cannot give it back: a client must not send its next request there */
	if (stream->chunked)
		MHD_add_response_header(response, "Connection", "close");
	bind_stream(req, stream);
	if (options->opened)
		options->opened(options->arg, stream);
	request_answer(req, (unsigned)options->status, response);
}
