/*
 * One node's pinned tables, read through their mapping: no syscall, so that polling disturbs little.
 */
#ifndef KL_BENCH_TABLES_H
#define KL_BENCH_TABLES_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct kl_tables;

/* Finds the maps below the node's pin folder. */
struct kl_tables *kl_tables_open(const char *pin_dir, struct kl_err *err);
void kl_tables_free(struct kl_tables *tables);
/* The index of the service whose key begins with `prefix` ("default/web"); 0 when it is not in the table. */
uint32_t kl_tables_service(const struct kl_tables *tables, const char *prefix);
/* Whether a new connection to the service could be given to this IPv4 address (network order). */
bool kl_tables_has(const struct kl_tables *tables, uint32_t service, uint32_t addr);

#endif
