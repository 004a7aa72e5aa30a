#include "proc.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_OUTPUT = 1 << 20 };

struct pipes {
	int in[2], out[2], err[2];
};

static void close_pair(int pair[2])
{
	kl_cleanup_close(&pair[0]);
	kl_cleanup_close(&pair[1]);
	pair[0] = pair[1] = -1;
}

static void close_pipes(struct pipes *p)
{
	close_pair(p->in);
	close_pair(p->out);
	close_pair(p->err);
}

static void close_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static int spawn(const char *const argv[], struct pipes *p, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p->in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int rc = posix_spawnp(ret_pid, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

static void read_some(int *fd, struct kl_buf *into)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));
	if (n > 0)
		kl_buf_push(into, chunk, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_end(fd);
}

static void write_some(int *fd, const char **input, size_t *left)
{
	ssize_t n = *left ? write(*fd, *input, *left) : 0;
	if (n > 0) {
		*input += n;
		*left -= (size_t)n;
	}
	if (!*left || (n < 0 && errno != EINTR && errno != EAGAIN))
		close_end(fd);
}

/* Returns 0, or -ETIMEDOUT. */
static int exchange(struct pipes *p, const char *input, int timeout_ms, struct kl_proc_result *ret)
{
	int64_t deadline = timeout_ms ? kl_monotonic_ms() + timeout_ms : 0;
	size_t left = input ? strlen(input) : 0;

	while (p->in[1] >= 0 || p->out[0] >= 0 || p->err[0] >= 0) {
		struct pollfd fds[] = {
			{.fd = p->in[1], .events = POLLOUT}, {.fd = p->out[0], .events = POLLIN}, {.fd = p->err[0], .events = POLLIN}};
		int64_t wait = deadline ? deadline - kl_monotonic_ms() : -1;
		if (deadline && wait <= 0)
			return -ETIMEDOUT;
		if (poll(fds, KL_ARRAY_LEN(fds), (int)wait) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			write_some(&p->in[1], &input, &left);
		if (fds[1].revents)
			read_some(&p->out[0], &ret->out);
		if (fds[2].revents)
			read_some(&p->err[0], &ret->err_out);
	}
	return 0;
}

int kl_proc_run(const char *const argv[], const char *input, int timeout_ms, struct kl_proc_result *ret,
	struct kl_err *err)
{
	kl_cleanup(close_pipes) struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
	pid_t pid;

	*ret = (struct kl_proc_result){.out = {.max = MAX_OUTPUT}, .err_out = {.max = MAX_OUTPUT}};
	if (pipe2(p.in, O_CLOEXEC) || pipe2(p.out, O_CLOEXEC) || pipe2(p.err, O_CLOEXEC))
		return kl_fail(err, errno, "make pipes for '%s'", argv[0]);
	int rc = spawn(argv, &p, &pid);
	if (rc)
		return kl_fail(err, -rc, "start '%s'", argv[0]);
	close_end(&p.in[0]);
	close_end(&p.out[1]);
	close_end(&p.err[1]);
	rc = exchange(&p, input, timeout_ms, ret);
	if (rc)
		kill(pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return kl_fail(err, -rc, "run '%s'", argv[0]);
	ret->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

void kl_proc_result_release(struct kl_proc_result *result)
{
	kl_buf_release(&result->out);
	kl_buf_release(&result->err_out);
}

static const char *last_line(struct kl_buf *buf)
{
	while (buf->len && (unsigned char)buf->data[buf->len - 1] <= ' ')
		buf->data[--buf->len] = 0;
	const char *text = kl_buf_str(buf), *newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

int kl_proc_check(const char *const argv[], struct kl_err *err)
{
	kl_cleanup(kl_proc_result_release) struct kl_proc_result result = {0};
	int rc = kl_proc_run(argv, NULL, 0, &result, err);
	if (rc)
		return rc;
	if (!result.exit_code)
		return 0;
	return kl_fail_msg(err, EIO, "'%s %s' exited %d: %s", argv[0], argv[1] ? argv[1] : "", result.exit_code,
		last_line(&result.err_out));
}
