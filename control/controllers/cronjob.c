/* CronJobs: a Job at each time of the schedule, old Jobs cleared away. */
#include "cron.h"
#include "owned.h"
#include "zone.h"

enum { MISSED_MAX = 100 };

struct cronjob {
	struct kl_controllers *c;
	const char *key;
	json_t *json, *spec, *status;
	bool dirty;
	struct kl_object **jobs;
	size_t job_count;
};

/* --- its Jobs */

struct gathering {
	struct cronjob *cj;
	const char *ns, *uid;
};

static void gather(struct kl_object *obj, void *arg)
{
	struct gathering *g = arg;
	if (strcmp(obj->ns, g->ns) != 0 || !strstr(obj->json, g->uid))
		return;
	g->cj->jobs = kl_reallocarray(g->cj->jobs, g->cj->job_count + 1, sizeof(struct kl_object *));
	g->cj->jobs[g->cj->job_count++] = obj;
}

static bool job_has(const json_t *job, const char *type)
{
	return !strcmp(kl_json_str(condition_find(json_object_get(job, "status"), type), "status", NULL), "True");
}

static void delete_job(struct cronjob *cj, const json_t *job)
{
	ctl_write(cj->c, &(struct ctl_write){.id = CTL_CRONJOB,
				 .key = cj->key,
				 .verb = KL_DELETE,
				 .kind = cj->c->owner_kinds[CTL_JOB],
				 .ns = meta_str(job, "namespace"),
				 .name = meta_str(job, "name"),
				 .uid = meta_str(job, "uid"),
				 .propagation = "Background",
				 .grace_period_s = CTL_DEFAULT_GRACE});
}

static int by_start(const void *a, const void *b)
{
	int64_t x = meta_time_ms(*(json_t *const *)a, "creationTimestamp"),
		y = meta_time_ms(*(json_t *const *)b, "creationTimestamp");
	return x < y ? -1 : x > y;
}

static void keep_history(struct cronjob *cj, json_t **jobs, size_t count, int64_t limit)
{
	qsort(jobs, count, sizeof(*jobs), by_start);
	for (size_t i = 0; (int64_t)i < (int64_t)count - limit; i++)
		delete_job(cj, jobs[i]);
}

static json_t *reference(const json_t *job)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "apiVersion", "batch/v1", "kind", "Job", "name",
		meta_str(job, "name"), "namespace", meta_str(job, "namespace"), "uid", meta_str(job, "uid"),
		"resourceVersion", meta_str(job, "resourceVersion"));
}

/* status.active and the history; returns the Jobs that run. */
static json_t *look_at_jobs(struct cronjob *cj)
{
	kl_autojson *trees = json_array();
	kl_autofree json_t **done = kl_calloc(cj->job_count + 1, sizeof(json_t *));
	kl_autofree json_t **failed = kl_calloc(cj->job_count + 1, sizeof(json_t *));
	size_t done_count = 0, failed_count = 0;
	json_t *active = json_array();
	for (size_t i = 0; i < cj->job_count; i++) {
		json_t *job = kl_object_parse(cj->jobs[i]);
		json_array_append_new(trees, job);
		if (strcmp(kl_json_str(controller_ref(job), "uid", NULL), meta_str(cj->json, "uid")) != 0)
			continue;
		if (job_has(job, "Complete"))
			done[done_count++] = job;
		else if (job_has(job, "Failed"))
			failed[failed_count++] = job;
		else if (!is_deleting(job))
			json_array_append(active, job);
		const char *end = kl_json_str(job, "status", "completionTime", NULL);
		if (job_has(job, "Complete") && strcmp(end, kl_json_str(cj->status, "lastSuccessfulTime", NULL)) > 0) {
			json_object_set_new(cj->status, "lastSuccessfulTime", json_string(end));
			cj->dirty = true;
		}
	}
	keep_history(cj, done, done_count, kl_json_int(cj->spec, 3, "successfulJobsHistoryLimit", NULL));
	keep_history(cj, failed, failed_count, kl_json_int(cj->spec, 1, "failedJobsHistoryLimit", NULL));
	return active;
}

static void set_active(struct cronjob *cj, const json_t *active)
{
	size_t i;
	json_t *job, *old = json_object_get(cj->status, "active");
	kl_autojson *list = json_array();
	json_array_foreach (active, i, job)
		json_array_append_new(list, reference(job));
	bool same = json_array_size(old) == json_array_size(list);
	for (i = 0; same && i < json_array_size(list); i++)
		same = !strcmp(kl_json_str(json_array_get(old, i), "uid", NULL),
			kl_json_str(json_array_get(list, i), "uid", NULL));
	if (same)
		return;
	cj->dirty = true;
	if (json_array_size(list))
		json_object_set(cj->status, "active", list);
	else
		json_object_del(cj->status, "active");
}

/* --- times */

static int64_t offset_at(const struct cronjob *cj, int64_t at_s)
{
	int64_t offset_s;
	zone_offset(kl_json_str(cj->spec, "timeZone", NULL), at_s, &offset_s);
	return offset_s;
}

/* The latest time that is due and not served yet; 0: none. */
static int64_t due_time(struct cronjob *cj, const struct cron *cron, int64_t now_s)
{
	int64_t from_s = meta_time_ms(cj->json, "creationTimestamp") / 1000, last_ms, due_s = 0;
	int64_t deadline_s = kl_json_int(cj->spec, -1, "startingDeadlineSeconds", NULL);
	if (!kl_time_parse(kl_json_str(cj->status, "lastScheduleTime", NULL), &last_ms))
		from_s = last_ms / 1000;
	if (deadline_s >= 0 && now_s - deadline_s > from_s)
		from_s = now_s - deadline_s;
	int missed = 0;
	for (int64_t at = cron_next(cron, from_s, offset_at(cj, from_s)); at && at <= now_s;
		at = cron_next(cron, at, offset_at(cj, at))) {
		due_s = at;
		if (++missed > MISSED_MAX) {
			/* A long sleep: only the last one matters, and it lies near. */
			int64_t near = now_s - 86400;
			at = near > at ? near : at;
			missed = 0;
		}
	}
	return due_s;
}

static json_t *job_new(struct cronjob *cj, int64_t due_s)
{
	char when[KL_TIME_TEXT];
	kl_autofree char *name = kl_asprintf("%s-%lld", meta_str(cj->json, "name"), (long long)(due_s / 60));
	const json_t *template = json_object_get(cj->spec, "jobTemplate");
	json_t *labels = kl_json_get(template, "metadata", "labels", NULL),
	       *notes = kl_json_get(template, "metadata", "annotations", NULL);
	json_t *job = json_pack("{s:s,s:s,s:{s:s,s:s,s:[o]},s:o}", "apiVersion", "batch/v1", "kind", "Job", "metadata",
		"name", name, "namespace", meta_str(cj->json, "namespace"), "ownerReferences",
		controller_ref_new(cj->json), "spec", json_deep_copy(json_object_get(template, "spec")));
	if (labels)
		kl_json_set(job, json_deep_copy(labels), "metadata", "labels", NULL);
	if (notes)
		kl_json_set(job, json_deep_copy(notes), "metadata", "annotations", NULL);
	kl_time_format(due_s, when);
	kl_json_set(job, json_string(when), "metadata", "annotations",
		"batch.kubernetes.io/cronjob-scheduled-timestamp", NULL);
	return job;
}

static void job_created(struct kl_controllers *c, const struct ctl_write *w, const struct kl_response *response)
{
	kl_autojson *json = ctl_load(c, c->owner_kinds[CTL_CRONJOB], w->key);
	if (json && !response->status.code && response->object)
		ctl_event(c, CTL_CRONJOB, json, "Normal", "SuccessfulCreate", "Created job %s", response->object->name);
	else if (json && response->status.code && response->status.code != 409)
		ctl_event(c, CTL_CRONJOB, json, "Warning", "FailedCreate", "Error creating job: %s",
			response->status.message);
}

static bool exists(struct cronjob *cj, const json_t *job)
{
	return kl_feed_get(cj->c->feed, cj->c->owner_kinds[CTL_JOB], meta_str(job, "namespace"),
		       meta_str(job, "name")) != NULL;
}

static void start(struct cronjob *cj, const json_t *active, int64_t due_s)
{
	size_t i;
	json_t *old;
	char when[KL_TIME_TEXT];
	const char *policy = kl_json_str(cj->spec, "concurrencyPolicy", NULL);
	if (!strcmp(policy, "Forbid") && json_array_size(active)) {
		ctl_event(cj->c, CTL_CRONJOB, cj->json, "Normal", "JobAlreadyActive",
			"Not starting job because prior execution is running and concurrency policy is Forbid");
		return;
	}
	if (!strcmp(policy, "Replace")) {
		json_array_foreach (active, i, old)
			delete_job(cj, old);
	}
	json_t *job = job_new(cj, due_s);
	if (exists(cj, job))
		json_decref(job);
	else
		ctl_create(cj->c, CTL_CRONJOB, cj->key, cj->c->owner_kinds[CTL_JOB], job, job_created);
	kl_time_format(due_s, when);
	json_object_set_new(cj->status, "lastScheduleTime", json_string(when));
	cj->dirty = true;
}

static void schedule(struct cronjob *cj, const json_t *active)
{
	struct cron cron;
	int64_t now_s = kl_realtime_ms() / 1000;
	if (!cron_parse(kl_json_str(cj->spec, "schedule", NULL), &cron)) {
		ctl_event(cj->c, CTL_CRONJOB, cj->json, "Warning", "UnparseableSchedule", "unparseable schedule: %s",
			kl_json_str(cj->spec, "schedule", NULL));
		return;
	}
	int64_t offset_s;
	const char *zone = kl_json_str(cj->spec, "timeZone", NULL);
	if (!zone_offset(zone, now_s, &offset_s)) {
		ctl_event(cj->c, CTL_CRONJOB, cj->json, "Warning", "UnknownTimeZone", "invalid timeZone: %s", zone);
		return;
	}
	if (kl_json_bool(cj->spec, false, "suspend", NULL))
		return;
	int64_t due_s = due_time(cj, &cron, now_s), next_s = cron_next(&cron, now_s, offset_at(cj, now_s));
	if (due_s)
		start(cj, active, due_s);
	if (next_s)
		ctl_enqueue_after(cj->c, CTL_CRONJOB, cj->key, next_s * 1000 - kl_realtime_ms() + 10);
}

static void sync(struct kl_controllers *c, const char *key)
{
	struct cronjob cj = {.c = c, .key = key, .json = ctl_load(c, c->owner_kinds[CTL_CRONJOB], key)};
	if (!cj.json)
		return;
	struct gathering g = {&cj, meta_str(cj.json, "namespace"), meta_str(cj.json, "uid")};
	cj.spec = json_object_get(cj.json, "spec");
	cj.status = kl_json_ensure(cj.json, "status", NULL);
	kl_feed_each(c->feed, c->owner_kinds[CTL_JOB], gather, &g);
	kl_autojson *active = look_at_jobs(&cj);
	set_active(&cj, active);
	if (!is_deleting(cj.json))
		schedule(&cj, active);
	if (cj.dirty)
		ctl_update(c, CTL_CRONJOB, key, c->owner_kinds[CTL_CRONJOB], "status", json_incref(cj.json));
	free(cj.jobs);
	json_decref(cj.json);
}

static void on_cronjob(struct kl_object *now, struct kl_object *prev, void *arg)
{
	ctl_enqueue_object(arg, CTL_CRONJOB, now ? now : prev);
}

static void on_job(struct kl_object *now, struct kl_object *prev, void *arg)
{
	struct kl_controllers *c = arg;
	const json_t *ref = controller_ref(kl_feed_parsed(c->feed));
	if (!ref || strcmp(kl_json_str(ref, "kind", NULL), "CronJob") != 0)
		return;
	kl_autofree char *key = kl_asprintf("%s/%s", (now ? now : prev)->ns, kl_json_str(ref, "name", NULL));
	ctl_enqueue(c, CTL_CRONJOB, key);
}

static void init(struct kl_controllers *c)
{
	c->owner_kinds[CTL_CRONJOB] = kl_kind_named("batch", "CronJob");
	kl_feed_add(c->feed, c->owner_kinds[CTL_CRONJOB], on_cronjob, c);
	kl_feed_add(c->feed, c->owner_kinds[CTL_JOB], on_job, c);
}

const struct controller cronjob_controller = {"cronjob-controller", init, sync, NULL};
