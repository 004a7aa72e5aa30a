/*
 * One request to the registry as a machine that never waits: it prepares a write, somebody has it stored (alone, or
 * with others in one group), and it looks at the outcome, which may mean to prepare again because somebody else was
 * faster.
 */
#ifndef KL_OP_H
#define KL_OP_H

#include "alloc.h"
#include "registry.h"

enum kl_op_step {
	KL_OP_DONE,  /* the response is complete */
	KL_OP_WRITE, /* have op->write stored (kl_store_submit, kl_store_commit_each), then call kl_op_written() */
};

enum kl_op_answer { KL_ANSWER_OBJECT, KL_ANSWER_SUCCESS, KL_ANSWER_DELETED, KL_ANSWER_SCALE };

struct kl_op {
	struct kl_registry *registry;
	const struct kl_request *request; /* borrowed until the end */
	struct kl_response *response;
	struct kl_store_write write;
	/* private */
	json_t *object;            /* what is written */
	char *ns, *name;           /* where: write.ns and write.name point here */
	struct kl_object *current; /* what it replaces, a reference */
	struct kl_alloc_change change;
	enum kl_op_answer answer;
	bool generated, retry_conflict, created;
	bool taking_budget, granted; /* an eviction: what is written is the budget; it has been */
	unsigned attempts;
};

/* The response must be zero and belongs to the caller. */
enum kl_op_step kl_op_begin(
	struct kl_op *op, struct kl_registry *registry, const struct kl_request *request, struct kl_response *response);
enum kl_op_step kl_op_written(struct kl_op *op);

#endif
