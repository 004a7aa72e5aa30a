/*
 * YAML to JSON as sigs.k8s.io/yaml does it: YAML 1.1 scalars, keys made strings, merge keys, one document.
 */
#include "api.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Aliases copy what they name: a few bytes could ask for any amount of memory ("billion laughs"). */
enum { DEPTH_MAX = 512, COPIED_NODES_MAX = 100000 };

struct reader {
	yaml_parser_t parser;
	json_t *anchors; /* name → value */
	size_t copied;
	struct kl_err *err;
};

static void cleanup_event(yaml_event_t *event)
{
	yaml_event_delete(event);
}
#define AUTO_EVENT kl_cleanup(cleanup_event) yaml_event_t

static int next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	const yaml_parser_t *p = &r->parser;
	return kl_fail_msg(
		r->err, EINVAL, "yaml: line %zu: %s", p->problem_mark.line + 1, p->problem ? p->problem : "bad input");
}

static int fail_at(struct reader *r, const yaml_event_t *event, const char *words)
{
	return kl_fail_msg(r->err, EINVAL, "yaml: line %zu: %s", event->start_mark.line + 1, words);
}

/* --- plain scalars --- */

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static json_t *plain_word(const char *text)
{
	if (one_of(text, WORDS("", "~", "null", "Null", "NULL")))
		return json_null();
	if (one_of(text, WORDS("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")))
		return json_true();
	if (one_of(text, WORDS("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")))
		return json_false();
	return NULL;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Go's ParseInt with base 0 on the text without underscores: 0x, 0o, 0b, a leading 0 for octal. */
static json_t *plain_integer(const char *text)
{
	bool negative = *text == '-';
	const char *at = text + (*text == '-' || *text == '+');
	unsigned base = 10;
	if (at[0] == '0' && at[1]) {
		char mark = (char)tolower((unsigned char)at[1]);
		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		at += mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1;
	}
	uint64_t value = 0;
	bool any = false;
	for (; *at; at++) {
		if (*at == '_')
			continue;
		unsigned digit = (unsigned)digit_value(*at);
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return NULL;
		any = true;
	}
	if (!any || value > (uint64_t)INT64_MAX + negative)
		return NULL;
	return json_integer(negative ? (json_int_t)(0 - value) : (json_int_t)value);
}

/* [-+]?[0-9]*\.?[0-9]+([eE][-+][0-9]+)? and also 1. and 1e3, as yaml.v2 takes them. */
static json_t *plain_float(const char *text)
{
	bool digits = false;
	for (const char *at = text; *at; at++) {
		digits |= isdigit((unsigned char)*at) != 0;
		if (!isdigit((unsigned char)*at) && !strchr("+-.eE_", *at))
			return NULL;
	}
	if (!digits || strchr("eE_", *text))
		return NULL;
	char *end;
	double value = strtod(text, &end);
	return *end || !isfinite(value) ? NULL : json_real(value);
}

static json_t *plain_scalar(const char *text)
{
	json_t *value = plain_word(text);
	if (!value && *text && strchr("+-.0123456789", *text)) {
		value = plain_integer(text);
		if (!value)
			value = plain_float(text);
	}
	return value ? value : json_string(text);
}

static bool has_tag(const yaml_event_t *event, const char *name)
{
	const char *tag = (const char *)event->data.scalar.tag;
	return tag && !strncmp(tag, "tag:yaml.org,2002:", 18) && !strcmp(tag + 18, name);
}

static json_t *scalar(struct reader *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	json_t *value;
	if (strlen(text) != event->data.scalar.length) {
		fail_at(r, event, "control characters are not allowed");
		return NULL;
	}
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event->data.scalar.plain_implicit;
	if (has_tag(event, "binary")) {
		fail_at(r, event, "!!binary is not supported");
		return NULL;
	}
	bool typed =
		has_tag(event, "int") || has_tag(event, "bool") || has_tag(event, "float") || has_tag(event, "null");
	value = plain || typed ? plain_scalar(text) : json_string(text);
	if (!value)
		fail_at(r, event, "invalid UTF-8");
	return value;
}

/* --- structure --- */

static json_t *read_value(struct reader *r, yaml_event_t *event, int depth);

static size_t count_nodes(const json_t *value, size_t max)
{
	size_t i, count = 1;
	const char *key;
	json_t *entry;
	json_array_foreach (value, i, entry)
		if (count <= max)
			count += count_nodes(entry, max - count);
	json_object_foreach ((json_t *)(uintptr_t)value, key, entry)
		if (count <= max)
			count += count_nodes(entry, max - count);
	return count;
}

static json_t *copy_bounded(struct reader *r, const yaml_event_t *event, const json_t *value)
{
	r->copied += count_nodes(value, COPIED_NODES_MAX);
	if (r->copied > COPIED_NODES_MAX) {
		fail_at(r, event, "document contains excessive aliasing");
		return NULL;
	}
	return json_deep_copy(value);
}

static json_t *alias(struct reader *r, const yaml_event_t *event)
{
	const json_t *value = json_object_get(r->anchors, (const char *)event->data.alias.anchor);
	if (!value) {
		fail_at(r, event, "unknown anchor referenced");
		return NULL;
	}
	return copy_bounded(r, event, value);
}

static char *key_text(const json_t *key)
{
	if (json_is_string(key))
		return kl_strdup(json_string_value(key));
	if (json_is_integer(key))
		return kl_asprintf("%lld", (long long)json_integer_value(key));
	if (json_is_real(key))
		return kl_asprintf("%g", json_real_value(key));
	if (json_is_boolean(key))
		return kl_strdup(json_is_true(key) ? "true" : "false");
	return NULL;
}

/* "<<": the entries of a map, or of several, where the map has none of its own. */
static int merge_into(struct reader *r, const yaml_event_t *event, json_t *map, const json_t *from)
{
	size_t i;
	json_t *entry;
	if (json_is_object(from))
		return json_object_update_missing(map, (json_t *)(uintptr_t)from);
	if (!json_is_array(from))
		return fail_at(r, event, "map merge requires map or sequence of maps as the value");
	json_array_foreach (from, i, entry)
		if (!json_is_object(entry) || json_object_update_missing(map, entry))
			return fail_at(r, event, "map merge requires map or sequence of maps as the value");
	return 0;
}

static int put_entry(struct reader *r, const yaml_event_t *event, json_t *map, json_t *merges, const json_t *key,
	bool is_merge, json_t *value_taken)
{
	kl_autojson *value = value_taken;
	if (is_merge)
		return json_array_append(merges, value);
	kl_autofree char *text = key_text(key);
	if (!text)
		return fail_at(r, event, "invalid map key");
	if (json_object_get(map, text))
		return kl_fail_msg(r->err, EINVAL, "yaml: unmarshal errors:\n  line %zu: key \"%s\" already set in map",
			event->start_mark.line + 1, text);
	return json_object_set(map, text, value) ? fail_at(r, event, "invalid map key") : 0;
}

static json_t *mapping(struct reader *r, int depth)
{
	kl_autojson *map = json_object(), *merges = json_array();
	for (;;) {
		AUTO_EVENT event = {0};
		if (next_event(r, &event) < 0)
			return NULL;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		bool is_merge = event.type == YAML_SCALAR_EVENT && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
				!strcmp((const char *)event.data.scalar.value, "<<");
		kl_autojson *key = read_value(r, &event, depth);
		if (!key)
			return NULL;
		AUTO_EVENT value_event = {0};
		if (next_event(r, &value_event) < 0)
			return NULL;
		json_t *value = read_value(r, &value_event, depth);
		if (!value || put_entry(r, &event, map, merges, key, is_merge, value) < 0)
			return NULL;
	}
	size_t i;
	json_t *from;
	yaml_event_t nowhere = {0};
	json_array_foreach (merges, i, from)
		if (merge_into(r, &nowhere, map, from) < 0)
			return NULL;
	return kl_take(&map);
}

static json_t *sequence(struct reader *r, int depth)
{
	kl_autojson *list = json_array();
	for (;;) {
		AUTO_EVENT event = {0};
		if (next_event(r, &event) < 0)
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return kl_take(&list);
		json_t *value = read_value(r, &event, depth);
		if (!value)
			return NULL;
		json_array_append_new(list, value);
	}
}

static const char *anchor_of(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;
	if (event->type == YAML_SCALAR_EVENT)
		anchor = event->data.scalar.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		anchor = event->data.mapping_start.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		anchor = event->data.sequence_start.anchor;
	return (const char *)anchor;
}

/* A new reference; NULL with r->err. */
static json_t *read_value(struct reader *r, yaml_event_t *event, int depth)
{
	if (depth > DEPTH_MAX) {
		fail_at(r, event, "exceeded max depth");
		return NULL;
	}
	if (event->type == YAML_ALIAS_EVENT)
		return alias(r, event);
	json_t *value = NULL;
	if (event->type == YAML_SCALAR_EVENT)
		value = scalar(r, event);
	else if (event->type == YAML_MAPPING_START_EVENT)
		value = mapping(r, depth + 1);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		value = sequence(r, depth + 1);
	else
		fail_at(r, event, "did not find expected node content");
	const char *anchor = value ? anchor_of(event) : NULL;
	if (!anchor)
		return value;
	json_t *kept = copy_bounded(r, event, value);
	if (!kept) {
		json_decref(value);
		return NULL;
	}
	json_object_set_new(r->anchors, anchor, kept);
	return value;
}

static json_t *read_document(struct reader *r)
{
	AUTO_EVENT start = {0}, document = {0}, content = {0};
	if (next_event(r, &start) < 0 || next_event(r, &document) < 0)
		return NULL;
	if (document.type == YAML_STREAM_END_EVENT)
		return json_null();
	if (next_event(r, &content) < 0)
		return NULL;
	kl_autojson *value = read_value(r, &content, 0);
	if (!value)
		return NULL;
	AUTO_EVENT end = {0};
	AUTO_EVENT after = {0};
	if (next_event(r, &end) < 0 || next_event(r, &after) < 0)
		return NULL;
	if (after.type != YAML_STREAM_END_EVENT) {
		fail_at(r, &after, "expected one document");
		return NULL;
	}
	return kl_take(&value);
}

json_t *kl_yaml_parse(const char *data, size_t len, struct kl_err *err)
{
	struct reader r = {.err = err, .anchors = json_object()};
	json_t *value = NULL;
	if (yaml_parser_initialize(&r.parser)) {
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)data, len);
		value = read_document(&r);
		yaml_parser_delete(&r.parser);
	} else {
		kl_fail_msg(err, ENOMEM, "yaml: cannot start the parser");
	}
	json_decref(r.anchors);
	return value;
}
