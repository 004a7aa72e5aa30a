/*
 * What the API knows of a type: one const table of fields, read by everything that must know shapes: decoding (types,
 * unknown fields), defaults, validation, strategic merge patch, server-side apply and OpenAPI.
 *
 * The fields of a schema are sorted by name (strcmp), so that a key is found by bisection; a unit test checks it.
 */
#ifndef KL_SCHEMA_H
#define KL_SCHEMA_H

#include "json.h"

#include <stdint.h>

enum kl_type {
	KL_T_STRING,
	KL_T_INT32,
	KL_T_INT64,
	KL_T_BOOL,
	KL_T_DOUBLE,
	KL_T_QUANTITY,
	KL_T_INT_OR_STRING,
	KL_T_TIME,
	KL_T_MICRO_TIME,
	KL_T_BYTES,
	KL_T_ANY,
	KL_T_STRUCT,
};

enum kl_shape { KL_ONE, KL_LIST, KL_MAP };

enum kl_field_flags {
	KL_REQUIRED = 1,    /* validation wants it; never dropped */
	KL_OMIT_ZERO = 2,   /* "", 0, false mean absent (a Go value with omitempty that is no pointer) */
	KL_MERGE = 4,       /* patchStrategy=merge; by the first of `keys`, or as a set where keys is NULL */
	KL_RETAIN_KEYS = 8, /* patchStrategy=retainKeys */
	KL_LIST_MAP = 16,   /* server-side apply owns entries by `keys` */
	KL_LIST_SET = 32,   /* server-side apply owns entries by value */
	KL_ATOMIC = 64, /* a map or struct that server-side apply owns as a whole (lists are, unless said otherwise) */
	KL_PORT = 128,  /* 1–65535 */
	KL_NON_NEGATIVE = 256,
	KL_POSITIVE = 512,
	KL_ALWAYS = 1024, /* a struct that is there even when empty */
	KL_OPAQUE = 2048, /* a struct of a foreign type: its unknown fields are kept */
};

struct kl_schema;

struct kl_field {
	const char *name;
	const char *doc;
	const struct kl_schema *ref; /* KL_T_STRUCT */
	const char *keys;            /* list keys, "containerPort,protocol" */
	const char *def;             /* default as JSON text */
	const char *choices;         /* allowed values, sorted: "Always|Never" */
	uint16_t flags;
	uint16_t number; /* in protobuf; INLINE(message, number) inside an embedded struct; 0: none */
	uint8_t type, shape;
};

struct kl_path;
struct kl_errors;

struct kl_schema {
	const char *name;    /* "Container" */
	const char *openapi; /* "io.k8s.api.core.v1.Container" */
	const char *doc;
	const struct kl_field *fields;
	size_t field_count;
	bool atomic; /* x-kubernetes-map-type: atomic */
	/* Defaults that depend on other fields; after the table's own, children first. May be NULL. */
	void (*defaults)(json_t *object);
	/* Rules that the table cannot say; the fields' types are already right. May be NULL. */
	void (*validate)(const json_t *object, const struct kl_path *path, struct kl_errors *errors);
};

/* NULL when the type has no such field. */
const struct kl_field *kl_schema_field(const struct kl_schema *schema, const char *name);

#include "schema_types.h"

#endif
