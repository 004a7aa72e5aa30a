/*
 * How a node comes by its certificates, as kubeadm's join does: it knows the server's address, a bootstrap token and the
 * hash of the CA's public key. It finds the CA by that hash, asks by token for a client certificate (CN system:node:NAME)
 * and with that for a serving certificate, keeps them in a folder, and asks for new ones before they end.
 *
 *	kubeconfig                  0600: the CA, the client certificate and its key
 *	ca.crt                      clients of the agent's endpoint are verified against it
 *	serving.crt serving.key     of the agent's endpoint
 *
 * Blocking; nothing here writes a token or a key anywhere but into that folder.
 */
#ifndef KL_JOIN_H
#define KL_JOIN_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

struct kl_join_options {
	const char *dir;              /* made 0700 */
	const char *server;           /* https://10.0.0.1:6443 */
	const char *token;            /* "abcdef.0123456789abcdef" */
	const char *const *ca_hashes; /* "sha256:HEX" of the CA's SubjectPublicKeyInfo, NULL-terminated: one of them */
	const char *node;
	const char *const *node_ips; /* for the serving certificate; NULL: the address towards the server */
	int timeout_ms;              /* for each answer; 0: a minute */
};

/* Does nothing when the folder holds a client certificate that is still good. */
int kl_join(const struct kl_join_options *options, struct kl_err *err);

/*
 * Renews what is in the folder when 70 to 90 % of its time is over, on a thread of its own, as long as the process lives;
 * `renewed` is called there when new files are in place. A folder without a kubeconfig of ours is left alone.
 */
int kl_join_keep(const char *dir, const char *server, const char *node, const char *const *node_ips,
	void (*renewed)(void *arg), void *arg, struct kl_err *err);

/* "sha256:HEX" of a certificate's public key; owned. NULL: it is no certificate. */
char *kl_join_ca_hash(const char *ca_pem);

#endif
