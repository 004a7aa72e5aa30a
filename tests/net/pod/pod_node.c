/*
 * A node without control plane, for the network tests: the CNI server, the programs of pods, sockets and the balancer.
 * lb_tool puts services into the same tables.
 *
 *	pod_node OPTION=VALUE…
 *	    pins=DIR run=DIR name=NODE uplink=DEV|- cgroup=DIR filter=0|1 addrs=A,A own=CIDR,CIDR
 *	    cluster=CIDR,CIDR masquerade=bpf|off shortcuts=on|off mtu=N mtu-less=N
 * Prints "ready"; on SIGUSR1 reads RUN/limits ("UID INGRESS EGRESS" in bits a second) and puts them in force; on SIGHUP
 * audits. Goes at SIGTERM and leaves all as it is.
 */
#include "cniserver.h"
#include "dpsync.h"
#include "link.h"
#include "load.h"
#include "mem.h"
#include "podnet.h"

#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	uv_loop_t loop;
	struct kl_maps *maps;
	struct kl_dpsync *sync;
	struct kl_podnet *podnet;
	struct kl_cniserver *cni;
	const char *run;
};

static char **arguments;

static const char *option(const char *name, const char *otherwise)
{
	size_t len = strlen(name);
	for (char **at = arguments; *at; at++)
		if (!strncmp(*at, name, len) && (*at)[len] == '=')
			return *at + len + 1;
	return otherwise;
}

static void check(int rc, const struct kl_err *err)
{
	if (!rc)
		return;
	fprintf(stderr, "pod_node: %s\n", kl_err_text(err));
	exit(1);
}

static int added(const struct kl_cni_pod *pod, void *arg, struct kl_err *err)
{
	struct node *node = arg;
	int rc = kl_dpsync_netns_add(node->sync, pod->netns_cookie, KL_DPSYNC_POD, pod->host_ifindex, err);
	return rc ? rc : kl_podnet_pod_add(node->podnet, pod, err);
}

static void removed(const struct kl_cni_pod *pod, void *arg)
{
	struct node *node = arg;
	kl_podnet_pod_remove(node->podnet, pod);
	kl_dpsync_netns_remove(node->sync, pod->netns_cookie);
}

static size_t split(char *text, const char **ret, size_t max)
{
	size_t count = 0;
	for (char *part; count < max && (part = strsep(&text, ","));)
		if (*part)
			ret[count++] = part;
	return count;
}

static void tables(struct node *node)
{
	struct kl_err err = {0};
	struct kl_addr addrs[8];
	const char *texts[8], *uplink = option("uplink", "eth0"), *cgroup = option("cgroup", "-");
	size_t count = split(strdup(option("addrs", "")), texts, 8);
	for (size_t i = 0; i < count; i++)
		check(kl_addr_parse(texts[i], &addrs[i]), &err);
	const struct kl_dpsync_node facts = {.addrs = addrs, .addr_count = count, .external_cluster_ip = true};
	const struct kl_load_options load = {.pin_dir = option("pins", ""),
		.uplink = strcmp(uplink, "-") ? uplink : NULL,
		.cgroup = strcmp(cgroup, "-") ? cgroup : NULL,
		.netns_filter = atoi(option("filter", "1")),
		.mode = KL_LB_TC};
	check(kl_maps_open(load.pin_dir, NULL, &node->maps, &err), &err);
	check(kl_dpsync_new(node->maps, option("name", "here"), &node->sync, &err), &err);
	check(kl_dpsync_set_node(node->sync, &facts, &err), &err);
	kl_autolink *own = NULL;
	check(kl_link_open(-1, &own, &err), &err);
	check(kl_dpsync_netns_add(node->sync, kl_link_netns_cookie(own), KL_DPSYNC_NODE, 0, &err), &err);
	if (load.cgroup)
		check(kl_load(node->maps, &load, NULL, &err), &err);
}

static void pods(struct node *node)
{
	struct kl_err err = {0};
	const char *cluster[] = {option("cluster", NULL), NULL}, *own[2], *uplink = option("uplink", "eth0");
	kl_autofree char *state = kl_asprintf("%s/cni", node->run), *socket = kl_asprintf("%s/agent.sock", node->run);
	struct kl_podnet_options options = {.pin_dir = option("pins", ""),
		.uplink = strcmp(uplink, "-") ? uplink : NULL,
		.no_shortcuts = !strcmp(option("shortcuts", "on"), "off"),
		.cluster_cidrs = cluster[0] ? cluster : NULL};
	kl_masquerade_parse(option("masquerade", "bpf"), &options.masquerade);
	check(kl_podnet_new(node->maps, &options, &node->podnet, &err), &err);
	const struct kl_cniserver_opts cni = {.socket_path = socket,
		.state_dir = state,
		.mtu = (uint32_t)atoi(option("mtu", "0")),
		.mtu_less = (uint32_t)atoi(option("mtu-less", "0")),
		.uplink = uplink,
		.pod_added = added,
		.pod_removed = removed,
		.arg = node};
	check(kl_cniserver_new(&node->loop, &cni, &node->cni, &err), &err);
	kl_podnet_sweep(node->podnet);
	size_t count = split(strdup(option("own", "")), own, 2);
	check(kl_podnet_own(node->podnet, own, count, &err), &err);
	check(kl_cniserver_set_cidrs(node->cni, own, count, &err), &err);
}

static void on_term(uv_signal_t *handle, int number)
{
	(void)number;
	uv_stop(handle->loop);
}

static void on_audit(uv_signal_t *handle, int number)
{
	(void)number;
	kl_podnet_audit(((struct node *)handle->data)->podnet);
}

static void on_limits(uv_signal_t *handle, int number)
{
	const struct node *node = handle->data;
	kl_autofree char *path = kl_asprintf("%s/limits", node->run);
	FILE *file = fopen(path, "re");
	char uid[64];
	unsigned long in, out;
	(void)number;
	while (file && fscanf(file, "%63s %lu %lu", uid, &in, &out) == 3) {
		struct kl_err err = {0};
		const struct kl_cni_bandwidth bandwidth = {.ingress_rate = in, .egress_rate = out};
		if (kl_cniserver_limit(node->cni, uid, &bandwidth, &err))
			fprintf(stderr, "pod_node: %s\n", kl_err_text(&err));
	}
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	static struct node node;
	static const struct {
		int number;
		uv_signal_cb fn;
	} signals[] = {{SIGTERM, on_term}, {SIGHUP, on_audit}, {SIGUSR1, on_limits}};
	static uv_signal_t handles[KL_ARRAY_LEN(signals)];
	(void)argc;
	arguments = argv + 1;
	node.run = option("run", "/tmp");
	uv_loop_init(&node.loop);
	for (size_t i = 0; i < KL_ARRAY_LEN(signals); i++) {
		uv_signal_init(&node.loop, &handles[i]);
		handles[i].data = &node;
		uv_signal_start(&handles[i], signals[i].fn, signals[i].number);
	}
	tables(&node);
	pods(&node);
	puts("ready");
	fflush(stdout);
	uv_run(&node.loop, UV_RUN_DEFAULT);
	return 0;
}
