/*
 * The reader of kl_events: asks the programs for events as long as somebody watches, and hands on what comes in
 * blocks. Threads: the loop's.
 */
#ifndef KL_EVENTS_H
#define KL_EVENTS_H

#include "err.h"
#include "maps.h"

#include <stdint.h>
#include <uv.h>

struct kl_events;
/* The maps are the agent's own, writable, and outlive the result. `block` gets what has come; it borrows the events. */
int kl_events_new(uv_loop_t *loop, const struct kl_maps *maps,
	void (*block)(const struct kl_map_event *events, size_t count, void *arg), void *arg, struct kl_events **ret,
	struct kl_err *err);
/* Frees when the loop has run its close callbacks. Accepts NULL. */
void kl_events_free(struct kl_events *events);
/* watchers 0: nobody. mask: as kl_map_config.watch_mask. */
void kl_events_watch(struct kl_events *events, unsigned watchers, uint32_t mask);

#endif
