#include "mux_impl.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>

static bool over_websocket(const struct kl_mux *mux)
{
	return mux->options.kind != KL_MUX_SPDY;
}

/* --- streams */

struct kl_mux_entry *kl_mux_find(struct kl_mux *mux, uint32_t id)
{
	struct kl_mux_entry *entry;
	HASH_FIND(hh, mux->streams, &id, sizeof(id), entry);
	return entry && !entry->released ? entry : NULL;
}

struct kl_mux_entry *kl_mux_add(struct kl_mux *mux, uint32_t id, enum kl_channel channel)
{
	struct kl_mux_entry *entry = kl_calloc(1, sizeof(*entry));
	entry->stream = (struct kl_mux_stream){.mux = mux, .channel = channel, .id = id};
	entry->window = mux->initial_window;
	HASH_ADD(hh, mux->streams, stream.id, sizeof(id), entry);
	return entry;
}

void kl_mux_remove(struct kl_mux_entry *entry)
{
	HASH_DELETE(hh, entry->stream.mux->streams, entry);
	kl_buf_release(&entry->pending);
	free(entry);
}

void kl_mux_peer_ended(struct kl_mux_entry *entry)
{
	if (entry->stream.peer_ended)
		return;
	entry->stream.peer_ended = true;
	entry->stream.mux->events.ended(&entry->stream, entry->stream.mux->arg);
}

/* --- the connection */

struct kl_buf *kl_mux_wire(struct kl_mux *mux)
{
	return mux->options.kind == KL_MUX_SPDY_TUNNEL ? &mux->wire : kl_conn_out(mux->conn);
}

void kl_mux_flush(struct kl_mux *mux)
{
	if (mux->wire.len) {
		kl_ws_put(kl_conn_out(mux->conn), KL_WS_BINARY, true, NULL, mux->wire.data, mux->wire.len);
		if (mux->wire.size > KL_CONN_HIGH)
			kl_buf_release(&mux->wire);
		else
			kl_buf_reset(&mux->wire);
	}
	kl_conn_flush(mux->conn);
}

static void send_close(struct kl_mux *mux, unsigned code, const char *reason)
{
	if (mux->close_sent)
		return;
	mux->close_sent = true;
	kl_mux_flush(mux);
	kl_ws_put_close(kl_conn_out(mux->conn), NULL, code, reason);
	kl_conn_flush(mux->conn);
}

/* Returns -ECONNRESET when the peer said goodbye. */
static int ws_control(struct kl_mux *mux, const struct kl_ws_piece *piece)
{
	if (piece->opcode == KL_WS_PING) {
		kl_mux_flush(mux);
		kl_ws_put(kl_conn_out(mux->conn), KL_WS_PONG, true, NULL, piece->data, piece->len);
		kl_conn_flush(mux->conn);
	} else if (piece->opcode == KL_WS_CLOSE) {
		send_close(mux, KL_WS_NORMAL, "");
		return -ECONNRESET;
	}
	return 0;
}

static int ws_input(struct kl_mux *mux, uint8_t *data, size_t len, struct kl_err *err)
{
	while (len && !mux->closed) {
		struct kl_ws_piece piece;
		ssize_t used = kl_ws_decode(&mux->ws, data, len, &piece, err);
		if (used < 0) {
			send_close(mux, KL_WS_PROTOCOL_ERROR, "");
			return (int)used;
		}
		data += used;
		len -= (size_t)used;
		int rc = 0;
		if (piece.opcode >= KL_WS_CLOSE)
			rc = ws_control(mux, &piece);
		else if (piece.opcode != KL_WS_NONE && mux->class->piece)
			rc = mux->class->piece(mux, &piece);
		else if (piece.opcode != KL_WS_NONE)
			rc = mux->class->input(mux, piece.data, piece.len);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void free_streams(struct kl_mux *mux)
{
	struct kl_mux_entry *entry, *next;
	HASH_ITER (hh, mux->streams, entry, next)
		kl_mux_remove(entry);
}

static void on_keepalive_closed(uv_handle_t *handle)
{
	struct kl_mux *mux = handle->data;
	if (mux->class->stop)
		mux->class->stop(mux);
	kl_buf_release(&mux->wire);
	kl_buf_release(&mux->message);
	free(mux);
}

static void fail(struct kl_mux *mux)
{
	if (mux->failed || mux->closed)
		return;
	mux->failed = true;
	mux->events.gone(mux->arg);
}

static void on_data(void *arg, uint8_t *data, size_t len)
{
	struct kl_mux *mux = arg;
	struct kl_err err = {0};
	if (mux->failed)
		return;
	int rc = over_websocket(mux) ? ws_input(mux, data, len, &err) : mux->class->input(mux, data, len);
	if (mux->closed)
		return;
	if (rc < 0) {
		if (err.code)
			kl_debug("streaming: %s", kl_err_text(&err));
		fail(mux);
		return;
	}
	kl_mux_flush(mux);
}

static void on_drained(void *arg)
{
	struct kl_mux *mux = arg;
	if (!mux->failed)
		mux->events.drained(mux->arg);
}

static void on_gone(void *arg)
{
	fail(arg);
}

/* Keeps middle boxes from forgetting us, and finds peers that have vanished without a word. */
static void on_keepalive(uv_timer_t *timer)
{
	struct kl_mux *mux = timer->data;
	if (mux->failed || mux->finishing)
		return;
	if (over_websocket(mux)) {
		kl_mux_flush(mux);
		kl_ws_put(kl_conn_out(mux->conn), KL_WS_PING, true, NULL, NULL, 0);
	} else {
		mux->class->ping(mux);
	}
	kl_mux_flush(mux);
}

struct kl_mux *kl_mux_new(uv_loop_t *loop, struct kl_http_upgraded *upgraded, int fd, const void *leftover, size_t len,
	const struct kl_mux_options *options, const struct kl_mux_events *events, void *arg)
{
	static const struct kl_conn_events CONN_EVENTS = {on_data, on_drained, on_gone};
	struct kl_mux *mux = kl_calloc(1, sizeof(*mux));
	mux->options = *options;
	mux->events = *events;
	mux->arg = arg;
	mux->ws.expect_mask = true;
	mux->class =
		options->kind == KL_MUX_SPDY || options->kind == KL_MUX_SPDY_TUNNEL ? &kl_mux_spdy : &kl_mux_channels;
	uv_timer_init(loop, &mux->keepalive);
	mux->keepalive.data = mux;
	uv_timer_start(&mux->keepalive, on_keepalive, KL_MUX_KEEPALIVE_MS, KL_MUX_KEEPALIVE_MS);
	mux->conn = kl_conn_new(loop, upgraded, fd, leftover, len, &CONN_EVENTS, mux);
	return mux;
}

void kl_mux_start(struct kl_mux *mux)
{
	mux->class->start(mux);
}

void kl_mux_write(struct kl_mux_stream *stream, const void *data, size_t len)
{
	struct kl_mux_entry *entry = (struct kl_mux_entry *)stream;
	if (!len || stream->we_ended || stream->mux->failed)
		return;
	stream->mux->class->write(entry, data, len);
	kl_mux_flush(stream->mux);
}

void kl_mux_end(struct kl_mux_stream *stream)
{
	struct kl_mux_entry *entry = (struct kl_mux_entry *)stream;
	if (stream->we_ended)
		return;
	stream->we_ended = true;
	if (stream->mux->failed)
		return;
	stream->mux->class->end(entry);
	kl_mux_flush(stream->mux);
}

void kl_mux_release(struct kl_mux_stream *stream)
{
	struct kl_mux_entry *entry = (struct kl_mux_entry *)stream;
	struct kl_mux *mux = stream->mux;
	if (entry->pending.len && !mux->failed) {
		entry->released = true; /* removed when the last byte has gone */
		return;
	}
	if (!mux->failed && !(stream->we_ended && stream->peer_ended)) {
		mux->class->reset(entry);
		kl_mux_flush(mux);
	}
	kl_mux_remove(entry);
}

size_t kl_mux_backlog(const struct kl_mux_stream *stream)
{
	return ((const struct kl_mux_entry *)stream)->pending.len + kl_conn_backlog(stream->mux->conn);
}

void kl_mux_hold(struct kl_mux *mux)
{
	kl_conn_hold(mux->conn);
}

void kl_mux_unhold(struct kl_mux *mux)
{
	kl_conn_unhold(mux->conn);
}

void kl_mux_finish(struct kl_mux *mux)
{
	if (mux->finishing || mux->failed)
		return;
	mux->finishing = true;
	kl_mux_flush(mux);
	if (over_websocket(mux))
		send_close(mux, KL_WS_NORMAL, "");
	kl_conn_finish(mux->conn, KL_MUX_FINISH_MS);
}

void kl_mux_close(struct kl_mux *mux)
{
	if (!mux || mux->closed)
		return;
	mux->closed = true;
	free_streams(mux);
	kl_conn_close(mux->conn);
	uv_close((uv_handle_t *)&mux->keepalive, on_keepalive_closed);
}
