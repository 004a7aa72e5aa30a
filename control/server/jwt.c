#include "jwt.h"

#include "base64.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE = 32, TOKEN_MAX = 16 * 1024 }; /* bytes of r and of s on P-256 */

struct kl_jwt_key {
	gnutls_privkey_t private_key;
	gnutls_pubkey_t public_key;
	pthread_mutex_t lock; /* GnuTLS does not promise that a key object may be shared */
};

static gnutls_datum_t datum(const void *data, size_t len)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)data, (unsigned)len};
}

int kl_jwt_key_new(const char *key_pem, struct kl_jwt_key **ret, struct kl_err *err)
{
	struct kl_jwt_key *key = kl_calloc(1, sizeof(*key));
	gnutls_datum_t pem = datum(key_pem, strlen(key_pem));
	pthread_mutex_init(&key->lock, NULL);
	int rc = gnutls_privkey_init(&key->private_key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509_raw(key->private_key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_init(&key->public_key);
	if (rc >= 0)
		rc = gnutls_pubkey_import_privkey(key->public_key, key->private_key, GNUTLS_KEY_DIGITAL_SIGNATURE, 0);
	if (rc < 0) {
		kl_jwt_key_free(key);
		return kl_fail_msg(err, EINVAL, "token key: %s", gnutls_strerror(rc));
	}
	*ret = key;
	return 0;
}

void kl_jwt_key_free(struct kl_jwt_key *key)
{
	if (!key)
		return;
	if (key->private_key)
		gnutls_privkey_deinit(key->private_key);
	if (key->public_key)
		gnutls_pubkey_deinit(key->public_key);
	pthread_mutex_destroy(&key->lock);
	free(key);
}

/* --- signatures: JWS wants r and s as 32 bytes each, GnuTLS speaks DER --- */

/* The last 32 bytes of a big-endian number, with zeros before it where it is shorter. */
static void fixed(const gnutls_datum_t *number, unsigned char ret[COORDINATE])
{
	size_t skip = number->size > COORDINATE ? number->size - COORDINATE : 0, len = number->size - skip;
	memset(ret, 0, COORDINATE);
	memcpy(ret + COORDINATE - len, number->data + skip, len);
}

static bool sign(const struct kl_jwt_key *key, const struct kl_buf *text, unsigned char ret[2 * COORDINATE])
{
	gnutls_datum_t data = datum(text->data, text->len), der = {0}, r = {0}, s = {0};
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&key->lock;
	pthread_mutex_lock(lock);
	int rc = gnutls_privkey_sign_data2(key->private_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &der);
	pthread_mutex_unlock(lock);
	if (rc >= 0)
		rc = gnutls_decode_rs_value(&der, &r, &s);
	if (rc >= 0) {
		fixed(&r, ret);
		fixed(&s, ret + COORDINATE);
	}
	gnutls_free(der.data);
	gnutls_free(r.data);
	gnutls_free(s.data);
	return rc >= 0;
}

static bool signed_by(const struct kl_jwt_key *key, const char *text, size_t len, const struct kl_buf *signature)
{
	if (signature->len != 2 * COORDINATE)
		return false;
	gnutls_datum_t data = datum(text, len), der = {0};
	gnutls_datum_t r = datum(signature->data, COORDINATE), s = datum(signature->data + COORDINATE, COORDINATE);
	if (gnutls_encode_rs_value(&der, &r, &s) < 0)
		return false;
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&key->lock;
	pthread_mutex_lock(lock);
	int rc = gnutls_pubkey_verify_data2(key->public_key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &der);
	pthread_mutex_unlock(lock);
	gnutls_free(der.data);
	return rc >= 0;
}

/* --- tokens --- */

char *kl_jwt_sign(const struct kl_jwt_key *key, const json_t *claims)
{
	static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
	kl_autobuf body = {0};
	struct kl_buf token = {0};
	unsigned char signature[2 * COORDINATE];
	kl_json_dump(claims, &body);
	kl_base64_encode(&token, header, sizeof(header) - 1, KL_BASE64_URL);
	kl_buf_char(&token, '.');
	kl_base64_encode(&token, body.data, body.len, KL_BASE64_URL);
	if (!sign(key, &token, signature))
		abort(); /* the key was checked when it was loaded */
	kl_buf_char(&token, '.');
	kl_base64_encode(&token, signature, sizeof(signature), KL_BASE64_URL);
	return kl_buf_take(&token);
}

static json_t *decode_json(const char *text, size_t len)
{
	kl_autobuf buf = {0};
	return kl_base64_decode(&buf, text, len, KL_BASE64_URL) == 0 ? kl_json_parse(kl_buf_str(&buf), buf.len, NULL) : NULL;
}

json_t *kl_jwt_verify(const struct kl_jwt_key *key, const char *token)
{
	const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	if (!second || strlen(token) > TOKEN_MAX)
		return NULL;
	kl_autojson *header = decode_json(token, (size_t)(first - token));
	kl_autobuf signature = {0};
	if (strcmp(kl_json_str(header, "alg", NULL), "ES256") != 0 ||
		kl_base64_decode(&signature, second + 1, strlen(second + 1), KL_BASE64_URL) < 0 ||
		!signed_by(key, token, (size_t)(second - token), &signature))
		return NULL;
	return decode_json(first + 1, (size_t)(second - first - 1));
}
