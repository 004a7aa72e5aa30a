/*
 * exec: the runtime joins the container with a process specification and stays as the parent of the new process, with
 * our pipes or our pseudo-terminal as its standard streams. Its exit code is the command's.
 */
#include "remote.h"

#include "file.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
	CHUNK = 32768,
	MAX_CONFIG = 4 * 1024 * 1024,
	/*
	 * After the command's end, output is read to its end. A process it left behind may hold the pipe open for ever:
	 * when nothing has come for this long, that is the end.
	 */
	LINGER_MS = 200,
	CONTROL_D = 4,
};

struct exec {
	struct kl_backend base;
	uv_loop_t *loop;
	const struct kl_remote_options *options; /* borrowed: not after release, as container and scratch_dir */
	const struct kl_streaming_container *container;
	const char *scratch_dir;
	char *spec_path;
	uv_process_t process;
	uv_timer_t linger;
	uv_pipe_t in, out, err; /* tty: in is both directions of the pty's master */
	bool in_open, out_open, err_open, process_open, linger_open;
	bool tty, paused, input_ended, running, told;
	bool output_since_linger, had_output;
	struct winsize size; /* the last that the client told; ws_col 0: none */
	int exit_code;
};

/* --- the specification */

static void set_term(json_t *process)
{
	json_t *env = json_object_get(process, "env"), *entry;
	size_t i;
	json_array_foreach (env, i, entry)
		if (!strncmp(json_string_value(entry) ? json_string_value(entry) : "", "TERM=", 5))
			return;
	if (!json_is_array(env))
		json_object_set_new(process, "env", env = json_array());
	json_array_append_new(env, json_string("TERM=xterm"));
}

static json_t *make_spec(const struct exec *exec, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/config.json", exec->container->bundle);
	kl_autojson *config = kl_json_load(path, MAX_CONFIG, err);
	json_t *process = json_incref(kl_json_get(config, "process", NULL)), *args = json_array();
	if (!process) {
		json_decref(args);
		if (config)
			kl_fail_msg(err, EINVAL, "'%s' has no process", path);
		return NULL;
	}
	for (char **arg = exec->options->command; *arg; arg++)
		json_array_append_new(args, json_string(*arg));
	json_object_set_new(process, "args", args);
	json_object_set_new(process, "terminal", json_boolean(exec->tty));
	json_object_del(process, "consoleSize");
	if (exec->tty)
		set_term(process);
	return process;
}

static int write_spec(struct exec *exec, struct kl_err *err)
{
	kl_autojson *spec = make_spec(exec, err);
	if (!spec)
		return -EINVAL;
	kl_autofree char *text = kl_json_text(spec);
	kl_autofree char *path = kl_asprintf("%s/exec-XXXXXX", exec->scratch_dir);
	size_t len = strlen(text);
	kl_autoclose int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return kl_fail(err, errno, "create '%s'", path);
	exec->spec_path = kl_take(&path);
	if (write(fd, text, len) != (ssize_t)len)
		return kl_fail(err, errno ? errno : EIO, "write '%s'", exec->spec_path);
	return 0;
}

static void remove_spec(struct exec *exec)
{
	if (exec->spec_path)
		unlink(exec->spec_path);
	kl_cleanup_free(&exec->spec_path);
	exec->spec_path = NULL;
}

/* --- freeing: when the last handle has closed */

static void free_when_closed(struct exec *exec)
{
	if (exec->in_open || exec->out_open || exec->err_open || exec->process_open || exec->linger_open ||
		exec->base.remote)
		return;
	remove_spec(exec);
	free(exec);
}

static void on_closed(uv_handle_t *handle)
{
	struct exec *exec = handle->data;
	if (handle == (uv_handle_t *)&exec->in)
		exec->in_open = false;
	else if (handle == (uv_handle_t *)&exec->out)
		exec->out_open = false;
	else if (handle == (uv_handle_t *)&exec->err)
		exec->err_open = false;
	else if (handle == (uv_handle_t *)&exec->process)
		exec->process_open = false;
	else
		exec->linger_open = false;
	free_when_closed(exec);
}

static void close_handle(void *handle, bool open)
{
	if (open && !uv_is_closing(handle))
		uv_close(handle, on_closed);
}

/* --- output */

static void apply_size(struct exec *exec);

static bool is_reading(bool open, const uv_pipe_t *pipe)
{
	return open && !uv_is_closing((const uv_handle_t *)pipe);
}

/* The stream that carries output: with a terminal it is `in`. */
static bool output_open(const struct exec *exec)
{
	if (exec->tty)
		return is_reading(exec->in_open, &exec->in);
	return is_reading(exec->out_open, &exec->out) || is_reading(exec->err_open, &exec->err);
}

static void tell_exit(struct exec *exec)
{
	if (exec->told || !exec->base.remote)
		return;
	exec->told = true;
	kl_remote_exited(exec->base.remote, exec->exit_code, NULL);
}

static void on_linger(uv_timer_t *timer)
{
	struct exec *exec = timer->data;
	if (exec->paused || exec->output_since_linger) {
		exec->output_since_linger = false;
		uv_timer_start(timer, on_linger, LINGER_MS, 0);
		return;
	}
	tell_exit(exec);
}

static void maybe_exited(struct exec *exec)
{
	if (exec->running)
		return;
	if (!output_open(exec))
		tell_exit(exec);
	else if (!uv_is_active((uv_handle_t *)&exec->linger))
		uv_timer_start(&exec->linger, on_linger, LINGER_MS, 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	(void)handle;
	(void)suggested;
	static _Thread_local char chunk[CHUNK]; /* used up before the next read */
	*ret = uv_buf_init(chunk, sizeof(chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec *exec = stream->data;
	if (n > 0) {
		exec->output_since_linger = true;
		if (exec->tty && !exec->had_output)
			apply_size(exec); /* again: it may have come while the runtime was starting */
		exec->had_output = true;
		if (exec->base.remote)
			kl_remote_output(exec->base.remote,
				stream == (uv_stream_t *)&exec->err ? KL_CHANNEL_STDERR : KL_CHANNEL_STDOUT, buf->base,
				(size_t)n);
	} else if (n < 0) { /* UV_EOF; UV_EIO from a terminal whose other side has closed */
		uv_close((uv_handle_t *)stream, on_closed);
		maybe_exited(exec);
	}
}

static void read_output(struct exec *exec, bool on)
{
	uv_pipe_t *pipes[] = {exec->tty ? &exec->in : &exec->out, &exec->err};
	bool open[] = {exec->tty ? exec->in_open : exec->out_open, exec->err_open};
	for (size_t i = 0; i < KL_ARRAY_LEN(pipes); i++) {
		if (!is_reading(open[i], pipes[i]))
			continue;
		if (on)
			uv_read_start((uv_stream_t *)pipes[i], on_alloc, on_read);
		else
			uv_read_stop((uv_stream_t *)pipes[i]);
	}
}

static void pause_output(struct kl_backend *backend, bool paused)
{
	struct exec *exec = (struct exec *)backend;
	exec->paused = paused;
	read_output(exec, !paused);
}

/* --- the terminal's size */

/* The runtime's children: the command, and while it starts its helpers. They do not die with the runtime. */
static void each_child(pid_t parent, void (*each)(pid_t pid, const struct winsize *size), const struct winsize *size)
{
	char path[64], *save = NULL;
	kl_autobuf list = {.max = 4096};
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	if (kl_file_read(path, &list, NULL) < 0 || !list.len)
		return;
	for (char *pid = strtok_r(list.data, " \n", &save); pid; pid = strtok_r(NULL, " \n", &save))
		each((pid_t)atoi(pid), size);
}

static void resize_child(pid_t pid, const struct winsize *size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)pid);
	kl_autoclose int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		ioctl(fd, TIOCSWINSZ, size); /* not a terminal: no harm */
}

/*
 * Our terminal's size is what the runtime starts the command's own with; later changes are made there: some runtimes do
 * not pass them on (crun 1.8).
 */
static void apply_size(struct exec *exec)
{
	uv_os_fd_t fd;
	if (!exec->size.ws_col || !is_reading(exec->in_open, &exec->in) || uv_fileno((uv_handle_t *)&exec->in, &fd) < 0)
		return;
	ioctl(fd, TIOCSWINSZ, &exec->size);
	if (exec->running)
		each_child(exec->process.pid, resize_child, &exec->size);
}

static void resize(struct kl_backend *backend, unsigned columns, unsigned rows)
{
	struct exec *exec = (struct exec *)backend;
	exec->size = (struct winsize){.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
	apply_size(exec);
}

/* --- input */

struct input {
	uv_write_t req;
	struct exec *exec;
	char data[];
};

static size_t input_backlog(const struct kl_backend *backend)
{
	const struct exec *exec = (const struct exec *)backend;
	return is_reading(exec->in_open, &exec->in) ? uv_stream_get_write_queue_size((const uv_stream_t *)&exec->in)
						    : 0;
}

static void on_written(uv_write_t *req, int status)
{
	struct input *input = (struct input *)req;
	struct exec *exec = input->exec;
	free(input);
	bool failed = status < 0 && status != UV_ECANCELED;
	/* A pipe has no shutdown(2): its end is told by closing it once all is written; or nobody reads it any more. */
	if (!exec->tty && (failed || (exec->input_ended && !input_backlog(&exec->base))))
		close_handle(&exec->in, exec->in_open);
	if (exec->base.remote && (failed || input_backlog(&exec->base) <= KL_CONN_LOW))
		kl_remote_input_drained(exec->base.remote);
}

static void write_input(struct kl_backend *backend, const uint8_t *data, size_t len)
{
	struct exec *exec = (struct exec *)backend;
	if (!is_reading(exec->in_open, &exec->in) || exec->input_ended)
		return;
	struct input *input = kl_malloc(sizeof(*input) + len);
	input->exec = exec;
	memcpy(input->data, data, len);
	uv_buf_t buf = uv_buf_init(input->data, (unsigned)len);
	if (uv_write(&input->req, (uv_stream_t *)&exec->in, &buf, 1, on_written) < 0)
		free(input);
}

static void end_input(struct kl_backend *backend)
{
	struct exec *exec = (struct exec *)backend;
	/* A terminal's input has no end of its own: the line discipline makes one of ^D. */
	if (exec->tty)
		write_input(backend, (const uint8_t[]){CONTROL_D}, 1);
	exec->input_ended = true;
	if (!exec->tty && !input_backlog(backend))
		close_handle(&exec->in, exec->in_open);
}

/* --- the process */

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct exec *exec = process->data;
	exec->running = false;
	exec->exit_code = signal ? 128 + signal : (int)status;
	remove_spec(exec);
	uv_close((uv_handle_t *)process, on_closed);
	if (exec->base.remote)
		maybe_exited(exec);
}

static void open_pipe(struct exec *exec, uv_pipe_t *pipe, bool *open, int *fd)
{
	if (*fd < 0)
		return;
	uv_pipe_init(exec->loop, pipe, 0);
	pipe->data = exec;
	*open = true;
	uv_pipe_open(pipe, *fd);
	*fd = -1;
}

struct stdio {
	int ours[3], theirs[3];
};

static void close_stdio(struct stdio *io)
{
	for (int i = 0; i < 3; i++) {
		kl_cleanup_close(&io->ours[i]);
		/* A terminal is one fd three times. */
		if (i == 0 || io->theirs[i] != io->theirs[0])
			kl_cleanup_close(&io->theirs[i]);
	}
}

static int make_terminal(struct stdio *io, struct kl_err *err)
{
	int master, slave;
	struct termios raw;
	if (openpty(&master, &slave, NULL, NULL, NULL) < 0)
		return kl_fail(err, errno, "make a pseudo-terminal");
	io->ours[0] = master;
	io->theirs[0] = io->theirs[1] = io->theirs[2] = slave;
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	/* The container's own terminal does echo and line editing; ours in between passes bytes. */
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	return 0;
}

static int make_pipes(const struct kl_remote_options *options, struct stdio *io, struct kl_err *err)
{
	const bool wanted[3] = {options->input, options->output, options->error};
	for (int i = 0; i < 3; i++) {
		int ends[2];
		if (!wanted[i]) {
			io->theirs[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return kl_fail(err, errno, "make a pipe");
		io->theirs[i] = ends[i == 0 ? 0 : 1];
		io->ours[i] = ends[i == 0 ? 1 : 0];
	}
	return 0;
}

static char **make_argv(const struct exec *exec)
{
	const char *const tail[] = {"exec", "--process", exec->spec_path, exec->container->container_id, NULL};
	size_t head = 0;
	while (exec->container->runtime_argv[head])
		head++;
	char **argv = kl_calloc(head + KL_ARRAY_LEN(tail), sizeof(*argv));
	memcpy(argv, exec->container->runtime_argv, head * sizeof(*argv));
	memcpy(argv + head, tail, sizeof(tail));
	return argv;
}

static int spawn(struct exec *exec, const struct stdio *io, struct kl_err *err)
{
	kl_autofree char **argv = make_argv(exec);
	uv_stdio_container_t stdio[3];
	for (int i = 0; i < 3; i++)
		stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = io->theirs[i]};
	uv_process_options_t options = {.exit_cb = on_process_exit,
		.file = argv[0],
		.args = argv,
		.stdio = stdio,
		.stdio_count = 3,
		.flags = UV_PROCESS_DETACHED};
	exec->process_open = true;
	exec->process.data = exec;
	int rc = uv_spawn(exec->loop, &exec->process, &options);
	if (rc < 0) {
		uv_close((uv_handle_t *)&exec->process, on_closed);
		return kl_fail(err, -rc, "start '%s'", argv[0]);
	}
	exec->running = true;
	return 0;
}

static int start(struct kl_backend *backend, struct kl_err *err)
{
	struct exec *exec = (struct exec *)backend;
	kl_cleanup(close_stdio) struct stdio io = {{-1, -1, -1}, {-1, -1, -1}};
	uv_timer_init(exec->loop, &exec->linger);
	exec->linger.data = exec;
	exec->linger_open = true;
	int rc = write_spec(exec, err);
	if (rc < 0)
		return rc;
	rc = exec->tty ? make_terminal(&io, err) : make_pipes(exec->options, &io, err);
	if (rc < 0)
		return rc;
	rc = spawn(exec, &io, err);
	if (rc < 0)
		return rc;
	open_pipe(exec, &exec->in, &exec->in_open, &io.ours[0]);
	open_pipe(exec, &exec->out, &exec->out_open, &io.ours[1]);
	open_pipe(exec, &exec->err, &exec->err_open, &io.ours[2]);
	read_output(exec, true);
	return 0;
}

/*
 * What the command has started goes with it: the runtime has made a session for it (whose leader may be a helper of crun's
 * that has gone), or it is in the runtime's own.
 */
static void kill_child(pid_t pid, const struct winsize *size)
{
	pid_t group = getpgid(pid);
	(void)size;
	kill(group > 1 && group != getpgrp() ? -group : pid, SIGKILL);
}

static void release(struct kl_backend *backend)
{
	struct exec *exec = (struct exec *)backend;
	if (exec->running) {
		each_child(exec->process.pid, kill_child, NULL);
		kill(-exec->process.pid, SIGKILL);        /* detached: it leads its group … */
		uv_process_kill(&exec->process, SIGKILL); /* … once it has begun */
	}
	close_handle(&exec->in, exec->in_open);
	close_handle(&exec->out, exec->out_open);
	close_handle(&exec->err, exec->err_open);
	close_handle(&exec->linger, exec->linger_open);
	free_when_closed(exec);
}

struct kl_backend *kl_exec_backend(uv_loop_t *loop, const struct kl_remote_options *options,
	const struct kl_streaming_container *container, const char *scratch_dir)
{
	static const struct kl_backend_class CLASS = {
		start, write_input, end_input, input_backlog, resize, pause_output, release};
	struct exec *exec = kl_calloc(1, sizeof(*exec));
	exec->base.class = &CLASS;
	exec->loop = loop;
	exec->options = options;
	exec->tty = options->tty;
	exec->container = container;
	exec->scratch_dir = scratch_dir;
	return &exec->base;
}
