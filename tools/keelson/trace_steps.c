#include "trace_steps.h"

#include "look.h"
#include "mapnames.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

json_t *kl_trace_say(json_t *steps, const char *step, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *text = kl_vasprintf(fmt, args);
	va_end(args);
	json_t *json = json_pack("{s:s, s:s}", "step", step, "text", text);
	json_array_append_new(steps, json);
	return json;
}

/* --- frontends: as frontend_find_any() of bpf/lib/service.h */

static bool same_addr(const __be32 a[4], const __be32 b[4])
{
	return !memcmp(a, b, 16);
}

static bool is_v4(const __be32 addr[4])
{
	return !addr[0] && !addr[1] && addr[2] == htonl(0xffff);
}

static struct kl_trace_frontend find_exact(const struct kl_maps *maps, const __be32 addr[4], __be16 port, uint8_t proto)
{
	const struct kl_map_config *config = maps->config;
	uint32_t at = kl_frontend_hash(config->hash_key, addr, port, proto);
	for (uint32_t i = 0; i < KL_PROBES; i++) {
		uint32_t place = (at + i) & config->frontend_mask;
		const struct kl_map_frontend *entry = &maps->frontends[place];
		if (entry->service == KL_FRONTEND_NEVER)
			break;
		if (entry->service != KL_FRONTEND_DELETED && entry->port == port && entry->proto == proto &&
			same_addr(entry->addr, addr))
			return (struct kl_trace_frontend){entry->service, place, entry->type};
	}
	return (struct kl_trace_frontend){0};
}

static bool is_loopback(const __be32 addr[4])
{
	return is_v4(addr) ? (ntohl(addr[3]) >> 24) == 127 : !addr[0] && !addr[1] && !addr[2] && addr[3] == htonl(1);
}

static bool is_node_addr(const struct kl_maps *maps, const __be32 addr[4])
{
	return same_addr(addr, maps->config->node_addr4) || same_addr(addr, maps->config->node_addr6) ||
	       find_exact(maps, addr, 0, 0).service == KL_FRONTEND_NODE;
}

struct kl_trace_frontend kl_trace_frontend_find(
	const struct kl_maps *maps, const __be32 addr[4], __be16 port, uint8_t proto, bool sockets)
{
	uint16_t number = ntohs(port);
	const __be32 any[4] = {0, 0, is_v4(addr) ? htonl(0xffff) : 0, 0};
	if (number >= maps->config->node_port_min && number <= maps->config->node_port_max) {
		struct kl_trace_frontend found = find_exact(maps, any, port, proto);
		if (found.service && ((sockets && is_loopback(addr)) || is_node_addr(maps, addr)))
			return found;
	}
	return find_exact(maps, addr, port, proto);
}

/* --- Services */

static bool names_service(const struct kl_maps *maps, uint32_t service)
{
	return service && service < maps->entries[KL_MAP_NAMES] && maps->names[service].key[0];
}

char *kl_trace_backend_text(const struct kl_maps *maps, uint32_t id)
{
	if (!id || id >= maps->entries[KL_MAP_BACKENDS])
		return kl_strdup("none");
	const struct kl_map_backend *backend = &maps->backends[id];
	kl_autofree char *addr = kl_endpoint_text(backend->addr, backend->port);
	return kl_asprintf("%s (id %u), %s, %s, weight %u, generation %u", addr, id,
		backend->flags & KL_BE_LOCAL ? "on this node" : "on another node", kl_lb_backend_state(backend->flags),
		backend->weight, backend->generation);
}

static void say_service(const struct kl_maps *maps, uint32_t service, json_t *steps)
{
	const struct kl_map_set *set = kl_lb_set(maps, service);
	if (!set) {
		kl_trace_say(steps, "service", "%s (id %u): no set of backends", maps->names[service].key, service);
		return;
	}
	kl_trace_say(steps, "service", "%s (id %u): %s, %u slots for %u backends, set at block %u, changed %u times",
		maps->names[service].key, service, kl_algorithm_name(set->algorithm), set->all_count, set->backends,
		(uint32_t)maps->services[service].set, (uint32_t)(maps->services[service].set >> 32));
}

static void say_policy(const struct kl_maps *maps, uint32_t service, bool external, json_t *steps)
{
	const struct kl_map_set *set = kl_lb_set(maps, service);
	if (!set)
		return;
	bool local = set->flags & (external ? KL_SET_EXTERNAL_LOCAL : KL_SET_INTERNAL_LOCAL);
	kl_autofree char *affinity = set->flags & KL_SET_AFFINITY
					     ? kl_asprintf("session affinity for %u s", set->affinity_ticks)
					     : kl_strdup("no session affinity");
	kl_trace_say(steps, "policy", "%sTrafficPolicy %s: %u slots; %s%s", external ? "external" : "internal",
		local ? "Local" : "Cluster", local ? set->local_count : set->all_count, affinity,
		set->flags & KL_SET_RANGES ? "; only from loadBalancerSourceRanges" : "");
}

struct kl_trace_frontend kl_trace_lookup(
	const struct kl_maps *maps, const struct kl_flow_key *key, bool external, json_t *steps)
{
	struct kl_trace_frontend found =
		kl_trace_frontend_find(maps, key->daddr, key->dport, (uint8_t)key->proto, !external);
	kl_autofree char *text = kl_endpoint_text(key->daddr, key->dport);
	if (!names_service(maps, found.service)) {
		kl_trace_say(steps, "frontend", "%s/%s: none of a Service", text, kl_proto_name(key->proto));
		return (struct kl_trace_frontend){0};
	}
	kl_trace_say(steps, "frontend", "%s/%s is a %s, entry %u of kl_frontends", text, kl_proto_name(key->proto),
		kl_frontend_type_name(found.type), found.place);
	say_service(maps, found.service, steps);
	say_policy(maps, found.service, external, steps);
	return found;
}

void kl_trace_slot(const struct kl_maps *maps, const struct kl_flow_key *key, uint32_t service, json_t *steps)
{
	const struct kl_map_set *set = kl_lb_set(maps, service);
	bool local = set && set->flags & KL_SET_EXTERNAL_LOCAL;
	uint32_t count = !set ? 0 : local ? set->local_count : set->all_count;
	if (!count)
		return;
	uint32_t hash = kl_pick_hash(key), slot = kl_below(hash, count);
	if (set->algorithm == KL_PICK_ROUND_ROBIN) {
		kl_trace_say(steps, "slot", "round-robin: the cursor stands at %u, slot %u of %u",
			maps->services[service].cursor, maps->services[service].cursor % count, count);
		return;
	}
	kl_autofree char *backend =
		kl_trace_backend_text(maps, kl_lb_slot(maps, (local ? set->local_first : set->all_first) + slot));
	kl_trace_say(steps, "slot", "hash %08x takes slot %u of %u: %s%s", hash, slot, count, backend,
		set->algorithm == KL_PICK_LEAST_CONN ? "; a second slot is compared with it by open connections" : "");
}

/* --- sockets */

/* A client of sockets is a namespace. */
static uint32_t affinity_of(const struct kl_maps *maps, uint32_t service, uint64_t cookie)
{
	const struct kl_map_client client = {.addr = {(__be32)cookie, (__be32)(cookie >> 32)}, .service = service};
	struct kl_map_affinity kept;
	const struct kl_map_set *set = kl_lb_set(maps, service);
	if (!set || !(set->flags & KL_SET_AFFINITY) || bpf_map_lookup_elem(maps->fd[KL_MAP_AFFINITY], &client, &kept) ||
		kl_maps_tick(maps) - kept.tick > set->affinity_ticks ||
		kept.backend_id >= maps->entries[KL_MAP_BACKENDS] ||
		maps->backends[kept.backend_id].generation != kept.generation)
		return 0;
	return kept.backend_id;
}

static void say_candidates(const struct kl_lb_index *index, const struct kl_maps *maps, uint32_t service,
	uint32_t first, uint32_t count, json_t *steps)
{
	for (uint32_t id = kl_lb_first(index, service); id; id = kl_lb_next(index, id)) {
		uint32_t slots = 0;
		for (uint32_t i = 0; i < count; i++)
			slots += kl_lb_slot(maps, first + i) == id;
		kl_autofree char *text = kl_trace_backend_text(maps, id);
		json_t *step = kl_trace_say(steps, "candidate", "%5.1f %%  %s, %u open connections",
			100.0 * slots / count, text, maps->live[id].connections);
		json_object_set_new(step, "share", json_real((double)slots / count));
	}
}

void kl_trace_socket(const struct kl_lb_index *index, const struct kl_maps *maps,
	const struct kl_trace_frontend *frontend, uint64_t cookie, json_t *steps)
{
	const struct kl_map_set *set = kl_lb_set(maps, frontend->service);
	bool local = set && frontend->type == KL_TYPE_CLUSTER_IP && set->flags & KL_SET_INTERNAL_LOCAL;
	uint32_t count = !set ? 0 : local ? set->local_count : set->all_count, kept;
	if (!count) {
		kl_trace_say(steps, "verdict", "connect() fails with ECONNREFUSED: no backend may be chosen");
		return;
	}
	kept = affinity_of(maps, frontend->service, cookie);
	if (kept) {
		kl_autofree char *text = kl_trace_backend_text(maps, kept);
		kl_trace_say(steps, "affinity", "this namespace was given %s before, and is again", text);
	} else {
		say_candidates(index, maps, frontend->service, local ? set->local_first : set->all_first, count, steps);
	}
	kl_trace_say(steps, "verdict",
		"connect() goes to the backend's own address, by plain routing; no packet is looked at. "
		"getpeername() shows the Service");
}
