/* Types: networking.k8s.io. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_HTTPIngressPath[] = {
	OBJ("backend", IngressBackend, FLAGS(KL_REQUIRED)),
	STR("path", FLAGS(KL_OMIT_ZERO)),
	STR("pathType", FLAGS(KL_REQUIRED), CHOICES("Exact|ImplementationSpecific|Prefix")),
};
SCHEMA(HTTPIngressPath, "io.k8s.api.networking.v1.HTTPIngressPath", .validate = kl_check_HTTPIngressPath);

static const struct kl_field fields_HTTPIngressRuleValue[] = {
	LIST_OBJ("paths", HTTPIngressPath, FLAGS(KL_REQUIRED)),
};
SCHEMA(HTTPIngressRuleValue, "io.k8s.api.networking.v1.HTTPIngressRuleValue", .doc = NULL);

static const struct kl_field fields_IPBlock[] = {
	STR("cidr", FLAGS(KL_REQUIRED)),
	LIST_STR("except"),
};
SCHEMA(IPBlock, "io.k8s.api.networking.v1.IPBlock", .doc = NULL);

static const struct kl_field fields_Ingress[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", IngressSpec),
	OBJ("status", IngressStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Ingress, "io.k8s.api.networking.v1.Ingress", .doc = NULL);

static const struct kl_field fields_IngressBackend[] = {
	OBJ("resource", TypedLocalObjectReference),
	OBJ("service", IngressServiceBackend),
};
SCHEMA(IngressBackend, "io.k8s.api.networking.v1.IngressBackend", .validate = kl_check_IngressBackend);

static const struct kl_field fields_IngressClass[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", IngressClassSpec),
};
SCHEMA(IngressClass, "io.k8s.api.networking.v1.IngressClass", .doc = NULL);

static const struct kl_field fields_IngressClassParametersReference[] = {
	STR("apiGroup"),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
	STR("scope", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(IngressClassParametersReference, "io.k8s.api.networking.v1.IngressClassParametersReference", .doc = NULL);

static const struct kl_field fields_IngressClassSpec[] = {
	STR("controller", FLAGS(KL_OMIT_ZERO)),
	OBJ("parameters", IngressClassParametersReference),
};
SCHEMA(IngressClassSpec, "io.k8s.api.networking.v1.IngressClassSpec", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerIngress[] = {
	STR("hostname"),
	STR("ip", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ports", IngressPortStatus),
};
SCHEMA(IngressLoadBalancerIngress, "io.k8s.api.networking.v1.IngressLoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerStatus[] = {
	LIST_OBJ("ingress", IngressLoadBalancerIngress),
};
SCHEMA(IngressLoadBalancerStatus, "io.k8s.api.networking.v1.IngressLoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_IngressPortStatus[] = {
	STR("error", FLAGS(KL_OMIT_ZERO)),
	I32("port", FLAGS(KL_REQUIRED)),
	STR("protocol", FLAGS(KL_REQUIRED)),
};
SCHEMA(IngressPortStatus, "io.k8s.api.networking.v1.IngressPortStatus", .doc = NULL);

static const struct kl_field fields_IngressRule[] = {
	STR("host", FLAGS(KL_OMIT_ZERO)),
	OBJ("http", HTTPIngressRuleValue),
};
SCHEMA(IngressRule, "io.k8s.api.networking.v1.IngressRule", .doc = NULL);

static const struct kl_field fields_IngressServiceBackend[] = {
	STR("name", FLAGS(KL_REQUIRED)),
	OBJ("port", ServiceBackendPort),
};
SCHEMA(IngressServiceBackend, "io.k8s.api.networking.v1.IngressServiceBackend", .doc = NULL);

static const struct kl_field fields_IngressSpec[] = {
	OBJ("defaultBackend", IngressBackend),
	STR("ingressClassName"),
	LIST_OBJ("rules", IngressRule),
	LIST_OBJ("tls", IngressTLS),
};
SCHEMA(IngressSpec, "io.k8s.api.networking.v1.IngressSpec", .validate = kl_check_IngressSpec);

static const struct kl_field fields_IngressStatus[] = {
	OBJ("loadBalancer", IngressLoadBalancerStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(IngressStatus, "io.k8s.api.networking.v1.IngressStatus", .doc = NULL);

static const struct kl_field fields_IngressTLS[] = {
	LIST_STR("hosts"),
	STR("secretName", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(IngressTLS, "io.k8s.api.networking.v1.IngressTLS", .doc = NULL);

static const struct kl_field fields_NetworkPolicy[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", NetworkPolicySpec),
};
SCHEMA(NetworkPolicy, "io.k8s.api.networking.v1.NetworkPolicy", .doc = NULL);

static const struct kl_field fields_NetworkPolicyEgressRule[] = {
	LIST_OBJ("ports", NetworkPolicyPort),
	LIST_OBJ("to", NetworkPolicyPeer),
};
SCHEMA(NetworkPolicyEgressRule, "io.k8s.api.networking.v1.NetworkPolicyEgressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyIngressRule[] = {
	LIST_OBJ("from", NetworkPolicyPeer),
	LIST_OBJ("ports", NetworkPolicyPort),
};
SCHEMA(NetworkPolicyIngressRule, "io.k8s.api.networking.v1.NetworkPolicyIngressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyPeer[] = {
	OBJ("ipBlock", IPBlock),
	OBJ("namespaceSelector", LabelSelector),
	OBJ("podSelector", LabelSelector),
};
SCHEMA(NetworkPolicyPeer, "io.k8s.api.networking.v1.NetworkPolicyPeer", .validate = kl_check_NetworkPolicyPeer);

static const struct kl_field fields_NetworkPolicyPort[] = {
	I32("endPort"),
	INT_OR_STR("port"),
	STR("protocol", DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(NetworkPolicyPort, "io.k8s.api.networking.v1.NetworkPolicyPort", .validate = kl_check_NetworkPolicyPort);

static const struct kl_field fields_NetworkPolicySpec[] = {
	LIST_OBJ("egress", NetworkPolicyEgressRule),
	LIST_OBJ("ingress", NetworkPolicyIngressRule),
	OBJ("podSelector", LabelSelector, FLAGS(KL_REQUIRED | KL_ALWAYS)),
	LIST_STR("policyTypes", CHOICES("Egress|Ingress")),
};
SCHEMA(NetworkPolicySpec, "io.k8s.api.networking.v1.NetworkPolicySpec", .defaults = kl_default_NetworkPolicySpec);

static const struct kl_field fields_ServiceBackendPort[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
	I32("number"),
};
SCHEMA(ServiceBackendPort, "io.k8s.api.networking.v1.ServiceBackendPort", .atomic = true);
