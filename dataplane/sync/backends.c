#include "dpsync_impl.h"

#include "clock.h"
#include "locals.h"
#include "mem.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kl_dpsync_ref_compare(const void *a, const void *b)
{
	const struct backend_ref *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return order ? order : (int)x->port - (int)y->port;
}

static uint8_t entry_flags(uint8_t flags)
{
	return (uint8_t)(KL_BE_LIVE | (flags & KL_BACKEND_READY ? KL_BE_READY : 0) |
			 (flags & KL_BACKEND_SERVING ? KL_BE_SERVING : 0) |
			 (flags & KL_BACKEND_TERMINATING ? KL_BE_TERMINATING : 0) |
			 (flags & KL_BACKEND_LOCAL ? KL_BE_LOCAL : 0));
}

void kl_dpsync_backend_entry(const struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, size_t i, struct kl_map_backend *ret)
{
	const struct kl_backend *backend = &service->backends[i];
	const struct pod_link *link = backend->flags & KL_BACKEND_LOCAL ? kl_dpsync_link(sync, &backend->addr) : NULL;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->addr, backend->addr.bytes, sizeof(ret->addr));
	ret->port = htons(backend->port);
	ret->proto = service->proto;
	ret->flags = entry_flags(backend->flags);
	ret->forward = service->forward;
	ret->weight = (uint16_t)(state->shares ? state->shares[i] : backend->weight ? backend->weight : 1);
	ret->service = state->index;
	if (!link)
		return;
	ret->ifindex = link->ifindex;
	memcpy(ret->mac, link->mac, sizeof(ret->mac));
}

/* The generation is the place's, not the backend's: it stays. What may be read by a program is complete before LIVE is.
 */
static void backend_write(struct kl_map_backend *entry, const struct kl_map_backend *want)
{
	entry->weight = want->weight;
	entry->service = want->service;
	entry->ifindex = want->ifindex;
	entry->forward = want->forward;
	memcpy(entry->mac, want->mac, sizeof(entry->mac));
	if (!(entry->flags & KL_BE_LIVE)) {
		memcpy(entry->addr, want->addr, sizeof(entry->addr));
		entry->port = want->port;
		entry->proto = want->proto;
	}
	__atomic_store_n(&entry->flags, want->flags, __ATOMIC_RELEASE);
}

void kl_dpsync_retire(struct kl_dpsync *sync, const struct service_state *state, uint32_t id)
{
	struct kl_map_backend *entry = &sync->maps->backends[id];
	struct kl_addr addr;
	uint16_t port = ntohs(entry->port);
	memcpy(addr.bytes, entry->addr, sizeof(addr.bytes));
	if (entry->flags & KL_BE_LOCAL) {
		kl_dpsync_flush_locals(sync); /* or what is taken out now would be put in after */
		kl_locals_remove(sync->maps, entry->service, &addr, id);
	}
	__atomic_store_n(&entry->flags, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->generation, (uint8_t)(entry->generation + 1), __ATOMIC_RELEASE);
	__atomic_store_n(&sync->maps->live[id].connections, 0, __ATOMIC_RELAXED);
	struct kl_map_traffic traffic;
	if (state && !kl_maps_traffic(sync->maps, id, &traffic, NULL)) {
		struct kl_map_name *name = &sync->maps->names[state->index];
		name->packets += traffic.packets;
		name->bytes += traffic.bytes;
		name->connections += traffic.connections;
	}
	kl_maps_traffic_clear(sync->maps, id, NULL);
	kl_ids_put(sync->backend_ids, id, kl_monotonic_ms());
	if (sync->dead)
		sync->dead(&addr, port, entry->proto, sync->dead_arg);
}

/*
 * Ids for the desired backends: those known keep theirs. Both lists are sorted. ret_fresh[i]: the id is new. On failure
 * the new ids are given back.
 */
int kl_dpsync_match_backends(struct kl_dpsync *sync, const struct service_state *state,
	const struct kl_service *service, struct backend_ref *ret, bool *ret_fresh, struct kl_err *err)
{
	size_t old = 0;
	for (size_t i = 0; i < service->backend_count; i++) {
		ret[i].addr = service->backends[i].addr;
		ret[i].port = service->backends[i].port;
		while (old < state->backend_count && kl_dpsync_ref_compare(&state->backends[old], &ret[i]) < 0)
			old++;
		ret_fresh[i] = old == state->backend_count || kl_dpsync_ref_compare(&state->backends[old], &ret[i]);
		ret[i].id = ret_fresh[i] ? kl_dpsync_get_id(sync->backend_ids) : state->backends[old].id;
		if (ret[i].id)
			continue;
		for (size_t k = 0; k < i; k++)
			if (ret_fresh[k])
				kl_ids_put(sync->backend_ids, ret[k].id, kl_monotonic_ms());
		return kl_fail_msg(err, ENOSPC, "no room for the backends of %s: all %u places are taken", service->key,
			sync->maps->entries[KL_MAP_BACKENDS] - 1);
	}
	return 0;
}

static bool entry_differs(const struct kl_map_backend *entry, const struct kl_map_backend *want)
{
	return entry->flags != want->flags || entry->weight != want->weight || entry->service != want->service ||
	       entry->forward != want->forward || entry->ifindex != want->ifindex ||
	       memcmp(entry->mac, want->mac, sizeof(want->mac));
}

/* A failure is no reason to refuse the service: only DSR to these is lost, and the audit tries again. */
void kl_dpsync_flush_locals(struct kl_dpsync *sync)
{
	struct local_batch *locals = sync->locals;
	if (!locals || !locals->count)
		return;
	bpf_map_update_batch(sync->maps->fd[KL_MAP_LOCALS], locals->keys, locals->ids, &locals->count, NULL);
	locals->count = 0;
}

/* Where an envelope's receiver finds it. */
static void note_local(struct kl_dpsync *sync, uint32_t id, const struct kl_map_backend *want, bool was_local)
{
	struct kl_addr addr;
	memcpy(addr.bytes, want->addr, sizeof(addr.bytes));
	if (!sync->locals)
		sync->locals = kl_calloc(1, sizeof(*sync->locals));
	struct local_batch *locals = sync->locals;
	if (want->flags & KL_BE_LOCAL) {
		struct kl_map_local *key = &locals->keys[locals->count];
		*key = (struct kl_map_local){.service = want->service};
		memcpy(key->addr, want->addr, sizeof(key->addr));
		locals->ids[locals->count++] = id;
	}
	if (locals->count == LOCALS_AT_ONCE || (was_local && !(want->flags & KL_BE_LOCAL)))
		kl_dpsync_flush_locals(sync);
	if (was_local && !(want->flags & KL_BE_LOCAL))
		kl_locals_remove(sync->maps, want->service, &addr, id);
}

void kl_dpsync_write_backends(
	struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service)
{
	for (size_t i = 0; i < service->backend_count; i++) {
		uint32_t id = state->backends[i].id;
		struct kl_map_backend want, *entry = &sync->maps->backends[id];
		kl_dpsync_backend_entry(sync, state, service, i, &want);
		bool was_local = entry->flags & KL_BE_LOCAL, is_local = want.flags & KL_BE_LOCAL;
		if (entry_differs(entry, &want))
			backend_write(entry, &want);
		if (was_local != is_local)
			note_local(sync, id, &want, was_local);
	}
	if (!sync->in_snapshot)
		kl_dpsync_flush_locals(sync);
}
