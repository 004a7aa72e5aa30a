/* One X.509 certificate: made, signed, looked at. PEM in, PEM out; pure but for the clock and the random numbers. */
#ifndef KL_CERT_H
#define KL_CERT_H

#include "pki.h"

struct kl_cert_request {
	const char *common_name;
	const char *const *orgs; /* NULL-terminated; may be NULL */
	const char *const *sans; /* DNS names or addresses, NULL-terminated; may be NULL */
	bool ca, server, client; /* what it is for */
	int days;
};
/* Signed by `issuer`, or by itself when that is NULL. */
int kl_cert_make(const struct kl_cert_request *request, const struct kl_pki_pair *issuer, struct kl_pki_pair *ret,
	struct kl_err *err);
/* True unless it is readable, signed by ca_pem, good for `days` more and covers every one of sans (NULL: none). */
bool kl_cert_stale(const char *cert_pem, const char *ca_pem, int days, const char *const *sans);

#endif
