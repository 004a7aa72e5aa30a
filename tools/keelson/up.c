/*
 * `keelson up`: a whole cluster on this machine, or the same again.
 */
#include "cmd.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "pki.h"
#include "up_api.h"
#include "up_cluster.h"
#include "up_nat.h"
#include "up_node.h"
#include "up_units.h"

enum { NODES_DEFAULT = 3, POLL_MS = 25, ASK_TIMEOUT_MS = 2000, STOP_MS = 5000 };

struct up {
	const char *name, *wait, *output, *demo_images, *cni_plugin;
	int nodes; /* -1: not said */
	bool supervise, restart, dual_stack;
	struct kl_opt_list server_args, agent_args;
	int64_t begun_ms, wait_ms;
	struct kl_err no_way_out; /* why nodes and pods cannot reach other networks; code 0: they can */
};

/* "90s", "2m", "500ms", "0"; milliseconds or -EINVAL. */
static int64_t read_duration(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 1000}};
	char *end;
	long value = strtol(text, &end, 10);
	if (end == text || value < 0 || value > 1000000)
		return -EINVAL;
	for (size_t i = 0; i < KL_ARRAY_LEN(units); i++)
		if (!strcmp(end, units[i].unit))
			return value * units[i].ms;
	return -EINVAL;
}

static void progress(const struct up *up, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void progress(const struct up *up, const char *fmt, ...)
{
	va_list args;
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s: ", up->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (%.1f s)", (double)(kl_monotonic_ms() - up->begun_ms) / 1000);
}

static void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* ---- the description of the cluster ---- */

static char *own_program(void)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	return len > 0 ? kl_strndup(path, (size_t)len) : kl_strdup("/usr/bin/keelson");
}

/* As given, beside this program (a build tree), or where packages put it. */
static char *find_cni_plugin(const struct up *up, const char *program)
{
	if (up->cni_plugin)
		return kl_strdup(up->cni_plugin);
	kl_autofree char *beside = kl_asprintf("%.*s/keelson-cni", (int)(strrchr(program, '/') - program), program);
	return kl_strdup(kl_path_exists(beside) ? beside : "/opt/cni/bin/keelson-cni");
}

/* What is said replaces what was said before; they hold for programs that are started from now on. */
static void take_args(const struct kl_opt_list *said, json_t *args)
{
	if (said->count)
		json_array_clear(args);
	for (size_t i = 0; i < said->count; i++)
		json_array_append_new(args, json_string(said->items[i]));
}

static int describe(const struct up *up, struct kl_cluster **ret, struct kl_err *err)
{
	struct kl_cluster *cluster = NULL;
	int rc = kl_cluster_load(up->name, &cluster, err);
	if (rc && rc != -ENOENT)
		return rc;
	if (rc) {
		int index = kl_cluster_free_index(err);
		if (index < 0)
			return index;
		cluster = kl_cluster_new(up->name, index);
		cluster->dual_stack = up->dual_stack;
	}
	size_t wanted = up->nodes > 0 ? (size_t)up->nodes : cluster->node_count ? 0 : NODES_DEFAULT;
	for (size_t i = 1; i <= wanted; i++)
		kl_cluster_add_node(cluster, (int)i);
	if (wanted && cluster->node_count > wanted) {
		rc = kl_fail_msg(err, EEXIST, "'%s' has %zu nodes; 'keelson down --name %s --node node%d' removes one",
			up->name, cluster->node_count, up->name, cluster->nodes[cluster->node_count - 1]);
		kl_cluster_free(cluster);
		return rc;
	}
	free(cluster->binary);
	free(cluster->cni_plugin);
	cluster->binary = own_program();
	cluster->cni_plugin = find_cni_plugin(up, cluster->binary);
	take_args(&up->server_args, cluster->server_args);
	take_args(&up->agent_args, cluster->agent_args);
	*ret = cluster;
	return 0;
}

/* ---- what stands before any process ---- */

static int mount_bpffs(struct kl_err *err)
{
	struct statfs fs;
	if (!statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		return kl_fail(err, errno, "mount a bpffs at /sys/fs/bpf");
	return 0;
}

static int issue_certificates(const struct kl_cluster *cluster, struct kl_err *err)
{
	struct kl_pki *pki = NULL;
	kl_autofree char *dir = kl_asprintf("%s/server/pki", cluster->data_dir);
	kl_autofree char *from_here = kl_asprintf("https://127.0.0.1:%d", cluster->api_port);
	kl_autofree char *from_nodes = kl_asprintf("https://%s:%d", cluster->bridge_ip, cluster->api_port);
	int rc = kl_mkdir_p(dir, 0700, err);
	if (!rc)
		rc = kl_pki_open(dir, &pki, err);
	if (!rc)
		rc = kl_pki_admin_kubeconfig(pki, cluster->name, from_here, cluster->kubeconfig, err);
	for (size_t i = 0; !rc && i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		const char *addresses[] = {node.ip, node.ip6, "127.0.0.1", NULL};
		rc = kl_pki_issue_node(pki, node.name, addresses, from_nodes, node.pki_dir, err);
	}
	kl_pki_free(pki);
	return rc;
}

static int make_nodes(const struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autolink *host = NULL;
	int rc = kl_link_open(-1, &host, err);
	if (!rc)
		rc = kl_cluster_bridge_make(host, cluster, err);
	for (size_t i = 0; !rc && i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		rc = kl_node_make(host, cluster, &node, err);
		if (rc)
			kl_fail_prefix(err, "%s", node.name);
	}
	return rc;
}

static int prepare(struct up *up, struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autofree char *logs = kl_asprintf("%s/logs", cluster->data_dir);
	progress(up, "making %zu nodes", cluster->node_count);
	/* The description comes first: whatever is made after it, `down` can find. */
	int rc = kl_cluster_save(cluster, err);
	if (!rc)
		rc = kl_mkdir_p(logs, 0755, err);
	if (!rc)
		rc = kl_mkdir_p(cluster->run_dir, 0755, err);
	if (!rc)
		rc = kl_registry_prepare(cluster, up->demo_images, err);
	if (!rc)
		rc = kl_cluster_save(cluster, err);
	if (!rc)
		rc = mount_bpffs(err);
	if (!rc)
		rc = make_nodes(cluster, err);
	/* The cluster itself does without. */
	if (!rc)
		kl_cluster_nat_make(cluster, &up->no_way_out);
	return rc ? rc : issue_certificates(cluster, err);
}

/* ---- the programs ---- */

/* The supervisor goes first, so that this build's is there to start the others again, each as soon as it has ended. */
static int restart(const struct up *up, const struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autofree char *supervisor = kl_supervisor_pidfile(cluster);
	int rc = kl_pidfile_stop(supervisor, STOP_MS, err);
	if (!rc)
		rc = kl_supervisor_ensure(cluster, err);
	struct kl_units units = kl_units_of(cluster);
	for (size_t i = 0; !rc && i < units.count; i++) {
		progress(up, "restarting %s", units.items[i].name);
		rc = kl_pidfile_stop(units.items[i].pid_file, STOP_MS, err);
		for (int64_t until = kl_monotonic_ms() + STOP_MS; !rc && !kl_pidfile_read(units.items[i].pid_file);) {
			if (kl_monotonic_ms() > until)
				rc = kl_fail_msg(err, ETIMEDOUT, "%s is not started again", units.items[i].name);
			usleep(POLL_MS * 1000);
		}
	}
	kl_units_release(&units);
	return rc;
}

/* ---- waiting ---- */

/* Ready by the word of the agent that runs now: that of one which died may stand for a while. Heartbeats count seconds.
 */
static bool node_ready(const struct kl_cluster *cluster, int number, const json_t *nodes)
{
	struct kl_cluster_node node;
	kl_cluster_node(cluster, number, &node);
	kl_autofree char *pid_file = kl_asprintf("%s/%s.pid", cluster->run_dir, node.name);
	pid_t pid = kl_pidfile_read(pid_file);
	return pid && kl_node_ready(nodes, node.name, NULL) &&
	       kl_node_heartbeat_ms(nodes, node.name) / 1000 >= kl_process_started_ms(pid) / 1000;
}

static size_t count_ready(const struct kl_cluster *cluster, const json_t *nodes)
{
	size_t ready = 0;
	for (size_t i = 0; i < cluster->node_count; i++)
		ready += node_ready(cluster, cluster->nodes[i], nodes);
	return ready;
}

/* The last line of a log, as a hint: what a process that died said at its end. */
static char *last_words(const struct kl_cluster *cluster, const char *unit)
{
	kl_autofree char *path = kl_asprintf("%s/logs/%s.log", cluster->data_dir, unit);
	kl_autobuf text = {0};
	if (kl_file_read(path, &text, NULL))
		return kl_strdup("");
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = 0;
	const char *line = text.len ? strrchr(text.data, '\n') : NULL;
	return kl_asprintf("%.200s", line ? line + 1 : kl_buf_str(&text));
}

static int say_not_ready(
	const struct kl_cluster *cluster, const json_t *nodes, const struct kl_err *last, struct kl_err *err)
{
	kl_autobuf names = {.max = 120};
	kl_autofree char *words = nodes ? NULL : last_words(cluster, "server");
	if (!nodes)
		return kl_fail_msg(err, ETIMEDOUT,
			"the API server does not answer (%.120s); %s/logs/server.log ends: %s", kl_err_text(last),
			cluster->data_dir, words);
	for (size_t i = 0; i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		if (node_ready(cluster, node.number, nodes))
			continue;
		kl_buf_printf(&names, "%s%s", names.len ? ", " : "", node.name);
		words = words ? words : last_words(cluster, node.name);
	}
	return kl_fail_msg(err, ETIMEDOUT, "not Ready: %s; the first's log in %s/logs ends: %s", kl_buf_str(&names),
		cluster->data_dir, words ? words : "");
}

static int wait_ready(const struct up *up, const struct kl_cluster *cluster, json_t **ret_nodes, struct kl_err *err)
{
	kl_autoapi *api = NULL;
	struct kl_err last = {0};
	int rc = kl_api_open(cluster->kubeconfig, &api, err);
	if (rc)
		return rc;
	for (;;) {
		kl_autojson *nodes = NULL;
		int http = kl_api_get(api, "/api/v1/nodes", ASK_TIMEOUT_MS, &nodes, &last);
		size_t ready = http == 200 ? count_ready(cluster, nodes) : 0;
		if (http == 200)
			progress(up, "%zu of %zu nodes are ready", ready, cluster->node_count);
		else
			progress(up, "waiting for the API server");
		if (http == 200 && ready == cluster->node_count) {
			*ret_nodes = kl_take(&nodes);
			return 0;
		}
		if (!kl_path_exists(cluster->kubeconfig))
			return kl_fail_msg(err, ECANCELED, "'%s' was removed while it started", cluster->name);
		if (kl_monotonic_ms() - up->begun_ms >= up->wait_ms)
			return say_not_ready(cluster, http == 200 ? nodes : NULL, &last, err);
		usleep(POLL_MS * 1000);
	}
}

/* Every node takes them; the first stands for all. */
static int route_to_services(
	struct kl_link *host, const struct kl_cluster *cluster, const struct kl_cluster_node *node, struct kl_err *err)
{
	const char *const four[] = {cluster->service_cidr, cluster->lb_cidr};
	const char *const six[] = {cluster->service_cidr6, cluster->lb_cidr6};
	int rc = 0;
	for (size_t i = 0; !rc && i < KL_ARRAY_LEN(four); i++) {
		rc = kl_cluster_route(host, four[i], node->ip, err);
		if (!rc && cluster->dual_stack)
			rc = kl_cluster_route(host, six[i], node->ip6, err);
	}
	return rc;
}

/* So that POD_IP, CLUSTER_IP and the addresses of load balancers answer on this machine too. */
static int route_to_pods(const struct kl_cluster *cluster, const json_t *nodes, struct kl_err *err)
{
	kl_autolink *host = NULL;
	int rc = kl_link_open(-1, &host, err);
	for (size_t i = 0; !rc && i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		size_t k;
		json_t *cidr;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		if (!i)
			rc = route_to_services(host, cluster, &node, err);
		json_array_foreach (kl_json_get(kl_node_find(nodes, node.name), "spec", "podCIDRs", NULL), k, cidr) {
			const char *text = json_string_value(cidr);
			if (!rc && text)
				rc = kl_cluster_route(host, text, strchr(text, ':') ? node.ip6 : node.ip, err);
		}
	}
	return rc;
}

/* ---- output ---- */

static void print_json(const struct up *up, const struct kl_cluster *cluster)
{
	json_t *nodes = json_array();
	for (size_t i = 0; i < cluster->node_count; i++) {
		struct kl_cluster_node node;
		kl_cluster_node(cluster, cluster->nodes[i], &node);
		json_array_append_new(
			nodes, json_pack("{s:s, s:s, s:s}", "name", node.name, "ip", node.ip, "netns", node.netns));
	}
	kl_autojson *json = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:b, s:b, s:I}", "name", cluster->name,
		"kubeconfig", cluster->kubeconfig, "server", json_sprintf("https://127.0.0.1:%d", cluster->api_port),
		"nodes", nodes, "podCIDR", cluster->pod_cidr, "serviceCIDR", cluster->service_cidr, "loadBalancerCIDR",
		cluster->lb_cidr, "registry", cluster->registry, "ready", up->wait_ms > 0, "tookMs",
		(json_int_t)(kl_monotonic_ms() - up->begun_ms));
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void print_words(const struct up *up, const struct kl_cluster *cluster)
{
	printf("%s: %zu node%s %s in %.1f s\n", cluster->name, cluster->node_count, cluster->node_count == 1 ? "" : "s",
		up->wait_ms ? "ready" : "started", (double)(kl_monotonic_ms() - up->begun_ms) / 1000);
	if (!cluster->registry)
		printf("no docker-registry on this machine: the example images are missing (tools/setup installs "
		       "it)\n");
	if (up->no_way_out.code)
		printf("nodes and pods reach no other network: %s\n", kl_err_text(&up->no_way_out));
	printf("export KUBECONFIG=%s\n", cluster->kubeconfig);
}

static int up(struct up *up, struct kl_err *err)
{
	kl_autocluster *cluster = NULL;
	kl_autojson *nodes = NULL;
	kl_autoclose int lock = kl_clusters_lock(err);
	if (lock < 0)
		return lock;
	int rc = describe(up, &cluster, err);
	if (!rc)
		rc = prepare(up, cluster, err);
	if (!rc)
		rc = up->restart ? restart(up, cluster, err) : kl_supervisor_ensure(cluster, err);
	/* Everything is made: others need not wait until it is Ready. */
	close(kl_take(&lock));
	lock = -1;
	if (!rc && up->wait_ms)
		rc = wait_ready(up, cluster, &nodes, err);
	if (!rc && nodes)
		rc = route_to_pods(cluster, nodes, err);
	progress_end();
	if (rc)
		return rc;
	if (up->output)
		print_json(up, cluster);
	else
		print_words(up, cluster);
	return 0;
}

static int run(int argc, char **argv)
{
	struct kl_err err = {0};
	struct up args = {.name = "dev",
		.wait = "60s",
		.demo_images = KL_DEMO_IMAGES,
		.begun_ms = kl_monotonic_ms(),
		.nodes = -1};
	const struct kl_opt opts[] = {
		{"nodes", 'n', KL_OPT_INT, &args.nodes},
		{"name", 0, KL_OPT_STRING, &args.name},
		{"wait", 'w', KL_OPT_STRING, &args.wait},
		{"output", 'o', KL_OPT_STRING, &args.output},
		{"demo-images", 0, KL_OPT_STRING, &args.demo_images},
		{"cni-plugin", 0, KL_OPT_STRING, &args.cni_plugin},
		{"server-arg", 0, KL_OPT_LIST, &args.server_args},
		{"agent-arg", 0, KL_OPT_LIST, &args.agent_args},
		{"dual-stack", 0, KL_OPT_FLAG, &args.dual_stack},
		{"restart", 0, KL_OPT_FLAG, &args.restart},
		{"supervise", 0, KL_OPT_FLAG, &args.supervise},
	};
	if (kl_opts_parse(&kl_cmd_up, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_up, "takes options only; see 'keelson help up'");
	args.wait_ms = read_duration(args.wait);
	if (!kl_cluster_name_valid(args.name))
		return kl_cmd_fail(&kl_cmd_up,
			"'%s' is no name: at most %d lower-case letters, digits and '-', a letter first", args.name,
			KL_CLUSTER_NAME_MAX);
	if (!args.nodes || args.nodes < -1 || args.nodes > KL_CLUSTER_NODES_MAX)
		return kl_cmd_fail(&kl_cmd_up, "--nodes wants 1 to %d", KL_CLUSTER_NODES_MAX);
	if (args.wait_ms < 0)
		return kl_cmd_fail(&kl_cmd_up, "--wait wants a duration such as 90s or 2m, not '%s'", args.wait);
	if (args.output && strcmp(args.output, "json"))
		return kl_cmd_fail(&kl_cmd_up, "-o wants json, not '%s'", args.output);
	if (geteuid())
		return kl_cmd_fail(&kl_cmd_up, "must run as root: it makes namespaces and loads BPF programs");
	int rc = args.supervise ? kl_supervise(args.name, &err) : up(&args, &err);
	return rc ? kl_cmd_fail(&kl_cmd_up, "%s", kl_err_text(&err)) : KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_up = {
	.name = "up",
	.summary = "Start a cluster on this machine",
	.run = run,
	.help = "Usage: keelson up [OPTIONS]\n\n"
		"Starts a cluster on this machine: a server, and nodes that each have a network and a mount\n"
		"namespace, joined by a bridge, with a real agent and real containers. Again, it starts what is\n"
		"missing and leaves the rest alone. 'keelson down' removes it.\n\n"
		"Pods and Services (load balancers' addresses too) answer on this machine; nodes and pods reach other "
		"networks under this\n"
		"machine's address (an nftables table of the cluster's own).\n\n"
		"  -n, --nodes N          how many nodes (default 3, or as many as there are)\n"
		"      --name NAME        the cluster's name (default dev); several may stand side by side\n"
		"  -w, --wait DURATION    how long to wait until every node is Ready (default 60s; 0: do not)\n"
		"  -o, --output json      print what was made as JSON\n"
		"      --dual-stack       IPv6 beside IPv4, for nodes, pods and Services; of a new cluster\n"
		"      --restart          restart server and agents, one after the other, with this program; what\n"
		"                         runs in the kernel and in containers goes on\n"
		"      --demo-images DIR  the example images (default " KL_DEMO_IMAGES ")\n"
		"      --server-arg OPTION  one more option for 'keelson server'; may be repeated:\n"
		"                         --server-arg --node-monitor-grace-period=10s\n"
		"      --agent-arg OPTION one more option for every 'keelson agent'\n"
		"      --cni-plugin FILE  the CNI plugin (default beside this program, else "
		"/opt/cni/bin/keelson-cni)\n",
};
