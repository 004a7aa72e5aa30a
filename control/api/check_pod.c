/*
 * Rules of the types that make up a pod.
 */
#include "api.h"
#include "type_hooks.h"
#include "validate.h"

#include <arpa/inet.h>
#include <string.h>

static void check_label(const json_t *object, const char *key, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value), *why = text && *text ? kl_name_dns_label(text) : NULL;
	if (why)
		kl_invalid(errors, KL_KEY(path, key), value, "%s", why);
}

/* How many of the listed members the object has: the sources of a volume, the handlers of a probe. */
static size_t count_of(const json_t *object, const char *const *keys)
{
	size_t count = 0;
	for (; *keys; keys++)
		count += json_object_get(object, *keys) != NULL;
	return count;
}

/* --- containers --- */

static void check_ports(const json_t *ports, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *port;
	kl_autojson *names = json_object();
	json_array_foreach (ports, i, port) {
		const struct kl_path *at = KL_INDEX(path, i);
		const json_t *name = json_object_get(port, "name"), *host = json_object_get(port, "hostPort");
		const char *text = json_string_value(name), *why = text && *text ? kl_name_port(text) : NULL;
		if (why)
			kl_invalid(errors, KL_KEY(at, "name"), name, "%s", why);
		if (text && json_object_get(names, text))
			kl_duplicate(errors, KL_KEY(at, "name"), name);
		if (text)
			json_object_set_new(names, text, json_true());
		if (json_is_integer(host) && (json_integer_value(host) < 0 || json_integer_value(host) > 65535))
			kl_invalid(errors, KL_KEY(at, "hostPort"), host, "must be between 1 and 65535, inclusive");
	}
}

static void check_amounts(const json_t *amounts, const struct kl_path *path, struct kl_errors *errors)
{
	const char *name;
	json_t *amount;
	json_object_foreach ((json_t *)(uintptr_t)amounts, name, amount) {
		const struct kl_path *at = KL_MAP_KEY(path, name);
		int64_t milli;
		const char *why = kl_name_qualified(name);
		if (why)
			kl_invalid_str(errors, at, name, why);
		else if (!strchr(name, '/') && strcmp(name, "cpu") && strcmp(name, "memory") &&
			 strcmp(name, "ephemeral-storage") && strncmp(name, "hugepages-", 10))
			kl_invalid_str(errors, at, name, "must be a standard resource for containers");
		if (!kl_quantity_json(amount, &milli) && milli < 0)
			kl_invalid(errors, at, amount, "must be greater than or equal to 0");
	}
}

static void check_resources(const json_t *resources, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *limits = json_object_get(resources, "limits"), *requests = json_object_get(resources, "requests");
	const char *name;
	json_t *request;
	check_amounts(limits, KL_KEY(path, "limits"), errors);
	check_amounts(requests, KL_KEY(path, "requests"), errors);
	json_object_foreach ((json_t *)(uintptr_t)requests, name, request) {
		const json_t *limit = json_object_get(limits, name);
		int64_t have, max;
		if (limit && !kl_quantity_json(request, &have) && !kl_quantity_json(limit, &max) && have > max)
			kl_invalid(errors, KL_KEY(path, "requests"), request,
				"must be less than or equal to %s limit of %s", name, json_string_value(limit) ?: "");
	}
}

static void check_probe_of(
	const json_t *container, const char *key, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *success = kl_json_get(container, key, "successThreshold", NULL);
	if (json_is_integer(success) && json_integer_value(success) != 1)
		kl_invalid(errors, KL_KEY(KL_KEY(path, key), "successThreshold"), success, "must be 1");
}

void kl_check_Container(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *image = json_object_get(object, "image");
	const char *text = json_string_value(image);
	check_label(object, "name", path, errors);
	if (!text || !*text)
		kl_required(errors, KL_KEY(path, "image"), "");
	else if (text[0] == ' ' || text[strlen(text) - 1] == ' ')
		kl_invalid(errors, KL_KEY(path, "image"), image, "must not have leading or trailing whitespace");
	check_ports(json_object_get(object, "ports"), KL_KEY(path, "ports"), errors);
	check_resources(json_object_get(object, "resources"), KL_KEY(path, "resources"), errors);
	check_probe_of(object, "livenessProbe", path, errors);
	check_probe_of(object, "startupProbe", path, errors);
}

void kl_check_EphemeralContainer(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const forbidden[] = {
		"ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"};
	kl_check_Container(object, path, errors);
	for (size_t i = 0; i < KL_ARRAY_LEN(forbidden); i++)
		if (json_object_get(object, forbidden[i]))
			kl_forbidden(errors, KL_KEY(path, forbidden[i]), "cannot be set for an Ephemeral Container");
}

void kl_check_EnvVar(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const sources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", NULL};
	const json_t *name = json_object_get(object, "name"), *from = json_object_get(object, "valueFrom");
	const char *text = json_string_value(name), *why = text && *text ? kl_name_env(text) : NULL;
	if (why)
		kl_invalid(errors, KL_KEY(path, "name"), name, "%s", why);
	if (!from)
		return;
	if (*kl_json_str(object, "value", NULL))
		kl_invalid_str(errors, KL_KEY(path, "valueFrom"), "", "may not be specified when `value` is not empty");
	size_t count = count_of(from, sources);
	if (count != 1)
		kl_invalid_str(errors, KL_KEY(path, "valueFrom"), "",
			count ? "may not have more than one field specified at a time"
			      : "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or "
				"`secretKeyRef`");
}

static void check_handler(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const handlers[] = {"exec", "httpGet", "tcpSocket", "grpc", "sleep", NULL};
	size_t count = 0;
	for (const char *const *at = handlers; *at; at++)
		if (json_object_get(object, *at) && count++)
			kl_forbidden(errors, KL_KEY(path, *at), "may not specify more than 1 handler type");
	if (!count)
		kl_required(errors, path, "must specify a handler type");
	if (json_object_get(object, "exec") && !json_array_size(kl_json_get(object, "exec", "command", NULL)))
		kl_required(errors, KL_KEY(KL_KEY(path, "exec"), "command"), "");
	const json_t *port = kl_json_get(object, "httpGet", "port", NULL);
	const char *where = "httpGet";
	if (!port) {
		port = kl_json_get(object, "tcpSocket", "port", NULL);
		where = "tcpSocket";
	}
	const struct kl_path *at = KL_KEY(KL_KEY(path, where), "port");
	if (json_is_integer(port) && (json_integer_value(port) < 1 || json_integer_value(port) > 65535))
		kl_invalid(errors, at, port, "must be between 1 and 65535, inclusive");
	else if (json_is_string(port) && kl_name_port(json_string_value(port)))
		kl_invalid(errors, at, port, "%s", kl_name_port(json_string_value(port)));
}

void kl_check_Probe(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_handler(object, path, errors);
}

void kl_check_LifecycleHandler(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_handler(object, path, errors);
}

void kl_check_VolumeMount(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *sub = json_object_get(object, "subPath");
	const char *text = json_string_value(sub);
	if (text && *text == '/')
		kl_invalid(errors, KL_KEY(path, "subPath"), sub, "must be a relative path");
	else if (text && strstr(text, ".."))
		kl_invalid(errors, KL_KEY(path, "subPath"), sub, "must not contain '..'");
	if (text && *text && *kl_json_str(object, "subPathExpr", NULL))
		kl_invalid(errors, KL_KEY(path, "subPathExpr"), json_object_get(object, "subPathExpr"),
			"subPathExpr and subPath are mutually exclusive");
}

/* --- volumes --- */

void kl_check_Volume(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	check_label(object, "name", path, errors);
	size_t sources = json_object_size(object) - (json_object_get(object, "name") != NULL);
	if (!sources)
		kl_required(errors, path, "must specify a volume type");
	bool first = true;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		if (!strcmp(key, "name"))
			continue;
		if (!first)
			kl_forbidden(errors, KL_KEY(path, key), "may not specify more than 1 volume type");
		first = false;
	}
	if (json_object_get(object, "configMap") && !*kl_json_str(object, "configMap", "name", NULL))
		kl_required(errors, KL_KEY(KL_KEY(path, "configMap"), "name"), "");
	if (json_object_get(object, "secret") && !*kl_json_str(object, "secret", "secretName", NULL))
		kl_required(errors, KL_KEY(KL_KEY(path, "secret"), "secretName"), "");
}

void kl_check_KeyToPath(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *to = json_object_get(object, "path");
	const char *text = json_string_value(to);
	if (text && *text == '/')
		kl_invalid(errors, KL_KEY(path, "path"), to, "must be a relative path");
	else if (text && (!strcmp(text, "..") || !strncmp(text, "../", 3) || strstr(text, "/../")))
		kl_invalid(errors, KL_KEY(path, "path"), to, "must not contain '..'");
}

/* --- scheduling --- */

void kl_check_NodeSelectorRequirement(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *op = kl_json_str(object, "operator", NULL), *key = kl_json_str(object, "key", NULL);
	size_t count = json_array_size(json_object_get(object, "values"));
	const struct kl_path *values = KL_KEY(path, "values");
	if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !count)
		kl_required(errors, values, "must be specified when `operator` is 'In' or 'NotIn'");
	else if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && count)
		kl_forbidden(errors, values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	else if ((!strcmp(op, "Gt") || !strcmp(op, "Lt")) && count != 1)
		kl_required(errors, values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
	if (*key && strncmp(key, "metadata.", 9) && kl_name_qualified(key))
		kl_invalid_str(errors, KL_KEY(path, "key"), key, kl_name_qualified(key));
}

void kl_check_Toleration(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key = kl_json_str(object, "key", NULL), *op = kl_json_str(object, "operator", NULL);
	if (*key && kl_name_qualified(key))
		kl_invalid_str(errors, KL_KEY(path, "key"), key, kl_name_qualified(key));
	if (!*key && strcmp(op, "Exists"))
		kl_invalid_str(errors, KL_KEY(path, "operator"), op,
			"operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
	if (*op && strcmp(op, "Exists") && strcmp(op, "Equal"))
		kl_not_supported(errors, KL_KEY(path, "operator"), json_object_get(object, "operator"), "Equal|Exists");
	if (!strcmp(op, "Exists") && *kl_json_str(object, "value", NULL))
		kl_invalid(errors, KL_KEY(path, "operator"), json_object_get(object, "operator"),
			"value must be empty when `operator` is 'Exists'");
	if (json_object_get(object, "tolerationSeconds") && strcmp(kl_json_str(object, "effect", NULL), "NoExecute"))
		kl_invalid(errors, KL_KEY(path, "effect"), json_object_get(object, "effect"),
			"effect must be 'NoExecute' when `tolerationSeconds` is set");
}

void kl_check_Taint(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key = kl_json_str(object, "key", NULL), *value = kl_json_str(object, "value", NULL);
	if (*key && kl_name_qualified(key))
		kl_invalid_str(errors, KL_KEY(path, "key"), key, kl_name_qualified(key));
	if (kl_name_label_value(value))
		kl_invalid_str(errors, KL_KEY(path, "value"), value, kl_name_label_value(value));
}

void kl_check_PodAffinityTerm(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const char *key = kl_json_str(object, "topologyKey", NULL);
	if (*key && kl_name_qualified(key))
		kl_invalid_str(errors, KL_KEY(path, "topologyKey"), key, kl_name_qualified(key));
}

void kl_check_TopologySpreadConstraint(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	if (json_object_get(object, "minDomains") &&
		strcmp(kl_json_str(object, "whenUnsatisfiable", NULL), "DoNotSchedule"))
		kl_invalid(errors, KL_KEY(path, "minDomains"), json_object_get(object, "minDomains"),
			"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not %s",
			kl_json_str(object, "whenUnsatisfiable", NULL));
}

void kl_check_LabelSelector(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *term;
	kl_labels_validate(json_object_get(object, "matchLabels"), KL_KEY(path, "matchLabels"), errors);
	json_array_foreach (json_object_get(object, "matchExpressions"), i, term) {
		const struct kl_path *at = KL_INDEX(KL_KEY(path, "matchExpressions"), i);
		const char *op = kl_json_str(term, "operator", NULL), *key = kl_json_str(term, "key", NULL);
		size_t count = json_array_size(json_object_get(term, "values"));
		if ((!strcmp(op, "In") || !strcmp(op, "NotIn")) && !count)
			kl_required(
				errors, KL_KEY(at, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
		if ((!strcmp(op, "Exists") || !strcmp(op, "DoesNotExist")) && count)
			kl_forbidden(errors, KL_KEY(at, "values"),
				"may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
		if (*key && kl_name_qualified(key))
			kl_invalid_str(errors, KL_KEY(at, "key"), key, kl_name_qualified(key));
	}
}

/* --- the whole spec --- */

static void check_names(
	const json_t *spec, const char *list, json_t *seen, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *container;
	json_array_foreach (json_object_get(spec, list), i, container) {
		const json_t *name = json_object_get(container, "name");
		const char *text = json_string_value(name);
		if (!text)
			continue;
		/* Within one list the schema's keys have found it already. */
		const char *other = json_string_value(json_object_get(seen, text));
		if (other && strcmp(other, list))
			kl_duplicate(errors, KL_KEY(KL_INDEX(KL_KEY(path, list), i), "name"), name);
		json_object_set_new(seen, text, json_string(list));
	}
}

static bool has_volume(const json_t *spec, const char *name)
{
	size_t i;
	json_t *volume;
	json_array_foreach (json_object_get(spec, "volumes"), i, volume)
		if (!strcmp(kl_json_str(volume, "name", NULL), name))
			return true;
	return false;
}

static void check_mounts(
	const json_t *spec, const json_t *container, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const lists[] = {"volumeMounts", "volumeDevices"};
	for (size_t k = 0; k < KL_ARRAY_LEN(lists); k++) {
		size_t i;
		json_t *mount;
		json_array_foreach (json_object_get(container, lists[k]), i, mount) {
			const json_t *name = json_object_get(mount, "name");
			const char *text = json_string_value(name);
			if (text && *text && !has_volume(spec, text))
				kl_not_found(errors, KL_KEY(KL_INDEX(KL_KEY(path, lists[k]), i), "name"), name);
		}
	}
}

static void check_addresses(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *alias;
	json_array_foreach (json_object_get(spec, "hostAliases"), i, alias) {
		const char *ip = kl_json_str(alias, "ip", NULL);
		struct in6_addr addr;
		if (*ip && inet_pton(AF_INET, ip, &addr) != 1 && inet_pton(AF_INET6, ip, &addr) != 1)
			kl_invalid_str(errors, KL_KEY(KL_INDEX(KL_KEY(path, "hostAliases"), i), "ip"), ip,
				"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	}
}

void kl_check_PodSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers"};
	/* Most pods have one list of containers; names need comparing between lists only. */
	bool several = json_object_get(object, lists[1]) || json_object_get(object, lists[2]);
	kl_autojson *names = several ? json_object() : NULL;
	for (size_t k = 0; k < KL_ARRAY_LEN(lists); k++) {
		size_t i;
		json_t *container;
		if (several)
			check_names(object, lists[k], names, path, errors);
		json_array_foreach (json_object_get(object, lists[k]), i, container)
			check_mounts(object, container, KL_INDEX(KL_KEY(path, lists[k]), i), errors);
	}
	kl_check_pod_parts(object, path, errors);
	kl_labels_validate(json_object_get(object, "nodeSelector"), KL_KEY(path, "nodeSelector"), errors);
	check_label(object, "hostname", path, errors);
	check_label(object, "subdomain", path, errors);
	check_addresses(object, path, errors);
	const json_t *deadline = json_object_get(object, "activeDeadlineSeconds");
	if (json_is_integer(deadline) && json_integer_value(deadline) < 1)
		kl_invalid(errors, KL_KEY(path, "activeDeadlineSeconds"), deadline,
			"must be between 1 and 2147483647, inclusive");
	const char *account = kl_json_str(object, "serviceAccountName", NULL);
	if (*account && kl_name_dns_subdomain(account))
		kl_invalid_str(errors, KL_KEY(path, "serviceAccountName"), account, kl_name_dns_subdomain(account));
}
