/*
 * Several byte streams over one upgraded connection: what a session (exec, attach, port-forward) sees, whether the
 * client speaks SPDY/3.1, SPDY tunnelled in WebSocket messages, or WebSocket channels.
 *
 * Threads: everything on the streaming thread. Events come from the loop only, not from inside a call of this module
 * (but for kl_mux_start).
 */
#ifndef KL_MUX_H
#define KL_MUX_H

#include "conn.h"

struct kl_mux;

/* WebSocket channel numbers of *.channel.k8s.io; DATA is port-forward's. */
enum kl_channel {
	KL_CHANNEL_STDIN,
	KL_CHANNEL_STDOUT,
	KL_CHANNEL_STDERR,
	KL_CHANNEL_ERROR,
	KL_CHANNEL_RESIZE,
	KL_CHANNEL_DATA,
	KL_CHANNEL_COUNT,
};

/* Lives until kl_mux_release() or kl_mux_close(). */
struct kl_mux_stream {
	struct kl_mux *mux;
	enum kl_channel channel;
	uint32_t id;
	int port;            /* port-forward: what the client asked for; 0: not said */
	char request_id[64]; /* port-forward: pairs a data with an error stream; "" when not said */
	void *user;          /* the session's */
	bool peer_ended, we_ended;
};

enum kl_mux_kind {
	KL_MUX_SPDY,            /* SPDY/3.1 frames */
	KL_MUX_SPDY_TUNNEL,     /* the same bytes inside binary WebSocket messages */
	KL_MUX_CHANNELS,        /* binary messages, the first byte is the channel; v5 adds the close signal */
	KL_MUX_CHANNELS_BASE64, /* text messages, the first character is the channel's digit, the rest base64 */
};

struct kl_mux_options {
	enum kl_mux_kind kind;
	bool close_signal; /* v5.channel.k8s.io */
	unsigned channels; /* KL_MUX_CHANNELS*: bits of 1 << enum kl_channel that exist */
	/*
	 * KL_MUX_CHANNELS* for port-forward: instead of the above, channels 2i (data) and 2i + 1 (error) for ports[i].
	 * Each begins with the port, two bytes, low first. Used by kl_mux_start only.
	 */
	const int *ports;
	size_t port_count;
};

enum { KL_MUX_MAX_PORTS = 64 };

struct kl_mux_events {
	/* A new stream. False refuses it (it is released). */
	bool (*opened)(struct kl_mux_stream *stream, void *arg);
	void (*data)(struct kl_mux_stream *stream, const uint8_t *data, size_t len, void *arg);
	void (*ended)(struct kl_mux_stream *stream, void *arg); /* the peer sends no more on it */
	void (*drained)(void *arg);                             /* the backlog has fallen: sources may go on */
	void (*gone)(void *arg);                                /* the connection is over: call kl_mux_close */
};

/* The arguments of kl_conn_new come first. */
struct kl_mux *kl_mux_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover, size_t len,
	const struct kl_mux_options *options, const struct kl_mux_events *events, void *arg);
/* Once, before the loop goes on; WebSocket's channels are `opened` from inside this call. */
void kl_mux_start(struct kl_mux *mux);
void kl_mux_write(struct kl_mux_stream *stream, const void *data, size_t len);
void kl_mux_end(struct kl_mux_stream *stream); /* behind all that was written; again is a no-op */
/* Done with it: what was written and ended still goes out; a stream not ended by both sides is reset. */
void kl_mux_release(struct kl_mux_stream *stream);
/* Bytes waiting for this stream: stop the source over KL_CONN_HIGH, go on at `drained`. */
size_t kl_mux_backlog(const struct kl_mux_stream *stream);
/* Counted: the peer is not read while there is one (a consumer is full). */
void kl_mux_hold(struct kl_mux *mux);
void kl_mux_unhold(struct kl_mux *mux);
/* Everything has been said: flush, say goodbye where the protocol does, wait for the peer to close (then `gone`). */
void kl_mux_finish(struct kl_mux *mux);
/* Frees all at once; no event comes after it. NULL is fine. */
void kl_mux_close(struct kl_mux *mux);

#endif
