/* What the files of `keelson bench control` share. */
#ifndef KL_BENCH_CONTROL_H
#define KL_BENCH_CONTROL_H

#include "bench_conn.h"
#include "bench_server.h"

struct bench_options {
	const char *server, *kubeconfig, *data_dir, *only, *output;
	int connections, seconds, objects, watchers, changes;
};

/* A figure, the aim it is held against, and what bounds it. */
struct bench_figure {
	const char *key, *what, *unit;
	double value, aim;
	bool at_least;     /* the aim is a least value, not a greatest */
	const char *bound; /* what bounds it, measured in the same run; NULL: nothing to compare with */
	double bound_value;
	const char *bound_unit;
	double ratio;        /* of the figure to its bound, or the other way round where less is better */
	double client_share; /* of the processors, that the load generator took meanwhile; < 0: not measured */
};

struct bench_run {
	struct bench_options options;
	struct bench_server server;
	struct bench_target *target;
	pid_t pid;        /* the server's; 0: unknown */
	double exchanges; /* a second, of /healthz: the floor of TLS, HTTP and the load generator */
	double fsyncs;    /* a second, of the folder's disk */
	char ns[64];
	int64_t created;     /* how many objects the creates have made */
	double object_bytes; /* of one of them, as JSON */
	struct bench_figure figures[16];
	size_t figure_count;
};
void bench_add(struct bench_run *run, const struct bench_figure *figure);

/*
 * bench_control_load.c: as many requests as go through in options.seconds, each connection one at a time. `make` writes
 * the n-th request.
 */
struct bench_rate {
	double per_second, p50_us, p99_us, client_share;
	int64_t answers, failures, body_bytes; /* body_bytes: of the last answer */
	double best_ms, median_ms;             /* of one exchange */
};
typedef size_t bench_make(const struct bench_run *run, int64_t n, char *buf, size_t size);
/* max: the most requests; 0: no bound. */
int bench_load(struct bench_run *run, int connections, double seconds, int64_t max, bench_make *make,
	struct bench_rate *ret, struct kl_err *err);

/* bench_control_watch.c: options.watchers watches of one kind, told of options.changes changes one after the other. */
struct bench_told {
	double median_ms, p99_ms, all_ms,
		worst_ms; /* medians over the changes; worst: the slowest watcher of the slowest change */
	double connect_s;
	int64_t watcher_bytes; /* of the server's memory for each */
	double client_share;
};
int bench_watch(struct bench_run *run, struct bench_told *ret, struct kl_err *err);

/* bench_control_bound.c: what the machine gives. */
double bench_fsyncs(const char *dir); /* appends of 64 KiB made durable, a second */
double bench_cipher_ms(size_t bytes); /* TLS's work: encrypt and decrypt so many bytes */

#endif
