#include "managed.h"
#include "patch.h"
void kl_managed_record(const struct kl_write *w, const json_t *old, json_t *object)
{
	(void)w; (void)old; (void)object;
}
json_t *kl_managed_apply(const struct kl_write *w, const json_t *current, json_t *applied, bool force,
	struct kl_status *st)
{
	(void)w; (void)force; (void)st;
	return current ? kl_patch_merge(current, applied) : json_incref(applied);
}
