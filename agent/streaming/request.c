#include "job.h"

#include "clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_COMMAND = 4096, MAX_PROTOCOLS = 16 };

void kl_reply_text(struct kl_http_request *req, int status, const char *fmt, ...)
{
	struct kl_buf text = {0};
	va_list args;
	va_start(args, fmt);
	kl_autofree char *words = kl_vasprintf(fmt, args);
	va_end(args);
	kl_buf_str_push(&text, words);
	kl_http_reply_buf(req, status, "text/plain; charset=utf-8", &text);
}

void kl_job_free(struct kl_job *job)
{
	for (char **arg = job->remote.command; arg && *arg; arg++)
		free(*arg);
	free(job->remote.command);
	kl_streaming_container_release(&job->found);
	kl_buf_release(&job->leftover);
	free(job->netns_path);
	free(job->path);
	free(job);
}

/* --- which pod: /what/{ns}/{pod}[/{uid}][/{container}] */

static bool parse_path(struct kl_job *job)
{
	bool has_container = job->kind != KL_JOB_FORWARD;
	char *words[5], *save = NULL;
	size_t count = 0;
	job->path = kl_strdup(kl_http_path(job->req));
	for (char *word = strtok_r(job->path, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
		if (count == KL_ARRAY_LEN(words))
			return false;
		words[count++] = word;
	}
	size_t least = has_container ? 4 : 3;
	bool uid_allowed = job->kind != KL_JOB_LOGS;
	if (count < least || count > least + uid_allowed)
		return false;
	job->ns = words[1];
	job->pod = words[2];
	job->uid = count > least ? words[3] : NULL;
	job->container = has_container ? words[count - 1] : NULL;
	return true;
}

/* --- logs */

static int parse_count(struct kl_http_request *req, const char *name, int64_t *ret)
{
	const char *text = kl_http_query(req, name);
	char *end;
	if (!text || !*text)
		return 0;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || *end || value < 0)
		return -EINVAL;
	*ret = value;
	return 0;
}

static const char *parse_logs(struct kl_job *job)
{
	struct kl_http_request *req = job->req;
	struct kl_crilog_filter *filter = &job->logs.filter;
	const char *since_time = kl_http_query(req, "sinceTime"), *stream = kl_http_query(req, "stream");
	int64_t since_s = -1;

	*filter = KL_CRILOG_FILTER;
	job->logs.tail = -1;
	job->logs.follow = kl_http_query_bool(req, "follow");
	job->previous = kl_http_query_bool(req, "previous");
	filter->timestamps = kl_http_query_bool(req, "timestamps");
	if (parse_count(req, "tailLines", &job->logs.tail) < 0)
		return "tailLines must be a number of lines";
	if (parse_count(req, "limitBytes", &filter->limit_bytes) < 0 || !filter->limit_bytes)
		return "limitBytes must be a positive number of bytes";
	if (parse_count(req, "sinceSeconds", &since_s) < 0)
		return "sinceSeconds must be a number of seconds";
	if (since_s >= 0)
		filter->since_ms = kl_realtime_ms() - (since_s < INT32_MAX ? since_s : INT32_MAX) * 1000;
	if (since_time && *since_time && kl_time_parse(since_time, &filter->since_ms) < 0)
		return "sinceTime must be a time as in RFC 3339";
	filter->skip_stderr = stream && !strcmp(stream, "Stdout");
	filter->skip_stdout = stream && !strcmp(stream, "Stderr");
	return NULL;
}

/* --- exec and attach */

static void parse_command(struct kl_job *job)
{
	size_t count, n = 0;
	const struct kl_http_param *params = kl_http_params(job->req, &count);
	job->remote.command = kl_calloc(count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++)
		if (!strcmp(params[i].name, "command"))
			job->remote.command[n++] = kl_strdup(params[i].value);
}

static const char *parse_remote(struct kl_job *job)
{
	struct kl_remote_options *remote = &job->remote;
	remote->input = kl_http_query_bool(job->req, "input");
	remote->output = kl_http_query_bool(job->req, "output");
	remote->tty = kl_http_query_bool(job->req, "tty");
	/* A terminal has one output. */
	remote->error = kl_http_query_bool(job->req, "error") && !remote->tty;
	if (!remote->input && !remote->output && !remote->error)
		return "you must specify at least 1 of stdin, stdout, stderr";
	if (job->kind != KL_JOB_EXEC)
		return NULL;
	parse_command(job);
	return remote->command[0] ? NULL : "you must specify at least 1 command";
}

/* --- upgrades: which of the client's protocols we speak; its order decides */

struct protocol {
	const char *name;
	enum kl_mux_kind kind;
	bool status_json, resize, close_signal;
};

static const struct protocol REMOTE_SPDY[] = {
	{"v4.channel.k8s.io", KL_MUX_SPDY, true, true, false},
	{"v3.channel.k8s.io", KL_MUX_SPDY, false, true, false},
	{"v2.channel.k8s.io", KL_MUX_SPDY, false, false, false},
	{"channel.k8s.io", KL_MUX_SPDY, false, false, false},
	{"", KL_MUX_SPDY, false, false, false},
	{0},
};
static const struct protocol REMOTE_WEBSOCKET[] = {
	{"v5.channel.k8s.io", KL_MUX_CHANNELS, true, true, true},
	{"v4.channel.k8s.io", KL_MUX_CHANNELS, true, true, false},
	{"v4.base64.channel.k8s.io", KL_MUX_CHANNELS_BASE64, true, true, false},
	{"channel.k8s.io", KL_MUX_CHANNELS, false, true, false},
	{"base64.channel.k8s.io", KL_MUX_CHANNELS_BASE64, false, true, false},
	{"", KL_MUX_CHANNELS, false, true, false},
	{0},
};
static const struct protocol FORWARD_SPDY[] = {
	{"portforward.k8s.io", KL_MUX_SPDY, false, false, false},
	{"", KL_MUX_SPDY, false, false, false},
	{0},
};
static const struct protocol FORWARD_WEBSOCKET[] = {
	{"SPDY/3.1+portforward.k8s.io", KL_MUX_SPDY_TUNNEL, false, false, false},
	{"v4.channel.k8s.io", KL_MUX_CHANNELS, false, false, false},
	{"v4.base64.channel.k8s.io", KL_MUX_CHANNELS_BASE64, false, false, false},
	{0},
};

struct offer {
	const char *header;
	char *names[MAX_PROTOCOLS];
	size_t count;
};

static void collect_offer(const char *name, const char *value, void *arg)
{
	struct offer *offer = arg;
	if (strcasecmp(name, offer->header) != 0)
		return;
	kl_autofree char *list = kl_strdup(value);
	for (char *save = NULL, *word = strtok_r(list, ", ", &save); word; word = strtok_r(NULL, ", ", &save))
		if (offer->count < MAX_PROTOCOLS)
			offer->names[offer->count++] = kl_strdup(word);
}

static void release_offer(struct offer *offer)
{
	for (size_t i = 0; i < offer->count; i++)
		free(offer->names[i]);
}

static const struct protocol *choose(const struct protocol *ours, const struct offer *offer)
{
	for (size_t i = 0; i < offer->count; i++)
		for (const struct protocol *p = ours; p->name; p++)
			if (*p->name && !strcmp(p->name, offer->names[i]))
				return p;
	for (const struct protocol *p = ours; p->name && !offer->count; p++)
		if (!*p->name)
			return p;
	return NULL;
}

static const char *parse_handshake(struct kl_job *job, bool websocket)
{
	const char *key = kl_http_header(job->req, "Sec-WebSocket-Key"),
		   *version = kl_http_header(job->req, "Sec-WebSocket-Version");
	if (!websocket)
		return NULL;
	if (!key || !version || strcmp(version, "13") != 0)
		return "unable to upgrade: a WebSocket handshake of version 13 is needed";
	kl_ws_accept_key(key, job->accept);
	return NULL;
}

/* ?port=80&port=443,8080: with WebSocket channels the ports are known from the start. */
static const char *parse_ports(struct kl_job *job)
{
	size_t count;
	const struct kl_http_param *params = kl_http_params(job->req, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(params[i].name, "port") != 0)
			continue;
		kl_autofree char *list = kl_strdup(params[i].value);
		for (char *save = NULL, *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
			int port = atoi(word);
			if (port < 1 || port > UINT16_MAX || job->mux.port_count == KL_MUX_MAX_PORTS)
				return "query parameter \"port\" must be a list of ports";
			job->ports[job->mux.port_count++] = port;
		}
	}
	job->mux.ports = job->ports;
	return job->mux.port_count ? NULL : "query parameter \"port\" is required";
}

/* Returns 0, or the status to fail with and its words. */
static int parse_upgrade(struct kl_job *job, const char **ret_words)
{
	const char *wanted = kl_http_wants_upgrade(job->req);
	bool websocket = wanted && !strcasecmp(wanted, "websocket");
	if (!websocket && (!wanted || strcasecmp(wanted, "SPDY/3.1") != 0)) {
		*ret_words = "Upgrade request required";
		return 400;
	}
	kl_cleanup(release_offer) struct offer offer = {
		.header = websocket ? "Sec-WebSocket-Protocol" : "X-Stream-Protocol-Version"};
	kl_http_headers(job->req, collect_offer, &offer);
	const struct protocol *ours = job->kind == KL_JOB_FORWARD ? (websocket ? FORWARD_WEBSOCKET : FORWARD_SPDY)
								  : (websocket ? REMOTE_WEBSOCKET : REMOTE_SPDY);
	const struct protocol *chosen = choose(ours, &offer);
	if (!chosen) {
		*ret_words =
			"unable to upgrade: unable to negotiate protocol: the client supports none of the server's";
		return 403;
	}
	job->protocol = websocket ? "websocket" : "SPDY/3.1";
	job->subprotocol = chosen->name;
	job->mux.kind = chosen->kind;
	job->mux.close_signal = chosen->close_signal;
	job->remote.status_json = chosen->status_json;
	job->remote.resize = chosen->resize;
	*ret_words = parse_handshake(job, websocket);
	if (!*ret_words && job->kind == KL_JOB_FORWARD && websocket && chosen->kind != KL_MUX_SPDY_TUNNEL)
		*ret_words = parse_ports(job);
	return *ret_words ? 400 : 0;
}

/* --- all of it */

static int parse(struct kl_job *job, const char **ret_words)
{
	if (job->kind == KL_JOB_PODS || job->kind == KL_JOB_STATS || job->kind == KL_JOB_METRICS)
		return 0;
	*ret_words = "404 page not found";
	if (!parse_path(job))
		return 404;
	*ret_words = NULL;
	if (job->kind == KL_JOB_LOGS)
		*ret_words = parse_logs(job);
	else if (job->kind != KL_JOB_FORWARD)
		*ret_words = parse_remote(job);
	if (*ret_words)
		return 400;
	return job->kind == KL_JOB_LOGS ? 0 : parse_upgrade(job, ret_words);
}

struct kl_job *kl_job_parse(struct kl_http_request *req, enum kl_job_kind kind)
{
	struct kl_job *job = kl_calloc(1, sizeof(*job));
	const char *words = NULL;
	job->req = req;
	job->kind = kind;
	job->fd = -1;
	int status = parse(job, &words);
	if (!status)
		return job;
	kl_reply_text(req, status, "%s\n", words);
	kl_job_free(job);
	return NULL;
}
