/*
 * From one layout of a struct to another: fields of the same name are copied, whatever their place and width, as the two
 * maps' BTF types say. New fields are zero, those that are gone are left out, reserved ones are of no meaning.
 */
#ifndef KL_FIELDS_H
#define KL_FIELDS_H

#include "err.h"
#include "mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kl_fields;

enum kl_fields_of { KL_FIELDS_KEY, KL_FIELDS_VALUE };
/*
 * member: NULL, or the name of a member of the value's type that is meant instead of the whole (of a union, one of its
 * views). Numbers keep their value when they grow; one that shrinks loses its upper bits.
 */
int kl_fields_new(
	int from_fd, int to_fd, enum kl_fields_of of, const char *member, struct kl_fields **ret, struct kl_err *err);
void kl_fields_free(struct kl_fields *fields);
KL_AUTO(kl_cleanup_fields, struct kl_fields, kl_fields_free)
#define kl_autofields kl_cleanup(kl_cleanup_fields) struct kl_fields

/* Both layouts are byte for byte the same. */
bool kl_fields_same(const struct kl_fields *fields);
/* Of one value, as it will be. */
size_t kl_fields_bytes(const struct kl_fields *fields);
/* `to` is cleared first. */
void kl_fields_copy(const struct kl_fields *fields, const void *from, void *to);

/* Where a member stands in the values of a map, in bytes; -ENOENT: it has none of that name. */
int kl_fields_place(int fd, const char *member, uint32_t *ret, struct kl_err *err);

#endif
