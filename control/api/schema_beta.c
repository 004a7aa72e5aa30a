/* Types of old versions that differ from their successors. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_EndpointBeta[] = {
	LIST_STR("addresses", 1, FLAGS(KL_REQUIRED | KL_LIST_SET),
		DOC("The addresses of the endpoint, all of one family; clients take the first.")),
	OBJ("conditions", 2, EndpointConditions, FLAGS(KL_ALWAYS),
		DOC("Whether the endpoint is ready, serving, terminating.")),
	OBJ("hints", 7, EndpointHints, DOC("Which consumers the endpoint is meant for.")),
	STR("hostname", 3, DOC("The endpoint's name in DNS.")),
	STR("nodeName", 6, DOC("The node that the endpoint is on.")),
	OBJ("targetRef", 4, ObjectReference, DOC("The object behind the endpoint, most often a Pod.")),
	MAP_STR("topology", 5, DOC("Labels of the place: kubernetes.io/hostname, topology.kubernetes.io/zone.")),
};
static const struct kl_schema kl_schema_EndpointBeta = {.name = "Endpoint",
	.openapi = "io.k8s.api.discovery.v1beta1.Endpoint",
	.fields = fields_EndpointBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointBeta)};

static const struct kl_field fields_EndpointSliceBeta[] = {
	STR("addressType", 4, FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6"),
		DOC("Which sort of addresses all endpoints of this slice have; cannot be changed.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	LIST_OBJ("endpoints", 2, EndpointBeta, DOC("Where the traffic goes.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("ports", 3, DiscoveryEndpointPort, DOC("The ports, the same for every endpoint.")),
};
const struct kl_schema kl_schema_EndpointSliceBeta = {.name = "EndpointSlice",
	.openapi = "io.k8s.api.discovery.v1beta1.EndpointSlice",
	.doc = "The old form of discovery.k8s.io/v1 EndpointSlice.",
	.fields = fields_EndpointSliceBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointSliceBeta)};

/* --- extensions/v1beta1 Ingress: kubectl 1.20 asks for it by name when it prunes --- */

static const struct kl_field fields_IngressBetaBackend[] = {
	OBJ("resource", 3, TypedLocalObjectReference, DOC("An object of this namespace that takes the traffic.")),
	STR("serviceName", 1, FLAGS(KL_OMIT_ZERO), DOC("The Service's name.")),
	INT_OR_STR("servicePort", 2, DOC("The Service's port, by number or by name.")),
};
SCHEMA(IngressBetaBackend, "io.k8s.api.extensions.v1beta1.IngressBackend", .doc = NULL);

static const struct kl_field fields_IngressBetaPath[] = {
	OBJ("backend", 2, IngressBetaBackend, FLAGS(KL_REQUIRED), DOC("Takes the traffic.")),
	STR("path", 1, FLAGS(KL_OMIT_ZERO), DOC("What the request's path must match.")),
	STR("pathType", 3, DEF("\"ImplementationSpecific\""), CHOICES("Exact|ImplementationSpecific|Prefix"),
		DOC("How the path is compared.")),
};
SCHEMA(IngressBetaPath, "io.k8s.api.extensions.v1beta1.HTTPIngressPath", .doc = NULL);

static const struct kl_field fields_IngressBetaRules[] = {
	LIST_OBJ("paths", 1, IngressBetaPath, FLAGS(KL_REQUIRED), DOC("Paths and where they lead.")),
};
SCHEMA(IngressBetaRules, "io.k8s.api.extensions.v1beta1.HTTPIngressRuleValue", .doc = NULL);

static const struct kl_field fields_IngressBetaRule[] = {
	STR("host", 1, FLAGS(KL_OMIT_ZERO), DOC("The host's name.")),
	OBJ("http", INLINE(2, 1), IngressBetaRules, DOC("Paths and where they lead.")),
};
SCHEMA(IngressBetaRule, "io.k8s.api.extensions.v1beta1.IngressRule", .doc = NULL);

static const struct kl_field fields_IngressBetaSpec[] = {
	OBJ("backend", 1, IngressBetaBackend, DOC("Takes what no rule matches.")),
	STR("ingressClassName", 4, DOC("The IngressClass, and so the controller, that serves it.")),
	LIST_OBJ("rules", 3, IngressBetaRule, DOC("The rules.")),
	LIST_OBJ("tls", 2, IngressTLS, DOC("Certificates for hosts.")),
};
SCHEMA(IngressBetaSpec, "io.k8s.api.extensions.v1beta1.IngressSpec", .doc = NULL);

static const struct kl_field fields_IngressBeta[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, IngressBetaSpec, DOC("What is wanted.")),
	OBJ("status", 3, IngressStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(IngressBeta, "io.k8s.api.extensions.v1beta1.Ingress", DOC("The old form of networking.k8s.io/v1 Ingress."));
