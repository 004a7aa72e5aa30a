/*
 * Certificate signing requests (PKCS #10): read, judged by the rules of the signer that is asked for, and signed with the
 * cluster's CA. Reading is pure and fuzzed.
 */
#ifndef KL_CSR_H
#define KL_CSR_H

#include "json.h"
#include "pki.h"

#include <stdint.h>

enum { KL_CSR_NAMES = 64 };
#define KL_SIGNER_CLIENT         "kubernetes.io/kube-apiserver-client"
#define KL_SIGNER_KUBELET_CLIENT "kubernetes.io/kube-apiserver-client-kubelet"
#define KL_SIGNER_KUBELET_SERVER "kubernetes.io/kubelet-serving"

/* What a request says; texts are owned. */
struct kl_csr {
	char *common_name;                                                            /* "" when there is none */
	char *orgs[KL_CSR_NAMES + 1], *dns[KL_CSR_NAMES + 1], *ips[KL_CSR_NAMES + 1]; /* NULL-terminated */
	size_t org_count, dns_count, ip_count;
	bool other_names; /* e-mail addresses, URIs, or something else */
};
/* PEM in, at most 64 KiB; its own signature is checked. -EINVAL. */
int kl_csr_read(const char *pem, size_t len, struct kl_csr *ret, struct kl_err *err);
void kl_csr_release(struct kl_csr *csr);

/*
 * Does a CertificateSigningRequest's spec fit its signer? `csr` is what spec.request holds. -EINVAL with upstream's words
 * when it does not, -ENOENT for a signer that is not one of ours.
 */
int kl_csr_check(const json_t *spec, const struct kl_csr *csr, struct kl_err *err);
/* spec.request, decoded; NULL: it is no base64 or no request. */
char *kl_csr_pem(const json_t *spec, struct kl_csr *ret, struct kl_err *err);

/* Signs what was checked: usages and expirationSeconds as spec says, the latter at most max_seconds. PEM, owned. */
int kl_pki_sign(const struct kl_pki *pki, const char *csr_pem, const json_t *spec, int64_t max_seconds, char **ret_pem,
	struct kl_err *err);

#endif
