/* What netsync.c (the thread and what may be asked of it), kernel.c (maps, programs, audit), follow.c (the stream), hostports.c and
 * health.c share. All but netsync.c runs on the thread. */
#ifndef KL_NETSYNC_IMPL_H
#define KL_NETSYNC_IMPL_H

#include "dpsync.h"
#include "frame.h"
#include "load.h"
#include "maps.h"
#include "netsync.h"
#include "reaper.h"

#include <uv.h>

struct call;
struct pod_addrs;
struct hostports;
struct health;

struct kl_netsync {
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t wake;
	uv_mutex_t lock; /* of calls */
	struct call *calls;
	bool started; /* the thread runs */
	struct kl_client *client;
	struct pod_addrs *pods; /* by cookie */
	struct hostports *hostports;
	struct health *health;
	struct kl_load_options load; /* its texts are ours */
	uint8_t algorithm, forward;  /* defaults */
	uint16_t geneve_port;
	struct kl_maps_sizes sizes;
	uint64_t table_full; /* drop_ct_full when it was last looked at */
	bool pressed;        /* and the connection table was told to be nearly full */
	bool guard_node_ports;
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
	uv_timer_t *retry, *watchdog, *audit, *look, *ramp;
};

void kl_netsync_follow(struct kl_netsync *netsync);
/* Ends requests and frees timers. */
void kl_netsync_unfollow(struct kl_netsync *netsync);
uv_timer_t *kl_netsync_timer(struct kl_netsync *netsync, uv_timer_cb cb, uint64_t first_ms, uint64_t repeat_ms);
void kl_netsync_timer_free(uv_timer_t *timer);

/* kernel.c */
enum { KL_NETSYNC_MAX_ADDRS = 64 };
int kl_netsync_bring_up(struct kl_netsync *netsync, struct kl_err *err);
/* Those given first, then every other one the node's interfaces have. */
size_t kl_netsync_addresses(const struct kl_netsync *netsync, struct kl_addr ret[KL_NETSYNC_MAX_ADDRS]);
void kl_netsync_audit(struct kl_netsync *netsync, bool repair, struct kl_dpsync_audit *ret);
void kl_netsync_on_audit(uv_timer_t *timer);
/* Are our programs still attached? */
void kl_netsync_on_look(uv_timer_t *timer);

/* hostports.c */
struct hostports *kl_hostports_new(struct kl_netsync *netsync);
void kl_hostports_free(struct hostports *hostports);
void kl_hostports_addresses(struct hostports *hostports, const struct kl_netsync_pod *pod);
void kl_hostports_gone(struct hostports *hostports, uint64_t cookie);
/* [{port, proto, hostIP, containerPort}…] of a pod; steals ports. */
void kl_hostports_spec(struct hostports *hostports, const char *uid, const char *name, json_t *ports);
/* The object is gone. */
void kl_hostports_forget(struct hostports *hostports, const char *uid);
void kl_hostports_synced(struct hostports *hostports);
/* The node's addresses may have changed. */
void kl_hostports_refresh(struct hostports *hostports);
/* The host ports of a pod's object, as above; NULL: none. */
json_t *kl_hostports_of(const json_t *pod);

/* health.c: answers at the healthCheckNodePorts as kube-proxy does. */
struct health *kl_health_new(struct kl_netsync *netsync);
/* Closes its sockets; freed when the loop has run their callbacks. */
void kl_health_free(struct health *health);
/* A service was put or deleted. */
void kl_health_changed(struct health *health, const char *key);
/* Looks at all it knows: after a snapshot, and for ports that could not be bound. */
void kl_health_review(struct health *health);

#endif
