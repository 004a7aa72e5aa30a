/*
 * One byte stream of the proxy's thread: a dialled TCP connection, with TLS or without, or a socket that is open
 * already. Bytes in, a queue of bytes out.
 *
 * Threads: everything on the loop's thread. Events come from the loop only, never from inside a call of this module.
 */
#ifndef KL_PROXY_PEER_H
#define KL_PROXY_PEER_H

#include "buf.h"
#include "err.h"

#include <gnutls/gnutls.h>
#include <uv.h>

struct kl_peer;

enum {
	KL_PEER_HIGH = 256 * 1024, /* stop the source while more waits to be sent … */
	KL_PEER_LOW = 64 * 1024,   /* … until `drained`, when it has fallen to this */
};

struct kl_peer_events {
	void (*ready)(void *arg); /* connected; TLS stands */
	void (*data)(void *arg, const char *data, size_t len);
	void (*drained)(void *arg);
	/* It ended: err NULL at an orderly end. Nothing comes after it: call kl_peer_free. */
	void (*ended)(void *arg, const struct kl_err *err);
};

/* TLS of one kind of connection, shared by many. */
struct kl_peer_tls {
	gnutls_certificate_credentials_t cred;
	bool verify;
};

struct kl_peer_options {
	const char *host; /* an address */
	int port;
	const struct kl_peer_tls *tls; /* NULL: none; must live as long as the peer */
	const char *other_name;	       /* the certificate may name this instead of host; NULL: none */
};
int kl_peer_dial(uv_loop_t *loop, const struct kl_peer_options *options, const struct kl_peer_events *events, void *arg,
	struct kl_peer **ret, struct kl_err *err);
/* fd stays the caller's and must stay open until `freed` has been called. */
struct kl_peer *kl_peer_open(uv_loop_t *loop, int fd, const struct kl_peer_events *events, void *arg,
	void (*freed)(void *arg), void *freed_arg);

void kl_peer_write(struct kl_peer *peer, const void *data, size_t len);
size_t kl_peer_backlog(const struct kl_peer *peer);
/* Counted like a switch, not a counter: no data comes while paused. */
void kl_peer_pause(struct kl_peer *peer, bool paused);
/* No more will be written: says so to the other side once the queue is empty. */
void kl_peer_end(struct kl_peer *peer);
/* At once; no event comes after it. NULL is fine. */
void kl_peer_free(struct kl_peer *peer);

#endif
