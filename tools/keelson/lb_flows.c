#include "lb_flows.h"

#include "cmd.h"
#include "json.h"
#include "service.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *const phase_names[] = {
	[KL_PHASE_NEW] = "new",
	[KL_PHASE_ANSWERED] = "answered",
	[KL_PHASE_OPEN] = "open",
	[KL_PHASE_FIN] = "closing",
	[KL_PHASE_CLOSED] = "closed",
	[KL_PHASE_UDP] = "udp",
};

struct flows {
	const struct kl_maps *maps;
	const struct kl_map_line *hot;
	const struct kl_map_tuple *cold;
	size_t hot_len, cold_len;
};

static const char *region_name(const struct kl_maps *maps, uint32_t line)
{
	const struct kl_map_config *config = maps->config;
	return line < config->half_first ? "main" : line < config->over_first ? "half-open" : "overflow";
}

static char *endpoint(const __be32 addr[4], __be16 port)
{
	struct kl_addr from;
	char text[KL_ADDR_TEXT];
	memcpy(from.bytes, addr, sizeof(from.bytes));
	kl_addr_format(&from, text);
	return kl_asprintf(kl_addr_is_v4(&from) ? "%s:%u" : "[%s]:%u", text, ntohs(port));
}

/* The flow's service; "" for a backend that is no more: its generation has gone on. */
static const char *key_of(const struct kl_maps *maps, const struct kl_map_flow *flow)
{
	if (flow->backend >= maps->entries[KL_MAP_BACKENDS])
		return "";
	const struct kl_map_backend *backend = &maps->backends[flow->backend];
	if (backend->generation != flow->generation || backend->service >= maps->entries[KL_MAP_NAMES])
		return "";
	return maps->names[backend->service].key;
}

static json_t *flow_json(const struct flows *flows, uint32_t index)
{
	const struct kl_map_flow *flow = &flows->hot[index / KL_LINE_FLOWS].flow[index % KL_LINE_FLOWS];
	const struct kl_map_tuple *tuple = &flows->cold[index];
	const struct kl_map_backend *backend =
		&flows->maps->backends[flow->backend % flows->maps->entries[KL_MAP_BACKENDS]];
	const char *key = key_of(flows->maps, flow), *phase = phase_names[flow->phase];
	kl_autofree char *client = endpoint(tuple->client, tuple->client_port);
	kl_autofree char *frontend = endpoint(tuple->frontend, tuple->frontend_port);
	kl_autofree char *target = endpoint(backend->addr, backend->port);
	uint16_t idle = (uint16_t)((uint16_t)kl_maps_tick(flows->maps) - flow->stamp);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "protocol",
		tuple->proto == KL_PROTO_UDP ? "UDP" : "TCP", "client", client, "frontend", frontend, "backend",
		key[0] ? target : "gone", "service", key, "state", key[0] ? phase ? phase : "?" : "void", "idleSeconds",
		(int)idle, "natPort", ntohs((uint16_t)flow->nat_port), "region",
		region_name(flows->maps, index / KL_LINE_FLOWS));
}

static json_t *collect(const struct flows *flows, const char *service, int limit)
{
	json_t *list = json_array();
	uint32_t count = flows->maps->entries[KL_MAP_CT_COLD];
	for (uint32_t i = 0; i < count && (!limit || json_array_size(list) < (size_t)limit); i++) {
		const struct kl_map_flow *flow = &flows->hot[i / KL_LINE_FLOWS].flow[i % KL_LINE_FLOWS];
		if (flow->phase <= KL_PHASE_CLAIMED || flow->reverse)
			continue;
		if (!service || kl_lb_matches(key_of(flows->maps, flow), service))
			json_array_append_new(list, flow_json(flows, i));
	}
	return list;
}

static void print_table(const json_t *list)
{
	static const char *const headers[] = {
		"PROTO", "CLIENT", "FRONTEND", "BACKEND", "STATE", "IDLE", "NAT-PORT", "REGION", "SERVICE", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *flow;
	json_array_foreach (list, i, flow) {
		kl_autofree char *idle = kl_asprintf("%llds", (long long)kl_json_int(flow, 0, "idleSeconds", NULL));
		kl_autofree char *port = kl_asprintf("%lld", (long long)kl_json_int(flow, 0, "natPort", NULL));
		const char *cells[] = {kl_json_str(flow, "protocol", NULL), kl_json_str(flow, "client", NULL),
			kl_json_str(flow, "frontend", NULL), kl_json_str(flow, "backend", NULL),
			kl_json_str(flow, "state", NULL), idle, port, kl_json_str(flow, "region", NULL),
			kl_json_str(flow, "service", NULL)};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static int print_json(const json_t *json)
{
	kl_autofree char *text = json_dumps(json, JSON_INDENT(2));
	puts(text);
	return KL_EXIT_OK;
}

int kl_lb_print_flows(const struct kl_maps *maps, const char *service, int limit, bool as_json)
{
	struct kl_err err = {0};
	struct flows flows = {.maps = maps};
	flows.hot = kl_maps_view(maps, KL_MAP_CT_HOT, &flows.hot_len, &err);
	flows.cold = flows.hot ? kl_maps_view(maps, KL_MAP_CT_COLD, &flows.cold_len, &err) : NULL;
	if (!flows.cold)
		return kl_cmd_fail(&kl_cmd_lb, "%s", kl_err_text(&err));
	kl_autojson *list = collect(&flows, service, limit);
	munmap((void *)flows.hot, flows.hot_len);
	munmap((void *)flows.cold, flows.cold_len);
	if (as_json)
		return print_json(list);
	print_table(list);
	return KL_EXIT_OK;
}

struct counter_row {
	const char *name;
	size_t offset;
	const char *what;
};
#define COUNTER(field, words)                                          \
	{                                                              \
#field, offsetof(struct kl_map_counters, field), words \
	}
static const struct counter_row counter_rows[] = {
	COUNTER(forwarded, "packets towards a backend"),
	COUNTER(returned, "replies translated back"),
	COUNTER(passed, "looked at, not ours"),
	COUNTER(icmp_translated, "ICMP errors about flows of ours"),
	COUNTER(deferred, "left by XDP to tc"),
	COUNTER(flows_inserted, "new flows"),
	COUNTER(flows_promoted, "answered flows moved to the main region"),
	COUNTER(flows_overflowed, "flows that found both main lines full"),
	COUNTER(flows_expired, "ended flows whose place was taken"),
	COUNTER(flows_void, "flows of a dead backend, or begun anew"),
	COUNTER(half_open_evicted, "unanswered flows that made room"),
	COUNTER(fragments_unknown, "later fragments without their first: passed"),
	COUNTER(sock_connect, "sockets connected to a Service"),
	COUNTER(sock_sendmsg, "datagram sockets given a backend"),
	COUNTER(sock_no_backend, "sockets refused: no endpoint"),
	COUNTER(udp_reaped, "connected UDP sockets closed: backend dead"),
	COUNTER(drop_no_backend, "no endpoint"),
	COUNTER(drop_no_nat_port, "no free source port towards a backend"),
	COUNTER(drop_ct_full, "no place for a flow"),
	COUNTER(drop_no_node_addr, "this node has no address of the family"),
	COUNTER(drop_ttl, "hop limit reached"),
	COUNTER(drop_rewrite, "the kernel refused to change the packet"),
};

static uint64_t counter_of(const struct kl_map_counters *counters, const struct counter_row *row)
{
	uint64_t value;
	memcpy(&value, (const char *)counters + row->offset, sizeof(value));
	return value;
}

int kl_lb_print_counters(const struct kl_maps *maps, bool as_json)
{
	static const char *const headers[] = {"COUNTER", "VALUE", "MEANING", NULL};
	struct kl_map_counters counters;
	struct kl_err err = {0};
	if (kl_maps_counters(maps, &counters, &err))
		return kl_cmd_fail(&kl_cmd_lb, "%s", kl_err_text(&err));
	if (as_json) {
		kl_autojson *json = json_object();
		for (size_t i = 0; i < KL_ARRAY_LEN(counter_rows); i++)
			json_object_set_new(json, counter_rows[i].name,
				json_integer((json_int_t)counter_of(&counters, &counter_rows[i])));
		return print_json(json);
	}
	struct kl_columns *table = kl_columns_new(headers);
	for (size_t i = 0; i < KL_ARRAY_LEN(counter_rows); i++) {
		kl_autofree char *value =
			kl_asprintf("%llu", (unsigned long long)counter_of(&counters, &counter_rows[i]));
		const char *cells[] = {counter_rows[i].name, value, counter_rows[i].what};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
	return KL_EXIT_OK;
}
