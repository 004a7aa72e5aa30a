/*
 * A request body on its whole way: decoding, defaults, validation, managed fields, an update with itself, its row.
 */
#include "api.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rewrite(const struct kl_write *w, const json_t *object)
{
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	kl_autojson *next = json_deep_copy(object);
	kl_api_update(w, object, next, &warnings, &st);
	kl_warnings_release(&warnings);
	kl_status_release(&st);
}

static void print(const struct kl_kind *kind, const json_t *object)
{
	kl_autobuf buf = {0};
	kl_table_row(kind, object, NULL, 0, KL_INCLUDE_METADATA, 1700000000000, &buf);
	json_t *row = kl_json_parse(kl_buf_str(&buf), buf.len, NULL);
	if (!row)
		__builtin_trap();
	json_decref(row);
}

static void write_object(const struct kl_kind *kind, json_t *object, uint8_t choice)
{
	struct kl_status st = {0};
	struct kl_warnings warnings = {0};
	const char *ns = kl_json_str_or_null(object, "metadata", "namespace", NULL);
	struct kl_write w = {.kind = kind, .ns = ns ? ns : "default", .manager = "fuzz", .operation = "Update",
		.field_validation = (enum kl_field_validation)(choice % 3), .now_ms = 1700000000000};
	if (!kl_api_create(&w, object, &warnings, &st))
		rewrite(&w, object);
	print(kind, object);
	kl_autojson *answer = kl_status_json(&st);
	kl_warnings_release(&warnings);
	kl_status_release(&st);
}

/* What the quick parser takes, jansson takes, too, and reads the same. */
static void compare_parsers(const char *text, size_t len)
{
	kl_autojson *quick = kl_json_parse_quick(text, len);
	json_error_t error;
	kl_autojson *slow = quick ? json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error) : NULL;
	if (quick && (!slow || !json_equal(quick, slow)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	compare_parsers((const char *)data + 1, size - 1);
	struct kl_status st = {0};
	kl_autojson *object = kl_api_decode(KL_MEDIA_JSON, (const char *)data + 1, size - 1, &st);
	kl_status_release(&st);
	if (!object)
		return 0;
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	const struct kl_kind *kind =
		kl_kind_by_type(kl_json_str(object, "apiVersion", NULL), kl_json_str(object, "kind", NULL));
	write_object(kind ? kind : &kinds[data[0] % count], object, data[0]);
	return 0;
}
