#include "result.h"

#include <string.h>

#include "link.h"
#include "podlink.h"

static json_t *mac_json(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static json_t *ip_json(const struct kl_addr *ip, bool with_version)
{
	char text[KL_ADDR_TEXT], gateway[KL_ADDR_TEXT];
	bool v4 = kl_addr_is_v4(ip);
	json_t *json =
		json_pack("{s:o, s:s, s:i}", "address", json_sprintf("%s/%d", kl_addr_write(ip, text), v4 ? 32 : 128),
			"gateway", kl_addr_write(kl_podlink_gateway(ip), gateway), "interface", 1);
	/* Before 1.0.0 each address names its family. */
	if (with_version)
		json_object_set_new(json, "version", json_string(v4 ? "4" : "6"));
	return json;
}

json_t *kl_cni_result(const struct kl_cni_pod *pod, const char *version)
{
	json_t *ips = json_array(), *routes = json_array();
	bool with_version = strncmp(version, "0.", 2) == 0;
	for (size_t i = 0; i < pod->ip_count; i++) {
		char gateway[KL_ADDR_TEXT];
		const struct kl_addr *ip = &pod->ips[i];
		kl_addr_write(kl_podlink_gateway(ip), gateway);
		json_array_append_new(ips, ip_json(ip, with_version));
		json_array_append_new(routes,
			json_pack("{s:s, s:s}", "dst", kl_addr_is_v4(ip) ? "0.0.0.0/0" : "::/0", "gw", gateway));
	}
	return json_pack("{s:s, s:[{s:s, s:o}, {s:s, s:o, s:s}], s:o, s:o, s:{}}", "cniVersion", version, "interfaces",
		"name", pod->host_ifname, "mac", mac_json(pod->host_mac), "name", pod->ifname, "mac",
		mac_json(pod->pod_mac), "sandbox", pod->netns_path, "ips", ips, "routes", routes, "dns");
}

struct uplink {
	uint32_t ifindex; /* 0: none yet */
	bool v4;
	uint32_t mtu;
};

static void take_default(const struct kl_route *route, void *arg)
{
	struct uplink *uplink = arg;
	bool v4 = kl_addr_is_v4(&route->dst.addr);
	if (route->dst.len || !route->ifindex || (uplink->ifindex && (uplink->v4 || !v4)))
		return;
	uplink->ifindex = route->ifindex;
	uplink->v4 = v4;
}

static void take_mtu(const struct kl_link_info *info, void *arg)
{
	struct uplink *uplink = arg;
	if (info->ifindex == uplink->ifindex)
		uplink->mtu = info->mtu;
}

uint32_t kl_cni_uplink_mtu(const char *device, uint32_t otherwise)
{
	kl_autolink *link = NULL;
	struct kl_link_info info;
	kl_autofree char *first = device ? kl_strndup(device, strcspn(device, ",")) : NULL;
	if (first && !kl_link_open(-1, &link, NULL) && !kl_link_get(link, first, &info, NULL))
		return info.mtu;
	kl_link_close(kl_take(&link));
	struct uplink uplink = {.mtu = otherwise};
	if (kl_link_open(-1, &link, NULL) || kl_link_routes_each(link, 0, take_default, &uplink, NULL) ||
		kl_link_each(link, take_mtu, &uplink, NULL))
		return otherwise;
	return uplink.mtu;
}
