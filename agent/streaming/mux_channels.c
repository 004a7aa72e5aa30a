/*
 * WebSocket channels ({v5,v4,}.channel.k8s.io and the base64 variants): every message starts with its channel. v5 adds
 * the message {255, channel}, which ends that channel towards us.
 */
#include "mux_impl.h"

#include "base64.h"

#include <errno.h>
#include <stdio.h>

enum {
	CLOSE_SIGNAL = 255,
	MAX_BASE64_MESSAGE = 1024 * 1024,
	AWAIT = -1, /* mux->channel: the message's first byte is yet to come */
	IGNORE = -2,
};

static void open_port(struct kl_mux *mux, uint32_t id, enum kl_channel channel, int port)
{
	const uint8_t head[2] = {(uint8_t)port, (uint8_t)(port >> 8)};
	struct kl_mux_entry *entry = kl_mux_add(mux, id, channel);
	entry->stream.port = port;
	snprintf(entry->stream.request_id, sizeof(entry->stream.request_id), "%u", id / 2);
	mux->class->write(entry, head, sizeof(head));
	mux->events.opened(&entry->stream, mux->arg);
}

static void start_ports(struct kl_mux *mux)
{
	for (size_t i = 0; i < mux->options.port_count && !mux->closed; i++) {
		open_port(mux, (uint32_t)(2 * i), KL_CHANNEL_DATA, mux->options.ports[i]);
		open_port(mux, (uint32_t)(2 * i + 1), KL_CHANNEL_ERROR, mux->options.ports[i]);
	}
	kl_mux_flush(mux);
}

static void start(struct kl_mux *mux)
{
	mux->message.max = MAX_BASE64_MESSAGE;
	if (mux->options.port_count) {
		start_ports(mux);
		return;
	}
	for (unsigned channel = 0; channel < KL_CHANNEL_COUNT && !mux->closed; channel++)
		if (mux->options.channels & 1U << channel)
			mux->events.opened(&kl_mux_add(mux, channel, (enum kl_channel)channel)->stream, mux->arg);
	/* Upstream tells its clients by an empty message on an output channel that the session stands. */
	struct kl_mux_entry *out = kl_mux_find(mux, KL_CHANNEL_STDOUT);
	if (!mux->closed && (out || (out = kl_mux_find(mux, KL_CHANNEL_STDERR)))) {
		mux->class->write(out, "", 0);
		kl_mux_flush(mux);
	}
}

static bool is_base64(const struct kl_mux *mux)
{
	return mux->options.kind == KL_MUX_CHANNELS_BASE64;
}

static void write_message(struct kl_mux_entry *entry, const void *data, size_t len)
{
	struct kl_mux *mux = entry->stream.mux;
	kl_autobuf message = {0};
	kl_buf_reserve(&message, len + 1);
	kl_buf_char(&message, (char)(entry->stream.id + (is_base64(mux) ? '0' : 0)));
	if (is_base64(mux))
		kl_base64_encode(&message, data, len, 0);
	else
		kl_buf_push(&message, data, len);
	kl_ws_put(kl_mux_wire(mux), is_base64(mux) ? KL_WS_TEXT : KL_WS_BINARY, true, NULL, message.data, message.len);
}

static void nothing(struct kl_mux_entry *entry)
{
	(void)entry;
}

static void peer_data(struct kl_mux *mux, uint32_t channel, const uint8_t *data, size_t len)
{
	struct kl_mux_entry *entry = kl_mux_find(mux, channel);
	if (entry && len && !entry->stream.peer_ended)
		mux->events.data(&entry->stream, data, len, mux->arg);
}

static int binary_piece(struct kl_mux *mux, const struct kl_ws_piece *piece)
{
	const uint8_t *data = piece->data;
	size_t len = piece->len;
	if (piece->first)
		mux->channel = AWAIT;
	if (mux->channel == AWAIT && len) {
		mux->channel = *data++;
		len--;
	}
	if (mux->channel == CLOSE_SIGNAL && mux->options.close_signal && len) {
		struct kl_mux_entry *entry = kl_mux_find(mux, *data);
		mux->channel = IGNORE;
		if (entry)
			kl_mux_peer_ended(entry);
	} else if (mux->channel >= 0) {
		peer_data(mux, (uint32_t)mux->channel, data, len);
	}
	return 0;
}

static int base64_piece(struct kl_mux *mux, const struct kl_ws_piece *piece)
{
	kl_buf_push(&mux->message, piece->data, piece->len);
	if (mux->message.overflow)
		return -EMSGSIZE;
	if (!piece->last)
		return 0;
	kl_autobuf plain = {0};
	const char *text = kl_buf_str(&mux->message);
	if (mux->message.len && kl_base64_decode(&plain, text + 1, mux->message.len - 1, 0) < 0)
		return -EPROTO;
	uint32_t channel = (uint32_t)(unsigned char)text[0] - '0';
	kl_buf_reset(&mux->message);
	if (plain.len)
		peer_data(mux, channel, (const uint8_t *)plain.data, plain.len);
	return 0;
}

static int piece_in(struct kl_mux *mux, const struct kl_ws_piece *piece)
{
	return is_base64(mux) ? base64_piece(mux, piece) : binary_piece(mux, piece);
}

const struct kl_mux_class kl_mux_channels = {
	.start = start,
	.piece = piece_in,
	.write = write_message,
	.end = nothing,
	.reset = nothing,
};
