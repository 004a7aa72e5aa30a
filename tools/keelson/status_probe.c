#include "status_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "link.h"
#include "netns.h"
#include "up_process.h"
#include "up_units.h"

enum { TCX_INGRESS = 46 }; /* BPF_TCX_INGRESS, Linux 6.6; Debian's headers are older */

static bool prog_type(enum bpf_prog_type type)
{
	return libbpf_probe_bpf_prog_type(type, NULL) == 1;
}

static bool has_xdp(void)
{
	return prog_type(BPF_PROG_TYPE_XDP);
}

static bool has_tc(void)
{
	return prog_type(BPF_PROG_TYPE_SCHED_CLS);
}

static bool has_cgroup_hooks(void)
{
	return prog_type(BPF_PROG_TYPE_CGROUP_SOCK_ADDR) && kl_cgroup2_mount();
}

/* A link to no device: a kernel that knows tcx misses the device, an older one the attach type. */
static bool has_tcx(void)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "kl_probe", "GPL", program, KL_ARRAY_LEN(program), NULL);
	if (fd < 0)
		return false;
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)fd;
	attr.link_create.attach_type = TCX_INGRESS;
	long rc = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	bool there = rc < 0 && errno == ENODEV;
	close(fd);
	return there;
}

/* Sends one message and returns the kernel's error, 0 for none. */
static int ask(int bus, struct nlmsghdr *message)
{
	char answer[8192];
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!socket)
		return errno;
	int rc = 0;
	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
		mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		rc = errno;
	ssize_t n = rc ? -1 : mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (n > 0 && mnl_cb_run(answer, (size_t)n, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		rc = errno;
	mnl_socket_close(socket);
	return rc;
}

static bool has_nftables(void)
{
	char bytes[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->version = NFNETLINK_V0;
	return !ask(NETLINK_NETFILTER, message);
}

/* In a namespace of its own, which ends with the thread: nothing is left behind. */
static int try_qdisc(void *arg, struct kl_err *err)
{
	char bytes[256];
	if (unshare(CLONE_NEWNET))
		return kl_fail(err, errno, "make a network namespace");
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = RTM_NEWQDISC;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct tcmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->tcm_ifindex = 1; /* lo */
	head->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(message, TCA_KIND, arg);
	/* ENOENT: no such qdisc; any other complaint is about the options that we did not give. */
	return ask(NETLINK_ROUTE, message) == ENOENT ? -ENOENT : 0;
}

static bool has_netem(void)
{
	static char kind[] = "netem";
	return !kl_netns_run(-1, try_qdisc, kind, NULL);
}

static bool has_fq(void)
{
	static char kind[] = "fq";
	return !kl_netns_run(-1, try_qdisc, kind, NULL);
}

static int try_links(void *arg, struct kl_err *err)
{
	kl_autolink *link = NULL;
	(void)arg;
	if (unshare(CLONE_NEWNET))
		return kl_fail(err, errno, "make a network namespace");
	int rc = kl_link_open(-1, &link, err);
	struct kl_veth veth = {.name = "a", .peer_name = "b", .peer_netns_fd = -1};
	if (!rc)
		rc = kl_link_veth_add(link, &veth, err);
	return rc ? rc : kl_link_bridge_add(link, "c", err);
}

static bool has_links(void)
{
	return !kl_netns_run(-1, try_links, NULL, NULL);
}

static bool has_filesystem(const char *name)
{
	char line[128];
	bool found = false;
	size_t len = strlen(name);
	FILE *file = fopen("/proc/filesystems", "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *tab = strchr(line, '\t');
		found = tab && !strncmp(tab + 1, name, len) && tab[1 + len] == '\n';
	}
	if (file)
		fclose(file);
	return found;
}

static bool has_overlay(void)
{
	return has_filesystem("overlay");
}

static bool has_nfs(void)
{
	return has_filesystem("nfs4") || has_filesystem("nfs");
}

static bool has_ipv6(void)
{
	return !access("/proc/sys/net/ipv6", F_OK);
}

static bool has_program(const char *name)
{
	static const char *const dirs[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"};
	for (size_t i = 0; i < KL_ARRAY_LEN(dirs); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static bool has_runtime(void)
{
	return (has_program("crun") || has_program("runc")) && has_program("conmon");
}

static bool has_skopeo(void)
{
	return has_program("skopeo");
}

static bool has_registry(void)
{
	return kl_registry_program() != NULL;
}

static const struct probe {
	const char *name;
	bool (*there)(void);
	const char *without;
} probes[] = {
	{"veth and bridge", has_links, "no pods and no local cluster"},
	{"overlayfs", has_overlay, "no containers"},
	{"crun or runc, and conmon", has_runtime, "no containers"},
	{"skopeo", has_skopeo, "no images can be pulled"},
	{"cgroup socket hooks", has_cgroup_hooks, "no Services from pods and from the node itself"},
	{"XDP", has_xdp, "NodePorts are balanced by tc"},
	{"tc BPF", has_tc, "NodePorts are balanced by XDP alone"},
	{"tcx", has_tcx, "tc programs are attached through clsact"},
	{"nftables", has_nftables, "no NetworkPolicy"},
	{"IPv6", has_ipv6, "IPv4 alone"},
	{"docker-registry", has_registry, "no example images in local clusters"},
	{"netem", has_netem, "tests of loss and delay are skipped"},
	{"fq", has_fq, "pods' egress bandwidth is kept by a policer, not by departure times"},
	{"NFS", has_nfs, "NFS volumes cannot be mounted"},
};

static int silent(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

struct kl_probe_result *kl_probe_all(size_t *ret_count)
{
	struct kl_probe_result *results = kl_calloc(KL_ARRAY_LEN(probes), sizeof(*results));
	libbpf_print_fn_t print = libbpf_set_print(silent);
	for (size_t i = 0; i < KL_ARRAY_LEN(probes); i++)
		results[i] = (struct kl_probe_result){probes[i].name, probes[i].without, probes[i].there()};
	libbpf_set_print(print);
	*ret_count = KL_ARRAY_LEN(probes);
	return results;
}
