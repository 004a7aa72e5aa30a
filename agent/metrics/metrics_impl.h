/* families.c: the metrics themselves, from values. */
#ifndef KL_METRICS_IMPL_H
#define KL_METRICS_IMPL_H

#include "buf.h"
#include "netsync.h"
#include "tablestats.h"

void kl_metrics_write_build(struct kl_buf *buf, const char *node, const struct kl_netsync_status *netsync);
void kl_metrics_write_counters(struct kl_buf *buf, const struct kl_maps *maps);
void kl_metrics_write_tables(struct kl_buf *buf, const struct kl_table_stats *stats);
/* Copies: the tables change meanwhile. */
struct kl_service_row {
	char key[sizeof(((struct kl_map_name *)0)->key)];
	struct kl_map_traffic traffic;
	uint64_t live;
};
/* The busiest `limit`; owned by the caller. */
struct kl_service_row *kl_service_rows(const struct kl_maps *maps, int limit, size_t *ret_count);
void kl_metrics_write_services(struct kl_buf *buf, const struct kl_service_row *rows, size_t count);
void kl_metrics_write_netsync(struct kl_buf *buf, const struct kl_netsync_status *status);

#endif
