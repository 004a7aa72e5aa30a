/*
 * Bootstrap tokens, as kubeadm's: "ID.SECRET", kept as a Secret of type bootstrap.kubernetes.io/token in kube-system. Who
 * shows one may ask for a node's certificate, and nothing else. And who may read which CertificateSigningRequest.
 */
#include "auth.h"

#include "base64.h"
#include "clock.h"

#include <stdlib.h>
#include <string.h>

enum { ID_LEN = 6, SECRET_LEN = 16 };
#define BOOTSTRAPPERS "system:bootstrappers"

bool kl_bootstrap_token_valid(const char *text)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	return strspn(text, characters) == ID_LEN && text[ID_LEN] == '.' &&
	       strspn(text + ID_LEN + 1, characters) == SECRET_LEN && !text[ID_LEN + 1 + SECRET_LEN];
}

/* A Secret's value as text; NULL: absent, or no text. */
static char *value_of(const json_t *secret, const char *key)
{
	const char *coded = kl_json_str_or_null(secret, "data", key, NULL);
	kl_autobuf buf = {0};
	if (!coded || kl_base64_decode(&buf, coded, strlen(coded), KL_BASE64_LINES) < 0 ||
		(buf.len && memchr(buf.data, '\0', buf.len)))
		return NULL;
	return buf.len ? kl_buf_take(&buf) : kl_strdup("");
}

static bool is_value(const json_t *secret, const char *key, const char *wanted)
{
	kl_autofree char *value = value_of(secret, key);
	return value && !strcmp(value, wanted);
}

/* Takes as long for a wrong secret as for the right one. */
static bool equal_in_constant_time(const char *a, const char *b, size_t len)
{
	unsigned char difference = 0;
	for (size_t i = 0; i < len; i++)
		difference = (unsigned char)(difference | (a[i] ^ b[i]));
	return !difference;
}

static bool expired(const json_t *secret)
{
	int64_t until_ms;
	kl_autofree char *text = value_of(secret, "expiration");
	return text && *text && (kl_time_parse(text, &until_ms) < 0 || until_ms <= kl_realtime_ms());
}

static bool good(const json_t *secret, const char *token)
{
	kl_autofree char *id = kl_strndup(token, ID_LEN), *kept = value_of(secret, "token-secret");
	return !strcmp(kl_json_str(secret, "type", NULL), "bootstrap.kubernetes.io/token") &&
	       !kl_json_get(secret, "metadata", "deletionTimestamp", NULL) && is_value(secret, "token-id", id) &&
	       kept && strlen(kept) == SECRET_LEN && equal_in_constant_time(kept, token + ID_LEN + 1, SECRET_LEN) &&
	       is_value(secret, "usage-bootstrap-authentication", "true") && !expired(secret);
}

/* auth-extra-groups: those that begin with system:bootstrappers: count, as upstream has it. */
static void add_groups(const json_t *secret, struct kl_token_user *user)
{
	size_t count = 0;
	user->groups[count++] = kl_strdup(BOOTSTRAPPERS);
	user->groups[count++] = kl_strdup("system:authenticated");
	kl_autofree char *extra = value_of(secret, "auth-extra-groups");
	char *rest = extra;
	for (char *group; (group = strsep(&rest, ",")) && count + 1 < KL_ARRAY_LEN(user->groups);)
		if (!strncmp(group, BOOTSTRAPPERS ":", strlen(BOOTSTRAPPERS ":")))
			user->groups[count++] = kl_strdup(group);
}

bool kl_bootstrap_token_check(struct kl_store *store, const char *token, struct kl_token_user *ret)
{
	if (!kl_bootstrap_token_valid(token))
		return false;
	kl_autofree char *name = kl_asprintf("bootstrap-token-%.*s", ID_LEN, token);
	struct kl_object *obj = kl_store_get(store, kl_kind_named("", "Secret"), "kube-system", name);
	kl_autojson *secret = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	if (!secret || !good(secret, token))
		return false;
	*ret = (struct kl_token_user){.name = kl_asprintf("system:bootstrap:%.*s", ID_LEN, token)};
	add_groups(secret, ret);
	return true;
}

/* --- CertificateSigningRequests --- */

static bool own_request(const struct kl_access *a)
{
	struct kl_object *obj = kl_store_get(a->store, a->kind, "", a->resource->name);
	if (!obj)
		return true; /* the answer will be 404 */
	kl_autojson *request = kl_object_parse(obj);
	kl_object_unref(obj);
	return !strcmp(kl_json_str(request, "spec", "username", NULL), a->user->name);
}

bool kl_auth_csr_may(const struct kl_access *a)
{
	if (!a->resource || !a->kind || a->resource->subresource || a->resource->watch ||
		strcmp(a->resource->resource, "certificatesigningrequests") != 0 ||
		strcmp(a->resource->group, "certificates.k8s.io") != 0)
		return false;
	if (!kl_auth_in_group(a->user, BOOTSTRAPPERS) && !kl_auth_in_group(a->user, "system:nodes"))
		return false;
	if (!strcmp(a->method, "POST"))
		return !a->resource->name;
	return kl_auth_reads(a) && a->resource->name && own_request(a);
}
