#include "validate.h"

#include <stdlib.h>
#include <string.h>

/* A client learns enough from so many; a hostile object shall not make a huge answer. */
enum { ERRORS_MAX = 100 };

void kl_path_text(const struct kl_path *path, struct kl_buf *buf)
{
	if (!path)
		return;
	kl_path_text(path->parent, buf);
	if (!path->key)
		kl_buf_printf(buf, "[%zu]", path->index);
	else if (path->map_key)
		kl_buf_printf(buf, "[%s]", path->key);
	else
		kl_buf_printf(buf, "%s%s", buf->len ? "." : "", path->key);
}

void kl_path_go(const struct kl_path *path, struct kl_buf *buf)
{
	if (!path)
		return;
	kl_path_go(path->parent, buf);
	if (path->key)
		kl_buf_printf(buf, ".%s", path->key);
}

void kl_errors_release(struct kl_errors *errors)
{
	kl_buf_release(&errors->text);
	kl_status_release(&errors->st);
}

static void add(struct kl_errors *errors, const char *reason, const struct kl_path *path, const char *message)
{
	if (errors->count++ >= ERRORS_MAX)
		return;
	kl_autobuf where = {0};
	kl_path_text(path, &where);
	kl_status_cause(&errors->st, reason, kl_buf_str(&where), "%s", message);
	kl_buf_printf(&errors->text, "%s%s%s%s", errors->text.len ? ", " : "", kl_buf_str(&where),
		where.len ? ": " : "", message);
}

static bool is_map_of_texts(const json_t *value)
{
	const char *key;
	json_t *entry;
	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		if (!json_is_string(entry))
			return false;
	return json_is_object(value);
}

/* As Go prints it: strings quoted, labels as a map's literal, the rest as JSON. */
static void push_value(struct kl_buf *buf, const json_t *value)
{
	if (is_map_of_texts(value))
		kl_buf_str_push(buf, "map[string]string");
	if (!value)
		kl_buf_str_push(buf, "null");
	else
		kl_json_dump(value, buf);
}

void kl_required(struct kl_errors *errors, const struct kl_path *path, const char *detail)
{
	kl_autofree char *text = kl_asprintf("Required value%s%s", *detail ? ": " : "", detail);
	add(errors, "FieldValueRequired", path, text);
}

void kl_invalid(struct kl_errors *errors, const struct kl_path *path, const json_t *value, const char *fmt, ...)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "Invalid value: ");
	push_value(&text, value);
	va_list args;
	va_start(args, fmt);
	kl_autofree char *detail = kl_vasprintf(fmt, args);
	va_end(args);
	if (*detail)
		kl_buf_printf(&text, ": %s", detail);
	add(errors, "FieldValueInvalid", path, kl_buf_str(&text));
}

void kl_invalid_str(struct kl_errors *errors, const struct kl_path *path, const char *value, const char *detail)
{
	kl_autojson *json = json_string(value);
	kl_invalid(errors, path, json, "%s", detail);
}

void kl_not_supported(struct kl_errors *errors, const struct kl_path *path, const json_t *value, const char *choices)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "Unsupported value: ");
	push_value(&text, value);
	kl_buf_str_push(&text, ": supported values: ");
	for (const char *at = choices, *end; *at || at == choices; at = end) {
		end = strchrnul(at, '|');
		kl_buf_printf(&text, "%s\"%.*s\"", at == choices ? "" : ", ", (int)(end - at), at);
		if (!*end)
			break;
		end++;
	}
	add(errors, "FieldValueNotSupported", path, kl_buf_str(&text));
}

void kl_duplicate(struct kl_errors *errors, const struct kl_path *path, const json_t *value)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "Duplicate value: ");
	push_value(&text, value);
	add(errors, "FieldValueDuplicate", path, kl_buf_str(&text));
}

void kl_not_found(struct kl_errors *errors, const struct kl_path *path, const json_t *value)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "Not found: ");
	push_value(&text, value);
	add(errors, "FieldValueNotFound", path, kl_buf_str(&text));
}

void kl_forbidden(struct kl_errors *errors, const struct kl_path *path, const char *detail)
{
	kl_autofree char *text = kl_asprintf("Forbidden: %s", detail);
	add(errors, "FieldValueForbidden", path, text);
}

void kl_too_long(struct kl_errors *errors, const struct kl_path *path, size_t max_bytes)
{
	kl_autofree char *text = kl_asprintf("Too long: may not be more than %zu bytes", max_bytes);
	add(errors, "FieldValueTooLong", path, text);
}

int kl_errors_status(struct kl_errors *errors, const struct kl_kind *kind, const char *name, struct kl_status *st)
{
	if (!errors->count)
		return 0;
	json_t *details = kl_take(&errors->st.details);
	json_object_set_new(details, "name", json_string(name));
	if (*kind->group)
		json_object_set_new(details, "group", json_string(kind->group));
	json_object_set_new(details, "kind", json_string(kind->kind));
	json_decref(st->details);
	st->details = details;
	bool many = errors->count > 1;
	return kl_status_set(st, 422, "Invalid", "%s%s%s \"%s\" is invalid: %s%s%s", kind->kind,
		*kind->group ? "." : "", kind->group, name, many ? "[" : "", kl_buf_str(&errors->text),
		many ? "]" : "");
}

void kl_immutable(struct kl_errors *errors, const struct kl_path *path, const json_t *old, const json_t *value)
{
	if (old == value || (old && value && json_equal(old, value)))
		return;
	kl_invalid(errors, path, value, "field is immutable");
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);
	for (const char *at = choices;; at++) {
		const char *end = strchrnul(at, '|');
		if ((size_t)(end - at) == len && !memcmp(at, value, len))
			return true;
		if (!*end)
			return false;
		at = end;
	}
}

static void check_number(
	const struct kl_field *field, const json_t *value, const struct kl_path *path, struct kl_errors *errors)
{
	json_int_t number = json_integer_value(value);
	if ((field->flags & KL_PORT) && (number < 1 || number > 65535))
		kl_invalid(errors, path, value, "must be between 1 and 65535, inclusive");
	else if ((field->flags & KL_NON_NEGATIVE) && number < 0)
		kl_invalid(errors, path, value, "must be greater than or equal to 0");
	else if ((field->flags & KL_POSITIVE) && number <= 0)
		kl_invalid(errors, path, value, "must be greater than zero");
}

static void check_one(
	const struct kl_field *field, const json_t *value, const struct kl_path *path, struct kl_errors *errors)
{
	if (field->type == KL_T_STRUCT)
		kl_schema_validate(field->ref, value, path, errors);
	else if (json_is_integer(value))
		check_number(field, value, path, errors);
	else if (field->choices && json_is_string(value) && !is_choice(field->choices, json_string_value(value)))
		kl_not_supported(errors, path, value, field->choices);
}

static void check_unique_keys(
	const struct kl_field *field, const json_t *list, const struct kl_path *path, struct kl_errors *errors);

static void check_field(
	const struct kl_field *field, const json_t *value, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key;
	json_t *entry;
	size_t i;
	if (field->shape == KL_ONE) {
		check_one(field, value, path, errors);
	} else if (field->shape == KL_LIST) {
		json_array_foreach (value, i, entry)
			check_one(field, entry, KL_INDEX(path, i), errors);
		if ((field->flags & KL_LIST_MAP) && field->keys)
			check_unique_keys(field, value, path, errors);
	} else if (field->type == KL_T_STRUCT) {
		json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
			check_one(field, entry, KL_MAP_KEY(path, key), errors);
	}
}

/* Entries of a list map with one key have different keys: containers by name, volumes by name, conditions by type. */
static void check_unique_keys(
	const struct kl_field *field, const json_t *list, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i, count = json_array_size(list);
	/* Environment variables may repeat (the last one wins); ports and so on have several keys. */
	if (count < 2 || strchr(field->keys, ',') || !strcmp(field->name, "env") ||
		!strcmp(field->name, "imagePullSecrets"))
		return;
	kl_autojson *seen = json_object();
	json_t *entry;
	json_array_foreach (list, i, entry) {
		const json_t *key = json_object_get(entry, field->keys);
		const char *text = json_string_value(key);
		if (!text)
			continue;
		if (json_object_get(seen, text))
			kl_duplicate(errors, KL_KEY(KL_INDEX(path, i), field->keys), key);
		json_object_set_new(seen, text, json_true());
	}
}

static bool is_empty(const json_t *value)
{
	if (json_is_string(value))
		return !json_string_length(value);
	return json_is_array(value) && !json_array_size(value);
}

/* The object's keys are looked up in the schema: objects have few of the fields that their types know. */
static void check_present(const struct kl_schema *schema, const json_t *object, const struct kl_path *path,
	struct kl_errors *errors)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const struct kl_field *field = kl_schema_field(schema, key);
		if (!path && (!strcmp(key, "status") || !strcmp(key, "metadata")))
			continue;
		if (field && !(is_empty(value) && (field->flags & KL_REQUIRED)))
			check_field(field, value, KL_KEY(path, key), errors);
	}
}

void kl_schema_validate(const struct kl_schema *schema, const json_t *object, const struct kl_path *path,
	struct kl_errors *errors)
{
	check_present(schema, object, path, errors);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct kl_field *field = &schema->fields[i];
		if (!(field->flags & KL_REQUIRED) || (!path && !strcmp(field->name, "metadata")))
			continue;
		const json_t *value = json_object_get(object, field->name);
		if (!value || is_empty(value))
			kl_required(errors, KL_KEY(path, field->name), "");
	}
	if (schema->validate)
		schema->validate(object, path, errors);
}
