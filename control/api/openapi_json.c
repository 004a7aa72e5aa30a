/*
 * OpenAPI v2 and v3 as JSON.
 */
#include "openapi.h"

#include <string.h>

struct dialect {
	bool v3;
	const char *ref_prefix;
};
static const struct dialect v2 = {false, "#/definitions/"}, v3 = {true, "#/components/schemas/"};

static void push_text(struct kl_buf *buf, const char *key, const char *text)
{
	if (!text)
		return;
	kl_buf_printf(buf, "\"%s\":", key);
	kl_buf_json_string(buf, text, strlen(text));
	kl_buf_char(buf, ',');
}

/* Every member ends in a comma; the last one is taken back. */
static void close_object(struct kl_buf *buf)
{
	if (buf->data[buf->len - 1] == ',')
		buf->len--;
	kl_buf_char(buf, '}');
}

static void push_choices(struct kl_buf *buf, const char *choices)
{
	kl_buf_str_push(buf, "\"enum\":[");
	for (const char *at = choices; at;) {
		int len = (int)strcspn(at, "|");
		kl_buf_printf(buf, "%s\"%.*s\"", at == choices ? "" : ",", len, at);
		at = at[len] ? at + len + 1 : NULL;
	}
	kl_buf_str_push(buf, "],");
}

/* In v3 nothing may stand beside a $ref, so it goes into an allOf. */
static void push_value(
	struct kl_buf *buf, const struct dialect *d, const struct kl_value_type *value, const char *choices, bool wrap)
{
	if (value->ref && d->v3 && wrap)
		kl_buf_printf(buf, "\"allOf\":[{\"$ref\":\"%s%s\"}],", d->ref_prefix, value->ref);
	else if (value->ref)
		kl_buf_printf(buf, "\"$ref\":\"%s%s\",", d->ref_prefix, value->ref);
	push_text(buf, "type", value->type);
	push_text(buf, "format", value->format);
	if (choices && d->v3)
		push_choices(buf, choices);
}

static void push_field(
	struct kl_buf *buf, const struct dialect *d, const struct kl_schema *schema, const struct kl_field *field)
{
	struct kl_value_type value = kl_value_type(schema, field);
	struct kl_extension extensions[KL_EXTENSIONS_MAX];
	size_t count = kl_field_extensions(field, extensions);
	kl_buf_printf(buf, "\"%s\":{", field->name);
	push_text(buf, "description", field->doc);
	if (field->shape == KL_ONE) {
		push_value(buf, d, &value, field->choices, true);
	} else {
		kl_buf_str_push(buf, field->shape == KL_LIST ? "\"type\":\"array\",\"items\":{"
							     : "\"type\":\"object\",\"additionalProperties\":{");
		push_value(buf, d, &value, field->choices, false);
		close_object(buf);
		kl_buf_char(buf, ',');
	}
	if (field->def && d->v3)
		kl_buf_printf(buf, "\"default\":%s,", field->def);
	for (size_t i = 0; i < count; i++)
		kl_buf_printf(buf, "\"%s\":%s,", extensions[i].name, extensions[i].value);
	close_object(buf);
	kl_buf_char(buf, ',');
}

static void push_required(struct kl_buf *buf, const struct kl_schema *schema)
{
	bool any = false;
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & KL_REQUIRED) {
			kl_buf_printf(buf, "%s\"%s\"", any ? "," : "\"required\":[", schema->fields[i].name);
			any = true;
		}
	if (any)
		kl_buf_str_push(buf, "],");
}

static void push_definition(struct kl_buf *buf, const struct dialect *d, const struct kl_schema *schema)
{
	kl_autobuf gvks = {0};
	kl_buf_printf(buf, "\"%s\":{", schema->openapi);
	push_text(buf, "description", schema->doc);
	kl_buf_str_push(buf, "\"type\":\"object\",");
	push_required(buf, schema);
	kl_buf_str_push(buf, "\"properties\":{");
	for (size_t i = 0; i < schema->field_count; i++)
		push_field(buf, d, schema, &schema->fields[i]);
	close_object(buf);
	kl_buf_char(buf, ',');
	if (schema->atomic)
		kl_buf_str_push(buf, "\"x-kubernetes-map-type\":\"atomic\",");
	if (kl_schema_gvks(schema, &gvks))
		kl_buf_printf(buf, "\"x-kubernetes-group-version-kind\":%s,", kl_buf_str(&gvks));
	close_object(buf);
	kl_buf_char(buf, ',');
}

static void push_plain_type(struct kl_buf *buf, const struct dialect *d, const struct kl_plain_type *plain)
{
	kl_buf_printf(buf, "\"%s\":{", plain->openapi);
	if (d->v3 && plain->also) {
		if (plain->format)
			push_text(buf, "format", plain->format);
		kl_buf_printf(buf, "\"oneOf\":[{\"type\":\"%s\"},{\"type\":\"%s\"}]},", plain->type, plain->also);
		return;
	}
	push_text(buf, "type", plain->type);
	push_text(buf, "format", plain->format);
	close_object(buf);
	kl_buf_char(buf, ',');
}

static void push_definitions(struct kl_buf *buf, const struct dialect *d, const struct kl_group_version *gv)
{
	struct kl_schema_set set;
	kl_schema_set_collect(gv, &set);
	for (size_t i = 0; i < set.count; i++)
		push_definition(buf, d, set.items[i]);
	for (size_t i = 0; i < kl_plain_type_count; i++)
		push_plain_type(buf, d, &kl_plain_types[i]);
	kl_schema_set_release(&set);
}

/* --- paths --- */

static void push_parameter(struct kl_buf *buf, const struct dialect *d, const char *name, const char *in)
{
	const char *type = kl_parameter_is_bool(name) ? "boolean" : "string";
	bool path = !strcmp(in, "path");
	kl_buf_printf(buf, "{\"name\":\"%s\",\"in\":\"%s\",%s", name, in, path ? "\"required\":true," : "");
	if (d->v3)
		kl_buf_printf(buf, "\"schema\":{\"type\":\"%s\",\"uniqueItems\":true}},", type);
	else
		kl_buf_printf(buf, "\"type\":\"%s\",\"uniqueItems\":true},", type);
}

static void close_list(struct kl_buf *buf)
{
	if (buf->data[buf->len - 1] == ',')
		buf->len--;
	kl_buf_str_push(buf, "],");
}

/* kubectl looks here for what kinds of patch there are. */
static void push_patch_types(struct kl_buf *buf)
{
	static const char *const types[] = {"application/apply-patch+yaml", "application/json-patch+json",
		"application/merge-patch+json", "application/strategic-merge-patch+json"};
	kl_buf_str_push(buf, "\"requestBody\":{\"content\":{");
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++)
		kl_buf_printf(buf, "%s\"%s\":{\"schema\":{\"type\":\"object\"}}", i ? "," : "", types[i]);
	kl_buf_str_push(buf, "}},");
}

static void push_operation(
	struct kl_buf *buf, const struct dialect *d, const struct kl_kind *kind, const struct kl_operation *operation)
{
	kl_buf_printf(buf, "\"%s\":{\"operationId\":\"", operation->method);
	kl_operation_id(kind, operation, buf);
	kl_buf_str_push(buf, "\",\"parameters\":[");
	for (const char *const *name = operation->parameters; *name; name++)
		push_parameter(buf, d, *name, "query");
	close_list(buf);
	if (d->v3 && operation->verb == KL_CAN_PATCH)
		push_patch_types(buf);
	kl_buf_str_push(buf, "\"responses\":{\"200\":{\"description\":\"OK\"}},");
	kl_buf_printf(buf,
		"\"x-kubernetes-action\":\"%s\",\"x-kubernetes-group-version-kind\":{\"group\":\"%s\",\"kind\":\"%s\","
		"\"version\":\"%s\"}},",
		operation->action, kind->group, kind->kind, kind->version);
}

static void push_path(struct kl_buf *buf, const struct dialect *d, const struct kl_kind *kind, bool item)
{
	kl_buf_char(buf, '"');
	kl_openapi_path(kind, item, buf);
	kl_buf_str_push(buf, "\":{");
	for (size_t i = 0; i < kl_operation_count; i++)
		if (kl_operations[i].item == item && (kind->verbs & kl_operations[i].verb))
			push_operation(buf, d, kind, &kl_operations[i]);
	kl_buf_str_push(buf, "\"parameters\":[");
	if (item)
		push_parameter(buf, d, "name", "path");
	if (kind->namespaced)
		push_parameter(buf, d, "namespace", "path");
	close_list(buf);
	close_object(buf);
	kl_buf_char(buf, ',');
}

static void push_paths(struct kl_buf *buf, const struct dialect *d, const struct kl_group_version *gv)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	kl_buf_str_push(buf, "\"paths\":{");
	for (size_t i = 0; i < count; i++) {
		if (gv && (strcmp(kinds[i].group, gv->group) || strcmp(kinds[i].version, gv->version)))
			continue;
		push_path(buf, d, &kinds[i], false);
		push_path(buf, d, &kinds[i], true);
	}
	close_object(buf);
	kl_buf_char(buf, ',');
}

void kl_openapi_v2_json(struct kl_buf *buf)
{
	kl_buf_str_push(buf,
		"{\"swagger\":\"2.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"keelson " KL_VERSION "\"},");
	push_paths(buf, &v2, NULL);
	kl_buf_str_push(buf, "\"definitions\":{");
	push_definitions(buf, &v2, NULL);
	close_object(buf);
	kl_buf_char(buf, '}');
}

void kl_openapi_v3_json(const struct kl_group_version *gv, struct kl_buf *buf)
{
	kl_buf_str_push(buf,
		"{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"keelson " KL_VERSION "\"},");
	push_paths(buf, &v3, gv);
	kl_buf_str_push(buf, "\"components\":{\"schemas\":{");
	push_definitions(buf, &v3, gv);
	close_object(buf);
	kl_buf_str_push(buf, "}}");
}
