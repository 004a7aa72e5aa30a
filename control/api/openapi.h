/*
 * The pieces that OpenAPI v2 (JSON, gnostic protobuf) and v3 share.
 */
#ifndef KL_OPENAPI_H
#define KL_OPENAPI_H

#include "document.h"
#include "schema.h"

/* Types reachable from some kinds, each once. */
struct kl_schema_set {
	const struct kl_schema **items;
	size_t count, size;
};
/* gv NULL: every kind's. */
void kl_schema_set_collect(const struct kl_group_version *gv, struct kl_schema_set *ret);
void kl_schema_set_release(struct kl_schema_set *set);

/* A type without fields of its own: Quantity, Time, … */
struct kl_plain_type {
	const char *openapi, *type, *format;
	const char *also; /* the other JSON type it may be written in (v3 can say so) */
};
extern const struct kl_plain_type kl_plain_types[];
extern const size_t kl_plain_type_count;

/* What one value of a field is: a reference to a definition, or a plain type. */
struct kl_value_type {
	const char *ref; /* definition; NULL: plain */
	const char *type, *format;
};
struct kl_value_type kl_value_type(const struct kl_schema *schema, const struct kl_field *field);

/* "x-kubernetes-…" of a field or of a type as name and JSON text, which is YAML as well. */
struct kl_extension {
	const char *name;
	char value[160];
};
enum { KL_EXTENSIONS_MAX = 6 };
size_t kl_field_extensions(const struct kl_field *field, struct kl_extension ret[KL_EXTENSIONS_MAX]);
/* [{"group":…,"kind":…,"version":…}] of the kinds that have the schema; false when none has. */
bool kl_schema_gvks(const struct kl_schema *schema, struct kl_buf *buf);

/* The operations of a path. */
struct kl_operation {
	const char *method;  /* "get" … */
	const char *action;  /* x-kubernetes-action */
	const char *verb_id; /* how its operationId begins: "list", "readNamespaced" is made from it */
	unsigned verb;
	bool item;                     /* on /…/{name} */
	const char *const *parameters; /* names of query parameters; NULL-terminated */
};
extern const struct kl_operation kl_operations[];
extern const size_t kl_operation_count;
/* "/api/v1/namespaces/{namespace}/pods" or "…/{name}". */
void kl_openapi_path(const struct kl_kind *kind, bool item, struct kl_buf *buf);
/* "readAppsV1NamespacedDeployment" */
void kl_operation_id(const struct kl_kind *kind, const struct kl_operation *operation, struct kl_buf *buf);
bool kl_parameter_is_bool(const char *name);

void kl_openapi_v2_json(struct kl_buf *buf);
void kl_openapi_v2_protobuf(struct kl_buf *buf);
void kl_openapi_v3_json(const struct kl_group_version *gv, struct kl_buf *buf);

#endif
