#include "log.h"

#include "clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static _Atomic int max_level = KL_LOG_INFO;
static _Thread_local const char *thread_component;

void kl_log_set_level(enum kl_log_level level)
{
	atomic_store(&max_level, (int)level);
}

int kl_log_set_level_name(const char *name)
{
	for (int i = KL_LOG_ERROR; i <= KL_LOG_DEBUG; i++)
		if (!strcmp(name, level_names[i])) {
			kl_log_set_level((enum kl_log_level)i);
			return 0;
		}
	return -EINVAL;
}

void kl_log_set_component(const char *component)
{
	thread_component = component;
}

void kl_log(enum kl_log_level level, const char *fmt, ...)
{
	if ((int)level > atomic_load(&max_level))
		return;
	char line[2048], when[KL_TIME_TEXT];
	kl_time_format_ms(kl_realtime_ms(), when);
	int n = snprintf(line, sizeof(line), "%s %-5s %s: ", when, level_names[level],
		thread_component ? thread_component : "keelson");
	va_list args;
	va_start(args, fmt);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, args);
	va_end(args);
	size_t len = (size_t)n + (m > 0 ? (size_t)m : 0);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	/* A newline inside a message would let input forge log lines. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}
