#include "decode.h"

#include "api.h"
#include "base64.h"
#include "clock.h"
#include "validate.h"

#include <stdlib.h>
#include <string.h>

const struct kl_field *kl_schema_field(const struct kl_schema *schema, const char *name)
{
	size_t low = 0, high = schema->field_count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(schema->fields[mid].name, name);
		if (!order)
			return &schema->fields[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* --- what is told of a value of the wrong type --- */

static const char *json_word(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_NULL:
		break;
	}
	return "null";
}

static const char *go_type(const struct kl_field *field)
{
	static const char *const names[] = {
		[KL_T_STRING] = "string",
		[KL_T_INT32] = "int32",
		[KL_T_INT64] = "int64",
		[KL_T_BOOL] = "bool",
		[KL_T_DOUBLE] = "float64",
		[KL_T_QUANTITY] = "resource.Quantity",
		[KL_T_INT_OR_STRING] = "intstr.IntOrString",
		[KL_T_TIME] = "v1.Time",
		[KL_T_MICRO_TIME] = "v1.MicroTime",
		[KL_T_BYTES] = "[]uint8",
		[KL_T_ANY] = "runtime.RawExtension",
		[KL_T_STRUCT] = "struct",
	};
	return field->type == KL_T_STRUCT ? field->ref->name : names[field->type];
}

static int wrong_type(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	const struct kl_path *path, const json_t *value, const char *prefix)
{
	kl_autobuf where = {0}, literal = {0};
	kl_path_go(path, &where);
	if (json_is_number(value) && (field->type == KL_T_INT32 || field->type == KL_T_INT64)) {
		kl_buf_char(&literal, ' ');
		kl_json_dump(value, &literal);
	}
	bool structure = field->type == KL_T_STRUCT && !*prefix;
	kl_buf_release(&d->error);
	kl_buf_printf(&d->error, "json: cannot unmarshal %s%s into Go struct field %s%s of type %s%s%s",
		json_word(value), kl_buf_str(&literal), schema->name, kl_buf_str(&where), prefix,
		structure ? "v1." : "", go_type(field));
	return -1;
}

static int wrong_text(struct kl_decode *d, const char *fmt, const char *text)
{
	kl_buf_release(&d->error);
	kl_buf_printf(&d->error, fmt, text);
	return -1;
}

/* --- values that are no structs --- */

static int check_quantity(struct kl_decode *d, json_t *parent_value, json_t **ret_new)
{
	char canonical[KL_QUANTITY_TEXT];
	char number[32];
	const char *text = json_string_value(parent_value);
	if (json_is_integer(parent_value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(parent_value));
		text = number;
	} else if (json_is_real(parent_value)) {
		snprintf(number, sizeof(number), "%.9g", json_real_value(parent_value));
		text = number;
	}
	if (!text || kl_quantity_canonical(text, canonical) < 0)
		return wrong_text(d, "%s",
			"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
	if (text == number || strcmp(text, canonical))
		*ret_new = json_string(canonical);
	return 0;
}

/* Bytes travel as base64, in which Go skips line ends. */
static int check_bytes(struct kl_decode *d, const json_t *value)
{
	ssize_t at = kl_base64_check(json_string_value(value), json_string_length(value), KL_BASE64_LINES);
	kl_autofree char *where = kl_asprintf("%zd", at);
	return at < 0 ? 0 : wrong_text(d, "illegal base64 data at input byte %s", where);
}

static int check_time(struct kl_decode *d, const char *text)
{
	int64_t ms;
	if (!kl_time_parse(text, &ms))
		return 0;
	return wrong_text(d, "parsing time \"%s\" as \"2006-01-02T15:04:05Z07:00\": cannot parse it", text);
}

static bool type_fits(const struct kl_field *field, const json_t *value)
{
	switch ((enum kl_type)field->type) {
	case KL_T_STRING:
	case KL_T_TIME:
	case KL_T_MICRO_TIME:
	case KL_T_BYTES:
		return json_is_string(value);
	case KL_T_INT32:
		return json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
		       json_integer_value(value) <= INT32_MAX;
	case KL_T_INT64:
		return json_is_integer(value);
	case KL_T_BOOL:
		return json_is_boolean(value);
	case KL_T_DOUBLE:
		return json_is_number(value);
	case KL_T_QUANTITY:
		return json_is_string(value) || json_is_number(value);
	case KL_T_INT_OR_STRING:
		return json_is_string(value) || (json_is_integer(value) && json_integer_value(value) >= INT32_MIN &&
							json_integer_value(value) <= INT32_MAX);
	case KL_T_ANY:
	case KL_T_STRUCT:
		return true;
	}
	return false;
}

/* *ret_new stays NULL unless the value is to be replaced by its canonical form. */
static int decode_scalar(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	const struct kl_path *path, json_t *value, json_t **ret_new)
{
	if (!type_fits(field, value))
		return wrong_type(d, schema, field, path, value, "");
	if (field->type == KL_T_QUANTITY)
		return check_quantity(d, value, ret_new);
	if (field->type == KL_T_TIME || field->type == KL_T_MICRO_TIME)
		return check_time(d, json_string_value(value));
	if (field->type == KL_T_BYTES)
		return check_bytes(d, value);
	return 0;
}

static int decode_struct(
	struct kl_decode *d, const struct kl_schema *schema, json_t *object, const struct kl_path *path);

static int decode_one(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	const struct kl_path *path, json_t *value, json_t **ret_new)
{
	if (field->type != KL_T_STRUCT)
		return decode_scalar(d, schema, field, path, value, ret_new);
	if (!json_is_object(value))
		return wrong_type(d, schema, field, path, value, "");
	return decode_struct(d, field->ref, value, path);
}

static int decode_list(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	const struct kl_path *path, json_t *list)
{
	if (!json_is_array(list))
		return wrong_type(d, schema, field, path, list, field->type == KL_T_STRUCT ? "[]v1." : "[]");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *value = json_array_get(list, i), *replacement = NULL;
		if (json_is_null(value)) { /* Go reads a null entry as the zero value */
			replacement = field->type == KL_T_STRUCT ? json_object() : json_string("");
			json_array_set_new(list, i, replacement);
			value = replacement;
			replacement = NULL;
		}
		if (decode_one(d, schema, field, KL_INDEX(path, i), value, &replacement) < 0)
			return -1;
		if (replacement)
			json_array_set_new(list, i, replacement);
	}
	return 0;
}

static int decode_map(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	const struct kl_path *path, json_t *map)
{
	if (!json_is_object(map))
		return wrong_type(d, schema, field, path, map, "map[string]");
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe (map, next, key, value) {
		json_t *replacement = NULL;
		if (json_is_null(value)) {
			if (field->type == KL_T_STRING || field->type == KL_T_BYTES)
				json_object_set_new(map, key, json_string(""));
			else
				json_object_del(map, key);
			continue;
		}
		if (decode_one(d, schema, field, KL_KEY(path, key), value, &replacement) < 0)
			return -1;
		if (replacement)
			json_object_set_new(map, key, replacement);
	}
	return 0;
}

static bool is_zero(const struct kl_field *field, const json_t *value)
{
	if (field->shape != KL_ONE)
		return !(field->flags & KL_REQUIRED) && !json_object_size(value) && !json_array_size(value);
	if (!(field->flags & KL_OMIT_ZERO))
		return false;
	return json_is_string(value) ? !json_string_length(value)
				     : json_is_false(value) || (json_is_integer(value) && !json_integer_value(value));
}

static int decode_field(struct kl_decode *d, const struct kl_schema *schema, const struct kl_field *field,
	json_t *object, json_t *value, const struct kl_path *path)
{
	json_t *replacement = NULL;
	int rc;
	if (field->shape == KL_LIST)
		rc = decode_list(d, schema, field, path, value);
	else if (field->shape == KL_MAP)
		rc = decode_map(d, schema, field, path, value);
	else
		rc = decode_one(d, schema, field, path, value, &replacement);
	if (rc < 0)
		return rc;
	if (replacement)
		json_object_set_new(object, field->name, replacement);
	else if (is_zero(field, value))
		json_object_del(object, field->name);
	return 0;
}

static void note_unknown(struct kl_decode *d, const struct kl_path *path)
{
	if (!d->note || d->unknown_count >= KL_UNKNOWN_MAX)
		return;
	kl_autobuf where = {0};
	kl_path_text(path, &where);
	d->unknown[d->unknown_count++] = kl_buf_take(&where);
}

json_t *kl_schema_default_value(const char *text)
{
	size_t len = strlen(text);
	if (text[0] == '"')
		return json_stringn(text + 1, len - 2);
	if (!strcmp(text, "{}"))
		return json_object();
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		return json_boolean(text[0] == 't');
	if (text[0] >= '0' && text[0] <= '9')
		return json_integer(strtoll(text, NULL, 10));
	return kl_json_parse(text, len, NULL);
}

static int apply_defaults(
	struct kl_decode *d, const struct kl_schema *schema, json_t *object, const struct kl_path *path)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct kl_field *field = &schema->fields[i];
		if ((!field->def && !(field->flags & KL_ALWAYS)) || json_object_get(object, field->name))
			continue;
		json_t *value = field->def ? kl_schema_default_value(field->def) : json_object();
		json_object_set_new(object, field->name, value);
		if (field->type == KL_T_STRUCT && field->shape == KL_ONE &&
			decode_struct(d, field->ref, value, KL_KEY(path, field->name)) < 0)
			return -1;
	}
	if (schema->defaults)
		schema->defaults(object);
	return 0;
}

static int decode_struct(
	struct kl_decode *d, const struct kl_schema *schema, json_t *object, const struct kl_path *path)
{
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe (object, next, key, value) {
		const struct kl_path *at = KL_KEY(path, key);
		const struct kl_field *field = kl_schema_field(schema, key);
		if (!field) {
			note_unknown(d, at);
			json_object_del(object, key);
		} else if (json_is_null(value)) {
			json_object_del(object, key);
		} else if (decode_field(d, schema, field, object, value, at) < 0) {
			return -1;
		}
	}
	return d->no_defaults ? 0 : apply_defaults(d, schema, object, path);
}

int kl_schema_decode(struct kl_decode *d, const struct kl_schema *schema, json_t *object)
{
	return decode_struct(d, schema, object, NULL);
}

void kl_decode_release(struct kl_decode *d)
{
	for (size_t i = 0; i < d->unknown_count; i++)
		free(d->unknown[i]);
	kl_buf_release(&d->error);
}
