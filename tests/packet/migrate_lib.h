/*
 * What the tests of migration share with the program of another layout that makes what they migrate: services and
 * flows, made by packets, numbered by their clients.
 */
#ifndef KL_MIGRATE_LIB_H
#define KL_MIGRATE_LIB_H

#include "packet_lib.h"

enum { MIGRATE_FLOWS = 1000, MIGRATE_ENTRIES = 16384 };
enum migrate_kind { MIGRATE_LOCAL, MIGRATE_REMOTE, MIGRATE_DSR, MIGRATE_UDP, MIGRATE_KINDS };

void migrate_put_services(struct bench *bench);
/* Opens flow number n of a kind, both ways as far as replies come by here. */
void migrate_establish(struct bench *bench, enum migrate_kind kind, uint32_t n);
/* One packet of the client's. */
void migrate_send(struct bench *bench, enum migrate_kind kind, uint32_t n, uint8_t flags);
/* Packets in both directions of every flow there; how many were not known any more. */
uint32_t migrate_count_lost(struct bench *bench);

#endif
