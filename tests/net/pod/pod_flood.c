/*
 * CPU per packet and throughput between two namespaces.
 *
 *	pod_flood packets PORT-NS ADDR PORT SECONDS	floods 64-byte datagrams to a sink in the namespace, prints how many
 *						a second went, and CPU ns for each
 *	pod_flood stream PORT-NS ADDR PORT SECONDS	one TCP stream, prints Mbit/s and CPU ns a kilobyte
 * PORT-NS: path of the sink's network namespace.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, PAYLOAD = 22 /* 64 bytes of Ethernet */, BUFFER = 1 << 20 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_of(int pid)
{
	char path[64];
	unsigned long long ns = 0;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	FILE *file = fopen(path, "re");
	if (file && fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	if (file)
		fclose(file);
	return (double)ns;
}

static bool is_softirq_thread(int pid)
{
	char path[64], name[32] = "";
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	FILE *file = fopen(path, "re");
	if (file && !fgets(name, sizeof(name), file))
		name[0] = 0;
	if (file)
		fclose(file);
	return !strncmp(name, "ksoftirqd/", 10);
}

/*
 * CPU nanoseconds of the sender, of this process, and of the kernel's softirq threads: what forwarding costs is charged to
 * one of them. What else runs on the machine is not counted.
 */
static double busy(int sender)
{
	static int threads[256];
	static int count = -1;
	if (count < 0) {
		count = 0;
		DIR *dir = opendir("/proc");
		for (const struct dirent *entry; dir && (entry = readdir(dir));)
			if (atoi(entry->d_name) > 0 && count < 256 && is_softirq_thread(atoi(entry->d_name)))
				threads[count++] = atoi(entry->d_name);
		if (dir)
			closedir(dir);
	}
	double ret = cpu_of(sender) + cpu_of(getpid());
	for (int i = 0; i < count; i++)
		ret += cpu_of(threads[i]);
	return ret;
}

static int listen_in(const char *netns, int type, int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(netns, O_RDONLY | O_CLOEXEC), one = 1;
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET))
		exit(1);
	int fd = socket(AF_INET6, type, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 1)) || setns(home, CLONE_NEWNET))
		exit(1);
	return fd;
}

static int reach(const char *addr, int type, int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int is_v4 = inet_pton(AF_INET, addr, &v4.sin_addr) == 1;
	if (!is_v4 && inet_pton(AF_INET6, addr, &v6.sin6_addr) != 1)
		exit(2);
	int fd = socket(is_v4 ? AF_INET : AF_INET6, type, 0);
	if (connect(fd, is_v4 ? (void *)&v4 : (void *)&v6, is_v4 ? sizeof(v4) : sizeof(v6))) {
		perror("connect");
		exit(1);
	}
	return fd;
}

/* Shared with the sender. What the sink's buffer has no room for went all the way as well. */
static uint64_t *sent;

static void __attribute__((noreturn)) send_packets(int fd)
{
	static char data[PAYLOAD];
	struct iovec iov = {data, sizeof(data)};
	static struct mmsghdr batch[BATCH];
	for (int i = 0; i < BATCH; i++)
		batch[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	for (;;) {
		int n = sendmmsg(fd, batch, BATCH, 0);
		__atomic_fetch_add(sent, n > 0 ? (uint64_t)n : 0, __ATOMIC_RELAXED);
	}
}

static void __attribute__((noreturn)) send_stream(int fd)
{
	static char data[1 << 17];
	for (;;)
		if (send(fd, data, sizeof(data), 0) < 0)
			_exit(0);
}

static uint64_t take_packets(int fd)
{
	static char data[BATCH][2048];
	static struct iovec iov[BATCH];
	static struct mmsghdr batch[BATCH];
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){data[i], sizeof(data[i])};
		batch[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	int got = recvmmsg(fd, batch, BATCH, MSG_WAITFORONE, NULL);
	return got > 0 ? (uint64_t)got : 0;
}

static uint64_t take_stream(int fd)
{
	static char data[1 << 18];
	ssize_t got = recv(fd, data, sizeof(data), 0);
	return got > 0 ? (uint64_t)got : 0;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 2;
	int stream = !strcmp(argv[1], "stream"), port = atoi(argv[4]), size = BUFFER;
	int sink = listen_in(argv[2], stream ? SOCK_STREAM : SOCK_DGRAM, port);
	setsockopt(sink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sent == MAP_FAILED)
		return 1;
	pid_t sender = fork();
	if (!sender) {
		int fd = reach(argv[3], stream ? SOCK_STREAM : SOCK_DGRAM, port);
		stream ? send_stream(fd) : send_packets(fd);
	}
	int fd = stream ? accept(sink, NULL, NULL) : sink;
	uint64_t count = 0;
	for (double end = now() + 0.2; now() < end;)
		stream ? take_stream(fd) : take_packets(fd);
	double begin = now(), cpu = busy(sender);
	uint64_t before = *sent;
	for (double end = begin + atof(argv[5]); now() < end;)
		count += stream ? take_stream(fd) : take_packets(fd);
	cpu = busy(sender) - cpu;
	if (!stream)
		count = *sent - before;
	double took = now() - begin;
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	if (stream)
		printf("%.0f %.0f\n", (double)count * 8 / took / 1e6, cpu / ((double)count / 1024));
	else
		printf("%.0f %.0f\n", (double)count / took, cpu / (double)count);
	return 0;
}
