/*
 * Prometheus' text exposition format, version 0.0.4: what /metrics of the server and of the agent answers.
 *
 * A family begins with kl_prom_family(), then all its samples follow. Labels are pairs of strings ended by NULL; values
 * are escaped, names are trusted.
 */
#ifndef KL_PROM_H
#define KL_PROM_H

#include "buf.h"

#define KL_PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum kl_prom_type { KL_PROM_COUNTER, KL_PROM_GAUGE, KL_PROM_HISTOGRAM };
void kl_prom_family(struct kl_buf *buf, const char *name, enum kl_prom_type type, const char *help);
void kl_prom_count(struct kl_buf *buf, const char *name, uint64_t value, ...) __attribute__((sentinel));
void kl_prom_value(struct kl_buf *buf, const char *name, double value, ...) __attribute__((sentinel));
/* A family of one sample without labels. */
void kl_prom_single(struct kl_buf *buf, const char *name, enum kl_prom_type type, const char *help, double value);

/* Durations in buckets from a microsecond to ten seconds. Zero-initialise; any thread may add and write. */
enum { KL_HISTOGRAM_BUCKETS = 18 };
struct kl_histogram {
	uint64_t bucket[KL_HISTOGRAM_BUCKETS + 1]; /* not cumulative; the last: above all bounds */
	uint64_t sum_ns;
};
void kl_histogram_add(struct kl_histogram *histogram, int64_t ns);
void kl_histogram_write(struct kl_buf *buf, const char *name, const struct kl_histogram *histogram, ...)
	__attribute__((sentinel));
/* The upper bound of the bucket in which this share (0.99) of what was added lies; 0 when nothing was. */
double kl_histogram_quantile(const struct kl_histogram *histogram, double share);

/*
 * Whoever has figures registers once and is asked at every kl_prom_collect(), in the order of registration; so the page
 * that answers /metrics need not know all floors. Any thread; `write` must not register or unregister.
 */
void kl_prom_register(void (*write)(struct kl_buf *buf, void *arg), void *arg);
void kl_prom_unregister(void (*write)(struct kl_buf *buf, void *arg), void *arg);
void kl_prom_collect(struct kl_buf *buf);

/* The process's own: process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, … */
void kl_prom_process(struct kl_buf *buf);

#endif
