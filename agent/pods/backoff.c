#include "backoff.h"

int64_t kl_backoff_next(struct kl_backoff *backoff, int64_t now_ms)
{
	backoff->delay_ms = backoff->delay_ms ? backoff->delay_ms * 2 : KL_BACKOFF_FIRST_MS;
	if (backoff->delay_ms > KL_BACKOFF_MAX_MS)
		backoff->delay_ms = KL_BACKOFF_MAX_MS;
	backoff->last_ms = now_ms;
	return backoff->delay_ms;
}

void kl_backoff_settle(struct kl_backoff *backoff, int64_t quiet_ms)
{
	if (quiet_ms >= KL_BACKOFF_FORGET_MS)
		backoff->delay_ms = 0;
}
