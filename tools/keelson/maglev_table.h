/*
 * A Maglev table as values: a node's own, read from its kernel, or one computed for other backends.
 */
#ifndef KL_MAGLEV_TABLE_H
#define KL_MAGLEV_TABLE_H

#include "lb_service.h"
#include "service.h"

struct kl_maglev_table {
	struct kl_backend *backends; /* sorted by address and port */
	size_t count;
	uint32_t *slots; /* indices into backends */
	uint32_t size;
};
void kl_maglev_table_release(struct kl_maglev_table *table);
#define kl_automaglev kl_cleanup(kl_maglev_table_release) struct kl_maglev_table

/* What the kernel has for a service: the backends that its slots name. local: the slots of this node's backends. */
void kl_maglev_table_read(const struct kl_lb_index *index, const struct kl_maps *maps, uint32_t service, bool local,
	struct kl_maglev_table *ret);
/* The table that Keelson makes for these backends; they are copied. */
void kl_maglev_table_compute(const struct kl_backend *backends, size_t count, struct kl_maglev_table *ret);
bool kl_maglev_table_equal(const struct kl_maglev_table *a, const struct kl_maglev_table *b);
/* Of which backend stands at every slot, by address: the same on every node whose tables agree. */
uint64_t kl_maglev_table_hash(const struct kl_maglev_table *table);
/* Index of a backend, or -1. */
long kl_maglev_table_find(const struct kl_maglev_table *table, const struct kl_addr *addr, uint16_t port);

/* What becomes of new flows when one table takes the place of another, as shares of all. */
struct kl_maglev_change {
	double moved;           /* go to another backend than before */
	double necessary;       /* of those, whose backend is gone, or that a new or heavier one had to get */
	uint32_t slots_changed; /* where both have one size; otherwise 0 */
};
void kl_maglev_table_compare(
	const struct kl_maglev_table *before, const struct kl_maglev_table *after, struct kl_maglev_change *ret);

#endif
