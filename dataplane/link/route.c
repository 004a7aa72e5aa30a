/*
 * Addresses, routes and neighbours: RTM_*ADDR, RTM_*ROUTE, RTM_NEWNEIGH.
 */
#include "nl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <string.h>

static int change_addr(struct kl_link *link, uint16_t type, uint16_t flags, uint32_t ifindex,
	const struct kl_prefix *addr, struct kl_err *err)
{
	struct kl_nl_request req;
	struct ifaddrmsg *head = kl_nl_begin(&req, type, flags, sizeof(*head));
	head->ifa_family = kl_nl_family(&addr->addr);
	head->ifa_prefixlen = addr->len;
	head->ifa_index = ifindex;
	if (head->ifa_family == AF_INET6)
		head->ifa_flags = IFA_F_NODAD;
	kl_nl_put_addr(&req, IFA_LOCAL, &addr->addr);
	kl_nl_put_addr(&req, IFA_ADDRESS, &addr->addr);
	return kl_nl_talk(link, &req, NULL, NULL, err);
}

int kl_link_addr_add(struct kl_link *link, uint32_t ifindex, const struct kl_prefix *addr, struct kl_err *err)
{
	char text[KL_PREFIX_TEXT];
	int rc = change_addr(link, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, addr, err);
	if (rc == -EEXIST) {
		kl_err_clear(err);
		return 0;
	}
	if (rc)
		kl_fail_prefix(err, "give the address %s to link %u", kl_prefix_write(addr, text), ifindex);
	return rc;
}

int kl_link_addr_delete(struct kl_link *link, uint32_t ifindex, const struct kl_prefix *addr, struct kl_err *err)
{
	char text[KL_PREFIX_TEXT];
	int rc = change_addr(link, RTM_DELADDR, 0, ifindex, addr, err);
	if (rc)
		kl_fail_prefix(err, "take the address %s from link %u", kl_prefix_write(addr, text), ifindex);
	return rc;
}

struct each_addr {
	uint32_t ifindex;
	void (*each)(uint32_t ifindex, const struct kl_prefix *addr, void *arg);
	void *arg;
};

static int pass_addr(const struct nlmsghdr *message, void *arg)
{
	const struct each_addr *pass = arg;
	const struct nlattr *table[IFA_MAX + 1];
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
	if (head->ifa_scope != RT_SCOPE_UNIVERSE || (pass->ifindex && head->ifa_index != pass->ifindex))
		return MNL_CB_OK;
	kl_nl_parse(message, sizeof(*head), &(struct kl_nl_attrs){table, IFA_MAX});
	const struct nlattr *attr = table[IFA_LOCAL] ? table[IFA_LOCAL] : table[IFA_ADDRESS];
	struct kl_prefix prefix = {.len = head->ifa_prefixlen};
	if (attr && kl_nl_get_addr(attr, &prefix.addr))
		pass->each(head->ifa_index, &prefix, pass->arg);
	return MNL_CB_OK;
}

int kl_link_addrs_each(struct kl_link *link, uint32_t ifindex,
	void (*each)(uint32_t ifindex, const struct kl_prefix *addr, void *arg), void *arg, struct kl_err *err)
{
	struct kl_nl_request req;
	struct each_addr pass = {ifindex, each, arg};
	kl_nl_begin(&req, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	int rc = kl_nl_talk(link, &req, pass_addr, &pass, err);
	if (rc)
		kl_fail_prefix(err, "list addresses");
	return rc;
}

/* The kernel asks for the narrowest scope that holds the next hop: a link route has none. */
static uint8_t scope_of(const struct kl_route *route)
{
	bool on_link = kl_addr_is_zero(&route->via) && !route->blackhole;
	return on_link && kl_addr_is_v4(&route->dst.addr) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static void put_mtu(struct kl_nl_request *req, uint32_t mtu)
{
	struct nlattr *metrics = mnl_attr_nest_start(&req->header, RTA_METRICS);
	mnl_attr_put_u32(&req->header, RTAX_MTU, mtu);
	mnl_attr_nest_end(&req->header, metrics);
}

static void put_route(struct kl_nl_request *req, const struct kl_route *route)
{
	struct kl_addr dst = kl_prefix_network(&route->dst).addr;
	if (route->dst.len)
		kl_nl_put_addr(req, RTA_DST, &dst);
	if (!kl_addr_is_zero(&route->via))
		kl_nl_put_addr(req, RTA_GATEWAY, &route->via);
	if (!kl_addr_is_zero(&route->src))
		kl_nl_put_addr(req, RTA_PREFSRC, &route->src);
	if (route->ifindex)
		mnl_attr_put_u32(&req->header, RTA_OIF, route->ifindex);
	if (route->metric)
		mnl_attr_put_u32(&req->header, RTA_PRIORITY, route->metric);
	if (route->mtu)
		put_mtu(req, route->mtu);
}

static int change_route(
	struct kl_link *link, uint16_t type, uint16_t flags, const struct kl_route *route, struct kl_err *err)
{
	struct kl_nl_request req;
	struct rtmsg *head = kl_nl_begin(&req, type, flags, sizeof(*head));
	head->rtm_family = kl_nl_family(&route->dst.addr);
	head->rtm_dst_len = route->dst.len;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = route->protocol;
	if (type == RTM_NEWROUTE) {
		head->rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC;
		head->rtm_scope = scope_of(route);
		head->rtm_type = route->blackhole ? RTN_BLACKHOLE : RTN_UNICAST;
		head->rtm_flags = route->onlink ? RTNH_F_ONLINK : 0;
	} else {
		head->rtm_scope = RT_SCOPE_NOWHERE;
	}
	put_route(&req, route);
	return kl_nl_talk(link, &req, NULL, NULL, err);
}

int kl_link_route_set(struct kl_link *link, const struct kl_route *route, struct kl_err *err)
{
	char text[KL_PREFIX_TEXT], via[KL_ADDR_TEXT];
	int rc = change_route(link, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route, err);
	if (rc)
		kl_fail_prefix(err, "set the route to %s through %s", kl_prefix_write(&route->dst, text),
			kl_addr_is_zero(&route->via) ? "the link" : kl_addr_write(&route->via, via));
	return rc;
}

int kl_link_route_delete(struct kl_link *link, const struct kl_route *route, struct kl_err *err)
{
	char text[KL_PREFIX_TEXT];
	struct kl_route by = {
		.dst = route->dst, .metric = route->metric, .protocol = route->protocol, .ifindex = route->ifindex};
	int rc = change_route(link, RTM_DELROUTE, 0, &by, err);
	if (rc)
		kl_fail_prefix(err, "delete the route to %s", kl_prefix_write(&route->dst, text));
	return rc;
}

struct each_route {
	uint8_t protocol;
	void (*each)(const struct kl_route *route, void *arg);
	void *arg;
};

static bool wanted(const struct rtmsg *head, uint8_t protocol)
{
	return head->rtm_table == RT_TABLE_MAIN && (head->rtm_type == RTN_UNICAST || head->rtm_type == RTN_BLACKHOLE) &&
	       !(head->rtm_flags & RTM_F_CLONED) && (!protocol || head->rtm_protocol == protocol);
}

static uint32_t number(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t) ? mnl_attr_get_u32(attr) : 0;
}

static int pass_route(const struct nlmsghdr *message, void *arg)
{
	static const struct kl_addr zero4 = {{[10] = 0xff, [11] = 0xff}};
	const struct each_route *pass = arg;
	const struct nlattr *table[RTA_MAX + 1];
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);
	if (!wanted(head, pass->protocol))
		return MNL_CB_OK;
	kl_nl_parse(message, sizeof(*head), &(struct kl_nl_attrs){table, RTA_MAX});
	struct kl_route route = {
		.dst.len = head->rtm_dst_len,
		.ifindex = number(table[RTA_OIF]),
		.metric = number(table[RTA_PRIORITY]),
		.protocol = head->rtm_protocol,
		.onlink = head->rtm_flags & RTNH_F_ONLINK,
		.blackhole = head->rtm_type == RTN_BLACKHOLE,
	};
	if (head->rtm_family == AF_INET)
		route.dst.addr = route.via = route.src = zero4;
	if (table[RTA_DST])
		kl_nl_get_addr(table[RTA_DST], &route.dst.addr);
	if (table[RTA_GATEWAY])
		kl_nl_get_addr(table[RTA_GATEWAY], &route.via);
	if (table[RTA_PREFSRC])
		kl_nl_get_addr(table[RTA_PREFSRC], &route.src);
	pass->each(&route, pass->arg);
	return MNL_CB_OK;
}

int kl_link_routes_each(struct kl_link *link, uint8_t protocol, void (*each)(const struct kl_route *route, void *arg),
	void *arg, struct kl_err *err)
{
	struct kl_nl_request req;
	struct each_route pass = {protocol, each, arg};
	kl_nl_begin(&req, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));
	int rc = kl_nl_talk(link, &req, pass_route, &pass, err);
	if (rc)
		kl_fail_prefix(err, "list routes");
	return rc;
}

int kl_link_neigh_set(
	struct kl_link *link, uint32_t ifindex, const struct kl_addr *addr, const uint8_t mac[6], struct kl_err *err)
{
	char text[KL_ADDR_TEXT];
	struct kl_nl_request req;
	struct ndmsg *head = kl_nl_begin(&req, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*head));
	head->ndm_family = kl_nl_family(addr);
	head->ndm_ifindex = (int)ifindex;
	head->ndm_state = NUD_PERMANENT;
	kl_nl_put_addr(&req, NDA_DST, addr);
	mnl_attr_put(&req.header, NDA_LLADDR, 6, mac);
	int rc = kl_nl_talk(link, &req, NULL, NULL, err);
	if (rc)
		kl_fail_prefix(err, "set the neighbour %s on link %u", kl_addr_write(addr, text), ifindex);
	return rc;
}
