/*
 * The kernel's maps (bpf/include/keelson/abi.h), pinned and mapped into memory.
 *
 * Opening makes what is missing and adopts what is there; nothing is ever flushed. Where maps of another layout are
 * found, or smaller ones than wanted, new ones are made and filled from them, and come into force with the programs that
 * kl_load() puts in place of the old (migrate.c). Arrays are written through the mapping: a store is visible to the
 * programs at once.
 *
 * Threads: one.
 */
#ifndef KL_MAPS_H
#define KL_MAPS_H

#include "err.h"

#include <keelson/hash.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kl_map_id {
	KL_MAP_CONFIG,
	KL_MAP_FRONTENDS,
	KL_MAP_PORTS,
	KL_MAP_SERVICES,
	KL_MAP_NAMES,
	KL_MAP_SLOTS,
	KL_MAP_BACKENDS,
	KL_MAP_TRAFFIC,
	KL_MAP_LIVE,
	KL_MAP_RANGES,
	KL_MAP_LOCALS,
	KL_MAP_EVENTS,
	KL_MAP_COUNTERS,
	KL_MAP_CT_HOT,
	KL_MAP_CT_COLD,
	KL_MAP_NETNS,
	KL_MAP_AFFINITY,
	KL_MAP_FRAGMENTS,
	KL_MAP_SK_PEER,
	KL_MAP_SK_DGRAM,
	KL_MAP_PODS,
	KL_MAP_POD_ADDRS,
	KL_MAP_NET,
	KL_MAP_INBOUND,
	KL_MAP_COUNT
};

/* How many there may be; 0: a default. Maps that are there already grow, but never shrink. */
struct kl_maps_sizes {
	uint32_t services, backends;
	uint32_t frontends; /* rounded up to a power of two, at least twice as many places are made */
	uint32_t blocks;    /* of 16 slots */
	uint32_t flows;     /* entries of the main region, two a connection; rounded up to a power of two */
	uint32_t netns, affinity, ranges, pods;
};

/* For so many of each; connections: open at once, each way through the balancer. */
void kl_maps_sizes_set(struct kl_maps_sizes *sizes, uint32_t services, uint32_t backends, uint32_t connections);
/* 0: by the machine's memory. */
void kl_maps_sizes_choose(struct kl_maps_sizes *sizes, uint32_t services, uint32_t backends, uint32_t connections);
/* For a machine with so much memory. */
void kl_maps_sizes_of_memory(uint64_t bytes, struct kl_maps_sizes *ret);
uint64_t kl_maps_memory(void); /* of this machine, in bytes */

struct kl_migration;
struct kl_maps {
	int fd[KL_MAP_COUNT];
	uint32_t entries[KL_MAP_COUNT];
	/* mapped; NULL in kl_maps_open_readonly's */
	struct kl_map_config *config;
	struct kl_map_frontend *frontends;
	uint64_t *ports; /* bits: see kl_ports */
	struct kl_map_service *services;
	struct kl_map_name *names;
	struct kl_map_block *blocks;
	struct kl_map_backend *backends;
	struct kl_map_live *live;
	struct kl_map_net *net;
	struct kl_migration *migration; /* NULL: they were in force when they were opened */
	bool adopted;                   /* they were there already */
	unsigned cpus;                  /* values of a per-CPU map */
};

/* pin_dir lies on a bpffs (mounted at /sys/fs/bpf when nothing is there); maps go to <pin_dir>/v<layout>/maps. */
int kl_maps_open(const char *pin_dir, const struct kl_maps_sizes *sizes, struct kl_maps **ret, struct kl_err *err);
/*
 * Around the replacement of programs by such that use these maps; both do nothing where the maps are in force already.
 * After _begin the old table takes no new flows, so it should be short. _abort: the old programs stay. _end, when every
 * program is replaced: may be called from any thread.
 */
int kl_maps_switch_begin(const struct kl_maps *maps, struct kl_err *err);
void kl_maps_switch_abort(const struct kl_maps *maps);
int kl_maps_switch_end(const struct kl_maps *maps, struct kl_err *err);
/* Not all programs use them yet. */
bool kl_maps_switching(const struct kl_maps *maps);
/* false: nothing was taken over. How many flows were, and for how many there was no place. */
bool kl_maps_migrated(const struct kl_maps *maps, size_t *ret_flows, size_t *ret_lost);
/* Only what is pinned, mapped read-only: for looking. -ENOENT when there is nothing. */
int kl_maps_look(const char *pin_dir, const struct kl_maps **ret, struct kl_err *err);
/* Unmaps and closes; the pins stay. Accepts NULL. */
void kl_maps_close(struct kl_maps *maps);

const char *kl_maps_name(enum kl_map_id id);
/* Maps one of the connection table's arrays, or any other, read-only; unmap with munmap(result, *ret_len). */
const void *kl_maps_view(const struct kl_maps *maps, enum kl_map_id id, size_t *ret_len, struct kl_err *err);
/* Sums of the per-CPU values. */
int kl_maps_counters(const struct kl_maps *maps, struct kl_map_counters *ret, struct kl_err *err);
int kl_maps_traffic(const struct kl_maps *maps, uint32_t backend, struct kl_map_traffic *ret, struct kl_err *err);
int kl_maps_traffic_clear(const struct kl_maps *maps, uint32_t backend, struct kl_err *err);
/* The tick of now, as the programs count it. */
uint64_t kl_maps_tick(const struct kl_maps *maps);

#endif
