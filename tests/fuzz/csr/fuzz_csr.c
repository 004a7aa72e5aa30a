/*
 * PEM and certificate requests: any bytes as a request's PEM; the same as DER in a frame made here, so that more than the
 * frame is reached; and as certificates, where a kubeconfig's or a folder's are looked at. What is read is judged by every
 * signer.
 */
#include "cert.h"
#include "csr.h"

#include "base64.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct kl_csr *csr)
{
	static const char *const signers[] = {
		KL_SIGNER_CLIENT, KL_SIGNER_KUBELET_CLIENT, KL_SIGNER_KUBELET_SERVER, "x"};
	if (!csr->common_name || csr->org_count > KL_CSR_NAMES || csr->dns_count > KL_CSR_NAMES ||
		csr->ip_count > KL_CSR_NAMES)
		abort();
	for (size_t i = 0; i < KL_ARRAY_LEN(signers); i++) {
		kl_autojson *spec = json_pack(
			"{s:s, s:[s, s]}", "signerName", signers[i], "usages", "digital signature", "client auth");
		kl_csr_check(spec, csr, NULL);
	}
}

static void read_one(const char *pem, size_t len)
{
	struct kl_csr csr = {0};
	if (kl_csr_read(pem, len, &csr, NULL) == 0)
		judge(&csr);
	kl_csr_release(&csr);
}

static void framed(const char *what, const uint8_t *data, size_t size, struct kl_buf *buf)
{
	kl_buf_printf(buf, "-----BEGIN %s-----\n", what);
	kl_base64_encode(buf, data, size, 0);
	kl_buf_printf(buf, "\n-----END %s-----\n", what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kl_autofree char *text = kl_strndup((const char *)data, size);
	kl_autobuf request = {0}, certificate = {0};
	read_one((const char *)data, size);
	framed("CERTIFICATE REQUEST", data, size, &request);
	read_one(request.data, request.len);
	framed("CERTIFICATE", data, size, &certificate);
	kl_cert_stale(text, text, 30, NULL);
	kl_cert_stale(
		kl_buf_str(&certificate), kl_buf_str(&certificate), 30, (const char *const[]){"a.b", "10.0.0.1", NULL});
	return 0;
}
