/* What every cluster has before anybody creates anything. */
#include "registry_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct kl_user server_user = {"system:apiserver", (const char *const[]){"system:masters", NULL}};

/* Writes that go to disk together. */
struct batch {
	struct kl_registry *registry;
	struct kl_request requests[16];
	size_t count;
};

static bool exists(struct kl_registry *registry, const struct kl_kind *kind, const char *ns, const char *name)
{
	struct kl_object *obj = kl_store_get(registry->store, kind, ns, name);
	kl_object_unref(obj);
	return obj != NULL;
}

/* Takes the object. */
static void put(struct batch *batch, enum kl_verb verb, const struct kl_kind *kind, const char *ns, const char *name,
	json_t *object)
{
	if (batch->count == KL_ARRAY_LEN(batch->requests))
		abort();
	batch->requests[batch->count++] = (struct kl_request){
		.verb = verb,
		.kind = kind,
		.ns = ns,
		.name = name,
		.user = &server_user,
		.field_manager = "kube-apiserver",
		.object = object,
		.grace_period_s = -1,
		.field_validation = KL_VALIDATE_STRICT,
	};
}

static void ensure(struct batch *batch, const struct kl_kind *kind, const char *ns, const char *name, json_t *object)
{
	if (exists(batch->registry, kind, ns, name))
		json_decref(object);
	else
		put(batch, KL_CREATE, kind, ns, name, object);
}

static int flush(struct batch *batch, struct kl_err *err)
{
	struct kl_response responses[KL_ARRAY_LEN(batch->requests)];
	int rc = 0;
	kl_registry_do_many(batch->registry, batch->requests, responses, batch->count);
	for (size_t i = 0; i < batch->count; i++) {
		const struct kl_request *request = &batch->requests[i];
		if (responses[i].status.code)
			rc = kl_fail_msg(err, EIO, "%s '%s': %s", request->kind->kind, request->name,
				responses[i].status.message);
		kl_response_release(&responses[i]);
		json_decref(request->object);
	}
	batch->count = 0;
	return rc;
}

static json_t *kubernetes_service(const struct kl_registry *registry, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s, s:s}}, s:{s:s, s:s, s:[{s:s, s:s, s:i, s:i}], s:s}}", "metadata",
		"name", "kubernetes", "namespace", "default", "labels", "component", "apiserver", "provider",
		"kubernetes", "spec", "type", "ClusterIP", "clusterIP", kl_alloc_first_ip(registry->alloc), "ports",
		"name", "https", "protocol", "TCP", "port", 443, "targetPort", port, "sessionAffinity", "None");
}

static json_t *kubernetes_slice(const char *address, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s}}, s:s, s:[{s:[s], s:{s:b, s:b, s:b}}], s:[{s:s, s:s, s:i}]}",
		"metadata", "name", "kubernetes", "namespace", "default", "labels", "kubernetes.io/service-name",
		"kubernetes", "addressType", strchr(address, ':') ? "IPv6" : "IPv4", "endpoints", "addresses", address,
		"conditions", "ready", 1, "serving", 1, "terminating", 0, "ports", "name", "https", "protocol", "TCP",
		"port", port);
}

static json_t *kubernetes_endpoints(const char *address, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s}}, s:[{s:[{s:s}], s:[{s:s, s:s, s:i}]}]}", "metadata", "name",
		"kubernetes", "namespace", "default", "labels", "endpointslice.kubernetes.io/skip-mirror", "true",
		"subsets", "addresses", "ip", address, "ports", "name", "https", "protocol", "TCP", "port", port);
}

/* The server's address may differ from last time. */
static void place(struct batch *batch, const struct kl_kind *kind, json_t *object)
{
	const char *ns = "default", *name = "kubernetes";
	put(batch, exists(batch->registry, kind, ns, name) ? KL_UPDATE : KL_CREATE, kind, ns, name, object);
}

static void ensure_priority_class(struct batch *batch, const char *name, int value)
{
	json_t *object = json_pack("{s:{s:s}, s:i, s:s}", "metadata", "name", name, "value", value, "description",
		"Used for system critical pods.");
	ensure(batch, kl_kind_named("scheduling.k8s.io", "PriorityClass"), "", name, object);
}

int kl_registry_bootstrap(struct kl_registry *registry, const char *advertise_address, int port, struct kl_err *err)
{
	static const char *const namespaces[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
	struct batch batch = {.registry = registry};
	for (size_t i = 0; i < KL_ARRAY_LEN(namespaces); i++)
		ensure(&batch, kl_kind_named("", "Namespace"), "", namespaces[i],
			json_pack("{s:{s:s}}", "metadata", "name", namespaces[i]));
	ensure_priority_class(&batch, "system-cluster-critical", 2000000000);
	ensure_priority_class(&batch, "system-node-critical", 2000001000);
	int rc = flush(&batch, err); /* first: what follows needs its namespace */
	if (rc < 0)
		return rc;
	ensure(&batch, kl_kind_named("", "Service"), "default", "kubernetes", kubernetes_service(registry, port));
	place(&batch, kl_kind_named("discovery.k8s.io", "EndpointSlice"), kubernetes_slice(advertise_address, port));
	place(&batch, kl_kind_named("", "Endpoints"), kubernetes_endpoints(advertise_address, port));
	return flush(&batch, err);
}

/* --- DNS */

static json_t *dns_service(const char *address)
{
	json_t *service = json_pack("{s:{s:s, s:s, s:{s:s, s:s, s:s}}, s:{s:s, s:s, s:s, s:["
				    "{s:s, s:s, s:i, s:i}, {s:s, s:s, s:i, s:i}]}}",
		"metadata", "name", "kube-dns", "namespace", "kube-system", "labels", "k8s-app", "kube-dns",
		"kubernetes.io/cluster-service", "true", "kubernetes.io/name", "KeelsonDNS", "spec", "type", "ClusterIP",
		"internalTrafficPolicy", "Local", "ipFamilyPolicy", "PreferDualStack", "ports", "name", "dns", "protocol",
		"UDP", "port", 53, "targetPort", KL_DNS_NODE_PORT, "name", "dns-tcp", "protocol", "TCP", "port", 53,
		"targetPort", KL_DNS_NODE_PORT);
	if (*address)
		kl_json_set(service, json_string(address), "spec", "clusterIP", NULL);
	return service;
}

int kl_registry_bootstrap_dns(struct kl_registry *registry, struct kl_err *err)
{
	const char *addresses[] = {kl_alloc_dns_ip(registry->alloc), ""};
	int rc = 0;
	/* A cluster that is older than this may have given the address away. */
	for (size_t i = 0; i < KL_ARRAY_LEN(addresses); i++) {
		struct batch batch = {.registry = registry};
		ensure(&batch, kl_kind_named("", "Service"), "kube-system", "kube-dns", dns_service(addresses[i]));
		rc = flush(&batch, err);
		if (!rc)
			break;
	}
	return rc;
}
