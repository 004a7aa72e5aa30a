#include "api_helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *yaml(const char *text)
{
	struct kl_err err = {0};
	json_t *value = kl_yaml_parse(text, strlen(text), &err);
	if (!value) {
		fprintf(stderr, "bad YAML in a test: %s\n%s\n", kl_err_text(&err), text);
		abort();
	}
	return value;
}

char *sorted(const json_t *json)
{
	return json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

struct kl_write write_of(const struct kl_kind *kind)
{
	return (struct kl_write){.kind = kind, .ns = kind->namespaced ? "default" : NULL, .manager = "test",
		.operation = "Update", .field_validation = KL_VALIDATE_STRICT, .now_ms = NOW_MS};
}

static const struct kl_kind *kind_of(const json_t *object)
{
	const struct kl_kind *kind =
		kl_kind_by_type(kl_json_str(object, "apiVersion", NULL), kl_json_str(object, "kind", NULL));
	if (!kind)
		abort();
	return kind;
}

static json_t *finish(int rc, json_t *object, struct kl_warnings *warnings, struct kl_status *st, char **ret_message)
{
	*ret_message = rc < 0 ? kl_asprintf("%d %s %s", st->code, st->reason, st->message)
			      : warnings->count ? kl_strdup(warnings->texts[0]) : kl_strdup("");
	kl_warnings_release(warnings);
	kl_status_release(st);
	if (!rc)
		return object;
	json_decref(object);
	return NULL;
}

json_t *create(const char *text, enum kl_field_validation validation, char **ret_message)
{
	json_t *object = yaml(text);
	struct kl_write w = write_of(kind_of(object));
	struct kl_warnings warnings = {0};
	struct kl_status st = {0};
	w.field_validation = validation;
	return finish(kl_api_create(&w, object, &warnings, &st), object, &warnings, &st, ret_message);
}

json_t *update(const json_t *old, const char *subresource, json_t *object, char **ret_message)
{
	struct kl_write w = write_of(kind_of(old));
	struct kl_warnings warnings = {0};
	struct kl_status st = {0};
	w.subresource = subresource;
	w.name = kl_json_str(old, "metadata", "name", NULL);
	return finish(kl_api_update(&w, old, object, &warnings, &st), object, &warnings, &st, ret_message);
}
