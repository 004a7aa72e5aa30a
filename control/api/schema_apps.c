/* Types: apps. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ControllerRevision[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	ANY("data", 2),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	I64("revision", 3),
};
SCHEMA(ControllerRevision, "io.k8s.api.apps.v1.ControllerRevision", .doc = NULL);

static const struct kl_field fields_DaemonSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, DaemonSetSpec),
	OBJ("status", 3, DaemonSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(DaemonSet, "io.k8s.api.apps.v1.DaemonSet", .doc = NULL);

static const struct kl_field fields_DaemonSetCondition[] = {
	TIME("lastTransitionTime", 3),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(DaemonSetCondition, "io.k8s.api.apps.v1.DaemonSetCondition", .doc = NULL);

static const struct kl_field fields_DaemonSetSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("revisionHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", 1, LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("template", 2, PodTemplateSpec, FLAGS(KL_REQUIRED)),
	OBJ("updateStrategy", 3, DaemonSetUpdateStrategy, DEF("{}")),
};
SCHEMA(DaemonSetSpec, "io.k8s.api.apps.v1.DaemonSetSpec", .validate = kl_check_DaemonSetSpec);

static const struct kl_field fields_DaemonSetStatus[] = {
	I32("collisionCount", 9),
	LIST_OBJ("conditions", 10, DaemonSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentNumberScheduled", 1, FLAGS(KL_REQUIRED)),
	I32("desiredNumberScheduled", 3, FLAGS(KL_REQUIRED)),
	I32("numberAvailable", 7, FLAGS(KL_OMIT_ZERO)),
	I32("numberMisscheduled", 2, FLAGS(KL_REQUIRED)),
	I32("numberReady", 4, FLAGS(KL_REQUIRED)),
	I32("numberUnavailable", 8, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 5, FLAGS(KL_OMIT_ZERO)),
	I32("updatedNumberScheduled", 6, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DaemonSetStatus, "io.k8s.api.apps.v1.DaemonSetStatus", .doc = NULL);

static const struct kl_field fields_DaemonSetUpdateStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateDaemonSet),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate")),
};
SCHEMA(DaemonSetUpdateStrategy, "io.k8s.api.apps.v1.DaemonSetUpdateStrategy", .defaults = kl_default_DaemonSetUpdateStrategy);

static const struct kl_field fields_Deployment[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, DeploymentSpec),
	OBJ("status", 3, DeploymentStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Deployment, "io.k8s.api.apps.v1.Deployment", .doc = NULL);

static const struct kl_field fields_DeploymentCondition[] = {
	TIME("lastTransitionTime", 7),
	TIME("lastUpdateTime", 6),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(DeploymentCondition, "io.k8s.api.apps.v1.DeploymentCondition", .doc = NULL);

static const struct kl_field fields_DeploymentSpec[] = {
	I32("minReadySeconds", 5, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	BOOL("paused", 7, FLAGS(KL_OMIT_ZERO)),
	I32("progressDeadlineSeconds", 9, DEF("600")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1")),
	I32("revisionHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("strategy", 4, DeploymentStrategy, FLAGS(KL_RETAIN_KEYS), DEF("{}")),
	OBJ("template", 3, PodTemplateSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(DeploymentSpec, "io.k8s.api.apps.v1.DeploymentSpec", .validate = kl_check_DeploymentSpec);

static const struct kl_field fields_DeploymentStatus[] = {
	I32("availableReplicas", 4, FLAGS(KL_OMIT_ZERO)),
	I32("collisionCount", 8),
	LIST_OBJ("conditions", 6, DeploymentCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", 7, FLAGS(KL_OMIT_ZERO)),
	I32("replicas", 2),
	I32("terminatingReplicas", 9),
	I32("unavailableReplicas", 5, FLAGS(KL_OMIT_ZERO)),
	I32("updatedReplicas", 3, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DeploymentStatus, "io.k8s.api.apps.v1.DeploymentStatus", .doc = NULL);

static const struct kl_field fields_DeploymentStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateDeployment),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("Recreate|RollingUpdate")),
};
SCHEMA(DeploymentStrategy, "io.k8s.api.apps.v1.DeploymentStrategy", .defaults = kl_default_DeploymentStrategy, .validate = kl_check_DeploymentStrategy);

static const struct kl_field fields_ReplicaSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, ReplicaSetSpec),
	OBJ("status", 3, ReplicaSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(ReplicaSet, "io.k8s.api.apps.v1.ReplicaSet", .doc = NULL);

static const struct kl_field fields_ReplicaSetCondition[] = {
	TIME("lastTransitionTime", 3),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicaSetCondition, "io.k8s.api.apps.v1.ReplicaSetCondition", .doc = NULL);

static const struct kl_field fields_ReplicaSetSpec[] = {
	I32("minReadySeconds", 4, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("template", 3, PodTemplateSpec),
};
SCHEMA(ReplicaSetSpec, "io.k8s.api.apps.v1.ReplicaSetSpec", .validate = kl_check_ReplicaSetSpec);

static const struct kl_field fields_ReplicaSetStatus[] = {
	I32("availableReplicas", 5, FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("conditions", 6, ReplicaSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("fullyLabeledReplicas", 2, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 3, FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", 4, FLAGS(KL_OMIT_ZERO)),
	I32("replicas", 1, FLAGS(KL_REQUIRED)),
	I32("terminatingReplicas", 7),
};
SCHEMA(ReplicaSetStatus, "io.k8s.api.apps.v1.ReplicaSetStatus", .doc = NULL);

static const struct kl_field fields_RollingUpdateDaemonSet[] = {
	INT_OR_STR("maxSurge", 2),
	INT_OR_STR("maxUnavailable", 1),
};
SCHEMA(RollingUpdateDaemonSet, "io.k8s.api.apps.v1.RollingUpdateDaemonSet", .doc = NULL);

static const struct kl_field fields_RollingUpdateDeployment[] = {
	INT_OR_STR("maxSurge", 2),
	INT_OR_STR("maxUnavailable", 1),
};
SCHEMA(RollingUpdateDeployment, "io.k8s.api.apps.v1.RollingUpdateDeployment", .doc = NULL);

static const struct kl_field fields_RollingUpdateStatefulSetStrategy[] = {
	INT_OR_STR("maxUnavailable", 2),
	I32("partition", 1, DEF("0")),
};
SCHEMA(RollingUpdateStatefulSetStrategy, "io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", .doc = NULL);

static const struct kl_field fields_StatefulSet[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, StatefulSetSpec),
	OBJ("status", 3, StatefulSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(StatefulSet, "io.k8s.api.apps.v1.StatefulSet", .doc = NULL);

static const struct kl_field fields_StatefulSetCondition[] = {
	TIME("lastTransitionTime", 3),
	STR("message", 5, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 4, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(StatefulSetCondition, "io.k8s.api.apps.v1.StatefulSetCondition", .doc = NULL);

static const struct kl_field fields_StatefulSetOrdinals[] = {
	I32("start", 1),
};
SCHEMA(StatefulSetOrdinals, "io.k8s.api.apps.v1.StatefulSetOrdinals", .doc = NULL);

static const struct kl_field fields_StatefulSetPersistentVolumeClaimRetentionPolicy[] = {
	STR("whenDeleted", 1, FLAGS(KL_OMIT_ZERO)),
	STR("whenScaled", 2, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatefulSetPersistentVolumeClaimRetentionPolicy, "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", .doc = NULL);

static const struct kl_field fields_StatefulSetSpec[] = {
	I32("minReadySeconds", 9, FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	OBJ("ordinals", 11, StatefulSetOrdinals),
	OBJ("persistentVolumeClaimRetentionPolicy", 10, StatefulSetPersistentVolumeClaimRetentionPolicy, DEF("{\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"}")),
	STR("podManagementPolicy", 6, FLAGS(KL_OMIT_ZERO), DEF("\"OrderedReady\""), CHOICES("OrderedReady|Parallel")),
	I32("replicas", 1, FLAGS(KL_NON_NEGATIVE), DEF("1")),
	I32("revisionHistoryLimit", 8, FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", 2, LabelSelector, FLAGS(KL_REQUIRED)),
	STR("serviceName", 5, FLAGS(KL_OMIT_ZERO)),
	OBJ("template", 3, PodTemplateSpec, FLAGS(KL_REQUIRED)),
	OBJ("updateStrategy", 7, StatefulSetUpdateStrategy, DEF("{}")),
	LIST_OBJ("volumeClaimTemplates", 4, PersistentVolumeClaim),
};
SCHEMA(StatefulSetSpec, "io.k8s.api.apps.v1.StatefulSetSpec", .validate = kl_check_StatefulSetSpec);

static const struct kl_field fields_StatefulSetStatus[] = {
	I32("availableReplicas", 11, FLAGS(KL_OMIT_ZERO)),
	I32("collisionCount", 9),
	LIST_OBJ("conditions", 10, StatefulSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentReplicas", 4, FLAGS(KL_OMIT_ZERO)),
	STR("currentRevision", 6, FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", 1, FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", 3, FLAGS(KL_OMIT_ZERO)),
	I32("replicas", 2, FLAGS(KL_REQUIRED)),
	STR("updateRevision", 7, FLAGS(KL_OMIT_ZERO)),
	I32("updatedReplicas", 5, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatefulSetStatus, "io.k8s.api.apps.v1.StatefulSetStatus", .doc = NULL);

static const struct kl_field fields_StatefulSetUpdateStrategy[] = {
	OBJ("rollingUpdate", 2, RollingUpdateStatefulSetStrategy),
	STR("type", 1, FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate")),
};
SCHEMA(StatefulSetUpdateStrategy, "io.k8s.api.apps.v1.StatefulSetUpdateStrategy", .defaults = kl_default_StatefulSetUpdateStrategy);
