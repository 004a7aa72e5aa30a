/*
 * Container logs do not grow for ever: past MAX_BYTES a log is renamed to <log>.<time> and conmon is told to open a new
 * one; MAX_OLD of them are kept.
 */
#include "pods_impl.h"

#include "clock.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BYTES = 10 << 20, MAX_OLD = 4, CHECK_MS = 10000 };

/* conmon's control FIFO takes "<command> <a> <b>\n"; 2 opens the log anew. */
static const char reopen_command[] = "2 0 0\n";

static bool reopen(const char *bundle)
{
	kl_autofree char *path = kl_asprintf("%s/ctl", bundle);
	kl_autoclose int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && write(fd, reopen_command, strlen(reopen_command)) == (ssize_t)strlen(reopen_command);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The suffix is a time, so the order of names is that of age. */
static void drop_old(const char *log_path)
{
	kl_autofree char *folder = kl_strndup(log_path, (size_t)(strrchr(log_path, '/') - log_path));
	kl_autofree char *prefix = kl_asprintf("%s.", strrchr(log_path, '/') + 1);
	kl_autofree char **names = NULL;
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix))) {
			names = kl_reallocarray(names, count + 1, sizeof(*names));
			names[count++] = kl_asprintf("%s/%s", folder, entry->d_name);
		}
	if (dir)
		closedir(dir);
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (i + MAX_OLD < count)
			unlink(names[i]);
		free(names[i]);
	}
}

static void rotate(const struct container *c)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &tm));
	kl_autofree char *old = kl_asprintf("%s.%s", c->log_path, stamp);
	if (rename(c->log_path, old)) {
		kl_warn("rotate '%s': %s", c->log_path, strerror(errno));
	} else if (!reopen(c->bundle)) {
		rename(old, c->log_path); /* conmon goes on writing to the file it has */
		kl_warn("conmon of container %s does not take commands: its log is not rotated", c->name);
	}
	drop_old(c->log_path);
}

static void on_check(uv_timer_t *timer)
{
	struct kl_pods *pods = timer->data;
	struct stat st;

	for (struct kl_pod *pod = pods->table; pod; pod = pod->hh.next)
		for (size_t i = 0; i < pod->count; i++) {
			const struct container *c = pod->containers[i];
			if (c->state == C_RUNNING && !stat(c->log_path, &st) && st.st_size > MAX_BYTES)
				rotate(c);
		}
}

void logrotate_start(struct kl_pods *pods)
{
	uv_timer_t *timer = pods->log_timer = kl_calloc(1, sizeof(*timer));

	uv_timer_init(pods->loop, timer);
	uv_unref((uv_handle_t *)timer);
	timer->data = pods;
	uv_timer_start(timer, on_check, CHECK_MS, CHECK_MS);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void logrotate_stop(struct kl_pods *pods)
{
	if (pods->log_timer)
		uv_close((uv_handle_t *)kl_take(&pods->log_timer), on_closed);
}
