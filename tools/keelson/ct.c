/*
 * `keelson ct`: the connection table of a node.
 */
#include "cmd.h"

#include "ct_flows.h"
#include "lb_service.h"
#include "look.h"
#include "mapnames.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct ct_options {
	struct kl_look_options look;
	const char *service, *client, *backend, *state, *proto;
	int limit;
	bool quiet;
};

/* --- filters */

static int parse_proto(const char *text, uint8_t *ret)
{
	*ret = !strcasecmp(text, "tcp")    ? KL_PROTO_TCP
	       : !strcasecmp(text, "udp")  ? KL_PROTO_UDP
	       : !strcasecmp(text, "sctp") ? KL_PROTO_SCTP
					   : 0;
	return *ret ? 0 : -1;
}

static bool known_state(const char *state)
{
	for (unsigned phase = KL_PHASE_NEW; phase <= KL_PHASE_UDP; phase++)
		if (!strcmp(kl_phase_name(phase), state))
			return true;
	return !strcmp(state, "void");
}

static bool filter_of(const struct ct_options *o, struct kl_ct_filter *ret)
{
	*ret = (struct kl_ct_filter){.service = o->service, .state = o->state};
	ret->has_client = o->client != NULL;
	ret->has_backend = o->backend != NULL;
	if (o->client && kl_endpoint_parse(o->client, &ret->client, &ret->client_port))
		kl_cmd_fail(&kl_cmd_ct, "--client wants IP or IP:PORT, not '%s'", o->client);
	else if (o->backend && kl_endpoint_parse(o->backend, &ret->backend, &ret->backend_port))
		kl_cmd_fail(&kl_cmd_ct, "--backend wants IP or IP:PORT, not '%s'", o->backend);
	else if (o->proto && parse_proto(o->proto, &ret->proto))
		kl_cmd_fail(&kl_cmd_ct, "--proto is tcp, udp or sctp, not '%s'", o->proto);
	else if (o->state && !known_state(o->state))
		kl_cmd_fail(
			&kl_cmd_ct, "--state is new, answered, open, closing, closed, udp or void, not '%s'", o->state);
	else
		return true;
	return false;
}

/* A name that no Service has is a mistake, not an empty answer. */
static bool service_exists(const struct kl_maps *maps, const char *service)
{
	for (uint32_t i = 1; service && i < maps->entries[KL_MAP_NAMES]; i++)
		if (maps->names[i].key[0] && kl_lb_matches(maps->names[i].key, service))
			return true;
	return !service || !strcmp(service, "<masquerade>");
}

/* --- list */

struct listing {
	const struct kl_ct_view *view;
	json_t *list;
	int limit;
	bool cut;
};

static bool collect(const struct kl_ct_flow *flow, void *arg)
{
	struct listing *listing = arg;
	if (listing->limit > 0 && json_array_size(listing->list) >= (size_t)listing->limit) {
		listing->cut = true;
		return false;
	}
	json_array_append_new(listing->list, kl_ct_flow_json(listing->view, flow));
	return true;
}

static enum kl_colour state_colour(const char *state)
{
	return !strcmp(state, "open") || !strcmp(state, "udp") ? KL_GREEN : !strcmp(state, "void") ? KL_RED : KL_PLAIN;
}

static void print_table(const json_t *list, bool wide)
{
	static const char *const narrow[] = {
		"PROTO", "CLIENT", "FRONTEND", "BACKEND", "STATE", "IDLE", "SERVICE", NULL};
	static const char *const all[] = {"PROTO", "CLIENT", "FRONTEND", "BACKEND", "STATE", "IDLE", "SERVICE", "AGE",
		"NAT-PORT", "REGION", "ENTRY", NULL};
	struct kl_columns *table = kl_columns_new(wide ? all : narrow);
	size_t i;
	json_t *flow;
	json_array_foreach (list, i, flow) {
		const char *state = kl_json_str(flow, "state", NULL);
		long long nat = kl_json_int(flow, 0, "natPort", NULL);
		kl_autofree char *shown = kl_coloured(state_colour(state), state);
		kl_autofree char *idle = kl_asprintf("%llds", (long long)kl_json_int(flow, 0, "idleSeconds", NULL));
		kl_autofree char *age = kl_asprintf("%llds", (long long)kl_json_int(flow, 0, "ageSeconds", NULL));
		kl_autofree char *port = nat ? kl_asprintf("%lld", nat) : kl_strdup("-");
		kl_autofree char *entry = kl_asprintf("%lld", (long long)kl_json_int(flow, 0, "entry", NULL));
		const char *cells[] = {kl_json_str(flow, "protocol", NULL), kl_json_str(flow, "client", NULL),
			kl_json_str(flow, "frontend", NULL), kl_json_str(flow, "backend", NULL), shown, idle,
			kl_json_str(flow, "service", NULL), age, port, kl_json_str(flow, "region", NULL), entry};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static int list(const struct kl_ct_view *view, const struct kl_ct_filter *filter, const struct ct_options *o)
{
	kl_autojson *flows = json_array();
	struct listing listing = {view, flows, o->limit, false};
	kl_ct_each(view, filter, collect, &listing);
	if (o->look.output && !strcmp(o->look.output, "json"))
		return kl_look_print_json(flows);
	if (json_array_size(flows))
		print_table(flows, o->look.output != NULL);
	else
		fputs("No flows.\n", stderr);
	if (listing.cut)
		fprintf(stderr, "… and more: --limit %d\n", o->limit);
	return KL_EXIT_OK;
}

/* --- flush */

struct flushing {
	const struct kl_ct_view *view;
	size_t freed, kept;
};

static bool flush_one(const struct kl_ct_flow *flow, void *arg)
{
	struct flushing *flushing = arg;
	*(kl_ct_free(flushing->view, flow) ? &flushing->freed : &flushing->kept) += 1;
	return true;
}

static int flush(const struct kl_ct_view *view, const struct kl_ct_filter *filter, const struct ct_options *o)
{
	struct flushing flushing = {.view = view};
	kl_ct_each(view, filter, flush_one, &flushing);
	if (o->look.output) {
		kl_autojson *json = json_pack("{s:s, s:I, s:I}", "service", o->service, "flushed",
			(json_int_t)flushing.freed, "changedMeanwhile", (json_int_t)flushing.kept);
		return kl_look_print_json(json);
	}
	printf("%zu flow%s of %s flushed%s%s\n", flushing.freed, flushing.freed == 1 ? "" : "s", o->service,
		o->backend ? " towards " : "", o->backend ? o->backend : "");
	if (flushing.kept)
		printf("%zu had changed meanwhile and stay\n", flushing.kept);
	return KL_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct ct_options o = {0};
	const struct kl_opt opts[] = {
		KL_LOOK_OPTS(&o.look),
		{"service", 0, KL_OPT_STRING, &o.service},
		{"client", 0, KL_OPT_STRING, &o.client},
		{"backend", 0, KL_OPT_STRING, &o.backend},
		{"state", 0, KL_OPT_STRING, &o.state},
		{"proto", 0, KL_OPT_STRING, &o.proto},
		{"limit", 0, KL_OPT_INT, &o.limit},
	};
	struct kl_ct_filter filter;
	struct kl_err err = {0};
	int count = kl_opts_parse(&kl_cmd_ct, opts, KL_ARRAY_LEN(opts), argc, argv);
	bool flushes = count == 1 && !strcmp(argv[1], "flush");
	if (count != 1 || (!flushes && strcmp(argv[1], "list")))
		return kl_cmd_fail(&kl_cmd_ct, "say 'list' or 'flush --service NAME'"), KL_EXIT_USAGE;
	if (flushes && !o.service)
		return kl_cmd_fail(&kl_cmd_ct, "flush wants --service NAME: it never empties the whole table"),
		       KL_EXIT_USAGE;
	if (!filter_of(&o, &filter))
		return KL_EXIT_USAGE;
	kl_look_check_output(&kl_cmd_ct, o.look.output, flushes ? "json" : "wide json");
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_ct, &o.look, &look))
		return KL_EXIT_FAILURE;
	if (!service_exists(look.maps, o.service))
		return kl_cmd_fail(&kl_cmd_ct, "no Service '%s' in the tables of %s", o.service, look.name);
	kl_autoct view;
	if (kl_ct_open(look.maps, flushes, &view, &err))
		return kl_cmd_fail(&kl_cmd_ct, "%s", err.text);
	return flushes ? flush(&view, &filter, &o) : list(&view, &filter, &o);
}

const struct kl_cmd kl_cmd_ct = {
	.name = "ct",
	.summary = "Show the connection table of a node, or forget a Service's flows",
	.run = run,
	.help = "Usage: keelson ct list [FILTERS] [-o wide|json]\n"
		"       keelson ct flush --service SERVICE [FILTERS] [-o json]\n\n"
		"Shows the flows that the balancer on the uplink knows. Connections from pods and from the node to a "
		"Service are\n"
		"balanced at the socket and have no flow.\n\n"
		"STATE: new (nothing has come back), answered, open, closing (one side has), closed, udp; void: of a "
		"backend that\n"
		"is gone, to be replaced. IDLE: since the last packet either way.\n\n"
		"flush forgets flows: their next packet is balanced anew, as if it were the first. Nothing else in "
		"Keelson ever\n"
		"does so; a removed backend's flows are void by themselves. Connections to other backends than the one "
		"chosen then\n"
		"break, so give --backend to move only its flows.\n\n"
		"Filters\n"
		"      --service SERVICE    a name, namespace/name, or namespace/name:port\n"
		"      --client IP[:PORT], --backend IP[:PORT], --proto tcp|udp|sctp\n"
		"      --state STATE        as printed\n"
		"      --limit N            at most so many (list)\n" KL_LOOK_HELP
		"  -o, --output FORM        wide: more columns; json\n\n"
		"Examples:\n"
		"  keelson ct list --service web --state open\n"
		"  keelson ct list --client 192.0.2.7 -o json | jq length\n"
		"  keelson ct flush --service default/web:80 --backend 10.128.1.7:8080\n",
};
