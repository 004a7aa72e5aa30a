#include "up_xdp.h"

#include "netns.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

bool kl_cluster_wants_xdp(const struct kl_cluster *cluster)
{
	size_t i;
	json_t *arg;
	bool value_follows = false, wanted = false;
	json_array_foreach (cluster->agent_args, i, arg) {
		const char *text = json_string_value(arg);
		if (value_follows || !strncmp(text, "--lb-mode=", 10))
			wanted = !strcmp(value_follows ? text : text + 10, "xdp");
		value_follows = !strcmp(text, "--lb-mode");
	}
	return wanted;
}

/* In the calling thread's namespace. */
static int checksum_in_software(const char *name, struct kl_err *err)
{
	struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = 0};
	struct ifreq request = {.ifr_data = (void *)&value};
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		return kl_fail(err, errno, "turn off checksum offload of '%s'", name);
	return 0;
}

static int eth0_checksum(void *arg, struct kl_err *err)
{
	(void)arg;
	return checksum_in_software("eth0", err);
}

static int attach_pass(const char *name, struct kl_err *err)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	unsigned ifindex = if_nametoindex(name);
	if (!ifindex)
		return kl_fail(err, errno, "find the link '%s'", name);
	kl_autoclose int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "kl_pass", "GPL", pass, KL_ARRAY_LEN(pass), NULL);
	if (fd < 0)
		return kl_fail(err, -fd, "load an XDP program");
	int rc = bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
	return rc && rc != -EBUSY && rc != -EEXIST ? kl_fail(err, -rc, "attach an XDP program to '%s'", name) : 0;
}

int kl_node_prepare_xdp(
	const struct kl_cluster *cluster, const struct kl_cluster_node *node, int netns_fd, struct kl_err *err)
{
	int rc = checksum_in_software(cluster->bridge, err);
	if (!rc)
		rc = checksum_in_software(node->link, err);
	if (!rc)
		rc = attach_pass(node->link, err);
	return rc ? rc : kl_netns_run(netns_fd, eth0_checksum, NULL, err);
}
