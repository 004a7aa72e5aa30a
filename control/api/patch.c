#include "patch.h"

#include "api.h"
#include "decode.h"
#include "managed.h"

#include <errno.h>
#include <string.h>

enum { PATCH_MAX = 3 << 20 };

static json_t *patch_json(const json_t *current, const char *data, size_t len, struct kl_status *st)
{
	struct kl_err err = {0};
	kl_autojson *operations = kl_json_parse(data, len, &err);
	if (!operations) {
		kl_status_bad_request(st, "error decoding patch: %s", kl_err_text(&err));
		return NULL;
	}
	if (kl_json_too_deep(operations)) {
		kl_status_bad_request(st, "error decoding patch: nested deeper than %d levels", KL_DEPTH_MAX);
		return NULL;
	}
	if (!json_is_array(operations)) {
		kl_status_bad_request(st,
			"error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch");
		return NULL;
	}
	kl_autojson *object = json_deep_copy(current);
	if (kl_patch_json(&object, operations, &err) < 0) {
		kl_status_set(st, err.code == -EFBIG ? 413 : 422,
			err.code == -EFBIG ? "RequestEntityTooLarge" : "Invalid",
			"the server rejected our request due to an error in our request: %s", kl_err_text(&err));
		return NULL;
	}
	return kl_take(&object);
}

/* The tree shares subtrees with `current` and the patch; what comes next writes into it. */
static json_t *own_copy(json_t *shared_taken)
{
	json_t *copy = shared_taken ? json_deep_copy(shared_taken) : NULL;
	json_decref(shared_taken);
	return copy;
}

static json_t *apply(const struct kl_write *w, const json_t *current, json_t *applied, bool force, struct kl_status *st)
{
	struct kl_decode d = {.note = w->field_validation == KL_VALIDATE_STRICT, .no_defaults = true};
	json_t *result = NULL;
	if (kl_schema_decode(&d, w->kind->schema, applied) < 0)
		kl_status_bad_request(st, "failed to create typed patch object (%s/%s; %s, Kind=%s): %s",
			w->ns ? w->ns : "", w->name ? w->name : "", kl_kind_api_version(w->kind), w->kind->kind,
			kl_buf_str(&d.error));
	else if (d.unknown_count)
		kl_status_set(st, 400, "BadRequest", "strict decoding error: unknown field \"%s\"", d.unknown[0]);
	else
		result = kl_managed_apply(w, current, applied, force, st);
	kl_decode_release(&d);
	return result;
}

static json_t *patch_apply(
	const struct kl_write *w, const json_t *current, const char *data, size_t len, bool force, struct kl_status *st)
{
	if (!w->manager || !*w->manager) {
		kl_status_set(st, 422, "Invalid",
			"PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply "
			"patch");
		return NULL;
	}
	kl_autojson *applied = kl_api_decode(KL_MEDIA_YAML, data, len, st);
	if (!applied)
		return NULL;
	json_object_del(applied, KL_DUPLICATES_KEY);
	if (kl_json_get(applied, "metadata", "managedFields", NULL) &&
		json_array_size(kl_json_get(applied, "metadata", "managedFields", NULL))) {
		kl_status_bad_request(st, "metadata.managedFields must be nil");
		return NULL;
	}
	if (strcmp(kl_json_str(applied, "apiVersion", NULL), kl_kind_api_version(w->kind)) ||
		strcmp(kl_json_str(applied, "kind", NULL), w->kind->kind)) {
		kl_status_bad_request(st, "the apiVersion and kind of the applied configuration must be %s and %s",
			kl_kind_api_version(w->kind), w->kind->kind);
		return NULL;
	}
	return apply(w, current, applied, force, st);
}

static json_t *patch_maps(const struct kl_write *w, enum kl_patch_type type, const json_t *current, const char *data,
	size_t len, struct kl_status *st)
{
	struct kl_err err = {0};
	kl_autojson *patch = kl_api_decode(KL_MEDIA_JSON, data, len, st);
	if (!patch)
		return NULL;
	json_object_del(patch, KL_DUPLICATES_KEY);
	if (type == KL_PATCH_MERGE)
		return own_copy(kl_patch_merge(current, patch));
	json_t *result = own_copy(kl_patch_strategic(w->kind->schema, current, patch, &err));
	if (!result)
		kl_status_bad_request(st, "%s", kl_err_text(&err));
	return result;
}

json_t *kl_api_patch(const struct kl_write *w, enum kl_patch_type type, const json_t *current, const char *data,
	size_t len, bool force, struct kl_status *st)
{
	json_t *result;
	if (len > PATCH_MAX) {
		kl_status_set(st, 413, "RequestEntityTooLarge", "Request entity too large: limit is %d", PATCH_MAX);
		return NULL;
	}
	if (type == KL_PATCH_APPLY)
		return patch_apply(w, current, data, len, force, st);
	result = type == KL_PATCH_JSON ? patch_json(current, data, len, st)
				       : patch_maps(w, type, current, data, len, st);
	if (result && (!json_is_object(result) || kl_json_too_deep(result))) {
		kl_status_set(st, 422, "Invalid", "the patched document is %s",
			json_is_object(result) ? "nested too deeply" : "no object");
		json_decref(result);
		return NULL;
	}
	return result;
}
