#include "dpsync.h"

#include "clock.h"
#include "dpsync_impl.h"
#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- places in the arrays: what was freed just now is waited for where nothing else is left */

uint32_t kl_dpsync_get_id(struct kl_ids *ids)
{
	uint32_t id = kl_ids_get(ids, kl_monotonic_ms());
	if (id)
		return id;
	usleep((KL_QUARANTINE_MS + 1) * 1000);
	return kl_ids_get(ids, kl_monotonic_ms());
}

/* --- services as this node sees them */

struct service_state *kl_dpsync_state_new(struct kl_dpsync *sync, const char *key, uint32_t index)
{
	struct service_state *state = kl_calloc(1, sizeof(*state));
	state->key = kl_strdup(key);
	state->index = index;
	HASH_ADD_KEYPTR(hh, sync->services, state->key, strlen(state->key), state);
	return state;
}

static void state_free(struct kl_dpsync *sync, struct service_state *state)
{
	HASH_DEL(sync->services, state);
	kl_dpsync_ramp_end(sync, state);
	kl_service_free(state->desired);
	free(state->backends);
	free(state->frontends);
	free(state->ranges);
	free(state->key);
	free(state);
}

static struct service_state *find(struct kl_dpsync *sync, const char *key)
{
	struct service_state *state = NULL;
	HASH_FIND_STR(sync->services, key, state);
	return state;
}

static bool is_nameless(const struct kl_backend *backend)
{
	return !backend->node || !backend->node[0];
}

/* Endpoints kept by hand say no node: then the address tells, where it is a pod's here or the node's own. */
static bool is_here(const struct kl_dpsync *sync, const struct kl_backend *backend)
{
	if (!is_nameless(backend))
		return !strcmp(backend->node, sync->node_name);
	for (size_t i = 0; i < sync->node_addr_count; i++)
		if (kl_addr_equal(&sync->node_addrs[i].addr, &backend->addr))
			return true;
	return kl_dpsync_link(sync, &backend->addr) != NULL;
}

static struct kl_service *localise(const struct kl_dpsync *sync, const struct kl_service *service)
{
	struct kl_service *copy = kl_service_copy(service);
	for (size_t i = 0; i < copy->backend_count; i++) {
		struct kl_backend *backend = &copy->backends[i];
		backend->flags &= (uint8_t)~KL_BACKEND_LOCAL;
		if (is_here(sync, backend))
			backend->flags |= KL_BACKEND_LOCAL;
	}
	if (!(copy->flags & KL_SERVICE_ALGORITHM))
		copy->algorithm = sync->algorithm;
	if (!(copy->flags & KL_SERVICE_FORWARD))
		copy->forward = sync->forward;
	return copy;
}

static bool has_nameless(const struct kl_service *service, const struct kl_addr *addr)
{
	for (size_t i = 0; service && i < service->backend_count; i++)
		if (is_nameless(&service->backends[i]) && kl_addr_equal(&service->backends[i].addr, addr))
			return true;
	return false;
}

void kl_dpsync_localise_again(struct kl_dpsync *sync, const struct kl_addr *addr)
{
	struct service_state *state, *next;
	if (!sync->nameless)
		return;
	HASH_ITER (hh, sync->services, state, next) {
		if (!has_nameless(state->desired, addr))
			continue;
		struct kl_service *same = kl_service_copy(state->desired);
		kl_dpsync_put(sync, same, NULL); /* it has the same size as what is there */
		kl_service_free(same);
	}
}

static bool any_nameless(const struct kl_service *service)
{
	for (size_t i = 0; i < service->backend_count; i++)
		if (is_nameless(&service->backends[i]))
			return true;
	return false;
}

static int state_make(
	struct kl_dpsync *sync, const struct kl_service *service, struct service_state **ret, struct kl_err *err)
{
	if (strlen(service->key) >= sizeof(sync->maps->names[0].key))
		return kl_fail_msg(err, ENAMETOOLONG, "the service key '%.40s…' is too long", service->key);
	uint32_t index = kl_dpsync_get_id(sync->service_ids);
	if (!index)
		return kl_fail_msg(err, ENOSPC, "no room for service %s: all %u places are taken", service->key,
			sync->maps->entries[KL_MAP_SERVICES] - 1);
	struct kl_map_name *name = &sync->maps->names[index];
	memset(name, 0, sizeof(*name));
	name->created = (uint32_t)time(NULL);
	name->proto = service->proto;
	strcpy(name->key, service->key);
	*ret = kl_dpsync_state_new(sync, service->key, index);
	return 0;
}

/* Takes over `refs`; gives the old ones for retiring. On failure the state is as before. */
static int change_backends(struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service,
	struct backend_ref **ret_old, size_t *ret_old_count, struct kl_err *err)
{
	size_t count = service->backend_count, old_count = state->backend_count;
	kl_autofree struct backend_ref *refs = kl_calloc(count + 1, sizeof(*refs));
	kl_autofree bool *fresh = kl_calloc(count + 1, sizeof(*fresh));
	int failed = kl_dpsync_match_backends(sync, state, service, refs, fresh, err);
	if (failed)
		return failed;
	struct backend_ref *old = state->backends;
	state->backends = refs;
	state->backend_count = count;
	kl_dpsync_ramp(sync, state, service, old, old_count, kl_monotonic_ms());
	kl_dpsync_write_backends(sync, state, service);
	failed = kl_dpsync_switch_set(sync, state, service, err);
	if (failed) {
		for (size_t i = 0; i < count; i++)
			if (fresh[i])
				kl_dpsync_retire(sync, NULL, refs[i].id);
		state->backends = old;
		state->backend_count = old_count;
		kl_dpsync_ramp_end(sync, state);
		return failed;
	}
	kl_take(&refs);
	*ret_old = old;
	*ret_old_count = old_count;
	return 0;
}

static void retire_missing(
	struct kl_dpsync *sync, const struct service_state *state, const struct backend_ref *old, size_t old_count)
{
	for (size_t i = 0; i < old_count; i++)
		if (!bsearch(&old[i], state->backends, state->backend_count, sizeof(*old), kl_dpsync_ref_compare))
			kl_dpsync_retire(sync, state, old[i].id);
}

/* --- frontends */

static int change_frontends(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service, struct kl_err *err)
{
	int failed = 0;
	for (size_t i = 0; i < state->frontend_count; i++)
		if (!kl_dpsync_has_frontend(service->frontends, service->frontend_count, &state->frontends[i]))
			kl_frontends_delete(sync->maps, &state->frontends[i], state->index);
	for (size_t i = 0; i < service->frontend_count && !failed; i++)
		failed = kl_frontends_put(sync->maps, &service->frontends[i], state->index, err);
	free(state->frontends);
	state->frontend_count = service->frontend_count;
	state->frontends = service->frontend_count ? kl_memdup(service->frontends,
							     service->frontend_count * sizeof(*service->frontends))
						   : NULL;
	return failed;
}

/* --- the verbs */

int kl_dpsync_put(struct kl_dpsync *sync, const struct kl_service *service, struct kl_err *err)
{
	struct service_state *state = find(sync, service->key);
	struct kl_service *desired = localise(sync, service);
	if (state && state->desired && kl_service_equal(state->desired, desired)) {
		state->in_snapshot = true;
		kl_service_free(desired);
		return 0;
	}
	bool is_new = !state;
	int failed = is_new ? state_make(sync, desired, &state, err) : 0;
	kl_autofree struct backend_ref *old = NULL;
	size_t old_count = 0;
	if (!failed) {
		state->in_snapshot = true;
		failed = kl_dpsync_add_ranges(sync, state, desired, err);
	}
	if (!failed)
		failed = change_backends(sync, state, desired, &old, &old_count, err);
	if (failed) {
		kl_service_free(desired);
		if (is_new && state)
			kl_dpsync_delete(sync, service->key);
		return failed;
	}
	kl_service_free(state->desired);
	state->desired = desired;
	sync->nameless = sync->nameless || any_nameless(desired);
	kl_dpsync_remove_ranges(sync, state, desired);
	failed = change_frontends(sync, state, desired, err);
	retire_missing(sync, state, old, old_count);
	return failed;
}

void kl_dpsync_delete(struct kl_dpsync *sync, const char *key)
{
	struct service_state *state = find(sync, key);
	if (!state)
		return;
	for (size_t i = 0; i < state->frontend_count; i++)
		kl_frontends_delete(sync->maps, &state->frontends[i], state->index);
	__atomic_store_n(&sync->maps->services[state->index].set, 0, __ATOMIC_RELEASE);
	kl_dpsync_remove_ranges(sync, state, NULL);
	for (size_t i = 0; i < state->backend_count; i++)
		kl_dpsync_retire(sync, state, state->backends[i].id);
	if (state->blocks)
		kl_runs_put(sync->runs, state->first_block, state->blocks, kl_monotonic_ms());
	memset(&sync->maps->names[state->index], 0, sizeof(sync->maps->names[0]));
	kl_ids_put(sync->service_ids, state->index, kl_monotonic_ms());
	state_free(sync, state);
}

static bool is_host(const struct service_state *state)
{
	return !strncmp(state->key, KL_DPSYNC_HOST_PREFIX, sizeof(KL_DPSYNC_HOST_PREFIX) - 1);
}

void kl_dpsync_snapshot_begin(struct kl_dpsync *sync)
{
	for (struct service_state *state = sync->services; state; state = state->hh.next)
		if (!is_host(state))
			state->in_snapshot = false;
	kl_dpsync_peers_begin(sync);
}

static void delete_absent(struct kl_dpsync *sync, bool hosts)
{
	struct service_state *state, *next;
	HASH_ITER (hh, sync->services, state, next)
		if (!state->in_snapshot && is_host(state) == hosts)
			kl_dpsync_delete(sync, state->key);
}

void kl_dpsync_snapshot_end(struct kl_dpsync *sync)
{
	kl_dpsync_flush_locals(sync);
	delete_absent(sync, false);
	kl_dpsync_peers_end(sync);
}

void kl_dpsync_hosts_end(struct kl_dpsync *sync)
{
	delete_absent(sync, true);
}

void kl_dpsync_on_dead(struct kl_dpsync *sync,
	void (*dead)(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg), void *arg)
{
	sync->dead = dead;
	sync->dead_arg = arg;
}

void kl_dpsync_set_defaults(struct kl_dpsync *sync, uint8_t algorithm, uint8_t forward)
{
	sync->algorithm = algorithm;
	sync->forward = forward;
}

const struct kl_service *kl_dpsync_get(const struct kl_dpsync *sync, const char *key)
{
	const struct service_state *state = NULL;
	HASH_FIND_STR(sync->services, key, state);
	return state ? state->desired : NULL;
}

size_t kl_dpsync_services(const struct kl_dpsync *sync)
{
	return HASH_COUNT(sync->services);
}

size_t kl_dpsync_backends(const struct kl_dpsync *sync)
{
	return kl_ids_used(sync->backend_ids);
}

int kl_dpsync_new(struct kl_maps *maps, const char *node_name, struct kl_dpsync **ret, struct kl_err *err)
{
	struct kl_dpsync *sync = kl_calloc(1, sizeof(*sync));
	sync->maps = maps;
	sync->node_name = kl_strdup(node_name ? node_name : "");
	sync->zone = kl_strdup("");
	sync->config = *maps->config;
	sync->service_ids = kl_ids_new(maps->entries[KL_MAP_SERVICES]);
	sync->backend_ids = kl_ids_new(maps->entries[KL_MAP_BACKENDS]);
	sync->runs = kl_runs_new(maps->entries[KL_MAP_SLOTS]);
	int failed = maps->adopted ? kl_dpsync_adopt(sync, err) : 0;
	if (failed) {
		kl_dpsync_free(sync);
		return failed;
	}
	*ret = sync;
	return 0;
}

void kl_dpsync_free(struct kl_dpsync *sync)
{
	struct service_state *state, *next;
	if (!sync)
		return;
	HASH_ITER (hh, sync->services, state, next)
		state_free(sync, state);
	kl_dpsync_flush_locals(sync);
	free(sync->locals);
	kl_dpsync_nodes_free(sync);
	kl_ids_free(sync->service_ids);
	kl_ids_free(sync->backend_ids);
	kl_runs_free(sync->runs);
	free(sync->node_addrs);
	free(sync->node_name);
	free(sync);
}
