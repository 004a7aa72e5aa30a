/* What the tests of control/api share: objects from YAML, one-line answers. */
#ifndef KL_API_HELPERS_H
#define KL_API_HELPERS_H

#include "api.h"

#define NOW_MS INT64_C(1763634635000) /* 2025-11-20T10:30:35Z */

/* Aborts the test program on bad YAML. */
json_t *yaml(const char *text);
/* Compact JSON with sorted keys; the caller frees. */
char *sorted(const json_t *json);
/* A write of the kind into namespace "default". */
struct kl_write write_of(const struct kl_kind *kind);
/* kl_api_create of the YAML object: the object, or NULL with *ret_message the Status message (caller frees). */
json_t *create(const char *text, enum kl_field_validation validation, char **ret_message);
/* The same for an update of `old`. */
json_t *update(const json_t *old, const char *subresource, json_t *object, char **ret_message);

#endif
