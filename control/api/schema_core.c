/* Types: the other kinds of the core group. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ConfigMap[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	MAP_BYTES("binaryData"),
	MAP_STR("data"),
	BOOL("immutable"),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
};
SCHEMA(ConfigMap, "io.k8s.api.core.v1.ConfigMap", .doc = NULL);

static const struct kl_field fields_ForNode[] = {
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(ForNode, "io.k8s.api.discovery.v1.ForNode", .doc = NULL);

static const struct kl_field fields_ForZone[] = {
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(ForZone, "io.k8s.api.discovery.v1.ForZone", .doc = NULL);

static const struct kl_field fields_LimitRange[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", LimitRangeSpec),
};
SCHEMA(LimitRange, "io.k8s.api.core.v1.LimitRange", .doc = NULL);

static const struct kl_field fields_LimitRangeItem[] = {
	MAP_QUANTITY("default"),
	MAP_QUANTITY("defaultRequest"),
	MAP_QUANTITY("max"),
	MAP_QUANTITY("maxLimitRequestRatio"),
	MAP_QUANTITY("min"),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(LimitRangeItem, "io.k8s.api.core.v1.LimitRangeItem", .doc = NULL);

static const struct kl_field fields_LimitRangeSpec[] = {
	LIST_OBJ("limits", LimitRangeItem, FLAGS(KL_REQUIRED)),
};
SCHEMA(LimitRangeSpec, "io.k8s.api.core.v1.LimitRangeSpec", .doc = NULL);

static const struct kl_field fields_LocalObjectReference[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(LocalObjectReference, "io.k8s.api.core.v1.LocalObjectReference", .atomic = true);

static const struct kl_field fields_Namespace[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", NamespaceSpec, FLAGS(KL_ALWAYS)),
	OBJ("status", NamespaceStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Namespace, "io.k8s.api.core.v1.Namespace", .doc = NULL);

static const struct kl_field fields_NamespaceCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(NamespaceCondition, "io.k8s.api.core.v1.NamespaceCondition", .doc = NULL);

static const struct kl_field fields_NamespaceSpec[] = {
	LIST_STR("finalizers"),
};
SCHEMA(NamespaceSpec, "io.k8s.api.core.v1.NamespaceSpec", .doc = NULL);

static const struct kl_field fields_NamespaceStatus[] = {
	LIST_OBJ("conditions", NamespaceCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	STR("phase", FLAGS(KL_OMIT_ZERO), DEF("\"Active\"")),
};
SCHEMA(NamespaceStatus, "io.k8s.api.core.v1.NamespaceStatus", .doc = NULL);

static const struct kl_field fields_ObjectReference[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("fieldPath", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
	STR("resourceVersion", FLAGS(KL_OMIT_ZERO)),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ObjectReference, "io.k8s.api.core.v1.ObjectReference", .atomic = true);

static const struct kl_field fields_ReplicationController[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", ReplicationControllerSpec),
	OBJ("status", ReplicationControllerStatus),
};
SCHEMA(ReplicationController, "io.k8s.api.core.v1.ReplicationController", .doc = NULL);

static const struct kl_field fields_ReplicationControllerCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicationControllerCondition, "io.k8s.api.core.v1.ReplicationControllerCondition", .doc = NULL);

static const struct kl_field fields_ReplicationControllerSpec[] = {
	I32("minReadySeconds", FLAGS(KL_OMIT_ZERO)),
	I32("replicas", FLAGS(KL_NON_NEGATIVE), DEF("1")),
	MAP_STR("selector", FLAGS(KL_ATOMIC)),
	OBJ("template", PodTemplateSpec),
};
SCHEMA(ReplicationControllerSpec, "io.k8s.api.core.v1.ReplicationControllerSpec", .doc = NULL);

static const struct kl_field fields_ReplicationControllerStatus[] = {
	I32("availableReplicas", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("conditions", ReplicationControllerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("fullyLabeledReplicas", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("replicas", FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicationControllerStatus, "io.k8s.api.core.v1.ReplicationControllerStatus", .doc = NULL);

static const struct kl_field fields_ResourceQuota[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", ResourceQuotaSpec),
	OBJ("status", ResourceQuotaStatus),
};
SCHEMA(ResourceQuota, "io.k8s.api.core.v1.ResourceQuota", .doc = NULL);

static const struct kl_field fields_ResourceQuotaSpec[] = {
	MAP_QUANTITY("hard"),
	OBJ("scopeSelector", ScopeSelector),
	LIST_STR("scopes"),
};
SCHEMA(ResourceQuotaSpec, "io.k8s.api.core.v1.ResourceQuotaSpec", .doc = NULL);

static const struct kl_field fields_ResourceQuotaStatus[] = {
	MAP_QUANTITY("hard"),
	MAP_QUANTITY("used"),
};
SCHEMA(ResourceQuotaStatus, "io.k8s.api.core.v1.ResourceQuotaStatus", .doc = NULL);

static const struct kl_field fields_ScopeSelector[] = {
	LIST_OBJ("matchExpressions", ScopedResourceSelectorRequirement),
};
SCHEMA(ScopeSelector, "io.k8s.api.core.v1.ScopeSelector", .atomic = true);

static const struct kl_field fields_ScopedResourceSelectorRequirement[] = {
	STR("operator", FLAGS(KL_REQUIRED)),
	STR("scopeName", FLAGS(KL_REQUIRED)),
	LIST_STR("values"),
};
SCHEMA(ScopedResourceSelectorRequirement, "io.k8s.api.core.v1.ScopedResourceSelectorRequirement", .atomic = true);

static const struct kl_field fields_Secret[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	MAP_BYTES("data"),
	BOOL("immutable"),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	MAP_STR("stringData"),
	STR("type", FLAGS(KL_OMIT_ZERO), DEF("\"Opaque\"")),
};
SCHEMA(Secret, "io.k8s.api.core.v1.Secret", .defaults = kl_default_Secret);

static const struct kl_field fields_SecretReference[] = {
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SecretReference, "io.k8s.api.core.v1.SecretReference", .atomic = true);

static const struct kl_field fields_TypedLocalObjectReference[] = {
	STR("apiGroup"),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
};
SCHEMA(TypedLocalObjectReference, "io.k8s.api.core.v1.TypedLocalObjectReference", .atomic = true);
