/*
 * Services as the kernel's tables have them, as JSON: `keelson lb`, `maglev` and `trace` print from it. The tables are
 * read once into an index, so that ten thousand Services cost ten thousand steps.
 */
#ifndef KL_LB_SERVICE_H
#define KL_LB_SERVICE_H

#include "json.h"
#include "maps.h"

struct kl_lb_index;
struct kl_lb_index *kl_lb_index_new(const struct kl_maps *maps);
void kl_lb_index_free(struct kl_lb_index *index);
KL_AUTO(kl_cleanup_lb_index, struct kl_lb_index, kl_lb_index_free)
#define kl_autolbindex kl_cleanup(kl_cleanup_lb_index) struct kl_lb_index

/* The first backend of a service and the one behind it; 0 ends. */
uint32_t kl_lb_first(const struct kl_lb_index *index, uint32_t service);
uint32_t kl_lb_next(const struct kl_lb_index *index, uint32_t backend);

/* A new reference. */
json_t *kl_lb_service_json(const struct kl_lb_index *index, uint32_t service);
/* All whose key matches; wanted NULL: every one. */
json_t *kl_lb_services_json(const struct kl_lb_index *index, const char *wanted);
/* Does "web", "default/web" or the whole "default/web:80" mean this key? */
bool kl_lb_matches(const char *key, const char *wanted);
/* The set in force; NULL: none. */
const struct kl_map_set *kl_lb_set(const struct kl_maps *maps, uint32_t service);
/* The backend at a slot, counted from the map's start. */
uint32_t kl_lb_slot(const struct kl_maps *maps, uint32_t slot);
const char *kl_lb_backend_state(uint8_t flags); /* "ready", "terminating", "not ready" */

#endif
