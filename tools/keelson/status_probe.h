/*
 * What this kernel and this machine offer of what Keelson can use, found by trying.
 */
#ifndef KL_STATUS_PROBE_H
#define KL_STATUS_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct kl_probe_result {
	const char *name;
	const char *without; /* what follows when it is missing */
	bool there;
};
/* In the order of the table; owned by the caller. */
struct kl_probe_result *kl_probe_all(size_t *ret_count);

#endif
