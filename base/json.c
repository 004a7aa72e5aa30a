#include "json.h"

#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *walk(const json_t *json, va_list keys)
{
	const char *key;
	while (json && (key = va_arg(keys, const char *)))
		json = json_object_get(json, key);
	return (json_t *)(uintptr_t)json;
}

#define WALK(ret, json, last)                                                                                          \
	do {                                                                                                           \
		va_list keys_;                                                                                         \
		va_start(keys_, last);                                                                                 \
		ret = walk(json, keys_);                                                                               \
		va_end(keys_);                                                                                         \
	} while (0)

json_t *kl_json_get(const json_t *json, ...)
{
	json_t *at;
	WALK(at, json, json);
	return at;
}

const char *kl_json_str(const json_t *json, ...)
{
	json_t *at;
	WALK(at, json, json);
	const char *text = json_string_value(at);
	return text ? text : "";
}

const char *kl_json_str_or_null(const json_t *json, ...)
{
	json_t *at;
	WALK(at, json, json);
	return json_string_value(at);
}

int64_t kl_json_int(const json_t *json, int64_t absent, ...)
{
	json_t *at;
	WALK(at, json, absent);
	return json_is_integer(at) ? (int64_t)json_integer_value(at) : absent;
}

bool kl_json_bool(const json_t *json, int absent, ...)
{
	json_t *at;
	va_list keys;
	va_start(keys, absent);
	at = walk(json, keys);
	va_end(keys);
	return json_is_boolean(at) ? json_is_true(at) : absent != 0;
}

static json_t *child_object(json_t *json, const char *key)
{
	json_t *child = json_object_get(json, key);
	if (!json_is_object(child)) {
		child = json_object();
		json_object_set_new(json, key, child);
	}
	return child;
}

void kl_json_set(json_t *json, json_t *value, ...)
{
	va_list keys;
	va_start(keys, value);
	const char *key = va_arg(keys, const char *), *next;
	while (key && (next = va_arg(keys, const char *))) {
		json = child_object(json, key);
		key = next;
	}
	va_end(keys);
	if (key)
		json_object_set_new(json, key, value);
	else
		json_decref(value);
}

json_t *kl_json_ensure(json_t *json, ...)
{
	va_list keys;
	const char *key;
	va_start(keys, json);
	while ((key = va_arg(keys, const char *)))
		json = child_object(json, key);
	va_end(keys);
	return json;
}

void kl_json_delete(json_t *json, ...)
{
	va_list keys;
	va_start(keys, json);
	const char *key = va_arg(keys, const char *), *next;
	while (json && key && (next = va_arg(keys, const char *))) {
		json = json_object_get(json, key);
		key = next;
	}
	va_end(keys);
	if (json && key)
		json_object_del(json, key);
}

static int push_dump(const char *data, size_t len, void *arg)
{
	kl_buf_push(arg, data, len);
	return 0;
}

static void dump_integer(json_int_t value, struct kl_buf *buf)
{
	char text[24], *at = text + sizeof(text);
	unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	kl_buf_push(buf, at, (size_t)(text + sizeof(text) - at));
}

static void dump_object(const json_t *json, struct kl_buf *buf)
{
	json_t *object = (json_t *)(uintptr_t)json;
	char before = '{';
	if (!json_object_size(json))
		kl_buf_char(buf, before);
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		kl_buf_char(buf, before);
		before = ',';
		kl_buf_json_string(buf, json_object_iter_key(at), json_object_iter_key_len(at));
		kl_buf_char(buf, ':');
		kl_json_dump(json_object_iter_value(at), buf);
	}
	kl_buf_char(buf, '}');
}

static void dump_array(const json_t *json, struct kl_buf *buf)
{
	kl_buf_char(buf, '[');
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (i)
			kl_buf_char(buf, ',');
		kl_json_dump(json_array_get(json, i), buf);
	}
	kl_buf_char(buf, ']');
}

/* jansson's own writer calls back for every byte or two; every stored version goes through here. */
void kl_json_dump(const json_t *json, struct kl_buf *buf)
{
	switch (json ? json_typeof(json) : JSON_NULL) {
	case JSON_OBJECT:
		dump_object(json, buf);
		break;
	case JSON_ARRAY:
		dump_array(json, buf);
		break;
	case JSON_STRING:
		kl_buf_json_string(buf, json_string_value(json), json_string_length(json));
		break;
	case JSON_INTEGER:
		dump_integer(json_integer_value(json), buf);
		break;
	case JSON_REAL:
		json_dump_callback(json, push_dump, buf, JSON_COMPACT | JSON_ENCODE_ANY);
		break;
	case JSON_TRUE:
		kl_buf_push(buf, "true", 4);
		break;
	case JSON_FALSE:
		kl_buf_push(buf, "false", 5);
		break;
	case JSON_NULL:
		kl_buf_push(buf, "null", 4);
		break;
	}
}

char *kl_json_text(const json_t *json)
{
	struct kl_buf buf = {0};
	kl_buf_reserve(&buf, 1000); /* most objects are not much larger */
	kl_json_dump(json, &buf);
	size_t len = buf.len;
	return kl_realloc(kl_buf_take(&buf), len + 1);
}

json_t *kl_json_parse(const char *data, size_t len, struct kl_err *err)
{
	json_error_t error;
	json_t *json = kl_json_parse_quick(data, len);
	if (!json)
		json = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json)
		kl_fail_msg(err, EINVAL, "line %d, column %d: %s", error.line, error.column, error.text);
	return json;
}

json_t *kl_json_load(const char *path, size_t max, struct kl_err *err)
{
	kl_autobuf buf = {.max = max};
	if (kl_file_read(path, &buf, err) < 0)
		return NULL;
	json_t *json = kl_json_parse(kl_buf_str(&buf), buf.len, err);
	if (!json)
		kl_fail_prefix(err, "'%s'", path);
	return json;
}
