#include "agent_join.h"

#include "file.h"
#include "join.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool renewed;

bool kl_agent_joins(const struct agent_join *join)
{
	return join->token || join->token_file;
}

void kl_agent_hide_token(struct agent_join *join, int argc, char **argv)
{
	if (!join->token)
		return;
	char *kept = kl_strdup(join->token);
	for (int i = 0; i < argc; i++) {
		char *at = strstr(argv[i], kept);
		if (at)
			memset(at, 'x', strlen(at));
	}
	join->token = kept;
}

/* The first line of --token-file, or what --token said; owned. */
static char *read_token(const struct agent_join *join, struct kl_err *err)
{
	kl_autobuf text = {.max = 4096};
	if (join->token)
		return kl_strdup(join->token);
	if (kl_file_read(join->token_file, &text, err) < 0)
		return NULL;
	return kl_strndup(kl_buf_str(&text), strcspn(kl_buf_str(&text), " \t\r\n"));
}

int kl_agent_join(
	const struct agent_join *join, const char *dir, const struct kl_agent_config *config, struct kl_err *err)
{
	const char *hashes[KL_ARRAY_LEN(join->ca_hashes.items) + 1] = {NULL};
	for (size_t i = 0; i < join->ca_hashes.count; i++)
		hashes[i] = join->ca_hashes.items[i];
	if (!config->server)
		return kl_fail_msg(err, EINVAL, "--token needs --server https://HOST:PORT");
	if (!hashes[0])
		return kl_fail_msg(
			err, EINVAL, "--token needs --ca-cert-hash sha256:HEX: without it anybody could answer");
	kl_autofree char *token = read_token(join, err);
	if (!token)
		return -EINVAL;
	int rc = kl_join(&(struct kl_join_options){.dir = dir,
				 .server = config->server,
				 .token = token,
				 .ca_hashes = hashes,
				 .node = config->node_name,
				 .node_ips = config->node_ips},
		err);
	explicit_bzero(token, strlen(token));
	return rc;
}

static void on_renewed(void *arg)
{
	(void)arg;
	kl_info("new certificates: the agent starts again with them");
	atomic_store(&renewed, true);
	kill(getpid(), SIGTERM);
}

int kl_agent_keep_certificates(const char *dir, const struct kl_agent_config *config, struct kl_err *err)
{
	return kl_join_keep(dir, config->server, config->node_name, config->node_ips, on_renewed, NULL, err);
}

void kl_agent_restart(char **argv)
{
	sigset_t none;
	if (!atomic_load(&renewed))
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	kl_error("start again: %s", strerror(errno));
}
