#include "csr.h"

#include "base64.h"
#include "pki_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEM_MAX = 64 * 1024, NAME_MAX_LEN = 256, RSA_MIN = 2048, BACKDATE_S = 300 }; /* clocks differ a little */

static void free_crq(gnutls_x509_crq_t *crq)
{
	if (*crq)
		gnutls_x509_crq_deinit(*crq);
}
#define auto_crq kl_cleanup(free_crq) gnutls_x509_crq_t

static int import_crq(const char *pem, size_t len, gnutls_x509_crq_t *ret)
{
	gnutls_datum_t data = {(unsigned char *)(uintptr_t)pem, (unsigned)len};
	int rc = gnutls_x509_crq_init(ret);
	return rc < 0 ? rc : gnutls_x509_crq_import(*ret, &data, GNUTLS_X509_FMT_PEM);
}

void kl_csr_release(struct kl_csr *csr)
{
	free(csr->common_name);
	for (size_t i = 0; i < KL_CSR_NAMES; i++) {
		free(csr->orgs[i]);
		free(csr->dns[i]);
		free(csr->ips[i]);
	}
	*csr = (struct kl_csr){0};
}

static int too_many(struct kl_err *err)
{
	return kl_fail_msg(err, EINVAL, "the certificate request has more than %d names of a kind", KL_CSR_NAMES);
}

/* --- the subject: nothing but one CN and any number of O --- */

static int take_part(gnutls_x509_crq_t crq, const char *oid, unsigned index, char **ret, struct kl_err *err)
{
	char text[NAME_MAX_LEN];
	size_t len = sizeof(text);
	int rc = gnutls_x509_crq_get_dn_by_oid(crq, oid, index, 0, text, &len);
	if (rc < 0 || memchr(text, '\0', len))
		return kl_fail_msg(err, EINVAL, "the certificate request's subject cannot be read");
	*ret = kl_strndup(text, len);
	return 0;
}

static int read_subject(gnutls_x509_crq_t crq, struct kl_csr *csr, struct kl_err *err)
{
	for (unsigned i = 0;; i++) {
		char oid[64];
		size_t len = sizeof(oid);
		int rc = gnutls_x509_crq_get_dn_oid(crq, i, oid, &len);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		bool name = rc >= 0 && !strcmp(oid, GNUTLS_OID_X520_COMMON_NAME) && !csr->common_name;
		bool org = rc >= 0 && !strcmp(oid, GNUTLS_OID_X520_ORGANIZATION_NAME);
		if (!name && !org)
			return kl_fail_msg(err, EINVAL, "the certificate request's subject has more than a CN and Os");
		if (org && csr->org_count == KL_CSR_NAMES)
			return too_many(err);
		rc = name ? take_part(crq, oid, 0, &csr->common_name, err)
			  : take_part(crq, oid, (unsigned)csr->org_count, &csr->orgs[csr->org_count], err);
		if (rc < 0)
			return rc;
		csr->org_count += org;
	}
	if (!csr->common_name)
		csr->common_name = kl_strdup("");
	return 0;
}

/* --- other names --- */

static int add_ip(struct kl_csr *csr, const void *address, size_t len, struct kl_err *err)
{
	char text[INET6_ADDRSTRLEN];
	if (csr->ip_count == KL_CSR_NAMES)
		return too_many(err);
	if ((len != 4 && len != 16) || !inet_ntop(len == 4 ? AF_INET : AF_INET6, address, text, sizeof(text)))
		return kl_fail_msg(err, EINVAL, "the certificate request has an address of %zu bytes", len);
	csr->ips[csr->ip_count++] = kl_strdup(text);
	return 0;
}

static int add_dns(struct kl_csr *csr, const char *text, size_t len, struct kl_err *err)
{
	if (csr->dns_count == KL_CSR_NAMES)
		return too_many(err);
	if (memchr(text, '\0', len))
		return kl_fail_msg(err, EINVAL, "the certificate request has a name with a NUL byte");
	csr->dns[csr->dns_count++] = kl_strndup(text, len);
	return 0;
}

static int read_names(gnutls_x509_crq_t crq, struct kl_csr *csr, struct kl_err *err)
{
	for (unsigned i = 0;; i++) {
		char data[NAME_MAX_LEN];
		size_t len = sizeof(data);
		unsigned type = 0;
		int rc = gnutls_x509_crq_get_subject_alt_name(crq, i, data, &len, &type, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return 0;
		if (rc < 0)
			return kl_fail_msg(err, EINVAL, "the certificate request's names: %s", gnutls_strerror(rc));
		rc = type == GNUTLS_SAN_IPADDRESS ? add_ip(csr, data, len, err)
		     : type == GNUTLS_SAN_DNSNAME ? add_dns(csr, data, strnlen(data, len), err)
						  : 0;
		csr->other_names |= type != GNUTLS_SAN_IPADDRESS && type != GNUTLS_SAN_DNSNAME;
		if (rc < 0)
			return rc;
	}
}

int kl_csr_read(const char *pem, size_t len, struct kl_csr *ret, struct kl_err *err)
{
	auto_crq crq = NULL;
	struct kl_csr csr = {0};
	if (len > PEM_MAX)
		return kl_fail_msg(err, EINVAL, "the certificate request is longer than %d bytes", PEM_MAX);
	int rc = import_crq(pem, len, &crq);
	if (rc < 0)
		return kl_fail_msg(err, EINVAL, "the certificate request: %s", gnutls_strerror(rc));
	rc = gnutls_x509_crq_verify(crq, 0);
	if (rc < 0)
		return kl_fail_msg(err, EINVAL, "the certificate request's signature: %s", gnutls_strerror(rc));
	unsigned bits = 0;
	int algorithm = gnutls_x509_crq_get_pk_algorithm(crq, &bits);
	if (algorithm == GNUTLS_PK_RSA && bits < RSA_MIN)
		return kl_fail_msg(err, EINVAL, "the certificate request's RSA key has fewer than %d bits", RSA_MIN);
	rc = read_subject(crq, &csr, err);
	if (rc == 0)
		rc = read_names(crq, &csr, err);
	if (rc < 0)
		kl_csr_release(&csr);
	else
		*ret = csr;
	return rc;
}

char *kl_csr_pem(const json_t *spec, struct kl_csr *ret, struct kl_err *err)
{
	const char *request = kl_json_str(spec, "request", NULL);
	kl_autobuf pem = {0};
	if (strlen(request) > 2 * PEM_MAX || kl_base64_decode(&pem, request, strlen(request), KL_BASE64_LINES) < 0) {
		kl_fail_msg(err, EINVAL, "spec.request is no base64, or too long");
		return NULL;
	}
	return kl_csr_read(kl_buf_str(&pem), pem.len, ret, err) < 0 ? NULL : kl_buf_take(&pem);
}

/* --- the signers' rules --- */

/* Each usage must be in `allowed` or `required`, and all of `required` be there. */
static bool usages_are(const json_t *usages, const char *const *required, const char *const *allowed)
{
	size_t i, found = 0, wanted = 0;
	json_t *usage;
	while (required[wanted])
		wanted++;
	json_array_foreach (usages, i, usage) {
		const char *text = json_string_value(usage) ?: "";
		bool known = false;
		for (size_t k = 0; required[k]; k++)
			if (!strcmp(required[k], text)) {
				found++;
				known = true;
			}
		for (size_t k = 0; allowed[k]; k++)
			known |= !strcmp(allowed[k], text);
		if (!known)
			return false;
	}
	return found == wanted;
}

static int refuse(struct kl_err *err, const char *why)
{
	return kl_fail_msg(err, EINVAL, "%s", why);
}

static int check_node_name(const struct kl_csr *csr, struct kl_err *err)
{
	if (csr->org_count != 1 || strcmp(csr->orgs[0], "system:nodes") != 0)
		return refuse(err, "subject organization is not system:nodes");
	if (strncmp(csr->common_name, "system:node:", strlen("system:node:")) != 0 ||
		!csr->common_name[strlen("system:node:")])
		return refuse(err, "subject common name does not begin with system:node:");
	return csr->other_names ? refuse(err, "email and URI subjectAltNames are not allowed") : 0;
}

static int check_kubelet_client(const json_t *usages, const struct kl_csr *csr, struct kl_err *err)
{
	static const char *const required[] = {"digital signature", "client auth", NULL}, *const allowed[] = {
												  "key encipherment",
												  NULL};
	int rc = check_node_name(csr, err);
	if (rc < 0)
		return rc;
	if (csr->dns_count || csr->ip_count)
		return refuse(err, "DNS and IP subjectAltNames are not allowed");
	return usages_are(usages, required, allowed)
		       ? 0
		       : refuse(err, "usages did not match [client auth digital signature]");
}

static int check_kubelet_server(const json_t *usages, const struct kl_csr *csr, struct kl_err *err)
{
	static const char *const required[] = {"digital signature", "server auth", NULL}, *const allowed[] = {
												  "key encipherment",
												  NULL};
	int rc = check_node_name(csr, err);
	if (rc < 0)
		return rc;
	if (!csr->dns_count && !csr->ip_count)
		return refuse(err, "DNS or IP subjectAltName is required");
	return usages_are(usages, required, allowed)
		       ? 0
		       : refuse(err, "usages did not match [digital signature server auth]");
}

static int check_client(const json_t *usages, const struct kl_csr *csr, struct kl_err *err)
{
	static const char *const required[] = {"client auth", NULL}, *const allowed[] = {"digital signature",
									     "key encipherment", NULL};
	for (size_t i = 0; i < csr->org_count; i++)
		if (!strcmp(csr->orgs[i], "system:masters"))
			return refuse(
				err, "use of " KL_SIGNER_CLIENT " signer with system:masters group is not allowed");
	return usages_are(usages, required, allowed) ? 0 : refuse(err, "usages did not match [client auth]");
}

int kl_csr_check(const json_t *spec, const struct kl_csr *csr, struct kl_err *err)
{
	static const struct {
		const char *signer;
		int (*check)(const json_t *usages, const struct kl_csr *csr, struct kl_err *err);
	} signers[] = {
		{KL_SIGNER_CLIENT, check_client},
		{KL_SIGNER_KUBELET_CLIENT, check_kubelet_client},
		{KL_SIGNER_KUBELET_SERVER, check_kubelet_server},
	};
	const char *signer = kl_json_str(spec, "signerName", NULL);
	for (size_t i = 0; i < KL_ARRAY_LEN(signers); i++)
		if (!strcmp(signer, signers[i].signer))
			return signers[i].check(json_object_get(spec, "usages"), csr, err);
	return kl_fail_msg(err, ENOENT, "'%s' is no signer of this server", signer);
}

/* --- signing --- */

static void free_crt(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
}

static void free_key(gnutls_x509_privkey_t *key)
{
	if (*key)
		gnutls_x509_privkey_deinit(*key);
}

static void free_pubkey(gnutls_pubkey_t *key)
{
	if (*key)
		gnutls_pubkey_deinit(*key);
}
#define auto_crt    kl_cleanup(free_crt) gnutls_x509_crt_t
#define auto_key    kl_cleanup(free_key) gnutls_x509_privkey_t
#define auto_pubkey kl_cleanup(free_pubkey) gnutls_pubkey_t

static bool has_usage(const json_t *spec, const char *usage)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(spec, "usages"), i, item)
		if (!strcmp(json_string_value(item) ?: "", usage))
			return true;
	return false;
}

/* Only what was read and checked is written: no extension of the request's own gets in. */
static int set_names(gnutls_x509_crt_t crt, const struct kl_csr *csr)
{
	int rc = 0;
	for (size_t i = 0; i < csr->org_count && rc >= 0; i++)
		rc = gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, csr->orgs[i], (unsigned)strlen(csr->orgs[i]));
	if (rc >= 0 && *csr->common_name)
		rc = gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_COMMON_NAME, 0, csr->common_name, (unsigned)strlen(csr->common_name));
	for (size_t i = 0; i < csr->dns_count && rc >= 0; i++)
		rc = gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_DNSNAME, csr->dns[i], (unsigned)strlen(csr->dns[i]), GNUTLS_FSAN_APPEND);
	for (size_t i = 0; i < csr->ip_count && rc >= 0; i++) {
		unsigned char address[16];
		bool v4 = inet_pton(AF_INET, csr->ips[i], address) == 1;
		if (!v4)
			inet_pton(AF_INET6, csr->ips[i], address);
		rc = gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_IPADDRESS, address, v4 ? 4 : 16, GNUTLS_FSAN_APPEND);
	}
	return rc;
}

static int set_usages(gnutls_x509_crt_t crt, const json_t *spec)
{
	unsigned usage = (has_usage(spec, "digital signature") ? GNUTLS_KEY_DIGITAL_SIGNATURE : 0) |
			 (has_usage(spec, "key encipherment") ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0);
	int rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (rc >= 0 && usage)
		rc = gnutls_x509_crt_set_key_usage(crt, usage);
	if (rc >= 0 && has_usage(spec, "client auth"))
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (rc >= 0 && has_usage(spec, "server auth"))
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	return rc;
}

static int set_identity(gnutls_x509_crt_t crt, gnutls_x509_crq_t crq, int64_t seconds)
{
	auto_pubkey key = NULL;
	unsigned char serial[16], id[20];
	size_t id_len = sizeof(id);
	time_t now = time(NULL);
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] &= 0x7f; /* a serial number is positive */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, now - (time_t)(seconds < 3600 ? seconds / 12 : BACKDATE_S));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, now + (time_t)seconds);
	if (rc >= 0)
		rc = gnutls_pubkey_init(&key);
	if (rc >= 0)
		rc = gnutls_pubkey_import_x509_crq(key, crq, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_pubkey(crt, key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(crt, 0, id, &id_len);
	return rc < 0 ? rc : gnutls_x509_crt_set_subject_key_id(crt, id, id_len);
}

static int sign(gnutls_x509_crt_t crt, const struct kl_pki_pair *ca, char **ret_pem)
{
	auto_crt issuer = NULL;
	auto_key key = NULL;
	unsigned char id[64];
	size_t id_len = sizeof(id);
	gnutls_datum_t cert_pem = {(unsigned char *)ca->cert_pem, (unsigned)strlen(ca->cert_pem)},
		       key_pem = {(unsigned char *)ca->key_pem, (unsigned)strlen(ca->key_pem)}, out = {0};
	int rc = gnutls_x509_crt_init(&issuer);
	if (rc >= 0)
		rc = gnutls_x509_crt_import(issuer, &cert_pem, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_x509_privkey_init(&key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_import(key, &key_pem, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_subject_key_id(issuer, id, &id_len, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(crt, id, id_len);
	if (rc >= 0)
		rc = gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out);
	if (rc >= 0)
		*ret_pem = kl_strndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return rc;
}

int kl_pki_sign(const struct kl_pki *pki, const char *csr_pem, const json_t *spec, int64_t max_seconds, char **ret_pem,
	struct kl_err *err)
{
	auto_crq crq = NULL;
	auto_crt crt = NULL;
	struct kl_csr csr = {0};
	int64_t wanted = kl_json_int(spec, 0, "expirationSeconds", NULL);
	int rc = kl_csr_read(csr_pem, strlen(csr_pem), &csr, err);
	if (rc < 0)
		return rc;
	rc = import_crq(csr_pem, strlen(csr_pem), &crq);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&crt);
	if (rc >= 0)
		rc = set_identity(crt, crq, wanted > 0 && wanted < max_seconds ? wanted : max_seconds);
	if (rc >= 0)
		rc = set_names(crt, &csr);
	if (rc >= 0)
		rc = set_usages(crt, spec);
	if (rc >= 0)
		rc = sign(crt, pki_ca(pki), ret_pem);
	kl_csr_release(&csr);
	return rc < 0 ? kl_fail_msg(err, EIO, "sign a certificate: %s", gnutls_strerror(rc)) : 0;
}
