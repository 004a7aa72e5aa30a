#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "proto.h"

enum { FILE_MAX = 64 << 10 };

void kl_attachment_free(struct kl_attachment *attachment)
{
	if (!attachment)
		return;
	free(attachment->container_id);
	free(attachment->ifname);
	free(attachment->netns_path);
	free(attachment->pod_namespace);
	free(attachment->pod_name);
	free(attachment->pod_uid);
	free(attachment);
}

struct kl_attachment *kl_attachment_new(const char *container_id, const char *ifname, const char *netns_path)
{
	struct kl_attachment *attachment = kl_calloc(1, sizeof(*attachment));
	attachment->container_id = kl_strdup(container_id);
	attachment->ifname = kl_strdup(ifname);
	attachment->netns_path = kl_strdup(netns_path);
	kl_podlink_host_name(container_id, ifname, attachment->host_ifname);
	attachment->link.netns_path = attachment->netns_path;
	attachment->link.ifname = attachment->ifname;
	attachment->link.host_ifname = attachment->host_ifname;
	return attachment;
}

struct kl_cni_pod kl_attachment_pod(const struct kl_attachment *attachment)
{
	const struct kl_podlink *link = &attachment->link;
	struct kl_cni_pod pod = {
		.container_id = attachment->container_id,
		.ifname = attachment->ifname,
		.netns_path = attachment->netns_path,
		.pod_namespace = attachment->pod_namespace,
		.pod_name = attachment->pod_name,
		.pod_uid = attachment->pod_uid,
		.netns_cookie = link->netns_cookie,
		.ip_count = link->ip_count,
		.host_ifindex = link->host_ifindex,
		.bandwidth = attachment->bandwidth,
	};
	memcpy(pod.ips, link->ips, sizeof(pod.ips));
	memcpy(pod.host_mac, link->host_mac, sizeof(pod.host_mac));
	memcpy(pod.pod_mac, link->pod_mac, sizeof(pod.pod_mac));
	snprintf(pod.host_ifname, sizeof(pod.host_ifname), "%s", attachment->host_ifname);
	return pod;
}

static json_t *mac_json(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void mac_read(const char *text, uint8_t mac[6])
{
	unsigned v[6] = {0};
	sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]);
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
}

static json_t *to_json(const struct kl_attachment *attachment)
{
	const struct kl_podlink *link = &attachment->link;
	json_t *ips = json_array();
	for (size_t i = 0; i < link->ip_count; i++) {
		char text[KL_ADDR_TEXT];
		json_array_append_new(ips, json_string(kl_addr_write(&link->ips[i], text)));
	}
	return json_pack("{s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:i, s:o, s:o, s:o*}", "ready",
		attachment->state == KL_ATTACHMENT_READY, "containerID", attachment->container_id, "ifname",
		attachment->ifname, "netns", attachment->netns_path, "podNamespace", attachment->pod_namespace,
		"podName", attachment->pod_name, "podUID", attachment->pod_uid, "ips", ips, "cookie",
		(json_int_t)link->netns_cookie, "hostIfindex", (int)link->host_ifindex, "hostMAC",
		mac_json(link->host_mac), "podMAC", mac_json(link->pod_mac), "bandwidth",
		kl_cni_bandwidth_json(&attachment->bandwidth));
}

static char *file_of(const struct kl_attachment *attachment, const char *dir)
{
	return kl_asprintf("%s/%s.%s", dir, attachment->container_id, attachment->ifname);
}

/*
 * Not synced to the disk: the page cache outlives a killed agent, and a machine that loses power loses the pods'
 * namespaces as well. The rename makes it whole or absent.
 */
int kl_attachment_save(const struct kl_attachment *attachment, const char *dir, struct kl_err *err)
{
	kl_autojson *json = to_json(attachment);
	kl_autofree char *path = file_of(attachment, dir), *tmp = kl_asprintf("%s.tmp", path);
	kl_autobuf text = {0};
	if (!json)
		return kl_fail_msg(err, EILSEQ, "the pod's names are not UTF-8");
	kl_json_dump(json, &text);
	kl_autoclose int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len || rename(tmp, path))
		return kl_fail(err, errno, "write '%s'", path);
	return 0;
}

void kl_attachment_forget(const struct kl_attachment *attachment, const char *dir)
{
	kl_autofree char *path = file_of(attachment, dir);
	unlink(path);
}

static void load_ips(const json_t *json, struct kl_podlink *link)
{
	size_t i;
	json_t *ip;
	json_array_foreach (kl_json_get(json, "ips", NULL), i, ip)
		if (link->ip_count < KL_ARRAY_LEN(link->ips) && json_is_string(ip) &&
			!kl_addr_parse(json_string_value(ip), &link->ips[link->ip_count]))
			link->ip_count++;
}

static uint64_t load_bits(const json_t *json, const char *name)
{
	return (uint64_t)kl_json_int(json, 0, "bandwidth", name, NULL);
}

struct kl_attachment *kl_attachment_load(const char *path, struct kl_err *err)
{
	kl_autojson *json = kl_json_load(path, FILE_MAX, err);
	if (!json)
		return NULL;
	const char *id = kl_json_str(json, "containerID", NULL), *ifname = kl_json_str(json, "ifname", NULL);
	if (!*id || !*ifname) {
		kl_fail_msg(err, EINVAL, "'%s' describes no attachment", path);
		return NULL;
	}
	struct kl_attachment *attachment = kl_attachment_new(id, ifname, kl_json_str(json, "netns", NULL));
	attachment->state = kl_json_bool(json, false, "ready", NULL) ? KL_ATTACHMENT_READY : KL_ATTACHMENT_PENDING;
	attachment->pod_namespace = kl_strdup(kl_json_str(json, "podNamespace", NULL));
	attachment->pod_name = kl_strdup(kl_json_str(json, "podName", NULL));
	attachment->pod_uid = kl_strdup(kl_json_str(json, "podUID", NULL));
	attachment->link.netns_cookie = (uint64_t)kl_json_int(json, 0, "cookie", NULL);
	attachment->link.host_ifindex = (uint32_t)kl_json_int(json, 0, "hostIfindex", NULL);
	mac_read(kl_json_str(json, "hostMAC", NULL), attachment->link.host_mac);
	mac_read(kl_json_str(json, "podMAC", NULL), attachment->link.pod_mac);
	attachment->bandwidth = (struct kl_cni_bandwidth){
		.ingress_rate = load_bits(json, "ingressRate"),
		.ingress_burst = load_bits(json, "ingressBurst"),
		.egress_rate = load_bits(json, "egressRate"),
		.egress_burst = load_bits(json, "egressBurst"),
	};
	load_ips(json, &attachment->link);
	return attachment;
}
