#include "lb_service.h"

#include "look.h"
#include "mapnames.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

struct kl_lb_index {
	const struct kl_maps *maps;
	uint32_t *backend, *backend_next;   /* by service; by backend */
	uint32_t *frontend, *frontend_next; /* place + 1 */
};

/* From the last to the first, so that lists come out ascending. */
struct kl_lb_index *kl_lb_index_new(const struct kl_maps *maps)
{
	struct kl_lb_index *index = kl_calloc(1, sizeof(*index));
	uint32_t services = maps->entries[KL_MAP_NAMES], places = maps->config->frontend_mask + 1;
	index->maps = maps;
	index->backend = kl_calloc(services, sizeof(uint32_t));
	index->frontend = kl_calloc(services, sizeof(uint32_t));
	index->backend_next = kl_calloc(maps->entries[KL_MAP_BACKENDS], sizeof(uint32_t));
	index->frontend_next = kl_calloc((size_t)places + 1, sizeof(uint32_t));
	for (uint32_t id = maps->entries[KL_MAP_BACKENDS] - 1; id > 0; id--) {
		const struct kl_map_backend *entry = &maps->backends[id];
		if (!(entry->flags & KL_BE_LIVE) || entry->service >= services)
			continue;
		index->backend_next[id] = index->backend[entry->service];
		index->backend[entry->service] = id;
	}
	for (uint32_t place = places; place > 0; place--) {
		uint32_t service = maps->frontends[place - 1].service;
		if (service >= services)
			continue;
		index->frontend_next[place] = index->frontend[service];
		index->frontend[service] = place;
	}
	return index;
}

void kl_lb_index_free(struct kl_lb_index *index)
{
	if (!index)
		return;
	free(index->backend);
	free(index->backend_next);
	free(index->frontend);
	free(index->frontend_next);
	free(index);
}

uint32_t kl_lb_first(const struct kl_lb_index *index, uint32_t service)
{
	return service < index->maps->entries[KL_MAP_NAMES] ? index->backend[service] : 0;
}

uint32_t kl_lb_next(const struct kl_lb_index *index, uint32_t backend)
{
	return index->backend_next[backend];
}

/* --- sets */

const struct kl_map_set *kl_lb_set(const struct kl_maps *maps, uint32_t service)
{
	uint32_t block = (uint32_t)maps->services[service].set;
	return block && block < maps->entries[KL_MAP_SLOTS] ? &maps->blocks[block].set : NULL;
}

uint32_t kl_lb_slot(const struct kl_maps *maps, uint32_t slot)
{
	uint32_t block = slot / KL_BLOCK_SLOTS;
	return block < maps->entries[KL_MAP_SLOTS] ? maps->blocks[block].backend[slot % KL_BLOCK_SLOTS] : 0;
}

static const char *policy(const struct kl_map_set *set, unsigned flag)
{
	return set->flags & flag ? "Local" : "Cluster";
}

static json_t *set_json(const struct kl_maps *maps, uint32_t service)
{
	const struct kl_map_set *set = kl_lb_set(maps, service);
	if (!set)
		return json_null();
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:s, s:s, s:i, s:b, s:i}", "algorithm",
		kl_algorithm_name(set->algorithm), "backends", set->backends, "slots", (int)set->all_count,
		"localSlots", (int)set->local_count, "block", (int)(uint32_t)maps->services[service].set,
		"externalTrafficPolicy", policy(set, KL_SET_EXTERNAL_LOCAL), "internalTrafficPolicy",
		policy(set, KL_SET_INTERNAL_LOCAL), "affinitySeconds",
		(int)(set->flags & KL_SET_AFFINITY ? set->affinity_ticks : 0), "sourceRanges",
		!!(set->flags & KL_SET_RANGES), "changes", (int)(maps->services[service].set >> 32));
}

static json_t *ranges_json(const struct kl_maps *maps, uint32_t service)
{
	struct kl_map_range key, next, *previous = NULL;
	json_t *list = json_array();
	while (!bpf_map_get_next_key(maps->fd[KL_MAP_RANGES], previous, &next)) {
		struct kl_addr addr;
		char text[KL_ADDR_TEXT];
		key = next;
		previous = &key;
		if (key.service != service)
			continue;
		memcpy(addr.bytes, key.addr, sizeof(addr.bytes));
		kl_addr_format(&addr, text);
		unsigned bits = key.prefix - KL_RANGE_SERVICE_BITS;
		json_array_append_new(list, json_sprintf("%s/%u", text, kl_addr_is_v4(&addr) ? bits - 96 : bits));
	}
	return list;
}

/* --- traffic */

static void add_total(json_t *total, const char *name, uint64_t more)
{
	json_object_set_new(
		total, name, json_integer(json_integer_value(json_object_get(total, name)) + (json_int_t)more));
}

static void add_traffic(json_t *to, const struct kl_map_traffic *traffic, uint64_t live)
{
	add_total(to, "live", live);
	add_total(to, "connections", traffic->connections);
	add_total(to, "packets", traffic->packets);
	add_total(to, "bytes", traffic->bytes);
	add_total(to, "replyBytes", traffic->reply_bytes);
}

/* --- backends and frontends */

const char *kl_lb_backend_state(uint8_t flags)
{
	return flags & KL_BE_TERMINATING ? "terminating" : flags & KL_BE_READY ? "ready" : "not ready";
}

static void addr_text(const __be32 addr[4], char ret[KL_ADDR_TEXT])
{
	struct kl_addr from;
	memcpy(from.bytes, addr, sizeof(from.bytes));
	kl_addr_format(&from, ret);
}

static json_t *backend_json(const struct kl_maps *maps, uint32_t id, const struct kl_map_traffic *traffic)
{
	const struct kl_map_backend *entry = &maps->backends[id];
	bool local = entry->flags & KL_BE_LOCAL;
	char text[KL_ADDR_TEXT];
	addr_text(entry->addr, text);
	json_t *json = json_pack("{s:i, s:s, s:i, s:s, s:b, s:s, s:i, s:i}", "id", (int)id, "address", text, "port",
		ntohs(entry->port), "state", kl_lb_backend_state(entry->flags), "local", local, "forwarding",
		local ? "local" : kl_forward_name(entry->forward), "weight", entry->weight, "generation",
		entry->generation);
	add_traffic(json, traffic, maps->live[id].connections);
	return json;
}

static json_t *backends_json(const struct kl_lb_index *index, uint32_t service, json_t *total)
{
	json_t *list = json_array();
	for (uint32_t id = kl_lb_first(index, service); id; id = kl_lb_next(index, id)) {
		struct kl_map_traffic traffic = {0};
		kl_maps_traffic(index->maps, id, &traffic, NULL);
		json_array_append_new(list, backend_json(index->maps, id, &traffic));
		add_traffic(total, &traffic, index->maps->live[id].connections);
	}
	return list;
}

/* How packets from outside reach it: one word where all remote backends agree. */
static const char *forwarding(const struct kl_lb_index *index, uint32_t service)
{
	const char *ret = NULL;
	for (uint32_t id = kl_lb_first(index, service); id; id = kl_lb_next(index, id)) {
		const struct kl_map_backend *entry = &index->maps->backends[id];
		if (entry->flags & KL_BE_LOCAL)
			continue;
		if (ret && strcmp(ret, kl_forward_name(entry->forward)))
			return "mixed";
		ret = kl_forward_name(entry->forward);
	}
	return ret ? ret : kl_lb_first(index, service) ? "local" : "none";
}

static json_t *frontends_json(const struct kl_lb_index *index, uint32_t service)
{
	json_t *list = json_array();
	for (uint32_t place = index->frontend[service]; place; place = index->frontend_next[place]) {
		const struct kl_map_frontend *entry = &index->maps->frontends[place - 1];
		char text[KL_ADDR_TEXT];
		addr_text(entry->addr, text);
		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "type", kl_frontend_type_name(entry->type),
						    "address", text, "port", ntohs(entry->port)));
	}
	return list;
}

/* --- services */

json_t *kl_lb_service_json(const struct kl_lb_index *index, uint32_t service)
{
	const struct kl_maps *maps = index->maps;
	const struct kl_map_name *name = &maps->names[service];
	const struct kl_map_set *set = kl_lb_set(maps, service);
	json_t *total = json_object();
	struct kl_map_traffic gone = {.connections = name->connections, .packets = name->packets, .bytes = name->bytes};
	add_traffic(total, &gone, 0);
	json_t *backends = backends_json(index, service, total);
	json_t *json = json_pack("{s:s, s:s, s:i, s:I, s:s, s:o, s:o, s:o, s:o}", "service", name->key, "protocol",
		kl_proto_name(name->proto), "id", (int)service, "created", (json_int_t)name->created, "forwarding",
		forwarding(index, service), "set", set_json(maps, service), "frontends", frontends_json(index, service),
		"backends", backends, "totals", total);
	if (set && set->flags & KL_SET_RANGES)
		json_object_set_new(json, "loadBalancerSourceRanges", ranges_json(maps, service));
	return json;
}

bool kl_lb_matches(const char *key, const char *wanted)
{
	const char *slash = strchr(key, '/'), *from = strchr(wanted, '/') || !slash ? key : slash + 1;
	size_t len = strlen(wanted);
	return !strncmp(from, wanted, len) && (from[len] == 0 || from[len] == ':' || from[len] == '/');
}

json_t *kl_lb_services_json(const struct kl_lb_index *index, const char *wanted)
{
	const struct kl_maps *maps = index->maps;
	json_t *list = json_array();
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++)
		if (maps->names[i].key[0] && (!wanted || kl_lb_matches(maps->names[i].key, wanted)))
			json_array_append_new(list, kl_lb_service_json(index, i));
	return list;
}
