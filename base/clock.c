#include "clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t kl_realtime_ms(void)
{
	return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t kl_monotonic_ms(void)
{
	return read_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t kl_monotonic_ns(void)
{
	return read_clock_ns(CLOCK_MONOTONIC);
}

static void format(int64_t epoch_s, int64_t fraction, int digits, char ret[KL_TIME_TEXT])
{
	time_t when = (time_t)epoch_s;
	struct tm tm;
	if (!gmtime_r(&when, &tm))
		memset(&tm, 0, sizeof(tm));
	size_t n = strftime(ret, KL_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (digits)
		snprintf(ret + n, KL_TIME_TEXT - n, ".%0*lldZ", digits, (long long)fraction);
	else
		snprintf(ret + n, KL_TIME_TEXT - n, "Z");
}

void kl_time_format(int64_t epoch_s, char ret[KL_TIME_TEXT])
{
	format(epoch_s, 0, 0, ret);
}

void kl_time_format_ms(int64_t epoch_ms, char ret[KL_TIME_TEXT])
{
	format(epoch_ms / 1000, epoch_ms % 1000, 3, ret);
}

void kl_time_format_micro(int64_t epoch_us, char ret[KL_TIME_TEXT])
{
	format(epoch_us / 1000000, epoch_us % 1000000, 6, ret);
}

void kl_time_now(char ret[KL_TIME_TEXT])
{
	kl_time_format(kl_realtime_ms() / 1000, ret);
}

int kl_time_parse(const char *text, int64_t *ret_epoch_ms)
{
	struct tm tm = {0};
	if (!text || strlen(text) >= KL_TIME_TEXT)
		return -EINVAL;
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!at)
		return -EINVAL;
	int64_t ms = 0;
	if (*at == '.') {
		int64_t scale = 100;
		for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
			ms += (*at - '0') * scale;
	}
	int64_t offset_s = 0;
	if (*at == 'Z' || *at == 'z') {
		at++;
	} else if (*at == '+' || *at == '-') {
		int hours, minutes, used = 0;
		if (sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5)
			return -EINVAL;
		offset_s = (hours * 3600 + minutes * 60) * (*at == '-' ? -1 : 1);
		at += 1 + used;
	} else {
		return -EINVAL;
	}
	if (*at)
		return -EINVAL;
	*ret_epoch_ms = ((int64_t)timegm(&tm) - offset_s) * 1000 + ms;
	return 0;
}

void kl_duration_human(int64_t seconds, char ret[KL_TIME_TEXT])
{
	long long s = seconds < 0 ? 0 : seconds, m = s / 60, h = s / 3600, d = h / 24, y = d / 365;

	if (seconds < -1)
		snprintf(ret, KL_TIME_TEXT, "<invalid>");
	else if (s < 120)
		snprintf(ret, KL_TIME_TEXT, "%llds", s);
	else if (m < 10)
		snprintf(ret, KL_TIME_TEXT, s % 60 ? "%lldm%llds" : "%lldm", m, s % 60);
	else if (m < 180)
		snprintf(ret, KL_TIME_TEXT, "%lldm", m);
	else if (h < 8)
		snprintf(ret, KL_TIME_TEXT, m % 60 ? "%lldh%lldm" : "%lldh", h, m % 60);
	else if (h < 48)
		snprintf(ret, KL_TIME_TEXT, "%lldh", h);
	else if (d < 8)
		snprintf(ret, KL_TIME_TEXT, h % 24 ? "%lldd%lldh" : "%lldd", d, h % 24);
	else if (d < 365 * 2)
		snprintf(ret, KL_TIME_TEXT, "%lldd", d);
	else if (d < 365 * 8)
		snprintf(ret, KL_TIME_TEXT, d % 365 ? "%lldy%lldd" : "%lldy", y, d % 365);
	else
		snprintf(ret, KL_TIME_TEXT, "%lldy", y);
}
