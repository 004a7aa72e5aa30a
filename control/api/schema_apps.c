/* Types: apps. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ControllerRevision[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	ANY("data", 2, DOC("The state of the owner at that revision.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	I64("revision", 3, FLAGS(KL_NON_NEGATIVE), DOC("The number of the revision.")),
};
SCHEMA(ControllerRevision, "io.k8s.api.apps.v1.ControllerRevision",
	DOC("One state of what a DaemonSet or StatefulSet made pods from, kept for going back."));

static const struct kl_field fields_DaemonSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, DaemonSetSpec, DOC("What the pod of each node is made from, and how a new version comes in.")),
	OBJ("status", 3, DaemonSetStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(DaemonSet, "io.k8s.api.apps.v1.DaemonSet",
	DOC("Keeps one pod on every node, or on every node that is selected."));

static const struct kl_field fields_DaemonSetCondition[] = {
	TIME("lastTransitionTime", 3, DOC("When the status last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(DaemonSetCondition, "io.k8s.api.apps.v1.DaemonSetCondition", .doc = NULL);

static const struct kl_field fields_DaemonSetSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE),
		DOC("Seconds a new pod has to be ready before it counts as available.")),
	I32("revisionHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("10"),
		DOC("How many old revisions are kept for going back.")),
	OBJ("selector", 1, LabelSelector, FLAGS(KL_REQUIRED),
		DOC("Which pods belong to it, by their labels; has to match those of the template and cannot be "
		    "changed.")),
	OBJ("template", 2, PodTemplateSpec, FLAGS(KL_REQUIRED), DOC("What new pods are made from.")),
	OBJ("updateStrategy", 3, DaemonSetUpdateStrategy, DEF("{}"),
		DOC("How pods are replaced when the template changes.")),
};
SCHEMA(DaemonSetSpec, "io.k8s.api.apps.v1.DaemonSetSpec", .validate = kl_check_DaemonSetSpec);

static const struct kl_field fields_DaemonSetStatus[] = {
	I32("collisionCount", 9, DOC("How often the hash of a name was taken already.")),
	LIST_OBJ("conditions", 10, DaemonSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("currentNumberScheduled", 1, FLAGS(KL_REQUIRED), DEF("0"), DOC("Nodes that run the daemon and should.")),
	I32("desiredNumberScheduled", 3, FLAGS(KL_REQUIRED), DEF("0"), DOC("Nodes that should run the daemon.")),
	I32("numberAvailable", 7, FLAGS(KL_OMIT_ZERO), DOC("Nodes whose daemon has been ready long enough.")),
	I32("numberMisscheduled", 2, FLAGS(KL_REQUIRED), DEF("0"), DOC("Nodes that run the daemon and should not.")),
	I32("numberReady", 4, FLAGS(KL_REQUIRED), DEF("0"), DOC("Nodes whose daemon is ready.")),
	I32("numberUnavailable", 8, FLAGS(KL_OMIT_ZERO),
		DOC("Nodes that should run the daemon and have none available.")),
	I64("observedGeneration", 5, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	I32("updatedNumberScheduled", 6, FLAGS(KL_OMIT_ZERO), DOC("Nodes whose daemon is of the present template.")),
};
SCHEMA(DaemonSetStatus, "io.k8s.api.apps.v1.DaemonSetStatus", .doc = NULL);

static const struct kl_field fields_DaemonSetUpdateStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateDaemonSet, DOC("Numbers for a rolling update.")),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate"),
		DOC("Which type.")),
};
SCHEMA(DaemonSetUpdateStrategy, "io.k8s.api.apps.v1.DaemonSetUpdateStrategy",
	.defaults = kl_default_DaemonSetUpdateStrategy);

static const struct kl_field fields_Deployment[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, DeploymentSpec, DOC("How many pods, what they are made from, and how a new version comes in.")),
	OBJ("status", 3, DeploymentStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Deployment, "io.k8s.api.apps.v1.Deployment",
	DOC("Keeps a number of equal pods running and rolls out new versions of them."));

static const struct kl_field fields_DeploymentCondition[] = {
	TIME("lastTransitionTime", 7, DOC("When the status last changed.")),
	TIME("lastUpdateTime", 6, DOC("When the entry last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(DeploymentCondition, "io.k8s.api.apps.v1.DeploymentCondition", .doc = NULL);

static const struct kl_field fields_DeploymentSpec[] = {
	I32("minReadySeconds", 5, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE),
		DOC("Seconds a new pod has to be ready before it counts as available.")),
	BOOL("paused", 7, FLAGS(KL_OMIT_ZERO), DOC("Whether changes of the template are not rolled out.")),
	I32("progressDeadlineSeconds", 9, DEF("600"),
		DOC("Seconds without progress before the rollout counts as failed.")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1"), DOC("How many pods are wanted.")),
	I32("revisionHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("10"),
		DOC("How many old revisions are kept for going back.")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED),
		DOC("The pods that are the Deployment's, by their labels; must match those of the template, cannot "
		    "be changed.")),
	OBJ("strategy", 4, DeploymentStrategy, FLAGS(KL_RETAIN_KEYS), DEF("{}"),
		DOC("How old pods are replaced by new ones.")),
	OBJ("template", 3, PodTemplateSpec, FLAGS(KL_REQUIRED), DOC("What new pods are made from.")),
};
SCHEMA(DeploymentSpec, "io.k8s.api.apps.v1.DeploymentSpec", .validate = kl_check_DeploymentSpec,
	DOC("What a Deployment is to keep."));

static const struct kl_field fields_DeploymentStatus[] = {
	I32("availableReplicas", 4, FLAGS(KL_OMIT_ZERO),
		DOC("Pods that have been ready for at least minReadySeconds.")),
	I32("collisionCount", 8, DOC("How often the hash of a name was taken already.")),
	LIST_OBJ("conditions", 6, DeploymentCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	I32("readyReplicas", 7, FLAGS(KL_OMIT_ZERO), DOC("Pods that are ready.")),
	I32("replicas", 2, DOC("How many pods there are.")),
	I32("terminatingReplicas", 9, DOC("Pods on their way out.")),
	I32("unavailableReplicas", 5, FLAGS(KL_OMIT_ZERO), DOC("Pods that are still missing.")),
	I32("updatedReplicas", 3, FLAGS(KL_OMIT_ZERO), DOC("Pods of the present template.")),
};
SCHEMA(DeploymentStatus, "io.k8s.api.apps.v1.DeploymentStatus", DOC("How far a Deployment has come."));

static const struct kl_field fields_DeploymentStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateDeployment, DOC("Numbers for a rolling update.")),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("Recreate|RollingUpdate"),
		DOC("RollingUpdate, or Recreate.")),
};
SCHEMA(DeploymentStrategy, "io.k8s.api.apps.v1.DeploymentStrategy", .defaults = kl_default_DeploymentStrategy,
	.validate = kl_check_DeploymentStrategy);

static const struct kl_field fields_ReplicaSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, ReplicaSetSpec, DOC("How many pods, and what they are made from.")),
	OBJ("status", 3, ReplicaSetStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(ReplicaSet, "io.k8s.api.apps.v1.ReplicaSet",
	DOC("Keeps a number of equal pods running; usually a Deployment's."));

static const struct kl_field fields_ReplicaSetCondition[] = {
	TIME("lastTransitionTime", 3, DOC("When the status last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(ReplicaSetCondition, "io.k8s.api.apps.v1.ReplicaSetCondition", .doc = NULL);

static const struct kl_field fields_ReplicaSetSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE),
		DOC("Seconds a new pod has to be ready before it counts as available.")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1"), DOC("How many pods are wanted.")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED),
		DOC("Which pods belong to it, by their labels; has to match those of the template and cannot be "
		    "changed.")),
	OBJ("template", 3, PodTemplateSpec, DOC("What new pods are made from.")),
};
SCHEMA(ReplicaSetSpec, "io.k8s.api.apps.v1.ReplicaSetSpec", .validate = kl_check_ReplicaSetSpec);

static const struct kl_field fields_ReplicaSetStatus[] = {
	I32("availableReplicas", 5, FLAGS(KL_OMIT_ZERO),
		DOC("Pods that have been ready for at least minReadySeconds.")),
	LIST_OBJ("conditions", 6, ReplicaSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("fullyLabeledReplicas", 2, FLAGS(KL_OMIT_ZERO), DOC("Pods whose labels match those of the template.")),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	I32("readyReplicas", 4, FLAGS(KL_OMIT_ZERO), DOC("Pods that are ready.")),
	I32("replicas", 1, FLAGS(KL_REQUIRED), DEF("0"), DOC("How many pods there are.")),
	I32("terminatingReplicas", 7, DOC("Pods on their way out.")),
};
SCHEMA(ReplicaSetStatus, "io.k8s.api.apps.v1.ReplicaSetStatus", .doc = NULL);

static const struct kl_field fields_RollingUpdateDaemonSet[] = {
	INT_OR_STR("maxSurge", 2,
		DOC("How many pods there may be beyond the wanted number during an update; a count or a "
		    "percentage.")),
	INT_OR_STR("maxUnavailable", 1, DOC("How many pods may be missing; a count or a percentage.")),
};
SCHEMA(RollingUpdateDaemonSet, "io.k8s.api.apps.v1.RollingUpdateDaemonSet", .doc = NULL);

static const struct kl_field fields_RollingUpdateDeployment[] = {
	INT_OR_STR("maxSurge", 2,
		DOC("How many pods there may be beyond the wanted number during an update; a count or a "
		    "percentage.")),
	INT_OR_STR("maxUnavailable", 1, DOC("How many pods may be missing; a count or a percentage.")),
};
SCHEMA(RollingUpdateDeployment, "io.k8s.api.apps.v1.RollingUpdateDeployment", .doc = NULL);

static const struct kl_field fields_RollingUpdateStatefulSetStrategy[] = {
	INT_OR_STR("maxUnavailable", 2, DOC("How many pods may be missing; a count or a percentage.")),
	I32("partition", 1, DEF("0"), DOC("Pods whose number is smaller stay as they are.")),
};
SCHEMA(RollingUpdateStatefulSetStrategy, "io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", .doc = NULL);

static const struct kl_field fields_StatefulSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, StatefulSetSpec,
		DOC("How many pods, what they and their volume claims are made from, and how a new version comes in.")),
	OBJ("status", 3, StatefulSetStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(StatefulSet, "io.k8s.api.apps.v1.StatefulSet", DOC("Keeps numbered pods that have lasting names and volumes."));

static const struct kl_field fields_StatefulSetCondition[] = {
	TIME("lastTransitionTime", 3, DOC("When the status last changed.")),
	STR("message", 5, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(StatefulSetCondition, "io.k8s.api.apps.v1.StatefulSetCondition", .doc = NULL);

static const struct kl_field fields_StatefulSetOrdinals[] = {
	I32("start", 1, DOC("The first number.")),
};
SCHEMA(StatefulSetOrdinals, "io.k8s.api.apps.v1.StatefulSetOrdinals", .doc = NULL);

static const struct kl_field fields_StatefulSetPersistentVolumeClaimRetentionPolicy[] = {
	STR("whenDeleted", 1, FLAGS(KL_OMIT_ZERO), DOC("When the StatefulSet is deleted.")),
	STR("whenScaled", 2, FLAGS(KL_OMIT_ZERO), DOC("When it is scaled down.")),
};
SCHEMA(StatefulSetPersistentVolumeClaimRetentionPolicy,
	"io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", .doc = NULL);

static const struct kl_field fields_StatefulSetSpec[] = {
	I32("minReadySeconds", 9, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE),
		DOC("Seconds a new pod has to be ready before it counts as available.")),
	OBJ("ordinals", 11, StatefulSetOrdinals, DOC("How the pods are numbered.")),
	OBJ("persistentVolumeClaimRetentionPolicy", 10, StatefulSetPersistentVolumeClaimRetentionPolicy,
		DEF("{\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"}"),
		DOC("What becomes of the claims when pods go.")),
	STR("podManagementPolicy", 6, FLAGS(KL_OMIT_ZERO), DEF("\"OrderedReady\""), CHOICES("OrderedReady|Parallel"),
		DOC("OrderedReady makes pods one after another; Parallel all at once.")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1"), DOC("How many pods are wanted.")),
	I32("revisionHistoryLimit", 8, FLAGS(KL_NON_NEGATIVE), DEF("10"),
		DOC("How many old revisions are kept for going back.")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED),
		DOC("Which pods belong to it, by their labels; has to match those of the template and cannot be "
		    "changed.")),
	STR("serviceName", 5, FLAGS(KL_OMIT_ZERO), DOC("The headless Service that gives the pods their names.")),
	OBJ("template", 3, PodTemplateSpec, FLAGS(KL_REQUIRED), DOC("What new pods are made from.")),
	OBJ("updateStrategy", 7, StatefulSetUpdateStrategy, DEF("{}"),
		DOC("How pods are replaced when the template changes.")),
	LIST_OBJ("volumeClaimTemplates", 4, PersistentVolumeClaim, DOC("Claims that each pod gets for itself.")),
};
SCHEMA(StatefulSetSpec, "io.k8s.api.apps.v1.StatefulSetSpec", .validate = kl_check_StatefulSetSpec);

static const struct kl_field fields_StatefulSetStatus[] = {
	I32("availableReplicas", 11, FLAGS(KL_OMIT_ZERO),
		DOC("Pods that have been ready for at least minReadySeconds.")),
	I32("collisionCount", 9, DOC("How often the hash of a name was taken already.")),
	LIST_OBJ("conditions", 10, StatefulSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("currentReplicas", 4, FLAGS(KL_OMIT_ZERO), DOC("Pods now.")),
	STR("currentRevision", 6, FLAGS(KL_OMIT_ZERO),
		DOC("The revision that pods were made from before the present update.")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO), DOC("The generation that the status is about.")),
	I32("readyReplicas", 3, FLAGS(KL_OMIT_ZERO), DOC("Pods that are ready.")),
	I32("replicas", 2, FLAGS(KL_REQUIRED), DEF("0"), DOC("How many pods there are.")),
	STR("updateRevision", 7, FLAGS(KL_OMIT_ZERO), DOC("The revision that new pods are made from.")),
	I32("updatedReplicas", 5, FLAGS(KL_OMIT_ZERO), DOC("Pods of the present template.")),
};
SCHEMA(StatefulSetStatus, "io.k8s.api.apps.v1.StatefulSetStatus", .doc = NULL);

static const struct kl_field fields_StatefulSetUpdateStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateStatefulSetStrategy, DOC("Numbers for a rolling update.")),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate"),
		DOC("Which type.")),
};
SCHEMA(StatefulSetUpdateStrategy, "io.k8s.api.apps.v1.StatefulSetUpdateStrategy",
	.defaults = kl_default_StatefulSetUpdateStrategy);
