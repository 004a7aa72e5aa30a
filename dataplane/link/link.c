/*
 * Links: RTM_NEWLINK, RTM_GETLINK, RTM_DELLINK.
 */
#include "nl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <string.h>

static void copy_text(char *to, size_t size, const struct nlattr *attr)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;
	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = 0;
}

static uint32_t number(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t) ? mnl_attr_get_u32(attr) : 0;
}

static void parse_kind(const struct nlattr *linkinfo, struct kl_link_info *info)
{
	const char *end = (const char *)linkinfo + mnl_attr_get_len(linkinfo);
	kl_nl_for_each(attr, mnl_attr_get_payload(linkinfo), end) if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		copy_text(info->kind, sizeof(info->kind), attr);
}

static void parse_info(const struct nlmsghdr *message, struct kl_link_info *ret)
{
	const struct nlattr *table[IFLA_MAX + 1];
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	kl_nl_parse(message, sizeof(*head), &(struct kl_nl_attrs){table, IFLA_MAX});
	struct kl_link_info info = {
		.ifindex = (uint32_t)head->ifi_index,
		.flags = head->ifi_flags,
		.mtu = number(table[IFLA_MTU]),
		.master = number(table[IFLA_MASTER]),
		.peer = number(table[IFLA_LINK]),
	};
	copy_text(info.name, sizeof(info.name), table[IFLA_IFNAME]);
	copy_text(info.alias, sizeof(info.alias), table[IFLA_IFALIAS]);
	if (table[IFLA_ADDRESS] && mnl_attr_get_payload_len(table[IFLA_ADDRESS]) == sizeof(info.mac))
		memcpy(info.mac, mnl_attr_get_payload(table[IFLA_ADDRESS]), sizeof(info.mac));
	if (table[IFLA_LINKINFO])
		parse_kind(table[IFLA_LINKINFO], &info);
	*ret = info;
}

static int take_info(const struct nlmsghdr *message, void *arg)
{
	parse_info(message, arg);
	return MNL_CB_OK;
}

int kl_link_get(struct kl_link *link, const char *name, struct kl_link_info *ret, struct kl_err *err)
{
	struct kl_nl_request req;
	struct ifinfomsg *head = kl_nl_begin(&req, RTM_GETLINK, 0, sizeof(*head));
	struct kl_link_info info = {0};
	if (strlen(name) >= IFNAMSIZ)
		return kl_fail(err, ENODEV, "link '%s'", name);
	mnl_attr_put_strz(&req.header, IFLA_IFNAME, name);
	int rc = kl_nl_talk(link, &req, take_info, &info, err);
	if (rc)
		kl_fail_prefix(err, "link '%s'", name);
	else
		*ret = info;
	return rc;
}

struct each_link {
	void (*each)(const struct kl_link_info *info, void *arg);
	void *arg;
};

static int pass_info(const struct nlmsghdr *message, void *arg)
{
	const struct each_link *pass = arg;
	struct kl_link_info info;
	parse_info(message, &info);
	pass->each(&info, pass->arg);
	return MNL_CB_OK;
}

int kl_link_each(
	struct kl_link *link, void (*each)(const struct kl_link_info *info, void *arg), void *arg, struct kl_err *err)
{
	struct kl_nl_request req;
	struct each_link pass = {each, arg};
	kl_nl_begin(&req, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	int rc = kl_nl_talk(link, &req, pass_info, &pass, err);
	if (rc)
		kl_fail_prefix(err, "list links");
	return rc;
}

static void put_end(struct kl_nl_request *req, const char *name, const uint8_t *mac, uint32_t mtu)
{
	mnl_attr_put_strz(&req->header, IFLA_IFNAME, name);
	if (mac)
		mnl_attr_put(&req->header, IFLA_ADDRESS, 6, mac);
	if (mtu)
		mnl_attr_put_u32(&req->header, IFLA_MTU, mtu);
}

static int check_name(const char *name, struct kl_err *err)
{
	if (!*name || strlen(name) >= IFNAMSIZ)
		return kl_fail_msg(err, EINVAL, "'%s' cannot be a link's name: 1 to %d bytes", name, IFNAMSIZ - 1);
	return 0;
}

int kl_link_veth_add(struct kl_link *link, const struct kl_veth *veth, struct kl_err *err)
{
	struct kl_nl_request req;
	if (check_name(veth->name, err) || check_name(veth->peer_name, err))
		return -EINVAL;
	kl_nl_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	put_end(&req, veth->name, veth->mac, veth->mtu);
	struct nlattr *info = mnl_attr_nest_start(&req.header, IFLA_LINKINFO);
	mnl_attr_put_strz(&req.header, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(&req.header, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(&req.header, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(&req.header, sizeof(struct ifinfomsg));
	put_end(&req, veth->peer_name, veth->peer_mac, veth->mtu);
	if (veth->peer_netns_fd >= 0)
		mnl_attr_put_u32(&req.header, IFLA_NET_NS_FD, (uint32_t)veth->peer_netns_fd);
	mnl_attr_nest_end(&req.header, peer);
	mnl_attr_nest_end(&req.header, data);
	mnl_attr_nest_end(&req.header, info);
	int rc = kl_nl_talk(link, &req, NULL, NULL, err);
	if (rc)
		kl_fail_prefix(err, "create the veth pair '%s' and '%s'", veth->name, veth->peer_name);
	return rc;
}

int kl_link_bridge_add(struct kl_link *link, const char *name, struct kl_err *err)
{
	struct kl_nl_request req;
	if (check_name(name, err))
		return -EINVAL;
	kl_nl_begin(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(&req.header, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(&req.header, IFLA_LINKINFO);
	mnl_attr_put_strz(&req.header, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(&req.header, info);
	int rc = kl_nl_talk(link, &req, NULL, NULL, err);
	if (rc)
		kl_fail_prefix(err, "create the bridge '%s'", name);
	return rc;
}

int kl_link_delete(struct kl_link *link, uint32_t ifindex, struct kl_err *err)
{
	struct kl_nl_request req;
	struct ifinfomsg *head = kl_nl_begin(&req, RTM_DELLINK, 0, sizeof(*head));
	head->ifi_index = (int)ifindex;
	int rc = kl_nl_talk(link, &req, NULL, NULL, err);
	if (rc)
		kl_fail_prefix(err, "delete link %u", ifindex);
	return rc;
}

int kl_link_set(struct kl_link *link, uint32_t ifindex, const struct kl_link_change *change, struct kl_err *err)
{
	struct kl_nl_request req;
	struct ifinfomsg *head = kl_nl_begin(&req, RTM_NEWLINK, 0, sizeof(*head));
	head->ifi_index = (int)ifindex;
	if (change->fields & KL_LINK_UP) {
		head->ifi_change = IFF_UP;
		head->ifi_flags = change->up ? IFF_UP : 0;
	}
	if (change->fields & KL_LINK_MTU)
		mnl_attr_put_u32(&req.header, IFLA_MTU, change->mtu);
	if (change->fields & KL_LINK_MASTER)
		mnl_attr_put_u32(&req.header, IFLA_MASTER, change->master);
	if (change->fields & KL_LINK_MAC)
		mnl_attr_put(&req.header, IFLA_ADDRESS, 6, change->mac);
	if (change->fields & KL_LINK_ALIAS)
		mnl_attr_put(&req.header, IFLA_IFALIAS, strnlen(change->alias, 255), change->alias);
	int rc = kl_nl_talk(link, &req, NULL, NULL, err);
	if (rc)
		kl_fail_prefix(err, "set up link %u", ifindex);
	return rc;
}

int kl_link_up(struct kl_link *link, uint32_t ifindex, struct kl_err *err)
{
	return kl_link_set(link, ifindex, &(struct kl_link_change){.fields = KL_LINK_UP, .up = true}, err);
}
