#include "hammer_options.h"

#include "mem.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: hammer --url http://ADDRESS[:PORT]/PATH [--url …] [OPTIONS]\n\n"
	"Sends HTTP requests and tallies who answered. Prints JSON when it ends, also on SIGINT and SIGTERM.\n\n"
	"  --url URL          a target, with a numeric address; several take turns\n"
	"  --rate R           short connections a second (default 10; 0: as fast as --concurrency allows)\n"
	"  --concurrency N    short connections at once (default 64)\n"
	"  --requests N       stop after N short requests\n"
	"  --keep N           long-lived keep-alive connections beside them (default 0)\n"
	"  --keep-rate R      requests a second on each of those (default 10)\n"
	"  --duration S       stop after S seconds (default 10)\n"
	"  --timeout-ms MS    of one request (default 5000)\n"
	"  --netns NAME|PATH  enter this network namespace first\n"
	"  --match REGEX      extended, first group names the answerer (default: the first line of the body)\n"
	"  --strict           exit 1 when any request failed or none was answered\n"
	"  --pinned           with --strict: a long-lived connection that was closed counts as a failure\n";

enum {
	OPT_URL = 1,
	OPT_RATE,
	OPT_CONCURRENCY,
	OPT_REQUESTS,
	OPT_KEEP,
	OPT_KEEP_RATE,
	OPT_DURATION,
	OPT_TIMEOUT,
	OPT_NETNS,
	OPT_MATCH,
	OPT_STRICT,
	OPT_PINNED,
	OPT_HELP
};

static const struct option options[] = {
	{"url", required_argument, NULL, OPT_URL},
	{"rate", required_argument, NULL, OPT_RATE},
	{"concurrency", required_argument, NULL, OPT_CONCURRENCY},
	{"requests", required_argument, NULL, OPT_REQUESTS},
	{"keep", required_argument, NULL, OPT_KEEP},
	{"keep-rate", required_argument, NULL, OPT_KEEP_RATE},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"timeout-ms", required_argument, NULL, OPT_TIMEOUT},
	{"netns", required_argument, NULL, OPT_NETNS},
	{"match", required_argument, NULL, OPT_MATCH},
	{"strict", no_argument, NULL, OPT_STRICT},
	{"pinned", no_argument, NULL, OPT_PINNED},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int resolve(struct kl_target *target, const char *host, const char *port, struct kl_err *err)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;

	int rc = getaddrinfo(host, port, &hints, &found);
	if (rc)
		return kl_fail_msg(err, EINVAL, "'%s' port '%s': %s", host, port, gai_strerror(rc));
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	target->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static void make_requests(struct kl_target *target, const char *authority, const char *path)
{
	static const char *const connection[] = {"close", "keep-alive"};

	for (size_t i = 0; i < KL_ARRAY_LEN(connection); i++)
		target->request[i] =
			kl_asprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: hammer\r\nConnection: %s\r\n\r\n", path,
				authority, connection[i]);
}

/* http://1.2.3.4:80/path, http://[::1]:80/path */
static int add_target(struct kl_hammer_options *opts, const char *url, struct kl_err *err)
{
	struct kl_target *target = &opts->targets[opts->target_count];

	if (opts->target_count == KL_TARGETS_MAX)
		return kl_fail_msg(err, EINVAL, "more than %d targets", KL_TARGETS_MAX);
	if (strncmp(url, "http://", 7))
		return kl_fail_msg(err, EINVAL, "'%s' does not begin with http://", url);
	url += 7;
	const char *path = strchrnul(url, '/');
	kl_autofree char *authority = kl_strndup(url, (size_t)(path - url));
	kl_autofree char *host = kl_strdup(authority);
	char *end = host[0] == '[' ? strchrnul(host, ']') : host;
	char *colon = strchr(end, ':');
	if (colon)
		*colon = '\0';
	if (host[0] == '[')
		*end = '\0';
	if (resolve(target, host[0] == '[' ? host + 1 : host, colon ? colon + 1 : "80", err))
		return -EINVAL;
	snprintf(target->name, sizeof(target->name), "%s", authority);
	make_requests(target, authority, *path ? path : "/");
	opts->target_count++;
	return 0;
}

static int parse_number(const char *name, const char *text, double max, double *ret, struct kl_err *err)
{
	char *end;

	*ret = strtod(text, &end);
	if (end == text || *end || !(*ret >= 0) || *ret > max)
		return kl_fail_msg(err, EINVAL, "--%s wants a number from 0 to %.0f, not '%s'", name, max, text);
	return 0;
}

static int set_number(struct kl_hammer_options *opts, int opt, double number)
{
	switch (opt) {
	case OPT_RATE:
		opts->rate = number;
		break;
	case OPT_CONCURRENCY:
		opts->concurrency = (int)number;
		break;
	case OPT_REQUESTS:
		opts->requests = (int64_t)number;
		break;
	case OPT_KEEP:
		opts->keep = (int)number;
		break;
	case OPT_KEEP_RATE:
		opts->keep_rate = number;
		break;
	case OPT_DURATION:
		opts->duration_ms = (int64_t)(number * 1000);
		break;
	case OPT_TIMEOUT:
		opts->timeout_ms = (int64_t)number;
		break;
	default:
		break;
	}
	return 0;
}

static int set_match(struct kl_hammer_options *opts, const char *pattern, struct kl_err *err)
{
	char words[120];

	int rc = regcomp(&opts->match, pattern, REG_EXTENDED | REG_NEWLINE);
	if (rc) {
		regerror(rc, &opts->match, words, sizeof(words));
		return kl_fail_msg(err, EINVAL, "--match '%s': %s", pattern, words);
	}
	if (opts->has_match || !opts->match.re_nsub) {
		regfree(&opts->match);
		opts->has_match = false;
		return kl_fail_msg(err, EINVAL, "--match is wanted once, and with a group");
	}
	opts->has_match = true;
	return 0;
}

static int set_option(struct kl_hammer_options *opts, int opt, int index, struct kl_err *err)
{
	double number;

	switch (opt) {
	case OPT_URL:
		return add_target(opts, optarg, err);
	case OPT_MATCH:
		return set_match(opts, optarg, err);
	case OPT_NETNS:
		opts->netns = optarg;
		return 0;
	case OPT_STRICT:
		opts->strict = true;
		return 0;
	case OPT_PINNED:
		opts->pinned = true;
		return 0;
	case '?':
		return kl_fail_msg(err, EINVAL, "see --help");
	default:
		if (parse_number(options[index].name, optarg, 1e6, &number, err))
			return -EINVAL;
		return set_number(opts, opt, number);
	}
}

int kl_hammer_options(struct kl_hammer_options *opts, int argc, char **argv, struct kl_err *err)
{
	int opt, index = 0;

	*opts = (struct kl_hammer_options){.rate = 10,
		.concurrency = 64,
		.requests = -1,
		.keep_rate = 10,
		.duration_ms = 10000,
		.timeout_ms = 5000};
	while ((opt = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (opt == OPT_HELP) {
			fputs(help, stdout);
			return 1;
		}
		if (set_option(opts, opt, index, err))
			return err->code;
	}
	if (optind < argc || !opts->target_count)
		return kl_fail_msg(err, EINVAL, "at least one --url and no other words are wanted; see --help");
	if (opts->concurrency < 1 || opts->concurrency > 4096 || opts->keep > 4096)
		return kl_fail_msg(err, EINVAL, "--concurrency wants 1 to 4096, --keep at most 4096");
	return 0;
}

void kl_hammer_options_release(struct kl_hammer_options *opts)
{
	for (size_t i = 0; i < opts->target_count; i++) {
		free(opts->targets[i].request[0]);
		free(opts->targets[i].request[1]);
	}
	if (opts->has_match)
		regfree(&opts->match);
}
