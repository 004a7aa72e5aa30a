/* A CertificateSigningRequest holds a readable request, and nobody asks to become an administrator by one. */
#include "csr.h"
#include "registry_impl.h"

#include <string.h>

static int unreadable(struct kl_op *op, const json_t *request, const char *why)
{
	struct kl_status *st = &op->response->status;
	const char *name = kl_json_str(request, "metadata", "name", NULL);
	kl_status_set(st, 422, "Invalid",
		"CertificateSigningRequest.certificates.k8s.io \"%s\" is invalid: spec.request: "
		"Invalid value: %s",
		name, why);
	kl_status_cause(st, "FieldValueInvalid", "spec.request", "Invalid value: %s", why);
	return -1;
}

int admit_csr(struct kl_op *op, const json_t *request)
{
	static const char why[] = "use of " KL_SIGNER_CLIENT " signer with system:masters group is not allowed";
	const json_t *spec = json_object_get(request, "spec");
	struct kl_csr csr = {0};
	struct kl_err err = {0};
	bool masters = false;
	kl_autofree char *pem = kl_csr_pem(spec, &csr, &err);
	if (!pem)
		return unreadable(op, request, err.text);
	for (size_t i = 0; i < csr.org_count; i++)
		masters |= !strcmp(csr.orgs[i], "system:masters");
	kl_csr_release(&csr);
	if (!masters || strcmp(kl_json_str(spec, "signerName", NULL), KL_SIGNER_CLIENT) != 0)
		return 0;
	const char *name = kl_json_str(request, "metadata", "name", NULL);
	return kl_status_set(&op->response->status, 403, "Forbidden",
		"certificatesigningrequests.certificates.k8s.io \"%s\" is forbidden: %s", name, why);
}
