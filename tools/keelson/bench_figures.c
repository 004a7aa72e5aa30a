#include "bench_figures.h"

#include "buf.h"
#include "file.h"
#include "json.h"
#include "load.h"
#include "mem.h"
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- samples */

void kl_samples_add(struct kl_samples *samples, double value)
{
	if (samples->count < KL_BENCH_MAX_ROUNDS)
		samples->value[samples->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static struct kl_samples sorted(const struct kl_samples *samples)
{
	struct kl_samples copy = *samples;
	qsort(copy.value, (size_t)copy.count, sizeof(copy.value[0]), by_value);
	return copy;
}

double kl_samples_median(const struct kl_samples *samples)
{
	struct kl_samples copy = sorted(samples);
	if (!copy.count)
		return (double)NAN;
	int half = copy.count / 2;
	return copy.count % 2 ? copy.value[half] : (copy.value[half - 1] + copy.value[half]) / 2;
}

/* --- figures */

struct kl_figures {
	json_t *figures, *notes;
};

static bool is_met(const struct kl_figure *figure, double value)
{
	return figure->goal == KL_GOAL_AT_MOST ? value <= figure->bound : value >= figure->bound;
}

void kl_bench_figure(struct kl_bench_run *run, const struct kl_figure *figure)
{
	double value = figure->samples ? kl_samples_median(figure->samples) : figure->value;
	if (!isfinite(value)) {
		kl_bench_note(run, "%s could not be measured.", figure->name);
		return;
	}
	const char *name = figure->name;
	const json_t *before = json_array_get(run->figures->figures, json_array_size(run->figures->figures) - 1);
	if (!*name) /* the figure before, in another unit */
		name = kl_json_str(before, "name", NULL);
	json_t *entry = json_pack("{s:s, s:f, s:s}", "name", name, "value", value, "unit", figure->unit);
	if (figure->samples) {
		struct kl_samples copy = sorted(figure->samples);
		json_object_set_new(entry, "least", json_real(copy.value[0]));
		json_object_set_new(entry, "most", json_real(copy.value[copy.count - 1]));
		json_object_set_new(entry, "rounds", json_integer(copy.count));
	}
	if (figure->goal != KL_GOAL_NONE) {
		json_object_set_new(entry, figure->goal == KL_GOAL_AT_MOST ? "goalAtMost" : "goalAtLeast",
			json_real(figure->bound));
		json_object_set_new(entry, "met", json_boolean(is_met(figure, value)));
	}
	json_array_append_new(run->figures->figures, entry);
}

void kl_bench_note(struct kl_bench_run *run, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *text = kl_vasprintf(fmt, args);
	va_end(args);
	json_array_append_new(run->figures->notes, json_string(text));
}

void kl_bench_progress(const struct kl_bench_run *run, const char *fmt, ...)
{
	va_list args;
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s: ", run->cmd->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fflush(stderr);
}

/* Three figures that count, without exponents. */
static char *number(double value)
{
	double size = fabs(value);
	return kl_asprintf("%.*f", size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3, value);
}

static char *goal_cell(const json_t *figure)
{
	bool most = json_object_get(figure, "goalAtMost");
	const json_t *bound = json_object_get(figure, most ? "goalAtMost" : "goalAtLeast");
	if (!bound)
		return kl_strdup("-");
	kl_autofree char *text = number(json_real_value(bound));
	return kl_asprintf("%s %s: %s", most ? "at most" : "at least", text,
		json_is_true(json_object_get(figure, "met")) ? "met" : "missed");
}

static char *spread_cell(const json_t *figure)
{
	if (!json_object_get(figure, "least"))
		return kl_strdup("-");
	kl_autofree char *least = number(json_real_value(json_object_get(figure, "least")));
	kl_autofree char *most = number(json_real_value(json_object_get(figure, "most")));
	return kl_asprintf("%s..%s", least, most);
}

static void print_table(const struct kl_figures *figures)
{
	static const char *const headers[] = {"FIGURE", "MEDIAN", "UNIT", "SPREAD", "GOAL", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	const char *before = "";
	json_t *figure, *note;
	json_array_foreach (figures->figures, i, figure) {
		const char *name = kl_json_str(figure, "name", NULL);
		bool again = !strcmp(name, before);
		before = name;
		kl_autofree char *value = number(json_real_value(json_object_get(figure, "value")));
		kl_autofree char *spread = spread_cell(figure), *goal = goal_cell(figure);
		const char *cells[] = {
			again ? "  the same" : name, value, kl_json_str(figure, "unit", NULL), spread, goal};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
	json_array_foreach (figures->notes, i, note)
		printf("%s\n", json_string_value(note));
}

static void print_json(const struct kl_bench_run *run)
{
	struct utsname system = {0};
	uname(&system);
	kl_autojson *json = json_pack("{s:s, s:s, s:i, s:b, s:O, s:O}", "bench", run->cmd->name + strlen("bench "),
		"kernel", system.release, "rounds", run->rounds, "quick", run->quick, "figures", run->figures->figures,
		"notes", run->figures->notes);
	kl_autofree char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	puts(text);
}

/* --- the run */

static int work_in_child(struct kl_bench_run *run, kl_bench_work *work)
{
	struct kl_figures figures = {json_array(), json_array()};
	struct kl_err err = {0};
	run->figures = &figures;
	int failed = work(run, &err);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (failed)
		return kl_cmd_fail(run->cmd, "%s", kl_err_text(&err));
	if (run->output)
		print_json(run);
	else
		print_table(&figures);
	json_decref(figures.figures);
	json_decref(figures.notes);
	return fflush(stdout) ? KL_EXIT_FAILURE : KL_EXIT_OK;
}

static void cgroup_paths(struct kl_bench_run *run, char mount[64])
{
	snprintf(mount, 64, "/run/keelson-bench-%d", (int)getpid());
	snprintf(run->cgroup, sizeof(run->cgroup), "%s/keelson-bench-%d", mount, (int)getpid());
}

/* The parent's side: the child may have been killed anywhere. */
static void remove_all(struct kl_bench_run *run)
{
	char mount_dir[64];
	if (kl_path_exists(run->pin_dir))
		kl_unload(run->pin_dir, NULL);
	cgroup_paths(run, mount_dir);
	rmdir(run->cgroup);
	umount2(mount_dir, MNT_DETACH);
	rmdir(mount_dir);
}

int kl_bench_cgroup(struct kl_bench_run *run, struct kl_err *err)
{
	/* The parent's number is in the path: it removes it. */
	kl_autofree char *mount_dir = kl_asprintf("/run/keelson-bench-%d", (int)getppid());
	snprintf(run->cgroup, sizeof(run->cgroup), "%s/keelson-bench-%d", mount_dir, (int)getppid());
	if (mkdir(mount_dir, 0700) || mount("none", mount_dir, "cgroup2", 0, NULL))
		return kl_fail(err, errno, "mount cgroup v2 at '%s'", mount_dir);
	if (mkdir(run->cgroup, 0755))
		return kl_fail(err, errno, "make the cgroup '%s'", run->cgroup);
	return 0;
}

int kl_bench_netns(struct kl_err *err)
{
	kl_autoclose int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0 || unshare(CLONE_NEWNET))
		return kl_fail(err, errno, "make a network namespace");
	int there = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), code = errno;
	if (setns(here, CLONE_NEWNET))
		abort(); /* everything after this would go to the wrong namespace */
	return there >= 0 ? there : kl_fail(err, code, "open a network namespace");
}

static volatile sig_atomic_t child_group;

static void on_signal(int number)
{
	(void)number;
	if (child_group)
		kill(-child_group, SIGKILL);
}

static int wait_for(const struct kl_cmd *cmd, pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return KL_EXIT_FAILURE;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return kl_cmd_fail(cmd, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static int run_guarded(struct kl_bench_run *run, kl_bench_work *work)
{
	snprintf(run->pin_dir, sizeof(run->pin_dir), "/sys/fs/bpf/keelson-bench-%d", (int)getpid());
	pid_t child = fork();
	if (child < 0)
		return kl_cmd_fail(run->cmd, "cannot start a process: %s", strerror(errno));
	if (!child) {
		setpgid(0, 0); /* its own helpers end with it */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(work_in_child(run, work));
	}
	setpgid(child, child);
	child_group = (sig_atomic_t)child;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	int code = wait_for(run->cmd, child);
	kill(-child, SIGKILL);
	remove_all(run);
	return code;
}

int kl_bench_main(const struct kl_cmd *cmd, int rounds, kl_bench_work *work, int argc, char **argv)
{
	struct kl_bench_run run = {.cmd = cmd, .rounds = 0};
	const struct kl_opt opts[] = {
		{"quick", 0, KL_OPT_FLAG, &run.quick},
		{"rounds", 0, KL_OPT_INT, &run.rounds},
		{"output", 'o', KL_OPT_STRING, &run.output},
	};
	if (kl_opts_parse(cmd, opts, KL_ARRAY_LEN(opts), argc, argv)) {
		kl_cmd_fail(cmd, "takes no further words; '%s'", argv[1]);
		return KL_EXIT_USAGE;
	}
	if (run.output && strcmp(run.output, "json")) {
		kl_cmd_fail(cmd, "-o takes 'json', not '%s'", run.output);
		return KL_EXIT_USAGE;
	}
	if (run.rounds < 0 || run.rounds > KL_BENCH_MAX_ROUNDS) {
		kl_cmd_fail(cmd, "--rounds is 1 to %d", KL_BENCH_MAX_ROUNDS);
		return KL_EXIT_USAGE;
	}
	if (!run.rounds)
		run.rounds = run.quick ? 3 : rounds;
	if (geteuid())
		return kl_cmd_fail(cmd, "needs root");
	return run_guarded(&run, work);
}
