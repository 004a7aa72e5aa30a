/*
 * Many connections held open and asked over and over, for the tests of the invariants.
 *
 *	lb_hold serve NAME PORT			TCP on every address: answers each line with NAME, without a process each
 *	lb_hold tcp ADDR PORT COUNT FILE	opens COUNT connections, then asks each in turn until FILE is there;
 *						prints "held COUNT rounds N broken B moved M" (moved: another server
 *						answered than before). Says "open" once all are.
 *	lb_hold churn ADDR PORT FILE		opens, asks and closes until FILE is there; prints "opened N failed F"
 *	lb_hold udp ADDR PORT COUNT FILE	COUNT connected UDP sockets, once asked; when FILE is there, asks again:
 *						prints "answered N ended E silent S" (ended: the socket was closed by the kernel)
 * Exits 1 when a connection broke, moved or failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_HELD = 4096, TIMEOUT_S = 5, NAME = 24 };

static void allow_many_files(void)
{
	struct rlimit limit = {65536, 65536};
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the server */

static int listener(uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || listen(fd, 4096)) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static void __attribute__((noreturn)) serve(const char *name, uint16_t port)
{
	int epoll = epoll_create1(0), listen_fd = listener(port);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listen_fd}, ready[64];
	char line[NAME + 2];
	int len = snprintf(line, sizeof(line), "%s\n", name);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listen_fd, &event);
	for (;;) {
		int count = epoll_wait(epoll, ready, 64, -1);
		for (int i = 0; i < count; i++) {
			char data[256];
			int fd = ready[i].data.fd;
			if (fd == listen_fd) {
				event.data.fd = accept(listen_fd, NULL, NULL);
				if (event.data.fd >= 0)
					epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
			} else if (read(fd, data, sizeof(data)) <= 0 || write(fd, line, (size_t)len) != len) {
				close(fd);
			}
		}
	}
}

/* --- the clients */

static int dial(int type, const char *addr, const char *port)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICHOST}, *to;
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int one = 1;
	if (getaddrinfo(addr, port, &hints, &to))
		return -1;
	int fd = socket(to->ai_family, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, to->ai_addr, to->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

static bool ask(int fd, char name[NAME])
{
	if (fd < 0 || write(fd, "q\n", 2) != 2)
		return false;
	ssize_t got = read(fd, name, NAME - 1);
	if (got <= 0)
		return false;
	name[got] = 0;
	name[strcspn(name, "\n")] = 0;
	return true;
}

struct held {
	int fd;
	char name[NAME];
};

static int hold(const char *addr, const char *port, int count, const char *until)
{
	static struct held held[MAX_HELD];
	int broken = 0, moved = 0, rounds = 0;
	for (int i = 0; i < count; i++) {
		held[i].fd = dial(SOCK_STREAM, addr, port);
		broken += !ask(held[i].fd, held[i].name);
	}
	printf("open %d, %d failed\n", count - broken, broken);
	fflush(stdout);
	for (bool last = false; !last; rounds++) {
		last = !access(until, F_OK); /* one more round after it appeared */
		for (int i = 0; i < count; i++) {
			char name[NAME];
			if (held[i].fd < 0)
				continue;
			if (!ask(held[i].fd, name)) {
				broken++;
				close(held[i].fd);
				held[i].fd = -1;
			} else if (strcmp(name, held[i].name)) {
				moved++;
			}
		}
		usleep(20000);
	}
	printf("held %d rounds %d broken %d moved %d\n", count, rounds, broken, moved);
	return broken || moved;
}

static int churn(const char *addr, const char *port, const char *until)
{
	int opened = 0, failed = 0;
	while (access(until, F_OK)) {
		char name[NAME];
		int fd = dial(SOCK_STREAM, addr, port);
		if (ask(fd, name))
			opened++;
		else
			failed++;
		if (fd >= 0)
			close(fd);
	}
	printf("opened %d failed %d\n", opened, failed);
	return failed != 0;
}

static int udp(const char *addr, const char *port, int count, const char *until)
{
	static int fds[MAX_HELD];
	char name[NAME];
	int answered = 0, ended = 0, silent = 0;
	struct timeval timeout = {.tv_sec = 1};
	for (int i = 0; i < count; i++) {
		fds[i] = dial(SOCK_DGRAM, addr, port);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		answered += ask(fds[i], name);
	}
	printf("open %d\n", answered);
	fflush(stdout);
	while (access(until, F_OK))
		usleep(5000);
	answered = 0;
	for (int i = 0; i < count; i++) {
		struct pollfd poll_fd = {.fd = fds[i], .events = POLLIN};
		poll(&poll_fd, 1, 0);
		if (poll_fd.revents & (POLLERR | POLLHUP))
			ended++;
		else if (ask(fds[i], name))
			answered++;
		else if (errno == ECONNABORTED || errno == EDESTADDRREQ || errno == ENOTCONN)
			ended++;
		else
			silent++;
	}
	printf("answered %d ended %d silent %d\n", answered, ended, silent);
	return silent != 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 3 ? argv[1] : "";
	signal(SIGPIPE, SIG_IGN);
	allow_many_files();
	if (!strcmp(verb, "serve"))
		serve(argv[2], (uint16_t)atoi(argv[3]));
	if (!strcmp(verb, "churn") && argc > 4)
		return churn(argv[2], argv[3], argv[4]);
	int count = argc > 5 ? atoi(argv[4]) : 0;
	if (count <= 0 || count > MAX_HELD)
		return 2;
	if (!strcmp(verb, "tcp"))
		return hold(argv[2], argv[3], count, argv[5]);
	if (!strcmp(verb, "udp"))
		return udp(argv[2], argv[3], count, argv[5]);
	return 2;
}
