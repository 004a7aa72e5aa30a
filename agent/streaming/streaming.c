#include "streaming.h"

#include "file.h"
#include "job.h"
#include "log.h"
#include "prom.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { HTTP_THREADS = 2, MAX_PEM = 1024 * 1024 };

/* Work handed from one thread to another. */
struct task {
	void (*run)(void *arg);
	void *arg;
	struct task *next;
};

struct mailbox {
	pthread_mutex_t lock;
	struct task *tasks;
	uv_async_t async;
};

/* Freed behind kl_streaming_free, when its handle has closed on the agent's loop. */
struct agent_side {
	struct mailbox mailbox;
};

struct kl_streaming {
	struct kl_streaming_ops ops;
	void *arg;
	char *scratch_dir;
	bool authenticate;
	struct kl_httpd *httpd;
	struct agent_side *agent;
	/* the streaming thread's */
	pthread_t thread;
	uv_loop_t loop;
	struct mailbox mailbox;
	struct kl_job *sessions;
	bool stopping;
};

/* --- mailboxes */

static void deliver(uv_async_t *async)
{
	struct mailbox *box = async->data;
	pthread_mutex_lock(&box->lock);
	struct task *tasks = kl_take(&box->tasks), *next;
	pthread_mutex_unlock(&box->lock);
	for (struct task *task = tasks; task; task = next) {
		next = task->next;
		task->run(task->arg);
		free(task);
	}
}

static int mailbox_init(struct mailbox *box, uv_loop_t *loop)
{
	pthread_mutex_init(&box->lock, NULL);
	box->async.data = box;
	return uv_async_init(loop, &box->async, deliver);
}

static void post(struct mailbox *box, void (*run)(void *), void *arg)
{
	struct task *task = kl_calloc(1, sizeof(*task));
	task->run = run;
	task->arg = arg;
	pthread_mutex_lock(&box->lock);
	LL_APPEND(box->tasks, task);
	uv_async_send(&box->async);
	pthread_mutex_unlock(&box->lock);
}

static void post_to_thread(void (*run)(void *), void *arg, void *streaming)
{
	post(&((struct kl_streaming *)streaming)->mailbox, run, arg);
}

/* --- sessions: the streaming thread */

static void on_session_closed(void *arg)
{
	struct kl_job *job = arg;
	DL_DELETE(job->streaming->sessions, job);
	kl_job_free(job);
}

static void start_session(void *arg)
{
	struct kl_job *job = arg;
	struct kl_streaming *s = job->streaming;
	const char *extra = kl_buf_str(&job->leftover);
	size_t len = job->leftover.len;

	if (s->stopping) {
		kl_http_upgraded_close(job->upgraded);
		kl_job_free(job);
		return;
	}
	DL_APPEND(s->sessions, job);
	if (job->kind == KL_JOB_FORWARD) {
		job->session.forward = kl_forward_new(&s->loop, job->upgraded, job->fd, extra, len, &job->mux,
			job->netns_path, job->pod, on_session_closed, job);
		return;
	}
	struct kl_backend *backend = job->kind == KL_JOB_EXEC
					     ? kl_exec_backend(&s->loop, &job->remote, &job->found, s->scratch_dir)
					     : kl_attach_backend(&s->loop, &job->found);
	job->session.remote = kl_remote_new(
		&s->loop, job->upgraded, job->fd, extra, len, &job->mux, &job->remote, backend, on_session_closed, job);
}

static void start_logs(void *arg)
{
	struct kl_job *job = arg;
	job->logs.path = job->previous ? job->found.log_path_previous : job->found.log_path;
	job->logs.monitor = job->previous ? 0 : job->found.conmon_pid;
	kl_logs_serve(&job->streaming->loop, job->req, &job->logs, post_to_thread, job->streaming);
	kl_job_free(job);
}

static void stop_sessions(void *arg)
{
	struct kl_streaming *s = arg;
	struct kl_job *job, *next;
	s->stopping = true;
	DL_FOREACH_SAFE (s->sessions, job, next) {
		if (job->kind == KL_JOB_FORWARD)
			kl_forward_abort(job->session.forward);
		else
			kl_remote_abort(job->session.remote);
	}
}

static void stop_thread(void *arg)
{
	struct kl_streaming *s = arg;
	stop_sessions(s);
	uv_close((uv_handle_t *)&s->mailbox.async, NULL);
}

static void *thread_main(void *arg)
{
	struct kl_streaming *s = arg;
	sigset_t signals;
	/* Signals are the agent's; a write to a pipe whose reader has gone shall fail, not kill. */
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	kl_log_set_component("streaming");
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* --- upgrades: an HTTP thread */

static void on_taken(struct kl_http_upgraded *conn, int fd, const char *leftover, size_t len, void *arg)
{
	struct kl_job *job = arg;
	job->upgraded = conn;
	job->fd = fd;
	kl_buf_push(&job->leftover, leftover, len);
	post(&job->streaming->mailbox, start_session, job);
}

static void on_upgrade_failed(void *arg)
{
	kl_job_free(arg);
}

static void upgrade(struct kl_job *job)
{
	struct kl_http_header headers[2];
	size_t count = 0;
	if (job->accept[0])
		headers[count++] = (struct kl_http_header){"Sec-WebSocket-Accept", job->accept};
	if (job->subprotocol[0])
		headers[count++] = (struct kl_http_header){
			job->accept[0] ? "Sec-WebSocket-Protocol" : "X-Stream-Protocol-Version", job->subprotocol};
	struct kl_http_upgrade how = {.protocol = job->protocol,
		.headers = headers,
		.header_count = count,
		.taken = on_taken,
		.failed = on_upgrade_failed,
		.arg = job};
	kl_http_upgrade(job->req, &how);
}

/* --- looking up: the agent's loop */

static void fail(struct kl_job *job, int status, const char *words)
{
	kl_reply_text(job->req, status, "%s\n", words);
	kl_job_free(job);
}

static void answer_json(struct kl_job *job, json_t *(*get)(void *arg))
{
	kl_autojson *value = get ? get(job->streaming->arg) : NULL;
	struct kl_buf body = {0};
	if (!value) {
		fail(job, 404, "404 page not found");
		return;
	}
	kl_json_dump(value, &body);
	kl_http_reply_buf(job->req, 200, "application/json", &body);
	kl_job_free(job);
}

static void on_metrics_text(struct kl_buf *text, void *arg)
{
	struct kl_job *job = arg;
	kl_http_reply_buf(job->req, 200, KL_PROM_CONTENT_TYPE, text);
	kl_job_free(job);
}

static void answer_metrics(struct kl_job *job)
{
	struct kl_streaming *s = job->streaming;
	if (s->ops.metrics)
		s->ops.metrics(on_metrics_text, job, s->arg);
	else
		fail(job, 404, "404 page not found");
}

static void found_logs(struct kl_job *job)
{
	const struct kl_streaming_container *found = &job->found;
	char text[512];
	if (job->previous && !found->log_path_previous)
		snprintf(text, sizeof(text), "previous terminated container \"%s\" in pod \"%s\" not found",
			job->container, job->pod);
	else if (!job->previous && !found->log_path)
		snprintf(text, sizeof(text), "container \"%s\" in pod \"%s\" is %s", job->container, job->pod,
			found->state ? found->state : "not available");
	else {
		post(&job->streaming->mailbox, start_logs, job);
		return;
	}
	fail(job, 400, text);
}

static void found_container(struct kl_job *job)
{
	char text[512];
	if (job->kind == KL_JOB_LOGS) {
		found_logs(job);
	} else if (!job->found.running) {
		snprintf(text, sizeof(text), "container not found (\"%s\")", job->container);
		fail(job, 404, text);
	} else {
		if (job->kind == KL_JOB_ATTACH && job->found.tty)
			job->remote.error = false;
		upgrade(job);
	}
}

static void look_up(void *arg)
{
	struct kl_job *job = arg;
	struct kl_streaming *s = job->streaming;
	struct kl_err err = {0};
	int rc;
	if (job->kind == KL_JOB_PODS || job->kind == KL_JOB_STATS) {
		answer_json(job, job->kind == KL_JOB_PODS ? s->ops.pods : s->ops.stats);
		return;
	}
	if (job->kind == KL_JOB_METRICS) {
		answer_metrics(job);
		return;
	}
	if (job->kind == KL_JOB_FORWARD)
		rc = s->ops.find_netns(job->ns, job->pod, job->uid, &job->netns_path, s->arg, &err);
	else
		rc = s->ops.find_container(job->ns, job->pod, job->uid, job->container, &job->found, s->arg, &err);
	if (rc < 0)
		fail(job, rc == -ENOENT ? 404 : 500, kl_err_text(&err));
	else if (job->kind == KL_JOB_FORWARD)
		upgrade(job);
	else
		found_container(job);
}

/* --- requests: an HTTP thread */

/* 0, or the status to refuse with. */
static int refuse(const struct kl_streaming *s, struct kl_http_request *req)
{
	const struct kl_http_identity *who = kl_http_identity(req);
	if (!s->authenticate)
		return 0;
	if (!who->verified)
		return 401;
	if (who->common_name && !strcmp(who->common_name, "kube-apiserver-kubelet-client"))
		return 0;
	for (const char *const *org = who->orgs; org && *org; org++)
		if (!strcmp(*org, "system:masters"))
			return 0;
	return 403;
}

static void handle(struct kl_streaming *s, struct kl_http_request *req, enum kl_job_kind kind)
{
	int status = refuse(s, req);
	if (status) {
		kl_reply_text(req, status, "%s\n", status == 401 ? "Unauthorized" : "Forbidden");
		return;
	}
	const char *method = kl_http_method(req);
	bool upgrades = kind == KL_JOB_EXEC || kind == KL_JOB_ATTACH || kind == KL_JOB_FORWARD;
	if (strcmp(method, "GET") != 0 && !(upgrades && !strcmp(method, "POST"))) {
		kl_reply_text(req, 405, "405: Method Not Allowed\n");
		return;
	}
	struct kl_job *job = kl_job_parse(req, kind);
	if (!job)
		return;
	job->streaming = s;
	kl_http_defer(req, NULL, NULL);
	post(&s->agent->mailbox, look_up, job);
}

static void on_logs(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_LOGS);
}

static void on_exec(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_EXEC);
}

static void on_attach(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_ATTACH);
}

static void on_forward(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_FORWARD);
}

static void on_pods(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_PODS);
}

static void on_stats(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_STATS);
}

static void on_metrics(struct kl_http_request *req, void *arg)
{
	handle(arg, req, KL_JOB_METRICS);
}

static void on_healthz(struct kl_http_request *req, void *arg)
{
	(void)arg;
	kl_reply_text(req, 200, "ok");
}

static void on_other(struct kl_http_request *req, void *arg)
{
	int status = refuse(arg, req);
	kl_reply_text(req, status ? status : 404, "%s\n", status ? kl_http_status_text(status) : "404 page not found");
}

static const struct {
	const char *prefix;
	kl_http_handler *handler;
} ROUTES[] = {
	{"/containerLogs", on_logs},
	{"/exec", on_exec},
	{"/attach", on_attach},
	{"/portForward", on_forward},
	{"/pods", on_pods},
	{"/stats/summary", on_stats},
	{"/metrics", on_metrics},
	{"/healthz", on_healthz},
	{"/", on_other},
};

/* --- start and end */

static int read_pem(const char *path, struct kl_buf *ret, struct kl_err *err)
{
	ret->max = MAX_PEM;
	return path ? kl_file_read(path, ret, err) : 0;
}

static int start_httpd(struct kl_streaming *s, const struct kl_streaming_options *options, struct kl_err *err)
{
	kl_autobuf cert = {0}, key = {0}, ca = {0};
	char first[64], second[64];
	int rc = read_pem(options->cert_path, &cert, err);
	if (rc >= 0)
		rc = read_pem(options->key_path, &key, err);
	if (rc >= 0)
		rc = read_pem(options->client_ca_path, &ca, err);
	if (rc < 0)
		return rc;
	s->authenticate = options->client_ca_path != NULL;
	snprintf(first, sizeof(first), "%s:%d", options->address ? options->address : "0.0.0.0", options->port);
	snprintf(second, sizeof(second), "[::]:%d", options->port);
	const char *const both[] = {first, second, NULL}, *const one[] = {first, NULL};
	struct kl_httpd_options http = {.addresses = both,
		.threads = HTTP_THREADS,
		.cert_pem = cert.data,
		.key_pem = key.data,
		.client_ca_pem = ca.data};
	rc = -EAFNOSUPPORT;
	if (!options->address && options->port)
		rc = kl_httpd_new(&http, &s->httpd, err);
	if (rc < 0) { /* a machine without IPv6 */
		kl_err_clear(err);
		http.addresses = one;
		rc = kl_httpd_new(&http, &s->httpd, err);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < KL_ARRAY_LEN(ROUTES); i++)
		kl_httpd_route(s->httpd, ROUTES[i].prefix, ROUTES[i].handler, s);
	return kl_httpd_start(s->httpd, err);
}

static int start_loops(struct kl_streaming *s, uv_loop_t *agent_loop, struct kl_err *err)
{
	int rc = uv_loop_init(&s->loop);
	if (rc >= 0)
		rc = mailbox_init(&s->mailbox, &s->loop);
	if (rc < 0)
		return kl_fail(err, -rc, "make an event loop");
	rc = pthread_create(&s->thread, NULL, thread_main, s);
	if (rc)
		return kl_fail(err, rc, "start the streaming thread");
	struct agent_side *agent = kl_calloc(1, sizeof(*agent));
	rc = mailbox_init(&agent->mailbox, agent_loop);
	if (rc < 0) {
		free(agent);
		return kl_fail(err, -rc, "make an async handle");
	}
	uv_unref((uv_handle_t *)&agent->mailbox.async);
	s->agent = agent;
	return 0;
}

int kl_streaming_new(
	uv_loop_t *loop, const struct kl_streaming_options *options, struct kl_streaming **ret, struct kl_err *err)
{
	int rc = kl_mkdir_p(options->scratch_dir, 0700, err);
	if (rc < 0)
		return rc;
	struct kl_streaming *s = kl_calloc(1, sizeof(*s));
	s->ops = *options->ops;
	s->arg = options->arg;
	s->scratch_dir = kl_strdup(options->scratch_dir);
	rc = start_loops(s, loop, err);
	if (rc >= 0)
		rc = start_httpd(s, options, err);
	if (rc < 0) {
		kl_streaming_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

static void on_agent_side_closed(uv_handle_t *handle)
{
	struct agent_side *agent = container_of(handle->data, struct agent_side, mailbox);
	pthread_mutex_destroy(&agent->mailbox.lock);
	free(agent);
}

void kl_streaming_free(struct kl_streaming *s)
{
	if (!s)
		return;
	if (s->thread)
		post(&s->mailbox, stop_sessions, s);
	if (s->agent)
		deliver(&s->agent->mailbox.async); /* requests not looked up yet */
	kl_httpd_free(s->httpd);
	if (s->thread) {
		post(&s->mailbox, stop_thread, s);
		pthread_join(s->thread, NULL);
	}
	uv_loop_close(&s->loop);
	if (s->agent) {
		deliver(&s->agent->mailbox.async); /* what came meanwhile: the answers go nowhere */
		uv_close((uv_handle_t *)&s->agent->mailbox.async, on_agent_side_closed);
	}
	pthread_mutex_destroy(&s->mailbox.lock);
	free(s->scratch_dir);
	free(s);
}

int kl_streaming_port(const struct kl_streaming *s)
{
	return kl_httpd_port(s->httpd, 0);
}
