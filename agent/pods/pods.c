#include "pods_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- jobs */

static void job_work(uv_work_t *req)
{
	struct job *job = container_of(req, struct job, req);

	job->work(job);
}

static void job_done(uv_work_t *req, int status)
{
	struct job *job = container_of(req, struct job, req);
	struct kl_pod *pod = job->pod;

	(void)status; /* never cancelled */
	pod->pods->jobs--;
	job->done(job);
	free(job); /* the first member of whatever it is part of */
	pod_unref(pod);
}

void job_start(struct job *job, struct kl_pod *pod, void (*work)(struct job *), void (*done)(struct job *))
{
	job->pod = pod;
	job->work = work;
	job->done = done;
	pod_ref(pod);
	pod->pods->jobs++;
	uv_queue_work(pod->pods->loop, &job->req, job_work, job_done);
}

/* --- the table */

static int make_dirs(struct kl_pods *pods, struct kl_err *err)
{
	const char *const dirs[] = {
		pods->pods_dir, pods->logs_dir, pods->containers_dir, pods->upper_dir, pods->netns_dir};
	int rc = 0;

	for (size_t i = 0; !rc && i < KL_ARRAY_LEN(dirs); i++)
		rc = kl_mkdir_p(dirs[i], 0755, err);
	return rc;
}

static void adopt_all(struct kl_pods *pods)
{
	struct kl_pod *pod, *next;
	size_t running = 0;

	HASH_ITER (hh, pods->table, pod, next) {
		for (size_t i = 0; i < pod->count; i++) {
			container_adopt(pod->containers[i]);
			running += pod->containers[i]->state == C_RUNNING;
		}
		report_changed(pod);
		pod_step(pod);
	}
	if (HASH_COUNT(pods->table))
		kl_info("took over %u pods, %zu containers run", HASH_COUNT(pods->table), running);
}

int kl_pods_new(uv_loop_t *loop, const struct kl_pods_options *options, struct kl_pods **ret, struct kl_err *err)
{
	struct kl_pods *pods = kl_calloc(1, sizeof(*pods));

	pods->loop = loop;
	pods->opt = *options;
	pods->pods_dir = kl_asprintf("%s/pods", options->root_dir);
	pods->logs_dir = kl_asprintf("%s/logs", options->root_dir);
	pods->upper_dir = kl_asprintf("%s/containers", options->root_dir);
	pods->containers_dir = kl_asprintf("%s/containers", options->run_dir);
	pods->netns_dir = kl_asprintf("%s/netns", options->run_dir);
	pods->boot_id = boot_id_read();
	pods->events = events_new(pods);
	int rc = make_dirs(pods, err);
	if (rc) {
		kl_pods_free(pods);
		return rc;
	}
	checkpoint_load_all(pods);
	checkpoint_orphans(pods);
	adopt_all(pods);
	logrotate_start(pods);
	*ret = pods;
	return 0;
}

static void pods_release(struct kl_pods *pods)
{
	free(pods->pods_dir);
	free(pods->logs_dir);
	free(pods->upper_dir);
	free(pods->containers_dir);
	free(pods->netns_dir);
	json_decref(pods->boot_id);
	free(pods);
}

/* Work in the pool still points to pods, and pods to us: the loop runs until they have let go. */
void kl_pods_free(struct kl_pods *pods)
{
	struct kl_pod *pod, *next;

	if (!pods)
		return;
	pods->freeing = true;
	HASH_ITER (hh, pods->table, pod, next)
		pod_remove(pod);
	while (pods->jobs)
		uv_run(pods->loop, UV_RUN_ONCE);
	logrotate_stop(pods);
	events_free(pods->events);
	uv_run(pods->loop, UV_RUN_NOWAIT);
	pods_release(pods);
}

/* --- from the API */

static void note_deletion(struct kl_pod *pod)
{
	int64_t now = kl_realtime_ms(), due;
	int64_t grace = 1000 * kl_json_int(pod->object, 30, "metadata", "deletionGracePeriodSeconds", NULL),
		left = grace;
	const char *at = kl_json_str(pod->object, "metadata", "deletionTimestamp", NULL);

	if (!*at)
		return;
	/* The timestamp is the end of the grace period, in whole seconds of another clock. */
	if (!kl_time_parse(at, &due) && due - now < left)
		left = due - now;
	if (left < grace - 1500 && !pod->deleting)
		left = left < 0 ? 0 : left;
	else
		left = grace;
	int64_t delete_at = kl_monotonic_ms() + left;
	if (!pod->deleting || delete_at < pod->delete_at_ms) {
		pod->delete_at_ms = delete_at;
		for (size_t i = 0; i < pod->count; i++)
			if (pod->containers[i]->stopping)
				container_stop(pod->containers[i], pod_grace_ms(pod), NULL);
	}
	pod->deleting = true;
	for (size_t i = 0; i < pod->count; i++)
		container_quiet(pod->containers[i]);
}

/* The image is the one thing of a container that may change in place. */
static void note_images(struct kl_pod *pod, const json_t *old)
{
	for (size_t i = 0; i < pod->count && !pod->deleting; i++) {
		const char *name = pod->containers[i]->name;
		const char *before = kl_json_str(kl_pod_container(old, name), "image", NULL);
		if (strcmp(before, kl_json_str(kl_pod_container(pod->object, name), "image", NULL)) != 0)
			container_spec_changed(pod->containers[i]);
	}
}

void kl_pods_update(struct kl_pods *pods, const json_t *object)
{
	const char *uid = kl_json_str(object, "metadata", "uid", NULL);
	struct kl_pod *pod;

	if (!*uid)
		return;
	HASH_FIND_STR(pods->table, uid, pod);
	if (!pod) {
		pod = pod_new(pods, object);
		note_deletion(pod);
		report_changed(pod);
		pod_step(pod);
		return;
	}
	kl_autojson *old = pod->object;
	pod->object = json_deep_copy(object);
	note_deletion(pod);
	note_images(pod, old);
	pod_note_ephemeral(pod);
	report_changed(pod);
	pod_step(pod);
}

static void gone_from_api(struct kl_pod *pod)
{
	if (pod->api_gone)
		return;
	pod->api_gone = true;
	if (!pod->deleting) { /* deleted by force, or while this agent was away */
		pod->deleting = true;
		pod->delete_at_ms = kl_monotonic_ms() +
				    1000 * kl_json_int(pod->object, 30, "spec", "terminationGracePeriodSeconds", NULL);
	}
	for (size_t i = 0; i < pod->count; i++)
		container_quiet(pod->containers[i]);
	if (!pod->cleaned)
		checkpoint_save(pod);
	pod_step(pod);
}

void kl_pods_deleted(struct kl_pods *pods, const json_t *last)
{
	struct kl_pod *pod;

	HASH_FIND_STR(pods->table, kl_json_str(last, "metadata", "uid", NULL), pod);
	if (!pod)
		return;
	if (json_object_get(json_object_get(last, "metadata"), "deletionTimestamp")) {
		json_decref(pod->object);
		pod->object = json_deep_copy(last);
		note_deletion(pod);
	}
	gone_from_api(pod);
}

void kl_pods_synced(
	struct kl_pods *pods, bool (*known)(const char *ns, const char *name, const char *uid, void *arg), void *arg)
{
	struct kl_pod *pod, *next;

	pods->synced = true;
	HASH_ITER (hh, pods->table, pod, next)
		if (!known(pod->ns, pod->name, pod->uid, arg))
			gone_from_api(pod);
}

void kl_pods_network_ready(struct kl_pods *pods, bool ready)
{
	struct kl_pod *pod, *next;

	if (pods->network_ready == ready)
		return;
	pods->network_ready = ready;
	if (ready)
		HASH_ITER (hh, pods->table, pod, next)
			pod_step(pod);
}

/* --- looking */

static struct kl_pod *find_pod(struct kl_pods *pods, const char *ns, const char *name, const char *uid)
{
	struct kl_pod *found = NULL;

	for (struct kl_pod *pod = pods->table; pod; pod = pod->hh.next)
		if (!strcmp(pod->name, name) && !strcmp(pod->ns, ns) && (!uid || !*uid || !strcmp(pod->uid, uid)))
			if (!found || found->deleting) /* of two of one name, the living one */
				found = pod;
	return found;
}

static struct container *find_container(struct kl_pod *pod, const char *name)
{
	for (size_t i = 0; i < pod->count; i++)
		if (!strcmp(pod->containers[i]->name, name))
			return pod->containers[i];
	return NULL;
}

int kl_pods_find_container(struct kl_pods *pods, const char *ns, const char *name, const char *uid,
	const char *container, struct kl_pod_container_view *ret, struct kl_err *err)
{
	struct kl_pod *pod = find_pod(pods, ns, name, uid);
	struct container *c = pod ? find_container(pod, container) : NULL;

	if (!pod)
		return kl_fail_msg(err, ENOENT, "pods \"%s\" not found", name);
	if (!c)
		return kl_fail_msg(err, ENOENT, "container \"%s\" in pod \"%s\" is not available", container, name);
	const json_t *spec = container_spec(c);
	const char *reason = c->waiting_reason ? c->waiting_reason : "ContainerCreating";
	bool running = c->state == C_RUNNING, ended = c->terminated && !c->waiting_reason;
	*ret = (struct kl_pod_container_view){.id = c->id,
		.bundle = c->bundle,
		.log_path = c->started_ms ? c->log_path : NULL,
		.running = running,
		.tty = kl_json_bool(spec, false, "tty", NULL),
		.stdin_open = kl_json_bool(spec, false, "stdin", NULL),
		.pid = c->handle.pid,
		.monitor_pid = c->handle.monitor_pid,
		.waiting_reason = running || ended ? "" : reason,
		.cgroup = c->cgroup};
	/* While a container waits to be started again, its last run is both the present and the previous one. */
	int previous = running || ended ? c->log_number - 1 : c->log_number;
	if (previous >= 0 && c->started_ms)
		ret->log_path_previous = kl_asprintf("%s/%s/%d.log", pod->log_dir, c->name, previous);
	return 0;
}

int kl_pods_find_netns(
	struct kl_pods *pods, const char *ns, const char *name, const char *uid, char **ret, struct kl_err *err)
{
	struct kl_pod *pod = find_pod(pods, ns, name, uid);

	if (!pod || !pod->sandboxed)
		return kl_fail_msg(err, ENOENT, pod ? "pod \"%s\" has no network yet" : "pods \"%s\" not found", name);
	*ret = pod->host_network ? NULL : kl_asprintf("%s/net", pod->ns_dir);
	return 0;
}

json_t *kl_pods_list(struct kl_pods *pods)
{
	json_t *items = json_array();

	for (struct kl_pod *pod = pods->table; pod; pod = pod->hh.next) {
		json_t *object = json_copy(pod->object);
		if (pod->status)
			json_object_set(object, "status", pod->status);
		json_array_append_new(items, object);
	}
	return json_pack("{s:s,s:s,s:{},s:o}", "kind", "PodList", "apiVersion", "v1", "metadata", "items", items);
}

void kl_pods_each_running(struct kl_pods *pods,
	void (*each)(const json_t *pod, const char *container, const char *cgroup, void *arg), void *arg)
{
	for (struct kl_pod *pod = pods->table; pod; pod = pod->hh.next)
		for (size_t i = 0; i < pod->count; i++)
			if (pod->containers[i]->state == C_RUNNING)
				each(pod->object, pod->containers[i]->name, pod->containers[i]->cgroup, arg);
}

size_t kl_pods_count(const struct kl_pods *pods)
{
	return HASH_COUNT(pods->table);
}
