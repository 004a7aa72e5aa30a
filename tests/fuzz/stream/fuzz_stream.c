/*
 * Stream frames: the first byte says how the rest is cut. What is decoded must encode to something that decodes to the same.
 */
#include "frame.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int again(struct kl_frame *frame, void *arg)
{
	const struct kl_frame *first = arg;
	if (frame->type != first->type || frame->seq != first->seq ||
		(first->service && !kl_service_equal(frame->service, first->service)) ||
		(first->key && strcmp(frame->key, first->key)))
		abort();
	return 0;
}

static int each(struct kl_frame *frame, void *arg)
{
	(void)arg;
	kl_autobuf buf = {0};
	if (frame->service)
		for (size_t i = 0; i < frame->service->backend_count; i++)
			frame->service->backends[i].flags &= (uint8_t)~KL_BACKEND_LOCAL;
	if (kl_frame_encode(frame, &buf, NULL))
		return 0;
	struct kl_frame_reader *reader = kl_frame_reader_new();
	if (kl_frame_reader_feed(reader, buf.data, buf.len, again, frame, NULL))
		abort();
	kl_frame_reader_free(reader);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t part = data[0] ? data[0] : size;
	struct kl_frame_reader *reader = kl_frame_reader_new();
	for (size_t at = 1; at < size; at += part)
		if (kl_frame_reader_feed(reader, data + at, at + part > size ? size - at : part, each, NULL, NULL))
			break;
	kl_frame_reader_free(reader);
	return 0;
}
