/*
 * Helpers over jansson. Paths are given as keys ended by NULL: kl_json_get(pod, "spec", "nodeName", NULL).
 * Results are borrowed unless the name says otherwise.
 */
#ifndef KL_JSON_H
#define KL_JSON_H

#include "buf.h"
#include "err.h"

#include <jansson.h>

static inline void kl_cleanup_json(json_t **json)
{
	json_decref(*json);
}
#define kl_autojson kl_cleanup(kl_cleanup_json) json_t

json_t *kl_json_get(const json_t *json, ...) __attribute__((sentinel));
/* "" stands for absent or not a string: never NULL. */
const char *kl_json_str(const json_t *json, ...) __attribute__((sentinel));
/* NULL for absent or not a string. */
const char *kl_json_str_or_null(const json_t *json, ...) __attribute__((sentinel));
int64_t kl_json_int(const json_t *json, int64_t absent, ...) __attribute__((sentinel));
bool kl_json_bool(const json_t *json, int absent, ...) __attribute__((sentinel));
/* Makes the objects on the way. Steals value. */
void kl_json_set(json_t *json, json_t *value, ...) __attribute__((sentinel));
/* The object at the path, made (with those on the way) where absent. */
json_t *kl_json_ensure(json_t *json, ...) __attribute__((sentinel));
void kl_json_delete(json_t *json, ...) __attribute__((sentinel));

/* Compact text appended to buf. */
void kl_json_dump(const json_t *json, struct kl_buf *buf);
/* Compact text; owned by the caller. */
char *kl_json_text(const json_t *json);
/*
 * Parses one value from bytes: duplicate keys, trailing bytes and nesting beyond jansson's limit are errors (-EINVAL,
 * with line and column). NUL bytes in strings are refused.
 */
json_t *kl_json_parse(const char *data, size_t len, struct kl_err *err);
/* The same for usual input and several times as fast; NULL where it gives up, which says nothing about the input. */
json_t *kl_json_parse_quick(const char *data, size_t len);
json_t *kl_json_load(const char *path, size_t max, struct kl_err *err);

#endif
