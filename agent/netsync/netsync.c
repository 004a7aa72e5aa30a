#include "netsync.h"

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "netsync_impl.h"

#include <errno.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { AUDIT_MS = 30000, MAX_NODE_ADDRS = 64 };

/* --- the node's addresses: those given first, then every other one its interfaces have */

static bool holds(const struct kl_addr *addrs, size_t count, const struct kl_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (kl_addr_equal(&addrs[i], addr))
			return true;
	return false;
}

static bool addr_of(const struct sockaddr *sa, struct kl_addr *ret)
{
	if (sa && sa->sa_family == AF_INET) {
		*ret = kl_addr_any(true);
		memcpy(ret->bytes + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
		return ret->bytes[12] != 127;
	}
	if (!sa || sa->sa_family != AF_INET6)
		return false;
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	memcpy(ret->bytes, in6, 16);
	return !IN6_IS_ADDR_LINKLOCAL(in6) && !IN6_IS_ADDR_LOOPBACK(in6);
}

static size_t all_addresses(const struct kl_netsync *netsync, struct kl_addr ret[MAX_NODE_ADDRS])
{
	size_t count = netsync->node_addr_count;
	struct ifaddrs *list = NULL;
	memcpy(ret, netsync->node_addrs, count * sizeof(*ret));
	if (getifaddrs(&list))
		return count;
	for (struct ifaddrs *item = list; item && count < MAX_NODE_ADDRS; item = item->ifa_next) {
		struct kl_addr addr;
		if (addr_of(item->ifa_addr, &addr) && !holds(ret, count, &addr))
			ret[count++] = addr;
	}
	freeifaddrs(list);
	return count;
}

static int set_node(struct kl_netsync *netsync, struct kl_err *err)
{
	struct kl_addr addrs[MAX_NODE_ADDRS];
	struct kl_dpsync_node node = {
		.addrs = addrs,
		.addr_count = all_addresses(netsync, addrs),
		.node_port_min = netsync->node_port_min,
		.node_port_max = netsync->node_port_max,
		.external_cluster_ip = netsync->external_cluster_ip,
	};
	return kl_dpsync_set_node(netsync->sync, &node, err);
}

/* --- namespaces */

static int own_netns(struct kl_netsync *netsync, struct kl_err *err)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		return kl_fail(err, errno, "ask for the node's network namespace cookie");
	return kl_dpsync_netns_add(netsync->sync, cookie, KL_DPSYNC_NODE, 0, err);
}

int kl_netsync_pod_add(struct kl_netsync *netsync, const struct kl_netsync_pod *pod, struct kl_err *err)
{
	kl_reaper_add(netsync->reaper, pod->cookie, pod->netns);
	return kl_dpsync_netns_add(netsync->sync, pod->cookie, KL_DPSYNC_POD, pod->ifindex, err);
}

void kl_netsync_pod_remove(struct kl_netsync *netsync, uint64_t cookie)
{
	kl_reaper_remove(netsync->reaper, cookie);
	kl_dpsync_netns_remove(netsync->sync, cookie);
}

static void on_dead(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg)
{
	struct kl_netsync *netsync = arg;
	(void)addr;
	(void)port;
	if (proto == KL_PROTO_UDP)
		kl_reaper_wake(netsync->reaper);
}

/* --- the kernel is the truth: what changed behind our back is found, put right and told */

static void audit_now(struct kl_netsync *netsync, bool repair, struct kl_dpsync_audit *ret)
{
	struct kl_netsync_gauges *gauges = &netsync->gauges;
	kl_dpsync_audit(netsync->sync, repair, ret);
	gauges->audits++;
	gauges->audit_missing += ret->missing;
	gauges->audit_wrong += ret->wrong;
	gauges->audit_foreign += ret->foreign;
	gauges->audit_ms = kl_realtime_ms();
}

int kl_netsync_verify(struct kl_netsync *netsync, bool repair, void (*each)(const char *difference, void *arg), void *arg,
	struct kl_dpsync_audit *ret, struct kl_err *err)
{
	if (!netsync->synced)
		return kl_fail_msg(err, EAGAIN, "no complete endpoint table has come from the server yet");
	kl_dpsync_on_difference(netsync->sync, each, arg);
	audit_now(netsync, repair, ret);
	kl_dpsync_on_difference(netsync->sync, NULL, NULL);
	return 0;
}

static void on_audit(uv_timer_t *timer)
{
	struct kl_netsync *netsync = timer->data;
	struct kl_dpsync_audit audit;
	struct kl_err err = {0};
	if (set_node(netsync, &err))
		kl_error("the node's addresses: %s", err.text);
	kl_dpsync_sweep(netsync->sync);
	malloc_trim(0); /* what a burst of pods or services left behind goes back to the system */
	if (!netsync->synced)
		return;
	audit_now(netsync, true, &audit);
	if (audit.missing || audit.wrong || audit.foreign)
		kl_warn("audit: %zu missing, %zu wrong, %zu foreign entries put right: %s", audit.missing, audit.wrong,
			audit.foreign, audit.words);
}

static int bring_up(struct kl_netsync *netsync, const struct kl_netsync_options *options, struct kl_err *err)
{
	struct kl_load_options load = {
		.pin_dir = options->pin_dir,
		.netns_filter = options->netns_filter,
		.cgroup = options->cgroup,
		.uplink = options->uplink,
	};
	if (options->lb_mode && kl_lb_mode_parse(options->lb_mode, &load.mode))
		return kl_fail_msg(
			err, EINVAL, "'%s' is no balancer mode: auto, xdp, generic, tc, none", options->lb_mode);
	int failed = kl_maps_open(options->pin_dir, NULL, &netsync->maps, err);
	if (!failed)
		failed = kl_dpsync_new(netsync->maps, options->node_name, &netsync->sync, err);
	if (!failed)
		failed = set_node(netsync, err);
	if (!failed)
		failed = own_netns(netsync, err);
	if (!failed)
		failed = kl_load(netsync->maps, &load, &netsync->mode, err);
	return failed;
}

static int take_addresses(struct kl_netsync *netsync, const char *const *ips, struct kl_err *err)
{
	netsync->node_addrs = kl_calloc(MAX_NODE_ADDRS, sizeof(*netsync->node_addrs));
	for (size_t i = 0; ips && ips[i] && netsync->node_addr_count < MAX_NODE_ADDRS; i++)
		if (kl_addr_parse(ips[i], &netsync->node_addrs[netsync->node_addr_count++]))
			return kl_fail_msg(err, EINVAL, "'%s' is no address", ips[i]);
	return 0;
}

int kl_netsync_new(uv_loop_t *loop, struct kl_client *client, const struct kl_netsync_options *options,
	struct kl_netsync **ret, struct kl_err *err)
{
	struct kl_netsync *netsync = kl_calloc(1, sizeof(*netsync));
	netsync->loop = loop;
	netsync->client = client;
	netsync->node_name = kl_strdup(options->node_name);
	netsync->external_cluster_ip = options->external_cluster_ip;
	netsync->node_port_min = options->node_port_min;
	netsync->node_port_max = options->node_port_max;
	int failed = take_addresses(netsync, options->node_ips, err);
	if (!failed)
		failed = bring_up(netsync, options, err);
	if (failed) {
		kl_netsync_free(netsync);
		return failed;
	}
	kl_info("dataplane: %s, balancer %s on %s", netsync->maps->adopted ? "tables adopted" : "tables made",
		kl_lb_mode_name(netsync->mode), options->uplink ? options->uplink : "no uplink");
	netsync->reaper = kl_reaper_new(loop, netsync->maps);
	kl_dpsync_on_dead(netsync->sync, on_dead, netsync);
	netsync->audit = kl_netsync_timer(netsync, on_audit, AUDIT_MS, AUDIT_MS);
	kl_netsync_follow(netsync);
	*ret = netsync;
	return 0;
}

void kl_netsync_free(struct kl_netsync *netsync)
{
	if (!netsync)
		return;
	kl_netsync_unfollow(netsync);
	kl_netsync_timer_free(netsync->audit);
	kl_reaper_free(netsync->reaper);
	kl_dpsync_free(netsync->sync);
	kl_maps_close(netsync->maps);
	free(netsync->node_addrs);
	free(netsync->node_name);
	free(netsync);
}

const struct kl_maps *kl_netsync_maps(const struct kl_netsync *netsync)
{
	return netsync->maps;
}

void kl_netsync_status(const struct kl_netsync *netsync, struct kl_netsync_status *ret)
{
	*ret = (struct kl_netsync_status){
		.connected = netsync->connected,
		.synced = netsync->synced,
		.epoch = netsync->epoch,
		.seq = netsync->seq,
		.services = kl_dpsync_services(netsync->sync),
		.backends = kl_dpsync_backends(netsync->sync),
		.lb_mode = kl_lb_mode_name(netsync->mode),
		.gauges = netsync->gauges,
	};
}
