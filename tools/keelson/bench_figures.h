/*
 * What the dataplane's benchmarks share: their options, figures with goals, medians of rounds, progress on a terminal,
 * and a process of its own for the work, so that what it made is removed however it ends.
 */
#ifndef KL_BENCH_FIGURES_H
#define KL_BENCH_FIGURES_H

#include "cmd.h"
#include "err.h"

#include <stdint.h>

/* --- the values of several rounds */
enum { KL_BENCH_MAX_ROUNDS = 64 };
struct kl_samples {
	double value[KL_BENCH_MAX_ROUNDS];
	int count;
};
void kl_samples_add(struct kl_samples *samples, double value); /* beyond the maximum: dropped */
double kl_samples_median(const struct kl_samples *samples);    /* NAN when there is none */

/* --- figures: what a benchmark prints */
enum kl_goal { KL_GOAL_NONE, KL_GOAL_AT_MOST, KL_GOAL_AT_LEAST };
struct kl_figure {
	const char *name, *unit; /* copied; name "": the figure before, in another unit; a ratio has the unit "x" */
	double value;
	const struct kl_samples
		*samples; /* NULL: one measurement; otherwise their spread is shown, and value is not used */
	enum kl_goal goal;
	double bound;
};
struct kl_bench_run {
	const struct kl_cmd *cmd;
	bool quick;
	int rounds;
	const char *output; /* NULL, or "json" */
	char pin_dir[64];   /* on the bpffs; removed at the end, with everything below it */
	char cgroup[96];    /* cgroup v2 folder, made when asked for; "" until then */
	struct kl_figures *figures;
};
void kl_bench_figure(struct kl_bench_run *run, const struct kl_figure *figure);
/* A sentence below the table: what the figures do not say by themselves. */
void kl_bench_note(struct kl_bench_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line that is overwritten by the next; only on a terminal. */
void kl_bench_progress(const struct kl_bench_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Parses --quick, --rounds N and -o json, runs `work` in a child process, removes the pins and the cgroup, and
 * returns the exit code. The child's figures are printed by itself. Rounds: what the benchmark takes without --rounds.
 */
typedef int kl_bench_work(struct kl_bench_run *run, struct kl_err *err);
int kl_bench_main(const struct kl_cmd *cmd, int rounds, kl_bench_work *work, int argc, char **argv);

/* Makes run->cgroup, on a mount of its own. */
int kl_bench_cgroup(struct kl_bench_run *run, struct kl_err *err);
/* A new network namespace with lo up; the calling thread stays where it is. The descriptor holds it. */
int kl_bench_netns(struct kl_err *err);

#endif
