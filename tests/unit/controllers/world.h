/*
 * A control plane without HTTP for tests: a real store on disk, the real registry, controllers and scheduler, and a
 * stub kubelet for each node. Everything waits with `until`, nothing sleeps for a guess.
 */
#ifndef WORLD_H
#define WORLD_H

#include "kubelet_stub.h"

#include "api.h"
#include "clock.h"
#include "controllers.h"
#include "mem.h"
#include "registry.h"
#include "scheduler.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

struct world {
	char dir[64];
	struct kl_store *store;
	struct kl_registry *registry;
	struct kl_controllers *controllers;
	struct kl_scheduler *scheduler;
	struct kubelet_stub *kubelet;
	struct kl_controllers_options options;
};

void world_open(struct world *w); /* with a stub kubelet and no node */
/* Nodes count as lost after so long a silence. */
void world_open_with_grace(struct world *w, int grace_ms);
void world_close(struct world *w);
/* The controllers and the scheduler go and come back, as after a crash of the server. */
void world_stop_loops(struct world *w);
void world_start_loops(struct world *w);

/* Object texts are JSON with ' for ". The result is new, or NULL when refused (reported unless `may_fail`). */
json_t *world_create(struct world *w, const char *group, const char *kind, const char *ns, const char *text);
void world_patch(
	struct world *w, const char *group, const char *kind, const char *ns, const char *name, const char *text);
void world_delete(struct world *w, const char *group, const char *kind, const char *ns, const char *name,
	const char *propagation);
json_t *world_get(struct world *w, const char *group, const char *kind, const char *ns, const char *name);
/* All of a kind in a namespace, as an array of trees; the caller's. */
json_t *world_list(struct world *w, const char *group, const char *kind, const char *ns);
size_t world_count(struct world *w, const char *group, const char *kind, const char *ns);
/* Ready pods in a namespace that are not being deleted. */
size_t world_ready(struct world *w, const char *ns);
void world_node(struct world *w, const char *name); /* with Lease and stub kubelet */

/* Evaluates `cond` until it holds; a failed check after thirty seconds. */
#define UNTIL(cond)                                                                                            \
	({                                                                                                     \
		bool held_ = false;                                                                            \
		for (int64_t end_ = kl_monotonic_ms() + 30000; !(held_ = (cond)) && kl_monotonic_ms() < end_;) \
			world_nap();                                                                           \
		held_ ? true : (kl_test_failed(__FILE__, __LINE__, "never: %s", #cond), world_dump(), false);  \
	})
void world_nap(void);
void world_dump(void); /* to stderr: what the world looked like when something never came */

#endif
