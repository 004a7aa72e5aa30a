/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * keelson bench dataplane: the balancer's XDP build with a program around it that makes a fresh packet for every run,
 * since BPF_PROG_TEST_RUN with repeat would feed it its own output. What making the packet costs, and taking an envelope
 * off again, is measured alone and taken off.
 */
#define KL_XDP 1
#include "lb.bpf.c"

enum mode {
	MODE_FLOOR,      /* the packet is made, and that is all */
	MODE_FLOOR_HEAD, /* and its head is moved, there and back */
	MODE_FORWARD,    /* packets in mid-flow of `flows` clients in turns */
	MODE_NEW,        /* every packet a SYN of a client never seen before */
	MODE_SETUP_SYN,
	MODE_SETUP_ACK,
	MODE_LRU_FILL,
	MODE_LRU,       /* a lookup with a 40-byte key in a kernel LRU hash */
	MODE_LRU_FLOOR, /* the key alone */
};

volatile __u32 mode;
volatile __u32 flows; /* how many different clients take turns */
volatile __u32 next;
volatile __u32 first_new; /* client of the first SYN of MODE_NEW */
volatile __u16 dport;
volatile __u32 v6;
volatile __u64 sink;

struct lru_value {
	__u64 words[2];
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct kl_flow_key);
	__type(value, struct lru_value);
} kl_bench_lru SEC(".maps");

/* Random access, as on a wire with many clients: a multiplicative walk over the flows. */
KL_INLINE __u32 next_client(void)
{
	__u32 at = next++;
	return (__u32)(((__u64)(__u32)(at * 2654435761u) * flows) >> 32);
}

enum { CLIENT_PORTS = 4096, FRAME_BYTES = 128 /* as user space gives it */ };

KL_INLINE struct tcphdr *put_v4(void *data, __u32 client)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = data + ETH_HLEN;
	eth->h_proto = bpf_htons(ETH_P_IP);
	ip->ihl = 5;
	ip->version = 4;
	ip->protocol = IPPROTO_TCP;
	ip->ttl = 64;
	ip->frag_off = 0;
	ip->saddr = bpf_htonl(0x0b000000 + client / CLIENT_PORTS);
	ip->daddr = bpf_htonl(0xc0000201); /* 192.0.2.1 */
	return (void *)(ip + 1);
}

KL_INLINE struct tcphdr *put_v6(void *data, __u32 client)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = data + ETH_HLEN;
	eth->h_proto = bpf_htons(ETH_P_IPV6);
	ip->version = 6;
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = 64;
	ip->saddr.in6_u.u6_addr32[0] = bpf_htonl(0x20010db8);
	ip->saddr.in6_u.u6_addr32[1] = 0;
	ip->saddr.in6_u.u6_addr32[2] = 0;
	ip->saddr.in6_u.u6_addr32[3] = client / CLIENT_PORTS;
	ip->daddr.in6_u.u6_addr32[0] = bpf_htonl(0x20010db8);
	ip->daddr.in6_u.u6_addr32[1] = 0;
	ip->daddr.in6_u.u6_addr32[2] = 0;
	ip->daddr.in6_u.u6_addr32[3] = bpf_htonl(1);
	return (void *)(ip + 1);
}

/* A function of its own: the balancer needs nearly all of the stack. */
__noinline int put_packet(struct xdp_md *ctx, __u32 client, __u32 flags)
{
	void *data = ctx_data(ctx);
	if (data + ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr) > ctx_end(ctx))
		return -1;
	struct tcphdr *tcp = v6 ? put_v6(data, client) : put_v4(data, client);
	tcp->source = bpf_htons((__u16)(1024 + client % CLIENT_PORTS));
	tcp->dest = bpf_htons(dport);
	((__u8 *)tcp)[13] = (__u8)flags;
	return 0;
}

KL_INLINE void key_of(__u32 client, struct kl_flow_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr[3] = client;
	key->daddr[3] = 1;
	key->proto = 6;
}

KL_INLINE __u32 client_of_mode(void)
{
	if (mode == MODE_NEW)
		return first_new + next++;
	return mode == MODE_SETUP_SYN || mode == MODE_SETUP_ACK || mode == MODE_LRU_FILL ? next++ : next_client();
}

SEC("xdp")
int kl_bench_lookup(struct xdp_md *ctx)
{
	struct lru_value value = {};
	struct kl_flow_key key;
	key_of(client_of_mode(), &key);
	if (mode == MODE_LRU_FILL)
		bpf_map_update_elem(&kl_bench_lru, &key, &value, BPF_ANY);
	else if (mode == MODE_LRU && bpf_map_lookup_elem(&kl_bench_lru, &key))
		sink++;
	return 0;
}

/* Takes the envelope off in which the last run sent the packet: programs that were called last do not come back here. */
KL_INLINE int unseal(struct xdp_md *ctx)
{
	int more = (int)ctx_bytes(ctx) - FRAME_BYTES;
	return more ? (int)bpf_xdp_adjust_head(ctx, more) : 0;
}

SEC("xdp")
int kl_bench_lb(struct xdp_md *ctx)
{
	if (unseal(ctx) ||
		put_packet(ctx, client_of_mode(), mode == MODE_NEW || mode == MODE_SETUP_SYN ? TCP_SYN : TCP_ACK))
		return XDP_ABORTED;
	if (mode == MODE_FLOOR)
		return XDP_PASS;
	if (mode == MODE_FLOOR_HEAD)
		return bpf_xdp_adjust_head(ctx, -(int)sizeof(struct iphdr)) ? XDP_ABORTED : XDP_TX;
	return xdp_in(ctx);
}
