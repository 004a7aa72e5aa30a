/* Types: the other kinds of the core group. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ConfigMap[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	MAP_BYTES("binaryData", 3, DOC("Values that are no UTF-8, in base64.")),
	MAP_STR("data", 2, DOC("The content, by key.")),
	BOOL("immutable", 4, DOC("Whether the content can no longer be changed.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
};
SCHEMA(ConfigMap, "io.k8s.api.core.v1.ConfigMap", DOC("Configuration as keys and values, for pods to use."));

static const struct kl_field fields_ForNode[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(ForNode, "io.k8s.api.discovery.v1.ForNode", .doc = NULL);

static const struct kl_field fields_ForZone[] = {
	STR("name", 1, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(ForZone, "io.k8s.api.discovery.v1.ForZone", .doc = NULL);

static const struct kl_field fields_LimitRange[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, LimitRangeSpec, DOC("Limits and defaults for the objects of the namespace.")),
};
SCHEMA(LimitRange, "io.k8s.api.core.v1.LimitRange",
	DOC("Limits and defaults for the resources of single pods and containers of a namespace."));

static const struct kl_field fields_LimitRangeItem[] = {
	MAP_QUANTITY("default", 4, DOC("The limit that a container gets when it names none.")),
	MAP_QUANTITY("defaultRequest", 5, DOC("The request that a container gets when it names none.")),
	MAP_QUANTITY("max", 2, DOC("The most of each resource.")),
	MAP_QUANTITY("maxLimitRequestRatio", 6, DOC("How many times a limit may exceed its request.")),
	MAP_QUANTITY("min", 3, DOC("The least of each resource.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("What is limited: Container, Pod or PersistentVolumeClaim.")),
};
SCHEMA(LimitRangeItem, "io.k8s.api.core.v1.LimitRangeItem", .validate = kl_check_LimitRangeItem);

static const struct kl_field fields_LimitRangeSpec[] = {
	LIST_OBJ("limits", 1, LimitRangeItem, FLAGS(KL_REQUIRED), DOC("The limits, one entry for each type.")),
};
SCHEMA(LimitRangeSpec, "io.k8s.api.core.v1.LimitRangeSpec", .validate = kl_check_LimitRangeSpec);

static const struct kl_field fields_LocalObjectReference[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
};
SCHEMA(LocalObjectReference, "io.k8s.api.core.v1.LocalObjectReference", .atomic = true);

static const struct kl_field fields_Namespace[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, NamespaceSpec, FLAGS(KL_ALWAYS), DOC("Who has to act before the namespace may go.")),
	OBJ("status", 3, NamespaceStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Namespace, "io.k8s.api.core.v1.Namespace", DOC("A room for names."));

static const struct kl_field fields_NamespaceCondition[] = {
	TIME("lastTransitionTime", 4, DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(NamespaceCondition, "io.k8s.api.core.v1.NamespaceCondition", .doc = NULL);

static const struct kl_field fields_NamespaceSpec[] = {
	LIST_STR("finalizers", 1, DOC("Names of those who have to act before the object may go.")),
};
SCHEMA(NamespaceSpec, "io.k8s.api.core.v1.NamespaceSpec", .doc = NULL);

static const struct kl_field fields_NamespaceStatus[] = {
	LIST_OBJ("conditions", 2, NamespaceCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	STR("phase", 1, FLAGS(KL_OMIT_ZERO), DEF("\"Active\""), DOC("Where it is in its life, in one word.")),
};
SCHEMA(NamespaceStatus, "io.k8s.api.core.v1.NamespaceStatus", .doc = NULL);

static const struct kl_field fields_ObjectReference[] = {
	STR("apiVersion", 5, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("fieldPath", 7, FLAGS(KL_OMIT_ZERO), DOC("The field, as a path.")),
	STR("kind", 1, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	STR("namespace", 2, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
	STR("resourceVersion", 6, FLAGS(KL_OMIT_ZERO), DOC("The version of the object; compare for equality only.")),
	STR("uid", 4, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(ObjectReference, "io.k8s.api.core.v1.ObjectReference", .atomic = true);

static const struct kl_field fields_ReplicationController[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ReplicationControllerSpec, DOC("How many pods, and what they are made from.")),
	OBJ("status", 3, ReplicationControllerStatus,
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(ReplicationController, "io.k8s.api.core.v1.ReplicationController",
	DOC("Keeps a number of equal pods running; the forerunner of ReplicaSet."));

static const struct kl_field fields_ReplicationControllerCondition[] = {
	TIME("lastTransitionTime", 3, DOC("When the status last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(ReplicationControllerCondition, "io.k8s.api.core.v1.ReplicationControllerCondition", .doc = NULL);

static const struct kl_field fields_ReplicationControllerSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO),
		DOC("Seconds a new pod has to be ready before it counts as available.")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1"), DOC("How many pods are wanted.")),
	MAP_STR("selector", 2, FLAGS(KL_ATOMIC),
		DOC("The labels of the pods that belong to it; those of the template unless given.")),
	OBJ("template", 3, PodTemplateSpec, DOC("What new pods are made from.")),
};
SCHEMA(ReplicationControllerSpec, "io.k8s.api.core.v1.ReplicationControllerSpec", .doc = NULL);

static const struct kl_field fields_ReplicationControllerStatus[] = {
	I32("availableReplicas", 5, FLAGS(KL_OMIT_ZERO),
		DOC("Pods that have been ready for at least minReadySeconds.")),
	LIST_OBJ("conditions", 6, ReplicationControllerCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("fullyLabeledReplicas", 2, FLAGS(KL_OMIT_ZERO), DOC("Pods whose labels match those of the template.")),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	I32("readyReplicas", 4, FLAGS(KL_OMIT_ZERO), DOC("Pods that are ready.")),
	I32("replicas", 1, FLAGS(KL_REQUIRED), DEF("0"), DOC("How many pods there are.")),
};
SCHEMA(ReplicationControllerStatus, "io.k8s.api.core.v1.ReplicationControllerStatus", .doc = NULL);

static const struct kl_field fields_ResourceQuota[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ResourceQuotaSpec, DOC("How much the namespace may have, and of which objects.")),
	OBJ("status", 3, ResourceQuotaStatus, DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(ResourceQuota, "io.k8s.api.core.v1.ResourceQuota", DOC("Limits for what a namespace may use altogether."));

static const struct kl_field fields_ResourceQuotaSpec[] = {
	MAP_QUANTITY("hard", 1, DOC("The limits, by resource.")),
	OBJ("scopeSelector", 3, ScopeSelector, DOC("Which pods count, by scope.")),
	LIST_STR("scopes", 2, DOC("Which pods count: Terminating, BestEffort and so on.")),
};
SCHEMA(ResourceQuotaSpec, "io.k8s.api.core.v1.ResourceQuotaSpec", .validate = kl_check_ResourceQuotaSpec);

static const struct kl_field fields_ResourceQuotaStatus[] = {
	MAP_QUANTITY("hard", 1, DOC("The limits, by resource.")),
	MAP_QUANTITY("used", 2, DOC("What is used now, by resource.")),
};
SCHEMA(ResourceQuotaStatus, "io.k8s.api.core.v1.ResourceQuotaStatus", .doc = NULL);

static const struct kl_field fields_ScopeSelector[] = {
	LIST_OBJ("matchExpressions", 1, ScopedResourceSelectorRequirement,
		DOC("Requirements on labels; all have to hold.")),
};
SCHEMA(ScopeSelector, "io.k8s.api.core.v1.ScopeSelector", .atomic = true);

static const struct kl_field fields_ScopedResourceSelectorRequirement[] = {
	STR("operator", 2, FLAGS(KL_REQUIRED), DOC("How the values are compared.")),
	STR("scopeName", 1, FLAGS(KL_REQUIRED), DOC("The scope.")),
	LIST_STR("values", 3, DOC("The values.")),
};
SCHEMA(ScopedResourceSelectorRequirement, "io.k8s.api.core.v1.ScopedResourceSelectorRequirement", .atomic = true);

static const struct kl_field fields_Secret[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	MAP_BYTES("data", 2, DOC("The content by key, in base64.")),
	BOOL("immutable", 5, DOC("Whether the content can no longer be changed.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	MAP_STR("stringData", 4, DOC("Values as plain text; written into data and never read.")),
	STR("type", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Opaque\""),
		DOC("What the Secret holds; some types demand certain keys.")),
};
SCHEMA(Secret, "io.k8s.api.core.v1.Secret", .defaults = kl_default_Secret,
	DOC("Small pieces of confidential data, for pods to use."));

static const struct kl_field fields_SecretReference[] = {
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	STR("namespace", 2, FLAGS(KL_OMIT_ZERO), DOC("The namespace it is in.")),
};
SCHEMA(SecretReference, "io.k8s.api.core.v1.SecretReference", .atomic = true);

static const struct kl_field fields_TypedLocalObjectReference[] = {
	STR("apiGroup", 1, DOC("The API group of what is named; empty for the core group.")),
	STR("kind", 2, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
};
SCHEMA(TypedLocalObjectReference, "io.k8s.api.core.v1.TypedLocalObjectReference", .atomic = true);
