/*
 * Collecting what is wrong with an object, in upstream's words: every failure has a field path, a reason and a message,
 * and all of them make up one 422 answer.
 */
#ifndef KL_VALIDATE_H
#define KL_VALIDATE_H

#include "json.h"
#include "kind.h"
#include "names.h"
#include "schema.h"
#include "status.h"

/* A place in an object; lives on the stack of the walk and becomes text only where something is wrong. */
struct kl_path {
	const struct kl_path *parent;
	const char *key; /* NULL: an index */
	size_t index;
	bool map_key; /* written in brackets: data[key] */
};
#define KL_KEY(up, name)     (&(const struct kl_path){.parent = (up), .key = (name)})
#define KL_INDEX(up, i)      (&(const struct kl_path){.parent = (up), .index = (i)})
#define KL_MAP_KEY(up, name) (&(const struct kl_path){.parent = (up), .key = (name), .map_key = true})
/* "spec.containers[0].name"; "" for the root (NULL). */
void kl_path_text(const struct kl_path *path, struct kl_buf *buf);
/* The same without indexes, as Go's decoder names a struct field. */
void kl_path_go(const struct kl_path *path, struct kl_buf *buf);

struct kl_errors {
	size_t count;
	struct kl_buf text;  /* "path: message, path: message" */
	struct kl_status st; /* carries the causes */
};
void kl_errors_release(struct kl_errors *errors);

void kl_required(struct kl_errors *errors, const struct kl_path *path, const char *detail); /* "" or words */
void kl_invalid(struct kl_errors *errors, const struct kl_path *path, const json_t *value, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void kl_invalid_str(struct kl_errors *errors, const struct kl_path *path, const char *value, const char *detail);
/* choices as in schema rows: "A|B". */
void kl_not_supported(struct kl_errors *errors, const struct kl_path *path, const json_t *value, const char *choices);
void kl_duplicate(struct kl_errors *errors, const struct kl_path *path, const json_t *value);
void kl_forbidden(struct kl_errors *errors, const struct kl_path *path, const char *detail);
void kl_too_long(struct kl_errors *errors, const struct kl_path *path, size_t max_bytes);
void kl_not_found(struct kl_errors *errors, const struct kl_path *path, const json_t *value);

/* 0, or -1 with the collected errors as `Kind.group "name" is invalid: …` (422). */
int kl_errors_status(struct kl_errors *errors, const struct kl_kind *kind, const char *name, struct kl_status *st);

/* Required fields, ranges, choices and the types' own rules, over a whole object (its status excepted). */
void kl_schema_validate(
	const struct kl_schema *schema, const json_t *object, const struct kl_path *path, struct kl_errors *errors);
/* Labels, annotations, names of owners, finalizers. */
void kl_metadata_validate(
	const struct kl_kind *kind, const json_t *object, kl_name_check *name_check, struct kl_errors *errors);
void kl_labels_validate(const json_t *labels, const struct kl_path *path, struct kl_errors *errors);
/* Differs from old: `field is immutable`. */
void kl_immutable(struct kl_errors *errors, const struct kl_path *path, const json_t *old, const json_t *value);

#endif
