#include "fieldset.h"

#include "decode.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Nearly every node of a set is a leaf; one object serves them all (its count is atomic in jansson). */
static json_t *shared_leaf;

static void make_leaf(void)
{
	shared_leaf = json_object();
}

static json_t *leaf(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_leaf);
	return json_incref(shared_leaf);
}

static bool is_leaf(const json_t *set)
{
	return !json_object_size(set);
}

/* key with its two-byte prefix, without allocating for names of usual length; both are known to be UTF-8. */
static void put(json_t *set, const char *prefix, const char *name, json_t *below_taken)
{
	char key[128];
	size_t len = strlen(name);
	if (len + 3 <= sizeof(key)) {
		memcpy(key, prefix, 2);
		memcpy(key + 2, name, len + 1);
		json_object_setn_new_nocheck(set, key, len + 2, below_taken);
		return;
	}
	kl_autofree char *text = kl_asprintf("%s%s", prefix, name);
	json_object_setn_new_nocheck(set, text, len + 2, below_taken);
}

enum kl_field_form kl_field_form(const struct kl_field *field)
{
	if (field->flags & KL_ATOMIC)
		return KL_FORM_LEAF;
	if (field->shape == KL_LIST)
		return field->flags & KL_LIST_MAP   ? KL_FORM_LIST_MAP
		       : field->flags & KL_LIST_SET ? KL_FORM_LIST_SET
						    : KL_FORM_LEAF;
	if (field->shape == KL_MAP)
		return KL_FORM_MAP;
	return field->type == KL_T_STRUCT && !field->ref->atomic ? KL_FORM_STRUCT : KL_FORM_LEAF;
}

/* A key that was left out counts as its default ("protocol":"TCP"). */
static json_t *key_value(const struct kl_field *field, const json_t *entry, const char *key)
{
	json_t *value = json_object_get(entry, key);
	const struct kl_field *row = kl_schema_field(field->ref, key);
	if (value)
		return json_incref(value);
	return row && row->def ? kl_schema_default_value(row->def) : json_null();
}

char *kl_fieldset_key(const struct kl_field *field, const json_t *entry)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "k:{");
	for (const char *at = field->keys; *at;) {
		size_t len = strcspn(at, ",");
		kl_autofree char *key = kl_strndup(at, len);
		kl_autojson *value = key_value(field, entry, key);
		kl_buf_printf(&text, "%s\"%s\":", at == field->keys ? "" : ",", key);
		kl_json_dump(value, &text);
		at += len + (at[len] == ',');
	}
	kl_buf_char(&text, '}');
	return kl_buf_take(&text);
}

static char *value_key(const json_t *value)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "v:");
	kl_json_dump(value, &text);
	return kl_buf_take(&text);
}

static const json_t *entry_by_key(const struct kl_field *field, const json_t *list, const char *key)
{
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry) {
		kl_autofree char *own = kl_fieldset_key(field, entry);
		if (!strcmp(own, key))
			return entry;
	}
	return NULL;
}

static bool contains(const json_t *list, const json_t *value)
{
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry)
		if (json_equal(entry, (json_t *)(uintptr_t)value))
			return true;
	return false;
}

/* --- what an object sets, whole or beyond an old one --- */

static bool is_identity(const struct kl_schema *schema, const char *name)
{
	static const char *const names[] = {"name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
		"managedFields", "resourceVersion"};
	for (size_t i = 0; schema == &kl_schema_ObjectMeta && i < KL_ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static json_t *diff_struct(const struct kl_schema *schema, const json_t *old, const json_t *object, bool top);

static json_t *diff_map(const json_t *old, const json_t *map)
{
	json_t *set = json_object(), *value;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		json_t *before = json_object_get(old, key);
		if (!before || !json_equal(before, value))
			put(set, "f:", key, leaf());
	}
	return set;
}

static json_t *diff_list_map(const struct kl_field *field, const json_t *old, const json_t *list)
{
	json_t *set = json_object(), *entry;
	size_t i;
	json_array_foreach (list, i, entry) {
		kl_autofree char *key = kl_fieldset_key(field, entry);
		const json_t *before = json_array_size(old) ? entry_by_key(field, old, key) : NULL;
		if (before && json_equal((json_t *)(uintptr_t)before, entry))
			continue;
		json_t *below = diff_struct(field->ref, before, entry, false);
		if (!before)
			json_object_set_new(below, ".", leaf());
		if (is_leaf(below)) /* something went, nothing came */
			json_decref(below);
		else
			json_object_set_new(set, key, below);
	}
	return set;
}

static json_t *diff_list_set(const json_t *old, const json_t *list)
{
	json_t *set = json_object(), *value;
	size_t i;
	json_array_foreach (list, i, value) {
		kl_autofree char *key = value_key(value);
		if (!contains(old, value))
			json_object_set_new(set, key, leaf());
	}
	return set;
}

/* A leaf where nothing below it is told apart; `set` is NULL then. */
static json_t *diff_value(const struct kl_field *field, const json_t *old, const json_t *value)
{
	switch (kl_field_form(field)) {
	case KL_FORM_STRUCT:
		return diff_struct(field->ref, old, value, false);
	case KL_FORM_MAP:
		return diff_map(old, value);
	case KL_FORM_LIST_MAP:
		return diff_list_map(field, old, value);
	case KL_FORM_LIST_SET:
		return diff_list_set(old, value);
	case KL_FORM_LEAF:
		break;
	}
	return leaf();
}

static json_t *diff_struct(const struct kl_schema *schema, const json_t *old, const json_t *object, bool top)
{
	json_t *set = json_object(), *value;
	const char *name;
	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		const struct kl_field *field = kl_schema_field(schema, name);
		json_t *before = json_object_get(old, name);
		if (!field || (top && (!strcmp(name, "apiVersion") || !strcmp(name, "kind"))) ||
			is_identity(schema, name))
			continue;
		if (before && json_equal(before, value))
			continue;
		json_t *below = diff_value(field, before, value);
		/* Only removals below: nothing of it is the writer's. */
		if (is_leaf(below) && kl_field_form(field) != KL_FORM_LEAF &&
			(before || (top && !strcmp(name, "metadata"))))
			json_decref(below);
		else
			put(set, "f:", name, below);
	}
	return set;
}

static json_t *or_null(json_t *set_taken)
{
	if (!is_leaf(set_taken))
		return set_taken;
	json_decref(set_taken);
	return NULL;
}

json_t *kl_fieldset_of(const struct kl_schema *schema, const json_t *object)
{
	return diff_struct(schema, NULL, object, true);
}

json_t *kl_fieldset_diff(const struct kl_schema *schema, const json_t *old, const json_t *object)
{
	return or_null(diff_struct(schema, old, object, true));
}

/* --- algebra --- */

json_t *kl_fieldset_union(const json_t *a, const json_t *b)
{
	if (!a || !b)
		return a || b ? json_incref((json_t *)(uintptr_t)(a ? a : b)) : NULL;
	if (is_leaf(a) || is_leaf(b))
		return json_incref((json_t *)(uintptr_t)(is_leaf(a) ? b : a));
	json_t *set = json_copy((json_t *)(uintptr_t)a), *below;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)b, key, below)
		json_object_set_new(set, key, kl_fieldset_union(json_object_get(a, key), below));
	return set;
}

json_t *kl_fieldset_subtract(const json_t *a, const json_t *b)
{
	if (!a || is_leaf(a))
		return NULL;
	json_t *set = json_object(), *below;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)a, key, below) {
		const json_t *other = json_object_get(b, key);
		json_t *left = !other                             ? json_incref(below)
			       : is_leaf(below) || is_leaf(other) ? NULL
								  : kl_fieldset_subtract(below, other);
		if (left)
			json_object_set_new(set, key, left);
	}
	return or_null(set);
}

json_t *kl_fieldset_intersect(const json_t *a, const json_t *b)
{
	json_t *set = json_object(), *below;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)a, key, below) {
		const json_t *other = json_object_get(b, key);
		if (!other)
			continue;
		json_t *both = is_leaf(below)   ? json_incref((json_t *)(uintptr_t)other)
			       : is_leaf(other) ? json_incref(below)
						: kl_fieldset_intersect(below, other);
		if (both)
			json_object_set_new(set, key, both);
	}
	return or_null(set);
}

/* --- sets against objects --- */

static json_t *prune_list(const struct kl_field *field, const json_t *set, const json_t *list)
{
	json_t *kept = json_object(), *below, *value;
	const char *key;
	size_t i;
	json_object_foreach ((json_t *)(uintptr_t)set, key, below) {
		const json_t *entry = *key == 'k' && field->keys ? entry_by_key(field, list, key) : NULL;
		bool there = entry || !strcmp(key, ".");
		if (*key == 'v')
			json_array_foreach (list, i, value) {
				kl_autofree char *own = value_key(value);
				there |= !strcmp(own, key);
			}
		if (!there)
			continue;
		json_t *left =
			entry && !is_leaf(below) ? kl_fieldset_prune(field->ref, below, entry) : json_incref(below);
		if (left)
			json_object_set_new(kept, key, left);
	}
	return or_null(kept);
}

static json_t *prune_field(const struct kl_field *field, const json_t *set, const json_t *value)
{
	json_t *below;
	const char *key;
	if (is_leaf(set))
		return leaf();
	switch (kl_field_form(field)) {
	case KL_FORM_STRUCT:
		return kl_fieldset_prune(field->ref, set, value);
	case KL_FORM_MAP: {
		json_t *kept = json_object();
		json_object_foreach ((json_t *)(uintptr_t)set, key, below)
			if (!strcmp(key, ".") || (!strncmp(key, "f:", 2) && json_object_get(value, key + 2)))
				json_object_set(kept, key, below);
		return or_null(kept);
	}
	case KL_FORM_LIST_MAP:
	case KL_FORM_LIST_SET:
		return prune_list(field, set, value);
	case KL_FORM_LEAF:
		break;
	}
	return leaf();
}

json_t *kl_fieldset_prune(const struct kl_schema *schema, const json_t *set, const json_t *object)
{
	json_t *kept = json_object(), *below;
	const char *key;
	json_object_foreach ((json_t *)(uintptr_t)set, key, below) {
		const struct kl_field *field = strncmp(key, "f:", 2) ? NULL : kl_schema_field(schema, key + 2);
		const json_t *value = field ? json_object_get(object, field->name) : NULL;
		json_t *left = !strcmp(key, ".") ? leaf() : value ? prune_field(field, below, value) : NULL;
		if (left)
			json_object_set_new(kept, key, left);
	}
	return or_null(kept);
}

static void remove_from_list(const struct kl_field *field, const json_t *set, json_t *list)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		json_t *entry = json_array_get(list, i);
		kl_autofree char *key = field->keys ? kl_fieldset_key(field, entry) : value_key(entry);
		const json_t *below = json_object_get(set, key);
		if (!below)
			continue;
		if (*key == 'v' || json_object_get(below, "."))
			json_array_remove(list, i);
		else
			kl_fieldset_remove(field->ref, below, entry);
	}
}

static void remove_from_map(const json_t *set, json_t *map)
{
	const char *key;
	json_t *below;
	json_object_foreach ((json_t *)(uintptr_t)set, key, below)
		if (!strncmp(key, "f:", 2))
			json_object_del(map, key + 2);
}

void kl_fieldset_remove(const struct kl_schema *schema, const json_t *set, json_t *object)
{
	const char *key;
	json_t *below;
	json_object_foreach ((json_t *)(uintptr_t)set, key, below) {
		const struct kl_field *field = strncmp(key, "f:", 2) ? NULL : kl_schema_field(schema, key + 2);
		json_t *value = field ? json_object_get(object, field->name) : NULL;
		if (!value)
			continue;
		enum kl_field_form form = kl_field_form(field);
		if (is_leaf(below) || form == KL_FORM_LEAF)
			json_object_del(object, field->name);
		else if (form == KL_FORM_STRUCT)
			kl_fieldset_remove(field->ref, below, value);
		else if (form == KL_FORM_MAP)
			remove_from_map(below, value);
		else
			remove_from_list(field, below, value);
	}
}

/* --- paths --- */

static char *step_text(const char *key)
{
	if (!strncmp(key, "f:", 2))
		return kl_asprintf(".%s", key + 2);
	if (*key == 'v')
		return kl_asprintf("[=%s]", key + 2);
	kl_autojson *keys = kl_json_parse(key + 2, strlen(key + 2), NULL);
	kl_autobuf text = {0};
	const char *name;
	json_t *value;
	json_object_foreach (keys, name, value) {
		kl_buf_printf(&text, "%s%s=", text.len ? "," : "[", name);
		kl_json_dump(value, &text);
	}
	kl_buf_char(&text, ']');
	return kl_buf_take(&text);
}

void kl_fieldset_paths(const json_t *set, const char *prefix, void (*each)(const char *path, void *arg), void *arg)
{
	const char *key;
	json_t *below;
	if (is_leaf(set) || json_object_get(set, "."))
		each(prefix, arg);
	json_object_foreach ((json_t *)(uintptr_t)set, key, below) {
		if (!strcmp(key, "."))
			continue;
		kl_autofree char *step = step_text(key);
		kl_autofree char *path = kl_asprintf("%s%s", prefix, step);
		kl_fieldset_paths(below, path, each, arg);
	}
}
