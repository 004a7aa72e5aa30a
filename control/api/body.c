/*
 * Request bodies: media types, JSON with its bounds, and where keys are duplicated.
 */
#include "api.h"
#include "decode.h"
#include "proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_MAX = 3 << 20, DUPLICATES_MAX = 64 };

enum kl_media kl_media_parse(const char *content_type)
{
	if (!content_type || !*content_type)
		return KL_MEDIA_JSON;
	size_t len = strcspn(content_type, "; \t");
	static const struct {
		const char *name;
		enum kl_media media;
	} types[] = {
		{"application/json", KL_MEDIA_JSON},
		{"application/yaml", KL_MEDIA_YAML},
		{"text/yaml", KL_MEDIA_YAML},
		{"application/x-yaml", KL_MEDIA_YAML},
		{"*/*", KL_MEDIA_JSON},
		{"application/vnd.kubernetes.protobuf", KL_MEDIA_PROTOBUF},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++)
		if (strlen(types[i].name) == len && !strncasecmp(types[i].name, content_type, len))
			return types[i].media;
	return KL_MEDIA_UNKNOWN;
}

/* --- duplicate keys: jansson keeps the last one silently, so their paths are found in the text --- */

struct scan {
	const char *at, *end;
	json_t *found; /* array of paths */
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at))
		s->at++;
}

/* The raw text between the quotes; escapes stay as they are, which is good enough to name a key. */
static char *take_string(struct scan *s)
{
	const char *start = ++s->at;
	while (s->at < s->end && *s->at != '"')
		s->at += *s->at == '\\' ? 2 : 1;
	if (s->at > s->end)
		s->at = s->end;
	char *text = kl_strndup(start, (size_t)(s->at - start));
	if (s->at < s->end)
		s->at++;
	return text;
}

static void scan_value(struct scan *s, const char *path, int depth);

static void scan_object(struct scan *s, const char *path, int depth)
{
	kl_autojson *keys = json_object();
	s->at++;
	for (skip_space(s); s->at < s->end && *s->at == '"'; skip_space(s)) {
		kl_autofree char *key = take_string(s);
		kl_autofree char *child = kl_asprintf("%s%s%s", path, *path ? "." : "", key);
		if (json_object_get(keys, key) && json_array_size(s->found) < DUPLICATES_MAX)
			json_array_append_new(s->found, json_string(child));
		json_object_set_new(keys, key, json_true());
		skip_space(s);
		if (s->at < s->end && *s->at == ':')
			s->at++;
		scan_value(s, child, depth);
		skip_space(s);
		if (s->at < s->end && *s->at == ',')
			s->at++;
	}
	if (s->at < s->end)
		s->at++; /* the brace */
}

static void scan_array(struct scan *s, const char *path, int depth)
{
	size_t index = 0;
	s->at++;
	for (skip_space(s); s->at < s->end && *s->at != ']'; skip_space(s)) {
		kl_autofree char *child = kl_asprintf("%s[%zu]", path, index++);
		scan_value(s, child, depth);
		skip_space(s);
		if (s->at < s->end && *s->at == ',')
			s->at++;
	}
	if (s->at < s->end)
		s->at++;
}

/* The text has been parsed before: it is well-formed, the checks only keep the scan inside it. */
static void scan_value(struct scan *s, const char *path, int depth)
{
	skip_space(s);
	if (s->at >= s->end || depth > KL_DEPTH_MAX)
		return;
	if (*s->at == '{')
		scan_object(s, path, depth + 1);
	else if (*s->at == '[')
		scan_array(s, path, depth + 1);
	else if (*s->at == '"')
		free(take_string(s));
	else
		while (s->at < s->end && !strchr(",]} \t\r\n", *s->at))
			s->at++;
}

static void note_duplicates(json_t *object, const char *data, size_t len)
{
	struct scan s = {data, data + len, json_array()};
	scan_value(&s, "", 0);
	if (json_is_object(object) && json_array_size(s.found))
		json_object_set_new(object, KL_DUPLICATES_KEY, s.found);
	else
		json_decref(s.found);
}

/* --- */

static bool too_deep(const json_t *value, int depth)
{
	const char *key;
	json_t *entry;
	size_t i;
	if (depth > KL_DEPTH_MAX)
		return true;
	json_array_foreach (value, i, entry)
		if ((json_is_object(entry) || json_is_array(entry)) && too_deep(entry, depth + 1))
			return true;
	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		if ((json_is_object(entry) || json_is_array(entry)) && too_deep(entry, depth + 1))
			return true;
	return false;
}

static json_t *decode_json(const char *data, size_t len, struct kl_status *st)
{
	json_error_t error;
	json_t *json = kl_json_parse_quick(data, len);
	if (json)
		return json;
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json && json_error_code(&error) == json_error_duplicate_key) {
		json = json_loadb(data, len, JSON_DECODE_ANY, &error);
		if (json)
			note_duplicates(json, data, len);
	}
	if (!json)
		kl_status_bad_request(st, "error decoding the body as JSON: line %d, column %d: %s", error.line,
			error.column, error.text);
	return json;
}

static json_t *decode_yaml(const char *data, size_t len, struct kl_status *st)
{
	struct kl_err err = {0};
	json_t *json = kl_yaml_parse(data, len, &err);
	if (!json)
		kl_status_bad_request(st, "error converting YAML to JSON: %s", kl_err_text(&err));
	return json;
}

static json_t *decode_protobuf(const char *data, size_t len, struct kl_status *st)
{
	struct kl_err err = {0};
	json_t *json = kl_proto_parse(data, len, &err);
	if (!json)
		kl_status_bad_request(st, "error decoding the body as protobuf: %s", kl_err_text(&err));
	return json;
}

static json_t *decode_bytes(enum kl_media media, const char *data, size_t len, struct kl_status *st)
{
	if (media == KL_MEDIA_PROTOBUF)
		return decode_protobuf(data, len, st);
	return media == KL_MEDIA_YAML ? decode_yaml(data, len, st) : decode_json(data, len, st);
}

bool kl_json_too_deep(const json_t *value)
{
	return too_deep(value, 0);
}

json_t *kl_api_decode(enum kl_media media, const char *data, size_t len, struct kl_status *st)
{
	if (len > BODY_MAX) {
		kl_status_set(st, 413, "RequestEntityTooLarge", "Request entity too large: limit is %d", BODY_MAX);
		return NULL;
	}
	if (media == KL_MEDIA_UNKNOWN) {
		kl_status_set(st, 415, "UnsupportedMediaType",
			"the body of the request was in an unknown format - accepted media types include: "
			"application/json, "
			"application/yaml, application/vnd.kubernetes.protobuf");
		return NULL;
	}
	kl_autojson *json = decode_bytes(media, data, len, st);
	if (!json)
		return NULL;
	if (!json_is_object(json)) {
		kl_status_bad_request(st, "couldn't get version/kind; json parse error: json: the body is no object");
		return NULL;
	}
	if (kl_json_too_deep(json)) {
		kl_status_bad_request(st, "the body is nested deeper than %d levels", KL_DEPTH_MAX);
		return NULL;
	}
	return kl_take(&json);
}
