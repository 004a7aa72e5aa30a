/*
 * Desired against actual, for what lies beside the services themselves: source ranges, local backends, the configuration,
 * namespaces, peers.
 */
#include "dpsync_impl.h"

#include "locals.h"
#include "mem.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- configuration: what the agent does not write (the watch words) is not looked at */

static bool config_differs(const struct kl_map_config *there, const struct kl_map_config *want)
{
	struct kl_map_config a = *there, b = *want;
	a.watch_until = b.watch_until = 0;
	a.watch_mask = b.watch_mask = 0;
	return memcmp(&a, &b, sizeof(a)) != 0;
}

static void audit_config(const struct kl_dpsync_finding *finding)
{
	struct kl_map_config *there = finding->sync->maps->config, want = finding->sync->config;
	finding->ret->others++;
	if (!config_differs(there, &want))
		return;
	finding->found(finding->arg, &finding->ret->wrong, "the configuration changed");
	if (!finding->repair)
		return;
	want.watch_until = there->watch_until;
	want.watch_mask = there->watch_mask;
	memcpy(there, &want, sizeof(want));
}

/* --- source ranges */

struct range_list {
	struct kl_map_range *keys;
	size_t count;
};

static bool lists(const struct range_list *list, const struct kl_map_range *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (!memcmp(&list->keys[i], key, sizeof(*key)))
			return true;
	return false;
}

static void audit_ranges_of(
	const struct kl_dpsync_finding *finding, const struct service_state *state, const struct range_list *list)
{
	static const uint8_t present = 1;
	for (size_t i = 0; i < state->range_count; i++) {
		struct kl_map_range key = kl_dpsync_range_key(state->index, &state->ranges[i]);
		if (lists(list, &key))
			continue;
		finding->found(finding->arg, &finding->ret->missing, "a source range of %s missing", state->key);
		if (finding->repair)
			bpf_map_update_elem(finding->sync->maps->fd[KL_MAP_RANGES], &key, &present, BPF_ANY);
	}
}

static bool range_is_known(
	const struct kl_dpsync *sync, struct service_state *const *by_index, const struct kl_map_range *key)
{
	const struct service_state *state =
		key->service < sync->maps->entries[KL_MAP_NAMES] ? by_index[key->service] : NULL;
	for (size_t i = 0; state && i < state->range_count; i++) {
		struct kl_map_range known = kl_dpsync_range_key(state->index, &state->ranges[i]);
		if (!memcmp(&known, key, sizeof(known)))
			return true;
	}
	return false;
}

/* All keys at once: deleting while walking a trie starts it anew. */
static struct range_list range_keys(const struct kl_maps *maps)
{
	struct range_list list = {0};
	struct kl_map_range key;
	const void *last = NULL;
	while (list.count <= maps->entries[KL_MAP_RANGES] &&
		!bpf_map_get_next_key(maps->fd[KL_MAP_RANGES], last, &key)) {
		list.keys = kl_reallocarray(list.keys, list.count + 1, sizeof(*list.keys));
		list.keys[list.count++] = key;
		last = &list.keys[list.count - 1];
	}
	return list;
}

static void audit_ranges(const struct kl_dpsync_finding *finding)
{
	struct kl_dpsync *sync = finding->sync;
	kl_autofree struct service_state **by_index =
		kl_calloc(sync->maps->entries[KL_MAP_NAMES], sizeof(struct service_state *));
	struct range_list list = range_keys(sync->maps);
	size_t known = 0, wanted = 0;
	for (struct service_state *state = sync->services; state; state = state->hh.next) {
		by_index[state->index] = state;
		wanted += state->range_count;
	}
	for (size_t i = 0; i < list.count; i++) {
		if (range_is_known(sync, by_index, &list.keys[i])) {
			known++;
			continue;
		}
		finding->found(finding->arg, &finding->ret->foreign, "a source range belongs to nobody");
		if (finding->repair)
			bpf_map_delete_elem(sync->maps->fd[KL_MAP_RANGES], &list.keys[i]);
	}
	finding->ret->others += wanted;
	for (struct service_state *state = sync->services; known < wanted && state; state = state->hh.next)
		audit_ranges_of(finding, state, &list);
	free(list.keys);
}

/* --- local backends */

/* So many of the map's entries are what they should be; what is of nobody is found on the way. */
static size_t audit_locals_there(const struct kl_dpsync_finding *finding)
{
	enum { BATCH = 1024 };
	struct kl_dpsync *sync = finding->sync;
	kl_autofree struct kl_map_local *keys = kl_calloc(BATCH, sizeof(*keys));
	kl_autofree uint32_t *ids = kl_calloc(BATCH, sizeof(*ids));
	uint32_t cursor = 0, count;
	size_t right = 0;
	bool more = true;
	for (bool first = true; more; first = false) {
		count = BATCH;
		more = !bpf_map_lookup_batch(
			sync->maps->fd[KL_MAP_LOCALS], first ? NULL : &cursor, &cursor, keys, ids, &count, NULL);
		if (!more && errno != ENOENT)
			break;
		for (uint32_t i = 0; i < count; i++) {
			const struct kl_map_backend *entry =
				ids[i] < sync->maps->entries[KL_MAP_BACKENDS] ? &sync->maps->backends[ids[i]] : NULL;
			if (entry && entry->flags & KL_BE_LOCAL && entry->service == keys[i].service &&
				!memcmp(entry->addr, keys[i].addr, sizeof(entry->addr))) {
				right++;
				continue;
			}
			finding->found(finding->arg, &finding->ret->foreign,
				"a local backend of service %u belongs to nobody", keys[i].service);
			if (finding->repair)
				bpf_map_delete_elem(sync->maps->fd[KL_MAP_LOCALS], &keys[i]);
		}
	}
	return right;
}

static bool is_local(const struct service_state *state, size_t i)
{
	return state->desired->backends[i].flags & KL_BACKEND_LOCAL;
}

/* Two of a service may share an address: one entry stands for both. Backends are sorted by address. */
static size_t locals_wanted(const struct kl_dpsync *sync)
{
	size_t wanted = 0;
	for (const struct service_state *state = sync->services; state; state = state->hh.next)
		for (size_t i = 0; state->desired && i < state->backend_count; i++)
			wanted += is_local(state, i) &&
				  (!i || !is_local(state, i - 1) ||
					  !kl_addr_equal(&state->backends[i].addr, &state->backends[i - 1].addr));
	return wanted;
}

static void audit_locals_of(const struct kl_dpsync_finding *finding, const struct service_state *state)
{
	struct kl_dpsync *sync = finding->sync;
	for (size_t i = 0; state->desired && i < state->backend_count; i++) {
		const struct backend_ref *ref = &state->backends[i];
		if (!is_local(state, i) || kl_locals_get(sync->maps, state->index, &ref->addr))
			continue;
		finding->found(
			finding->arg, &finding->ret->missing, "local backend %u of %s missing", ref->id, state->key);
		if (finding->repair)
			kl_locals_put(sync->maps, state->index, &ref->addr, ref->id, NULL);
	}
}

/* A lookup for each is done only where the numbers do not agree. */
static void audit_locals(const struct kl_dpsync_finding *finding)
{
	size_t right = audit_locals_there(finding), wanted = locals_wanted(finding->sync);
	finding->ret->others += wanted;
	if (right == wanted)
		return;
	for (const struct service_state *state = finding->sync->services; state; state = state->hh.next)
		audit_locals_of(finding, state);
}

/* --- the bitmap of ports that any frontend has: a bit that is missing hides a service, one too many costs a lookup */

static void audit_ports(const struct kl_dpsync_finding *finding)
{
	struct kl_maps *maps = finding->sync->maps;
	kl_autofree uint64_t *want = kl_calloc(KL_PORT_WORDS, sizeof(*want));
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++) {
		const struct kl_map_frontend *entry = &maps->frontends[i];
		uint16_t port = ntohs(entry->port);
		if (entry->service != KL_FRONTEND_NEVER && entry->service != KL_FRONTEND_DELETED)
			want[port / 64] |= 1ull << port % 64;
	}
	for (size_t i = 0; i < KL_PORT_WORDS; i++) {
		uint64_t there = __atomic_load_n(&maps->ports[i], __ATOMIC_RELAXED);
		finding->ret->others += (size_t)__builtin_popcountll(want[i]);
		if (there == want[i])
			continue;
		if (want[i] & ~there)
			finding->found(finding->arg, &finding->ret->wrong, "ports near %zu hidden", i * 64);
		if (finding->repair)
			__atomic_store_n(&maps->ports[i], want[i], __ATOMIC_RELAXED);
	}
}

/* --- namespaces */

static void audit_netns_wanted(const struct kl_dpsync_finding *finding)
{
	int fd = finding->sync->maps->fd[KL_MAP_NETNS];
	for (const struct netns_entry *entry = finding->sync->netns; entry; entry = entry->hh.next) {
		struct kl_map_netns value;
		bool there = !bpf_map_lookup_elem(fd, &entry->cookie, &value);
		finding->ret->others++;
		if (there && !memcmp(&value, &entry->value, sizeof(value)))
			continue;
		finding->found(finding->arg, there ? &finding->ret->wrong : &finding->ret->missing,
			"network namespace %llu %s", (unsigned long long)entry->cookie, there ? "changed" : "missing");
		if (finding->repair)
			bpf_map_update_elem(fd, &entry->cookie, &entry->value, BPF_ANY);
	}
}

static void audit_netns_foreign(const struct kl_dpsync_finding *finding)
{
	int fd = finding->sync->maps->fd[KL_MAP_NETNS];
	uint64_t cookie, next, seen = 0;
	bool more = finding->sync->netns && !bpf_map_get_next_key(fd, NULL, &cookie);
	while (more && seen++ <= finding->sync->maps->entries[KL_MAP_NETNS]) {
		const struct netns_entry *entry = NULL;
		more = !bpf_map_get_next_key(fd, &cookie, &next);
		HASH_FIND(hh, finding->sync->netns, &cookie, sizeof(cookie), entry);
		if (!entry) {
			finding->found(finding->arg, &finding->ret->foreign, "network namespace %llu belongs to nobody",
				(unsigned long long)cookie);
			if (finding->repair)
				bpf_map_delete_elem(fd, &cookie);
		}
		cookie = next;
	}
}

void kl_dpsync_audit_more(const struct kl_dpsync_finding *finding)
{
	kl_dpsync_flush_locals(finding->sync);
	audit_config(finding);
	audit_ranges(finding);
	audit_locals(finding);
	audit_ports(finding);
	audit_netns_wanted(finding);
	audit_netns_foreign(finding);
}
