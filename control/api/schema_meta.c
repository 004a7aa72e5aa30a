/* Types: metadata and its parts. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Condition[] = {
	TIME("lastTransitionTime", 4, FLAGS(KL_REQUIRED)),
	STR("message", 6, FLAGS(KL_REQUIRED)),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_REQUIRED)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(Condition, "io.k8s.apimachinery.pkg.apis.meta.v1.Condition", .doc = NULL);

static const struct kl_field fields_DeleteOptions[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	LIST_STR("dryRun", 5),
	I64("gracePeriodSeconds", 1),
	BOOL("ignoreStoreReadErrorWithClusterBreakingPotential", 6),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	BOOL("orphanDependents", 3),
	OBJ("preconditions", 2, Preconditions),
	STR("propagationPolicy", 4, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DeleteOptions, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", .doc = NULL);

static const struct kl_field fields_FieldSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED)),
	STR("operator", 2, FLAGS(KL_REQUIRED)),
	LIST_STR("values", 3),
};
SCHEMA(FieldSelectorRequirement, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement", .doc = NULL);

static const struct kl_field fields_LabelSelector[] = {
	LIST_OBJ("matchExpressions", 2, LabelSelectorRequirement),
	MAP_STR("matchLabels", 1),
};
SCHEMA(LabelSelector, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector", .atomic = true, .validate = kl_check_LabelSelector);

static const struct kl_field fields_LabelSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED)),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|In|NotIn")),
	LIST_STR("values", 3),
};
SCHEMA(LabelSelectorRequirement, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", .doc = NULL);

static const struct kl_field fields_ListMeta[] = {
	STR("continue", 3, FLAGS(KL_OMIT_ZERO)),
	I64("remainingItemCount", 4),
	STR("resourceVersion", 2, FLAGS(KL_OMIT_ZERO)),
	STR("selfLink", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ListMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", .doc = NULL);

static const struct kl_field fields_ManagedFieldsEntry[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO)),
	STR("fieldsType", 6, FLAGS(KL_OMIT_ZERO)),
	ANY("fieldsV1", 7),
	STR("manager", 1, FLAGS(KL_OMIT_ZERO)),
	STR("operation", 2, FLAGS(KL_OMIT_ZERO)),
	STR("subresource", 8, FLAGS(KL_OMIT_ZERO)),
	TIME("time", 4),
};
SCHEMA(ManagedFieldsEntry, "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", .doc = NULL);

static const struct kl_field fields_ObjectMeta[] = {
	MAP_STR("annotations", 12),
	TIME("creationTimestamp", 8),
	I64("deletionGracePeriodSeconds", 10),
	TIME("deletionTimestamp", 9),
	LIST_STR("finalizers", 14, FLAGS(KL_MERGE | KL_LIST_SET)),
	STR("generateName", 2, FLAGS(KL_OMIT_ZERO)),
	I64("generation", 7, FLAGS(KL_OMIT_ZERO)),
	MAP_STR("labels", 11),
	LIST_OBJ("managedFields", 17, ManagedFieldsEntry),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	STR("namespace", 3, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("ownerReferences", 13, OwnerReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("uid")),
	STR("resourceVersion", 6, FLAGS(KL_OMIT_ZERO)),
	STR("selfLink", 4, FLAGS(KL_OMIT_ZERO)),
	STR("uid", 5, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(ObjectMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", .doc = NULL);

static const struct kl_field fields_OwnerReference[] = {
	STR("apiVersion", 5, FLAGS(KL_REQUIRED)),
	BOOL("blockOwnerDeletion", 7),
	BOOL("controller", 6),
	STR("kind", 1, FLAGS(KL_REQUIRED)),
	STR("name", 3, FLAGS(KL_REQUIRED)),
	STR("uid", 4, FLAGS(KL_REQUIRED)),
};
SCHEMA(OwnerReference, "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", .atomic = true);

static const struct kl_field fields_Preconditions[] = {
	STR("resourceVersion", 2, FLAGS(KL_OMIT_ZERO)),
	STR("uid", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Preconditions, "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions", .doc = NULL);

static const struct kl_field fields_Status[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	I32("code", 6),
	OBJ("details", 5, StatusDetails),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	STR("message", 3, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ListMeta),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(Status, "io.k8s.apimachinery.pkg.apis.meta.v1.Status", .doc = NULL);

static const struct kl_field fields_StatusCause[] = {
	STR("field", 3, FLAGS(KL_OMIT_ZERO)),
	STR("message", 2, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatusCause, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause", .doc = NULL);

static const struct kl_field fields_StatusDetails[] = {
	LIST_OBJ("causes", 4, StatusCause),
	STR("group", 2, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 3, FLAGS(KL_OMIT_ZERO)),
	STR("name", 1, FLAGS(KL_OMIT_ZERO)),
	I32("retryAfterSeconds", 5),
	STR("uid", 6, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatusDetails, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails", .doc = NULL);
