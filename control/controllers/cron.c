#include "cron.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct field {
	int low, high;
	const char *const *names;
	int first; /* number of the first name */
};

static const struct field fields[] = {
	{0, 59, NULL, 0},
	{0, 23, NULL, 0},
	{1, 31, NULL, 0},
	{1, 12, month_names, 1},
	{0, 6, day_names, 0},
};

static bool read_number(const char **at, const struct field *field, int *ret)
{
	char *end;
	for (int i = 0; field->names && field->names[i]; i++) {
		if (!strncasecmp(*at, field->names[i], 3)) {
			*at += 3;
			*ret = field->first + i;
			return true;
		}
	}
	if (!isdigit((unsigned char)**at))
		return false;
	*ret = (int)strtol(*at, &end, 10);
	*at = end;
	return true;
}

/* One element of a list: "*", "a", "a-b", each with "/step". */
static bool read_range(const char **at, const struct field *field, uint64_t *bits, bool *any)
{
	int low = field->low, high = field->high, step = 1;
	bool star = **at == '*' || **at == '?', single = false;
	if (star) {
		(*at)++;
	} else {
		if (!read_number(at, field, &low))
			return false;
		high = low;
		single = true;
		if (**at == '-') {
			(*at)++;
			single = false;
			if (!read_number(at, field, &high))
				return false;
		}
	}
	if (**at == '/') {
		(*at)++;
		const struct field plain = {0};
		if (!read_number(at, &plain, &step))
			return false;
		if (single)
			high = field->high;
	}
	*any |= star && step == 1;
	if (field->high == 6 && !star && low == 7 && high == 7)
		low = high = 0; /* Sunday is 7 as well in many a crontab */
	if (low < field->low || high > field->high || low > high || step < 1)
		return false;
	for (int i = low; i <= high; i += step)
		*bits |= 1ULL << i;
	return true;
}

static bool read_field(const char **at, const struct field *field, uint64_t *bits, bool *any)
{
	*bits = 0;
	*any = false;
	while (isspace((unsigned char)**at))
		(*at)++;
	for (;;) {
		if (!read_range(at, field, bits, any))
			return false;
		if (**at != ',')
			break;
		(*at)++;
	}
	return !**at || isspace((unsigned char)**at);
}

static bool parse_every(const char *text, struct cron *ret)
{
	int64_t total = 0;
	while (*text) {
		char *end;
		long number = strtol(text, &end, 10);
		if (end == text || number < 0)
			return false;
		total += number * (*end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' ? 1 : -1000000);
		text = *end ? end + 1 : end;
	}
	ret->every_s = total;
	return total > 0;
}

bool cron_parse(const char *text, struct cron *ret)
{
	static const struct {
		const char *name, *fields;
	} words[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
		{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"},
		{"@hourly", "0 * * * *"}};
	bool any;
	*ret = (struct cron){0};
	if (!strncmp(text, "@every ", 7))
		return parse_every(text + 7, ret);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i].name))
			text = words[i].fields;
	}
	if (!read_field(&text, &fields[0], &ret->minutes, &any) || !read_field(&text, &fields[1], &ret->hours, &any) ||
		!read_field(&text, &fields[2], &ret->days, &ret->any_day) ||
		!read_field(&text, &fields[3], &ret->months, &any) ||
		!read_field(&text, &fields[4], &ret->weekdays, &ret->any_weekday))
		return false;
	while (isspace((unsigned char)*text))
		text++;
	return !*text;
}

/* When both days are restricted either is enough (crontab(5)). */
static bool day_matches(const struct cron *cron, const struct tm *tm)
{
	bool day = cron->days >> tm->tm_mday & 1, weekday = cron->weekdays >> tm->tm_wday & 1;
	return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

int64_t cron_next(const struct cron *cron, int64_t after_s, int64_t zone_offset_s)
{
	if (cron->every_s)
		return after_s + cron->every_s;
	time_t at = (time_t)((after_s + zone_offset_s) / 60 * 60 + 60), end = at + 5LL * 366 * 86400;
	while (at < end) {
		struct tm tm;
		gmtime_r(&at, &tm);
		if (!(cron->months >> (tm.tm_mon + 1) & 1) || !day_matches(cron, &tm))
			at += 86400 - (tm.tm_hour * 3600 + tm.tm_min * 60); /* next midnight */
		else if (!(cron->hours >> tm.tm_hour & 1))
			at += 3600 - tm.tm_min * 60;
		else if (!(cron->minutes >> tm.tm_min & 1))
			at += 60;
		else
			return (int64_t)at - zone_offset_s;
	}
	return 0;
}
