/* What the files of this folder share: not for others. */
#ifndef KL_JOIN_IMPL_H
#define KL_JOIN_IMPL_H

#include "client.h"
#include "join.h"

/* --- discover.c: the CA whose public key has one of these hashes, from the server's own certificate chain */
int discover_ca(const struct kl_join_options *options, char **ret_ca_pem, char **ret_own_ip, struct kl_err *err);

/* --- request.c: one certificate, asked for and waited for */
enum purpose { PURPOSE_CLIENT, PURPOSE_SERVING };
struct certificate {
	char *cert_pem, *key_pem;
};
void certificate_release(struct certificate *certificate);
/* -EAGAIN: nobody has approved it within timeout_ms. */
int certificate_ask(const struct kl_kubeconfig *config, enum purpose purpose, const char *node, const char *const *ips,
	int timeout_ms, struct certificate *ret, struct kl_err *err);

/* --- files.c */
/* Seconds until a certificate should be renewed, at a point between 70 and 90 % of its time; < 0: it is over. */
bool certificate_times(const char *cert_pem, int64_t *ret_renew_s, int64_t *ret_left_s);
int save_client(
	const char *dir, const char *server, const char *ca_pem, const struct certificate *client, struct kl_err *err);
int save_serving(const char *dir, const struct certificate *serving, struct kl_err *err);
char *load_file(const char *dir, const char *name); /* NULL: none */

#endif
