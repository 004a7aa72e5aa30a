#include "validate.h"

#include <string.h>

enum { ANNOTATIONS_MAX = 256 << 10 };

#define META    KL_KEY(NULL, "metadata")
#define AT(key) KL_KEY(META, key)

void kl_labels_validate(const json_t *labels, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)labels, key, value) {
		const char *why = kl_name_qualified(key);
		if (why)
			kl_invalid_str(errors, path, key, why);
		why = kl_name_label_value(json_string_value(value) ?: "");
		if (why)
			kl_invalid(errors, path, value, "%s", why);
	}
}

static void check_annotations(const json_t *annotations, struct kl_errors *errors)
{
	const char *key;
	json_t *value;
	size_t total = 0;
	json_object_foreach ((json_t *)(uintptr_t)annotations, key, value) {
		/* Annotation keys may have upper case in their prefix: upstream lowers it before the check. */
		char lower[512];
		size_t len = strlen(key);
		total += len + json_string_length(value);
		if (len < sizeof(lower)) {
			for (size_t i = 0; i <= len; i++)
				lower[i] = key[i] >= 'A' && key[i] <= 'Z' ? (char)(key[i] + 32) : key[i];
			if (!kl_name_qualified(lower))
				continue;
		}
		kl_invalid_str(errors, AT("annotations"), key,
			kl_name_qualified(key) ?: "name part must be no more than 63 characters");
	}
	if (total > ANNOTATIONS_MAX)
		kl_too_long(errors, AT("annotations"), ANNOTATIONS_MAX);
}

static void check_owners(const json_t *owners, struct kl_errors *errors)
{
	static const char *const wanted[] = {"apiVersion", "kind", "name", "uid"};
	size_t i, controllers = 0;
	json_t *owner;
	json_array_foreach (owners, i, owner) {
		const struct kl_path *at = KL_INDEX(AT("ownerReferences"), i);
		for (size_t k = 0; k < KL_ARRAY_LEN(wanted); k++)
			if (!*kl_json_str(owner, wanted[k], NULL))
				kl_invalid_str(errors, KL_KEY(at, wanted[k]), "", "must not be empty");
		controllers += kl_json_bool(owner, false, "controller", NULL);
	}
	if (controllers > 1)
		kl_invalid(errors, AT("ownerReferences"), owners, "Only one reference can have Controller set to true");
}

static void check_finalizers(const json_t *finalizers, struct kl_errors *errors)
{
	size_t i;
	json_t *name;
	json_array_foreach (finalizers, i, name) {
		const char *why = kl_name_qualified(json_string_value(name) ?: "");
		if (why)
			kl_invalid(errors, AT("finalizers"), name, "%s", why);
	}
}

void kl_metadata_validate(
	const struct kl_kind *kind, const json_t *object, kl_name_check *name_check, struct kl_errors *errors)
{
	const json_t *meta = json_object_get(object, "metadata");
	const char *name = kl_json_str(meta, "name", NULL), *ns = kl_json_str(meta, "namespace", NULL);
	const char *why = *name ? (name_check ? name_check : kl_name_dns_subdomain)(name) : NULL;
	if (!*name)
		kl_required(errors, AT("name"), "name or generateName is required");
	if (why)
		kl_invalid_str(errors, AT("name"), name, why);
	if (kind->namespaced && !*ns)
		kl_required(errors, AT("namespace"), "");
	why = *ns ? kl_name_dns_label(ns) : NULL;
	if (why)
		kl_invalid_str(errors, AT("namespace"), ns, why);
	kl_labels_validate(json_object_get(meta, "labels"), AT("labels"), errors);
	check_annotations(json_object_get(meta, "annotations"), errors);
	check_owners(json_object_get(meta, "ownerReferences"), errors);
	check_finalizers(json_object_get(meta, "finalizers"), errors);
}
