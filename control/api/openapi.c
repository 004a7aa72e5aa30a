#include "openapi.h"

#include <stdlib.h>
#include <string.h>

/* --- types --- */

static bool has_schema(const struct kl_schema_set *set, const struct kl_schema *schema)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i] == schema)
			return true;
	return false;
}

static void add_schema(struct kl_schema_set *set, const struct kl_schema *schema)
{
	if (has_schema(set, schema))
		return;
	if (set->count == set->size) {
		set->size = set->size ? set->size * 2 : 64;
		set->items = kl_reallocarray(set->items, set->size, sizeof(*set->items));
	}
	set->items[set->count++] = schema;
}

static int compare_schemas(const void *a, const void *b)
{
	const struct kl_schema *const *left = a, *const *right = b;
	return strcmp((*left)->openapi, (*right)->openapi);
}

void kl_schema_set_collect(const struct kl_group_version *gv, struct kl_schema_set *ret)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	*ret = (struct kl_schema_set){0};
	for (size_t i = 0; i < count; i++)
		if (!gv || (!strcmp(kinds[i].group, gv->group) && !strcmp(kinds[i].version, gv->version)))
			add_schema(ret, kinds[i].schema);
	add_schema(ret, &kl_schema_DeleteOptions);
	add_schema(ret, &kl_schema_Scale);
	/* What is found grows the list that is walked. */
	for (size_t i = 0; i < ret->count; i++)
		for (size_t k = 0; k < ret->items[i]->field_count; k++)
			if (ret->items[i]->fields[k].ref)
				add_schema(ret, ret->items[i]->fields[k].ref);
	qsort(ret->items, ret->count, sizeof(*ret->items), compare_schemas);
}

void kl_schema_set_release(struct kl_schema_set *set)
{
	free(set->items);
}

enum { PLAIN_QUANTITY, PLAIN_INT_OR_STRING, PLAIN_TIME, PLAIN_MICRO_TIME, PLAIN_RAW, PLAIN_FIELDS };
const struct kl_plain_type kl_plain_types[] = {
	[PLAIN_QUANTITY] = {"io.k8s.apimachinery.pkg.api.resource.Quantity", "string", NULL, "number"},
	[PLAIN_INT_OR_STRING] = {"io.k8s.apimachinery.pkg.util.intstr.IntOrString", "string", "int-or-string",
		"integer"},
	[PLAIN_TIME] = {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", "string", "date-time", NULL},
	[PLAIN_MICRO_TIME] = {"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "string", "date-time", NULL},
	[PLAIN_RAW] = {"io.k8s.apimachinery.pkg.runtime.RawExtension", "object", NULL, NULL},
	[PLAIN_FIELDS] = {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "object", NULL, NULL},
};
const size_t kl_plain_type_count = KL_ARRAY_LEN(kl_plain_types);

struct kl_value_type kl_value_type(const struct kl_schema *schema, const struct kl_field *field)
{
	switch ((enum kl_type)field->type) {
	case KL_T_STRING:
		return (struct kl_value_type){NULL, "string", NULL};
	case KL_T_INT32:
		return (struct kl_value_type){NULL, "integer", "int32"};
	case KL_T_INT64:
		return (struct kl_value_type){NULL, "integer", "int64"};
	case KL_T_BOOL:
		return (struct kl_value_type){NULL, "boolean", NULL};
	case KL_T_DOUBLE:
		return (struct kl_value_type){NULL, "number", "double"};
	case KL_T_QUANTITY:
		return (struct kl_value_type){kl_plain_types[PLAIN_QUANTITY].openapi, NULL, NULL};
	case KL_T_INT_OR_STRING:
		return (struct kl_value_type){kl_plain_types[PLAIN_INT_OR_STRING].openapi, NULL, NULL};
	case KL_T_TIME:
		return (struct kl_value_type){kl_plain_types[PLAIN_TIME].openapi, NULL, NULL};
	case KL_T_MICRO_TIME:
		return (struct kl_value_type){kl_plain_types[PLAIN_MICRO_TIME].openapi, NULL, NULL};
	case KL_T_BYTES:
		return (struct kl_value_type){NULL, "string", "byte"};
	case KL_T_ANY:
		return (struct kl_value_type){
			kl_plain_types[schema == &kl_schema_ManagedFieldsEntry ? PLAIN_FIELDS : PLAIN_RAW].openapi,
			NULL, NULL};
	case KL_T_STRUCT:
		break;
	}
	return (struct kl_value_type){field->ref->openapi, NULL, NULL};
}

/* --- extensions --- */

static void add_extension(struct kl_extension *ret, size_t *count, const char *name, const char *fmt, const char *value)
{
	ret[*count].name = name;
	snprintf(ret[*count].value, sizeof(ret->value), fmt, value);
	(*count)++;
}

/* "a,b" as ["a","b"]. */
static void list_text(const char *keys, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "[");
	for (const char *at = keys; *at && n < size;) {
		int len = (int)strcspn(at, ",");
		n += (size_t)snprintf(ret + n, size - n, "%s\"%.*s\"", at == keys ? "" : ",", len, at);
		at += len + (at[len] == ',');
	}
	if (n < size)
		snprintf(ret + n, size - n, "]");
}

size_t kl_field_extensions(const struct kl_field *field, struct kl_extension ret[KL_EXTENSIONS_MAX])
{
	size_t count = 0;
	bool merge = field->flags & KL_MERGE, retain = field->flags & KL_RETAIN_KEYS;
	char keys[120];
	if (field->shape == KL_LIST)
		add_extension(ret, &count, "x-kubernetes-list-type", "\"%s\"",
			field->flags & KL_LIST_MAP   ? "map"
			: field->flags & KL_LIST_SET ? "set"
						     : "atomic");
	if (field->flags & KL_LIST_MAP) {
		list_text(field->keys, keys, sizeof(keys));
		add_extension(ret, &count, "x-kubernetes-list-map-keys", "%s", keys);
	}
	if (field->flags & KL_ATOMIC)
		add_extension(ret, &count, "x-kubernetes-map-type", "\"%s\"", "atomic");
	if (merge && field->keys) {
		snprintf(keys, sizeof(keys), "%.*s", (int)strcspn(field->keys, ","), field->keys);
		add_extension(ret, &count, "x-kubernetes-patch-merge-key", "\"%s\"", keys);
	}
	if (merge || retain)
		add_extension(ret, &count, "x-kubernetes-patch-strategy", "\"%s\"",
			merge && retain ? "merge,retainKeys"
			: merge         ? "merge"
					: "retainKeys");
	return count;
}

bool kl_schema_gvks(const struct kl_schema *schema, struct kl_buf *buf)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (kinds[i].schema != schema)
			continue;
		kl_buf_printf(buf, "%s{\"group\":\"%s\",\"kind\":\"%s\",\"version\":\"%s\"}", any ? "," : "[",
			kinds[i].group, kinds[i].kind, kinds[i].version);
		any = true;
	}
	if (any)
		kl_buf_char(buf, ']');
	return any;
}

/* --- operations --- */

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LIST_PARAMETERS                                                                                        \
	NAMES("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", \
		"resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch")
#define WRITE_PARAMETERS NAMES("dryRun", "fieldManager", "fieldValidation")

const struct kl_operation kl_operations[] = {
	{"get", "list", "list", KL_CAN_LIST, false, LIST_PARAMETERS},
	{"post", "post", "create", KL_CAN_CREATE, false, WRITE_PARAMETERS},
	{"delete", "deletecollection", "deleteCollection", KL_CAN_DELETE_COLLECTION, false,
		NAMES("dryRun", "fieldSelector", "gracePeriodSeconds", "labelSelector", "propagationPolicy")},
	{"get", "get", "read", KL_CAN_GET, true, NAMES("pretty")},
	{"put", "put", "replace", KL_CAN_UPDATE, true, WRITE_PARAMETERS},
	{"delete", "delete", "delete", KL_CAN_DELETE, true, NAMES("dryRun", "gracePeriodSeconds", "propagationPolicy")},
	{"patch", "patch", "patch", KL_CAN_PATCH, true, NAMES("dryRun", "fieldManager", "fieldValidation", "force")},
};
const size_t kl_operation_count = KL_ARRAY_LEN(kl_operations);

bool kl_parameter_is_bool(const char *name)
{
	return !strcmp(name, "watch") || !strcmp(name, "force") || !strcmp(name, "allowWatchBookmarks") ||
	       !strcmp(name, "sendInitialEvents");
}

void kl_openapi_path(const struct kl_kind *kind, bool item, struct kl_buf *buf)
{
	kl_buf_printf(buf, "/%s/%s%s/%s%s", *kind->group ? "apis" : "api", kl_kind_api_version(kind),
		kind->namespaced ? "/namespaces/{namespace}" : "", kind->plural, item ? "/{name}" : "");
}

/* "apps" → "Apps", "networking.k8s.io" → "Networking", "" → "Core". */
static void push_group_name(const char *group, struct kl_buf *buf)
{
	const char *text = *group ? group : "core";
	for (size_t i = 0; text[i] && text[i] != '.'; i++)
		kl_buf_char(buf, i ? text[i] : (char)(text[i] - 32));
}

void kl_operation_id(const struct kl_kind *kind, const struct kl_operation *operation, struct kl_buf *buf)
{
	kl_buf_str_push(buf, operation->verb_id);
	push_group_name(kind->group, buf);
	kl_buf_printf(buf, "V%s%s%s", kind->version + 1, kind->namespaced ? "Namespaced" : "", kind->kind);
}

/* --- the index of v3 --- */

/* The document's Etag: clients may keep it for ever under its hash. */
static uint64_t version_hash(const struct kl_group_version *gv)
{
	kl_autobuf buf = {0};
	kl_openapi_v3_json(gv, &buf);
	return kl_document_hash(kl_buf_str(&buf), buf.len);
}

static void build_index(const struct kl_group_version *gvs, size_t count, struct kl_buf *buf)
{
	kl_buf_str_push(buf, "{\"paths\":{");
	for (size_t i = 0; i < count; i++) {
		const char *root = *gvs[i].group ? "apis" : "api", *version = kl_kind_api_version(gvs[i].first);
		kl_buf_printf(buf, "%s\"%s/%s\":{\"serverRelativeURL\":\"/openapi/v3/%s/%s?hash=%016llX\"}",
			i ? "," : "", root, version, root, version, (unsigned long long)version_hash(&gvs[i]));
	}
	kl_buf_str_push(buf, "}}");
}

bool kl_openapi_build(const char *path, const char *form, struct kl_buf *buf)
{
	struct kl_group_version gvs[KL_GROUP_VERSIONS_MAX];
	size_t count = kl_group_versions(gvs, KL_GROUP_VERSIONS_MAX);
	if (!strcmp(path, "/openapi/v2")) {
		(*form ? kl_openapi_v2_protobuf : kl_openapi_v2_json)(buf);
		return true;
	}
	if (!strcmp(path, "/openapi/v3")) {
		build_index(gvs, count, buf);
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		char own[128];
		snprintf(own, sizeof(own), "/openapi/v3/%s/%s", *gvs[i].group ? "apis" : "api",
			kl_kind_api_version(gvs[i].first));
		if (strcmp(path, own))
			continue;
		kl_openapi_v3_json(&gvs[i], buf);
		return true;
	}
	return false;
}
