/*
 * What people ask of a Service beyond its spec: annotations, read the same by whoever compiles and whoever complains. Pure.
 *
 *	keelson.dev/load-balancing	random | round-robin | maglev | least-connection
 *	keelson.dev/forwarding		snat | dsr | dsr-geneve
 *	keelson.dev/slow-start		30s
 *	keelson.dev/weight		of a Pod: 1 to 1000
 *	keelson.dev/weights		of an EndpointSlice: ADDRESS=WEIGHT,… (the slices controller writes it from the Pods')
 */
#ifndef KL_ANNOTATIONS_H
#define KL_ANNOTATIONS_H

#include "json.h"
#include "service.h"

#define KL_ANNOTATION_WEIGHT         "keelson.dev/weight"
#define KL_ANNOTATION_WEIGHTS        "keelson.dev/weights"
#define KL_ANNOTATION_LOAD_BALANCING "keelson.dev/load-balancing"
#define KL_ANNOTATION_FORWARDING     "keelson.dev/forwarding"
#define KL_ANNOTATION_SLOW_START     "keelson.dev/slow-start"

enum { KL_WEIGHT_MAX = 1000, KL_SLOW_START_MAX_MS = 3600 * 1000 };

struct kl_service_wishes {
	uint16_t flags; /* KL_SERVICE_ALGORITHM, KL_SERVICE_FORWARD: what was asked for */
	uint8_t algorithm, forward;
	uint32_t slow_start_ms;
};
/* Calls `complain` (may be NULL) once for each annotation that says nothing known; it counts as absent. */
void kl_service_wishes_read(const json_t *service, struct kl_service_wishes *ret,
	void (*complain)(const char *annotation, const char *words, void *arg), void *arg);

/* -EINVAL for other words. */
int kl_algorithm_parse(const char *text, uint8_t *ret);
int kl_forward_parse(const char *text, uint8_t *ret);
/* "30s", "1m30s", "500ms"; -EINVAL */
int kl_duration_parse_ms(const char *text, uint32_t *ret);
/* 1 to KL_WEIGHT_MAX; -EINVAL */
int kl_weight_parse(const char *text, uint16_t *ret);
/* The weight of an address in "ADDRESS=WEIGHT,…"; 0: none is said. */
uint16_t kl_weights_find(const char *weights, const char *address);

#endif
