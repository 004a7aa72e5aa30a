/* What the proxy's files share: not for others. */
#ifndef KL_PROXY_IMPL_H
#define KL_PROXY_IMPL_H

#include "proxy.h"
#include "proxy_http1.h"
#include "wire.h"
#include "proxy_route.h"

#include <pthread.h>
#include <uthash.h>
#include <uv.h>

struct proxy_task {
	void (*run)(void *arg);
	void *arg;
	struct proxy_task *next;
};

struct kl_proxy {
	struct kl_proxy_lookup lookup;
	struct kl_wire_tls agent_tls, workload_tls;
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t async;
	uv_timer_t stop_timer;
	bool stopping; /* the thread's: nothing new is begun */
	struct exchange *exchanges; /* the thread's; by id */
	pthread_mutex_t lock;	    /* of what follows */
	struct proxy_task *tasks;
	uint64_t last_id;
	unsigned refs; /* the owner's, and one per exchange */
	bool stopped;  /* the thread takes no more tasks */
};

/* One proxied request. Born on an HTTP thread; then the proxy's thread has it. */
struct exchange {
	struct kl_proxy *proxy;
	uint64_t id;
	UT_hash_handle hh;
	struct kl_http_request *req; /* deferred; NULL once answered */
	struct kl_proxy_route route;
	char *method;
	bool wants_upgrade;
	struct kl_buf request; /* the bytes for the backend */
	struct kl_wire *backend;
	struct kl_buf in; /* the head, until it is complete; then what came behind a 101 */
	enum { AWAIT_HEAD, ERROR_BODY, BODY, UPGRADING, SPLICED } state;
	int status; /* of the backend, in ERROR_BODY */
	struct kl_http1_body body;
	/* spliced */
	struct kl_wire *client;
	struct kl_http_upgraded *upgraded;
	int client_fd;
	struct kl_buf client_early;
	uv_timer_t linger;
	bool linger_open;
	/* a streamed answer: shared with HTTP threads, under lock */
	pthread_mutex_t lock;
	struct kl_http_stream *stream;
	struct kl_buf out;
	bool out_done, out_broken, backend_paused, streaming;
	bool orphan; /* the proxy has stopped: no longer among its exchanges */
};

/* proxy.c */
/* Runs on the proxy's thread; false when it has stopped: nothing will run. */
bool proxy_post(struct kl_proxy *proxy, void (*run)(void *), void *arg);
void proxy_unref(struct kl_proxy *proxy);
void proxy_exchange_ended(struct kl_proxy *proxy); /* on the proxy's thread */
/* proxy_exchange.c */
void exchange_start(void *exchange); /* a task */
void exchange_abort(struct exchange *ex); /* the proxy ends */
void exchange_free_memory(struct exchange *ex);
/* A Status; steals nothing. */
void proxy_reply_status(struct kl_http_request *req, const struct kl_status *st);

#endif
