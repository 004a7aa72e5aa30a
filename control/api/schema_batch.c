/* Types: batch. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CronJob[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", CronJobSpec),
	OBJ("status", CronJobStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(CronJob, "io.k8s.api.batch.v1.CronJob", .doc = NULL);

static const struct kl_field fields_CronJobSpec[] = {
	STR("concurrencyPolicy", FLAGS(KL_OMIT_ZERO), DEF("\"Allow\""), CHOICES("Allow|Forbid|Replace")),
	I32("failedJobsHistoryLimit", FLAGS(KL_NON_NEGATIVE), DEF("1")),
	OBJ("jobTemplate", JobTemplateSpec, FLAGS(KL_REQUIRED)),
	STR("schedule", FLAGS(KL_REQUIRED)),
	I64("startingDeadlineSeconds", FLAGS(KL_NON_NEGATIVE)),
	I32("successfulJobsHistoryLimit", FLAGS(KL_NON_NEGATIVE), DEF("3")),
	BOOL("suspend", DEF("false")),
	STR("timeZone", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CronJobSpec, "io.k8s.api.batch.v1.CronJobSpec", .validate = kl_check_CronJobSpec);

static const struct kl_field fields_CronJobStatus[] = {
	LIST_OBJ("active", ObjectReference),
	TIME("lastScheduleTime"),
	TIME("lastSuccessfulTime"),
};
SCHEMA(CronJobStatus, "io.k8s.api.batch.v1.CronJobStatus", .doc = NULL);

static const struct kl_field fields_Job[] = {
	STR("apiVersion", FLAGS(KL_OMIT_ZERO)),
	STR("kind", FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", ObjectMeta),
	OBJ("spec", JobSpec),
	OBJ("status", JobStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Job, "io.k8s.api.batch.v1.Job", .doc = NULL);

static const struct kl_field fields_JobCondition[] = {
	TIME("lastProbeTime"),
	TIME("lastTransitionTime"),
	STR("message", FLAGS(KL_OMIT_ZERO)),
	STR("reason", FLAGS(KL_OMIT_ZERO)),
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(JobCondition, "io.k8s.api.batch.v1.JobCondition", .doc = NULL);

static const struct kl_field fields_JobSpec[] = {
	I64("activeDeadlineSeconds", FLAGS(KL_NON_NEGATIVE)),
	I32("backoffLimit", FLAGS(KL_NON_NEGATIVE), DEF("6")),
	I32("backoffLimitPerIndex"),
	STR("completionMode", DEF("\"NonIndexed\""), CHOICES("Indexed|NonIndexed")),
	I32("completions", FLAGS(KL_NON_NEGATIVE)),
	STR("managedBy", FLAGS(KL_OMIT_ZERO)),
	BOOL("manualSelector"),
	I32("maxFailedIndexes"),
	I32("parallelism", FLAGS(KL_NON_NEGATIVE)),
	OBJ("podFailurePolicy", PodFailurePolicy),
	STR("podReplacementPolicy", FLAGS(KL_OMIT_ZERO), CHOICES("Failed|TerminatingOrFailed")),
	OBJ("selector", LabelSelector),
	OBJ("successPolicy", SuccessPolicy),
	BOOL("suspend", DEF("false")),
	OBJ("template", PodTemplateSpec, FLAGS(KL_REQUIRED)),
	I32("ttlSecondsAfterFinished", FLAGS(KL_NON_NEGATIVE)),
};
SCHEMA(JobSpec, "io.k8s.api.batch.v1.JobSpec", .defaults = kl_default_JobSpec, .validate = kl_check_JobSpec);

static const struct kl_field fields_JobStatus[] = {
	I32("active", FLAGS(KL_OMIT_ZERO)),
	STR("completedIndexes", FLAGS(KL_OMIT_ZERO)),
	TIME("completionTime"),
	LIST_OBJ("conditions", JobCondition, FLAGS(KL_MERGE), KEYS("type")),
	I32("failed", FLAGS(KL_OMIT_ZERO)),
	STR("failedIndexes", FLAGS(KL_OMIT_ZERO)),
	I32("ready"),
	TIME("startTime"),
	I32("succeeded", FLAGS(KL_OMIT_ZERO)),
	I32("terminating"),
	OBJ("uncountedTerminatedPods", UncountedTerminatedPods),
};
SCHEMA(JobStatus, "io.k8s.api.batch.v1.JobStatus", .doc = NULL);

static const struct kl_field fields_JobTemplateSpec[] = {
	OBJ("metadata", ObjectMeta),
	OBJ("spec", JobSpec),
};
SCHEMA(JobTemplateSpec, "io.k8s.api.batch.v1.JobTemplateSpec", .doc = NULL);

static const struct kl_field fields_PodFailurePolicy[] = {
	LIST_OBJ("rules", PodFailurePolicyRule, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodFailurePolicy, "io.k8s.api.batch.v1.PodFailurePolicy", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnExitCodesRequirement[] = {
	STR("containerName", FLAGS(KL_OMIT_ZERO)),
	STR("operator", FLAGS(KL_REQUIRED), CHOICES("In|NotIn")),
	LIST_I32("values", FLAGS(KL_REQUIRED | KL_LIST_SET)),
};
SCHEMA(PodFailurePolicyOnExitCodesRequirement, "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnPodConditionsPattern[] = {
	STR("status", FLAGS(KL_REQUIRED)),
	STR("type", FLAGS(KL_REQUIRED)),
};
SCHEMA(PodFailurePolicyOnPodConditionsPattern, "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyRule[] = {
	STR("action", FLAGS(KL_REQUIRED), CHOICES("Count|FailIndex|FailJob|Ignore")),
	OBJ("onExitCodes", PodFailurePolicyOnExitCodesRequirement),
	LIST_OBJ("onPodConditions", PodFailurePolicyOnPodConditionsPattern),
};
SCHEMA(PodFailurePolicyRule, "io.k8s.api.batch.v1.PodFailurePolicyRule", .doc = NULL);

static const struct kl_field fields_SuccessPolicy[] = {
	LIST_OBJ("rules", SuccessPolicyRule, FLAGS(KL_REQUIRED)),
};
SCHEMA(SuccessPolicy, "io.k8s.api.batch.v1.SuccessPolicy", .doc = NULL);

static const struct kl_field fields_SuccessPolicyRule[] = {
	I32("succeededCount"),
	STR("succeededIndexes", FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SuccessPolicyRule, "io.k8s.api.batch.v1.SuccessPolicyRule", .doc = NULL);

static const struct kl_field fields_UncountedTerminatedPods[] = {
	LIST_STR("failed", FLAGS(KL_LIST_SET)),
	LIST_STR("succeeded", FLAGS(KL_LIST_SET)),
};
SCHEMA(UncountedTerminatedPods, "io.k8s.api.batch.v1.UncountedTerminatedPods", .doc = NULL);
