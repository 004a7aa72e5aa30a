/* Time zones by name, from the system's zoneinfo files (RFC 8536), without touching the process's TZ. */
#ifndef KL_CTL_ZONE_H
#define KL_CTL_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds east of UTC at a time; false when there is no such zone. "" and "UTC" are UTC. */
bool zone_offset(const char *name, int64_t at_s, int64_t *ret_offset_s);

#endif
