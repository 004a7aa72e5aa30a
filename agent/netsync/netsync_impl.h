/* What netsync.c (kernel side) and follow.c (the stream) share. */
#ifndef KL_NETSYNC_IMPL_H
#define KL_NETSYNC_IMPL_H

#include "dpsync.h"
#include "frame.h"
#include "load.h"
#include "maps.h"
#include "netsync.h"
#include "reaper.h"

struct kl_netsync {
	uv_loop_t *loop;
	struct kl_client *client;
	char *node_name;
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	enum kl_lb_mode mode;
	struct kl_reaper *reaper;
	struct kl_addr *node_addrs; /* given by options: they come first */
	size_t node_addr_count;
	bool external_cluster_ip;
	uint16_t node_port_min, node_port_max;

	/* the stream */
	struct kl_frame_reader *reader;
	uint64_t stream, ack; /* requests under way; 0: none */
	uint64_t epoch, seq;  /* applied to the kernel */
	uint64_t acked_epoch, acked_seq;
	bool connected, in_snapshot, synced;
	unsigned retry_ms;
	int64_t heard_ms; /* monotonic: the last byte */
	struct kl_netsync_gauges gauges;
	uv_timer_t *retry, *watchdog, *audit;
};

void kl_netsync_follow(struct kl_netsync *netsync);
/* Ends requests and frees timers. */
void kl_netsync_unfollow(struct kl_netsync *netsync);
uv_timer_t *kl_netsync_timer(struct kl_netsync *netsync, uv_timer_cb cb, uint64_t first_ms, uint64_t repeat_ms);
void kl_netsync_timer_free(uv_timer_t *timer);

#endif
