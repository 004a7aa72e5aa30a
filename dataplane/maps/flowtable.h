/*
 * The connection table from user space: finding and placing flows as the programs do (bpf/lib/conntrack.h), for filling
 * a new table from an old one. Programs may run on the same table meanwhile: places are claimed as they claim them.
 */
#ifndef KL_FLOWTABLE_H
#define KL_FLOWTABLE_H

#include "maps.h"

struct kl_flowtable {
	struct kl_map_config *config;
	struct kl_map_line *hot;
	struct kl_map_tuple *cold;
	size_t hot_bytes, cold_bytes;
};
int kl_flowtable_open(const struct kl_maps *maps, struct kl_flowtable *ret, struct kl_err *err);
void kl_flowtable_close(struct kl_flowtable *table);

/* One connection. The tuple's peer is of no meaning. */
struct kl_flow_pair {
	struct kl_flow_key forward, reply;
	struct kl_map_flow state; /* of the forward entry; its fingerprint is of no meaning */
	uint16_t reply_stamp;
	bool oneway; /* no reply's entry */
	struct kl_map_tuple tuple;
};
/* Index of the entry of a key; -1: there is none. */
int64_t kl_flowtable_find(const struct kl_flowtable *table, const struct kl_flow_key *key);
struct kl_map_flow *kl_flowtable_at(const struct kl_flowtable *table, uint32_t index);
/* A flow that is there already stays as it is. -ENOSPC: no place in any region it may stand in. */
int kl_flowtable_put(struct kl_flowtable *table, const struct kl_flow_pair *pair);
/* Of both entries, where they are not that far yet. */
void kl_flowtable_set_phase(struct kl_flowtable *table, uint32_t index, uint32_t phase);
/* Both entries. */
void kl_flowtable_remove(struct kl_flowtable *table, uint32_t index);

#endif
