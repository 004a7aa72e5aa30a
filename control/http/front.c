#include "front.h"

#include "hello.h"
#include "log.h"
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include <uv.h>

enum {
	HELLO_MS = 10000, /* for the first bytes to come */
	LINGER_MS = 5000, /* for one side to end after the other */
	MAX_HELLO = 4096,
	MAX_DROPPED = 32 << 20, /* that a client sends on after its answer, before it is cut off */
};

/*
 * One connection: HELLO (its first bytes are awaited; then perhaps it is handed to the library and forgotten), SHAKING,
 * OPEN. The front's thread has it, but for its way there.
 */
struct fronted {
	struct front *front;
	struct fronted *next, *prev;
	int fd; /* in HELLO */
	struct sockaddr_storage address;
	socklen_t address_len;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles;
	struct kl_wire *client, *inner;
	bool hello_open, ending;
	size_t dropped;
};

/* What waits for peer_started(): whose certificate stands behind a socket pair's end. */
struct known {
	int fd;
	struct peer *peer;
	struct known *next;
};

struct front {
	struct kl_httpd *httpd;
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t async;
	struct fronted *connections;
	unsigned count;
	pthread_mutex_t lock; /* of what follows */
	struct fronted *arrived;
	struct known *known;
	bool stop;
};

/* --- its end */

static void on_handle_closed(uv_handle_t *handle)
{
	struct fronted *c = handle->data;
	if (--c->handles)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* Before anybody else polls the descriptor: libuv forgets by number. */
static void close_hello(struct fronted *c)
{
	if (c->hello_open)
		uv_close((uv_handle_t *)&c->poll, on_handle_closed);
	c->hello_open = false;
}

static void end_connection(struct fronted *c)
{
	if (c->ending)
		return;
	c->ending = true;
	kl_wire_free(kl_take(&c->client));
	kl_wire_free(kl_take(&c->inner));
	DL_DELETE(c->front->connections, c);
	c->front->count--;
	close_hello(c);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void on_timeout(uv_timer_t *timer)
{
	end_connection(timer->data);
}

/* --- passing bytes */

static void pass(struct kl_wire *from, struct kl_wire *to, const char *data, size_t len)
{
	if (!to)
		return;
	kl_wire_write(to, data, len);
	if (kl_wire_backlog(to) > KL_WIRE_HIGH)
		kl_wire_pause(from, true);
}

/* One side has ended: the other gets what is left, hears of it, and has a while to end as well. */
static void side_ended(struct fronted *c, struct kl_wire **side, struct kl_wire *other)
{
	kl_wire_free(kl_take(side));
	if (!other) {
		end_connection(c);
		return;
	}
	kl_wire_pause(other, false);
	kl_wire_end(other);
	uv_timer_start(&c->timer, on_timeout, LINGER_MS, 0);
}

static void on_inner_data(void *arg, const char *data, size_t len)
{
	struct fronted *c = arg;
	pass(c->inner, c->client, data, len);
}

static void on_inner_drained(void *arg)
{
	struct fronted *c = arg;
	if (c->client)
		kl_wire_pause(c->client, false);
}

static void on_inner_ended(void *arg, const struct kl_err *err)
{
	struct fronted *c = arg;
	(void)err;
	side_ended(c, &c->inner, c->client);
}

static void on_inner_ready(void *arg)
{
	(void)arg;
}

static void on_client_data(void *arg, const char *data, size_t len)
{
	struct fronted *c = arg;
	if (c->inner)
		pass(c->client, c->inner, data, len);
	else if ((c->dropped += len) > MAX_DROPPED)
		end_connection(c);
}

static void on_client_drained(void *arg)
{
	struct fronted *c = arg;
	if (c->inner)
		kl_wire_pause(c->inner, false);
}

static void on_client_ended(void *arg, const struct kl_err *err)
{
	struct fronted *c = arg;
	if (err)
		kl_debug("%s", kl_err_text(err));
	side_ended(c, &c->client, c->inner);
}

/* --- from TLS to the plain daemon */

static void remember(struct front *front, int fd, struct peer *peer)
{
	struct known *known = kl_calloc(1, sizeof(*known));
	known->fd = fd;
	known->peer = peer;
	pthread_mutex_lock(&front->lock);
	LL_PREPEND(front->known, known);
	pthread_mutex_unlock(&front->lock);
}

struct peer *front_take_peer(struct front *front, int fd)
{
	struct known *known, *next;
	struct peer *peer = NULL;
	pthread_mutex_lock(&front->lock);
	LL_FOREACH_SAFE (front->known, known, next) {
		if (known->fd != fd)
			continue;
		peer = known->peer;
		LL_DELETE(front->known, known);
		free(known);
		break;
	}
	pthread_mutex_unlock(&front->lock);
	return peer;
}

static void on_client_ready(void *arg)
{
	static const struct kl_wire_events EVENTS = {on_inner_ready, on_inner_data, on_inner_drained, on_inner_ended};
	struct fronted *c = arg;
	struct kl_httpd *httpd = c->front->httpd;
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		end_connection(c);
		return;
	}
	remember(c->front, pair[1], peer_of_session(kl_wire_session(c->client), (struct sockaddr *)&c->address));
	if (MHD_add_connection(httpd->plain_daemon, pair[1], (struct sockaddr *)&c->address, c->address_len) !=
		MHD_YES) {
		peer_unref(front_take_peer(c->front, pair[1])); /* the library has closed its end */
		close(pair[0]);
		end_connection(c);
		return;
	}
	c->inner = kl_wire_open(&c->front->loop, pair[0], false, &EVENTS, c, NULL, NULL);
}

static void start_tls(struct fronted *c)
{
	static const struct kl_wire_events EVENTS = {
		on_client_ready, on_client_data, on_client_drained, on_client_ended};
	gnutls_session_t session;
	gnutls_datum_t http = {.data = (unsigned char *)(uintptr_t) "http/1.1", .size = strlen("http/1.1")};
	if (gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		end_connection(c);
		return;
	}
	gnutls_set_default_priority(session);
	gnutls_alpn_set_protocols(session, &http, 1, 0);
	httpd_use_credentials(c->front->httpd, session);
	c->client = kl_wire_accept(&c->front->loop, kl_take(&c->fd), session, &EVENTS, c);
	c->fd = -1;
}

static void hand_over(struct fronted *c)
{
	int fd = c->fd;
	c->fd = -1;
	if (MHD_add_connection(c->front->httpd->daemon, fd, (struct sockaddr *)&c->address, c->address_len) != MHD_YES)
		kl_debug("connection refused: too many");
	end_connection(c);
}

static void on_hello(uv_poll_t *poll, int status, int events)
{
	struct fronted *c = poll->data;
	uint8_t hello[MAX_HELLO];
	(void)events;
	ssize_t n = status < 0 ? -1 : recv(c->fd, hello, sizeof(hello), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN && status >= 0)
		return;
	close_hello(c);
	uv_timer_stop(&c->timer);
	if (n <= 0)
		end_connection(c);
	else if (kl_hello_offers(hello, (size_t)n, "h2"))
		hand_over(c);
	else
		start_tls(c);
}

static void await_hello(struct front *front, struct fronted *c)
{
	uv_poll_init(&front->loop, &c->poll, c->fd);
	uv_timer_init(&front->loop, &c->timer);
	c->poll.data = c->timer.data = c;
	c->handles = 2;
	c->hello_open = true;
	DL_APPEND(front->connections, c);
	front->count++;
	uv_timer_start(&c->timer, on_timeout, HELLO_MS, 0);
	uv_poll_start(&c->poll, UV_READABLE, on_hello);
}

/* --- the thread */

static void stop_all(struct front *front)
{
	struct fronted *c, *next;
	DL_FOREACH_SAFE (front->connections, c, next)
		end_connection(c);
	uv_close((uv_handle_t *)&front->async, NULL);
}

static void on_async(uv_async_t *async)
{
	struct front *front = async->data;
	struct fronted *c, *next;
	pthread_mutex_lock(&front->lock);
	struct fronted *arrived = kl_take(&front->arrived);
	bool stop = front->stop;
	pthread_mutex_unlock(&front->lock);
	LL_FOREACH_SAFE (arrived, c, next) {
		if (!stop && front->count < front->httpd->options.max_connections) {
			await_hello(front, c);
			continue;
		}
		close(c->fd);
		free(c);
	}
	if (stop)
		stop_all(front);
}

static void *run(void *arg)
{
	struct front *front = arg;
	sigset_t signals;
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	kl_log_set_component("http");
	uv_run(&front->loop, UV_RUN_DEFAULT);
	return NULL;
}

void front_accept(struct front *front, int fd, const struct sockaddr *address, socklen_t len)
{
	struct fronted *c = kl_calloc(1, sizeof(*c));
	c->front = front;
	c->fd = fd;
	c->address_len = len < sizeof(c->address) ? len : sizeof(c->address);
	memcpy(&c->address, address, c->address_len);
	pthread_mutex_lock(&front->lock);
	LL_APPEND(front->arrived, c);
	uv_async_send(&front->async);
	pthread_mutex_unlock(&front->lock);
}

struct front *front_new(struct kl_httpd *httpd)
{
	struct front *front = kl_calloc(1, sizeof(*front));
	front->httpd = httpd;
	pthread_mutex_init(&front->lock, NULL);
	front->async.data = front;
	if (uv_loop_init(&front->loop) < 0 || uv_async_init(&front->loop, &front->async, on_async) < 0 ||
		pthread_create(&front->thread, NULL, run, front))
		abort(); /* out of descriptors or threads at the very start */
	return front;
}

void front_free(struct front *front)
{
	if (!front)
		return;
	pthread_mutex_lock(&front->lock);
	front->stop = true;
	uv_async_send(&front->async);
	pthread_mutex_unlock(&front->lock);
	pthread_join(front->thread, NULL);
	uv_loop_close(&front->loop);
	while (front->known)
		peer_unref(front_take_peer(front, front->known->fd));
	pthread_mutex_destroy(&front->lock);
	free(front);
}
