/* Who a request comes from, and whether it may. */
#ifndef KL_AUTH_H
#define KL_AUTH_H

#include "httpd.h"
#include "registry.h"
#include "rest_path.h"
#include "token.h"

struct kl_auth_user {
	struct kl_user user;
	/* what its texts live in */
	const char **groups;
	struct kl_token_user token;
};
/* The user of a request; false: credentials were given and are no good (401). Some texts live in the request. */
bool kl_auth_user(const struct kl_http_request *req, const struct kl_jwt_key *token_key, struct kl_store *store,
	struct kl_auth_user *ret);
void kl_auth_user_release(struct kl_auth_user *user);

struct kl_access {
	const struct kl_user *user;
	const char *method;
	const char *path;                    /* for what is no resource */
	const struct kl_rest_path *resource; /* NULL: `path` counts */
	const struct kl_kind *kind;          /* NULL: none such */
	struct kl_store *store;
};
/* 0, or -1 with 403. */
int kl_auth_check(const struct kl_access *access, struct kl_status *st);

/* For the rules' files. */
bool kl_auth_in_group(const struct kl_user *user, const char *group);
bool kl_auth_reads(const struct kl_access *access); /* GET or HEAD */
/* auth_node.c: is the user a node, and may it? */
bool kl_auth_node_may(const struct kl_access *access);
/* auth_bootstrap.c: those who join, and nodes, ask for certificates and read the answer to their own question. */
bool kl_auth_csr_may(const struct kl_access *access);
/* "abcdef.0123456789abcdef" */
bool kl_bootstrap_token_valid(const char *text);
bool kl_bootstrap_token_check(struct kl_store *store, const char *token, struct kl_token_user *ret);

#endif
