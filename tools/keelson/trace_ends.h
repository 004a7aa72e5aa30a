/*
 * Who to whom: from the words of `keelson trace` to the key of a flow.
 */
#ifndef KL_TRACE_ENDS_H
#define KL_TRACE_ENDS_H

#include "flows_event.h"
#include "look.h"

#include <keelson/hash.h>

struct trace_options {
	struct kl_look_options look;
	const char *from, *to, *proto, *flags;
	int sport, bytes;
	bool packet, insert, reply, hex;
};

struct trace {
	const struct trace_options *options;
	struct kl_look *look;
	json_t *status, *steps;
	struct kl_pod_names *names;
	const json_t *pod; /* the sender, when it is one of this node */
	struct kl_flow_key key;
	uint8_t tcp_flags;
	uint32_t service; /* meant by --to; 0: an address */
};

/* Fills in pod, key, tcp_flags and service from the options; negative errno when it has said what is wrong with them. */
int kl_trace_ends(struct trace *trace);

#endif
