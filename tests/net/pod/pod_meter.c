/*
 * How much comes through.
 *
 *	pod_meter sink PORT SECONDS		TCP and UDP: for so long, from a second after the first byte; prints kbit/s
 *	pod_meter blast tcp|udp ADDR PORT SECONDS	as fast as it goes (datagrams: about 200 Mbit/s)
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM = 1200, DATAGRAMS_A_MS = 20, PATIENCE_MS = 10000, WARM_UP_MS = 1000 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int bound(int type, int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, type, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 8))) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static int sink(int port, double seconds)
{
	static char data[1 << 16];
	struct pollfd fds[] = {
		{.fd = bound(SOCK_STREAM, port), .events = POLLIN}, {.fd = bound(SOCK_DGRAM, port), .events = POLLIN}};
	if (poll(fds, 2, PATIENCE_MS) <= 0)
		return 1;
	int fd = fds[0].revents ? accept(fds[0].fd, NULL, NULL) : fds[1].fd;
	int64_t start = now_ms() + WARM_UP_MS, end = start + (int64_t)(seconds * 1000), bytes = 0;
	struct pollfd one = {.fd = fd, .events = POLLIN};
	for (int64_t now = 0; now < end; now = now_ms()) {
		if (poll(&one, 1, (int)(end - now)) <= 0)
			break;
		ssize_t got = recv(fd, data, sizeof(data), 0);
		if (got <= 0)
			break;
		bytes += now >= start ? got : 0;
	}
	printf("%lld\n", (long long)(bytes * 8 / (end - start)));
	return 0;
}

static int reach(const char *type, const char *addr, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int kind = strcmp(type, "udp") ? SOCK_STREAM : SOCK_DGRAM;
	if (inet_pton(AF_INET, addr, &v4.sin_addr) == 1) {
		int fd = socket(AF_INET, kind, 0);
		return connect(fd, (void *)&v4, sizeof(v4)) ? -1 : fd;
	}
	int fd = socket(AF_INET6, kind, 0);
	return inet_pton(AF_INET6, addr, &v6.sin6_addr) != 1 || connect(fd, (void *)&v6, sizeof(v6)) ? -1 : fd;
}

static int blast(const char *type, const char *addr, int port, double seconds)
{
	static char data[1 << 16];
	int fd = reach(type, addr, port), udp = !strcmp(type, "udp");
	struct timeval patience = {.tv_sec = 1};
	if (fd < 0) {
		perror("connect");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	for (int64_t end = now_ms() + (int64_t)(seconds * 1000); now_ms() < end;) {
		for (int i = 0; i < (udp ? DATAGRAMS_A_MS : 1); i++)
			if (send(fd, data, udp ? DATAGRAM : sizeof(data), 0) < 0 && !udp)
				return 0;
		if (udp)
			usleep(1000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "sink"))
		return sink(atoi(argv[2]), atof(argv[3]));
	if (argc == 6 && !strcmp(argv[1], "blast"))
		return blast(argv[2], argv[3], atoi(argv[4]), atof(argv[5]));
	return 2;
}
