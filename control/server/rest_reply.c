/* Answers in the form the client asked for. */
#include "rest_impl.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static const struct kl_http_header no_cache = {"Cache-Control", "no-cache, private"};
#define JSON_TYPE "application/json"
#define YAML_TYPE "application/yaml"

/* --- JSON to YAML --- */

struct yaml_out {
	yaml_emitter_t emitter;
	struct kl_buf *buf;
};

static int yaml_write(void *arg, unsigned char *data, size_t len)
{
	kl_buf_push(((struct yaml_out *)arg)->buf, data, len);
	return 1;
}

static void yaml_scalar(struct yaml_out *out, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;
	yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style);
	yaml_emitter_emit(&out->emitter, &event);
}

/* A string that a YAML 1.1 reader would take for something else is quoted. */
static bool needs_quotes(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False",
		"FALSE", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n",
		"N"};
	for (size_t i = 0; i < KL_ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i]))
			return true;
	return strchr("0123456789+-.=<", text[0]) != NULL;
}

static void yaml_value(struct yaml_out *out, const json_t *json);

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void yaml_object(struct yaml_out *out, const json_t *json)
{
	yaml_event_t event;
	size_t count = 0;
	kl_autofree const char **keys = kl_calloc(json_object_size(json) + 1, sizeof(*keys));
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)json, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	yaml_mapping_start_event_initialize(
		&event, NULL, NULL, 1, count ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE);
	yaml_emitter_emit(&out->emitter, &event);
	for (size_t i = 0; i < count; i++) {
		yaml_scalar(
			out, keys[i], needs_quotes(keys[i]) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE);
		yaml_value(out, json_object_get(json, keys[i]));
	}
	yaml_mapping_end_event_initialize(&event);
	yaml_emitter_emit(&out->emitter, &event);
}

static void yaml_array(struct yaml_out *out, const json_t *json)
{
	yaml_event_t event;
	size_t i;
	json_t *item;
	yaml_sequence_start_event_initialize(
		&event, NULL, NULL, 1, json_array_size(json) ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	yaml_emitter_emit(&out->emitter, &event);
	json_array_foreach (json, i, item)
		yaml_value(out, item);
	yaml_sequence_end_event_initialize(&event);
	yaml_emitter_emit(&out->emitter, &event);
}

static yaml_scalar_style_t string_style(const char *text)
{
	if (strchr(text, '\n'))
		return YAML_LITERAL_SCALAR_STYLE;
	return needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE;
}

static void yaml_value(struct yaml_out *out, const json_t *json)
{
	if (json_is_object(json)) {
		yaml_object(out, json);
	} else if (json_is_array(json)) {
		yaml_array(out, json);
	} else if (json_is_string(json)) {
		yaml_scalar(out, json_string_value(json), string_style(json_string_value(json)));
	} else {
		kl_autofree char *text = json_dumps(json, JSON_ENCODE_ANY);
		yaml_scalar(out, text, YAML_PLAIN_SCALAR_STYLE);
	}
}

void json_to_yaml(const char *text, size_t len, struct kl_buf *buf)
{
	kl_autojson *json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	struct yaml_out out = {.buf = buf};
	yaml_event_t event;
	yaml_emitter_initialize(&out.emitter);
	yaml_emitter_set_output(&out.emitter, yaml_write, &out);
	yaml_emitter_set_unicode(&out.emitter, 1);
	yaml_emitter_set_width(&out.emitter, -1);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	yaml_emitter_emit(&out.emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	yaml_emitter_emit(&out.emitter, &event);
	yaml_value(&out, json);
	yaml_document_end_event_initialize(&event, 1);
	yaml_emitter_emit(&out.emitter, &event);
	yaml_stream_end_event_initialize(&event);
	yaml_emitter_emit(&out.emitter, &event);
	yaml_emitter_delete(&out.emitter);
}

/* --- */

void reply_status(struct kl_http_request *req, const struct kl_status *st)
{
	kl_autojson *json = kl_status_json(st);
	kl_autobuf buf = {0};
	kl_json_dump(json, &buf);
	kl_buf_char(&buf, '\n');
	kl_autofree char *retry =
		kl_asprintf("%lld", (long long)kl_json_int(st->details, 0, "retryAfterSeconds", NULL));
	struct kl_http_header headers[2] = {no_cache, {"Retry-After", retry}};
	size_t len = buf.len;
	char *data = kl_buf_take(&buf);
	kl_http_reply(req, &(struct kl_http_reply){.status = st->code,
				   .content_type = JSON_TYPE,
				   .headers = headers,
				   .header_count = strcmp(retry, "0") ? 2 : 1,
				   .data = data,
				   .len = len,
				   .release = kl_http_release_free,
				   .arg = data});
}

void reply_failure(struct kl_http_request *req, struct kl_status *st)
{
	reply_status(req, st);
	kl_status_release(st);
}

void kl_rest_error_body(int status, const char *message, struct kl_buf *ret_body, const char **ret_content_type)
{
	const char *reason = status == 404   ? "NotFound"
			     : status == 413 ? "RequestEntityTooLarge"
			     : status == 400 ? "BadRequest"
					     : "InternalError";
	struct kl_status st = {.code = status, .reason = reason, .message = kl_strdup(message)};
	kl_autojson *json = kl_status_json(&st);
	kl_json_dump(json, ret_body);
	kl_buf_char(ret_body, '\n');
	*ret_content_type = JSON_TYPE;
	kl_status_release(&st);
}

/* A `Warning: 299 - "…"` header for each; RFC 7234: quotes and backslashes are escaped, control characters have no
 * place. */
static char *warning_value(const char *text)
{
	struct kl_buf buf = {0};
	kl_buf_str_push(&buf, "299 - \"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			kl_buf_char(&buf, '\\');
		kl_buf_char(&buf, (unsigned char)*text < 0x20 ? ' ' : *text);
	}
	kl_buf_char(&buf, '"');
	return kl_buf_take(&buf);
}

enum { MAX_WARNINGS = 32 };

static size_t warning_headers(
	const struct kl_warnings *warnings, struct kl_http_header *headers, size_t count, size_t max)
{
	for (size_t i = 0; i < warnings->count && count < max; i++)
		headers[count++] = (struct kl_http_header){"Warning", warning_value(warnings->texts[i])};
	return count;
}

/* Answers with bytes: release(arg) when they are sent, or NULL to copy them. */
static void reply_bytes(struct rest_call *call, int code, const char *type, const char *data, size_t len,
	void (*release)(void *arg), void *arg)
{
	struct kl_http_header headers[2 * MAX_WARNINGS + 1] = {no_cache};
	size_t count = warning_headers(&call->decode_warnings, headers, 1, MAX_WARNINGS);
	count = warning_headers(&call->response.warnings, headers, count, 2 * MAX_WARNINGS);
	struct kl_http_reply reply = {.status = code,
		.content_type = type,
		.headers = headers,
		.header_count = count,
		.data = data,
		.len = len,
		.release = release,
		.arg = arg};
	kl_http_reply(call->req, &reply);
	for (size_t i = 1; i < count; i++)
		free((char *)(uintptr_t)headers[i].value);
}

static void reply_text(struct rest_call *call, int code, struct kl_buf *json)
{
	const char *type = JSON_TYPE;
	if (call->accept.yaml) {
		struct kl_buf yaml = {0};
		json_to_yaml(kl_buf_str(json), json->len, &yaml);
		kl_buf_release(json);
		*json = yaml;
		type = YAML_TYPE;
	}
	size_t len = json->len;
	char *data = kl_buf_take(json);
	reply_bytes(call, code, type, data, len, kl_http_release_free, data);
}

void reply_json(struct rest_call *call, int code, const json_t *json)
{
	kl_autobuf buf = {0};
	kl_json_dump(json, &buf);
	kl_buf_char(&buf, '\n');
	reply_text(call, code, &buf);
}

enum kl_include_object include_object(const struct kl_http_request *req)
{
	const char *text = kl_http_query(req, "includeObject");
	if (text && !strcmp(text, "None"))
		return KL_INCLUDE_NONE;
	return text && !strcmp(text, "Object") ? KL_INCLUDE_OBJECT : KL_INCLUDE_METADATA;
}

bool plain_form(const struct rest_call *call)
{
	return call->accept.form == KL_FORM_OBJECT && call->kind->id == call->kind->storage_id && !call->accept.yaml;
}

static json_t *client_tree(const struct rest_call *call, const struct kl_object *obj)
{
	json_t *tree = kl_object_parse(obj);
	if (call->kind->id != call->kind->storage_id) {
		struct kl_status st = {0};
		kl_api_convert(kl_kind_by_id(call->kind->storage_id), call->kind, tree, &st);
		kl_status_release(&st);
	}
	return tree;
}

static void render_tree(const struct rest_call *call, const json_t *tree, struct kl_buf *buf)
{
	if (call->accept.form != KL_FORM_PARTIAL) {
		kl_json_dump(tree, buf);
		return;
	}
	kl_buf_printf(buf, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":",
		call->accept.form_version);
	kl_json_dump(json_object_get(tree, "metadata"), buf);
	kl_buf_char(buf, '}');
}

void render_object(const struct rest_call *call, const struct kl_object *obj, struct kl_buf *buf)
{
	if (call->accept.form == KL_FORM_OBJECT && call->kind->id == call->kind->storage_id) {
		kl_buf_push(buf, obj->json, obj->len);
		return;
	}
	kl_autojson *tree = client_tree(call, obj);
	render_tree(call, tree, buf);
}

static void render_one_table(const struct rest_call *call, const struct kl_kind *kind, const json_t *tree,
	const char *bytes, size_t len, struct kl_buf *buf)
{
	kl_autobuf meta = {0};
	kl_buf_printf(&meta, "{\"resourceVersion\":\"%s\"}", kl_json_str(tree, "metadata", "resourceVersion", NULL));
	kl_table_head(kind, kl_buf_str(&meta), buf);
	kl_table_row(kind, tree, bytes, len, include_object(call->req), kl_realtime_ms(), buf);
	kl_buf_str_push(buf, "]}\n");
}

void reply_tree(struct rest_call *call, int code, const json_t *tree)
{
	kl_autobuf buf = {0};
	const char *name = kl_json_str(tree, "kind", NULL);
	bool scale = !strcmp(name, kl_kind_scale.kind), object = scale || !strcmp(name, call->kind->kind);
	if (object && call->accept.form == KL_FORM_TABLE) {
		kl_autobuf bytes = {0};
		kl_json_dump(tree, &bytes);
		render_one_table(call, scale ? &kl_kind_scale : call->kind, tree, kl_buf_str(&bytes), bytes.len, &buf);
	} else if (object) {
		render_tree(call, tree, &buf);
	} else {
		kl_json_dump(tree, &buf);
	}
	reply_text(call, code, &buf);
}

static void release_object(void *arg)
{
	kl_object_unref(arg);
}

void reply_object(struct rest_call *call, int code, struct kl_object *obj)
{
	if (plain_form(call)) {
		reply_bytes(call, code, JSON_TYPE, obj->json, obj->len, release_object, obj);
		return;
	}
	kl_autobuf buf = {0};
	if (call->accept.form == KL_FORM_TABLE) {
		kl_autojson *tree = client_tree(call, obj);
		render_one_table(call, call->kind, tree, obj->json, obj->len, &buf);
	} else {
		render_object(call, obj, &buf);
	}
	kl_object_unref(obj);
	reply_text(call, code, &buf);
}
