#include "deployment.h"

int64_t deployment_deadline_s(const struct deployment *d)
{
	int64_t deadline_s = kl_json_int(d->spec, 600, "progressDeadlineSeconds", NULL);
	return deadline_s == INT32_MAX ? 0 : deadline_s;
}

static int64_t number(const json_t *status, const char *field)
{
	return kl_json_int(status, 0, field, NULL);
}

static void put_number(json_t *status, const char *field, int64_t value)
{
	if (value)
		json_object_set_new(status, field, json_integer(value));
	else
		json_object_del(status, field);
}

static void count(struct deployment *d)
{
	int64_t replicas = 0, ready = 0, available = 0, wanted = 0;
	for (size_t i = 0; i < d->count; i++) {
		replicas += d->sets[i].replicas;
		ready += d->sets[i].ready;
		available += d->sets[i].available;
		wanted += d->sets[i].wanted;
	}
	put_number(d->status, "observedGeneration", kl_json_int(d->json, 0, "metadata", "generation", NULL));
	put_number(d->status, "replicas", replicas);
	put_number(d->status, "updatedReplicas", d->fresh ? d->fresh->replicas : 0);
	put_number(d->status, "readyReplicas", ready);
	put_number(d->status, "availableReplicas", available);
	put_number(d->status, "unavailableReplicas", wanted > available ? wanted - available : 0);
}

static void set_available(struct deployment *d)
{
	int64_t needed = d->replicas - (d->recreate ? 0 : d->rollout.max_unavailable);
	if (number(d->status, "availableReplicas") >= needed)
		condition_set(d->status, "Available", "True", "MinimumReplicasAvailable",
			"Deployment has minimum availability.", true);
	else
		condition_set(d->status, "Available", "False", "MinimumReplicasUnavailable",
			"Deployment does not have minimum availability.", true);
}

bool deployment_complete(const struct deployment *d, const json_t *status)
{
	return number(status, "updatedReplicas") == d->replicas && number(status, "replicas") == d->replicas &&
	       number(status, "availableReplicas") == d->replicas &&
	       number(status, "observedGeneration") >= kl_json_int(d->json, 0, "metadata", "generation", NULL);
}

static bool moved_on(const json_t *old, const json_t *now)
{
	int64_t old_left = number(old, "replicas") - number(old, "updatedReplicas");
	int64_t now_left = number(now, "replicas") - number(now, "updatedReplicas");
	return number(now, "updatedReplicas") > number(old, "updatedReplicas") || now_left < old_left ||
	       number(now, "readyReplicas") > number(old, "readyReplicas") ||
	       number(now, "availableReplicas") > number(old, "availableReplicas");
}

void deployment_progressing(struct deployment *d, const char *value, const char *reason, const char *message)
{
	condition_set(d->status, "Progressing", value, reason, message, true);
}

/* A step forward restarts the deadline: the update time moves even where reason and status stay. */
static void touch_progressing(struct deployment *d, const char *message)
{
	json_t *old = condition_find(d->status, "Progressing");
	kl_autofree char *since = !strcmp(kl_json_str(old, "status", NULL), "True")
					  ? kl_strdup(kl_json_str(old, "lastTransitionTime", NULL))
					  : NULL;
	condition_remove(d->status, "Progressing");
	condition_set(d->status, "Progressing", "True", "ReplicaSetUpdated", message, true);
	if (since && *since)
		json_object_set_new(condition_find(d->status, "Progressing"), "lastTransitionTime", json_string(since));
}

/* Milliseconds until the deadline; 0: it is over; -1: there is none to wait for. */
static int64_t deadline_left_ms(const struct deployment *d)
{
	int64_t since_ms = 0, deadline_s = deployment_deadline_s(d);
	const json_t *condition = condition_find(d->status, "Progressing");
	const char *reason = kl_json_str(condition, "reason", NULL);
	if (!condition || !deadline_s || !strcmp(reason, "NewReplicaSetAvailable"))
		return -1;
	if (!strcmp(reason, "ProgressDeadlineExceeded"))
		return 0;
	if (kl_time_parse(kl_json_str(condition, "lastUpdateTime", NULL), &since_ms))
		return -1;
	int64_t left_ms = since_ms + deadline_s * 1000 - kl_realtime_ms();
	return left_ms > 0 ? left_ms : 0;
}

static char *subject(const struct deployment *d, const char *words)
{
	if (d->fresh)
		return kl_asprintf("ReplicaSet \"%s\" %s", d->fresh->name, words);
	return kl_asprintf("Deployment \"%s\" %s", meta_str(d->json, "name"), words);
}

static void judge_progress(struct deployment *d)
{
	const json_t *condition = condition_find(d->status, "Progressing");
	bool was_complete = number(d->status, "replicas") == number(d->status, "updatedReplicas") &&
			    !strcmp(kl_json_str(condition, "reason", NULL), "NewReplicaSetAvailable");
	if (!deployment_deadline_s(d)) {
		condition_remove(d->status, "Progressing");
		return;
	}
	if (was_complete)
		return;
	if (deployment_complete(d, d->status)) {
		kl_autofree char *words = subject(d, "has successfully progressed.");
		deployment_progressing(d, "True", "NewReplicaSetAvailable", words);
	} else if (moved_on(json_object_get(d->json, "status"), d->status)) {
		kl_autofree char *words = subject(d, "is progressing.");
		touch_progressing(d, words);
	} else if (!deadline_left_ms(d)) {
		kl_autofree char *words = subject(d, "has timed out progressing.");
		deployment_progressing(d, "False", "ProgressDeadlineExceeded", words);
	}
}

static void copy_failures(struct deployment *d)
{
	condition_remove(d->status, "ReplicaFailure");
	for (size_t i = 0; i < d->count; i++) {
		const json_t *from = condition_find(json_object_get(d->sets[i].json, "status"), "ReplicaFailure");
		if (!strcmp(kl_json_str(from, "status", NULL), "True")) {
			condition_set(d->status, "ReplicaFailure", "True", kl_json_str(from, "reason", NULL),
				kl_json_str(from, "message", NULL), true);
			return;
		}
	}
}

void deployment_write_status(struct deployment *d, bool rollout)
{
	count(d);
	set_available(d);
	if (rollout) {
		judge_progress(d);
		copy_failures(d);
	}
	int64_t left_ms = rollout ? deadline_left_ms(d) : -1;
	if (left_ms > 0)
		ctl_enqueue_after(d->c, CTL_DEPLOYMENT, d->key, left_ms + 1000);
	json_t *old = json_object_get(d->json, "status");
	if (old && json_equal(old, d->status))
		return;
	json_t *next = json_copy(d->json);
	json_object_set(next, "status", d->status);
	ctl_update(d->c, CTL_DEPLOYMENT, d->key, d->c->kinds.deployment, "status", next);
}
