/*
 * The dataplane without the control plane, for the network tests: loads the programs and puts services as told.
 *
 *	lb_tool PIN_DIR load NODE UPLINK MODE CGROUP FILTER ADDR…
 *	lb_tool PIN_DIR put NODE KEY tcp|udp|sctp [flags,…] FRONTEND… [range=ADDR/LEN…] -- BACKEND…
 *	    flags: maglev round-robin least-connection affinity external-local internal-local dsr dsr-geneve
 *	    FRONTEND: cluster|node|external|lb|host=ADDR/PORT       BACKEND: ADDR/PORT[@NODE][!] (! terminating)
 *	lb_tool PIN_DIR delete NODE KEY
 *	lb_tool PIN_DIR peer NODE NAME ADDR…	another node: envelopes from it are opened
 *	lb_tool PIN_DIR relabel LAYOUT		the maps in <PIN_DIR>/v<LAYOUT> say that this is their layout
 *	lb_tool PIN_DIR reap NETNS		closes connected UDP sockets at dead backends in a namespace
 *	lb_tool PIN_DIR netns COOKIE
 *	lb_tool - cookie			of the namespace it runs in
 *	lb_tool - pass IFNAME			an XDP program that passes everything: without one a veth's other end is not
 *						woken by XDP_TX
 *	lb_tool PIN_DIR counters
 *	lb_tool PIN_DIR unload
 */
#include "dpsync.h"
#include "load.h"
#include "mem.h"
#include "reap.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const struct kl_err *err)
{
	fprintf(stderr, "lb_tool: %s\n", kl_err_text(err));
	return 1;
}

static uint64_t own_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

static int do_load(struct kl_maps *maps, const char *pin_dir, int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_dpsync *sync;
	struct kl_addr addrs[8];
	size_t count = 0;
	if (argc < 6)
		return 2;
	struct kl_load_options options = {
		.pin_dir = pin_dir,
		.uplink = strcmp(argv[1], "-") ? argv[1] : NULL,
		.cgroup = strcmp(argv[3], "-") ? argv[3] : NULL,
		.netns_filter = atoi(argv[4]),
	};
	for (int i = 5; i < argc && count < 8; i++)
		if (kl_addr_parse(argv[i], &addrs[count++]))
			return 2;
	enum kl_lb_mode mode;
	if (kl_lb_mode_parse(argv[2], &options.mode) || kl_dpsync_new(maps, argv[0], &sync, &err))
		return fail(&err);
	struct kl_dpsync_node node = {.addrs = addrs, .addr_count = count, .external_cluster_ip = true, .mtu = 1500};
	if (kl_dpsync_set_node(sync, &node, &err) || kl_dpsync_netns_add(sync, own_cookie(), KL_DPSYNC_NODE, 0, &err) ||
		kl_load(maps, &options, &mode, &err) || kl_maps_switch_end(maps, &err))
		return fail(&err);
	printf("loaded, mode %s, %s\n", kl_lb_mode_name(mode), maps->adopted ? "adopted" : "new");
	kl_dpsync_free(sync);
	return 0;
}

static int parse_addr_port(char *text, struct kl_addr *addr, uint16_t *port)
{
	char *slash = strchr(text, '/');
	if (!slash)
		return -1;
	*slash = 0;
	*port = (uint16_t)atoi(slash + 1);
	return kl_addr_parse(text, addr);
}

static int parse_range(struct kl_service *service, char *text)
{
	struct kl_range *range = &service->ranges[service->range_count++];
	char *slash = strchr(text, '/');
	if (!slash)
		return -1;
	*slash = 0;
	int failed = kl_addr_parse(text, &range->addr);
	range->len = (uint8_t)(atoi(slash + 1) + (kl_addr_is_v4(&range->addr) ? 96 : 0));
	return failed;
}

static int parse_frontend(struct kl_service *service, char *text)
{
	static const struct {
		const char *word;
		uint8_t type;
	} types[] = {{"cluster", KL_FRONTEND_CLUSTER_IP}, {"node", KL_FRONTEND_NODE_PORT},
		{"external", KL_FRONTEND_EXTERNAL_IP}, {"lb", KL_FRONTEND_LOAD_BALANCER},
		{"host", KL_FRONTEND_HOST_PORT}};
	char *equals = strchr(text, '=');
	if (!equals)
		return -1;
	*equals = 0;
	if (!strcmp(text, "range"))
		return parse_range(service, equals + 1);
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++) {
		if (strcmp(types[i].word, text))
			continue;
		struct kl_frontend *frontend = &service->frontends[service->frontend_count++];
		frontend->type = types[i].type;
		frontend->proto = service->proto;
		return parse_addr_port(equals + 1, &frontend->addr, &frontend->port);
	}
	return -1;
}

static int parse_backend(struct kl_service *service, char *text)
{
	struct kl_backend *backend = &service->backends[service->backend_count++];
	char *bang = strchr(text, '!'), *at = strchr(text, '@');
	backend->flags = bang ? KL_BACKEND_SERVING | KL_BACKEND_TERMINATING : KL_BACKEND_READY | KL_BACKEND_SERVING;
	if (bang)
		*bang = 0;
	if (at)
		*at = 0;
	backend->node = kl_strdup(at ? at + 1 : "");
	return parse_addr_port(text, &backend->addr, &backend->port);
}

static uint16_t parse_flags(struct kl_service *service, const char *text)
{
	service->algorithm = strstr(text, "maglev")             ? KL_ALGORITHM_MAGLEV
			     : strstr(text, "round-robin")      ? KL_ALGORITHM_ROUND_ROBIN
			     : strstr(text, "least-connection") ? KL_ALGORITHM_LEAST_CONN
								: KL_ALGORITHM_RANDOM;
	service->forward = strstr(text, "dsr-geneve") ? KL_FORWARDING_DSR_GENEVE
			   : strstr(text, "dsr")      ? KL_FORWARDING_DSR_IPIP
						      : KL_FORWARDING_SNAT;
	if (strstr(text, "affinity"))
		service->affinity_s = 60;
	return (uint16_t)(KL_SERVICE_ALGORITHM | KL_SERVICE_FORWARD |
			  (strstr(text, "external-local") ? KL_SERVICE_EXTERNAL_LOCAL : 0) |
			  (strstr(text, "internal-local") ? KL_SERVICE_INTERNAL_LOCAL : 0) |
			  (strstr(text, "affinity") ? KL_SERVICE_AFFINITY : 0));
}

static int do_put(struct kl_maps *maps, int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_dpsync *sync;
	if (argc < 4)
		return 2;
	struct kl_service *service = kl_service_new(argv[1]);
	service->proto = !strcmp(argv[2], "udp")    ? KL_PROTO_UDP
			 : !strcmp(argv[2], "sctp") ? KL_PROTO_SCTP
						    : KL_PROTO_TCP;
	service->flags = parse_flags(service, argv[3]);
	service->frontends = kl_calloc((size_t)argc, sizeof(*service->frontends));
	service->backends = kl_calloc((size_t)argc, sizeof(*service->backends));
	service->ranges = kl_calloc((size_t)argc, sizeof(*service->ranges));
	int i = 4;
	for (; i < argc && strcmp(argv[i], "--"); i++)
		if (parse_frontend(service, argv[i]))
			return 2;
	for (i++; i < argc; i++)
		if (parse_backend(service, argv[i]))
			return 2;
	kl_service_normalise(service);
	if (kl_dpsync_new(maps, argv[0], &sync, &err) || kl_dpsync_put(sync, service, &err))
		return fail(&err);
	kl_dpsync_free(sync);
	kl_service_free(service);
	return 0;
}

static int do_delete(struct kl_maps *maps, int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_dpsync *sync;
	if (argc < 2 || kl_dpsync_new(maps, argv[0], &sync, &err))
		return fail(&err);
	kl_dpsync_delete(sync, argv[1]);
	kl_dpsync_free(sync);
	return 0;
}

static int do_peer(struct kl_maps *maps, int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_dpsync *sync;
	if (argc < 3 || kl_dpsync_new(maps, argv[0], &sync, &err))
		return fail(&err);
	struct kl_node_info *node = kl_node_info_new(argv[1], "");
	for (int i = 2; i < argc; i++) {
		struct kl_addr addr;
		if (kl_addr_parse(argv[i], &addr))
			return 2;
		kl_node_info_add(node, &addr);
	}
	kl_dpsync_put_peer(sync, node);
	kl_node_info_free(node);
	kl_dpsync_free(sync);
	return 0;
}

static int do_relabel(const char *pin_dir, const char *layout)
{
	struct kl_map_config config;
	kl_autofree char *path = kl_asprintf("%s/v%s/maps/kl_config", pin_dir, layout);
	uint32_t zero = 0;
	kl_autoclose int fd = bpf_obj_get(path);
	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &config))
		return 1;
	config.layout = (uint32_t)atoi(layout);
	return bpf_map_update_elem(fd, &zero, &config, BPF_ANY) ? 1 : 0;
}

static int do_reap(struct kl_maps *maps, const char *netns)
{
	struct kl_err err = {0};
	int prog = kl_reap_load(maps, &err);
	if (prog < 0 || kl_reap_run(prog, netns, &err))
		return fail(&err);
	return 0;
}

static int do_cookie(void)
{
	uint64_t cookie = own_cookie();
	if (!cookie)
		return 1;
	printf("%llu\n", (unsigned long long)cookie);
	return 0;
}

static int do_pass(const char *ifname)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, KL_ARRAY_LEN(pass), NULL);
	int failed = prog < 0 ? prog : bpf_xdp_attach((int)if_nametoindex(ifname), prog, XDP_FLAGS_DRV_MODE, NULL);
	if (failed)
		fprintf(stderr, "lb_tool: XDP on %s: %s\n", ifname, strerror(-failed));
	return failed != 0;
}

static int do_netns(struct kl_maps *maps, int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_dpsync *sync;
	if (argc < 1 || kl_dpsync_new(maps, "", &sync, &err) ||
		kl_dpsync_netns_add(sync, strtoull(argv[0], NULL, 0), KL_DPSYNC_POD, 0, &err))
		return fail(&err);
	kl_dpsync_free(sync);
	return 0;
}

static int do_counters(const struct kl_maps *maps)
{
	struct kl_err err = {0};
	struct kl_map_counters c;
	if (kl_maps_counters(maps, &c, &err))
		return fail(&err);
	printf("forwarded=%llu returned=%llu inserted=%llu promoted=%llu void=%llu no_backend=%llu ct_full=%llu "
	       "fragment=%llu "
	       "rewrite=%llu ttl=%llu nat=%llu deferred=%llu connect=%llu sendmsg=%llu refused=%llu icmp=%llu "
	       "evicted=%llu\n",
		c.forwarded, c.returned, c.flows_inserted, c.flows_promoted, c.flows_void, c.drop_no_backend,
		c.drop_ct_full, c.fragments_unknown, c.drop_rewrite, c.drop_ttl, c.drop_no_nat_port, c.deferred,
		c.sock_connect, c.sock_sendmsg, c.sock_no_backend, c.icmp_translated, c.half_open_evicted);
	return 0;
}

int main(int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_maps *maps;
	if (argc < 3)
		return 2;
	if (!strcmp(argv[2], "unload"))
		return kl_unload(argv[1], &err) ? fail(&err) : 0;
	if (!strcmp(argv[2], "cookie"))
		return do_cookie();
	if (!strcmp(argv[2], "pass") && argc > 3)
		return do_pass(argv[3]);
	if (!strcmp(argv[2], "relabel") && argc > 3)
		return do_relabel(argv[1], argv[3]);
	const char *flows = getenv("LB_FLOWS"); /* entries of the connection table */
	const struct kl_maps_sizes sizes = {.flows = flows ? (uint32_t)atoi(flows) : 0};
	if (kl_maps_open(argv[1], &sizes, &maps, &err))
		return fail(&err);
	int code = 2;
	if (!strcmp(argv[2], "load"))
		code = do_load(maps, argv[1], argc - 3, argv + 3);
	else if (!strcmp(argv[2], "put"))
		code = do_put(maps, argc - 3, argv + 3);
	else if (!strcmp(argv[2], "delete"))
		code = do_delete(maps, argc - 3, argv + 3);
	else if (!strcmp(argv[2], "peer"))
		code = do_peer(maps, argc - 3, argv + 3);
	else if (!strcmp(argv[2], "reap") && argc > 3)
		code = do_reap(maps, argv[3]);
	else if (!strcmp(argv[2], "netns"))
		code = do_netns(maps, argc - 3, argv + 3);
	else if (!strcmp(argv[2], "counters"))
		code = do_counters(maps);
	kl_maps_close(maps);
	return code;
}
