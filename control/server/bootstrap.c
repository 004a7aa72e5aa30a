/* What every cluster has before anybody creates anything. */
#include "registry_impl.h"

#include "clock.h"

#include <errno.h>
#include <string.h>

static const struct kl_user server_user = {"system:apiserver", (const char *const[]){"system:masters", NULL}};

static int put(struct kl_registry *registry, enum kl_verb verb, const struct kl_kind *kind, const char *ns, const char *name,
	json_t *object, struct kl_err *err)
{
	struct kl_response response;
	struct kl_request request = {
		.verb = verb,
		.kind = kind,
		.ns = ns,
		.name = verb == KL_CREATE ? NULL : name,
		.user = &server_user,
		.field_manager = "kube-apiserver",
		.object = object,
		.grace_period_s = -1,
		.field_validation = KL_VALIDATE_STRICT,
	};
	int rc = kl_registry_do(registry, &request, &response);
	if (rc < 0)
		rc = kl_fail_msg(err, EIO, "%s '%s': %s", kind->kind, name, response.status.message);
	kl_response_release(&response);
	return rc;
}

static bool exists(struct kl_registry *registry, const struct kl_kind *kind, const char *ns, const char *name)
{
	struct kl_object *obj = kl_store_get(registry->store, kind, ns, name);
	kl_object_unref(obj);
	return obj != NULL;
}

static int ensure(struct kl_registry *registry, const struct kl_kind *kind, const char *ns, const char *name, json_t *object,
	struct kl_err *err)
{
	kl_autojson *owned = object;
	return exists(registry, kind, ns, name) ? 0 : put(registry, KL_CREATE, kind, ns, name, owned, err);
}

static int ensure_namespace(struct kl_registry *registry, const char *name, struct kl_err *err)
{
	return ensure(registry, kl_kind_named("", "Namespace"), "", name, json_pack("{s:{s:s}}", "metadata", "name", name), err);
}

static json_t *kubernetes_service(const struct kl_registry *registry, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s, s:s}}, s:{s:s, s:s, s:[{s:s, s:s, s:i, s:i}], s:s}}", "metadata", "name", "kubernetes",
		"namespace", "default", "labels", "component", "apiserver", "provider", "kubernetes", "spec", "type", "ClusterIP",
		"clusterIP", kl_alloc_first_ip(registry->alloc), "ports", "name", "https", "protocol", "TCP", "port", 443,
		"targetPort", port, "sessionAffinity", "None");
}

static json_t *kubernetes_slice(const char *address, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s}}, s:s, s:[{s:[s], s:{s:b, s:b, s:b}}], s:[{s:s, s:s, s:i}]}", "metadata", "name",
		"kubernetes", "namespace", "default", "labels", "kubernetes.io/service-name", "kubernetes", "addressType",
		strchr(address, ':') ? "IPv6" : "IPv4", "endpoints", "addresses", address, "conditions", "ready", 1, "serving", 1,
		"terminating", 0, "ports", "name", "https", "protocol", "TCP", "port", port);
}

static json_t *kubernetes_endpoints(const char *address, int port)
{
	return json_pack("{s:{s:s, s:s, s:{s:s}}, s:[{s:[{s:s}], s:[{s:s, s:s, s:i}]}]}", "metadata", "name", "kubernetes", "namespace",
		"default", "labels", "endpointslice.kubernetes.io/skip-mirror", "true", "subsets", "addresses", "ip", address,
		"ports", "name", "https", "protocol", "TCP", "port", port);
}

/* The server's address may differ from last time. */
static int place(struct kl_registry *registry, const struct kl_kind *kind, json_t *object, struct kl_err *err)
{
	kl_autojson *owned = object;
	const char *ns = "default", *name = "kubernetes";
	return put(registry, exists(registry, kind, ns, name) ? KL_UPDATE : KL_CREATE, kind, ns, name, owned, err);
}

static int ensure_priority_class(struct kl_registry *registry, const char *name, int value, struct kl_err *err)
{
	json_t *object = json_pack("{s:{s:s}, s:i, s:s}", "metadata", "name", name, "value", value, "description",
		"Used for system critical pods.");
	return ensure(registry, kl_kind_named("scheduling.k8s.io", "PriorityClass"), "", name, object, err);
}

int kl_registry_bootstrap(struct kl_registry *registry, const char *advertise_address, int port, struct kl_err *err)
{
	static const char *const namespaces[] = {"default", "kube-system", "kube-public", "kube-node-lease"};
	int rc = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(namespaces) && rc == 0; i++)
		rc = ensure_namespace(registry, namespaces[i], err);
	if (rc == 0)
		rc = ensure_priority_class(registry, "system-cluster-critical", 2000000000, err);
	if (rc == 0)
		rc = ensure_priority_class(registry, "system-node-critical", 2000001000, err);
	if (rc == 0)
		rc = ensure(registry, kl_kind_named("", "Service"), "default", "kubernetes", kubernetes_service(registry, port), err);
	if (rc == 0)
		rc = place(registry, kl_kind_named("discovery.k8s.io", "EndpointSlice"), kubernetes_slice(advertise_address, port),
			err);
	if (rc == 0)
		rc = place(registry, kl_kind_named("", "Endpoints"), kubernetes_endpoints(advertise_address, port), err);
	return rc;
}
