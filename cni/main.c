/*
 * keelson-cni: the CNI plugin, a thin client of the node agent's socket. It checks what the runtime said, passes it on,
 * and prints what the agent answers.
 */
#include "proto.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { TIMEOUT_S = 30 };

static int print(json_t *json, int code)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return fflush(stdout) ? 1 : code;
}

static int print_failure(const struct kl_cni_failure *failure, const char *version)
{
	return print(kl_cni_failure_json(failure, version), 1);
}

static int read_all(int fd, struct kl_buf *buf)
{
	buf->max = KL_CNI_MAX + 1;
	for (;;) {
		char part[8192];
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		kl_buf_push(buf, part, (size_t)n);
		if (buf->overflow)
			return -EFBIG;
	}
}

static int connect_agent(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr))) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return shutdown(fd, SHUT_WR) ? -errno : 0;
}

/* The agent's whole answer; the caller owns it. */
static json_t *exchange(const struct kl_cni_ask *ask, struct kl_cni_failure *failure)
{
	kl_autobuf request = {0}, answer = {0};
	kl_autojson *json = kl_cni_ask_json(ask);
	kl_autoclose int fd = connect_agent(ask->socket);
	/* The agent may be restarting: the runtime is told to come again. */
	if (fd < 0) {
		kl_cni_failed(failure, KL_CNI_TRY_LATER, "the node agent does not answer", "connect to '%s': %s",
			ask->socket, strerror(-fd));
		return NULL;
	}
	if (json)
		kl_json_dump(json, &request);
	int rc = json ? send_all(fd, request.data, request.len) : -EILSEQ;
	if (!rc)
		rc = read_all(fd, &answer);
	if (rc) {
		kl_cni_failed(
			failure, KL_CNI_IO, "cannot talk to the node agent", "'%s': %s", ask->socket, strerror(-rc));
		return NULL;
	}
	struct kl_err err = {0};
	json_t *reply = kl_json_parse(kl_buf_str(&answer), answer.len, &err);
	if (!json_is_object(reply)) {
		/* It died while it worked; what it had done it undoes or finishes when it is asked again. */
		kl_cni_failed(failure, KL_CNI_TRY_LATER, "the node agent gave no answer", "%s", err.text);
		json_decref(reply);
		return NULL;
	}
	return reply;
}

static int call(const struct kl_cni_ask *ask)
{
	struct kl_cni_failure failure = {0};
	kl_autojson *reply = exchange(ask, &failure);
	if (!reply)
		return print_failure(&failure, ask->version);
	json_t *error = kl_json_get(reply, "error", NULL);
	if (error)
		return print(json_incref(error), 1);
	json_t *result = kl_json_get(reply, "result", NULL);
	return ask->command == KL_CNI_ADD ? print(json_incref(result), 0) : 0;
}

static int print_versions(const struct kl_buf *input)
{
	kl_autojson *config = kl_json_parse(kl_buf_str(input), input->len, NULL);
	return print(kl_cni_versions_json(kl_json_str(config, "cniVersion", NULL)), 0);
}

/* For the administrator of another container runtime. */
static int print_conflist(const char *socket_path)
{
	kl_autofree char *text = kl_cni_conflist(socket_path ? socket_path : KL_CNI_SOCKET_DEFAULT);
	return puts(text) < 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--conflist"))
		return print_conflist(argv[2]);
	struct kl_cni_env env = {
		.command = getenv("CNI_COMMAND"),
		.container_id = getenv("CNI_CONTAINERID"),
		.netns = getenv("CNI_NETNS"),
		.ifname = getenv("CNI_IFNAME"),
		.args = getenv("CNI_ARGS"),
	};
	struct kl_cni_failure failure = {0};
	kl_autobuf input = {0};
	if (!env.command && isatty(STDIN_FILENO)) {
		fprintf(stderr,
			"keelson-cni is a CNI plugin (version " KL_CNI_VERSION "): a container runtime runs it;\n"
			"--conflist [SOCKET] prints a configuration for /etc/cni/net.d/10-keelson.conflist\n");
		return 1;
	}
	int rc = read_all(STDIN_FILENO, &input);
	if (rc) {
		kl_cni_failed(&failure, KL_CNI_IO, "cannot read the network configuration", "%s", strerror(-rc));
		return print_failure(&failure, NULL);
	}
	if (env.command && !strcmp(env.command, "VERSION"))
		return print_versions(&input);
	struct kl_cni_ask ask = {0};
	if (kl_cni_ask_read(&env, kl_buf_str(&input), input.len, &ask, &failure))
		return print_failure(&failure, NULL);
	rc = call(&ask);
	kl_cni_ask_release(&ask);
	return rc;
}
