/* As many requests as go through: one thread, each connection one request at a time. */
#include "bench_control.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, READ_MAX = 128 * 1024, LATENCIES = 1 << 20 };

struct load {
	struct bench_run *run;
	bench_make *make;
	struct bench_conn *conns;
	char (*texts)[REQUEST_MAX];
	int count, open;
	int64_t next, max, answers, failures; /* max: 0: no bound */
	float *latencies_us;                  /* of the first LATENCIES answers */
	int64_t end_ns;
	bool lost;
};

static void send_next(struct load *load, struct bench_conn *conn)
{
	char *text = load->texts[conn - load->conns];
	size_t len = load->make(load->run, load->next++, text, REQUEST_MAX);
	if (!bench_conn_send(conn, text, len))
		load->lost = true;
}

static void on_answer(struct load *load, struct bench_conn *conn)
{
	int64_t now = kl_monotonic_ns();
	if (load->answers < LATENCIES)
		load->latencies_us[load->answers] = (float)(now - conn->sent_ns) / 1000;
	load->answers++;
	if (conn->status < 200 || conn->status > 299)
		load->failures++;
	if (now < load->end_ns && (!load->max || load->next < load->max))
		send_next(load, conn);
	else
		load->open--;
}

static void on_event(struct load *load, struct bench_conn *conn)
{
	for (;;) {
		switch (bench_conn_step(conn)) {
		case BENCH_WAIT:
			return;
		case BENCH_OPEN:
			load->open++;
			return;
		case BENCH_ANSWER:
			on_answer(load, conn);
			return;
		case BENCH_DATA:
			break;
		case BENCH_LOST:
			load->lost = true;
			return;
		}
	}
}

static void turn(struct load *load, int epoll)
{
	struct epoll_event events[64];
	int count = epoll_wait(epoll, events, KL_ARRAY_LEN(events), 10000);
	if (count <= 0)
		load->lost = true;
	for (int i = 0; i < count; i++)
		on_event(load, events[i].data.ptr);
}

static int connect_all(struct load *load, int epoll, struct kl_err *err)
{
	for (int i = 0; i < load->count; i++) {
		int rc = bench_conn_open(&load->conns[i], load->run->target, epoll, READ_MAX, err);
		if (rc < 0)
			return rc;
	}
	while (load->open < load->count && !load->lost)
		turn(load, epoll);
	return load->lost ? kl_fail_msg(err, ECONNRESET, "the server refused a connection") : 0;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

static void summarise(struct load *load, double seconds, double cpu_s, struct bench_rate *ret)
{
	size_t kept = load->answers < LATENCIES ? (size_t)load->answers : LATENCIES;
	qsort(load->latencies_us, kept, sizeof(float), compare);
	*ret = (struct bench_rate){
		.per_second = (double)load->answers / seconds,
		.answers = load->answers,
		.failures = load->failures,
		.client_share = cpu_s / seconds / get_nprocs(),
		.body_bytes = load->conns[0].body_bytes,
	};
	if (!kept)
		return;
	ret->p50_us = load->latencies_us[kept / 2];
	ret->p99_us = load->latencies_us[kept * 99 / 100];
	ret->best_ms = load->latencies_us[0] / 1000;
	ret->median_ms = load->latencies_us[kept / 2] / 1000;
}

static int measure(struct load *load, double seconds, struct bench_rate *ret, struct kl_err *err)
{
	kl_autoclose int epoll = epoll_create1(EPOLL_CLOEXEC);
	int rc = connect_all(load, epoll, err);
	if (rc < 0)
		return rc;
	double cpu = bench_cpu_s(0);
	int64_t start = kl_monotonic_ns();
	load->end_ns = start + (int64_t)(seconds * 1e9);
	for (int i = 0; i < load->count; i++)
		send_next(load, &load->conns[i]);
	while (load->open && !load->lost)
		turn(load, epoll);
	if (load->lost)
		return kl_fail_msg(err, ECONNRESET, "the server cut a connection or does not answer");
	summarise(load, (double)(kl_monotonic_ns() - start) / 1e9, bench_cpu_s(0) - cpu, ret);
	return 0;
}

int bench_load(struct bench_run *run, int connections, double seconds, int64_t max, bench_make *make,
	struct bench_rate *ret, struct kl_err *err)
{
	struct load load = {
		.run = run,
		.make = make,
		.count = connections,
		.max = max,
		.conns = kl_calloc((size_t)connections, sizeof(struct bench_conn)),
		.texts = kl_calloc((size_t)connections, REQUEST_MAX),
		.latencies_us = kl_calloc(LATENCIES, sizeof(float)),
	};
	int rc = measure(&load, seconds, ret, err);
	for (int i = 0; i < connections; i++)
		bench_conn_close(&load.conns[i]);
	free(load.conns);
	free(load.texts);
	free(load.latencies_us);
	return rc;
}
