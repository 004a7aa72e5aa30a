/*
 * Cron schedules: five fields (minute hour day month weekday) with *, lists, ranges, steps and names, and the @hourly
 * family, as robfig/cron (which upstream uses) reads them. Pure; UTC unless a time zone is named.
 */
#ifndef KL_CTL_CRON_H
#define KL_CTL_CRON_H

#include <stdbool.h>
#include <stdint.h>

struct cron {
	uint64_t minutes, hours, days, months, weekdays; /* bits */
	bool any_day, any_weekday; /* "*": then only the other of the two counts */
	int64_t every_s;	   /* "@every 90s"; 0: the fields */
};

bool cron_parse(const char *text, struct cron *ret);
/* The first time strictly after `after` (seconds since the epoch); 0: none within five years. */
int64_t cron_next(const struct cron *cron, int64_t after_s, int64_t zone_offset_s);

#endif
