#include "cert.h"

#include "buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKDATE_S 300 /* tolerates clocks that differ a little */

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
#define auto_crt kl_cleanup(free_crt) gnutls_x509_crt_t
#define auto_key kl_cleanup(free_key) gnutls_x509_privkey_t

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text, .size = (unsigned)strlen(text)};
}

static int fail(struct kl_err *err, int rc, const char *what)
{
	return kl_fail_msg(err, EIO, "%s: %s", what, gnutls_strerror(rc));
}

static int import_crt(const char *pem, gnutls_x509_crt_t *ret)
{
	gnutls_datum_t data = datum(pem);
	int rc = gnutls_x509_crt_init(ret);
	return rc < 0 ? rc : gnutls_x509_crt_import(*ret, &data, GNUTLS_X509_FMT_PEM);
}

static int import_key(const char *pem, gnutls_x509_privkey_t *ret)
{
	gnutls_datum_t data = datum(pem);
	int rc = gnutls_x509_privkey_init(ret);
	return rc < 0 ? rc : gnutls_x509_privkey_import(*ret, &data, GNUTLS_X509_FMT_PEM);
}

static int set_subject(gnutls_x509_crt_t crt, const struct kl_cert_request *request)
{
	int rc = 0;
	for (const char *const *org = request->orgs; org && *org && rc >= 0; org++)
		rc = gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, *org, (unsigned)strlen(*org));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, request->common_name,
			(unsigned)strlen(request->common_name));
	return rc;
}

static int set_sans(gnutls_x509_crt_t crt, const char *const *sans)
{
	int rc = 0;
	for (; sans && *sans && rc >= 0; sans++) {
		unsigned char address[16];
		if (inet_pton(AF_INET, *sans, address) == 1)
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
		else if (inet_pton(AF_INET6, *sans, address) == 1)
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
		else
			rc = gnutls_x509_crt_set_subject_alt_name(
				crt, GNUTLS_SAN_DNSNAME, *sans, (unsigned)strlen(*sans), GNUTLS_FSAN_APPEND);
	}
	return rc;
}

static int set_purpose(gnutls_x509_crt_t crt, const struct kl_cert_request *request)
{
	int rc = gnutls_x509_crt_set_basic_constraints(crt, request->ca, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(
			crt, request->ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN | GNUTLS_KEY_DIGITAL_SIGNATURE
					 : GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0 && request->server)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0 && request->client)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return rc;
}

static int set_identity(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, int days)
{
	unsigned char serial[16], key_id[20];
	size_t key_id_len = sizeof(key_id);
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] &= 0x7f; /* a serial number is positive */
	time_t now = time(NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, now - BACKDATE_S);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, now + (time_t)days * 86400);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(crt, key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(crt, 0, key_id, &key_id_len);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_key_id(crt, key_id, key_id_len);
	return rc;
}

static int sign(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const struct kl_pki_pair *issuer)
{
	if (!issuer)
		return gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	auto_crt ca = NULL;
	auto_key ca_key = NULL;
	unsigned char id[64];
	size_t id_len = sizeof(id);
	int rc = import_crt(issuer->cert_pem, &ca);
	if (rc >= 0)
		rc = import_key(issuer->key_pem, &ca_key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_subject_key_id(ca, id, &id_len, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(crt, id, id_len);
	return rc < 0 ? rc : gnutls_x509_crt_sign2(crt, ca, ca_key, GNUTLS_DIG_SHA256, 0);
}

static int export(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct kl_pki_pair *ret)
{
	gnutls_datum_t cert_pem = {0}, key_pem = {0};
	int rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_pem);
	if (rc >= 0)
		rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem);
	if (rc >= 0) {
		ret->cert_pem = kl_strndup((const char *)cert_pem.data, cert_pem.size);
		ret->key_pem = kl_strndup((const char *)key_pem.data, key_pem.size);
	}
	gnutls_free(cert_pem.data);
	gnutls_free(key_pem.data);
	return rc;
}

int kl_cert_make(const struct kl_cert_request *request, const struct kl_pki_pair *issuer, struct kl_pki_pair *ret,
	struct kl_err *err)
{
	auto_crt crt = NULL;
	auto_key key = NULL;
	int rc = gnutls_x509_privkey_init(&key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(
			key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&crt);
	if (rc >= 0)
		rc = set_identity(crt, key, request->days);
	if (rc >= 0)
		rc = set_subject(crt, request);
	if (rc >= 0)
		rc = set_sans(crt, request->sans);
	if (rc >= 0)
		rc = set_purpose(crt, request);
	if (rc >= 0)
		rc = sign(crt, key, issuer);
	if (rc >= 0)
		rc = export(crt, key, ret);
	return rc < 0 ? fail(err, rc, "make a certificate") : 0;
}

static bool covers(gnutls_x509_crt_t crt, const char *san)
{
	unsigned char address[16];
	if (inet_pton(AF_INET, san, address) == 1)
		return gnutls_x509_crt_check_ip(crt, address, 4, 0);
	if (inet_pton(AF_INET6, san, address) == 1)
		return gnutls_x509_crt_check_ip(crt, address, 16, 0);
	return gnutls_x509_crt_check_hostname(crt, san);
}

bool kl_cert_stale(const char *cert_pem, const char *ca_pem, int days, const char *const *sans)
{
	auto_crt crt = NULL, ca = NULL;
	unsigned status = 0;
	if (import_crt(cert_pem, &crt) < 0 || import_crt(ca_pem, &ca) < 0)
		return true;
	if (gnutls_x509_crt_verify(crt, &ca, 1, 0, &status) < 0 || status)
		return true;
	if (gnutls_x509_crt_get_expiration_time(crt) < time(NULL) + (time_t)days * 86400)
		return true;
	for (; sans && *sans; sans++)
		if (!covers(crt, *sans))
			return true;
	return false;
}
