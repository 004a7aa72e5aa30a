/*
 * Processes by pid file: started, known again, never mistaken, stopped.
 */
#include "file.h"
#include "testlib.h"
#include "up_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void folder(char dir[64])
{
	snprintf(dir, 64, "/tmp/kl-process-test-XXXXXX");
	KL_CHECK(mkdtemp(dir) != NULL);
}

static pid_t start_sleep(const char *log)
{
	const char *argv[] = {"/bin/sleep", "60", NULL};
	struct kl_process_spec spec = {.argv = argv, .log = log};
	pid_t pid = 0;
	KL_CHECK_INT(kl_process_start(&spec, &pid, NULL), 0);
	return pid;
}

KL_TEST(a_process_is_started_known_and_stopped)
{
	char dir[64];
	folder(dir);
	kl_autofree char *pid_file = kl_asprintf("%s/pid", dir), *log = kl_asprintf("%s/log", dir);
	KL_CHECK_INT(kl_pidfile_read(pid_file), 0);
	KL_CHECK_INT(kl_pidfile_stop(pid_file, 0, NULL), 0);
	pid_t pid = start_sleep(log);
	KL_CHECK_INT(kl_pidfile_write(pid_file, pid, NULL), 0);
	KL_CHECK_INT(kl_pidfile_read(pid_file), pid);
	KL_CHECK_INT(getsid(pid), pid);
	KL_CHECK(kl_process_rss(pid) > 0);
	KL_CHECK_INT(kl_pidfile_stop(pid_file, 5000, NULL), 0);
	/* Dead, though nobody has reaped it yet. */
	KL_CHECK_INT(kl_pidfile_read(pid_file), 0);
	int status;
	KL_CHECK_INT(waitpid(pid, &status, 0), pid);
	KL_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	kl_remove_tree(dir, NULL);
}

KL_TEST(another_process_of_that_number_is_not_taken)
{
	char dir[64], text[64];
	folder(dir);
	kl_autofree char *pid_file = kl_asprintf("%s/pid", dir), *log = kl_asprintf("%s/log", dir);
	static const char *const bad[] = {"", "x", "1 1", "0 0", "-5 3", "999999999 7"};
	pid_t pid = start_sleep(log);
	int len = snprintf(text, sizeof(text), "%d %llu\n", pid, (unsigned long long)kl_process_start_time(pid) + 1);
	KL_CHECK_INT(kl_file_write_atomic(pid_file, text, (size_t)len, 0644, NULL), 0);
	KL_CHECK_INT(kl_pidfile_read(pid_file), 0);
	KL_CHECK_INT(kl_pidfile_stop(pid_file, 0, NULL), 0);
	KL_CHECK(kl_process_start_time(pid) != 0);
	for (size_t i = 0; i < KL_ARRAY_LEN(bad); i++) {
		KL_CHECK_INT(kl_file_write_atomic(pid_file, bad[i], strlen(bad[i]), 0644, NULL), 0);
		KL_CHECK_INT(kl_pidfile_read(pid_file), 0);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kl_remove_tree(dir, NULL);
}

KL_TEST(what_cannot_be_started_says_why)
{
	const char *argv[] = {"/no/such/program", NULL}, *fine[] = {"/bin/true", NULL};
	struct kl_process_spec missing = {.argv = argv, .log = "/dev/null"};
	struct kl_process_spec lost = {.argv = fine, .log = "/dev/null", .netns = "/no/such/namespace"};
	struct kl_err err = {0};
	pid_t pid = 0;
	KL_CHECK_INT(kl_process_start(&missing, &pid, &err), -ENOENT);
	KL_CHECK(strstr(err.text, "/no/such/program") && strstr(err.text, "start the program"));
	KL_CHECK_INT(kl_process_start(&lost, &pid, &err), -ENOENT);
	KL_CHECK(strstr(err.text, "/no/such/namespace"));
	KL_CHECK_INT(pid, 0);
}

KL_TEST(output_goes_to_the_log)
{
	char dir[64];
	folder(dir);
	kl_autofree char *log = kl_asprintf("%s/log", dir);
	const char *argv[] = {"/bin/sh", "-c", "echo out; echo err >&2", NULL};
	struct kl_process_spec spec = {.argv = argv, .log = log};
	kl_autobuf text = {0};
	pid_t pid = 0;
	KL_CHECK_INT(kl_process_start(&spec, &pid, NULL), 0);
	waitpid(pid, NULL, 0);
	KL_CHECK_INT(kl_file_read(log, &text, NULL), 0);
	KL_CHECK_STR(kl_buf_str(&text), "out\nerr\n");
	kl_remove_tree(dir, NULL);
}

KL_TEST(times)
{
	KL_CHECK(kl_process_start_time(getpid()) > 0);
	KL_CHECK_INT(kl_process_start_time(999999999), 0);
	KL_CHECK_INT(kl_process_started_ms(999999999), 0);
	KL_CHECK(kl_process_started_ms(getpid()) > 0);
}

KL_MAIN()
