/*
 * Selecting objects. Labels are matched against the packed form; fields need the tree, so what a field selector pins
 * with "=" is first looked for in the bytes: an object that does not contain the text cannot match.
 */
#include "rest_impl.h"

#include <string.h>

static void find_needles(struct filter *filter)
{
	static const char *const fields[] = {
		"spec.nodeName", "involvedObject.uid", "involvedObject.name", "status.phase", "reason", "type"};
	size_t count = 0;
	filter->name = kl_field_selector_pinned(filter->fields, "metadata.name");
	for (size_t i = 0; i < KL_ARRAY_LEN(fields) && count + 1 < KL_ARRAY_LEN(filter->needles); i++) {
		const char *value = kl_field_selector_pinned(filter->fields, fields[i]);
		/* what JSON would escape is left to the full comparison */
		if (value && *value && !strpbrk(value, "\"\\/"))
			filter->needles[count++] = value;
	}
}

int filter_parse(const struct rest_call *call, struct filter *ret, struct kl_status *st)
{
	struct filter filter = {0};
	struct kl_err err = {0};
	const char *labels = kl_http_query(call->req, "labelSelector"),
		   *fields = kl_http_query(call->req, "fieldSelector");
	if (labels && *labels && !(filter.labels = kl_selector_parse(labels, &err)))
		return kl_status_bad_request(st, "%s", err.text);
	if (fields && *fields && !(filter.fields = kl_field_selector_parse(call->kind, fields, &err))) {
		kl_selector_free(filter.labels);
		return kl_status_bad_request(st, "%s", err.text);
	}
	if (filter.fields)
		find_needles(&filter);
	*ret = filter;
	return 0;
}

void filter_release(struct filter *filter)
{
	kl_selector_free(filter->labels);
	kl_field_selector_free(filter->fields);
	*filter = (struct filter){0};
}

bool filter_all(const struct filter *filter)
{
	return !filter->labels && !filter->fields && !filter->name;
}

bool filter_matches(const struct filter *filter, const struct kl_object *obj)
{
	if (filter->name && strcmp(filter->name, obj->name) != 0)
		return false;
	if (filter->labels && !kl_selector_matches_packed(filter->labels, obj->labels))
		return false;
	if (!filter->fields)
		return true;
	for (size_t i = 0; filter->needles[i]; i++)
		if (!memmem(obj->json, obj->len, filter->needles[i], strlen(filter->needles[i])))
			return false;
	kl_autojson *tree = kl_object_parse(obj);
	return kl_field_selector_matches(filter->fields, tree);
}
