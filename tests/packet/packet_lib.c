#include "packet_lib.h"

#include "load.h"
#include "mem.h"
#include "proc.h"

#include "kl_lb_tc_bpf.skel.h"
#include "kl_lb_xdp_bpf.skel.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *const texts[WHO_COUNT][2] = {
	[CLIENT] = {"192.0.2.9", "2001:db8::9"},
	[NODE] = {"192.0.2.1", "2001:db8::1"},
	[VIP] = {"10.96.0.10", "fd96::10"},
	[LOCAL_POD] = {"10.244.1.2", "fd44:1::2"},
	[REMOTE_POD] = {"10.244.2.2", "fd44:2::2"},
	[OTHER_POD] = {"10.244.2.3", "fd44:2::3"},
	[STRANGER] = {"198.51.100.7", "2001:db8:7::7"},
	[PEER] = {"192.0.2.2", "2001:db8::2"},
};

const char *who_text(enum who who, bool v6)
{
	return texts[who][v6];
}

struct kl_addr who_addr(enum who who, bool v6)
{
	struct kl_addr addr = {0};
	kl_addr_parse(texts[who][v6], &addr);
	return addr;
}

/* --- the bench */

/* eth0 in a namespace of our own, a neighbour for everybody, so that XDP finds its next hops. */
static void make_network(void)
{
	static const char *const script =
		"ip link set lo up && ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set "
		"eth1 up && "
		"ip addr add 192.0.2.1/24 dev eth0 && ip -6 addr add 2001:db8::1/64 dev eth0 nodad && "
		"ip route add default via 192.0.2.254 && ip -6 route add default via 2001:db8::fe && "
		"ip neigh add 192.0.2.254 lladdr 02:00:00:00:00:fe dev eth0 && ip -6 neigh add 2001:db8::fe lladdr "
		"02:00:00:00:00:fe dev eth0 && "
		"ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev eth0 && ip -6 neigh add 2001:db8::9 lladdr "
		"02:00:00:00:00:09 dev eth0 && "
		"sysctl -qw net.ipv4.conf.all.forwarding=1 net.ipv6.conf.all.forwarding=1";
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct kl_err err = {0};
	if (unshare(CLONE_NEWNET))
		kl_test_skip("no network namespaces here: %s", strerror(errno));
	if (kl_proc_check(argv, &err))
		kl_test_skip("cannot set up a network namespace: %s", err.text);
}

static void reuse(struct bpf_object *object, const struct kl_maps *maps)
{
	for (int id = 0; id < KL_MAP_COUNT; id++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, kl_maps_name((enum kl_map_id)id));
		if (map && bpf_map__reuse_fd(map, maps->fd[id]))
			kl_test_failed(__FILE__, __LINE__, "reuse map %s", kl_maps_name((enum kl_map_id)id));
	}
}

static void load_programs(struct bench *bench)
{
	struct kl_lb_tc_bpf *tc = kl_lb_tc_bpf__open();
	struct kl_lb_xdp_bpf *xdp = kl_lb_xdp_bpf__open();
	reuse(tc->obj, bench->maps);
	reuse(xdp->obj, bench->maps);
	if (kl_lb_tc_bpf__load(tc) || kl_lb_xdp_bpf__load(xdp)) {
		fprintf(stderr, "the programs do not load\n");
		exit(1);
	}
	bench->prog[PROGRAM_TC_IN] = bpf_program__fd(tc->progs.kl_lb_in);
	bench->prog[PROGRAM_TC_OUT] = bpf_program__fd(tc->progs.kl_lb_out);
	bench->prog[PROGRAM_XDP] = bpf_program__fd(xdp->progs.kl_lb_xdp);
	bench->objects[0] = tc;
	bench->objects[1] = xdp;
	/* A test run names the interface only where XDP is there. */
	bench->ifindex = if_nametoindex("eth0");
	if (bpf_xdp_attach((int)bench->ifindex, bench->prog[PROGRAM_XDP], 0, NULL)) {
		fprintf(stderr, "cannot attach XDP to the test's interface: %s\n", strerror(errno));
		exit(1);
	}
}

static void pin_dir(char *ret, size_t size)
{
	snprintf(ret, size, "/sys/fs/bpf/kl-test-%d", (int)getpid());
}

static void set_up_tables(struct bench *bench)
{
	struct kl_err err = {0};
	struct kl_addr addrs[] = {who_addr(NODE, false), who_addr(NODE, true)};
	struct kl_dpsync_node node = {.addrs = addrs, .addr_count = 2, .external_cluster_ip = true};
	if (kl_dpsync_new(bench->maps, "here", &bench->sync, &err) || kl_dpsync_set_node(bench->sync, &node, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
}

uint32_t bench_blocks;

struct bench *bench_new_at(const char *dir, const struct kl_maps_sizes *sizes)
{
	static bool network;
	struct bench *bench = kl_calloc(1, sizeof(*bench));
	struct kl_err err = {0};
	if (geteuid())
		kl_test_skip("needs root for BPF");
	if (!network)
		make_network();
	network = true;
	snprintf(bench->dir, sizeof(bench->dir), "%s", dir);
	if (kl_maps_open(dir, sizes, &bench->maps, &err))
		kl_test_skip("no BPF here: %s", err.text);
	load_programs(bench);
	set_up_tables(bench);
	return bench;
}

struct bench *bench_new(uint32_t flows)
{
	struct kl_maps_sizes sizes = {.flows = flows, .blocks = bench_blocks};
	char dir[64];
	pin_dir(dir, sizeof(dir));
	return bench_new_at(dir, &sizes);
}

void bench_leave(struct bench *bench)
{
	kl_dpsync_free(bench->sync);
	kl_lb_tc_bpf__destroy(bench->objects[0]);
	kl_lb_xdp_bpf__destroy(bench->objects[1]);
	kl_maps_close(bench->maps);
	free(bench);
}

void bench_free(struct bench *bench)
{
	char dir[64];
	snprintf(dir, sizeof(dir), "%s", bench->dir);
	bpf_xdp_detach((int)bench->ifindex, 0, NULL);
	bench_leave(bench);
	kl_unload(dir, NULL);
}

struct kl_map_counters bench_counters(const struct bench *bench)
{
	struct kl_map_counters counters = {0};
	KL_CHECK_INT(kl_maps_counters(bench->maps, &counters, NULL), 0);
	return counters;
}

/* --- frames */

static uint64_t add_bytes(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint64_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 768, 793, 8200: sum over the pseudo header and the segment, whose checksum field is in it. */
static uint16_t transport_sum(const uint8_t *ip, bool v6, uint8_t proto, const uint8_t *segment, size_t len)
{
	uint64_t sum = add_bytes(0, ip + (v6 ? 8 : 12), v6 ? 32 : 8);
	return fold(add_bytes(sum + proto + len, segment, len));
}

static size_t build_v4(const struct wire *wire, uint8_t *ip, size_t segment)
{
	struct kl_addr src = who_addr(wire->src, false), dst = who_addr(wire->dst, false);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + segment));
	put16(ip + 4, 0x1234);
	ip[1] = wire->tos;
	put16(ip + 6, wire->first_fragment ? 0x2000 : wire->later_fragment ? 0x2010 : wire->may_fragment ? 0 : 0x4000);
	ip[8] = wire->ttl ? wire->ttl : 64;
	ip[9] = wire->proto;
	memcpy(ip + 12, src.bytes + 12, 4);
	memcpy(ip + 16, dst.bytes + 12, 4);
	put16(ip + 10, (uint16_t)~fold(add_bytes(0, ip, 20)));
	return 20;
}

/* One extension header at `at`; its bytes. */
static size_t build_extension(const struct wire *wire, uint8_t *at, uint8_t kind, uint8_t next)
{
	at[0] = next;
	if (kind == EXT_FRAGMENT) {
		put16(at + 2, wire->first_fragment ? 1 : wire->later_fragment ? 0x0010 << 3 | 1 : 0);
		put16(at + 6, 0x1234);
		return 8;
	}
	size_t bytes = kind == EXT_DST ? 16 : 8;
	at[1] = (uint8_t)(bytes / 8 - 1);
	if (kind != EXT_ROUTING) { /* filled up with PadN */
		at[2] = 1;
		at[3] = (uint8_t)(bytes - 4);
	}
	return bytes;
}

static size_t build_v6(const struct wire *wire, uint8_t *ip, size_t segment)
{
	static const uint8_t none[] = {EXT_END}, fragment[] = {EXT_FRAGMENT, EXT_END};
	struct kl_addr src = who_addr(wire->src, true), dst = who_addr(wire->dst, true);
	const uint8_t *chain = wire->extended                                 ? wire->extended
			       : wire->first_fragment || wire->later_fragment ? fragment
									      : none;
	size_t at = 40;
	ip[0] = (uint8_t)(0x60 | wire->tos >> 4);
	ip[1] = (uint8_t)(wire->tos << 4);
	ip[6] = chain[0] == EXT_END ? wire->proto : chain[0];
	ip[7] = wire->ttl ? wire->ttl : 64;
	memcpy(ip + 8, src.bytes, 16);
	memcpy(ip + 24, dst.bytes, 16);
	for (size_t i = 0; chain[i] != EXT_END; i++)
		at += build_extension(wire, ip + at, chain[i], chain[i + 1] == EXT_END ? wire->proto : chain[i + 1]);
	put16(ip + 4, (uint16_t)(segment + at - 40));
	return at;
}

/* NOPs, the option, and NOPs up to a whole word. */
static size_t build_mss(const struct wire *wire, uint8_t *at)
{
	size_t bytes = wire->mss ? (wire->nops + 4u + 3) / 4 * 4 : 0;
	memset(at, 1, bytes);
	if (!bytes)
		return 0;
	at[wire->nops] = 2;
	at[wire->nops + 1] = 4;
	put16(at + wire->nops + 2, wire->mss);
	return bytes;
}

static size_t build_transport(const struct wire *wire, uint8_t *at, size_t segment)
{
	put16(at, wire->sport);
	put16(at + 2, wire->dport);
	if (wire->proto == IPPROTO_UDP) {
		put16(at + 4, (uint16_t)segment);
		return 8;
	}
	if (wire->proto == IPPROTO_SCTP) {
		memcpy(at + 4, "tag+crc!", 8);
		return 12;
	}
	size_t options = build_mss(wire, at + 20);
	at[12] = (uint8_t)((20 + options) / 4 << 4);
	at[13] = wire->flags;
	return 20 + options;
}

static size_t transport_size(const struct wire *wire)
{
	uint8_t scratch[64];
	return build_transport(wire, scratch, 0);
}

size_t frame_build(const struct wire *wire, bool v6, uint8_t frame[FRAME_MAX])
{
	size_t segment = transport_size(wire) + wire->payload;
	uint8_t *ip = frame + 14;
	memset(frame, 0, FRAME_MAX);
	frame[5] = 1;
	frame[11] = 2;
	put16(frame + 12, v6 ? 0x86dd : 0x0800);
	uint8_t *at = ip + (v6 ? build_v6(wire, ip, segment) : build_v4(wire, ip, segment));
	size_t header = build_transport(wire, at, segment);
	for (size_t i = 0; i < wire->payload; i++)
		at[header + i] = (uint8_t)(i * 7);
	if (wire->proto != IPPROTO_SCTP)
		put16(at + (wire->proto == IPPROTO_TCP ? 16 : 6),
			(uint16_t)~transport_sum(ip, v6, wire->proto, at, segment));
	return (size_t)(at - frame) + segment;
}

size_t frame_build_icmp_bytes(enum who src, enum who dst, uint8_t type, uint8_t code, uint16_t mtu,
	const uint8_t *quoted, size_t bytes, bool v6, uint8_t frame[FRAME_MAX])
{
	struct wire outer = {.src = src, .dst = dst, .proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP};
	size_t segment = 8 + bytes;
	memset(frame, 0, FRAME_MAX);
	frame[5] = 1;
	put16(frame + 12, v6 ? 0x86dd : 0x0800);
	uint8_t *ip = frame + 14, *at = ip + (v6 ? build_v6(&outer, ip, segment) : build_v4(&outer, ip, segment));
	at[0] = type;
	at[1] = code;
	put16(at + 6, mtu);
	memcpy(at + 8, quoted, bytes);
	put16(at + 2, (uint16_t) ~(v6 ? transport_sum(ip, v6, IPPROTO_ICMPV6, at, segment)
				      : fold(add_bytes(0, at, segment))));
	return (size_t)(at - frame) + segment;
}

size_t frame_build_icmp(
	enum who src, enum who dst, uint8_t type, const struct wire *quoted, bool v6, uint8_t frame[FRAME_MAX])
{
	uint8_t inner[FRAME_MAX];
	frame_build(quoted, v6, inner);
	return frame_build_icmp_bytes(src, dst, type, 0, 0, inner + 14, (v6 ? 40 : 20) + 8, v6, frame);
}

static void parse_addrs(const uint8_t *ip, bool v6, struct kl_addr *src, struct kl_addr *dst)
{
	*src = *dst = kl_addr_any(true);
	memcpy(src->bytes + (v6 ? 0 : 12), ip + (v6 ? 8 : 12), v6 ? 16 : 4);
	memcpy(dst->bytes + (v6 ? 0 : 12), ip + (v6 ? 24 : 16), v6 ? 16 : 4);
}

/* Where the transport header stands, and which. */
static const uint8_t *skip_ip(const uint8_t *ip, bool v6, uint8_t *ret_proto, bool *ret_later)
{
	const uint8_t *at = ip + (v6 ? 40 : (ip[0] & 15) * 4);
	*ret_proto = v6 ? ip[6] : ip[9];
	*ret_later = !v6 && get16(ip + 6) & 0x1fff;
	while (v6 && !*ret_later &&
		(*ret_proto == EXT_HOP || *ret_proto == EXT_ROUTING || *ret_proto == EXT_DST ||
			*ret_proto == EXT_FRAGMENT)) {
		bool fragment = *ret_proto == EXT_FRAGMENT;
		*ret_later = fragment && get16(at + 2) >> 3;
		*ret_proto = at[0];
		at += fragment ? 8 : (at[1] + 1) * 8;
	}
	return at;
}

static void parse_mss(const uint8_t *tcp, struct parsed_frame *ret)
{
	for (const uint8_t *at = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4; at < end; at += at[0] == 1 ? 1 : at[1])
		if (at[0] == 2)
			ret->mss = get16(at + 2);
}

static void parse_quoted(const uint8_t *ip, bool v6, struct parsed_frame *ret)
{
	uint8_t proto;
	bool later;
	const uint8_t *at = skip_ip(ip, v6, &proto, &later);
	ret->icmp = true;
	parse_addrs(ip, v6, &ret->quoted_src, &ret->quoted_dst);
	ret->quoted_sport = get16(at);
	ret->quoted_dport = get16(at + 2);
}

struct parsed_frame frame_parse(const uint8_t *frame, size_t len)
{
	struct parsed_frame ret = {0};
	bool v6 = get16(frame + 12) == 0x86dd;
	const uint8_t *ip = frame + 14, *at = skip_ip(ip, v6, &ret.proto, &ret.later_fragment);
	size_t segment = (v6 ? get16(ip + 4) + 40u : get16(ip + 2)) - (size_t)(at - ip);
	memcpy(ret.dmac, frame, 6);
	parse_addrs(ip, v6, &ret.src, &ret.dst);
	ret.ttl = v6 ? ip[7] : ip[8];
	ret.tos = v6 ? (uint8_t)(get16(ip) >> 4) : ip[1];
	ret.sport = get16(at);
	ret.dport = get16(at + 2);
	bool unsummed = ret.later_fragment || ret.proto == IPPROTO_SCTP;
	uint16_t sum = ret.proto == IPPROTO_ICMP ? fold(add_bytes(0, at, segment))
						 : transport_sum(ip, v6, ret.proto, at, segment);
	ret.sums_right = len >= (size_t)(at - frame) + segment && (unsummed || sum == 0xffff) &&
			 (v6 || fold(add_bytes(0, ip, 20)) == 0xffff);
	if (ret.proto == IPPROTO_TCP && !ret.later_fragment)
		parse_mss(at, &ret);
	if (ret.proto != IPPROTO_ICMP && ret.proto != IPPROTO_ICMPV6)
		return ret;
	parse_quoted(at + 8, v6, &ret);
	ret.icmp_type = at[0];
	ret.icmp_code = at[1];
	ret.icmp_mtu = get16(at + 6);
	ret.quoted_bytes = segment - 8;
	return ret;
}

/* --- envelopes */

enum { GENEVE_BYTES = 16, GENEVE_VNI = 0x4b4c, GENEVE_PORT = 6081 };

static void build_geneve(uint8_t *at, const struct outer *outer, size_t inside, bool v6)
{
	memset(at, 0, GENEVE_BYTES);
	put16(at, 50000);
	put16(at + 2, outer->port ? outer->port : GENEVE_PORT);
	put16(at + 4, (uint16_t)(inside + GENEVE_BYTES));
	put16(at + 10, v6 ? 0x86dd : 0x0800);
	put16(at + 13, (uint16_t)(outer->vni ? outer->vni : GENEVE_VNI));
}

size_t frame_wrap(uint8_t frame[FRAME_MAX], size_t len, const struct outer *outer, bool v6)
{
	uint8_t inside[FRAME_MAX], *ip = frame + 14;
	size_t bytes = len - 14, around = (v6 ? 40 : 20) + (outer->geneve ? GENEVE_BYTES : 0);
	struct wire wire = {.src = outer->src, .dst = outer->dst, .tos = outer->tos, .ttl = 64};
	memcpy(inside, ip, bytes);
	memset(ip, 0, around);
	wire.proto = outer->geneve ? IPPROTO_UDP : v6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	if (v6)
		build_v6(&wire, ip, bytes + around - 40);
	else
		build_v4(&wire, ip, bytes + around - 20);
	if (outer->geneve)
		build_geneve(ip + around - GENEVE_BYTES, outer, bytes, v6);
	memcpy(ip + around, inside, bytes);
	return len + around;
}

struct parsed_outer frame_unwrap(uint8_t frame[FRAME_MAX], size_t *len)
{
	struct parsed_outer ret = {0};
	bool v6 = get16(frame + 12) == 0x86dd;
	const uint8_t *ip = frame + 14, *udp = ip + (v6 ? 40 : 20);
	uint8_t proto = v6 ? ip[6] : ip[9];
	ret.geneve = proto == IPPROTO_UDP && (get16(udp) & 0xc000) == 0xc000;
	ret.enveloped = ret.geneve || proto == (v6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
	if (!ret.enveloped)
		return ret;
	parse_addrs(ip, v6, &ret.src, &ret.dst);
	ret.bytes = (v6 ? 40 : 20) + (ret.geneve ? GENEVE_BYTES : 0);
	ret.ttl = v6 ? ip[7] : ip[8];
	ret.tos = v6 ? (uint8_t)(get16(ip) >> 4) : ip[1];
	ret.whole = v6 || get16(ip + 6) == 0x4000;
	ret.sum_right = v6 || fold(add_bytes(0, ip, 20)) == 0xffff;
	ret.length_right = (v6 ? get16(ip + 4) + 40u : get16(ip + 2)) == *len - 14;
	if (ret.geneve) {
		ret.sport = get16(udp);
		ret.dport = get16(udp + 2);
		ret.length_right &= get16(udp + 4) == *len - 14 - (ret.bytes - GENEVE_BYTES);
		ret.length_right &=
			get16(udp + 10) == get16(frame + 12) && get16(udp + 13) == GENEVE_VNI && !get16(udp + 6);
	}
	memmove(frame + 14, frame + 14 + ret.bytes, *len - 14 - ret.bytes);
	*len -= ret.bytes;
	return ret;
}

static int verdict_of(enum program program, uint32_t code)
{
	if (program == PROGRAM_XDP)
		return code == 2                ? VERDICT_PASS
		       : code == 1              ? VERDICT_DROP
		       : code == 3 || code == 4 ? VERDICT_SENT
						: VERDICT_ODD;
	return (int)code == -1 || code == 0 ? VERDICT_PASS
	       : code == 2                  ? VERDICT_DROP
	       : code == 7                  ? VERDICT_SENT
					    : VERDICT_ODD;
}

int bench_run(const struct bench *bench, enum program program, uint8_t frame[FRAME_MAX], size_t *len)
{
	uint8_t out[FRAME_MAX];
	/* Both kinds of program see the packet on the uplink. */
	struct xdp_md xdp = {.data_end = (uint32_t)*len, .ingress_ifindex = bench->ifindex};
	struct __sk_buff skb = {
		.ifindex = bench->ifindex, .gso_size = bench->gso_size, .gso_segs = bench->gso_size ? 2 : 0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)*len, .data_out = out,
		.data_size_out = sizeof(out), .repeat = 1);
	opts.ctx_in = program == PROGRAM_XDP ? (void *)&xdp : (void *)&skb;
	opts.ctx_size_in = program == PROGRAM_XDP ? sizeof(xdp) : sizeof(skb);
	if (bpf_prog_test_run_opts(bench->prog[program], &opts)) {
		kl_test_failed(__FILE__, __LINE__, "test run: %s", strerror(errno));
		return VERDICT_ODD;
	}
	memcpy(frame, out, opts.data_size_out);
	*len = opts.data_size_out;
	return verdict_of(program, opts.retval);
}

struct kl_service *service_build(const char *key, uint8_t proto, bool v6, uint16_t node_port, uint16_t vip_port,
	const enum who *backends, size_t count, uint16_t backend_port)
{
	struct kl_service *service = kl_service_new(key);
	service->proto = proto;
	service->frontends = kl_calloc(2, sizeof(*service->frontends));
	if (node_port)
		service->frontends[service->frontend_count++] = (struct kl_frontend){
			.addr = kl_addr_any(!v6), .port = node_port, .proto = proto, .type = KL_FRONTEND_NODE_PORT};
	if (vip_port)
		service->frontends[service->frontend_count++] = (struct kl_frontend){
			.addr = who_addr(VIP, v6), .port = vip_port, .proto = proto, .type = KL_FRONTEND_CLUSTER_IP};
	service->backends = kl_calloc(count + 1, sizeof(*service->backends));
	for (size_t i = 0; i < count; i++)
		service->backends[service->backend_count++] = (struct kl_backend){.addr = who_addr(backends[i], v6),
			.port = backend_port,
			.flags = KL_BACKEND_READY | KL_BACKEND_SERVING,
			.node = kl_strdup(backends[i] == LOCAL_POD ? "here" : "there")};
	kl_service_normalise(service);
	return service;
}
