/*
 * Rules of workloads (apps, batch, autoscaling, policy), storage, network policies and roles.
 */
#include "api.h"
#include "type_hooks.h"
#include "validate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define KL_ZONES "/usr/share/zoneinfo"

/* selector must be there, not empty, and select the template's pods. */
static void check_selector(const json_t *spec, const char *kind, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *selector = json_object_get(spec, "selector");
	const json_t *labels = kl_json_get(spec, "template", "metadata", "labels", NULL);
	if (!selector)
		return; /* REQUIRED says so already */
	if (!json_object_size(json_object_get(selector, "matchLabels")) &&
		!json_array_size(json_object_get(selector, "matchExpressions"))) {
		kl_invalid(errors, KL_KEY(path, "selector"), selector, "empty selector is invalid for %s", kind);
		return;
	}
	struct kl_selector *sel = kl_selector_from_json(selector, NULL);
	if (sel && !kl_selector_matches(sel, labels))
		kl_invalid(errors, KL_KEY(KL_KEY(KL_KEY(path, "template"), "metadata"), "labels"), labels,
			"`selector` does not match template `labels`");
	kl_selector_free(sel);
}

static void check_template(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *meta = kl_json_get(spec, "template", "metadata", NULL);
	const struct kl_path *at = KL_KEY(KL_KEY(path, "template"), "metadata");
	kl_labels_validate(json_object_get(meta, "labels"), KL_KEY(at, "labels"), errors);
}

static void check_always(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *policy = kl_json_get(spec, "template", "spec", "restartPolicy", NULL);
	if (policy && strcmp(json_string_value(policy) ?: "", "Always"))
		kl_not_supported(
			errors, KL_KEY(KL_KEY(KL_KEY(path, "template"), "spec"), "restartPolicy"), policy, "Always");
}

static void check_pods(const json_t *spec, const char *kind, const struct kl_path *path, struct kl_errors *errors)
{
	check_selector(spec, kind, path, errors);
	check_template(spec, path, errors);
	check_always(spec, path, errors);
}

void kl_check_DeploymentSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_pods(object, "deployment", path, errors);
	const json_t *deadline = json_object_get(object, "progressDeadlineSeconds");
	if (json_is_integer(deadline) &&
		json_integer_value(deadline) <= kl_json_int(object, 0, "minReadySeconds", NULL))
		kl_invalid(errors, KL_KEY(path, "progressDeadlineSeconds"), deadline,
			"must be greater than minReadySeconds");
}

void kl_check_ReplicaSetSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_pods(object, "deployment", path, errors); /* upstream's word here, too */
}

void kl_check_DaemonSetSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_pods(object, "daemonset", path, errors);
}

void kl_check_StatefulSetSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_pods(object, "statefulset", path, errors);
}

/* A count or a percentage; -1 after telling what is wrong. `ret` is 0 only for a plain or percental zero. */
static int check_count_or_percent(
	const json_t *value, const struct kl_path *path, struct kl_errors *errors, int64_t *ret)
{
	*ret = json_integer_value(value);
	if (json_is_integer(value) && *ret < 0) {
		kl_invalid(errors, path, value, "must be greater than or equal to 0");
		return -1;
	}
	if (!json_is_string(value))
		return 0;
	char *end;
	*ret = strtoll(json_string_value(value), &end, 10);
	if (strcmp(end, "%") || *ret < 0) {
		kl_invalid(errors, path, value,
			"a valid percent string must be a numeric string followed by an ending '%%' (e.g. '1%%',  or "
			"'93%%', regex "
			"used for validation is '[0-9]+%%')");
		return -1;
	}
	return 0;
}

static int check_share(const json_t *value, const struct kl_path *path, struct kl_errors *errors, int64_t *ret)
{
	int rc = check_count_or_percent(value, path, errors, ret);
	if (!rc && json_is_string(value) && *ret > 100)
		kl_invalid(errors, path, value, "must not be greater than 100%%");
	return rc;
}

void kl_check_DeploymentStrategy(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *rolling = json_object_get(object, "rollingUpdate");
	const struct kl_path *at = KL_KEY(path, "rollingUpdate");
	if (!rolling)
		return;
	if (!strcmp(kl_json_str(object, "type", NULL), "Recreate")) {
		kl_forbidden(errors, at, "may not be specified when strategy `type` is 'Recreate'");
		return;
	}
	const json_t *unavailable = json_object_get(rolling, "maxUnavailable"),
		     *surge = json_object_get(rolling, "maxSurge");
	int64_t down, up;
	int rc = check_share(unavailable, KL_KEY(at, "maxUnavailable"), errors, &down);
	rc |= check_count_or_percent(surge, KL_KEY(at, "maxSurge"), errors, &up);
	if (!rc && !down && !up)
		kl_invalid(errors, KL_KEY(at, "maxUnavailable"), unavailable, "may not be 0 when `maxSurge` is 0");
	if (!rc && json_is_string(unavailable) && down > 100)
		kl_invalid(errors, KL_KEY(at, "maxUnavailable"), unavailable, "must not be greater than 100%%");
}

void kl_check_JobSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *policy = kl_json_get(object, "template", "spec", "restartPolicy", NULL);
	const char *text = json_string_value(policy) ?: "";
	check_template(object, path, errors);
	if (policy && strcmp(text, "OnFailure") && strcmp(text, "Never"))
		kl_not_supported(errors, KL_KEY(KL_KEY(KL_KEY(path, "template"), "spec"), "restartPolicy"), policy,
			"Never|OnFailure");
	if (!strcmp(kl_json_str(object, "completionMode", NULL), "Indexed") && !json_object_get(object, "completions"))
		kl_required(errors, KL_KEY(path, "completions"), "when completion mode is Indexed");
}

/* Five fields, a macro or "@every 5m"; the fields' own ranges are the controller's to read. */
static bool cron_form(const char *text)
{
	if (*text == '@')
		return text[1];
	int fields = 0;
	while (*text) {
		text += strspn(text, " \t");
		size_t len = strcspn(text, " \t");
		if (len && strspn(text, "0123456789*/,-?LWabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") < len)
			return false;
		fields += len > 0;
		text += len;
	}
	return fields == 5;
}

static size_t cron_fields(const char *text)
{
	size_t fields = 0;
	while (*(text += strspn(text, " \t"))) {
		text += strcspn(text, " \t");
		fields++;
	}
	return fields;
}

/* The name of a zone in the form of the time zone database; whether there is such a zone only its files know. */
static bool is_zone(const char *name)
{
	char path[256];
	if (!strcmp(name, "UTC") || !strcmp(name, "Etc/UTC"))
		return true;
	if (!*name || !strcasecmp(name, "Local") || strstr(name, "..") || *name == '/')
		return false;
	if (access(KL_ZONES "/Etc/UTC", F_OK)) /* no database on this machine: the controller will tell */
		return true;
	int len = snprintf(path, sizeof(path), KL_ZONES "/%s", name);
	return len > 0 && (size_t)len < sizeof(path) && !access(path, F_OK);
}

void kl_check_CronJobSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *schedule = json_object_get(object, "schedule");
	const char *text = json_string_value(schedule);
	if (text && *text && !cron_form(text))
		kl_invalid(errors, KL_KEY(path, "schedule"), schedule, "expected exactly 5 fields, found %zu: [%s]",
			cron_fields(text), text);
	if (text && (!strncmp(text, "TZ=", 3) || !strncmp(text, "CRON_TZ=", 8)))
		kl_invalid(errors, KL_KEY(path, "schedule"), schedule,
			"cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
	const json_t *zone = json_object_get(object, "timeZone");
	if (zone && !is_zone(json_string_value(zone) ?: ""))
		kl_invalid(
			errors, KL_KEY(path, "timeZone"), zone, "unknown time zone %s", json_string_value(zone) ?: "");
}

void kl_check_HorizontalPodAutoscalerV2Spec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	int64_t min = kl_json_int(object, 1, "minReplicas", NULL), max = kl_json_int(object, 0, "maxReplicas", NULL);
	if (min < 1)
		kl_invalid(errors, KL_KEY(path, "minReplicas"), json_object_get(object, "minReplicas"),
			"must be greater than or equal to 1");
	if (max > 0 && max < min)
		kl_invalid(errors, KL_KEY(path, "maxReplicas"), json_object_get(object, "maxReplicas"),
			"must be greater than or equal to `minReplicas`");
}

void kl_check_PodDisruptionBudgetSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *min = json_object_get(object, "minAvailable"), *max = json_object_get(object, "maxUnavailable");
	int64_t ignored;
	if (min && max)
		kl_invalid(errors, path, object, "minAvailable and maxUnavailable cannot be both set");
	if (min)
		check_share(min, KL_KEY(path, "minAvailable"), errors, &ignored);
	if (max)
		check_share(max, KL_KEY(path, "maxUnavailable"), errors, &ignored);
}

/* --- storage --- */

void kl_check_PersistentVolumeSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const others[] = {"accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity",
		"persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName", "volumeMode"};
	size_t plain = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(others); i++)
		plain += json_object_get(object, others[i]) != NULL;
	if (!json_array_size(json_object_get(object, "accessModes")))
		kl_required(errors, KL_KEY(path, "accessModes"), "");
	if (!kl_json_get(object, "capacity", NULL))
		kl_required(errors, KL_KEY(path, "capacity"), "");
	else if (!kl_json_get(object, "capacity", "storage", NULL))
		kl_not_supported(errors, KL_KEY(path, "capacity"), json_object_get(object, "capacity"), "storage");
	if (json_object_size(object) == plain)
		kl_required(errors, path, "must specify a volume type");
	else if (json_object_size(object) > plain + 1)
		kl_forbidden(errors, path, "may not specify more than 1 volume type");
}

static void check_access_modes(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	static const char modes[] = "ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod";
	size_t i;
	json_t *mode;
	json_array_foreach (json_object_get(spec, "accessModes"), i, mode) {
		const char *text = json_string_value(mode) ?: "";
		if (strcmp(text, "ReadOnlyMany") && strcmp(text, "ReadWriteMany") && strcmp(text, "ReadWriteOnce") &&
			strcmp(text, "ReadWriteOncePod"))
			kl_not_supported(errors, KL_KEY(path, "accessModes"), mode, modes);
	}
}

void kl_check_PersistentVolumeClaimSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	if (!json_array_size(json_object_get(object, "accessModes")))
		kl_required(errors, KL_KEY(path, "accessModes"), "at least 1 access mode is required");
	check_access_modes(object, path, errors);
	const json_t *storage = kl_json_get(object, "resources", "requests", "storage", NULL);
	int64_t milli;
	if (!storage)
		kl_required(errors, KL_MAP_KEY(KL_KEY(path, "resources"), "storage"), "");
	else if (!kl_quantity_json(storage, &milli) && milli <= 0)
		kl_invalid(errors, KL_MAP_KEY(KL_KEY(KL_KEY(path, "resources"), "requests"), "storage"), storage,
			"must be greater than zero");
}

/* --- network policies, ingresses, roles --- */

static bool is_cidr(const char *text)
{
	char address[64];
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = 0;
	struct in6_addr addr;
	char *end;
	long bits = strtol(slash + 1, &end, 10);
	if (*end || end == slash + 1 || bits < 0)
		return false;
	return inet_pton(AF_INET, address, &addr) == 1 ? bits <= 32
						       : inet_pton(AF_INET6, address, &addr) == 1 && bits <= 128;
}

void kl_check_NetworkPolicyPeer(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *block = json_object_get(object, "ipBlock");
	if (!json_object_size(object))
		kl_required(errors, path, "must specify a peer");
	if (block && (json_object_get(object, "podSelector") || json_object_get(object, "namespaceSelector")))
		kl_forbidden(errors, path, "may not specify both ipBlock and another peer");
	const char *cidr = kl_json_str(block, "cidr", NULL);
	if (*cidr && !is_cidr(cidr))
		kl_invalid_str(errors, KL_KEY(KL_KEY(path, "ipBlock"), "cidr"), cidr,
			"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
}

void kl_check_NetworkPolicyPort(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *port = json_object_get(object, "port"), *end = json_object_get(object, "endPort");
	if (json_is_integer(port) && (json_integer_value(port) < 1 || json_integer_value(port) > 65535))
		kl_invalid(errors, KL_KEY(path, "port"), port, "must be between 1 and 65535, inclusive");
	if (json_is_string(port) && kl_name_port(json_string_value(port)))
		kl_invalid(errors, KL_KEY(path, "port"), port, "%s", kl_name_port(json_string_value(port)));
	if (end && !json_is_integer(port))
		kl_invalid(errors, KL_KEY(path, "endPort"), end,
			"may not be specified when `port` is not specified or not an "
			"integer");
	else if (end && json_integer_value(end) < json_integer_value(port))
		kl_invalid(errors, KL_KEY(path, "endPort"), end, "must be greater than or equal to `port`");
}

void kl_check_IngressSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	if (!json_array_size(json_object_get(object, "rules")) && !json_object_get(object, "defaultBackend"))
		kl_invalid(errors, path, json_object_get(object, "rules"),
			"either `defaultBackend` or `rules` must be specified");
}

void kl_check_IngressBackend(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	bool service = json_object_get(object, "service"), resource = json_object_get(object, "resource");
	if (service == resource)
		kl_invalid_str(errors, path, "",
			service ? "cannot set both resource and service backends"
				: "resource or service backend is required");
}

void kl_check_HTTPIngressPath(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *value = json_object_get(object, "path");
	const char *text = json_string_value(value), *type = kl_json_str(object, "pathType", NULL);
	if (strcmp(type, "ImplementationSpecific") && (!text || *text != '/'))
		kl_invalid(errors, KL_KEY(path, "path"), value, "must be an absolute path");
}

void kl_check_PolicyRule(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	bool urls = json_array_size(json_object_get(object, "nonResourceURLs"));
	if (urls)
		return;
	if (!json_array_size(json_object_get(object, "apiGroups")))
		kl_required(errors, KL_KEY(path, "apiGroups"), "resource rules must supply at least one api group");
	if (!json_array_size(json_object_get(object, "resources")))
		kl_required(errors, KL_KEY(path, "resources"), "resource rules must supply at least one resource");
}
