/*
 * "<object>\n---\n<patch>" as JSON, through every type of patch. What a patch makes of an object must be an object that
 * the rest of the machinery takes.
 */
#include "api.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct kl_write *w, enum kl_patch_type type, const json_t *object, const char *patch, size_t len)
{
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	kl_autojson *result = kl_api_patch(w, type, object, patch, len, len & 1, &st);
	if (!result && !st.code)
		__builtin_trap();
	if (result) {
		struct kl_write update = *w;
		update.operation = type == KL_PATCH_APPLY ? "Apply" : "Update";
		kl_api_update(&update, object, result, &warnings, &st);
	}
	kl_warnings_release(&warnings);
	kl_status_release(&st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char cut[] = "\n---\n";
	const char *text = (const char *)data, *at = size ? memmem(text, size, cut, strlen(cut)) : NULL;
	struct kl_status st = {0};
	if (!at)
		return 0;
	kl_autojson *object = kl_api_decode(KL_MEDIA_JSON, text, (size_t)(at - text), &st);
	kl_status_release(&st);
	if (!object)
		return 0;
	const char *patch = at + strlen(cut);
	size_t len = size - (size_t)(patch - text);
	const struct kl_kind *kind =
		kl_kind_by_type(kl_json_str(object, "apiVersion", NULL), kl_json_str(object, "kind", NULL));
	struct kl_write w = {.kind = kind ? kind : kl_kind_named("", "Pod"), .ns = "default", .manager = "fuzz",
		.operation = "Update", .field_validation = KL_VALIDATE_WARN, .now_ms = 1700000000000};
	for (int type = KL_PATCH_JSON; type <= KL_PATCH_APPLY; type++)
		apply(&w, (enum kl_patch_type)type, object, patch, len);
	return 0;
}
