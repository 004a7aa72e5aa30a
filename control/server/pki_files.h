/* What pki.c lends to kubeconfig.c. */
#ifndef KL_PKI_FILES_H
#define KL_PKI_FILES_H

#include "pki.h"

/* dir/base.crt and .key for a server with these SANs: kept while good, made anew otherwise. */
int kl_pki_serving_pair(struct kl_pki *pki, const char *dir, const char *base, const char *common_name,
	const char *const *sans, struct kl_err *err);

#endif
