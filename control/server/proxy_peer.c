#include "proxy_peer.h"

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

enum { DIAL_TIMEOUT_MS = 10000, CHUNK = 32768, READS_A_TURN = 8 };

struct kl_peer {
	uv_poll_t poll;
	uv_timer_t timer; /* dialling, and the first event of an open socket */
	unsigned handles;
	int fd;
	bool owns_fd;
	char *host, *other_name;
	int port;
	const struct kl_peer_tls *tls;
	gnutls_session_t session;
	enum { CONNECTING, SHAKING, READY, ENDED } state;
	bool paused, was_high, ending, end_told, freed;
	bool again; /* GnuTLS holds a record that it could not send: it is finished by an empty call */
	struct kl_buf out;
	size_t sent;
	struct kl_peer_events events;
	void *arg;
	void (*on_freed)(void *arg);
	void *freed_arg;
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void end_with(struct kl_peer *peer, const struct kl_err *err)
{
	if (peer->state == ENDED || peer->freed)
		return;
	peer->state = ENDED;
	uv_poll_stop(&peer->poll);
	uv_timer_stop(&peer->timer);
	peer->events.ended(peer->arg, err);
}

static void fail_errno(struct kl_peer *peer, const char *what, int errnum)
{
	struct kl_err err = {0};
	/* The words of Go's net package, which people know from upstream. */
	kl_fail_msg(&err, errnum, "dial tcp %s:%d: %s: %s", peer->host ? peer->host : "", peer->port, what,
		errnum == ECONNREFUSED ? "connection refused" : strerror(errnum));
	end_with(peer, &err);
}

static void fail_tls(struct kl_peer *peer, int rc)
{
	struct kl_err err = {0};
	kl_autofree char *words = NULL;
	if (rc == GNUTLS_E_CERTIFICATE_ERROR || rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		words = kl_strdup("the certificate is not signed by the cluster's CA, or names somebody else");
	kl_fail_msg(&err, EPROTO, "tls with %s:%d: %s", peer->host, peer->port, words ? words : gnutls_strerror(rc));
	end_with(peer, &err);
}

static void update_poll(struct kl_peer *peer)
{
	int events = 0;
	if (peer->state == ENDED || peer->freed)
		return;
	if (peer->state == CONNECTING)
		events = UV_WRITABLE;
	else if (peer->state == SHAKING)
		events = gnutls_record_get_direction(peer->session) ? UV_WRITABLE : UV_READABLE;
	else
		events = (peer->paused ? 0 : UV_READABLE) | (peer->out.len > peer->sent || peer->again ? UV_WRITABLE : 0);
	/*
	 * A client that has gone is noticed while it is paused as well: half-closed clients do not exist here. A backend's half
	 * is another matter: it may have said all it will, and we have not read it yet.
	 */
	uv_poll_start(&peer->poll, events | (peer->owns_fd ? 0 : UV_DISCONNECT), on_poll);
}

/* --- sending */

/* Bytes sent, 0: later, -1: it ended. */
static ssize_t send_once(struct kl_peer *peer)
{
	const char *data = peer->out.data + peer->sent;
	size_t len = peer->out.len - peer->sent;
	if (!peer->session) {
		ssize_t n = send(peer->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		return n < 0 ? (errno == EAGAIN || errno == EINTR ? 0 : -1) : n;
	}
	/* A record that did not fit is kept by GnuTLS and finished by a call without data. */
	ssize_t n = peer->again ? gnutls_record_send(peer->session, NULL, 0) : gnutls_record_send(peer->session, data, len);
	peer->again = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
	return peer->again ? 0 : n < 0 ? -1 : n;
}

static void compact(struct kl_peer *peer)
{
	if (peer->sent == peer->out.len) {
		if (peer->out.size > KL_PEER_HIGH)
			kl_buf_release(&peer->out);
		else
			kl_buf_reset(&peer->out);
		peer->sent = 0;
	} else if (peer->sent > KL_PEER_HIGH) {
		kl_buf_consume(&peer->out, peer->sent);
		peer->sent = 0;
	}
}

static void tell_end(struct kl_peer *peer)
{
	if (!peer->ending || peer->end_told || peer->out.len)
		return;
	peer->end_told = true;
	if (peer->session)
		gnutls_bye(peer->session, GNUTLS_SHUT_WR);
	shutdown(peer->fd, SHUT_WR);
}

/* False on a dead connection. */
static bool flush(struct kl_peer *peer)
{
	while (peer->out.len > peer->sent) {
		ssize_t n = send_once(peer);
		if (n < 0)
			return false;
		if (n == 0)
			break;
		peer->sent += (size_t)n;
	}
	compact(peer);
	tell_end(peer);
	return true;
}

/* --- receiving */

static ssize_t receive(struct kl_peer *peer, char *chunk)
{
	if (!peer->session) {
		ssize_t n = recv(peer->fd, chunk, CHUNK, MSG_DONTWAIT);
		return n < 0 ? -errno : n;
	}
	ssize_t n = gnutls_record_recv(peer->session, chunk, CHUNK);
	if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
		return -EAGAIN;
	if (n == GNUTLS_E_PREMATURE_TERMINATION) /* closed without a goodbye: the framing above tells whether it matters */
		return 0;
	if (n == GNUTLS_E_REHANDSHAKE)
		return -EAGAIN;
	return n < 0 ? -EPROTO : n;
}

static void on_readable(struct kl_peer *peer)
{
	char chunk[CHUNK];
	for (int turn = 0; turn < READS_A_TURN && !peer->paused && peer->state == READY && !peer->freed; turn++) {
		ssize_t n = receive(peer, chunk);
		if (n > 0) {
			peer->events.data(peer->arg, chunk, (size_t)n);
			continue;
		}
		if (n == 0)
			end_with(peer, NULL);
		else if (n != -EAGAIN && n != -EINTR)
			fail_errno(peer, "read", (int)-n);
		return;
	}
}

/* --- dialling */

/* For gnutls_certificate_set_verify_function: the chain, then the address or the other name. */
static int verify(gnutls_session_t session)
{
	const struct kl_peer *peer = gnutls_session_get_ptr(session);
	unsigned status = 0, count = 0;
	if (!peer->tls->verify)
		return 0;
	if (gnutls_certificate_verify_peers3(session, NULL, &status) < 0 || status)
		return GNUTLS_E_CERTIFICATE_ERROR;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t cert;
	if (!chain || !count || gnutls_x509_crt_init(&cert) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	bool ok = gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER) >= 0 &&
		  (gnutls_x509_crt_check_hostname(cert, peer->host) ||
			  (peer->other_name && gnutls_x509_crt_check_hostname(cert, peer->other_name)));
	gnutls_x509_crt_deinit(cert);
	return ok ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static void become_ready(struct kl_peer *peer)
{
	peer->state = READY;
	uv_timer_stop(&peer->timer);
	peer->events.ready(peer->arg);
}

static void shake(struct kl_peer *peer)
{
	int rc = gnutls_handshake(peer->session);
	if (rc == GNUTLS_E_SUCCESS)
		become_ready(peer);
	else if (gnutls_error_is_fatal(rc))
		fail_tls(peer, rc);
}

static void start_tls(struct kl_peer *peer)
{
	gnutls_init(&peer->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	gnutls_session_set_ptr(peer->session, peer);
	gnutls_set_default_priority(peer->session);
	gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, peer->tls->cred);
	gnutls_session_set_verify_function(peer->session, verify);
	gnutls_transport_set_int(peer->session, peer->fd);
	peer->state = SHAKING;
	shake(peer);
}

static void on_connected(struct kl_peer *peer)
{
	int error = 0, one = 1;
	socklen_t len = sizeof(error);
	getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		fail_errno(peer, "connect", error);
		return;
	}
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (peer->tls)
		start_tls(peer);
	else
		become_ready(peer);
}

static void on_ready_events(struct kl_peer *peer, int events)
{
	if ((events & UV_WRITABLE) && !flush(peer)) {
		fail_errno(peer, "write", EPIPE);
		return;
	}
	if (peer->was_high && kl_peer_backlog(peer) <= KL_PEER_LOW) {
		peer->was_high = false;
		peer->events.drained(peer->arg);
	}
	if (peer->freed || peer->state != READY)
		return;
	if ((events & UV_READABLE) && !peer->paused)
		on_readable(peer);
	else if (!events || ((events & UV_DISCONNECT) && !peer->owns_fd)) /* no event at all: hung up in both directions */
		end_with(peer, NULL);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct kl_peer *peer = poll->data;
	if (peer->state == CONNECTING)
		on_connected(peer);
	else if (status < 0) /* libuv's word for an error of the socket's, such as a reset */
		fail_errno(peer, "read", ECONNRESET);
	else if (peer->state == SHAKING)
		shake(peer);
	else
		on_ready_events(peer, events);
	update_poll(peer);
}

static void on_dial_timeout(uv_timer_t *timer)
{
	fail_errno(timer->data, "i/o timeout", ETIMEDOUT);
}

static void on_open_start(uv_timer_t *timer)
{
	struct kl_peer *peer = timer->data;
	become_ready(peer);
	update_poll(peer);
}

static struct kl_peer *new_peer(uv_loop_t *loop, int fd, const struct kl_peer_events *events, void *arg)
{
	struct kl_peer *peer = kl_calloc(1, sizeof(*peer));
	peer->fd = fd;
	peer->events = *events;
	peer->arg = arg;
	uv_poll_init(loop, &peer->poll, fd);
	uv_timer_init(loop, &peer->timer);
	peer->poll.data = peer->timer.data = peer;
	peer->handles = 2;
	return peer;
}

int kl_peer_dial(uv_loop_t *loop, const struct kl_peer_options *options, const struct kl_peer_events *events, void *arg,
	struct kl_peer **ret, struct kl_err *err)
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
	struct kl_peer *peer = new_peer(loop, fd, events, arg);
	peer->owns_fd = true;
	peer->host = kl_strdup(options->host);
	peer->other_name = kl_strdup(options->other_name);
	peer->port = options->port;
	peer->tls = options->tls;
	peer->state = CONNECTING;
	uv_timer_start(&peer->timer, on_dial_timeout, DIAL_TIMEOUT_MS, 0);
	update_poll(peer);
	*ret = peer;
	return 0;
}

struct kl_peer *kl_peer_open(uv_loop_t *loop, int fd, const struct kl_peer_events *events, void *arg,
	void (*freed)(void *arg), void *freed_arg)
{
	struct kl_peer *peer = new_peer(loop, fd, events, arg);
	peer->on_freed = freed;
	peer->freed_arg = freed_arg;
	peer->state = READY;
	uv_timer_start(&peer->timer, on_open_start, 0, 0);
	return peer;
}

/* --- what the owner does */

void kl_peer_write(struct kl_peer *peer, const void *data, size_t len)
{
	if (peer->state == ENDED || peer->freed || peer->ending)
		return;
	kl_buf_push(&peer->out, data, len);
	/* A failure is told by the poll, not from inside the caller. */
	if (peer->state == READY)
		flush(peer);
	if (kl_peer_backlog(peer) > KL_PEER_HIGH)
		peer->was_high = true;
	update_poll(peer);
}

size_t kl_peer_backlog(const struct kl_peer *peer)
{
	return peer->out.len - peer->sent;
}

void kl_peer_pause(struct kl_peer *peer, bool paused)
{
	peer->paused = paused;
	update_poll(peer);
}

void kl_peer_end(struct kl_peer *peer)
{
	peer->ending = true;
	if (peer->state == READY && !peer->freed)
		tell_end(peer);
}

static void on_closed(uv_handle_t *handle)
{
	struct kl_peer *peer = handle->data;
	if (--peer->handles)
		return;
	if (peer->session)
		gnutls_deinit(peer->session);
	if (peer->owns_fd)
		close(peer->fd);
	if (peer->on_freed)
		peer->on_freed(peer->freed_arg);
	kl_buf_release(&peer->out);
	free(peer->host);
	free(peer->other_name);
	free(peer);
}

void kl_peer_free(struct kl_peer *peer)
{
	if (!peer || peer->freed)
		return;
	peer->freed = true;
	uv_close((uv_handle_t *)&peer->poll, on_closed);
	uv_close((uv_handle_t *)&peer->timer, on_closed);
}
