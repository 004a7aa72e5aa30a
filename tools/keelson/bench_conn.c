#include "bench_conn.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- where --- */

static int resolve(const char *url, struct bench_target *ret, struct kl_err *err)
{
	static const char scheme[] = "https://";
	if (strncmp(url, scheme, sizeof(scheme) - 1))
		return kl_fail_msg(err, EINVAL, "the server '%s' is no https URL", url);
	snprintf(ret->host, sizeof(ret->host), "%s", url + sizeof(scheme) - 1);
	ret->host[strcspn(ret->host, "/")] = '\0';
	kl_autofree char *host = kl_strdup(ret->host);
	char *colon = strrchr(host, ':'), *start = host;
	if (!colon)
		return kl_fail_msg(err, EINVAL, "the server '%s' names no port", url);
	*colon = '\0';
	if (start[0] == '[' && colon > start && colon[-1] == ']') {
		colon[-1] = '\0';
		start++;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *info;
	int rc = getaddrinfo(start, colon + 1, &hints, &info);
	if (rc)
		return kl_fail_msg(err, EINVAL, "'%s': %s", url, gai_strerror(rc));
	memcpy(&ret->address, info->ai_addr, info->ai_addrlen);
	ret->address_len = info->ai_addrlen;
	freeaddrinfo(info);
	return 0;
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

int bench_target_init(const struct kl_kubeconfig *config, struct bench_target *ret, struct kl_err *err)
{
	*ret = (struct bench_target){0};
	int rc = resolve(config->server, ret, err);
	if (rc < 0)
		return rc;
	if (!config->cert_pem || !config->key_pem)
		return kl_fail_msg(err, EINVAL, "the kubeconfig has no client certificate");
	gnutls_datum_t cert = datum(config->cert_pem), key = datum(config->key_pem);
	gnutls_certificate_allocate_credentials(&ret->credentials);
	rc = gnutls_certificate_set_x509_key_mem(ret->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && config->ca_pem) {
		gnutls_datum_t ca = datum(config->ca_pem);
		rc = gnutls_certificate_set_x509_trust_mem(ret->credentials, &ca, GNUTLS_X509_FMT_PEM);
	}
	return rc < 0 ? kl_fail_msg(err, EINVAL, "the kubeconfig's certificate: %s", gnutls_strerror(rc)) : 0;
}

void bench_target_release(struct bench_target *target)
{
	if (target->credentials)
		gnutls_certificate_free_credentials(target->credentials);
	*target = (struct bench_target){0};
}

/* --- a connection --- */

static void want_write(struct bench_conn *conn, bool writable)
{
	if (conn->writable == writable)
		return;
	conn->writable = writable;
	struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0), .data.ptr = conn};
	epoll_ctl(conn->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void start_tls(struct bench_conn *conn)
{
	/* "h2" is offered as kubectl and Go do; the answer is http/1.1 */
	gnutls_datum_t protocols[] = {datum("h2"), datum("http/1.1")};
	gnutls_init(&conn->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);
	gnutls_set_default_priority(conn->session);
	gnutls_alpn_set_protocols(conn->session, protocols, KL_ARRAY_LEN(protocols), 0);
	gnutls_credentials_set(conn->session, GNUTLS_CRD_CERTIFICATE, conn->target->credentials);
	gnutls_session_set_verify_cert(conn->session, NULL, 0);
	gnutls_transport_set_int(conn->session, conn->fd);
	gnutls_handshake_set_timeout(conn->session, GNUTLS_INDEFINITE_TIMEOUT);
}

int bench_conn_open(
	struct bench_conn *conn, const struct bench_target *target, int epoll, size_t in_size, struct kl_err *err)
{
	int one = 1;
	void *user = conn->user;
	*conn = (struct bench_conn){
		.target = target, .epoll = epoll, .user = user, .in_size = in_size, .writable = true};
	conn->fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (conn->fd < 0)
		return kl_fail(err, errno, "socket");
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(conn->fd, (const struct sockaddr *)&target->address, target->address_len) < 0 &&
		errno != EINPROGRESS)
		return kl_fail(err, errno, "connect to %s", target->host);
	conn->in = kl_malloc(in_size + 1);
	start_tls(conn);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = conn};
	epoll_ctl(epoll, EPOLL_CTL_ADD, conn->fd, &event);
	return 0;
}

void bench_conn_close(struct bench_conn *conn)
{
	if (conn->session)
		gnutls_deinit(conn->session);
	if (conn->fd > 0)
		close(conn->fd);
	free(conn->in);
	*conn = (struct bench_conn){.user = conn->user};
}

static enum bench_event shake(struct bench_conn *conn)
{
	int rc = gnutls_handshake(conn->session);
	if (rc == GNUTLS_E_SUCCESS) {
		conn->open = true;
		want_write(conn, false);
		return BENCH_OPEN;
	}
	if (gnutls_error_is_fatal(rc))
		return BENCH_LOST;
	want_write(conn, gnutls_record_get_direction(conn->session));
	return BENCH_WAIT;
}

/* Sends what is left; GnuTLS keeps a record that did not fit and wants the call again without data. */
static bool flush(struct bench_conn *conn)
{
	while (conn->out_len) {
		ssize_t n = conn->resend ? gnutls_record_send(conn->session, NULL, 0)
					 : gnutls_record_send(conn->session, conn->out, conn->out_len);
		conn->resend = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
		if (conn->resend) {
			want_write(conn, true);
			return true;
		}
		if (n < 0)
			return false;
		conn->out += n;
		conn->out_len -= (size_t)n;
	}
	want_write(conn, false);
	return true;
}

bool bench_conn_send(struct bench_conn *conn, const char *text, size_t len)
{
	conn->out = text;
	conn->out_len = len;
	conn->in_len = 0;
	conn->head_done = false;
	conn->sent_ns = kl_monotonic_ns();
	return flush(conn);
}

/* --- answers --- */

static bool read_head(struct bench_conn *conn)
{
	conn->in[conn->in_len] = '\0';
	char *end = strstr(conn->in, "\r\n\r\n");
	if (!end)
		return false;
	conn->status = conn->in_len > 12 ? atoi(conn->in + 9) : 0;
	const char *length = strcasestr(conn->in, "\r\nContent-Length:");
	conn->body_left = length && length < end ? atoll(length + strlen("\r\nContent-Length:")) : -1;
	conn->body_bytes = conn->body_left;
	size_t head = (size_t)(end + 4 - conn->in);
	conn->in_len -= head;
	memmove(conn->in, conn->in + head, conn->in_len);
	conn->head_done = true;
	return true;
}

/* What the bytes at hand complete. */
static enum bench_event take(struct bench_conn *conn, size_t fresh)
{
	if (!conn->head_done) {
		if (!read_head(conn))
			return conn->in_len == conn->in_size ? BENCH_LOST : BENCH_WAIT;
		fresh = conn->in_len;
	}
	if (conn->body_left < 0)
		return fresh ? BENCH_DATA : BENCH_WAIT;
	conn->body_left -= (int64_t)fresh;
	return conn->body_left <= 0 ? BENCH_ANSWER : BENCH_WAIT;
}

static enum bench_event receive(struct bench_conn *conn)
{
	for (;;) {
		/* a body is only kept as far as it fits: nobody here reads more of it than its length */
		if (conn->head_done && (conn->body_left < 0 || conn->in_len == conn->in_size))
			conn->in_len = 0;
		ssize_t n = gnutls_record_recv(conn->session, conn->in + conn->in_len, conn->in_size - conn->in_len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return BENCH_WAIT;
		if (n <= 0)
			return BENCH_LOST;
		conn->in_len += (size_t)n;
		enum bench_event event = take(conn, (size_t)n);
		if (event != BENCH_WAIT)
			return event;
	}
}

enum bench_event bench_conn_step(struct bench_conn *conn)
{
	if (!conn->open)
		return shake(conn);
	if (conn->out_len && !flush(conn))
		return BENCH_LOST;
	return receive(conn);
}

/* --- one at a time --- */

static enum bench_event wait_for(struct bench_conn *conn)
{
	struct epoll_event event;
	for (;;) {
		enum bench_event got = bench_conn_step(conn);
		if (got != BENCH_WAIT)
			return got;
		if (epoll_wait(conn->epoll, &event, 1, 30000) <= 0)
			return BENCH_LOST;
	}
}

int bench_ask(const struct bench_target *target, const char *method, const char *path, const char *body,
	struct kl_buf *answer, struct kl_err *err)
{
	struct bench_conn conn = {0};
	kl_autoclose int epoll = epoll_create1(EPOLL_CLOEXEC);
	size_t len = body ? strlen(body) : 0;
	kl_autofree char *text = kl_asprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
					     "Content-Length: %zu\r\n\r\n%s",
		method, path, target->host, len, body ? body : "");
	int rc = bench_conn_open(&conn, target, epoll, 64 * 1024, err);
	if (rc == 0) {
		bool ok = wait_for(&conn) == BENCH_OPEN && bench_conn_send(&conn, text, strlen(text)) &&
			  wait_for(&conn) == BENCH_ANSWER;
		rc = ok ? conn.status
			: kl_fail_msg(err, ECONNRESET, "%s %s: the server cut the connection", method, path);
		if (ok && answer)
			kl_buf_push(answer, conn.in, conn.in_len);
	}
	bench_conn_close(&conn);
	return rc;
}
