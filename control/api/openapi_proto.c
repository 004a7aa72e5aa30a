/*
 * OpenAPI v2 in the protobuf form of github.com/google/gnostic-models, openapiv2/OpenAPIv2.proto: what kubectl up to
 * 1.31 asks for. Field numbers below are those of that file.
 */
#include "openapi.h"

#include <stdlib.h>
#include <string.h>

/* --- the wire format: https://protobuf.dev/programming-guides/encoding --- */

static void push_varint(struct kl_buf *buf, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		kl_buf_char(buf, (char)(value | 0x80));
	kl_buf_char(buf, (char)value);
}

static void push_bytes(struct kl_buf *buf, unsigned field, const char *data, size_t len)
{
	push_varint(buf, field << 3 | 2);
	push_varint(buf, len);
	kl_buf_push(buf, data, len);
}

static void push_text(struct kl_buf *buf, unsigned field, const char *text)
{
	if (text)
		push_bytes(buf, field, text, strlen(text));
}

static void push_message(struct kl_buf *buf, unsigned field, const struct kl_buf *message)
{
	push_bytes(buf, field, kl_buf_str(message), message->len);
}

/* --- the messages --- */

/* NamedAny {name = 1, value = 2: Any {yaml = 2}} */
static void push_extension(struct kl_buf *buf, unsigned field, const char *name, const char *yaml)
{
	kl_autobuf any = {0}, named = {0};
	push_text(&any, 2, yaml);
	push_text(&named, 1, name);
	push_message(&named, 2, &any);
	push_message(buf, field, &named);
}

/* Schema: _ref = 1, format = 2, description = 4, required = 19, additional_properties = 21, type = 22 {value = 1},
 * items = 23 {schema = 1}, properties = 25 {additional_properties = 1: NamedSchema}, vendor_extension = 31 */
static void push_type(struct kl_buf *schema, const char *type)
{
	kl_autobuf item = {0};
	if (!type)
		return;
	push_text(&item, 1, type);
	push_message(schema, 22, &item);
}

static void push_value(struct kl_buf *schema, const struct kl_value_type *value)
{
	if (value->ref) {
		kl_autofree char *ref = kl_asprintf("#/definitions/%s", value->ref);
		push_text(schema, 1, ref);
	}
	push_text(schema, 2, value->format);
	push_type(schema, value->type);
}

static void build_field(struct kl_buf *buf, const struct kl_schema *schema, const struct kl_field *field)
{
	struct kl_value_type value = kl_value_type(schema, field);
	struct kl_extension extensions[KL_EXTENSIONS_MAX];
	size_t count = kl_field_extensions(field, extensions);
	push_text(buf, 4, field->doc);
	if (field->shape == KL_ONE) {
		push_value(buf, &value);
	} else {
		kl_autobuf inner = {0}, item = {0};
		push_value(&inner, &value);
		push_message(&item, 1, &inner);
		push_type(buf, field->shape == KL_LIST ? "array" : "object");
		push_message(buf, field->shape == KL_LIST ? 23 : 21, &item);
	}
	for (size_t i = 0; i < count; i++)
		push_extension(buf, 31, extensions[i].name, extensions[i].value);
}

static void push_named(struct kl_buf *buf, const char *name, const struct kl_buf *schema)
{
	kl_autobuf named = {0};
	push_text(&named, 1, name);
	push_message(&named, 2, schema);
	push_message(buf, 1, &named);
}

static void build_definition(struct kl_buf *buf, const struct kl_schema *schema)
{
	kl_autobuf properties = {0}, gvks = {0};
	push_text(buf, 4, schema->doc);
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & KL_REQUIRED)
			push_text(buf, 19, schema->fields[i].name);
	push_type(buf, "object");
	for (size_t i = 0; i < schema->field_count; i++) {
		kl_autobuf field = {0};
		build_field(&field, schema, &schema->fields[i]);
		push_named(&properties, schema->fields[i].name, &field);
	}
	push_message(buf, 25, &properties);
	if (schema->atomic)
		push_extension(buf, 31, "x-kubernetes-map-type", "\"atomic\"");
	if (kl_schema_gvks(schema, &gvks))
		push_extension(buf, 31, "x-kubernetes-group-version-kind", kl_buf_str(&gvks));
}

static void build_definitions(struct kl_buf *buf)
{
	struct kl_schema_set set;
	kl_schema_set_collect(NULL, &set);
	for (size_t i = 0; i < set.count; i++) {
		kl_autobuf schema = {0};
		build_definition(&schema, set.items[i]);
		push_named(buf, set.items[i]->openapi, &schema);
	}
	kl_schema_set_release(&set);
	for (size_t i = 0; i < kl_plain_type_count; i++) {
		kl_autobuf schema = {0};
		push_text(&schema, 2, kl_plain_types[i].format);
		push_type(&schema, kl_plain_types[i].type);
		push_named(buf, kl_plain_types[i].openapi, &schema);
	}
}

/* ParametersItem {parameter = 1 {non_body_parameter = 2 {query_parameter_sub_schema = 3}}};
 * QueryParameterSubSchema: in = 2, name = 4, type = 6 */
static void push_parameter(struct kl_buf *operation, const char *name)
{
	kl_autobuf query = {0}, non_body = {0}, parameter = {0}, item = {0};
	push_text(&query, 2, "query");
	push_text(&query, 4, name);
	push_text(&query, 6, kl_parameter_is_bool(name) ? "boolean" : "string");
	push_message(&non_body, 3, &query);
	push_message(&parameter, 2, &non_body);
	push_message(&item, 1, &parameter);
	push_message(operation, 8, &item);
}

/* Responses {response_code = 1: NamedResponseValue {name = 1, value = 2 {response = 1 {description = 1}}}} */
static void push_responses(struct kl_buf *operation)
{
	kl_autobuf response = {0}, value = {0}, named = {0}, responses = {0};
	push_text(&response, 1, "OK");
	push_message(&value, 1, &response);
	push_text(&named, 1, "200");
	push_message(&named, 2, &value);
	push_message(&responses, 1, &named);
	push_message(operation, 9, &responses);
}

/* Operation: operation_id = 5, parameters = 8, responses = 9, vendor_extension = 13 */
static void build_operation(struct kl_buf *buf, const struct kl_kind *kind, const struct kl_operation *operation)
{
	kl_autobuf id = {0}, gvk = {0}, action = {0};
	kl_operation_id(kind, operation, &id);
	push_text(buf, 5, kl_buf_str(&id));
	for (const char *const *name = operation->parameters; *name; name++)
		push_parameter(buf, *name);
	push_responses(buf);
	kl_buf_printf(&action, "\"%s\"", operation->action);
	push_extension(buf, 13, "x-kubernetes-action", kl_buf_str(&action));
	kl_buf_printf(
		&gvk, "{\"group\":\"%s\",\"kind\":\"%s\",\"version\":\"%s\"}", kind->group, kind->kind, kind->version);
	push_extension(buf, 13, "x-kubernetes-group-version-kind", kl_buf_str(&gvk));
}

struct method {
	const char *name;
	unsigned field; /* of PathItem */
};
static const struct method methods[] = {{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};

static void push_operation(struct kl_buf *path_item, const struct kl_kind *kind, const struct kl_operation *operation)
{
	kl_autobuf message = {0};
	build_operation(&message, kind, operation);
	for (size_t i = 0; i < KL_ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i].name, operation->method))
			push_message(path_item, methods[i].field, &message);
}

/* Paths {path = 2: NamedPathItem {name = 1, value = 2}} */
static void push_path(struct kl_buf *paths, const struct kl_kind *kind, bool item)
{
	kl_autobuf path_item = {0}, named = {0}, name = {0};
	for (size_t i = 0; i < kl_operation_count; i++)
		if (kl_operations[i].item == item && (kind->verbs & kl_operations[i].verb))
			push_operation(&path_item, kind, &kl_operations[i]);
	kl_openapi_path(kind, item, &name);
	push_text(&named, 1, kl_buf_str(&name));
	push_message(&named, 2, &path_item);
	push_message(paths, 2, &named);
}

/* Document: swagger = 1, info = 2 {title = 1, version = 2}, paths = 8, definitions = 9 */
void kl_openapi_v2_protobuf(struct kl_buf *buf)
{
	kl_autobuf info = {0}, paths = {0}, definitions = {0};
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	push_text(buf, 1, "2.0");
	push_text(&info, 1, "Kubernetes");
	push_text(&info, 2, "keelson " KL_VERSION);
	push_message(buf, 2, &info);
	for (size_t i = 0; i < count; i++) {
		push_path(&paths, &kinds[i], false);
		push_path(&paths, &kinds[i], true);
	}
	push_message(buf, 8, &paths);
	build_definitions(&definitions);
	push_message(buf, 9, &definitions);
}
