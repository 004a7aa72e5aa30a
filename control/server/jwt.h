/* JSON Web Tokens signed with ES256 (RFC 7515, RFC 7518 section 3.4). Threads: a key may be used by many at once. */
#ifndef KL_JWT_H
#define KL_JWT_H

#include "json.h"

struct kl_jwt_key;

/* An EC P-256 private key as PEM; for verifying as well. */
int kl_jwt_key_new(const char *key_pem, struct kl_jwt_key **ret, struct kl_err *err);
void kl_jwt_key_free(struct kl_jwt_key *key); /* accepts NULL */
/* The compact form; owned by the caller. */
char *kl_jwt_sign(const struct kl_jwt_key *key, const json_t *claims);
/* The claims, when the signature is this key's; NULL otherwise. Says nothing of times or audiences. */
json_t *kl_jwt_verify(const struct kl_jwt_key *key, const char *token);

#endif
