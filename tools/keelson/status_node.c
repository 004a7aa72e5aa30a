#include "status_node.h"

#include "clock.h"
#include "mapnames.h"
#include "netns.h"
#include "status_links.h"
#include "tablestats.h"

#include <dirent.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_TIMEOUT_MS = 5000, ATTACH_TCX_INGRESS = 46, ATTACH_TCX_EGRESS = 47 };

/* --- programs */

/* Interfaces are those of the node's namespace. */
struct naming {
	const struct kl_pinned_link *links;
	size_t count;
	char (*names)[IF_NAMESIZE];
};

static int name_interfaces(void *arg, struct kl_err *err)
{
	struct naming *naming = arg;
	(void)err;
	for (size_t i = 0; i < naming->count; i++)
		if (!naming->links[i].ifindex || !if_indextoname(naming->links[i].ifindex, naming->names[i]))
			naming->names[i][0] = 0;
	return 0;
}

static const char *hook_name(const struct kl_pinned_link *link)
{
	static const struct {
		uint32_t type;
		const char *name;
	} hooks[] = {
		{BPF_CGROUP_INET4_CONNECT, "connect4"},
		{BPF_CGROUP_INET6_CONNECT, "connect6"},
		{BPF_CGROUP_UDP4_SENDMSG, "sendmsg4"},
		{BPF_CGROUP_UDP6_SENDMSG, "sendmsg6"},
		{BPF_CGROUP_UDP4_RECVMSG, "recvmsg4"},
		{BPF_CGROUP_UDP6_RECVMSG, "recvmsg6"},
		{BPF_CGROUP_INET4_GETPEERNAME, "getpeername4"},
		{BPF_CGROUP_INET6_GETPEERNAME, "getpeername6"},
		{BPF_CGROUP_INET4_BIND, "bind4"},
		{BPF_CGROUP_INET6_BIND, "bind6"},
		{BPF_CGROUP_INET4_POST_BIND, "post_bind4"},
		{BPF_CGROUP_INET6_POST_BIND, "post_bind6"},
		{BPF_CGROUP_INET_SOCK_RELEASE, "sock_release"},
		{ATTACH_TCX_INGRESS, "ingress"},
		{ATTACH_TCX_EGRESS, "egress"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(hooks); i++)
		if (link->attach_type == hooks[i].type)
			return hooks[i].name;
	return !strcmp(link->type, "xdp") ? "ingress" : "?";
}

static json_t *link_json(const struct kl_pinned_link *link, const char *interface)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:s, s:i}", "link", link->name, "program",
		link->program, "type", link->type, "hook", hook_name(link), "attached", kl_pinned_link_attached(link),
		"programId", (json_int_t)link->prog_id, "linkId", (json_int_t)link->link_id, "tag", link->tag,
		"instructions", (int)link->instructions);
	if (link->ifindex) {
		json_object_set_new(json, "ifindex", json_integer(link->ifindex));
		json_object_set_new(json, "interface", json_string(interface));
	}
	return json;
}

static json_t *programs_json(const struct kl_look *look)
{
	size_t count;
	kl_autofree struct kl_pinned_link *links = kl_pinned_links(look->pin_dir, &count);
	kl_autofree char(*names)[IF_NAMESIZE] = kl_calloc(count + 1, sizeof(*names));
	struct naming naming = {links, count, names};
	kl_autoclose int netns = look->netns ? kl_netns_open(look->netns, NULL) : -1;
	if (!look->netns || netns >= 0)
		kl_netns_run(netns, name_interfaces, &naming, NULL);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, link_json(&links[i], names[i]));
	return list;
}

/* Links of pods: a folder each. */
static int pods_attached(const struct kl_look *look)
{
	kl_autofree char *path = kl_asprintf("%s/pods", look->pin_dir);
	DIR *dir = opendir(path);
	int count = 0;
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

/* --- tables */

static void add_table(json_t *tables, const char *name, const struct kl_fill *fill)
{
	json_array_append_new(tables, json_pack("{s:s, s:I, s:I}", "table", name, "used", (json_int_t)fill->used,
					      "size", (json_int_t)fill->size));
}

static json_t *tables_json(const struct kl_look *look, json_t *node)
{
	struct kl_table_stats stats = {0};
	json_t *tables = json_array(), *phases = json_object();
	kl_table_stats_read(look->maps, &stats);
	add_table(tables, "services", &stats.services);
	add_table(tables, "frontends", &stats.frontends);
	add_table(tables, "backends", &stats.backends);
	add_table(tables, "slot blocks", &stats.slots);
	if (!kl_table_stats_read_ct(look->maps, &stats, NULL))
		for (int i = 0; i < KL_CT_REGIONS; i++) {
			kl_autofree char *name = kl_asprintf("conntrack %s", kl_ct_region_name((enum kl_ct_region)i));
			add_table(tables, name, &stats.ct[i]);
		}
	for (unsigned phase = KL_PHASE_NEW; phase < KL_PHASES; phase++)
		json_object_set_new(phases, kl_phase_name(phase), json_integer((json_int_t)stats.phases[phase]));
	json_object_set_new(node, "flows", phases);
	json_object_set_new(node, "liveConnections", json_integer((json_int_t)stats.live));
	return tables;
}

static json_t *drops_json(const struct kl_look *look)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	struct kl_map_counters counters;
	json_t *json = json_object();
	if (kl_maps_counters(look->maps, &counters, NULL))
		return json;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = kl_counter_value(&counters, &rows[i]);
		if (rows[i].kind == KL_COUNTER_DROP && value)
			json_object_set_new(json, rows[i].reason, json_integer((json_int_t)value));
	}
	return json;
}

json_t *kl_status_node_json(struct kl_look *look)
{
	struct kl_err err = {0};
	json_t *node = json_pack("{s:s, s:s, s:i, s:i}", "name", look->name, "pinDir", look->pin_dir, "layout",
		KL_LAYOUT, "podsAttached", pods_attached(look));
	json_t *agent = kl_look_ask(look, "{\"ask\":\"status\"}", ASK_TIMEOUT_MS, &err);
	if (agent)
		json_object_set_new(node, "agent", agent);
	else
		json_object_set_new(node, "agentError", json_string(err.text));
	json_object_set_new(node, "programs", programs_json(look));
	json_object_set_new(node, "tables", tables_json(look, node));
	json_object_set_new(node, "drops", drops_json(look));
	return node;
}

/* --- for people */

static char *ago(const json_t *json, const char *name)
{
	char text[KL_TIME_TEXT];
	int64_t ms;
	if (kl_time_parse(kl_json_str(json, name, NULL), &ms))
		return kl_strdup("never");
	kl_duration_human((kl_realtime_ms() - ms) / 1000, text);
	return kl_asprintf("%s ago", text);
}

static void print_stream(const json_t *stream)
{
	kl_autofree char *heard = ago(stream, "heard");
	bool connected = kl_json_bool(stream, false, "connected", NULL),
	     synced = kl_json_bool(stream, false, "synced", NULL);
	printf("Stream:     %s%s%s%s, position %lld, heard %s; %lld changes applied, 99 %% within %g ms\n",
		kl_colour(connected ? KL_GREEN : KL_RED), connected ? "connected" : "not connected",
		kl_colour(KL_PLAIN), synced ? "" : ", no complete table yet",
		(long long)kl_json_int(stream, 0, "seq", NULL), heard,
		(long long)kl_json_int(stream, 0, "changes", NULL),
		json_number_value(kl_json_get(stream, "programmingP99Seconds", NULL)) * 1000);
	if (kl_json_int(stream, 0, "failures", NULL))
		printf("            %s%lld changes did not fit into the tables%s\n", kl_colour(KL_RED),
			(long long)kl_json_int(stream, 0, "failures", NULL), kl_colour(KL_PLAIN));
}

static void print_audit(const json_t *audit)
{
	kl_autofree char *last = ago(audit, "last");
	long long missing = (long long)kl_json_int(audit, 0, "missing", NULL);
	long long wrong = (long long)kl_json_int(audit, 0, "wrong", NULL),
		  foreign = (long long)kl_json_int(audit, 0, "foreign", NULL);
	printf("Audit:      %lld runs, the last %s; ", (long long)kl_json_int(audit, 0, "runs", NULL), last);
	if (missing + wrong + foreign)
		printf("found %lld missing, %lld wrong, %lld foreign entries\n", missing, wrong, foreign);
	else
		puts("no difference ever");
}

static void print_agent(const json_t *node)
{
	const json_t *agent = kl_json_get(node, "agent", NULL);
	kl_autofree char *started = agent ? ago(agent, "started") : NULL;
	printf("Node:       %s%s%s\n", kl_colour(KL_BOLD), kl_json_str(node, "name", NULL), kl_colour(KL_PLAIN));
	if (!agent) {
		printf("Agent:      %snot there%s (%s); programs and tables work on\n", kl_colour(KL_RED),
			kl_colour(KL_PLAIN), kl_json_str(node, "agentError", NULL));
		return;
	}
	printf("Agent:      keelson %s, pid %lld, started %s\n", kl_json_str(agent, "version", NULL),
		(long long)kl_json_int(agent, 0, "pid", NULL), started);
	printf("Balancer:   %s on %s; services %lld, backends %lld, pods attached %lld\n",
		kl_json_str(agent, "mode", NULL), kl_json_str(agent, "uplink", NULL),
		(long long)kl_json_int(agent, 0, "services", NULL), (long long)kl_json_int(agent, 0, "backends", NULL),
		(long long)kl_json_int(node, 0, "podsAttached", NULL));
	print_stream(kl_json_get(agent, "stream", NULL));
	print_audit(kl_json_get(agent, "audit", NULL));
}

static void print_flows(const json_t *node)
{
	const char *name, *comma = "";
	json_t *value;
	printf("Flows:      ");
	json_object_foreach (json_object_get(node, "flows"), name, value)
		if (json_integer_value(value)) {
			printf("%s%lld %s", comma, (long long)json_integer_value(value), name);
			comma = ", ";
		}
	printf("%s; %lld live connections\n", *comma ? "" : "none",
		(long long)kl_json_int(node, 0, "liveConnections", NULL));
	comma = "";
	printf("Drops:      ");
	json_object_foreach (json_object_get(node, "drops"), name, value) {
		printf("%s%lld %s", comma, (long long)json_integer_value(value), name);
		comma = ", ";
	}
	printf("%s\n\n", *comma ? "" : "none");
}

static void print_programs(const json_t *node)
{
	static const char *const headers[] = {"PROGRAM", "TYPE", "WHERE", "HOOK", "ID", "INSNS", "TAG", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *link;
	json_array_foreach (kl_json_get(node, "programs", NULL), i, link) {
		bool attached = kl_json_bool(link, false, "attached", NULL);
		const char *interface = kl_json_str(link, "interface", NULL);
		kl_autofree char *where =
			attached ? kl_strdup(*interface ? interface : "cgroup root") : kl_coloured(KL_RED, "detached");
		kl_autofree char *id = kl_asprintf("%lld", (long long)kl_json_int(link, 0, "programId", NULL));
		kl_autofree char *length = kl_asprintf("%lld", (long long)kl_json_int(link, 0, "instructions", NULL));
		const char *cells[] = {kl_json_str(link, "program", NULL), kl_json_str(link, "type", NULL), where,
			kl_json_str(link, "hook", NULL), id, length, kl_json_str(link, "tag", NULL)};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
	putchar('\n');
}

static void print_tables(const json_t *node)
{
	static const char *const headers[] = {"TABLE", "USED", "SIZE", "FILL", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *row;
	json_array_foreach (kl_json_get(node, "tables", NULL), i, row) {
		long long used = (long long)kl_json_int(row, 0, "used", NULL),
			  size = (long long)kl_json_int(row, 0, "size", NULL);
		double share = size ? (double)used / (double)size * 100 : 0;
		kl_autofree char *used_text = kl_asprintf("%lld", used), *size_text = kl_asprintf("%lld", size);
		kl_autofree char *text = kl_asprintf("%.1f %%", share);
		kl_autofree char *fill = kl_coloured(share > 90 ? KL_RED : share > 75 ? KL_YELLOW : KL_PLAIN, text);
		const char *cells[] = {kl_json_str(row, "table", NULL), used_text, size_text, fill};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

void kl_status_node_print(const json_t *node)
{
	print_agent(node);
	print_flows(node);
	print_programs(node);
	print_tables(node);
}
