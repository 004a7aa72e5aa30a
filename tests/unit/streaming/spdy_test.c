/* The SPDY codec: known bytes, every split, bounds, and a round trip. */
#include "spdy.h"
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_FRAMES = 32 };

/* What a stream of bytes decodes to, as text: one line a frame, data pieces of one frame joined. */
static int decode_text(const uint8_t *bytes, size_t len, size_t step, struct kl_buf *out)
{
	kl_cleanup(kl_cleanup_spdy) struct kl_spdy *spdy = kl_spdy_new();
	bool in_data = false;
	for (size_t at = 0; at < len;) {
		struct kl_spdy_frame frame;
		size_t n = len - at < step ? len - at : step;
		ssize_t used = kl_spdy_decode(spdy, bytes + at, n, &frame, NULL);
		if (used < 0)
			return (int)used;
		at += (size_t)used;
		if (frame.type == KL_SPDY_NONE)
			continue;
		if (frame.type != KL_SPDY_DATA || !in_data)
			kl_buf_printf(out, "%d stream %u value %u ", frame.type, frame.stream, frame.value);
		in_data = frame.type == KL_SPDY_DATA;
		kl_buf_push(out, frame.data, frame.len);
		for (size_t i = 0; i < frame.header_count; i++)
			kl_buf_printf(out, "%s=%s ", frame.headers[i].name, frame.headers[i].value);
		if (frame.flags & KL_SPDY_FIN)
			kl_buf_str_push(out, "FIN");
		if (frame.type != KL_SPDY_DATA || (frame.flags & KL_SPDY_FIN)) {
			kl_buf_char(out, '\n');
			in_data = false;
		}
	}
	return 0;
}

/* A client's session, as kubectl would begin one. */
static void encode_session(struct kl_buf *out)
{
	kl_cleanup(kl_cleanup_spdy) struct kl_spdy *spdy = kl_spdy_new();
	const struct kl_spdy_header error[] = {{"streamtype", "error"}};
	const struct kl_spdy_header data[] = {{"streamtype", "data"}, {"port", "80"}, {"requestid", "0"}};
	kl_spdy_put_settings_window(out, 123456);
	kl_spdy_put_syn_stream(spdy, out, 1, KL_SPDY_FIN, error, 1);
	kl_spdy_put_syn_stream(spdy, out, 3, 0, data, 3);
	kl_spdy_put_data(out, 3, 0, "hello ", 6);
	kl_spdy_put_data(out, 3, KL_SPDY_FIN, "world", 5);
	kl_spdy_put_data(out, 1, KL_SPDY_FIN, NULL, 0);
	kl_spdy_put_ping(out, 7);
	kl_spdy_put_window_update(out, 3, 4096);
	kl_spdy_put_rst(out, 3, KL_SPDY_CANCEL);
	kl_spdy_put_syn_reply(spdy, out, 5, 0, NULL, 0);
	kl_spdy_put_goaway(out, 3, 0);
}

static const char SESSION[] = "4 stream 0 value 123456 \n"
			      "1 stream 1 value 0 streamtype=error FIN\n"
			      "1 stream 3 value 0 streamtype=data port=80 requestid=0 \n"
			      "256 stream 3 value 0 hello worldFIN\n"
			      "256 stream 1 value 0 FIN\n"
			      "6 stream 0 value 7 \n"
			      "9 stream 3 value 4096 \n"
			      "3 stream 3 value 5 \n"
			      "2 stream 5 value 0 \n"
			      "7 stream 0 value 0 \n";

KL_TEST(dictionary_is_the_protocols)
{
	size_t len;
	const uint8_t *dictionary = kl_spdy_dictionary(&len);
	KL_CHECK_INT(len, 1423);
	KL_CHECK_INT(adler32(adler32(0, NULL, 0), dictionary, (unsigned)len), 0xe3c6a7c2);
}

KL_TEST(session_decodes_at_every_step)
{
	kl_autobuf bytes = {0};
	encode_session(&bytes);
	for (size_t step = 1; step <= bytes.len; step++) {
		kl_autobuf text = {0};
		KL_CHECK_INT(decode_text((uint8_t *)bytes.data, bytes.len, step, &text), 0);
		if (!KL_CHECK_STR(kl_buf_str(&text), SESSION))
			return;
	}
}

KL_TEST(session_cut_anywhere_is_no_error)
{
	kl_autobuf bytes = {0};
	encode_session(&bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		kl_autobuf text = {0};
		KL_CHECK_INT(decode_text((uint8_t *)bytes.data, len, len ? len : 1, &text), 0);
	}
}

/* Bytes on the wire, by the specification's figures; headers aside they need no compressor. */
KL_TEST(frames_have_the_bytes_of_the_specification)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t len;
	} cases[] = {
		{"ping", {0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 9}, 12},
		{"rst", {0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1}, 16},
		{"goaway", {0x80, 3, 0, 7, 0, 0, 0, 8, 0, 0, 0, 3, 0, 0, 0, 0}, 16},
		{"window", {0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 1, 0, 0}, 16},
		{"data", {0, 0, 0, 1, 1, 0, 0, 2, 'h', 'i'}, 10},
	};
	struct kl_buf out[5] = {{0}};
	kl_spdy_put_ping(&out[0], 9);
	kl_spdy_put_rst(&out[1], 5, 1);
	kl_spdy_put_goaway(&out[2], 3, 0);
	kl_spdy_put_window_update(&out[3], 1, 65536);
	kl_spdy_put_data(&out[4], 1, KL_SPDY_FIN, "hi", 2);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		KL_CHECK_INT(out[i].len, cases[i].len);
		if (!KL_CHECK(!memcmp(out[i].data, cases[i].bytes, cases[i].len)))
			kl_test_failed(__FILE__, __LINE__, "%s differs", cases[i].name);
		kl_buf_release(&out[i]);
	}
}

static int decode_one(const uint8_t *bytes, size_t len, struct kl_spdy_frame *ret)
{
	kl_cleanup(kl_cleanup_spdy) struct kl_spdy *spdy = kl_spdy_new();
	ssize_t used = kl_spdy_decode(spdy, bytes, len, ret, NULL);
	return used < 0 ? (int)used : 0;
}

KL_TEST(bad_frames_are_refused)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t len;
		int want;
	} cases[] = {
		{"version 2", {0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 9}, 12, -EPROTO},
		{"control frame beyond the bound", {0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff}, 8, -EPROTO},
		{"short rst", {0x80, 3, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5}, 12, -EPROTO},
		{"syn_stream without a block", {0x80, 3, 0, 1, 0, 0, 0, 10, 0, 0, 0, 1}, 18, -EPROTO},
		{"a block that does not inflate", {0x80, 3, 0, 2, 0, 0, 0, 8, 0, 0, 0, 1, 1, 2, 3, 4}, 16, -EPROTO},
		{"an unknown type", {0x80, 3, 0, 99, 0, 0, 0, 0}, 8, 0},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_spdy_frame frame;
		if (!KL_CHECK_INT(decode_one(cases[i].bytes, cases[i].len, &frame), cases[i].want))
			kl_test_failed(__FILE__, __LINE__, "%s", cases[i].name);
	}
}

/* A block that inflates to far more than it is: refused, not collected. */
KL_TEST(header_bomb_is_refused)
{
	size_t big = 4 << 20, dict_len;
	kl_autofree uint8_t *plain = kl_calloc(1, big), *packed = kl_calloc(1, big);
	const uint8_t *dictionary = kl_spdy_dictionary(&dict_len);
	z_stream z = {.next_in = plain, .avail_in = (unsigned)big, .next_out = packed + 12, .avail_out = (unsigned)big - 12};
	deflateInit(&z, 9);
	deflateSetDictionary(&z, dictionary, (unsigned)dict_len);
	deflate(&z, Z_SYNC_FLUSH);
	size_t len = 4 + z.total_out;
	deflateEnd(&z);
	packed[0] = 0x80, packed[1] = 3, packed[3] = KL_SPDY_SYN_REPLY;
	packed[5] = (uint8_t)(len >> 16), packed[6] = (uint8_t)(len >> 8), packed[7] = (uint8_t)len;
	struct kl_spdy_frame frame;
	KL_CHECK(len < KL_SPDY_MAX_CONTROL);
	KL_CHECK_INT(decode_one(packed, 8 + len, &frame), -EPROTO);
}

KL_TEST(big_data_comes_in_pieces)
{
	size_t big = 200000;
	kl_autofree char *data = kl_malloc(big);
	kl_autobuf bytes = {0}, got = {0};
	kl_cleanup(kl_cleanup_spdy) struct kl_spdy *spdy = kl_spdy_new();
	for (size_t i = 0; i < big; i++)
		data[i] = (char)kl_test_random();
	kl_spdy_put_data(&bytes, 9, KL_SPDY_FIN, data, big);
	bool fin = false;
	for (size_t at = 0; at < bytes.len;) {
		struct kl_spdy_frame frame;
		size_t n = 1 + kl_test_random() % 5000;
		ssize_t used = kl_spdy_decode(spdy, bytes.data + at, n < bytes.len - at ? n : bytes.len - at, &frame, NULL);
		if (!KL_CHECK(used > 0))
			return;
		at += (size_t)used;
		KL_CHECK(!fin);
		kl_buf_push(&got, frame.data, frame.len);
		fin = frame.flags & KL_SPDY_FIN;
	}
	KL_CHECK(fin);
	KL_CHECK_INT(got.len, big);
	KL_CHECK(got.len == big && !memcmp(got.data, data, big));
}

KL_MAIN()
