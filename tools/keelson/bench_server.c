#include "bench_server.h"

#include "clock.h"
#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 20000 };

int64_t bench_resident(pid_t pid)
{
	kl_autofree char *path = kl_asprintf("/proc/%d/statm", (int)pid);
	long long size, resident = 0;
	FILE *file = fopen(path, "re");
	if (file && fscanf(file, "%lld %lld", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

double bench_cpu_s(pid_t pid)
{
	kl_autofree char *path = pid ? kl_asprintf("/proc/%d/stat", (int)pid) : kl_strdup("/proc/self/stat");
	kl_autobuf text = {.max = 4096};
	long long user = 0, system = 0;
	if (kl_file_read(path, &text, NULL) < 0)
		return 0;
	/* the name in parentheses may hold anything; the fields behind it count from the third */
	const char *at = strrchr(kl_buf_str(&text), ')');
	if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void run_child(const char *dir, const char *kubeconfig, const char *port)
{
	kl_autofree char *log = kl_asprintf("%s/server.log", dir), *data = kl_asprintf("%s/data", dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* it does not outlive a benchmark that is cut off */
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execl("/proc/self/exe", "keelson", "server", "--data-dir", data, "--bind-address", "127.0.0.1", "--port", port,
		"--write-kubeconfig", kubeconfig, (char *)NULL);
	_exit(127);
}

static void stop(struct bench_server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGTERM);
		waitpid(server->pid, NULL, 0);
	}
	server->pid = 0;
	bench_target_release(&server->target);
	kl_kubeconfig_release(&server->config);
}

static bool is_ready(struct bench_server *server, const char *kubeconfig)
{
	struct kl_err err = {0};
	if (!server->config.server &&
		(!kl_path_exists(kubeconfig) || kl_kubeconfig_load(kubeconfig, &server->config, &err) < 0))
		return false;
	if (!server->target.credentials && bench_target_init(&server->config, &server->target, &err) < 0)
		return false;
	return bench_ask(&server->target, "GET", "/readyz", NULL, NULL, &err) == 200;
}

static int launch(struct bench_server *server, struct kl_err *err)
{
	kl_autofree char *kubeconfig = kl_asprintf("%s/kubeconfig", server->dir);
	unlink(kubeconfig);
	int64_t start = kl_monotonic_ns();
	server->pid = fork();
	if (server->pid < 0)
		return kl_fail(err, errno, "fork");
	if (!server->pid)
		run_child(server->dir, kubeconfig, "0");
	while (!is_ready(server, kubeconfig)) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			return kl_fail_msg(
				err, ECHILD, "the server ended; its words are in %s/server.log", server->dir);
		}
		if (kl_monotonic_ns() - start > START_MS * 1000000LL)
			return kl_fail_msg(err, ETIMEDOUT, "the server is not ready after %d s", START_MS / 1000);
		usleep(500);
	}
	server->ready_ms = (double)(kl_monotonic_ns() - start) / 1e6;
	return 0;
}

int bench_server_start(const char *parent, struct bench_server *ret, struct kl_err *err)
{
	snprintf(ret->dir, sizeof(ret->dir), "%s/keelson-bench-XXXXXX", parent);
	if (!mkdtemp(ret->dir)) {
		int rc = kl_fail(err, errno, "make a folder in '%s'", parent);
		ret->dir[0] = '\0';
		return rc;
	}
	return launch(ret, err);
}

int bench_server_restart(struct bench_server *server, struct kl_err *err)
{
	stop(server);
	return launch(server, err);
}

void bench_server_end(struct bench_server *server)
{
	stop(server);
	if (server->dir[0])
		kl_remove_tree(server->dir, NULL);
	server->dir[0] = '\0';
}
