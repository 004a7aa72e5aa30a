/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Both ends of `keelson bench path`: a generator (BPF_PROG_TEST_RUN with live frames: each run is one packet out of an
 * interface), and a sink that counts and drops, or answers a SYN as a backend would. IPv4 and TCP, 64 bytes of frame.
 *
 * Flow n: from 198.18.0.0 + (n & 0xffff), port 1024 + (n >> 16), to 192.0.2.1, port 30000 + n % services.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>

char _license[] SEC("license") = "Dual BSD/GPL";

enum { SYN = 2, ACK = 16, CLIENT_SEQ = 100, SERVER_SEQ = 200 };
enum { FRAME = 64, IP_BYTES = 40, FIRST_PORT = 30000 };
#define CLIENTS	     0xc6120000u /* 198.18.0.0 */
#define CLIENTS_MASK 0xfffe0000u
#define NODE	     0xc0000201u /* 192.0.2.1 */

/* Written by user space between runs. */
volatile __u32 first, next, flows, services = 1;
volatile __u8 flags, drop_at_once, answer;
volatile __u8 mac_to[6], mac_from[6];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} bench_arrived SEC(".maps");

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

static __always_inline __u64 words(__u32 value)
{
	return (value >> 16) + (value & 0xffff);
}

/* Everything anew: a frame's page comes back as it was left. */
static __always_inline void fill_ip(struct iphdr *ip, __u32 from, __u32 to)
{
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0;
	ip->tot_len = bpf_htons(IP_BYTES);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = bpf_htonl(from);
	ip->daddr = bpf_htonl(to);
	ip->check = bpf_htons((__u16)~fold(0x4500 + IP_BYTES + 0x4000 + 0x4006 + words(from) + words(to)));
}

static __always_inline void fill_tcp(
	struct tcphdr *tcp, const struct iphdr *ip, __u16 sport, __u16 dport, __u8 what, __u32 seq, __u32 ack)
{
	tcp->source = bpf_htons(sport);
	tcp->dest = bpf_htons(dport);
	tcp->seq = bpf_htonl(seq);
	tcp->ack_seq = bpf_htonl(ack);
	((__u8 *)tcp)[12] = 0x50;
	((__u8 *)tcp)[13] = what;
	tcp->window = bpf_htons(0xfff0);
	tcp->urg_ptr = 0;
	__u64 sum = words(bpf_ntohl(ip->saddr)) + words(bpf_ntohl(ip->daddr)) + IPPROTO_TCP + sizeof(*tcp);
	sum += (__u64)sport + dport + words(seq) + words(ack) + 0x5000 + what + 0xfff0;
	tcp->check = bpf_htons((__u16)~fold(sum));
}

SEC("xdp")
int kl_bench_send(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__u32 at = next;
	next = at + 1 < flows ? at + 1 : 0;
	at += first;
	for (int i = 0; i < ETH_ALEN; i++) {
		eth->h_dest[i] = mac_to[i];
		eth->h_source[i] = mac_from[i];
	}
	eth->h_proto = bpf_htons(ETH_P_IP);
	fill_ip(ip, CLIENTS + (at & 0xffff), NODE);
	fill_tcp(tcp, ip, (__u16)(1024 + (at >> 16)), (__u16)(FIRST_PORT + at % services), flags,
		flags & SYN ? CLIENT_SEQ : CLIENT_SEQ + 1, flags & SYN ? 0 : SERVER_SEQ + 1);
	return drop_at_once ? XDP_DROP : XDP_TX;
}

SEC("xdp")
int kl_bench_sink(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 zero = 0;
	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end || eth->h_proto != bpf_htons(ETH_P_IP) ||
		(ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_IPIP))
		return XDP_DROP;
	__u64 *arrived = bpf_map_lookup_elem(&bench_arrived, &zero);
	if (arrived)
		(*arrived)++;
	__u32 to = bpf_ntohl(ip->daddr), from = bpf_ntohl(ip->saddr);
	if (!answer || ip->protocol != IPPROTO_TCP || (to & CLIENTS_MASK) == CLIENTS)
		return XDP_DROP;
	/* A backend's answer. */
	__u16 sport = bpf_ntohs(tcp->dest), dport = bpf_ntohs(tcp->source);
	__u8 mac[ETH_ALEN];
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	fill_ip(ip, to, from);
	fill_tcp(tcp, ip, sport, dport, SYN | ACK, SERVER_SEQ, CLIENT_SEQ + 1);
	return XDP_TX;
}

/* The shortest path there is: what everything but the node itself costs. */
SEC("xdp")
int kl_bench_bounce(struct xdp_md *ctx)
{
	return XDP_TX;
}
