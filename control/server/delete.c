/*
 * Deletion: at once, after a grace period that the node's agent ends (pods), or when the last finalizer is gone.
 */
#include "registry_impl.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define FINALIZER_ORPHAN     "orphan"
#define FINALIZER_FOREGROUND "foregroundDeletion"

static bool is_pod(const struct kl_kind *kind)
{
	return !*kind->group && !strcmp(kind->kind, "Pod");
}

static bool is_namespace(const struct kl_kind *kind)
{
	return !*kind->group && !strcmp(kind->kind, "Namespace");
}

bool object_may_go(const struct kl_kind *kind, const json_t *object)
{
	const json_t *meta = json_object_get(object, "metadata");
	if (!json_object_get(meta, "deletionTimestamp") || json_array_size(json_object_get(meta, "finalizers")))
		return false;
	if (is_namespace(kind))
		return json_array_size(kl_json_get(object, "spec", "finalizers", NULL)) == 0;
	return kl_json_int(meta, 0, "deletionGracePeriodSeconds", NULL) == 0;
}

static void set_deletion(json_t *object, int64_t grace_s)
{
	json_t *meta = json_object_get(object, "metadata");
	char when[KL_TIME_TEXT];
	kl_time_format(kl_realtime_ms() / 1000 + grace_s, when);
	json_object_set_new(meta, "deletionTimestamp", json_string(when));
	json_object_set_new(meta, "deletionGracePeriodSeconds", json_integer(grace_s));
	int64_t generation = kl_json_int(meta, 0, "generation", NULL);
	if (generation > 0)
		json_object_set_new(meta, "generation", json_integer(generation + 1));
}

/* How long a pod may take to end: 0 removes it now. */
static int64_t pod_grace(const json_t *pod, int64_t wanted_s)
{
	const char *phase = kl_json_str(pod, "status", "phase", NULL);
	if (!*kl_json_str(pod, "spec", "nodeName", NULL) || !strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"))
		return 0;
	if (wanted_s < 0)
		wanted_s = kl_json_int(pod, 30, "spec", "terminationGracePeriodSeconds", NULL);
	return wanted_s < 0 ? 1 : wanted_s;
}

static void drop_finalizer(json_t *finalizers, const char *name)
{
	for (size_t i = json_array_size(finalizers); i-- > 0;)
		if (!strcmp(json_string_value(json_array_get(finalizers, i)), name))
			json_array_remove(finalizers, i);
}

static bool has_finalizer(const json_t *finalizers, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (finalizers, i, item)
		if (!strcmp(json_string_value(item), name))
			return true;
	return false;
}

/* Says by finalizers what the garbage collector shall do with the dependents; true when that changed the object. */
static bool set_propagation(json_t *object, const char *propagation)
{
	json_t *meta = json_object_get(object, "metadata"), *finalizers = json_object_get(meta, "finalizers");
	if (!propagation)
		return false;
	const char *wanted = !strcmp(propagation, "Orphan")       ? FINALIZER_ORPHAN
			     : !strcmp(propagation, "Foreground") ? FINALIZER_FOREGROUND
								  : NULL;
	size_t before = json_array_size(finalizers);
	bool had = wanted && has_finalizer(finalizers, wanted);
	drop_finalizer(finalizers, FINALIZER_ORPHAN);
	drop_finalizer(finalizers, FINALIZER_FOREGROUND);
	if (wanted && !finalizers) {
		finalizers = json_array();
		json_object_set_new(meta, "finalizers", finalizers);
	}
	if (wanted)
		json_array_append_new(finalizers, json_string(wanted));
	bool changed =
		!(had && before == json_array_size(finalizers)) && (wanted || before != json_array_size(finalizers));
	if (finalizers && !json_array_size(finalizers))
		json_object_del(meta, "finalizers");
	return changed;
}

static enum kl_op_step answer_current(struct kl_op *op, json_t *tree)
{
	json_decref(tree);
	op->response->object = kl_take(&op->current);
	return op_fail(op); /* nothing is held: this only tidies up */
}

static enum kl_op_step delete_namespace(struct kl_op *op, json_t *tree, uint64_t rv)
{
	if (object_may_go(op->request->kind, tree))
		return op_remove(op, tree, rv);
	bool marked = kl_json_get(tree, "metadata", "deletionTimestamp", NULL) != NULL;
	if (marked)
		return answer_current(op, tree);
	set_deletion(tree, 0);
	kl_json_set(tree, json_string("Terminating"), "status", "phase", NULL);
	return object_may_go(op->request->kind, tree) ? op_remove(op, tree, rv) : op_put(op, tree, rv);
}

/* A pod on a node: its agent ends it and deletes it again with grace 0. A second deletion may only shorten the time. */
static enum kl_op_step delete_bound_pod(struct kl_op *op, json_t *tree, int64_t grace_s, bool given, uint64_t rv)
{
	const json_t *meta = json_object_get(tree, "metadata");
	bool marked = json_object_get(meta, "deletionTimestamp") != NULL;
	if (marked && (!given || grace_s >= kl_json_int(meta, 0, "deletionGracePeriodSeconds", NULL)))
		return answer_current(op, tree);
	set_deletion(tree, grace_s);
	return op_put(op, tree, rv);
}

static bool check_preconditions(struct kl_op *op, const struct delete_options *options)
{
	const struct kl_kind *kind = op->request->kind;
	char rv[24];
	snprintf(rv, sizeof(rv), "%llu", (unsigned long long)op->current->rv);
	kl_autofree char *why = NULL;
	if (options->uid && strcmp(options->uid, op->current->uid) != 0)
		why = kl_asprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", options->uid,
			op->current->uid);
	else if (options->rv && strcmp(options->rv, rv) != 0)
		why = kl_asprintf(
			"Precondition failed: ResourceVersion in precondition: %s, ResourceVersion in object meta: %s",
			options->rv, rv);
	if (why)
		kl_status_conflict(&op->response->status, kind->group, kind->plural, op->current->name, why);
	return !why;
}

enum kl_op_step op_delete_current(struct kl_op *op, const struct delete_options *options)
{
	if (!check_preconditions(op, options) || admit_delete(op, op->current) < 0)
		return op_fail(op);
	uint64_t rv = op->current->rv;
	json_t *tree = kl_object_parse(op->current);
	if (is_namespace(op->request->kind))
		return delete_namespace(op, tree, rv);
	bool propagation = set_propagation(tree, options->propagation);
	int64_t grace_s = is_pod(op->request->kind) ? pod_grace(tree, options->grace_s) : 0;
	if (grace_s > 0)
		return delete_bound_pod(op, tree, grace_s, options->grace_s >= 0, rv);
	if (json_array_size(kl_json_get(tree, "metadata", "finalizers", NULL)) == 0)
		return op_remove(op, tree, rv);
	bool marked = kl_json_get(tree, "metadata", "deletionTimestamp", NULL) &&
		      kl_json_int(tree, 0, "metadata", "deletionGracePeriodSeconds", NULL) == 0;
	if (marked && !propagation)
		return answer_current(op, tree);
	if (!marked)
		set_deletion(tree, 0);
	return op_put(op, tree, rv);
}

static bool valid_propagation(const char *text)
{
	return !strcmp(text, "Background") || !strcmp(text, "Foreground") || !strcmp(text, "Orphan");
}

/* The body of a DELETE; absent members leave what the request says. */
static bool read_options(struct kl_op *op, const json_t *body, struct delete_options *options)
{
	struct kl_status *st = &op->response->status;
	const char *kind = kl_json_str(body, "kind", NULL);
	if (*kind && strcmp(kind, "DeleteOptions") != 0)
		return kl_status_bad_request(st, "no kind \"%s\" is registered for deletion options", kind) == 0;
	options->grace_s = kl_json_int(body, options->grace_s, "gracePeriodSeconds", NULL);
	const char *propagation = kl_json_str(body, "propagationPolicy", NULL);
	if (*propagation)
		options->propagation = propagation;
	if (json_object_get(body, "orphanDependents") && json_is_boolean(json_object_get(body, "orphanDependents")))
		options->propagation = kl_json_bool(body, false, "orphanDependents", NULL) ? "Orphan" : "Background";
	const char *uid = kl_json_str_or_null(body, "preconditions", "uid", NULL);
	const char *rv = kl_json_str_or_null(body, "preconditions", "resourceVersion", NULL);
	options->uid = uid ? uid : options->uid;
	options->rv = rv ? rv : options->rv;
	if (options->propagation && !valid_propagation(options->propagation)) {
		kl_status_set(st, 422, "Invalid",
			"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"%s\": "
			"supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
			options->propagation);
		return false;
	}
	return true;
}

enum kl_op_step op_delete(struct kl_op *op)
{
	const struct kl_request *request = op->request;
	struct delete_options options = {
		request->grace_period_s, request->propagation, request->precondition_uid, request->precondition_rv};
	kl_autojson *body = NULL;
	op->answer = KL_ANSWER_DELETED;
	if (request->body_len) {
		struct kl_err err = {0};
		body = kl_json_parse(request->body, request->body_len, &err);
		if (!body) {
			kl_status_bad_request(&op->response->status, "deletion options: %s", err.text);
			return op_fail(op);
		}
	}
	if (!read_options(op, body, &options) || !op_load(op))
		return op_fail(op);
	op->retry_conflict = !options.rv;
	return op_delete_current(op, &options);
}
