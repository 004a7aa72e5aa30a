/*
 * The writer's side of kl_frontends (bpf/lib/service.h reads it): an open-addressed table with linear probing of at
 * most KL_PROBES places. Readers run meanwhile: an entry's key is written before its service and the service cleared
 * first.
 */
#ifndef KL_FRONTENDS_H
#define KL_FRONTENDS_H

#include "maps.h"
#include "service.h"

/* The place of a frontend, or -1. The type is no part of the key. */
int64_t kl_frontends_find(const struct kl_maps *maps, const struct kl_frontend *frontend);
/* Inserts it, or takes over the place of the same address and port. -ENOSPC: every place it could have is taken. */
int kl_frontends_put(struct kl_maps *maps, const struct kl_frontend *frontend, uint32_t service, struct kl_err *err);
/* Marks a port as some frontend's in kl_ports, which programs ask first; kl_frontends_put does it by itself. */
void kl_frontends_serve(struct kl_maps *maps, uint16_t port);
/* Compares kl_ports with kl_frontends: how many ports are served and not marked (put right with repair); others are cleared. */
size_t kl_frontends_audit_ports(struct kl_maps *maps, bool repair);
/* Deletes it if it belongs to the service. */
void kl_frontends_delete(struct kl_maps *maps, const struct kl_frontend *frontend, uint32_t service);
void kl_frontends_delete_at(struct kl_maps *maps, uint32_t place);

/* Addresses as the kernel's tables have them. */
static inline const __be32 *kl_addr_words(const struct kl_addr *addr)
{
	return (const __be32 *)(const void *)addr->bytes;
}

#endif
