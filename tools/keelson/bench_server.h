/* A server of the benchmark's own, in a folder that goes with it; and what the kernel tells of a process. */
#ifndef KL_BENCH_SERVER_H
#define KL_BENCH_SERVER_H

#include "bench_conn.h"

#include <sys/types.h>

struct bench_server {
	pid_t pid;
	char dir[128]; /* with its data; "" when the server is somebody else's */
	struct kl_kubeconfig config;
	struct bench_target target;
	double ready_ms; /* from fork() until /readyz said ok over TLS */
};
/* Makes a folder below `parent` and starts a server on it. */
int bench_server_start(const char *parent, struct bench_server *ret, struct kl_err *err);
/* Stops it, and starts it again on the same data. */
int bench_server_restart(struct bench_server *server, struct kl_err *err);
/* Stops it and removes its folder; harmless on one that was never started. */
void bench_server_end(struct bench_server *server);

/* Resident memory in bytes; 0: unknown. */
int64_t bench_resident(pid_t pid);
/* Processor time of a process (0: of this one), user and system. */
double bench_cpu_s(pid_t pid);

#endif
