/* What a new pod is given from outside: its account, its priority, patience with nodes that vanish. */
#include "registry_impl.h"

#include <string.h>

static bool tolerates(const json_t *tolerations, const char *key)
{
	size_t i;
	json_t *toleration;
	json_array_foreach (tolerations, i, toleration) {
		const char *own = kl_json_str(toleration, "key", NULL),
			   *effect = kl_json_str(toleration, "effect", NULL);
		if ((!*own || !strcmp(own, key)) && (!*effect || !strcmp(effect, "NoExecute")))
			return true;
	}
	return false;
}

static void set_tolerations(json_t *spec, int seconds)
{
	static const char *const keys[] = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};
	json_t *tolerations = json_object_get(spec, "tolerations");
	for (size_t i = 0; i < KL_ARRAY_LEN(keys) && seconds >= 0; i++) {
		if (tolerates(tolerations, keys[i]))
			continue;
		if (!tolerations) {
			tolerations = json_array();
			json_object_set_new(spec, "tolerations", tolerations);
		}
		json_array_append_new(
			tolerations, json_pack("{s:s, s:s, s:s, s:i}", "key", keys[i], "operator", "Exists", "effect",
					     "NoExecute", "tolerationSeconds", seconds));
	}
}

/* The class marked as the default for all; NULL: none. */
static struct kl_object *default_class(struct kl_op *op)
{
	struct kl_object_list list;
	struct kl_object *found = NULL;
	kl_store_list(op->registry->store, kl_kind_named("scheduling.k8s.io", "PriorityClass"), NULL, &list);
	for (size_t i = 0; i < list.count && !found; i++) {
		if (!strstr(list.items[i]->json, "\"globalDefault\""))
			continue;
		kl_autojson *tree = kl_object_parse(list.items[i]);
		if (kl_json_bool(tree, false, "globalDefault", NULL))
			found = kl_object_ref(list.items[i]);
	}
	kl_object_list_release(&list);
	return found;
}

static int set_priority(struct kl_op *op, json_t *pod)
{
	json_t *spec = json_object_get(pod, "spec");
	const char *name = kl_json_str(spec, "priorityClassName", NULL);
	struct kl_object *obj =
		*name ? kl_store_get(op->registry->store, kl_kind_named("scheduling.k8s.io", "PriorityClass"), "", name)
		      : default_class(op);
	if (*name && !obj)
		return kl_status_set(&op->response->status, 403, "Forbidden",
			"pods \"%s\" is forbidden: no PriorityClass with name %s was found",
			kl_json_str(pod, "metadata", "name", NULL), name);
	json_int_t value = 0;
	const char *policy = "PreemptLowerPriority";
	kl_autojson *tree = obj ? kl_object_parse(obj) : NULL;
	if (tree) {
		value = kl_json_int(tree, 0, "value", NULL);
		if (*kl_json_str(tree, "preemptionPolicy", NULL))
			policy = kl_json_str(tree, "preemptionPolicy", NULL);
		json_object_set_new(spec, "priorityClassName", json_string(obj->name));
	}
	kl_object_unref(obj);
	json_object_set_new(spec, "priority", json_integer(value));
	json_object_set_new(spec, "preemptionPolicy", json_string(policy));
	return 0;
}

static int rejected(struct kl_op *op, const json_t *pod, const char *why, const char *what)
{
	return kl_status_set(&op->response->status, 403, "Forbidden", "pods \"%s\" is forbidden: pod rejected: %s%s",
		kl_json_str(pod, "metadata", "name", NULL), why, what);
}

/* The class' nodes: its labels are asked for beside the pod's own, its taints are borne. */
static int take_scheduling(struct kl_op *op, json_t *pod, const json_t *class)
{
	json_t *spec = json_object_get(pod, "spec"), *value, *toleration;
	const json_t *scheduling = json_object_get(class, "scheduling");
	const char *label;
	size_t i;
	json_object_foreach ((json_t *)(uintptr_t)json_object_get(scheduling, "nodeSelector"), label, value) {
		const json_t *own = kl_json_get(spec, "nodeSelector", label, NULL);
		if (own && !json_equal((json_t *)(uintptr_t)own, value))
			return rejected(op, pod,
				"conflict: runtimeClass.scheduling.nodeSelector and pod.spec.nodeSelector ", "differ");
		json_object_set(kl_json_ensure(spec, "nodeSelector", NULL), label, value);
	}
	json_array_foreach (json_object_get(scheduling, "tolerations"), i, toleration) {
		if (!json_object_get(spec, "tolerations"))
			json_object_set_new(spec, "tolerations", json_array());
		json_array_append(json_object_get(spec, "tolerations"), toleration);
	}
	return 0;
}

static int set_runtime_class(struct kl_op *op, json_t *pod)
{
	json_t *spec = json_object_get(pod, "spec");
	const char *name = kl_json_str(spec, "runtimeClassName", NULL);
	if (!*name)
		return json_object_get(spec, "overhead")
			       ? rejected(op, pod, "Pod Overhead set without corresponding RuntimeClass defined ",
					 "Overhead")
			       : 0;
	struct kl_object *obj =
		kl_store_get(op->registry->store, kl_kind_named("node.k8s.io", "RuntimeClass"), "", name);
	kl_autojson *class = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	if (!class) {
		kl_autofree char *missing = kl_asprintf("\"%s\" not found", name);
		return rejected(op, pod, "RuntimeClass ", missing);
	}
	json_t *fixed = kl_json_get(class, "overhead", "podFixed", NULL);
	if (fixed)
		json_object_set(spec, "overhead", fixed);
	return take_scheduling(op, pod, class);
}

int admit_pod(struct kl_op *op, json_t *pod)
{
	json_t *spec = kl_json_ensure(pod, "spec", NULL);
	set_tolerations(spec, op->registry->default_toleration_s);
	if (admit_account(op, pod) < 0 || set_runtime_class(op, pod) < 0)
		return -1;
	return set_priority(op, pod);
}
