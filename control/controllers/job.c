/*
 * Jobs: pods until enough of them have succeeded.
 *
 * Every pod of a Job is counted exactly once, whatever is deleted or restarted meanwhile: it carries a finalizer; when
 * it has ended its uid is first written into status.uncountedTerminatedPods, then the finalizer is removed, then the
 * uid becomes a number. Each step is written before the next begins (upstream's "job tracking with finalizers").
 */
#include "owned.h"

#include <stdio.h>

#define FINALIZER  "batch.kubernetes.io/job-tracking"
#define INDEX_NAME "batch.kubernetes.io/job-completion-index"

enum { BACKOFF_MIN_MS = 10000, BACKOFF_MAX_MS = 600000, CREATE_AT_ONCE = 500 };

struct job {
	struct owner owner;
	json_t *spec, *status;
	struct pod **pods;
	size_t count;
	int64_t active, ready, terminating, succeeded, failed;
	int64_t unsettled;                /* uids that are not numbers yet: the Job does not end before they are */
	int64_t parallelism, completions; /* completions -1: any success ends it */
	bool indexed, suspended, dirty;
	uint8_t *index_done; /* indexed: 1 succeeded, 2 active */
	int64_t last_failure_ms;
};

/* --- indexes: "1,3-5,7" as in status.completedIndexes */

static void mark_indexes(struct job *job, const char *text)
{
	while (*text) {
		char *end;
		long from = strtol(text, &end, 10), to = from;
		if (end == text)
			return;
		if (*end == '-')
			to = strtol(end + 1, &end, 10);
		for (long i = from; i >= 0 && i <= to && i < job->completions; i++)
			job->index_done[i] = 1;
		text = *end == ',' ? end + 1 : end;
	}
}

static char *format_indexes(const struct job *job)
{
	kl_autobuf buf = {0};
	for (int64_t i = 0; i < job->completions; i++) {
		int64_t from = i;
		if (job->index_done[i] != 1)
			continue;
		while (i + 1 < job->completions && job->index_done[i + 1] == 1)
			i++;
		kl_buf_printf(&buf,
			from == i       ? "%s%lld"
			: from + 1 == i ? "%s%lld,%lld"
					: "%s%lld-%lld",
			buf.len ? "," : "", (long long)from, (long long)i);
	}
	return buf.len ? kl_buf_take(&buf) : kl_strdup("");
}

static int64_t index_of(const json_t *pod)
{
	const char *text = kl_json_str(pod, "metadata", "annotations", INDEX_NAME, NULL);
	return *text ? strtoll(text, NULL, 10) : -1;
}

/* --- counting what has ended */

static bool has_finalizer(const json_t *pod)
{
	size_t i;
	json_t *name;
	json_array_foreach (kl_json_get(pod, "metadata", "finalizers", NULL), i, name) {
		if (json_is_string(name) && !strcmp(json_string_value(name), FINALIZER))
			return true;
	}
	return false;
}

static json_t *uncounted(struct job *job, const char *which)
{
	json_t *all = kl_json_ensure(job->status, "uncountedTerminatedPods", NULL);
	if (!json_is_array(json_object_get(all, which)))
		json_object_set_new(all, which, json_array());
	return json_object_get(all, which);
}

static bool holds(const json_t *list, const char *uid)
{
	size_t i;
	json_t *item;
	json_array_foreach (list, i, item) {
		if (!strcmp(json_string_value(item), uid))
			return true;
	}
	return false;
}

static void remove_finalizer(struct job *job, const struct pod *pod, const json_t *json)
{
	size_t i;
	json_t *name, *rest = json_array();
	json_array_foreach (kl_json_get(json, "metadata", "finalizers", NULL), i, name) {
		if (strcmp(json_string_value(name), FINALIZER) != 0)
			json_array_append(rest, name);
	}
	json_t *patch = json_pack("{s:{s:s,s:o}}", "metadata", "uid", pod->uid, "finalizers", rest);
	ctl_write(job->owner.c, &(struct ctl_write){.id = CTL_JOB,
					.key = job->owner.key,
					.verb = KL_PATCH,
					.kind = job->owner.c->kinds.pod,
					.ns = pod->ns,
					.name = pod->name,
					.patch = patch,
					.patch_type = KL_PATCH_MERGE});
}

static int64_t ended_ms(const json_t *pod)
{
	size_t i;
	json_t *container;
	int64_t last_ms = 0, ms;
	json_array_foreach (kl_json_get(pod, "status", "containerStatuses", NULL), i, container) {
		const char *at = kl_json_str(container, "state", "terminated", "finishedAt", NULL);
		if (!kl_time_parse(at, &ms) && ms > last_ms)
			last_ms = ms;
	}
	return last_ms ? last_ms : kl_realtime_ms();
}

/* A pod that has ended, or is gone for good before it could. */
static void count_ended(struct job *job, struct pod *pod)
{
	kl_autojson *json = kl_object_parse(pod->obj);
	bool success = pod->over && !pod->failed;
	int64_t index = index_of(json);
	json_t *list = uncounted(job, success ? "succeeded" : "failed");
	if (!success && ended_ms(json) > job->last_failure_ms)
		job->last_failure_ms = ended_ms(json);
	if (success && job->indexed && index >= 0 && index < job->completions)
		job->index_done[index] = 1;
	if (!has_finalizer(json))
		return; /* counted already; it only stands there to be looked at */
	if (holds(list, pod->uid)) {
		remove_finalizer(job, pod, json);
		return;
	}
	json_array_append_new(list, json_string(pod->uid));
	job->dirty = true;
}

/* uids whose pods have lost their finalizer become numbers. */
static int64_t settle(struct job *job, const char *which, const char *field)
{
	json_t *list = uncounted(job, which);
	int64_t number = kl_json_int(job->status, 0, field, NULL), waiting = 0;
	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *uid = json_string_value(json_array_get(list, i));
		const struct pod *pod = NULL;
		for (size_t k = 0; k < job->count && !pod; k++)
			pod = !strcmp(job->pods[k]->uid, uid) ? job->pods[k] : NULL;
		kl_autojson *json = pod ? kl_object_parse(pod->obj) : NULL;
		if (json && has_finalizer(json)) {
			waiting++;
			continue;
		}
		json_array_remove(list, i);
		number++;
		job->dirty = true;
	}
	job->dirty |= status_number(job->status, field, number, false);
	job->unsettled += waiting;
	return number + waiting;
}

/* A deleted pod that only our finalizer still holds: it never ran, or its node said (grace 0) that it has ended. */
static bool has_ended(const struct pod *pod)
{
	kl_autojson *json = pod->node ? kl_object_parse(pod->obj) : NULL;
	return !json || !kl_json_int(json, -1, "metadata", "deletionGracePeriodSeconds", NULL);
}

static void count_pods(struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		struct pod *pod = job->pods[i];
		if (pod->over) {
			count_ended(job, pod);
		} else if (pod->deleting) {
			job->terminating++;
			if (has_ended(pod))
				count_ended(job, pod);
		} else {
			job->active++;
			job->ready += pod->ready;
			kl_autojson *json = job->indexed ? kl_object_parse(pod->obj) : NULL;
			int64_t index = json ? index_of(json) : -1;
			if (index >= 0 && index < job->completions && !job->index_done[index])
				job->index_done[index] = 2;
		}
	}
	job->succeeded = settle(job, "succeeded", "succeeded");
	job->failed = settle(job, "failed", "failed");
	if (!job->indexed)
		return;
	kl_autofree char *indexes = format_indexes(job);
	job->succeeded = 0;
	for (int64_t i = 0; i < job->completions; i++)
		job->succeeded += job->index_done[i] == 1;
	if (strcmp(kl_json_str(job->status, "completedIndexes", NULL), indexes) != 0) {
		json_object_set_new(job->status, "completedIndexes", json_string(indexes));
		job->dirty = true;
	}
}

/* --- pods */

static void create_pod(struct job *job, int64_t index)
{
	json_t *pod = owner_pod_new(&job->owner, json_object_get(job->spec, "template"), NULL);
	json_t *meta = json_object_get(pod, "metadata"), *finalizers = json_object_get(meta, "finalizers");
	if (!finalizers) {
		finalizers = json_array();
		json_object_set_new(meta, "finalizers", finalizers);
	}
	json_array_append_new(finalizers, json_string(FINALIZER));
	if (index >= 0) {
		char text[24];
		size_t i;
		json_t *container;
		snprintf(text, sizeof(text), "%lld", (long long)index);
		kl_json_set(pod, json_string(text), "metadata", "annotations", INDEX_NAME, NULL);
		kl_json_set(pod, json_string(text), "metadata", "labels", INDEX_NAME, NULL);
		kl_autofree char *prefix = kl_asprintf("%s-%lld-", meta_str(job->owner.json, "name"), (long long)index);
		kl_autofree char *hostname =
			kl_asprintf("%s-%lld", meta_str(job->owner.json, "name"), (long long)index);
		json_object_set_new(meta, "generateName", json_string(prefix));
		if (!*kl_json_str(pod, "spec", "hostname", NULL))
			kl_json_set(pod, json_string(hostname), "spec", "hostname", NULL);
		json_array_foreach (kl_json_get(pod, "spec", "containers", NULL), i, container) {
			if (!json_object_get(container, "env"))
				json_object_set_new(container, "env", json_array());
			json_array_append_new(json_object_get(container, "env"),
				json_pack("{s:s,s:s}", "name", "JOB_COMPLETION_INDEX", "value", text));
		}
	}
	owner_create_pod(&job->owner, pod);
}

static int64_t wanted(const struct job *job)
{
	int64_t left = job->completions >= 0 ? job->completions - job->succeeded : job->parallelism;
	if (job->completions < 0 && job->succeeded)
		return job->active; /* the first success: those that run may end, no new ones */
	return left < job->parallelism ? left : job->parallelism;
}

/* After a failure the next pod waits: 10 s, doubled with each failure. */
static int64_t backoff_left_ms(const struct job *job)
{
	int64_t failures = job->failed - 1;
	if (!job->failed || !job->last_failure_ms)
		return 0;
	int64_t delay_ms = failures < 6 ? (int64_t)BACKOFF_MIN_MS << failures : BACKOFF_MAX_MS;
	return job->last_failure_ms + (delay_ms < BACKOFF_MAX_MS ? delay_ms : BACKOFF_MAX_MS) - kl_realtime_ms();
}

static void create_missing(struct job *job, int64_t count)
{
	int64_t wait_ms = backoff_left_ms(job), index = 0;
	if (wait_ms > 0) {
		ctl_enqueue_after(job->owner.c, CTL_JOB, job->owner.key, wait_ms);
		return;
	}
	if (ctl_failures(job->owner.c, CTL_JOB, job->owner.key))
		count = 1;
	for (int64_t made = 0; made < count && made < CREATE_AT_ONCE; made++) {
		while (job->indexed && index < job->completions && job->index_done[index])
			index++;
		if (job->indexed && index >= job->completions)
			return;
		create_pod(job, job->indexed ? index++ : -1);
	}
}

static void delete_active(struct job *job, int64_t count)
{
	kl_autofree struct pod **active = kl_calloc(job->count + 1, sizeof(struct pod *));
	size_t n = 0;
	for (size_t i = 0; i < job->count; i++) {
		if (!job->pods[i]->over && !job->pods[i]->deleting)
			active[n++] = job->pods[i];
	}
	owner_sort_for_deletion(job->owner.c, active, n);
	for (size_t i = 0; i < n && (int64_t)i < count; i++)
		owner_delete_pod(&job->owner, active[i]);
}

static void manage(struct job *job)
{
	int64_t want = job->suspended ? 0 : wanted(job);
	if (job->active > want)
		delete_active(job, job->active - want);
	else if (job->active + job->terminating < want)
		create_missing(job, want - job->active - job->terminating);
}

/* --- the end */

static bool finished(const struct job *job)
{
	static const char *const types[] = {"Complete", "Failed"};
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++) {
		if (!strcmp(kl_json_str(condition_find(job->status, types[i]), "status", NULL), "True"))
			return true;
	}
	return false;
}

static bool is_complete(const struct job *job)
{
	if (job->completions >= 0)
		return job->succeeded >= job->completions;
	return job->succeeded > 0 && !job->active;
}

static void set_condition(struct job *job, const char *type, const char *value, const char *reason, const char *message)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	if (!condition_set(job->status, type, value, reason, message, false))
		return;
	json_t *condition = condition_find(job->status, type);
	json_object_set_new(condition, "lastProbeTime", json_string(now));
	if (!*reason)
		json_object_del(condition, "reason");
	if (!*message)
		json_object_del(condition, "message");
	job->dirty = true;
}

static void fail(struct job *job, const char *reason, const char *message)
{
	delete_active(job, job->active);
	if (job->unsettled)
		return;
	set_condition(job, "Failed", "True", reason, message);
	ctl_event(job->owner.c, CTL_JOB, job->owner.json, "Warning", reason, "%s", message);
}

static void complete(struct job *job)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	delete_active(job, job->active);
	if (job->unsettled)
		return;
	set_condition(job, "Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods");
	json_object_set_new(job->status, "completionTime", json_string(now));
	ctl_event(job->owner.c, CTL_JOB, job->owner.json, "Normal", "Completed", "Job completed");
}

/* Milliseconds left; INT64_MAX: no deadline. */
static int64_t deadline_left_ms(const struct job *job)
{
	int64_t start_ms, deadline_s = kl_json_int(job->spec, -1, "activeDeadlineSeconds", NULL);
	if (deadline_s < 0 || kl_time_parse(kl_json_str(job->status, "startTime", NULL), &start_ms))
		return INT64_MAX;
	return start_ms + deadline_s * 1000 - kl_realtime_ms();
}

static int64_t restarts(const struct job *job)
{
	int64_t total = 0;
	for (size_t i = 0; i < job->count; i++)
		total += job->pods[i]->over ? 0 : job->pods[i]->restarts;
	return total;
}

static bool over_backoff_limit(const struct job *job)
{
	int64_t limit = kl_json_int(job->spec, 6, "backoffLimit", NULL);
	bool on_failure = !strcmp(kl_json_str(job->spec, "template", "spec", "restartPolicy", NULL), "OnFailure");
	return job->failed > limit || (on_failure && restarts(job) > limit);
}

static void set_suspended(struct job *job)
{
	char now[KL_TIME_TEXT];
	kl_time_now(now);
	bool was = !strcmp(kl_json_str(condition_find(job->status, "Suspended"), "status", NULL), "True");
	if (job->suspended && !was) {
		set_condition(job, "Suspended", "True", "JobSuspended", "Job suspended");
		json_object_del(job->status, "startTime");
		ctl_event(job->owner.c, CTL_JOB, job->owner.json, "Normal", "Suspended", "Job suspended");
	} else if (!job->suspended && was) {
		set_condition(job, "Suspended", "False", "JobResumed", "Job resumed");
		ctl_event(job->owner.c, CTL_JOB, job->owner.json, "Normal", "Resumed", "Job resumed");
	}
	if (!job->suspended && !json_object_get(job->status, "startTime")) {
		json_object_set_new(job->status, "startTime", json_string(now));
		job->dirty = true;
	}
}

static void judge(struct job *job)
{
	int64_t left_ms = deadline_left_ms(job);
	set_suspended(job);
	if (over_backoff_limit(job))
		fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
	else if (left_ms <= 0)
		fail(job, "DeadlineExceeded", "Job was active longer than specified deadline");
	else if (is_complete(job))
		complete(job);
	else
		manage(job);
	if (left_ms > 0 && left_ms != INT64_MAX)
		ctl_enqueue_after(job->owner.c, CTL_JOB, job->owner.key, left_ms + 1);
}

/* spec.ttlSecondsAfterFinished: a finished Job goes by itself. */
static void expire(struct job *job)
{
	int64_t end_ms = 0, ttl_s = kl_json_int(job->spec, -1, "ttlSecondsAfterFinished", NULL);
	if (ttl_s < 0)
		return;
	const char *type = condition_find(job->status, "Complete") ? "Complete" : "Failed";
	kl_time_parse(kl_json_str(condition_find(job->status, type), "lastTransitionTime", NULL), &end_ms);
	int64_t left_ms = end_ms + ttl_s * 1000 - kl_realtime_ms();
	if (left_ms > 0)
		ctl_enqueue_after(job->owner.c, CTL_JOB, job->owner.key, left_ms + 1);
	else
		ctl_write(job->owner.c, &(struct ctl_write){.id = CTL_JOB,
						.key = job->owner.key,
						.verb = KL_DELETE,
						.kind = job->owner.kind,
						.ns = meta_str(job->owner.json, "namespace"),
						.name = meta_str(job->owner.json, "name"),
						.uid = meta_str(job->owner.json, "uid"),
						.propagation = "Foreground",
						.grace_period_s = CTL_DEFAULT_GRACE});
}

/* --- sync */

static void read_job(struct job *job)
{
	job->spec = json_object_get(job->owner.json, "spec");
	job->status = kl_json_ensure(job->owner.json, "status", NULL);
	job->parallelism = kl_json_int(job->spec, 1, "parallelism", NULL);
	job->completions = kl_json_int(job->spec, -1, "completions", NULL);
	job->suspended = kl_json_bool(job->spec, false, "suspend", NULL);
	job->indexed = !strcmp(kl_json_str(job->spec, "completionMode", NULL), "Indexed") && job->completions >= 0;
	job->index_done = kl_calloc((size_t)(job->completions > 0 ? job->completions : 0) + 1, 1);
	if (job->indexed)
		mark_indexes(job, kl_json_str(job->status, "completedIndexes", NULL));
	owner_claim(&job->owner);
	job->pods = owner_pods(&job->owner, true, &job->count);
}

static void write_status(struct job *job)
{
	job->dirty |= status_number(job->status, "active", finished(job) ? 0 : job->active, false);
	job->dirty |= status_number(job->status, "ready", finished(job) ? 0 : job->ready, true);
	job->dirty |= status_number(job->status, "terminating", job->terminating, true);
	if (job->dirty)
		owner_write_status(&job->owner);
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct job job = {0};
	if (!owner_load(c, CTL_JOB, c->owner_kinds[CTL_JOB], key, &job.owner))
		return;
	read_job(&job);
	count_pods(&job);
	if (is_deleting(job.owner.json)) {
		/* Its pods are the garbage collector's; only the finalizers are ours. */
		write_status(&job);
	} else {
		if (finished(&job))
			expire(&job);
		else
			judge(&job);
		write_status(&job);
	}
	free(job.pods);
	free(job.index_done);
	owner_release(&job.owner);
}

/* --- events */

static void on_job(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_JOB, now ? now : prev);
}

/* A pod whose Job is gone keeps nobody waiting for its count. */
static void free_orphan(struct kl_controllers *c, const struct pod *pod)
{
	if (!pod->owner_kind || strcmp(pod->owner_kind, "Job") != 0 || !strstr(pod->obj->json, FINALIZER))
		return;
	const struct kl_object *job = kl_feed_get(c->feed, c->owner_kinds[CTL_JOB], pod->ns, pod->owner_name);
	if (job && !strcmp(job->uid, pod->owner_uid))
		return;
	kl_autojson *json = kl_object_parse(pod->obj);
	struct job none = {.owner = {.c = c, .key = pod->key}};
	if (has_finalizer(json))
		remove_finalizer(&none, pod, json);
}

static void orphan_pods(struct kl_controllers *c, const char *uid)
{
	for (struct pod *pod = pods_of_owner(c, uid); pod; pod = pod->owner_next)
		free_orphan(c, pod);
}

static void on_job_gone(struct kl_object *now, struct kl_object *prev, void *arg)
{
	if (!now)
		orphan_pods(arg, prev->uid);
}

static void on_pod(struct kl_controllers *c, struct pod *pod, bool gone)
{
	owner_of_pod_enqueue(c, CTL_JOB, "Job", pod);
	if (!gone && pod->deleting)
		free_orphan(c, pod);
	if (!gone)
		owner_offer_orphan(c, CTL_JOB, c->owner_kinds[CTL_JOB], pod);
}

static void init(struct kl_controllers *c)
{
	c->owner_kinds[CTL_JOB] = kl_kind_named("batch", "Job");
	kl_feed_add(c->feed, c->owner_kinds[CTL_JOB], on_job, c);
	kl_feed_add(c->feed, c->owner_kinds[CTL_JOB], on_job_gone, c);
	pods_listen(c, on_pod);
}

const struct controller job_controller = {"job-controller", init, sync, NULL};
