/*
 * autoscaling/v1 Scale: the part of a workload that says how many.
 */
#include "api.h"
#include "selector_text.h"

#include <string.h>

json_t *kl_api_scale_get(const struct kl_kind *kind, const json_t *object, struct kl_status *st)
{
	if (!(kind->subresources & KL_SUB_SCALE)) {
		kl_status_not_found(st, kind->group, kind->plural, "scale");
		return NULL;
	}
	const json_t *meta = json_object_get(object, "metadata"),
		     *selector = kl_json_get(object, "spec", "selector", NULL);
	static const char *const copied[] = {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"};
	json_t *scale =
		json_pack("{s:s,s:s,s:{},s:{},s:{s:I}}", "kind", "Scale", "apiVersion", "autoscaling/v1", "metadata",
			"spec", "status", "replicas", (json_int_t)kl_json_int(object, 0, "status", "replicas", NULL));
	for (size_t i = 0; i < KL_ARRAY_LEN(copied); i++)
		if (json_object_get(meta, copied[i]))
			kl_json_set(scale, json_incref(json_object_get(meta, copied[i])), "metadata", copied[i], NULL);
	int64_t replicas = kl_json_int(object, 0, "spec", "replicas", NULL);
	if (replicas)
		kl_json_set(scale, json_integer(replicas), "spec", "replicas", NULL);
	kl_autobuf text = {0};
	if (!strcmp(kind->kind, "ReplicationController"))
		kl_selector_text_map(selector, &text);
	else
		kl_selector_text(selector, &text);
	if (text.len)
		kl_json_set(scale, json_string(kl_buf_str(&text)), "status", "selector", NULL);
	return scale;
}

int kl_api_scale_set(const struct kl_kind *kind, json_t *object, const json_t *scale, struct kl_status *st)
{
	const json_t *replicas = kl_json_get(scale, "spec", "replicas", NULL);
	const char *name = kl_json_str(object, "metadata", "name", NULL),
		   *given = kl_json_str(scale, "metadata", "name", NULL);
	if (!(kind->subresources & KL_SUB_SCALE))
		return kl_status_not_found(st, kind->group, kind->plural, "scale");
	if (*given && strcmp(given, name))
		return kl_status_bad_request(
			st, "the name of the object (%s) does not match the name on the URL (%s)", given, name);
	if (replicas && !json_is_integer(replicas))
		return kl_status_bad_request(st, "Scale in version \"v1\" cannot be handled as a Scale: json: cannot "
						 "unmarshal into Go struct field "
						 "ScaleSpec.spec.replicas of type int32");
	int64_t count = replicas ? (int64_t)json_integer_value(replicas) : 0;
	if (count < 0 || count > INT32_MAX) {
		kl_status_set(st, 422, "Invalid",
			"Scale.autoscaling \"%s\" is invalid: spec.replicas: Invalid value: %lld: must be greater than "
			"or equal to 0",
			name, (long long)count);
		kl_status_cause(st, "FieldValueInvalid", "spec.replicas",
			"Invalid value: %lld: must be greater than or equal to 0", (long long)count);
		return -1;
	}
	kl_json_set(object, json_integer(count), "spec", "replicas", NULL);
	const char *rv = kl_json_str(scale, "metadata", "resourceVersion", NULL);
	if (*rv)
		kl_json_set(object, json_string(rv), "metadata", "resourceVersion", NULL);
	return 0;
}
