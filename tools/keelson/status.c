/*
 * `keelson status`: the clusters on this machine, their processes and nodes, and what this machine can do.
 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "look.h"
#include "status_node.h"
#include "status_probe.h"
#include "up_api.h"
#include "up_cluster.h"
#include "up_units.h"

enum { ASK_TIMEOUT_MS = 2000 };

/* ---- what is so ---- */

static json_t *process_json(const char *name, const char *pid_file)
{
	pid_t pid = kl_pidfile_read(pid_file);
	json_t *json = json_pack("{s:s, s:b}", "name", name, "running", pid != 0);
	if (pid) {
		json_object_set_new(json, "pid", json_integer(pid));
		json_object_set_new(json, "residentBytes", json_integer((json_int_t)kl_process_rss(pid)));
	}
	return json;
}

static json_t *processes_json(const struct kl_cluster *cluster)
{
	json_t *list = json_array();
	kl_autofree char *supervisor = kl_supervisor_pidfile(cluster);
	json_array_append_new(list, process_json("supervisor", supervisor));
	struct kl_units units = kl_units_of(cluster);
	for (size_t i = 0; i < units.count; i++)
		json_array_append_new(list, process_json(units.items[i].name, units.items[i].pid_file));
	kl_units_release(&units);
	return list;
}

static json_t *nodes_json(const struct kl_cluster *cluster, const json_t *nodes)
{
	json_t *list = json_array();
	for (size_t i = 0; i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		bool known = false;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		bool ready = kl_node_ready(nodes, node.name, &known);
		const json_t *found = kl_node_find(nodes, node.name);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", node.name, "ip", node.ip,
						    "podCIDR", kl_json_str(found, "spec", "podCIDR", NULL), "status",
						    ready   ? "Ready"
						    : known ? "NotReady"
							    : "Unknown"));
	}
	return list;
}

static json_t *cluster_json(const struct kl_cluster *cluster)
{
	kl_autoapi *api = NULL;
	kl_autojson *nodes = NULL;
	struct kl_err err = {0};
	int rc = kl_api_open(cluster->kubeconfig, &api, &err);
	if (!rc)
		rc = kl_api_get(api, "/readyz", ASK_TIMEOUT_MS, NULL, &err);
	bool ready = rc == 200;
	if (ready)
		kl_api_get(api, "/api/v1/nodes", ASK_TIMEOUT_MS, &nodes, &err);
	json_t *json = json_pack("{s:s, s:i, s:s, s:o, s:b, s:o, s:o}", "name", cluster->name, "index", cluster->index,
		"kubeconfig", cluster->kubeconfig, "server", json_sprintf("https://127.0.0.1:%d", cluster->api_port),
		"apiReady", ready, "nodes", nodes_json(cluster, nodes), "processes", processes_json(cluster));
	if (!ready)
		json_object_set_new(json, "apiError",
			rc > 0 ? json_sprintf("/readyz answers %d", rc) : json_string(kl_err_text(&err)));
	return json;
}

static json_t *clusters_json(const char *only)
{
	size_t count;
	char **names = kl_cluster_names(&count);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		kl_autocluster *cluster = NULL;
		if ((!only || !strcmp(only, names[i])) && !kl_cluster_load(names[i], &cluster, NULL))
			json_array_append_new(list, cluster_json(cluster));
		free(names[i]);
	}
	free(names);
	return list;
}

static json_t *machine_json(void)
{
	struct utsname name;
	size_t count;
	kl_autofree struct kl_probe_result *results = kl_probe_all(&count);
	json_t *features = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *feature = json_pack("{s:s, s:b}", "name", results[i].name, "there", results[i].there);
		if (!results[i].there)
			json_object_set_new(feature, "without", json_string(results[i].without));
		json_array_append_new(features, feature);
	}
	return json_pack("{s:s, s:o}", "kernel", uname(&name) ? "" : name.release, "features", features);
}

/* ---- for people ---- */

static void print_nodes(const json_t *cluster)
{
	static const char *const headers[] = {"NODE", "STATUS", "INTERNAL-IP", "POD-CIDR", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *node;
	json_array_foreach (kl_json_get(cluster, "nodes", NULL), i, node) {
		const char *cells[] = {kl_json_str(node, "name", NULL), kl_json_str(node, "status", NULL),
			kl_json_str(node, "ip", NULL), kl_json_str(node, "podCIDR", NULL), NULL};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static void print_processes(const json_t *cluster)
{
	static const char *const headers[] = {"PROCESS", "PID", "RESIDENT", NULL};
	struct kl_columns *table = kl_columns_new(headers);
	size_t i;
	json_t *process;
	json_array_foreach (kl_json_get(cluster, "processes", NULL), i, process) {
		char pid[16] = "-", resident[24] = "not running";
		if (kl_json_bool(process, false, "running", NULL)) {
			snprintf(pid, sizeof(pid), "%lld", (long long)kl_json_int(process, 0, "pid", NULL));
			snprintf(resident, sizeof(resident), "%.1f MiB",
				(double)kl_json_int(process, 0, "residentBytes", NULL) / (1 << 20));
		}
		const char *cells[] = {kl_json_str(process, "name", NULL), pid, resident, NULL};
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static void print_machine(const json_t *machine)
{
	size_t i;
	json_t *feature;
	bool complete = true;
	printf("Kernel %s:", kl_json_str(machine, "kernel", NULL));
	const char *comma = " ";
	json_array_foreach (kl_json_get(machine, "features", NULL), i, feature) {
		if (!kl_json_bool(feature, false, "there", NULL)) {
			complete = false;
			continue;
		}
		printf("%s%s", comma, kl_json_str(feature, "name", NULL));
		comma = ", ";
	}
	puts(complete ? ": everything is there." : ".");
	json_array_foreach (kl_json_get(machine, "features", NULL), i, feature)
		if (!kl_json_bool(feature, false, "there", NULL))
			printf("Missing: %s (%s).\n", kl_json_str(feature, "name", NULL),
				kl_json_str(feature, "without", NULL));
}

static void print_words(const json_t *status)
{
	size_t i;
	json_t *cluster;
	json_t *clusters = kl_json_get(status, "clusters", NULL);
	json_array_foreach (clusters, i, cluster) {
		const char *error = kl_json_str(cluster, "apiError", NULL);
		printf("Cluster %s: API %s %s%s%s%s\nexport KUBECONFIG=%s\n\n", kl_json_str(cluster, "name", NULL),
			kl_json_str(cluster, "server", NULL),
			kl_json_bool(cluster, false, "apiReady", NULL) ? "ready" : "not ready", *error ? " (" : "",
			error, *error ? ")" : "", kl_json_str(cluster, "kubeconfig", NULL));
		print_nodes(cluster);
		putchar('\n');
		print_processes(cluster);
		putchar('\n');
	}
	if (!json_array_size(clusters))
		puts("There is no cluster on this machine; 'keelson up' makes one.\n");
	print_machine(kl_json_get(status, "machine", NULL));
}

/* ---- one node ---- */

static int run_node(const struct kl_look_options *options)
{
	kl_autolook look;
	if (!kl_look_open_maps(&kl_cmd_status, options, &look))
		return KL_EXIT_FAILURE;
	kl_autojson *node = kl_status_node_json(&look);
	json_object_set_new(node, "machine", machine_json());
	if (options->output)
		return kl_look_print_json(node);
	kl_status_node_print(node);
	putchar('\n');
	print_machine(kl_json_get(node, "machine", NULL));
	return KL_EXIT_OK;
}

/* ---- all ---- */

/* This machine's own agent, where it is a node of a cluster that is not local. */
static bool is_node(void)
{
	kl_autofree char *maps = kl_asprintf(KL_CLUSTERS_PINS "/v%d/maps", KL_LAYOUT);
	return kl_path_exists(maps);
}

static int run(int argc, char **argv)
{
	const char *name = NULL;
	struct kl_look_options look = {0};
	const struct kl_opt opts[] = {
		{"name", 0, KL_OPT_STRING, &name},
		KL_LOOK_OPTS(&look),
	};
	if (kl_opts_parse(&kl_cmd_status, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_status, "takes options only; see 'keelson help status'");
	const char *output = look.output;
	kl_look_check_output(&kl_cmd_status, output, "json");
	if (geteuid())
		return kl_cmd_fail(&kl_cmd_status, "must run as root");
	if (look.node || look.cluster || look.pin_dir || (!name && is_node()))
		return run_node(&look);
	kl_autojson *status = json_pack("{s:o, s:o}", "clusters", clusters_json(name), "machine", machine_json());
	if (name && !json_array_size(kl_json_get(status, "clusters", NULL)))
		return kl_cmd_fail(&kl_cmd_status, "there is no cluster '%s'", name);
	if (output) {
		json_dumpf(status, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_words(status);
	}
	return KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_status = {
	.name = "status",
	.summary = "Show clusters, nodes, a node's dataplane, and what this machine can do",
	.run = run,
	.help = "Usage: keelson status [--name NAME] [-o json]\n"
		"       keelson status --node NODE [--cluster NAME] [-o json]\n\n"
		"Shows the clusters that 'keelson up' made, their nodes and processes, and which features of the\n"
		"kernel and of the machine Keelson found, and what follows where one is missing.\n\n"
		"With --node: that node's dataplane: its agent, the endpoint stream's position, the last audit, "
		"programs and where they\n"
		"are attached, how full the tables are. So too on a machine that is a node itself.\n\n"
		"      --name NAME    only this cluster\n"
		"      --node NODE    a node of a local cluster; --cluster NAME: of this one\n"
		"      --pin-dir DIR, --run-dir DIR   another node of this machine\n"
		"  -o, --output json  as JSON\n\n"
		"Examples:\n"
		"  keelson status\n"
		"  keelson status --node node2 -o json | jq '.tables[] | select(.used * 2 > .size)'\n",
};
