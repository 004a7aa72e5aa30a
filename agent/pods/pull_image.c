/*
 * A container's image: looked for, fetched by its pull policy, and the back-off when it does not come.
 */
#include "pods_impl.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHOW_ERROR_MS = 1000 };

struct image_job {
	struct job job;
	struct container *c;
	char *name, *auth;
	struct kl_image image;
	int64_t took_ms;
};

static void find_work(struct job *job)
{
	struct image_job *ij = container_of(job, struct image_job, job);
	const struct kl_pods *pods = job->pod->pods;

	job->rc = pods->opt.ops->image_find(pods->opt.ops_arg, ij->name, &ij->image, &job->err);
}

static void pull_work(struct job *job)
{
	struct image_job *ij = container_of(job, struct image_job, job);
	const struct kl_pods *pods = job->pod->pods;
	int64_t begin = kl_monotonic_ms();

	job->rc = pods->opt.ops->image_pull(pods->opt.ops_arg, ij->name, ij->auth, &ij->image, &job->err);
	ij->took_ms = kl_monotonic_ms() - begin;
}

static void on_again(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, timer);

	if (c->state == C_IMAGE_WAIT)
		container_begin_run(c);
}

static void on_image_wait(uv_timer_t *timer)
{
	struct container *c = container_of(timer, struct container, timer);
	const char *image = kl_json_str(container_spec(c), "image", NULL);

	if (c->state != C_IMAGE_WAIT)
		return;
	kl_autofree char *words =
		kl_asprintf("Back-off pulling image \"%s\": ErrImagePull: %s", image, c->waiting_message);
	container_set_waiting(c, "ImagePullBackOff", words);
	pod_event(c->pod, c->name, "Normal", "BackOff", "Back-off pulling image \"%s\"", image);
	pod_event(c->pod, c->name, "Warning", "Failed", "Error: ImagePullBackOff");
	report_changed(c->pod);
	uv_timer_start(&c->timer, on_again, (uint64_t)(c->image_backoff.delay_ms - SHOW_ERROR_MS), 0);
}

/* ErrImagePull is shown for a moment, then ImagePullBackOff while the wait lasts, as kubelet does. */
static void image_failed(struct container *c, const char *reason, const char *message)
{
	int64_t wait = kl_backoff_next(&c->image_backoff, kl_monotonic_ms());
	bool pull = !strcmp(reason, "ErrImagePull");

	pod_event(c->pod, c->name, "Warning", "Failed", "Error: %s", reason);
	container_set_waiting(c, reason, message);
	c->state = C_IMAGE_WAIT;
	report_changed(c->pod);
	uv_timer_start(&c->timer, pull ? on_image_wait : on_again, (uint64_t)(pull ? SHOW_ERROR_MS : wait), 0);
}

static void image_take(struct container *c, struct kl_image *image)
{
	kl_image_release(&c->image);
	c->image = *image;
	*image = (struct kl_image){0};
	free(c->image_text);
	free(c->image_id);
	c->image_text = kl_strdup(c->image.name);
	c->image_id = kl_strdup(c->image.repo_digest && *c->image.repo_digest ? c->image.repo_digest : c->image.id);
	c->image_backoff = (struct kl_backoff){0};
}

static void image_job_free(struct image_job *ij)
{
	free(ij->name);
	free(ij->auth);
	kl_image_release(&ij->image);
}

static void pull_done(struct job *job)
{
	struct image_job *ij = container_of(job, struct image_job, job);
	struct container *c = ij->c;

	c->busy = false;
	if (!container_wants_to_run(c)) {
		container_give_up(c);
	} else if (job->rc) {
		pod_event(c->pod, c->name, "Warning", "Failed", "Failed to pull image \"%s\": %s", ij->name,
			job->err.text);
		image_failed(c, job->rc == -EINVAL ? "InvalidImageName" : "ErrImagePull", job->err.text);
	} else {
		pod_event(c->pod, c->name, "Normal", "Pulled",
			"Successfully pulled image \"%s\" in %lldms (%lldms including waiting). Image size: %lld "
			"bytes.",
			ij->name, (long long)ij->took_ms, (long long)ij->took_ms, (long long)ij->image.size);
		image_take(c, &ij->image);
		container_launch(c);
	}
	image_job_free(ij);
}

static void image_job_start(struct container *c, void (*work)(struct job *), void (*done)(struct job *))
{
	struct image_job *ij = kl_calloc(1, sizeof(*ij));

	ij->c = c;
	ij->name = kl_strdup(kl_json_str(container_spec(c), "image", NULL));
	if (work == pull_work)
		ij->auth = fetch_auth(c->pod);
	c->busy = true;
	job_start(&ij->job, c->pod, work, done);
}

static const char *pull_policy(const struct container *c)
{
	const json_t *spec = container_spec(c);
	const char *policy = kl_json_str(spec, "imagePullPolicy", NULL), *image = kl_json_str(spec, "image", NULL);
	const char *slash = strrchr(image, '/'), *tag = strrchr(slash ? slash : image, ':');

	if (*policy)
		return policy;
	return !strchr(image, '@') && (!tag || !strcmp(tag, ":latest")) ? "Always" : "IfNotPresent";
}

static void pull_start(struct container *c)
{
	c->state = C_PULL;
	pod_event(c->pod, c->name, "Normal", "Pulling", "Pulling image \"%s\"",
		kl_json_str(container_spec(c), "image", NULL));
	image_job_start(c, pull_work, pull_done);
}

static void find_done(struct job *job)
{
	struct image_job *ij = container_of(job, struct image_job, job);
	struct container *c = ij->c;

	c->busy = false;
	if (!container_wants_to_run(c)) {
		container_give_up(c);
	} else if (!job->rc) {
		pod_event(c->pod, c->name, "Normal", "Pulled", "Container image \"%s\" already present on machine",
			ij->name);
		image_take(c, &ij->image);
		container_launch(c);
	} else if (job->rc == -EINVAL) {
		kl_autofree char *words =
			kl_asprintf("Failed to apply default image tag \"%s\": %s", ij->name, job->err.text);
		pod_event(c->pod, c->name, "Warning", "InspectFailed", "%s", words);
		image_failed(c, "InvalidImageName", words);
	} else if (!strcmp(pull_policy(c), "Never")) {
		kl_autofree char *words =
			kl_asprintf("Container image \"%s\" is not present with pull policy of Never", ij->name);
		pod_event(c->pod, c->name, "Warning", "ErrImageNeverPull", "%s", words);
		image_failed(c, "ErrImageNeverPull", words);
	} else {
		pull_start(c);
	}
	image_job_free(ij);
}

void image_start(struct container *c)
{
	if (!strcmp(pull_policy(c), "Always")) {
		pull_start(c);
		return;
	}
	c->state = C_FIND;
	image_job_start(c, find_work, find_done);
}
