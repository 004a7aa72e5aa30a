/*
 * `keelson lb`: the Services of a node as its kernel has them.
 */
#include "cmd.h"

#include "json.h"
#include "lb_service.h"
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- for people */

static char *number(const json_t *json, const char *name)
{
	return kl_asprintf("%lld", (long long)kl_json_int(json, 0, name, NULL));
}

static char *bytes(const json_t *json, const char *name)
{
	return kl_bytes_text((uint64_t)kl_json_int(json, 0, name, NULL));
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

static bool is_local(const json_t *set, const char *policy)
{
	return !strcmp(kl_json_str(set, policy, NULL), "Local");
}

/* What is not the default. */
static char *policy_text(const json_t *service)
{
	const json_t *set = kl_json_get(service, "set", NULL);
	kl_autobuf text = {0};
	long long affinity = kl_json_int(set, 0, "affinitySeconds", NULL);
	if (is_local(set, "externalTrafficPolicy"))
		kl_buf_str_push(&text, "external=Local ");
	if (is_local(set, "internalTrafficPolicy"))
		kl_buf_str_push(&text, "internal=Local ");
	if (affinity)
		kl_buf_printf(&text, "affinity=%llds ", affinity);
	if (kl_json_bool(set, false, "sourceRanges", NULL))
		kl_buf_str_push(&text, "ranges ");
	if (!text.len)
		return kl_strdup("-");
	text.data[text.len - 1] = 0;
	return kl_strdup(text.data);
}

/* "2/3", red when nothing may be chosen, yellow when not all are. */
static char *backends_text(const json_t *service)
{
	long long chosen = kl_json_int(service, 0, "set", "backends", NULL);
	size_t all = json_array_size(kl_json_get(service, "backends", NULL));
	kl_autofree char *text = kl_asprintf("%lld/%zu", chosen, all);
	return kl_coloured(!chosen ? KL_RED : (size_t)chosen < all ? KL_YELLOW : KL_PLAIN, text);
}

static void print_list(const json_t *list, bool wide)
{
	static const char *const narrow_headers[] = {
		"SERVICE", "PROTO", "ALGORITHM", "FRONTENDS", "BACKENDS", "LIVE", "CONNECTIONS", NULL};
	static const char *const wide_headers[] = {"SERVICE", "PROTO", "ALGORITHM", "FRONTENDS", "BACKENDS", "LIVE",
		"CONNECTIONS", "PACKETS", "BYTES", "REPLY-BYTES", "FORWARDING", "POLICY", "SLOTS", "ID", "CHANGES",
		NULL};
	struct kl_columns *table = kl_columns_new(wide ? wide_headers : narrow_headers);
	size_t i;
	json_t *service;
	json_array_foreach (list, i, service) {
		const json_t *totals = kl_json_get(service, "totals", NULL), *set = kl_json_get(service, "set", NULL);
		kl_autofree char *frontends = frontends_text(service), *backends = backends_text(service);
		kl_autofree char *live = number(totals, "live"), *connections = number(totals, "connections");
		kl_autofree char *packets = number(totals, "packets"), *sent = bytes(totals, "bytes");
		kl_autofree char *replies = bytes(totals, "replyBytes"), *policy = policy_text(service);
		kl_autofree char *slots = number(set, "slots"), *id = number(service, "id");
		kl_autofree char *changes = number(set, "changes");
		const char *cells[] = {kl_json_str(service, "service", NULL), kl_json_str(service, "protocol", NULL),
			kl_json_str(set, "algorithm", NULL), frontends, backends, live, connections, packets, sent,
			replies, kl_json_str(service, "forwarding", NULL), policy, slots, id, changes};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static enum kl_colour state_colour(const char *state)
{
	return !strcmp(state, "ready") ? KL_GREEN : !strcmp(state, "terminating") ? KL_YELLOW : KL_RED;
}

static void print_backends(const json_t *service)
{
	static const char *const headers[] = {"ID", "BACKEND", "FORWARDING", "STATE", "WEIGHT", "LIVE", "CONNECTIONS",
		"PACKETS", "BYTES", "REPLY-BYTES", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *backend;
	json_array_foreach (kl_json_get(service, "backends", NULL), i, backend) {
		const char *state = kl_json_str(backend, "state", NULL);
		kl_autofree char *address = frontend_text(backend), *id = number(backend, "id");
		kl_autofree char *weight = number(backend, "weight"), *connections = number(backend, "connections");
		kl_autofree char *packets = number(backend, "packets"), *sent = bytes(backend, "bytes");
		kl_autofree char *replies = bytes(backend, "replyBytes"), *live = number(backend, "live");
		kl_autofree char *shown = kl_coloured(state_colour(state), state);
		const char *cells[] = {id, address, kl_json_str(backend, "forwarding", NULL), shown, weight, live,
			connections, packets, sent, replies};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static void print_ranges(const json_t *service)
{
	size_t i;
	json_t *range;
	json_array_foreach (kl_json_get(service, "loadBalancerSourceRanges", NULL), i, range)
		printf("%-13s %s\n", i ? "" : "Sources:", json_string_value(range));
}

static void print_one(const json_t *service)
{
	const json_t *set = kl_json_get(service, "set", NULL);
	kl_autofree char *policy = policy_text(service);
	size_t i;
	json_t *frontend;
	printf("Service:      %s%s%s (id %lld, %s)\n", kl_colour(KL_BOLD), kl_json_str(service, "service", NULL),
		kl_colour(KL_PLAIN), (long long)kl_json_int(service, 0, "id", NULL),
		kl_json_str(service, "protocol", NULL));
	printf("Balancing:    %s, %lld slots for %lld backends, changed %lld times\n",
		kl_json_str(set, "algorithm", NULL), (long long)kl_json_int(set, 0, "slots", NULL),
		(long long)kl_json_int(set, 0, "backends", NULL), (long long)kl_json_int(set, 0, "changes", NULL));
	printf("Forwarding:   %s\n", kl_json_str(service, "forwarding", NULL));
	if (strcmp(policy, "-"))
		printf("Policy:       %s\n", policy);
	json_array_foreach (kl_json_get(service, "frontends", NULL), i, frontend) {
		kl_autofree char *text = frontend_text(frontend);
		printf("%-13s %s (%s)\n", i ? "" : "Frontends:", text, kl_json_str(frontend, "type", NULL));
	}
	print_ranges(service);
	print_backends(service);
}

static int print(const json_t *list, bool each, const char *output)
{
	size_t i;
	json_t *service;
	if (!strcmp(output, "json"))
		return kl_look_print_json(list);
	if (!each) {
		print_list(list, !strcmp(output, "wide"));
		return KL_EXIT_OK;
	}
	json_array_foreach (list, i, service) {
		if (i)
			putchar('\n');
		print_one(service);
	}
	return KL_EXIT_OK;
}

static int run_lb(int argc, char **argv)
{
	struct kl_look_options options = {0};
	const struct kl_opt opts[] = {KL_LOOK_OPTS(&options)};
	int count = kl_opts_parse(&kl_cmd_lb, opts, KL_ARRAY_LEN(opts), argc, argv);
	bool get = count > 0 && !strcmp(argv[1], "get"), list = count > 0 && !strcmp(argv[1], "list");
	if ((!get && !list) || count != 1 + get) {
		kl_cmd_fail(&kl_cmd_lb,
			"say 'list' or 'get SERVICE'; flows: 'keelson ct list', counters: 'keelson drops --all'");
		return KL_EXIT_USAGE;
	}
	kl_look_check_output(&kl_cmd_lb, options.output, get ? "json" : "wide json");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_lb, &options, &look))
		return KL_EXIT_FAILURE;
	kl_autolbindex *index = kl_lb_index_new(look.maps);
	kl_autojson *services = kl_lb_services_json(index, get ? argv[2] : NULL);
	if (get && !json_array_size(services))
		return kl_cmd_fail(&kl_cmd_lb, "no Service '%s' in the tables of %s", argv[2], look.name);
	return print(services, get, options.output ? options.output : "");
}

const struct kl_cmd kl_cmd_lb = {
	.name = "lb",
	.summary = "Show the Services in a node's kernel: backends, balancing, traffic",
	.run = run_lb,
	.help = "Usage: keelson lb list [-o wide|json]\n"
		"       keelson lb get SERVICE [-o json]\n\n"
		"Shows Services as the kernel has them, read from its tables; no agent is asked. SERVICE is a name,\n"
		"namespace/name, or the whole key namespace/name:port.\n\n"
		"BACKENDS 2/3: two are chosen for new connections, of three. LIVE: connections open now. CONNECTIONS "
		"counts\n"
		"flows of the balancer and connected sockets; PACKETS and BYTES only what crossed the uplink, since a\n"
		"connected socket's packets are not looked at.\n\n" KL_LOOK_HELP
		"  -o, --output FORM    wide: more columns; json\n\n"
		"Examples:\n"
		"  keelson lb list -o wide\n"
		"  keelson lb get web --cluster dev --node node2\n"
		"  keelson lb get web -o json | jq '.[].backends[] | {address, live, weight}'\n",
};
