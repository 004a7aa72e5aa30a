/* Types of old versions that differ from their successors. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_EndpointBeta[] = {
	LIST_STR("addresses", FLAGS(KL_REQUIRED | KL_LIST_SET)),
	OBJ("conditions", EndpointConditions, FLAGS(KL_ALWAYS)),
	OBJ("hints", EndpointHints),
	STR("hostname"),
	STR("nodeName"),
	OBJ("targetRef", ObjectReference),
	MAP_STR("topology"),
};
static const struct kl_schema kl_schema_EndpointBeta = {.name = "Endpoint",
	.openapi = "io.k8s.api.discovery.v1beta1.Endpoint", .fields = fields_EndpointBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointBeta)};

static const struct kl_field fields_EndpointSliceBeta[] = {
	STR("addressType", FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6")),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("endpoints", EndpointBeta),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("ports", DiscoveryEndpointPort),
};
const struct kl_schema kl_schema_EndpointSliceBeta = {.name = "EndpointSlice",
	.openapi = "io.k8s.api.discovery.v1beta1.EndpointSlice", .fields = fields_EndpointSliceBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointSliceBeta)};
