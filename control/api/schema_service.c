/* Types: Service, Endpoints, EndpointSlice, Event. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ClientIPConfig[] = {
	I32("timeoutSeconds", 1, DOC("Seconds that a client stays with its backend; 10800 unless given.")),
};
SCHEMA(ClientIPConfig, "io.k8s.api.core.v1.ClientIPConfig", .doc = NULL);

static const struct kl_field fields_CoreEvent[] = {
	STR("action", 12, FLAGS(KL_OMIT_ZERO), DOC("What was done.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	I32("count", 8, FLAGS(KL_OMIT_ZERO), DOC("How often it happened.")),
	MICRO_TIME("eventTime", 10, DOC("When it was first seen, to the microsecond.")),
	TIME("firstTimestamp", 6, DOC("When it was first seen.")),
	OBJ("involvedObject", 2, ObjectReference, FLAGS(KL_REQUIRED), DOC("What the event is about.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	TIME("lastTimestamp", 7, DOC("When it was last seen.")),
	STR("message", 4, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	STR("reason", 3, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	OBJ("related", 13, ObjectReference, DOC("A second object that has to do with it.")),
	STR("reportingComponent", 14, FLAGS(KL_OMIT_ZERO), DOC("Who reports.")),
	STR("reportingInstance", 15, FLAGS(KL_OMIT_ZERO), DOC("Which instance of it reports.")),
	OBJ("series", 11, CoreEventSeries, DOC("How often it came again.")),
	OBJ("source", 5, EventSource, DOC("Which component and host report it.")),
	STR("type", 9, FLAGS(KL_OMIT_ZERO), DOC("Normal or Warning.")),
};
SCHEMA(CoreEvent, "io.k8s.api.core.v1.Event", DOC("Something that happened to an object."));

static const struct kl_field fields_CoreEventSeries[] = {
	I32("count", 1, FLAGS(KL_OMIT_ZERO), DOC("How often it happened.")),
	MICRO_TIME("lastObservedTime", 2, DOC("When it was last seen.")),
};
SCHEMA(CoreEventSeries, "io.k8s.api.core.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_DaemonEndpoint[] = {
	I32("Port", 1, FLAGS(KL_REQUIRED), DOC("The port's number.")),
};
SCHEMA(DaemonEndpoint, "io.k8s.api.core.v1.DaemonEndpoint", .doc = NULL);

static const struct kl_field fields_DiscoveryEndpointPort[] = {
	STR("appProtocol", 4, DOC("The application protocol spoken on this port, as a hint for those who care.")),
	STR("name", 1, DEF("\"\""), DOC("Its name.")),
	I32("port", 3, DOC("The port, by number or by name.")),
	STR("protocol", 2, DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP"), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(DiscoveryEndpointPort, "io.k8s.api.discovery.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_Endpoint[] = {
	LIST_STR("addresses", 1, FLAGS(KL_REQUIRED | KL_LIST_SET), DOC("Addresses under which this is reached.")),
	OBJ("conditions", 2, EndpointConditions, FLAGS(KL_ALWAYS),
		DOC("What is true of the object at present, one entry for each aspect.")),
	MAP_STR("deprecatedTopology", 5, DOC("Topology labels of old versions.")),
	OBJ("hints", 8, EndpointHints, DOC("Who should prefer this endpoint.")),
	STR("hostname", 3, DOC("The host's name.")),
	STR("nodeName", 6, DOC("The node that the endpoint is on.")),
	OBJ("targetRef", 4, ObjectReference, DOC("The object behind it.")),
	STR("zone", 7, DOC("The zone it is in.")),
};
SCHEMA(Endpoint, "io.k8s.api.discovery.v1.Endpoint", .doc = NULL);

static const struct kl_field fields_EndpointAddress[] = {
	STR("hostname", 3, FLAGS(KL_OMIT_ZERO), DOC("The host's name.")),
	STR("ip", 1, FLAGS(KL_REQUIRED), DOC("An IP address.")),
	STR("nodeName", 4, FLAGS(KL_OMIT_ZERO), DOC("The node that the endpoint is on.")),
	OBJ("targetRef", 2, ObjectReference, DOC("The object behind it.")),
};
SCHEMA(EndpointAddress, "io.k8s.api.core.v1.EndpointAddress", .atomic = true);

static const struct kl_field fields_EndpointConditions[] = {
	BOOL("ready", 1, DOC("Whether it is ready.")),
	BOOL("serving", 2, DOC("Whether it takes traffic, even while it terminates.")),
	BOOL("terminating", 3, DOC("Whether the pod is on its way out.")),
};
SCHEMA(EndpointConditions, "io.k8s.api.discovery.v1.EndpointConditions", .doc = NULL);

static const struct kl_field fields_EndpointHints[] = {
	LIST_OBJ("forNodes", 2, ForNode, DOC("Nodes that should prefer this endpoint.")),
	LIST_OBJ("forZones", 1, ForZone, DOC("Zones that should prefer this endpoint.")),
};
SCHEMA(EndpointHints, "io.k8s.api.discovery.v1.EndpointHints", .doc = NULL);

static const struct kl_field fields_EndpointPort[] = {
	STR("appProtocol", 4, DOC("The application protocol spoken on this port, as a hint for those who care.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	I32("port", 2, FLAGS(KL_REQUIRED), DOC("The port, by number or by name.")),
	STR("protocol", 3, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP"), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(EndpointPort, "io.k8s.api.core.v1.EndpointPort", .atomic = true);

static const struct kl_field fields_EndpointSlice[] = {
	STR("addressType", 4, FLAGS(KL_REQUIRED), CHOICES("FQDN|IPv4|IPv6"),
		DOC("Which sort of addresses all endpoints of this slice have; cannot be changed.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	LIST_OBJ("endpoints", 2, Endpoint, DEF("[]"), DOC("Where the traffic goes.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("ports", 3, DiscoveryEndpointPort, DOC("The ports.")),
};
SCHEMA(EndpointSlice, "io.k8s.api.discovery.v1.EndpointSlice", .validate = kl_check_EndpointSlice,
	DOC("Some of the addresses behind a Service."));

static const struct kl_field fields_EndpointSubset[] = {
	LIST_OBJ("addresses", 1, EndpointAddress, DOC("Addresses under which this is reached.")),
	LIST_OBJ("notReadyAddresses", 2, EndpointAddress, DOC("Endpoints that are not ready.")),
	LIST_OBJ("ports", 3, EndpointPort, DOC("The ports.")),
};
SCHEMA(EndpointSubset, "io.k8s.api.core.v1.EndpointSubset", .validate = kl_check_EndpointSubset);

static const struct kl_field fields_Endpoints[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("subsets", 2, EndpointSubset, DOC("Groups of addresses that have the same ports.")),
};
SCHEMA(Endpoints, "io.k8s.api.core.v1.Endpoints", .validate = kl_check_Endpoints,
	DOC("The addresses behind a Service; EndpointSlices have taken its place."));

static const struct kl_field fields_Event[] = {
	STR("action", 6, FLAGS(KL_OMIT_ZERO), DOC("What was done.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	I32("deprecatedCount", 15, DOC("As count of the core form.")),
	TIME("deprecatedFirstTimestamp", 13, DOC("As firstTimestamp of the core form.")),
	TIME("deprecatedLastTimestamp", 14, DOC("As lastTimestamp of the core form.")),
	OBJ("deprecatedSource", 12, EventSource, DOC("As source of the core form.")),
	MICRO_TIME("eventTime", 2, FLAGS(KL_REQUIRED), DOC("When it was first seen, to the microsecond.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	STR("note", 10, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 7, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	OBJ("regarding", 8, ObjectReference, DOC("What the event is about.")),
	OBJ("related", 9, ObjectReference, DOC("A second object that has to do with it.")),
	STR("reportingController", 4, FLAGS(KL_OMIT_ZERO), DOC("Who reports.")),
	STR("reportingInstance", 5, FLAGS(KL_OMIT_ZERO), DOC("Which instance of it reports.")),
	OBJ("series", 3, EventSeries, DOC("How often it came again.")),
	STR("type", 11, FLAGS(KL_OMIT_ZERO), DOC("Normal or Warning.")),
};
SCHEMA(Event, "io.k8s.api.events.v1.Event", DOC("Something that happened to an object."));

static const struct kl_field fields_EventSeries[] = {
	I32("count", 1, FLAGS(KL_REQUIRED), DOC("How often it happened.")),
	MICRO_TIME("lastObservedTime", 2, FLAGS(KL_REQUIRED), DOC("When it was last seen.")),
};
SCHEMA(EventSeries, "io.k8s.api.events.v1.EventSeries", .doc = NULL);

static const struct kl_field fields_EventSource[] = {
	STR("component", 1, FLAGS(KL_OMIT_ZERO), DOC("The component that reports.")),
	STR("host", 2, FLAGS(KL_OMIT_ZERO), DOC("The node it comes from.")),
};
SCHEMA(EventSource, "io.k8s.api.core.v1.EventSource", .doc = NULL);

static const struct kl_field fields_LoadBalancerIngress[] = {
	STR("hostname", 2, FLAGS(KL_OMIT_ZERO), DOC("The host's name.")),
	STR("ip", 1, FLAGS(KL_OMIT_ZERO), DOC("An IP address.")),
	STR("ipMode", 3, FLAGS(KL_OMIT_ZERO),
		DOC("VIP: packets arrive with the address itself; Proxy: with the node's.")),
	LIST_OBJ("ports", 4, PortStatus, DOC("The ports.")),
};
SCHEMA(LoadBalancerIngress, "io.k8s.api.core.v1.LoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_LoadBalancerStatus[] = {
	LIST_OBJ("ingress", 1, LoadBalancerIngress, DOC("The addresses of the load balancer.")),
};
SCHEMA(LoadBalancerStatus, "io.k8s.api.core.v1.LoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_NodeDaemonEndpoints[] = {
	OBJ("kubeletEndpoint", 1, DaemonEndpoint, DOC("Where the node's agent listens.")),
};
SCHEMA(NodeDaemonEndpoints, "io.k8s.api.core.v1.NodeDaemonEndpoints", .doc = NULL);

static const struct kl_field fields_PortStatus[] = {
	STR("error", 3, FLAGS(KL_OMIT_ZERO), DOC("What went wrong.")),
	I32("port", 1, FLAGS(KL_REQUIRED), DOC("The port, by number or by name.")),
	STR("protocol", 2, FLAGS(KL_REQUIRED), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(PortStatus, "io.k8s.api.core.v1.PortStatus", .doc = NULL);

static const struct kl_field fields_Service[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ServiceSpec, DOC("Which pods are meant, on which ports, and how they are reached.")),
	OBJ("status", 3, ServiceStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Service, "io.k8s.api.core.v1.Service", DOC("A lasting address for a changing set of pods."));

static const struct kl_field fields_ServiceAccount[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	BOOL("automountServiceAccountToken", 4,
		DOC("Whether a token of the service account is mounted into the containers.")),
	LIST_OBJ("imagePullSecrets", 3, LocalObjectReference, DOC("Secrets with the registries' passwords.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("secrets", 2, ObjectReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("name"),
		DOC("Secrets that pods of the account may use.")),
};
SCHEMA(ServiceAccount, "io.k8s.api.core.v1.ServiceAccount", DOC("An identity for processes in pods."));

static const struct kl_field fields_ServicePort[] = {
	STR("appProtocol", 6, DOC("The application protocol spoken on this port, as a hint for those who care.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("The port's name; needed where there are several.")),
	I32("nodePort", 5, FLAGS(KL_OMIT_ZERO), DOC("The port of every node that leads here; allocated unless given.")),
	I32("port", 3, FLAGS(KL_REQUIRED | KL_PORT), DOC("The port that clients use.")),
	STR("protocol", 2, FLAGS(KL_OMIT_ZERO), DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP"), DOC("TCP, UDP or SCTP.")),
	INT_OR_STR("targetPort", 4, DOC("The port of the pods, by number or by name; equal to port unless given.")),
};
SCHEMA(ServicePort, "io.k8s.api.core.v1.ServicePort", .defaults = kl_default_ServicePort);

static const struct kl_field fields_ServiceSpec[] = {
	BOOL("allocateLoadBalancerNodePorts", 20,
		DOC("Whether a Service of type LoadBalancer gets node ports as well.")),
	STR("clusterIP", 3, FLAGS(KL_OMIT_ZERO),
		DOC("The virtual address of the Service: allocated unless given; None makes it headless.")),
	LIST_STR("clusterIPs", 18,
		DOC("The virtual addresses, one for each address family; the first one equals clusterIP.")),
	LIST_STR("externalIPs", 5,
		DOC("Addresses whose traffic for the Service's ports the nodes take, though nobody here routes "
		    "them.")),
	STR("externalName", 10, FLAGS(KL_OMIT_ZERO),
		DOC("The DNS name that a Service of type ExternalName stands for.")),
	STR("externalTrafficPolicy", 11, FLAGS(KL_OMIT_ZERO), CHOICES("Cluster|Local"),
		DOC("Cluster spreads traffic from outside over all endpoints; Local keeps it, and its source "
		    "address, on the node it came to.")),
	I32("healthCheckNodePort", 12, FLAGS(KL_OMIT_ZERO),
		DOC("The port where a node says whether it has endpoints of its own; with externalTrafficPolicy "
		    "Local.")),
	STR("internalTrafficPolicy", 22, CHOICES("Cluster|Local"),
		DOC("Cluster spreads traffic from inside over all endpoints; Local keeps it on its node.")),
	LIST_STR("ipFamilies", 19, DOC("IPv4, IPv6 or both, in the order of clusterIPs.")),
	STR("ipFamilyPolicy", 17, CHOICES("PreferDualStack|RequireDualStack|SingleStack"),
		DOC("SingleStack, PreferDualStack or RequireDualStack.")),
	STR("loadBalancerClass", 21, DOC("Which load balancer serves the Service; cannot be changed.")),
	STR("loadBalancerIP", 8, FLAGS(KL_OMIT_ZERO),
		DOC("The address asked of the load balancer; not every one can do that.")),
	LIST_STR("loadBalancerSourceRanges", 9, DOC("Only clients in these ranges are let in.")),
	LIST_OBJ("ports", 1, ServicePort, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("port,protocol"),
		DOC("The ports that the Service offers.")),
	BOOL("publishNotReadyAddresses", 13, FLAGS(KL_OMIT_ZERO),
		DOC("Whether endpoints count before they are ready.")),
	MAP_STR("selector", 2, FLAGS(KL_ATOMIC),
		DOC("Traffic goes to the pods with these labels; empty means that somebody else writes the "
		    "endpoints.")),
	STR("sessionAffinity", 7, FLAGS(KL_OMIT_ZERO), DEF("\"None\""), CHOICES("ClientIP|None"),
		DOC("ClientIP keeps a client at one backend; None does not.")),
	OBJ("sessionAffinityConfig", 14, SessionAffinityConfig, DOC("For how long.")),
	STR("trafficDistribution", 23, CHOICES("PreferClose|PreferSameNode|PreferSameZone"),
		DOC("Which endpoints are taken first: those of the client's zone (PreferClose, PreferSameZone) or of "
		    "its node, then its zone (PreferSameNode).")),
	STR("type", 4, FLAGS(KL_OMIT_ZERO), DEF("\"ClusterIP\""),
		CHOICES("ClusterIP|ExternalName|LoadBalancer|NodePort"),
		DOC("ClusterIP, NodePort, LoadBalancer or ExternalName: how the Service is reached.")),
};
SCHEMA(ServiceSpec, "io.k8s.api.core.v1.ServiceSpec", .defaults = kl_default_ServiceSpec,
	.validate = kl_check_ServiceSpec, DOC("How a Service is reached and what is behind it."));

static const struct kl_field fields_ServiceStatus[] = {
	LIST_OBJ("conditions", 2, Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	OBJ("loadBalancer", 1, LoadBalancerStatus, FLAGS(KL_ALWAYS), DOC("Where the load balancer is reached.")),
};
SCHEMA(ServiceStatus, "io.k8s.api.core.v1.ServiceStatus", .doc = NULL);

static const struct kl_field fields_SessionAffinityConfig[] = {
	OBJ("clientIP", 1, ClientIPConfig, DOC("How long a client's address sticks to its backend.")),
};
SCHEMA(SessionAffinityConfig, "io.k8s.api.core.v1.SessionAffinityConfig", .doc = NULL);
