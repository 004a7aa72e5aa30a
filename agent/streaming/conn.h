/*
 * One upgraded connection on the streaming thread: bytes in, a bounded queue of bytes out.
 *
 * Threads: everything on the loop's thread. Events come from the loop only, never from inside a call of this module.
 */
#ifndef KL_CONN_H
#define KL_CONN_H

#include "httpd.h"

#include <uv.h>

struct kl_conn;

enum {
	KL_CONN_HIGH = 256 * 1024, /* a producer stops while more than this waits to be sent … */
	KL_CONN_LOW = 64 * 1024,   /* … and hears `drained` when it has fallen to this */
};

struct kl_conn_events {
	void (*data)(void *arg, uint8_t *data, size_t len); /* may be changed in place */
	void (*drained)(void *arg);
	void (*gone)(void *arg); /* the peer closed, or an error; nothing comes after it: call kl_conn_close */
};

/* Steals the upgraded connection. Bytes that came with the upgrade are delivered first. */
struct kl_conn *kl_conn_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover,
	size_t len, const struct kl_conn_events *events, void *arg);
/* Append here, then flush. Whoever appends looks at the backlog and stops its source when it is over KL_CONN_HIGH. */
struct kl_buf *kl_conn_out(struct kl_conn *conn);
void kl_conn_flush(struct kl_conn *conn);
size_t kl_conn_backlog(const struct kl_conn *conn);
/* Holds are counted: nothing is read while there is one. */
void kl_conn_hold(struct kl_conn *conn);
void kl_conn_unhold(struct kl_conn *conn);
/*
 * What is queued goes out, then the peer is expected to close (`gone`); a peer that has taken nothing, or has not
 * closed, for timeout_ms is gone too. Bytes that still come are delivered.
 */
void kl_conn_finish(struct kl_conn *conn, unsigned timeout_ms);
/* At once; no event comes after it. NULL is fine. */
void kl_conn_close(struct kl_conn *conn);

#endif
