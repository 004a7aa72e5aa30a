/*
 * An HTTP/1.1 server: a small layer over libmicrohttpd (a pool of epoll threads, GnuTLS), used by the API server, the
 * endpoint stream and the agent's own endpoint.
 *
 * A handler gets a request once its body is complete, and answers it exactly once: at once or later, from any thread,
 * with bytes, with a streamed body, or by taking the connection over (upgrade). Requests are counted references: one is
 * held for the handler until its answer is given.
 *
 * Threads: handlers and `produce` run on the I/O threads and must not wait for long; what waits calls kl_http_defer()
 * and answers later. All other functions may be called from any thread.
 */
#ifndef KL_HTTPD_H
#define KL_HTTPD_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KL_HTTP_MAX_BODY (3 * 1024 * 1024) /* upstream's limit of a request body */

struct kl_httpd;
struct kl_http_request;
struct kl_http_stream;
struct kl_http_upgraded;

struct kl_httpd_options {
	const char *const *addresses; /* NULL-terminated: "0.0.0.0:6443", "[::]:10250", "127.0.0.1:0" (any free port) */
	unsigned threads;             /* I/O threads; 0: as many as processors, at least 2 */
	unsigned max_connections;     /* 0: 16384 */
	unsigned idle_timeout_s; /* closes connections without traffic (a deferred answer or a stream is exempt); 0: 180
				  */
	size_t max_body;         /* larger request bodies are answered 413; 0: KL_HTTP_MAX_BODY */
	/* TLS: PEM texts. cert NULL: plain HTTP. client_ca: asks clients for a certificate and verifies it against
	 * this. */
	const char *cert_pem, *key_pem, *client_ca_pem;
	/* Writes a failure that the server itself answers (400, 404, 413); NULL: text/plain. */
	void (*error_body)(int status, const char *message, struct kl_buf *ret_body, const char **ret_content_type);
};

/* Binds and listens; call kl_httpd_route() for every prefix before or after, then kl_httpd_start(). */
int kl_httpd_new(const struct kl_httpd_options *options, struct kl_httpd **ret, struct kl_err *err);
/* The longest prefix that ends at a path segment wins; "/" catches the rest. `prefix` is copied. Only before _start. */
typedef void kl_http_handler(struct kl_http_request *req, void *arg);
void kl_httpd_route(struct kl_httpd *httpd, const char *prefix, kl_http_handler *handler, void *arg);
int kl_httpd_start(struct kl_httpd *httpd, struct kl_err *err);
/* The port of addresses[i]: tells what ":0" became. */
int kl_httpd_port(const struct kl_httpd *httpd, size_t i);
/* New connections use this certificate from now on. */
int kl_httpd_set_certificate(struct kl_httpd *httpd, const char *cert_pem, const char *key_pem, struct kl_err *err);
/*
 * Stops accepting, ends every stream, cuts what is left (deferred answers given later go nowhere) and joins the
 * threads. Upgraded connections must have been closed by their owners. Accepts NULL.
 */
void kl_httpd_free(struct kl_httpd *httpd);
/* Figures for /metrics. */
unsigned kl_httpd_connections(const struct kl_httpd *httpd);

/* --- the request: all results borrowed, valid until the answer is given */
const char *kl_http_method(const struct kl_http_request *req);
const char *kl_http_path(const struct kl_http_request *req);      /* decoded; never contains NUL; starts with '/' */
const char *kl_http_raw_path(const struct kl_http_request *req);  /* as sent, without the query */
const char *kl_http_raw_query(const struct kl_http_request *req); /* as sent, without '?'; "" when there is none */
/* The first value of a query parameter, decoded; NULL: absent. */
const char *kl_http_query(const struct kl_http_request *req, const char *name);
/* "1", "true", "True", "t", …; absent or anything else is false. An empty value is true ("?watch"). */
bool kl_http_query_bool(const struct kl_http_request *req, const char *name);
/* All parameters in order. */
struct kl_http_param {
	const char *name, *value;
};
const struct kl_http_param *kl_http_params(const struct kl_http_request *req, size_t *ret_count);
/* The first header of that name (any case); NULL: absent. */
const char *kl_http_header(const struct kl_http_request *req, const char *name);
/* Calls `each` for every header in order. */
void kl_http_headers(
	const struct kl_http_request *req, void (*each)(const char *name, const char *value, void *arg), void *arg);
const char *kl_http_body(const struct kl_http_request *req, size_t *ret_len); /* NUL-terminated; "" when empty */
/* "GET" with `Connection: Upgrade`, or any method so: the wanted protocol ("SPDY/3.1", "websocket"); NULL: none. */
const char *kl_http_wants_upgrade(const struct kl_http_request *req);
/* "10.0.0.7:51234" */
const char *kl_http_peer(const struct kl_http_request *req);

/* Who speaks, by TLS client certificate. */
struct kl_http_identity {
	bool presented;          /* a certificate was sent */
	bool verified;           /* … and it is signed by client_ca, in its time, for client use */
	const char *common_name; /* NULL unless verified */
	const char *const *orgs; /* every O of the subject, NULL-terminated */
};
const struct kl_http_identity *kl_http_identity(const struct kl_http_request *req);

/* --- the answer */
struct kl_http_header {
	const char *name, *value; /* copied */
};
struct kl_http_reply {
	int status;
	const char *content_type; /* copied; NULL: none */
	const struct kl_http_header *headers;
	size_t header_count;
	const void *data;
	size_t len;
	/* What becomes of data: NULL copies it; otherwise it is borrowed until release(arg) is called, by any thread.
	 */
	void (*release)(void *arg);
	void *arg;
};
void kl_http_reply(struct kl_http_request *req, const struct kl_http_reply *reply);
/* A Warning header ("299 - \"…\"") of the answer to come, of whatever form; static storage. */
void kl_http_warn(struct kl_http_request *req, const char *value);
/* Steals the buffer's bytes. */
void kl_http_reply_buf(struct kl_http_request *req, int status, const char *content_type, struct kl_buf *body);
/* A release function for plain malloc memory: pass the pointer as arg. */
void kl_http_release_free(void *arg);

/*
 * The handler will answer after it has returned. The request stays valid until then. `cancelled` (may be NULL) is
 * called once, on a thread of the server's, when the client goes away first; never after the answer. It must not wait
 * nor call into this header for that request; the answer is still due (and goes nowhere).
 */
void kl_http_defer(struct kl_http_request *req, void (*cancelled)(void *arg), void *arg);
/* After kl_http_defer(): the handler is called again with the same request, on its I/O thread, instead of an answer
 * now. */
void kl_http_again(struct kl_http_request *req);
/* A pointer that stays with the request between calls of its handler; `drop` (may be NULL) gets it at the request's
 * end. */
void kl_http_set_state(struct kl_http_request *req, void *state, void (*drop)(void *state));
void *kl_http_state(const struct kl_http_request *req);

/*
 * A streamed body: `produce` fills up to max bytes and returns how many; 0: nothing yet, it is called again after
 * kl_http_stream_wake(); KL_HTTP_END: complete; KL_HTTP_ABORT: cut the connection. What it returns is sent at once. It
 * is called only when the client can take more. `closed` is called once at the end, whoever ended it, and then nothing
 * else: it is the only place to free arg; kl_http_stream_wake() must not be called after it has returned. length: known
 * size of the body (no chunks); -1: unknown.
 */
enum { KL_HTTP_END = -1, KL_HTTP_ABORT = -2 };
struct kl_http_stream_options {
	int status;
	const char *content_type;
	const struct kl_http_header *headers;
	size_t header_count;
	int64_t length;
	size_t block; /* most bytes asked for at once; 0: 16 KiB */
	ssize_t (*produce)(void *arg, char *buf, size_t max);
	void (*opened)(
		void *arg, struct kl_http_stream *stream); /* called first, inside kl_http_stream(); may be NULL */
	void (*closed)(void *arg);
	void *arg;
};
/* produce and closed may be called before it returns: whoever wants to wake the stream keeps the pointer in `opened`.
 */
void kl_http_stream(struct kl_http_request *req, const struct kl_http_stream_options *options);
/* Cheap, never blocks, may be called from inside anything but `closed`. */
void kl_http_stream_wake(struct kl_http_stream *stream);

/*
 * 101 Switching Protocols: `taken` is called on an I/O thread with a non-blocking socket that carries plaintext (under
 * TLS it is one end of a socket pair) and the bytes that had already arrived. The owner ends it with
 * kl_http_upgraded_close(), which closes fd.
 */
struct kl_http_upgrade {
	const char *protocol; /* the Upgrade header: "SPDY/3.1", "websocket" */
	const struct kl_http_header *headers;
	size_t header_count;
	void (*taken)(struct kl_http_upgraded *conn, int fd, const char *leftover, size_t len, void *arg);
	void (*failed)(void *arg); /* the client had gone: taken will not be called; may be NULL */
	void *arg;
};
void kl_http_upgrade(struct kl_http_request *req, const struct kl_http_upgrade *upgrade);
void kl_http_upgraded_close(struct kl_http_upgraded *conn);

/* The status of the answer that was given; 0: none yet. For figures, at the request's end. */
int kl_http_answered(const struct kl_http_request *req);
/* Words for a status code: "Not Found". */
const char *kl_http_status_text(int status);

#endif
