/* The WebSocket codec: RFC 6455's own examples, every split, violations, a naive peer; and base64. */
#include "websocket.h"
#include "testlib.h"

#include <errno.h>
#include <string.h>

/* Pieces as text: "[2:hello]" for a whole binary message, in whatever pieces it came. */
static int decode_text(const uint8_t *bytes, size_t len, size_t step, bool masked, struct kl_buf *out)
{
	struct kl_ws_decoder ws = {.expect_mask = masked};
	kl_autofree uint8_t *copy = kl_memdup(bytes, len ? len : 1);
	for (size_t at = 0; at < len;) {
		struct kl_ws_piece piece;
		ssize_t used = kl_ws_decode(&ws, copy + at, len - at < step ? len - at : step, &piece, NULL);
		if (used < 0)
			return (int)used;
		at += (size_t)used;
		if (piece.opcode == KL_WS_NONE)
			continue;
		if (piece.first)
			kl_buf_printf(out, "[%d:", piece.opcode);
		kl_buf_push(out, piece.data, piece.len);
		if (piece.last)
			kl_buf_char(out, ']');
	}
	return 0;
}

static const struct {
	const char *name;
	bool masked;
	uint8_t bytes[40];
	size_t len;
	const char *want; /* NULL: -EPROTO */
} CASES[] = {
	/* section 5.7 */
	{"unmasked text", false, {0x81, 5, 'H', 'e', 'l', 'l', 'o'}, 7, "[1:Hello]"},
	{"masked text", true, {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}, 11, "[1:Hello]"},
	{"fragments", false, {0x01, 3, 'H', 'e', 'l', 0x80, 2, 'l', 'o'}, 9, "[1:Hello]"},
	{"ping", false, {0x89, 5, 'H', 'e', 'l', 'l', 'o'}, 7, "[9:Hello]"},
	{"masked pong", true, {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}, 11, "[10:Hello]"},
	{"empty message", false, {0x82, 0}, 2, "[2:]"},
	{"ping between fragments", false, {0x02, 1, 'a', 0x89, 0, 0x80, 1, 'b'}, 8, "[2:a[9:]b]"},
	{"empty fragments", false, {0x02, 0, 0x00, 1, 'x', 0x80, 0}, 7, "[2:x]"},
	{"length in 16 bits", false, {0x82, 126, 0, 3, 'a', 'b', 'c'}, 7, "[2:abc]"},
	{"length in 64 bits", false, {0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 'z'}, 11, "[2:z]"},
	{"unmasked from a client", true, {0x82, 1, 'a'}, 3, NULL},
	{"masked from a server", false, {0x82, 0x81, 0, 0, 0, 0, 'a'}, 7, NULL},
	{"reserved bit", false, {0xc2, 0}, 2, NULL},
	{"unknown opcode", false, {0x83, 0}, 2, NULL},
	{"unknown control opcode", false, {0x8b, 0}, 2, NULL},
	{"fragmented control", false, {0x09, 0}, 2, NULL},
	{"long control", false, {0x89, 126, 0, 126}, 4, NULL},
	{"continuation of nothing", false, {0x80, 0}, 2, NULL},
	{"message in a message", false, {0x02, 0, 0x82, 0}, 4, NULL},
	{"impossible length", false, {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, NULL},
};

KL_TEST(cases_at_every_step)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(CASES); i++)
		for (size_t step = 1; step <= CASES[i].len; step++) {
			kl_autobuf text = {0};
			int rc = decode_text(CASES[i].bytes, CASES[i].len, step, CASES[i].masked, &text);
			bool ok = KL_CHECK_INT(rc, CASES[i].want ? 0 : -EPROTO);
			if (ok && CASES[i].want)
				ok = KL_CHECK_STR(kl_buf_str(&text), CASES[i].want);
			if (!ok) {
				kl_test_failed(__FILE__, __LINE__, "%s, step %zu", CASES[i].name, step);
				break;
			}
		}
}

KL_TEST(lengths_round_trip)
{
	static const size_t LENGTHS[] = {0, 1, 125, 126, 127, 65535, 65536, 200000};
	static const uint8_t MASK[4] = {1, 2, 3, 0xff};
	for (size_t i = 0; i < KL_ARRAY_LEN(LENGTHS); i++)
		for (int masked = 0; masked < 2; masked++) {
			kl_autobuf plain = {0}, wire = {0}, got = {0}, want = {0};
			while (plain.len < LENGTHS[i])
				kl_buf_char(&plain, (char)(32 + kl_test_random() % 90));
			kl_ws_put(&wire, KL_WS_BINARY, true, masked ? MASK : NULL, plain.data, plain.len);
			KL_CHECK_INT(decode_text((uint8_t *)wire.data, wire.len, 997, masked, &got), 0);
			kl_buf_printf(&want, "[2:%s]", kl_buf_str(&plain));
			KL_CHECK(got.len == want.len && !memcmp(got.data, want.data, want.len));
		}
}

KL_TEST(close_carries_code_and_reason)
{
	kl_autobuf wire = {0};
	kl_ws_put_close(&wire, NULL, 1002, "no");
	KL_CHECK_INT(wire.len, 6);
	KL_CHECK(!memcmp(wire.data, "\x88\x04\x03\xeano", 6));
}

KL_TEST(accept_key_of_the_rfc)
{
	char accept[KL_WS_ACCEPT_LEN];
	kl_ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", accept);
	KL_CHECK_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

KL_MAIN()
