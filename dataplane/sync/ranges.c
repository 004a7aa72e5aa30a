/* kl_ranges: who may ask at a Service's load balancer addresses. */
#include "dpsync_impl.h"

#include "mem.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct kl_map_range kl_dpsync_range_key(uint32_t service, const struct kl_range *range)
{
	struct kl_map_range key = {.prefix = (uint32_t)KL_RANGE_SERVICE_BITS + range->len, .service = service};
	memcpy(key.addr, range->addr.bytes, sizeof(key.addr));
	return key;
}

static bool holds(const struct kl_range *ranges, size_t count, const struct kl_range *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].len == wanted->len && kl_addr_equal(&ranges[i].addr, &wanted->addr))
			return true;
	return false;
}

int kl_dpsync_add_ranges(
	struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service, struct kl_err *err)
{
	static const uint8_t present = 1;
	for (size_t i = 0; i < service->range_count; i++) {
		if (holds(state->ranges, state->range_count, &service->ranges[i]))
			continue;
		struct kl_map_range key = kl_dpsync_range_key(state->index, &service->ranges[i]);
		if (bpf_map_update_elem(sync->maps->fd[KL_MAP_RANGES], &key, &present, BPF_ANY))
			return kl_fail(err, errno, "note the source ranges of %s", service->key);
	}
	return 0;
}

void kl_dpsync_remove_ranges(struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service)
{
	for (size_t i = 0; i < state->range_count; i++) {
		if (service && holds(service->ranges, service->range_count, &state->ranges[i]))
			continue;
		struct kl_map_range key = kl_dpsync_range_key(state->index, &state->ranges[i]);
		bpf_map_delete_elem(sync->maps->fd[KL_MAP_RANGES], &key);
	}
	free(state->ranges);
	state->range_count = service ? service->range_count : 0;
	state->ranges =
		state->range_count ? kl_memdup(service->ranges, state->range_count * sizeof(*state->ranges)) : NULL;
}
