/*
 * One request on its way: parsed on an HTTP thread (request.c), looked up on the agent's loop, carried out on the
 * streaming thread (streaming.c). Exactly one thread has it at a time.
 */
#ifndef KL_JOB_H
#define KL_JOB_H

#include "forward.h"
#include "logs.h"
#include "remote.h"
#include "streaming.h"
#include "websocket.h"

enum kl_job_kind { KL_JOB_LOGS, KL_JOB_EXEC, KL_JOB_ATTACH, KL_JOB_FORWARD, KL_JOB_PODS, KL_JOB_STATS, KL_JOB_METRICS };

struct kl_job {
	struct kl_streaming *streaming;
	struct kl_http_request *req; /* deferred; NULL once it is answered */
	enum kl_job_kind kind;
	char *path; /* holds the words below */
	const char *ns, *pod, *uid, *container; /* uid may be NULL */
	/* logs */
	bool previous;
	struct kl_logs_options logs;
	/* upgrades */
	struct kl_mux_options mux;
	int ports[KL_MUX_MAX_PORTS]; /* port-forward by WebSocket channels */
	struct kl_remote_options remote;
	const char *protocol;	  /* the Upgrade header */
	const char *subprotocol;  /* chosen; "" for none */
	char accept[KL_WS_ACCEPT_LEN]; /* WebSocket's; "" otherwise */
	/* found */
	struct kl_streaming_container found;
	char *netns_path;
	/* upgraded */
	struct kl_http_upgraded *upgraded;
	int fd;
	struct kl_buf leftover;
	union {
		struct kl_remote *remote;
		struct kl_forward *forward;
	} session;
	struct kl_job *next, *prev;
};

/* NULL when it was answered (a failure). */
struct kl_job *kl_job_parse(struct kl_http_request *req, enum kl_job_kind kind);
void kl_job_free(struct kl_job *job);
/* text/plain with a status. */
void kl_reply_text(struct kl_http_request *req, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
