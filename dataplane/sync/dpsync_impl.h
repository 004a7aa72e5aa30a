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
	int64_t since_ms; /* monotonic: new then, its share grows; 0: it has all of it */
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
	struct kl_range *ranges; /* in kl_ranges; sorted */
	size_t range_count;
	uint32_t *shares; /* weights of the present set, beside desired's backends; NULL: their own */
	struct service_state *ramp_prev, *ramp_next; /* of those with shares that grow */
	bool ramping;
};

struct peer {
	UT_hash_handle hh;
	struct kl_node_info *node;
	bool in_snapshot;
};

struct pod_link {
	UT_hash_handle hh;
	struct kl_addr addr;
	uint32_t ifindex;
	uint8_t mac[6];
};

enum { LOCALS_AT_ONCE = 256 };
struct local_batch {
	struct kl_map_local keys[LOCALS_AT_ONCE];
	uint32_t ids[LOCALS_AT_ONCE];
	uint32_t count;
};

struct netns_entry {
	UT_hash_handle hh;
	uint64_t cookie;
	struct kl_map_netns value;
};

struct kl_dpsync {
	struct kl_maps *maps;
	char *node_name;
	struct service_state *services; /* by key */
	struct kl_ids *service_ids, *backend_ids;
	struct kl_runs *runs;
	struct kl_frontend *node_addrs; /* their entries of kl_frontends */
	size_t node_addr_count;
	struct service_state *ramping;
	struct peer *peers;
	struct kl_frontend *peer_addrs; /* their entries of kl_frontends */
	size_t peer_addr_count;
	char *zone;
	bool nameless; /* some backend came without its node's name */
	bool in_snapshot;
	struct pod_link *links;
	struct netns_entry *netns;
	uint8_t algorithm, forward;  /* defaults */
	struct local_batch *locals;  /* for kl_locals, many by one system call */
	struct kl_map_config config; /* as it has to be, but for what others write */
	uint32_t swept;              /* first line of the next part */
	size_t counted, flows;       /* entries of the main region: of this pass so far, of the last whole one */
	void (*dead)(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg);
	void *dead_arg;
	void (*difference)(const char *difference, void *arg);
	void *difference_arg;
};

struct service_state *kl_dpsync_state_new(struct kl_dpsync *sync, const char *key, uint32_t index);
int kl_dpsync_adopt(struct kl_dpsync *sync, struct kl_err *err);
uint32_t kl_dpsync_get_id(struct kl_ids *ids);

/* A pod with this address has come or gone: whether it is here may decide who is local. */
void kl_dpsync_localise_again(struct kl_dpsync *sync, const struct kl_addr *addr);

/* backends.c */
int kl_dpsync_ref_compare(const void *a, const void *b);
/* Makes a backend's index dead, keeps its counters in the service's totals, and frees it. */
void kl_dpsync_retire(struct kl_dpsync *sync, const struct service_state *state, uint32_t id);
int kl_dpsync_match_backends(struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, struct backend_ref *ret, bool *ret_fresh, struct kl_err *err);
void kl_dpsync_flush_locals(struct kl_dpsync *sync);
void kl_dpsync_write_backends(
	struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service);
void kl_dpsync_backend_entry(const struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, size_t i, struct kl_map_backend *ret);

/* sets.c */
/* What a set's blocks must hold: the header, then the slots. Owned by the caller. */
struct kl_map_block *kl_dpsync_compile(const struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, uint32_t first, uint32_t *ret_blocks);
/* A new set beside the old one; nothing when it would be the same. `state` has the new backends already. */
int kl_dpsync_switch_set(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service, struct kl_err *err);

/* slowstart.c */
/* Takes over since when the backends are there from the refs before (of `before`), and makes the shares of now. */
void kl_dpsync_ramp(struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service,
	const struct backend_ref *old, size_t old_count, int64_t now_ms);
void kl_dpsync_ramp_end(struct kl_dpsync *sync, struct service_state *state);

/* ranges.c: those that are new come before the set that heeds them, the old ones go after it. */
int kl_dpsync_add_ranges(struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service,
	struct kl_err *err);
void kl_dpsync_remove_ranges(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service /* NULL: none */);
struct kl_map_range kl_dpsync_range_key(uint32_t service, const struct kl_range *range);

/* nodes.c */
void kl_dpsync_write_config(struct kl_dpsync *sync);
void kl_dpsync_apply_peers(struct kl_dpsync *sync);
void kl_dpsync_peers_begin(struct kl_dpsync *sync);
void kl_dpsync_peers_end(struct kl_dpsync *sync);
void kl_dpsync_nodes_free(struct kl_dpsync *sync);
const struct pod_link *kl_dpsync_link(const struct kl_dpsync *sync, const struct kl_addr *addr);
bool kl_dpsync_has_frontend(const struct kl_frontend *list, size_t count, const struct kl_frontend *wanted);

/* audit_more.c */
struct kl_dpsync_finding {
	struct kl_dpsync *sync;
	bool repair;
	struct kl_dpsync_audit *ret;
	/* `count` is one of ret's missing, wrong, foreign. */
	void (*found)(void *arg, size_t *count, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	void *arg;
};
void kl_dpsync_audit_more(const struct kl_dpsync_finding *finding);

#endif
