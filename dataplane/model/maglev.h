/*
 * Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a lookup table that changes little when its backends do.
 * Backends fill the table in turns, each following its own permutation of the slots; a permutation is seeded by the
 * backend's address and port, so that every node of a cluster makes the same table.
 */
#ifndef KL_MAGLEV_H
#define KL_MAGLEV_H

#include "service.h"

/* A prime of at least 100 x backends, from 509 up, limited to 131071; 0 for no backends. */
uint32_t kl_maglev_size(size_t backends);

/*
 * Fills slots[size] with indices into backends. Weights (0 counts as 1) are shares: with weights 1 and 3 the second
 * gets three quarters of the slots. size must be prime and at least `count`; count at least 1.
 */
void kl_maglev_fill(const struct kl_backend *const *backends, size_t count, uint32_t *slots, uint32_t size);
/* With other weights than the backends' own. */
void kl_maglev_fill_weighted(const struct kl_backend *const *backends, const uint32_t *weights, size_t count,
	uint32_t *slots, uint32_t size);

#endif
