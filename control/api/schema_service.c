/* Types: Service, Endpoints, EndpointSlice, Event. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ClientIPConfig[] = {
	I32("timeoutSeconds"),
};
SCHEMA(ClientIPConfig, "io.k8s.api.core.v1.ClientIPConfig", .doc = NULL);

static const struct kl_field fields_CoreEvent[] = {
	STR("action", FLAGS(KL_OMIT_ZERO)),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	I32("count", FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("eventTime"),
	TIME("firstTimestamp"),
	OBJ("involvedObject", ObjectReference, FLAGS(KL_REQUIRED)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	TIME("lastTimestamp"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	OBJ("related", ObjectReference),
	STR("reportingComponent", FLAGS(KL_OMIT_ZERO)),
	STR("reportingInstance", FLAGS(KL_OMIT_ZERO)),
	OBJ("series", CoreEventSeries),
	OBJ("source", EventSource),
	STR("type", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CoreEvent, "io.k8s.api.core.v1.Event", .doc = NULL);

static const struct kl_field fields_CoreEventSeries[] = {
	I32("count", FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("lastObservedTime"),
};
SCHEMA(CoreEventSeries, "io.k8s.api.core.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_DaemonEndpoint[] = {
	I32("Port", FLAGS(KL_REQUIRED)),
};
SCHEMA(DaemonEndpoint, "io.k8s.api.core.v1.DaemonEndpoint", .doc = NULL);

static const struct kl_field fields_DiscoveryEndpointPort[] = {
	STR("appProtocol"),
	STR("name", DEF("\"\"")),
	I32("port"),
	STR("protocol", DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(DiscoveryEndpointPort, "io.k8s.api.discovery.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_Endpoint[] = {
	LIST_STR("addresses", FLAGS(KL_REQUIRED | KL_LIST_SET)),
	OBJ("conditions", EndpointConditions, FLAGS(KL_ALWAYS)),
	MAP_STR("deprecatedTopology"),
	OBJ("hints", EndpointHints),
	STR("hostname"),
	STR("nodeName"),
	OBJ("targetRef", ObjectReference),
	STR("zone"),
};
SCHEMA(Endpoint, "io.k8s.api.discovery.v1.Endpoint", .doc = NULL);

static const struct kl_field fields_EndpointAddress[] = {
	STR("hostname"),
	STR("ip", FLAGS(KL_REQUIRED)),
	STR("nodeName", FLAGS(KL_OMIT_ZERO)),
	OBJ("targetRef", ObjectReference),
};
SCHEMA(EndpointAddress, "io.k8s.api.core.v1.EndpointAddress", .atomic = true);

static const struct kl_field fields_EndpointConditions[] = {
	BOOL("ready"),
	BOOL("serving"),
	BOOL("terminating"),
};
SCHEMA(EndpointConditions, "io.k8s.api.discovery.v1.EndpointConditions", .doc = NULL);

static const struct kl_field fields_EndpointHints[] = {
	LIST_OBJ("forNodes", ForNode),
	LIST_OBJ("forZones", ForZone),
};
SCHEMA(EndpointHints, "io.k8s.api.discovery.v1.EndpointHints", .doc = NULL);

static const struct kl_field fields_EndpointPort[] = {
	STR("appProtocol"),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	I32("port", FLAGS(KL_REQUIRED)),
	STR("protocol", FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(EndpointPort, "io.k8s.api.core.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_EndpointSlice[] = {
	STR("addressType", FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6")),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("endpoints", Endpoint),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("ports", DiscoveryEndpointPort),
};
SCHEMA(EndpointSlice, "io.k8s.api.discovery.v1.EndpointSlice", .doc = NULL);

static const struct kl_field fields_EndpointSubset[] = {
	LIST_OBJ("addresses", EndpointAddress),
	LIST_OBJ("notReadyAddresses", EndpointAddress),
	LIST_OBJ("ports", EndpointPort),
};
SCHEMA(EndpointSubset, "io.k8s.api.core.v1.EndpointSubset", .doc = NULL);

static const struct kl_field fields_Endpoints[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("subsets", EndpointSubset),
};
SCHEMA(Endpoints, "io.k8s.api.core.v1.Endpoints", .doc = NULL);

static const struct kl_field fields_Event[] = {
	STR("action", FLAGS(KL_OMIT_ZERO)),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	I32("deprecatedCount"),
	TIME("deprecatedFirstTimestamp"),
	TIME("deprecatedLastTimestamp"),
	OBJ("deprecatedSource", EventSource),
	MICRO_TIME("eventTime", FLAGS(KL_REQUIRED)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	STR("note", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	OBJ("regarding", ObjectReference),
	OBJ("related", ObjectReference),
	STR("reportingController", FLAGS(KL_OMIT_ZERO)),
	STR("reportingInstance", FLAGS(KL_OMIT_ZERO)),
	OBJ("series", EventSeries),
	STR("type", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Event, "io.k8s.api.events.v1.Event", .doc = NULL);

static const struct kl_field fields_EventSeries[] = {
	I32("count", FLAGS(KL_REQUIRED)),
	MICRO_TIME("lastObservedTime", FLAGS(KL_REQUIRED)),
};
SCHEMA(EventSeries, "io.k8s.api.events.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_EventSource[] = {
	STR("component", FLAGS(KL_OMIT_ZERO)),
	STR("host", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(EventSource, "io.k8s.api.core.v1.EventSource", .doc = NULL);

static const struct kl_field fields_LoadBalancerIngress[] = {
	STR("hostname"),
	STR("ip", FLAGS(KL_OMIT_ZERO)),
	STR("ipMode", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ports", PortStatus),
};
SCHEMA(LoadBalancerIngress, "io.k8s.api.core.v1.LoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_LoadBalancerStatus[] = {
	LIST_OBJ("ingress", LoadBalancerIngress),
};
SCHEMA(LoadBalancerStatus, "io.k8s.api.core.v1.LoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_NodeDaemonEndpoints[] = {
	OBJ("kubeletEndpoint", DaemonEndpoint),
};
SCHEMA(NodeDaemonEndpoints, "io.k8s.api.core.v1.NodeDaemonEndpoints", .doc = NULL);

static const struct kl_field fields_PortStatus[] = {
	STR("error", FLAGS(KL_OMIT_ZERO)),
	I32("port", FLAGS(KL_REQUIRED)),
	STR("protocol", FLAGS(KL_REQUIRED)),
};
SCHEMA(PortStatus, "io.k8s.api.core.v1.PortStatus", .doc = NULL);

static const struct kl_field fields_Service[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", ServiceSpec),
	OBJ("status", ServiceStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Service, "io.k8s.api.core.v1.Service", .doc = NULL);

static const struct kl_field fields_ServiceAccount[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	BOOL("automountServiceAccountToken"),
	LIST_OBJ("imagePullSecrets", LocalObjectReference),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("secrets", ObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name")),
};
SCHEMA(ServiceAccount, "io.k8s.api.core.v1.ServiceAccount", .doc = NULL);

static const struct kl_field fields_ServicePort[] = {
	STR("appProtocol"),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	I32("nodePort", FLAGS(KL_OMIT_ZERO)),
	I32("port", FLAGS(KL_REQUIRED | KL_PORT)),
	STR("protocol", FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
	INT_OR_STR("targetPort"),
};
SCHEMA(ServicePort, "io.k8s.api.core.v1.ServicePort", .defaults = kl_default_ServicePort);

static const struct kl_field fields_ServiceSpec[] = {
	BOOL("allocateLoadBalancerNodePorts"),
	STR("clusterIP", FLAGS(KL_OMIT_ZERO)),
	LIST_STR("clusterIPs"),
	LIST_STR("externalIPs"),
	STR("externalName", FLAGS(KL_OMIT_ZERO)),
	STR("externalTrafficPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Cluster|Local")),
	I32("healthCheckNodePort", FLAGS(KL_OMIT_ZERO)),
	STR("internalTrafficPolicy", CHOICES("Cluster|Local")),
	LIST_STR("ipFamilies"),
	STR("ipFamilyPolicy", CHOICES("PreferDualStack|RequireDualStack|SingleStack")),
	STR("loadBalancerClass"),
	STR("loadBalancerIP", FLAGS(KL_OMIT_ZERO)),
	LIST_STR("loadBalancerSourceRanges"),
	LIST_OBJ("ports", ServicePort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("port,protocol")),
	BOOL("publishNotReadyAddresses", FLAGS(KL_OMIT_ZERO)),
	MAP_STR("selector", FLAGS(KL_ATOMIC)),
	STR("sessionAffinity", FLAGS(KL_OMIT_ZERO), DEF("\"None\""), CHOICES("ClientIP|None")),
	OBJ("sessionAffinityConfig", SessionAffinityConfig),
	STR("trafficDistribution", FLAGS(KL_OMIT_ZERO)),
	STR("type", FLAGS(KL_OMIT_ZERO), DEF("\"ClusterIP\""), CHOICES("ClusterIP|ExternalName|LoadBalancer|NodePort")),
};
SCHEMA(ServiceSpec, "io.k8s.api.core.v1.ServiceSpec", .defaults = kl_default_ServiceSpec, .validate = kl_check_ServiceSpec);

static const struct kl_field fields_ServiceStatus[] = {
	LIST_OBJ("conditions", Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	OBJ("loadBalancer", LoadBalancerStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(ServiceStatus, "io.k8s.api.core.v1.ServiceStatus", .doc = NULL);

static const struct kl_field fields_SessionAffinityConfig[] = {
	OBJ("clientIP", ClientIPConfig),
};
SCHEMA(SessionAffinityConfig, "io.k8s.api.core.v1.SessionAffinityConfig", .doc = NULL);
