#include "cniclient.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto.h"

enum { TIMEOUT_MS = 30000, VARIABLES = 8 };

struct call {
	uv_process_t process;
	uv_pipe_t in, out;
	uv_timer_t timer;
	uv_write_t write;
	unsigned handles; /* not closed yet */
	unsigned waiting; /* for: exit, end of output */
	int64_t exit_status;
	int signal;
	bool timed_out, add;
	char *config;
	struct kl_buf output;
	kl_cni_done *done;
	void *arg;
};

static void handle_closed(uv_handle_t *handle)
{
	struct call *call = handle->data;
	if (--call->handles)
		return;
	kl_buf_release(&call->output);
	free(call->config);
	free(call);
}

static void take_ips(const json_t *result, struct kl_cni_answer *answer)
{
	size_t i;
	json_t *ip;
	json_array_foreach (kl_json_get(result, "ips", NULL), i, ip) {
		const char *text = kl_json_str(ip, "address", NULL);
		size_t len = strcspn(text, "/");
		if (answer->ip_count < 2 && len && len < sizeof(answer->ips[0]))
			memcpy(answer->ips[answer->ip_count++], text, len);
	}
	if (answer->ip_count == 2 && strchr(answer->ips[0], ':') && !strchr(answer->ips[1], ':')) {
		char six[sizeof(answer->ips[0])];
		memcpy(six, answer->ips[0], sizeof(six));
		memcpy(answer->ips[0], answer->ips[1], sizeof(six));
		memcpy(answer->ips[1], six, sizeof(six));
	}
}

static void take_failure(const struct call *call, const json_t *output, struct kl_cni_answer *answer)
{
	const char *msg = kl_json_str(output, "msg", NULL), *details = kl_json_str(output, "details", NULL);
	answer->cni_code = (int)kl_json_int(output, 0, "code", NULL);
	if (call->timed_out)
		kl_fail_msg(&answer->err, ETIMEDOUT, "the CNI plugin did not end in time and was killed");
	else if (*msg)
		kl_fail_msg(&answer->err, answer->cni_code == KL_CNI_TRY_LATER ? EAGAIN : EIO, "CNI: %s%s%s (code %d)",
			msg, *details ? ": " : "", details, answer->cni_code);
	else if (call->signal)
		kl_fail_msg(&answer->err, EIO, "the CNI plugin was killed by signal %d", call->signal);
	else
		kl_fail_msg(&answer->err, EIO, "the CNI plugin failed with exit code %d and no words",
			(int)call->exit_status);
}

static void finish(struct call *call)
{
	struct kl_cni_answer answer = {0};
	struct kl_err words = {0};
	kl_autojson *output = call->output.len ? kl_json_parse(call->output.data, call->output.len, &words) : NULL;
	if (call->exit_status || call->signal || call->timed_out) {
		take_failure(call, output, &answer);
	} else if (call->add && !json_is_object(output)) {
		kl_fail_msg(&answer.err, EPROTO, "the CNI plugin gave no result: %s", kl_err_text(&words));
	} else {
		answer.result = call->add ? output : NULL;
		take_ips(answer.result, &answer);
	}
	call->done(&answer, call->arg);
	uv_handle_t *const handles[] = {(uv_handle_t *)&call->process, (uv_handle_t *)&call->in,
		(uv_handle_t *)&call->out, (uv_handle_t *)&call->timer};
	for (size_t i = 0; i < KL_ARRAY_LEN(handles); i++)
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], handle_closed);
}

static void one_ended(struct call *call)
{
	if (!--call->waiting)
		finish(call);
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
	struct call *call = process->data;
	call->exit_status = status;
	call->signal = signal;
	one_ended(call);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct call *call = handle->data;
	(void)suggested;
	kl_buf_reserve(&call->output, 4096);
	*buf = uv_buf_init(call->output.data + call->output.len, 4095);
}

static void received(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct call *call = stream->data;
	(void)buf;
	if (n > 0) {
		call->output.len += (size_t)n;
		call->output.data[call->output.len] = 0;
	}
	if (n < 0 || call->output.len > KL_CNI_MAX) {
		uv_read_stop(stream);
		one_ended(call);
	}
}

static void timed_out(uv_timer_t *timer)
{
	struct call *call = timer->data;
	call->timed_out = true;
	uv_process_kill(&call->process, SIGKILL);
}

/* The end of its stdin tells the plugin that the configuration is whole. */
static void written(uv_write_t *write, int status)
{
	struct call *call = write->data;
	(void)status;
	if (!uv_is_closing((uv_handle_t *)&call->in))
		uv_close((uv_handle_t *)&call->in, handle_closed);
}

static void fill_env(const struct kl_cni_request *request, char *env[VARIABLES])
{
	const char *plugin = request->plugin ? request->plugin : KL_CNI_PLUGIN_DEFAULT;
	const char *slash = strrchr(plugin, '/');
	size_t i = 0;
	env[i++] = kl_asprintf("CNI_COMMAND=%s", request->command);
	env[i++] = kl_asprintf("CNI_CONTAINERID=%s", request->container_id);
	env[i++] = kl_asprintf("CNI_NETNS=%s", request->netns_path ? request->netns_path : "");
	env[i++] = kl_asprintf("CNI_IFNAME=%s", request->ifname ? request->ifname : "eth0");
	env[i++] = kl_asprintf("CNI_PATH=%.*s", slash ? (int)(slash - plugin) : 1, slash ? plugin : ".");
	env[i++] = kl_asprintf("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s;K8S_POD_UID=%s",
		request->pod_namespace, request->pod_name, request->pod_uid);
	env[i++] = kl_strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	env[i] = NULL;
}

static int spawn(uv_loop_t *loop, struct call *call, const struct kl_cni_request *request)
{
	char *plugin = kl_strdup(request->plugin ? request->plugin : KL_CNI_PLUGIN_DEFAULT);
	char *argv[] = {plugin, NULL}, *env[VARIABLES];
	fill_env(request, env);
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&call->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&call->out},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
	};
	uv_process_options_t options = {
		.file = plugin, .args = argv, .env = env, .exit_cb = exited, .stdio = stdio, .stdio_count = 3};
	int rc = uv_spawn(loop, &call->process, &options);
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	free(plugin);
	return rc;
}

static struct call *call_new(uv_loop_t *loop, const struct kl_cni_request *request, kl_cni_done *done, void *arg)
{
	struct call *call = kl_calloc(1, sizeof(*call));
	call->process.data = call->in.data = call->out.data = call->timer.data = call->write.data = call;
	call->handles = 4;
	call->waiting = 2;
	call->done = done;
	call->arg = arg;
	call->add = !strcmp(request->command, "ADD");
	uv_pipe_init(loop, &call->in, 0);
	uv_pipe_init(loop, &call->out, 0);
	uv_timer_init(loop, &call->timer);
	kl_autojson *config = json_pack("{s:s, s:s, s:s, s:s}", "cniVersion", KL_CNI_VERSION, "name", "keelson", "type",
		"keelson-cni", "socket", request->socket_path);
	json_t *bandwidth = kl_cni_bandwidth_json(&request->bandwidth);
	if (bandwidth)
		json_object_set_new(config, "runtimeConfig", json_pack("{s:o}", "bandwidth", bandwidth));
	call->config = kl_json_text(config);
	return call;
}

int kl_cni_call(uv_loop_t *loop, const struct kl_cni_request *request, kl_cni_done *done, void *arg, struct kl_err *err)
{
	struct call *call = call_new(loop, request, done, arg);
	int rc = spawn(loop, call, request);
	if (rc) {
		uv_close((uv_handle_t *)&call->process, handle_closed);
		uv_close((uv_handle_t *)&call->in, handle_closed);
		uv_close((uv_handle_t *)&call->out, handle_closed);
		uv_close((uv_handle_t *)&call->timer, handle_closed);
		return kl_fail(
			err, -rc, "run the CNI plugin '%s'", request->plugin ? request->plugin : KL_CNI_PLUGIN_DEFAULT);
	}
	uv_timer_start(&call->timer, timed_out, (uint64_t)(request->timeout_ms ? request->timeout_ms : TIMEOUT_MS), 0);
	uv_read_start((uv_stream_t *)&call->out, allocate, received);
	uv_buf_t buf = uv_buf_init(call->config, (unsigned)strlen(call->config));
	if (uv_write(&call->write, (uv_stream_t *)&call->in, &buf, 1, written))
		uv_close((uv_handle_t *)&call->in, handle_closed);
	return 0;
}
