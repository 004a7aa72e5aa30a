/*
 * Defaults that depend on other fields (upstream's SetDefaults_* functions, by what they do).
 */
#include "api.h"
#include "type_hooks.h"

#include <string.h>

static void set_missing(json_t *object, const char *key, json_t *value_taken)
{
	if (json_object_get(object, key))
		json_decref(value_taken);
	else
		json_object_set_new(object, key, value_taken);
}

static bool is(const json_t *object, const char *key, const char *text)
{
	return !strcmp(kl_json_str(object, key, NULL), text);
}

/* "latest", named or meant, may change behind its name: pull it always. */
static const char *pull_policy(const char *image)
{
	const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
	const char *digest = strchr(name, '@'), *colon = strchr(name, ':');
	if (digest && (!colon || colon > digest))
		return "IfNotPresent";
	if (!colon)
		return "Always";
	size_t len = digest ? (size_t)(digest - colon - 1) : strlen(colon + 1);
	return len == 6 && !memcmp(colon + 1, "latest", 6) ? "Always" : "IfNotPresent";
}

void kl_default_Container(json_t *object)
{
	set_missing(object, "imagePullPolicy", json_string(pull_policy(kl_json_str(object, "image", NULL))));
}

void kl_default_EphemeralContainer(json_t *object)
{
	kl_default_Container(object);
}

void kl_default_Volume(json_t *object)
{
	/* Nothing but a name: an empty directory. */
	if (json_object_size(object) == 1 && json_object_get(object, "name"))
		json_object_set_new(object, "emptyDir", json_object());
}

/* In the host's network a container's port is the host's. */
static void default_host_ports(json_t *containers)
{
	size_t i, k;
	json_t *container, *port;
	json_array_foreach (containers, i, container)
		json_array_foreach (json_object_get(container, "ports"), k, port)
			if (!json_object_get(port, "hostPort") && json_object_get(port, "containerPort"))
				json_object_set(port, "hostPort", json_object_get(port, "containerPort"));
}

void kl_default_PodSpec(json_t *object)
{
	json_t *name = json_object_get(object, "serviceAccountName"),
	       *old_name = json_object_get(object, "serviceAccount");
	if (name)
		json_object_set(object, "serviceAccount", name);
	else if (old_name)
		json_object_set(object, "serviceAccountName", old_name);
	if (kl_json_bool(object, false, "hostNetwork", NULL)) {
		default_host_ports(json_object_get(object, "containers"));
		default_host_ports(json_object_get(object, "initContainers"));
	}
}

void kl_default_DeploymentStrategy(json_t *object)
{
	if (!is(object, "type", "RollingUpdate"))
		return;
	json_t *rolling = kl_json_ensure(object, "rollingUpdate", NULL);
	set_missing(rolling, "maxUnavailable", json_string("25%"));
	set_missing(rolling, "maxSurge", json_string("25%"));
}

void kl_default_DaemonSetUpdateStrategy(json_t *object)
{
	if (!is(object, "type", "RollingUpdate"))
		return;
	json_t *rolling = kl_json_ensure(object, "rollingUpdate", NULL);
	set_missing(rolling, "maxUnavailable", json_integer(1));
	set_missing(rolling, "maxSurge", json_integer(0));
}

void kl_default_StatefulSetUpdateStrategy(json_t *object)
{
	if (is(object, "type", "RollingUpdate"))
		set_missing(kl_json_ensure(object, "rollingUpdate", NULL), "partition", json_integer(0));
}

void kl_default_ServicePort(json_t *object)
{
	const json_t *target = json_object_get(object, "targetPort");
	bool unset = !target || (json_is_integer(target) && !json_integer_value(target)) ||
		     (json_is_string(target) && !json_string_length(target));
	if (unset && json_object_get(object, "port"))
		json_object_set(object, "targetPort", json_object_get(object, "port"));
}

void kl_default_ServiceSpec(json_t *object)
{
	bool node_ports = is(object, "type", "NodePort") || is(object, "type", "LoadBalancer");
	if (is(object, "sessionAffinity", "ClientIP"))
		set_missing(kl_json_ensure(object, "sessionAffinityConfig", "clientIP", NULL), "timeoutSeconds",
			json_integer(10800));
	else
		json_object_del(object, "sessionAffinityConfig");
	if (!is(object, "type", "ExternalName"))
		set_missing(object, "internalTrafficPolicy", json_string("Cluster"));
	if (node_ports || (is(object, "type", "ClusterIP") && json_array_size(json_object_get(object, "externalIPs"))))
		set_missing(object, "externalTrafficPolicy", json_string("Cluster"));
	if (is(object, "type", "LoadBalancer"))
		set_missing(object, "allocateLoadBalancerNodePorts", json_true());
}

void kl_default_JobSpec(json_t *object)
{
	bool indexed = is(object, "completionMode", "Indexed");
	if (!json_object_get(object, "completions") && !json_object_get(object, "parallelism") && !indexed)
		json_object_set_new(object, "completions", json_integer(1));
	set_missing(object, "parallelism", json_integer(1));
	set_missing(object, "podReplacementPolicy",
		json_string(json_object_get(object, "podFailurePolicy") ? "Failed" : "TerminatingOrFailed"));
}

void kl_default_NetworkPolicySpec(json_t *object)
{
	if (json_array_size(json_object_get(object, "policyTypes")))
		return;
	json_t *types = json_array();
	json_array_append_new(types, json_string("Ingress"));
	if (json_array_size(json_object_get(object, "egress")))
		json_array_append_new(types, json_string("Egress"));
	json_object_set_new(object, "policyTypes", types);
}

/* stringData is a way to write data, never stored itself. */
void kl_default_Secret(json_t *object)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *key;
	json_t *value;
	json_object_foreach (json_object_get(object, "stringData"), key, value) {
		const unsigned char *in = (const unsigned char *)json_string_value(value);
		size_t len = json_string_length(value);
		kl_autobuf out = {0};
		for (size_t i = 0; i < len; i += 3) {
			unsigned bits = (unsigned)in[i] << 16 | (i + 1 < len ? (unsigned)in[i + 1] << 8 : 0u) |
					(i + 2 < len ? in[i + 2] : 0u);
			kl_buf_char(&out, alphabet[bits >> 18]);
			kl_buf_char(&out, alphabet[bits >> 12 & 63]);
			kl_buf_char(&out, i + 1 < len ? alphabet[bits >> 6 & 63] : '=');
			kl_buf_char(&out, i + 2 < len ? alphabet[bits & 63] : '=');
		}
		json_object_set_new(kl_json_ensure(object, "data", NULL), key, json_string(kl_buf_str(&out)));
	}
	json_object_del(object, "stringData");
}

void kl_default_Subject(json_t *object)
{
	if (is(object, "kind", "User") || is(object, "kind", "Group"))
		set_missing(object, "apiGroup", json_string("rbac.authorization.k8s.io"));
}

void kl_default_HorizontalPodAutoscalerV2Spec(json_t *object)
{
	if (json_array_size(json_object_get(object, "metrics")))
		return;
	json_object_set_new(object, "metrics",
		json_pack("[{s:s,s:{s:s,s:{s:s,s:i}}}]", "type", "Resource", "resource", "name", "cpu", "target",
			"type", "Utilization", "averageUtilization", 80));
}

void kl_default_NodeStatus(json_t *object)
{
	const char *key;
	json_t *value;
	json_t *capacity = json_object_get(object, "capacity");
	if (!capacity)
		return;
	json_t *allocatable = kl_json_ensure(object, "allocatable", NULL);
	json_object_foreach (capacity, key, value)
		if (!json_object_get(allocatable, key))
			json_object_set(allocatable, key, value);
}
