/*
 * Sets of fields in the form of FieldsV1 (structured-merge-diff): an object whose keys are
 *	f:name	a field or a map's key	k:{…}	a list's entry by its keys
 *	v:…	a list's entry by value	.	the entry itself
 * and whose values are sets below; {} is a leaf. Leaves share one static object: never change a leaf in place.
 */
#ifndef KL_FIELDSET_H
#define KL_FIELDSET_H

#include "schema.h"

/* Everything the object sets; its identity (name, uid, …) is nobody's. Never NULL. */
json_t *kl_fieldset_of(const struct kl_schema *schema, const json_t *object);
/* What is in `object` and is not, or is otherwise, in `old`. NULL: nothing. */
json_t *kl_fieldset_diff(const struct kl_schema *schema, const json_t *old, const json_t *object);
/* New sets; NULL where the result is empty. */
json_t *kl_fieldset_union(const json_t *a, const json_t *b);
json_t *kl_fieldset_subtract(const json_t *a, const json_t *b);
json_t *kl_fieldset_intersect(const json_t *a, const json_t *b);
/* Those members of `set` that exist in the object. */
json_t *kl_fieldset_prune(const struct kl_schema *schema, const json_t *set, const json_t *object);
/* Takes the set's fields out of the object, in place. */
void kl_fieldset_remove(const struct kl_schema *schema, const json_t *set, json_t *object);
/* ".spec.containers[name=\"web\"].image" for every leaf. */
void kl_fieldset_paths(const json_t *set, const char *prefix, void (*each)(const char *path, void *arg), void *arg);

/* "k:{\"name\":\"web\"}" of a list's entry. */
char *kl_fieldset_key(const struct kl_field *field, const json_t *entry);
/* How server-side apply looks at a field. */
enum kl_field_form { KL_FORM_LEAF, KL_FORM_STRUCT, KL_FORM_MAP, KL_FORM_LIST_MAP, KL_FORM_LIST_SET };
enum kl_field_form kl_field_form(const struct kl_field *field);

#endif
