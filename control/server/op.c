#include "registry_impl.h"

#include "clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How often a write is prepared again when somebody else changed the object meanwhile. */
enum { MAX_ATTEMPTS = 30 };

static enum kl_op_step prepare(struct kl_op *op);

struct kl_write op_write_of(const struct kl_op *op)
{
	const struct kl_request *request = op->request;
	return (struct kl_write){
		.kind = request->kind,
		.subresource = request->subresource,
		.ns = request->ns,
		.name = request->name,
		.manager = request->field_manager,
		.user_agent = request->user_agent,
		.operation = request->verb == KL_PATCH && request->patch_type == KL_PATCH_APPLY ? "Apply" : "Update",
		.field_validation = request->field_validation,
		.now_ms = kl_realtime_ms(),
		.user = request->user ? request->user->name : NULL,
		.user_groups = request->user ? request->user->groups : NULL,
	};
}

static void reset(struct kl_op *op)
{
	json_decref(kl_take(&op->object));
	kl_object_unref(kl_take(&op->current));
	free(kl_take(&op->ns));
	free(kl_take(&op->name));
	op->write = (struct kl_store_write){0};
}

enum kl_op_step op_fail(struct kl_op *op)
{
	kl_alloc_settle(op->registry->alloc, &op->change, false);
	reset(op);
	return KL_OP_DONE;
}

bool op_load(struct kl_op *op)
{
	const struct kl_request *request = op->request;
	op->current = kl_store_get(op->registry->store, request->kind, request->ns, request->name);
	if (!op->current)
		kl_status_not_found(&op->response->status, request->kind->group, request->kind->plural, request->name);
	return op->current != NULL;
}

static const struct kl_kind *storage_kind(const struct kl_op *op)
{
	return kl_kind_by_id(op->request->kind->storage_id);
}

json_t *op_current_tree(struct kl_op *op)
{
	json_t *tree = kl_object_parse(op->current);
	if (op->request->kind->id != op->request->kind->storage_id &&
		kl_api_convert(storage_kind(op), op->request->kind, tree, &op->response->status) < 0) {
		json_decref(tree);
		return NULL;
	}
	return tree;
}

static int to_storage(struct kl_op *op, json_t *tree)
{
	if (op->request->kind->id == op->request->kind->storage_id)
		return 0;
	return kl_api_convert(op->request->kind, storage_kind(op), tree, &op->response->status);
}

/* The answer of a write that is not carried out: a dry run, or one that would change nothing. */
static enum kl_op_step answer_unwritten(struct kl_op *op, json_t *tree)
{
	kl_alloc_settle(op->registry->alloc, &op->change, false);
	struct kl_status *st = &op->response->status;
	if (op->answer == KL_ANSWER_SCALE) {
		op->response->json = kl_api_scale_get(op->request->kind, tree, st);
		json_decref(tree);
	} else if (op->answer == KL_ANSWER_SUCCESS) {
		op->response->json = kl_status_json(&(struct kl_status){.code = 201});
		json_decref(tree);
	} else {
		op->response->json = tree;
	}
	op->response->created = op->created || op->answer == KL_ANSWER_SUCCESS;
	reset(op);
	return KL_OP_DONE;
}

static enum kl_op_step submit(struct kl_op *op, enum kl_write_op kind, json_t *tree, uint64_t expected_rv)
{
	op->object = tree;
	op->write = (struct kl_store_write){
		.op = kind,
		.kind = storage_kind(op),
		.ns = op->ns,
		.name = op->name,
		.object = tree,
		.expected_rv = expected_rv,
	};
	return KL_OP_WRITE;
}

static void take_place(struct kl_op *op, const json_t *tree)
{
	free(op->ns);
	free(op->name);
	op->ns = kl_strdup(op->request->kind->namespaced ? kl_json_str(tree, "metadata", "namespace", NULL) : "");
	op->name = kl_strdup(kl_json_str(tree, "metadata", "name", NULL));
}

static void take_current_place(struct kl_op *op)
{
	free(op->ns);
	free(op->name);
	op->ns = kl_strdup(op->current->ns);
	op->name = kl_strdup(op->current->name);
}

static enum kl_op_step create_tree(struct kl_op *op, const struct kl_write *w, json_t *tree)
{
	struct kl_status *st = &op->response->status;
	op->object = tree;
	op->created = true;
	op->generated =
		!*kl_json_str(tree, "metadata", "name", NULL) && *kl_json_str(tree, "metadata", "generateName", NULL);
	if (kl_api_create(w, tree, &op->response->warnings, st) < 0 || to_storage(op, tree) < 0 ||
		admit_create(op, tree) < 0)
		return op_fail(op);
	take_place(op, tree);
	if (op->request->dry_run) {
		kl_autofree char *name = kl_strdup(op->name);
		struct kl_object *there = kl_store_get(op->registry->store, op->request->kind, op->ns, op->name);
		if (there) {
			kl_object_unref(there);
			kl_status_already_exists(st, op->request->kind->group, op->request->kind->plural, name);
			return op_fail(op);
		}
		return answer_unwritten(op, kl_take(&op->object));
	}
	return submit(op, KL_STORE_CREATE, tree, 0);
}

enum kl_op_step op_create(struct kl_op *op)
{
	struct kl_write w = op_write_of(op);
	/* a second attempt needs what the client sent: only a generated name is tried again */
	bool again = !*kl_json_str(op->request->object, "metadata", "name", NULL);
	return create_tree(op, &w, again ? json_deep_copy(op->request->object) : json_incref(op->request->object));
}

/* Nothing a reader could see has changed. */
static bool same_object(const json_t *old, json_t *tree)
{
	json_t *old_meta = json_object_get(old, "metadata"), *meta = json_object_get(tree, "metadata");
	kl_autojson *rv = json_incref(json_object_get(old_meta, "resourceVersion"));
	json_object_del(old_meta, "resourceVersion");
	json_object_del(meta, "resourceVersion");
	bool same = json_equal(old, tree);
	json_object_set(old_meta, "resourceVersion", rv);
	return same;
}

enum kl_op_step op_remove(struct kl_op *op, json_t *tree, uint64_t expected_rv)
{
	if (op->request->dry_run)
		return answer_unwritten(op, tree ? tree : kl_object_parse(op->current));
	if (op->request->kind == kl_kind_named("", "Service")) {
		kl_autojson *old = kl_object_parse(op->current);
		kl_alloc_settle(op->registry->alloc, &op->change, false);
		kl_alloc_drop(old, &op->change);
	}
	take_current_place(op);
	return submit(op, KL_STORE_DELETE, tree, expected_rv);
}

enum kl_op_step op_put(struct kl_op *op, json_t *tree, uint64_t expected_rv)
{
	if (op->request->dry_run)
		return answer_unwritten(op, tree);
	take_current_place(op);
	return submit(op, KL_STORE_UPDATE, tree, expected_rv);
}

enum kl_op_step op_replace(struct kl_op *op, const json_t *old, json_t *tree, uint64_t expected_rv)
{
	struct kl_write w = op_write_of(op);
	struct kl_status *st = &op->response->status;
	if (op->request->kind == kl_kind_named("", "Service") && !op->request->subresource)
		kl_alloc_carry_over(old, tree);
	if (kl_api_update(&w, old, tree, &op->response->warnings, st) < 0 || to_storage(op, tree) < 0) {
		json_decref(tree);
		return op_fail(op);
	}
	kl_autojson *stored = kl_object_parse(op->current);
	if (admit_update(op, stored, tree) < 0) {
		json_decref(tree);
		return op_fail(op);
	}
	if (object_may_go(op->request->kind, tree))
		return op_remove(op, tree, expected_rv);
	if (same_object(stored, tree)) {
		kl_alloc_settle(op->registry->alloc, &op->change, true);
		if (op->answer == KL_ANSWER_OBJECT) {
			op->response->object = kl_take(&op->current);
			json_decref(tree);
			reset(op);
			return KL_OP_DONE;
		}
		return answer_unwritten(op, tree);
	}
	return op_put(op, tree, expected_rv);
}

/* metadata.resourceVersion of what a client sent: 0 when it sent none; false when it is no number. */
static bool client_rv(const json_t *object, uint64_t *ret)
{
	const char *text = kl_json_str(object, "metadata", "resourceVersion", NULL);
	char *end;
	errno = 0;
	*ret = *text ? strtoull(text, &end, 10) : 0;
	return !*text || (*end == '\0' && !errno && text[0] >= '0' && text[0] <= '9');
}

static enum kl_op_step fail_conflict(struct kl_op *op)
{
	kl_status_conflict(
		&op->response->status, op->request->kind->group, op->request->kind->plural, op->request->name, NULL);
	return op_fail(op);
}

enum kl_op_step op_update(struct kl_op *op)
{
	uint64_t rv;
	struct kl_status *st = &op->response->status;
	if (!client_rv(op->request->object, &rv)) {
		kl_status_bad_request(st, "metadata.resourceVersion: Invalid value: \"%s\"",
			kl_json_str(op->request->object, "metadata", "resourceVersion", NULL));
		return op_fail(op);
	}
	if (!op_load(op))
		return op_fail(op);
	if (rv && rv != op->current->rv)
		return fail_conflict(op);
	kl_autojson *old = op_current_tree(op);
	if (!old)
		return op_fail(op);
	op->retry_conflict = !rv;
	/* a second attempt needs what the client sent, and there is one only without a resourceVersion */
	json_t *tree = rv ? json_incref(op->request->object) : json_deep_copy(op->request->object);
	return op_replace(op, old, tree, op->current->rv);
}

static enum kl_op_step apply_to_create(struct kl_op *op)
{
	struct kl_write w = op_write_of(op);
	const struct kl_request *request = op->request;
	json_t *tree = kl_api_patch(
		&w, request->patch_type, NULL, request->body, request->body_len, request->force, &op->response->status);
	if (!tree)
		return op_fail(op);
	w.created_by_update = true;
	kl_status_release(&op->response->status);
	return create_tree(op, &w, tree);
}

enum kl_op_step op_patch(struct kl_op *op)
{
	struct kl_write w = op_write_of(op);
	const struct kl_request *request = op->request;
	struct kl_status *st = &op->response->status;
	if (!op_load(op)) {
		if (request->patch_type == KL_PATCH_APPLY && !request->subresource)
			return apply_to_create(op);
		return op_fail(op);
	}
	kl_autojson *old = op_current_tree(op);
	json_t *tree =
		!old ? NULL
		     : kl_api_patch(&w, request->patch_type, old, request->body, request->body_len, request->force, st);
	if (!tree)
		return op_fail(op);
	uint64_t rv;
	if (!client_rv(tree, &rv) || (rv && rv != op->current->rv)) {
		json_decref(tree);
		return fail_conflict(op);
	}
	op->retry_conflict = true;
	return op_replace(op, old, tree, op->current->rv);
}

/* --- the outcome --- */

static json_t *deletion_status(const struct kl_request *request, const struct kl_object *obj)
{
	json_t *json = json_pack(
		"{s:s, s:s, s:{}, s:s}", "kind", "Status", "apiVersion", "v1", "metadata", "status", "Success");
	json_t *details =
		json_pack("{s:s, s:s, s:s}", "name", obj->name, "kind", request->kind->plural, "uid", obj->uid);
	if (*request->kind->group)
		json_object_set_new(details, "group", json_string(request->kind->group));
	json_object_set_new(json, "details", details);
	return json;
}

/* Upstream answers the deletion of these with the object itself. */
static bool deletion_returns_object(const struct kl_kind *kind)
{
	static const char *const names[] = {"Pod", "Service", "ServiceAccount", "Namespace", "PersistentVolume",
		"PersistentVolumeClaim", "PodTemplate", "ResourceQuota"};
	for (size_t i = 0; i < KL_ARRAY_LEN(names) && !*kind->group; i++)
		if (!strcmp(kind->kind, names[i]))
			return true;
	return false;
}

static void answer_stored(struct kl_op *op)
{
	struct kl_response *response = op->response;
	struct kl_object *result = kl_take(&op->write.result);
	bool deleted = op->write.op == KL_STORE_DELETE;
	response->created = op->created;
	if (op->answer == KL_ANSWER_SUCCESS) {
		response->json = kl_status_json(&(struct kl_status){.code = 201});
		response->created = true;
	} else if (op->answer == KL_ANSWER_SCALE) {
		kl_autojson *tree = kl_object_parse(result);
		response->json = kl_api_scale_get(op->request->kind, tree, &response->status);
	} else if (op->answer == KL_ANSWER_DELETED && deleted && !deletion_returns_object(op->request->kind)) {
		response->json = deletion_status(op->request, result);
	} else {
		response->object = kl_object_ref(result);
	}
	kl_object_unref(result);
}

static enum kl_op_step again(struct kl_op *op)
{
	kl_alloc_settle(op->registry->alloc, &op->change, false);
	reset(op);
	kl_warnings_release(&op->response->warnings);
	return prepare(op);
}

static enum kl_op_step fail_stored(struct kl_op *op, int error)
{
	const struct kl_kind *kind = op->request->kind;
	struct kl_status *st = &op->response->status;
	const char *name = op->name ? op->name : op->request->name;
	switch (error) {
	case -EEXIST:
		kl_status_already_exists(st, kind->group, kind->plural, name);
		break;
	case -ENOENT:
		kl_status_not_found(st, kind->group, kind->plural, name);
		break;
	case -ESTALE:
		kl_status_conflict(st, kind->group, kind->plural, name, NULL);
		break;
	case -ENOSPC:
		kl_status_set(st, 507, "InternalError", "the store's disk is full");
		break;
	default:
		kl_status_set(st, 500, "InternalError", "the store failed: %s", strerror(-error));
		break;
	}
	return op_fail(op);
}

/* An eviction has its place in the budget and goes on; or somebody else was faster, and it asks again. */
static enum kl_op_step budget_written(struct kl_op *op, int error)
{
	kl_object_unref(kl_take(&op->write.result));
	if (error && ((error != -ESTALE && error != -ENOENT) || ++op->attempts >= MAX_ATTEMPTS))
		return fail_stored(op, error);
	op->granted = error == 0;
	return again(op);
}

enum kl_op_step kl_op_written(struct kl_op *op)
{
	int error = op->write.error;
	if (kl_take(&op->taking_budget))
		return budget_written(op, error);
	if (error == 0) {
		answer_stored(op);
		kl_alloc_settle(op->registry->alloc, &op->change, true);
		reset(op);
		return KL_OP_DONE;
	}
	bool race = (error == -ESTALE && op->retry_conflict) || (error == -EEXIST && op->generated) ||
		    (error == -EEXIST && op->request->verb == KL_PATCH) ||
		    (error == -ENOENT && op->request->verb == KL_PATCH);
	if (race && ++op->attempts < MAX_ATTEMPTS)
		return again(op);
	return fail_stored(op, error);
}

/* --- the beginning --- */

static const struct {
	enum kl_verb verb;
	const char *subresource; /* NULL: the object itself */
	enum kl_op_step (*prepare)(struct kl_op *op);
} table[] = {
	{KL_CREATE, NULL, op_create},
	{KL_UPDATE, NULL, op_update},
	{KL_PATCH, NULL, op_patch},
	{KL_DELETE, NULL, op_delete},
	{KL_UPDATE, "status", op_update},
	{KL_PATCH, "status", op_patch},
	{KL_UPDATE, "finalize", op_update},
	{KL_UPDATE, "approval", op_update},
	{KL_PATCH, "approval", op_patch},
	{KL_UPDATE, "ephemeralcontainers", op_update},
	{KL_PATCH, "ephemeralcontainers", op_patch},
	{KL_CREATE, "binding", op_bind},
	{KL_CREATE, "eviction", op_evict},
	{KL_GET, "scale", op_scale},
	{KL_UPDATE, "scale", op_scale},
	{KL_PATCH, "scale", op_scale},
};

static enum kl_op_step get(struct kl_op *op)
{
	if (op_load(op))
		op->response->object = kl_take(&op->current);
	reset(op);
	return KL_OP_DONE;
}

static enum kl_op_step prepare(struct kl_op *op)
{
	const struct kl_request *request = op->request;
	const char *subresource = request->subresource ? request->subresource : "";
	for (size_t i = 0; i < KL_ARRAY_LEN(table); i++)
		if (table[i].verb == request->verb &&
			!strcmp(table[i].subresource ? table[i].subresource : "", subresource))
			return table[i].prepare(op);
	if (request->verb == KL_GET)
		return get(op);
	kl_status_set(&op->response->status, 405, "MethodNotAllowed",
		"the server does not allow this method on the requested resource");
	return KL_OP_DONE;
}

enum kl_op_step kl_op_begin(
	struct kl_op *op, struct kl_registry *registry, const struct kl_request *request, struct kl_response *response)
{
	*op = (struct kl_op){.registry = registry, .request = request, .response = response};
	return prepare(op);
}
