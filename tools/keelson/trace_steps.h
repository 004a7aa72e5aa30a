/*
 * What the tables say about a packet or a connect(): frontend, Service, policy, slot, backend. The same lookups as the
 * programs make, over the same tables, step by step and in words.
 */
#ifndef KL_TRACE_STEPS_H
#define KL_TRACE_STEPS_H

#include "json.h"
#include "lb_service.h"
#include "maps.h"

#include <keelson/hash.h>

/* Appends {"step":…,"text":…}. Returns it, borrowed, for more fields. */
json_t *kl_trace_say(json_t *steps, const char *step, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

struct kl_trace_frontend {
	uint32_t service; /* 0: none */
	uint32_t place;   /* in kl_frontends */
	uint8_t type;     /* enum kl_map_frontend_type */
};
/* sockets: NodePorts answer on loopback as well. */
struct kl_trace_frontend kl_trace_frontend_find(
	const struct kl_maps *maps, const __be32 addr[4], __be16 port, uint8_t proto, bool sockets);
/* Frontend, Service, policy. external: by the uplink. Returns the frontend. */
struct kl_trace_frontend kl_trace_lookup(
	const struct kl_maps *maps, const struct kl_flow_key *key, bool external, json_t *steps);
/* The slot that the tuple's hash takes, for a packet. */
void kl_trace_slot(const struct kl_maps *maps, const struct kl_flow_key *key, uint32_t service, json_t *steps);
/* What connect() or sendmsg() would be given: every backend that may be, with its chance. cookie: of the namespace. */
void kl_trace_socket(const struct kl_lb_index *index, const struct kl_maps *maps,
	const struct kl_trace_frontend *frontend, uint64_t cookie, json_t *steps);
/* "10.0.0.1:80, on this node, ready, weight 1, generation 3" */
char *kl_trace_backend_text(const struct kl_maps *maps, uint32_t id);

#endif
