/* Types: batch. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CronJob[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, CronJobSpec),
	OBJ("status", 3, CronJobStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(CronJob, "io.k8s.api.batch.v1.CronJob", .doc = NULL);

static const struct kl_field fields_CronJobSpec[] = {
	STR("concurrencyPolicy", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Allow\""), CHOICES("Allow|Forbid|Replace")),
	I32("failedJobsHistoryLimit", 7, FLAGS(KL_NON_NEGATIVE), DEF("1")),
	OBJ("jobTemplate", 5, JobTemplateSpec, FLAGS(KL_REQUIRED)),
	STR("schedule", 1, FLAGS(KL_REQUIRED)),
	I64("startingDeadlineSeconds", 2, FLAGS(KL_NON_NEGATIVE)),
	I32("successfulJobsHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("3")),
	BOOL("suspend", 4, DEF("false")),
	STR("timeZone", 8, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(CronJobSpec, "io.k8s.api.batch.v1.CronJobSpec", .validate = kl_check_CronJobSpec);

static const struct kl_field fields_CronJobStatus[] = {
	LIST_OBJ("active", 1, ObjectReference),
	TIME("lastScheduleTime", 4),
	TIME("lastSuccessfulTime", 5),
};
SCHEMA(CronJobStatus, "io.k8s.api.batch.v1.CronJobStatus", .doc = NULL);

static const struct kl_field fields_Job[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO)),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO)),
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, JobSpec),
	OBJ("status", 3, JobStatus, FLAGS(KL_ALWAYS)),
};
SCHEMA(Job, "io.k8s.api.batch.v1.Job", .doc = NULL);

static const struct kl_field fields_JobCondition[] = {
	TIME("lastProbeTime", 3),
	TIME("lastTransitionTime", 4),
	STR("message", 6, FLAGS(KL_OMIT_ZERO)),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO)),
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(JobCondition, "io.k8s.api.batch.v1.JobCondition", .doc = NULL);

static const struct kl_field fields_JobSpec[] = {
	I64("activeDeadlineSeconds", 3, FLAGS(KL_NON_NEGATIVE)),
	I32("backoffLimit", 7, FLAGS(KL_NON_NEGATIVE), DEF("6")),
	I32("backoffLimitPerIndex", 12),
	STR("completionMode", 9, DEF("\"NonIndexed\""), CHOICES("Indexed|NonIndexed")),
	I32("completions", 2, FLAGS(KL_NON_NEGATIVE)),
	STR("managedBy", 15, FLAGS(KL_OMIT_ZERO)),
	BOOL("manualSelector", 5),
	I32("maxFailedIndexes", 13),
	I32("parallelism", 1, FLAGS(KL_NON_NEGATIVE)),
	OBJ("podFailurePolicy", 11, PodFailurePolicy),
	STR("podReplacementPolicy", 14, FLAGS(KL_OMIT_ZERO), CHOICES("Failed|TerminatingOrFailed")),
	OBJ("selector", 4, LabelSelector),
	OBJ("successPolicy", 16, SuccessPolicy),
	BOOL("suspend", 10, DEF("false")),
	OBJ("template", 6, PodTemplateSpec, FLAGS(KL_REQUIRED)),
	I32("ttlSecondsAfterFinished", 8, FLAGS(KL_NON_NEGATIVE)),
};
SCHEMA(JobSpec, "io.k8s.api.batch.v1.JobSpec", .defaults = kl_default_JobSpec, .validate = kl_check_JobSpec);

static const struct kl_field fields_JobStatus[] = {
	I32("active", 4, FLAGS(KL_OMIT_ZERO)),
	STR("completedIndexes", 7, FLAGS(KL_OMIT_ZERO)),
	TIME("completionTime", 3),
	LIST_OBJ("conditions", 1, JobCondition, FLAGS(KL_MERGE), KEYS("type")),
	I32("failed", 6, FLAGS(KL_OMIT_ZERO)),
	STR("failedIndexes", 10, FLAGS(KL_OMIT_ZERO)),
	I32("ready", 9),
	TIME("startTime", 2),
	I32("succeeded", 5, FLAGS(KL_OMIT_ZERO)),
	I32("terminating", 11),
	OBJ("uncountedTerminatedPods", 8, UncountedTerminatedPods),
};
SCHEMA(JobStatus, "io.k8s.api.batch.v1.JobStatus", .doc = NULL);

static const struct kl_field fields_JobTemplateSpec[] = {
	OBJ("metadata", 1, ObjectMeta),
	OBJ("spec", 2, JobSpec),
};
SCHEMA(JobTemplateSpec, "io.k8s.api.batch.v1.JobTemplateSpec", .doc = NULL);

static const struct kl_field fields_PodFailurePolicy[] = {
	LIST_OBJ("rules", 1, PodFailurePolicyRule, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodFailurePolicy, "io.k8s.api.batch.v1.PodFailurePolicy", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnExitCodesRequirement[] = {
	STR("containerName", 1, FLAGS(KL_OMIT_ZERO)),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("In|NotIn")),
	LIST_I32("values", 3, FLAGS(KL_REQUIRED | KL_LIST_SET)),
};
SCHEMA(PodFailurePolicyOnExitCodesRequirement, "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnPodConditionsPattern[] = {
	STR("status", 2, FLAGS(KL_REQUIRED)),
	STR("type", 1, FLAGS(KL_REQUIRED)),
};
SCHEMA(PodFailurePolicyOnPodConditionsPattern, "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyRule[] = {
	STR("action", 1, FLAGS(KL_REQUIRED), CHOICES("Count|FailIndex|FailJob|Ignore")),
	OBJ("onExitCodes", 2, PodFailurePolicyOnExitCodesRequirement),
	LIST_OBJ("onPodConditions", 3, PodFailurePolicyOnPodConditionsPattern),
};
SCHEMA(PodFailurePolicyRule, "io.k8s.api.batch.v1.PodFailurePolicyRule", .doc = NULL);

static const struct kl_field fields_SuccessPolicy[] = {
	LIST_OBJ("rules", 1, SuccessPolicyRule, FLAGS(KL_REQUIRED)),
};
SCHEMA(SuccessPolicy, "io.k8s.api.batch.v1.SuccessPolicy", .doc = NULL);

static const struct kl_field fields_SuccessPolicyRule[] = {
	I32("succeededCount", 2),
	STR("succeededIndexes", 1, FLAGS(KL_OMIT_ZERO)),
};
SCHEMA(SuccessPolicyRule, "io.k8s.api.batch.v1.SuccessPolicyRule", .doc = NULL);

static const struct kl_field fields_UncountedTerminatedPods[] = {
	LIST_STR("failed", 2, FLAGS(KL_LIST_SET)),
	LIST_STR("succeeded", 1, FLAGS(KL_LIST_SET)),
};
SCHEMA(UncountedTerminatedPods, "io.k8s.api.batch.v1.UncountedTerminatedPods", .doc = NULL);
