/*
 * When UDP backends have gone, goes through the namespaces of the node and of its pods and closes the connected sockets
 * that still point at them; in a worker thread, once for all that went together.
 */
#ifndef KL_REAPER_H
#define KL_REAPER_H

#include "maps.h"

#include <uv.h>

struct kl_reaper;
struct kl_reaper *kl_reaper_new(uv_loop_t *loop, const struct kl_maps *maps);
/* Waits for work under way. Accepts NULL. */
void kl_reaper_free(struct kl_reaper *reaper);
/* A pod's namespace, by its cookie. The path is copied; NULL is ignored. */
void kl_reaper_add(struct kl_reaper *reaper, uint64_t cookie, const char *netns);
void kl_reaper_remove(struct kl_reaper *reaper, uint64_t cookie);
/* A UDP backend has gone; cheap, may be called for each. */
void kl_reaper_wake(struct kl_reaper *reaper);

#endif
