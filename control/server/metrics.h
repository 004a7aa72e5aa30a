/*
 * The server's own figures, by upstream's names where they mean the same: requests and how long they took by verb and
 * resource, watches, objects. Counting takes no lock.
 */
#ifndef KL_REST_METRICS_H
#define KL_REST_METRICS_H

#include "buf.h"
#include "kind.h"

#include <stdint.h>

struct kl_rest_metrics;
struct kl_rest_metrics *kl_rest_metrics_new(void);
/* Accepts NULL. */
void kl_rest_metrics_free(struct kl_rest_metrics *metrics);

enum kl_rest_verb {
	KL_VERB_GET,
	KL_VERB_LIST,
	KL_VERB_WATCH,
	KL_VERB_POST,
	KL_VERB_PUT,
	KL_VERB_PATCH,
	KL_VERB_DELETE,
	KL_VERB_DELETECOLLECTION,
	KL_VERB_CONNECT, /* what is passed on to nodes and pods */
	KL_VERB_COUNT
};
/* A request's end. kind NULL: no resource (/healthz, discovery, /openapi). ns: from its first byte to its last. */
struct kl_rest_sample {
	const struct kl_kind *kind;
	enum kl_rest_verb verb;
	const char *subresource; /* NULL: none */
	int code;
	int64_t ns;
};
void kl_rest_metrics_count(struct kl_rest_metrics *metrics, const struct kl_rest_sample *sample);
void kl_rest_metrics_write(const struct kl_rest_metrics *metrics, struct kl_buf *buf);

#endif
