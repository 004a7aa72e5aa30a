/* Types: metadata and its parts. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Condition[] = {
	TIME("lastTransitionTime", FLAGS(KL_REQUIRED)),
	STR("message", FLAGS(KL_REQUIRED)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_REQUIRED)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(Condition, "io.k8s.apimachinery.pkg.apis.meta.v1.Condition", .doc = NULL);

static const struct kl_field fields_DeleteOptions[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	LIST_STR("dryRun"),
	I64("gracePeriodSeconds"),
	BOOL("ignoreStoreReadErrorWithClusterBreakingPotential"),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	BOOL("orphanDependents"),
	OBJ("preconditions", Preconditions),
	STR("propagationPolicy", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DeleteOptions, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", .doc = NULL);

static const struct kl_field fields_LabelSelector[] = {
	LIST_OBJ("matchExpressions", LabelSelectorRequirement),
	MAP_STR("matchLabels"),
};
SCHEMA(LabelSelector, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector", .atomic = true, .validate = kl_check_LabelSelector);

static const struct kl_field fields_LabelSelectorRequirement[] = {
	STR("key", FLAGS(KL_REQUIRED)),
	STR("operator", FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|In|NotIn")),
	LIST_STR("values"),
};
SCHEMA(LabelSelectorRequirement, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", .doc = NULL);

static const struct kl_field fields_ListMeta[] = {
	STR("continue", FLAGS(KL_OMIT_ZERO)),
	I64("remainingItemCount"),
	STR("resourceVersion", FLAGS(KL_OMIT_ZERO)),
	STR("selfLink", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ListMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", .doc = NULL);

static const struct kl_field fields_ManagedFieldsEntry[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("fieldsType", FLAGS(KL_OMIT_ZERO)),
	ANY("fieldsV1"),
	STR("manager", FLAGS(KL_OMIT_ZERO)),
	STR("operation", FLAGS(KL_OMIT_ZERO)),
	STR("subresource", FLAGS(KL_OMIT_ZERO)),
	TIME("time"),
};
SCHEMA(ManagedFieldsEntry, "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", .doc = NULL);

static const struct kl_field fields_ObjectMeta[] = {
	MAP_STR("annotations"),
	TIME("creationTimestamp"),
	I64("deletionGracePeriodSeconds"),
	TIME("deletionTimestamp"),
	LIST_STR("finalizers", FLAGS(KL_MERGE | KL_LIST_SET)),
	STR("generateName", FLAGS(KL_OMIT_ZERO)),
	I64("generation", FLAGS(KL_OMIT_ZERO)),
	MAP_STR("labels"),
	LIST_OBJ("managedFields", ManagedFieldsEntry),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	STR("namespace", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ownerReferences", OwnerReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("uid")),
	STR("resourceVersion", FLAGS(KL_OMIT_ZERO)),
	STR("selfLink", FLAGS(KL_OMIT_ZERO)),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ObjectMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", .doc = NULL);

static const struct kl_field fields_OwnerReference[] = {
	STR("apiVersion", FLAGS(KL_REQUIRED)),
	BOOL("blockOwnerDeletion"),
	BOOL("controller"),
	STR("kind", FLAGS(KL_REQUIRED)),
	STR("name", FLAGS(KL_REQUIRED)),
	STR("uid", FLAGS(KL_REQUIRED)),
};
SCHEMA(OwnerReference, "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", .atomic = true);

static const struct kl_field fields_Preconditions[] = {
	STR("resourceVersion", FLAGS(KL_OMIT_ZERO)),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Preconditions, "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions", .doc = NULL);

static const struct kl_field fields_Status[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	I32("code"),
	OBJ("details", StatusDetails),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ListMeta),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Status, "io.k8s.apimachinery.pkg.apis.meta.v1.Status", .doc = NULL);

static const struct kl_field fields_StatusCause[] = {
	STR("field", FLAGS(KL_OMIT_ZERO)),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatusCause, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause", .doc = NULL);

static const struct kl_field fields_StatusDetails[] = {
	LIST_OBJ("causes", StatusCause),
	STR("group", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	STR("name", FLAGS(KL_OMIT_ZERO)),
	I32("retryAfterSeconds"),
	STR("uid", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatusDetails, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails", .doc = NULL);
