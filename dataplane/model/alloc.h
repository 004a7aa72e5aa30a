/*
 * Allocators for places in the kernel's arrays. Both keep what was freed apart for a while, since a program that is
 * running may still read it: a place is handed out again only KL_QUARANTINE_MS after it was freed. Times are given by
 * the caller.
 */
#ifndef KL_ALLOC_H
#define KL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KL_QUARANTINE_MS = 100 };

/* Single places 1 … size-1, handed out in the order in which they were freed. */
struct kl_ids;
struct kl_ids *kl_ids_new(uint32_t size);
void kl_ids_free(struct kl_ids *ids);
/* Marks one as in use; for recovery, before the first _get. False: it was in use already, or is out of range. */
bool kl_ids_take(struct kl_ids *ids, uint32_t id);
/* 0: all in use, or all that are free were freed too recently. */
uint32_t kl_ids_get(struct kl_ids *ids, int64_t now_ms);
void kl_ids_put(struct kl_ids *ids, uint32_t id, int64_t now_ms);
uint32_t kl_ids_used(const struct kl_ids *ids);

/* Runs of neighbouring places 1 … size-1. */
struct kl_runs;
struct kl_runs *kl_runs_new(uint32_t size);
void kl_runs_free(struct kl_runs *runs);
bool kl_runs_take(struct kl_runs *runs, uint32_t first, uint32_t count);
uint32_t kl_runs_get(struct kl_runs *runs, uint32_t count, int64_t now_ms);
void kl_runs_put(struct kl_runs *runs, uint32_t first, uint32_t count, int64_t now_ms);
uint32_t kl_runs_used(const struct kl_runs *runs);

#endif
