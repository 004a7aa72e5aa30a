/* What the files of the registry share: not for others. */
#ifndef KL_REGISTRY_IMPL_H
#define KL_REGISTRY_IMPL_H

#include "op.h"

struct kl_registry {
	struct kl_store *store;
	struct kl_alloc *alloc;
	int default_toleration_s;
	bool mount_tokens;
};

/*
 * Each prepares op->write from the request and what is stored now. KL_OP_WRITE, or KL_OP_DONE with the response set (a
 * failure, a dry run, nothing to do).
 */
enum kl_op_step op_create(struct kl_op *op);
enum kl_op_step op_update(struct kl_op *op);
enum kl_op_step op_patch(struct kl_op *op);
enum kl_op_step op_delete(struct kl_op *op);
/* subresource.c */
enum kl_op_step op_bind(struct kl_op *op);
enum kl_op_step op_scale(struct kl_op *op);

/* evict.c */
enum kl_op_step op_evict(struct kl_op *op);

/* The parts they are made of. */
enum kl_op_step op_fail(struct kl_op *op); /* response->status is set */
/* Loads op->current; false with 404. */
bool op_load(struct kl_op *op);
/* The current object in the client's version; a new tree. NULL with the status set. */
json_t *op_current_tree(struct kl_op *op);
struct kl_write op_write_of(const struct kl_op *op);
/* Finishes an update: `tree` (stolen) in the client's version replaces op->current, of which `old` is the tree. */
enum kl_op_step op_replace(struct kl_op *op, const json_t *old, json_t *tree, uint64_t expected_rv);
/* Writes `tree` (stolen), which is in storage form, over op->current. */
enum kl_op_step op_put(struct kl_op *op, json_t *tree, uint64_t expected_rv);
/* Removes op->current; `tree` (stolen; may be NULL): its final state. */
enum kl_op_step op_remove(struct kl_op *op, json_t *tree, uint64_t expected_rv);
/* delete.c: deletes op->current as DeleteOptions say. */
struct delete_options {
	int64_t grace_s; /* -1: not given */
	const char *propagation, *uid, *rv;
};
enum kl_op_step op_delete_current(struct kl_op *op, const struct delete_options *options);
/* Whether an object that is being deleted has nothing left that keeps it. */
bool object_may_go(const struct kl_kind *kind, const json_t *object);

/* admission.c: rules that need to see other objects. 0, or -1 with the status set. */
int admit_create(struct kl_op *op, json_t *object);
int admit_update(struct kl_op *op, const json_t *old, json_t *object);
int admit_delete(struct kl_op *op, const struct kl_object *current);
/* admission_csr.c */
int admit_csr(struct kl_op *op, const json_t *request);
/* admission_pod.c */
int admit_pod(struct kl_op *op, json_t *pod);
/* admission_account.c */
int admit_account(struct kl_op *op, json_t *pod);

#endif
