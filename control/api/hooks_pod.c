/*
 * Pods and nodes: what create and update do to them.
 */
#include "hooks.h"

#include <string.h>

#define AT(key) KL_KEY(KL_KEY(NULL, "spec"), key)

static bool has_amount(const json_t *resources, const char *list, const char *name)
{
	return kl_json_get(resources, list, name, NULL);
}

/* A limit without a request is a request. */
static void requests_from_limits(json_t *containers)
{
	size_t i;
	json_t *container;
	json_array_foreach (containers, i, container) {
		json_t *resources = json_object_get(container, "resources");
		const char *name;
		json_t *amount;
		json_object_foreach (json_object_get(resources, "limits"), name, amount)
			if (!has_amount(resources, "requests", name))
				json_object_set(kl_json_ensure(resources, "requests", NULL), name, amount);
	}
}

static bool same_amount(const json_t *a, const json_t *b)
{
	int64_t left, right;
	return !kl_quantity_json(a, &left) && !kl_quantity_json(b, &right) && left == right;
}

/* Guaranteed: every container limits cpu and memory to what it requests; BestEffort: none says anything. */
static const char *qos_class(const json_t *spec)
{
	static const char *const lists[] = {"containers", "initContainers"}, *const names[] = {"cpu", "memory"};
	bool any = false, guaranteed = true;
	for (size_t l = 0; l < KL_ARRAY_LEN(lists); l++) {
		size_t i;
		json_t *container;
		json_array_foreach (json_object_get(spec, lists[l]), i, container)
			for (size_t n = 0; n < KL_ARRAY_LEN(names); n++) {
				const json_t *limit = kl_json_get(container, "resources", "limits", names[n], NULL);
				const json_t *request = kl_json_get(container, "resources", "requests", names[n], NULL);
				any |= limit || request;
				guaranteed &= limit && request && same_amount(limit, request);
			}
	}
	return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

static void pod_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	json_t *spec = json_object_get(object, "spec");
	if (!spec)
		return;
	requests_from_limits(json_object_get(spec, "containers"));
	requests_from_limits(json_object_get(spec, "initContainers"));
	if (!json_object_get(spec, "enableServiceLinks"))
		json_object_set_new(spec, "enableServiceLinks", json_true());
	json_object_set_new(object, "status", json_pack("{s:s,s:s}", "phase", "Pending", "qosClass", qos_class(spec)));
}

static void pod_validate(const json_t *object, struct kl_errors *errors)
{
	if (!json_object_get(object, "spec"))
		kl_required(errors, KL_KEY(KL_KEY(NULL, "spec"), "containers"), "");
}

static void pod_validate_create(const json_t *object, struct kl_errors *errors)
{
	if (kl_json_get(object, "spec", "ephemeralContainers", NULL))
		kl_forbidden(errors, KL_KEY(KL_KEY(NULL, "spec"), "ephemeralContainers"), "cannot be set on create");
}

/* What may change of a running pod's spec: compared without it, old and new must be the same. */
static json_t *without_mutable(const json_t *spec)
{
	static const char *const lists[] = {"containers", "initContainers"};
	json_t *copy = json_deep_copy(spec);
	for (size_t l = 0; l < KL_ARRAY_LEN(lists); l++) {
		size_t i;
		json_t *container;
		json_array_foreach (json_object_get(copy, lists[l]), i, container) {
			json_object_del(container, "image");
			json_object_del(container, "imagePullPolicy");
		}
	}
	json_object_del(copy, "activeDeadlineSeconds");
	json_object_del(copy, "tolerations");
	json_object_del(copy, "terminationGracePeriodSeconds");
	json_object_del(copy, "schedulingGates");
	json_object_del(copy, "ephemeralContainers");
	return copy;
}

static void check_tolerations(const json_t *old, const json_t *spec, struct kl_errors *errors)
{
	size_t i, k;
	json_t *was, *is;
	json_array_foreach (json_object_get(old, "tolerations"), i, was) {
		bool found = false;
		json_array_foreach (json_object_get(spec, "tolerations"), k, is)
			found |= json_equal(was, is) != 0;
		if (!found) {
			kl_forbidden(errors, AT("tolerations"),
				"existing toleration can not be modified except its tolerationSeconds");
			return;
		}
	}
}

static const json_t *named(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item)
		if (!strcmp(kl_json_str(item, "name", NULL), name))
			return item;
	return NULL;
}

/* They are only ever added. */
static void check_ephemeral(const json_t *old, const json_t *spec, struct kl_errors *errors)
{
	size_t i;
	json_t *was;
	json_array_foreach (json_object_get(old, "ephemeralContainers"), i, was) {
		const char *name = kl_json_str(was, "name", NULL);
		const json_t *is = named(json_object_get(spec, "ephemeralContainers"), name);
		if (is && json_equal(was, (json_t *)(uintptr_t)is))
			continue;
		kl_autofree char *words = kl_asprintf(
			"existing ephemeral containers \"%s\" may not be %s", name, is ? "changed" : "removed");
		kl_forbidden(errors, AT("ephemeralContainers"), words);
	}
}

static void pod_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	const json_t *was = json_object_get(old, "spec"), *spec = json_object_get(object, "spec");
	if (json_equal((json_t *)(uintptr_t)was, (json_t *)(uintptr_t)spec))
		return;
	kl_autojson *a = without_mutable(was), *b = without_mutable(spec);
	if (!json_object_get(a, "nodeName")) /* the binding sets it */
		json_object_del(b, "nodeName");
	if (!json_equal(a, b))
		kl_forbidden(errors, KL_KEY(NULL, "spec"),
			"pod updates may not change fields other than "
			"`spec.containers[*].image`,`spec.initContainers[*].image`,"
			"`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
			"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
	check_tolerations(was, spec, errors);
	check_ephemeral(was, spec, errors);
}

const struct kl_kind_hooks kl_hooks_pod = {.generation = true,
	.create = pod_create,
	.validate = pod_validate,
	.validate_create = pod_validate_create,
	.validate_update = pod_validate_update};

/* --- Node --- */

static void node_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	const json_t *was = kl_json_get(old, "spec", "podCIDR", NULL),
		     *is = kl_json_get(object, "spec", "podCIDR", NULL);
	if (was && is && !json_equal((json_t *)(uintptr_t)was, (json_t *)(uintptr_t)is))
		kl_forbidden(errors, AT("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid");
	was = kl_json_get(old, "spec", "providerID", NULL);
	is = kl_json_get(object, "spec", "providerID", NULL);
	if (was && (!is || !json_equal((json_t *)(uintptr_t)was, (json_t *)(uintptr_t)is)))
		kl_forbidden(
			errors, AT("providerID"), "node updates may not change providerID except from \"\" to valid");
}

const struct kl_kind_hooks kl_hooks_node = {.keeps_status = true, .validate_update = node_validate_update};
