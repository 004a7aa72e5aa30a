/*
 * Packets made by hand, for the tests of the pods' network. All exit with 0 where what was to be expected came.
 *
 *	pod_raw syn ADDR PORT			a SYN by a raw socket: an answer with SYN and ACK from ADDR:PORT
 *	pod_raw refused ADDR PORT		a datagram to a closed port: ECONNREFUSED at a connected socket
 *	pod_raw send KIND OWN OTHER TO	a frame of a kind by a packet socket on eth0, see do_send()
 *	pod_raw ping ADDR			an echo by a raw socket, its answer
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 2000, SPORT = 23456 };

static uint16_t sum(uint32_t start, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < len; i++)
		start += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return (uint16_t)start;
}

union any_addr {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr sa;
};

static socklen_t parse(const char *text, int port, union any_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		return sizeof(ret->v4);
	}
	if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) != 1)
		exit(2);
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)port);
	return sizeof(ret->v6);
}

/* The address that the kernel would send from. */
static void own_addr(const union any_addr *to, socklen_t len, union any_addr *ret)
{
	int fd = socket(to->sa.sa_family, SOCK_DGRAM, 0);
	socklen_t own = sizeof(*ret);
	if (connect(fd, &to->sa, len) || getsockname(fd, &ret->sa, &own)) {
		perror("own address");
		exit(1);
	}
	close(fd);
}

static uint32_t pseudo(const union any_addr *a, const union any_addr *b, uint8_t proto, size_t len)
{
	bool v4 = a->sa.sa_family == AF_INET;
	uint32_t ret = v4 ? sum(0, &a->v4.sin_addr, 4) : sum(0, &a->v6.sin6_addr, 16);
	ret = v4 ? sum(ret, &b->v4.sin_addr, 4) : sum(ret, &b->v6.sin6_addr, 16);
	return ret + proto + (uint32_t)len;
}

static bool from(const union any_addr *got, const union any_addr *want)
{
	return want->sa.sa_family == AF_INET ? got->v4.sin_addr.s_addr == want->v4.sin_addr.s_addr
					     : !memcmp(&got->v6.sin6_addr, &want->v6.sin6_addr, 16);
}

static int do_syn(const char *text, int port)
{
	union any_addr to, own, got;
	socklen_t len = parse(text, port, &to);
	own_addr(&to, len, &own);
	int fd = socket(to.sa.sa_family, SOCK_RAW, IPPROTO_TCP);
	struct tcphdr tcp = {.th_sport = htons(SPORT),
		.th_dport = htons((uint16_t)port),
		.th_seq = htonl(1),
		.th_off = 5,
		.th_flags = TH_SYN,
		.th_win = htons(1000)};
	tcp.th_sum = htons((uint16_t)~sum(pseudo(&own, &to, IPPROTO_TCP, sizeof(tcp)), &tcp, sizeof(tcp)));
	if (to.sa.sa_family == AF_INET6)
		to.v6.sin6_port = 0;
	if (fd < 0 || sendto(fd, &tcp, sizeof(tcp), 0, &to.sa, len) < 0) {
		perror("raw");
		return 1;
	}
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	while (poll(&poller, 1, WAIT_MS) > 0) {
		uint8_t data[2048];
		socklen_t got_len = sizeof(got);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, &got.sa, &got_len);
		const struct tcphdr *answer =
			(const void *)(data + (to.sa.sa_family == AF_INET ? (data[0] & 15) * 4 : 0));
		if (n > 0 && from(&got, &to) && answer->th_sport == htons((uint16_t)port) &&
			answer->th_dport == htons(SPORT) && (answer->th_flags & (TH_SYN | TH_ACK)) == (TH_SYN | TH_ACK))
			return 0;
	}
	return 1;
}

static int do_refused(const char *text, int port)
{
	union any_addr to;
	socklen_t len = parse(text, port, &to);
	int fd = socket(to.sa.sa_family, SOCK_DGRAM, 0);
	char byte = 'x';
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	if (connect(fd, &to.sa, len) || send(fd, &byte, 1, 0) != 1)
		return 1;
	if (poll(&poller, 1, WAIT_MS) != 1)
		return 1;
	return recv(fd, &byte, 1, 0) < 0 && errno == ECONNREFUSED ? 0 : 1;
}

static int do_ping(const char *text)
{
	union any_addr to, own, got;
	socklen_t len = parse(text, 0, &to);
	bool v4 = to.sa.sa_family == AF_INET;
	own_addr(&to, len, &own);
	int fd = socket(to.sa.sa_family, SOCK_RAW, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	struct icmphdr echo = {.type = v4 ? 8 : 128, .un.echo = {.id = htons(4711), .sequence = htons(1)}};
	echo.checksum =
		htons((uint16_t)~sum(v4 ? 0 : pseudo(&own, &to, IPPROTO_ICMPV6, sizeof(echo)), &echo, sizeof(echo)));
	if (fd < 0 || sendto(fd, &echo, sizeof(echo), 0, &to.sa, len) < 0)
		return 1;
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	while (poll(&poller, 1, WAIT_MS) > 0) {
		uint8_t data[2048];
		socklen_t got_len = sizeof(got);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, &got.sa, &got_len);
		const struct icmphdr *answer = (const void *)(data + (v4 ? (data[0] & 15) * 4 : 0));
		if (n > 0 && from(&got, &to) && answer->type == (v4 ? 0 : 129) && answer->un.echo.id == htons(4711))
			return 0;
	}
	return 1;
}

/* --- frames */

struct frame {
	uint8_t bytes[256];
	size_t len;
	uint8_t mac[6];
	int ifindex, fd;
};

static void frame_begin(struct frame *frame, uint16_t proto)
{
	memset(frame->bytes, 0, sizeof(frame->bytes));
	memset(frame->bytes, 0xff, 6);
	memcpy(frame->bytes + 6, frame->mac, 6);
	frame->bytes[12] = (uint8_t)(proto >> 8);
	frame->bytes[13] = (uint8_t)proto;
	frame->len = 14;
}

static void put_ip(
	struct frame *frame, const char *src, const char *dst, uint8_t proto, const uint8_t *data, size_t len)
{
	union any_addr from_addr, to;
	parse(src, 0, &from_addr);
	parse(dst, 0, &to);
	if (from_addr.sa.sa_family == AF_INET) {
		struct iphdr ip = {.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = proto,
			.tot_len = htons((uint16_t)(20 + len)),
			.saddr = from_addr.v4.sin_addr.s_addr,
			.daddr = to.v4.sin_addr.s_addr};
		ip.check = htons((uint16_t)~sum(0, &ip, sizeof(ip)));
		frame_begin(frame, ETH_P_IP);
		memcpy(frame->bytes + 14, &ip, sizeof(ip));
		frame->len += sizeof(ip);
	} else {
		struct ip6_hdr ip = {.ip6_src = from_addr.v6.sin6_addr, .ip6_dst = to.v6.sin6_addr};
		ip.ip6_flow = htonl(6u << 28);
		ip.ip6_plen = htons((uint16_t)len);
		ip.ip6_nxt = proto;
		ip.ip6_hlim = 255;
		frame_begin(frame, ETH_P_IPV6);
		memcpy(frame->bytes + 14, &ip, sizeof(ip));
		frame->len += sizeof(ip);
	}
	memcpy(frame->bytes + frame->len, data, len);
	frame->len += len;
}

static void put_udp(struct frame *frame, const char *src, const char *dst)
{
	union any_addr a, b;
	uint8_t udp[12] = {SPORT >> 8, SPORT & 255, 7777 >> 8, 7777 & 255, 0, 12, 0, 0, 'r', 'a', 'w', '\n'};
	parse(src, 0, &a);
	parse(dst, 0, &b);
	uint16_t check = (uint16_t)~sum(pseudo(&a, &b, IPPROTO_UDP, sizeof(udp)), udp, sizeof(udp));
	udp[6] = (uint8_t)(check >> 8);
	udp[7] = (uint8_t)check;
	put_ip(frame, src, dst, IPPROTO_UDP, udp, sizeof(udp));
}

static void put_arp(struct frame *frame, const char *sender, bool false_mac)
{
	union any_addr a;
	static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 2};
	parse(sender, 0, &a);
	frame_begin(frame, ETH_P_ARP);
	memcpy(frame->bytes + 14, head, 8);
	memcpy(frame->bytes + 22, frame->mac, 6);
	frame->bytes[27] ^= false_mac;
	memcpy(frame->bytes + 28, &a.v4.sin_addr, 4);
	memcpy(frame->bytes + 38, &a.v4.sin_addr, 4);
	frame->len = 42;
}

static void put_advert(struct frame *frame, const char *own, const char *target)
{
	union any_addr src, dst, who;
	uint8_t data[24] = {136, 0, 0, 0, 0x20};
	parse(own, 0, &src);
	parse("ff02::1", 0, &dst);
	parse(target, 0, &who);
	memcpy(data + 8, &who.v6.sin6_addr, 16);
	uint16_t check = (uint16_t)~sum(pseudo(&src, &dst, IPPROTO_ICMPV6, sizeof(data)), data, sizeof(data));
	data[2] = (uint8_t)(check >> 8);
	data[3] = (uint8_t)check;
	put_ip(frame, own, "ff02::1", IPPROTO_ICMPV6, data, sizeof(data));
}

static void frame_open(struct frame *frame)
{
	struct ifreq request = {.ifr_name = "eth0"};
	frame->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (frame->fd < 0 || ioctl(frame->fd, SIOCGIFHWADDR, &request)) {
		perror("eth0");
		exit(1);
	}
	memcpy(frame->mac, request.ifr_hwaddr.sa_data, 6);
	frame->ifindex = (int)if_nametoindex("eth0");
}

static int do_send(const char *kind, const char *own, const char *other, const char *to)
{
	struct frame frame = {0};
	frame_open(&frame);
	if (!strcmp(kind, "own"))
		put_udp(&frame, own, to);
	else if (!strcmp(kind, "source"))
		put_udp(&frame, other, to);
	else if (!strcmp(kind, "mac")) {
		put_udp(&frame, own, to);
		frame.bytes[11] ^= 1;
	} else if (!strcmp(kind, "arp-own"))
		put_arp(&frame, own, false);
	else if (!strcmp(kind, "arp-ip"))
		put_arp(&frame, other, false);
	else if (!strcmp(kind, "arp-mac"))
		put_arp(&frame, own, true);
	else if (!strcmp(kind, "advert-own"))
		put_advert(&frame, own, own);
	else if (!strcmp(kind, "advert"))
		put_advert(&frame, own, other);
	else if (!strcmp(kind, "vlan")) {
		put_udp(&frame, own, to);
		memmove(frame.bytes + 16, frame.bytes + 12, frame.len - 12);
		frame.bytes[12] = 0x81;
		frame.bytes[13] = 0;
		frame.bytes[14] = 0;
		frame.bytes[15] = 5;
		frame.len += 4;
	} else
		return 2;
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = frame.ifindex, .sll_halen = 6};
	return sendto(frame.fd, frame.bytes, frame.len, 0, (void *)&at, sizeof(at)) == (ssize_t)frame.len ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "syn"))
		return do_syn(argv[2], atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "refused"))
		return do_refused(argv[2], atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "ping"))
		return do_ping(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "send"))
		return do_send(argv[2], argv[3], argv[4], argv[5]);
	return 2;
}
