#include "look.h"

#include "file.h"
#include "inspect.h"
#include "up_cluster.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST_RUN_DIR "/run/keelson"
enum { ANSWER_MAX = 64 << 20 };

/* --- which node */

static bool has_maps(const char *dir)
{
	kl_autofree char *maps = kl_asprintf("%s/v%d/maps", dir, KL_LAYOUT);
	return kl_path_exists(maps);
}

/* The only local cluster, or "dev". ret_names: what there is, for people; owned by the caller. */
static char *default_cluster(char **ret_names)
{
	size_t count;
	char **names = kl_cluster_names(&count);
	char *ret = kl_strdup(count == 1 ? names[0] : "dev");
	kl_autobuf text = {0};
	for (size_t i = 0; i < count; i++) {
		kl_buf_printf(&text, "%s%s", i ? ", " : "", names[i]);
		free(names[i]);
	}
	free(names);
	*ret_names = kl_strdup(kl_buf_str(&text));
	return ret;
}

static bool no_cluster(
	const struct kl_look *look, const struct kl_look_options *options, const char *name, const char *names)
{
	if (options->cluster)
		kl_cmd_fail(look->cmd, "there is no cluster '%s'", name);
	else if (*names)
		kl_cmd_fail(look->cmd, "say with --cluster which is meant: %s", names);
	else
		kl_cmd_fail(look->cmd,
			"no agent runs on this machine, and there is no local cluster; 'keelson up' makes one");
	return false;
}

static void say_which(
	const struct kl_look *look, const struct kl_look_options *options, const struct kl_cluster *cluster)
{
	if (!options->node && cluster->node_count > 1 && isatty(STDERR_FILENO))
		fprintf(stderr, "keelson: %s (--node for another)\n", look->name);
}

static bool open_cluster(const struct kl_look_options *options, struct kl_look *ret)
{
	kl_autofree char *names = NULL, *only = default_cluster(&names);
	const char *name = options->cluster ? options->cluster : only;
	kl_autocluster *cluster = NULL;
	struct kl_cluster_node node;
	if (kl_cluster_load(name, &cluster, NULL))
		return no_cluster(ret, options, name, names);
	int number = options->node         ? kl_cluster_node_number(options->node)
		     : cluster->node_count ? cluster->nodes[0]
					   : -1;
	if (number < 0 || !kl_cluster_has_node(cluster, number)) {
		kl_cmd_fail(ret->cmd, "cluster '%s' has no node '%s'", name, options->node ? options->node : "at all");
		return false;
	}
	kl_cluster_node(cluster, number, &node);
	ret->name = kl_asprintf("%s of cluster %s", node.name, name);
	ret->pin_dir = kl_strdup(node.pin_dir);
	ret->run_dir = kl_strdup(node.run_dir);
	ret->netns = kl_strdup(node.netns);
	ret->kubeconfig = kl_strdup(cluster->kubeconfig);
	say_which(ret, options, cluster);
	return true;
}

bool kl_look_open(const struct kl_cmd *cmd, const struct kl_look_options *options, struct kl_look *ret)
{
	*ret = (struct kl_look){.cmd = cmd};
	if (geteuid()) {
		kl_cmd_fail(cmd, "must run as root: the tables are the kernel's");
		return false;
	}
	bool host = !options->cluster && !options->node;
	if (!options->pin_dir && !(host && has_maps(KL_CLUSTERS_PINS)))
		return open_cluster(options, ret);
	ret->name = kl_strdup(options->pin_dir ? options->pin_dir : "this machine");
	ret->pin_dir = kl_strdup(options->pin_dir ? options->pin_dir : KL_CLUSTERS_PINS);
	ret->run_dir = options->run_dir   ? kl_strdup(options->run_dir)
		       : options->pin_dir ? NULL
					  : kl_strdup(HOST_RUN_DIR);
	return true;
}

bool kl_look_open_maps(const struct kl_cmd *cmd, const struct kl_look_options *options, struct kl_look *ret)
{
	struct kl_err err = {0};
	if (!kl_look_open(cmd, options, ret))
		return false;
	if (!has_maps(ret->pin_dir)) {
		kl_cmd_fail(cmd, "no tables below '%s': has its agent ever run? (--cluster, --node, --pin-dir)",
			ret->pin_dir);
		return false;
	}
	if (!kl_maps_look(ret->pin_dir, &ret->maps, &err))
		return true;
	kl_cmd_fail(cmd, "%s", err.text);
	return false;
}

void kl_look_close(struct kl_look *look)
{
	kl_maps_close((struct kl_maps *)look->maps);
	free(look->name);
	free(look->pin_dir);
	free(look->run_dir);
	free(look->netns);
	free(look->kubeconfig);
}

/* --- its agent */

int kl_look_connect(const struct kl_look *look, const char *request, struct kl_err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (!look->run_dir)
		return kl_fail_msg(err, EINVAL, "with --pin-dir say where the agent's socket is: --run-dir");
	int len = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" KL_INSPECT_SOCKET, look->run_dir);
	if (len >= (int)sizeof(addr.sun_path))
		return kl_fail_msg(err, ENAMETOOLONG, "the path '%s/" KL_INSPECT_SOCKET "' is too long", look->run_dir);
	kl_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return kl_fail(err, errno, "no agent answers at '%s'", addr.sun_path);
	kl_autofree char *line = kl_asprintf("%s\n", request);
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return kl_fail(err, errno, "ask the agent");
	int ret = fd;
	fd = -1;
	return ret;
}

static int read_answer(int fd, struct kl_buf *buf, struct kl_err *err)
{
	char bytes[16384];
	ssize_t n;
	buf->max = ANSWER_MAX;
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		kl_buf_push(buf, bytes, (size_t)n);
	if (n < 0)
		return kl_fail(err, errno == EAGAIN ? ETIMEDOUT : errno, "hear the agent's answer");
	return buf->overflow ? kl_fail_msg(err, EFBIG, "the agent's answer has no end") : 0;
}

json_t *kl_look_ask(const struct kl_look *look, const char *request, int timeout_ms, struct kl_err *err)
{
	kl_autobuf answer = {0};
	int fd = kl_look_connect(look, request, err);
	if (fd < 0)
		return NULL;
	struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	int rc = read_answer(fd, &answer, err);
	close(fd);
	if (rc)
		return NULL;
	json_t *json = kl_json_parse(answer.data, answer.len, err);
	const char *error = kl_json_str_or_null(json, "error", NULL);
	if (!error)
		return json;
	kl_fail_msg(err, EAGAIN, "the agent says: %s", error);
	json_decref(json);
	return NULL;
}

/* --- printing */

void kl_look_check_output(const struct kl_cmd *cmd, const char *output, const char *allowed)
{
	size_t len = output ? strlen(output) : 0;
	if (!output)
		return;
	for (const char *at = allowed; len && (at = strstr(at, output)); at++)
		if ((at == allowed || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return;
	kl_cmd_fail(cmd, "there is no output form '%s', only: %s", output, allowed);
	exit(KL_EXIT_USAGE);
}

const char *kl_colour(enum kl_colour colour)
{
	static const char *const codes[] = {
		"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[34m"};
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	bool wanted = isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && !(term && !strcmp(term, "dumb"));
	return wanted ? codes[colour] : "";
}

char *kl_coloured(enum kl_colour colour, const char *text)
{
	return kl_asprintf("%s%s%s", kl_colour(colour), text, kl_colour(KL_PLAIN));
}

int kl_look_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	return KL_EXIT_OK;
}

char *kl_endpoint_text(const __be32 addr[4], __be16 port)
{
	struct kl_addr from;
	char text[KL_ADDR_TEXT];
	memcpy(from.bytes, addr, sizeof(from.bytes));
	kl_addr_format(&from, text);
	return kl_asprintf(kl_addr_is_v4(&from) ? "%s:%u" : "[%s]:%u", text, ntohs(port));
}

char *kl_bytes_text(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < KL_ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	return kl_asprintf(unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

int kl_endpoint_parse(const char *text, struct kl_addr *ret_addr, uint16_t *ret_port)
{
	char addr[KL_ADDR_TEXT + 8];
	const char *port = NULL;
	size_t len = strlen(text);
	if (*text == '[') {
		const char *end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		port = end[1] ? end + 2 : NULL;
		len = (size_t)(end - ++text);
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		len = (size_t)(strchr(text, ':') - text);
		port = text + len + 1;
	}
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = 0;
	char *end = NULL;
	long number = port ? strtol(port, &end, 10) : 0;
	if (port && (end == port || *end || number < 1 || number > UINT16_MAX))
		return -EINVAL;
	*ret_port = (uint16_t)number;
	return kl_addr_parse(addr, ret_addr) ? -EINVAL : 0;
}
