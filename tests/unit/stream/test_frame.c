/* Frames: what goes in comes out, however it is cut; what is no frame is refused. */
#include "frame.h"
#include "mem.h"
#include "stream_random.h"
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	struct kl_frame frames[200];
	size_t count;
};

static int keep(struct kl_frame *frame, void *arg)
{
	struct seen *seen = arg;
	if (seen->count == KL_ARRAY_LEN(seen->frames))
		return -E2BIG;
	seen->frames[seen->count] = *frame;
	seen->frames[seen->count].service = kl_take(&frame->service);
	seen->frames[seen->count].node = kl_take(&frame->node);
	seen->frames[seen->count++].key = kl_take(&frame->key);
	return 0;
}

static void frame_release(struct kl_frame *frame)
{
	kl_service_free(frame->service);
	kl_node_info_free(frame->node);
	free(frame->key);
}

static void seen_release(struct seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		frame_release(&seen->frames[i]);
}

static struct kl_frame random_frame(uint64_t seq)
{
	struct kl_frame frame = {.epoch = 77, .seq = seq};
	frame.type = (enum kl_frame_type)(1 + kl_test_random() % 8);
	if (frame.type == KL_FRAME_PUT)
		frame.service = stream_random_service("default/web:http");
	if (frame.type == KL_FRAME_NODE) {
		struct kl_addr addr = kl_addr_any(kl_test_random() % 2);
		frame.node = kl_node_info_new("n1", kl_test_random() % 2 ? "zone-a" : "");
		addr.bytes[15] = (uint8_t)kl_test_random();
		kl_node_info_add(frame.node, &addr);
	}
	if (frame.type == KL_FRAME_DELETE || frame.type == KL_FRAME_NODE_GONE)
		frame.key = kl_strdup("default/web:http");
	return frame;
}

static void check_equal(const struct kl_frame *got, const struct kl_frame *want)
{
	KL_CHECK_INT(got->type, want->type);
	KL_CHECK_INT(got->epoch, want->epoch);
	KL_CHECK_INT(got->seq, want->seq);
	KL_CHECK(!got->service == !want->service && !got->key == !want->key);
	if (got->service && want->service) {
		for (size_t i = 0; i < want->service->backend_count; i++) /* a node's own flag does not travel */
			want->service->backends[i].flags &= (uint8_t)~KL_BACKEND_LOCAL;
		KL_CHECK(kl_service_equal(got->service, want->service));
	}
	KL_CHECK(!got->node == !want->node && (!got->node || kl_node_info_equal(got->node, want->node)));
	if (got->key && want->key)
		KL_CHECK_STR(got->key, want->key);
}

KL_TEST(frames_survive_any_cut)
{
	for (int round = 0; round < 50; round++) {
		struct kl_frame frames[40];
		struct seen seen = {.count = 0};
		kl_autobuf buf = {0};
		struct kl_frame_reader *reader = kl_frame_reader_new();
		for (size_t i = 0; i < KL_ARRAY_LEN(frames); i++) {
			frames[i] = random_frame(i);
			KL_CHECK_INT(kl_frame_encode(&frames[i], &buf, NULL), 0);
		}
		for (size_t at = 0; at < buf.len;) {
			size_t part = 1 + kl_test_random() % (round % 2 ? 7 : 2000);
			if (part > buf.len - at)
				part = buf.len - at;
			KL_CHECK_INT(kl_frame_reader_feed(reader, buf.data + at, part, keep, &seen, NULL), 0);
			at += part;
		}
		KL_CHECK_INT(seen.count, KL_ARRAY_LEN(frames));
		for (size_t i = 0; i < KL_ARRAY_LEN(frames); i++) {
			if (i < seen.count)
				check_equal(&seen.frames[i], &frames[i]);
			frame_release(&frames[i]);
		}
		seen_release(&seen);
		kl_frame_reader_free(reader);
	}
}

KL_TEST(changed_bytes_never_do_harm)
{
	for (int round = 0; round < 3000; round++) {
		struct kl_frame frame = random_frame(1);
		struct seen seen = {.count = 0};
		kl_autobuf buf = {0};
		struct kl_frame_reader *reader = kl_frame_reader_new();
		kl_frame_encode(&frame, &buf, NULL);
		for (int i = 0; i < 3; i++)
			buf.data[kl_test_random() % buf.len] ^= (char)(1 + kl_test_random() % 255);
		kl_frame_reader_feed(reader, buf.data, buf.len, keep, &seen, NULL);
		seen_release(&seen);
		kl_frame_reader_free(reader);
		frame_release(&frame);
	}
}

/* A server of this version cuts its frames for a node of the one before; what that does not know is not missed. */
KL_TEST(version_1_gets_what_it_knows)
{
	for (int round = 0; round < 200; round++) {
		struct kl_frame frame = random_frame(5);
		struct seen seen = {.count = 0};
		kl_autobuf buf = {0};
		char header[KL_FRAME_HEADER];
		size_t base;
		KL_CHECK_INT(kl_frame_encode_both(&frame, &buf, &base, NULL), 0);
		KL_CHECK_INT(!base, frame.type >= KL_FRAME_NODE);
		if (base) {
			struct kl_frame_reader *reader = kl_frame_reader_new();
			kl_frame_base_header(buf.data, base, header);
			KL_CHECK_INT(header[5], 1);
			KL_CHECK_INT(kl_frame_reader_feed(reader, header, sizeof(header), keep, &seen, NULL), 0);
			KL_CHECK_INT(kl_frame_reader_feed(reader, buf.data + sizeof(header), base - sizeof(header),
					     keep, &seen, NULL),
				0);
			KL_CHECK_INT(seen.count, 1);
			if (frame.service) {
				frame.service->slow_start_ms = frame.service->forward = 0;
				frame.service->range_count = 0;
				for (size_t i = 0; i < frame.service->backend_count; i++)
					free(kl_take(&frame.service->backends[i].node_hints));
			}
			if (seen.count)
				check_equal(&seen.frames[0], &frame);
			kl_frame_reader_free(reader);
		}
		seen_release(&seen);
		frame_release(&frame);
	}
}

/* A newer server of this version says more: tags and types that we pass over. */
KL_TEST(what_is_unknown_is_passed_over)
{
	struct seen seen = {.count = 0};
	struct kl_frame frame = {.type = KL_FRAME_DELETE, .epoch = 1, .seq = 2, .key = kl_strdup("a/b:c")};
	kl_autobuf buf = {0};
	static const char tag[] = {77, 0, 3, 0, 0, 0, 'x', 'y', 'z'};
	static const char type[] = {4, 0, 0, 0, 99, 2, 0, 0, 1, 2, 3, 4};
	struct kl_frame_reader *reader = kl_frame_reader_new();
	KL_CHECK_INT(kl_frame_encode(&frame, &buf, NULL), 0);
	kl_buf_push(&buf, tag, sizeof(tag));
	buf.data[0] = (char)(buf.data[0] + (char)sizeof(tag));
	kl_buf_push(&buf, type, sizeof(type));
	KL_CHECK_INT(kl_frame_reader_feed(reader, buf.data, buf.len, keep, &seen, NULL), 0);
	KL_CHECK_INT(seen.count, 1);
	if (seen.count)
		KL_CHECK_STR(seen.frames[0].key, "a/b:c");
	seen_release(&seen);
	frame_release(&frame);
	kl_frame_reader_free(reader);
}

struct bad_case {
	const char *what;
	uint8_t bytes[64];
	size_t len;
};
static const struct bad_case bad_cases[] = {
	{"longer than the bound", {0, 0, 0x41, 0, 1, 1}, 8},
	{"a version to come", {16, 0, 0, 0, 1, 3}, 8},
	{"version 0", {16, 0, 0, 0, 1, 0}, 8},
	{"a node in version 1", {22, 0, 0, 0, 7, 1, [24] = 0}, 30},
	{"a tag longer than the body", {22, 0, 0, 0, 1, 2, [24] = 9, [26] = 1}, 30},
	{"reserved bytes set", {16, 0, 0, 0, 1, 1, 1}, 8},
	{"unknown type", {16, 0, 0, 0, 99, 1}, 24},
	{"type 0", {16, 0, 0, 0, 0, 1}, 24},
	{"too short a body", {15, 0, 0, 0, 1, 1}, 23},
	{"trailing bytes", {17, 0, 0, 0, 1, 1}, 25},
	{"key longer than the body", {18, 0, 0, 0, 4, 1, [24] = 200}, 26},
	{"key with a NUL byte", {19, 0, 0, 0, 4, 1, [24] = 1, [26] = 0}, 27},
};

KL_TEST(what_is_no_frame_is_refused)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(bad_cases); i++) {
		struct seen seen = {.count = 0};
		struct kl_err err = {0};
		struct kl_frame_reader *reader = kl_frame_reader_new();
		if (!KL_CHECK_INT(kl_frame_reader_feed(reader, bad_cases[i].bytes, bad_cases[i].len, keep, &seen, &err),
			    -EBADMSG))
			kl_test_failed(__FILE__, __LINE__, "case: %s", bad_cases[i].what);
		KL_CHECK(err.text[0]);
		KL_CHECK_INT(kl_frame_reader_feed(reader, "", 0, keep, &seen, NULL), -EBADMSG);
		KL_CHECK_INT(seen.count, 0);
		kl_frame_reader_free(reader);
	}
}

KL_TEST(too_big_a_service_is_not_sent)
{
	struct kl_service *service = kl_service_new("a/b:c");
	kl_autobuf buf = {0};
	struct kl_err err = {0};
	service->frontend_count = KL_FRAME_MAX_FRONTENDS + 1;
	service->frontends = kl_calloc(service->frontend_count, sizeof(*service->frontends));
	struct kl_frame frame = {.type = KL_FRAME_PUT, .service = service};
	KL_CHECK_INT(kl_frame_encode(&frame, &buf, &err), -E2BIG);
	KL_CHECK_INT(buf.len, 0);
	kl_service_free(service);
}

KL_MAIN()
