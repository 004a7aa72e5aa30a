#include "up_units.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

static struct kl_unit *add_unit(struct kl_units *units, const struct kl_cluster *cluster, const char *name)
{
	units->items = kl_reallocarray(units->items, units->count + 1, sizeof(*units->items));
	struct kl_unit *unit = &units->items[units->count++];
	*unit = (struct kl_unit){.pidfd = -1, .name = kl_strdup(name)};
	unit->log = kl_asprintf("%s/logs/%s.log", cluster->data_dir, name);
	unit->pid_file = kl_asprintf("%s/%s.pid", cluster->run_dir, name);
	return unit;
}

/* Pairs of option and value, each copied, ended by NULL. */
static void arguments(struct kl_unit *unit, ...)
{
	va_list args;
	size_t count = 0;
	while (unit->argv[count])
		count++;
	va_start(args, unit);
	for (const char *arg; (arg = va_arg(args, const char *)) && count + 1 < KL_ARRAY_LEN(unit->argv);)
		unit->argv[count++] = kl_strdup(arg);
	va_end(args);
}

static void more_arguments(struct kl_unit *unit, const json_t *list)
{
	size_t i;
	json_t *arg;
	json_array_foreach (list, i, arg)
		if (json_is_string(arg))
			arguments(unit, json_string_value(arg), NULL);
}

static bool mentions(const json_t *list, const char *option)
{
	size_t i;
	json_t *arg;
	json_array_foreach (list, i, arg)
		if (json_is_string(arg) && !strncmp(json_string_value(arg), option, strlen(option)))
			return true;
	return false;
}

/* "IPv4" or "IPv4,IPv6". */
static char *both(const struct kl_cluster *cluster, const char *four, const char *six)
{
	return cluster->dual_stack ? kl_asprintf("%s,%s", four, six) : kl_strdup(four);
}

static void add_registry(struct kl_units *units, const struct kl_cluster *cluster)
{
	struct kl_unit *unit = add_unit(units, cluster, "registry");
	kl_autofree char *config = kl_asprintf("%s/registry/config.yml", cluster->data_dir);
	unit->cgroup = kl_asprintf("/keelson/%s/control", cluster->name);
	arguments(unit, kl_registry_program(), "serve", config, NULL);
}

static void add_server(struct kl_units *units, const struct kl_cluster *cluster)
{
	struct kl_unit *unit = add_unit(units, cluster, "server");
	kl_autofree char *data = kl_asprintf("%s/server", cluster->data_dir);
	kl_autofree char *pods = both(cluster, cluster->pod_cidr, cluster->pod_cidr6);
	kl_autofree char *services = both(cluster, cluster->service_cidr, cluster->service_cidr6);
	char port[16];
	snprintf(port, sizeof(port), "%d", cluster->api_port);
	unit->cgroup = kl_asprintf("/keelson/%s/control", cluster->name);
	arguments(unit, cluster->binary, "server", "--data-dir", data, "--bind-address", cluster->bridge_ip,
		"--bind-address", "127.0.0.1", "--advertise-address", cluster->bridge_ip, "--port", port,
		"--cluster-cidr", pods, "--service-cidr", services, "--cluster-name", cluster->name, NULL);
	/* On one machine silence means death: pods of a lost node are replaced after seconds, not minutes. */
	arguments(unit, "--node-monitor-grace-period", "10s", "--default-unreachable-toleration-seconds", "5", NULL);
	kl_autofree char *balancers = both(cluster, cluster->lb_cidr, cluster->lb_cidr6);
	if (!mentions(cluster->server_args, "--load-balancer-cidr"))
		arguments(unit, "--load-balancer-cidr", balancers, NULL);
	more_arguments(unit, cluster->server_args);
}

static void add_agent(struct kl_units *units, const struct kl_cluster *cluster, int number)
{
	struct kl_cluster_node node;
	kl_cluster_node(cluster, number, &node);
	struct kl_unit *unit = add_unit(units, cluster, node.name);
	kl_autofree char *kubeconfig = kl_asprintf("%s/kubeconfig", node.pki_dir);
	kl_autofree char *mirror = kl_asprintf("docker.io=http://%s:%d", cluster->bridge_ip, KL_REGISTRY_PORT);
	kl_autofree char *ips = both(cluster, node.ip, node.ip6);
	kl_autofree char *services = both(cluster, cluster->service_cidr, cluster->service_cidr6);
	kl_autofree char *pods = both(cluster, cluster->pod_cidr, cluster->pod_cidr6);
	/* One store for all: an image is pulled and unpacked once. */
	kl_autofree char *images = kl_asprintf("%s/images", cluster->data_dir);
	unit->cgroup = kl_asprintf("%s/agent", node.cgroup);
	unit->netns = kl_strdup(node.netns);
	unit->mntns = kl_strdup(node.mntns);
	arguments(unit, cluster->binary, "agent", "--node-name", node.name, "--node-ip", ips, "--kubeconfig",
		kubeconfig, "--cert-dir", node.pki_dir, "--root-dir", node.data_dir, "--run-dir", node.run_dir,
		"--pin-dir", node.pin_dir, "--cgroup-root", node.cgroup, "--uplink", "eth0", "--cni-plugin",
		cluster->cni_plugin, "--cluster-cidr", pods, "--service-cidr", services, "--external-cluster-ip",
		"--shared-kernel", "--image-root", images, "--lease-duration", "10", NULL);
	/* Several nodes share this machine's memory, and few of them see much traffic. */
	if (!mentions(cluster->agent_args, "--lb-services"))
		arguments(unit, "--lb-services", "2047", "--lb-backends", "8191", NULL);
	if (!mentions(cluster->agent_args, "--lb-flows"))
		arguments(unit, "--lb-flows", "32768", NULL);
	if (cluster->registry)
		arguments(unit, "--registry-mirror", mirror, NULL);
	if (!mentions(cluster->agent_args, "--node-labels"))
		arguments(unit, "--node-labels", "node-role.kubernetes.io/worker=", NULL);
	more_arguments(unit, cluster->agent_args);
}

struct kl_units kl_units_of(const struct kl_cluster *cluster)
{
	struct kl_units units = {0};
	add_server(&units, cluster);
	if (cluster->registry && kl_registry_program())
		add_registry(&units, cluster);
	for (size_t i = 0; i < cluster->node_count; i++)
		add_agent(&units, cluster, cluster->nodes[i]);
	return units;
}

static void unit_release(struct kl_unit *unit)
{
	for (size_t i = 0; unit->argv[i]; i++)
		free(unit->argv[i]);
	free(unit->name);
	free(unit->log);
	free(unit->pid_file);
	free(unit->netns);
	free(unit->mntns);
	free(unit->cgroup);
	if (unit->pidfd >= 0)
		close(unit->pidfd);
}

void kl_units_release(struct kl_units *units)
{
	for (size_t i = 0; i < units->count; i++)
		unit_release(&units->items[i]);
	free(units->items);
	*units = (struct kl_units){0};
}

int kl_unit_start(struct kl_unit *unit, struct kl_err *err)
{
	bool started = false;
	unit->pid = kl_pidfile_read(unit->pid_file);
	if (!unit->pid) {
		struct kl_process_spec spec = {
			.argv = (const char *const *)unit->argv,
			.log = unit->log,
			.netns = unit->netns,
			.mntns = unit->mntns,
			.cgroup = unit->cgroup,
		};
		int rc = kl_process_start(&spec, &unit->pid, err);
		if (!rc)
			rc = kl_pidfile_write(unit->pid_file, unit->pid, err);
		if (rc) {
			unit->pid = 0;
			return rc;
		}
		started = true;
	}
	unit->started_ms = kl_monotonic_ms();
	unit->pidfd = pidfd_open(unit->pid, 0);
	return started;
}

char *kl_supervisor_pidfile(const struct kl_cluster *cluster)
{
	return kl_asprintf("%s/supervisor.pid", cluster->run_dir);
}

int kl_supervisor_ensure(const struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autofree char *pid_file = kl_supervisor_pidfile(cluster);
	kl_autofree char *log = kl_asprintf("%s/logs/supervisor.log", cluster->data_dir);
	kl_autofree char *cgroup = kl_asprintf("/keelson/%s/control", cluster->name);
	const char *argv[] = {cluster->binary, "up", "--supervise", "--name", cluster->name, NULL};
	pid_t pid = kl_pidfile_read(pid_file);
	if (pid)
		return kill(pid, SIGHUP) ? kl_fail(err, errno, "signal the supervisor") : 0;
	struct kl_process_spec spec = {.argv = argv, .log = log, .cgroup = cgroup};
	int rc = kl_process_start(&spec, &pid, err);
	return rc ? rc : kl_pidfile_write(pid_file, pid, err);
}
