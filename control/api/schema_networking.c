/* Types: networking.k8s.io. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_HTTPIngressPath[] = {
	OBJ("backend", 2, IngressBackend, FLAGS(KL_REQUIRED)),
	STR("path", 1, FLAGS(KL_OMIT_ZERO)),
	STR("pathType", 3, FLAGS(KL_REQUIRED), CHOICES("Exact|ImplementationSpecific|Prefix")),
};
SCHEMA(HTTPIngressPath, "io.k8s.api.networking.v1.HTTPIngressPath", .validate = kl_check_HTTPIngressPath);

static const struct kl_field fields_HTTPIngressRuleValue[] = {
	LIST_OBJ("paths", 1, HTTPIngressPath, FLAGS(KL_REQUIRED)),
};
SCHEMA(HTTPIngressRuleValue, "io.k8s.api.networking.v1.HTTPIngressRuleValue", .doc = NULL);

static const struct kl_field fields_IPBlock[] = {
	STR("cidr", 1, FLAGS(KL_REQUIRED)),
	LIST_STR("except", 2),
};
SCHEMA(IPBlock, "io.k8s.api.networking.v1.IPBlock", .doc = NULL);

static const struct kl_field fields_Ingress[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, IngressSpec),
	OBJ("status", 3, IngressStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Ingress, "io.k8s.api.networking.v1.Ingress", .doc = NULL);

static const struct kl_field fields_IngressBackend[] = {
	OBJ("resource", 3, TypedLocalObjectReference),
	OBJ("service", 4, IngressServiceBackend),
};
SCHEMA(IngressBackend, "io.k8s.api.networking.v1.IngressBackend", .validate = kl_check_IngressBackend);

static const struct kl_field fields_IngressClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, IngressClassSpec),
};
SCHEMA(IngressClass, "io.k8s.api.networking.v1.IngressClass", .doc = NULL);

static const struct kl_field fields_IngressClassParametersReference[] = {
	STR("apiGroup", 1),
	STR("kind", 2, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
	STR("namespace", 5, FLAGS(KL_OMIT_ZERO)),
	STR("scope", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(IngressClassParametersReference, "io.k8s.api.networking.v1.IngressClassParametersReference", .doc = NULL);

static const struct kl_field fields_IngressClassSpec[] = {
	STR("controller", 1, FLAGS(KL_OMIT_ZERO)),
	OBJ("parameters", 2, IngressClassParametersReference),
};
SCHEMA(IngressClassSpec, "io.k8s.api.networking.v1.IngressClassSpec", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerIngress[] = {
	STR("hostname", 2, FLAGS(KL_OMIT_ZERO)),
	STR("ip", 1, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ports", 4, IngressPortStatus),
};
SCHEMA(IngressLoadBalancerIngress, "io.k8s.api.networking.v1.IngressLoadBalancerIngress", .doc = NULL);

static const struct kl_field fields_IngressLoadBalancerStatus[] = {
	LIST_OBJ("ingress", 1, IngressLoadBalancerIngress),
};
SCHEMA(IngressLoadBalancerStatus, "io.k8s.api.networking.v1.IngressLoadBalancerStatus", .doc = NULL);

static const struct kl_field fields_IngressPortStatus[] = {
	STR("error", 3, FLAGS(KL_OMIT_ZERO)),
	I32("port", 1, FLAGS(KL_REQUIRED)),
	STR("protocol", 2, FLAGS(KL_REQUIRED)),
};
SCHEMA(IngressPortStatus, "io.k8s.api.networking.v1.IngressPortStatus", .doc = NULL);

static const struct kl_field fields_IngressRule[] = {
	STR("host", 1, FLAGS(KL_OMIT_ZERO)),
	OBJ("http", INLINE(2, 1), HTTPIngressRuleValue),
};
SCHEMA(IngressRule, "io.k8s.api.networking.v1.IngressRule", .doc = NULL);

static const struct kl_field fields_IngressServiceBackend[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
	OBJ("port", 2, ServiceBackendPort),
};
SCHEMA(IngressServiceBackend, "io.k8s.api.networking.v1.IngressServiceBackend", .doc = NULL);

static const struct kl_field fields_IngressSpec[] = {
	OBJ("defaultBackend", 1, IngressBackend),
	STR("ingressClassName", 4),
	LIST_OBJ("rules", 3, IngressRule),
	LIST_OBJ("tls", 2, IngressTLS),
};
SCHEMA(IngressSpec, "io.k8s.api.networking.v1.IngressSpec", .validate = kl_check_IngressSpec);

static const struct kl_field fields_IngressStatus[] = {
	OBJ("loadBalancer", 1, IngressLoadBalancerStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(IngressStatus, "io.k8s.api.networking.v1.IngressStatus", .doc = NULL);

static const struct kl_field fields_IngressTLS[] = {
	LIST_STR("hosts", 1),
	STR("secretName", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(IngressTLS, "io.k8s.api.networking.v1.IngressTLS", .doc = NULL);

static const struct kl_field fields_NetworkPolicy[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, NetworkPolicySpec),
};
SCHEMA(NetworkPolicy, "io.k8s.api.networking.v1.NetworkPolicy", .doc = NULL);

static const struct kl_field fields_NetworkPolicyEgressRule[] = {
	LIST_OBJ("ports", 1, NetworkPolicyPort),
	LIST_OBJ("to", 2, NetworkPolicyPeer),
};
SCHEMA(NetworkPolicyEgressRule, "io.k8s.api.networking.v1.NetworkPolicyEgressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyIngressRule[] = {
	LIST_OBJ("from", 2, NetworkPolicyPeer),
	LIST_OBJ("ports", 1, NetworkPolicyPort),
};
SCHEMA(NetworkPolicyIngressRule, "io.k8s.api.networking.v1.NetworkPolicyIngressRule", .doc = NULL);

static const struct kl_field fields_NetworkPolicyPeer[] = {
	OBJ("ipBlock", 3, IPBlock),
	OBJ("namespaceSelector", 2, LabelSelector),
	OBJ("podSelector", 1, LabelSelector),
};
SCHEMA(NetworkPolicyPeer, "io.k8s.api.networking.v1.NetworkPolicyPeer", .validate = kl_check_NetworkPolicyPeer);

static const struct kl_field fields_NetworkPolicyPort[] = {
	I32("endPort", 3),
	INT_OR_STR("port", 2),
	STR("protocol", 1, DEF("\"TCP\""), CHOICES("SCTP|TCP|UDP")),
};
SCHEMA(NetworkPolicyPort, "io.k8s.api.networking.v1.NetworkPolicyPort", .validate = kl_check_NetworkPolicyPort);

static const struct kl_field fields_NetworkPolicySpec[] = {
	LIST_OBJ("egress", 3, NetworkPolicyEgressRule),
	LIST_OBJ("ingress", 2, NetworkPolicyIngressRule),
	OBJ("podSelector", 1, LabelSelector, FLAGS(KL_REQUIRED | KL_ALWAYS)),
	LIST_STR("policyTypes", 4, CHOICES("Egress|Ingress")),
};
SCHEMA(NetworkPolicySpec, "io.k8s.api.networking.v1.NetworkPolicySpec", .defaults = kl_default_NetworkPolicySpec);

static const struct kl_field fields_ServiceBackendPort[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	I32("number", 2),
};
SCHEMA(ServiceBackendPort, "io.k8s.api.networking.v1.ServiceBackendPort", .atomic = true);
