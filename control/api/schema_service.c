/* Types: Service, Endpoints, EndpointSlice, Event. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ClientIPConfig[] = {
	I32("timeoutSeconds", 1),
};
SCHEMA(ClientIPConfig, "io.k8s.api.core.v1.ClientIPConfig", .doc = NULL);

static const struct kl_field fields_CoreEvent[] = {
	STR("action", 12, FLAGS(KL_OMIT_ZERO)),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	I32("count", 8, FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("eventTime", 10),
	TIME("firstTimestamp", 6),
	OBJ("involvedObject", 2, ObjectReference, FLAGS(KL_REQUIRED)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	TIME("lastTimestamp", 7),
	STR("message", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("related", 13, ObjectReference),
	STR("reportingComponent", 14, FLAGS(KL_OMIT_ZERO)),
	STR("reportingInstance", 15, FLAGS(KL_OMIT_ZERO)),
	OBJ("series", 11, CoreEventSeries),
	OBJ("source", 5, EventSource),
	STR("type", 9, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CoreEvent, "io.k8s.api.core.v1.Event", .doc = NULL);

static const struct kl_field fields_CoreEventSeries[] = {
	I32("count", 1, FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("lastObservedTime", 2),
};
SCHEMA(CoreEventSeries, "io.k8s.api.core.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_DaemonEndpoint[] = {
	I32("Port", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(DaemonEndpoint, "io.k8s.api.core.v1.DaemonEndpoint", .doc = NULL);

static const struct kl_field fields_DiscoveryEndpointPort[] = {
	STR("appProtocol", 4),
	STR("name", 1, DEF("\"\"")),
	I32("port", 3),
	STR("protocol", 2, DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(DiscoveryEndpointPort, "io.k8s.api.discovery.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_Endpoint[] = {
	LIST_STR("addresses", 1, FLAGS(KL_REQUIRED | KL_LIST_SET)),
	OBJ("conditions", 2, EndpointConditions, FLAGS(KL_ALWAYS)),
	MAP_STR("deprecatedTopology", 5),
	OBJ("hints", 8, EndpointHints),
	STR("hostname", 3),
	STR("nodeName", 6),
	OBJ("targetRef", 4, ObjectReference),
	STR("zone", 7),
};
SCHEMA(Endpoint, "io.k8s.api.discovery.v1.Endpoint", .doc = NULL);

static const struct kl_field fields_EndpointAddress[] = {
	STR("hostname", 3, FLAGS(KL_OMIT_ZERO)),
	STR("ip", 1, FLAGS(KL_REQUIRED)),
	STR("nodeName", 4, FLAGS(KL_OMIT_ZERO)),
	OBJ("targetRef", 2, ObjectReference),
};
SCHEMA(EndpointAddress, "io.k8s.api.core.v1.EndpointAddress", .atomic = true);

static const struct kl_field fields_EndpointConditions[] = {
	BOOL("ready", 1),
	BOOL("serving", 2),
	BOOL("terminating", 3),
};
SCHEMA(EndpointConditions, "io.k8s.api.discovery.v1.EndpointConditions", .doc = NULL);

static const struct kl_field fields_EndpointHints[] = {
	LIST_OBJ("forNodes", 2, ForNode),
	LIST_OBJ("forZones", 1, ForZone),
};
SCHEMA(EndpointHints, "io.k8s.api.discovery.v1.EndpointHints", .doc = NULL);

static const struct kl_field fields_EndpointPort[] = {
	STR("appProtocol", 4),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	I32("port", 2, FLAGS(KL_REQUIRED)),
	STR("protocol", 3, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(EndpointPort, "io.k8s.api.core.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_EndpointSlice[] = {
	STR("addressType", 4, FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("endpoints", 2, Endpoint),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("ports", 3, DiscoveryEndpointPort),
};
SCHEMA(EndpointSlice, "io.k8s.api.discovery.v1.EndpointSlice", .doc = NULL);

static const struct kl_field fields_EndpointSubset[] = {
	LIST_OBJ("addresses", 1, EndpointAddress),
	LIST_OBJ("notReadyAddresses", 2, EndpointAddress),
	LIST_OBJ("ports", 3, EndpointPort),
};
SCHEMA(EndpointSubset, "io.k8s.api.core.v1.EndpointSubset", .doc = NULL);

static const struct kl_field fields_Endpoints[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("subsets", 2, EndpointSubset),
};
SCHEMA(Endpoints, "io.k8s.api.core.v1.Endpoints", .doc = NULL);

static const struct kl_field fields_Event[] = {
	STR("action", 6, FLAGS(KL_OMIT_ZERO)),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	I32("deprecatedCount", 15),
	TIME("deprecatedFirstTimestamp", 13),
	TIME("deprecatedLastTimestamp", 14),
	OBJ("deprecatedSource", 12, EventSource),
	MICRO_TIME("eventTime", 2, FLAGS(KL_REQUIRED)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	STR("note", 10, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 7, FLAGS(KL_OMIT_ZERO)),
	OBJ("regarding", 8, ObjectReference),
	OBJ("related", 9, ObjectReference),
	STR("reportingController", 4, FLAGS(KL_OMIT_ZERO)),
	STR("reportingInstance", 5, FLAGS(KL_OMIT_ZERO)),
	OBJ("series", 3, EventSeries),
	STR("type", 11, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Event, "io.k8s.api.events.v1.Event", .doc = NULL);

static const struct kl_field fields_EventSeries[] = {
	I32("count", 1, FLAGS(KL_REQUIRED)),
	MICRO_TIME("lastObservedTime", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(EventSeries, "io.k8s.api.events.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_EventSource[] = {
	STR("component", 1, FLAGS(KL_OMIT_ZERO)),
	STR("host", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(EventSource, "io.k8s.api.core.v1.EventSource", .doc = NULL);

static const struct kl_field fields_LoadBalancerIngress[] = {
	STR("hostname", 2, FLAGS(KL_OMIT_ZERO)),
	STR("ip", 1, FLAGS(KL_OMIT_ZERO)),
	STR("ipMode", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ports", 4, PortStatus),
};
SCHEMA(LoadBalancerIngress, "io.k8s.api.core.v1.LoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_LoadBalancerStatus[] = {
	LIST_OBJ("ingress", 1, LoadBalancerIngress),
};
SCHEMA(LoadBalancerStatus, "io.k8s.api.core.v1.LoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_NodeDaemonEndpoints[] = {
	OBJ("kubeletEndpoint", 1, DaemonEndpoint),
};
SCHEMA(NodeDaemonEndpoints, "io.k8s.api.core.v1.NodeDaemonEndpoints", .doc = NULL);

static const struct kl_field fields_PortStatus[] = {
	STR("error", 3, FLAGS(KL_OMIT_ZERO)),
	I32("port", 1, FLAGS(KL_REQUIRED)),
	STR("protocol", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(PortStatus, "io.k8s.api.core.v1.PortStatus", .doc = NULL);

static const struct kl_field fields_Service[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, ServiceSpec),
	OBJ("status", 3, ServiceStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Service, "io.k8s.api.core.v1.Service", .doc = NULL);

static const struct kl_field fields_ServiceAccount[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	BOOL("automountServiceAccountToken", 4),
	LIST_OBJ("imagePullSecrets", 3, LocalObjectReference),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("secrets", 2, ObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(ServiceAccount, "io.k8s.api.core.v1.ServiceAccount", .doc = NULL);

static const struct kl_field fields_ServicePort[] = {
	STR("appProtocol", 6),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	I32("nodePort", 5, FLAGS(KL_OMIT_ZERO)),
	I32("port", 3, FLAGS(KL_REQUIRED | KL_PORT)),
	STR("protocol", 2, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
	INT_OR_STR("targetPort", 4),
};
SCHEMA(ServicePort, "io.k8s.api.core.v1.ServicePort", .defaults = kl_default_ServicePort);

static const struct kl_field fields_ServiceSpec[] = {
	BOOL("allocateLoadBalancerNodePorts", 20),
	STR("clusterIP", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("clusterIPs", 18),
	LIST_STR("externalIPs", 5),
	STR("externalName", 10, FLAGS(KL_OMIT_ZERO)),
	STR("externalTrafficPolicy", 11, FLAGS(KL_OMIT_ZERO), CHOICES("Cluster|Local")),
	I32("healthCheckNodePort", 12, FLAGS(KL_OMIT_ZERO)),
	STR("internalTrafficPolicy", 22, CHOICES("Cluster|Local")),
	LIST_STR("ipFamilies", 19),
	STR("ipFamilyPolicy", 17, CHOICES("PreferDualStack|RequireDualStack|SingleStack")),
	STR("loadBalancerClass", 21),
	STR("loadBalancerIP", 8, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("loadBalancerSourceRanges", 9),
	LIST_OBJ("ports", 1, ServicePort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("port,protocol")),
	BOOL("publishNotReadyAddresses", 13, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("selector", 2, FLAGS(KL_ATOMIC)),
	STR("sessionAffinity", 7, FLAGS(KL_OMIT_ZERO), DEF("\"None\""), CHOICES("ClientIP|None")),
	OBJ("sessionAffinityConfig", 14, SessionAffinityConfig),
	STR("trafficDistribution", 23, FLAGS(KL_OMIT_ZERO)),
	STR("type", 4, FLAGS(KL_OMIT_ZERO), DEF("\"ClusterIP\""), CHOICES("ClusterIP|ExternalName|LoadBalancer|NodePort")),
};
SCHEMA(ServiceSpec, "io.k8s.api.core.v1.ServiceSpec", .defaults = kl_default_ServiceSpec, .validate = kl_check_ServiceSpec);

static const struct kl_field fields_ServiceStatus[] = {
	LIST_OBJ("conditions", 2, Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	OBJ("loadBalancer", 1, LoadBalancerStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(ServiceStatus, "io.k8s.api.core.v1.ServiceStatus", .doc = NULL);

static const struct kl_field fields_SessionAffinityConfig[] = {
	OBJ("clientIP", 1, ClientIPConfig),
};
SCHEMA(SessionAffinityConfig, "io.k8s.api.core.v1.SessionAffinityConfig", .doc = NULL);
