/*
 * Objects of one kind in key order (namespace, then name): a sorted list cut into blocks, so that an insertion moves
 * little. Not locked; holds a reference to each object.
 */
#ifndef KL_INDEX_H
#define KL_INDEX_H

#include "store.h"

struct index;

struct index *index_new(void);
void index_free(struct index *index);
size_t index_count(const struct index *index);
/* Borrowed; NULL when absent. */
struct kl_object *index_get(const struct index *index, const char *ns, const char *name);
/* Adds or replaces; takes a reference of its own. Returns the replaced one (its reference is the caller's) or NULL. */
struct kl_object *index_put(struct index *index, struct kl_object *obj);
/* Returns the removed one (its reference is the caller's) or NULL. */
struct kl_object *index_remove(struct index *index, const char *ns, const char *name);

/* A position in the order. `index_seek` stands at the first object that is not before (ns, name). */
struct index_at {
	size_t block, item;
};
struct index_at index_seek(const struct index *index, const char *ns, const char *name);
/* The object at the position, which moves on; NULL at the end. */
struct kl_object *index_next(const struct index *index, struct index_at *at);
/* How many objects lie in [from, to). */
size_t index_distance(const struct index *index, struct index_at from, struct index_at to);
struct index_at index_end(const struct index *index);

#endif
