#include "conmon.h"

#include "clock.h"
#include "file.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SYNC_FD = 3, CREATE_TIMEOUT_MS = 60000, MAX_ARGS = 48, MAX_ANSWER = 65536 };

struct argv {
	const char *items[MAX_ARGS];
	size_t count;
};

static void push(struct argv *argv, const char *item)
{
	if (argv->count + 1 < MAX_ARGS)
		argv->items[argv->count++] = item;
}

static void push2(struct argv *argv, const char *option, const char *value)
{
	push(argv, option);
	push(argv, value);
}

struct texts {
	char *root_arg, *pidfile, *monitor_pidfile, *log_path, *uuid;
};

static void texts_release(struct texts *t)
{
	free(t->root_arg);
	free(t->pidfile);
	free(t->monitor_pidfile);
	free(t->log_path);
	free(t->uuid);
}

static void build_argv(
	const struct kl_conmon *c, const struct kl_container_spec *spec, const struct texts *t, struct argv *argv)
{
	push2(argv, c->conmon, "--api-version");
	push(argv, "1");
	push2(argv, "--cid", spec->id);
	push2(argv, "--cuuid", t->uuid);
	push2(argv, "--name", t->uuid);
	push2(argv, "--runtime", c->runtime);
	push2(argv, "--runtime-arg", t->root_arg);
	push2(argv, "--bundle", spec->bundle);
	push2(argv, "--container-pidfile", t->pidfile);
	push2(argv, "--conmon-pidfile", t->monitor_pidfile);
	push2(argv, "--log-path", t->log_path);
	push2(argv, "--exit-dir", c->exit_dir);
	push2(argv, "--persist-dir", spec->bundle);
	push2(argv, "--full-attach", "--no-new-keyring");
	push2(argv, "--log-level", "warning");
	if (spec->tty)
		push(argv, "--terminal");
	if (spec->stdin_open)
		push(argv, "--stdin");
	if (spec->stdin_open && !spec->stdin_once)
		push(argv, "--leave-stdin-open");
}

/* Only what conmon and the runtime need: the agent's own environment is nobody's business. */
static char *const clean_env[] = {(char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
	(char[]){"_OCI_SYNCPIPE=3"}, NULL};

static int spawn(const struct argv *argv, int sync_fd, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, sync_fd, SYNC_FD);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	int rc = posix_spawn(ret, argv->items[0], &actions, &attr, (char *const *)(uintptr_t)argv->items, clean_env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

/* conmon writes one JSON line: {"data": pid} or {"data": -1, "message": "…"}. */
static int read_answer(int fd, struct kl_buf *line, struct kl_err *err)
{
	int64_t deadline = kl_monotonic_ms() + CREATE_TIMEOUT_MS;
	char chunk[512];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t wait = deadline - kl_monotonic_ms();
		if (wait <= 0 || poll(&p, 1, (int)wait) == 0)
			return kl_fail_msg(err, ETIMEDOUT, "conmon did not answer in time");
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return kl_fail(err, errno, "read conmon's answer");
		kl_buf_push(line, chunk, (size_t)n);
		if (n == 0 || memchr(chunk, '\n', (size_t)n) || line->len > MAX_ANSWER)
			return line->len ? 0 : kl_fail_msg(err, EPIPE, "conmon ended without an answer");
	}
}

/* The runtime's own words, without its log prefix and newlines. */
static int create_failed(const char *message, struct kl_err *err)
{
	kl_autofree char *text = kl_strdup(message);

	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	for (size_t len = strlen(text); len && text[len - 1] == ' ';)
		text[--len] = 0;
	return kl_fail_msg(err, EIO, "OCI runtime create failed: %s", *text ? text : "no reason given");
}

static int parse_answer(const struct kl_buf *line, pid_t *ret_pid, struct kl_err *err)
{
	kl_autojson *answer = kl_json_parse(line->data, line->len, err);

	if (!answer)
		return kl_fail_prefix(err, "conmon's answer");
	int64_t pid = kl_json_int(answer, kl_json_int(answer, -1, "pid", NULL), "data", NULL);
	if (pid <= 0)
		return create_failed(kl_json_str(answer, "message", NULL), err);
	*ret_pid = (pid_t)pid;
	return 0;
}

static pid_t read_pid(const char *path)
{
	kl_autobuf text = {.max = 64};

	return kl_file_read(path, &text, NULL) ? 0 : (pid_t)strtol(kl_buf_str(&text), NULL, 10);
}

static int run(const struct argv *argv, struct kl_buf *line, struct kl_err *err)
{
	int pipe_fds[2], status;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return kl_fail(err, errno, "make a pipe for conmon");
	kl_autoclose int read_end = pipe_fds[0];
	int rc = spawn(argv, pipe_fds[1], &child);
	close(pipe_fds[1]);
	if (rc)
		return kl_fail(err, -rc, "start '%s'", argv->items[0]);
	rc = read_answer(read_end, line, err);
	if (rc)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		; /* the parent of the daemon ends at once */
	return rc;
}

int kl_conmon_create(const struct kl_conmon *c, const struct kl_container_spec *spec, struct kl_container_handle *ret,
	struct kl_err *err)
{
	kl_cleanup(texts_release) struct texts t = {
		.root_arg = kl_asprintf("--root=%s", c->runtime_root),
		.pidfile = kl_asprintf("%s/pidfile", spec->bundle),
		.monitor_pidfile = kl_asprintf("%s/conmon.pid", spec->bundle),
		.log_path = kl_asprintf("k8s-file:%s", spec->log_path),
		.uuid = kl_strndup(spec->id, 16),
	};
	kl_autobuf line = {.max = MAX_ANSWER + 1024};
	struct argv argv = {0};
	struct kl_container_handle handle = {0};

	build_argv(c, spec, &t, &argv);
	int rc = run(&argv, &line, err);
	if (!rc)
		rc = parse_answer(&line, &handle.pid, err);
	if (rc)
		return rc;
	handle.monitor_pid = read_pid(t.monitor_pidfile);
	if (handle.monitor_pid <= 0)
		return kl_fail_msg(err, EIO, "conmon left no process id in '%s'", t.monitor_pidfile);
	handle.pid_start = kl_pid_start(handle.pid);
	handle.monitor_start = kl_pid_start(handle.monitor_pid);
	*ret = handle;
	return 0;
}
