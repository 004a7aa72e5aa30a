/*
 * Answers of HTTP/1.1 backends (RFC 9112): the head, and the body's framing. Pure; bounded; fuzzed.
 */
#ifndef KL_PROXY_HTTP1_H
#define KL_PROXY_HTTP1_H

#include "httpd.h"

#include <stdint.h>
#include <sys/types.h>

enum { KL_HTTP1_MAX_HEAD = 64 * 1024, KL_HTTP1_MAX_HEADERS = 100 };

struct kl_http1_head {
	int status;
	struct kl_http_header headers[KL_HTTP1_MAX_HEADERS]; /* inside the bytes given, NUL-terminated */
	size_t header_count;
	int64_t length; /* Content-Length; -1: not given */
	bool chunked;
};
/*
 * Parses the head at the start of data, in place (it is cut into strings). Returns its length with the empty line; 0:
 * not complete yet (data is unchanged); -EPROTO, -EMSGSIZE.
 */
ssize_t kl_http1_head(char *data, size_t len, struct kl_http1_head *ret);
/* NULL when absent. */
const char *kl_http1_header(const struct kl_http1_head *head, const char *name);
/*
 * Whether a header belongs to one connection only (RFC 9110 section 7.6.1); `connection`: the Connection header or
 * NULL.
 */
bool kl_http1_hop_by_hop(const char *name, const char *connection);

/* The body's framing. */
struct kl_http1_body {
	enum { KL_HTTP1_LENGTH, KL_HTTP1_CHUNKED, KL_HTTP1_UNTIL_CLOSE } framing;
	int64_t left; /* of the body or of the chunk */
	int state;    /* private */
	bool done;
};
/* From the head; method tells answers without a body (HEAD). */
void kl_http1_body_init(struct kl_http1_body *body, const struct kl_http1_head *head, const char *method);
/*
 * Takes bytes and tells the next piece of payload (inside data, may be of length 0); returns the bytes taken, -EPROTO.
 * Call it again with the rest until all is taken or body->done.
 */
ssize_t kl_http1_body_feed(
	struct kl_http1_body *body, const char *data, size_t len, const char **ret_piece, size_t *ret_len);

#endif
