/* What streamd.c (the thread that watches and compiles) and streamd_http.c (the nodes' requests) share. */
#ifndef KL_STREAMD_IMPL_H
#define KL_STREAMD_IMPL_H

#include "ledger.h"
#include "prom.h"
#include "streamd.h"

#include <pthread.h>
#include <uthash.h>

/* One node's open stream. */
struct stream_client {
	struct stream_client *prev, *next;
	struct kl_streamd *streamd;
	struct kl_http_stream *stream;
	char *node;
	unsigned version;          /* of the frames it understands */
	struct kl_entry **pending; /* a snapshot, or HELLO; references */
	size_t pending_count, pending_at;
	uint64_t next_seq; /* of the log, after what is pending */
	struct kl_entry *current;
	size_t offset;
	bool heartbeat_due;
};

/* What is known of a node, connected or not. */
struct stream_node {
	UT_hash_handle hh;
	char *name;
	unsigned connections;
	uint64_t epoch, seq;  /* acknowledged: in its kernel */
	int64_t acked_ms;     /* since the Unix epoch */
	int64_t connected_ns; /* monotonic; changes before it came in a snapshot and say nothing of latency */
	int64_t latency_ns, latency_max_ns; /* from the change to its acknowledgement */
};

struct kl_streamd {
	struct kl_store *store;
	unsigned heartbeat_ms;
	pthread_t thread;
	pthread_mutex_t lock; /* everything below */
	pthread_cond_t wake;
	bool stop, events; /* events: a watch has something */
	struct kl_ledger *ledger;
	struct stream_client *clients;
	struct stream_node *nodes;
	bool nodes_changed; /* since the clients were woken */
	struct kl_histogram acked; /* from a change to its acknowledgement */
	/* of the thread alone */
	struct service_cache *cache;
	struct kl_watch *services, *slices, *node_watch;
	const struct kl_kind *service_kind, *slice_kind, *node_kind;
};

void kl_streamd_handle(struct kl_http_request *req, void *arg);
/* For kl_prom_register(). */
void kl_streamd_write_figures(struct kl_buf *buf, void *arg);

#endif
