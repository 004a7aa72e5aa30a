/*
 * What happened to the requests: who answered, how often, what failed, and how long nobody answered.
 */
#ifndef KL_HAMMER_TALLY_H
#define KL_HAMMER_TALLY_H

#include "json.h"

enum kl_lane { KL_LANE_SHORT, KL_LANE_LONG, KL_LANES };
enum kl_failure {
	KL_FAILURE_REFUSED, /* ECONNREFUSED */
	KL_FAILURE_RESET,   /* ECONNRESET, EPIPE */
	KL_FAILURE_TIMEOUT,
	KL_FAILURE_UNREACHABLE, /* EHOSTUNREACH, ENETUNREACH */
	KL_FAILURE_CLOSED,      /* the peer closed before the answer was complete */
	KL_FAILURE_STATUS,      /* an HTTP status other than 2xx */
	KL_FAILURE_MALFORMED,
	KL_FAILURE_OTHER,
	KL_FAILURES
};

struct kl_tally;

struct kl_tally *kl_tally_new(void);
void kl_tally_free(struct kl_tally *tally);
/* `key` names the answerer; sent_ns is the monotonic time at which the request (and its connection) was begun. */
void kl_tally_answer(struct kl_tally *tally, enum kl_lane lane, const char *key, int64_t sent_ns);
void kl_tally_failure(struct kl_tally *tally, enum kl_lane lane, enum kl_failure failure, const char *target);
/* A long-lived connection was closed by its peer and opened anew. */
void kl_tally_reconnect(struct kl_tally *tally, const char *target);
/* A request was due, but every connection slot was busy. */
void kl_tally_skipped(struct kl_tally *tally);
enum kl_failure kl_failure_of_errno(int errnum);

uint64_t kl_tally_answers(const struct kl_tally *tally);
uint64_t kl_tally_failures(const struct kl_tally *tally);
uint64_t kl_tally_reconnects(const struct kl_tally *tally);
json_t *kl_tally_json(struct kl_tally *tally); /* new reference; closes the books: call it once, at the end */

#endif
