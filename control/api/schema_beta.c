/* Types of old versions that differ from their successors. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_EndpointBeta[] = {
	LIST_STR("addresses", 1, FLAGS(KL_REQUIRED | KL_LIST_SET)),
	OBJ("conditions", 2, EndpointConditions, FLAGS(KL_ALWAYS)),
	OBJ("hints", 7, EndpointHints),
	STR("hostname", 3),
	STR("nodeName", 6),
	OBJ("targetRef", 4, ObjectReference),
	MAP_STR("topology", 5),
};
static const struct kl_schema kl_schema_EndpointBeta = {.name = "Endpoint",
	.openapi = "io.k8s.api.discovery.v1beta1.Endpoint", .fields = fields_EndpointBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointBeta)};

static const struct kl_field fields_EndpointSliceBeta[] = {
	STR("addressType", 4, FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("endpoints", 2, EndpointBeta),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("ports", 3, DiscoveryEndpointPort),
};
const struct kl_schema kl_schema_EndpointSliceBeta = {.name = "EndpointSlice",
	.openapi = "io.k8s.api.discovery.v1beta1.EndpointSlice", .fields = fields_EndpointSliceBeta,
	.field_count = KL_ARRAY_LEN(fields_EndpointSliceBeta)};
