#include "dpsync.h"

#include "clock.h"
#include "dpsync_impl.h"
#include "mem.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- places in the arrays: what was freed just now is waited for where nothing else is left */

static uint32_t get_id(struct kl_ids *ids)
{
	uint32_t id = kl_ids_get(ids, kl_monotonic_ms());
	if (id)
		return id;
	usleep((KL_QUARANTINE_MS + 1) * 1000);
	return kl_ids_get(ids, kl_monotonic_ms());
}

static uint32_t get_run(struct kl_runs *runs, uint32_t count)
{
	uint32_t first = kl_runs_get(runs, count, kl_monotonic_ms());
	if (first)
		return first;
	usleep((KL_QUARANTINE_MS + 1) * 1000);
	return kl_runs_get(runs, count, kl_monotonic_ms());
}

/* --- services as this node sees them */

int kl_dpsync_ref_compare(const void *a, const void *b)
{
	const struct backend_ref *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return order ? order : (int)x->port - (int)y->port;
}

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
	kl_service_free(state->desired);
	free(state->backends);
	free(state->frontends);
	free(state->key);
	free(state);
}

static struct service_state *find(struct kl_dpsync *sync, const char *key)
{
	struct service_state *state = NULL;
	HASH_FIND_STR(sync->services, key, state);
	return state;
}

static struct kl_service *localise(const struct kl_dpsync *sync, const struct kl_service *service)
{
	struct kl_service *copy = kl_service_copy(service);
	for (size_t i = 0; i < copy->backend_count; i++) {
		struct kl_backend *backend = &copy->backends[i];
		backend->flags &= (uint8_t)~KL_BACKEND_LOCAL;
		if (backend->node && backend->node[0] && !strcmp(backend->node, sync->node_name))
			backend->flags |= KL_BACKEND_LOCAL;
	}
	return copy;
}

static int state_make(
	struct kl_dpsync *sync, const struct kl_service *service, struct service_state **ret, struct kl_err *err)
{
	if (strlen(service->key) >= sizeof(sync->maps->names[0].key))
		return kl_fail_msg(err, ENAMETOOLONG, "the service key '%.40s…' is too long", service->key);
	uint32_t index = get_id(sync->service_ids);
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

/* --- backends */

static uint8_t entry_flags(uint8_t flags)
{
	return (uint8_t)(KL_BE_LIVE | (flags & KL_BACKEND_READY ? KL_BE_READY : 0) |
			 (flags & KL_BACKEND_SERVING ? KL_BE_SERVING : 0) |
			 (flags & KL_BACKEND_TERMINATING ? KL_BE_TERMINATING : 0) |
			 (flags & KL_BACKEND_LOCAL ? KL_BE_LOCAL : 0));
}

void kl_dpsync_backend_entry(
	const struct service_state *state, const struct kl_service *service, size_t i, struct kl_map_backend *ret)
{
	const struct kl_backend *backend = &service->backends[i];
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->addr, backend->addr.bytes, sizeof(ret->addr));
	ret->port = htons(backend->port);
	ret->proto = service->proto;
	ret->flags = entry_flags(backend->flags);
	ret->weight = backend->weight ? backend->weight : 1;
	ret->service = state->index;
}

/* The generation is the place's, not the backend's: it stays. What may be read by a program is complete before LIVE is.
 */
static void backend_write(struct kl_map_backend *entry, const struct kl_map_backend *want)
{
	entry->weight = want->weight;
	entry->service = want->service;
	entry->ifindex = want->ifindex;
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
	__atomic_store_n(&entry->flags, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->generation, (uint8_t)(entry->generation + 1), __ATOMIC_RELEASE);
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
static int match_backends(struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service,
	struct backend_ref *ret, bool *ret_fresh, struct kl_err *err)
{
	size_t old = 0;
	for (size_t i = 0; i < service->backend_count; i++) {
		ret[i].addr = service->backends[i].addr;
		ret[i].port = service->backends[i].port;
		while (old < state->backend_count && kl_dpsync_ref_compare(&state->backends[old], &ret[i]) < 0)
			old++;
		ret_fresh[i] = old == state->backend_count || kl_dpsync_ref_compare(&state->backends[old], &ret[i]);
		ret[i].id = ret_fresh[i] ? get_id(sync->backend_ids) : state->backends[old].id;
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

static void write_backends(struct kl_dpsync *sync, const struct service_state *state, const struct kl_service *service)
{
	for (size_t i = 0; i < service->backend_count; i++) {
		struct kl_map_backend want, *entry = &sync->maps->backends[state->backends[i].id];
		kl_dpsync_backend_entry(state, service, i, &want);
		if (entry->flags != want.flags || entry->weight != want.weight || entry->service != want.service)
			backend_write(entry, &want);
	}
}

/* --- sets */

static uint8_t set_flags(uint16_t flags)
{
	return (uint8_t)((flags & KL_SERVICE_EXTERNAL_LOCAL ? KL_SET_EXTERNAL_LOCAL : 0) |
			 (flags & KL_SERVICE_INTERNAL_LOCAL ? KL_SET_INTERNAL_LOCAL : 0) |
			 (flags & KL_SERVICE_AFFINITY ? KL_SET_AFFINITY : 0));
}

static uint32_t blocks_of(size_t slots)
{
	return (uint32_t)((slots + KL_BLOCK_SLOTS - 1) / KL_BLOCK_SLOTS);
}

static void fill_slots(
	struct kl_map_block *blocks, const struct service_state *state, const uint32_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		blocks[i / KL_BLOCK_SLOTS].backend[i % KL_BLOCK_SLOTS] = state->backends[slots[i]].id;
}

struct kl_map_block *kl_dpsync_compile(
	const struct service_state *state, const struct kl_service *service, uint32_t first, uint32_t *ret_blocks)
{
	struct kl_plan plan;
	kl_plan_make(service, &plan);
	uint32_t all = blocks_of(plan.all_count), total = 1 + all + blocks_of(plan.local_count);
	struct kl_map_block *blocks = kl_calloc(total, sizeof(*blocks));
	blocks->set = (struct kl_map_set){
		.all_first = (first + 1) * KL_BLOCK_SLOTS,
		.all_count = (uint32_t)plan.all_count,
		.local_first = (first + 1 + all) * KL_BLOCK_SLOTS,
		.local_count = (uint32_t)plan.local_count,
		.blocks = total,
		.service = state->index,
		.affinity_ticks = service->affinity_s,
		.algorithm = service->algorithm,
		.flags = set_flags(service->flags),
		.backends = (uint16_t)(plan.chosen > UINT16_MAX ? UINT16_MAX : plan.chosen),
	};
	fill_slots(blocks + 1, state, plan.all, plan.all_count);
	fill_slots(blocks + 1 + all, state, plan.local, plan.local_count);
	kl_plan_release(&plan);
	*ret_blocks = total;
	return blocks;
}

/* The one store that changes a service. */
void kl_dpsync_publish(struct kl_dpsync *sync, struct service_state *state, uint32_t first, uint32_t blocks)
{
	state->first_block = first;
	state->blocks = blocks;
	state->changes++;
	__atomic_store_n(
		&sync->maps->services[state->index].set, (uint64_t)state->changes << 32 | first, __ATOMIC_RELEASE);
}

/* A new set beside the old one; nothing when it would be the same. `state` has the new backends already. */
static int switch_set(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service, struct kl_err *err)
{
	uint32_t total;
	kl_autofree struct kl_map_block *blocks = kl_dpsync_compile(state, service, state->first_block, &total);
	struct kl_map_block *there = sync->maps->blocks;
	if (state->blocks == total && !memcmp(&there[state->first_block], blocks, total * sizeof(*blocks)))
		return 0;
	uint32_t first = get_run(sync->runs, total);
	if (!first)
		return kl_fail_msg(err, ENOSPC, "no room for %u blocks of slots of %s", total, service->key);
	blocks->set.all_first += (first - state->first_block) * KL_BLOCK_SLOTS;
	blocks->set.local_first += (first - state->first_block) * KL_BLOCK_SLOTS;
	memcpy(&there[first], blocks, total * sizeof(*blocks));
	uint32_t old = state->first_block, old_blocks = state->blocks;
	kl_dpsync_publish(sync, state, first, total);
	if (old_blocks)
		kl_runs_put(sync->runs, old, old_blocks, kl_monotonic_ms());
	return 0;
}

/* Takes over `refs`; gives the old ones for retiring. On failure the state is as before. */
static int change_backends(struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service,
	struct backend_ref **ret_old, size_t *ret_old_count, struct kl_err *err)
{
	size_t count = service->backend_count, old_count = state->backend_count;
	kl_autofree struct backend_ref *refs = kl_calloc(count + 1, sizeof(*refs));
	kl_autofree bool *fresh = kl_calloc(count + 1, sizeof(*fresh));
	int failed = match_backends(sync, state, service, refs, fresh, err);
	if (failed)
		return failed;
	struct backend_ref *old = state->backends;
	state->backends = refs;
	state->backend_count = count;
	write_backends(sync, state, service);
	failed = switch_set(sync, state, service, err);
	if (failed) {
		for (size_t i = 0; i < count; i++)
			if (fresh[i])
				kl_dpsync_retire(sync, NULL, refs[i].id);
		state->backends = old;
		state->backend_count = old_count;
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

static bool same_key(const struct kl_frontend *a, const struct kl_frontend *b)
{
	return a->port == b->port && a->proto == b->proto && kl_addr_equal(&a->addr, &b->addr);
}

static bool has_frontend(const struct kl_frontend *list, size_t count, const struct kl_frontend *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (same_key(&list[i], wanted))
			return true;
	return false;
}

static int change_frontends(
	struct kl_dpsync *sync, struct service_state *state, const struct kl_service *service, struct kl_err *err)
{
	int failed = 0;
	for (size_t i = 0; i < state->frontend_count; i++)
		if (!has_frontend(service->frontends, service->frontend_count, &state->frontends[i]))
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
		failed = change_backends(sync, state, desired, &old, &old_count, err);
	}
	if (failed) {
		kl_service_free(desired);
		if (is_new && state)
			kl_dpsync_delete(sync, service->key);
		return failed;
	}
	kl_service_free(state->desired);
	state->desired = desired;
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
	for (size_t i = 0; i < state->backend_count; i++)
		kl_dpsync_retire(sync, state, state->backends[i].id);
	if (state->blocks)
		kl_runs_put(sync->runs, state->first_block, state->blocks, kl_monotonic_ms());
	memset(&sync->maps->names[state->index], 0, sizeof(sync->maps->names[0]));
	kl_ids_put(sync->service_ids, state->index, kl_monotonic_ms());
	state_free(sync, state);
}

void kl_dpsync_snapshot_begin(struct kl_dpsync *sync)
{
	for (struct service_state *state = sync->services; state; state = state->hh.next)
		state->in_snapshot = false;
}

void kl_dpsync_snapshot_end(struct kl_dpsync *sync)
{
	struct service_state *state, *next;
	HASH_ITER (hh, sync->services, state, next)
		if (!state->in_snapshot)
			kl_dpsync_delete(sync, state->key);
}

/* --- the node */

static void set_address(__be32 to[4], const struct kl_dpsync_node *node, bool v4)
{
	static const struct kl_addr none;
	const struct kl_addr *addr = &none;
	for (size_t i = 0; i < node->addr_count && addr == &none; i++)
		if (kl_addr_is_v4(&node->addrs[i]) == v4)
			addr = &node->addrs[i];
	memcpy(to, addr->bytes, sizeof(addr->bytes));
}

static int set_addresses(struct kl_dpsync *sync, const struct kl_dpsync_node *node, struct kl_err *err)
{
	struct kl_frontend *entries = kl_calloc(node->addr_count + 1, sizeof(*entries));
	int failed = 0;
	for (size_t i = 0; i < node->addr_count; i++) {
		entries[i] = (struct kl_frontend){.addr = node->addrs[i], .type = KL_TYPE_NODE_ADDR};
		if (!failed)
			failed = kl_frontends_put(sync->maps, &entries[i], KL_FRONTEND_NODE, err);
	}
	for (size_t i = 0; i < sync->node_addr_count; i++)
		if (!has_frontend(entries, node->addr_count, &sync->node_addrs[i]))
			kl_frontends_delete(sync->maps, &sync->node_addrs[i], KL_FRONTEND_NODE);
	free(sync->node_addrs);
	sync->node_addrs = entries;
	sync->node_addr_count = node->addr_count;
	return failed;
}

int kl_dpsync_set_node(struct kl_dpsync *sync, const struct kl_dpsync_node *node, struct kl_err *err)
{
	struct kl_map_config *config = sync->maps->config;
	set_address(config->node_addr4, node, true);
	set_address(config->node_addr6, node, false);
	if (node->node_port_min) {
		config->node_port_min = node->node_port_min;
		config->node_port_max = node->node_port_max;
	}
	if (node->snat_port_min) {
		config->snat_port_min = node->snat_port_min;
		config->snat_port_max = node->snat_port_max;
	}
	config->flags = node->external_cluster_ip ? KL_CONFIG_EXTERNAL_CLUSTER_IP : 0;
	return set_addresses(sync, node, err);
}

int kl_dpsync_netns_add(
	struct kl_dpsync *sync, uint64_t cookie, enum kl_dpsync_netns what, uint32_t ifindex, struct kl_err *err)
{
	struct kl_map_netns value = {
		.flags = what == KL_DPSYNC_NODE ? KL_NETNS_NODE : KL_NETNS_POD,
		.ifindex = ifindex,
	};
	if (bpf_map_update_elem(sync->maps->fd[KL_MAP_NETNS], &cookie, &value, BPF_ANY))
		return kl_fail(err, errno, "add a network namespace to the kernel's table");
	return 0;
}

void kl_dpsync_netns_remove(struct kl_dpsync *sync, uint64_t cookie)
{
	bpf_map_delete_elem(sync->maps->fd[KL_MAP_NETNS], &cookie);
}

void kl_dpsync_on_dead(struct kl_dpsync *sync,
	void (*dead)(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg), void *arg)
{
	sync->dead = dead;
	sync->dead_arg = arg;
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
	kl_ids_free(sync->service_ids);
	kl_ids_free(sync->backend_ids);
	kl_runs_free(sync->runs);
	free(sync->node_addrs);
	free(sync->node_name);
	free(sync);
}
