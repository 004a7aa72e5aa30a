#include "podload.h"

#include "bpflink.h"
#include "file.h"
#include "load_impl.h"

#include "kl_pod_bpf.skel.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The order is that of attaching: no answer may come in before it can be translated. */
enum { POD_IN, POD_OUT, UPLINK_IN, UPLINK_OUT, PROGRAMS };
static const struct row {
	const char *program, *pin;
	uint32_t attach_type;
} rows[PROGRAMS] = {
	[POD_IN] = {"kl_pod_in", "in", KL_TCX_EGRESS},
	[POD_OUT] = {"kl_pod_out", "out", KL_TCX_INGRESS},
	[UPLINK_IN] = {"kl_uplink_in", NULL, KL_TCX_INGRESS},
	[UPLINK_OUT] = {"kl_uplink_out", NULL, KL_TCX_EGRESS},
};

struct kl_podload {
	const struct kl_maps *maps;
	char *pin_dir;
	int prog[PROGRAMS];
};

void kl_podload_free(struct kl_podload *load)
{
	if (!load)
		return;
	for (int i = 0; i < PROGRAMS; i++)
		if (load->prog[i] >= 0)
			close(load->prog[i]);
	free(load->pin_dir);
	free(load);
}

static void destroy(struct kl_pod_bpf *object)
{
	kl_pod_bpf__destroy(object);
}
KL_AUTO(cleanup_object, struct kl_pod_bpf, destroy)

/* Only the programs' descriptors are kept: the object's code and BTF are much larger. */
static int take_programs(struct kl_podload *load, const struct bpf_object *object, struct kl_err *err)
{
	for (int i = 0; i < PROGRAMS; i++) {
		const struct bpf_program *program = bpf_object__find_program_by_name(object, rows[i].program);
		load->prog[i] = dup(bpf_program__fd(program));
		if (load->prog[i] < 0)
			return kl_fail(err, errno, "duplicate the descriptor of %s", rows[i].program);
		int failed = kl_program_pin(load->pin_dir, rows[i].program, load->prog[i], err);
		if (failed)
			return failed;
	}
	return 0;
}

static int make_dirs(const char *pin_dir, struct kl_err *err)
{
	static const char *const dirs[] = {"links", "progs", "pods"};
	for (size_t i = 0; i < KL_ARRAY_LEN(dirs); i++) {
		kl_autofree char *dir = kl_asprintf("%s/%s", pin_dir, dirs[i]);
		int failed = kl_mkdir_p(dir, 0700, err);
		if (failed)
			return failed;
	}
	return 0;
}

int kl_podload_new(const struct kl_maps *maps, const char *pin_dir, struct kl_podload **ret, struct kl_err *err)
{
	kl_cleanup(kl_cleanup_podload) struct kl_podload *load = kl_calloc(1, sizeof(*load));
	load->maps = maps;
	load->pin_dir = kl_strdup(pin_dir);
	for (int i = 0; i < PROGRAMS; i++)
		load->prog[i] = -1;
	int failed = make_dirs(pin_dir, err);
	if (failed)
		return failed;
	kl_cleanup(cleanup_object) struct kl_pod_bpf *skeleton = kl_pod_bpf__open();
	if (!skeleton)
		return kl_fail(err, errno, "open the BPF object of the pods' programs");
	skeleton->rodata->csum_v6_flag = kl_csum_v6_flag();
	failed = kl_object_load(skeleton->obj, maps, err);
	if (!failed)
		failed = take_programs(load, skeleton->obj, err);
	if (failed)
		return failed;
	malloc_trim(0);
	*ret = kl_take(&load);
	return 0;
}

static int attach(struct kl_podload *load, int which, const char *path, uint32_t ifindex, struct kl_err *err)
{
	const struct kl_bpf_link_spec spec = {
		.path = path,
		.prog_fd = load->prog[which],
		.attach_type = rows[which].attach_type,
		.target = (int)ifindex,
	};
	return kl_bpf_link_ensure(&spec, err);
}

/* Is the name that of an uplink's pin whose interface is not in the list? */
static bool is_left_over(const char *name, const uint32_t *ifindexes, size_t count)
{
	for (int i = UPLINK_IN; i <= UPLINK_OUT; i++) {
		size_t len = strlen(rows[i].program);
		if (strncmp(name, rows[i].program, len) != 0 || name[len] != '_')
			continue;
		unsigned long ifindex = strtoul(name + len + 1, NULL, 10);
		for (size_t k = 0; k < count; k++)
			if (ifindexes[k] == ifindex)
				return false;
		return true;
	}
	return false;
}

static void drop_left_over(const struct kl_podload *load, const uint32_t *ifindexes, size_t count)
{
	kl_autofree char *path = kl_asprintf("%s/links", load->pin_dir);
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));)
		if (is_left_over(entry->d_name, ifindexes, count))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

int kl_podload_uplinks(struct kl_podload *load, const uint32_t *ifindexes, size_t count, struct kl_err *err)
{
	for (size_t k = 0; k < count; k++)
		for (int i = UPLINK_IN; i <= UPLINK_OUT; i++) {
			kl_autofree char *path =
				kl_asprintf("%s/links/%s_%u", load->pin_dir, rows[i].program, ifindexes[k]);
			int failed = attach(load, i, path, ifindexes[k], err);
			if (failed)
				return failed;
		}
	drop_left_over(load, ifindexes, count);
	return 0;
}

/* --- pods */

enum { BURST_MS = 250 }; /* longer than a TCP sender that lost its last packets waits (200 ms) */
/* A burst holds at least this much: a TCP sender's segments come in packets of up to 64 KiB. */
#define BURST_MIN_BITS (2ULL * 65536 * 8)
/* What container runtimes write for "as much as you like". */
#define BURST_ANY UINT32_MAX

static void rate_fill(struct kl_map_rate *rate, uint64_t bits, uint64_t burst_bits)
{
	uint64_t burst = burst_bits;
	if (!burst || burst >= BURST_ANY)
		burst = bits / 1000 * BURST_MS > BURST_MIN_BITS ? bits / 1000 * BURST_MS : BURST_MIN_BITS;
	rate->rate = bits ? (bits + 7) / 8 : 0;
	rate->burst_ns = bits ? (uint64_t)((double)burst * 1e9 / (double)bits) : 0;
}

static void facts_fill(struct kl_map_pod *facts, const struct kl_podload_pod *pod)
{
	memset(facts->addr, 0, sizeof(facts->addr));
	for (size_t i = 0; i < pod->ip_count; i++)
		memcpy(facts->addr[!kl_addr_is_v4(&pod->ips[i])], pod->ips[i].bytes, 16);
	memcpy(facts->mac, pod->mac, sizeof(facts->mac));
	memcpy(facts->host_mac, pod->host_mac, sizeof(facts->host_mac));
	facts->cookie = pod->cookie;
	rate_fill(&facts->egress, pod->egress_bits, pod->egress_burst_bits);
	rate_fill(&facts->ingress, pod->ingress_bits, pod->ingress_burst_bits);
}

/* Flags and counters of a known pod are kept; those of another that had the same index are not. */
static int put_facts(struct kl_podload *load, const struct kl_podload_pod *pod, struct kl_err *err)
{
	int fd = load->maps->fd[KL_MAP_PODS], addrs = load->maps->fd[KL_MAP_POD_ADDRS];
	struct kl_map_pod facts = {0};
	if (bpf_map_lookup_elem(fd, &pod->ifindex, &facts) || facts.cookie != pod->cookie)
		memset(&facts, 0, sizeof(facts));
	facts_fill(&facts, pod);
	if (bpf_map_update_elem(fd, &pod->ifindex, &facts, BPF_ANY))
		return kl_fail(err, errno, "put the pod of %s into kl_pods", pod->ifname);
	for (size_t i = 0; i < pod->ip_count; i++)
		if (bpf_map_update_elem(addrs, pod->ips[i].bytes, &pod->ifindex, BPF_ANY))
			return kl_fail(err, errno, "put the pod of %s into kl_pod_addrs", pod->ifname);
	return 0;
}

static char *pod_dir(const struct kl_podload *load, const char *ifname)
{
	return kl_asprintf("%s/pods/%s", load->pin_dir, ifname);
}

int kl_podload_add(struct kl_podload *load, const struct kl_podload_pod *pod, struct kl_err *err)
{
	kl_autofree char *dir = pod_dir(load, pod->ifname);
	int failed = put_facts(load, pod, err);
	if (!failed)
		failed = kl_mkdir_p(dir, 0700, err);
	for (int i = POD_IN; !failed && i <= POD_OUT; i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", dir, rows[i].pin);
		failed = attach(load, i, path, pod->ifindex, err);
	}
	return failed;
}

int kl_podload_limit(struct kl_podload *load, const struct kl_podload_pod *pod, struct kl_err *err)
{
	struct kl_map_pod facts;
	if (bpf_map_lookup_elem(load->maps->fd[KL_MAP_PODS], &pod->ifindex, &facts) || facts.cookie != pod->cookie)
		return kl_fail_msg(err, ENOENT, "the pod of %s is not in kl_pods", pod->ifname);
	return put_facts(load, pod, err);
}

/* An address that another pod has by now stays that one's. */
static void forget_addr(struct kl_podload *load, const void *addr, uint32_t ifindex)
{
	uint32_t holder;
	int fd = load->maps->fd[KL_MAP_POD_ADDRS];
	if (!bpf_map_lookup_elem(fd, addr, &holder) && holder == ifindex)
		bpf_map_delete_elem(fd, addr);
}

static void forget_facts(struct kl_podload *load, uint32_t ifindex)
{
	struct kl_map_pod facts;
	if (bpf_map_lookup_elem(load->maps->fd[KL_MAP_PODS], &ifindex, &facts))
		return;
	for (size_t i = 0; i < 2; i++)
		forget_addr(load, facts.addr[i], ifindex);
	bpf_map_delete_elem(load->maps->fd[KL_MAP_PODS], &ifindex);
}

/* Addresses first: no shortcut leads to a link whose program knows no pod. */
void kl_podload_remove(struct kl_podload *load, const char *ifname, uint32_t ifindex)
{
	kl_autofree char *dir = pod_dir(load, ifname);
	forget_facts(load, ifindex);
	kl_remove_tree(dir, NULL);
}

static size_t sweep_pins(
	struct kl_podload *load, bool (*keep)(const char *ifname, uint32_t ifindex, void *arg), void *arg)
{
	kl_autofree char *path = kl_asprintf("%s/pods", load->pin_dir);
	size_t removed = 0;
	DIR *dir = opendir(path);
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || keep(entry->d_name, 0, arg))
			continue;
		kl_autofree char *stale = pod_dir(load, entry->d_name);
		kl_remove_tree(stale, NULL);
		removed++;
	}
	if (dir)
		closedir(dir);
	return removed;
}

size_t kl_podload_sweep(
	struct kl_podload *load, bool (*keep)(const char *ifname, uint32_t ifindex, void *arg), void *arg)
{
	int fd = load->maps->fd[KL_MAP_PODS], addrs = load->maps->fd[KL_MAP_POD_ADDRS];
	size_t removed = sweep_pins(load, keep, arg);
	uint32_t key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);
	while (more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (keep(NULL, key, arg))
			continue;
		forget_facts(load, key);
		removed++;
	}
	struct kl_addr addr, after;
	uint32_t holder;
	more = !bpf_map_get_next_key(addrs, NULL, &after);
	while (more) {
		addr = after;
		more = !bpf_map_get_next_key(addrs, &addr, &after);
		if (!bpf_map_lookup_elem(addrs, &addr, &holder) && !keep(NULL, holder, arg))
			bpf_map_delete_elem(addrs, &addr);
	}
	return removed;
}

/* --- the network as a whole */

static struct kl_map_prefix prefix_of(const struct kl_podload_prefix *prefix)
{
	unsigned bits = prefix->len + (kl_addr_is_v4(&prefix->addr) ? 96U : 0U);
	struct kl_map_prefix ret;
	uint8_t mask[16];
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		mask[i] = (uint8_t)(0xff00U >> (keep < 8 ? keep : 8));
	}
	memcpy(ret.mask, mask, sizeof(mask));
	memcpy(ret.addr, prefix->addr.bytes, sizeof(ret.addr));
	for (unsigned i = 0; i < 4; i++)
		ret.addr[i] &= ret.mask[i];
	return ret;
}

int kl_podload_net(struct kl_podload *load, const struct kl_podload_net *net, struct kl_err *err)
{
	struct kl_map_net *at = load->maps->net;
	struct kl_map_net want = {
		.flags = (net->shortcuts ? KL_NET_SHORTCUTS : 0U) | (net->masquerade ? KL_NET_MASQUERADE : 0U) |
			 (net->departure ? KL_NET_DEPARTURE : 0U),
		.port_min = net->port_min,
		.port_max = net->port_max,
		.own_count = (uint32_t)net->own_count,
		.inside_count = (uint32_t)net->inside_count,
	};
	if (net->inside_count > KL_NET_INSIDE || net->own_count > 2)
		return kl_fail_msg(err, E2BIG, "%zu ranges that are not masqueraded: at most %d fit", net->inside_count,
			KL_NET_INSIDE);
	for (size_t i = 0; i < net->own_count; i++)
		want.own[i] = prefix_of(&net->own[i]);
	for (size_t i = 0; i < net->inside_count; i++)
		want.inside[i] = prefix_of(&net->inside[i]);
	memcpy(want.uplinks, net->uplinks, sizeof(want.uplinks));
	if (!memcmp(at, &want, sizeof(want)))
		return 0;
	/* Ranges before what counts them; a packet in between may meet an old one beside a new one. */
	memcpy(at->own, want.own, sizeof(want.own));
	memcpy(at->inside, want.inside, sizeof(want.inside));
	memcpy(at->uplinks, want.uplinks, sizeof(want.uplinks));
	at->port_min = want.port_min;
	at->port_max = want.port_max;
	__atomic_store_n(&at->own_count, want.own_count, __ATOMIC_RELEASE);
	__atomic_store_n(&at->inside_count, want.inside_count, __ATOMIC_RELEASE);
	__atomic_store_n(&at->flags, want.flags, __ATOMIC_RELEASE);
	return 0;
}

size_t kl_podload_own(const struct kl_podload *load, struct kl_podload_prefix ret[2])
{
	const struct kl_map_net *net = load->maps->net;
	for (size_t i = 0; i < net->own_count; i++) {
		unsigned bits = 0;
		for (unsigned word = 0; word < 4; word++)
			bits += (unsigned)__builtin_popcount(net->own[i].mask[word]);
		memcpy(ret[i].addr.bytes, net->own[i].addr, sizeof(ret[i].addr.bytes));
		ret[i].len = (uint8_t)(bits - (kl_addr_is_v4(&ret[i].addr) ? 96U : 0U));
	}
	return net->own_count;
}
