/*
 * Bodies that a producer streams.
 *
 * One of known length is driven by the library: it asks for bytes when the socket takes them. An endless one (a watch, the
 * endpoint stream, a followed log) is handed to a pump as soon as its head is sent: for the library its connection then
 * sleeps until the end, and the pump writes chunks into the socket itself. The library would go through the list of all
 * sleepers for each that wakes up, and a change wakes thousands of watchers.
 */
#ifndef KL_STREAM_H
#define KL_STREAM_H

#include "httpd_impl.h"

struct pump;

struct kl_http_stream {
	struct kl_http_request *req; /* a reference */
	ssize_t (*produce)(void *arg, char *buf, size_t max);
	void (*closed)(void *arg); /* NULL once it has been called */
	void *arg;
	bool endless, chunked, watched;

	pthread_mutex_t lock; /* of what follows */
	struct MHD_Connection *conn;
	bool suspended, woken, hungup, over;

	/* once a pump has it */
	_Atomic(struct pump *) pump;
	_Atomic bool queued;                /* it stands in the pump's list of those to be looked at */
	struct kl_http_stream *next_queued; /* there */
	struct kl_http_stream *prev, *next; /* all of the pump's, on its thread */
	int fd;
	gnutls_session_t session;
	bool registered, blocked, ending, dead;
	int64_t blocked_ms; /* since when it waits for its client to read */
	struct kl_buf out;  /* what a plain socket did not take */
};

/* Called with the stream as its first read: true when a pump has it from now on, and the connection sleeps. */
bool pump_adopt(struct kl_http_stream *stream);
/* From any thread, until `closed` has returned. */
void pump_wake(struct pump *pump, struct kl_http_stream *stream);
int pumps_start(struct kl_httpd *httpd, struct kl_err *err);
/* Ends all their streams and joins the threads; before the library stops. */
void pumps_stop(struct kl_httpd *httpd);
void pumps_free(struct kl_httpd *httpd);

/* Its pump has let go of it: the library closes the connection and frees it. */
void stream_finish(struct kl_http_stream *stream);

#endif
