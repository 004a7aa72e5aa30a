#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DIAL_TIMEOUT_MS = 10000, CHUNK = 32768, READS_A_TURN = 8, LAST_TURNS = 16 };

struct kl_wire {
	uv_poll_t poll;
	uv_timer_t timer; /* dialling, and the first event of an open socket */
	unsigned handles;
	int fd;
	bool owns_fd, hangup_ends;
	bool hung_up; /* found while paused: told behind the last bytes, and not polled for until then */
	char *host, *other_name;
	int port;
	const struct kl_wire_tls *tls;
	gnutls_session_t session;
	enum { CONNECTING, SHAKING, READY, ENDED } state;
	bool paused, was_high, ending, end_told, freed;
	bool again; /* GnuTLS holds a record that it could not send: it is finished by an empty call */
	struct kl_buf out;
	size_t sent;
	struct kl_wire_events events;
	void *arg;
	void (*on_freed)(void *arg);
	void *freed_arg;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void end_with(struct kl_wire *wire, const struct kl_err *err)
{
	if (wire->state == ENDED || wire->freed)
		return;
	wire->state = ENDED;
	uv_poll_stop(&wire->poll);
	uv_timer_stop(&wire->timer);
	wire->events.ended(wire->arg, err);
}

static void fail_errno(struct kl_wire *wire, const char *what, int errnum)
{
	struct kl_err err = {0};
	/* The words of Go's net package, which people know from upstream. */
	kl_fail_msg(&err, errnum, "dial tcp %s:%d: %s: %s", wire->host ? wire->host : "", wire->port, what,
		errnum == ECONNREFUSED ? "connection refused" : strerror(errnum));
	end_with(wire, &err);
}

static void fail_tls(struct kl_wire *wire, int rc)
{
	struct kl_err err = {0};
	kl_autofree char *words = NULL;
	if (rc == GNUTLS_E_CERTIFICATE_ERROR || rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		words = kl_strdup("the certificate is not signed by the cluster's CA, or names somebody else");
	kl_fail_msg(&err, EPROTO, "tls with %s:%d: %s", wire->host ? wire->host : "", wire->port,
		words ? words : gnutls_strerror(rc));
	end_with(wire, &err);
}

static void update_poll(struct kl_wire *wire)
{
	int events = 0;
	if (wire->state == ENDED || wire->freed)
		return;
	if (wire->state == CONNECTING)
		events = UV_WRITABLE;
	else if (wire->state == SHAKING)
		events = gnutls_record_get_direction(wire->session) ? UV_WRITABLE : UV_READABLE;
	else
		events = (wire->paused ? 0 : UV_READABLE) |
			 (wire->out.len > wire->sent || wire->again ? UV_WRITABLE : 0);
	if (wire->hung_up && !events)
		uv_poll_stop(&wire->poll);
	else
		uv_poll_start(&wire->poll, events | (wire->hangup_ends ? UV_DISCONNECT : 0), on_poll);
}

/* --- sending */

/* Bytes sent, 0: later, -1: it ended. */
static ssize_t send_once(struct kl_wire *wire)
{
	const char *data = wire->out.data + wire->sent;
	size_t len = wire->out.len - wire->sent;
	if (!wire->session) {
		ssize_t n = send(wire->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		return n < 0 ? (errno == EAGAIN || errno == EINTR ? 0 : -1) : n;
	}
	/* A record that did not fit is kept by GnuTLS and finished by a call without data. */
	ssize_t n =
		wire->again ? gnutls_record_send(wire->session, NULL, 0) : gnutls_record_send(wire->session, data, len);
	wire->again = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
	return wire->again ? 0 : n < 0 ? -1 : n;
}

static void compact(struct kl_wire *wire)
{
	if (wire->sent == wire->out.len) {
		if (wire->out.size > KL_WIRE_HIGH)
			kl_buf_release(&wire->out);
		else
			kl_buf_reset(&wire->out);
		wire->sent = 0;
	} else if (wire->sent > KL_WIRE_HIGH) {
		kl_buf_consume(&wire->out, wire->sent);
		wire->sent = 0;
	}
}

static void tell_end(struct kl_wire *wire)
{
	if (!wire->ending || wire->end_told || wire->out.len)
		return;
	wire->end_told = true;
	if (wire->session)
		gnutls_bye(wire->session, GNUTLS_SHUT_WR);
	shutdown(wire->fd, SHUT_WR);
}

/* False on a dead connection. */
static bool flush(struct kl_wire *wire)
{
	while (wire->out.len > wire->sent) {
		ssize_t n = send_once(wire);
		if (n < 0)
			return false;
		if (n == 0)
			break;
		wire->sent += (size_t)n;
	}
	compact(wire);
	tell_end(wire);
	return true;
}

/* --- receiving */

static ssize_t receive(struct kl_wire *wire, char *chunk)
{
	if (!wire->session) {
		ssize_t n = recv(wire->fd, chunk, CHUNK, MSG_DONTWAIT);
		return n < 0 ? -errno : n;
	}
	ssize_t n = gnutls_record_recv(wire->session, chunk, CHUNK);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	if (n ==
		GNUTLS_E_PREMATURE_TERMINATION) /* closed without a goodbye: the framing above tells whether it matters */
		return 0;
	if (n == GNUTLS_E_REHANDSHAKE)
		return -EAGAIN;
	return n < 0 ? -EPROTO : n;
}

static void on_readable(struct kl_wire *wire)
{
	char chunk[CHUNK];
	for (int turn = 0; turn < READS_A_TURN && !wire->paused && wire->state == READY && !wire->freed; turn++) {
		ssize_t n = receive(wire, chunk);
		if (n > 0) {
			wire->events.data(wire->arg, chunk, (size_t)n);
			continue;
		}
		if (n == 0)
			end_with(wire, NULL);
		else if (n != -EAGAIN && n != -EINTR)
			fail_errno(wire, "read", (int)-n);
		return;
	}
}

/* --- dialling */

/* For gnutls_certificate_set_verify_function: the chain, then the address or the other name. */
static int verify(gnutls_session_t session)
{
	const struct kl_wire *wire = gnutls_session_get_ptr(session);
	unsigned status = 0, count = 0;
	if (!wire->tls->verify)
		return 0;
	if (gnutls_certificate_verify_peers3(session, NULL, &status) < 0 || status)
		return GNUTLS_E_CERTIFICATE_ERROR;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t cert;
	if (!chain || !count || gnutls_x509_crt_init(&cert) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	bool ok = gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER) >= 0 &&
		  (gnutls_x509_crt_check_hostname(cert, wire->host) ||
			  (wire->other_name && gnutls_x509_crt_check_hostname(cert, wire->other_name)));
	gnutls_x509_crt_deinit(cert);
	return ok ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static void become_ready(struct kl_wire *wire)
{
	wire->state = READY;
	uv_timer_stop(&wire->timer);
	wire->events.ready(wire->arg);
}

static void shake(struct kl_wire *wire)
{
	int rc = gnutls_handshake(wire->session);
	if (rc == GNUTLS_E_SUCCESS)
		become_ready(wire);
	else if (gnutls_error_is_fatal(rc))
		fail_tls(wire, rc);
}

static void start_tls(struct kl_wire *wire)
{
	gnutls_init(&wire->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	gnutls_session_set_ptr(wire->session, wire);
	gnutls_set_default_priority(wire->session);
	gnutls_credentials_set(wire->session, GNUTLS_CRD_CERTIFICATE, wire->tls->cred);
	gnutls_session_set_verify_function(wire->session, verify);
	gnutls_transport_set_int(wire->session, wire->fd);
	wire->state = SHAKING;
	shake(wire);
}

static void on_connected(struct kl_wire *wire)
{
	int error = 0, one = 1;
	socklen_t len = sizeof(error);
	getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		fail_errno(wire, "connect", error);
		return;
	}
	setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (wire->tls)
		start_tls(wire);
	else
		become_ready(wire);
}

static void on_ready_events(struct kl_wire *wire, int events)
{
	if ((events & UV_WRITABLE) && !flush(wire)) {
		fail_errno(wire, "write", EPIPE);
		return;
	}
	if (wire->was_high && kl_wire_backlog(wire) <= KL_WIRE_LOW) {
		wire->was_high = false;
		wire->events.drained(wire->arg);
	}
	if (wire->freed || wire->state != READY)
		return;
	if ((events & UV_READABLE) && !wire->paused)
		on_readable(wire);
	else if (wire->hangup_ends && (!events || (events & UV_DISCONNECT)))
		end_with(wire, NULL);
	else if (!events) /* no event at all stands for a hang-up in both directions */
		wire->hung_up = true;
}

/* A peer that closes with bytes unread resets the connection; what it had sent before is still to be had. */
static void read_the_rest(struct kl_wire *wire)
{
	for (int turn = 0; turn < LAST_TURNS && wire->state == READY && !wire->freed; turn++) {
		wire->paused = false;
		on_readable(wire);
	}
	if (wire->state == READY && !wire->freed)
		fail_errno(wire, "read", ECONNRESET);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct kl_wire *wire = poll->data;
	if (wire->state == CONNECTING)
		on_connected(wire);
	else if (status < 0 && wire->state == READY) /* libuv's word for an error of the socket's, such as a reset */
		read_the_rest(wire);
	else if (status < 0)
		fail_errno(wire, "read", ECONNRESET);
	else if (wire->state == SHAKING)
		shake(wire);
	else
		on_ready_events(wire, events);
	update_poll(wire);
}

static void on_dial_timeout(uv_timer_t *timer)
{
	fail_errno(timer->data, "i/o timeout", ETIMEDOUT);
}

static void on_open_start(uv_timer_t *timer)
{
	struct kl_wire *wire = timer->data;
	become_ready(wire);
	update_poll(wire);
}

static struct kl_wire *new_wire(uv_loop_t *loop, int fd, const struct kl_wire_events *events, void *arg)
{
	struct kl_wire *wire = kl_calloc(1, sizeof(*wire));
	wire->fd = fd;
	wire->events = *events;
	wire->arg = arg;
	uv_poll_init(loop, &wire->poll, fd);
	uv_timer_init(loop, &wire->timer);
	wire->poll.data = wire->timer.data = wire;
	wire->handles = 2;
	return wire;
}

int kl_wire_dial(uv_loop_t *loop, const struct kl_wire_options *options, const struct kl_wire_events *events, void *arg,
	struct kl_wire **ret, struct kl_err *err)
{
	char port[16];
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *info;
	snprintf(port, sizeof(port), "%d", options->port);
	int rc = getaddrinfo(options->host, port, &hints, &info);
	if (rc)
		return kl_fail_msg(err, EINVAL, "dial tcp %s:%s: %s", options->host, port, gai_strerror(rc));
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, info->ai_addr, info->ai_addrlen) < 0 && errno != EINPROGRESS)) {
		rc = kl_fail(err, errno, "dial tcp %s:%s", options->host, port);
		freeaddrinfo(info);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	freeaddrinfo(info);
	struct kl_wire *wire = new_wire(loop, fd, events, arg);
	wire->owns_fd = true;
	wire->host = kl_strdup(options->host);
	wire->other_name = kl_strdup(options->other_name);
	wire->port = options->port;
	wire->tls = options->tls;
	wire->state = CONNECTING;
	uv_timer_start(&wire->timer, on_dial_timeout, DIAL_TIMEOUT_MS, 0);
	update_poll(wire);
	*ret = wire;
	return 0;
}

struct kl_wire *kl_wire_open(uv_loop_t *loop, int fd, bool hangup_ends, const struct kl_wire_events *events, void *arg,
	void (*freed)(void *arg), void *freed_arg)
{
	struct kl_wire *wire = new_wire(loop, fd, events, arg);
	wire->owns_fd = !freed;
	wire->hangup_ends = hangup_ends;
	wire->on_freed = freed;
	wire->freed_arg = freed_arg;
	wire->state = READY;
	uv_timer_start(&wire->timer, on_open_start, 0, 0);
	return wire;
}

static void on_accept_start(uv_timer_t *timer)
{
	struct kl_wire *wire = timer->data;
	uv_timer_start(&wire->timer, on_dial_timeout, DIAL_TIMEOUT_MS, 0);
	shake(wire);
	update_poll(wire);
}

struct kl_wire *kl_wire_accept(
	uv_loop_t *loop, int fd, gnutls_session_t session, const struct kl_wire_events *events, void *arg)
{
	struct kl_wire *wire = new_wire(loop, fd, events, arg);
	wire->owns_fd = wire->hangup_ends = true;
	wire->session = session;
	gnutls_transport_set_int(session, fd);
	wire->state = SHAKING;
	uv_timer_start(&wire->timer, on_accept_start, 0, 0);
	return wire;
}

gnutls_session_t kl_wire_session(const struct kl_wire *wire)
{
	return wire->session;
}

/* --- what the owner does */

void kl_wire_write(struct kl_wire *wire, const void *data, size_t len)
{
	if (wire->state == ENDED || wire->freed || wire->ending)
		return;
	kl_buf_push(&wire->out, data, len);
	/* A failure is told by the poll, not from inside the caller. */
	if (wire->state == READY)
		flush(wire);
	if (kl_wire_backlog(wire) > KL_WIRE_HIGH)
		wire->was_high = true;
	update_poll(wire);
}

size_t kl_wire_backlog(const struct kl_wire *wire)
{
	return wire->out.len - wire->sent;
}

void kl_wire_pause(struct kl_wire *wire, bool paused)
{
	wire->paused = paused;
	update_poll(wire);
}

void kl_wire_end(struct kl_wire *wire)
{
	wire->ending = true;
	if (wire->state == READY && !wire->freed)
		tell_end(wire);
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_wire *wire = handle->data;
	if (--wire->handles)
		return;
	if (wire->session)
		gnutls_deinit(wire->session);
	if (wire->owns_fd)
		close(wire->fd);
	if (wire->on_freed)
		wire->on_freed(wire->freed_arg);
	kl_buf_release(&wire->out);
	free(wire->host);
	free(wire->other_name);
	free(wire);
}

void kl_wire_free(struct kl_wire *wire)
{
	if (!wire || wire->freed)
		return;
	wire->freed = true;
	uv_close((uv_handle_t *)&wire->poll, on_closed);
	uv_close((uv_handle_t *)&wire->timer, on_closed);
}
