/* Types: policy, rbac, scheduling, node, coordination, certificates, authentication. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AggregationRule[] = {
	LIST_OBJ("clusterRoleSelectors", 1, LabelSelector),
};
SCHEMA(AggregationRule, "io.k8s.api.rbac.v1.AggregationRule", .doc = NULL);

static const struct kl_field fields_BoundObjectReference[] = {
	STR("apiVersion", 2, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 1, FLAGS(KL_OMIT_ZERO)),
	STR("name", 3, FLAGS(KL_OMIT_ZERO)),
	STR("uid", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(BoundObjectReference, "io.k8s.api.authentication.v1.BoundObjectReference", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequest[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, CertificateSigningRequestSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, CertificateSigningRequestStatus),
};
SCHEMA(CertificateSigningRequest, "io.k8s.api.certificates.v1.CertificateSigningRequest", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestCondition[] = {
	TIME("lastTransitionTime", 5),
	TIME("lastUpdateTime", 4),
	STR("message", 3, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 2, FLAGS(KL_OMIT_ZERO)),
	STR("status", 6, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(CertificateSigningRequestCondition, "io.k8s.api.certificates.v1.CertificateSigningRequestCondition", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestSpec[] = {
	I32("expirationSeconds", 8),
	MAP_LIST_STR("extra", 6),
	LIST_STR("groups", 4),
	BYTES("request", 1, FLAGS(KL_REQUIRED)),
	STR("signerName", 7, FLAGS(KL_REQUIRED)),
	STR("uid", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("usages", 5),
	STR("username", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CertificateSigningRequestSpec, "io.k8s.api.certificates.v1.CertificateSigningRequestSpec", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestStatus[] = {
	BYTES("certificate", 2),
	LIST_OBJ("conditions", 1, CertificateSigningRequestCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
};
SCHEMA(CertificateSigningRequestStatus, "io.k8s.api.certificates.v1.CertificateSigningRequestStatus", .doc = NULL);

static const struct kl_field fields_ClusterRole[] = {
	OBJ("aggregationRule", 3, AggregationRule),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("rules", 2, PolicyRule),
};
SCHEMA(ClusterRole, "io.k8s.api.rbac.v1.ClusterRole", .doc = NULL);

static const struct kl_field fields_ClusterRoleBinding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("roleRef", 3, RoleRef, FLAGS(KL_REQUIRED)),
	LIST_OBJ("subjects", 2, Subject),
};
SCHEMA(ClusterRoleBinding, "io.k8s.api.rbac.v1.ClusterRoleBinding", .doc = NULL);

static const struct kl_field fields_Eviction[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("deleteOptions", 2, DeleteOptions),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
};
SCHEMA(Eviction, "io.k8s.api.policy.v1.Eviction", .doc = NULL);

static const struct kl_field fields_FieldSelectorAttributes[] = {
	STR("rawSelector", 1, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("requirements", 2, FieldSelectorRequirement),
};
SCHEMA(FieldSelectorAttributes, "io.k8s.api.authorization.v1.FieldSelectorAttributes", .doc = NULL);

static const struct kl_field fields_LabelSelectorAttributes[] = {
	STR("rawSelector", 1, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("requirements", 2, LabelSelectorRequirement),
};
SCHEMA(LabelSelectorAttributes, "io.k8s.api.authorization.v1.LabelSelectorAttributes", .doc = NULL);

static const struct kl_field fields_Lease[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, LeaseSpec),
};
SCHEMA(Lease, "io.k8s.api.coordination.v1.Lease", .doc = NULL);

static const struct kl_field fields_LeaseSpec[] = {
	MICRO_TIME("acquireTime", 3),
	STR("holderIdentity", 1),
	I32("leaseDurationSeconds", 2, FLAGS(KL_POSITIVE)),
	I32("leaseTransitions", 5),
	STR("preferredHolder", 7, FLAGS(KL_OMIT_ZERO)),
	MICRO_TIME("renewTime", 4),
	STR("strategy", 6, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(LeaseSpec, "io.k8s.api.coordination.v1.LeaseSpec", .doc = NULL);

static const struct kl_field fields_LocalSubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, SubjectAccessReviewSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, SubjectAccessReviewStatus),
};
SCHEMA(LocalSubjectAccessReview, "io.k8s.api.authorization.v1.LocalSubjectAccessReview", .doc = NULL);

static const struct kl_field fields_NonResourceAttributes[] = {
	STR("path", 1, FLAGS(KL_OMIT_ZERO)),
	STR("verb", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(NonResourceAttributes, "io.k8s.api.authorization.v1.NonResourceAttributes", .doc = NULL);

static const struct kl_field fields_NonResourceRule[] = {
	LIST_STR("nonResourceURLs", 2),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(NonResourceRule, "io.k8s.api.authorization.v1.NonResourceRule", .doc = NULL);

static const struct kl_field fields_Overhead[] = {
	MAP_QUANTITY("podFixed", 1),
};
SCHEMA(Overhead, "io.k8s.api.node.v1.Overhead", .doc = NULL);

static const struct kl_field fields_PodDisruptionBudget[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, PodDisruptionBudgetSpec),
	OBJ("status", 3, PodDisruptionBudgetStatus),
};
SCHEMA(PodDisruptionBudget, "io.k8s.api.policy.v1.PodDisruptionBudget", .doc = NULL);

static const struct kl_field fields_PodDisruptionBudgetSpec[] = {
	INT_OR_STR("maxUnavailable", 3),
	INT_OR_STR("minAvailable", 1),
	OBJ("selector", 2, LabelSelector),
	STR("unhealthyPodEvictionPolicy", 4, FLAGS(KL_OMIT_ZERO), CHOICES("AlwaysAllow|IfHealthyBudget")),
};
SCHEMA(PodDisruptionBudgetSpec, "io.k8s.api.policy.v1.PodDisruptionBudgetSpec", .validate = kl_check_PodDisruptionBudgetSpec);

static const struct kl_field fields_PodDisruptionBudgetStatus[] = {
	LIST_OBJ("conditions", 7, Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentHealthy", 4, FLAGS(KL_REQUIRED)),
	I32("desiredHealthy", 5, FLAGS(KL_REQUIRED)),
	MAP_TIME("disruptedPods", 2),
	I32("disruptionsAllowed", 3, FLAGS(KL_REQUIRED)),
	I32("expectedPods", 6, FLAGS(KL_REQUIRED)),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(PodDisruptionBudgetStatus, "io.k8s.api.policy.v1.PodDisruptionBudgetStatus", .doc = NULL);

static const struct kl_field fields_PolicyRule[] = {
	LIST_STR("apiGroups", 2),
	LIST_STR("nonResourceURLs", 5),
	LIST_STR("resourceNames", 4),
	LIST_STR("resources", 3),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PolicyRule, "io.k8s.api.rbac.v1.PolicyRule", .validate = kl_check_PolicyRule);

static const struct kl_field fields_PriorityClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("description", 4, FLAGS(KL_OMIT_ZERO)),
	BOOL("globalDefault", 3, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	STR("preemptionPolicy", 5, DEF("\"PreemptLowerPriority\""), CHOICES("Never|PreemptLowerPriority")),
	I32("value", 2),
};
SCHEMA(PriorityClass, "io.k8s.api.scheduling.v1.PriorityClass", .doc = NULL);

static const struct kl_field fields_ResourceAttributes[] = {
	OBJ("fieldSelector", 8, FieldSelectorAttributes),
	STR("group", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("labelSelector", 9, LabelSelectorAttributes),
	STR("name", 7, FLAGS(KL_OMIT_ZERO)),
	STR("namespace", 1, FLAGS(KL_OMIT_ZERO)),
	STR("resource", 5, FLAGS(KL_OMIT_ZERO)),
	STR("subresource", 6, FLAGS(KL_OMIT_ZERO)),
	STR("verb", 2, FLAGS(KL_OMIT_ZERO)),
	STR("version", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ResourceAttributes, "io.k8s.api.authorization.v1.ResourceAttributes", .doc = NULL);

static const struct kl_field fields_ResourceRule[] = {
	LIST_STR("apiGroups", 2),
	LIST_STR("resourceNames", 4),
	LIST_STR("resources", 3),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ResourceRule, "io.k8s.api.authorization.v1.ResourceRule", .doc = NULL);

static const struct kl_field fields_Role[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	LIST_OBJ("rules", 2, PolicyRule),
};
SCHEMA(Role, "io.k8s.api.rbac.v1.Role", .doc = NULL);

static const struct kl_field fields_RoleBinding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("roleRef", 3, RoleRef, FLAGS(KL_REQUIRED)),
	LIST_OBJ("subjects", 2, Subject),
};
SCHEMA(RoleBinding, "io.k8s.api.rbac.v1.RoleBinding", .doc = NULL);

static const struct kl_field fields_RoleRef[] = {
	STR("apiGroup", 1, FLAGS(KL_REQUIRED), DEF("\"rbac.authorization.k8s.io\"")),
	STR("kind", 2, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
};
SCHEMA(RoleRef, "io.k8s.api.rbac.v1.RoleRef", .atomic = true);

static const struct kl_field fields_RuntimeClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("handler", 2, FLAGS(KL_REQUIRED)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("overhead", 3, Overhead),
	OBJ("scheduling", 4, Scheduling),
};
SCHEMA(RuntimeClass, "io.k8s.api.node.v1.RuntimeClass", .doc = NULL);

static const struct kl_field fields_Scheduling[] = {
	MAP_STR("nodeSelector", 1),
	LIST_OBJ("tolerations", 2, Toleration),
};
SCHEMA(Scheduling, "io.k8s.api.node.v1.Scheduling", .doc = NULL);

static const struct kl_field fields_SelfSubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, SelfSubjectAccessReviewSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, SubjectAccessReviewStatus),
};
SCHEMA(SelfSubjectAccessReview, "io.k8s.api.authorization.v1.SelfSubjectAccessReview", .doc = NULL);

static const struct kl_field fields_SelfSubjectAccessReviewSpec[] = {
	OBJ("nonResourceAttributes", 2, NonResourceAttributes),
	OBJ("resourceAttributes", 1, ResourceAttributes),
};
SCHEMA(SelfSubjectAccessReviewSpec, "io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec", .doc = NULL);

static const struct kl_field fields_SelfSubjectReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("status", 2, SelfSubjectReviewStatus),
};
SCHEMA(SelfSubjectReview, "io.k8s.api.authentication.v1.SelfSubjectReview", .doc = NULL);

static const struct kl_field fields_SelfSubjectReviewStatus[] = {
	OBJ("userInfo", 1, UserInfo),
};
SCHEMA(SelfSubjectReviewStatus, "io.k8s.api.authentication.v1.SelfSubjectReviewStatus", .doc = NULL);

static const struct kl_field fields_SelfSubjectRulesReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, SelfSubjectRulesReviewSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, SubjectRulesReviewStatus),
};
SCHEMA(SelfSubjectRulesReview, "io.k8s.api.authorization.v1.SelfSubjectRulesReview", .doc = NULL);

static const struct kl_field fields_SelfSubjectRulesReviewSpec[] = {
	STR("namespace", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SelfSubjectRulesReviewSpec, "io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec", .doc = NULL);

static const struct kl_field fields_Subject[] = {
	STR("apiGroup", 2, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 1, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
	STR("namespace", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Subject, "io.k8s.api.rbac.v1.Subject", .atomic = true, .defaults = kl_default_Subject);

static const struct kl_field fields_SubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, SubjectAccessReviewSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, SubjectAccessReviewStatus),
};
SCHEMA(SubjectAccessReview, "io.k8s.api.authorization.v1.SubjectAccessReview", .doc = NULL);

static const struct kl_field fields_SubjectAccessReviewSpec[] = {
	MAP_LIST_STR("extra", 5),
	LIST_STR("groups", 4),
	OBJ("nonResourceAttributes", 2, NonResourceAttributes),
	OBJ("resourceAttributes", 1, ResourceAttributes),
	STR("uid", 6, FLAGS(KL_OMIT_ZERO)),
	STR("user", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SubjectAccessReviewSpec, "io.k8s.api.authorization.v1.SubjectAccessReviewSpec", .doc = NULL);

static const struct kl_field fields_SubjectAccessReviewStatus[] = {
	BOOL("allowed", 1, FLAGS(KL_REQUIRED)),
	BOOL("denied", 4),
	STR("evaluationError", 3, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SubjectAccessReviewStatus, "io.k8s.api.authorization.v1.SubjectAccessReviewStatus", .doc = NULL);

static const struct kl_field fields_SubjectRulesReviewStatus[] = {
	STR("evaluationError", 4, FLAGS(KL_OMIT_ZERO)),
	BOOL("incomplete", 3, FLAGS(KL_REQUIRED)),
	LIST_OBJ("nonResourceRules", 2, NonResourceRule, FLAGS(KL_REQUIRED)),
	LIST_OBJ("resourceRules", 1, ResourceRule, FLAGS(KL_REQUIRED)),
};
SCHEMA(SubjectRulesReviewStatus, "io.k8s.api.authorization.v1.SubjectRulesReviewStatus", .doc = NULL);

static const struct kl_field fields_TokenRequest[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, TokenRequestSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, TokenRequestStatus),
};
SCHEMA(TokenRequest, "io.k8s.api.authentication.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_TokenRequestSpec[] = {
	LIST_STR("audiences", 1, FLAGS(KL_REQUIRED)),
	OBJ("boundObjectRef", 3, BoundObjectReference),
	I64("expirationSeconds", 4, DEF("3600")),
};
SCHEMA(TokenRequestSpec, "io.k8s.api.authentication.v1.TokenRequestSpec", .doc = NULL);

static const struct kl_field fields_TokenRequestStatus[] = {
	TIME("expirationTimestamp", 2, FLAGS(KL_REQUIRED)),
	STR("token", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(TokenRequestStatus, "io.k8s.api.authentication.v1.TokenRequestStatus", .doc = NULL);

static const struct kl_field fields_TokenReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, TokenReviewSpec, FLAGS(KL_REQUIRED)),
	OBJ("status", 3, TokenReviewStatus),
};
SCHEMA(TokenReview, "io.k8s.api.authentication.v1.TokenReview", .doc = NULL);

static const struct kl_field fields_TokenReviewSpec[] = {
	LIST_STR("audiences", 2),
	STR("token", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(TokenReviewSpec, "io.k8s.api.authentication.v1.TokenReviewSpec", .doc = NULL);

static const struct kl_field fields_TokenReviewStatus[] = {
	LIST_STR("audiences", 4),
	BOOL("authenticated", 1),
	STR("error", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("user", 2, UserInfo),
};
SCHEMA(TokenReviewStatus, "io.k8s.api.authentication.v1.TokenReviewStatus", .doc = NULL);

static const struct kl_field fields_UserInfo[] = {
	MAP_LIST_STR("extra", 4),
	LIST_STR("groups", 3),
	STR("uid", 2, FLAGS(KL_OMIT_ZERO)),
	STR("username", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(UserInfo, "io.k8s.api.authentication.v1.UserInfo", .doc = NULL);
