/*
 * One line a message to stderr: RFC 3339 time, level, component, words. Never a token, key or Secret value.
 * Thread-safe: a message is one write(2).
 */
#ifndef KL_LOG_H
#define KL_LOG_H

enum kl_log_level { KL_LOG_ERROR, KL_LOG_WARN, KL_LOG_INFO, KL_LOG_DEBUG };

void kl_log_set_level(enum kl_log_level level);
/* "error", "warn", "info", "debug"; -EINVAL for other words. */
int kl_log_set_level_name(const char *name);
/* The component of the calling thread's messages ("server", "scheduler", …); a static string. */
void kl_log_set_component(const char *component);
void kl_log(enum kl_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define kl_error(...) kl_log(KL_LOG_ERROR, __VA_ARGS__)
#define kl_warn(...)  kl_log(KL_LOG_WARN, __VA_ARGS__)
#define kl_info(...)  kl_log(KL_LOG_INFO, __VA_ARGS__)
#define kl_debug(...) kl_log(KL_LOG_DEBUG, __VA_ARGS__)

#endif
