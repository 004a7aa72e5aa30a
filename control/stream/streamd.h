/*
 * The endpoint stream's server side: watches Services, EndpointSlices and Nodes in the store, compiles each change once for
 * all nodes, keeps a bounded log, and serves
 *
 *	GET  /keelson/v1/stream?node=N[&version=V][&epoch=E&seq=S]	an endless body of frames (frame.h)
 *	POST /keelson/v1/stream/ack?node=N&epoch=E&seq=S
 *	GET  /keelson/v1/stream/status			lag of every node, JSON
 *
 * to system:masters and system:nodes (a node speaks only for itself).
 *
 * Threads: has one thread of its own; new and free are called by one thread, handlers run on the HTTP threads.
 */
#ifndef KL_STREAMD_H
#define KL_STREAMD_H

#include "err.h"
#include "httpd.h"
#include "store.h"

struct kl_streamd;

struct kl_streamd_options {
	unsigned log_events;   /* changes kept for resuming; 0: 8192 */
	unsigned heartbeat_ms; /* 0: 3000 */
};
/* Registers its routes in `httpd`, which must not have been started. */
int kl_streamd_new(struct kl_store *store, struct kl_httpd *httpd, const struct kl_streamd_options *options,
	struct kl_streamd **ret, struct kl_err *err);
/* After kl_httpd_free() and before kl_store_close(). Accepts NULL. */
void kl_streamd_free(struct kl_streamd *streamd);

#endif
