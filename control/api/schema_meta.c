/* Types: metadata and its parts. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_Condition[] = {
	TIME("lastTransitionTime", 4, FLAGS(KL_REQUIRED), DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_REQUIRED), DOC("For people to read.")),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	STR("reason", 5, FLAGS(KL_REQUIRED), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(Condition, "io.k8s.apimachinery.pkg.apis.meta.v1.Condition", .doc = NULL);

static const struct kl_field fields_DeleteOptions[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	LIST_STR("dryRun", 5, DOC("All: go through everything, and store nothing.")),
	I64("gracePeriodSeconds", 1, DOC("Seconds before the object is deleted; 0 is at once.")),
	BOOL("ignoreStoreReadErrorWithClusterBreakingPotential", 6),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	BOOL("orphanDependents", 3, DOC("No longer used; see propagationPolicy.")),
	OBJ("preconditions", 2, Preconditions, DOC("What has to be true, else nothing is deleted.")),
	STR("propagationPolicy", 4, FLAGS(KL_OMIT_ZERO),
		DOC("Orphan, Background or Foreground: what becomes of the dependents.")),
};
SCHEMA(DeleteOptions, "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", .doc = NULL);

static const struct kl_field fields_FieldSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key.")),
	STR("operator", 2, FLAGS(KL_REQUIRED), DOC("How the values are compared.")),
	LIST_STR("values", 3, DOC("The values.")),
};
SCHEMA(FieldSelectorRequirement, "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement", .doc = NULL);

static const struct kl_field fields_LabelSelector[] = {
	LIST_OBJ("matchExpressions", 2, LabelSelectorRequirement, DOC("Requirements on labels; all have to hold.")),
	MAP_STR("matchLabels", 1, DOC("Labels and the values they must have; all have to hold.")),
};
SCHEMA(LabelSelector, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector", .atomic = true,
	.validate = kl_check_LabelSelector,
	DOC("A choice of objects by their labels; both parts have to match, {} matches all."));

static const struct kl_field fields_LabelSelectorRequirement[] = {
	STR("key", 1, FLAGS(KL_REQUIRED), DOC("The key of the label.")),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("DoesNotExist|Exists|In|NotIn"),
		DOC("In, NotIn, Exists or DoesNotExist.")),
	LIST_STR("values", 3, DOC("The values for In and NotIn.")),
};
SCHEMA(LabelSelectorRequirement, "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement", .doc = NULL);

static const struct kl_field fields_ListMeta[] = {
	STR("continue", 3, FLAGS(KL_OMIT_ZERO), DOC("Where the list goes on; give it back with the next request.")),
	I64("remainingItemCount", 4, DOC("How many more there are, roughly.")),
	STR("resourceVersion", 2, FLAGS(KL_OMIT_ZERO), DOC("The version of the object; compare for equality only.")),
	STR("selfLink", 1, FLAGS(KL_OMIT_ZERO), DOC("No longer used.")),
};
SCHEMA(ListMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", .doc = NULL);

static const struct kl_field fields_ManagedFieldsEntry[] = {
	STR("apiVersion", 3, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("fieldsType", 6, FLAGS(KL_OMIT_ZERO), DOC("The format of fieldsV1.")),
	ANY("fieldsV1", 7, DOC("The fields that the manager has set.")),
	STR("manager", 1, FLAGS(KL_OMIT_ZERO), DOC("Who has set the fields.")),
	STR("operation", 2, FLAGS(KL_OMIT_ZERO), DOC("Apply or Update.")),
	STR("subresource", 8, FLAGS(KL_OMIT_ZERO), DOC("The subresource, such as status.")),
	TIME("time", 4, DOC("When the manager last wrote one of its fields.")),
};
SCHEMA(ManagedFieldsEntry, "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry", .doc = NULL);

static const struct kl_field fields_ObjectMeta[] = {
	MAP_STR("annotations", 12, DOC("Notes for tools and people, as keys and values; nothing selects by them.")),
	TIME("creationTimestamp", 8, DOC("When the object was created, by the server's clock.")),
	I64("deletionGracePeriodSeconds", 10, DOC("Seconds that the object has between its deletion and its end.")),
	TIME("deletionTimestamp", 9, DOC("When the object is to be gone; set when its deletion is asked for.")),
	LIST_STR("finalizers", 14, FLAGS(KL_MERGE | KL_LIST_SET),
		DOC("Names of those who have to act before the object may go.")),
	STR("generateName", 2, FLAGS(KL_OMIT_ZERO),
		DOC("The beginning of a name that the server completes when name is not given.")),
	I64("generation", 7, FLAGS(KL_OMIT_ZERO), DOC("Counts the changes of what is wanted.")),
	MAP_STR("labels", 11, DOC("Keys and values that objects are selected by.")),
	LIST_OBJ("managedFields", 17, ManagedFieldsEntry, DOC("Who has set which fields.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO),
		DOC("The name: unique among the objects of its kind in the namespace; cannot be changed.")),
	STR("namespace", 3, FLAGS(KL_OMIT_ZERO), DOC("The namespace that the name is unique in; cannot be changed.")),
	LIST_OBJ("ownerReferences", 13, OwnerReference, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("uid"),
		DOC("What this object belongs to; when all owners are gone, it goes too.")),
	STR("resourceVersion", 6, FLAGS(KL_OMIT_ZERO), DOC("The version of the object; compare for equality only.")),
	STR("selfLink", 4, FLAGS(KL_OMIT_ZERO), DOC("No longer used.")),
	STR("uid", 5, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(ObjectMeta, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", DOC("What every object has."));

static const struct kl_field fields_OwnerReference[] = {
	STR("apiVersion", 5, FLAGS(KL_REQUIRED),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	BOOL("blockOwnerDeletion", 7,
		DOC("Whether the owner, deleted in the foreground, waits until this object is gone.")),
	BOOL("controller", 6, DOC("Whether the owner is the one controller that manages this object.")),
	STR("kind", 1, FLAGS(KL_REQUIRED), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 3, FLAGS(KL_REQUIRED), DOC("Its name.")),
	STR("uid", 4, FLAGS(KL_REQUIRED), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(OwnerReference, "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference", .atomic = true);

static const struct kl_field fields_Preconditions[] = {
	STR("resourceVersion", 2, FLAGS(KL_OMIT_ZERO), DOC("The object must be of this version.")),
	STR("uid", 1, FLAGS(KL_OMIT_ZERO), DOC("The object must have this uid.")),
};
SCHEMA(Preconditions, "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions", .doc = NULL);

static const struct kl_field fields_Status[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	I32("code", 6, DOC("The HTTP status code.")),
	OBJ("details", 5, StatusDetails, DOC("More about the failure: which object, which fields.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	STR("message", 3, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	OBJ("metadata", 1, ListMeta, DOC("Name, labels and the other things that every object has.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_OMIT_ZERO), DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Status, "io.k8s.apimachinery.pkg.apis.meta.v1.Status", .doc = NULL);

static const struct kl_field fields_StatusCause[] = {
	STR("field", 3, FLAGS(KL_OMIT_ZERO), DOC("The field that is meant.")),
	STR("message", 2, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 1, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
};
SCHEMA(StatusCause, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause", .doc = NULL);

static const struct kl_field fields_StatusDetails[] = {
	LIST_OBJ("causes", 4, StatusCause, DOC("The single reasons of the failure.")),
	STR("group", 2, FLAGS(KL_OMIT_ZERO), DOC("Its group.")),
	STR("kind", 3, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	STR("name", 1, FLAGS(KL_OMIT_ZERO), DOC("Its name.")),
	I32("retryAfterSeconds", 5, DOC("Seconds after which to try again.")),
	STR("uid", 6, FLAGS(KL_OMIT_ZERO), DOC("The unique identifier of the object, never used again.")),
};
SCHEMA(StatusDetails, "io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails", .doc = NULL);
