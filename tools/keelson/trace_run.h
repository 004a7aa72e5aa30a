/*
 * Running the programs of one hook after the other on a frame, as the kernel would.
 */
#ifndef KL_TRACE_RUN_H
#define KL_TRACE_RUN_H

#include "json.h"
#include "look.h"
#include "status_links.h"
#include "trace_clone.h"
#include "trace_frame.h"

struct kl_trace_packet {
	uint8_t frame[KL_FRAME_MAX];
	size_t len;
};
struct kl_trace_run {
	const struct kl_look *look;
	struct kl_trace_clone *clone; /* NULL: the loaded programs themselves run, on the real tables */
	const struct kl_pinned_link *links;
	size_t link_count;
	json_t *steps;
	struct kl_trace_packet packet; /* as it goes on */
};
enum kl_trace_way { KL_TRACE_UPLINK_IN, KL_TRACE_UPLINK_OUT, KL_TRACE_POD_OUT, KL_TRACE_POD_IN };
enum kl_trace_verdict { KL_TRACE_PASS, KL_TRACE_DROP, KL_TRACE_SENT };

/* Runs every program of the way in turn until one does not pass the packet on. Negative errno when none could run. */
int kl_trace_run_way(struct kl_trace_run *run, enum kl_trace_way way, uint32_t ifindex, enum kl_trace_verdict *ret,
	struct kl_err *err);
/* Where the uplink is, from the balancer's links; 0: it is attached to none. */
uint32_t kl_trace_uplink(const struct kl_pinned_link *links, size_t count);

#endif
