#include "podlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "netns.h"

static const struct kl_addr gateway4 = {{[10] = 0xff, 0xff, 169, 254, 1, 1}};
static const struct kl_addr gateway6 = {{0xfe, 0x80, [15] = 1}};
static const struct kl_addr any4 = {{[10] = 0xff, 0xff}};
static const struct kl_addr any6;

const struct kl_addr *kl_podlink_gateway(const struct kl_addr *ip)
{
	return kl_addr_is_v4(ip) ? &gateway4 : &gateway6;
}

/* FNV-1a, 64 bits: collisions among a node's hundreds of pods do not happen in practice, and would be an error, no
 * mixup. */
void kl_podlink_host_name(const char *container_id, const char *ifname, char ret[IFNAMSIZ])
{
	uint64_t hash = 0xcbf29ce484222325;
	for (const char *part = container_id; *part; part++)
		hash = (hash ^ (uint8_t)*part) * 0x100000001b3;
	hash = (hash ^ '/') * 0x100000001b3;
	for (const char *part = ifname; *part; part++)
		hash = (hash ^ (uint8_t)*part) * 0x100000001b3;
	snprintf(ret, IFNAMSIZ, "kl%012llx", (unsigned long long)(hash >> 16));
}

static struct kl_prefix whole(const struct kl_addr *addr)
{
	return (struct kl_prefix){.addr = *addr, .len = kl_addr_is_v4(addr) ? 32 : 128};
}

/* A locally administered unicast address, of our own so that neither side has to be asked for its. */
static void random_mac(uint8_t mac[6])
{
	if (getrandom(mac, 6, 0) != 6)
		memset(mac, 0x4b, 6);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2);
}

static int pod_address(struct kl_link *pod, uint32_t ifindex, const struct kl_podlink *podlink,
	const struct kl_addr *ip, struct kl_err *err)
{
	const struct kl_addr *gateway = kl_podlink_gateway(ip);
	struct kl_prefix address = whole(ip);
	struct kl_route route = {
		.dst.addr = kl_addr_is_v4(ip) ? any4 : any6, .via = *gateway, .ifindex = ifindex, .onlink = true};
	int rc = kl_link_addr_add(pod, ifindex, &address, err);
	if (!rc)
		rc = kl_link_neigh_set(pod, ifindex, gateway, podlink->host_mac, err);
	if (!rc)
		rc = kl_link_route_set(pod, &route, err);
	return rc;
}

static int pod_side(struct kl_link *pod, const struct kl_podlink *podlink, struct kl_err *err)
{
	struct kl_link_info lo, end;
	int rc = kl_link_get(pod, "lo", &lo, err);
	if (!rc)
		rc = kl_link_up(pod, lo.ifindex, err);
	if (!rc)
		rc = kl_link_get(pod, podlink->ifname, &end, err);
	if (!rc)
		rc = kl_link_up(pod, end.ifindex, err);
	for (size_t i = 0; !rc && i < podlink->ip_count; i++)
		rc = pod_address(pod, end.ifindex, podlink, &podlink->ips[i], err);
	return rc;
}

/*
 * Replies to a pod may come from another interface than its route names (a Service's), so the reverse path check is
 * loose; the host side needs no addresses of its own.
 */
static void host_sysctls(const char *name)
{
	static const struct {
		const char *format, *value;
	} values[] = {
		{"ipv4/conf/%s/rp_filter", "2"},
		{"ipv4/conf/%s/forwarding", "1"},
		{"ipv6/conf/%s/addr_gen_mode", "1"},
		{"ipv6/conf/%s/accept_ra", "0"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(values); i++) {
		char path[96];
		snprintf(path, sizeof(path), values[i].format, name);
		/* A kernel without IPv6 has not the latter two; the first two are checked once for the node. */
		kl_netns_sysctl(-1, path, values[i].value, NULL);
	}
}

static int host_route(
	struct kl_link *host, const struct kl_podlink *podlink, const struct kl_addr *ip, struct kl_err *err)
{
	struct kl_route route = {.dst = whole(ip), .ifindex = podlink->host_ifindex};
	if (kl_addr_is_v4(ip))
		route.via = route.src = any4;
	int rc = kl_link_neigh_set(host, podlink->host_ifindex, ip, podlink->pod_mac, err);
	return rc ? rc : kl_link_route_set(host, &route, err);
}

static int host_side(struct kl_link *host, struct kl_podlink *podlink, struct kl_err *err)
{
	struct kl_link_info end;
	int rc = kl_link_get(host, podlink->host_ifname, &end, err);
	if (rc)
		return rc;
	podlink->host_ifindex = end.ifindex;
	host_sysctls(podlink->host_ifname);
	struct kl_link_change change = {.fields = KL_LINK_UP | KL_LINK_ALIAS, .up = true, .alias = podlink->alias};
	rc = kl_link_set(host, end.ifindex, &change, err);
	for (size_t i = 0; !rc && i < podlink->ip_count; i++)
		rc = host_route(host, podlink, &podlink->ips[i], err);
	return rc;
}

static int delete_named(struct kl_link *host, const char *name, struct kl_err *err)
{
	struct kl_link_info stale;
	int rc = kl_link_get(host, name, &stale, err);
	if (!rc)
		rc = kl_link_delete(host, stale.ifindex, err);
	if (rc == -ENODEV) {
		kl_err_clear(err);
		return 0;
	}
	return rc;
}

static int open_both(const struct kl_podlink *podlink, int *ret_netns, struct kl_link **ret_host, struct kl_link **ret_pod,
	struct kl_err *err)
{
	int netns = kl_netns_open(podlink->netns_path, err);
	if (netns < 0)
		return netns;
	*ret_netns = netns;
	int rc = kl_link_open(-1, ret_host, err);
	return rc ? rc : kl_link_open(netns, ret_pod, err);
}

int kl_podlink_make(struct kl_podlink *podlink, struct kl_err *err)
{
	kl_autolink *host = NULL, *pod = NULL;
	kl_autoclose int netns = -1;
	int rc = open_both(podlink, &netns, &host, &pod, err);
	if (!rc)
		rc = delete_named(host, podlink->host_ifname, err);
	if (rc)
		return rc;
	podlink->netns_cookie = kl_link_netns_cookie(pod);
	random_mac(podlink->host_mac);
	random_mac(podlink->pod_mac);
	struct kl_veth veth = {
		.name = podlink->host_ifname,
		.peer_name = podlink->ifname,
		.mac = podlink->host_mac,
		.peer_mac = podlink->pod_mac,
		.peer_netns_fd = netns,
		.mtu = podlink->mtu,
	};
	rc = kl_link_veth_add(host, &veth, err);
	if (rc)
		return rc;
	rc = host_side(host, podlink, err);
	if (!rc)
		rc = pod_side(pod, podlink, err);
	if (rc)
		delete_named(host, podlink->host_ifname, NULL);
	return rc;
}

int kl_podlink_delete(const char *host_ifname, struct kl_err *err)
{
	kl_autolink *host = NULL;
	int rc = kl_link_open(-1, &host, err);
	return rc ? rc : delete_named(host, host_ifname, err);
}

struct seek {
	const struct kl_prefix *want;
	uint32_t ifindex;
	bool found;
};

static void seek_addr(uint32_t ifindex, const struct kl_prefix *addr, void *arg)
{
	struct seek *seek = arg;
	seek->found = seek->found || (ifindex == seek->ifindex && kl_prefix_equal(addr, seek->want));
}

static void seek_route(const struct kl_route *route, void *arg)
{
	struct seek *seek = arg;
	seek->found = seek->found || (route->ifindex == seek->ifindex && kl_prefix_equal(&route->dst, seek->want));
}

static int check_ip(struct kl_link *host, struct kl_link *pod, const struct kl_podlink *podlink, uint32_t pod_ifindex,
	const struct kl_addr *ip, struct kl_err *err)
{
	char text[KL_ADDR_TEXT];
	struct kl_prefix want = whole(ip), all = {.addr = kl_addr_is_v4(ip) ? any4 : any6};
	struct seek address = {&want, pod_ifindex, false}, route = {&want, podlink->host_ifindex, false};
	struct seek gateway = {&all, pod_ifindex, false};
	int rc = kl_link_addrs_each(pod, pod_ifindex, seek_addr, &address, err);
	if (!rc)
		rc = kl_link_routes_each(pod, 0, seek_route, &gateway, err);
	if (!rc)
		rc = kl_link_routes_each(host, 0, seek_route, &route, err);
	if (rc)
		return rc;
	kl_addr_write(ip, text);
	if (!address.found)
		return kl_fail_msg(err, ENOENT, "%s has not the address %s", podlink->ifname, text);
	if (!gateway.found)
		return kl_fail_msg(err, ENOENT, "%s has no default route for %s", podlink->ifname, text);
	if (!route.found)
		return kl_fail_msg(err, ENOENT, "the node has no route to %s through %s", text, podlink->host_ifname);
	return 0;
}

int kl_podlink_check(const struct kl_podlink *podlink, struct kl_err *err)
{
	kl_autolink *host = NULL, *pod = NULL;
	struct kl_link_info host_end, pod_end;
	kl_autoclose int netns = -1;
	int rc = open_both(podlink, &netns, &host, &pod, err);
	if (rc)
		return rc;
	if (kl_link_netns_cookie(pod) != podlink->netns_cookie)
		return kl_fail_msg(err, ESTALE, "'%s' is another network namespace than at ADD", podlink->netns_path);
	rc = kl_link_get(host, podlink->host_ifname, &host_end, err);
	if (!rc)
		rc = kl_link_get(pod, podlink->ifname, &pod_end, err);
	if (rc)
		return rc;
	if (host_end.ifindex != podlink->host_ifindex || !(host_end.flags & IFF_UP) || !(pod_end.flags & IFF_UP))
		return kl_fail_msg(err, ENETDOWN, "the link %s is down or another one", podlink->host_ifname);
	for (size_t i = 0; !rc && i < podlink->ip_count; i++)
		rc = check_ip(host, pod, podlink, pod_end.ifindex, &podlink->ips[i], err);
	return rc;
}
