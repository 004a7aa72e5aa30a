/*
 * SPDY/3.1 streams. Kubernetes' own client (spdystream) does no flow control at all: it neither sends WINDOW_UPDATE nor
 * minds being sent more than 64 KiB. So the peer's windows are counted from the start but hold us back only once the
 * peer has sent a WINDOW_UPDATE or an initial window, which shows that it means them.
 */
#include "mux_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void start(struct kl_mux *mux)
{
	mux->spdy = kl_spdy_new();
	mux->initial_window = mux->session_window = KL_SPDY_WINDOW;
}

static void stop(struct kl_mux *mux)
{
	kl_spdy_free(mux->spdy);
}

/* --- out */

static void send_data(struct kl_mux_entry *entry, const void *data, size_t len)
{
	struct kl_mux *mux = entry->stream.mux;
	kl_spdy_put_data(kl_mux_wire(mux), entry->stream.id, 0, data, len);
	entry->window -= (int64_t)len;
	mux->session_window -= (int64_t)len;
}

static size_t sendable(const struct kl_mux_entry *entry)
{
	const struct kl_mux *mux = entry->stream.mux;
	if (!mux->peer_flow)
		return SIZE_MAX;
	int64_t room = entry->window < mux->session_window ? entry->window : mux->session_window;
	return room > 0 ? (size_t)room : 0;
}

static void write_data(struct kl_mux_entry *entry, const void *data, size_t len)
{
	size_t room = entry->pending.len ? 0 : sendable(entry), now = len < room ? len : room;
	if (now)
		send_data(entry, data, now);
	kl_buf_push(&entry->pending, (const char *)data + now, len - now);
}

static void send_fin(struct kl_mux_entry *entry)
{
	kl_spdy_put_data(kl_mux_wire(entry->stream.mux), entry->stream.id, KL_SPDY_FIN, NULL, 0);
}

static void end(struct kl_mux_entry *entry)
{
	if (entry->pending.len)
		entry->end_pending = true;
	else
		send_fin(entry);
}

static void reset(struct kl_mux_entry *entry)
{
	kl_spdy_put_rst(kl_mux_wire(entry->stream.mux), entry->stream.id, KL_SPDY_CANCEL);
}

static void ping(struct kl_mux *mux)
{
	mux->ping_id += 2; /* a server's are even */
	kl_spdy_put_ping(kl_mux_wire(mux), mux->ping_id);
}

/* A window has opened. */
static void send_pending(struct kl_mux_entry *entry)
{
	size_t room = sendable(entry), now = entry->pending.len < room ? entry->pending.len : room;
	if (!now)
		return;
	send_data(entry, entry->pending.data, now);
	kl_buf_consume(&entry->pending, now);
	if (entry->pending.len)
		return;
	if (entry->end_pending)
		send_fin(entry);
	if (entry->released)
		kl_mux_remove(entry);
}

static void send_all_pending(struct kl_mux *mux)
{
	struct kl_mux_entry *entry, *next;
	size_t most = 0;
	HASH_ITER (hh, mux->streams, entry, next) {
		most = entry->pending.len > most ? entry->pending.len : most;
		if (entry->pending.len)
			send_pending(entry);
	}
	if (most)
		mux->events.drained(mux->arg);
}

/* --- in */

static void refuse(struct kl_mux *mux, uint32_t id, uint32_t status)
{
	kl_spdy_put_rst(kl_mux_wire(mux), id, status);
}

/* The stream's role, from what Kubernetes puts into its "streamtype" header; -1 for an unknown one. */
static int stream_channel(const char *type)
{
	static const char *const NAMES[KL_CHANNEL_COUNT] = {"stdin", "stdout", "stderr", "error", "resize", "data"};
	for (int i = 0; type && i < KL_CHANNEL_COUNT; i++)
		if (!strcmp(type, NAMES[i]))
			return i;
	return -1;
}

static void fill_stream(struct kl_mux_stream *stream, const struct kl_spdy_frame *frame)
{
	const char *port = kl_spdy_frame_header(frame, "port"), *request_id = kl_spdy_frame_header(frame, "requestid");
	stream->port = port ? atoi(port) : 0;
	if (request_id)
		memcpy(stream->request_id, request_id, strnlen(request_id, sizeof(stream->request_id) - 1));
}

static void on_syn_stream(struct kl_mux *mux, const struct kl_spdy_frame *frame)
{
	int channel = stream_channel(kl_spdy_frame_header(frame, "streamtype"));
	uint32_t id = frame->stream;
	if (!(id & 1) || id <= mux->last_stream) {
		refuse(mux, id, KL_SPDY_PROTOCOL_ERROR);
		return;
	}
	mux->last_stream = id;
	if (channel < 0 || mux->finishing || HASH_COUNT(mux->streams) >= KL_MUX_MAX_STREAMS) {
		refuse(mux, id, KL_SPDY_REFUSED_STREAM);
		return;
	}
	struct kl_mux_entry *entry = kl_mux_add(mux, id, (enum kl_channel)channel);
	fill_stream(&entry->stream, frame);
	/* Ahead of any data: spdystream drops data that comes before the reply. */
	kl_spdy_put_syn_reply(mux->spdy, kl_mux_wire(mux), id, 0, NULL, 0);
	if (!mux->events.opened(&entry->stream, mux->arg)) {
		if (!mux->closed)
			kl_mux_release(&entry->stream);
		return;
	}
	if (!mux->closed && (frame->flags & KL_SPDY_FIN) && (entry = kl_mux_find(mux, id)))
		kl_mux_peer_ended(entry);
}

static void acknowledge(struct kl_mux *mux, uint32_t stream, uint32_t *count, size_t len)
{
	*count += (uint32_t)len;
	if (*count < KL_SPDY_WINDOW / 2)
		return;
	kl_spdy_put_window_update(kl_mux_wire(mux), stream, *count);
	*count = 0;
}

static void on_data(struct kl_mux *mux, const struct kl_spdy_frame *frame)
{
	uint32_t id = frame->stream;
	struct kl_mux_entry *entry = kl_mux_find(mux, id);
	acknowledge(mux, 0, &mux->session_unacknowledged, frame->len);
	if (!entry || entry->stream.peer_ended)
		return;
	acknowledge(mux, id, &entry->unacknowledged, frame->len);
	if (frame->len)
		mux->events.data(&entry->stream, frame->data, frame->len, mux->arg);
	if (!mux->closed && (frame->flags & KL_SPDY_FIN) && (entry = kl_mux_find(mux, id)))
		kl_mux_peer_ended(entry);
}

static void on_rst(struct kl_mux *mux, const struct kl_spdy_frame *frame)
{
	uint32_t id = frame->stream;
	struct kl_mux_entry *entry;
	HASH_FIND(hh, mux->streams, &id, sizeof(id), entry);
	if (!entry)
		return;
	kl_buf_release(&entry->pending);
	entry->end_pending = false;
	if (entry->released) {
		kl_mux_remove(entry);
		return;
	}
	entry->stream.we_ended = true;
	kl_mux_peer_ended(entry);
}

static void on_settings(struct kl_mux *mux, uint32_t window)
{
	if (!window)
		return;
	for (struct kl_mux_entry *entry = mux->streams; entry; entry = entry->hh.next)
		entry->window += (int64_t)window - mux->initial_window;
	mux->initial_window = window;
	mux->peer_flow = true;
	send_all_pending(mux);
}

static void on_window_update(struct kl_mux *mux, const struct kl_spdy_frame *frame)
{
	uint32_t id = frame->stream;
	struct kl_mux_entry *entry = NULL;
	mux->peer_flow = true;
	if (!id)
		mux->session_window += frame->value;
	else
		HASH_FIND(hh, mux->streams, &id, sizeof(id), entry);
	if (entry)
		entry->window += frame->value;
	send_all_pending(mux);
}

static void on_frame(struct kl_mux *mux, const struct kl_spdy_frame *frame)
{
	switch (frame->type) {
	case KL_SPDY_SYN_STREAM:
		on_syn_stream(mux, frame);
		break;
	case KL_SPDY_DATA:
		on_data(mux, frame);
		break;
	case KL_SPDY_RST_STREAM:
		on_rst(mux, frame);
		break;
	case KL_SPDY_PING:
		if (frame->value & 1) /* theirs; ours come back even */
			kl_spdy_put_ping(kl_mux_wire(mux), frame->value);
		break;
	case KL_SPDY_SETTINGS:
		on_settings(mux, frame->value);
		break;
	case KL_SPDY_WINDOW_UPDATE:
		on_window_update(mux, frame);
		break;
	default: /* SYN_REPLY and HEADERS say nothing here; GOAWAY precedes the peer's close */
		break;
	}
}

static int input(struct kl_mux *mux, const uint8_t *data, size_t len)
{
	while (len && !mux->closed) {
		struct kl_spdy_frame frame;
		ssize_t used = kl_spdy_decode(mux->spdy, data, len, &frame, NULL);
		if (used < 0) {
			kl_spdy_put_goaway(kl_mux_wire(mux), mux->last_stream, KL_SPDY_PROTOCOL_ERROR);
			kl_mux_flush(mux);
			return (int)used;
		}
		data += used;
		len -= (size_t)used;
		if (frame.type != KL_SPDY_NONE)
			on_frame(mux, &frame);
	}
	return 0;
}

const struct kl_mux_class kl_mux_spdy = {
	.start = start,
	.input = input,
	.write = write_data,
	.end = end,
	.reset = reset,
	.ping = ping,
	.stop = stop,
};
