/*
 * Back-off that doubles up to a bound and is forgotten after a quiet time. Pure: the caller brings the time.
 */
#ifndef KL_BACKOFF_H
#define KL_BACKOFF_H

#include <stdint.h>

struct kl_backoff {
	int64_t delay_ms; /* of the last wait; 0: none yet */
	int64_t last_ms;  /* monotonic time of the last step */
};
/* Kubernetes: containers and images 10 s … 5 min, forgotten after 10 min. */
#define KL_BACKOFF_FIRST_MS  10000
#define KL_BACKOFF_MAX_MS    300000
#define KL_BACKOFF_FORGET_MS 600000

/* What to wait now; the next is twice that. */
int64_t kl_backoff_next(struct kl_backoff *backoff, int64_t now_ms);
/* Forgets when nothing failed (or the container ran) for so long. */
void kl_backoff_settle(struct kl_backoff *backoff, int64_t quiet_ms);

#endif
