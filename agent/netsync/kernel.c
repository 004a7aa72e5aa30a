/* The kernel's side: what is brought up at start, and what is looked after every half minute. */
#include "netsync_impl.h"

#include "clock.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

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

size_t kl_netsync_addresses(const struct kl_netsync *netsync, struct kl_addr ret[KL_NETSYNC_MAX_ADDRS])
{
	size_t count = netsync->node_addr_count;
	struct ifaddrs *list = NULL;
	memcpy(ret, netsync->node_addrs, count * sizeof(*ret));
	if (getifaddrs(&list))
		return count;
	for (struct ifaddrs *item = list; item && count < KL_NETSYNC_MAX_ADDRS; item = item->ifa_next) {
		struct kl_addr addr;
		if (addr_of(item->ifa_addr, &addr) && !holds(ret, count, &addr))
			ret[count++] = addr;
	}
	freeifaddrs(list);
	return count;
}

/* Of the uplink; 0: unknown. */
static uint32_t uplink_mtu(const char *uplink)
{
	struct ifreq request = {0};
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!uplink || fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.*s", (int)strcspn(uplink, ","), uplink);
	return ioctl(fd, SIOCGIFMTU, &request) || request.ifr_mtu <= 0 ? 0 : (uint32_t)request.ifr_mtu;
}

static int set_node(struct kl_netsync *netsync, struct kl_err *err)
{
	struct kl_addr addrs[KL_NETSYNC_MAX_ADDRS];
	struct kl_dpsync_node node = {
		.addrs = addrs,
		.addr_count = kl_netsync_addresses(netsync, addrs),
		.node_port_min = netsync->node_port_min,
		.node_port_max = netsync->node_port_max,
		.external_cluster_ip = netsync->external_cluster_ip,
		.guard_node_ports = netsync->guard_node_ports,
		.mtu = uplink_mtu(netsync->load.uplink),
		.geneve_port = netsync->geneve_port,
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

static void on_dead(const struct kl_addr *addr, uint16_t port, uint8_t proto, void *arg)
{
	struct kl_netsync *netsync = arg;
	(void)addr;
	(void)port;
	if (proto == KL_PROTO_UDP && netsync->reaper)
		kl_reaper_wake(netsync->reaper);
}

/* --- the kernel is the truth: what changed behind our back is found, put right and told */

void kl_netsync_audit(struct kl_netsync *netsync, bool repair, struct kl_dpsync_audit *ret)
{
	struct kl_netsync_gauges *gauges = &netsync->gauges;
	kl_dpsync_audit(netsync->sync, repair, ret);
	gauges->audits++;
	gauges->audit_missing += ret->missing;
	gauges->audit_wrong += ret->wrong;
	gauges->audit_foreign += ret->foreign;
	gauges->audit_ms = kl_realtime_ms();
}

/* Whoever detached a program or put another in its place finds ours there again. */
void kl_netsync_on_look(uv_timer_t *timer)
{
	struct kl_netsync *netsync = timer->data;
	struct kl_err err = {0}, why = {0};
	struct kl_load_options load = netsync->load;
	load.mode = netsync->mode;
	if (!kl_load_check(&load, &why))
		return;
	int failed = kl_load(netsync->maps, &load, NULL, &err);
	if (failed)
		kl_error("audit: %s; attaching it again: %s", why.text, err.text);
	else
		kl_warn("audit: %s; attached again", why.text);
}

enum { LOAD_HIGH = 80, LOAD_LOW = 70 /* percent */ };

/* A table that fills up is said in the log before anything is lost, and when something is. */
static void look_at_pressure(struct kl_netsync *netsync)
{
	struct kl_map_counters counters;
	unsigned load = kl_dpsync_flow_load(netsync->sync);
	if (load >= LOAD_HIGH && !netsync->pressed)
		kl_warn("the connection table is %u %% full: --lb-flows makes it larger at the next start", load);
	netsync->pressed = load >= LOAD_HIGH || (netsync->pressed && load > LOAD_LOW);
	if (kl_maps_counters(netsync->maps, &counters, NULL) || counters.drop_ct_full <= netsync->table_full)
		return;
	if (netsync->table_full || counters.flows_inserted)
	kl_warn("the connection table had no place for %llu flows (%u %% full): they may lose their backend when "
		"backends change",
		(unsigned long long)(counters.drop_ct_full - netsync->table_full), load);
	netsync->table_full = counters.drop_ct_full;
}

void kl_netsync_on_audit(uv_timer_t *timer)
{
	struct kl_netsync *netsync = timer->data;
	struct kl_dpsync_audit audit = {0};
	struct kl_err err = {0};
	if (set_node(netsync, &err))
		kl_error("the node's addresses: %s", err.text);
	kl_hostports_refresh(netsync->hostports);
	kl_health_review(netsync->health);
	kl_dpsync_sweep(netsync->sync);
	look_at_pressure(netsync);
	if (kl_maps_switch_end(netsync->maps, &err))
		kl_error("the former tables: %s", err.text);
	malloc_trim(0); /* what a burst of pods or services left behind goes back to the system */
	if (!netsync->synced)
		return;
	kl_netsync_audit(netsync, true, &audit);
	if (audit.missing || audit.wrong || audit.foreign)
		kl_warn("audit: %zu missing, %zu wrong, %zu foreign entries put right: %s", audit.missing, audit.wrong,
			audit.foreign, audit.words);
}

int kl_netsync_bring_up(struct kl_netsync *netsync, struct kl_err *err)
{
	const struct kl_load_options *load = &netsync->load;
	int failed = kl_maps_open(load->pin_dir, &netsync->sizes, &netsync->maps, err);
	if (!failed)
		failed = kl_dpsync_new(netsync->maps, netsync->node_name, &netsync->sync, err);
	if (failed)
		return failed;
	kl_dpsync_set_defaults(netsync->sync, netsync->algorithm, netsync->forward);
	kl_dpsync_on_dead(netsync->sync, on_dead, netsync);
	failed = set_node(netsync, err);
	if (!failed)
		failed = own_netns(netsync, err);
	if (!failed)
		failed = kl_load(netsync->maps, load, &netsync->mode, err);
	struct kl_map_counters counters;
	if (!failed && !kl_maps_counters(netsync->maps, &counters, NULL))
		netsync->table_full = counters.drop_ct_full; /* told by whoever was here before */
	size_t flows, lost;
	if (!failed && kl_maps_migrated(netsync->maps, &flows, &lost))
		kl_info("tables of another layout or size taken over with %zu connections; no place for %zu", flows, lost);
	return failed;
}
