/*
 * What a node may do: read what its pods and its services need, write what is its own. A Secret or ConfigMap it reads
 * only by name, and only while a pod that is bound to it names that object in its spec (upstream's Node authorizer does
 * the same).
 */
#include "auth.h"

#include <string.h>

enum { READ = 1, CREATE = 2, CHANGE = 4, REMOVE = 8 };

static unsigned action_of(const char *method)
{
	if (!strcmp(method, "GET") || !strcmp(method, "HEAD"))
		return READ;
	if (!strcmp(method, "POST"))
		return CREATE;
	return !strcmp(method, "DELETE") ? REMOVE : CHANGE;
}

static bool own_node(const struct kl_access *a, const char *node)
{
	return !a->resource->name || !strcmp(a->resource->name, node);
}

static bool own_pod(const struct kl_access *a, const char *node)
{
	struct kl_object *obj =
		a->resource->name ? kl_store_get(a->store, kl_kind_named("", "Pod"), a->resource->ns, a->resource->name)
				  : NULL;
	if (!obj)
		return a->resource->name != NULL; /* the answer will be 404 */
	kl_autojson *pod = kl_object_parse(obj);
	kl_object_unref(obj);
	return !strcmp(kl_json_str(pod, "spec", "nodeName", NULL), node);
}

static bool own_lease(const struct kl_access *a, const char *node)
{
	return a->resource->ns && !strcmp(a->resource->ns, "kube-node-lease") && own_node(a, node);
}

/* Does an object's text contain "word", with its quotes? */
static bool quotes(const struct kl_object *obj, const char *word)
{
	kl_autofree char *quoted = kl_asprintf("\"%s\"", word);
	return memmem(obj->json, obj->len, quoted, strlen(quoted)) != NULL;
}

/* Where a pod's spec names an object of a kind. */
struct reference {
	const char *volume, *field; /* spec.volumes[].VOLUME.FIELD */
	const char *source;         /* spec.volumes[].projected.sources[].SOURCE.name */
	const char *env, *env_from; /* of a container: env[].valueFrom.ENV.name, envFrom[].ENV_FROM.name */
};
static const struct reference secret_reference = {"secret", "secretName", "secret", "secretKeyRef", "secretRef"};
static const struct reference config_map_reference = {
	"configMap", "name", "configMap", "configMapKeyRef", "configMapRef"};

static bool is(const char *text, const char *name)
{
	return !strcmp(text, name);
}

static bool volumes_name(const json_t *spec, const struct reference *ref, const char *name)
{
	size_t i, k;
	json_t *volume, *source;
	json_array_foreach (json_object_get(spec, "volumes"), i, volume) {
		if (is(kl_json_str(volume, ref->volume, ref->field, NULL), name))
			return true;
		json_array_foreach (kl_json_get(volume, "projected", "sources", NULL), k, source)
			if (is(kl_json_str(source, ref->source, "name", NULL), name))
				return true;
	}
	return false;
}

static bool container_names(const json_t *container, const struct reference *ref, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(container, "env"), i, item)
		if (is(kl_json_str(item, "valueFrom", ref->env, "name", NULL), name))
			return true;
	json_array_foreach (json_object_get(container, "envFrom"), i, item)
		if (is(kl_json_str(item, ref->env_from, "name", NULL), name))
			return true;
	return false;
}

static bool list_names(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item)
		if (is(kl_json_str(item, "name", NULL), name))
			return true;
	return false;
}

static bool spec_names(const json_t *spec, const struct reference *ref, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	size_t i;
	json_t *container;
	for (size_t l = 0; l < KL_ARRAY_LEN(lists); l++)
		json_array_foreach (json_object_get(spec, lists[l]), i, container)
			if (container_names(container, ref, name))
				return true;
	return volumes_name(spec, ref, name) ||
	       (ref == &secret_reference && list_names(json_object_get(spec, "imagePullSecrets"), name));
}

static bool account_names(const struct kl_object *account, const char *name)
{
	if (!account || !quotes(account, name))
		return false;
	kl_autojson *tree = kl_object_parse(account);
	return list_names(json_object_get(tree, "imagePullSecrets"), name) ||
	       list_names(json_object_get(tree, "secrets"), name);
}

static bool pod_names(
	const struct kl_access *a, const struct kl_object *obj, const char *node, const struct reference *ref)
{
	kl_autojson *pod = kl_object_parse(obj);
	const json_t *spec = json_object_get(pod, "spec");
	if (!is(kl_json_str(spec, "nodeName", NULL), node))
		return false;
	if (spec_names(spec, ref, a->resource->name))
		return true;
	if (ref != &secret_reference)
		return false;
	struct kl_object *account = kl_store_get(a->store, kl_kind_named("", "ServiceAccount"), a->resource->ns,
		kl_json_str(spec, "serviceAccountName", NULL));
	bool found = account_names(account, a->resource->name);
	kl_object_unref(account);
	return found;
}

/* Only pods whose text has the node's name are parsed. */
static bool named_by_own_pod(const struct kl_access *a, const char *node, const struct reference *ref)
{
	struct kl_object_list pods;
	bool found = false;
	if (!a->resource->name || !a->resource->ns)
		return false;
	kl_store_list(a->store, kl_kind_named("", "Pod"), a->resource->ns, &pods);
	for (size_t i = 0; i < pods.count && !found; i++)
		found = quotes(pods.items[i], node) && pod_names(a, pods.items[i], node, ref);
	kl_object_list_release(&pods);
	return found;
}

static bool secret_of_own_pod(const struct kl_access *a, const char *node)
{
	return named_by_own_pod(a, node, &secret_reference);
}

static bool config_map_of_own_pod(const struct kl_access *a, const char *node)
{
	return named_by_own_pod(a, node, &config_map_reference);
}

/* rest_review.c looks at whose token it is. */
static bool token_only(const struct kl_access *a, const char *node)
{
	(void)node;
	return a->resource->subresource && !strcmp(a->resource->subresource, "token");
}

static bool any(const struct kl_access *a, const char *node)
{
	(void)a, (void)node;
	return true;
}

/* What a node may do; `owns` limits writing, `reads` reading, where they are given. */
static const struct {
	const char *group, *resource;
	unsigned actions;
	bool (*owns)(const struct kl_access *access, const char *node);
	bool (*reads)(const struct kl_access *access, const char *node);
} node_rules[] = {
	{"", "nodes", READ | CREATE | CHANGE, own_node, NULL},
	{"", "pods", READ | CHANGE | REMOVE, own_pod, NULL},
	{"", "events", CREATE | CHANGE, any, NULL},
	{"events.k8s.io", "events", CREATE | CHANGE, any, NULL},
	{"coordination.k8s.io", "leases", READ | CREATE | CHANGE | REMOVE, own_lease, NULL},
	{"", "services", READ, NULL, NULL},
	{"", "endpoints", READ, NULL, NULL},
	{"discovery.k8s.io", "endpointslices", READ, NULL, NULL},
	{"", "namespaces", READ, NULL, NULL},
	{"", "configmaps", READ, NULL, config_map_of_own_pod},
	{"", "secrets", READ, NULL, secret_of_own_pod},
	{"", "serviceaccounts", READ | CREATE, token_only, NULL},
	{"", "persistentvolumes", READ, NULL, NULL},
	{"", "persistentvolumeclaims", READ, NULL, NULL},
	{"networking.k8s.io", "networkpolicies", READ, NULL, NULL},
	{"node.k8s.io", "runtimeclasses", READ, NULL, NULL},
	{"storage.k8s.io", "csidrivers", READ, NULL, NULL},
};

bool kl_auth_node_may(const struct kl_access *a)
{
	static const char prefix[] = "system:node:";
	if (strncmp(a->user->name, prefix, sizeof(prefix) - 1) != 0 || !kl_auth_in_group(a->user, "system:nodes"))
		return false;
	const char *node = a->user->name + sizeof(prefix) - 1;
	if (!a->resource)
		return action_of(a->method) == READ; /* discovery */
	unsigned action = action_of(a->method);
	for (size_t i = 0; i < KL_ARRAY_LEN(node_rules); i++) {
		if (strcmp(node_rules[i].resource, a->resource->resource) ||
			strcmp(node_rules[i].group, a->resource->group))
			continue;
		bool (*rule)(const struct kl_access *, const char *) =
			action == READ ? node_rules[i].reads : node_rules[i].owns;
		return node_rules[i].actions & action && (!rule || rule(a, node));
	}
	return false;
}

bool kl_auth_reads(const struct kl_access *a)
{
	return action_of(a->method) == READ;
}
