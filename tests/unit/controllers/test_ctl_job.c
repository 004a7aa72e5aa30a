#include "world.h"

#define JOB(name, image, more)                                                                         \
	"{'metadata':{'name':'" name "'},'spec':{" more "'template':{'spec':{'restartPolicy':'Never'," \
	"'terminationGracePeriodSeconds':1,'containers':[{'name':'c','image':'" image "'}]}}}}"

static bool has_condition(struct world *w, const char *name, const char *type, const char *reason)
{
	size_t i;
	json_t *condition;
	kl_autojson *job = world_get(w, "batch", "Job", "default", name);
	json_array_foreach (kl_json_get(job, "status", "conditions", NULL), i, condition) {
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return !strcmp(kl_json_str(condition, "status", NULL), "True") &&
			       !strcmp(kl_json_str(condition, "reason", NULL), reason);
	}
	return false;
}

static int64_t status(struct world *w, const char *name, const char *field)
{
	kl_autojson *job = world_get(w, "batch", "Job", "default", name);
	return kl_json_int(job, 0, "status", field, NULL);
}

KL_TEST(completes)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "batch", "Job", "default", JOB("pi", "done", "'completions':5,'parallelism':2,")));
	UNTIL(has_condition(&w, "pi", "Complete", "CompletionsReached"));
	KL_CHECK_INT(status(&w, "pi", "succeeded"), 5);
	UNTIL(status(&w, "pi", "active") == 0);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 5);
	kl_autojson *job = world_get(&w, "batch", "Job", "default", "pi");
	KL_CHECK(*kl_json_str(job, "status", "completionTime", NULL));
	KL_CHECK(*kl_json_str(job, "status", "startTime", NULL));
	world_delete(&w, "batch", "Job", "default", "pi", "Background");
	UNTIL(world_count(&w, "", "Pod", "default") == 0);
	world_close(&w);
}

KL_TEST(fails_after_its_backoff_limit)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "batch", "Job", "default", JOB("bad", "fail", "'backoffLimit':0,")));
	UNTIL(has_condition(&w, "bad", "Failed", "BackoffLimitExceeded"));
	KL_CHECK_INT(status(&w, "bad", "failed"), 1);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 1);
	world_close(&w);
}

KL_TEST(indexes_are_each_done_once)
{
	struct world w;
	size_t i;
	json_t *pod;
	bool seen[4] = {false};
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "batch", "Job", "default",
		JOB("ix", "done", "'completions':4,'parallelism':4,'completionMode':'Indexed',")));
	UNTIL(has_condition(&w, "ix", "Complete", "CompletionsReached"));
	kl_autojson *job = world_get(&w, "batch", "Job", "default", "ix");
	KL_CHECK_STR(kl_json_str(job, "status", "completedIndexes", NULL), "0-3");
	kl_autojson *pods = world_list(&w, "", "Pod", "default");
	KL_CHECK_INT(json_array_size(pods), 4);
	json_array_foreach (pods, i, pod)
		seen[atoi(kl_json_str(
			     pod, "metadata", "annotations", "batch.kubernetes.io/job-completion-index", NULL)) &
			3] = true;
	KL_CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
	world_close(&w);
}

KL_TEST(deadline_suspension_and_ttl)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "batch", "Job", "default", JOB("late", "i", "'activeDeadlineSeconds':1,")));
	json_decref(world_create(
		&w, "batch", "Job", "default", JOB("held", "done", "'suspend':true,'ttlSecondsAfterFinished':1,")));
	UNTIL(has_condition(&w, "held", "Suspended", "JobSuspended"));
	UNTIL(has_condition(&w, "late", "Failed", "DeadlineExceeded"));
	UNTIL(world_count(&w, "", "Pod", "default") == 0);
	world_patch(&w, "batch", "Job", "default", "held", "{'spec':{'suspend':false}}");
	UNTIL(has_condition(&w, "held", "Complete", "CompletionsReached"));
	UNTIL(world_count(&w, "batch", "Job", "default") == 1);
	world_close(&w);
}

KL_TEST(restarts_count_nothing_twice)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(
		world_create(&w, "batch", "Job", "default", JOB("pi", "done", "'completions':30,'parallelism':5,")));
	for (int i = 0; i < 10; i++) {
		world_stop_loops(&w);
		world_start_loops(&w);
		world_nap();
	}
	UNTIL(has_condition(&w, "pi", "Complete", "CompletionsReached"));
	KL_CHECK_INT(status(&w, "pi", "succeeded"), 30);
	KL_CHECK_INT(world_count(&w, "", "Pod", "default"), 30);
	world_close(&w);
}

KL_TEST(cron_jobs)
{
	struct world w;
	world_open(&w);
	world_node(&w, "node1");
	json_decref(world_create(&w, "batch", "CronJob", "default",
		"{'metadata':{'name':'tick'},'spec':{'schedule':'@every "
		"1s','successfulJobsHistoryLimit':1,'jobTemplate':{'spec':{'template':{'spec':{"
		"'restartPolicy':'Never','containers':[{'name':'c','image':'done'}]}}}}}}"));
	UNTIL(({
		kl_autojson *cron = world_get(&w, "batch", "CronJob", "default", "tick");
		*kl_json_str(cron, "status", "lastSuccessfulTime", NULL) != 0;
	}));
	KL_CHECK(world_count(&w, "batch", "Job", "default") >= 1);
	world_delete(&w, "batch", "CronJob", "default", "tick", "Background");
	UNTIL(world_count(&w, "batch", "Job", "default") == 0 && world_count(&w, "", "Pod", "default") == 0);
	world_close(&w);
}

KL_MAIN()
