/*
 * Desired against actual, for what lies beside the services themselves: source ranges, local backends, the configuration,
 * namespaces, peers.
 */
#include "dpsync_impl.h"

#include "locals.h"
#include "mem.h"

#include <bpf/bpf.h>
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

static void audit_locals(const struct kl_dpsync_finding *finding)
{
	struct kl_dpsync *sync = finding->sync;
	for (struct service_state *state = sync->services; state; state = state->hh.next)
		for (size_t i = 0; state->desired && i < state->backend_count; i++) {
			if (!(state->desired->backends[i].flags & KL_BACKEND_LOCAL))
				continue;
			const struct backend_ref *ref = &state->backends[i];
			uint32_t id = kl_locals_get(sync->maps, state->index, &ref->addr);
			const struct kl_map_backend *entry = &sync->maps->backends[id];
			finding->ret->others++;
			if (id == ref->id || (id && entry->service == state->index && entry->flags & KL_BE_LOCAL &&
						     !memcmp(entry->addr, ref->addr.bytes, sizeof(entry->addr))))
				continue; /* two of a service may share an address */
			finding->found(finding->arg, id ? &finding->ret->wrong : &finding->ret->missing,
				"local backend %u of %s %s", ref->id, state->key, id ? "changed" : "missing");
			if (finding->repair)
				kl_locals_put(sync->maps, state->index, &ref->addr, ref->id, NULL);
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
	audit_config(finding);
	audit_ranges(finding);
	audit_locals(finding);
	audit_netns_wanted(finding);
	audit_netns_foreign(finding);
}
