/*
 * Single packets whose fate is asked about, for the network tests.
 *
 *	lb_probe who ADDR PORT			a TCP connection to `lb_peer serve`; prints the source address it saw
 *	lb_probe refused tcp|udp ADDR PORT	prints "refused" when somebody says so at once, or "silent"
 *	lb_probe ttl ADDR PORT TTL		a datagram; prints "exceeded FROM", "refused FROM", "answered" or "silent"
 *	lb_probe fits ADDR PORT SIZE		a datagram of SIZE bytes that may not be fragmented, again when it was too
 *						big; prints "answered SIZE", or "mtu N" as far as it was told, then the answer
 *	lb_probe flood ADDR PORT COUNT		SYNs from as many addresses and ports of 198.18.0.0/15; prints how many were sent
 *	lb_probe sctp ADDR PORT			an INIT chunk, raw; prints "answered NAME" or "silent"
 *	lb_probe sctp-serve NAME PORT		answers them
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 1500, MAX_SIZE = 65536, SCTP = 132 };

static int dial(int type, const char *addr, const char *port)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICHOST}, *to;
	struct timeval timeout = {.tv_sec = TIMEOUT_MS / 1000, .tv_usec = TIMEOUT_MS % 1000 * 1000};
	if (getaddrinfo(addr, port, &hints, &to))
		return -1;
	int fd = socket(to->ai_family, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, to->ai_addr, to->ai_addrlen)) {
		int why = errno;
		close(fd);
		errno = why;
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

static int who(const char *addr, const char *port)
{
	char answer[128] = "";
	int fd = dial(SOCK_STREAM, addr, port);
	if (fd < 0 || write(fd, "who\n", 4) != 4 || read(fd, answer, sizeof(answer) - 1) <= 0) {
		puts("silent");
		return 1;
	}
	fputs(answer, stdout);
	return 0;
}

static int refused(const char *proto, const char *addr, const char *port)
{
	char byte = 'x';
	int fd = dial(!strcmp(proto, "tcp") ? SOCK_STREAM : SOCK_DGRAM, addr, port);
	if (fd < 0) {
		puts(errno == ECONNREFUSED ? "refused" : "silent");
		return errno != ECONNREFUSED;
	}
	if (!strcmp(proto, "udp") && send(fd, &byte, 1, 0) == 1 && recv(fd, &byte, 1, 0) < 0 && errno == ECONNREFUSED) {
		puts("refused");
		return 0;
	}
	puts("silent");
	return 1;
}

/* --- what routers say, by the error queue */

static bool is_v6(const char *addr)
{
	return strchr(addr, ':') != NULL;
}

static void want_errors(int fd, bool v6, int ttl)
{
	int one = 1;
	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &one, sizeof(one));
	if (ttl)
		setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof(ttl));
}

/* One report; false: none. */
static bool read_error(int fd, struct sock_extended_err *ret, char from[INET6_ADDRSTRLEN])
{
	char control[512], data[512];
	struct iovec io = {data, sizeof(data)};
	struct msghdr message = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
		if (!v6 && !(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR))
			continue;
		memcpy(ret, CMSG_DATA(c), sizeof(*ret));
		const struct sockaddr *offender = (const void *)(CMSG_DATA(c) + sizeof(*ret));
		strcpy(from, "local");
		if (offender->sa_family == AF_INET)
			inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)offender)->sin_addr, from,
				INET6_ADDRSTRLEN);
		if (offender->sa_family == AF_INET6)
			inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)offender)->sin6_addr, from,
				INET6_ADDRSTRLEN);
		return true;
	}
	return false;
}

static int ttl(const char *addr, const char *port, int hops)
{
	struct sock_extended_err error;
	char from[INET6_ADDRSTRLEN], data[64];
	int fd = dial(SOCK_DGRAM, addr, port);
	want_errors(fd, is_v6(addr), hops);
	if (fd < 0 || send(fd, "x\n", 2, 0) != 2)
		return 1;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	poll(&poll_fd, 1, TIMEOUT_MS);
	if (poll_fd.revents & POLLERR && read_error(fd, &error, from))
		printf("%s %s\n",
			error.ee_errno == EHOSTUNREACH   ? "exceeded"
			: error.ee_errno == ECONNREFUSED ? "refused"
							 : "error",
			from);
	else
		puts(poll_fd.revents & POLLIN && recv(fd, data, sizeof(data), 0) > 0 ? "answered" : "silent");
	return 0;
}

static int fits(const char *addr, const char *port, int size)
{
	static char data[MAX_SIZE];
	struct sock_extended_err error;
	char from[INET6_ADDRSTRLEN];
	bool v6 = is_v6(addr);
	int fd = dial(SOCK_DGRAM, addr, port), probe = v6 ? IPV6_PMTUDISC_PROBE : IP_PMTUDISC_PROBE;
	want_errors(fd, v6, 0);
	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &probe, sizeof(probe));
	for (int tries = 0; tries < 3; tries++) {
		if (send(fd, data, (size_t)size, 0) != size && errno != EMSGSIZE)
			break;
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		poll(&poll_fd, 1, TIMEOUT_MS);
		if (poll_fd.revents & POLLERR && read_error(fd, &error, from)) {
			if (error.ee_errno != EMSGSIZE)
				break;
			printf("mtu %u from %s\n", error.ee_info, from);
			size = (int)error.ee_info - (v6 ? 48 : 28);
			continue;
		}
		if (!(poll_fd.revents & POLLIN))
			break;
		printf("answered %zd\n", recv(fd, data, sizeof(data), 0));
		return 0;
	}
	puts("silent");
	return 1;
}

/* --- SCTP by hand: this kernel may have none. RFC 9260, sections 3.1 and 3.3.2; CRC-32C, appendix A. */

static uint32_t crc32c(const uint8_t *bytes, size_t len)
{
	uint32_t crc = ~0u;
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

struct sctp_packet {
	uint16_t source, dest;
	uint32_t tag, crc;
	uint8_t chunk[32]; /* type, flags, length; then a name in place of parameters */
};

static void seal(struct sctp_packet *packet)
{
	packet->crc = 0;
	packet->crc = crc32c((const uint8_t *)packet, sizeof(*packet));
}

static bool is_right(const struct sctp_packet *packet)
{
	struct sctp_packet copy = *packet;
	seal(&copy);
	return copy.crc == packet->crc;
}

static int raw_socket(int family)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_MS / 1000, .tv_usec = TIMEOUT_MS % 1000 * 1000};
	int fd = socket(family, SOCK_RAW, SCTP);
	if (fd < 0) {
		perror("raw socket");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return fd;
}

/* An IPv4 raw socket gives the IP header as well. */
static bool receive(int fd, int family, struct sctp_packet *ret, struct sockaddr_storage *from)
{
	uint8_t data[512];
	socklen_t len = sizeof(*from);
	ssize_t got = recvfrom(fd, data, sizeof(data), 0, (void *)from, &len);
	size_t skip = family == AF_INET && got > 0 ? (data[0] & 15u) * 4u : 0;
	if (got < (ssize_t)(skip + sizeof(*ret)))
		return false;
	memcpy(ret, data + skip, sizeof(*ret));
	return true;
}

static int sctp_ask(const char *addr, uint16_t port)
{
	struct sockaddr_storage to = {0}, from;
	int family = is_v6(addr) ? AF_INET6 : AF_INET, fd = raw_socket(family);
	struct sctp_packet packet = {
		.source = htons((uint16_t)(40000 + getpid() % 20000)), .dest = htons(port), .chunk = {1, 0, 0, 20}};
	to.ss_family = (sa_family_t)family;
	inet_pton(family, addr,
		family == AF_INET ? (void *)&((struct sockaddr_in *)&to)->sin_addr
				  : (void *)&((struct sockaddr_in6 *)&to)->sin6_addr);
	seal(&packet);
	sendto(fd, &packet, sizeof(packet), 0, (void *)&to,
		family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	struct sctp_packet answer;
	while (receive(fd, family, &answer, &from)) {
		if (answer.dest != packet.source || answer.chunk[0] != 2)
			continue;
		printf("%s %.20s\n", is_right(&answer) && answer.source == packet.dest ? "answered" : "damaged",
			answer.chunk + 4);
		return 0;
	}
	puts("silent");
	return 1;
}

static void __attribute__((noreturn)) sctp_serve(const char *name, uint16_t port)
{
	int fds[] = {raw_socket(AF_INET), raw_socket(AF_INET6)};
	for (;;) {
		struct pollfd polls[] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};
		poll(polls, 2, -1);
		for (int i = 0; i < 2; i++) {
			struct sctp_packet packet;
			struct sockaddr_storage from;
			if (!polls[i].revents || !receive(fds[i], i ? AF_INET6 : AF_INET, &packet, &from) ||
				packet.dest != htons(port) || packet.chunk[0] != 1 || !is_right(&packet))
				continue;
			struct sctp_packet answer = {
				.source = packet.dest, .dest = packet.source, .chunk = {2, 0, 0, 20}};
			snprintf((char *)answer.chunk + 4, 20, "%s", name);
			seal(&answer);
			sendto(fds[i], &answer, sizeof(answer), 0, (void *)&from,
				i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		}
	}
}

/* --- a flood: raw, in batches, with complete checksums */

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
};

static uint16_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint16_t *words = data;
	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void make_syn(struct syn *syn, uint32_t number, uint32_t to, uint16_t port)
{
	*syn = (struct syn){
		.ip = {.version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.tot_len = htons(sizeof(*syn)),
			.daddr = to},
		.tcp = {.dest = htons(port), .doff = 5, .syn = 1, .window = htons(65535)},
	};
	syn->ip.saddr = htonl(0xc6120000u + (number & 0x1ffff));
	syn->tcp.source = htons((uint16_t)(1024 + (number >> 17)));
	syn->ip.check = sum16(0, &syn->ip, sizeof(syn->ip));
	syn->tcp.check = sum16(htons(IPPROTO_TCP) + htons(sizeof(syn->tcp)), &syn->ip.saddr, 8 + sizeof(syn->tcp));
}

static int flood(const char *addr, uint16_t port, uint32_t count)
{
	enum { BATCH = 64 };
	static struct syn syns[BATCH];
	static struct iovec io[BATCH];
	static struct mmsghdr messages[BATCH];
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	inet_pton(AF_INET, addr, &to.sin_addr);
	for (int i = 0; i < BATCH; i++) {
		io[i] = (struct iovec){&syns[i], sizeof(syns[i])};
		messages[i].msg_hdr =
			(struct msghdr){.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &io[i], .msg_iovlen = 1};
	}
	for (uint32_t sent = 0; sent < count; sent += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++)
			make_syn(&syns[i], sent + i, to.sin_addr.s_addr, port);
		if (sendmmsg(fd, messages, BATCH, 0) < 0 && errno != ENOBUFS) {
			perror("sendmmsg");
			return 1;
		}
	}
	printf("sent %u\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 3 ? argv[1] : "";
	if (!strcmp(verb, "who"))
		return who(argv[2], argv[3]);
	if (!strcmp(verb, "sctp"))
		return sctp_ask(argv[2], (uint16_t)atoi(argv[3]));
	if (!strcmp(verb, "sctp-serve"))
		sctp_serve(argv[2], (uint16_t)atoi(argv[3]));
	if (!strcmp(verb, "refused") && argc > 4)
		return refused(argv[2], argv[3], argv[4]);
	if (!strcmp(verb, "ttl") && argc > 4)
		return ttl(argv[2], argv[3], atoi(argv[4]));
	if (!strcmp(verb, "flood") && argc > 4)
		return flood(argv[2], (uint16_t)atoi(argv[3]), (uint32_t)atol(argv[4]));
	if (!strcmp(verb, "fits") && argc > 4)
		return fits(argv[2], argv[3], atoi(argv[4]));
	return 2;
}
