/*
 * What the stream has said: the present services with their encoded frames, and a bounded log of changes for nodes that
 * come back. Pure; the caller locks.
 */
#ifndef KL_LEDGER_H
#define KL_LEDGER_H

#include "service.h"

#include <stdatomic.h>

/* An encoded frame, shared by the log and by everybody who is sending it. */
struct kl_entry {
	atomic_uint refs;
	uint64_t seq;
	int64_t at_ns; /* monotonic: when it was said */
	size_t len;
	size_t base; /* how much of it version 1 knows; 0: nothing, it is not told */
	char data[];
};
struct kl_entry *kl_entry_ref(struct kl_entry *entry);
void kl_entry_unref(struct kl_entry *entry);

struct kl_ledger;
struct kl_ledger *kl_ledger_new(uint64_t epoch, size_t log_entries);
void kl_ledger_free(struct kl_ledger *ledger);

/*
 * The services that a Service ("namespace/name") stands for now; steals them. Appends a change for each that is new,
 * different or gone; returns how many.
 */
size_t kl_ledger_update(struct kl_ledger *ledger, const char *owner, struct kl_service **services, size_t count);
/* A node of the cluster; steals it. True: that was a change. */
bool kl_ledger_node(struct kl_ledger *ledger, struct kl_node_info *node);
void kl_ledger_node_gone(struct kl_ledger *ledger, const char *name);
/* Calls `each` for the name of every node there is. */
void kl_ledger_nodes(struct kl_ledger *ledger, void (*each)(const char *name, void *arg), void *arg);

/* Calls `each` for the owner of every service there is. */
void kl_ledger_owners(struct kl_ledger *ledger, void (*each)(const char *owner, void *arg), void *arg);

uint64_t kl_ledger_epoch(const struct kl_ledger *ledger);
uint64_t kl_ledger_seq(const struct kl_ledger *ledger);
size_t kl_ledger_services(const struct kl_ledger *ledger);
/* Can a node that has everything up to (epoch, seq) go on from there? */
bool kl_ledger_can_resume(const struct kl_ledger *ledger, uint64_t epoch, uint64_t seq);
/* The change of that number, borrowed; NULL: not yet, or no longer. */
struct kl_entry *kl_ledger_change(const struct kl_ledger *ledger, uint64_t seq);
/* All of it as frames, the nodes first, SNAPSHOT_BEGIN and _END included; references and array are the caller's. */
struct kl_entry **kl_ledger_snapshot(struct kl_ledger *ledger, size_t *ret_count);
/* HELLO or HEARTBEAT at the present position; a reference. */
struct kl_entry *kl_ledger_mark(const struct kl_ledger *ledger, int type);

#endif
