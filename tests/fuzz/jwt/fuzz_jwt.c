/*
 * Bearer tokens: any text, as a JWT and as a bootstrap token; and any claims, which must come back as they were signed.
 */
#include "auth.h"
#include "cert.h"
#include "jwt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kl_jwt_key *key_once(void)
{
	static struct kl_jwt_key *key;
	struct kl_pki_pair pair = {0};
	if (key)
		return key;
	if (kl_cert_make(&(struct kl_cert_request){.common_name = "fuzz", .days = 1}, NULL, &pair, NULL) < 0 ||
		kl_jwt_key_new(pair.key_pem, &key, NULL) < 0)
		abort();
	kl_pki_pair_release(&pair);
	return key;
}

static void sign_and_verify(const char *text, size_t len)
{
	kl_autojson *claims = kl_json_parse(text, len, NULL);
	if (!json_is_object(claims))
		return;
	kl_autofree char *token = kl_jwt_sign(key_once(), claims);
	kl_autojson *back = kl_jwt_verify(key_once(), token);
	if (strlen(token) <= 16 * 1024 && (!back || !json_equal(back, claims)))
		abort();
	token[strlen(token) / 2] ^= 1; /* some character of it is another: no longer good */
	json_t *forged = kl_jwt_verify(key_once(), token);
	if (forged)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kl_autofree char *text = kl_strndup(size ? (const char *)data : "", size);
	kl_autojson *claims = kl_jwt_verify(key_once(), text);
	if (claims)
		abort(); /* nobody guesses a signature */
	if (kl_bootstrap_token_valid(text) && strlen(text) != 23)
		abort();
	sign_and_verify((const char *)data, size);
	return 0;
}
