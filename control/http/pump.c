/*
 * Pumps: a few threads that write endless streams into their sockets.
 *
 * A stream's way: pump_adopt() (on a thread of the library's: the connection falls asleep), the pump's list of queued
 * ones, take_over() (on the pump's thread, as all that follows), then feed() whenever it was woken or its socket takes
 * more, at last end(): `closed` is called, and when the stream stands in no list any more the connection is handed back
 * to be closed. Others may wake it until `closed` has returned, which may put it into the list once more: hence `dead`.
 */
#include "stream.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
	HEAD = 8,               /* room for a chunk's length and its line end */
	BLOCK = 16 * 1024 - 16, /* of a chunk, so that with its frame it is one TLS record */
	BLOCKS_A_TURN = 4,      /* then others have theirs */
	STALL_MS = 60 * 1000,   /* a client that reads nothing for so long, while there is something, is cut off */
	TICK_MS = 5000,
};

struct pump {
	struct kl_httpd *httpd;
	pthread_t thread;
	int epoll, event;
	_Atomic(struct kl_http_stream *) queue; /* newest first */
	struct kl_http_stream *streams;
	_Atomic bool stop;
	_Atomic unsigned adopting; /* threads in pump_adopt() */
	char block[HEAD + BLOCK + 2];
};

/* --- the queue --- */

void pump_wake(struct pump *pump, struct kl_http_stream *stream)
{
	if (atomic_exchange(&stream->queued, true))
		return;
	struct kl_http_stream *head = atomic_load(&pump->queue);
	do
		stream->next_queued = head;
	while (!atomic_compare_exchange_weak(&pump->queue, &head, stream));
	if (!head)
		eventfd_write(pump->event, 1);
}

bool pump_adopt(struct kl_http_stream *stream)
{
	struct kl_httpd *httpd = stream->req->httpd;
	struct pump *pump = httpd->pumps[atomic_fetch_add(&httpd->next_pump, 1) % httpd->pump_count];
	atomic_fetch_add(&pump->adopting, 1);
	pthread_mutex_lock(&stream->lock);
	bool adopted = stream->conn && !atomic_load(&pump->stop);
	if (adopted) {
		stream->fd = MHD_get_connection_info(stream->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		const union MHD_ConnectionInfo *tls =
			MHD_get_connection_info(stream->conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
		stream->session = tls ? tls->tls_session : NULL;
		MHD_suspend_connection(stream->conn);
		atomic_store(&stream->pump, pump);
	}
	pthread_mutex_unlock(&stream->lock);
	if (adopted)
		pump_wake(pump, stream);
	atomic_fetch_sub(&pump->adopting, 1);
	return adopted;
}

/* --- the socket --- */

static void wait_for(struct kl_http_stream *stream, bool writable)
{
	struct pump *pump = atomic_load(&stream->pump);
	struct epoll_event event = {.events = EPOLLRDHUP | (writable ? EPOLLOUT : 0), .data.ptr = stream};
	if (stream->blocked == writable)
		return;
	stream->blocked = writable;
	stream->blocked_ms = kl_monotonic_ms();
	epoll_ctl(pump->epoll, EPOLL_CTL_MOD, stream->fd, &event);
}

static int send_tls(struct kl_http_stream *stream, const char *data, size_t len)
{
	while (len) {
		ssize_t n = gnutls_record_send(stream->session, data, len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
			wait_for(stream, true); /* GnuTLS keeps the record: all of data, since it is no more than one */
			return 0;
		}
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_plain(struct kl_http_stream *stream, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(stream->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			kl_buf_push(&stream->out, data, len);
			wait_for(stream, true);
			return 0;
		}
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int send_bytes(struct kl_http_stream *stream, const char *data, size_t len)
{
	return stream->session ? send_tls(stream, data, len) : send_plain(stream, data, len);
}

/* The rest of what did not fit. */
static int flush(struct kl_http_stream *stream)
{
	if (stream->session) {
		ssize_t n = gnutls_record_send(stream->session, NULL, 0);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return 0;
		wait_for(stream, false);
		return n < 0 ? -1 : 0;
	}
	struct kl_buf rest = stream->out;
	stream->out = (struct kl_buf){0};
	wait_for(stream, false);
	int rc = send_plain(stream, rest.data, rest.len);
	kl_buf_release(&rest);
	return rc;
}

static int send_chunk(struct pump *pump, struct kl_http_stream *stream, size_t len)
{
	char head[HEAD + 1];
	int head_len = snprintf(head, sizeof(head), "%zx\r\n", len);
	memcpy(pump->block + HEAD - head_len, head, (size_t)head_len);
	memcpy(pump->block + HEAD + len, "\r\n", 2);
	return send_bytes(stream, pump->block + HEAD - head_len, (size_t)head_len + len + 2);
}

/* --- a stream's life --- */

static void end(struct pump *pump, struct kl_http_stream *stream)
{
	epoll_ctl(pump->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
	DL_DELETE(pump->streams, stream);
	stream->dead = true;
	if (stream->closed)
		stream->closed(stream->arg);
	stream->closed = NULL;
	if (!atomic_load(&stream->queued)) /* nobody wakes it any more: it is in the list now, or never again */
		stream_finish(stream);
}

/* Its last chunk is on its way; the end comes when it has gone. */
static void finish(struct pump *pump, struct kl_http_stream *stream)
{
	stream->ending = true;
	if (send_bytes(stream, "0\r\n\r\n", 5) < 0 || !stream->blocked)
		end(pump, stream);
}

static void feed(struct pump *pump, struct kl_http_stream *stream)
{
	for (int turn = 0; turn < BLOCKS_A_TURN && !stream->blocked; turn++) {
		ssize_t len = stream->produce(stream->arg, pump->block + HEAD, BLOCK);
		if (len == 0)
			return;
		if (len == KL_HTTP_END) {
			finish(pump, stream);
			return;
		}
		if (len < 0 || send_chunk(pump, stream, (size_t)len) < 0) {
			end(pump, stream);
			return;
		}
	}
	if (!stream->blocked)
		pump_wake(pump, stream);
}

static void take_over(struct pump *pump, struct kl_http_stream *stream)
{
	int off = 0, on = 1;
	struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = stream};
	stream->registered = true;
	DL_APPEND(pump->streams, stream);
	epoll_ctl(pump->epoll, EPOLL_CTL_ADD, stream->fd, &event);
	/* the library has held the head back for a body that would follow; fails harmlessly on what is no TCP */
	setsockopt(stream->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void on_queued(struct pump *pump, struct kl_http_stream *stream)
{
	if (stream->dead) {
		stream_finish(stream);
		return;
	}
	if (!stream->registered)
		take_over(pump, stream);
	if (!stream->blocked && !stream->ending)
		feed(pump, stream);
}

static void look_at_queued(struct pump *pump)
{
	struct kl_http_stream *stream = atomic_exchange(&pump->queue, NULL), *oldest = NULL, *next;
	for (; stream; stream = next) {
		next = stream->next_queued;
		stream->next_queued = oldest;
		oldest = stream;
	}
	for (; oldest; oldest = next) {
		next = oldest->next_queued;
		atomic_store(&oldest->queued, false); /* before it is asked: what comes later wakes it again */
		on_queued(pump, oldest);
	}
}

static void on_event(struct pump *pump, struct kl_http_stream *stream, uint32_t events)
{
	if (stream->dead)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		end(pump, stream);
		return;
	}
	if (!stream->blocked)
		return;
	if (flush(stream) < 0)
		end(pump, stream);
	else if (!stream->blocked && stream->ending)
		end(pump, stream);
	else if (!stream->blocked)
		feed(pump, stream);
}

static void cut_stalled(struct pump *pump, int64_t now_ms)
{
	struct kl_http_stream *stream, *next;
	DL_FOREACH_SAFE (pump->streams, stream, next)
		if (stream->blocked && now_ms - stream->blocked_ms > STALL_MS)
			end(pump, stream);
}

static void end_all(struct pump *pump)
{
	struct kl_http_stream *stream, *next;
	DL_FOREACH_SAFE (pump->streams, stream, next) {
		if (!stream->blocked)
			send_bytes(stream, "0\r\n\r\n", 5);
		end(pump, stream);
	}
}

static void *run(void *arg)
{
	struct pump *pump = arg;
	sigset_t signals;
	int64_t tick_ms = kl_monotonic_ms() + TICK_MS;
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	kl_log_set_component("http");
	while (!atomic_load(&pump->stop)) {
		struct epoll_event events[128];
		int count = epoll_wait(pump->epoll, events, KL_ARRAY_LEN(events), pump->streams ? TICK_MS : -1);
		for (int i = 0; i < count; i++)
			if (events[i].data.ptr)
				on_event(pump, events[i].data.ptr, events[i].events);
		eventfd_t woken;
		eventfd_read(pump->event, &woken);
		look_at_queued(pump);
		int64_t now_ms = kl_monotonic_ms();
		if (now_ms >= tick_ms) {
			cut_stalled(pump, now_ms);
			tick_ms = now_ms + TICK_MS;
		}
	}
	while (atomic_load(&pump->adopting))
		sched_yield();
	look_at_queued(pump); /* those that were adopted meanwhile */
	end_all(pump);
	look_at_queued(pump);
	return NULL;
}

/* --- all of them --- */

static struct pump *pump_new(struct kl_httpd *httpd, struct kl_err *err)
{
	struct pump *pump = kl_calloc(1, sizeof(*pump));
	pump->httpd = httpd;
	pump->epoll = epoll_create1(EPOLL_CLOEXEC);
	pump->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN};
	epoll_ctl(pump->epoll, EPOLL_CTL_ADD, pump->event, &event);
	int rc = pthread_create(&pump->thread, NULL, run, pump);
	if (rc) {
		kl_fail(err, rc, "start a thread");
		close(pump->epoll);
		close(pump->event);
		free(kl_take(&pump));
	}
	return pump;
}

int pumps_start(struct kl_httpd *httpd, struct kl_err *err)
{
	unsigned count = httpd->options.threads < MAX_PUMPS ? httpd->options.threads : MAX_PUMPS;
	for (unsigned i = 0; i < count; i++) {
		struct pump *pump = pump_new(httpd, err);
		if (!pump)
			return -EAGAIN;
		httpd->pumps[httpd->pump_count++] = pump;
	}
	return 0;
}

void pumps_stop(struct kl_httpd *httpd)
{
	for (unsigned i = 0; i < httpd->pump_count; i++) {
		struct pump *pump = httpd->pumps[i];
		atomic_store(&pump->stop, true);
		eventfd_write(pump->event, 1);
		pthread_join(pump->thread, NULL);
		close(pump->epoll);
		close(pump->event);
	}
}

void pumps_free(struct kl_httpd *httpd)
{
	for (unsigned i = 0; i < httpd->pump_count; i++)
		free(httpd->pumps[i]);
}
