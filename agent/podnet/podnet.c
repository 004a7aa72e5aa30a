#include "podnet.h"

#include "file.h"
#include "link.h"
#include "log.h"
#include "mem.h"
#include "netns.h"
#include "podload.h"
#include "ranges.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Above ip_local_port_range (32768-60999), NodePorts (30000-32767) and the balancer's SNAT ports (10240-29999). */
enum { PORT_MIN = 61000, PORT_MAX = 65535, PORTS_WANTED = 1024 };

struct known {
	struct kl_podload_pod pod;
	char ifname[IFNAMSIZ];
	struct known *prev, *next;
};

struct kl_podnet {
	const struct kl_maps *maps;
	struct kl_podload *load;
	char *uplink;
	bool shortcuts, masquerade, departure;
	uint16_t port_min, port_max;
	struct known *pods;
	struct kl_podload_prefix own[2];
	size_t own_count;
	struct kl_ranges fixed;  /* from the options */
	struct kl_ranges others; /* of other nodes */
};

int kl_masquerade_parse(const char *text, enum kl_masquerade *ret)
{
	static const char *const words[] = {[KL_MASQUERADE_BPF] = "bpf", [KL_MASQUERADE_OFF] = "off"};
	for (size_t i = 0; i < KL_ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i])) {
			*ret = (enum kl_masquerade)i;
			return 0;
		}
	return -EINVAL;
}

/* --- the network as a whole */

/* Looked up each time: an interface may come later, or come back under another number. */
static void uplinks_of(const struct kl_podnet *podnet, uint32_t ret[KL_NET_UPLINKS])
{
	kl_autofree char *list = podnet->uplink ? kl_strdup(podnet->uplink) : NULL;
	char *rest = list, *name;
	size_t count = 0;
	while (count < KL_NET_UPLINKS && (name = strsep(&rest, ",")))
		if ((ret[count] = if_nametoindex(name)))
			count++;
}

static int apply(struct kl_podnet *podnet, struct kl_err *err)
{
	kl_autoranges all = {0};
	kl_ranges_copy(&all, &podnet->fixed);
	for (size_t i = 0; i < podnet->others.count; i++)
		kl_ranges_put(&all, &podnet->others.items[i]);
	struct kl_podload_net net = {
		.shortcuts = podnet->shortcuts,
		.masquerade = podnet->masquerade && podnet->own_count,
		.departure = podnet->departure,
		.port_min = podnet->port_min,
		.port_max = podnet->port_max,
		.own = {podnet->own[0], podnet->own[1]},
		.own_count = podnet->own_count,
		.inside = all.items,
		.inside_count = all.count,
	};
	uplinks_of(podnet, net.uplinks);
	return kl_podload_net(podnet->load, &net, err);
}

int kl_podnet_own(struct kl_podnet *podnet, const char *const *cidrs, size_t count, struct kl_err *err)
{
	podnet->own_count = 0;
	for (size_t i = 0; i < count && i < KL_ARRAY_LEN(podnet->own); i++) {
		struct kl_prefix prefix;
		if (kl_prefix_read(cidrs[i], &prefix))
			return kl_fail_msg(err, EINVAL, "the pod range '%s' is no CIDR", cidrs[i]);
		podnet->own[podnet->own_count++] = (struct kl_podload_prefix){prefix.addr, prefix.len};
	}
	return apply(podnet, err);
}

int kl_podnet_others(struct kl_podnet *podnet, const struct kl_prefix *cidrs, size_t count, struct kl_err *err)
{
	podnet->others.count = 0;
	for (size_t i = 0; i < count; i++)
		kl_ranges_put(&podnet->others, &(struct kl_podload_prefix){cidrs[i].addr, cidrs[i].len});
	return apply(podnet, err);
}

/* --- ports that nobody else takes */

static bool local_range(unsigned *first, unsigned *last)
{
	kl_autobuf text = {0};
	return !kl_file_read("/proc/sys/net/ipv4/ip_local_port_range", &text, NULL) &&
	       sscanf(kl_buf_str(&text), "%u %u", first, last) == 2;
}

/* Sockets are kept off the ports; what was reserved before stays so. */
static void reserve_ports(const struct kl_podnet *podnet)
{
	kl_autobuf now = {0};
	struct kl_err err = {0};
	kl_autofree char *range = kl_asprintf("%u-%u", podnet->port_min, podnet->port_max);
	if (kl_file_read("/proc/sys/net/ipv4/ip_local_reserved_ports", &now, NULL))
		return;
	const char *text = kl_buf_str(&now);
	size_t len = strcspn(text, "\n");
	if (strstr(text, range))
		return;
	kl_autofree char *more = kl_asprintf("%.*s%s%s", (int)len, text, len ? "," : "", range);
	if (kl_netns_sysctl(-1, "ipv4/ip_local_reserved_ports", more, &err))
		kl_warn("ports %s are for masquerading and may be given to sockets of the node as well: %s", range,
			kl_err_text(&err));
}

static void choose_ports(struct kl_podnet *podnet)
{
	unsigned first, last;
	podnet->port_min = PORT_MIN;
	podnet->port_max = PORT_MAX;
	if (!local_range(&first, &last) || last < PORT_MIN)
		return;
	if (last + PORTS_WANTED <= PORT_MAX)
		podnet->port_min = (uint16_t)(last + 1);
	else
		reserve_ports(podnet);
}

/* --- the uplink */

static int attach_uplinks(struct kl_podnet *podnet, struct kl_err *err)
{
	uint32_t ifindexes[KL_NET_UPLINKS] = {0};
	size_t count = 0;
	uplinks_of(podnet, ifindexes);
	while (count < KL_NET_UPLINKS && ifindexes[count])
		count++;
	if (podnet->uplink && !count)
		return kl_fail_msg(err, ENODEV, "find the uplink interface '%s'", podnet->uplink);
	return kl_podload_uplinks(podnet->load, ifindexes, count, err);
}

/* Do all uplinks send through fq? Only looked at: whose scheduler it is, is the administrator's choice. */
static bool has_fq(const struct kl_podnet *podnet)
{
	kl_autolink *link = NULL;
	kl_autofree char *list = podnet->uplink ? kl_strdup(podnet->uplink) : NULL;
	char *rest = list, *name;
	bool all = list && !kl_link_open(-1, &link, NULL);
	while (all && (name = strsep(&rest, ",")))
		all = !*name || kl_link_sends_by_fq(link, if_nametoindex(name));
	return all;
}

/* --- pods */

static struct known *find(const struct kl_podnet *podnet, const char *ifname)
{
	struct known *known;
	DL_FOREACH (podnet->pods, known)
		if (!strcmp(known->ifname, ifname))
			return known;
	return NULL;
}

static void fill(struct known *known, const struct kl_cni_pod *pod)
{
	snprintf(known->ifname, sizeof(known->ifname), "%s", pod->host_ifname);
	known->pod = (struct kl_podload_pod){
		.ifname = known->ifname,
		.ifindex = pod->host_ifindex,
		.ip_count = pod->ip_count,
		.cookie = pod->netns_cookie,
		.egress_bits = pod->bandwidth.egress_rate,
		.ingress_bits = pod->bandwidth.ingress_rate,
		.egress_burst_bits = pod->bandwidth.egress_burst,
		.ingress_burst_bits = pod->bandwidth.ingress_burst,
	};
	memcpy(known->pod.ips, pod->ips, sizeof(known->pod.ips));
	memcpy(known->pod.mac, pod->pod_mac, sizeof(known->pod.mac));
	memcpy(known->pod.host_mac, pod->host_mac, sizeof(known->pod.host_mac));
}

int kl_podnet_pod_add(struct kl_podnet *podnet, const struct kl_cni_pod *pod, struct kl_err *err)
{
	struct known *known = find(podnet, pod->host_ifname);
	if (!known) {
		known = kl_calloc(1, sizeof(*known));
		DL_APPEND(podnet->pods, known);
	}
	fill(known, pod);
	return kl_podload_add(podnet->load, &known->pod, err);
}

void kl_podnet_pod_remove(struct kl_podnet *podnet, const struct kl_cni_pod *pod)
{
	struct known *known = find(podnet, pod->host_ifname);
	kl_podload_remove(podnet->load, pod->host_ifname, pod->host_ifindex);
	if (!known)
		return;
	DL_DELETE(podnet->pods, known);
	free(known);
}

static bool is_known(const char *ifname, uint32_t ifindex, void *arg)
{
	const struct known *known;
	DL_FOREACH (((const struct kl_podnet *)arg)->pods, known)
		if (ifname ? !strcmp(known->ifname, ifname) : known->pod.ifindex == ifindex)
			return true;
	return false;
}

void kl_podnet_sweep(struct kl_podnet *podnet)
{
	size_t removed = kl_podload_sweep(podnet->load, is_known, podnet);
	if (removed)
		kl_info("the programs or facts of %zu pods that are gone were removed", removed);
	/* Every pod's programs use this agent's tables by now. */
	struct kl_err err = {0};
	if (kl_maps_switch_end(podnet->maps, &err))
		kl_error("the former tables: %s", kl_err_text(&err));
}

void kl_podnet_audit(struct kl_podnet *podnet)
{
	const struct known *known;
	struct kl_err err = {0};
	bool departure = has_fq(podnet);
	if (departure != podnet->departure)
		kl_info("pods' egress limits: by %s from now on", departure ? "departure time" : "policer");
	podnet->departure = departure;
	if (apply(podnet, &err) || attach_uplinks(podnet, &err))
		kl_warn("the pods' network: %s", kl_err_text(&err));
	/* A link that somebody deleted is its pod's trouble, and CHECK tells. */
	DL_FOREACH (podnet->pods, known)
		if (if_nametoindex(known->ifname) == known->pod.ifindex &&
			kl_podload_add(podnet->load, &known->pod, &err))
			kl_warn("the programs of %s: %s", known->ifname, kl_err_text(&err));
}

void kl_podnet_status(const struct kl_podnet *podnet, struct kl_podnet_status *ret)
{
	const struct known *known;
	size_t count = 0;
	DL_COUNT(podnet->pods, known, count);
	*ret = (struct kl_podnet_status){
		.pods = count,
		.shortcuts = podnet->shortcuts,
		.masquerade = podnet->masquerade,
		.departure = podnet->departure,
	};
}

void kl_podnet_free(struct kl_podnet *podnet)
{
	struct known *known, *next;
	if (!podnet)
		return;
	DL_FOREACH_SAFE (podnet->pods, known, next)
		free(known);
	kl_podload_free(podnet->load);
	kl_ranges_release(&podnet->fixed);
	kl_ranges_release(&podnet->others);
	free(podnet->uplink);
	free(podnet);
}

static int take_options(struct kl_podnet *podnet, const struct kl_podnet_options *options, struct kl_err *err)
{
	const char *const *const lists[] = {options->cluster_cidrs, options->service_cidrs, options->non_masquerade};
	bool given = false;
	podnet->uplink = options->uplink ? kl_strdup(options->uplink) : NULL;
	podnet->shortcuts = !options->no_shortcuts;
	podnet->masquerade = options->masquerade == KL_MASQUERADE_BPF && options->uplink;
	for (size_t i = 0; i < KL_ARRAY_LEN(lists); i++) {
		int rc = kl_ranges_read(&podnet->fixed, lists[i], err);
		if (rc)
			return rc;
		given = given || (lists[i] && lists[i] != options->service_cidrs);
	}
	if (!given)
		kl_ranges_defaults(&podnet->fixed);
	kl_ranges_always(&podnet->fixed);
	return 0;
}

int kl_podnet_new(
	const struct kl_maps *maps, const struct kl_podnet_options *options, struct kl_podnet **ret, struct kl_err *err)
{
	struct kl_podnet *podnet = kl_calloc(1, sizeof(*podnet));
	podnet->maps = maps;
	int rc = take_options(podnet, options, err);
	if (!rc)
		rc = kl_podload_new(maps, options->pin_dir, &podnet->load, err);
	if (!rc) {
		choose_ports(podnet);
		podnet->departure = has_fq(podnet);
		/* The node's own range is not known yet: what the last agent wrote about it stays until it is. */
		podnet->own_count = kl_podload_own(podnet->load, podnet->own);
		rc = apply(podnet, err);
	}
	if (!rc)
		rc = attach_uplinks(podnet, err);
	if (rc) {
		kl_podnet_free(podnet);
		return rc;
	}
	*ret = podnet;
	return 0;
}
