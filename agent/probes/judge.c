#include "probes.h"

bool kl_probe_judge(struct kl_probe_judge *judge, bool success)
{
	unsigned *count = success ? &judge->successes : &judge->failures;
	unsigned threshold = success ? judge->success_threshold : judge->failure_threshold;

	if (success)
		judge->failures = 0;
	else
		judge->successes = 0;
	if (++*count < threshold)
		return false;
	if (success && judge->state)
		return false;
	bool changed = !success || !judge->state;
	if (!success)
		judge->failures = 0;
	judge->state = success;
	return changed;
}
