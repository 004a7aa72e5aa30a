#include "action_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct exec {
	uv_process_t process;
	uv_pipe_t out;
	bool spawned, piped, exited, eof;
	int64_t code;
	char chunk[1024];
};

static void on_closed(uv_handle_t *handle)
{
	action_unref(handle->data);
}

/* The exit code and the end of the output come in either order. */
static void check_end(struct kl_action *action)
{
	struct exec *exec = action->own;

	if (exec->exited && exec->eof)
		action_finish(action, exec->code ? KL_ACTION_FAILED : KL_ACTION_OK, kl_buf_str(&action->output));
}

static void on_exited(uv_process_t *process, int64_t code, int signal)
{
	struct kl_action *action = process->data;
	struct exec *exec = action->own;

	exec->exited = true;
	exec->code = signal ? 128 + signal : code;
	check_end(action);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct exec *exec = ((struct kl_action *)handle->data)->own;

	(void)suggested;
	*buf = uv_buf_init(exec->chunk, sizeof(exec->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct kl_action *action = stream->data;
	struct exec *exec = action->own;

	if (n > 0)
		kl_buf_push(&action->output, buf->base, (size_t)n);
	if (n < 0) {
		exec->eof = true;
		check_end(action);
	}
}

static void argv_free(char **argv)
{
	for (char **at = argv; *at; at++)
		free(*at);
	free(argv);
}

static char **build_argv(struct kl_action *action)
{
	const json_t *command = json_object_get(action->handler, "command");
	kl_autofree const char **words = kl_calloc(json_array_size(command) + 1, sizeof(*words));
	json_t *item;
	size_t i;

	json_array_foreach (command, i, item)
		words[i] = json_is_string(item) ? json_string_value(item) : "";
	return action->target->exec_argv(words, action->target->arg);
}

static int exec_start(struct kl_action *action, struct kl_err *err)
{
	struct exec *exec = kl_calloc(1, sizeof(*exec));
	char *env[] = {(char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};

	action->own = exec;
	if (!action->target->exec_argv || !json_array_size(json_object_get(action->handler, "command")))
		return kl_fail_msg(err, EINVAL, "exec handler without a command");
	int fds[2]; /* one pipe for both outputs, so that they come in their order */
	int rc = uv_pipe(fds, UV_NONBLOCK_PIPE, 0);
	if (rc)
		return kl_fail_msg(err, -rc, "make a pipe: %s", uv_strerror(rc));
	uv_pipe_init(action->loop, &exec->out, 0);
	uv_pipe_open(&exec->out, fds[0]);
	exec->out.data = exec->process.data = action;
	exec->piped = true;
	action_ref(action);
	uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = fds[1]},
		{.flags = UV_INHERIT_FD, .data.fd = fds[1]}};
	char **argv = build_argv(action);
	uv_process_options_t options = {
		.file = argv[0], .args = argv, .env = env, .exit_cb = on_exited, .stdio = stdio, .stdio_count = 3};
	rc = uv_spawn(action->loop, &exec->process, &options);
	argv_free(argv);
	close(fds[1]);
	exec->spawned = true; /* a failed spawn leaves an initialised handle too */
	action_ref(action);
	if (rc)
		return kl_fail_msg(err, -rc, "start the exec handler: %s", uv_strerror(rc));
	uv_read_start((uv_stream_t *)&exec->out, on_alloc, on_read);
	return 0;
}

static void exec_stop(struct kl_action *action)
{
	struct exec *exec = action->own;

	if (exec->spawned && !exec->exited && exec->process.pid > 0)
		uv_process_kill(&exec->process, SIGKILL);
	if (exec->spawned)
		uv_close((uv_handle_t *)&exec->process, on_closed);
	if (exec->piped)
		uv_close((uv_handle_t *)&exec->out, on_closed);
}

static const char *exec_timeout(struct kl_action *action, struct kl_buf *words)
{
	json_t *item;
	size_t i;

	kl_buf_str_push(words, "command timed out: \"");
	json_array_foreach (json_object_get(action->handler, "command"), i, item)
		kl_buf_printf(words, "%s%s", i ? " " : "", json_is_string(item) ? json_string_value(item) : "");
	kl_buf_printf(words, "\" timed out after %ds", action->timeout_ms / 1000);
	return kl_buf_str(words);
}

const struct action_kind action_exec = {"exec", exec_start, exec_stop, exec_timeout};
