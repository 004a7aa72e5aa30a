#include "bench_wire.h"

#include "bench_figures.h"
#include "bpflink.h"
#include "link.h"
#include "mem.h"
#include "netns.h"

#include "kl_bench_path_bpf.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 64, FLAG_SYN = 2, FLAG_ACK = 16, MAX_CPUS = 1024, BATCH = 64 };

struct kl_bench_wire {
	struct kl_bench_path_bpf *programs;
	int cpus; /* possible ones: values of a per-CPU map */
	pid_t ksoftirqd;
	unsigned nodes;
};

/* --- the CPU */

static int own_cpu(struct kl_err *err)
{
	cpu_set_t allowed, one;
	int cpu = -1;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return kl_fail(err, errno, "read the allowed CPUs");
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed))
			cpu = i; /* the last: the first has the machine's own work */
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return kl_fail(err, errno, "stay on CPU %d", cpu);
	return cpu;
}

static pid_t find_ksoftirqd(int cpu)
{
	kl_autofree char *want = kl_asprintf("ksoftirqd/%d\n", cpu);
	DIR *dir = opendir("/proc");
	pid_t found = 0;
	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		kl_autofree char *path = kl_asprintf("/proc/%s/comm", entry->d_name);
		char comm[32] = "";
		FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strcmp(comm, want))
			found = (pid_t)atoi(entry->d_name);
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Nanoseconds that ksoftirqd has run; 0 where it cannot be seen (in a container). */
static double ksoftirqd_ns(const struct kl_bench_wire *wire)
{
	kl_autofree char *path = kl_asprintf("/proc/%d/schedstat", (int)wire->ksoftirqd);
	unsigned long long ns = 0;
	FILE *file = wire->ksoftirqd ? fopen(path, "re") : NULL;
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return (double)ns;
}

static double cpu_ns(const struct kl_bench_wire *wire)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec + ksoftirqd_ns(wire);
}

/* --- making and removing */

int kl_bench_wire_new(struct kl_bench_wire **ret, struct kl_err *err)
{
	int cpu = own_cpu(err);
	if (cpu < 0)
		return cpu;
	kl_autoclose int netns = kl_bench_netns(err);
	if (netns < 0)
		return netns;
	if (setns(netns, CLONE_NEWNET))
		return kl_fail(err, errno, "enter the generator's namespace");
	struct kl_bench_path_bpf *programs = kl_bench_path_bpf__open_and_load();
	if (!programs)
		return kl_fail(err, errno, "load the generator's programs");
	struct kl_bench_wire *wire = kl_calloc(1, sizeof(*wire));
	wire->programs = programs;
	wire->cpus = libbpf_num_possible_cpus();
	wire->ksoftirqd = find_ksoftirqd(cpu);
	*ret = wire;
	return 0;
}

void kl_bench_wire_free(struct kl_bench_wire *wire)
{
	if (!wire)
		return;
	kl_bench_path_bpf__destroy(wire->programs);
	free(wire);
}

/* A packet sent to a veth by XDP is taken only by a side that polls: with an XDP program, or with GRO. */
static int turn_gro_on(void *arg, struct kl_err *err)
{
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value value = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_name = "eth0", .ifr_data = (void *)&value};
	(void)arg;
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		return kl_fail(err, errno, "turn GRO on");
	return 0;
}

static int set_sysctls(int netns, struct kl_err *err)
{
	static const char *const sysctls[][2] = {
		{"ipv4/ip_forward", "1"}, {"ipv4/conf/all/rp_filter", "0"}, {"ipv4/conf/default/rp_filter", "0"},
		{"ipv6/conf/default/disable_ipv6", "1"}, /* no router solicitations among the packets counted */
	};
	int failed = 0;
	for (size_t i = 0; i < KL_ARRAY_LEN(sysctls) && !failed; i++)
		failed = kl_netns_sysctl(netns, sysctls[i][0], sysctls[i][1], err);
	return failed;
}

static int set_up_uplink(struct kl_bench_wire_node *node, struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info uplink;
	struct kl_prefix addr;
	struct kl_route route = {0};
	int failed = kl_link_open(node->netns, &link, err);
	if (!failed)
		failed = kl_link_get(link, "eth0", &uplink, err);
	if (!failed)
		failed = kl_link_up(link, uplink.ifindex, err);
	kl_prefix_read(KL_BENCH_WIRE_ADDR "/24", &addr);
	if (!failed)
		failed = kl_link_addr_add(link, uplink.ifindex, &addr, err);
	kl_addr_parse("192.0.2.254", &route.via);
	kl_prefix_read("0.0.0.0/0", &route.dst);
	route.ifindex = uplink.ifindex;
	if (!failed)
		failed = kl_link_route_set(link, &route, err);
	return failed ? failed : kl_link_neigh_set(link, uplink.ifindex, &route.via, node->far_mac, err);
}

static int attach_xdp(int ifindex, int prog_fd, struct kl_err *err)
{
	int failed = bpf_xdp_attach(ifindex, prog_fd, XDP_FLAGS_DRV_MODE, NULL);
	return failed ? kl_fail(err, -failed, "attach XDP to interface %d", ifindex) : 0;
}

static int join(struct kl_bench_wire *wire, const char *name, struct kl_bench_wire_node *node, struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info far;
	struct kl_veth veth = {.name = name,
		.peer_name = "eth0",
		.mac = node->far_mac,
		.peer_mac = node->mac,
		.peer_netns_fd = node->netns};
	int failed = kl_link_open(-1, &link, err);
	if (!failed)
		failed = kl_link_veth_add(link, &veth, err);
	if (!failed)
		failed = kl_link_get(link, name, &far, err);
	if (!failed)
		failed = kl_link_up(link, far.ifindex, err);
	if (failed)
		return failed;
	node->ifindex = far.ifindex;
	return attach_xdp((int)far.ifindex, bpf_program__fd(wire->programs->progs.kl_bench_sink), err);
}

int kl_bench_wire_node_add(
	struct kl_bench_wire *wire, const char *name, struct kl_bench_wire_node *ret, struct kl_err *err)
{
	uint8_t number = (uint8_t)++wire->nodes;
	*ret = (struct kl_bench_wire_node){
		.netns = kl_bench_netns(err), .mac = {2, 0, 0, 0, number, 1}, .far_mac = {2, 0, 0, 0, number, 2}};
	if (ret->netns < 0)
		return ret->netns;
	int failed = set_sysctls(ret->netns, err);
	if (!failed)
		failed = join(wire, name, ret, err);
	if (!failed)
		failed = set_up_uplink(ret, err);
	if (!failed)
		failed = kl_netns_run(ret->netns, turn_gro_on, NULL, err);
	return failed ? kl_fail_prefix(err, "node %s", name) : 0;
}

void kl_bench_wire_node_release(struct kl_bench_wire_node *node)
{
	if (node->netns > 0)
		close(node->netns);
}

struct bounce {
	int prog_fd;
	uint32_t ifindex;
};

static int attach_bounce(void *arg, struct kl_err *err)
{
	const struct bounce *bounce = arg;
	return attach_xdp((int)bounce->ifindex, bounce->prog_fd, err);
}

int kl_bench_wire_bounce(struct kl_bench_wire *wire, const struct kl_bench_wire_node *node, struct kl_err *err)
{
	kl_autolink *link = NULL;
	struct kl_link_info uplink;
	int failed = kl_link_open(node->netns, &link, err);
	if (!failed)
		failed = kl_link_get(link, "eth0", &uplink, err);
	if (failed)
		return failed;
	struct bounce bounce = {bpf_program__fd(wire->programs->progs.kl_bench_bounce), uplink.ifindex};
	return kl_netns_run(node->netns, attach_bounce, &bounce, err);
}

/* --- sending */

static uint64_t arrived(const struct kl_bench_wire *wire)
{
	uint64_t values[MAX_CPUS] = {0}, sum = 0;
	uint32_t zero = 0;
	if (wire->cpus > MAX_CPUS ||
		bpf_map_lookup_elem(bpf_map__fd(wire->programs->maps.bench_arrived), &zero, values))
		return 0;
	for (int i = 0; i < wire->cpus; i++)
		sum += values[i];
	return sum;
}

static void configure(
	struct kl_bench_wire *wire, const struct kl_bench_wire_node *node, const struct kl_bench_wire_load *load)
{
	struct kl_bench_path_bpf__bss *bss = wire->programs->bss;
	bss->first = load->first;
	bss->next = 0;
	bss->flows = load->flows;
	wire->programs->data->services = load->services;
	bss->flags = load->syn ? FLAG_SYN : FLAG_ACK;
	bss->answer = load->answer;
	bss->drop_at_once = load->drop_at_once;
	for (int i = 0; i < 6; i++) {
		bss->mac_to[i] = node->mac[i];
		bss->mac_from[i] = node->far_mac[i];
	}
}

int kl_bench_wire_send(struct kl_bench_wire *wire, const struct kl_bench_wire_node *node,
	const struct kl_bench_wire_load *load, struct kl_bench_wire_result *ret, struct kl_err *err)
{
	uint8_t frame[FRAME] = {0};
	struct xdp_md ctx = {.data_end = FRAME, .ingress_ifindex = node->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME, .ctx_in = &ctx,
		.ctx_size_in = sizeof(ctx), .repeat = (int)load->packets, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.batch_size = BATCH);
	configure(wire, node, load);
	uint64_t before = arrived(wire);
	double start = cpu_ns(wire);
	if (bpf_prog_test_run_opts(bpf_program__fd(wire->programs->progs.kl_bench_send), &opts))
		return kl_fail(err, errno, "send %u packets", load->packets);
	ret->cpu_ns = cpu_ns(wire) - start;
	ret->arrived = arrived(wire) - before;
	return 0;
}

/* --- netfilter's connections: a delete request without a tuple is for all of them */

static int flush(void *arg, struct kl_err *err)
{
	char bytes[256], answer[8192];
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
	(void)arg;
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct nfgenmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->nfgen_family = AF_INET;
	message->version = NFNETLINK_V0;
	int failed = !socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		     mnl_socket_sendto(socket, header, header->nlmsg_len) < 0;
	ssize_t got = failed ? -1 : mnl_socket_recvfrom(socket, answer, sizeof(answer));
	if (got < 0 || mnl_cb_run(answer, (size_t)got, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		failed = kl_fail(err, errno, "forget netfilter's connections");
	if (socket)
		mnl_socket_close(socket);
	return failed;
}

int kl_bench_wire_flush_conntrack(const struct kl_bench_wire_node *node, struct kl_err *err)
{
	return kl_netns_run(node->netns, flush, NULL, err);
}
