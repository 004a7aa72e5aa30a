#include "prom.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *const type_names[] = {"counter", "gauge", "histogram"};

/* HELP escapes backslash and newline, a label's value the quote as well. */
static void push_escaped(struct kl_buf *buf, const char *text, bool quote)
{
	for (; *text; text++) {
		if (*text == '\n')
			kl_buf_str_push(buf, "\\n");
		else if (*text == '\\' || (quote && *text == '"'))
			kl_buf_printf(buf, "\\%c", *text);
		else
			kl_buf_char(buf, *text);
	}
}

void kl_prom_family(struct kl_buf *buf, const char *name, enum kl_prom_type type, const char *help)
{
	kl_buf_printf(buf, "# HELP %s ", name);
	push_escaped(buf, help, false);
	kl_buf_printf(buf, "\n# TYPE %s %s\n", name, type_names[type]);
}

/* `le` NULL: no such label. */
static void push_labels(struct kl_buf *buf, va_list labels, const char *le)
{
	char open = '{';
	for (const char *name; (name = va_arg(labels, const char *));) {
		kl_buf_printf(buf, "%c%s=\"", open, name);
		push_escaped(buf, va_arg(labels, const char *), true);
		kl_buf_char(buf, '"');
		open = ',';
	}
	if (le) {
		kl_buf_printf(buf, "%cle=\"%s\"", open, le);
		open = ',';
	}
	if (open == ',')
		kl_buf_char(buf, '}');
}

void kl_prom_count(struct kl_buf *buf, const char *name, uint64_t value, ...)
{
	va_list labels;
	kl_buf_str_push(buf, name);
	va_start(labels, value);
	push_labels(buf, labels, NULL);
	va_end(labels);
	kl_buf_printf(buf, " %llu\n", (unsigned long long)value);
}

void kl_prom_value(struct kl_buf *buf, const char *name, double value, ...)
{
	va_list labels;
	kl_buf_str_push(buf, name);
	va_start(labels, value);
	push_labels(buf, labels, NULL);
	va_end(labels);
	kl_buf_printf(buf, " %.15g\n", value);
}

void kl_prom_single(struct kl_buf *buf, const char *name, enum kl_prom_type type, const char *help, double value)
{
	kl_prom_family(buf, name, type, help);
	kl_prom_value(buf, name, value, NULL);
}

/* --- histograms */

static const struct {
	int64_t ns;
	const char *le;
} bounds[KL_HISTOGRAM_BUCKETS] = {
	{1000, "1e-06"},
	{5000, "5e-06"},
	{10000, "1e-05"},
	{50000, "5e-05"},
	{100000, "0.0001"},
	{500000, "0.0005"},
	{1000000, "0.001"},
	{5000000, "0.005"},
	{10000000, "0.01"},
	{25000000, "0.025"},
	{50000000, "0.05"},
	{100000000, "0.1"},
	{250000000, "0.25"},
	{500000000, "0.5"},
	{1000000000, "1"},
	{2500000000, "2.5"},
	{5000000000, "5"},
	{10000000000, "10"},
};

void kl_histogram_add(struct kl_histogram *histogram, int64_t ns)
{
	size_t i = 0;
	if (ns < 0)
		ns = 0;
	while (i < KL_HISTOGRAM_BUCKETS && ns > bounds[i].ns)
		i++;
	__atomic_fetch_add(&histogram->bucket[i], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&histogram->sum_ns, (uint64_t)ns, __ATOMIC_RELAXED);
}

static void push_bucket(struct kl_buf *buf, const char *name, const char *le, uint64_t value, va_list labels)
{
	va_list copy;
	va_copy(copy, labels);
	kl_buf_printf(buf, "%s_bucket", name);
	push_labels(buf, copy, le);
	kl_buf_printf(buf, " %llu\n", (unsigned long long)value);
	va_end(copy);
}

void kl_histogram_write(struct kl_buf *buf, const char *name, const struct kl_histogram *histogram, ...)
{
	uint64_t total = 0;
	va_list labels, copy;
	va_start(labels, histogram);
	for (size_t i = 0; i <= KL_HISTOGRAM_BUCKETS; i++) {
		total += __atomic_load_n(&histogram->bucket[i], __ATOMIC_RELAXED);
		push_bucket(buf, name, i < KL_HISTOGRAM_BUCKETS ? bounds[i].le : "+Inf", total, labels);
	}
	kl_buf_printf(buf, "%s_sum", name);
	va_copy(copy, labels);
	push_labels(buf, copy, NULL);
	va_end(copy);
	kl_buf_printf(
		buf, " %.9g\n%s_count", (double)__atomic_load_n(&histogram->sum_ns, __ATOMIC_RELAXED) / 1e9, name);
	push_labels(buf, labels, NULL);
	va_end(labels);
	kl_buf_printf(buf, " %llu\n", (unsigned long long)total);
}

double kl_histogram_quantile(const struct kl_histogram *histogram, double share)
{
	uint64_t total = 0, seen = 0;
	for (size_t i = 0; i <= KL_HISTOGRAM_BUCKETS; i++)
		total += histogram->bucket[i];
	for (size_t i = 0; total && i < KL_HISTOGRAM_BUCKETS; i++) {
		seen += histogram->bucket[i];
		if ((double)seen >= share * (double)total)
			return (double)bounds[i].ns / 1e9;
	}
	return total ? (double)bounds[KL_HISTOGRAM_BUCKETS - 1].ns / 1e9 : 0;
}

/* --- collectors */

static struct collector {
	void (*write)(struct kl_buf *buf, void *arg);
	void *arg;
} * collectors;
static size_t collector_count;
static pthread_mutex_t collectors_lock = PTHREAD_MUTEX_INITIALIZER;

void kl_prom_register(void (*write)(struct kl_buf *buf, void *arg), void *arg)
{
	pthread_mutex_lock(&collectors_lock);
	collectors = kl_reallocarray(collectors, collector_count + 1, sizeof(*collectors));
	collectors[collector_count++] = (struct collector){write, arg};
	pthread_mutex_unlock(&collectors_lock);
}

void kl_prom_unregister(void (*write)(struct kl_buf *buf, void *arg), void *arg)
{
	pthread_mutex_lock(&collectors_lock);
	for (size_t i = 0; i < collector_count; i++)
		if (collectors[i].write == write && collectors[i].arg == arg) {
			memmove(&collectors[i], &collectors[i + 1], (collector_count - i - 1) * sizeof(*collectors));
			collector_count--;
			break;
		}
	if (!collector_count) {
		free(collectors);
		collectors = NULL;
	}
	pthread_mutex_unlock(&collectors_lock);
}

void kl_prom_collect(struct kl_buf *buf)
{
	pthread_mutex_lock(&collectors_lock);
	for (size_t i = 0; i < collector_count; i++)
		collectors[i].write(buf, collectors[i].arg);
	pthread_mutex_unlock(&collectors_lock);
}

/* --- the process */

static size_t open_files(void)
{
	size_t count = 0;
	DIR *dir = opendir("/proc/self/fd");
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count ? count - 1 : 0; /* that of the folder itself */
}

struct stat_line {
	double started_s; /* since boot */
	uint64_t virtual_bytes, resident_bytes;
	unsigned threads;
};

/* Behind the last ')': what the process is called may hold anything. */
static void read_stat(struct stat_line *ret)
{
	char line[1024];
	unsigned long long started = 0, bytes = 0;
	long threads = 0, pages = 0;
	FILE *file = fopen("/proc/self/stat", "re");
	size_t len = file ? fread(line, 1, sizeof(line) - 1, file) : 0;
	if (file)
		fclose(file);
	line[len] = 0;
	const char *rest = strrchr(line, ')');
	if (rest &&
		sscanf(rest + 1,
			" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu %llu %ld",
			&threads, &started, &bytes, &pages) == 4)
		*ret = (struct stat_line){
			.started_s = (double)started / (double)sysconf(_SC_CLK_TCK),
			.virtual_bytes = bytes,
			.resident_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE),
			.threads = (unsigned)threads,
		};
}

static double boot_time(void)
{
	struct timespec now, ran;
	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &ran);
	return (double)(now.tv_sec - ran.tv_sec) + (double)(now.tv_nsec - ran.tv_nsec) / 1e9;
}

void kl_prom_process(struct kl_buf *buf)
{
	struct stat_line stat = {0};
	struct timespec cpu;
	struct rlimit files = {0};
	read_stat(&stat);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	getrlimit(RLIMIT_NOFILE, &files);
	kl_prom_single(buf, "process_cpu_seconds_total", KL_PROM_COUNTER, "User and system CPU time spent in seconds.",
		(double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	kl_prom_single(buf, "process_resident_memory_bytes", KL_PROM_GAUGE, "Resident memory size in bytes.",
		(double)stat.resident_bytes);
	kl_prom_single(buf, "process_virtual_memory_bytes", KL_PROM_GAUGE, "Virtual memory size in bytes.",
		(double)stat.virtual_bytes);
	kl_prom_single(buf, "process_start_time_seconds", KL_PROM_GAUGE,
		"Start time of the process since the Unix epoch in seconds.", boot_time() + stat.started_s);
	kl_prom_single(
		buf, "process_open_fds", KL_PROM_GAUGE, "Number of open file descriptors.", (double)open_files());
	kl_prom_single(buf, "process_max_fds", KL_PROM_GAUGE, "Maximum number of open file descriptors.",
		(double)files.rlim_cur);
	kl_prom_single(buf, "process_threads", KL_PROM_GAUGE, "Number of threads.", stat.threads);
}
