/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Taking a packet apart into a flow's key. Bytes in, values out: no helper is called, so that the same code is compiled for
 * the host and fuzzed there (`data` and `end` may be any buffer).
 */
#ifndef KL_BPF_PARSE_H
#define KL_BPF_PARSE_H

#include <keelson/hash.h>

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

enum tcp_flags { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

/* Extension headers looked through, one after the other; and how far into a frame a transport header may stand. */
enum { EXTENSIONS_MAX = 6, MAX_L4 = 512 };

enum parsed {
	PARSED_FLOW,     /* TCP, UDP or SCTP, key complete */
	PARSED_OTHER,    /* nothing of ours */
	PARSED_ICMP,     /* addresses and proto are set */
	PARSED_FRAGMENT, /* not the first: ports unknown, addresses and id are set */
	PARSED_ENVELOPE, /* IP in IP of the same version; l4: where the inner header stands */
	PARSED_EXTENDED, /* IPv6 with extension headers: go on with parse_extensions() */
	PARSED_MALFORMED,
};

/* How much of the transport header must be there. */
enum depth { WHOLE_HEADER, PORTS_ONLY /* as ICMP errors quote it: TCP's flags are not read */ };

struct packet {
	struct kl_flow_key key;
	__u32 l4;    /* offset of the transport header */
	__u32 bytes; /* of the frame */
	__u32 end;   /* offset of the IP packet's end: what is behind it is padding */
	__u32 ip_id; /* of fragments */
	__u8 v6, ttl, tcp_flags;
	__u8 first_fragment; /* more follow */
	__u8 later_fragment; /* no transport header */
	__u8 whole;          /* may not be fragmented on its way: DF, or IPv6 */
	__u8 tos;            /* traffic class */
	__u8 reserved;
};

struct frag_header { /* RFC 8200, section 4.5 */
	__u8 next, reserved;
	__be16 offset;
	__be32 id;
};

/* What TCP, UDP and SCTP begin with, and eight bytes of: as much as an ICMP error quotes of them. */
struct ports {
	__be16 source, dest;
	__be32 rest;
};
enum { SCTP_HEADER = 12 };

KL_INLINE void packet_clear(struct packet *packet, __u32 bytes)
{
	packet->bytes = bytes;
	packet->v6 = packet->tcp_flags = 0;
	packet->ip_id = 0;
	packet->key.sport = packet->key.dport = 0;
	packet->first_fragment = packet->later_fragment = 0;
}

KL_INLINE __u32 transport_bytes(__u32 proto)
{
	return proto == IPPROTO_TCP   ? (__u32)sizeof(struct tcphdr)
	       : proto == IPPROTO_UDP ? (__u32)sizeof(struct udphdr)
				      : SCTP_HEADER;
}

KL_INLINE enum parsed parse_transport(const void *data, const void *end, struct packet *packet, enum depth depth)
{
	__u32 proto = packet->key.proto, l4 = packet->l4;
	if (proto == (packet->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return PARSED_ICMP;
	if (proto == (packet->v6 ? IPPROTO_IPV6 : IPPROTO_IPIP))
		return PARSED_ENVELOPE;
	if ((proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP) || l4 > MAX_L4)
		return PARSED_OTHER;
	if (depth == WHOLE_HEADER && l4 + transport_bytes(proto) > packet->end)
		return PARSED_MALFORMED;
	const void *at = data + l4;
	if (proto == IPPROTO_TCP && depth == WHOLE_HEADER) {
		const struct tcphdr *tcp = at;
		if ((const void *)(tcp + 1) > end)
			return PARSED_MALFORMED;
		packet->key.sport = tcp->source;
		packet->key.dport = tcp->dest;
		packet->tcp_flags = ((const __u8 *)tcp)[13];
		return PARSED_FLOW;
	}
	const struct ports *ports = at;
	if ((const void *)(ports + 1) > end)
		return PARSED_MALFORMED;
	packet->key.sport = ports->source;
	packet->key.dport = ports->dest;
	return PARSED_FLOW;
}

/* length: as the header says; 0 where a packet that stands for many segments has more than it can say. -1: cut off. */
KL_INLINE int set_end(struct packet *packet, __u32 at, __u32 length, enum depth depth)
{
	packet->end = length ? at + length : packet->bytes;
	return depth == WHOLE_HEADER && packet->end > packet->bytes ? -1 : 0;
}

/* `at` is where the IP header stands. */
KL_INLINE enum parsed parse_v4(const void *data, const void *end, __u32 at, struct packet *packet, enum depth depth)
{
	const struct iphdr *ip = data + at;
	if ((const void *)(ip + 1) > end)
		return PARSED_OTHER;
	if (ip->ihl < 5 || ip->version != 4 || set_end(packet, at, bpf_ntohs(ip->tot_len), depth))
		return PARSED_MALFORMED;
	packet->key.saddr[0] = packet->key.saddr[1] = 0;
	packet->key.daddr[0] = packet->key.daddr[1] = 0;
	packet->key.saddr[2] = packet->key.daddr[2] = bpf_htonl(0xffff);
	packet->key.saddr[3] = ip->saddr;
	packet->key.daddr[3] = ip->daddr;
	packet->key.proto = ip->protocol;
	packet->ttl = ip->ttl;
	packet->tos = ip->tos;
	packet->whole = !!(ip->frag_off & bpf_htons(0x4000));
	packet->l4 = at + ip->ihl * 4u;
	packet->ip_id = ip->id;
	if (ip->frag_off & bpf_htons(0x1fff))
		return PARSED_FRAGMENT;
	packet->first_fragment = !!(ip->frag_off & bpf_htons(0x2000));
	return parse_transport(data, end, packet, depth);
}

KL_INLINE int is_extension(__u32 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT;
}

KL_INLINE void v6_addresses(struct packet *packet, const struct ipv6hdr *ip)
{
	for (int i = 0; i < 4; i++) {
		packet->key.saddr[i] = ip->saddr.in6_u.u6_addr32[i];
		packet->key.daddr[i] = ip->daddr.in6_u.u6_addr32[i];
	}
}

/* The header in front of the rest; PARSED_EXTENDED where parse_extensions() has to go on. */
KL_INLINE enum parsed parse_v6(const void *data, const void *end, __u32 at, struct packet *packet, enum depth depth)
{
	const struct ipv6hdr *ip = data + at;
	if ((const void *)(ip + 1) > end)
		return PARSED_OTHER;
	__u32 payload = bpf_ntohs(ip->payload_len);
	if (ip->version != 6 || set_end(packet, at, payload ? payload + (__u32)sizeof(*ip) : 0, depth))
		return PARSED_MALFORMED;
	v6_addresses(packet, ip);
	packet->key.proto = ip->nexthdr;
	packet->ttl = ip->hop_limit;
	packet->tos = (__u8)(ip->priority << 4 | ip->flow_lbl[0] >> 4);
	packet->v6 = packet->whole = 1;
	packet->l4 = at + (__u32)sizeof(*ip);
	return is_extension(packet->key.proto) ? PARSED_EXTENDED : parse_transport(data, end, packet, depth);
}

/*
 * From packet->l4 and packet->key.proto on (RFC 8200, section 4). A routing header that has not been followed to its end
 * makes the packet somebody else's: the address in front is not where it is going.
 */
KL_INLINE enum parsed parse_extensions(const void *data, const void *end, struct packet *packet, enum depth depth)
{
	for (__u32 i = 0; i < EXTENSIONS_MAX; i++) {
		__u32 l4 = packet->l4, proto = packet->key.proto;
		if (!is_extension(proto))
			return parse_transport(data, end, packet, depth);
		if (l4 > MAX_L4)
			return PARSED_OTHER;
		const __u8 *header = data + l4;
		if ((const void *)(header + sizeof(struct frag_header)) > end)
			return PARSED_MALFORMED;
		if (proto == IPPROTO_ROUTING && header[3])
			return PARSED_OTHER;
		packet->key.proto = header[0];
		packet->l4 =
			l4 + (proto == IPPROTO_FRAGMENT ? (__u32)sizeof(struct frag_header) : (header[1] + 1u) * 8);
		if (proto != IPPROTO_FRAGMENT)
			continue;
		const struct frag_header *frag = (const void *)header;
		packet->ip_id = frag->id;
		if (frag->offset & bpf_htons(0xfff8))
			return PARSED_FRAGMENT;
		packet->first_fragment = !!(frag->offset & bpf_htons(1));
	}
	return is_extension(packet->key.proto) ? PARSED_OTHER : parse_transport(data, end, packet, depth);
}

/* The IP packet at `at`, of the family that packet->v6 says: as it stands inside an envelope or a quotation. */
KL_INLINE enum parsed parse_inner(const void *data, const void *end, __u32 at, struct packet *packet, enum depth depth)
{
	if (at > MAX_L4 / 2)
		return PARSED_OTHER;
	enum parsed parsed =
		packet->v6 ? parse_v6(data, end, at, packet, depth) : parse_v4(data, end, at, packet, depth);
	return parsed == PARSED_EXTENDED ? parse_extensions(data, end, packet, depth) : parsed;
}

/* A frame as it comes from the wire, extension headers left to parse_extensions(). */
KL_INLINE enum parsed parse_frame(const void *data, const void *end, struct packet *packet)
{
	const struct ethhdr *eth = data;
	if ((const void *)(eth + 1) > end)
		return PARSED_OTHER;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return parse_v4(data, end, ETH_HLEN, packet, WHOLE_HEADER);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return parse_v6(data, end, ETH_HLEN, packet, WHOLE_HEADER);
	return PARSED_OTHER;
}

#endif
