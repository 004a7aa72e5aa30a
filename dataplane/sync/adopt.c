/*
 * Reading back the kernel's tables after a restart. What belongs together by the maps alone is taken over; what an
 * agent that died between two writes left half done (a backend of no service, a frontend of no service) is cleared
 * away.
 */
#include "dpsync_impl.h"

#include "clock.h"
#include "mem.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

struct adoption {
	struct kl_dpsync *sync;
	struct service_state **by_index; /* of kl_services */
};

static void adopt_services(struct adoption *adoption)
{
	struct kl_dpsync *sync = adoption->sync;
	for (uint32_t i = 1; i < sync->maps->entries[KL_MAP_NAMES]; i++) {
		struct kl_map_name *name = &sync->maps->names[i];
		struct service_state *same = NULL;
		if (!name->key[0])
			continue;
		name->key[sizeof(name->key) - 1] = 0;
		HASH_FIND_STR(sync->services, name->key, same);
		if (same || !kl_ids_take(sync->service_ids, i)) {
			name->key[0] = 0;
			sync->maps->services[i].set = 0;
			continue;
		}
		adoption->by_index[i] = kl_dpsync_state_new(sync, name->key, i);
	}
}

/* A set that cannot be right (outside the map, overlapping) is left alone: the next put writes another. */
static void adopt_set(struct kl_dpsync *sync, struct service_state *state)
{
	uint64_t set = sync->maps->services[state->index].set;
	uint32_t first = (uint32_t)set;
	state->changes = (uint32_t)(set >> 32);
	if (!first || first >= sync->maps->entries[KL_MAP_SLOTS])
		return;
	uint32_t blocks = sync->maps->blocks[first].set.blocks;
	if (!kl_runs_take(sync->runs, first, blocks))
		return;
	state->first_block = first;
	state->blocks = blocks;
}

static struct service_state *owner(const struct adoption *adoption, uint32_t index)
{
	return index < adoption->sync->maps->entries[KL_MAP_NAMES] ? adoption->by_index[index] : NULL;
}

static void adopt_backends(struct adoption *adoption)
{
	struct kl_dpsync *sync = adoption->sync;
	for (uint32_t id = 1; id < sync->maps->entries[KL_MAP_BACKENDS]; id++) {
		struct kl_map_backend *entry = &sync->maps->backends[id];
		if (!(entry->flags & KL_BE_LIVE))
			continue;
		kl_ids_take(sync->backend_ids, id);
		struct service_state *state = owner(adoption, entry->service);
		if (!state) {
			kl_dpsync_retire(sync, NULL, id);
			continue;
		}
		/* Grown by halves would do; services are small and this runs once. */
		state->backends = kl_reallocarray(state->backends, state->backend_count + 1, sizeof(*state->backends));
		struct backend_ref *ref = &state->backends[state->backend_count++];
		memcpy(ref->addr.bytes, entry->addr, sizeof(ref->addr.bytes));
		ref->port = ntohs(entry->port);
		ref->id = id;
		ref->since_ms = 0;
	}
}

/* An agent that died while it replaced a backend may have left two entries of one address: one of them goes. */
static void sort_backends(struct kl_dpsync *sync, struct service_state *state)
{
	size_t kept = 0;
	if (!state->backend_count)
		return;
	qsort(state->backends, state->backend_count, sizeof(*state->backends), kl_dpsync_ref_compare);
	for (size_t i = 0; i < state->backend_count; i++) {
		if (kept && !kl_dpsync_ref_compare(&state->backends[kept - 1], &state->backends[i]))
			kl_dpsync_retire(sync, state, state->backends[i].id);
		else
			state->backends[kept++] = state->backends[i];
	}
	state->backend_count = kept;
}

static void adopt_frontend(struct adoption *adoption, uint32_t place)
{
	struct kl_dpsync *sync = adoption->sync;
	const struct kl_map_frontend *entry = &sync->maps->frontends[place];
	struct kl_frontend frontend = {.port = ntohs(entry->port), .proto = entry->proto, .type = entry->type};
	memcpy(frontend.addr.bytes, entry->addr, sizeof(entry->addr));
	bool node = entry->service == KL_FRONTEND_NODE, peer = entry->service == KL_FRONTEND_PEER;
	struct service_state *state = node || peer ? NULL : owner(adoption, entry->service);
	struct kl_frontend **list = state ? &state->frontends : peer ? &sync->peer_addrs : &sync->node_addrs;
	size_t *count = state ? &state->frontend_count : peer ? &sync->peer_addr_count : &sync->node_addr_count;
	if (!state && !node && !peer) {
		kl_frontends_delete_at(sync->maps, place);
		return;
	}
	*list = kl_reallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = frontend;
}

/* Of nobody's the audit takes care. */
static void adopt_ranges(struct adoption *adoption)
{
	int fd = adoption->sync->maps->fd[KL_MAP_RANGES];
	struct kl_map_range key, last;
	for (bool first = true; !bpf_map_get_next_key(fd, first ? NULL : &last, &key); first = false, last = key) {
		struct service_state *state = owner(adoption, key.service);
		if (!state || key.prefix < KL_RANGE_SERVICE_BITS)
			continue;
		struct kl_range range = {.len = (uint8_t)(key.prefix - KL_RANGE_SERVICE_BITS)};
		memcpy(range.addr.bytes, key.addr, sizeof(key.addr));
		state->ranges = kl_reallocarray(state->ranges, state->range_count + 1, sizeof(*state->ranges));
		state->ranges[state->range_count++] = range;
	}
}

int kl_dpsync_adopt(struct kl_dpsync *sync, struct kl_err *err)
{
	(void)err;
	struct adoption adoption = {sync, kl_calloc(sync->maps->entries[KL_MAP_NAMES], sizeof(struct service_state *))};
	adopt_services(&adoption);
	adopt_backends(&adoption);
	adopt_ranges(&adoption);
	for (struct service_state *state = sync->services; state; state = state->hh.next) {
		adopt_set(sync, state);
		sort_backends(sync, state);
	}
	for (uint32_t i = 0; i <= sync->maps->config->frontend_mask; i++) {
		uint32_t service = sync->maps->frontends[i].service;
		if (service != KL_FRONTEND_NEVER && service != KL_FRONTEND_DELETED)
			adopt_frontend(&adoption, i);
	}
	free(adoption.by_index);
	return 0;
}
