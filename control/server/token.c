#include "token.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

/* Upstream's bounds of a token's life. */
enum { MIN_SECONDS = 600, DEFAULT_SECONDS = 3600, LEEWAY_S = 10 };
#define MAX_SECONDS (1LL << 32)

static int invalid(struct kl_status *st, const char *field, const char *why)
{
	kl_status_set(st, 422, "Invalid", "TokenRequest.authentication.k8s.io \"\" is invalid: %s: %s", field, why);
	kl_status_cause(st, "FieldValueInvalid", field, "%s", why);
	return -1;
}

/* The pod, node or secret that the token shall die with; NULL and 0: none. */
static int bound_object(struct kl_store *store, const struct kl_object *account, const json_t *request,
	struct kl_object **ret, struct kl_status *st)
{
	const json_t *ref = kl_json_get(request, "spec", "boundObjectRef", NULL);
	*ret = NULL;
	if (!json_is_object(ref))
		return 0;
	const char *kind = kl_json_str(ref, "kind", NULL), *name = kl_json_str(ref, "name", NULL),
		   *uid = kl_json_str(ref, "uid", NULL);
	bool pod = !strcmp(kind, "Pod"), secret = !strcmp(kind, "Secret"), node = !strcmp(kind, "Node");
	if (!pod && !secret && !node)
		return invalid(st, "spec.boundObjectRef.kind", "cannot bind token to object of this kind");
	struct kl_object *obj = kl_store_get(store, kl_kind_named("", kind), node ? "" : account->ns, name);
	if (!obj || (*uid && strcmp(uid, obj->uid) != 0)) {
		kl_object_unref(obj);
		return kl_status_not_found(st, "", pod ? "pods" : secret ? "secrets" : "nodes", name);
	}
	*ret = obj;
	return 0;
}

static json_t *reference(const char *name, const char *uid)
{
	return json_pack("{s:s, s:s}", "name", name, "uid", uid);
}

static json_t *make_claims(const struct kl_object *account, const struct kl_object *bound, const json_t *audiences,
	int64_t now_s, int64_t seconds)
{
	kl_autofree char *subject = kl_asprintf("system:serviceaccount:%s:%s", account->ns, account->name);
	json_t *own = json_pack(
		"{s:s, s:o}", "namespace", account->ns, "serviceaccount", reference(account->name, account->uid));
	if (bound)
		json_object_set_new(own,
			!strcmp(bound->kind->kind, "Pod")    ? "pod"
			: !strcmp(bound->kind->kind, "Node") ? "node"
							     : "secret",
			reference(bound->name, bound->uid));
	return json_pack("{s:O, s:I, s:I, s:s, s:o, s:I, s:s}", "aud", audiences, "exp", (json_int_t)(now_s + seconds),
		"iat", (json_int_t)now_s, "iss", KL_TOKEN_ISSUER, "kubernetes.io", own, "nbf", (json_int_t)now_s, "sub",
		subject);
}

int kl_token_issue(const struct kl_jwt_key *key, struct kl_store *store, const struct kl_object *account,
	json_t *request, struct kl_status *st)
{
	struct kl_object *bound;
	json_t *spec = kl_json_ensure(request, "spec", NULL);
	int64_t seconds = kl_json_int(spec, DEFAULT_SECONDS, "expirationSeconds", NULL);
	if (seconds < MIN_SECONDS)
		return invalid(st, "spec.expirationSeconds", "may not specify a duration less than 10 minutes");
	if (seconds > MAX_SECONDS)
		return invalid(st, "spec.expirationSeconds", "may not specify a duration larger than 2^32 seconds");
	if (bound_object(store, account, request, &bound, st) < 0)
		return -1;
	if (!json_array_size(json_object_get(spec, "audiences")))
		json_object_set_new(spec, "audiences", json_pack("[s]", KL_TOKEN_ISSUER));
	int64_t now_s = kl_realtime_ms() / 1000;
	char until[KL_TIME_TEXT];
	kl_time_format(now_s + seconds, until);
	kl_autojson *claims = make_claims(account, bound, json_object_get(spec, "audiences"), now_s, seconds);
	kl_object_unref(bound);
	kl_autofree char *token = kl_jwt_sign(key, claims);
	json_object_set_new(spec, "expirationSeconds", json_integer((json_int_t)seconds));
	json_object_set_new(request, "status", json_pack("{s:s, s:s}", "token", token, "expirationTimestamp", until));
	return 0;
}

/* --- checking --- */

static bool has_audience(const json_t *claims, const char *audience)
{
	size_t i;
	json_t *item;
	json_array_foreach (json_object_get(claims, "aud"), i, item)
		if (!strcmp(json_string_value(item) ?: "", audience))
			return true;
	return false;
}

static bool in_its_time(const json_t *claims)
{
	int64_t now_s = kl_realtime_ms() / 1000;
	return kl_json_int(claims, 0, "exp", NULL) > now_s &&
	       kl_json_int(claims, INT64_MAX, "nbf", NULL) <= now_s + LEEWAY_S;
}

/* The object is still the one that the token was made for. */
static bool still_there(struct kl_store *store, const char *kind, const char *ns, const json_t *ref)
{
	if (!ref)
		return true;
	struct kl_object *obj = kl_store_get(store, kl_kind_named("", kind), ns, kl_json_str(ref, "name", NULL));
	bool same = obj && !strcmp(obj->uid, kl_json_str(ref, "uid", NULL));
	kl_object_unref(obj);
	return same;
}

void kl_token_user_release(struct kl_token_user *user)
{
	free(user->name);
	free(user->uid);
	for (size_t i = 0; i < KL_ARRAY_LEN(user->groups); i++)
		free(user->groups[i]);
	*user = (struct kl_token_user){0};
}

bool kl_token_check(const struct kl_jwt_key *key, struct kl_store *store, const char *token, const char *audience,
	struct kl_token_user *ret)
{
	kl_autojson *claims = kl_jwt_verify(key, token);
	const json_t *own = json_object_get(claims, "kubernetes.io"), *account = json_object_get(own, "serviceaccount");
	const char *ns = kl_json_str(own, "namespace", NULL);
	if (!claims || !account || strcmp(kl_json_str(claims, "iss", NULL), KL_TOKEN_ISSUER) != 0 ||
		!in_its_time(claims) || !has_audience(claims, audience ? audience : KL_TOKEN_ISSUER))
		return false;
	if (!still_there(store, "ServiceAccount", ns, account) ||
		!still_there(store, "Pod", ns, json_object_get(own, "pod")) ||
		!still_there(store, "Secret", ns, json_object_get(own, "secret")) ||
		!still_there(store, "Node", "", json_object_get(own, "node")))
		return false;
	*ret = (struct kl_token_user){
		.name = kl_strdup(kl_json_str(claims, "sub", NULL)),
		.uid = kl_strdup(kl_json_str(account, "uid", NULL)),
		.groups = {kl_strdup("system:serviceaccounts"), kl_asprintf("system:serviceaccounts:%s", ns),
			kl_strdup("system:authenticated")},
	};
	return true;
}
