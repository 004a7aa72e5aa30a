/* What pki.c lends to kubeconfig.c and csr.c. */
#ifndef KL_PKI_FILES_H
#define KL_PKI_FILES_H

#include "pki.h"

/* dir/base.crt and .key for a server with these SANs: kept while good, made anew otherwise. */
int kl_pki_serving_pair(struct kl_pki *pki, const char *dir, const char *base, const char *common_name,
	const char *const *sans, struct kl_err *err);
/* The CA with its key; lives as long as pki. */
const struct kl_pki_pair *pki_ca(const struct kl_pki *pki);

#endif
