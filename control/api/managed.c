#include "managed.h"

#include "clock.h"
#include "fieldset.h"

#include <stdlib.h>
#include <string.h>

/* Managers that a hostile client may leave in one object; the oldest Update entries go first. */
enum { ENTRIES_MAX = 32 };

/* The name before the '/' of "kubectl/v1.33.0 (linux/amd64) …". */
static json_t *manager_name(const struct kl_write *w)
{
	const char *agent = w->user_agent && *w->user_agent ? w->user_agent : "unknown";
	if (w->manager && *w->manager)
		return json_string(w->manager);
	size_t len = strcspn(agent, "/ ");
	json_t *name = json_stringn(agent, len < 128 ? len : 128);
	return name ? name : json_string("unknown");
}

static bool is_apply(const struct kl_write *w)
{
	return w->operation && !strcmp(w->operation, "Apply");
}

static bool is_own(const struct kl_write *w, const json_t *entry, const char *manager)
{
	const char *sub = w->subresource ? w->subresource : "";
	return !strcmp(kl_json_str(entry, "manager", NULL), manager) &&
	       !strcmp(kl_json_str(entry, "operation", NULL), is_apply(w) ? "Apply" : "Update") &&
	       !strcmp(kl_json_str(entry, "subresource", NULL), sub) &&
	       !strcmp(kl_json_str(entry, "apiVersion", NULL), kl_kind_api_version(w->kind));
}

static json_t *make_entry(const struct kl_write *w, const char *manager, json_t *set_taken)
{
	char now[KL_TIME_TEXT];
	kl_time_format(w->now_ms / 1000, now);
	json_t *entry = json_object();
	json_object_set_new(entry, "manager", json_string(manager));
	json_object_set_new(entry, "operation", json_string(is_apply(w) ? "Apply" : "Update"));
	json_object_set_new(entry, "apiVersion", json_string(kl_kind_api_version(w->kind)));
	json_object_set_new(entry, "time", json_string(now));
	json_object_set_new(entry, "fieldsType", json_string("FieldsV1"));
	json_object_set_new(entry, "fieldsV1", set_taken);
	if (w->subresource)
		json_object_set_new(entry, "subresource", json_string(w->subresource));
	return entry;
}

/* The entry with another set: a copy, for stored versions share it. NULL when nothing is left. */
static json_t *with_set(const json_t *entry, json_t *set_taken)
{
	if (!set_taken)
		return NULL;
	json_t *copy = json_copy((json_t *)(uintptr_t)entry);
	json_object_set_new(copy, "fieldsV1", set_taken);
	return copy;
}

/* What an entry keeps after a write of somebody else. */
static json_t *others_set(
	const struct kl_write *w, const json_t *entry, const json_t *changed, bool lost, const json_t *object)
{
	const json_t *set = json_object_get(entry, "fieldsV1");
	/* Sets of another version name other fields. */
	if (strcmp(kl_json_str(entry, "apiVersion", NULL), kl_kind_api_version(w->kind)))
		return json_incref((json_t *)(uintptr_t)set);
	kl_autojson *left = changed ? kl_fieldset_subtract(set, changed) : json_incref((json_t *)(uintptr_t)set);
	if (!left || !lost)
		return kl_take(&left);
	return kl_fieldset_prune(w->kind->schema, left, object);
}

static void append(json_t *entries, json_t *entry_taken)
{
	if (entry_taken)
		json_array_append_new(entries, entry_taken);
	while (json_array_size(entries) > ENTRIES_MAX)
		json_array_remove(entries, 0);
}

static json_t *record_update(
	const struct kl_write *w, const json_t *before, const json_t *changed, bool lost, const json_t *object)
{
	kl_autojson *name = manager_name(w), *own = NULL;
	const char *manager = json_string_value(name);
	json_t *entries = json_array(), *entry;
	size_t i;
	json_array_foreach (before, i, entry) {
		if (is_own(w, entry, manager))
			own = json_incref(json_object_get(entry, "fieldsV1"));
		else
			append(entries, with_set(entry, others_set(w, entry, changed, lost, object)));
	}
	kl_autojson *both = kl_fieldset_union(own, changed);
	json_t *set = both && lost ? kl_fieldset_prune(w->kind->schema, both, object) : json_incref(both);
	if (set)
		append(entries, make_entry(w, manager, set));
	return entries;
}

/* Status belongs to those who write the subresource, whatever came with the object. */
static bool status_is_apart(const struct kl_write *w)
{
	return !w->subresource && (w->kind->subresources & KL_SUB_STATUS);
}

void kl_managed_record(const struct kl_write *w, const json_t *old, json_t *object)
{
	json_t *meta = json_object_get(object, "metadata");
	const json_t *before = kl_json_get(old, "metadata", "managedFields", NULL),
		     *given = json_object_get(meta, "managedFields");
	if (is_apply(w)) /* kl_managed_apply has set them */
		return;
	/* A client clears them with a list of one empty entry. */
	bool reset = json_array_size(given) == 1 && !json_object_size(json_array_get(given, 0));
	if (old && reset) {
		json_object_del(meta, "managedFields");
		return;
	}
	kl_autojson *changed =
		old ? kl_fieldset_diff(w->kind->schema, old, object) : kl_fieldset_of(w->kind->schema, object);
	if (!old && status_is_apart(w))
		json_object_del(changed, "f:status");
	kl_autojson *lost = old ? kl_fieldset_diff(w->kind->schema, object, old) : NULL;
	if (!changed && !lost) {
		if (before)
			json_object_set(meta, "managedFields", (json_t *)(uintptr_t)before);
		else
			json_object_del(meta, "managedFields");
		return;
	}
	json_t *entries = record_update(w, before, changed, lost, object);
	if (json_array_size(entries)) {
		json_object_set_new(meta, "managedFields", entries);
	} else {
		json_decref(entries);
		json_object_del(meta, "managedFields");
	}
}

/* --- server-side apply: merging --- */

static json_t *merge_struct(const struct kl_schema *schema, const json_t *current, const json_t *applied);

static const json_t *find_entry(const struct kl_field *field, const json_t *list, const json_t *like)
{
	kl_autofree char *want = kl_fieldset_key(field, like);
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry) {
		kl_autofree char *key = kl_fieldset_key(field, entry);
		if (!strcmp(key, want))
			return entry;
	}
	return NULL;
}

/* The current order stays; what is new comes behind. */
static json_t *merge_list_map(const struct kl_field *field, const json_t *current, const json_t *applied)
{
	json_t *list = json_array(), *entry;
	size_t i;
	json_array_foreach (current, i, entry) {
		const json_t *other = find_entry(field, applied, entry);
		json_array_append_new(list, other ? merge_struct(field->ref, entry, other) : json_deep_copy(entry));
	}
	json_array_foreach (applied, i, entry)
		if (!find_entry(field, current, entry))
			json_array_append_new(list, json_deep_copy(entry));
	return list;
}

static json_t *merge_list_set(const json_t *current, const json_t *applied)
{
	json_t *list = json_deep_copy(current), *value, *other;
	size_t i, k;
	json_array_foreach (applied, i, value) {
		bool there = false;
		json_array_foreach (current, k, other)
			there |= json_equal(value, other) != 0;
		if (!there)
			json_array_append_new(list, json_deep_copy(value));
	}
	return list;
}

static json_t *merge_map(const json_t *current, const json_t *applied)
{
	json_t *map = json_deep_copy(current);
	json_object_update(map, (json_t *)(uintptr_t)applied);
	return map;
}

static json_t *merge_field(const struct kl_field *field, const json_t *current, const json_t *applied)
{
	if (!current)
		return json_deep_copy(applied);
	switch (kl_field_form(field)) {
	case KL_FORM_STRUCT:
		return merge_struct(field->ref, current, applied);
	case KL_FORM_MAP:
		return merge_map(current, applied);
	case KL_FORM_LIST_MAP:
		return merge_list_map(field, current, applied);
	case KL_FORM_LIST_SET:
		return merge_list_set(current, applied);
	case KL_FORM_LEAF:
		break;
	}
	return json_deep_copy(applied);
}

static json_t *merge_struct(const struct kl_schema *schema, const json_t *current, const json_t *applied)
{
	json_t *object = json_deep_copy(current), *value;
	const char *name;
	json_object_foreach ((json_t *)(uintptr_t)applied, name, value) {
		const struct kl_field *field = kl_schema_field(schema, name);
		if (field)
			json_object_set_new(object, name, merge_field(field, json_object_get(current, name), value));
	}
	return object;
}

/* --- server-side apply: ownership --- */

struct conflicts {
	struct kl_status *st;
	struct kl_buf text;
	size_t count;
	const char *who;
};

static void note_conflict(const char *path, void *arg)
{
	struct conflicts *c = arg;
	kl_status_cause(c->st, "FieldManagerConflict", path, "conflict with %s", c->who);
	kl_buf_printf(&c->text, "\n- %s", path);
	c->count++;
}

static char *describe_manager(const json_t *entry)
{
	const char *manager = kl_json_str(entry, "manager", NULL), *time = kl_json_str(entry, "time", NULL);
	if (!strcmp(kl_json_str(entry, "operation", NULL), "Apply"))
		return kl_asprintf("\"%s\"", manager);
	return kl_asprintf(
		"\"%s\" using %s%s%s", manager, kl_json_str(entry, "apiVersion", NULL), *time ? " at " : "", time);
}

/* The fields that the apply changes and somebody else has set. */
static int check_conflicts(const struct kl_write *w, const json_t *entries, const json_t *changed, struct kl_status *st)
{
	struct conflicts c = {.st = st};
	kl_autobuf text = {0};
	size_t i, managers = 0;
	json_t *entry;
	json_array_foreach (entries, i, entry) {
		kl_autojson *both = is_own(w, entry, w->manager) || !changed
					    ? NULL
					    : kl_fieldset_intersect(json_object_get(entry, "fieldsV1"), changed);
		if (!both)
			continue;
		kl_autofree char *who = describe_manager(entry);
		size_t before = c.count;
		c.who = who;
		kl_fieldset_paths(both, "", note_conflict, &c);
		bool one = c.count - before == 1;
		kl_buf_printf(&text, "%sconflict%s with %s:%s%s", managers++ ? "\n" : "", one ? "" : "s", who,
			one ? " " : "", kl_buf_str(&c.text) + (one ? 3 : 0));
		kl_buf_reset(&c.text);
	}
	kl_buf_release(&c.text);
	if (!c.count)
		return 0;
	return kl_status_set(st, 409, "Conflict", "Apply failed with %zu conflict%s: %s", c.count,
		c.count == 1 ? "" : "s", kl_buf_str(&text));
}

/* What the manager applied before, applies no more, and nobody else has. */
static void remove_abandoned(const struct kl_write *w, const json_t *entries, const json_t *applied_set, json_t *object)
{
	kl_autojson *abandoned = NULL;
	size_t i;
	json_t *entry;
	json_array_foreach (entries, i, entry)
		if (is_own(w, entry, w->manager))
			abandoned = kl_fieldset_subtract(json_object_get(entry, "fieldsV1"), applied_set);
	json_array_foreach (entries, i, entry) {
		if (!abandoned || is_own(w, entry, w->manager))
			continue;
		json_t *left = kl_fieldset_subtract(abandoned, json_object_get(entry, "fieldsV1"));
		json_decref(abandoned);
		abandoned = left;
	}
	if (abandoned)
		kl_fieldset_remove(w->kind->schema, abandoned, object);
}

static void set_entries(const struct kl_write *w, const json_t *current, const json_t *before, const json_t *changed,
	json_t *applied_set, json_t *object)
{
	json_t *entries = json_array(), *entry, *own = NULL;
	size_t i;
	json_array_foreach (before, i, entry) {
		if (!is_own(w, entry, w->manager))
			append(entries, with_set(entry, others_set(w, entry, changed, true, object)));
		else if (json_equal(json_object_get(entry, "fieldsV1"), applied_set) &&
			 json_equal((json_t *)(uintptr_t)current, object))
			own = json_copy(entry); /* nothing happened: its time stays */
	}
	append(entries, own ? own : make_entry(w, w->manager, json_incref(applied_set)));
	kl_json_set(object, entries, "metadata", "managedFields", NULL);
}

json_t *kl_managed_apply(
	const struct kl_write *w, const json_t *current, json_t *applied, bool force, struct kl_status *st)
{
	struct kl_write apply = *w;
	apply.operation = "Apply";
	if (status_is_apart(w))
		json_object_del(applied, "status");
	kl_autojson *applied_set = kl_fieldset_of(w->kind->schema, applied);
	if (!current) {
		json_t *object = json_deep_copy(applied);
		kl_json_set(object, json_array(), "metadata", "managedFields", NULL);
		json_array_append_new(kl_json_get(object, "metadata", "managedFields", NULL),
			make_entry(&apply, w->manager, json_incref(applied_set)));
		return object;
	}
	const json_t *before = kl_json_get(current, "metadata", "managedFields", NULL);
	kl_autojson *object = merge_struct(w->kind->schema, current, applied);
	remove_abandoned(&apply, before, applied_set, object);
	kl_autojson *changed = kl_fieldset_diff(w->kind->schema, current, object);
	if (!force && check_conflicts(&apply, before, changed, st) < 0)
		return NULL;
	set_entries(&apply, current, before, changed, applied_set, object);
	return kl_take(&object);
}
