/* What was acknowledged is there after the writer was killed, and nothing is there that was never asked for. */
#include "storetest.h"

#include "file.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 12, THREADS = 3, KEYS = 8 };

/* One line of the child's: key k now holds value; value 0: it is gone. Written after the acknowledgement, in one
 * write(2). */
struct ack {
	int thread, key;
	uint64_t value, rv;
};

struct job {
	struct kl_store *store;
	int thread, pipe;
	uint64_t round;
};

static void *hammer(void *arg)
{
	const struct job *job = arg;
	char name[32];
	for (uint64_t i = 1;; i++) {
		int key = (int)(i % KEYS);
		uint64_t value = job->round << 32 | i;
		snprintf(name, sizeof(name), "t%d-k%d", job->thread, key);
		struct kl_object *there = kl_store_get(job->store, test_kind(0), "crash", name);
		enum kl_write_op op = !there ? KL_STORE_CREATE : i % 5 == 0 ? KL_STORE_DELETE : KL_STORE_UPDATE;
		kl_object_unref(there);
		struct ack ack = {job->thread, key, op == KL_STORE_DELETE ? 0 : value, 0};
		if (test_write(job->store, op, 0, "crash", name, value, 0, &ack.rv) < 0)
			_exit(3);
		if (write(job->pipe, &ack, sizeof(ack)) != sizeof(ack))
			_exit(4);
	}
	return NULL;
}

static _Noreturn void child(int pipe, uint64_t round)
{
	struct kl_store *store = test_open(NULL);
	struct job jobs[THREADS];
	pthread_t thread;
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){store, i, pipe, round};
		pthread_create(&thread, NULL, hammer, &jobs[i]);
	}
	for (;;)
		pause();
}

static struct ack last[THREADS][KEYS];
static uint64_t last_rv;

static void read_acks(int pipe)
{
	struct ack ack;
	while (read(pipe, &ack, sizeof(ack)) == sizeof(ack)) {
		last[ack.thread][ack.key] = ack;
		if (ack.rv > last_rv)
			last_rv = ack.rv;
	}
}

/* Each thread may have had one write under way that was stored but not acknowledged: it is newer than the last
 * acknowledged one. */
static void check_key(struct kl_store *store, const struct ack *ack, int *unacknowledged)
{
	char name[32];
	snprintf(name, sizeof(name), "t%d-k%d", ack->thread, ack->key);
	struct kl_object *obj = kl_store_get(store, test_kind(0), "crash", name);
	uint64_t value = obj ? test_value(obj) : 0;
	if (value != ack->value)
		(*unacknowledged)++;
	if (obj && ack->value)
		KL_CHECK(value >= ack->value && obj->rv >= ack->rv);
	kl_object_unref(obj);
}

KL_TEST(killed_while_writing)
{
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		int pipes[2];
		if (pipe(pipes) < 0)
			abort();
		test_dir();
		pid_t pid = fork();
		if (pid == 0)
			child(pipes[1], round);
		close(pipes[1]);
		usleep(20000 + (useconds_t)(kl_test_random() % 60000));
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		KL_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		read_acks(pipes[0]);
		close(pipes[0]);
		struct kl_store *store = test_open(NULL);
		KL_CHECK(kl_store_rv(store) >= last_rv);
		for (int t = 0; t < THREADS; t++) {
			int unacknowledged = 0;
			for (int k = 0; k < KEYS; k++) {
				last[t][k].thread = t;
				last[t][k].key = k;
				check_key(store, &last[t][k], &unacknowledged);
			}
			KL_CHECK(unacknowledged <= 1);
		}
		/* start the next round from what is there */
		for (int t = 0; t < THREADS; t++)
			for (int k = 0; k < KEYS; k++) {
				char name[32];
				snprintf(name, sizeof(name), "t%d-k%d", t, k);
				struct kl_object *obj = kl_store_get(store, test_kind(0), "crash", name);
				last[t][k] = (struct ack){t, k, obj ? test_value(obj) : 0, obj ? obj->rv : 0};
				kl_object_unref(obj);
			}
		kl_store_close(store);
	}
	KL_CHECK(last_rv > 0); /* it did write: how much, is the disk's affair */
}

KL_TEST(a_second_server_is_refused)
{
	int ready[2];
	if (pipe(ready) < 0)
		abort();
	test_dir();
	pid_t pid = fork();
	if (pid == 0) {
		test_open(NULL);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	char byte;
	KL_CHECK_INT(read(ready[0], &byte, 1), 1);
	kl_autofree char *path = kl_asprintf("%s/test.db", test_dir());
	struct kl_store *store = NULL;
	struct kl_err err = {0};
	KL_CHECK_INT(kl_store_open(&(struct kl_store_options){.path = path}, &store, &err), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

KL_MAIN()
