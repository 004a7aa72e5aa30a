/*
 * keelson agent: one node.
 */
#include "cmd.h"

#include "agent.h"
#include "agent_join.h"
#include "log.h"
#include "mem.h"
#include "podns.h"
#include "uplinks.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	struct kl_agent_config config;
	struct agent_join join;
	const char *log_level, *cert_dir, *cni_bin_dir, *hold_pid;
	struct kl_opt_list node_ips, mirrors, dns, dns_upstreams, labels, taints, cluster_cidrs, service_cidrs, non_masquerade;
	bool shared_kernel;
	/* What was made from the options; lives until the agent ends. */
	void *owned[256];
	size_t owned_count;
};

static void *own(struct options *o, void *memory)
{
	if (o->owned_count < KL_ARRAY_LEN(o->owned))
		o->owned[o->owned_count++] = memory;
	return memory;
}

static void options_release(struct options *o)
{
	for (size_t i = 0; i < o->owned_count; i++)
		free(o->owned[i]);
}

/* "a,b" items are split; NULL for an empty list. */
static const char *const *flatten(struct options *o, const struct kl_opt_list *list)
{
	const char **flat = kl_calloc(1, sizeof(*flat));
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		char *rest = own(o, kl_strdup(list->items[i])), *part;
		while ((part = strsep(&rest, ",")))
			if (*part) {
				flat = kl_reallocarray(flat, count + 2, sizeof(*flat));
				flat[count++] = part;
				flat[count] = NULL;
			}
	}
	own(o, flat);
	return count ? flat : NULL;
}

static const char *below(struct options *o, const char *folder, const char *name)
{
	return own(o, kl_asprintf("%s/%s", folder, name));
}

static char *default_node_name(void)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	for (char *at = name; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return kl_strdup(name);
}

static void use_cert_dir(struct options *o)
{
	struct kl_agent_config *c = &o->config;

	if (!o->cert_dir)
		return;
	if (!c->tls_cert)
		c->tls_cert = below(o, o->cert_dir, "serving.crt");
	if (!c->tls_key)
		c->tls_key = below(o, o->cert_dir, "serving.key");
	if (!c->client_ca)
		c->client_ca = below(o, o->cert_dir, "ca.crt");
	if (!c->kubeconfig)
		c->kubeconfig = below(o, o->cert_dir, "kubeconfig");
}

static void derive(struct options *o)
{
	struct kl_agent_config *c = &o->config;

	use_cert_dir(o);
	c->node_ips = flatten(o, &o->node_ips);
	c->registry_mirrors = flatten(o, &o->mirrors);
	c->cluster_dns = flatten(o, &o->dns);
	c->dns_upstreams = flatten(o, &o->dns_upstreams);
	c->labels = flatten(o, &o->labels);
	c->taints = flatten(o, &o->taints);
	c->cluster_cidrs = flatten(o, &o->cluster_cidrs);
	c->service_cidrs = flatten(o, &o->service_cidrs);
	c->non_masquerade = flatten(o, &o->non_masquerade);
	c->netns_filter = o->shared_kernel;
	if (!c->node_name)
		c->node_name = own(o, default_node_name());
	if (!c->image_root)
		c->image_root = below(o, c->root_dir, "images");
	if (!c->uplink)
		c->uplink = own(o, kl_default_uplinks(c->node_ips));
	if (!c->cgroup_root)
		c->cgroup_root = "/keelson";
	if (!c->cni_plugin && o->cni_bin_dir)
		c->cni_plugin = below(o, o->cni_bin_dir, "keelson-cni");
	if (!c->kubeconfig)
		c->kubeconfig = "/etc/keelson/agent.kubeconfig";
}

/* By token, where one is given; and certificates of a folder of ours are kept fresh. */
static int obtain_certificates(struct options *o, struct kl_err *err)
{
	struct kl_agent_config *c = &o->config;

	if (!o->cert_dir)
		return 0;
	int rc = kl_agent_joins(&o->join) ? kl_agent_join(&o->join, o->cert_dir, c, err) : 0;
	if (!rc && kl_agent_joins(&o->join) && access(c->tls_cert, R_OK))
		c->tls_cert = NULL; /* nobody has approved it yet; the agent starts again when it is there */
	return rc ? rc : kl_agent_keep_certificates(o->cert_dir, c, err);
}

static int run(int argc, char **argv)
{
	struct options o = {.log_level = "info",
		.config = {.root_dir = "/var/lib/keelson/agent",
			.run_dir = "/run/keelson",
			.pin_dir = "/sys/fs/bpf/keelson",
			.max_pods = 110,
			.resolv_conf = "/etc/resolv.conf",
			.port = 10250,
			.metrics_address = "127.0.0.1:10249",
			.metrics_services = 100}};
	struct kl_agent_config *c = &o.config;
	const struct kl_opt opts[] = {
		{"server", 0, KL_OPT_STRING, &c->server},
		{"kubeconfig", 0, KL_OPT_STRING, &c->kubeconfig},
		{"token", 0, KL_OPT_STRING, &o.join.token},
		{"token-file", 0, KL_OPT_STRING, &o.join.token_file},
		{"ca-cert-hash", 0, KL_OPT_LIST, &o.join.ca_hashes},
		{"discovery-token-ca-cert-hash", 0, KL_OPT_LIST, &o.join.ca_hashes},
		{"cert-dir", 0, KL_OPT_STRING, &o.cert_dir},
		{"node-name", 0, KL_OPT_STRING, &c->node_name},
		{"node-ip", 0, KL_OPT_LIST, &o.node_ips},
		{"root-dir", 0, KL_OPT_STRING, &c->root_dir},
		{"run-dir", 0, KL_OPT_STRING, &c->run_dir},
		{"image-root", 0, KL_OPT_STRING, &c->image_root},
		{"pin-dir", 0, KL_OPT_STRING, &c->pin_dir},
		{"cgroup-root", 0, KL_OPT_STRING, &c->cgroup_root},
		{"uplink", 0, KL_OPT_STRING, &c->uplink},
		{"lb-mode", 0, KL_OPT_STRING, &c->lb_mode},
		{"lb-algorithm", 0, KL_OPT_STRING, &c->lb_algorithm},
		{"lb-forwarding", 0, KL_OPT_STRING, &c->lb_forwarding},
		{"geneve-port", 0, KL_OPT_INT, &c->geneve_port},
		{"lb-services", 0, KL_OPT_INT, &c->lb_services},
		{"lb-backends", 0, KL_OPT_INT, &c->lb_backends},
		{"lb-flows", 0, KL_OPT_INT, &c->lb_flows},
		{"no-node-port-bind-protection", 0, KL_OPT_FLAG, &c->no_bind_guard},
		{"shared-kernel", 0, KL_OPT_FLAG, &o.shared_kernel},
		{"netns-filter", 0, KL_OPT_FLAG, &o.shared_kernel},
		{"external-cluster-ip", 0, KL_OPT_FLAG, &c->external_cluster_ip},
		{"registry-mirror", 0, KL_OPT_LIST, &o.mirrors},
		{"cni-plugin", 0, KL_OPT_STRING, &c->cni_plugin},
		{"cni-bin-dir", 0, KL_OPT_STRING, &o.cni_bin_dir},
		{"cluster-dns", 0, KL_OPT_LIST, &o.dns},
		{"cluster-domain", 0, KL_OPT_STRING, &c->cluster_domain},
		{"disable-dns", 0, KL_OPT_FLAG, &c->no_dns},
		{"resolv-conf", 0, KL_OPT_STRING, &c->resolv_conf},
		{"dns-upstream", 0, KL_OPT_LIST, &o.dns_upstreams},
		{"cluster-cidr", 0, KL_OPT_LIST, &o.cluster_cidrs},
		{"service-cidr", 0, KL_OPT_LIST, &o.service_cidrs},
		{"non-masquerade-cidr", 0, KL_OPT_LIST, &o.non_masquerade},
		{"masquerade", 0, KL_OPT_STRING, &c->masquerade},
		{"pod-shortcuts", 0, KL_OPT_STRING, &c->pod_shortcuts},
		{"pod-mtu", 0, KL_OPT_INT, &c->pod_mtu},
		{"node-labels", 0, KL_OPT_LIST, &o.labels},
		{"register-with-taints", 0, KL_OPT_LIST, &o.taints},
		{"system-reserved", 0, KL_OPT_STRING, &c->system_reserved},
		{"max-pods", 0, KL_OPT_INT, &c->max_pods},
		{"pod-max-pids", 0, KL_OPT_INT, &c->pids_limit},
		{"port", 0, KL_OPT_INT, &c->port},
		{"metrics-bind-address", 0, KL_OPT_STRING, &c->metrics_address},
		{"metrics-services", 0, KL_OPT_INT, &c->metrics_services},
		{"tls-cert-file", 0, KL_OPT_STRING, &c->tls_cert},
		{"tls-private-key-file", 0, KL_OPT_STRING, &c->tls_key},
		{"client-ca-file", 0, KL_OPT_STRING, &c->client_ca},
		{"lease-duration", 0, KL_OPT_INT, &c->lease_seconds},
		{"drain-hold", 0, KL_OPT_INT, &c->drain_hold_ms},
		{"hold-pid-namespace", 0, KL_OPT_STRING, &o.hold_pid}, /* internal: see podns.h */
		{"log-level", 0, KL_OPT_STRING, &o.log_level},
	};
	struct kl_err err = {0};

	if (kl_opts_parse(&kl_cmd_agent, opts, KL_ARRAY_LEN(opts), argc, argv) > 0) {
		fprintf(stderr, "keelson agent: it takes no argument '%s'\n", argv[1]);
		return KL_EXIT_USAGE;
	}
	kl_agent_hide_token(&o.join, argc, argv);
	if (kl_log_set_level_name(o.log_level))
		return kl_cmd_fail(
			&kl_cmd_agent, "--log-level is one of error, warn, info, debug, not '%s'", o.log_level);
	if (o.hold_pid)
		return kl_podns_hold_pid(o.hold_pid, &err) ? kl_cmd_fail(&kl_cmd_agent, "%s", err.text) : KL_EXIT_OK;
	if (kl_agent_joins(&o.join) && !o.cert_dir)
		o.cert_dir = below(&o, c->root_dir, "pki");
	derive(&o);
	int rc = obtain_certificates(&o, &err);
	if (!rc)
		rc = kl_agent_run(c, &err);
	if (!rc)
		kl_agent_restart(argv - 1);
	options_release(&o);
	return rc ? kl_cmd_fail(&kl_cmd_agent, "%s", err.text) : KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_agent = {
	.name = "agent",
	.summary = "Run a node: pods, images, networking",
	.run = run,
	.help = "Usage: keelson agent --kubeconfig FILE [OPTIONS]\n\n"
		"Registers this machine as a node and runs its pods with crun or runc, conmon, skopeo and overlayfs. "
		"Containers and\n"
		"the dataplane live on when the agent ends; the next one takes them over.\n\n"
		"API\n"
		"  --kubeconfig FILE            how to reach the API (default /etc/keelson/agent.kubeconfig)\n"
		"  --server URL                 another server than the kubeconfig names\n"
		"  --token ID.SECRET            join with a bootstrap token (keelson token create); with --server and\n"
		"  --token-file FILE            … that stands in a file, where no list of processes shows it\n"
		"  --ca-cert-hash sha256:HEX    of the public key of the cluster's CA, by which the server is known\n"
		"  --cert-dir DIR               kubeconfig, ca.crt, serving.crt and serving.key in one folder\n"
		"Node\n"
		"  --node-name NAME             default: the host's name\n"
		"  --node-ip IP[,IP]            default: the uplink's addresses\n"
		"  --node-labels KEY=VALUE,…    labels at registration\n"
		"  --register-with-taints KEY=VALUE:EFFECT,…\n"
		"  --system-reserved cpu=500m,memory=256Mi\n"
		"  --max-pods N                 default 110\n"
		"  --pod-max-pids N             processes of one container; default: no limit\n"
		"  --lease-duration SECONDS     default 40, renewed four times as often\n"
		"Folders\n"
		"  --root-dir DIR               what survives a reboot (default /var/lib/keelson/agent)\n"
		"  --run-dir DIR                what does not (default /run/keelson)\n"
		"  --image-root DIR             images; may be shared by agents of one machine (default ROOT/images)\n"
		"  --cgroup-root PATH           parent of the pods' cgroups (default /keelson)\n"
		"Images\n"
		"  --registry-mirror REGISTRY=URL   e.g. docker.io=http://10.0.0.1:5000; may be repeated\n"
		"Network\n"
		"  --uplink DEVICE[,DEVICE]     default: those with a default route or a node address\n"
		"  --lb-mode auto|xdp|generic|tc\n"
		"  --lb-algorithm random|round-robin|maglev|least-connection   of Services that ask for none (random)\n"
		"  --lb-forwarding snat|dsr|dsr-geneve   the same (snat); --geneve-port N (6081)\n"
		"  --no-node-port-bind-protection  let processes of the node bind NodePorts that are in use\n"
		"  --lb-services, --lb-backends, --lb-flows N   sizes of the kernel's tables: service ports, their "
		"endpoints,\n"
		"                               connections from outside at once (default: by the machine's memory)\n"
		"  --pin-dir DIR                on a bpffs (default /sys/fs/bpf/keelson)\n"
		"  --shared-kernel              other agents run on this kernel: touch only this node's namespaces\n"
		"  --external-cluster-ip        translate ClusterIPs that arrive on the uplink\n"
		"  --cluster-cidr CIDR[,CIDR]   all pods; with --service-cidr and --non-masquerade-cidr: where pods are "
		"seen\n"
		"                               under their own addresses. Default of all: what ip-masq-agent leaves "
		"alone\n"
		"  --service-cidr, --non-masquerade-cidr CIDR[,CIDR]\n"
		"  --masquerade bpf|off         what leaves the cluster gets the node's address (default bpf)\n"
		"  --pod-shortcuts on|off       packets of pods may skip the node's stack (default on)\n"
		"  --pod-mtu N                  default: that of the uplink, less what envelopes need\n"
		"  --cni-plugin FILE            default /opt/cni/bin/keelson-cni; or --cni-bin-dir DIR\n"
		"  --cluster-dns IP, --cluster-domain NAME   for the pods' resolv.conf (default: the Service kube-dns, "
		"cluster.local)\n"
		"  --disable-dns                no name server on this node (with `keelson server --disable-dns`)\n"
		"  --resolv-conf FILE           whose name servers are asked for other names (default /etc/resolv.conf)\n"
		"  --dns-upstream IP[#PORT],…   ask these instead\n"
		"  --drain-hold MS              at most so long a Ready pod of a Service waits for its first signal, "
		"until\n"
		"                               no node sends to it any more (default 5000)\n"
		"Endpoint for logs, exec, attach, port-forward\n"
		"  --port N                     default 10250\n"
		"  --tls-cert-file, --tls-private-key-file, --client-ca-file   PEM files\n"
		"  --metrics-bind-address IP:PORT   /metrics in plain HTTP, besides that of the port above, which wants a "
		"certificate\n"
		"                               (default 127.0.0.1:10249; \"\": not there)\n"
		"  --metrics-services N         so many Services, the busiest, have metrics of their own (default 100)\n"
		"  --log-level LEVEL            error, warn, info (default), debug\n",
};
