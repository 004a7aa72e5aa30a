/*
 * Between versions of one kind. Most differ in apiVersion alone; the others have a function.
 */
#include "api.h"

#include <string.h>

static void rename_key(json_t *object, const char *from, const char *to)
{
	json_t *value = json_object_get(object, from);
	if (!value)
		return;
	json_object_set(object, to, value);
	json_object_del(object, from);
}

/* Core's names first; the events.k8s.io form second. */
static const char *const event_names[][2] = {
	{"involvedObject", "regarding"},
	{"message", "note"},
	{"source", "deprecatedSource"},
	{"firstTimestamp", "deprecatedFirstTimestamp"},
	{"lastTimestamp", "deprecatedLastTimestamp"},
	{"count", "deprecatedCount"},
	{"reportingComponent", "reportingController"},
};

static void event_rename(json_t *object, bool to_core)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(event_names); i++)
		rename_key(object, event_names[i][to_core], event_names[i][!to_core]);
}

static void event_to_core(json_t *object)
{
	event_rename(object, true);
}

/* What wrote the event knew no eventTime; the new form cannot do without, so it is that of the first occurrence. */
static void event_from_core(json_t *object)
{
	event_rename(object, false);
	const char *first = kl_json_str(object, "deprecatedFirstTimestamp", NULL);
	size_t len = strlen(first);
	if (json_object_get(object, "eventTime") || !len || first[len - 1] != 'Z' || strchr(first, '.'))
		return;
	kl_autofree char *micro = kl_asprintf("%.*s.000000Z", (int)len - 1, first);
	json_object_set_new(object, "eventTime", json_string(micro));
}

/* autoscaling/v1 knows one metric: the processor's utilisation. */
static void hpa_to_v2(json_t *object)
{
	json_t *spec = json_object_get(object, "spec"), *status = json_object_get(object, "status");
	json_t *percent = json_object_get(spec, "targetCPUUtilizationPercentage");
	if (percent)
		json_object_set_new(spec, "metrics",
			json_pack("[{s:s,s:{s:s,s:{s:s,s:O}}}]", "type", "Resource", "resource", "name", "cpu",
				"target", "type", "Utilization", "averageUtilization", percent));
	json_object_del(spec, "targetCPUUtilizationPercentage");
	percent = json_object_get(status, "currentCPUUtilizationPercentage");
	if (percent)
		json_object_set_new(status, "currentMetrics",
			json_pack("[{s:s,s:{s:s,s:{s:O}}}]", "type", "Resource", "resource", "name", "cpu", "current",
				"averageUtilization", percent));
	json_object_del(status, "currentCPUUtilizationPercentage");
}

static json_t *cpu_metric(const json_t *metrics, const char *value)
{
	size_t i;
	json_t *metric;
	json_array_foreach (metrics, i, metric)
		if (!strcmp(kl_json_str(metric, "resource", "name", NULL), "cpu"))
			return kl_json_get(metric, "resource", value, "averageUtilization", NULL);
	return NULL;
}

static void hpa_to_v1(json_t *object)
{
	json_t *spec = json_object_get(object, "spec"), *status = json_object_get(object, "status");
	json_t *percent = cpu_metric(json_object_get(spec, "metrics"), "target");
	if (percent)
		json_object_set(spec, "targetCPUUtilizationPercentage", percent);
	percent = cpu_metric(json_object_get(status, "currentMetrics"), "current");
	if (percent)
		json_object_set(status, "currentCPUUtilizationPercentage", percent);
	if (status && !json_object_get(status, "currentReplicas"))
		json_object_set_new(status, "currentReplicas", json_integer(0));
	json_object_del(spec, "metrics");
	json_object_del(spec, "behavior");
	json_object_del(status, "currentMetrics");
	json_object_del(status, "conditions");
}

static void slice_to_v1(json_t *object)
{
	size_t i;
	json_t *endpoint;
	json_array_foreach (json_object_get(object, "endpoints"), i, endpoint) {
		json_t *topology = json_object_get(endpoint, "topology"),
		       *host = json_object_get(topology, "kubernetes.io/hostname");
		json_t *zone = json_object_get(topology, "topology.kubernetes.io/zone");
		if (host && !json_object_get(endpoint, "nodeName"))
			json_object_set(endpoint, "nodeName", host);
		if (zone)
			json_object_set(endpoint, "zone", zone);
		json_object_del(endpoint, "topology");
	}
}

static void slice_to_beta(json_t *object)
{
	size_t i;
	json_t *endpoint;
	json_array_foreach (json_object_get(object, "endpoints"), i, endpoint) {
		json_t *node = json_object_get(endpoint, "nodeName"), *zone = json_object_get(endpoint, "zone");
		if (node)
			kl_json_set(endpoint, json_incref(node), "topology", "kubernetes.io/hostname", NULL);
		if (zone)
			kl_json_set(endpoint, json_incref(zone), "topology", "topology.kubernetes.io/zone", NULL);
		json_object_del(endpoint, "zone");
		json_object_del(endpoint, "deprecatedTopology");
	}
}

static void backend_to_v1(json_t *backend)
{
	const char *name = kl_json_str(backend, "serviceName", NULL);
	json_t *port = json_object_get(backend, "servicePort");
	if (*name)
		json_object_set_new(backend, "service",
			json_pack("{s:s, s:{s:O}}", "name", name, "port", json_is_string(port) ? "name" : "number",
				port ?: json_null()));
	json_object_del(backend, "serviceName");
	json_object_del(backend, "servicePort");
}

static void backend_to_beta(json_t *backend)
{
	json_t *service = json_object_get(backend, "service"), *port = json_object_get(service, "port");
	if (!service)
		return;
	json_object_set(backend, "serviceName", json_object_get(service, "name"));
	json_object_set(backend, "servicePort", json_object_get(port, "name") ?: json_object_get(port, "number"));
	json_object_del(backend, "service");
}

static void each_backend(json_t *spec, void (*change)(json_t *backend))
{
	size_t i, k;
	json_t *rule, *path;
	json_array_foreach (json_object_get(spec, "rules"), i, rule)
		json_array_foreach (kl_json_get(rule, "http", "paths", NULL), k, path)
			change(json_object_get(path, "backend"));
}

static void ingress_to_v1(json_t *object)
{
	json_t *spec = json_object_get(object, "spec");
	each_backend(spec, backend_to_v1);
	backend_to_v1(json_object_get(spec, "backend"));
	rename_key(spec, "backend", "defaultBackend");
}

static void ingress_to_beta(json_t *object)
{
	json_t *spec = json_object_get(object, "spec");
	each_backend(spec, backend_to_beta);
	backend_to_beta(json_object_get(spec, "defaultBackend"));
	rename_key(spec, "defaultBackend", "backend");
}

struct conversion {
	const char *kind, *from, *to;
	void (*convert)(json_t *object);
};

static const struct conversion conversions[] = {
	{"Event", "events.k8s.io/v1", "v1", event_to_core},
	{"Event", "v1", "events.k8s.io/v1", event_from_core},
	{"HorizontalPodAutoscaler", "autoscaling/v1", "autoscaling/v2", hpa_to_v2},
	{"HorizontalPodAutoscaler", "autoscaling/v2", "autoscaling/v1", hpa_to_v1},
	{"EndpointSlice", "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1", slice_to_v1},
	{"EndpointSlice", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1", slice_to_beta},
	{"Ingress", "extensions/v1beta1", "networking.k8s.io/v1", ingress_to_v1},
	{"Ingress", "networking.k8s.io/v1", "extensions/v1beta1", ingress_to_beta},
};

int kl_api_convert(const struct kl_kind *from, const struct kl_kind *to, json_t *object, struct kl_status *st)
{
	const char *old = kl_kind_api_version(from), *version = kl_kind_api_version(to);
	if (from == to)
		return 0;
	if (from->storage_id != to->storage_id)
		return kl_status_bad_request(
			st, "%s of %s is no version of %s of %s", to->kind, version, from->kind, old);
	for (size_t i = 0; i < KL_ARRAY_LEN(conversions); i++)
		if (!strcmp(conversions[i].kind, from->kind) && !strcmp(conversions[i].from, old) &&
			!strcmp(conversions[i].to, version))
			conversions[i].convert(object);
	json_object_set_new(object, "apiVersion", json_string(version));
	return 0;
}
