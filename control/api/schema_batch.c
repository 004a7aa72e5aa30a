/* Types: batch. Rows are sorted by name. */
#include "schema_rows.h"

static const struct kl_field fields_CronJob[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, CronJobSpec, DOC("When to run, and the Job that is made then.")),
	OBJ("status", 3, CronJobStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(CronJob, "io.k8s.api.batch.v1.CronJob", DOC("Starts jobs by the clock."));

static const struct kl_field fields_CronJobSpec[] = {
	STR("concurrencyPolicy", 3, FLAGS(KL_OMIT_ZERO), DEF("\"Allow\""), CHOICES("Allow|Forbid|Replace"),
		DOC("What to do when the last run is still going: Allow both, Forbid the new one, or Replace the "
		    "old one.")),
	I32("failedJobsHistoryLimit", 7, FLAGS(KL_NON_NEGATIVE), DEF("1"), DOC("How many failed jobs are kept.")),
	OBJ("jobTemplate", 5, JobTemplateSpec, FLAGS(KL_REQUIRED), DOC("What each run is made from.")),
	STR("schedule", 1, FLAGS(KL_REQUIRED), DOC("When to run, as five fields of cron.")),
	I64("startingDeadlineSeconds", 2, FLAGS(KL_NON_NEGATIVE), DOC("How late a run may begin.")),
	I32("successfulJobsHistoryLimit", 6, FLAGS(KL_NON_NEGATIVE), DEF("3"),
		DOC("How many successful jobs are kept.")),
	BOOL("suspend", 4, DEF("false"), DOC("Whether nothing new is started.")),
	STR("timeZone", 8, FLAGS(KL_OMIT_ZERO), DOC("The time zone of the schedule.")),
};
SCHEMA(CronJobSpec, "io.k8s.api.batch.v1.CronJobSpec", .validate = kl_check_CronJobSpec);

static const struct kl_field fields_CronJobStatus[] = {
	LIST_OBJ("active", 1, ObjectReference, DOC("Jobs that run now.")),
	TIME("lastScheduleTime", 4, DOC("When a run was last started.")),
	TIME("lastSuccessfulTime", 5, DOC("When a run last succeeded.")),
};
SCHEMA(CronJobStatus, "io.k8s.api.batch.v1.CronJobStatus", .doc = NULL);

static const struct kl_field fields_Job[] = {
	STR("apiVersion", 0, FLAGS(KL_OMIT_ZERO),
		DOC("The version of the schema that this object is written in, such as apps/v1.")),
	STR("kind", 0, FLAGS(KL_OMIT_ZERO), DOC("What kind of object this is, in CamelCase.")),
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, JobSpec,
		DOC("What the pods are made from, how many have to succeed, and what happens to those that fail.")),
	OBJ("status", 3, JobStatus, FLAGS(KL_ALWAYS),
		DOC("What was last observed; written by the system, not by users.")),
};
SCHEMA(Job, "io.k8s.api.batch.v1.Job", DOC("Runs pods until enough have succeeded."));

static const struct kl_field fields_JobCondition[] = {
	TIME("lastProbeTime", 3, DOC("When it was last looked at.")),
	TIME("lastTransitionTime", 4, DOC("When the status last changed.")),
	STR("message", 6, FLAGS(KL_OMIT_ZERO), DOC("For people to read.")),
	STR("reason", 5, FLAGS(KL_OMIT_ZERO), DOC("Why, in one CamelCase word.")),
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("True, False or Unknown.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which aspect of the object the condition is about.")),
};
SCHEMA(JobCondition, "io.k8s.api.batch.v1.JobCondition", .doc = NULL);

static const struct kl_field fields_JobSpec[] = {
	I64("activeDeadlineSeconds", 3, FLAGS(KL_NON_NEGATIVE),
		DOC("Seconds it may be active before the system stops it and calls it failed.")),
	I32("backoffLimit", 7, FLAGS(KL_NON_NEGATIVE), DEF("6"),
		DOC("How many failures are borne before the job as a whole has failed.")),
	I32("backoffLimitPerIndex", 12, DOC("How many failures are borne for each index.")),
	STR("completionMode", 9, DEF("\"NonIndexed\""), CHOICES("Indexed|NonIndexed"),
		DOC("NonIndexed counts successes; Indexed wants one success for each index.")),
	I32("completions", 2, FLAGS(KL_NON_NEGATIVE), DOC("How many pods have to succeed.")),
	STR("managedBy", 15, FLAGS(KL_OMIT_ZERO),
		DOC("The controller that takes care of the job, where it is another.")),
	BOOL("manualSelector", 5, DOC("Whether selector is the user's business; leave it out.")),
	I32("maxFailedIndexes", 13, DOC("How many indexes may fail before the job has.")),
	I32("parallelism", 1, FLAGS(KL_NON_NEGATIVE), DOC("How many pods may run at a time.")),
	OBJ("podFailurePolicy", 11, PodFailurePolicy, DOC("What to do with failed pods, by how they failed.")),
	STR("podReplacementPolicy", 14, FLAGS(KL_OMIT_ZERO), CHOICES("Failed|TerminatingOrFailed"),
		DOC("When a pod is replaced: already while it terminates, or once it has failed.")),
	OBJ("selector", 4, LabelSelector, DOC("Which objects are meant, by their labels.")),
	OBJ("successPolicy", 16, SuccessPolicy, DOC("When the job counts as done though not all indexes are.")),
	BOOL("suspend", 10, DEF("false"), DOC("Whether nothing new is started.")),
	OBJ("template", 6, PodTemplateSpec, FLAGS(KL_REQUIRED), DOC("What new pods are made from.")),
	I32("ttlSecondsAfterFinished", 8, FLAGS(KL_NON_NEGATIVE),
		DOC("Seconds after its end when the job is deleted.")),
};
SCHEMA(JobSpec, "io.k8s.api.batch.v1.JobSpec", .defaults = kl_default_JobSpec, .validate = kl_check_JobSpec);

static const struct kl_field fields_JobStatus[] = {
	I32("active", 4, FLAGS(KL_OMIT_ZERO), DOC("Pods that are pending or running.")),
	STR("completedIndexes", 7, FLAGS(KL_OMIT_ZERO), DOC("Indexes that are done, as text such as 1,3-5.")),
	TIME("completionTime", 3, DOC("When the job was done.")),
	LIST_OBJ("conditions", 1, JobCondition, FLAGS(KL_MERGE), KEYS("type"),
		DOC("What is true of the object at present, one entry for each aspect.")),
	I32("failed", 6, FLAGS(KL_OMIT_ZERO), DOC("Pods that have failed.")),
	STR("failedIndexes", 10, FLAGS(KL_OMIT_ZERO), DOC("Indexes that have failed for good, as text such as 1,3-5.")),
	I32("ready", 9, DOC("Pods that are ready.")),
	TIME("startTime", 2, DOC("When it began.")),
	I32("succeeded", 5, FLAGS(KL_OMIT_ZERO), DOC("Pods that have succeeded.")),
	I32("terminating", 11, DOC("Pods that are on their way out.")),
	OBJ("uncountedTerminatedPods", 8, UncountedTerminatedPods,
		DOC("Pods that have ended and are not counted yet.")),
};
SCHEMA(JobStatus, "io.k8s.api.batch.v1.JobStatus", .doc = NULL);

static const struct kl_field fields_JobTemplateSpec[] = {
	OBJ("metadata", 1, ObjectMeta, DOC("Name, labels and the other things that every object has.")),
	OBJ("spec", 2, JobSpec, DOC("What the Jobs are to be.")),
};
SCHEMA(JobTemplateSpec, "io.k8s.api.batch.v1.JobTemplateSpec", .doc = NULL);

static const struct kl_field fields_PodFailurePolicy[] = {
	LIST_OBJ("rules", 1, PodFailurePolicyRule, FLAGS(KL_REQUIRED),
		DOC("Tried in order; the first that matches decides.")),
};
SCHEMA(PodFailurePolicy, "io.k8s.api.batch.v1.PodFailurePolicy", .doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnExitCodesRequirement[] = {
	STR("containerName", 1, FLAGS(KL_OMIT_ZERO), DOC("The container that is meant.")),
	STR("operator", 2, FLAGS(KL_REQUIRED), CHOICES("In|NotIn"), DOC("How the values are compared.")),
	LIST_I32("values", 3, FLAGS(KL_REQUIRED | KL_LIST_SET), DOC("The values.")),
};
SCHEMA(PodFailurePolicyOnExitCodesRequirement, "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement",
	.doc = NULL);

static const struct kl_field fields_PodFailurePolicyOnPodConditionsPattern[] = {
	STR("status", 2, FLAGS(KL_REQUIRED), DOC("What was last observed; written by the system, not by users.")),
	STR("type", 1, FLAGS(KL_REQUIRED), DOC("Which type.")),
};
SCHEMA(PodFailurePolicyOnPodConditionsPattern, "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern",
	.doc = NULL);

static const struct kl_field fields_PodFailurePolicyRule[] = {
	STR("action", 1, FLAGS(KL_REQUIRED), CHOICES("Count|FailIndex|FailJob|Ignore"),
		DOC("What happens when the rule matches: FailJob, FailIndex, Ignore or Count.")),
	OBJ("onExitCodes", 2, PodFailurePolicyOnExitCodesRequirement, DOC("Matches by exit code.")),
	LIST_OBJ("onPodConditions", 3, PodFailurePolicyOnPodConditionsPattern, DOC("Matches by the pod's conditions.")),
};
SCHEMA(PodFailurePolicyRule, "io.k8s.api.batch.v1.PodFailurePolicyRule", .doc = NULL);

static const struct kl_field fields_SuccessPolicy[] = {
	LIST_OBJ("rules", 1, SuccessPolicyRule, FLAGS(KL_REQUIRED),
		DOC("The Job has succeeded as soon as one of them holds.")),
};
SCHEMA(SuccessPolicy, "io.k8s.api.batch.v1.SuccessPolicy", .doc = NULL);

static const struct kl_field fields_SuccessPolicyRule[] = {
	I32("succeededCount", 2, DOC("How many indexes have to succeed.")),
	STR("succeededIndexes", 1, FLAGS(KL_OMIT_ZERO), DOC("Which indexes have to succeed.")),
};
SCHEMA(SuccessPolicyRule, "io.k8s.api.batch.v1.SuccessPolicyRule", .doc = NULL);

static const struct kl_field fields_UncountedTerminatedPods[] = {
	LIST_STR("failed", 2, FLAGS(KL_LIST_SET), DOC("How many failed.")),
	LIST_STR("succeeded", 1, FLAGS(KL_LIST_SET), DOC("How many succeeded.")),
};
SCHEMA(UncountedTerminatedPods, "io.k8s.api.batch.v1.UncountedTerminatedPods", .doc = NULL);
