/*
 * Objects in the protobuf form that kubectl sends for the kinds it has Go types for: the magic "k8s\0" and a
 * runtime.Unknown (apimachinery/pkg/runtime/generated.proto) around the object, whose field numbers are in the schemas.
 */
#include "proto.h"

#include "clock.h"
#include "kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct reader {
	const unsigned char *at, *end;
};

struct value {
	unsigned field, wire;
	uint64_t number;     /* varint, fixed */
	struct reader bytes; /* length-delimited */
};

enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

static int take_varint(struct reader *r, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		unsigned char byte = *r->at++;
		*ret |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return -EINVAL;
}

static int take_fixed(struct reader *r, size_t size, uint64_t *ret)
{
	if ((size_t)(r->end - r->at) < size)
		return -EINVAL;
	*ret = 0;
	for (size_t i = 0; i < size; i++)
		*ret |= (uint64_t)r->at[i] << 8 * i;
	r->at += size;
	return 0;
}

static int take_bytes(struct reader *r, struct reader *ret)
{
	uint64_t len;
	if (take_varint(r, &len) < 0 || len > (uint64_t)(r->end - r->at))
		return -EINVAL;
	*ret = (struct reader){r->at, r->at + len};
	r->at += len;
	return 0;
}

/* 1: a value, 0: the end, -EINVAL. */
static int next_value(struct reader *r, struct value *ret)
{
	uint64_t key;
	*ret = (struct value){0};
	if (r->at == r->end)
		return 0;
	if (take_varint(r, &key) < 0 || key >> 3 > UINT32_MAX)
		return -EINVAL;
	ret->field = (unsigned)(key >> 3);
	ret->wire = key & 7;
	int rc = ret->wire == WIRE_VARINT    ? take_varint(r, &ret->number)
		 : ret->wire == WIRE_FIXED64 ? take_fixed(r, 8, &ret->number)
		 : ret->wire == WIRE_FIXED32 ? take_fixed(r, 4, &ret->number)
		 : ret->wire == WIRE_BYTES   ? take_bytes(r, &ret->bytes)
					     : -EINVAL;
	return rc < 0 ? rc : 1;
}

static json_t *text_of(struct reader bytes)
{
	size_t len = (size_t)(bytes.end - bytes.at);
	if (!len)
		return json_string("");
	if (memchr(bytes.at, 0, len))
		return NULL;
	return json_stringn((const char *)bytes.at, len); /* NULL where it is no UTF-8 */
}

/* The field of a message; the value found last counts. */
static int find(struct reader message, unsigned field, struct value *ret)
{
	struct value value;
	int rc, found = 0;
	*ret = (struct value){0};
	while ((rc = next_value(&message, &value)) > 0)
		if (value.field == field) {
			*ret = value;
			found = 1;
		}
	return rc < 0 ? rc : found;
}

/* --- messages that are one value in JSON --- */

static json_t *read_time(struct reader message, bool micro)
{
	struct value seconds, nanos;
	char text[KL_TIME_TEXT];
	if (find(message, 1, &seconds) < 0 || find(message, 2, &nanos) < 0)
		return NULL;
	int64_t at = (int64_t)seconds.number;
	if (at < -62135596800 || at > 253402300799) /* years 1 to 9999 */
		return NULL;
	if (!at && !nanos.number && message.at == message.end)
		return json_null();
	if (micro)
		kl_time_format_micro(at * 1000000 + (int64_t)(nanos.number % 1000000000) / 1000, text);
	else
		kl_time_format(at, text);
	return json_string(text);
}

static json_t *read_int_or_string(struct reader message)
{
	struct value type, number, text;
	if (find(message, 1, &type) < 0 || find(message, 2, &number) < 0 || find(message, 3, &text) < 0)
		return NULL;
	return type.number ? text_of(text.bytes) : json_integer((int32_t)number.number);
}

static json_t *read_quantity(struct reader message)
{
	struct value text;
	if (find(message, 1, &text) < 0)
		return NULL;
	return text.bytes.at == text.bytes.end ? json_string("0") : text_of(text.bytes);
}

static json_t *read_bytes(struct reader bytes)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = bytes.at;
	size_t len = (size_t)(bytes.end - bytes.at);
	kl_autobuf out = {0};
	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)in[i] << 16 | (i + 1 < len ? (unsigned)in[i + 1] << 8 : 0u) |
				(i + 2 < len ? in[i + 2] : 0u);
		kl_buf_char(&out, alphabet[bits >> 18]);
		kl_buf_char(&out, alphabet[bits >> 12 & 63]);
		kl_buf_char(&out, i + 1 < len ? alphabet[bits >> 6 & 63] : '=');
		kl_buf_char(&out, i + 2 < len ? alphabet[bits & 63] : '=');
	}
	return json_string(kl_buf_str(&out));
}

/* RawExtension {raw = 1}, FieldsV1 {Raw = 1}: JSON inside. Lists of texts (ExtraValue {items = 1}) look the same. */
static json_t *read_any(struct reader message)
{
	struct value raw;
	if (find(message, 1, &raw) < 0)
		return NULL;
	json_t *json = kl_json_parse((const char *)raw.bytes.at, (size_t)(raw.bytes.end - raw.bytes.at), NULL);
	if (json)
		return json;
	json_t *list = json_array();
	while (next_value(&message, &raw) > 0)
		if (raw.field == 1 && raw.wire == WIRE_BYTES)
			json_array_append_new(list, text_of(raw.bytes));
	return list;
}

/* --- structs by their schema --- */

static json_t *read_struct(const struct kl_schema *schema, struct reader message, int depth);

static json_t *read_one(const struct kl_field *field, const struct value *value, int depth)
{
	bool bytes = value->wire == WIRE_BYTES;
	double real;
	switch ((enum kl_type)field->type) {
	case KL_T_INT32:
	case KL_T_INT64:
		return bytes ? NULL : json_integer((json_int_t)value->number);
	case KL_T_BOOL:
		return bytes ? NULL : json_boolean(value->number);
	case KL_T_DOUBLE:
		memcpy(&real, &value->number, sizeof(real));
		return bytes ? NULL : json_real(real);
	case KL_T_STRING:
		return bytes ? text_of(value->bytes) : NULL;
	case KL_T_BYTES:
		return bytes ? read_bytes(value->bytes) : NULL;
	case KL_T_QUANTITY:
		return bytes ? read_quantity(value->bytes) : NULL;
	case KL_T_INT_OR_STRING:
		return bytes ? read_int_or_string(value->bytes) : NULL;
	case KL_T_TIME:
	case KL_T_MICRO_TIME:
		return bytes ? read_time(value->bytes, field->type == KL_T_MICRO_TIME) : NULL;
	case KL_T_ANY:
		return bytes ? read_any(value->bytes) : NULL;
	case KL_T_STRUCT:
		break;
	}
	return bytes ? read_struct(field->ref, value->bytes, depth + 1) : NULL;
}

/* A map's entry: {key = 1, value = 2}. */
static int read_entry(const struct kl_field *field, json_t *map, struct reader message, int depth)
{
	struct value key, value;
	if (find(message, 1, &key) < 0 || find(message, 2, &value) < 0)
		return -EINVAL;
	if (!value.field)
		value.wire = WIRE_BYTES; /* an absent value is the empty one */
	kl_autojson *name = key.field ? text_of(key.bytes) : json_string("");
	json_t *entry = name ? read_one(field, &value, depth) : NULL;
	return entry ? json_object_set_new(map, json_string_value(name), entry) : -EINVAL;
}

static json_t *container(json_t *object, const char *name, json_t *(*make)(void))
{
	json_t *value = json_object_get(object, name);
	if (!value) {
		value = make();
		json_object_set_new(object, name, value);
	}
	return value;
}

/* A list of numbers may come packed into one length-delimited value. */
static int read_packed(const struct kl_field *field, json_t *list, struct reader bytes)
{
	struct value value = {.wire = WIRE_VARINT};
	while (bytes.at < bytes.end) {
		if (take_varint(&bytes, &value.number) < 0)
			return -EINVAL;
		json_array_append_new(list, read_one(field, &value, 0));
	}
	return 0;
}

static int read_field(const struct kl_field *field, json_t *object, const struct value *value, int depth)
{
	bool number = field->type == KL_T_INT32 || field->type == KL_T_INT64;
	if (field->shape == KL_MAP)
		return value->wire == WIRE_BYTES
			       ? read_entry(field, container(object, field->name, json_object), value->bytes, depth)
			       : -EINVAL;
	if (field->shape == KL_LIST && number && value->wire == WIRE_BYTES)
		return read_packed(field, container(object, field->name, json_array), value->bytes);
	json_t *one = read_one(field, value, depth);
	if (!one)
		return -EINVAL;
	if (field->shape == KL_LIST)
		return json_array_append_new(container(object, field->name, json_array), one);
	return json_object_set_new(object, field->name, one);
}

static const struct kl_field *field_by_number(const struct kl_schema *schema, unsigned number)
{
	for (size_t i = 0; number && i < schema->field_count; i++)
		if (schema->fields[i].number == number)
			return &schema->fields[i];
	return NULL;
}

/* Whether some fields of the schema stand in an embedded message of this number. */
static bool is_embedded(const struct kl_schema *schema, unsigned number)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].number >> 8 == number)
			return true;
	return false;
}

static int read_fields(
	const struct kl_schema *schema, json_t *object, struct reader message, unsigned embedded_in, int depth)
{
	struct value value;
	int rc;
	while ((rc = next_value(&message, &value)) > 0) {
		if (value.field > 255)
			continue;
		const struct kl_field *field = field_by_number(schema, embedded_in << 8 | value.field);
		if (field)
			rc = read_field(field, object, &value, depth);
		else if (!embedded_in && value.wire == WIRE_BYTES && is_embedded(schema, value.field))
			rc = read_fields(schema, object, value.bytes, value.field, depth);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static json_t *read_struct(const struct kl_schema *schema, struct reader message, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	kl_autojson *object = json_object();
	return read_fields(schema, object, message, 0, depth) < 0 ? NULL : kl_take(&object);
}

/* --- the envelope --- */

struct extra_type {
	const char *kind;
	const struct kl_schema *schema;
};
/* Kinds that are no rows of the table: bodies of subresources and of deletes. */
static const struct extra_type extra_types[] = {
	{"Binding", &kl_schema_Binding},
	{"Eviction", &kl_schema_Eviction},
	{"Scale", &kl_schema_Scale},
	{"TokenRequest", &kl_schema_TokenRequest},
	{"DeleteOptions", &kl_schema_DeleteOptions},
};

static const struct kl_schema *schema_of(const char *version, const char *kind)
{
	const struct kl_kind *row = kl_kind_by_type(version, kind);
	for (size_t i = 0; !row && i < KL_ARRAY_LEN(extra_types); i++)
		if (!strcmp(extra_types[i].kind, kind))
			return extra_types[i].schema;
	return row ? row->schema : NULL;
}

static int envelope_text(struct reader type_meta, unsigned field, char *ret, size_t size, struct kl_err *err)
{
	struct value value;
	if (find(type_meta, field, &value) < 0 || (size_t)(value.bytes.end - value.bytes.at) >= size)
		return kl_fail_msg(err, EINVAL, "the envelope does not parse");
	size_t len = (size_t)(value.bytes.end - value.bytes.at);
	if (len)
		memcpy(ret, value.bytes.at, len);
	ret[len] = 0;
	return 0;
}

json_t *kl_proto_parse(const char *data, size_t len, struct kl_err *err)
{
	static const char magic[4] = {'k', '8', 's', 0};
	char version[128], kind[128];
	struct value type_meta, raw;
	if (len < sizeof(magic) || memcmp(data, magic, sizeof(magic))) {
		kl_fail_msg(err, EINVAL,
			"provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
		return NULL;
	}
	struct reader unknown = {(const unsigned char *)data + sizeof(magic), (const unsigned char *)data + len};
	if (find(unknown, 1, &type_meta) < 0 || find(unknown, 2, &raw) < 0 ||
		envelope_text(type_meta.bytes, 1, version, sizeof(version), err) < 0 ||
		envelope_text(type_meta.bytes, 2, kind, sizeof(kind), err) < 0) {
		kl_fail_msg(err, EINVAL, "proto: the envelope does not parse");
		return NULL;
	}
	const struct kl_schema *schema = schema_of(version, kind);
	if (!schema) {
		kl_fail_msg(err, ENOTSUP, "no kind \"%.100s\" is registered for version \"%.100s\"", kind, version);
		return NULL;
	}
	json_t *object = read_struct(schema, raw.bytes, 0);
	if (!object) {
		kl_fail_msg(err, EINVAL, "proto: the %s does not parse", schema->name);
		return NULL;
	}
	json_object_set_new(object, "apiVersion", json_string(version));
	json_object_set_new(object, "kind", json_string(kind));
	return object;
}
