/*
 * SPDY decoder: any bytes, in steps that the first byte chooses, must end in frames or in -EPROTO, and give the same
 * frames as when they are taken at once.
 */
#include "spdy.h"

#include <stdlib.h>

struct sum {
	uint64_t hash, data;
	int rc;
};

static void mix(struct sum *sum, uint64_t value)
{
	sum->hash = (sum->hash ^ value) * 0x100000001b3ULL;
}

static void mix_text(struct sum *sum, const char *text)
{
	while (*text)
		mix(sum, (unsigned char)*text++);
}

static struct sum decode(const uint8_t *data, size_t size, size_t step)
{
	kl_cleanup(kl_cleanup_spdy) struct kl_spdy *spdy = kl_spdy_new();
	struct sum sum = {0};
	for (size_t at = 0; at < size;) {
		struct kl_spdy_frame frame;
		ssize_t used = kl_spdy_decode(spdy, data + at, size - at < step ? size - at : step, &frame, NULL);
		if (used < 0) {
			sum.rc = (int)used;
			return sum;
		}
		if (used == 0 && frame.type == KL_SPDY_NONE)
			abort(); /* no progress */
		at += (size_t)used;
		if (frame.type == KL_SPDY_NONE)
			continue;
		for (size_t i = 0; i < frame.len; i++) /* pieces differ, bytes must not */
			sum.data = (sum.data ^ frame.data[i]) * 0x100000001b3ULL;
		if (frame.type == KL_SPDY_DATA && !(frame.flags & KL_SPDY_FIN))
			continue;
		mix(&sum, (uint64_t)frame.type << 32 | frame.stream);
		mix(&sum, (uint64_t)frame.flags << 32 | frame.value);
		for (size_t i = 0; i < frame.header_count; i++) {
			mix_text(&sum, frame.headers[i].name);
			mix_text(&sum, frame.headers[i].value);
		}
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct sum whole = decode(data + 1, size - 1, size), steps = decode(data + 1, size - 1, 1 + data[0] % 40);
	if (whole.hash != steps.hash || whole.data != steps.data || whole.rc != steps.rc)
		abort();
	return 0;
}
