/* What dpsync.c, adopt.c and audit.c share. */
#ifndef KL_DPSYNC_IMPL_H
#define KL_DPSYNC_IMPL_H

#include "alloc.h"
#include "dpsync.h"
#include "frontends.h"
#include "plan.h"

#include <uthash.h>

struct backend_ref {
	struct kl_addr addr;
	uint16_t port;
	uint32_t id;
};

struct service_state {
	UT_hash_handle hh;
	char *key;
	uint32_t index;               /* of kl_services */
	struct kl_service *desired;   /* NULL: adopted, not put yet */
	struct backend_ref *backends; /* sorted like kl_backend_compare */
	size_t backend_count;
	struct kl_frontend *frontends;
	size_t frontend_count;
	uint32_t first_block, blocks; /* 0: no set */
	uint32_t changes;             /* of the set */
	bool in_snapshot;
};

struct kl_dpsync {
	struct kl_maps *maps;
	char *node_name;
	struct service_state *services; /* by key */
	struct kl_ids *service_ids, *backend_ids;
	struct kl_runs *runs;
	struct kl_frontend *node_addrs; /* their entries of kl_frontends */
	size_t node_addr_count;
	uint32_t swept; /* first line of the next part */
	void (*dead)(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg);
	void *dead_arg;
	void (*difference)(const char *difference, void *arg);
	void *difference_arg;
};

struct service_state *kl_dpsync_state_new(struct kl_dpsync *sync, const char *key, uint32_t index);
int kl_dpsync_ref_compare(const void *a, const void *b);
int kl_dpsync_adopt(struct kl_dpsync *sync, struct kl_err *err);
/* Makes a backend's index dead, keeps its counters in the service's totals, and frees it. */
void kl_dpsync_retire(struct kl_dpsync *sync, const struct service_state *state, uint32_t id);
/* What a set's blocks must hold: the header, then the slots. Owned by the caller. */
struct kl_map_block *kl_dpsync_compile(
	const struct service_state *state, const struct kl_service *service, uint32_t first, uint32_t *ret_blocks);
void kl_dpsync_backend_entry(
	const struct service_state *state, const struct kl_service *service, size_t i, struct kl_map_backend *ret);
void kl_dpsync_publish(struct kl_dpsync *sync, struct service_state *state, uint32_t first, uint32_t blocks);

#endif
