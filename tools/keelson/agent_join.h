/* What `keelson agent` does for its certificates: joins by token, renews, and starts again with new ones. */
#ifndef KL_AGENT_JOIN_H
#define KL_AGENT_JOIN_H

#include "agent.h"
#include "cmd.h"

struct agent_join {
	const char *token, *token_file;
	struct kl_opt_list ca_hashes;
};

/* A token or a token's file was given. */
bool kl_agent_joins(const struct agent_join *join);
/* Blanks the token in the process' arguments, where everybody could read it; it is kept in memory. */
void kl_agent_hide_token(struct agent_join *join, int argc, char **argv);
/* By token, into `dir`; does nothing when there is a certificate already. */
int kl_agent_join(
	const struct agent_join *join, const char *dir, const struct kl_agent_config *config, struct kl_err *err);
/* Renews what is in `dir` from now on; the agent is then asked to stop, and kl_agent_restart() starts it again. */
int kl_agent_keep_certificates(const char *dir, const struct kl_agent_config *config, struct kl_err *err);
/* Once the agent has stopped: replaces the process when that was for new certificates; else returns. */
void kl_agent_restart(char **argv);

#endif
