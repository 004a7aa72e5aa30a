/* Types: apps. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_ControllerRevision[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	ANY("data"),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	I64("revision"),
};
SCHEMA(ControllerRevision, "io.k8s.api.apps.v1.ControllerRevision", .doc = NULL);

static const struct kl_field fields_DaemonSet[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", DaemonSetSpec),
	OBJ("status", DaemonSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(DaemonSet, "io.k8s.api.apps.v1.DaemonSet", .doc = NULL);

static const struct kl_field fields_DaemonSetCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(DaemonSetCondition, "io.k8s.api.apps.v1.DaemonSetCondition", .doc = NULL);

static const struct kl_field fields_DaemonSetSpec[] = {
	I32("minReadySeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("revisionHistoryLimit", FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("template", PodTemplateSpec, FLAGS(KL_REQUIRED)),
	OBJ("updateStrategy", DaemonSetUpdateStrategy, DEF("{}")),
};
SCHEMA(DaemonSetSpec, "io.k8s.api.apps.v1.DaemonSetSpec", .validate = kl_check_DaemonSetSpec);

static const struct kl_field fields_DaemonSetStatus[] = {
	I32("collisionCount"),
	LIST_OBJ("conditions", DaemonSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentNumberScheduled", FLAGS(KL_REQUIRED)),
	I32("desiredNumberScheduled", FLAGS(KL_REQUIRED)),
	I32("numberAvailable", FLAGS(KL_OMIT_ZERO)),
	I32("numberMisscheduled", FLAGS(KL_REQUIRED)),
	I32("numberReady", FLAGS(KL_REQUIRED)),
	I32("numberUnavailable", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	I32("updatedNumberScheduled", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DaemonSetStatus, "io.k8s.api.apps.v1.DaemonSetStatus", .doc = NULL);

static const struct kl_field fields_DaemonSetUpdateStrategy[] = {
	OBJ("rollingUpdate", RollingUpdateDaemonSet),
	STR("type", FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate")),
};
SCHEMA(DaemonSetUpdateStrategy, "io.k8s.api.apps.v1.DaemonSetUpdateStrategy", .defaults = kl_default_DaemonSetUpdateStrategy);

static const struct kl_field fields_Deployment[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", DeploymentSpec),
	OBJ("status", DeploymentStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Deployment, "io.k8s.api.apps.v1.Deployment", .doc = NULL);

static const struct kl_field fields_DeploymentCondition[] = {
	TIME("lastTransitionTime"),
	TIME("lastUpdateTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(DeploymentCondition, "io.k8s.api.apps.v1.DeploymentCondition", .doc = NULL);

static const struct kl_field fields_DeploymentSpec[] = {
	I32("minReadySeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	BOOL("paused", FLAGS(KL_OMIT_ZERO)),
	I32("progressDeadlineSeconds", DEF("600")),
	I32("replicas", FLAGS(KL_NON_NEGATIVE), DEF("1")),
	I32("revisionHistoryLimit", FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("strategy", DeploymentStrategy, FLAGS(KL_RETAIN_KEYS), DEF("{}")),
	OBJ("template", PodTemplateSpec, FLAGS(KL_REQUIRED)),
};
SCHEMA(DeploymentSpec, "io.k8s.api.apps.v1.DeploymentSpec", .validate = kl_check_DeploymentSpec);

static const struct kl_field fields_DeploymentStatus[] = {
	I32("availableReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("collisionCount"),
	LIST_OBJ("conditions", DeploymentCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("replicas"),
	I32("terminatingReplicas"),
	I32("unavailableReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("updatedReplicas", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(DeploymentStatus, "io.k8s.api.apps.v1.DeploymentStatus", .doc = NULL);

static const struct kl_field fields_DeploymentStrategy[] = {
	OBJ("rollingUpdate", RollingUpdateDeployment),
	STR("type", FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("Recreate|RollingUpdate")),
};
SCHEMA(DeploymentStrategy, "io.k8s.api.apps.v1.DeploymentStrategy", .defaults = kl_default_DeploymentStrategy, .validate = kl_check_DeploymentStrategy);

static const struct kl_field fields_ReplicaSet[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", ReplicaSetSpec),
	OBJ("status", ReplicaSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(ReplicaSet, "io.k8s.api.apps.v1.ReplicaSet", .doc = NULL);

static const struct kl_field fields_ReplicaSetCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(ReplicaSetCondition, "io.k8s.api.apps.v1.ReplicaSetCondition", .doc = NULL);

static const struct kl_field fields_ReplicaSetSpec[] = {
	I32("minReadySeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	I32("replicas", FLAGS(KL_NON_NEGATIVE), DEF("1")),
	OBJ("selector", LabelSelector, FLAGS(KL_REQUIRED)),
	OBJ("template", PodTemplateSpec),
};
SCHEMA(ReplicaSetSpec, "io.k8s.api.apps.v1.ReplicaSetSpec", .validate = kl_check_ReplicaSetSpec);

static const struct kl_field fields_ReplicaSetStatus[] = {
	I32("availableReplicas", FLAGS(KL_OMIT_ZERO)),
	LIST_OBJ("conditions", ReplicaSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("fullyLabeledReplicas", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("replicas", FLAGS(KL_REQUIRED)),
	I32("terminatingReplicas"),
};
SCHEMA(ReplicaSetStatus, "io.k8s.api.apps.v1.ReplicaSetStatus", .doc = NULL);

static const struct kl_field fields_RollingUpdateDaemonSet[] = {
	INT_OR_STR("maxSurge"),
	INT_OR_STR("maxUnavailable"),
};
SCHEMA(RollingUpdateDaemonSet, "io.k8s.api.apps.v1.RollingUpdateDaemonSet", .doc = NULL);

static const struct kl_field fields_RollingUpdateDeployment[] = {
	INT_OR_STR("maxSurge"),
	INT_OR_STR("maxUnavailable"),
};
SCHEMA(RollingUpdateDeployment, "io.k8s.api.apps.v1.RollingUpdateDeployment", .doc = NULL);

static const struct kl_field fields_RollingUpdateStatefulSetStrategy[] = {
	INT_OR_STR("maxUnavailable"),
	I32("partition", DEF("0")),
};
SCHEMA(RollingUpdateStatefulSetStrategy, "io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", .doc = NULL);

static const struct kl_field fields_StatefulSet[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", StatefulSetSpec),
	OBJ("status", StatefulSetStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(StatefulSet, "io.k8s.api.apps.v1.StatefulSet", .doc = NULL);

static const struct kl_field fields_StatefulSetCondition[] = {
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(StatefulSetCondition, "io.k8s.api.apps.v1.StatefulSetCondition", .doc = NULL);

static const struct kl_field fields_StatefulSetOrdinals[] = {
	I32("start"),
};
SCHEMA(StatefulSetOrdinals, "io.k8s.api.apps.v1.StatefulSetOrdinals", .doc = NULL);

static const struct kl_field fields_StatefulSetPersistentVolumeClaimRetentionPolicy[] = {
	STR("whenDeleted", FLAGS(KL_OMIT_ZERO)),
	STR("whenScaled", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatefulSetPersistentVolumeClaimRetentionPolicy, "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", .doc = NULL);

static const struct kl_field fields_StatefulSetSpec[] = {
	I32("minReadySeconds", FLAGS(KL_OMIT_ZERO | KL_NON_NEGATIVE)),
	OBJ("ordinals", StatefulSetOrdinals),
	OBJ("persistentVolumeClaimRetentionPolicy", StatefulSetPersistentVolumeClaimRetentionPolicy, DEF("{\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"}")),
	STR("podManagementPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"OrderedReady\""), CHOICES("OrderedReady|Parallel")),
	I32("replicas", FLAGS(KL_NON_NEGATIVE), DEF("1")),
	I32("revisionHistoryLimit", FLAGS(KL_NON_NEGATIVE), DEF("10")),
	OBJ("selector", LabelSelector, FLAGS(KL_REQUIRED)),
	STR("serviceName", FLAGS(KL_OMIT_ZERO)),
	OBJ("template", PodTemplateSpec, FLAGS(KL_REQUIRED)),
	OBJ("updateStrategy", StatefulSetUpdateStrategy, DEF("{}")),
	LIST_OBJ("volumeClaimTemplates", PersistentVolumeClaim),
};
SCHEMA(StatefulSetSpec, "io.k8s.api.apps.v1.StatefulSetSpec", .validate = kl_check_StatefulSetSpec);

static const struct kl_field fields_StatefulSetStatus[] = {
	I32("availableReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("collisionCount"),
	LIST_OBJ("conditions", StatefulSetCondition, FLAGS(KL_MERGE | KL_LIST_MAP), KEYS("type")),
	I32("currentReplicas", FLAGS(KL_OMIT_ZERO)),
	STR("currentRevision", FLAGS(KL_OMIT_ZERO)),
	I64("observedGeneration", FLAGS(KL_OMIT_ZERO)),
	I32("readyReplicas", FLAGS(KL_OMIT_ZERO)),
	I32("replicas", FLAGS(KL_REQUIRED)),
	STR("updateRevision", FLAGS(KL_OMIT_ZERO)),
	I32("updatedReplicas", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(StatefulSetStatus, "io.k8s.api.apps.v1.StatefulSetStatus", .doc = NULL);

static const struct kl_field fields_StatefulSetUpdateStrategy[] = {
	OBJ("rollingUpdate", RollingUpdateStatefulSetStrategy),
	STR("type", FLAGS(KL_OMIT_ZERO), DEF("\"RollingUpdate\""), CHOICES("OnDelete|RollingUpdate")),
};
SCHEMA(StatefulSetUpdateStrategy, "io.k8s.api.apps.v1.StatefulSetUpdateStrategy", .defaults = kl_default_StatefulSetUpdateStrategy);
