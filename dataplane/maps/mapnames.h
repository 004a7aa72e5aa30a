/*
 * Names and meanings of what the kernel's tables hold, for people, for `-o json` and for metrics: one table each, so that
 * every command and every metric says the same word.
 */
#ifndef KL_MAPNAMES_H
#define KL_MAPNAMES_H

#include <keelson/abi.h>
#include <stddef.h>
#include <stdint.h>

/* Never NULL; "?" for a number that has no name. */
const char *kl_phase_name(unsigned phase);
const char *kl_algorithm_name(unsigned algorithm);
const char *kl_forward_name(unsigned forward);
const char *kl_frontend_type_name(unsigned type);
const char *kl_event_kind_name(unsigned kind);
const char *kl_event_hook_name(unsigned hook);
const char *kl_proto_name(unsigned proto); /* "TCP" */

enum kl_counter_kind {
	KL_COUNTER_DROP,    /* a packet or a connection was refused */
	KL_COUNTER_PATH,    /* a packet took this way */
	KL_COUNTER_FLOW,    /* something became of a flow */
	KL_COUNTER_SOCKET,  /* a socket was given a backend, or not */
	KL_COUNTER_WATCHER, /* about looking on */
};
/* A word of struct kl_map_counters. */
struct kl_counter_row {
	const char *name;   /* the field's */
	const char *reason; /* DROP: for people and as a metric's label: "no backend" is "no-backend" */
	const char *what;   /* what happened, in a few words */
	const char *advice; /* DROP: what to do about it; others: NULL */
	uint16_t index;     /* of its word */
	uint8_t kind;       /* enum kl_counter_kind */
};
const struct kl_counter_row *kl_counter_rows(size_t *ret_count);
/* By the word's index, as in kl_map_event.reason; NULL: none. */
const struct kl_counter_row *kl_counter_row(unsigned index);
uint64_t kl_counter_value(const struct kl_map_counters *counters, const struct kl_counter_row *row);

#endif
