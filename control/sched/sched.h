/*
 * The scheduler's core: what is known of nodes and of the pods on them, and the decision where the next pod goes.
 * Values in, values out: no clock, no thread, no I/O.
 *
 * Pods whose scheduling depends on the same things (requests, selectors, affinity, tolerations, labels, owner) share a
 * class; a class is evaluated against every node once, and after that only against the nodes that changed. Filters
 * and scores are rows of const tables (filters.c, scores.c) after upstream's default profile.
 *
 * Bounds: 16 kinds of resources in all (extended ones included); a pod asking for more kinds fits nowhere.
 */
#ifndef KL_SCHED_H
#define KL_SCHED_H

#include "json.h"

struct kl_sched;
struct kl_sched_class;

struct kl_sched *kl_sched_new(uint64_t seed); /* of the choice among equally good nodes */
void kl_sched_free(struct kl_sched *sched);   /* every class must have been put back */

/* A v1 Node, new or changed. True when something that matters to scheduling changed. */
bool kl_sched_node_set(struct kl_sched *sched, const json_t *node);
void kl_sched_node_remove(struct kl_sched *sched, const char *name);
size_t kl_sched_node_count(const struct kl_sched *sched);

/* The class of a v1 Pod; a reference. */
struct kl_sched_class *kl_sched_class_get(struct kl_sched *sched, const json_t *pod);
struct kl_sched_class *kl_sched_class_ref(struct kl_sched_class *cls);
void kl_sched_class_put(struct kl_sched *sched, struct kl_sched_class *cls);

/* Whether a pod that comes to a node could make room for this class (affinity, spread), not only one that leaves. */
bool kl_sched_class_follows(const struct kl_sched_class *cls);

/* One pod of the class runs, or will, on the node; the node need not be known (yet). */
void kl_sched_assign(struct kl_sched *sched, struct kl_sched_class *cls, const char *node);
void kl_sched_unassign(struct kl_sched *sched, struct kl_sched_class *cls, const char *node);

/* The best node for one more pod of the class, or NULL; assigns nothing. Valid until the node is removed. */
const char *kl_sched_place(struct kl_sched *sched, struct kl_sched_class *cls);
/* Why there was none, in upstream's words: "0/3 nodes are available: 3 Insufficient memory. preemption: …". */
void kl_sched_explain(struct kl_sched *sched, struct kl_sched_class *cls, struct kl_buf *message);

/* metadata.labels of a Namespace, for namespaceSelector; NULL: gone. */
void kl_sched_namespace_set(struct kl_sched *sched, const char *name, const json_t *labels);

#endif
