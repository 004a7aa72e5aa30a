/*
 * keelson server: the control plane in one process. Starts what is below and stops it in the opposite order:
 * store, registry, HTTP (API, endpoint stream, proxies), controllers, scheduler.
 */
#include "cmd.h"

#include "clock.h"
#include "controllers.h"
#include "file.h"
#include "log.h"
#include "pki.h"
#include "proxy.h"
#include "rest.h"
#include "scheduler.h"
#include "streamd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_DATA_DIR "/var/lib/keelson/server"

struct config {
	const char *data_dir, *advertise_address, *cluster_cidr, *service_cidr, *node_ports, *kubeconfig, *cluster_name;
	const char *load_balancers;
	const char *log_level, *issue_node, *out, *monitor_grace, *signing;
	int toleration_s;
	bool no_dns;
	struct kl_opt_list bind_addresses, sans;
	int port;
	/* derived */
	char advertise[INET6_ADDRSTRLEN];
	int port_min, port_max, grace_ms;
	int64_t signing_seconds;
	const char *addresses[40]; /* to bind to, without port; NULL-terminated */
	char *storage[40];
	size_t address_count;
};

struct server {
	struct kl_store *store;
	struct kl_registry *registry;
	struct kl_pki *pki;
	struct kl_jwt_key *token_key;
	char *certificate; /* that is served */
	struct kl_httpd *httpd;
	struct kl_streamd *streamd;
	struct kl_proxy *proxy;
	struct kl_rest *rest;
	struct kl_controllers *controllers;
	struct kl_scheduler *scheduler;
	_Atomic bool ready;
};

static bool is_v6(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* "--bind-address A,B --bind-address C" */
static void split_addresses(struct config *config)
{
	for (size_t i = 0;
		i < config->bind_addresses.count && config->address_count + 1 < KL_ARRAY_LEN(config->addresses); i++) {
		char *copy = config->storage[i] = kl_strdup(config->bind_addresses.items[i]), *rest = copy, *part;
		while ((part = strsep(&rest, ",")) && config->address_count + 1 < KL_ARRAY_LEN(config->addresses))
			if (*part)
				config->addresses[config->address_count++] = part;
	}
	if (!config->address_count)
		config->addresses[config->address_count++] = "0.0.0.0";
}

static bool is_wildcard(const char *address)
{
	return !strcmp(address, "0.0.0.0") || !strcmp(address, "::");
}

/* Where others reach us: what was said, an address that we bind to, or the first that is not loopback. */
static void find_advertised(struct config *config)
{
	const char *found = config->advertise_address;
	for (size_t i = 0; i < config->address_count && !found; i++)
		if (!is_wildcard(config->addresses[i]) && strncmp(config->addresses[i], "127.", 4) != 0)
			found = config->addresses[i];
	if (found) {
		snprintf(config->advertise, sizeof(config->advertise), "%s", found);
		return;
	}
	struct ifaddrs *list = NULL;
	strcpy(config->advertise, "127.0.0.1");
	if (!is_wildcard(config->addresses[0]) || getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET || at->ifa_flags & IFF_LOOPBACK ||
			!(at->ifa_flags & IFF_UP))
			continue;
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr,
			config->advertise, sizeof(config->advertise));
		break;
	}
	freeifaddrs(list);
}

/* "40s", "1m", "1500ms" or plain seconds → milliseconds; -1: none of these. */
static int parse_duration(const char *text)
{
	char *unit;
	double value = strtod(text, &unit);
	if (unit == text || value < 0 || value > 86400)
		return -1;
	if (!strcmp(unit, "ms"))
		return (int)value;
	if (!*unit || !strcmp(unit, "s"))
		return (int)(value * 1000);
	return !strcmp(unit, "m") ? (int)(value * 60000) : -1;
}

/* "8760h", "30m", "3600s" or plain seconds → seconds; -1: none of these. */
static int64_t parse_long_duration(const char *text)
{
	static const struct {
		const char *unit;
		int seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	char *unit;
	long value = strtol(text, &unit, 10);
	for (size_t i = 0; i < KL_ARRAY_LEN(units); i++)
		if (unit != text && value > 0 && value <= 1000000 && !strcmp(unit, units[i].unit))
			return (int64_t)value * units[i].seconds;
	return -1;
}

static int derive(struct config *config, struct kl_err *err)
{
	char extra;
	if (sscanf(config->node_ports, "%d-%d%c", &config->port_min, &config->port_max, &extra) != 2)
		return kl_fail_msg(err, EINVAL, "--service-node-port-range '%s' is not MIN-MAX", config->node_ports);
	config->grace_ms = parse_duration(config->monitor_grace);
	if (config->grace_ms <= 0)
		return kl_fail_msg(
			err, EINVAL, "--node-monitor-grace-period '%s' is not a duration", config->monitor_grace);
	config->signing_seconds = parse_long_duration(config->signing);
	if (config->signing_seconds < 10)
		return kl_fail_msg(err, EINVAL, "--cluster-signing-duration '%s' is not a duration of 10 seconds or more",
			config->signing);
	if (config->port < 0 || config->port > 65535)
		return kl_fail_msg(err, EINVAL, "--https-listen-port %d is not a port", config->port);
	if (kl_log_set_level_name(config->log_level) < 0)
		return kl_fail_msg(
			err, EINVAL, "--log-level '%s' is none of error, warn, info, debug", config->log_level);
	split_addresses(config);
	find_advertised(config);
	return kl_controllers_check_ranges(config->load_balancers, err);
}

/* --- names and certificates --- */

static void first_service_ip(const char *cidr, char ret[INET6_ADDRSTRLEN])
{
	struct in_addr v4;
	char address[INET6_ADDRSTRLEN];
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(cidr, "/"), cidr);
	strcpy(ret, "127.0.0.1");
	if (inet_pton(AF_INET, address, &v4) != 1)
		return;
	v4.s_addr = htonl(ntohl(v4.s_addr) + 1);
	inet_ntop(AF_INET, &v4, ret, INET6_ADDRSTRLEN);
}

static int server_certificate(
	struct kl_pki *pki, const struct config *config, struct kl_pki_pair *ret, struct kl_err *err)
{
	char host[256] = "localhost", service_ip[INET6_ADDRSTRLEN];
	const char *sans[96] = {"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", "::1", host, service_ip,
		config->advertise};
	size_t count = 10;
	gethostname(host, sizeof(host) - 1);
	first_service_ip(config->service_cidr, service_ip);
	for (size_t i = 0; i < config->address_count; i++)
		if (!is_wildcard(config->addresses[i]))
			sans[count++] = config->addresses[i];
	for (size_t i = 0; i < config->sans.count; i++)
		sans[count++] = config->sans.items[i];
	int rc = kl_pki_server(pki, sans, ret, err);
	if (rc < 0)
		return rc;
	/* the CA goes along: who joins by token knows only the hash of its key */
	char *leaf = ret->cert_pem;
	ret->cert_pem = kl_asprintf("%s%s", leaf, kl_pki_ca_pem(pki));
	free(leaf);
	return 0;
}

static char *url_of(const char *address, int port)
{
	return is_v6(address) ? kl_asprintf("https://[%s]:%d", address, port)
			      : kl_asprintf("https://%s:%d", address, port);
}

/* For clients on this machine: loopback if we listen there. */
static char *local_url(const struct config *config, int port)
{
	for (size_t i = 0; i < config->address_count; i++)
		if (!strncmp(config->addresses[i], "127.", 4) || is_wildcard(config->addresses[i]))
			return url_of("127.0.0.1", port);
	return url_of(config->addresses[0], port);
}

static int write_kubeconfigs(struct kl_pki *pki, const struct config *config, int port, struct kl_err *err)
{
	kl_autofree char *url = local_url(config, port), *own = kl_asprintf("%s/admin.kubeconfig", config->data_dir);
	int rc = kl_pki_admin_kubeconfig(pki, config->cluster_name, url, own, err);
	if (rc == 0 && config->kubeconfig)
		rc = kl_pki_admin_kubeconfig(pki, config->cluster_name, url, config->kubeconfig, err);
	return rc;
}

/* --issue-node NAME --out DIR: what an agent elsewhere needs; the server need not run. */
static int issue_node(const struct config *config, struct kl_err *err)
{
	struct kl_pki *pki = NULL;
	kl_autofree char *dir = kl_asprintf("%s/pki", config->data_dir), *url = url_of(config->advertise, config->port);
	const char *addresses[41] = {NULL};
	for (size_t i = 0; i < config->sans.count; i++)
		addresses[i] = config->sans.items[i];
	if (!config->out)
		return kl_fail_msg(err, EINVAL, "--issue-node needs --out DIR");
	int rc = kl_pki_open(dir, &pki, err);
	if (rc == 0)
		rc = kl_pki_issue_node(pki, config->issue_node, addresses, url, config->out, err);
	kl_pki_free(pki);
	return rc;
}

/* --- starting and stopping --- */

static int start_store(struct server *server, const struct config *config, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/keelson.db", config->data_dir);
	int rc = kl_mkdir_p(config->data_dir, 0700, err);
	if (rc == 0)
		rc = kl_store_open(&(struct kl_store_options){.path = path}, &server->store, err);
	if (rc == 0)
		rc = kl_registry_new(&(struct kl_registry_options){.store = server->store,
					     .service_cidr = config->service_cidr,
					     .cluster_cidr = config->cluster_cidr,
					     .node_port_min = config->port_min,
					     .node_port_max = config->port_max,
					     .default_toleration_s = config->toleration_s,
					     .mount_tokens = true},
			&server->registry, err);
	return rc;
}

static int open_httpd(
	struct server *server, const struct config *config, const struct kl_pki_pair *pair, struct kl_err *err)
{
	char *addresses[41] = {NULL};
	for (size_t i = 0; i < config->address_count; i++)
		addresses[i] = kl_asprintf(
			is_v6(config->addresses[i]) ? "[%s]:%d" : "%s:%d", config->addresses[i], config->port);
	int rc = kl_httpd_new(&(struct kl_httpd_options){.addresses = (const char *const *)addresses,
				      .cert_pem = pair->cert_pem,
				      .key_pem = pair->key_pem,
				      .client_ca_pem = kl_pki_ca_pem(server->pki),
				      .error_body = kl_rest_error_body},
		&server->httpd, err);
	for (size_t i = 0; addresses[i]; i++)
		free(addresses[i]);
	return rc;
}

static int open_proxy(struct server *server, struct kl_err *err)
{
	struct kl_pki_pair pair = {0};
	int rc = kl_pki_kubelet_client(server->pki, &pair, err);
	if (rc == 0)
		rc = kl_proxy_new(&(struct kl_proxy_options){.store = server->store,
					  .ca_pem = kl_pki_ca_pem(server->pki),
					  .cert_pem = pair.cert_pem,
					  .key_pem = pair.key_pem},
			&server->proxy, err);
	kl_pki_pair_release(&pair);
	return rc;
}

static int load_token_key(struct server *server, struct kl_err *err)
{
	kl_autofree char *pem = NULL;
	int rc = kl_pki_token_key(server->pki, &pem, err);
	return rc == 0 ? kl_jwt_key_new(pem, &server->token_key, err) : rc;
}

static bool is_ready(void *arg)
{
	return atomic_load(&((struct server *)arg)->ready);
}

static int add_routes(struct server *server, struct kl_err *err)
{
	int rc = open_proxy(server, err);
	if (rc == 0)
		rc = load_token_key(server, err);
	if (rc == 0)
		rc = kl_streamd_new(server->store, server->httpd, NULL, &server->streamd, err);
	if (rc == 0)
		rc = kl_rest_new(&(struct kl_rest_options){.registry = server->registry,
					 .proxy = server->proxy,
					 .token_key = server->token_key,
					 .ready = is_ready,
					 .ready_arg = server},
			server->httpd, &server->rest, err);
	return rc == 0 ? kl_httpd_start(server->httpd, err) : rc;
}

static int start_http(struct server *server, const struct config *config, struct kl_err *err)
{
	struct kl_pki_pair pair = {0};
	kl_autofree char *dir = kl_asprintf("%s/pki", config->data_dir);
	int rc = kl_pki_open(dir, &server->pki, err);
	if (rc == 0)
		rc = server_certificate(server->pki, config, &pair, err);
	if (rc == 0)
		rc = open_httpd(server, config, &pair, err);
	int port = rc == 0 ? kl_httpd_port(server->httpd, 0) : 0;
	if (rc == 0)
		rc = kl_registry_bootstrap(server->registry, config->advertise, port, err);
	if (rc == 0 && !config->no_dns)
		rc = kl_registry_bootstrap_dns(server->registry, err);
	if (rc == 0)
		rc = add_routes(server, err);
	if (rc == 0)
		rc = write_kubeconfigs(server->pki, config, port, err);
	server->certificate = kl_take(&pair.cert_pem);
	kl_pki_pair_release(&pair);
	return rc;
}

static int start_loops(struct server *server, const struct config *config, struct kl_err *err)
{
	int rc = kl_controllers_start(server->registry,
		&(struct kl_controllers_options){.cluster_cidr = config->cluster_cidr,
			.node_cidr_mask_v4 = 24,
			.node_monitor_grace_ms = config->grace_ms,
			.node_monitor_period_ms = config->grace_ms / 8 < 5000 ? config->grace_ms / 8 : 5000,
			.pod_eviction_timeout_ms = config->grace_ms,
			.load_balancer_ranges = config->load_balancers,
			.pki = server->pki,
			.signing_seconds = config->signing_seconds,
			.root_ca_pem = kl_pki_ca_pem(server->pki)},
		&server->controllers, err);
	return rc == 0 ? kl_scheduler_start(server->registry, &server->scheduler, err) : rc;
}

static void stop(struct server *server)
{
	if (server->scheduler)
		kl_scheduler_stop(server->scheduler);
	if (server->controllers)
		kl_controllers_stop(server->controllers);
	kl_proxy_free(server->proxy);
	kl_httpd_free(server->httpd);
	kl_rest_free(server->rest);
	kl_streamd_free(server->streamd);
	kl_jwt_key_free(server->token_key);
	kl_registry_free(server->registry);
	kl_pki_free(server->pki);
	free(server->certificate);
	kl_store_close(server->store);
}

static void renew_certificate(struct server *server, const struct config *config)
{
	struct kl_pki_pair pair = {0};
	struct kl_err err = {0};
	int rc = server_certificate(server->pki, config, &pair, &err);
	if (rc == 0 && strcmp(pair.cert_pem, server->certificate) != 0) {
		rc = kl_httpd_set_certificate(server->httpd, pair.cert_pem, pair.key_pem, &err);
		free(server->certificate);
		server->certificate = kl_strdup(pair.cert_pem);
	}
	if (rc < 0)
		kl_warn("renew the serving certificate: %s", kl_err_text(&err));
	kl_pki_pair_release(&pair);
}

/* Waits for the end; looks every hour whether the serving certificate must be renewed. */
static void wait_for_signal(struct server *server, const struct config *config, const sigset_t *signals)
{
	const struct timespec hour = {.tv_sec = 3600};
	while (sigtimedwait(signals, NULL, &hour) < 0) {
		if (errno == EAGAIN)
			renew_certificate(server, config);
	}
}

static int serve(const struct config *config, struct kl_err *err)
{
	sigset_t signals;
	int64_t begin_ms = kl_monotonic_ms();
	struct server server = {0};
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads: they inherit it */
	int rc = start_store(&server, config, err);
	if (rc == 0)
		rc = start_http(&server, config, err);
	if (rc == 0)
		rc = start_loops(&server, config, err);
	if (rc == 0) {
		atomic_store(&server.ready, true);
		kl_info("serving on port %d, ready after %lld ms", kl_httpd_port(server.httpd, 0),
			(long long)(kl_monotonic_ms() - begin_ms));
		wait_for_signal(&server, config, &signals);
		kl_info("stopping");
	}
	stop(&server);
	return rc;
}

/* Thousands of clients may watch; the soft limit is often 1024. */
static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int run(int argc, char **argv)
{
	struct config config = {.data_dir = DEFAULT_DATA_DIR,
		.cluster_cidr = "10.244.0.0/16",
		.service_cidr = "10.96.0.0/16",
		.node_ports = "30000-32767",
		.cluster_name = "keelson",
		.log_level = "info",
		.monitor_grace = "40s",
		.signing = "8760h",
		.port = 6443,
		.toleration_s = 300};
	const struct kl_opt opts[] = {
		{"data-dir", 'd', KL_OPT_STRING, &config.data_dir},
		{"bind-address", 0, KL_OPT_LIST, &config.bind_addresses},
		{"https-listen-port", 'p', KL_OPT_INT, &config.port},
		{"secure-port", 0, KL_OPT_INT, &config.port},
		{"port", 0, KL_OPT_INT, &config.port},
		{"advertise-address", 0, KL_OPT_STRING, &config.advertise_address},
		{"cluster-cidr", 0, KL_OPT_STRING, &config.cluster_cidr},
		{"service-cidr", 0, KL_OPT_STRING, &config.service_cidr},
		{"service-cluster-ip-range", 0, KL_OPT_STRING, &config.service_cidr},
		{"service-node-port-range", 0, KL_OPT_STRING, &config.node_ports},
		{"load-balancer-cidr", 0, KL_OPT_STRING, &config.load_balancers},
		{"tls-san", 0, KL_OPT_LIST, &config.sans},
		{"write-kubeconfig", 'o', KL_OPT_STRING, &config.kubeconfig},
		{"cluster-name", 0, KL_OPT_STRING, &config.cluster_name},
		{"node-monitor-grace-period", 0, KL_OPT_STRING, &config.monitor_grace},
		{"cluster-signing-duration", 0, KL_OPT_STRING, &config.signing},
		{"disable-dns", 0, KL_OPT_FLAG, &config.no_dns},
		{"default-unreachable-toleration-seconds", 0, KL_OPT_INT, &config.toleration_s},
		{"log-level", 0, KL_OPT_STRING, &config.log_level},
		{"issue-node", 0, KL_OPT_STRING, &config.issue_node},
		{"out", 0, KL_OPT_STRING, &config.out},
	};
	kl_opts_parse(&kl_cmd_server, opts, KL_ARRAY_LEN(opts), argc, argv);
	struct kl_err err = {0};
	raise_file_limit();
	mallopt(M_ARENA_MAX, 2); /* a handful of threads: more arenas only hold memory */
	int rc = derive(&config, &err);
	if (rc == 0)
		rc = config.issue_node ? issue_node(&config, &err) : serve(&config, &err);
	for (size_t i = 0; i < KL_ARRAY_LEN(config.storage); i++)
		free(config.storage[i]);
	return rc < 0 ? kl_cmd_fail(&kl_cmd_server, "%s", kl_err_text(&err)) : KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_server = {
	.name = "server",
	.summary = "Run the control plane: API, store, scheduler, controllers",
	.run = run,
	.help = "Usage: keelson server [OPTIONS]\n"
		"\n"
		"Serves the Kubernetes API over HTTPS, schedules pods, runs the controllers and streams endpoints to "
		"the nodes.\n"
		"Certificates are made at the first start. Runs until SIGTERM; stderr is the log.\n"
		"\n"
		"  -d, --data-dir DIR               database, certificates, admin.kubeconfig (" DEFAULT_DATA_DIR ")\n"
		"      --bind-address ADDR[,ADDR]   where to listen; may be repeated (0.0.0.0)\n"
		"  -p, --https-listen-port PORT     (6443; also --secure-port, --port)\n"
		"      --advertise-address ADDR     where nodes and pods reach the server (the first address found)\n"
		"      --cluster-cidr CIDR          pods; cut into a range for each node (10.244.0.0/16)\n"
		"      --service-cidr CIDR[,CIDR]   ClusterIPs (10.96.0.0/16)\n"
		"      --service-node-port-range A-B  (30000-32767)\n"
		"      --load-balancer-cidr RANGE[,RANGE]  addresses for Services of type LoadBalancer: PREFIX/LENGTH or\n"
		"                               FIRST-LAST, IPv4 and IPv6; the network must bring them to the nodes (none)\n"
		"      --tls-san NAME               another name or address in the server's certificate; may be "
		"repeated\n"
		"  -o, --write-kubeconfig FILE      the administrator's kubeconfig, beside the one in the data "
		"directory\n"
		"      --cluster-name NAME          the name in kubeconfigs (keelson)\n"
		"      --disable-dns                  no Service kube-dns: there will be another DNS\n"
		"      --node-monitor-grace-period T  silence after which a node is not ready (40s)\n"
		"      --cluster-signing-duration T   how long certificates that are asked for live (8760h)\n"
		"      --default-unreachable-toleration-seconds N  how long pods stay on a node that is lost (300)\n"
		"      --log-level LEVEL            error, warn, info or debug (info)\n"
		"\n"
		"  keelson server --issue-node NAME --out DIR [--tls-san ADDR] [--advertise-address ADDR]\n"
		"      writes what the agent NAME needs (kubeconfig, ca.crt, serving.crt, serving.key) and ends\n",
};
