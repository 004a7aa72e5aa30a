/*
 * WebSocket decoder: any bytes, in steps and with or without masks as the first byte chooses, must end in pieces or in
 * -EPROTO, and give the same messages as when they are taken at once. Base64 of the payload: whatever decodes encodes
 * back.
 */
#include "base64.h"
#include "websocket.h"

#include <stdlib.h>
#include <string.h>

static int decode(const uint8_t *data, size_t size, size_t step, bool masked, struct kl_buf *out)
{
	struct kl_ws_decoder ws = {.expect_mask = masked};
	kl_autofree uint8_t *copy = kl_memdup(data, size);
	for (size_t at = 0; at < size;) {
		struct kl_ws_piece piece;
		ssize_t used = kl_ws_decode(&ws, copy + at, size - at < step ? size - at : step, &piece, NULL);
		if (used < 0)
			return (int)used;
		if (used == 0)
			abort(); /* no progress */
		at += (size_t)used;
		if (piece.opcode == KL_WS_NONE)
			continue;
		if (piece.first)
			kl_buf_printf(out, "<%d ", piece.opcode);
		kl_buf_push(out, piece.data, piece.len);
		if (piece.last)
			kl_buf_char(out, '>');
	}
	return 0;
}

static void check_base64(const uint8_t *data, size_t size)
{
	kl_autobuf plain = {0}, encoded = {0}, again = {0};
	if (kl_base64_decode(&plain, (const char *)data, size, 0) < 0)
		return;
	kl_base64_encode(&encoded, plain.data, plain.len, 0);
	if (kl_base64_decode(&again, kl_buf_str(&encoded), encoded.len, 0) < 0 || again.len != plain.len ||
		(plain.len && memcmp(again.data, plain.data, plain.len)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	kl_autobuf whole = {0}, steps = {0};
	bool masked = data[0] & 1;
	int a = decode(data + 1, size - 1, size, masked, &whole);
	int b = decode(data + 1, size - 1, 1 + data[0] % 37, masked, &steps);
	if (a != b || (!a && (whole.len != steps.len || (whole.len && memcmp(whole.data, steps.data, whole.len)))))
		abort();
	check_base64(data, size);
	return 0;
}
