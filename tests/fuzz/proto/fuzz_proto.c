#include "api.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses a kind; the rest is the object's message, put into its envelope here. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > 100)
		return 0;
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count), *kind = &kinds[data[0] % count];
	const char *version = kl_kind_api_version(kind);
	kl_autobuf buf = {0};
	kl_buf_push(&buf, "k8s\0", 4);
	kl_buf_printf(&buf, "\x0a%c\x0a%c%s\x12%c%s\x12%c", (int)(strlen(version) + strlen(kind->kind) + 4), (int)strlen(version), version,
		(int)strlen(kind->kind), kind->kind, (int)(size - 1));
	kl_buf_push(&buf, data + 1, size - 1);
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_PROTOBUF, kl_buf_str(&buf), buf.len, &st);
	if (object) {
		struct kl_write w = {.kind = kind, .ns = "default", .manager = "fuzz", .operation = "Update", .now_ms = 1700000000000};
		kl_api_create(&w, object, &warnings, &st);
	}
	kl_warnings_release(&warnings);
	kl_status_release(&st);
	return 0;
}
