#include "ctl.h"

const char *meta_str(const json_t *object, const char *field)
{
	return kl_json_str(object, "metadata", field, NULL);
}

bool is_deleting(const json_t *object)
{
	return kl_json_get(object, "metadata", "deletionTimestamp", NULL) != NULL;
}

int64_t meta_time_ms(const json_t *object, const char *field)
{
	int64_t ms = 0;
	if (kl_time_parse(meta_str(object, field), &ms))
		return 0;
	return ms;
}

const json_t *controller_ref(const json_t *object)
{
	size_t i;
	json_t *ref;
	json_array_foreach (kl_json_get(object, "metadata", "ownerReferences", NULL), i, ref) {
		if (kl_json_bool(ref, false, "controller", NULL))
			return ref;
	}
	return NULL;
}

json_t *controller_ref_new(const json_t *owner)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b}", "apiVersion", kl_json_str(owner, "apiVersion", NULL), "kind",
		kl_json_str(owner, "kind", NULL), "name", meta_str(owner, "name"), "uid", meta_str(owner, "uid"),
		"controller", 1, "blockOwnerDeletion", 1);
}

json_t *condition_find(const json_t *status, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (json_object_get(status, "conditions"), i, condition) {
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return condition;
	}
	return NULL;
}

void condition_remove(json_t *status, const char *type)
{
	json_t *conditions = json_object_get(status, "conditions");
	for (size_t i = json_array_size(conditions); i-- > 0;) {
		if (!strcmp(kl_json_str(json_array_get(conditions, i), "type", NULL), type))
			json_array_remove(conditions, i);
	}
}

bool condition_set(json_t *status, const char *type, const char *value, const char *reason, const char *message,
	bool with_update_time)
{
	char now[KL_TIME_TEXT];
	json_t *old = condition_find(status, type);
	bool same_status = old && !strcmp(kl_json_str(old, "status", NULL), value);
	if (same_status && !strcmp(kl_json_str(old, "reason", NULL), reason))
		return false;
	kl_time_now(now);
	kl_autofree char *since = kl_strdup(same_status ? kl_json_str(old, "lastTransitionTime", NULL) : now);
	json_t *condition = json_pack("{s:s,s:s,s:s,s:s,s:s}", "type", type, "status", value, "lastTransitionTime",
		*since ? since : now, "reason", reason, "message", message);
	if (with_update_time)
		json_object_set_new(condition, "lastUpdateTime", json_string(now));
	condition_remove(status, type);
	if (!json_is_array(json_object_get(status, "conditions")))
		json_object_set_new(status, "conditions", json_array());
	json_array_append_new(json_object_get(status, "conditions"), condition);
	return true;
}
