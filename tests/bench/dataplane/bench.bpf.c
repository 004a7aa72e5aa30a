/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The balancer's XDP build with a program around it that makes a fresh packet for every run: BPF_PROG_TEST_RUN with
 * repeat would otherwise feed it its own output. What making the packet costs is measured alone (floor) and taken off.
 */
#define KL_XDP 1
#include "lb.bpf.c"

enum { MODE_FLOOR, MODE_FORWARD, MODE_SYN, MODE_SETUP_SYN, MODE_SETUP_ACK, MODE_LRU, MODE_HASH };

volatile __u32 mode;
volatile __u32 flows; /* how many different clients take turns */
volatile __u32 next;
volatile __u16 dport;
volatile __u32 v6;
volatile __u64 sink;

struct lru_value {
	__u64 words[2];
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1100000);
	__type(key, struct kl_flow_key);
	__type(value, struct lru_value);
} bench_lru SEC(".maps");

/* Random access, as on a wire with many clients: a multiplicative walk over the flows. */
KL_INLINE __u32 next_client(void)
{
	__u32 at = next++;
	return (__u32)(((__u64)(__u32)(at * 2654435761u) * flows) >> 32);
}

KL_INLINE int put_packet(struct xdp_md *ctx, __u32 client, __u8 flags)
{
	void *data = ctx_data(ctx), *end = ctx_end(ctx);
	struct ethhdr *eth = data;
	struct tcphdr *tcp;
	if (data + 74 > end)
		return -1;
	if (v6) {
		struct ipv6hdr *ip = data + ETH_HLEN;
		eth->h_proto = bpf_htons(ETH_P_IPV6);
		ip->version = 6;
		ip->nexthdr = IPPROTO_TCP;
		ip->hop_limit = 64;
		ip->saddr.in6_u.u6_addr32[0] = bpf_htonl(0x20010db8);
		ip->saddr.in6_u.u6_addr32[3] = client >> 12;
		ip->daddr.in6_u.u6_addr32[0] = bpf_htonl(0x20010db8);
		ip->daddr.in6_u.u6_addr32[1] = 0;
		ip->daddr.in6_u.u6_addr32[2] = 0;
		ip->daddr.in6_u.u6_addr32[3] = bpf_htonl(1);
		tcp = (void *)(ip + 1);
	} else {
		struct iphdr *ip = data + ETH_HLEN;
		eth->h_proto = bpf_htons(ETH_P_IP);
		ip->ihl = 5;
		ip->version = 4;
		ip->protocol = IPPROTO_TCP;
		ip->ttl = 64;
		ip->frag_off = 0;
		ip->saddr = bpf_htonl(0x0b000000 + (client >> 12));
		ip->daddr = bpf_htonl(0xc0000201);
		tcp = (void *)(ip + 1);
	}
	tcp->source = bpf_htons((__u16)(1024 + (client & 4095)));
	tcp->dest = bpf_htons(dport);
	((__u8 *)tcp)[13] = flags;
	return 0;
}

KL_INLINE void key_of(__u32 client, struct kl_flow_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr[3] = client;
	key->daddr[3] = 1;
	key->proto = 6;
}

/* Half of a handshake in the first pass: SYN, and its answer as the egress program would mark it. */
KL_INLINE void mark_answered(__u32 client)
{
	struct scratch *scratch = scratch_get();
	struct lru_value value = {};
	struct kl_flow_key key;
	if (!scratch)
		return;
	flow_set_phase(flow_at(scratch->work.found.index), KL_PHASE_ANSWERED);
	key_of(client, &key);
	bpf_map_update_elem(&bench_lru, &key, &value, BPF_ANY);
}

KL_INLINE __u32 client_of_mode(void)
{
	if (mode == MODE_SYN)
		return 0x1000000 + next++;
	return mode == MODE_SETUP_SYN || mode == MODE_SETUP_ACK ? next++ : next_client();
}

SEC("xdp")
int bench_lookup(struct xdp_md *ctx)
{
	struct kl_flow_key key;
	key_of(next_client(), &key);
	if (mode == MODE_LRU && bpf_map_lookup_elem(&bench_lru, &key))
		sink++;
	return 0;
}

SEC("xdp")
int bench(struct xdp_md *ctx)
{
	__u32 client = client_of_mode();
	if (put_packet(ctx, client, mode == MODE_SYN || mode == MODE_SETUP_SYN ? TCP_SYN : TCP_ACK))
		return 0;
	if (mode == MODE_FLOOR)
		return XDP_PASS;
	int verdict = lb_in(ctx);
	if (mode == MODE_SETUP_SYN)
		mark_answered(client);
	return verdict;
}
