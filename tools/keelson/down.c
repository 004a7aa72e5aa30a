/*
 * `keelson down`: removes a local cluster, or one node of it, whatever state it is in.
 */
#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "netns.h"
#include "up_cluster.h"
#include "up_nat.h"
#include "up_node.h"
#include "up_process.h"
#include "up_units.h"

enum { KILL_MS = 10000, KILL_POLL_MS = 10, STOP_GRACE_MS = 2000 };

/* ---- processes ---- */

struct place {
	dev_t dev;
	ino_t ino;
};

static bool place_of(const char *path, struct place *ret)
{
	struct stat st;
	if (stat(path, &st))
		return false;
	*ret = (struct place){st.st_dev, st.st_ino};
	return true;
}

static bool process_in(const char *pid, const char *ns, const struct place *place)
{
	struct place at;
	kl_autofree char *path = kl_asprintf("/proc/%s/ns/%s", pid, ns);
	return place_of(path, &at) && at.dev == place->dev && at.ino == place->ino;
}

/* Whoever is still inside a node's namespaces: a shell in `ip netns exec`, a process that left its cgroup. */
static unsigned kill_inside(const struct kl_cluster_node *node)
{
	struct place net = {0}, mnt = {0};
	unsigned killed = 0;
	bool has_net = place_of(node->netns, &net), has_mnt = place_of(node->mntns, &mnt);
	DIR *proc = has_net || has_mnt ? opendir("/proc") : NULL;
	for (const struct dirent *entry; proc && (entry = readdir(proc));) {
		int pid = atoi(entry->d_name);
		if (pid <= 1 || pid == getpid() || !kl_process_start_time(pid))
			continue;
		if ((has_net && process_in(entry->d_name, "net", &net)) ||
			(has_mnt && process_in(entry->d_name, "mnt", &mnt)))
			killed += !kill(pid, SIGKILL);
	}
	if (proc)
		closedir(proc);
	return killed;
}

/* Kills until nothing is left to kill. */
static int kill_all(const char *cgroup, const struct kl_cluster_node *nodes, size_t count, struct kl_err *err)
{
	struct kl_cgroups cgroups = {0};
	int rc = kl_cgroups_load(&cgroups, err);
	if (rc)
		return rc;
	unsigned left = 1;
	for (int64_t until = kl_monotonic_ms() + KILL_MS; left && kl_monotonic_ms() < until;) {
		left = kl_cgroups_kill(&cgroups, cgroup);
		for (size_t i = 0; i < count; i++)
			left += kill_inside(&nodes[i]);
		if (left)
			usleep(KILL_POLL_MS * 1000);
	}
	if (left)
		rc = kl_fail_msg(err, ETIMEDOUT, "%u processes do not die", left);
	kl_cgroups_remove(&cgroups, cgroup);
	kl_cgroups_release(&cgroups);
	return rc;
}

/* ---- nodes ---- */

static void discover(struct kl_cluster *cluster)
{
	kl_autofree char *prefix = kl_asprintf("kl-%s-", cluster->name);
	kl_autofree char *data = kl_asprintf("%s/nodes", cluster->data_dir),
			 *run = kl_asprintf("%s/nodes", cluster->run_dir);
	const struct {
		const char *dir, *prefix;
	} places[] = {{KL_NETNS_NAMED_DIR, prefix}, {data, ""}, {run, ""}};
	for (size_t i = 0; i < KL_ARRAY_LEN(places); i++) {
		size_t len = strlen(places[i].prefix);
		DIR *dir = opendir(places[i].dir);
		for (const struct dirent *entry; dir && (entry = readdir(dir));)
			if (!strncmp(entry->d_name, places[i].prefix, len))
				kl_cluster_add_node(cluster, kl_cluster_node_number(entry->d_name + len));
		if (dir)
			closedir(dir);
	}
}

static int remove_files(const char *dir, struct kl_err *err)
{
	int rc = kl_unmount_below(dir, err);
	return rc ? rc : kl_remove_tree(dir, err);
}

/* Keeps the first failure's words and goes on: as much as possible is removed. */
static void also(int rc, const struct kl_err *words, struct kl_err *err)
{
	if (rc && !err->code)
		*err = *words;
}

static void remove_node(struct kl_link *host, const struct kl_cluster *cluster, const struct kl_cluster_node *node,
	bool keep_data, struct kl_err *err)
{
	struct kl_err words = {0};
	kl_autofree char *pid_file = kl_asprintf("%s/%s.pid", cluster->run_dir, node->name);
	also(kl_node_remove(host, node, &words), &words, err);
	also(remove_files(node->pin_dir, &words), &words, err);
	also(remove_files(node->run_dir, &words), &words, err);
	if (!keep_data)
		also(remove_files(node->data_dir, &words), &words, err);
	unlink(pid_file);
}

struct ports {
	uint32_t bridge;
	uint32_t items[KL_CLUSTER_NODES_MAX];
	size_t count;
};

static void note_port(const struct kl_link_info *info, void *arg)
{
	struct ports *ports = arg;
	if (info->master == ports->bridge && ports->count < KL_ARRAY_LEN(ports->items))
		ports->items[ports->count++] = info->ifindex;
}

/* Whatever is on the bridge is the cluster's, also when its description is lost. */
static void remove_network(struct kl_link *host, const struct kl_cluster *cluster, struct kl_err *err)
{
	struct kl_link_info bridge;
	struct kl_err words = {0};
	struct ports ports = {0};
	if (kl_link_get(host, cluster->bridge, &bridge, NULL))
		return;
	ports.bridge = bridge.ifindex;
	also(kl_link_each(host, note_port, &ports, &words), &words, err);
	for (size_t i = 0; i < ports.count; i++) {
		/* The kernel may be taking them away itself: their other ends' namespaces have gone. */
		int rc = kl_link_delete(host, ports.items[i], &words);
		also(rc == -ENODEV ? 0 : rc, &words, err);
	}
	also(kl_cluster_bridge_remove(host, cluster, &words), &words, err);
}

/* What clusters share goes when the last one has gone. */
static void remove_shared(const char *name, struct kl_err *err)
{
	struct kl_err words = {0};
	rmdir(KL_CLUSTERS_DATA);
	rmdir("/var/lib/keelson");
	rmdir(KL_CLUSTERS_PINS);
	struct kl_cgroups cgroups = {0};
	size_t count;
	char **names = kl_cluster_names(&count);
	if (!count && !kl_cgroups_load(&cgroups, NULL)) {
		for (unsigned i = 0; i < cgroups.count; i++) {
			kl_autofree char *path = kl_asprintf("%s/keelson", cgroups.mounts[i].path);
			rmdir(path);
		}
		kl_cgroups_release(&cgroups);
	}
	also(kl_cluster_nat_remove(name, !count, &words), &words, err);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* ---- the command ---- */

static struct kl_cluster *load_or_guess(const char *name)
{
	struct kl_cluster *cluster = NULL;
	if (kl_cluster_load(name, &cluster, NULL))
		cluster = kl_cluster_new(name, 0);
	discover(cluster);
	return cluster;
}

static int down_cluster(const char *name, bool keep_data, struct kl_err *err)
{
	kl_autocluster *cluster = load_or_guess(name);
	kl_autolink *host = NULL;
	struct kl_err words = {0};
	kl_autofree char *supervisor = kl_supervisor_pidfile(cluster), *cgroup = kl_asprintf("/keelson/%s", name);
	bool existed = kl_path_exists(cluster->data_dir) || kl_path_exists(cluster->run_dir);
	kl_autofree struct kl_cluster_node *nodes = kl_calloc(cluster->node_count + 1, sizeof(*nodes));
	for (size_t i = 0; i < cluster->node_count; i++)
		kl_cluster_node(cluster, cluster->nodes[i], &nodes[i]);
	also(kl_pidfile_stop(supervisor, STOP_GRACE_MS, &words), &words, err);
	struct kl_units units = kl_units_of(cluster);
	for (size_t i = 0; i < units.count; i++)
		also(kl_pidfile_stop(units.items[i].pid_file, 0, &words), &words, err);
	kl_units_release(&units);
	also(kill_all(cgroup, nodes, cluster->node_count, &words), &words, err);
	int rc = kl_link_open(-1, &host, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < cluster->node_count; i++)
		remove_node(host, cluster, &nodes[i], keep_data, err);
	remove_network(host, cluster, err);
	also(remove_files(cluster->pin_dir, &words), &words, err);
	also(remove_files(cluster->run_dir, &words), &words, err);
	if (!keep_data)
		also(remove_files(cluster->data_dir, &words), &words, err);
	remove_shared(name, err);
	if (existed && !err->code)
		printf("%s: removed\n", name);
	return err->code;
}

static int down_node(const char *name, const char *node_name, struct kl_err *err)
{
	kl_autocluster *cluster = NULL;
	kl_autolink *host = NULL;
	struct kl_cluster_node node;
	struct kl_err words = {0};
	int number = kl_cluster_node_number(node_name);
	if (number < 0)
		return kl_fail_msg(err, EINVAL, "'%s' is no node's name: they are called node1, node2, …", node_name);
	if (kl_cluster_load(name, &cluster, err))
		return err->code == -ENOENT ? 0 : err->code;
	kl_cluster_node(cluster, number, &node);
	/* The supervisor first forgets it, so that the agent is not started again. */
	kl_cluster_remove_node(cluster, number);
	int rc = kl_cluster_save(cluster, err);
	kl_autofree char *supervisor = kl_supervisor_pidfile(cluster);
	if (!rc && kl_pidfile_read(supervisor))
		rc = kl_supervisor_ensure(cluster, err);
	if (!rc)
		rc = kl_link_open(-1, &host, err);
	if (rc)
		return rc;
	also(kill_all(node.cgroup, &node, 1, &words), &words, err);
	remove_node(host, cluster, &node, false, err);
	return err->code;
}

static int run(int argc, char **argv)
{
	struct kl_err err = {0};
	const char *given = NULL, *node = NULL;
	bool keep_data = false, all = false;
	const struct kl_opt opts[] = {
		{"name", 0, KL_OPT_STRING, &given},
		{"node", 0, KL_OPT_STRING, &node},
		{"keep-data", 0, KL_OPT_FLAG, &keep_data},
		{"all", 0, KL_OPT_FLAG, &all},
	};
	if (kl_opts_parse(&kl_cmd_down, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_down, "takes options only; see 'keelson help down'");
	const char *name = given ? given : "dev";
	if (!kl_cluster_name_valid(name))
		return kl_cmd_fail(&kl_cmd_down, "'%s' is no cluster's name", name);
	if (all && (given || node)) {
		fprintf(stderr, "keelson down: --all removes every cluster: give it without --%s\n", given ? "name" : "node");
		return KL_EXIT_USAGE;
	}
	if (geteuid())
		return kl_cmd_fail(&kl_cmd_down, "must run as root");
	kl_autoclose int lock = kl_clusters_lock(&err);
	if (lock < 0)
		return kl_cmd_fail(&kl_cmd_down, "%s", kl_err_text(&err));
	size_t count = 0;
	char **names = all ? kl_cluster_names(&count) : NULL;
	for (size_t i = 0; i < count; i++) {
		down_cluster(names[i], keep_data, &err);
		free(names[i]);
	}
	free(names);
	if (!all && node)
		down_node(name, node, &err);
	else if (!all)
		down_cluster(name, keep_data, &err);
	kl_clusters_forget();
	return err.code && err.code != -ENOENT ? kl_cmd_fail(&kl_cmd_down, "%s", kl_err_text(&err)) : KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_down = {
	.name = "down",
	.summary = "Remove a cluster from this machine",
	.run = run,
	.help = "Usage: keelson down [OPTIONS]\n\n"
		"Removes every trace of a cluster that 'keelson up' made: processes, containers, namespaces,\n"
		"links, pinned BPF objects, cgroups, mounts and files; also of one that was left half made or\n"
		"has crashed. Where there is nothing, nothing is done.\n\n"
		"      --name NAME   the cluster's name (default dev)\n"
		"      --node NODE   remove only this node, as if its machine had failed; 'keelson up --nodes N'\n"
		"                    makes it anew\n"
		"      --keep-data   keep /var/lib/keelson/clusters/NAME: the next 'keelson up' goes on with it\n"
		"      --all         every cluster on this machine\n",
};
