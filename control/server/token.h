/*
 * ServiceAccount tokens: issued for an account, perhaps bound to a pod, good for a while; no list of them is kept. A
 * token dies with its time, its account or its pod.
 */
#ifndef KL_TOKEN_H
#define KL_TOKEN_H

#include "jwt.h"
#include "registry.h"

#define KL_TOKEN_ISSUER "https://kubernetes.default.svc.cluster.local"

/*
 * Answers a TokenRequest for a stored ServiceAccount: fills request.status. 0, or -1 with st (a bound object that is
 * not there, a bad life time).
 */
int kl_token_issue(const struct kl_jwt_key *key, struct kl_store *store, const struct kl_object *account,
	json_t *request, struct kl_status *st);
/* Whom a token stands for. */
struct kl_token_user {
	char *name;      /* "system:serviceaccount:NS:NAME" */
	char *groups[12]; /* NULL-terminated */
	char *uid;
};
void kl_token_user_release(struct kl_token_user *user);
/* audience NULL: the API server's own. False: the token is no good (any more). */
bool kl_token_check(const struct kl_jwt_key *key, struct kl_store *store, const char *token, const char *audience,
	struct kl_token_user *ret);

#endif
