#include "logs.h"

#include "err.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 32768, MAX_RECORD = 1024 * 1024 };

struct logs {
	char *path;
	bool follow;
	/* HTTP thread, after the start */
	int fd;
	struct kl_buf raw, out;
	struct kl_crilog_filter filter;
	bool rotated; /* path is another file by now: this one is read to its end first */
	/* both */
	_Atomic bool ended; /* the monitor has: what is in the file now is all */
	pthread_mutex_t lock;
	struct kl_http_stream *stream; /* under lock; NULL before and after */
	void (*post)(void (*run)(void *), void *arg, void *post_arg);
	void *post_arg;
	/* streaming thread */
	uv_fs_event_t watch;
	uv_poll_t monitor;
	int pidfd;
	unsigned handles;
};

static void free_logs(struct logs *logs)
{
	if (logs->fd >= 0)
		close(logs->fd);
	if (logs->pidfd >= 0)
		close(logs->pidfd);
	kl_buf_release(&logs->raw);
	kl_buf_release(&logs->out);
	pthread_mutex_destroy(&logs->lock);
	free(logs->path);
	free(logs);
}

/* --- reading: HTTP thread */

/* Returns bytes read; 0 at the end. */
static ssize_t read_block(struct logs *logs)
{
	if (logs->fd < 0)
		return 0;
	kl_buf_reserve(&logs->raw, BLOCK);
	ssize_t n = read(logs->fd, logs->raw.data + logs->raw.len, BLOCK);
	if (n <= 0)
		return 0;
	logs->raw.len += (size_t)n;
	size_t used = kl_crilog_filter_bytes(&logs->filter, logs->raw.data, logs->raw.len, &logs->out);
	kl_buf_consume(&logs->raw, used);
	if (logs->raw.len > MAX_RECORD) /* no record is that long */
		kl_buf_reset(&logs->raw);
	return n;
}

/* At the end of a file that is followed: whether another one has taken its name. */
static bool next_file(struct logs *logs)
{
	struct stat here, there;
	if (stat(logs->path, &there) < 0)
		return false;
	if (logs->fd >= 0 && fstat(logs->fd, &here) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev)
		return false;
	if (!logs->rotated) { /* the last words may have come between our read and the rename */
		logs->rotated = true;
		return true;
	}
	logs->rotated = false;
	if (logs->fd >= 0)
		close(logs->fd);
	logs->fd = open(logs->path, O_RDONLY | O_CLOEXEC);
	kl_buf_reset(&logs->raw);
	return logs->fd >= 0;
}

static ssize_t produce(void *arg, char *buf, size_t max)
{
	struct logs *logs = arg;
	while (!logs->out.len) {
		if (!logs->filter.limit_bytes)
			return KL_HTTP_END;
		bool ended =
			atomic_load(&logs->ended); /* before the read: what was written before the end is then seen */
		if (read_block(logs) > 0)
			continue;
		if (logs->follow && next_file(logs))
			continue;
		if (!logs->follow || ended)
			return KL_HTTP_END;
		return 0;
	}
	size_t n = logs->out.len < max ? logs->out.len : max;
	memcpy(buf, logs->out.data, n);
	kl_buf_consume(&logs->out, n);
	return (ssize_t)n;
}

/* --- following: streaming thread */

static void wake(struct logs *logs)
{
	pthread_mutex_lock(&logs->lock);
	if (logs->stream)
		kl_http_stream_wake(logs->stream);
	pthread_mutex_unlock(&logs->lock);
}

static void on_file_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
	(void)name;
	(void)events;
	(void)status;
	wake(watch->data);
}

static void on_monitor_ended(uv_poll_t *poll, int status, int events)
{
	struct logs *logs = poll->data;
	(void)status;
	(void)events;
	uv_poll_stop(poll);
	atomic_store(&logs->ended, true);
	wake(logs);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct logs *logs = handle->data;
	if (--logs->handles == 0)
		free_logs(logs);
}

static void stop_following(void *arg)
{
	struct logs *logs = arg;
	if (!logs->handles) {
		free_logs(logs);
		return;
	}
	uv_close((uv_handle_t *)&logs->watch, on_handle_closed);
	if (logs->handles > 1)
		uv_close((uv_handle_t *)&logs->monitor, on_handle_closed);
}

static void start_following(uv_loop_t *loop, struct logs *logs, pid_t monitor)
{
	kl_autofree char *folder = kl_strdup(logs->path);
	uv_fs_event_init(loop, &logs->watch);
	logs->watch.data = logs;
	logs->handles = 1;
	/* The folder, not the file: rotation replaces the file. */
	uv_fs_event_start(&logs->watch, on_file_event, dirname(folder), 0);
	logs->pidfd = monitor > 0 ? (int)syscall(SYS_pidfd_open, monitor, 0) : -1;
	if (logs->pidfd < 0) {
		atomic_store(&logs->ended, true);
		return;
	}
	uv_poll_init(loop, &logs->monitor, logs->pidfd);
	logs->monitor.data = logs;
	logs->handles = 2;
	uv_poll_start(&logs->monitor, UV_READABLE, on_monitor_ended);
}

/* --- start and end */

static void on_stream_opened(void *arg, struct kl_http_stream *stream)
{
	struct logs *logs = arg;
	pthread_mutex_lock(&logs->lock);
	logs->stream = stream;
	pthread_mutex_unlock(&logs->lock);
}

static void on_stream_closed(void *arg)
{
	struct logs *logs = arg;
	pthread_mutex_lock(&logs->lock);
	logs->stream = NULL;
	pthread_mutex_unlock(&logs->lock);
	logs->post(stop_following, logs, logs->post_arg);
}

static void answer_failure(struct kl_http_request *req, const char *path, int errnum)
{
	struct kl_buf text = {0};
	kl_buf_printf(&text, "failed to open log file \"%s\": %s\n", path, strerror(errnum));
	kl_http_reply_buf(req, errnum == ENOENT ? 404 : 500, "text/plain", &text);
}

void kl_logs_serve(uv_loop_t *loop, struct kl_http_request *req, const struct kl_logs_options *options,
	void (*post)(void (*run)(void *), void *arg, void *post_arg), void *post_arg)
{
	kl_autoclose int fd = open(options->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		answer_failure(req, options->path, errno);
		return;
	}
	if (options->tail >= 0)
		lseek(fd, kl_crilog_tail(fd, st.st_size, options->tail), SEEK_SET);
	struct logs *logs = kl_calloc(1, sizeof(*logs));
	logs->path = kl_strdup(options->path);
	logs->follow = options->follow;
	logs->fd = fd;
	fd = -1;
	logs->pidfd = -1;
	logs->filter = options->filter;
	logs->post = post;
	logs->post_arg = post_arg;
	pthread_mutex_init(&logs->lock, NULL);
	if (options->follow)
		start_following(loop, logs, options->monitor);
	struct kl_http_stream_options stream_options = {.status = 200,
		.content_type = "text/plain",
		.length = -1,
		.produce = produce,
		.opened = on_stream_opened,
		.closed = on_stream_closed,
		.arg = logs};
	kl_http_stream(req, &stream_options);
}
