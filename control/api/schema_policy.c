/* Types: policy, rbac, scheduling, node, coordination, certificates, authentication. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_AggregationRule[] = {
	LIST_OBJ("clusterRoleSelectors", 1, LabelSelector, DOC("Roles whose labels match are added up.")),
};
SCHEMA(AggregationRule, "io.k8s.api.rbac.v1.AggregationRule", .doc = NULL);

static const struct kl_field fields_BoundObjectReference[] = {
	STR("apiVersion", 2, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 1, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	STR("uid", 4, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(BoundObjectReference, "io.k8s.api.authentication.v1.BoundObjectReference", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequest[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, CertificateSigningRequestSpec, FLAGS(KL_REQUIRED),
		DOC("The request, who is to sign it, and what for.")),
	OBJ("status", 3, CertificateSigningRequestStatus,
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(CertificateSigningRequest, "io.k8s.api.certificates.v1.CertificateSigningRequest",
	DOC("A request for a certificate."));

static const struct kl_field fields_CertificateSigningRequestCondition[] = {
	TIME("lastTransitionTime", 5, DOC("When the status last changed.")),
	TIME("lastUpdateTime", 4, DOC("When the entry last changed.")),
	STR("message", 3, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 2, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 6, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(CertificateSigningRequestCondition, "io.k8s.api.certificates.v1.CertificateSigningRequestCondition",
	.doc = NULL);

static const struct kl_field fields_CertificateSigningRequestSpec[] = {
	I32("expirationSeconds", 8, DOC("For how long it is to be valid.")),
	MAP_LIST_STR("extra", 6, DOC("Further attributes of the user.")),
	LIST_STR("groups", 4, DOC("The groups the user is in.")),
	BYTES("request", 1, FLAGS(KL_REQUIRED), DOC("The certificate request, PEM in base64.")),
	STR("signerName", 7, FLAGS(KL_REQUIRED), DOC("Who is asked to sign.")),
	STR("uid", 3, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
	LIST_STR("usages", 5, DOC("What the certificate may be used for.")),
	STR("username", 2, FLAGS(KL_OMIT_ZERO), DOC("The user's name.")),
};
SCHEMA(CertificateSigningRequestSpec, "io.k8s.api.certificates.v1.CertificateSigningRequestSpec", .doc = NULL);

static const struct kl_field fields_CertificateSigningRequestStatus[] = {
	BYTES("certificate", 2, DOC("The certificate that was issued, in PEM.")),
	LIST_OBJ("conditions", 1, CertificateSigningRequestCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
};
SCHEMA(CertificateSigningRequestStatus, "io.k8s.api.certificates.v1.CertificateSigningRequestStatus", .doc = NULL);

static const struct kl_field fields_ClusterRole[] = {
	OBJ("aggregationRule", 3, AggregationRule,
		DOC("Which other roles make up this one; its own rules are then filled in by a controller.")),
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("rules", 2, PolicyRule, DOC("What may be done with which resources.")),
};
SCHEMA(ClusterRole, "io.k8s.api.rbac.v1.ClusterRole", DOC("What may be done in the whole cluster."));

static const struct kl_field fields_ClusterRoleBinding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("roleRef", 3, RoleRef, FLAGS(KL_REQUIRED), DOC("The role that is given; cannot be changed.")),
	LIST_OBJ("subjects", 2, Subject, DOC("Who is given the role.")),
};
SCHEMA(ClusterRoleBinding, "io.k8s.api.rbac.v1.ClusterRoleBinding", .validate = kl_check_ClusterRoleBinding,
	DOC("Gives a role to users, groups or accounts in the whole cluster."));

static const struct kl_field fields_Eviction[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	OBJ("deleteOptions", 2, DeleteOptions, DOC("How the pod is to be deleted.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
};
SCHEMA(Eviction, "io.k8s.api.policy.v1.Eviction", .doc = NULL);

static const struct kl_field fields_FieldSelectorAttributes[] = {
	STR("rawSelector", 1, FLAGS(KL_OMIT_ZERO), DOC("The selector as text.")),
	LIST_OBJ("requirements", 2, FieldSelectorRequirement, DOC("All of them have to hold.")),
};
SCHEMA(FieldSelectorAttributes, "io.k8s.api.authorization.v1.FieldSelectorAttributes", .doc = NULL);

static const struct kl_field fields_LabelSelectorAttributes[] = {
	STR("rawSelector", 1, FLAGS(KL_OMIT_ZERO), DOC("The selector as text.")),
	LIST_OBJ("requirements", 2, LabelSelectorRequirement, DOC("All of them have to hold.")),
};
SCHEMA(LabelSelectorAttributes, "io.k8s.api.authorization.v1.LabelSelectorAttributes", .doc = NULL);

static const struct kl_field fields_Lease[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, LeaseSpec, DOC("Who holds the lease, since when and for how long.")),
};
SCHEMA(Lease, "io.k8s.api.coordination.v1.Lease",
	DOC("A claim that somebody is alive or in charge, renewed from time to time."));

static const struct kl_field fields_LeaseSpec[] = {
	MICRO_TIME("acquireTime", 3, DOC("When the present holder took the lease.")),
	STR("holderIdentity", 1, DOC("Who holds the lease.")),
	I32("leaseDurationSeconds", 2, FLAGS(KL_POSITIVE),
		DOC("Seconds after the last renewal when others may take the lease.")),
	I32("leaseTransitions", 5, DOC("How often the holder has changed.")),
	STR("preferredHolder", 7, FLAGS(KL_OMIT_ZERO), DOC("Who should hold the lease.")),
	MICRO_TIME("renewTime", 4, DOC("When the holder last renewed the lease.")),
	STR("strategy", 6, FLAGS(KL_OMIT_ZERO), DOC("How the old is replaced by the new.")),
};
SCHEMA(LeaseSpec, "io.k8s.api.coordination.v1.LeaseSpec", .doc = NULL);

static const struct kl_field fields_LocalSubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, SubjectAccessReviewSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, SubjectAccessReviewStatus,
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(LocalSubjectAccessReview, "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
	DOC("Asks whether a user may do something in a namespace."));

static const struct kl_field fields_NonResourceAttributes[] = {
	STR("path", 1, FLAGS(KL_OMIT_ZERO), DOC("The path of the URL.")),
	STR("verb", 2, FLAGS(KL_OMIT_ZERO), DOC("get, list, create and so on.")),
};
SCHEMA(NonResourceAttributes, "io.k8s.api.authorization.v1.NonResourceAttributes", .doc = NULL);

static const struct kl_field fields_NonResourceRule[] = {
	LIST_STR("nonResourceURLs", 2, DOC("Paths that are no resources; \"*\" at the end of one matches all below.")),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED), DOC("get, list, create and so on; \"*\" is all.")),
};
SCHEMA(NonResourceRule, "io.k8s.api.authorization.v1.NonResourceRule", .doc = NULL);

static const struct kl_field fields_Overhead[] = {
	MAP_QUANTITY("podFixed", 1, DOC("What each pod costs beyond its containers.")),
};
SCHEMA(Overhead, "io.k8s.api.node.v1.Overhead", .doc = NULL);

static const struct kl_field fields_PodDisruptionBudget[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, PodDisruptionBudgetSpec,
		DOC("Which pods are covered, and how many of them must or may be missing.")),
	OBJ("status", 3, PodDisruptionBudgetStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(PodDisruptionBudget, "io.k8s.api.policy.v1.PodDisruptionBudget",
	DOC("Says how many pods may be away at the same time on purpose."));

static const struct kl_field fields_PodDisruptionBudgetSpec[] = {
	INT_OR_STR("maxUnavailable", 3, DOC("How many pods may be missing; a count or a percentage.")),
	INT_OR_STR("minAvailable", 1, DOC("How many pods have to stay; a count or a percentage.")),
	OBJ("selector", 2, LabelSelector,
		DOC("Which pods the budget covers, by their labels; {} means all of the namespace.")),
	STR("unhealthyPodEvictionPolicy", 4, FLAGS(KL_OMIT_ZERO), CHOICES("AlwaysAllow|IfHealthyBudget"),
		DOC("When pods that are not healthy may be evicted.")),
};
SCHEMA(PodDisruptionBudgetSpec, "io.k8s.api.policy.v1.PodDisruptionBudgetSpec",
	.validate = kl_check_PodDisruptionBudgetSpec);

static const struct kl_field fields_PodDisruptionBudgetStatus[] = {
	LIST_OBJ("conditions", 7, Condition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("currentHealthy", 4, FLAGS(KL_REQUIRED), DEF("0"), DOC("Healthy pods now.")),
	I32("desiredHealthy", 5, FLAGS(KL_REQUIRED), DEF("0"), DOC("Healthy pods at least wanted.")),
	MAP_TIME("disruptedPods", 2, DOC("Pods whose eviction is granted and not yet seen.")),
	I32("disruptionsAllowed", 3, FLAGS(KL_REQUIRED), DEF("0"), DOC("How many pods may be evicted now.")),
	I32("expectedPods", 6, FLAGS(KL_REQUIRED), DEF("0"), DOC("Pods that the budget covers.")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
};
SCHEMA(PodDisruptionBudgetStatus, "io.k8s.api.policy.v1.PodDisruptionBudgetStatus", .doc = NULL);

static const struct kl_field fields_PolicyRule[] = {
	LIST_STR("apiGroups", 2, DOC("API groups that the rule is about; \"\" is the core group, \"*\" all.")),
	LIST_STR("nonResourceURLs", 5, DOC("Paths that are no resources; \"*\" at the end of one matches all below.")),
	LIST_STR("resourceNames", 4, DOC("Names of objects; empty means all.")),
	LIST_STR("resources", 3, DOC("The resources that the rule is about, in the plural; \"*\" is all.")),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED), DOC("get, list, create and so on; \"*\" is all.")),
};
SCHEMA(PolicyRule, "io.k8s.api.rbac.v1.PolicyRule", .validate = kl_check_PolicyRule);

static const struct kl_field fields_PriorityClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("description", 4, FLAGS(KL_OMIT_ZERO), DOC("What it is for, in words.")),
	BOOL("globalDefault", 3, FLAGS(KL_OMIT_ZERO), DOC("Whether pods without a class get this one.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	STR("preemptionPolicy", 5, DEF("\"PreemptLowerPriority\""), CHOICES("Never|PreemptLowerPriority"),
		DOC("Never, or PreemptLowerPriority (the default).")),
	I32("value", 2, DOC("The priority of the pods that name the class; cannot be changed.")),
};
SCHEMA(PriorityClass, "io.k8s.api.scheduling.v1.PriorityClass", DOC("A name for a priority of pods."));

static const struct kl_field fields_ResourceAttributes[] = {
	OBJ("fieldSelector", 8, FieldSelectorAttributes, DOC("Restricts the objects by their fields.")),
	STR("group", 3, FLAGS(KL_OMIT_ZERO), DOC("Its group.")),
	OBJ("labelSelector", 9, LabelSelectorAttributes, DOC("Which objects are meant, by their labels.")),
	STR("name", 7, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	STR("namespace", 1, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
	STR("resource", 5, FLAGS(KL_OMIT_ZERO), DOC("The resource, in the plural: pods; \"*\" is all.")),
	STR("subresource", 6, FLAGS(KL_OMIT_ZERO), DOC("The subresource, such as status.")),
	STR("verb", 2, FLAGS(KL_OMIT_ZERO), DOC("get, list, create and so on.")),
	STR("version", 4, FLAGS(KL_OMIT_ZERO), DOC("The version.")),
};
SCHEMA(ResourceAttributes, "io.k8s.api.authorization.v1.ResourceAttributes", .doc = NULL);

static const struct kl_field fields_ResourceRule[] = {
	LIST_STR("apiGroups", 2, DOC("API groups that the rule is about; \"\" is the core group, \"*\" all.")),
	LIST_STR("resourceNames", 4, DOC("Names of objects; empty means all.")),
	LIST_STR("resources", 3, DOC("The resources that the rule is about, in the plural; \"*\" is all.")),
	LIST_STR("verbs", 1, FLAGS(KL_REQUIRED), DOC("get, list, create and so on; \"*\" is all.")),
};
SCHEMA(ResourceRule, "io.k8s.api.authorization.v1.ResourceRule", .doc = NULL);

static const struct kl_field fields_Role[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	LIST_OBJ("rules", 2, PolicyRule, DOC("What may be done with which resources.")),
};
SCHEMA(Role, "io.k8s.api.rbac.v1.Role", .validate = kl_check_Role, DOC("What may be done in a namespace."));

static const struct kl_field fields_RoleBinding[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("roleRef", 3, RoleRef, FLAGS(KL_REQUIRED), DOC("The role that is given; cannot be changed.")),
	LIST_OBJ("subjects", 2, Subject, DOC("Who is given the role.")),
};
SCHEMA(RoleBinding, "io.k8s.api.rbac.v1.RoleBinding", .validate = kl_check_RoleBinding,
	DOC("Gives a role to users, groups or accounts in a namespace."));

static const struct kl_field fields_RoleRef[] = {
	STR("apiGroup", 1, FLAGS(KL_REQUIRED), DEF("\"rbac.authorization.k8s.io\""),
		DOC("The API group of what is named; empty for the core group.")),
	STR("kind", 2, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(RoleRef, "io.k8s.api.rbac.v1.RoleRef", .atomic = true);

static const struct kl_field fields_RuntimeClass[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("handler", 2, FLAGS(KL_REQUIRED), DOC("What the node's runtime calls this configuration.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("overhead", 3, Overhead, DOC("What the pod costs beyond its containers.")),
	OBJ("scheduling", 4, Scheduling, DOC("Where pods of this class can run.")),
};
SCHEMA(RuntimeClass, "io.k8s.api.node.v1.RuntimeClass", DOC("A way of running containers."));

static const struct kl_field fields_Scheduling[] = {
	MAP_STR("nodeSelector", 1, DOC("Labels of the nodes that can run this class.")),
	LIST_OBJ("tolerations", 2, Toleration, DOC("Taints that pods of this class bear beside their own.")),
};
SCHEMA(Scheduling, "io.k8s.api.node.v1.Scheduling", .doc = NULL);

static const struct kl_field fields_SelfSubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, SelfSubjectAccessReviewSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, SubjectAccessReviewStatus,
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(SelfSubjectAccessReview, "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
	DOC("Asks whether whoever sends it may do something."));

static const struct kl_field fields_SelfSubjectAccessReviewSpec[] = {
	OBJ("nonResourceAttributes", 2, NonResourceAttributes, DOC("A path that is no resource.")),
	OBJ("resourceAttributes", 1, ResourceAttributes, DOC("What is to be done with which resource.")),
};
SCHEMA(SelfSubjectAccessReviewSpec, "io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec", .doc = NULL);

static const struct kl_field fields_SelfSubjectReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("status", 2, SelfSubjectReviewStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(SelfSubjectReview, "io.k8s.api.authentication.v1.SelfSubjectReview",
	DOC("Asks who the server takes the sender for."));

static const struct kl_field fields_SelfSubjectReviewStatus[] = {
	OBJ("userInfo", 1, UserInfo, DOC("Who asks.")),
};
SCHEMA(SelfSubjectReviewStatus, "io.k8s.api.authentication.v1.SelfSubjectReviewStatus", .doc = NULL);

static const struct kl_field fields_SelfSubjectRulesReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, SelfSubjectRulesReviewSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, SubjectRulesReviewStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(SelfSubjectRulesReview, "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
	DOC("Asks what whoever sends it may do in a namespace."));

static const struct kl_field fields_SelfSubjectRulesReviewSpec[] = {
	STR("namespace", 1, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
};
SCHEMA(SelfSubjectRulesReviewSpec, "io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec", .doc = NULL);

static const struct kl_field fields_Subject[] = {
	STR("apiGroup", 2, FLAGS(KL_OMIT_ZERO), DOC("The API group of what is named; empty for the core group.")),
	STR("kind", 1, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("namespace", 4, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
};
SCHEMA(Subject, "io.k8s.api.rbac.v1.Subject", .atomic = true, .defaults = kl_default_Subject);

static const struct kl_field fields_SubjectAccessReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, SubjectAccessReviewSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, SubjectAccessReviewStatus,
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(SubjectAccessReview, "io.k8s.api.authorization.v1.SubjectAccessReview",
	DOC("Asks whether a user may do something."));

static const struct kl_field fields_SubjectAccessReviewSpec[] = {
	MAP_LIST_STR("extra", 5, DOC("Further attributes of the user.")),
	LIST_STR("groups", 4, DOC("The groups the user is in.")),
	OBJ("nonResourceAttributes", 2, NonResourceAttributes, DOC("A path that is no resource.")),
	OBJ("resourceAttributes", 1, ResourceAttributes, DOC("What is to be done with which resource.")),
	STR("uid", 6, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
	STR("user", 3, FLAGS(KL_OMIT_ZERO), DOC("The user.")),
};
SCHEMA(SubjectAccessReviewSpec, "io.k8s.api.authorization.v1.SubjectAccessReviewSpec", .doc = NULL);

static const struct kl_field fields_SubjectAccessReviewStatus[] = {
	BOOL("allowed", 1, FLAGS(KL_REQUIRED), DOC("Whether the action is permitted.")),
	BOOL("denied", 4, DOC("Whether the action is forbidden outright.")),
	STR("evaluationError", 3, FLAGS(KL_OMIT_ZERO), DOC("What went wrong while it was decided.")),
	STR("reason", 2, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
};
SCHEMA(SubjectAccessReviewStatus, "io.k8s.api.authorization.v1.SubjectAccessReviewStatus", .doc = NULL);

static const struct kl_field fields_SubjectRulesReviewStatus[] = {
	STR("evaluationError", 4, FLAGS(KL_OMIT_ZERO), DOC("What went wrong while it was decided.")),
	BOOL("incomplete", 3, FLAGS(KL_REQUIRED), DOC("Whether the list may lack rules.")),
	LIST_OBJ("nonResourceRules", 2, NonResourceRule, FLAGS(KL_REQUIRED), DOC("What may be done with other paths.")),
	LIST_OBJ("resourceRules", 1, ResourceRule, FLAGS(KL_REQUIRED), DOC("What may be done with resources.")),
};
SCHEMA(SubjectRulesReviewStatus, "io.k8s.api.authorization.v1.SubjectRulesReviewStatus", .doc = NULL);

static const struct kl_field fields_TokenRequest[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, TokenRequestSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, TokenRequestStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(TokenRequest, "io.k8s.api.authentication.v1.TokenRequest", .doc = NULL);

static const struct kl_field fields_TokenRequestSpec[] = {
	LIST_STR("audiences", 1, FLAGS(KL_REQUIRED),
		DOC("For whom the token is meant; a recipient that is not in the list must refuse it.")),
	OBJ("boundObjectRef", 3, BoundObjectReference, DOC("The object whose deletion ends the token's validity.")),
	I64("expirationSeconds", 4, DEF("3600"), DOC("For how long it is to be valid.")),
};
SCHEMA(TokenRequestSpec, "io.k8s.api.authentication.v1.TokenRequestSpec", .doc = NULL);

static const struct kl_field fields_TokenRequestStatus[] = {
	TIME("expirationTimestamp", 2, FLAGS(KL_REQUIRED), DOC("When the token ends.")),
	STR("token", 1, FLAGS(KL_REQUIRED), DOC("The token.")),
};
SCHEMA(TokenRequestStatus, "io.k8s.api.authentication.v1.TokenRequestStatus", .doc = NULL);

static const struct kl_field fields_TokenReview[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, TokenReviewSpec, FLAGS(KL_REQUIRED), DOC("What is wanted.")),
	OBJ("status", 3, TokenReviewStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(TokenReview, "io.k8s.api.authentication.v1.TokenReview", DOC("Asks whose token this is."));

static const struct kl_field fields_TokenReviewSpec[] = {
	LIST_STR("audiences", 2,
		DOC("For whom the token is meant; a recipient that is not in the list must refuse it.")),
	STR("token", 1, FLAGS(KL_OMIT_ZERO), DOC("The token.")),
};
SCHEMA(TokenReviewSpec, "io.k8s.api.authentication.v1.TokenReviewSpec", .doc = NULL);

static const struct kl_field fields_TokenReviewStatus[] = {
	LIST_STR("audiences", 4,
		DOC("For whom the token is meant; a recipient that is not in the list must refuse it.")),
	BOOL("authenticated", 1, DOC("Whether the token belongs to a known user.")),
	STR("error", 3, FLAGS(KL_OMIT_ZERO), DOC("What went wrong.")),
	OBJ("user", 2, UserInfo, DOC("The user.")),
};
SCHEMA(TokenReviewStatus, "io.k8s.api.authentication.v1.TokenReviewStatus", .doc = NULL);

static const struct kl_field fields_UserInfo[] = {
	MAP_LIST_STR("extra", 4, DOC("Further attributes of the user.")),
	LIST_STR("groups", 3, DOC("The groups the user is in.")),
	STR("uid", 2, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
	STR("username", 1, FLAGS(KL_OMIT_ZERO), DOC("The user's name.")),
};
SCHEMA(UserInfo, "io.k8s.api.authentication.v1.UserInfo", .doc = NULL);
