/*
 * Strategic merge patch: lists with a merge key are merged entry by entry, and directives say what a plain merge
 * cannot:
 *
 *	$patch: replace|delete|merge	of a map, or of an entry of a list
 *	$retainKeys: [a, b]		of a map: all other keys go
 *	$deleteFromPrimitiveList/f	values to take out of the list f
 *	$setElementOrder/f		the order of the list f
 */
#include "patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTIVE     "$patch"
#define RETAIN        "$retainKeys"
#define DELETE_PREFIX "$deleteFromPrimitiveList/"
#define ORDER_PREFIX  "$setElementOrder/"

static const char *after_prefix(const char *key, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(key, prefix, len) ? NULL : key + len;
}

static json_t *merge_map(const struct kl_schema *schema, const json_t *object, const json_t *patch, struct kl_err *err);

/* "port" of "port,protocol": the key that strategic merge goes by. */
static char *merge_key(const struct kl_field *field)
{
	return kl_strndup(field->keys, strcspn(field->keys, ","));
}

static bool same_key(const json_t *a, const json_t *b, const char *key)
{
	json_t *left = json_object_get(a, key), *right = json_object_get(b, key);
	return left && right && json_equal(left, right);
}

static ssize_t find_entry(const json_t *list, const json_t *entry, const char *key)
{
	size_t i;
	json_t *other;
	json_array_foreach (list, i, other)
		if (key ? same_key(other, entry, key) : json_equal(other, (json_t *)(uintptr_t)entry))
			return (ssize_t)i;
	return -1;
}

/* --- $setElementOrder --- */

/* The entries of `list` that are (or are not) named by `order`, in the order of `by`. */
static json_t *pick(const json_t *list, const json_t *order, const json_t *by, const char *key, bool named)
{
	json_t *picked = json_array();
	size_t i;
	json_t *entry;
	json_array_foreach (by, i, entry) {
		ssize_t at = find_entry(list, entry, key);
		if (at >= 0 && (find_entry(order, entry, key) >= 0) == named &&
			find_entry(picked, json_array_get(list, (size_t)at), key) < 0)
			json_array_append(picked, json_array_get(list, (size_t)at));
	}
	json_array_foreach (list, i, entry)
		if ((find_entry(order, entry, key) >= 0) == named && find_entry(picked, entry, key) < 0)
			json_array_append(picked, entry);
	return picked;
}

/*
 * Entries that the patch names come in its order, the server's own in theirs; between the two, an entry of the server's
 * goes first only where both were in the old list and it stood before.
 */
static json_t *in_order(const json_t *list, const json_t *order, const json_t *old, const char *key)
{
	kl_autojson *own = pick(list, order, old, key, false), *named = pick(list, order, order, key, true);
	json_t *result = json_array();
	size_t i = 0, k = 0;
	while (i < json_array_size(own) || k < json_array_size(named)) {
		json_t *left = json_array_get(own, i), *right = json_array_get(named, k);
		ssize_t left_at = left ? find_entry(old, left, key) : -1,
			right_at = right ? find_entry(old, right, key) : -1;
		bool take_left = left && (!right || (left_at >= 0 && right_at >= 0 && left_at < right_at));
		json_array_append(result, take_left ? left : right);
		i += take_left;
		k += !take_left;
	}
	return result;
}

/* --- lists --- */

static bool has_directive(const json_t *entry, const char *name)
{
	return !strcmp(kl_json_str(entry, DIRECTIVE, NULL), name);
}

/* A patch's value where there is nothing to merge it with: without directives and nulls. */
static json_t *plain(const json_t *patch)
{
	if (json_is_array(patch)) {
		json_t *list = json_array(), *entry;
		size_t i;
		json_array_foreach (patch, i, entry)
			if (!has_directive(entry, "delete") && !has_directive(entry, "replace"))
				json_array_append_new(list, plain(entry));
		return list;
	}
	if (!json_is_object(patch))
		return json_deep_copy(patch);
	json_t *map = json_object(), *value;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value)
		if (!json_is_null(value) && strcmp(key, DIRECTIVE) && strcmp(key, RETAIN) &&
			!after_prefix(key, DELETE_PREFIX) && !after_prefix(key, ORDER_PREFIX))
			json_object_set_new(map, key, plain(value));
	return map;
}

static int merge_entry(
	const struct kl_field *field, json_t *list, const json_t *entry, const char *key, struct kl_err *err)
{
	const char *directive = kl_json_str(entry, DIRECTIVE, NULL);
	if (!json_is_object(entry) || !json_object_get(entry, key))
		return kl_fail_msg(err, EINVAL, "map: %s does not contain declared merge key: %s", field->name, key);
	ssize_t at = find_entry(list, entry, key);
	if (!strcmp(directive, "delete")) {
		for (; at >= 0; at = find_entry(list, entry, key))
			json_array_remove(list, (size_t)at);
		return 0;
	}
	if (*directive && strcmp(directive, "merge"))
		return kl_fail_msg(err, EINVAL, "unknown patch type found: %.64s", directive);
	if (at < 0)
		return json_array_append_new(list, plain(entry));
	json_t *merged = merge_map(field->ref, json_array_get(list, (size_t)at), entry, err);
	return merged ? json_array_set_new(list, (size_t)at, merged) : -EINVAL;
}

/* {"$patch": "replace"} in any entry replaces the whole list by those entries that have no directive. */
static json_t *replacement(const json_t *patch)
{
	size_t i;
	json_t *entry;
	bool replaces = false;
	json_array_foreach (patch, i, entry)
		replaces |= has_directive(entry, "replace");
	if (!replaces)
		return NULL;
	json_t *list = json_array();
	json_array_foreach (patch, i, entry)
		if (!json_object_get(entry, DIRECTIVE))
			json_array_append_new(list, plain(entry));
	return list;
}

/* Also without $setElementOrder, the entries that the patch names come in its order. */
static json_t *in_order_of_patch(const json_t *list, const json_t *patch, const json_t *old, const char *key)
{
	kl_autojson *named = json_array();
	size_t i;
	json_t *entry;
	json_array_foreach (patch, i, entry)
		if (!has_directive(entry, "delete"))
			json_array_append(named, entry);
	return in_order(list, named, old, key);
}

static json_t *merge_values(const json_t *object, const json_t *patch)
{
	kl_autojson *list = json_copy((json_t *)(uintptr_t)object);
	size_t i;
	json_t *entry;
	json_array_foreach (patch, i, entry)
		if (find_entry(list, entry, NULL) < 0)
			json_array_append_new(list, json_deep_copy(entry));
	return in_order_of_patch(list, patch, object, NULL);
}

static json_t *merge_list(const struct kl_field *field, const json_t *object, const json_t *patch, struct kl_err *err)
{
	size_t i;
	json_t *entry;
	if (!field || !(field->flags & KL_MERGE))
		return plain(patch);
	if (!field->keys)
		return merge_values(object, patch);
	json_t *whole = replacement(patch);
	if (whole)
		return whole;
	kl_autojson *list = json_copy((json_t *)(uintptr_t)object);
	kl_autofree char *key = merge_key(field);
	json_array_foreach (patch, i, entry)
		if (merge_entry(field, list, entry, key, err) < 0)
			return NULL;
	return in_order_of_patch(list, patch, object, key);
}

/* --- maps --- */

static void retain_keys(json_t *map, const json_t *keys)
{
	const char *key;
	json_t *value, *name;
	void *next;
	json_object_foreach_safe (map, next, key, value) {
		bool keep = false;
		size_t i;
		json_array_foreach (keys, i, name)
			keep |= json_is_string(name) && !strcmp(json_string_value(name), key);
		if (!keep)
			json_object_del(map, key);
	}
}

static int delete_values(json_t *map, const char *name, const json_t *values, struct kl_err *err)
{
	if (!json_is_array(values))
		return kl_fail_msg(err, EINVAL, "%s%.64s must be a list", DELETE_PREFIX, name);
	const json_t *old = json_object_get(map, name);
	json_t *kept = json_array(), *value;
	size_t i;
	json_array_foreach (old, i, value)
		if (find_entry(values, value, NULL) < 0)
			json_array_append(kept, value);
	if (json_is_array(old))
		json_object_set_new(map, name, kept);
	else
		json_decref(kept);
	return 0;
}

static int order_list(const struct kl_schema *schema, json_t *map, const json_t *object, const char *name,
	const json_t *order, struct kl_err *err)
{
	const struct kl_field *field = schema ? kl_schema_field(schema, name) : NULL;
	const json_t *list = json_object_get(map, name);
	if (!json_is_array(order))
		return kl_fail_msg(err, EINVAL, "%s%.64s must be a list", ORDER_PREFIX, name);
	if (!json_is_array(list) || !field || !(field->flags & KL_MERGE))
		return 0;
	kl_autofree char *key = field->keys ? merge_key(field) : NULL;
	json_object_set_new(map, name, in_order(list, order, json_object_get(object, name), key));
	return 0;
}

static int merge_value(
	const struct kl_schema *schema, json_t *map, const char *key, const json_t *patch, struct kl_err *err)
{
	const struct kl_field *field = schema ? kl_schema_field(schema, key) : NULL;
	const json_t *old = json_object_get(map, key);
	json_t *merged;
	if (json_is_null(patch)) {
		json_object_del(map, key);
		return 0;
	}
	if (json_is_object(patch) && json_is_object(old))
		merged = merge_map(field && field->shape == KL_ONE ? field->ref : NULL, old, patch, err);
	else if (json_is_array(patch) && json_is_array(old))
		merged = merge_list(field, old, patch, err);
	else
		merged = plain(patch);
	if (!merged)
		return -EINVAL;
	/* A map that is deleted by directive is gone, not empty. */
	if (json_is_object(patch) && !strcmp(kl_json_str(patch, DIRECTIVE, NULL), "delete")) {
		json_decref(merged);
		json_object_del(map, key);
		return 0;
	}
	return json_object_set_new(map, key, merged);
}

static int merge_keys(
	const struct kl_schema *schema, json_t *map, const json_t *object, const json_t *patch, struct kl_err *err)
{
	const char *key, *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value) {
		int rc = 0;
		if (!strcmp(key, DIRECTIVE) || !strcmp(key, RETAIN) || after_prefix(key, ORDER_PREFIX))
			continue;
		name = after_prefix(key, DELETE_PREFIX);
		rc = name ? delete_values(map, name, value, err) : merge_value(schema, map, key, value, err);
		if (rc < 0)
			return -EINVAL;
	}
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value) {
		name = after_prefix(key, ORDER_PREFIX);
		if (name && order_list(schema, map, object, name, value, err) < 0)
			return -EINVAL;
	}
	return 0;
}

static json_t *merge_map(const struct kl_schema *schema, const json_t *object, const json_t *patch, struct kl_err *err)
{
	const char *directive = kl_json_str(patch, DIRECTIVE, NULL);
	if (json_object_get(patch, DIRECTIVE)) {
		if (!strcmp(directive, "replace"))
			return plain(patch);
		if (!strcmp(directive, "delete"))
			return json_object();
		if (strcmp(directive, "merge")) {
			kl_fail_msg(err, EINVAL, "unknown patch type found: %.64s", directive);
			return NULL;
		}
	}
	kl_autojson *map = json_copy((json_t *)(uintptr_t)object);
	const json_t *retain = json_object_get(patch, RETAIN);
	if (retain && !json_is_array(retain)) {
		kl_fail_msg(err, EINVAL, "%s must be a list", RETAIN);
		return NULL;
	}
	if (retain)
		retain_keys(map, retain);
	if (merge_keys(schema, map, object, patch, err) < 0)
		return NULL;
	return kl_take(&map);
}

json_t *kl_patch_strategic(
	const struct kl_schema *schema, const json_t *object, const json_t *patch, struct kl_err *err)
{
	if (!json_is_object(object) || !json_is_object(patch)) {
		kl_fail_msg(err, EINVAL, "json: cannot unmarshal into Go value of type map[string]interface {}");
		return NULL;
	}
	return merge_map(schema, object, patch, err);
}
