/*
 * Rules of limits, quotas, autoscalers, roles' bindings, endpoints and volumes' attachments.
 */
#include "api.h"
#include "type_hooks.h"
#include "validate.h"

#include <arpa/inet.h>
#include <string.h>

static bool is(const json_t *object, const char *key, const char *text)
{
	return !strcmp(kl_json_str(object, key, NULL), text);
}

static bool among(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], text))
			return true;
	return false;
}

/* --- LimitRange */

/* Every resource of list `low` is at most that of list `high`. */
static void check_order(const json_t *item, const char *low, const char *high, const char *low_words,
	const char *high_words, const struct kl_path *path, struct kl_errors *errors)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)json_object_get(item, low), name, value) {
		const json_t *other = kl_json_get(item, high, name, NULL);
		int64_t a, b;
		if (!other || kl_quantity_json(value, &a) < 0 || kl_quantity_json(other, &b) < 0 || a <= b)
			continue;
		kl_invalid(errors, KL_MAP_KEY(KL_KEY(path, low), name), value,
			"%s value %s is greater than %s value %s", low_words, json_string_value(value) ?: "",
			high_words, json_string_value(other) ?: "");
	}
}

void kl_check_LimitRangeItem(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const per_container[] = {"default", "defaultRequest"};
	for (size_t i = 0; i < KL_ARRAY_LEN(per_container); i++)
		if (is(object, "type", "Pod") && json_object_get(object, per_container[i]))
			kl_forbidden(
				errors, KL_KEY(path, per_container[i]), "may not be specified when `type` is 'Pod'");
	if (is(object, "type", "PersistentVolumeClaim") && !kl_json_get(object, "min", "storage", NULL) &&
		!kl_json_get(object, "max", "storage", NULL))
		kl_required(
			errors, path, "either minimum or maximum storage value is required, but neither was provided");
	check_order(object, "min", "max", "min", "max", path, errors);
	check_order(object, "min", "defaultRequest", "min", "default request", path, errors);
	check_order(object, "defaultRequest", "max", "default request", "max", path, errors);
	check_order(object, "defaultRequest", "default", "default request", "default limit", path, errors);
	check_order(object, "default", "max", "default", "max", path, errors);
}

void kl_check_LimitRangeSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	kl_autojson *seen = json_object();
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(object, "limits"), i, item) {
		const char *type = kl_json_str(item, "type", NULL);
		if (*type && json_object_get(seen, type))
			kl_duplicate(errors, KL_KEY(KL_INDEX(KL_KEY(path, "limits"), i), "type"),
				json_object_get(item, "type"));
		json_object_set_new(seen, type, json_true());
	}
}

/* --- ResourceQuota */

static bool quota_resource(const char *name)
{
	static const char *const known[] = {"cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory",
		"requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
		"limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
		"persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers"};
	return strchr(name, '/') || !strncmp(name, "hugepages-", 10) || !strncmp(name, "requests.hugepages-", 19) ||
	       among(known, KL_ARRAY_LEN(known), name);
}

void kl_check_ResourceQuotaSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const scopes[] = {"Terminating", "NotTerminating", "BestEffort", "NotBestEffort",
		"PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"};
	const json_t *given = json_object_get(object, "scopes");
	const char *name;
	json_t *value;
	size_t i;
	json_object_foreach ((json_t *)(uintptr_t)json_object_get(object, "hard"), name, value) {
		const struct kl_path *at = KL_MAP_KEY(KL_KEY(path, "hard"), name);
		int64_t milli;
		if (!quota_resource(name))
			kl_invalid_str(errors, at, name, "must be a standard resource for quota");
		if (!kl_quantity_json(value, &milli) && milli < 0)
			kl_invalid(errors, at, value, "must be greater than or equal to 0");
	}
	json_array_foreach (given, i, value)
		if (!among(scopes, KL_ARRAY_LEN(scopes), json_string_value(value) ?: ""))
			kl_invalid(errors, KL_KEY(path, "scopes"), given, "unsupported scope");
}

/* --- HorizontalPodAutoscaler */

void kl_check_MetricSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const struct {
		const char *type, *source;
	} sources[] = {{"ContainerResource", "containerResource"}, {"External", "external"}, {"Object", "object"},
		{"Pods", "pods"}, {"Resource", "resource"}};
	for (size_t i = 0; i < KL_ARRAY_LEN(sources); i++) {
		bool right = is(object, "type", sources[i].type), there = json_object_get(object, sources[i].source);
		if (right && !there)
			kl_required(errors, KL_KEY(path, sources[i].source),
				"must populate information for the given metric source");
		if (!right && there && *kl_json_str(object, "type", NULL))
			kl_forbidden(
				errors, KL_KEY(path, sources[i].source), "must populate the given metric source only");
	}
}

void kl_check_MetricTarget(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const values[] = {"averageUtilization", "averageValue", "value"};
	size_t count = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(values); i++)
		count += json_object_get(object, values[i]) != NULL;
	if (!count)
		kl_required(errors, KL_KEY(path, is(object, "type", "Utilization") ? values[0] : values[1]),
			"must set either a target raw value or a target utilization");
	const json_t *percent = json_object_get(object, "averageUtilization");
	if (percent && json_integer_value(percent) < 1)
		kl_invalid(errors, KL_KEY(path, "averageUtilization"), percent, "must be greater than 0");
}

/* --- roles */

static void check_subjects(const json_t *binding, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *subject;
	json_array_foreach (json_object_get(binding, "subjects"), i, subject) {
		const struct kl_path *at = KL_INDEX(KL_KEY(path, "subjects"), i);
		bool account = is(subject, "kind", "ServiceAccount");
		if (account && !*kl_json_str(subject, "namespace", NULL))
			kl_required(errors, KL_KEY(at, "namespace"), "");
		if (!account && !is(subject, "kind", "User") && !is(subject, "kind", "Group"))
			kl_not_supported(errors, KL_KEY(at, "kind"), json_object_get(subject, "kind"),
				"Group|ServiceAccount|User");
	}
}

static void check_role_ref(
	const json_t *binding, const char *kinds, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *ref = json_object_get(binding, "roleRef");
	bool cluster = is(ref, "kind", "ClusterRole"),
	     role = is(ref, "kind", "Role") && !strcmp(kinds, "ClusterRole|Role");
	if (ref && !is(ref, "apiGroup", "rbac.authorization.k8s.io"))
		kl_not_supported(errors, KL_KEY(KL_KEY(path, "roleRef"), "apiGroup"), json_object_get(ref, "apiGroup"),
			"rbac.authorization.k8s.io");
	if (ref && !cluster && !role)
		kl_not_supported(errors, KL_KEY(KL_KEY(path, "roleRef"), "kind"), json_object_get(ref, "kind"), kinds);
}

void kl_check_RoleBinding(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_role_ref(object, "ClusterRole|Role", path, errors);
	check_subjects(object, path, errors);
}

void kl_check_ClusterRoleBinding(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_role_ref(object, "ClusterRole", path, errors);
	check_subjects(object, path, errors);
}

void kl_check_Role(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *rule;
	json_array_foreach (json_object_get(object, "rules"), i, rule)
		if (json_array_size(json_object_get(rule, "nonResourceURLs")))
			kl_invalid(errors, KL_KEY(KL_INDEX(KL_KEY(path, "rules"), i), "nonResourceURLs"),
				json_object_get(rule, "nonResourceURLs"),
				"namespaced rules cannot apply to non-resource URLs");
}

/* --- endpoints */

/* NULL, or why traffic cannot be sent there. */
static const char *special_v4(const unsigned char *ip)
{
	return !(ip[0] | ip[1] | ip[2] | ip[3]) ? "may not be unspecified (0.0.0.0 or ::)"
	       : ip[0] == 127                   ? "may not be in the loopback range (127.0.0.0/8, ::1/128)"
	       : ip[0] == 169 && ip[1] == 254   ? "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
	       : ip[0] == 224 && !ip[1] && !ip[2]
		       ? "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
		       : NULL;
}

static const char *special_v6(const unsigned char *ip)
{
	static const unsigned char zero[15];
	bool low = !memcmp(ip, zero, sizeof(zero));
	return low && !ip[15]       ? "may not be unspecified (0.0.0.0 or ::)"
	       : low && ip[15] == 1 ? "may not be in the loopback range (127.0.0.0/8, ::1/128)"
	       : ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80
		       ? "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
	       : ip[0] == 0xff && ip[1] == 2 ? "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
					     : NULL;
}

/* The server's own Service leads to wherever the server listens, be it the loopback of a developer's machine. */
static bool servers_own(const json_t *object)
{
	return !strcmp(kl_json_str(object, "metadata", "name", NULL), "kubernetes") &&
	       !strcmp(kl_json_str(object, "metadata", "namespace", NULL), "default");
}

static const char *bad_address(const char *text, bool v4, bool v6, const char *words)
{
	unsigned char ip[16];
	if (v4 && inet_pton(AF_INET, text, ip) == 1)
		return special_v4(ip);
	if (v6 && inet_pton(AF_INET6, text, ip) == 1)
		return special_v6(ip);
	return words;
}

static void check_subset_addresses(
	const json_t *subset, const char *key, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *address;
	json_array_foreach (json_object_get(subset, key), i, address) {
		const char *ip = kl_json_str(address, "ip", NULL);
		const char *why = *ip ? bad_address(ip, true, true,
						"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
				      : NULL;
		if (why)
			kl_invalid_str(errors, KL_KEY(KL_INDEX(KL_KEY(path, key), i), "ip"), ip, why);
	}
}

static void check_port_names(const json_t *ports, bool wanted, const struct kl_path *path, struct kl_errors *errors)
{
	kl_autojson *seen = json_object();
	size_t i;
	json_t *port;
	json_array_foreach (ports, i, port) {
		const struct kl_path *at = KL_KEY(KL_INDEX(path, i), "name");
		const char *name = kl_json_str(port, "name", NULL);
		if (wanted && !*name && json_array_size(ports) > 1)
			kl_required(errors, at, "");
		else if (*name && kl_name_dns_label(name))
			kl_invalid_str(errors, at, name, kl_name_dns_label(name));
		else if (json_object_get(seen, name))
			kl_duplicate(errors, at, json_object_get(port, "name"));
		json_object_set_new(seen, name, json_true());
	}
}

void kl_check_EndpointSubset(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	if (!json_array_size(json_object_get(object, "addresses")) &&
		!json_array_size(json_object_get(object, "notReadyAddresses")))
		kl_required(errors, path, "must specify `addresses` or `notReadyAddresses`");
	check_port_names(json_object_get(object, "ports"), true, KL_KEY(path, "ports"), errors);
}

void kl_check_Endpoints(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *subset;
	json_array_foreach (servers_own(object) ? NULL : json_object_get(object, "subsets"), i, subset) {
		const struct kl_path *at = KL_INDEX(KL_KEY(path, "subsets"), i);
		check_subset_addresses(subset, "addresses", at, errors);
		check_subset_addresses(subset, "notReadyAddresses", at, errors);
	}
}

static void check_endpoint(
	const json_t *endpoint, const char *type, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *address;
	bool v4 = !strcmp(type, "IPv4"), v6 = !strcmp(type, "IPv6");
	json_array_foreach (json_object_get(endpoint, "addresses"), i, address) {
		const char *text = json_string_value(address) ?: "";
		const char *why =
			v4 || v6 ? bad_address(text, v4, v6,
					   v4 ? "must be a valid IPv4 address" : "must be a valid IPv6 address")
				 : kl_name_dns_subdomain(text);
		if (why)
			kl_invalid_str(errors, KL_INDEX(KL_KEY(path, "addresses"), i), text, why);
	}
}

void kl_check_EndpointSlice(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *endpoints = json_object_get(object, "endpoints");
	size_t i;
	json_t *endpoint;
	if (json_array_size(endpoints) > 1000)
		kl_invalid_str(errors, KL_KEY(path, "endpoints"), "", "must have at most 1000 items");
	json_array_foreach (servers_own(object) ? NULL : endpoints, i, endpoint)
		check_endpoint(endpoint, kl_json_str(object, "addressType", NULL),
			KL_INDEX(KL_KEY(path, "endpoints"), i), errors);
	check_port_names(json_object_get(object, "ports"), false, KL_KEY(path, "ports"), errors);
}

/* --- storage */

void kl_check_VolumeAttachmentSource(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	bool inlined = json_object_get(object, "inlineVolumeSpec"),
	     named = *kl_json_str(object, "persistentVolumeName", NULL);
	if (!inlined && !named)
		kl_required(errors, path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
	if (inlined && named)
		kl_forbidden(errors, path, "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
}

void kl_check_HostPathVolumeSource(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *text = kl_json_str(object, "path", NULL);
	for (const char *at = text; (at = strstr(at, "..")); at += 2)
		if ((at == text || at[-1] == '/') && (at[2] == '/' || !at[2])) {
			kl_invalid_str(errors, KL_KEY(path, "path"), text, "must not contain '..'");
			return;
		}
}
