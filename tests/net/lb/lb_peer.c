/*
 * Both ends of the network tests' traffic.
 *
 *	lb_peer serve NAME PORT			TCP and UDP on every address: answers each line or datagram
 *						with "NAME\n"
 *	lb_peer tcp|udp ADDR PORT COUNT [SIZE]	COUNT connections (datagrams), SIZE bytes each; prints
 *						"NAME COUNT" per answer
 *	lb_peer hold ADDR PORT SECONDS		one connection, a question every 20 ms; prints how many were answered
 *	lb_peer bulk ADDR PORT MEGABYTES		one connection, echoes that much; prints MB/s
 * Exits 1 when anything went unanswered.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIZE = 65536, TIMEOUT_MS = 2000, MAX_NAMES = 16 };

static int open_socket(int type, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 512))) {
		perror("bind");
		exit(1);
	}
	return fd;
}

/* "10.0.0.1", an IPv4 one without its mapping. */
static int peer_name(int fd, char *ret, size_t size)
{
	struct sockaddr_in6 from = {0};
	socklen_t len = sizeof(from);
	char text[INET6_ADDRSTRLEN] = "?";
	if (!getpeername(fd, (void *)&from, &len))
		inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text));
	return snprintf(ret, size, "%s\n", text + (strncmp(text, "::ffff:", 7) ? 0 : 7));
}

/* Big data is echoed, "who" is answered with whom this side sees, any other line with the name. */
static void serve_one(int fd, const char *name)
{
	static char data[MAX_SIZE];
	ssize_t got;
	while ((got = read(fd, data, sizeof(data))) > 0) {
		if (got == 4 && !memcmp(data, "who\n", 4))
			got = peer_name(fd, data, sizeof(data));
		else if (got <= 64 && data[got - 1] == '\n')
			got = snprintf(data, sizeof(data), "%s\n", name);
		for (ssize_t sent = 0, n; sent < got; sent += n)
			if ((n = write(fd, data + sent, (size_t)(got - sent))) <= 0)
				return;
	}
}

static int serve(const char *name, uint16_t port)
{
	int tcp = open_socket(SOCK_STREAM, port), udp = open_socket(SOCK_DGRAM, port);
	static char data[MAX_SIZE];
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		struct pollfd fds[] = {{.fd = tcp, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);
		poll(fds, 2, -1);
		if (fds[0].revents) {
			int fd = accept(tcp, NULL, NULL);
			if (!fork()) {
				close(tcp);
				close(udp);
				serve_one(fd, name);
				exit(0);
			}
			close(fd);
		}
		if (fds[1].revents) {
			ssize_t got = recvfrom(udp, data, sizeof(data), 0, (void *)&from, &len);
			snprintf(data, 64, "%s", name);
			if (got > 0) /* as long as the question, so that fragments are tried both ways */
				sendto(udp, data, (size_t)got > strlen(name) ? (size_t)got : strlen(name), 0,
					(void *)&from, len);
		}
	}
}

static int dial(int type, const char *addr, const char *port)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICHOST}, *to;
	struct timeval timeout = {.tv_sec = TIMEOUT_MS / 1000};
	if (getaddrinfo(addr, port, &hints, &to))
		return -1;
	int fd = socket(to->ai_family, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, to->ai_addr, to->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

struct tally {
	char name[MAX_NAMES][32];
	int count[MAX_NAMES];
	int failed;
};

static void tally_add(struct tally *tally, const char *name)
{
	for (int i = 0; i < MAX_NAMES; i++) {
		if (!tally->count[i])
			snprintf(tally->name[i], sizeof(tally->name[i]), "%s", name);
		if (!strcmp(tally->name[i], name)) {
			tally->count[i]++;
			return;
		}
	}
}

static bool ask(int fd, size_t size, bool tcp, char name[32])
{
	static char data[MAX_SIZE];
	memset(data, 'x', sizeof(data));
	data[size - 1] = '\n';
	if (write(fd, data, size) != (ssize_t)size)
		return false;
	ssize_t got = read(fd, data, sizeof(data) - 1);
	if (got <= 0 || (!tcp && (size_t)got != size && size > 16))
		return false;
	data[got] = 0;
	data[strcspn(data, "\n")] = 0;
	snprintf(name, 32, "%.31s", data);
	return true;
}

static int many(int type, const char *addr, const char *port, int count, size_t size)
{
	struct tally tally = {.failed = 0};
	char name[32];
	for (int i = 0; i < count; i++) {
		int fd = dial(type, addr, port);
		if (fd >= 0 && ask(fd, size, type == SOCK_STREAM, name))
			tally_add(&tally, name);
		else
			tally.failed++;
		close(fd);
	}
	for (int i = 0; i < MAX_NAMES && tally.count[i]; i++)
		printf("%s %d\n", tally.name[i], tally.count[i]);
	if (tally.failed)
		printf("FAILED %d\n", tally.failed);
	return tally.failed != 0;
}

static double now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int hold(const char *addr, const char *port, double seconds)
{
	int fd = dial(SOCK_STREAM, addr, port), answered = 0;
	char name[32] = "", first[32] = "";
	for (double end = now() + seconds; now() < end; usleep(20000)) {
		if (fd < 0 || !ask(fd, 4, true, name) || (first[0] && strcmp(first, name))) {
			printf("FAILED after %d\n", answered);
			return 1;
		}
		snprintf(first, sizeof(first), "%s", name);
		answered++;
	}
	printf("%s %d\n", name, answered);
	return 0;
}

static int bulk(const char *addr, const char *port, long megabytes)
{
	static char data[MAX_SIZE];
	int fd = dial(SOCK_STREAM, addr, port);
	double start = now();
	if (fd < 0)
		return 1;
	if (!fork()) {
		for (long left = megabytes << 20; left > 0; left -= MAX_SIZE)
			if (send(fd, data, sizeof(data), 0) != (ssize_t)sizeof(data))
				exit(1);
		exit(0);
	}
	for (long left = megabytes << 20; left > 0;) {
		ssize_t got = read(fd, data, sizeof(data));
		if (got <= 0) {
			printf("FAILED with %ld bytes left\n", left);
			return 1;
		}
		left -= got;
	}
	printf("%.0f MB/s\n", (double)megabytes / (now() - start));
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc >= 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], (uint16_t)atoi(argv[3]));
	if (argc < 5)
		return 2;
	size_t size = argc > 5 ? (size_t)atol(argv[5]) : 4;
	if (!strcmp(argv[1], "tcp") && size && size <= MAX_SIZE)
		return many(SOCK_STREAM, argv[2], argv[3], atoi(argv[4]), size);
	if (!strcmp(argv[1], "udp") && size && size <= MAX_SIZE)
		return many(SOCK_DGRAM, argv[2], argv[3], atoi(argv[4]), size);
	if (!strcmp(argv[1], "hold"))
		return hold(argv[2], argv[3], atof(argv[4]));
	if (!strcmp(argv[1], "bulk"))
		return bulk(argv[2], argv[3], atol(argv[4]));
	return 2;
}
