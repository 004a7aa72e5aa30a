/*
 * Between mux.c and its two kinds; for nobody else. A kind turns decoded wire bytes into stream events and stream
 * operations into wire bytes; mux.c owns the connection, the streams and the WebSocket layer below.
 */
#ifndef KL_MUX_IMPL_H
#define KL_MUX_IMPL_H

#include "mux.h"
#include "spdy.h"
#include "websocket.h"

#include <uthash.h>

enum {
	KL_MUX_MAX_STREAMS = 1024,
	KL_MUX_FINISH_MS = 10000,
	KL_MUX_KEEPALIVE_MS = 30000,
};

struct kl_mux_entry {
	struct kl_mux_stream stream; /* first: cast both ways */
	UT_hash_handle hh;	     /* by stream.id */
	/* SPDY's flow control, in force once the peer has shown that it does any (see mux_spdy.c) */
	int64_t window;
	struct kl_buf pending; /* waits for the window */
	bool end_pending, released, reply_sent;
	uint32_t unacknowledged; /* received and not yet given back by WINDOW_UPDATE */
};

struct kl_mux {
	struct kl_conn *conn;
	uv_timer_t keepalive;
	const struct kl_mux_class *class;
	struct kl_mux_options options;
	struct kl_mux_events events;
	void *arg;
	struct kl_mux_entry *streams;
	struct kl_buf wire; /* bytes of a tunnel before they are wrapped */
	bool finishing, failed, closed;
	/* WebSocket layer */
	struct kl_ws_decoder ws;
	bool close_sent;
	/* channels */
	int channel; /* of the message under way; -1: its first byte is awaited; see mux_channels.c */
	struct kl_buf message;
	/* SPDY */
	struct kl_spdy *spdy;
	int64_t initial_window, session_window;
	bool peer_flow;
	uint32_t last_stream, ping_id, session_unacknowledged;
};

struct kl_mux_class {
	void (*start)(struct kl_mux *mux);
	int (*input)(struct kl_mux *mux, const uint8_t *data, size_t len); /* plain SPDY; a tunnel's message bytes */
	int (*piece)(struct kl_mux *mux, const struct kl_ws_piece *piece); /* channels */
	void (*write)(struct kl_mux_entry *entry, const void *data, size_t len);
	void (*end)(struct kl_mux_entry *entry);
	void (*reset)(struct kl_mux_entry *entry);
	void (*ping)(struct kl_mux *mux);
	void (*stop)(struct kl_mux *mux);
};
extern const struct kl_mux_class kl_mux_spdy, kl_mux_channels;

struct kl_mux_entry *kl_mux_add(struct kl_mux *mux, uint32_t id, enum kl_channel channel);
struct kl_mux_entry *kl_mux_find(struct kl_mux *mux, uint32_t id);
void kl_mux_remove(struct kl_mux_entry *entry);
void kl_mux_peer_ended(struct kl_mux_entry *entry); /* tells the session, once */
/* Where a kind puts its bytes; kl_mux_flush() sends them. */
struct kl_buf *kl_mux_wire(struct kl_mux *mux);
void kl_mux_flush(struct kl_mux *mux);

#endif
