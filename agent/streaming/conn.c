#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct kl_conn {
	uv_poll_t poll;
	uv_timer_t timer; /* of kl_conn_finish; also starts the first delivery */
	struct kl_http_upgraded *upgraded;
	int fd;
	struct kl_buf in; /* leftover bytes, delivered once */
	struct kl_buf out;
	size_t sent; /* of out */
	unsigned holds, open_handles;
	unsigned finish_ms;
	bool started, was_high, closing, failed;
	struct kl_conn_events events;
	void *arg;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void update_poll(struct kl_conn *conn)
{
	if (conn->closing || conn->failed)
		return;
	int events = 0;
	if (conn->started && !conn->holds)
		events |= UV_READABLE;
	if (conn->out.len > conn->sent)
		events |= UV_WRITABLE;
	/* With neither, a dead peer must still be noticed: uv_poll reports errors and hang-ups through DISCONNECT. */
	uv_poll_start(&conn->poll, events | UV_DISCONNECT, on_poll);
}

static void fail(struct kl_conn *conn)
{
	if (conn->failed || conn->closing)
		return;
	conn->failed = true;
	uv_poll_stop(&conn->poll);
	uv_timer_stop(&conn->timer);
	conn->events.gone(conn->arg);
}

static void on_finish_timeout(uv_timer_t *timer)
{
	fail(timer->data);
}

static void rearm_finish(struct kl_conn *conn)
{
	if (conn->finish_ms)
		uv_timer_start(&conn->timer, on_finish_timeout, conn->finish_ms, 0);
}

static void compact(struct kl_conn *conn)
{
	if (conn->sent == conn->out.len) {
		/* An idle connection keeps no big buffer. */
		if (conn->out.size > KL_CONN_HIGH)
			kl_buf_release(&conn->out);
		else
			kl_buf_reset(&conn->out);
		conn->sent = 0;
	} else if (conn->sent > KL_CONN_HIGH) {
		kl_buf_consume(&conn->out, conn->sent);
		conn->sent = 0;
	}
}

/* Returns false on a dead connection. */
static bool send_some(struct kl_conn *conn)
{
	while (conn->sent < conn->out.len) {
		ssize_t n = send(
			conn->fd, conn->out.data + conn->sent, conn->out.len - conn->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		conn->sent += (size_t)n;
		rearm_finish(conn);
	}
	return true;
}

static void on_writable(struct kl_conn *conn)
{
	if (!send_some(conn)) {
		fail(conn);
		return;
	}
	compact(conn);
	if (conn->was_high && kl_conn_backlog(conn) <= KL_CONN_LOW) {
		conn->was_high = false;
		conn->events.drained(conn->arg);
	}
}

static void on_readable(struct kl_conn *conn)
{
	uint8_t chunk[32768];
	ssize_t n = recv(conn->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	if (n > 0)
		conn->events.data(conn->arg, chunk, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fail(conn);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct kl_conn *conn = poll->data;
	if (status < 0) {
		fail(conn);
		return;
	}
	if (events & UV_WRITABLE)
		on_writable(conn);
	if ((events & UV_READABLE) && !conn->holds && !conn->closing && !conn->failed)
		on_readable(conn);
	/* Held, and the peer has gone: what it sent last will not be wanted any more. */
	else if ((events & UV_DISCONNECT) && conn->holds && !conn->closing && !conn->failed)
		fail(conn);
	update_poll(conn);
}

static void on_start(uv_timer_t *timer)
{
	struct kl_conn *conn = timer->data;
	conn->started = true;
	rearm_finish(conn);
	if (conn->in.len)
		conn->events.data(conn->arg, (uint8_t *)conn->in.data, conn->in.len);
	kl_buf_release(&conn->in);
	update_poll(conn);
}

struct kl_conn *kl_conn_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_conn_events *events, void *arg)
{
	struct kl_conn *conn = kl_calloc(1, sizeof(*conn));
	conn->upgraded = upgraded;
	conn->fd = fd;
	conn->events = *events;
	conn->arg = arg;
	kl_buf_push(&conn->in, leftover, len);
	uv_poll_init(loop, &conn->poll, fd);
	uv_timer_init(loop, &conn->timer);
	conn->poll.data = conn->timer.data = conn;
	conn->open_handles = 2;
	uv_timer_start(&conn->timer, on_start, 0, 0);
	return conn;
}

struct kl_buf *kl_conn_out(struct kl_conn *conn)
{
	return &conn->out;
}

size_t kl_conn_backlog(const struct kl_conn *conn)
{
	return conn->out.len - conn->sent;
}

void kl_conn_flush(struct kl_conn *conn)
{
	if (conn->failed || conn->closing) {
		kl_buf_reset(&conn->out);
		conn->sent = 0;
		return;
	}
	/* Most of the time the socket takes it at once; a failure is told by the poll, not from inside the caller. */
	send_some(conn);
	compact(conn);
	if (kl_conn_backlog(conn) > KL_CONN_HIGH)
		conn->was_high = true;
	update_poll(conn);
}

void kl_conn_hold(struct kl_conn *conn)
{
	conn->holds++;
	update_poll(conn);
}

void kl_conn_unhold(struct kl_conn *conn)
{
	conn->holds--;
	update_poll(conn);
}

void kl_conn_finish(struct kl_conn *conn, unsigned timeout_ms)
{
	conn->finish_ms = timeout_ms;
	if (conn->started)
		rearm_finish(conn);
	kl_conn_flush(conn);
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_conn *conn = handle->data;
	if (--conn->open_handles)
		return;
	kl_http_upgraded_close(conn->upgraded);
	kl_buf_release(&conn->in);
	kl_buf_release(&conn->out);
	free(conn);
}

void kl_conn_close(struct kl_conn *conn)
{
	if (!conn || conn->closing)
		return;
	conn->closing = true;
	uv_close((uv_handle_t *)&conn->poll, on_closed);
	uv_close((uv_handle_t *)&conn->timer, on_closed);
}
