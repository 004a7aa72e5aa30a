/* CertificateSigningRequests: who asks is what the server knows, and who may write which condition. */
#include "clock.h"
#include "hooks.h"

#include <string.h>

#define SPEC(key)   KL_KEY(KL_KEY(NULL, "spec"), key)
#define STATUS(key) KL_KEY(KL_KEY(NULL, "status"), key)

static bool is(const char *text, const char *other)
{
	return !strcmp(text, other);
}

static void create(const struct kl_write *w, json_t *object)
{
	static const char *const servers[] = {"username", "uid", "groups", "extra"};
	json_t *spec = json_object_get(object, "spec");
	for (size_t i = 0; i < KL_ARRAY_LEN(servers); i++)
		json_object_del(spec, servers[i]);
	if (spec && w->user)
		json_object_set_new(spec, "username", json_string(w->user));
	for (size_t i = 0; spec && w->user_groups && w->user_groups[i]; i++) {
		if (!i)
			json_object_set_new(spec, "groups", json_array());
		json_array_append_new(json_object_get(spec, "groups"), json_string(w->user_groups[i]));
	}
	json_object_set_new(object, "status", json_object());
}

static void update(const struct kl_write *w, const json_t *old, json_t *object)
{
	(void)w;
	json_object_set(object, "spec", json_object_get(old, "spec"));
}

/* --- conditions */

static json_t *condition_of(const json_t *object, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(object, "status", "conditions", NULL), i, condition)
		if (is(kl_json_str(condition, "type", NULL), type))
			return condition;
	return NULL;
}

static void stamp(json_t *condition, const json_t *before, const char *now)
{
	const json_t *since = json_object_get(before, "lastTransitionTime");
	bool same = before && is(kl_json_str(before, "status", NULL), kl_json_str(condition, "status", NULL));
	if (!json_object_get(condition, "lastUpdateTime"))
		json_object_set_new(condition, "lastUpdateTime", json_string(now));
	if (json_object_get(condition, "lastTransitionTime"))
		return;
	if (same && since)
		json_object_set(condition, "lastTransitionTime", (json_t *)(uintptr_t)since);
	else
		json_object_set_new(condition, "lastTransitionTime", json_string(now));
}

/* An approver writes conditions and nothing else. */
static void status_update(const struct kl_write *w, const json_t *old, json_t *object)
{
	char now[KL_TIME_TEXT];
	size_t i;
	json_t *condition, *certificate = kl_json_get(old, "status", "certificate", NULL);
	json_t *status = kl_json_ensure(object, "status", NULL);
	if (is(w->subresource, "approval")) {
		json_object_del(status, "certificate");
		if (certificate)
			json_object_set(status, "certificate", certificate);
	}
	kl_time_format(w->now_ms / 1000, now);
	json_array_foreach (json_object_get(status, "conditions"), i, condition)
		stamp(condition, condition_of(old, kl_json_str(condition, "type", NULL)), now);
}

static void check_conditions(const json_t *object, struct kl_errors *errors)
{
	static const char *const fixed[] = {"Approved", "Denied", "Failed"};
	const struct kl_path *path = STATUS("conditions");
	kl_autojson *seen = json_object();
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(object, "status", "conditions", NULL), i, condition) {
		const char *type = kl_json_str(condition, "type", NULL),
			   *status = kl_json_str(condition, "status", NULL);
		const struct kl_path *at = KL_INDEX(path, i);
		if (!*type)
			kl_required(errors, KL_KEY(at, "type"), "");
		if (!*status)
			kl_required(errors, KL_KEY(at, "status"), "");
		for (size_t k = 0; k < KL_ARRAY_LEN(fixed); k++)
			if (is(type, fixed[k]) && *status && !is(status, "True"))
				kl_not_supported(
					errors, KL_KEY(at, "status"), json_object_get(condition, "status"), "True");
		if (*type && json_object_get(seen, type))
			kl_duplicate(errors, KL_KEY(at, "type"), json_object_get(condition, "type"));
		json_object_set_new(seen, type, json_true());
	}
	if (json_object_get(seen, "Approved") && json_object_get(seen, "Denied"))
		kl_invalid_str(errors, path, "Denied", "Approved and Denied conditions are mutually exclusive");
}

/* Approved and Denied are the approval's; once there, they stay. */
static void status_validate(const struct kl_write *w, const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const verdicts[] = {"Approved", "Denied"};
	bool approval = is(w->subresource, "approval");
	check_conditions(object, errors);
	for (size_t i = 0; i < KL_ARRAY_LEN(verdicts); i++) {
		bool was = condition_of(old, verdicts[i]), now = condition_of(object, verdicts[i]);
		kl_autofree char *words = kl_asprintf(
			"updates may not %s a condition of type \"%s\"", was ? "remove" : "add", verdicts[i]);
		if (was != now && (was || !approval))
			kl_forbidden(errors, STATUS("conditions"), words);
	}
}

/* --- spec */

#define USAGES                                                                                                        \
	"any|cert sign|client auth|code signing|content commitment|crl sign|data encipherment|decipher only|digital " \
	"signature|email protection|encipher only|ipsec end system|ipsec tunnel|ipsec user|key agreement|key "        \
	"encipherment|microsoft sgc|netscape sgc|ocsp signing|s/mime|server auth|signing|timestamping"

static bool one_of(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; (at = strstr(at, text)); at++)
		if ((at == choices || at[-1] == '|') && (at[len] == '|' || !at[len]))
			return len > 0;
	return false;
}

static void validate(const json_t *object, struct kl_errors *errors)
{
	const json_t *spec = json_object_get(object, "spec"), *usages = json_object_get(spec, "usages"),
		     *seconds = json_object_get(spec, "expirationSeconds");
	const char *signer = kl_json_str(spec, "signerName", NULL), *slash = strchr(signer, '/');
	size_t i;
	json_t *usage;
	if (!spec) {
		kl_required(errors, KL_KEY(NULL, "spec"), "");
		return;
	}
	if (!json_array_size(usages))
		kl_required(errors, SPEC("usages"), "");
	json_array_foreach (usages, i, usage)
		if (!one_of(USAGES, json_string_value(usage) ?: ""))
			kl_not_supported(errors, KL_INDEX(SPEC("usages"), i), usage, USAGES);
	if (*signer && (!slash || !slash[1] || slash == signer))
		kl_invalid_str(errors, SPEC("signerName"), signer,
			"must be a fully qualified domain and path of the form "
			"'example.com/signer-name'");
	if (seconds && json_integer_value(seconds) < 600)
		kl_invalid(errors, SPEC("expirationSeconds"), seconds,
			"may not specify a duration less than 600 seconds (10 minutes)");
}

const struct kl_kind_hooks kl_hooks_csr = {.create = create,
	.update = update,
	.validate = validate,
	.status_update = status_update,
	.status_validate = status_validate};
