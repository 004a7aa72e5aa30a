/*
 * kl_locals: the backends on this node by service and address. Whoever opens an envelope (DSR) finds there which of a
 * service's backends it was sent to.
 */
#ifndef KL_LOCALS_H
#define KL_LOCALS_H

#include "err.h"
#include "maps.h"
#include "service.h"

/* service, backend: places in kl_services and kl_backends. Replaces what was there. */
int kl_locals_put(
	struct kl_maps *maps, uint32_t service, const struct kl_addr *addr, uint32_t backend, struct kl_err *err);
/* Only while it names this backend: two of a service may share an address. */
void kl_locals_remove(struct kl_maps *maps, uint32_t service, const struct kl_addr *addr, uint32_t backend);
/* 0: none. */
uint32_t kl_locals_get(const struct kl_maps *maps, uint32_t service, const struct kl_addr *addr);

#endif
