/*
 * The load generator's connections: HTTP/1.1 over TLS, non-blocking, one request at a time, as little work as can be,
 * since it shares the processors with the server that it measures.
 */
#ifndef KL_BENCH_CONN_H
#define KL_BENCH_CONN_H

#include "client.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdbool.h>

struct bench_target {
	struct sockaddr_storage address;
	socklen_t address_len;
	char host[80]; /* the Host header */
	gnutls_certificate_credentials_t credentials;
};
int bench_target_init(const struct kl_kubeconfig *config, struct bench_target *ret, struct kl_err *err);
void bench_target_release(struct bench_target *target);

/* What a step has brought. */
enum bench_event {
	BENCH_WAIT,   /* nothing: wait for epoll */
	BENCH_OPEN,   /* connected: requests may be sent */
	BENCH_ANSWER, /* the whole answer is there */
	BENCH_DATA,   /* a piece of an answer of unknown length: in[0, in_len) */
	BENCH_LOST,
};

struct bench_conn {
	const struct bench_target *target;
	int fd, epoll;
	gnutls_session_t session;
	bool open, resend, writable;
	const char *out; /* of the caller, until the answer is there */
	size_t out_len;
	char *in;
	size_t in_len, in_size;
	int status;
	bool head_done;
	int64_t body_left;  /* -1: unknown length */
	int64_t body_bytes; /* of the last answer */
	int64_t sent_ns;
	void *user;
};

/* Connects; the connection's events come from `epoll` with the connection as data.ptr. */
int bench_conn_open(
	struct bench_conn *conn, const struct bench_target *target, int epoll, size_t in_size, struct kl_err *err);
void bench_conn_close(struct bench_conn *conn);
/* The text is borrowed until the answer is there. False: the connection is lost. */
bool bench_conn_send(struct bench_conn *conn, const char *text, size_t len);
/* After an event of epoll, until it returns BENCH_WAIT or BENCH_LOST. */
enum bench_event bench_conn_step(struct bench_conn *conn);

/* One request and its answer, waiting for it; the status, or a negative errno. The answer's body goes to `body` if not NULL. */
int bench_ask(const struct bench_target *target, const char *method, const char *path, const char *body,
	struct kl_buf *answer, struct kl_err *err);

#endif
