/*
 * metadata.managedFields: who set which field (FieldsV1), for Update and Apply.
 */
#ifndef KL_MANAGED_H
#define KL_MANAGED_H

#include "api.h"

/* After create (old NULL) or update: what changed belongs to the writer now. */
void kl_managed_record(const struct kl_write *w, const json_t *old, json_t *object);
/*
 * Server-side apply: `applied` is the configuration, decoded without defaults. Returns the merged object, with
 * managedFields of it set; NULL and st (409 with a cause for each conflict) otherwise.
 */
json_t *kl_managed_apply(
	const struct kl_write *w, const json_t *current, json_t *applied, bool force, struct kl_status *st);

#endif
