#include "cmd.h"

#include "clock.h"
#include "file.h"
#include "json.h"
#include "lb_flows.h"
#include "maps.h"
#include "service.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIN_ROOT "/sys/fs/bpf/keelson"

static const char *const type_names[16] = {
	[KL_TYPE_CLUSTER_IP] = "ClusterIP",
	[KL_TYPE_NODE_PORT] = "NodePort",
	[KL_TYPE_EXTERNAL_IP] = "ExternalIP",
	[KL_TYPE_LOAD_BALANCER] = "LoadBalancer",
	[KL_TYPE_HOST_PORT] = "HostPort",
	[KL_TYPE_NODE_ADDR] = "Node",
};
static const char *const algorithm_names[] = {"random", "round-robin", "maglev", "least-connection"};

struct lb_options {
	const char *pin_dir, *cluster, *node, *output;
	int limit;
};

static int fail(const struct kl_err *err)
{
	return kl_cmd_fail(&kl_cmd_lb, "%s", kl_err_text(err));
}

/* --- which tables: given, this machine's own node, or the first node of a local cluster */

static bool has_maps(const char *dir)
{
	kl_autofree char *maps = kl_asprintf("%s/v%d/maps", dir, KL_LAYOUT);
	return kl_path_exists(maps);
}

static char *first_node(const char *cluster_dir)
{
	DIR *dir = opendir(cluster_dir);
	char *best = NULL;
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		kl_autofree char *path = kl_asprintf("%s/%s", cluster_dir, entry->d_name);
		if (entry->d_name[0] == '.' || !has_maps(path) || (best && strcmp(path, best) > 0))
			continue;
		free(best);
		best = kl_take(&path);
	}
	if (dir)
		closedir(dir);
	return best;
}

static char *find_pin_dir(const struct lb_options *options)
{
	const char *cluster = options->cluster ? options->cluster : "dev";
	if (options->pin_dir)
		return kl_strdup(options->pin_dir);
	if (options->node)
		return kl_asprintf("%s/%s/%s", PIN_ROOT, cluster, options->node);
	if (!options->cluster && has_maps(PIN_ROOT))
		return kl_strdup(PIN_ROOT);
	kl_autofree char *cluster_dir = kl_asprintf("%s/%s", PIN_ROOT, cluster);
	char *found = first_node(cluster_dir);
	return found ? found : kl_take(&cluster_dir);
}

/* --- one service as JSON; the tables print from it */

static void add_frontends(const struct kl_maps *maps, uint32_t service, json_t *to)
{
	for (uint32_t i = 0; i <= maps->config->frontend_mask; i++) {
		const struct kl_map_frontend *entry = &maps->frontends[i];
		struct kl_addr addr;
		char text[KL_ADDR_TEXT];
		if (entry->service != service)
			continue;
		memcpy(addr.bytes, entry->addr, sizeof(addr.bytes));
		kl_addr_format(&addr, text);
		const char *type = type_names[entry->type & 15];
		json_array_append_new(to, json_pack("{s:s, s:s, s:i}", "type", type ? type : "?", "address", text,
						  "port", ntohs(entry->port)));
	}
}

static const char *state_name(uint8_t flags)
{
	return flags & KL_BE_TERMINATING ? "terminating" : flags & KL_BE_READY ? "ready" : "not ready";
}

static void add_total(json_t *total, const char *name, uint64_t more)
{
	json_object_set_new(
		total, name, json_integer(json_integer_value(json_object_get(total, name)) + (json_int_t)more));
}

static void add_traffic(json_t *to, const struct kl_map_traffic *traffic)
{
	add_total(to, "connections", traffic->connections);
	add_total(to, "packets", traffic->packets);
	add_total(to, "bytes", traffic->bytes);
	add_total(to, "replyBytes", traffic->reply_bytes);
}

static json_t *backend_json(const struct kl_maps *maps, uint32_t id)
{
	const struct kl_map_backend *entry = &maps->backends[id];
	struct kl_map_traffic traffic = {0};
	struct kl_addr addr;
	char text[KL_ADDR_TEXT];
	memcpy(addr.bytes, entry->addr, sizeof(addr.bytes));
	kl_addr_format(&addr, text);
	kl_maps_traffic(maps, id, &traffic, NULL);
	json_t *json = json_pack("{s:i, s:s, s:i, s:s, s:b, s:i, s:i}", "id", (int)id, "address", text, "port",
		ntohs(entry->port), "state", state_name(entry->flags), "local", !!(entry->flags & KL_BE_LOCAL),
		"weight", entry->weight, "generation", entry->generation);
	add_traffic(json, &traffic);
	return json;
}

static void add_backends(const struct kl_maps *maps, uint32_t service, json_t *to, json_t *total)
{
	for (uint32_t id = 1; id < maps->entries[KL_MAP_BACKENDS]; id++) {
		const struct kl_map_backend *entry = &maps->backends[id];
		struct kl_map_traffic traffic;
		if (!(entry->flags & KL_BE_LIVE) || entry->service != service)
			continue;
		json_array_append_new(to, backend_json(maps, id));
		if (!kl_maps_traffic(maps, id, &traffic, NULL))
			add_traffic(total, &traffic);
	}
}

static json_t *set_json(const struct kl_maps *maps, uint32_t service)
{
	uint64_t word = maps->services[service].set;
	uint32_t block = (uint32_t)word;
	if (!block || block >= maps->entries[KL_MAP_SLOTS])
		return json_null();
	const struct kl_map_set *set = &maps->blocks[block].set;
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:b, s:b, s:i, s:i}", "algorithm",
		algorithm_names[set->algorithm & 3], "backends", set->backends, "slots", (int)set->all_count,
		"localSlots", (int)set->local_count, "block", (int)block, "externalLocal",
		!!(set->flags & KL_SET_EXTERNAL_LOCAL), "internalLocal", !!(set->flags & KL_SET_INTERNAL_LOCAL),
		"affinitySeconds", (int)(set->flags & KL_SET_AFFINITY ? set->affinity_ticks : 0), "changes",
		(int)(word >> 32));
}

static const char *proto_name(uint8_t proto)
{
	return proto == KL_PROTO_UDP ? "UDP" : proto == KL_PROTO_SCTP ? "SCTP" : "TCP";
}

static json_t *service_json(const struct kl_maps *maps, uint32_t service)
{
	const struct kl_map_name *name = &maps->names[service];
	json_t *frontends = json_array(), *backends = json_array(), *total = json_object();
	struct kl_map_traffic gone = {.connections = name->connections, .packets = name->packets, .bytes = name->bytes};
	add_traffic(total, &gone);
	add_frontends(maps, service, frontends);
	add_backends(maps, service, backends, total);
	return json_pack("{s:s, s:s, s:i, s:I, s:o, s:o, s:o, s:o}", "service", name->key, "protocol",
		proto_name(name->proto), "id", (int)service, "created", (json_int_t)name->created, "set",
		set_json(maps, service), "frontends", frontends, "backends", backends, "totals", total);
}

bool kl_lb_matches(const char *key, const char *wanted)
{
	const char *slash = strchr(key, '/'), *from = strchr(wanted, '/') || !slash ? key : slash + 1;
	size_t len = strlen(wanted);
	return !strncmp(from, wanted, len) && (from[len] == 0 || from[len] == ':' || from[len] == '/');
}

static json_t *collect(const struct kl_maps *maps, const char *wanted)
{
	json_t *list = json_array();
	for (uint32_t i = 1; i < maps->entries[KL_MAP_NAMES]; i++)
		if (maps->names[i].key[0] && (!wanted || kl_lb_matches(maps->names[i].key, wanted)))
			json_array_append_new(list, service_json(maps, i));
	return list;
}

/* --- for people */

static char *number(const json_t *json, const char *name)
{
	return kl_asprintf("%lld", (long long)kl_json_int(json, 0, name, NULL));
}

static char *frontend_text(const json_t *frontend)
{
	const char *address = kl_json_str(frontend, "address", NULL), *type = kl_json_str(frontend, "type", NULL);
	long long port = kl_json_int(frontend, 0, "port", NULL);
	if (!strcmp(type, "NodePort"))
		return kl_asprintf("*:%lld", port);
	return strchr(address, ':') ? kl_asprintf("[%s]:%lld", address, port) : kl_asprintf("%s:%lld", address, port);
}

static char *frontends_text(const json_t *service)
{
	size_t i;
	json_t *frontend;
	kl_autobuf text = {0};
	json_array_foreach (kl_json_get(service, "frontends", NULL), i, frontend) {
		kl_autofree char *one = frontend_text(frontend);
		kl_buf_printf(&text, "%s%s", i ? "," : "", one);
	}
	return kl_strdup(text.len ? kl_buf_str(&text) : "<none>");
}

static void print_list(const json_t *list, bool wide)
{
	static const char *const narrow_headers[] = {"SERVICE", "PROTO", "FRONTENDS", "BACKENDS", "CONNECTIONS", NULL};
	static const char *const wide_headers[] = {"SERVICE", "PROTO", "FRONTENDS", "BACKENDS", "CONNECTIONS",
		"PACKETS", "BYTES", "ALGORITHM", "SLOTS", "ID", "CHANGES", NULL};
	struct kl_columns *table = kl_columns_new(wide ? wide_headers : narrow_headers);
	size_t i;
	json_t *service;
	json_array_foreach (list, i, service) {
		const json_t *totals = kl_json_get(service, "totals", NULL), *set = kl_json_get(service, "set", NULL);
		kl_autofree char *frontends = frontends_text(service);
		kl_autofree char *backends = kl_asprintf("%lld/%zu", (long long)kl_json_int(set, 0, "backends", NULL),
			json_array_size(kl_json_get(service, "backends", NULL)));
		kl_autofree char *connections = number(totals, "connections"), *packets = number(totals, "packets");
		kl_autofree char *bytes = number(totals, "bytes"), *slots = number(set, "slots"),
				 *id = number(service, "id");
		kl_autofree char *changes = number(set, "changes");
		const char *cells[] = {kl_json_str(service, "service", NULL), kl_json_str(service, "protocol", NULL),
			frontends, backends, connections, packets, bytes, kl_json_str(set, "algorithm", NULL), slots,
			id, changes};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static void print_backends(const json_t *service)
{
	static const char *const headers[] = {
		"ID", "BACKEND", "WHERE", "STATE", "WEIGHT", "CONNECTIONS", "PACKETS", "BYTES", "REPLY-BYTES", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *backend;
	json_array_foreach (kl_json_get(service, "backends", NULL), i, backend) {
		kl_autofree char *address = frontend_text(backend), *id = number(backend, "id");
		kl_autofree char *weight = number(backend, "weight"), *connections = number(backend, "connections");
		kl_autofree char *packets = number(backend, "packets"), *bytes = number(backend, "bytes");
		kl_autofree char *replies = number(backend, "replyBytes");
		const char *cells[] = {id, address, kl_json_bool(backend, false, "local", NULL) ? "local" : "remote",
			kl_json_str(backend, "state", NULL), weight, connections, packets, bytes, replies};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static void print_one(const json_t *service)
{
	const json_t *set = kl_json_get(service, "set", NULL);
	size_t i;
	json_t *frontend;
	printf("Service:    %s (id %lld, %s)\n", kl_json_str(service, "service", NULL),
		(long long)kl_json_int(service, 0, "id", NULL), kl_json_str(service, "protocol", NULL));
	printf("Balancing:  %s, %lld slots for %lld backends, changed %lld times\n",
		kl_json_str(set, "algorithm", NULL), (long long)kl_json_int(set, 0, "slots", NULL),
		(long long)kl_json_int(set, 0, "backends", NULL), (long long)kl_json_int(set, 0, "changes", NULL));
	if (kl_json_int(set, 0, "affinitySeconds", NULL))
		printf("Affinity:   ClientIP, %lld s\n", (long long)kl_json_int(set, 0, "affinitySeconds", NULL));
	if (kl_json_bool(set, false, "externalLocal", NULL) || kl_json_bool(set, false, "internalLocal", NULL))
		printf("Local only: %s%s\n", kl_json_bool(set, false, "externalLocal", NULL) ? "external " : "",
			kl_json_bool(set, false, "internalLocal", NULL) ? "internal" : "");
	json_array_foreach (kl_json_get(service, "frontends", NULL), i, frontend) {
		kl_autofree char *text = frontend_text(frontend);
		printf("%-11s %s (%s)\n", i ? "" : "Frontends:", text, kl_json_str(frontend, "type", NULL));
	}
	print_backends(service);
}

static int print(const json_t *list, const char *wanted, const char *output)
{
	size_t i;
	json_t *service;
	if (!strcmp(output, "json")) {
		kl_autofree char *text = json_dumps(list, JSON_INDENT(2));
		puts(text);
	} else if (!wanted) {
		print_list(list, !strcmp(output, "wide"));
	} else {
		json_array_foreach (list, i, service) {
			if (i)
				putchar('\n');
			print_one(service);
		}
	}
	return KL_EXIT_OK;
}

static int run_services(const struct kl_maps *maps, const struct lb_options *options, const char *wanted)
{
	kl_autojson *list = collect(maps, wanted);
	if (wanted && !json_array_size(list))
		return kl_cmd_fail(&kl_cmd_lb, "no service '%s' in the kernel's tables", wanted);
	return print(list, wanted, options->output);
}

static int run_flows(const struct kl_maps *maps, const struct lb_options *options, const char *wanted)
{
	return kl_lb_print_flows(maps, wanted, options->limit, !strcmp(options->output, "json"));
}

static int run_counters(const struct kl_maps *maps, const struct lb_options *options, const char *wanted)
{
	(void)wanted;
	return kl_lb_print_counters(maps, !strcmp(options->output, "json"));
}

static const struct verb {
	const char *name;
	int least, most; /* arguments */
	int (*run)(const struct kl_maps *maps, const struct lb_options *options, const char *wanted);
} verbs[] = {{"list", 0, 0, run_services}, {"get", 1, 1, run_services}, {"flows", 0, 1, run_flows},
	{"counters", 0, 0, run_counters}};

static const struct verb *find_verb(const char *name, int arguments)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name) && arguments >= verbs[i].least && arguments <= verbs[i].most)
			return &verbs[i];
	return NULL;
}

static int run_lb(int argc, char **argv)
{
	struct lb_options options = {.output = ""};
	const struct kl_opt opts[] = {
		{"pin-dir", 0, KL_OPT_STRING, &options.pin_dir},
		{"cluster", 0, KL_OPT_STRING, &options.cluster},
		{"node", 0, KL_OPT_STRING, &options.node},
		{"output", 'o', KL_OPT_STRING, &options.output},
		{"limit", 0, KL_OPT_INT, &options.limit},
	};
	int count = kl_opts_parse(&kl_cmd_lb, opts, KL_ARRAY_LEN(opts), argc, argv);
	const struct verb *verb = find_verb(count > 0 ? argv[1] : "list", count > 0 ? count - 1 : 0);
	if (!verb) {
		kl_cmd_fail(&kl_cmd_lb, "say 'list', 'get SERVICE', 'flows [SERVICE]' or 'counters'");
		return KL_EXIT_USAGE;
	}
	if (options.output[0] && strcmp(options.output, "wide") && strcmp(options.output, "json")) {
		kl_cmd_fail(&kl_cmd_lb, "no output form '%s': wide, json", options.output);
		return KL_EXIT_USAGE;
	}
	struct kl_err err = {0};
	const struct kl_maps *maps;
	kl_autofree char *pin_dir = find_pin_dir(&options);
	if (!has_maps(pin_dir))
		return kl_cmd_fail(&kl_cmd_lb,
			"no tables below '%s': is the agent running? (--pin-dir, --cluster, --node)", pin_dir);
	if (kl_maps_look(pin_dir, &maps, &err))
		return fail(&err);
	int code = verb->run(maps, &options, count > 1 ? argv[2] : NULL);
	kl_maps_close((struct kl_maps *)maps);
	return code;
}

const struct kl_cmd kl_cmd_lb = {
	.name = "lb",
	.summary = "Show the kernel's load balancer tables",
	.run = run_lb,
	.help = "Usage: keelson lb list [-o wide|json]\n"
		"       keelson lb get SERVICE [-o json]\n"
		"       keelson lb flows [SERVICE] [--limit N] [-o json]\n"
		"       keelson lb counters [-o json]\n\n"
		"Shows services and backends, the connection table, and what was counted, as the kernel has them: read "
		"from the\n"
		"pinned maps, no agent is asked.\n"
		"SERVICE is a name, namespace/name, or the whole key namespace/name:port.\n\n"
		"Options:\n"
		"  --pin-dir DIR    the tables' folder (default: this machine's node, " PIN_ROOT ",\n"
		"                   or the first node of the local cluster)\n"
		"  --cluster NAME   a cluster of 'keelson up' (default dev)\n"
		"  --node NODE      a node of that cluster\n"
		"  --limit N        at most so many flows\n"
		"  -o, --output     wide: more columns; json\n",
};
