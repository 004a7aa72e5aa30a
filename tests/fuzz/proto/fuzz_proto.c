/*
 * Kubernetes' protobuf. Twice: the bytes as they are behind the magic number, envelope and all; and as the message of an
 * object of a kind that the first byte chooses, in an envelope made here, so that every kind's fields are reached.
 */
#include "api.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void varint(struct kl_buf *buf, size_t value)
{
	for (; value >= 0x80; value >>= 7)
		kl_buf_char(buf, (char)(value & 0x7f) | (char)0x80);
	kl_buf_char(buf, (char)value);
}

static void field(struct kl_buf *buf, unsigned number, const void *data, size_t len)
{
	varint(buf, number << 3 | 2);
	varint(buf, len);
	kl_buf_push(buf, data, len);
}

/* What was decoded is created, as a request would. */
static void decode(const struct kl_kind *kind, const struct kl_buf *bytes)
{
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_PROTOBUF, kl_buf_str(bytes), bytes->len, &st);
	if (!object && !st.code)
		__builtin_trap();
	if (object) {
		struct kl_write w = {.kind = kind,
			.ns = "default",
			.manager = "fuzz",
			.operation = "Update",
			.now_ms = 1700000000000};
		kl_api_create(&w, object, &warnings, &st);
	}
	kl_warnings_release(&warnings);
	kl_status_release(&st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count), *kind = &kinds[data[0] % count];
	const char *version = kl_kind_api_version(kind);
	kl_autobuf raw = {0}, type = {0}, whole = {0};
	kl_buf_push(&raw, "k8s\0", 4);
	kl_buf_push(&raw, data, size);
	decode(kind, &raw);
	field(&type, 1, version, strlen(version));
	field(&type, 2, kind->kind, strlen(kind->kind));
	kl_buf_push(&whole, "k8s\0", 4);
	field(&whole, 1, type.data, type.len);
	field(&whole, 2, data + 1, size - 1);
	decode(kind, &whole);
	return 0;
}
