/*
 * From a Service and its EndpointSlices to what nodes need: one kl_service a port and family. Pure.
 */
#ifndef KL_COMPILE_H
#define KL_COMPILE_H

#include "json.h"
#include "service.h"

/*
 * slices: those labelled with the Service's name. Results are normalised; owned by the caller, as is the array.
 * Headless Services and ExternalName have none.
 */
void kl_compile_service(const json_t *service, const json_t *const *slices, size_t slice_count,
	struct kl_service ***ret, size_t *ret_count);

#endif
