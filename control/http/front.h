/*
 * TLS in front of a plain libmicrohttpd daemon, for the connections that may be upgraded. The library's own TLS works
 * well for requests, but once a connection is upgraded it passes bytes through a buffer of four (0.9.75: the rest of
 * its memory is still taken by the answer's header) and does not notice that the client has gone.
 *
 * Clients that offer HTTP/2 by ALPN never upgrade on that connection: those go straight to the library. The others
 * (kubectl's SPDY and WebSocket dialers, python, curl --http1.1) are served through here: TLS ends on this
 * module's thread, and the plain daemon gets one end of a socket pair.
 */
#ifndef KL_FRONT_H
#define KL_FRONT_H

#include "httpd_impl.h"

struct front;

/* Starts the thread. */
struct front *front_new(struct kl_httpd *httpd);
/* A new connection (stolen), from any thread. */
void front_accept(struct front *front, int fd, const struct sockaddr *address, socklen_t len);
/*
 * For peer_started(): who is behind a connection of the plain daemon, by its descriptor; a reference; NULL: not one of
 * ours.
 */
struct peer *front_take_peer(struct front *front, int fd);
/* Cuts every connection and joins the thread. NULL is fine. */
void front_free(struct front *front);

#endif
