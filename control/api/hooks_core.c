/*
 * The other kinds: what create and update do to them beyond their schema.
 */
#include "hooks.h"

#include <stdlib.h>
#include <string.h>

#define META(key) KL_KEY(KL_KEY(NULL, "metadata"), key)
#define TOP(key)  KL_KEY(NULL, key)
#define SPEC(key) KL_KEY(KL_KEY(NULL, "spec"), key)

static void require_spec(const json_t *object, struct kl_errors *errors)
{
	if (!json_object_get(object, "spec"))
		kl_required(errors, TOP("spec"), "");
}

/* --- Namespace --- */

static void namespace_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	kl_json_set(object, json_pack("[s]", "kubernetes"), "spec", "finalizers", NULL);
	kl_json_set(object, json_string("Active"), "status", "phase", NULL);
	kl_json_set(object, json_string(kl_json_str(object, "metadata", "name", NULL)), "metadata", "labels",
		"kubernetes.io/metadata.name", NULL);
}

static void namespace_update(const struct kl_write *w, const json_t *old, json_t *object)
{
	/* Only the finalize subresource takes finalizers away. */
	if (!w->subresource)
		json_object_set(object, "spec", json_object_get(old, "spec"));
	kl_json_set(object, json_string(kl_json_str(object, "metadata", "name", NULL)), "metadata", "labels",
		"kubernetes.io/metadata.name", NULL);
}

const struct kl_kind_hooks kl_hooks_namespace = {
	.name_check = kl_name_dns_label, .create = namespace_create, .update = namespace_update};

/* --- ConfigMap, Secret --- */

enum { CONFIG_MAX = 1 << 20 };

static size_t check_keys(const json_t *data, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key;
	json_t *value;
	size_t total = 0;
	json_object_foreach ((json_t *)(uintptr_t)data, key, value) {
		const char *why = kl_name_config_key(key);
		if (why)
			kl_invalid_str(errors, KL_MAP_KEY(path, key), key, why);
		total += json_string_length(value);
	}
	return total;
}

static void config_map_validate(const json_t *object, struct kl_errors *errors)
{
	const json_t *data = json_object_get(object, "data"), *binary = json_object_get(object, "binaryData");
	const char *key;
	json_t *value;
	size_t total = check_keys(data, TOP("data"), errors) + check_keys(binary, TOP("binaryData"), errors) / 4 * 3;
	json_object_foreach ((json_t *)(uintptr_t)binary, key, value)
		if (json_object_get(data, key))
			kl_invalid_str(
				errors, KL_MAP_KEY(TOP("data"), key), key, "duplicate of key present in binaryData");
	if (total > CONFIG_MAX)
		kl_too_long(errors, NULL, CONFIG_MAX);
}

static void immutable_data(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const keys[] = {"data", "binaryData"};
	if (!kl_json_bool(old, false, "immutable", NULL))
		return;
	if (!kl_json_bool(object, false, "immutable", NULL))
		kl_forbidden(errors, TOP("immutable"), "field is immutable when `immutable` is set");
	for (size_t i = 0; i < KL_ARRAY_LEN(keys); i++) {
		json_t *was = json_object_get(old, keys[i]), *is = json_object_get(object, keys[i]);
		if (was != is && (!was || !is || !json_equal(was, is)))
			kl_forbidden(errors, TOP(keys[i]), "field is immutable when `immutable` is set");
	}
}

const struct kl_kind_hooks kl_hooks_config_map = {.validate = config_map_validate, .validate_update = immutable_data};

struct secret_type {
	const char *type;
	const char *keys[3]; /* that the type demands */
};
static const struct secret_type secret_types[] = {
	{"kubernetes.io/dockercfg", {".dockercfg"}},
	{"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}},
	{"kubernetes.io/ssh-auth", {"ssh-privatekey"}},
	{"kubernetes.io/tls", {"tls.crt", "tls.key"}},
};

static void secret_validate(const json_t *object, struct kl_errors *errors)
{
	const json_t *data = json_object_get(object, "data");
	const char *type = kl_json_str(object, "type", NULL);
	if (check_keys(data, TOP("data"), errors) / 4 * 3 > CONFIG_MAX)
		kl_too_long(errors, TOP("data"), CONFIG_MAX);
	for (size_t i = 0; i < KL_ARRAY_LEN(secret_types); i++)
		for (size_t k = 0; !strcmp(secret_types[i].type, type) && secret_types[i].keys[k]; k++)
			if (!json_object_get(data, secret_types[i].keys[k]))
				kl_required(errors, KL_MAP_KEY(TOP("data"), secret_types[i].keys[k]), "");
}

static void secret_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(errors, TOP("type"), json_object_get(old, "type"), json_object_get(object, "type"));
	immutable_data(old, object, errors);
}

const struct kl_kind_hooks kl_hooks_secret = {.validate = secret_validate, .validate_update = secret_validate_update};

/* --- Service --- */

static void service_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	json_object_set_new(object, "status", json_pack("{s:{}}", "loadBalancer"));
}

/* What the server allocated stays, where the client did not say otherwise. */
static void service_update(const struct kl_write *w, const json_t *old, json_t *object)
{
	static const char *const allocated[] = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"};
	(void)w;
	json_t *spec = json_object_get(object, "spec");
	const json_t *was = json_object_get(old, "spec");
	if (!spec || !strcmp(kl_json_str(spec, "type", NULL), "ExternalName") ||
		!strcmp(kl_json_str(was, "type", NULL), "ExternalName"))
		return;
	for (size_t i = 0; i < KL_ARRAY_LEN(allocated); i++)
		if (!json_object_get(spec, allocated[i]) && json_object_get(was, allocated[i]))
			json_object_set(spec, allocated[i], json_object_get(was, allocated[i]));
	const char *type = kl_json_str(spec, "type", NULL);
	if (strcmp(type, "NodePort") && strcmp(type, "LoadBalancer"))
		return;
	size_t i, k;
	json_t *port, *before;
	json_array_foreach (json_object_get(spec, "ports"), i, port)
		json_array_foreach (json_object_get(was, "ports"), k, before)
			if (!json_object_get(port, "nodePort") && json_object_get(before, "nodePort") &&
				json_equal(json_object_get(port, "port"), json_object_get(before, "port")) &&
				json_equal(json_object_get(port, "protocol"), json_object_get(before, "protocol")))
				json_object_set(port, "nodePort", json_object_get(before, "nodePort"));
}

static void service_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	const char *was = kl_json_str(old, "spec", "clusterIP", NULL),
		   *is = kl_json_str(object, "spec", "clusterIP", NULL);
	bool named = !strcmp(kl_json_str(old, "spec", "type", NULL), "ExternalName") ||
		     !strcmp(kl_json_str(object, "spec", "type", NULL), "ExternalName");
	if (!named && *was && strcmp(was, is))
		kl_invalid_str(errors, KL_INDEX(SPEC("clusterIPs"), 0), is, "may not change once set");
	const json_t *old_class = kl_json_get(old, "spec", "loadBalancerClass", NULL),
		     *class = kl_json_get(object, "spec", "loadBalancerClass", NULL);
	bool balancer = !strcmp(kl_json_str(old, "spec", "type", NULL), "LoadBalancer") &&
			!strcmp(kl_json_str(object, "spec", "type", NULL), "LoadBalancer");
	if (balancer && (old_class || class) && (!old_class || !class || !json_equal(old_class, class)))
		kl_invalid(errors, SPEC("loadBalancerClass"), class, "may not change once set");
}

const struct kl_kind_hooks kl_hooks_service = {.name_check = kl_name_dns_1035,
	.create = service_create,
	.update = service_update,
	.validate = require_spec,
	.validate_update = service_validate_update};

/* --- workloads --- */

static void deployment_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(errors, SPEC("selector"), kl_json_get(old, "spec", "selector", NULL),
		kl_json_get(object, "spec", "selector", NULL));
}

const struct kl_kind_hooks kl_hooks_deployment = {
	.generation = true, .validate = require_spec, .validate_update = deployment_validate_update};
const struct kl_kind_hooks kl_hooks_replica_set = {
	.generation = true, .validate = require_spec, .validate_update = deployment_validate_update};
const struct kl_kind_hooks kl_hooks_daemon_set = {
	.generation = true, .validate = require_spec, .validate_update = deployment_validate_update};

static void stateful_set_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const mutable[] = {"replicas", "ordinals", "template", "updateStrategy",
		"revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds"};
	kl_autojson *was = json_copy(json_object_get(old, "spec")), *is = json_copy(json_object_get(object, "spec"));
	for (size_t i = 0; i < KL_ARRAY_LEN(mutable); i++) {
		json_object_del(was, mutable[i]);
		json_object_del(is, mutable[i]);
	}
	if (was && is && !json_equal(was, is))
		kl_forbidden(errors, TOP("spec"),
			"updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
			"'updateStrategy', "
			"'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
			"forbidden");
}

const struct kl_kind_hooks kl_hooks_stateful_set = {
	.generation = true, .validate = require_spec, .validate_update = stateful_set_validate_update};

/* A ReplicationController selects what its template says, unless it says itself. */
static void rc_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	json_t *labels = kl_json_get(object, "spec", "template", "metadata", "labels", NULL);
	if (!labels)
		return;
	if (!kl_json_get(object, "spec", "selector", NULL))
		json_object_set_new(json_object_get(object, "spec"), "selector", json_deep_copy(labels));
	if (!kl_json_get(object, "metadata", "labels", NULL))
		json_object_set_new(json_object_get(object, "metadata"), "labels", json_deep_copy(labels));
}

const struct kl_kind_hooks kl_hooks_rc = {.generation = true, .create = rc_create, .validate = require_spec};

/* --- batch --- */

static void job_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	json_t *spec = json_object_get(object, "spec");
	if (!spec || kl_json_bool(spec, false, "manualSelector", NULL) || !json_object_get(spec, "template"))
		return;
	const char *uid = kl_json_str(object, "metadata", "uid", NULL),
		   *name = kl_json_str(object, "metadata", "name", NULL);
	json_t *labels = kl_json_ensure(spec, "template", "metadata", "labels", NULL);
	json_object_set_new(labels, "batch.kubernetes.io/controller-uid", json_string(uid));
	json_object_set_new(labels, "controller-uid", json_string(uid));
	json_object_set_new(labels, "batch.kubernetes.io/job-name", json_string(name));
	json_object_set_new(labels, "job-name", json_string(name));
	kl_json_set(spec, json_string(uid), "selector", "matchLabels", "batch.kubernetes.io/controller-uid", NULL);
}

static void job_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const fixed[] = {"completions", "selector", "completionMode", "podFailurePolicy"};
	for (size_t i = 0; i < KL_ARRAY_LEN(fixed); i++)
		kl_immutable(errors, SPEC(fixed[i]), kl_json_get(old, "spec", fixed[i], NULL),
			kl_json_get(object, "spec", fixed[i], NULL));
	if (!kl_json_bool(old, false, "spec", "suspend", NULL))
		kl_immutable(errors, SPEC("template"), kl_json_get(old, "spec", "template", NULL),
			kl_json_get(object, "spec", "template", NULL));
}

const struct kl_kind_hooks kl_hooks_job = {
	.generation = true, .create = job_create, .validate = require_spec, .validate_update = job_validate_update};
/* A Job's name is the CronJob's and eleven characters more, and has to fit a label. */
static void cron_job_validate_create(const json_t *object, struct kl_errors *errors)
{
	const char *name = kl_json_str(object, "metadata", "name", NULL);
	if (strlen(name) > 52)
		kl_invalid_str(errors, KL_KEY(TOP("metadata"), "name"), name, "must be no more than 52 characters");
}

const struct kl_kind_hooks kl_hooks_cron_job = {
	.generation = true, .validate = require_spec, .validate_create = cron_job_validate_create};
const struct kl_kind_hooks kl_hooks_hpa = {.validate = require_spec};

/* --- storage --- */

static void pending_create(const struct kl_write *w, json_t *object)
{
	(void)w;
	json_object_set_new(object, "status", json_pack("{s:s}", "phase", "Pending"));
}

static void pvc_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_autojson *was = json_deep_copy(json_object_get(old, "spec")),
		    *is = json_deep_copy(json_object_get(object, "spec"));
	json_object_del(was, "resources"); /* may grow */
	json_object_del(is, "resources");
	if (!json_object_get(was, "volumeName")) /* binding sets it once */
		json_object_del(is, "volumeName");
	if (was && is && !json_equal(was, is))
		kl_forbidden(errors, TOP("spec"),
			"spec is immutable after creation except resources.requests and volumeAttributesClassName for "
			"bound claims");
}

const struct kl_kind_hooks kl_hooks_pvc = {
	.create = pending_create, .validate = require_spec, .validate_update = pvc_validate_update};
const struct kl_kind_hooks kl_hooks_pv = {.create = pending_create, .validate = require_spec};

static void storage_class_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const fixed[] = {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"};
	for (size_t i = 0; i < KL_ARRAY_LEN(fixed); i++) {
		json_t *was = json_object_get(old, fixed[i]), *is = json_object_get(object, fixed[i]);
		if (was != is && (!was || !is || !json_equal(was, is)))
			kl_forbidden(errors, TOP(fixed[i]), "updates to this field are forbidden.");
	}
}

const struct kl_kind_hooks kl_hooks_storage_class = {.validate_update = storage_class_validate_update};

/* --- networking, policy, the rest --- */

const struct kl_kind_hooks kl_hooks_ingress = {.generation = true, .validate = require_spec};
const struct kl_kind_hooks kl_hooks_network_policy = {.generation = true};
const struct kl_kind_hooks kl_hooks_pdb = {.generation = true};

static void rbac_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	json_t *was = json_object_get(old, "roleRef"), *is = json_object_get(object, "roleRef");
	if (was && (!is || !json_equal(was, is)))
		kl_invalid(errors, TOP("roleRef"), is, "cannot change roleRef");
}

const struct kl_kind_hooks kl_hooks_rbac = {
	.name_check = kl_name_path_segment, .validate_update = rbac_validate_update};

static void priority_class_validate(const json_t *object, struct kl_errors *errors)
{
	const char *name = kl_json_str(object, "metadata", "name", NULL);
	bool ours = !strcmp(name, "system-cluster-critical") || !strcmp(name, "system-node-critical");
	if (!strncmp(name, "system-", 7) && !ours)
		kl_forbidden(errors, KL_KEY(TOP("metadata"), "name"),
			"priority class names with 'system-' prefix are reserved for system use only");
	if (!ours && kl_json_int(object, 0, "value", NULL) > 1000000000)
		kl_forbidden(errors, TOP("value"), "maximum allowed value of a user defined priority is 1000000000");
}

static void priority_class_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	if (kl_json_int(old, 0, "value", NULL) != kl_json_int(object, 0, "value", NULL))
		kl_forbidden(errors, TOP("value"), "may not be changed in an update.");
}

const struct kl_kind_hooks kl_hooks_priority_class = {
	.generation = true, .validate = priority_class_validate, .validate_update = priority_class_validate_update};

static void endpoint_slice_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(errors, TOP("addressType"), json_object_get(old, "addressType"),
		json_object_get(object, "addressType"));
}

const struct kl_kind_hooks kl_hooks_endpoint_slice = {
	.generation = true, .validate_update = endpoint_slice_validate_update};

/* An Event lives in the namespace of what it is about. */
static void event_validate(const json_t *object, struct kl_errors *errors)
{
	const json_t *about = json_object_get(object, "involvedObject");
	const char *ns = kl_json_str(object, "metadata", "namespace", NULL),
		   *other = kl_json_str(about, "namespace", NULL);
	if (*other && strcmp(ns, other))
		kl_invalid_str(
			errors, KL_KEY(TOP("involvedObject"), "namespace"), other, "does not match event.namespace");
}

const struct kl_kind_hooks kl_hooks_event = {.validate = event_validate};
