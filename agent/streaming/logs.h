/*
 * GET /containerLogs: a log file as a streamed body, followed where asked for: across rotation and until the
 * container's monitor ends.
 *
 * Threads: made on the streaming thread, where inotify and the monitor's pidfd are watched; the file is read on the
 * HTTP server's threads, only as fast as the client takes it.
 */
#ifndef KL_LOGS_H
#define KL_LOGS_H

#include "crilog.h"
#include "httpd.h"

#include <uv.h>

struct kl_logs_options {
	const char *path; /* borrowed */
	bool follow;
	pid_t monitor; /* follow: 0: has ended */
	int64_t tail;  /* lines; -1: all */
	struct kl_crilog_filter filter;
};
/*
 * Answers the (deferred) request, whatever happens. `post` runs a function on the streaming thread; it is called from
 * an HTTP thread at the end.
 */
void kl_logs_serve(uv_loop_t *loop, struct kl_http_request *req, const struct kl_logs_options *options,
	void (*post)(void (*run)(void *), void *arg, void *post_arg), void *post_arg);

#endif
