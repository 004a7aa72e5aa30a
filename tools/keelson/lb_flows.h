/* `keelson lb flows` and `keelson lb counters`: what goes through the balancer. */
#ifndef KL_LB_FLOWS_H
#define KL_LB_FLOWS_H

#include "maps.h"

/* service: only its flows (as `lb get` takes it); NULL: all. limit: at most so many; 0: all. */
int kl_lb_print_flows(const struct kl_maps *maps, const char *service, int limit, bool as_json);
int kl_lb_print_counters(const struct kl_maps *maps, bool as_json);
/* Does "web", "default/web" or the whole "default/web:80" mean this key? */
bool kl_lb_matches(const char *key, const char *wanted);

#endif
