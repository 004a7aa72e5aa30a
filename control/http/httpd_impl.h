/* What the files of this folder share: not for others. */
#ifndef KL_HTTPD_IMPL_H
#define KL_HTTPD_IMPL_H

#include "httpd.h"
#include "url.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define MAX_LISTENERS 32
#define MAX_ROUTES    64
#define MAX_PUMPS     4

struct route {
	char *prefix;
	size_t len;
	kl_http_handler *handler;
	void *arg;
};

/* A certificate that connections use; replaced ones stay until the end, since sessions borrow them. */
struct credentials {
	gnutls_certificate_credentials_t cred;
	struct credentials *next;
};

struct kl_httpd {
	struct kl_httpd_options options; /* texts inside are not kept */
	char *client_ca;
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *plain_daemon; /* behind front; NULL without TLS */
	struct front *front;
	struct pump *pumps[MAX_PUMPS]; /* stream.h */
	unsigned pump_count;
	_Atomic unsigned next_pump;
	int listeners[MAX_LISTENERS];
	size_t listener_count;
	int epoll, stop_event;
	pthread_t housekeeper;
	bool housekeeping;
	_Atomic bool stopping;
	_Atomic unsigned connections;
	struct route routes[MAX_ROUTES];
	size_t route_count;

	pthread_mutex_t lock; /* of what follows; taken before a request's lock, never after it */
	struct credentials *credentials;
	struct kl_http_request *requests; /* all that live: for the end */
	struct kl_http_request **watched; /* by socket: whose client's hang-up is watched */
	size_t watched_size;
	struct kl_http_upgraded *upgraded;
};

/* One client connection, shared by its requests. */
struct peer {
	_Atomic unsigned refs;
	struct kl_http_identity identity;
	bool identified;
	char **orgs;
	char *common_name;
	char text[64];
};

struct kl_http_request {
	_Atomic unsigned refs;
	struct kl_httpd *httpd;
	struct kl_http_request *prev, *next;
	struct peer *peer;
	const struct route *route;
	struct kl_url url;
	bool bad_url, begun, handled;
	bool old_version; /* HTTP/1.0: knows no chunks */
	char method[16];
	const char *warning; /* header of the answer, whatever that is; NULL: none */
	struct kl_buf body;
	size_t discarded; /* bytes of a body that is too large */
	void *state;
	void (*drop)(void *state);
	struct kl_http_stream *stream; /* touched by the I/O thread only */
	struct kl_http_upgraded *upgraded;

	pthread_mutex_t lock;        /* of what follows */
	struct MHD_Connection *conn; /* NULL once it is over */
	int watched_fd;              /* -1: none; under httpd->lock */
	bool deferred, again, suspended, answered, aborted;
	void (*cancelled)(void *arg);
	void *cancelled_arg;
	struct MHD_Response *response;
	unsigned status;
};

/*
 * Resuming takes a lock of the library's under which it calls request_completed(): so it is done after ours is
 * released. That is safe since a connection sleeps until it is resumed, and whoever clears `suspended` is the only one
 * to resume it.
 */
static inline void resume_connection(struct MHD_Connection *conn)
{
	if (conn)
		MHD_resume_connection(conn);
}

/* request.c */
/* Under the request's lock: its connection if it sleeps, to be resumed by the caller; NULL if it does not. */
struct MHD_Connection *request_take_sleeper(struct kl_http_request *req);
struct kl_http_request *request_ref(struct kl_http_request *req);
void request_unref(struct kl_http_request *req);
void *request_begin(void *httpd, const char *target, struct MHD_Connection *conn);
enum MHD_Result request_access(void *httpd, struct MHD_Connection *conn, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **context);
void request_completed(void *httpd, struct MHD_Connection *conn, void **context, enum MHD_RequestTerminationCode code);
/* Cuts a request that waits for something; returns the connection to resume, if it sleeps. */
struct MHD_Connection *request_abort(struct kl_http_request *req);
/* Its client has hung up. */
void request_hangup(struct kl_http_request *req);

/* answer.c */
/* Hands a response over (stolen), from any thread; the only way a request is answered. */
void request_answer(struct kl_http_request *req, unsigned status, struct MHD_Response *response);
void request_answer_error(struct kl_http_request *req, int status, const char *message);
void add_headers(
	struct MHD_Response *response, const char *content_type, const struct kl_http_header *headers, size_t count);

/* stream.c */
/* Marks the stream as left by its client; returns the connection to resume, if it sleeps. */
struct MHD_Connection *stream_hangup(struct kl_http_stream *stream);
void stream_detach(struct kl_http_stream *stream);

/* upgrade.c */
/* Its request ended before the connection was taken over. */
void upgrade_failed(struct kl_http_upgraded *conn);
void upgraded_shutdown_all(struct kl_httpd *httpd);

/* httpd.c */
void httpd_watch_hangup(struct kl_httpd *httpd, struct kl_http_request *req);
void httpd_unwatch(struct kl_httpd *httpd, struct kl_http_request *req);

/* tls.c */
int httpd_add_credentials(struct kl_httpd *httpd, const char *cert_pem, const char *key_pem, struct kl_err *err);
void httpd_free_credentials(struct kl_httpd *httpd);
void peer_started(void *httpd, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code);
void peer_identify(struct peer *peer, struct MHD_Connection *conn);
/* For a connection whose TLS is not the library's: a reference. */
struct peer *peer_of_session(gnutls_session_t session, const struct sockaddr *address);
void httpd_use_credentials(struct kl_httpd *httpd, gnutls_session_t session);
void peer_unref(struct peer *peer);

#endif
