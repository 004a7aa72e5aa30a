/* Thousands of watches of one kind, each on a connection of its own, and how long a change takes to reach all of them. */
#include "bench_control.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { SHAKING = 64, IN_SIZE = 4096, CHANGE_MS = 30000 };

struct watcher {
	struct bench_conn conn;
	bool watching;
	int told; /* changes */
};

struct crowd {
	struct bench_run *run;
	struct watcher *watchers;
	char request[512];
	int count, opened, watching, epoll;
	int change, waiting; /* the change under way, and how many have not been told of it */
	int64_t *told_ns;    /* when each was told of it */
	bool lost, repeated;
};

static void on_data(struct crowd *crowd, struct watcher *w)
{
	static const char mark[] = "\"type\":\"MODIFIED\"";
	const char *at = w->conn.in, *end = w->conn.in + w->conn.in_len;
	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1))) {
		at += sizeof(mark) - 1;
		if (w->told == crowd->change) {
			crowd->repeated = true;
			continue;
		}
		w->told++;
		crowd->told_ns[w - crowd->watchers] = kl_monotonic_ns();
		crowd->waiting--;
	}
}

static void on_event(struct crowd *crowd, struct watcher *w)
{
	enum bench_event event;
	while ((event = bench_conn_step(&w->conn)) != BENCH_WAIT) {
		if (event == BENCH_DATA)
			on_data(crowd, w);
		else if (event != BENCH_OPEN || !bench_conn_send(&w->conn, crowd->request, strlen(crowd->request)))
			crowd->lost = true;
		if (crowd->lost)
			return;
	}
	if (w->conn.head_done && !w->watching) {
		w->watching = true;
		crowd->watching++;
		crowd->lost |= w->conn.status != 200;
	}
}

static void turn(struct crowd *crowd)
{
	struct epoll_event events[256];
	int count = epoll_wait(crowd->epoll, events, KL_ARRAY_LEN(events), CHANGE_MS);
	crowd->lost |= count <= 0;
	for (int i = 0; i < count && !crowd->lost; i++)
		on_event(crowd, container_of(events[i].data.ptr, struct watcher, conn));
}

static int open_all(struct crowd *crowd, struct kl_err *err)
{
	while (crowd->watching < crowd->count) {
		while (crowd->opened < crowd->count && crowd->opened - crowd->watching < SHAKING) {
			int rc = bench_conn_open(
				&crowd->watchers[crowd->opened++].conn, crowd->run->target, crowd->epoll, IN_SIZE, err);
			if (rc < 0)
				return rc;
		}
		turn(crowd);
		if (crowd->lost)
			return kl_fail_msg(
				err, ECONNRESET, "a watch was refused or cut after %d were there", crowd->watching);
	}
	return 0;
}

static int change(struct crowd *crowd, const char *path, int n, struct kl_err *err)
{
	kl_autofree char *body =
		kl_asprintf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"watched\"},"
			    "\"data\":{\"n\":\"%d\"}}",
			n);
	int rc = bench_ask(crowd->run->target, n ? "PUT" : "POST", path, body, NULL, err);
	return rc < 0 ? rc : rc < 300 ? 0 : kl_fail_msg(err, EPROTO, "a change was answered with %d", rc);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

struct change_time {
	double median_ms, p99_ms, all_ms;
};

/* One change, sent by a connection of its own while this thread listens; its time counts from before the sending. */
static int one_change(
	struct crowd *crowd, struct bench_conn *writer, const char *path, struct change_time *ret, struct kl_err *err)
{
	kl_autofree char *body =
		kl_asprintf("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"watched\"},"
			    "\"data\":{\"n\":\"%d\"}}",
			crowd->change + 1);
	kl_autofree char *text = kl_asprintf("PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
					     "Content-Length: %zu\r\n\r\n%s",
		path, crowd->run->target->host, strlen(body), body);
	crowd->change++;
	crowd->waiting = crowd->count;
	int64_t start = kl_monotonic_ns();
	if (!bench_conn_send(writer, text, strlen(text)))
		return kl_fail_msg(err, ECONNRESET, "the change could not be sent");
	while (crowd->waiting && !crowd->lost)
		turn(crowd);
	if (crowd->lost || crowd->repeated)
		return kl_fail_msg(err, EPROTO, "%s",
			crowd->repeated ? "a watcher was told of a change twice"
					: "a watch was cut, or not told of a change");
	qsort(crowd->told_ns, (size_t)crowd->count, sizeof(int64_t), compare_ns);
	*ret = (struct change_time){
		.median_ms = (double)(crowd->told_ns[crowd->count / 2] - start) / 1e6,
		.p99_ms = (double)(crowd->told_ns[crowd->count * 99 / 100] - start) / 1e6,
		.all_ms = (double)(crowd->told_ns[crowd->count - 1] - start) / 1e6,
	};
	struct epoll_event event;
	while (bench_conn_step(writer) != BENCH_ANSWER) /* its answer has long come, or comes now */
		if (epoll_wait(writer->epoll, &event, 1, CHANGE_MS) <= 0)
			return kl_fail_msg(err, ECONNRESET, "a change was not answered");
	return writer->status < 300 ? 0 : kl_fail_msg(err, EPROTO, "a change was answered with %d", writer->status);
}

static double middle(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(double), compare);
	return values[count / 2];
}

static int all_changes(
	struct crowd *crowd, struct bench_conn *writer, const char *path, struct bench_told *ret, struct kl_err *err)
{
	int count = crowd->run->options.changes;
	kl_autofree double *median = kl_calloc((size_t)count, sizeof(double)),
			   *p99 = kl_calloc((size_t)count, sizeof(double)),
			   *all = kl_calloc((size_t)count, sizeof(double));
	double cpu = bench_cpu_s(0);
	int64_t start = kl_monotonic_ns();
	for (int i = 0; i < count; i++) {
		struct change_time took = {0};
		int rc = one_change(crowd, writer, path, &took, err);
		if (rc < 0)
			return rc;
		median[i] = took.median_ms;
		p99[i] = took.p99_ms;
		all[i] = took.all_ms;
		ret->worst_ms = took.all_ms > ret->worst_ms ? took.all_ms : ret->worst_ms;
	}
	ret->client_share = (bench_cpu_s(0) - cpu) / ((double)(kl_monotonic_ns() - start) / 1e9) / get_nprocs();
	ret->median_ms = middle(median, count);
	ret->p99_ms = middle(p99, count);
	ret->all_ms = middle(all, count);
	return 0;
}

static int with_writer(struct crowd *crowd, const char *path, struct bench_told *ret, struct kl_err *err)
{
	struct bench_conn writer = {0};
	struct epoll_event event;
	kl_autoclose int epoll = epoll_create1(EPOLL_CLOEXEC);
	int rc = bench_conn_open(&writer, crowd->run->target, epoll, IN_SIZE, err);
	enum bench_event got = BENCH_WAIT;
	while (rc == 0 && got == BENCH_WAIT)
		if ((got = bench_conn_step(&writer)) == BENCH_WAIT && epoll_wait(epoll, &event, 1, CHANGE_MS) <= 0)
			got = BENCH_LOST;
	if (rc == 0)
		rc = got == BENCH_OPEN ? all_changes(crowd, &writer, path, ret, err)
				       : kl_fail_msg(err, ECONNRESET, "the server refused a connection");
	bench_conn_close(&writer);
	return rc;
}

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run_crowd(struct crowd *crowd, struct bench_told *ret, struct kl_err *err)
{
	kl_autofree char *collection = kl_asprintf("/api/v1/namespaces/%s-watch/configmaps", crowd->run->ns);
	kl_autofree char *path = kl_asprintf("%s/watched", collection);
	int rc = change(crowd, collection, 0, err);
	if (rc < 0)
		return rc;
	snprintf(crowd->request, sizeof(crowd->request), "GET %s?watch=1 HTTP/1.1\r\nHost: %s\r\n\r\n", collection,
		crowd->run->target->host);
	int64_t before = bench_resident(crowd->run->pid), start = kl_monotonic_ns();
	rc = open_all(crowd, err);
	ret->connect_s = (double)(kl_monotonic_ns() - start) / 1e9;
	ret->watcher_bytes = (bench_resident(crowd->run->pid) - before) / crowd->count;
	return rc < 0 ? rc : with_writer(crowd, path, ret, err);
}

int bench_watch(struct bench_run *run, struct bench_told *ret, struct kl_err *err)
{
	int count = run->options.watchers;
	struct crowd crowd = {
		.run = run,
		.count = count,
		.watchers = kl_calloc((size_t)count, sizeof(struct watcher)),
		.told_ns = kl_calloc((size_t)count, sizeof(int64_t)),
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	raise_file_limit();
	int rc = run_crowd(&crowd, ret, err);
	for (int i = 0; i < crowd.opened; i++)
		bench_conn_close(&crowd.watchers[i].conn);
	close(crowd.epoll);
	free(crowd.watchers);
	free(crowd.told_ns);
	return rc;
}
