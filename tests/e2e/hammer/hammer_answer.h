/*
 * One HTTP/1.1 answer, read piece by piece (RFC 9112, section 6): Content-Length, chunked, or until the peer closes.
 * Pure: no sockets. At most KL_ANSWER_MAX bytes are kept; a longer answer is malformed.
 */
#ifndef KL_HAMMER_ANSWER_H
#define KL_HAMMER_ANSWER_H

#include "buf.h"

#define KL_ANSWER_MAX (256u << 10)

struct kl_answer {
	struct kl_buf bytes;  /* everything read so far */
	size_t body;          /* where the body starts; 0: the head is not complete */
	int status;           /* 200, 503, … once the head is complete */
	int64_t length;       /* Content-Length; -1: not given */
	bool chunked, closes; /* closes: the peer said "Connection: close" */
};

enum kl_answer_state { KL_ANSWER_MORE, KL_ANSWER_COMPLETE, KL_ANSWER_MALFORMED };

void kl_answer_init(struct kl_answer *answer);
void kl_answer_release(struct kl_answer *answer);
enum kl_answer_state kl_answer_feed(struct kl_answer *answer, const char *data, size_t len);
/* The peer closed: complete when the body was to last until then. */
enum kl_answer_state kl_answer_eof(const struct kl_answer *answer);

#endif
