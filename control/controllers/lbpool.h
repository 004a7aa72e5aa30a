/*
 * Addresses for Services of type LoadBalancer: who has which, from ranges of both families. Pure.
 */
#ifndef KL_CTL_LBPOOL_H
#define KL_CTL_LBPOOL_H

#include "err.h"
#include "service.h"

struct lbpool;

/* "10.0.0.0/24,10.1.0.5-10.1.0.9,fd00::/112"; the first address of a prefix is left out, of IPv4 the last too. */
int lbpool_new(const char *ranges, struct lbpool **ret, struct kl_err *err);
void lbpool_free(struct lbpool *pool);
bool lbpool_has_family(const struct lbpool *pool, bool v4);
/* Gives the owner this very address: 0, also when it has it already; -ERANGE: in no range; -EADDRINUSE: another has it. */
int lbpool_take(struct lbpool *pool, const char *owner, const struct kl_addr *addr);
/* The lowest free address of a family; -ENOSPC. */
int lbpool_pick(struct lbpool *pool, const char *owner, bool v4, struct kl_addr *ret);
/* What the owner has of a family; false: nothing. */
bool lbpool_held(const struct lbpool *pool, const char *owner, bool v4, struct kl_addr *ret);
const char *lbpool_owner(const struct lbpool *pool, const struct kl_addr *addr); /* NULL: free */
void lbpool_release(struct lbpool *pool, const char *owner, bool v4);

#endif
