/*
 * Clocks and the time format of the Kubernetes API (RFC 3339, UTC).
 */
#ifndef KL_CLOCK_H
#define KL_CLOCK_H

#include <stdint.h>

#define KL_TIME_TEXT 40 /* bytes that hold any formatted time, with its NUL */

int64_t kl_realtime_ms(void);  /* since the epoch */
int64_t kl_monotonic_ms(void); /* since boot; never goes back */
int64_t kl_monotonic_ns(void);

void kl_time_format(int64_t epoch_s, char ret[KL_TIME_TEXT]);	   /* metav1.Time: 2026-11-20T10:30:35Z */
void kl_time_format_ms(int64_t epoch_ms, char ret[KL_TIME_TEXT]);  /* …:35.123Z */
void kl_time_format_micro(int64_t epoch_us, char ret[KL_TIME_TEXT]); /* metav1.MicroTime: …:35.123456Z */
void kl_time_now(char ret[KL_TIME_TEXT]);			   /* kl_time_format of now */
/* RFC 3339 with optional fraction and any offset. Returns 0 and milliseconds since the epoch, or -EINVAL. */
int kl_time_parse(const char *text, int64_t *ret_epoch_ms);
/* Like kubectl's AGE: "5s", "3m12s", "2d3h" (duration.HumanDuration). */
void kl_duration_human(int64_t seconds, char ret[KL_TIME_TEXT]);

#endif
