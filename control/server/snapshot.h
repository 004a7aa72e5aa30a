/*
 * Lists that are read page by page: what the first page showed is kept for a while, so that all pages together show one
 * moment. Bounded in number, objects and age; who comes later for the next page is told 410 Expired.
 */
#ifndef KL_SNAPSHOT_H
#define KL_SNAPSHOT_H

#include "store.h"

struct kl_snapshots;
struct kl_snapshot; /* a counted reference */

struct kl_snapshots *kl_snapshots_new(struct kl_store *store);
void kl_snapshots_free(struct kl_snapshots *snapshots);
/* The kind's list as it is now. */
struct kl_snapshot *kl_snapshot_take(struct kl_snapshots *snapshots, const struct kl_kind *kind, const char *ns);
/* As it was at this resourceVersion; NULL: nobody knows any more. */
struct kl_snapshot *kl_snapshot_find(
	struct kl_snapshots *snapshots, const struct kl_kind *kind, const char *ns, uint64_t rv);
/* Further pages of it will be asked for. */
void kl_snapshot_keep(struct kl_snapshots *snapshots, struct kl_snapshot *snapshot);
const struct kl_object_list *kl_snapshot_list(const struct kl_snapshot *snapshot);
void kl_snapshot_unref(struct kl_snapshot *snapshot);
/* Drops those that are too old; called every second. */
void kl_snapshots_tick(struct kl_snapshots *snapshots, int64_t now_ms);
/* For how long one is kept, for tests; 0: the default. */
void kl_snapshots_set_age(struct kl_snapshots *snapshots, int64_t age_ms);

#endif
