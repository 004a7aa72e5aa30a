#include "fakenode.h"

#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct fakenode {
	char *dir, *self, *log_path, *bundle;
	uv_loop_t loop;
	uv_async_t stop;
	pthread_t thread;
	struct kl_streaming *streaming;
	pid_t main_pid;
	int log_count;
};

/* --- the table */

static char **runtime_argv(const struct fakenode *node)
{
	char **argv = kl_calloc(3, sizeof(*argv));
	argv[0] = kl_strdup(node->self);
	argv[1] = kl_strdup("runtime");
	return argv;
}

static int find_container(const char *ns, const char *pod, const char *uid, const char *container,
	struct kl_streaming_container *ret, void *arg, struct kl_err *err)
{
	struct fakenode *node = arg;
	if (strcmp(ns, "default") != 0 || strcmp(pod, "web") != 0 || (uid && strcmp(uid, "u1") != 0))
		return kl_fail_msg(err, ENOENT, "pods \"%s\" not found", pod);
	if (!strcmp(container, "done")) {
		ret->state = kl_strdup("terminated");
		return 0;
	}
	if (strcmp(container, "main") != 0 && strcmp(container, "tty") != 0)
		return kl_fail_msg(err, ENOENT, "container %s is not valid for pod %s", container, pod);
	ret->running = true;
	ret->tty = !strcmp(container, "tty");
	ret->stdin_open = true;
	ret->log_path = kl_strdup(node->log_path);
	ret->conmon_pid = node->main_pid;
	ret->runtime_argv = runtime_argv(node);
	ret->container_id = kl_strdup(container);
	ret->bundle = kl_strdup(node->bundle);
	return 0;
}

static int find_netns(const char *ns, const char *pod, const char *uid, char **ret_path, void *arg, struct kl_err *err)
{
	(void)uid;
	(void)arg;
	if (strcmp(ns, "default") != 0 || strcmp(pod, "web") != 0)
		return kl_fail_msg(err, ENOENT, "pods \"%s\" not found", pod);
	*ret_path = NULL;
	return 0;
}

static json_t *pods(void *arg)
{
	(void)arg;
	return json_pack("{s:s,s:s,s:{},s:[]}", "kind", "PodList", "apiVersion", "v1", "metadata", "items");
}

/* --- its life */

static void on_stop(uv_async_t *async)
{
	struct fakenode *node = async->data;
	kl_streaming_free(node->streaming);
	uv_close((uv_handle_t *)async, NULL);
}

static void *run_loop(void *arg)
{
	struct fakenode *node = arg;
	uv_run(&node->loop, UV_RUN_DEFAULT);
	return NULL;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void write_bundle(struct fakenode *node)
{
	static const char CONFIG[] = "{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\",\"env\":[\"PATH=/usr/sbin:/"
				     "usr/bin:/sbin:/bin\",\"MARK=kept\"]}}";
	kl_autofree char *path = kl_asprintf("%s/config.json", node->bundle);
	kl_mkdir_p(node->bundle, 0700, NULL);
	kl_file_write_atomic(path, CONFIG, sizeof(CONFIG) - 1, 0600, NULL);
}

struct fakenode *fakenode_new(const char *dir, const char *self, int port, const char *certs)
{
	static const struct kl_streaming_ops OPS = {
		.find_container = find_container, .find_netns = find_netns, .pods = pods};
	struct fakenode *node = kl_calloc(1, sizeof(*node));
	struct kl_err err = {0};
	kl_autofree char *scratch = kl_asprintf("%s/scratch", dir);
	node->dir = kl_strdup(dir);
	node->self = kl_strdup(self);
	node->log_path = kl_asprintf("%s/0.log", dir);
	node->bundle = kl_asprintf("%s/bundle", dir);
	write_bundle(node);
	close(open(node->log_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	node->main_pid = sleeper();
	uv_loop_init(&node->loop);
	node->stop.data = node;
	uv_async_init(&node->loop, &node->stop, on_stop);
	kl_autofree char *cert = certs ? kl_asprintf("%s/serving.crt", certs) : NULL;
	kl_autofree char *key = certs ? kl_asprintf("%s/serving.key", certs) : NULL;
	kl_autofree char *ca = certs ? kl_asprintf("%s/ca.crt", certs) : NULL;
	struct kl_streaming_options options = {.address = "127.0.0.1",
		.port = port,
		.cert_path = cert,
		.key_path = key,
		.client_ca_path = ca,
		.scratch_dir = scratch,
		.ops = &OPS,
		.arg = node};
	if (kl_streaming_new(&node->loop, &options, &node->streaming, &err) < 0) {
		fprintf(stderr, "fakenode: %s\n", kl_err_text(&err));
		exit(1);
	}
	pthread_create(&node->thread, NULL, run_loop, node);
	return node;
}

int fakenode_port(const struct fakenode *node)
{
	return kl_streaming_port(node->streaming);
}

const char *fakenode_bundle(const struct fakenode *node)
{
	return node->bundle;
}

void fakenode_free(struct fakenode *node)
{
	uv_async_send(&node->stop);
	pthread_join(node->thread, NULL);
	uv_loop_close(&node->loop);
	fakenode_end_main(node);
	kl_remove_tree(node->dir, NULL);
	free(node->dir);
	free(node->self);
	free(node->log_path);
	free(node->bundle);
	free(node);
}

void fakenode_log(struct fakenode *node, const char *time, const char *stream, const char *tag, const char *text)
{
	FILE *file = fopen(node->log_path, "ae");
	fprintf(file, "%s %s %s %s\n", time, stream, tag, text);
	fclose(file);
}

void fakenode_rotate(struct fakenode *node)
{
	kl_autofree char *old = kl_asprintf("%s.%d", node->log_path, ++node->log_count);
	rename(node->log_path, old);
}

void fakenode_end_main(struct fakenode *node)
{
	if (node->main_pid <= 0)
		return;
	kill(node->main_pid, SIGKILL);
	waitpid(node->main_pid, NULL, 0);
	node->main_pid = 0;
}

/* --- the fake runtime: what `crun exec --process FILE ID` does, without a container */

static volatile sig_atomic_t resized;

static void on_winch(int signal)
{
	(void)signal;
	resized = 1;
}

static void copy_size(int master)
{
	struct winsize size;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}

static bool relay(int from, int to)
{
	char chunk[4096];
	ssize_t n = read(from, chunk, sizeof(chunk));
	return n > 0 && write(to, chunk, (size_t)n) == n;
}

static int run_terminal(char **argv)
{
	struct sigaction action = {.sa_handler = on_winch};
	int master, status = 0;
	sigaction(SIGWINCH, &action, NULL);
	pid_t pid = forkpty(&master, NULL, NULL, NULL);
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	copy_size(master);
	for (bool open = true; open;) {
		struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = master, .events = POLLIN}};
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (resized)
			copy_size(master);
		resized = 0;
		if (fds[0].revents && !relay(STDIN_FILENO, master))
			break;
		if (fds[1].revents)
			open = relay(master, STDOUT_FILENO);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_plain(char **argv)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int fakenode_runtime(int argc, char **argv)
{
	json_t *process = argc == 6 ? kl_json_load(argv[4], 1 << 20, NULL) : NULL, *word;
	size_t i;
	json_t *args = kl_json_get(process, "args", NULL), *env = kl_json_get(process, "env", NULL);
	char **list = kl_calloc(json_array_size(args) + 1, sizeof(*list));
	if (!json_array_size(args))
		return 125;
	json_array_foreach (args, i, word)
		list[i] = kl_strdup(json_string_value(word));
	json_array_foreach (env, i, word)
		putenv(kl_strdup(json_string_value(word)));
	/* Past the leak checker, whose exit code would take the command's place. */
	_exit(json_is_true(json_object_get(process, "terminal")) ? run_terminal(list) : run_plain(list));
}
