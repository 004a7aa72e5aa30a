/*
 * How full the kernel's tables are. Reading goes through the mappings, without a system call; the connection table of a
 * million places takes some milliseconds, the rest is quick.
 */
#ifndef KL_TABLESTATS_H
#define KL_TABLESTATS_H

#include "maps.h"

enum kl_ct_region { KL_CT_MAIN, KL_CT_HALF_OPEN, KL_CT_OVERFLOW, KL_CT_REGIONS };

struct kl_fill {
	uint32_t used, size;
};
struct kl_table_stats {
	struct kl_fill services, frontends, backends, slots /* blocks of 16 */;
	struct kl_fill ct[KL_CT_REGIONS]; /* entries, two a flow; ended ones count until their place is taken */
	uint64_t phases[KL_PHASES];       /* flows, by enum kl_flow_phase of their forward entry */
	uint64_t live;                    /* sum of kl_live */
};

const char *kl_ct_region_name(enum kl_ct_region region); /* "main", "half-open", "overflow" */
enum kl_ct_region kl_ct_region_of(const struct kl_map_config *config, uint32_t line);

/* All but the connection table. */
void kl_table_stats_read(const struct kl_maps *maps, struct kl_table_stats *ret);
/* The connection table; may run in any thread. */
int kl_table_stats_read_ct(const struct kl_maps *maps, struct kl_table_stats *ret, struct kl_err *err);

#endif
