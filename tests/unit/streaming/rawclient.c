#include "rawclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT_MS = 20000, QUIET_MS = 500 };

static const uint8_t MASK[4] = {7, 0, 200, 1};

static bool read_within(struct rawclient *c, int limit_ms)
{
	char chunk[16384];
	struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
	int ready = 0;
	while (!c->eof && (ready = poll(&pfd, 1, limit_ms)) < 0 && errno == EINTR)
		; /* children end */
	if (ready <= 0)
		return false;
	ssize_t n = read(c->fd, chunk, sizeof(chunk));
	if (n <= 0) {
		c->eof = true;
		return false;
	}
	kl_buf_push(&c->in, chunk, (size_t)n);
	return true;
}

bool raw_read(struct rawclient *c)
{
	return read_within(c, LIMIT_MS);
}

void raw_read_all(struct rawclient *c)
{
	while (raw_read(c))
		;
}

static void send_bytes(struct rawclient *c, const struct kl_buf *bytes)
{
	if (c->tunnel) {
		kl_autobuf wrapped = {0};
		kl_ws_put(&wrapped, KL_WS_BINARY, true, MASK, bytes->data, bytes->len);
		(void)!send(c->fd, wrapped.data, wrapped.len, MSG_NOSIGNAL);
	} else {
		(void)!send(c->fd, bytes->data, bytes->len, MSG_NOSIGNAL);
	}
}

void raw_open(struct rawclient *c, int port, const char *method, const char *target, const char *headers)
{
	kl_autobuf request = {0};
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	*c = (struct rawclient){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		abort();
	kl_buf_printf(&request, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target, headers);
	send_bytes(c, &request);
	const char *end = NULL;
	while (!(end = strstr(kl_buf_str(&c->in), "\r\n\r\n")) && raw_read(c))
		;
	if (!end)
		return;
	size_t len = (size_t)(end - c->in.data) + 4;
	kl_buf_push(&c->head, c->in.data, len);
	kl_buf_consume(&c->in, len);
	c->status = atoi(c->head.data + strlen("HTTP/1.1 "));
}

void raw_open_spdy(struct rawclient *c, int port, const char *target, const char *protocol)
{
	char headers[256];
	snprintf(headers, sizeof(headers),
		"Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: %s\r\n", protocol);
	raw_open(c, port, "POST", target, headers);
	c->spdy = kl_spdy_new();
}

void raw_open_websocket(struct rawclient *c, int port, const char *target, const char *subprotocol)
{
	char headers[512];
	snprintf(headers, sizeof(headers),
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n",
		subprotocol);
	raw_open(c, port, "GET", target, headers);
	c->channel = -1;
	c->tunnel = strstr(subprotocol, "SPDY") != NULL;
	if (c->tunnel)
		c->spdy = kl_spdy_new();
}

void raw_close(struct rawclient *c)
{
	if (c->fd > 0)
		close(c->fd);
	kl_spdy_free(c->spdy);
	kl_buf_release(&c->head);
	kl_buf_release(&c->in);
	for (int i = 0; i < RAW_CHANNELS; i++)
		kl_buf_release(&c->channels[i]);
	*c = (struct rawclient){.fd = -1};
}

/* --- streams */

int raw_spdy_stream(struct rawclient *c, const char *type, const char *port, const char *id)
{
	struct kl_spdy_header headers[3] = {{"streamtype", type}, {"port", port}, {"requestid", id}};
	kl_autobuf bytes = {0};
	int index = c->streams++;
	kl_spdy_put_syn_stream(c->spdy, &bytes, (uint32_t)(2 * index + 1), 0, headers, port ? 3 : 1);
	send_bytes(c, &bytes);
	return index;
}

void raw_send(struct rawclient *c, int channel, const char *data)
{
	kl_autobuf bytes = {0};
	if (c->spdy) {
		kl_spdy_put_data(&bytes, (uint32_t)(2 * channel + 1), 0, data, strlen(data));
	} else {
		kl_autobuf message = {0};
		kl_buf_char(&message, (char)channel);
		kl_buf_str_push(&message, data);
		kl_ws_put(&bytes, KL_WS_BINARY, true, MASK, message.data, message.len);
	}
	send_bytes(c, &bytes);
}

void raw_end(struct rawclient *c, int channel)
{
	kl_autobuf bytes = {0};
	const uint8_t signal[2] = {255, (uint8_t)channel};
	if (c->spdy)
		kl_spdy_put_data(&bytes, (uint32_t)(2 * channel + 1), KL_SPDY_FIN, NULL, 0);
	else
		kl_ws_put(&bytes, KL_WS_BINARY, true, MASK, signal, sizeof(signal));
	send_bytes(c, &bytes);
}

static void decode_spdy(struct rawclient *c, const uint8_t *data, size_t len)
{
	while (len) {
		struct kl_spdy_frame frame;
		ssize_t used = kl_spdy_decode(c->spdy, data, len, &frame, NULL);
		if (used < 0)
			abort();
		data += used;
		len -= (size_t)used;
		uint32_t index = frame.stream / 2;
		if (frame.type == KL_SPDY_DATA && index < RAW_CHANNELS)
			kl_buf_push(&c->channels[index], frame.data, frame.len);
		if (((frame.type == KL_SPDY_DATA && (frame.flags & KL_SPDY_FIN)) || frame.type == KL_SPDY_RST_STREAM) &&
			index < RAW_CHANNELS)
			c->ended[index] = true;
	}
}

static void take_piece(struct rawclient *c, const struct kl_ws_piece *piece)
{
	const uint8_t *data = piece->data;
	size_t len = piece->len;
	if (piece->opcode == KL_WS_CLOSE)
		c->closed = true;
	if (piece->opcode >= KL_WS_CLOSE)
		return;
	if (c->tunnel) {
		decode_spdy(c, data, len);
		return;
	}
	if (piece->first)
		c->channel = -1;
	if (c->channel < 0 && len) {
		c->channel = piece->opcode == KL_WS_TEXT ? *data - '0' : *data;
		data++;
		len--;
	}
	if (c->channel >= 0 && c->channel < RAW_CHANNELS)
		kl_buf_push(&c->channels[c->channel], data, len);
}

static void decode_websocket(struct rawclient *c, uint8_t *data, size_t len)
{
	while (len) {
		struct kl_ws_piece piece;
		ssize_t used = kl_ws_decode(&c->ws, data, len, &piece, NULL);
		if (used < 0)
			abort();
		data += used;
		len -= (size_t)used;
		if (piece.opcode != KL_WS_NONE)
			take_piece(c, &piece);
	}
}

static void decode(struct rawclient *c)
{
	if (c->spdy && !c->tunnel)
		decode_spdy(c, (uint8_t *)c->in.data, c->in.len);
	else
		decode_websocket(c, (uint8_t *)c->in.data, c->in.len);
	kl_buf_reset(&c->in);
}

bool raw_expect(struct rawclient *c, int channel, const char *text)
{
	decode(c);
	while (!memmem(kl_buf_str(&c->channels[channel]), c->channels[channel].len, text, strlen(text))) {
		if (!raw_read(c))
			return false;
		decode(c);
	}
	return true;
}

void raw_settle(struct rawclient *c)
{
	while (read_within(c, QUIET_MS))
		decode(c);
}

bool raw_expect_end(struct rawclient *c, int channel)
{
	decode(c);
	while (!c->ended[channel] && !c->closed) {
		if (!raw_read(c))
			return false;
		decode(c);
	}
	return true;
}
