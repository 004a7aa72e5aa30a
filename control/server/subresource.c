/* Subresources that are no part of the object: binding, scale. */
#include "registry_impl.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

/* --- pods/binding --- */

static void set_condition(json_t *pod, const char *type, const char *status)
{
	json_t *status_json = kl_json_ensure(pod, "status", NULL),
	       *conditions = json_object_get(status_json, "conditions");
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	if (!conditions) {
		conditions = json_array();
		json_object_set_new(status_json, "conditions", conditions);
	}
	for (size_t i = json_array_size(conditions); i-- > 0;)
		if (!strcmp(kl_json_str(json_array_get(conditions, i), "type", NULL), type))
			json_array_remove(conditions, i);
	json_array_append_new(conditions, json_pack("{s:n, s:s, s:s, s:s}", "lastProbeTime", "lastTransitionTime", now,
						  "status", status, "type", type));
}

static bool may_bind(struct kl_op *op, const json_t *pod, const char *node)
{
	struct kl_status *st = &op->response->status;
	const char *name = op->request->name, *bound = kl_json_str(pod, "spec", "nodeName", NULL);
	kl_autofree char *why = NULL;
	if (!*node) {
		kl_status_set(st, 422, "Invalid", "Binding \"%s\" is invalid: target.name: Required value", name);
		kl_status_cause(st, "FieldValueRequired", "target.name", "Required value");
		return false;
	}
	if (kl_json_get(pod, "metadata", "deletionTimestamp", NULL))
		why = kl_asprintf("pod %s is being deleted, cannot be assigned to a host", name);
	else if (*bound)
		why = kl_asprintf("pod %s is already assigned to node \"%s\"", name, bound);
	else if (json_array_size(kl_json_get(pod, "spec", "schedulingGates", NULL)))
		why = kl_asprintf("pod %s has non-empty .spec.schedulingGates", name);
	if (why)
		kl_status_conflict(st, "", "pods/binding", name, why);
	return !why;
}

enum kl_op_step op_bind(struct kl_op *op)
{
	const json_t *binding = op->request->object;
	const char *node = kl_json_str(binding, "target", "name", NULL);
	op->answer = KL_ANSWER_SUCCESS;
	op->retry_conflict = true;
	if (!op_load(op))
		return op_fail(op);
	json_t *pod = kl_object_parse(op->current);
	if (!may_bind(op, pod, node)) {
		json_decref(pod);
		return op_fail(op);
	}
	kl_json_set(pod, json_string(node), "spec", "nodeName", NULL);
	json_t *annotations = kl_json_get(binding, "metadata", "annotations", NULL);
	if (json_object_size(annotations))
		json_object_update(kl_json_ensure(pod, "metadata", "annotations", NULL), annotations);
	set_condition(pod, "PodScheduled", "True");
	return op_put(op, pod, op->current->rv);
}

/* --- scale --- */

static json_t *patched_scale(struct kl_op *op, const json_t *tree)
{
	const struct kl_request *request = op->request;
	struct kl_status *st = &op->response->status;
	kl_autojson *scale = kl_api_scale_get(request->kind, tree, st);
	if (!scale)
		return NULL;
	/* a Scale has no lists: a strategic merge is a merge */
	enum kl_patch_type type = request->patch_type == KL_PATCH_STRATEGIC ? KL_PATCH_MERGE : request->patch_type;
	struct kl_write w = op_write_of(op);
	return kl_api_patch(&w, type, scale, request->body, request->body_len, request->force, st);
}

enum kl_op_step op_scale(struct kl_op *op)
{
	const struct kl_request *request = op->request;
	struct kl_status *st = &op->response->status;
	op->answer = KL_ANSWER_SCALE;
	if (!op_load(op))
		return op_fail(op);
	kl_autojson *old = op_current_tree(op);
	if (!old)
		return op_fail(op);
	if (request->verb == KL_GET) {
		op->response->json = kl_api_scale_get(request->kind, old, st);
		return op_fail(op);
	}
	kl_autojson *scale = request->verb == KL_PATCH ? patched_scale(op, old) : json_incref(request->object);
	if (!scale)
		return op_fail(op);
	const char *rv = kl_json_str(scale, "metadata", "resourceVersion", NULL);
	if (*rv && strtoull(rv, NULL, 10) != op->current->rv) {
		kl_status_conflict(st, request->kind->group, request->kind->plural, request->name, NULL);
		return op_fail(op);
	}
	json_t *tree = json_deep_copy(old);
	if (kl_api_scale_set(request->kind, tree, scale, st) < 0) {
		json_decref(tree);
		return op_fail(op);
	}
	op->retry_conflict = request->verb == KL_PATCH || !*rv;
	return op_replace(op, old, tree, op->current->rv);
}
