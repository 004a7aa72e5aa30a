/* Short names for the rows of schema_*.c; included by those files only. */
#ifndef KL_SCHEMA_ROWS_H
#define KL_SCHEMA_ROWS_H

#include "mem.h"
#include "schema.h"
#include "type_hooks.h"

/* num: the number of the field in the protobuf form. */
#define ROW_(field, num, kind, form, ...) {.name = field, .number = (num), .type = kind, .shape = form, __VA_ARGS__}
#define STR(field, num, ...)		     ROW_(field, num, KL_T_STRING, KL_ONE, __VA_ARGS__)
#define I32(field, num, ...)		     ROW_(field, num, KL_T_INT32, KL_ONE, __VA_ARGS__)
#define I64(field, num, ...)		     ROW_(field, num, KL_T_INT64, KL_ONE, __VA_ARGS__)
#define BOOL(field, num, ...)	     ROW_(field, num, KL_T_BOOL, KL_ONE, __VA_ARGS__)
#define QUANTITY(field, num, ...)	     ROW_(field, num, KL_T_QUANTITY, KL_ONE, __VA_ARGS__)
#define INT_OR_STR(field, num, ...)	     ROW_(field, num, KL_T_INT_OR_STRING, KL_ONE, __VA_ARGS__)
#define TIME(field, num, ...)	     ROW_(field, num, KL_T_TIME, KL_ONE, __VA_ARGS__)
#define MICRO_TIME(field, num, ...)	     ROW_(field, num, KL_T_MICRO_TIME, KL_ONE, __VA_ARGS__)
#define BYTES(field, num, ...)	     ROW_(field, num, KL_T_BYTES, KL_ONE, __VA_ARGS__)
#define ANY(field, num, ...)		     ROW_(field, num, KL_T_ANY, KL_ONE, __VA_ARGS__)
#define OBJ(field, num, to, ...)	     ROW_(field, num, KL_T_STRUCT, KL_ONE, .ref = &kl_schema_##to, __VA_ARGS__)
#define MAP_TIME(field, num, ...)	     ROW_(field, num, KL_T_TIME, KL_MAP, __VA_ARGS__)
#define LIST_STR(field, num, ...)	     ROW_(field, num, KL_T_STRING, KL_LIST, __VA_ARGS__)
#define LIST_I32(field, num, ...)	     ROW_(field, num, KL_T_INT32, KL_LIST, __VA_ARGS__)
#define LIST_I64(field, num, ...)	     ROW_(field, num, KL_T_INT64, KL_LIST, __VA_ARGS__)
#define LIST_OBJ(field, num, to, ...)     ROW_(field, num, KL_T_STRUCT, KL_LIST, .ref = &kl_schema_##to, __VA_ARGS__)
#define MAP_STR(field, num, ...)	     ROW_(field, num, KL_T_STRING, KL_MAP, __VA_ARGS__)
#define MAP_LIST_STR(field, num, ...)     ROW_(field, num, KL_T_ANY, KL_MAP, __VA_ARGS__)
#define MAP_QUANTITY(field, num, ...)     ROW_(field, num, KL_T_QUANTITY, KL_MAP, __VA_ARGS__)
#define MAP_BYTES(field, num, ...)	     ROW_(field, num, KL_T_BYTES, KL_MAP, __VA_ARGS__)
#define MAP_ANY(field, num, ...)	     ROW_(field, num, KL_T_ANY, KL_MAP, __VA_ARGS__)

/* A field of a struct that Go embeds: there it is a message of its own. */
#define INLINE(message, num) ((message) << 8 | (num))

#define FLAGS(bits)   .flags = (bits)
#define KEYS(list)    .keys = list
#define DEF(text)     .def = text
#define CHOICES(text) .choices = text
#define DOC(text)     .doc = text

#define SCHEMA(id, path, ...)                                                                                          \
	const struct kl_schema kl_schema_##id = {                                                                      \
		.name = #id, .openapi = path, .fields = fields_##id, .field_count = KL_ARRAY_LEN(fields_##id), __VA_ARGS__}

#endif
