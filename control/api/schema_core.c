/* Types: the other kinds of the core group. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ConfigMap[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	MAP_BYTES("binaryData", 3),
	MAP_STR("data", 2),
	BOOL("immutable", 4),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
};
SCHEMA(ConfigMap, "io.k8s.api.core.v1.ConfigMap", .doc = NULL);

static const struct kl_field fields_ForNode[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ForNode, "io.k8s.api.discovery.v1.ForNode", .doc = NULL);

static const struct kl_field fields_ForZone[] = {
	STR("name", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ForZone, "io.k8s.api.discovery.v1.ForZone", .doc = NULL);

static const struct kl_field fields_LimitRange[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, LimitRangeSpec),
};
SCHEMA(LimitRange, "io.k8s.api.core.v1.LimitRange", .doc = NULL);

static const struct kl_field fields_LimitRangeItem[] = {
	MAP_QUANTITY("default", 4),
	MAP_QUANTITY("defaultRequest", 5),
	MAP_QUANTITY("max", 2),
	MAP_QUANTITY("maxLimitRequestRatio", 6),
	MAP_QUANTITY("min", 3),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(LimitRangeItem, "io.k8s.api.core.v1.LimitRangeItem", .doc = NULL);

static const struct kl_field fields_LimitRangeSpec[] = {
	LIST_OBJ("limits", 1, LimitRangeItem, FLAGS(KL_REQUIRED)),
};
SCHEMA(LimitRangeSpec, "io.k8s.api.core.v1.LimitRangeSpec", .doc = NULL);

static const struct kl_field fields_LocalObjectReference[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(LocalObjectReference, "io.k8s.api.core.v1.LocalObjectReference", .atomic = true);

static const struct kl_field fields_Namespace[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, NamespaceSpec, FLAGS(KL_ALWAYS)),
	OBJ("status", 3, NamespaceStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Namespace, "io.k8s.api.core.v1.Namespace", .doc = NULL);

static const struct kl_field fields_NamespaceCondition[] = {
	TIME("lastTransitionTime", 4),
	STR("message", 6, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(NamespaceCondition, "io.k8s.api.core.v1.NamespaceCondition", .doc = NULL);

static const struct kl_field fields_NamespaceSpec[] = {
	LIST_STR("finalizers", 1),
};
SCHEMA(NamespaceSpec, "io.k8s.api.core.v1.NamespaceSpec", .doc = NULL);

static const struct kl_field fields_NamespaceStatus[] = {
	LIST_OBJ("conditions", 2, NamespaceCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Active\"")),
};
SCHEMA(NamespaceStatus, "io.k8s.api.core.v1.NamespaceStatus", .doc = NULL);

static const struct kl_field fields_ObjectReference[] = {
	STR("apiVersion", 5, FLAGS(KL_OMIT_ZERO)),
	STR("fieldPath", 7, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 1, FLAGS(KL_OMIT_ZERO)),
	STR("name", 3, FLAGS(KL_OMIT_ZERO)),
	STR("namespace", 2, FLAGS(KL_OMIT_ZERO)),
	STR("resourceVersion", 6, FLAGS(KL_OMIT_ZERO)),
	STR("uid", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ObjectReference, "io.k8s.api.core.v1.ObjectReference", .atomic = true);

static const struct kl_field fields_ReplicationController[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, ReplicationControllerSpec),
	OBJ("status", 3, ReplicationControllerStatus),
};
SCHEMA(ReplicationController, "io.k8s.api.core.v1.ReplicationController", .doc = NULL);

static const struct kl_field fields_ReplicationControllerCondition[] = {
	TIME("lastTransitionTime", 3),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicationControllerCondition, "io.k8s.api.core.v1.ReplicationControllerCondition", .doc = NULL);

static const struct kl_field fields_ReplicationControllerSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO)),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1")),
	MAP_STR("selector", 2, FLAGS(KL_ATOMIC)),
	OBJ("template", 3, PodTemplateSpec),
};
SCHEMA(ReplicationControllerSpec, "io.k8s.api.core.v1.ReplicationControllerSpec", .doc = NULL);

static const struct kl_field fields_ReplicationControllerStatus[] = {
	I32("availableReplicas", 5, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("conditions", 6, ReplicationControllerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("fullyLabeledReplicas", 2, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", 4, FLAGS(KL_OMIT_ZERO)),
	I32("replicas", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicationControllerStatus, "io.k8s.api.core.v1.ReplicationControllerStatus", .doc = NULL);

static const struct kl_field fields_ResourceQuota[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, ResourceQuotaSpec),
	OBJ("status", 3, ResourceQuotaStatus),
};
SCHEMA(ResourceQuota, "io.k8s.api.core.v1.ResourceQuota", .doc = NULL);

static const struct kl_field fields_ResourceQuotaSpec[] = {
	MAP_QUANTITY("hard", 1),
	OBJ("scopeSelector", 3, ScopeSelector),
	LIST_STR("scopes", 2),
};
SCHEMA(ResourceQuotaSpec, "io.k8s.api.core.v1.ResourceQuotaSpec", .doc = NULL);

static const struct kl_field fields_ResourceQuotaStatus[] = {
	MAP_QUANTITY("hard", 1),
	MAP_QUANTITY("used", 2),
};
SCHEMA(ResourceQuotaStatus, "io.k8s.api.core.v1.ResourceQuotaStatus", .doc = NULL);

static const struct kl_field fields_ScopeSelector[] = {
	LIST_OBJ("matchExpressions", 1, ScopedResourceSelectorRequirement),
};
SCHEMA(ScopeSelector, "io.k8s.api.core.v1.ScopeSelector", .atomic = true);

static const struct kl_field fields_ScopedResourceSelectorRequirement[] = {
	STR("operator", 2, FLAGS(KL_REQUIRED)),
	STR("scopeName", 1, FLAGS(KL_REQUIRED)),
	LIST_STR("values", 3),
};
SCHEMA(ScopedResourceSelectorRequirement, "io.k8s.api.core.v1.ScopedResourceSelectorRequirement", .atomic = true);

static const struct kl_field fields_Secret[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	MAP_BYTES("data", 2),
	BOOL("immutable", 5),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	MAP_STR("stringData", 4),
	STR("type", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Opaque\"")),
};
SCHEMA(Secret, "io.k8s.api.core.v1.Secret", .defaults = kl_default_Secret);

static const struct kl_field fields_SecretReference[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	STR("namespace", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SecretReference, "io.k8s.api.core.v1.SecretReference", .atomic = true);

static const struct kl_field fields_TypedLocalObjectReference[] = {
	STR("apiGroup", 1),
	STR("kind", 2, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
};
SCHEMA(TypedLocalObjectReference, "io.k8s.api.core.v1.TypedLocalObjectReference", .atomic = true);
