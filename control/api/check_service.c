/*
 * Rules of Services.
 */
#include "type_hooks.h"
#include "validate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool is(const json_t *spec, const char *key, const char *text)
{
	return !strcmp(kl_json_str(spec, key, NULL), text);
}

static bool is_ip(const char *text)
{
	struct in6_addr addr;
	return inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1;
}

#define BAD_IP "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

static void check_target(const json_t *port, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *target = json_object_get(port, "targetPort");
	if (json_is_integer(target) && (json_integer_value(target) < 1 || json_integer_value(target) > 65535))
		kl_invalid(errors, KL_KEY(path, "targetPort"), target, "must be between 1 and 65535, inclusive");
	else if (json_is_string(target) && kl_name_port(json_string_value(target)))
		kl_invalid(errors, KL_KEY(path, "targetPort"), target, "%s", kl_name_port(json_string_value(target)));
}

static void check_node_port(
	const json_t *spec, const json_t *port, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *node = json_object_get(port, "nodePort");
	if (!node)
		return;
	if (is(spec, "type", "ClusterIP") || is(spec, "type", "ExternalName"))
		kl_forbidden(errors, KL_KEY(path, "nodePort"), "may not be used when `type` is 'ClusterIP'");
	else if (json_integer_value(node) < 1 || json_integer_value(node) > 65535)
		kl_invalid(errors, KL_KEY(path, "nodePort"), node, "must be between 1 and 65535, inclusive");
}

static void check_port(
	const json_t *spec, const json_t *port, bool wants_name, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *name = json_object_get(port, "name");
	const char *text = json_string_value(name);
	if (wants_name && (!text || !*text))
		kl_required(errors, KL_KEY(path, "name"), "");
	else if (text && *text && kl_name_dns_label(text))
		kl_invalid(errors, KL_KEY(path, "name"), name, "%s", kl_name_dns_label(text));
	check_target(port, path, errors);
	check_node_port(spec, port, path, errors);
}

/* Names differ, and so do pairs of protocol and port. */
static void check_duplicates(const json_t *ports, const struct kl_path *path, struct kl_errors *errors)
{
	size_t i;
	json_t *port;
	kl_autojson *names = json_object(), *numbers = json_object();
	json_array_foreach (ports, i, port) {
		const json_t *name = json_object_get(port, "name");
		if (name && json_object_get(names, json_string_value(name)))
			kl_duplicate(errors, KL_KEY(KL_INDEX(path, i), "name"), name);
		if (name)
			json_object_set_new(names, json_string_value(name), json_true());
		kl_autofree char *key = kl_asprintf(
			"%s/%lld", kl_json_str(port, "protocol", NULL), (long long)kl_json_int(port, 0, "port", NULL));
		kl_autojson *pair = json_pack("{s:s,s:I}", "protocol", kl_json_str(port, "protocol", NULL), "port",
			(json_int_t)kl_json_int(port, 0, "port", NULL));
		if (json_object_get(numbers, key))
			kl_duplicate(errors, KL_INDEX(path, i), pair);
		json_object_set_new(numbers, key, json_true());
	}
}

static void check_addresses(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const char *ip = kl_json_str(spec, "clusterIP", NULL);
	bool headless = !strcmp(ip, "None");
	size_t i;
	json_t *address;
	if (*ip && !headless && !is_ip(ip))
		kl_invalid_str(errors, KL_INDEX(KL_KEY(path, "clusterIPs"), 0), ip, BAD_IP);
	if (headless && (is(spec, "type", "NodePort") || is(spec, "type", "LoadBalancer")))
		kl_invalid_str(errors, KL_INDEX(KL_KEY(path, "clusterIPs"), 0), ip,
			"may not be set to 'None' for LoadBalancer services");
	json_array_foreach (json_object_get(spec, "externalIPs"), i, address)
		if (!is_ip(json_string_value(address) ?: ""))
			kl_invalid(errors, KL_INDEX(KL_KEY(path, "externalIPs"), i), address, BAD_IP);
}

static void check_external_name(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const char *name = kl_json_str(spec, "externalName", NULL);
	size_t len = strlen(name);
	if (!len) {
		kl_required(errors, KL_KEY(path, "externalName"), "");
		return;
	}
	kl_autofree char *bare = kl_strndup(name, name[len - 1] == '.' ? len - 1 : len);
	if (kl_name_dns_subdomain(bare))
		kl_invalid_str(errors, KL_KEY(path, "externalName"), name, kl_name_dns_subdomain(bare));
}

static void check_affinity(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *seconds = kl_json_get(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds", NULL);
	if (json_is_integer(seconds) && (json_integer_value(seconds) <= 0 || json_integer_value(seconds) > 86400))
		kl_invalid(errors, KL_KEY(KL_KEY(KL_KEY(path, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds"),
			seconds, "must be greater than 0 and less than 86400");
}

static bool is_cidr(const char *text)
{
	char address[64];
	struct in6_addr addr;
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	long max = inet_pton(AF_INET, address, &addr) == 1 ? 32 : inet_pton(AF_INET6, address, &addr) == 1 ? 128 : -1;
	char *end;
	long bits = strtol(slash + 1, &end, 10);
	return max > 0 && slash[1] >= '0' && slash[1] <= '9' && !*end && bits <= max;
}

#define ONLY_FOR_BALANCERS "may only be used when `type` is 'LoadBalancer'"

static void check_balancer(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *ranges = json_object_get(spec, "loadBalancerSourceRanges"),
		     *node_ports = json_object_get(spec, "allocateLoadBalancerNodePorts"),
		     *class = json_object_get(spec, "loadBalancerClass");
	bool balancer = is(spec, "type", "LoadBalancer");
	size_t i;
	json_t *range;
	if (!balancer && json_array_size(ranges))
		kl_forbidden(errors, KL_KEY(path, "loadBalancerSourceRanges"), ONLY_FOR_BALANCERS);
	json_array_foreach (balancer ? ranges : NULL, i, range)
		if (!is_cidr(json_string_value(range) ?: ""))
			kl_invalid(errors, KL_INDEX(KL_KEY(path, "loadBalancerSourceRanges"), i), range,
				"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
	if (!balancer && node_ports)
		kl_forbidden(errors, KL_KEY(path, "allocateLoadBalancerNodePorts"), ONLY_FOR_BALANCERS);
	if (!balancer && class)
		kl_forbidden(errors, KL_KEY(path, "loadBalancerClass"), ONLY_FOR_BALANCERS);
	else if (class && kl_name_qualified(json_string_value(class)))
		kl_invalid(errors, KL_KEY(path, "loadBalancerClass"), class, "%s",
			kl_name_qualified(json_string_value(class)));
}

/* externalTrafficPolicy is about addresses that are reached from outside. */
static void check_policies(const json_t *spec, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *outside = json_object_get(spec, "externalTrafficPolicy"),
		     *health = json_object_get(spec, "healthCheckNodePort");
	bool reached = is(spec, "type", "LoadBalancer") || is(spec, "type", "NodePort") ||
		       (is(spec, "type", "ClusterIP") && json_array_size(json_object_get(spec, "externalIPs")));
	if (outside && !reached)
		kl_invalid(errors, KL_KEY(path, "externalTrafficPolicy"), outside,
			"may only be set for externally-accessible services");
	if (health && !(is(spec, "type", "LoadBalancer") && is(spec, "externalTrafficPolicy", "Local")))
		kl_invalid(errors, KL_KEY(path, "healthCheckNodePort"), health,
			"may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
}

void kl_check_ServiceSpec(const json_t *object, const struct kl_path *path, struct kl_errors *errors)
{
	const json_t *ports = json_object_get(object, "ports");
	bool external_name = is(object, "type", "ExternalName"), headless = is(object, "clusterIP", "None");
	size_t i;
	json_t *port;
	if (!json_array_size(ports) && !external_name && !headless)
		kl_required(errors, KL_KEY(path, "ports"), "");
	json_array_foreach (ports, i, port)
		check_port(object, port, json_array_size(ports) > 1, KL_INDEX(KL_KEY(path, "ports"), i), errors);
	if (json_array_size(ports) > 1)
		check_duplicates(ports, KL_KEY(path, "ports"), errors);
	kl_labels_validate(json_object_get(object, "selector"), KL_KEY(path, "selector"), errors);
	check_addresses(object, path, errors);
	check_affinity(object, path, errors);
	check_balancer(object, path, errors);
	check_policies(object, path, errors);
	if (external_name)
		check_external_name(object, path, errors);
}
