/*
 * The patch algorithms over plain values; nothing here knows of requests.
 */
#ifndef KL_PATCH_H
#define KL_PATCH_H

#include "schema.h"

/* RFC 6902; `object` is changed in place where it succeeds, and in an unspecified state where it fails. */
int kl_patch_json(json_t **object, const json_t *operations, struct kl_err *err);
/* RFC 7386; returns a new value. */
json_t *kl_patch_merge(const json_t *object, const json_t *patch);
/* Strategic merge by the schema (NULL: none known); returns a new value, NULL and err on a bad directive. */
json_t *kl_patch_strategic(
	const struct kl_schema *schema, const json_t *object, const json_t *patch, struct kl_err *err);

#endif
