/*
 * The cluster's certificates, in one folder (…/pki): a CA (EC P-256, ten years) made at first use, and what it signs
 * (one year, made again when less than 30 days are left). Keys are 0600. Several processes may use the folder at once: a
 * lock file orders them.
 *
 *	ca.crt ca.key                          the CA
 *	apiserver.crt apiserver.key            the API server's serving certificate
 *	kubelet-client.crt kubelet-client.key  the API server towards agents (CN kube-apiserver-kubelet-client,
 *	                                       O system:masters)
 *	sa.key                                 signs ServiceAccount tokens
 *
 * Threads: one pki may be used by several threads; files are the only state that changes.
 */
#ifndef KL_PKI_H
#define KL_PKI_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

struct kl_pki;

int kl_pki_open(const char *dir, struct kl_pki **ret, struct kl_err *err);
void kl_pki_free(struct kl_pki *pki); /* accepts NULL */
/* PEM, lives as long as pki. */
const char *kl_pki_ca_pem(const struct kl_pki *pki);

/* A certificate with its key, PEM; owned. */
struct kl_pki_pair {
	char *cert_pem, *key_pem;
};
void kl_pki_pair_release(struct kl_pki_pair *pair);

/*
 * The API server's serving certificate: kept in the folder, made again when it is near its end or lacks one of `sans`
 * (DNS names or addresses, NULL-terminated).
 */
int kl_pki_server(struct kl_pki *pki, const char *const *sans, struct kl_pki_pair *ret, struct kl_err *err);
/* The API server's client certificate towards agents; kept likewise. */
int kl_pki_kubelet_client(struct kl_pki *pki, struct kl_pki_pair *ret, struct kl_err *err);
/* The key that signs ServiceAccount tokens, made at first use; PEM, owned by the caller. */
int kl_pki_token_key(struct kl_pki *pki, char **ret_pem, struct kl_err *err);
/* A fresh client certificate; nothing is kept. orgs NULL-terminated, may be NULL. */
int kl_pki_issue_client(struct kl_pki *pki, const char *common_name, const char *const *orgs, struct kl_pki_pair *ret,
	struct kl_err *err);
/* Files end within 30 days, are unreadable or were signed by another CA. */
bool kl_pki_stale(const struct kl_pki *pki, const char *cert_pem);

/*
 * A kubeconfig with embedded CA, certificate and key: admin has CN kubernetes-admin, O system:masters. Kept as it is
 * when it is still good and names the same server. `cluster` names cluster and context ("keelson", "dev"). Mode 0600.
 */
int kl_pki_admin_kubeconfig(
	struct kl_pki *pki, const char *cluster, const char *server_url, const char *path, struct kl_err *err);
/*
 * What an agent needs, into the folder `out_dir` (made 0700): `kubeconfig` (CN system:node:NAME, O system:nodes),
 * `ca.crt`, `serving.crt` and `serving.key` for its HTTPS endpoint (SANs: the name and `addresses`, NULL-terminated).
 * What is there and still good stays.
 */
int kl_pki_issue_node(struct kl_pki *pki, const char *node, const char *const *addresses, const char *server_url,
	const char *out_dir, struct kl_err *err);

#endif
