/* Types: policy, rbac, scheduling, node, coordination, certificates, authentication. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AggregationRule[] = {
	LIST_OBJ("clusterRoleSelectors", LabelSelector),
};
SCHEMA(AggregationRule, "io.k8s.api.rbac.v1.AggregationRule", .doc = NULL);

static const struct kl_field fields_BoundObjectReference[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(BoundObjectReference, "io.k8s.api.authentication.v1.BoundObjectReference", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequest[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", CertificateSigningRequestSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", CertificateSigningRequestStatus),
};
SCHEMA(CertificateSigningRequest, "io.k8s.api.certificates.v1.CertificateSigningRequest", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestCondition[] = {
	TIME("lastTransitionTime"),
	TIME("lastUpdateTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(CertificateSigningRequestCondition, "io.k8s.api.certificates.v1.CertificateSigningRequestCondition", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestSpec[] = {
	I32("expirationSeconds"),
	MAP_LIST_STR("extra"),
	LIST_STR("groups"),
	BYTES("request", FLAGS(KL_REQUIRED)),
	STR("signerName", FLAGS(KL_REQUIRED)),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
	LIST_STR("usages"),
	STR("username", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CertificateSigningRequestSpec, "io.k8s.api.certificates.v1.CertificateSigningRequestSpec", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestStatus[] = {
	BYTES("certificate"),
	LIST_OBJ("conditions", CertificateSigningRequestCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
};
SCHEMA(CertificateSigningRequestStatus, "io.k8s.api.certificates.v1.CertificateSigningRequestStatus", .doc = NULL);

static const struct kl_field fields_ClusterRole[] = {
	OBJ("aggregationRule", AggregationRule),
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("rules", PolicyRule),
};
SCHEMA(ClusterRole, "io.k8s.api.rbac.v1.ClusterRole", .doc = NULL);

static const struct kl_field fields_ClusterRoleBinding[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("roleRef", RoleRef, FLAGS(KL_REQUIRED)),
	LIST_OBJ("subjects", Subject),
};
SCHEMA(ClusterRoleBinding, "io.k8s.api.rbac.v1.ClusterRoleBinding", .doc = NULL);

static const struct kl_field fields_Eviction[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	OBJ("deleteOptions", DeleteOptions),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
};
SCHEMA(Eviction, "io.k8s.api.policy.v1.Eviction", .doc = NULL);

static const struct kl_field fields_Lease[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", LeaseSpec),
};
SCHEMA(Lease, "io.k8s.api.coordination.v1.Lease", .doc = NULL);

static const struct kl_field fields_LeaseSpec[] = {
	MICRO_TIME("acquireTime"),
	STR("holderIdentity"),
	I32("leaseDurationSeconds", FLAGS(KL_POSITIVE)),
	I32("leaseTransitions"),
	STR("preferredHolder", FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("renewTime"),
	STR("strategy", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(LeaseSpec, "io.k8s.api.coordination.v1.LeaseSpec", .doc = NULL);

static const struct kl_field fields_Overhead[] = {
	MAP_QUANTITY("podFixed"),
};
SCHEMA(Overhead, "io.k8s.api.node.v1.Overhead", .doc = NULL);

static const struct kl_field fields_PodDisruptionBudget[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", PodDisruptionBudgetSpec),
	OBJ("status", PodDisruptionBudgetStatus),
};
SCHEMA(PodDisruptionBudget, "io.k8s.api.policy.v1.PodDisruptionBudget", .doc = NULL);

static const struct kl_field fields_PodDisruptionBudgetSpec[] = {
	INT_OR_STR("maxUnavailable"),
	INT_OR_STR("minAvailable"),
	OBJ("selector", LabelSelector),
	STR("unhealthyPodEvictionPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("AlwaysAllow|IfHealthyBudget")),
};
SCHEMA(PodDisruptionBudgetSpec, "io.k8s.api.policy.v1.PodDisruptionBudgetSpec", .validate = kl_check_PodDisruptionBudgetSpec);

static const struct kl_field fields_PodDisruptionBudgetStatus[] = {
	LIST_OBJ("conditions", Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentHealthy", FLAGS(KL_REQUIRED)),
	I32("desiredHealthy", FLAGS(KL_REQUIRED)),
	MAP_TIME("disruptedPods"),
	I32("disruptionsAllowed", FLAGS(KL_REQUIRED)),
	I32("expectedPods", FLAGS(KL_REQUIRED)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodDisruptionBudgetStatus, "io.k8s.api.policy.v1.PodDisruptionBudgetStatus", .doc = NULL);

static const struct kl_field fields_PolicyRule[] = {
	LIST_STR("apiGroups"),
	LIST_STR("nonResourceURLs"),
	LIST_STR("resourceNames"),
	LIST_STR("resources"),
	LIST_STR("verbs", FLAGS(KL_REQUIRED)),
};
SCHEMA(PolicyRule, "io.k8s.api.rbac.v1.PolicyRule", .validate = kl_check_PolicyRule);

static const struct kl_field fields_PriorityClass[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("description", FLAGS(KL_OMIT_ZERO)),
	BOOL("globalDefault", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	STR("preemptionPolicy", DEF("\"PreemptLowerPriority\""), CHOICES("Never|PreemptLowerPriority")),
	I32("value"),
};
SCHEMA(PriorityClass, "io.k8s.api.scheduling.v1.PriorityClass", .doc = NULL);

static const struct kl_field fields_Role[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	LIST_OBJ("rules", PolicyRule),
};
SCHEMA(Role, "io.k8s.api.rbac.v1.Role", .doc = NULL);

static const struct kl_field fields_RoleBinding[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("roleRef", RoleRef, FLAGS(KL_REQUIRED)),
	LIST_OBJ("subjects", Subject),
};
SCHEMA(RoleBinding, "io.k8s.api.rbac.v1.RoleBinding", .doc = NULL);

static const struct kl_field fields_RoleRef[] = {
	STR("apiGroup", FLAGS(KL_REQUIRED), DEF("\"rbac.authorization.k8s.io\"")),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(RoleRef, "io.k8s.api.rbac.v1.RoleRef", .atomic = true);

static const struct kl_field fields_RuntimeClass[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("handler", FLAGS(KL_REQUIRED)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("overhead", Overhead),
	OBJ("scheduling", Scheduling),
};
SCHEMA(RuntimeClass, "io.k8s.api.node.v1.RuntimeClass", .doc = NULL);

static const struct kl_field fields_Scheduling[] = {
	MAP_STR("nodeSelector"),
	LIST_OBJ("tolerations", Toleration),
};
SCHEMA(Scheduling, "io.k8s.api.node.v1.Scheduling", .doc = NULL);

static const struct kl_field fields_Subject[] = {
	STR("apiGroup"),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Subject, "io.k8s.api.rbac.v1.Subject", .atomic = true, .defaults = kl_default_Subject);

static const struct kl_field fields_TokenRequest[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", TokenRequestSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", TokenRequestStatus),
};
SCHEMA(TokenRequest, "io.k8s.api.authentication.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_TokenRequestSpec[] = {
	LIST_STR("audiences", FLAGS(KL_REQUIRED)),
	OBJ("boundObjectRef", BoundObjectReference),
	I64("expirationSeconds", DEF("3600")),
};
SCHEMA(TokenRequestSpec, "io.k8s.api.authentication.v1.TokenRequestSpec", .doc = NULL);

static const struct kl_field fields_TokenRequestStatus[] = {
	TIME("expirationTimestamp", FLAGS(KL_REQUIRED)),
	STR("token", FLAGS(KL_REQUIRED)),
};
SCHEMA(TokenRequestStatus, "io.k8s.api.authentication.v1.TokenRequestStatus", .doc = NULL);
