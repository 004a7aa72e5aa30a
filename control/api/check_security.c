/* Rules of a pod's security settings, of what its fields may be asked for, and of what only some containers may have. */
#include "type_hooks.h"
#include "validate.h"

#include <ctype.h>
#include <string.h>

static void check_id(const json_t *context, const char *key, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *id = json_object_get(context, key);
	if (id && (json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX))
		kl_invalid(errors, KL_KEY(path, key), id, "must be between 0 and 2147483647, inclusive");
}

void kl_check_SecurityContext(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *escalation = json_object_get(object, "allowPrivilegeEscalation");
	check_id(object, "runAsUser", path, errors);
	check_id(object, "runAsGroup", path, errors);
	if (!json_is_false(escalation))
		return;
	if (kl_json_bool(object, false, "privileged", NULL))
		kl_invalid(errors, path, object,
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
	size_t i;
	json_t *capability;
	json_array_foreach (kl_json_get(object, "capabilities", "add", NULL), i, capability)
		if (!strcmp(json_string_value(capability) ?: "", "CAP_SYS_ADMIN"))
			kl_invalid(errors, path, object,
				"cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
}

/* Words of letters, digits, '-' and '_', parted by single dots or slashes. */
static bool sysctl_name(const char *name)
{
	bool start = true;
	size_t len = strlen(name);
	if (!len || len > 253)
		return false;
	for (const char *at = name; *at; at++) {
		bool word = islower((unsigned char)*at) || isdigit((unsigned char)*at);
		bool separator = *at == '.' || *at == '/', inner = *at == '-' || *at == '_';
		if (!(word || separator || inner) || (start && !word))
			return false;
		start = separator;
	}
	return isalnum((unsigned char)name[len - 1]);
}

void kl_check_Sysctl(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *name = kl_json_str(object, "name", NULL);
	if (*name && !sysctl_name(name))
		kl_invalid_str(errors, KL_KEY(path, "name"), name,
			"must have at most 253 characters and match regex "
			"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
}

void kl_check_PodSecurityContext(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const ids[] = {"runAsUser", "runAsGroup", "fsGroup"};
	size_t i;
	json_t *group;
	for (size_t k = 0; k < KL_ARRAY_LEN(ids); k++)
		check_id(object, ids[k], path, errors);
	json_array_foreach (json_object_get(object, "supplementalGroups"), i, group)
		if (json_integer_value(group) < 0 || json_integer_value(group) > INT32_MAX)
			kl_invalid(errors, KL_INDEX(KL_KEY(path, "supplementalGroups"), i), group,
				"must be between 0 and 2147483647, inclusive");
}

/* --- fields of the pod in variables and files */

static bool starts(const char *text, const char *head)
{
	return !strncmp(text, head, strlen(head));
}

static bool is_field(const char *path, const char *const *fields, size_t count)
{
	size_t len = strlen(path);
	bool keyed = starts(path, "metadata.labels['") || starts(path, "metadata.annotations['");
	if (keyed)
		return len > 2 && !strcmp(path + len - 2, "']");
	for (size_t i = 0; i < count; i++)
		if (!strcmp(path, fields[i]))
			return true;
	return false;
}

static void check_field(const json_t *ref, const char *const *fields, size_t count, const struct kl_path *path,
	struct kl_errors *errors)
{
	const char *text = kl_json_str(ref, "fieldPath", NULL);
	if (!*text || is_field(text, fields, count))
		return;
	kl_autofree char *why = kl_asprintf("error converting fieldPath: field label not supported: %s", text);
	kl_invalid_str(errors, KL_KEY(KL_KEY(path, "fieldRef"), "fieldPath"), text, why);
}

void kl_check_EnvVarSource(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const fields[] = {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
		"spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"};
	check_field(json_object_get(object, "fieldRef"), fields, KL_ARRAY_LEN(fields), path, errors);
}

void kl_check_DownwardAPIVolumeFile(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const fields[] = {
		"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"};
	check_field(json_object_get(object, "fieldRef"), fields, KL_ARRAY_LEN(fields), path, errors);
}

void kl_check_ServiceAccountTokenProjection(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *seconds = json_object_get(object, "expirationSeconds");
	if (seconds && json_integer_value(seconds) < 600)
		kl_invalid(errors, KL_KEY(path, "expirationSeconds"), seconds,
			"may not specify a duration less than 10 minutes");
}

/* --- what a pod's parts say together; called by kl_check_PodSpec */

static void check_init(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const later[] = {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};
	size_t i;
	json_t *container;
	json_array_foreach (json_object_get(spec, "initContainers"), i, container) {
		if (!strcmp(kl_json_str(container, "restartPolicy", NULL), "Always"))
			continue;
		for (size_t k = 0; k < KL_ARRAY_LEN(later); k++)
			if (json_object_get(container, later[k]))
				kl_forbidden(errors, KL_KEY(KL_INDEX(KL_KEY(path, "initContainers"), i), later[k]),
					"may not be set for init containers without restartPolicy=Always");
	}
}

static void check_host_ports(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i, k;
	json_t *container, *port;
	if (!kl_json_bool(spec, false, "hostNetwork", NULL))
		return;
	json_array_foreach (json_object_get(spec, "containers"), i, container)
		json_array_foreach (json_object_get(container, "ports"), k, port) {
			const json_t *inside = json_object_get(port, "containerPort"),
				     *outside = json_object_get(port, "hostPort");
			if (outside && inside && !json_equal((json_t *)(uintptr_t)inside, (json_t *)(uintptr_t)outside))
				kl_invalid(errors,
					KL_KEY(KL_INDEX(KL_KEY(KL_INDEX(KL_KEY(path, "containers"), i), "ports"), k),
						"containerPort"),
					inside, "must match `hostPort` when `hostNetwork` is true");
		}
}

static void check_dns(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *config = json_object_get(spec, "dnsConfig");
	size_t servers = json_array_size(json_object_get(config, "nameservers"));
	if (!strcmp(kl_json_str(spec, "dnsPolicy", NULL), "None") && !config)
		kl_required(errors, KL_KEY(path, "dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is None");
	else if (!strcmp(kl_json_str(spec, "dnsPolicy", NULL), "None") && !servers)
		kl_required(errors, KL_KEY(KL_KEY(path, "dnsConfig"), "nameservers"),
			"must provide at least one DNS nameserver when `dnsPolicy` is None");
	if (servers > 3)
		kl_invalid(errors, KL_KEY(KL_KEY(path, "dnsConfig"), "nameservers"),
			json_object_get(config, "nameservers"), "must not have more than 3 nameservers");
}

void kl_check_pod_parts(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	check_init(spec, path, errors);
	check_host_ports(spec, path, errors);
	check_dns(spec, path, errors);
}
