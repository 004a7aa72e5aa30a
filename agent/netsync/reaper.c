#include "reaper.h"

#include "log.h"
#include "mem.h"
#include "reap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct space {
	uint64_t cookie;
	char *path;
};

/* What the worker needs, its own copy; the loop's thread touches nothing of it until it is back. */
struct job {
	uv_work_t work;
	struct kl_reaper *reaper;
	const struct kl_maps *maps;
	char **paths;
	size_t count;
	int prog_fd;
	struct kl_err err;
	uv_sem_t done; /* the worker has read the maps for the last time */
};

struct kl_reaper {
	uv_loop_t *loop;
	const struct kl_maps *maps;
	struct space *spaces;
	size_t count;
	int prog_fd; /* -1: not loaded yet; -2: cannot be */
	struct job *running;
	bool again; /* more backends went while a job was running */
	uv_timer_t *later;
};

enum { TOGETHER_MS = 5 }; /* endpoints of one change go together */

static void job_free(struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		free(job->paths[i]);
	free(job->paths);
	uv_sem_destroy(&job->done);
	free(job);
}

static void reap(struct job *job)
{
	if (job->prog_fd == -1)
		job->prog_fd = kl_reap_load(job->maps, &job->err);
	if (job->prog_fd < 0)
		return;
	kl_reap_run(job->prog_fd, NULL, &job->err);
	for (size_t i = 0; i < job->count; i++)
		kl_reap_run(job->prog_fd, job->paths[i], NULL); /* a pod may have gone meanwhile */
}

static void work(uv_work_t *request)
{
	struct job *job = container_of(request, struct job, work);
	reap(job);
	uv_sem_post(&job->done);
}

static void worked(uv_work_t *request, int status)
{
	struct job *job = container_of(request, struct job, work);
	struct kl_reaper *reaper = job->reaper;
	(void)status;
	if (!reaper) { /* freed meanwhile */
		if (job->prog_fd >= 0)
			close(job->prog_fd);
		job_free(job);
		return;
	}
	reaper->prog_fd = job->prog_fd >= 0 ? job->prog_fd : -2;
	if (job->err.code)
		kl_warn("connected UDP sockets at dead backends stay open: %s", job->err.text);
	reaper->running = NULL;
	job_free(job);
	if (reaper->again)
		kl_reaper_wake(reaper);
}

static void start(uv_timer_t *timer)
{
	struct kl_reaper *reaper = timer->data;
	struct job *job = kl_calloc(1, sizeof(*job));
	reaper->again = false;
	job->reaper = reaper;
	job->maps = reaper->maps;
	job->prog_fd = reaper->prog_fd;
	job->paths = kl_calloc(reaper->count + 1, sizeof(char *));
	uv_sem_init(&job->done, 0);
	for (size_t i = 0; i < reaper->count; i++)
		job->paths[job->count++] = kl_strdup(reaper->spaces[i].path);
	reaper->running = job;
	if (uv_queue_work(reaper->loop, &job->work, work, worked)) {
		reaper->running = NULL;
		job_free(job);
	}
}

void kl_reaper_wake(struct kl_reaper *reaper)
{
	if (reaper->prog_fd == -2)
		return;
	if (reaper->running)
		reaper->again = true;
	else if (!uv_is_active((uv_handle_t *)reaper->later))
		uv_timer_start(reaper->later, start, TOGETHER_MS, 0);
}

struct kl_reaper *kl_reaper_new(uv_loop_t *loop, const struct kl_maps *maps)
{
	struct kl_reaper *reaper = kl_calloc(1, sizeof(*reaper));
	reaper->loop = loop;
	reaper->maps = maps;
	reaper->prog_fd = -1;
	reaper->later = kl_calloc(1, sizeof(*reaper->later));
	uv_timer_init(loop, reaper->later);
	reaper->later->data = reaper;
	return reaper;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void kl_reaper_free(struct kl_reaper *reaper)
{
	if (!reaper)
		return;
	uv_close((uv_handle_t *)reaper->later, on_closed);
	/* The worker reads the maps, which are closed after this; its callback finds no reaper and frees the job. */
	if (reaper->running) {
		if (uv_cancel((uv_req_t *)&reaper->running->work))
			uv_sem_wait(&reaper->running->done);
		reaper->running->reaper = NULL;
		reaper->prog_fd = -1; /* the job's to close */
	}
	if (reaper->prog_fd >= 0)
		close(reaper->prog_fd);
	for (size_t i = 0; i < reaper->count; i++)
		free(reaper->spaces[i].path);
	free(reaper->spaces);
	free(reaper);
}

void kl_reaper_remove(struct kl_reaper *reaper, uint64_t cookie)
{
	for (size_t i = 0; i < reaper->count; i++) {
		if (reaper->spaces[i].cookie != cookie)
			continue;
		free(reaper->spaces[i].path);
		reaper->spaces[i] = reaper->spaces[--reaper->count];
		return;
	}
}

void kl_reaper_add(struct kl_reaper *reaper, uint64_t cookie, const char *netns)
{
	if (!netns)
		return;
	kl_reaper_remove(reaper, cookie);
	reaper->spaces = kl_reallocarray(reaper->spaces, reaper->count + 1, sizeof(*reaper->spaces));
	reaper->spaces[reaper->count++] = (struct space){cookie, kl_strdup(netns)};
}
