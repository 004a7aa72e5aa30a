/* families.c: the metrics themselves, from values. */
#ifndef KL_METRICS_IMPL_H
#define KL_METRICS_IMPL_H

#include "buf.h"
#include "netsync.h"
#include "tablestats.h"

void kl_metrics_write_build(struct kl_buf *buf, const char *node, const struct kl_netsync_status *netsync);
void kl_metrics_write_counters(struct kl_buf *buf, const struct kl_maps *maps);
void kl_metrics_write_tables(struct kl_buf *buf, const struct kl_table_stats *stats);
void kl_metrics_write_services(struct kl_buf *buf, const struct kl_maps *maps, int limit);
void kl_metrics_write_netsync(struct kl_buf *buf, const struct kl_netsync_status *status);

#endif
