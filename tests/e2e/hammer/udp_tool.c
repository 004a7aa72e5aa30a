/*
 * Datagrams for the end-to-end tests: a server that tells its name, and a client that asks a Service again and again
 * over one socket and tallies who answered. Both may enter a network namespace first.
 *
 *	udp_tool serve --port P --name NAME [--netns PATH]
 *	udp_tool ask --to ADDRESS:PORT [--count N] [--interval-ms MS] [--connected] [--netns PATH]
 *
 * `ask` fails when an answer is missing or comes from another address than was asked: the socket hooks must show the
 * Service's address to recvfrom(2).
 */
#include "json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct options {
	const char *netns, *name, *to;
	int port, count, interval_ms, connected;
};

struct tally {
	json_t *answered_by;
	int answers, lost, foreign;
};

static int enter_netns(const char *path, struct kl_err *err)
{
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return kl_fail(err, errno, "enter '%s'", path);
	return 0;
}

static int serve(const struct options *opts, struct kl_err *err)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)opts->port)};
	kl_autoclose int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char data[512];

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		return kl_fail(err, errno, "bind port %d", opts->port);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);
		if (recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len) >= 0)
			sendto(fd, opts->name, strlen(opts->name), 0, (struct sockaddr *)&from, len);
	}
}

static int parse_target(const char *text, struct sockaddr_in *ret)
{
	kl_autofree char *host = kl_strdup(text);
	char *colon = strrchr(host, ':');

	if (!colon)
		return -1;
	*colon = '\0';
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
	return inet_pton(AF_INET, host, &ret->sin_addr) == 1 ? 0 : -1;
}

static void count_answer(struct tally *tally, const char *name)
{
	json_t *count = json_object_get(tally->answered_by, name);

	tally->answers++;
	if (count)
		json_integer_set(count, json_integer_value(count) + 1);
	else
		json_object_set_new(tally->answered_by, name, json_integer(1));
}

static void ask_once(int fd, const struct options *opts, const struct sockaddr_in *to, struct tally *tally)
{
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	char data[512];

	ssize_t sent =
		opts->connected ? send(fd, "?", 1, 0) : sendto(fd, "?", 1, 0, (const struct sockaddr *)to, sizeof(*to));
	ssize_t got = sent == 1 ? recvfrom(fd, data, sizeof(data) - 1, 0, (struct sockaddr *)&from, &len) : -1;
	if (got < 0) {
		tally->lost++;
		return;
	}
	data[got] = '\0';
	if (from.sin_addr.s_addr != to->sin_addr.s_addr || from.sin_port != to->sin_port)
		tally->foreign++;
	count_answer(tally, data);
}

static int ask(const struct options *opts, struct kl_err *err)
{
	const struct timeval patience = {.tv_sec = 1};
	struct tally tally = {.answered_by = json_object()};
	struct sockaddr_in to;

	if (parse_target(opts->to, &to))
		return kl_fail_msg(err, EINVAL, "--to wants ADDRESS:PORT, not '%s'", opts->to);
	kl_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (opts->connected && connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		return kl_fail(err, errno, "connect to %s", opts->to);
	for (int i = 0; i < opts->count; i++) {
		ask_once(fd, opts, &to, &tally);
		nanosleep(&(struct timespec){opts->interval_ms / 1000, opts->interval_ms % 1000 * 1000000l}, NULL);
	}
	kl_autojson *out = json_pack("{si si si so}", "answers", tally.answers, "lost", tally.lost, "foreign",
		tally.foreign, "answered_by", tally.answered_by);
	json_dumpf(out, stdout, 0);
	putchar('\n');
	if (tally.lost || tally.foreign)
		return kl_fail_msg(err, EIO, "%d lost, %d from another address", tally.lost, tally.foreign);
	return 0;
}

static const struct option options[] = {
	{"netns", required_argument, NULL, 'n'},
	{"name", required_argument, NULL, 'N'},
	{"to", required_argument, NULL, 't'},
	{"port", required_argument, NULL, 'p'},
	{"count", required_argument, NULL, 'c'},
	{"interval-ms", required_argument, NULL, 'i'},
	{"connected", no_argument, NULL, 'C'},
	{NULL, 0, NULL, 0},
};

static bool parse(struct options *opts, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'n')
			opts->netns = optarg;
		else if (opt == 'N')
			opts->name = optarg;
		else if (opt == 't')
			opts->to = optarg;
		else if (opt == 'p')
			opts->port = atoi(optarg);
		else if (opt == 'c')
			opts->count = atoi(optarg);
		else if (opt == 'i')
			opts->interval_ms = atoi(optarg);
		else if (opt == 'C')
			opts->connected = 1;
		else
			return false;
	}
	return optind == argc - 1;
}

int main(int argc, char **argv)
{
	struct options opts = {.name = "?", .count = 1, .to = ""};
	struct kl_err err = {0};
	int rc;

	if (!parse(&opts, argc, argv)) {
		fprintf(stderr, "Usage: udp_tool serve --port P --name NAME | ask --to ADDRESS:PORT [--count N] "
				"[--interval-ms MS] "
				"[--connected]; --netns PATH\n");
		return 2;
	}
	rc = opts.netns ? enter_netns(opts.netns, &err) : 0;
	if (!rc)
		rc = !strcmp(argv[optind], "serve") ? serve(&opts, &err) : ask(&opts, &err);
	if (rc)
		fprintf(stderr, "udp_tool: %s\n", kl_err_text(&err));
	return rc ? 1 : 0;
}
