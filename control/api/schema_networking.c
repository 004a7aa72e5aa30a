/* Types: networking.k8s.io. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_HTTPIngressPath[] = {
	OBJ("backend", 2, IngressBackend, FLAGS(KL_REQUIRED), DOC("Where the requests go.")),
	STR("path", 1, FLAGS(KL_OMIT_ZERO), DOC("What the path of a request must match; starts with a slash.")),
	STR("pathType", 3, FLAGS(KL_REQUIRED), CHOICES("Exact|ImplementationSpecific|Prefix"),
		DOC("Exact, Prefix, or ImplementationSpecific.")),
};
SCHEMA(HTTPIngressPath, "io.k8s.api.networking.v1.HTTPIngressPath", .validate = kl_check_HTTPIngressPath);

static const struct kl_field fields_HTTPIngressRuleValue[] = {
	LIST_OBJ("paths", 1, HTTPIngressPath, FLAGS(KL_REQUIRED), DOC("Paths and where they lead.")),
};
SCHEMA(HTTPIngressRuleValue, "io.k8s.api.networking.v1.HTTPIngressRuleValue", .doc = NULL);

static const struct kl_field fields_IPBlock[] = {
	STR("cidr", 1, FLAGS(KL_REQUIRED), DOC("A range of addresses, such as 10.0.0.0/8.")),
	LIST_STR("except", 2, DOC("Ranges inside cidr that do not count.")),
};
SCHEMA(IPBlock, "io.k8s.api.networking.v1.IPBlock", .doc = NULL);

static const struct kl_field fields_Ingress[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, IngressSpec,
		DOC("Which hosts and paths lead to which Services, and the certificates of the hosts.")),
	OBJ("status", 3, IngressStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Ingress, "io.k8s.api.networking.v1.Ingress",
	DOC("Leads HTTP requests from outside to Services, by host and path."));

static const struct kl_field fields_IngressBackend[] = {
	OBJ("resource", 3, TypedLocalObjectReference,
		DOC("An object of this namespace that takes the traffic, instead of a Service.")),
	OBJ("service", 4, IngressServiceBackend, DOC("The Service that takes the traffic.")),
};
SCHEMA(IngressBackend, "io.k8s.api.networking.v1.IngressBackend", .validate = kl_check_IngressBackend);

static const struct kl_field fields_IngressClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, IngressClassSpec, DOC("The controller, and its settings.")),
};
SCHEMA(IngressClass, "io.k8s.api.networking.v1.IngressClass", DOC("Names the controller that serves Ingresses."));

static const struct kl_field fields_IngressClassParametersReference[] = {
	STR("apiGroup", 1, DOC("The API group of what is named; empty for the core group.")),
	STR("kind", 2, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("namespace", 5, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
	STR("scope", 4, FLAGS(KL_OMIT_ZERO), DOC("Namespace or Cluster.")),
};
SCHEMA(IngressClassParametersReference, "io.k8s.api.networking.v1.IngressClassParametersReference", .doc = NULL);

static const struct kl_field fields_IngressClassSpec[] = {
	STR("controller", 1, FLAGS(KL_OMIT_ZERO),
		DOC("The name of the controller that serves Ingresses of this class, such as example.com/ingress; "
		    "cannot be changed.")),
	OBJ("parameters", 2, IngressClassParametersReference, DOC("Settings that the provider understands.")),
};
SCHEMA(IngressClassSpec, "io.k8s.api.networking.v1.IngressClassSpec", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerIngress[] = {
	STR("hostname", 2, FLAGS(KL_OMIT_ZERO), DOC("The host's name.")),
	STR("ip", 1, FLAGS(KL_OMIT_ZERO), DOC("An IP address.")),
	LIST_OBJ("ports", 4, IngressPortStatus, DOC("The ports.")),
};
SCHEMA(IngressLoadBalancerIngress, "io.k8s.api.networking.v1.IngressLoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerStatus[] = {
	LIST_OBJ("ingress", 1, IngressLoadBalancerIngress, DOC("The addresses of the load balancer.")),
};
SCHEMA(IngressLoadBalancerStatus, "io.k8s.api.networking.v1.IngressLoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_IngressPortStatus[] = {
	STR("error", 3, FLAGS(KL_OMIT_ZERO), DOC("What went wrong.")),
	I32("port", 1, FLAGS(KL_REQUIRED), DOC("The port, by number or by name.")),
	STR("protocol", 2, FLAGS(KL_REQUIRED), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(IngressPortStatus, "io.k8s.api.networking.v1.IngressPortStatus", .doc = NULL);

static const struct kl_field fields_IngressRule[] = {
	STR("host", 1, FLAGS(KL_OMIT_ZERO),
		DOC("The host that requests are for; may start with \"*.\"; empty means any.")),
	OBJ("http", INLINE(2, 1), HTTPIngressRuleValue, DOC("Paths and where they lead.")),
};
SCHEMA(IngressRule, "io.k8s.api.networking.v1.IngressRule", .doc = NULL);

static const struct kl_field fields_IngressServiceBackend[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
	OBJ("port", 2, ServiceBackendPort, DOC("The port, by number or by name.")),
};
SCHEMA(IngressServiceBackend, "io.k8s.api.networking.v1.IngressServiceBackend", .doc = NULL);

static const struct kl_field fields_IngressSpec[] = {
	OBJ("defaultBackend", 1, IngressBackend, DOC("Takes what no rule matches.")),
	STR("ingressClassName", 4, DOC("The IngressClass, and so the controller, that serves it.")),
	LIST_OBJ("rules", 3, IngressRule, DOC("Which hosts and paths lead to which Services.")),
	LIST_OBJ("tls", 2, IngressTLS, DOC("Certificates for hosts.")),
};
SCHEMA(IngressSpec, "io.k8s.api.networking.v1.IngressSpec", .validate = kl_check_IngressSpec);

static const struct kl_field fields_IngressStatus[] = {
	OBJ("loadBalancer", 1, IngressLoadBalancerStatus, FLAGS(KL_ALWAYS), DOC("Where the load balancer is reached.")),
};
SCHEMA(IngressStatus, "io.k8s.api.networking.v1.IngressStatus", .doc = NULL);

static const struct kl_field fields_IngressTLS[] = {
	LIST_STR("hosts", 1, DOC("Host names.")),
	STR("secretName", 2, FLAGS(KL_OMIT_ZERO), DOC("The Secret's name.")),
};
SCHEMA(IngressTLS, "io.k8s.api.networking.v1.IngressTLS", .doc = NULL);

static const struct kl_field fields_NetworkPolicy[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, NetworkPolicySpec, DOC("Which pods are meant, and what they may receive and send.")),
};
SCHEMA(NetworkPolicy, "io.k8s.api.networking.v1.NetworkPolicy",
	DOC("Says which traffic the selected pods may take and send."));

static const struct kl_field fields_NetworkPolicyEgressRule[] = {
	LIST_OBJ("ports", 1, NetworkPolicyPort, DOC("The ports.")),
	LIST_OBJ("to", 2, NetworkPolicyPeer, DOC("Where the traffic may go; empty means everywhere.")),
};
SCHEMA(NetworkPolicyEgressRule, "io.k8s.api.networking.v1.NetworkPolicyEgressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyIngressRule[] = {
	LIST_OBJ("from", 2, NetworkPolicyPeer, DOC("Where the traffic may come from; empty means everywhere.")),
	LIST_OBJ("ports", 1, NetworkPolicyPort, DOC("The ports.")),
};
SCHEMA(NetworkPolicyIngressRule, "io.k8s.api.networking.v1.NetworkPolicyIngressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyPeer[] = {
	OBJ("ipBlock", 3, IPBlock, DOC("A range of addresses.")),
	OBJ("namespaceSelector", 2, LabelSelector, DOC("Which namespaces are meant, by their labels; {} means all.")),
	OBJ("podSelector", 1, LabelSelector, DOC("Which pods are meant, by their labels; {} means all.")),
};
SCHEMA(NetworkPolicyPeer, "io.k8s.api.networking.v1.NetworkPolicyPeer", .validate = kl_check_NetworkPolicyPeer);

static const struct kl_field fields_NetworkPolicyPort[] = {
	I32("endPort", 3, DOC("The last port of a range that begins at port.")),
	INT_OR_STR("port", 2, DOC("The port, by number or by name.")),
	STR("protocol", 1, DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP"), DOC("TCP, UDP or SCTP.")),
};
SCHEMA(NetworkPolicyPort, "io.k8s.api.networking.v1.NetworkPolicyPort", .validate = kl_check_NetworkPolicyPort);

static const struct kl_field fields_NetworkPolicySpec[] = {
	LIST_OBJ("egress", 3, NetworkPolicyEgressRule,
		DOC("What the selected pods may send; an empty list means nothing.")),
	LIST_OBJ(
		"ingress", 2, NetworkPolicyIngressRule, DOC("What the pods may receive; an empty list means nothing.")),
	OBJ("podSelector", 1, LabelSelector, FLAGS(KL_REQUIRED | KL_ALWAYS),
		DOC("Which pods are meant, by their labels; {} means all.")),
	LIST_STR("policyTypes", 4, CHOICES("Egress|Ingress"), DOC("Ingress, Egress or both.")),
};
SCHEMA(NetworkPolicySpec, "io.k8s.api.networking.v1.NetworkPolicySpec", .defaults = kl_default_NetworkPolicySpec);

static const struct kl_field fields_ServiceBackendPort[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	I32("number", 2, DOC("The port's number.")),
};
SCHEMA(ServiceBackendPort, "io.k8s.api.networking.v1.ServiceBackendPort", .atomic = true);
