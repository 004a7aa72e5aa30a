/*
 * One byte stream on a libuv loop: a dialled or accepted connection, with TLS (GnuTLS) or without. Bytes in, a bounded
 * queue of bytes out.
 *
 * Threads: everything on the loop's thread. Events come from the loop only, never from inside a call of this module.
 */
#ifndef KL_WIRE_H
#define KL_WIRE_H

#include "buf.h"
#include "err.h"

#include <gnutls/gnutls.h>
#include <uv.h>

struct kl_wire;

enum {
	KL_WIRE_HIGH = 256 * 1024, /* stop the source while more waits to be sent … */
	KL_WIRE_LOW = 64 * 1024,   /* … until `drained`, when it has fallen to this */
};

struct kl_wire_events {
	void (*ready)(void *arg); /* connected; TLS stands */
	void (*data)(void *arg, const char *data, size_t len);
	void (*drained)(void *arg);
	/* It ended: err NULL at an orderly end. Nothing comes after it: call kl_wire_free. */
	void (*ended)(void *arg, const struct kl_err *err);
};

/* TLS of one kind of connection, shared by many. */
struct kl_wire_tls {
	gnutls_certificate_credentials_t cred;
	bool verify;
};

struct kl_wire_options {
	const char *host; /* an address */
	int port;
	const struct kl_wire_tls *tls; /* NULL: none; must live as long as the wire */
	const char *other_name;        /* the certificate may name this instead of host; NULL: none */
};
int kl_wire_dial(uv_loop_t *loop, const struct kl_wire_options *options, const struct kl_wire_events *events, void *arg,
	struct kl_wire **ret, struct kl_err *err);
/*
 * An open socket. freed NULL: it is closed with the wire; otherwise it stays the caller's and must stay open until
 * `freed` has been called. hangup_ends: a peer that hangs up while the wire is paused has ended (what it sent last is
 * not wanted any more); otherwise that is found out behind its last bytes.
 */
struct kl_wire *kl_wire_open(uv_loop_t *loop, int fd, bool hangup_ends, const struct kl_wire_events *events, void *arg,
	void (*freed)(void *arg), void *freed_arg);
/*
 * An accepted socket and a prepared server session for it: both are the wire's from now on. `ready` follows the
 * handshake.
 */
struct kl_wire *kl_wire_accept(
	uv_loop_t *loop, int fd, gnutls_session_t session, const struct kl_wire_events *events, void *arg);
/* NULL without TLS. Borrowed. */
gnutls_session_t kl_wire_session(const struct kl_wire *wire);

void kl_wire_write(struct kl_wire *wire, const void *data, size_t len);
size_t kl_wire_backlog(const struct kl_wire *wire);
/* Counted like a switch, not a counter: no data comes while paused. */
void kl_wire_pause(struct kl_wire *wire, bool paused);
/* No more will be written: says so to the other side once the queue is empty. */
void kl_wire_end(struct kl_wire *wire);
/* At once; no event comes after it. NULL is fine. */
void kl_wire_free(struct kl_wire *wire);

#endif
