/*
 * What create and update do to an object between decoding and storing.
 */
#include "api.h"
#include "clock.h"
#include "decode.h"
#include "hooks.h"
#include "managed.h"
#include "warn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { NAME_MAX_BYTES = 253, GENERATED_SUFFIX = 5, OBJECT_MAX = 1536 << 10 };

void kl_warnings_add(struct kl_warnings *warnings, const char *fmt, ...)
{
	if (!warnings)
		return;
	va_list args;
	va_start(args, fmt);
	char *text = kl_vasprintf(fmt, args);
	va_end(args);
	warnings->texts = kl_reallocarray(warnings->texts, warnings->count + 1, sizeof(*warnings->texts));
	warnings->texts[warnings->count++] = text;
}

void kl_warnings_release(struct kl_warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		free(warnings->texts[i]);
	free(warnings->texts);
	*warnings = (struct kl_warnings){0};
}

/* --- randomness: a thread takes it from the kernel by the block --- */

static void random_bytes(unsigned char *ret, size_t len)
{
	static _Thread_local unsigned char pool[256];
	static _Thread_local size_t left;
	if (left < len) {
		while (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			if (errno != EINTR)
				abort();
		left = sizeof(pool);
	}
	left -= len;
	memcpy(ret, pool + left, len);
	memset(pool + left, 0, len);
}

static void make_uid(char ret[37])
{
	unsigned char b[16];
	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 4122: version 4, variant 1 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0, at = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		ret[at++] = hex[b[i] >> 4];
		ret[at++] = hex[b[i] & 15];
	}
	ret[36] = 0;
}

static char *generated_name(const char *base)
{
	/* Upstream's alphabet: no vowels, so that no word appears; nothing that looks like something else. */
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char b[GENERATED_SUFFIX];
	char suffix[GENERATED_SUFFIX + 1] = {0};
	random_bytes(b, sizeof(b));
	for (size_t i = 0; i < sizeof(b); i++)
		suffix[i] = alphabet[b[i] % (sizeof(alphabet) - 1)];
	return kl_asprintf("%.*s%s", 63 - GENERATED_SUFFIX, base, suffix);
}

/* --- decoding against the schema --- */

static int check_type_meta(const struct kl_write *w, json_t *object, struct kl_status *st)
{
	const char *version = kl_json_str(object, "apiVersion", NULL), *kind = kl_json_str(object, "kind", NULL);
	const char *want = kl_kind_api_version(w->kind);
	if (*version && strcmp(version, want))
		return kl_status_bad_request(st,
			"the API version in the data (%s) does not match the expected API version (%s)", version, want);
	if (*kind && strcmp(kind, w->kind->kind))
		return kl_status_bad_request(
			st, "the kind in the data (%s) does not match the expected kind (%s)", kind, w->kind->kind);
	if (!*version)
		json_object_set_new(object, "apiVersion", json_string(want));
	if (!*kind)
		json_object_set_new(object, "kind", json_string(w->kind->kind));
	return 0;
}

static int strict_failure(
	const struct kl_write *w, const struct kl_decode *d, const json_t *duplicates, struct kl_status *st)
{
	kl_autobuf text = {0};
	size_t i;
	json_t *path;
	for (size_t n = 0; n < d->unknown_count; n++)
		kl_buf_printf(&text, "%sunknown field \"%s\"", text.len ? ", " : "", d->unknown[n]);
	json_array_foreach (duplicates, i, path)
		kl_buf_printf(&text, "%sduplicate field \"%s\"", text.len ? ", " : "", json_string_value(path));
	return kl_status_bad_request(st, "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
		w->kind->kind, w->kind->version, w->kind->kind, kl_buf_str(&text));
}

static int report_fields(const struct kl_write *w, const struct kl_decode *d, const json_t *duplicates,
	struct kl_warnings *warnings, struct kl_status *st)
{
	size_t i;
	json_t *path;
	if (w->field_validation == KL_VALIDATE_IGNORE || (!d->unknown_count && !json_array_size(duplicates)))
		return 0;
	if (w->field_validation == KL_VALIDATE_STRICT)
		return strict_failure(w, d, duplicates, st);
	for (size_t n = 0; n < d->unknown_count; n++)
		kl_warnings_add(warnings, "unknown field \"%s\"", d->unknown[n]);
	json_array_foreach (duplicates, i, path)
		kl_warnings_add(warnings, "duplicate field \"%s\"", json_string_value(path));
	return 0;
}

static void cleanup_decode(struct kl_decode *d)
{
	kl_decode_release(d);
}

static int decode(const struct kl_write *w, json_t *object, struct kl_warnings *warnings, struct kl_status *st)
{
	kl_cleanup(cleanup_decode) struct kl_decode d = {.note = w->field_validation != KL_VALIDATE_IGNORE};
	kl_autojson *duplicates = json_incref(json_object_get(object, KL_DUPLICATES_KEY));
	json_object_del(object, KL_DUPLICATES_KEY);
	if (check_type_meta(w, object, st) < 0)
		return -1;
	if (kl_schema_decode(&d, w->kind->schema, object) < 0)
		return kl_status_bad_request(st, "%s in version \"%s\" cannot be handled as a %s: %s", w->kind->kind,
			w->kind->version, w->kind->kind, kl_buf_str(&d.error));
	return report_fields(w, &d, duplicates, warnings, st);
}

/* --- metadata --- */

static int check_namespace(const struct kl_write *w, json_t *meta, struct kl_status *st)
{
	if (!w->kind->namespaced) {
		json_object_del(meta, "namespace");
		return 0;
	}
	const char *ns = kl_json_str(meta, "namespace", NULL);
	if (*ns && w->ns && strcmp(ns, w->ns))
		return kl_status_bad_request(
			st, "the namespace of the provided object does not match the namespace sent on the request");
	if (!*ns && w->ns)
		json_object_set_new(meta, "namespace", json_string(w->ns));
	return 0;
}

static int check_name(const struct kl_write *w, json_t *meta, struct kl_status *st)
{
	const char *name = kl_json_str(meta, "name", NULL);
	if (!w->name)
		return 0;
	if (*name && strcmp(name, w->name))
		return kl_status_bad_request(
			st, "the name of the object (%s) does not match the name on the URL (%s)", name, w->name);
	if (!*name)
		json_object_set_new(meta, "name", json_string(w->name));
	return 0;
}

static void set_created_meta(const struct kl_write *w, json_t *meta)
{
	static const char *const servers[] = {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
		"generation", "resourceVersion", "managedFields"};
	for (size_t i = 0; i < KL_ARRAY_LEN(servers); i++)
		json_object_del(meta, servers[i]);
	const char *base = kl_json_str(meta, "generateName", NULL);
	if (!*kl_json_str(meta, "name", NULL) && *base) {
		kl_autofree char *name = generated_name(base);
		json_object_set_new(meta, "name", json_string(name));
	}
	char uid[37], now[KL_TIME_TEXT];
	make_uid(uid);
	json_object_set_new(meta, "uid", json_string(uid));
	kl_time_format(w->now_ms / 1000, now);
	json_object_set_new(meta, "creationTimestamp", json_string(now));
	if (w->kind->hooks && w->kind->hooks->generation)
		json_object_set_new(meta, "generation", json_integer(1));
}

/* --- create --- */

/* A CertificateSigningRequest's approval is a condition in its status. */
static bool is_status(const struct kl_write *w)
{
	return w->subresource && (!strcmp(w->subresource, "status") || !strcmp(w->subresource, "approval"));
}

static int validate(const struct kl_write *w, const json_t *old, const json_t *object, struct kl_status *st)
{
	const struct kl_kind_hooks *hooks = w->kind->hooks;
	kl_cleanup(kl_errors_release) struct kl_errors errors = {0};
	if (w->kind->verbs != KL_CAN_CREATE) /* a mere question needs no name */
		kl_metadata_validate(w->kind, object, hooks ? hooks->name_check : NULL, &errors);
	bool status = is_status(w);
	if (!status)
		kl_schema_validate(w->kind->schema, object, NULL, &errors);
	if (!status && hooks && hooks->validate)
		hooks->validate(object, &errors);
	if (!old && hooks && hooks->validate_create)
		hooks->validate_create(object, &errors);
	if (!status && old && hooks && hooks->validate_update)
		hooks->validate_update(old, object, &errors);
	if (status && old && hooks && hooks->status_validate)
		hooks->status_validate(w, old, object, &errors);
	return kl_errors_status(&errors, w->kind, kl_json_str(object, "metadata", "name", NULL), st);
}

/* What Go prints of a status that nobody has written yet: its plain numbers and flags. */
static json_t *empty_status(const struct kl_kind *kind)
{
	json_t *status = json_object();
	const struct kl_field *field = kl_schema_field(kind->schema, "status");
	struct kl_decode d = {0};
	if (field && field->type == KL_T_STRUCT)
		kl_schema_decode(&d, field->ref, status);
	kl_decode_release(&d);
	return status;
}

int kl_api_create(const struct kl_write *w, json_t *object, struct kl_warnings *warnings, struct kl_status *st)
{
	const struct kl_kind_hooks *hooks = w->kind->hooks;
	if (decode(w, object, warnings, st) < 0)
		return -1;
	json_t *meta = kl_json_ensure(object, "metadata", NULL);
	if (check_namespace(w, meta, st) < 0 || check_name(w, meta, st) < 0)
		return -1;
	if (*kl_json_str(meta, "resourceVersion", NULL))
		return kl_status_bad_request(st, "resourceVersion should not be set on objects to be created");
	json_t *managed = w->created_by_update ? json_incref(json_object_get(meta, "managedFields")) : NULL;
	set_created_meta(w, meta);
	if (managed)
		json_object_set_new(meta, "managedFields", managed);
	if ((w->kind->subresources & KL_SUB_STATUS) && !(hooks && hooks->keeps_status))
		json_object_set_new(object, "status", empty_status(w->kind));
	if (hooks && hooks->create)
		hooks->create(w, object);
	if (validate(w, NULL, object, st) < 0)
		return -1;
	if (warnings)
		kl_warn(w->kind, object, warnings);
	if (!managed)
		kl_managed_record(w, NULL, object);
	return 0;
}

/* --- update --- */

static void keep(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);
	if (value)
		json_object_set(to, key, value);
	else
		json_object_del(to, key);
}

static int merge_meta(const struct kl_write *w, const json_t *old_meta, json_t *meta, struct kl_status *st)
{
	static const char *const servers[] = {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
		"generation", "creationTimestamp", "generateName", "namespace"};
	const char *uid = kl_json_str(meta, "uid", NULL), *old_uid = kl_json_str(old_meta, "uid", NULL);
	if (*uid && *old_uid && strcmp(uid, old_uid)) {
		kl_autofree char *why = kl_asprintf(
			"Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, old_uid);
		return kl_status_conflict(st, w->kind->group, w->kind->plural, kl_json_str(meta, "name", NULL), why);
	}
	keep(meta, old_meta, "uid");
	for (size_t i = 0; i < KL_ARRAY_LEN(servers); i++)
		keep(meta, old_meta, servers[i]);
	return 0;
}

/* A status write changes status; the rest of the object is what was stored. */
static void take_only_status(const json_t *old, json_t *object)
{
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe (object, next, key, value)
		if (strcmp(key, "status") && strcmp(key, "metadata"))
			json_object_del(object, key);
	json_object_foreach ((json_t *)(uintptr_t)old, key, value)
		if (strcmp(key, "status") && strcmp(key, "metadata"))
			json_object_set(object, key, value);
	json_t *meta = json_object_get(object, "metadata");
	keep(meta, json_object_get(old, "metadata"), "ownerReferences");
	keep(meta, json_object_get(old, "metadata"), "finalizers");
}

static bool differs_outside(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)a, key, value) {
		if (!strcmp(key, "metadata") || !strcmp(key, "status"))
			continue;
		const json_t *other = json_object_get(b, key);
		if (!other || !json_equal(value, other))
			return true;
	}
	return false;
}

static void count_generation(const struct kl_write *w, const json_t *old, json_t *object)
{
	json_t *meta = json_object_get(object, "metadata");
	int64_t generation = kl_json_int(meta, 0, "generation", NULL);
	if (!w->kind->hooks || !w->kind->hooks->generation)
		return;
	if (differs_outside(object, old) || differs_outside(old, object))
		json_object_set_new(meta, "generation", json_integer(generation + 1));
}

static void check_finalizers(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	if (!kl_json_get(old, "metadata", "deletionTimestamp", NULL))
		return;
	const json_t *before = kl_json_get(old, "metadata", "finalizers", NULL);
	size_t i, k;
	json_t *name, *other;
	json_array_foreach (kl_json_get(object, "metadata", "finalizers", NULL), i, name) {
		bool found = false;
		json_array_foreach (before, k, other)
			found |= json_equal(name, other) != 0;
		if (!found)
			kl_forbidden(errors, KL_KEY(KL_KEY(NULL, "metadata"), "finalizers"),
				"no new finalizers can be added if the object is being deleted");
	}
}

static int validate_replacement(const struct kl_write *w, const json_t *old, const json_t *object, struct kl_status *st)
{
	kl_cleanup(kl_errors_release) struct kl_errors errors = {0};
	check_finalizers(old, object, &errors);
	if (kl_errors_status(&errors, w->kind, kl_json_str(object, "metadata", "name", NULL), st) < 0)
		return -1;
	return validate(w, old, object, st);
}

/* Only what people write: no status, no pods (controllers change those), nothing where the wish is as it was. */
static bool worth_warning(const struct kl_write *w, const json_t *old, const json_t *object)
{
	int64_t was = kl_json_int(old, 0, "metadata", "generation", NULL);
	if (w->subresource || !strcmp(w->kind->kind, "Pod"))
		return false;
	return !was || was != kl_json_int(object, 0, "metadata", "generation", NULL);
}

int kl_api_update(
	const struct kl_write *w, const json_t *old, json_t *object, struct kl_warnings *warnings, struct kl_status *st)
{
	const struct kl_kind_hooks *hooks = w->kind->hooks;
	if (decode(w, object, warnings, st) < 0)
		return -1;
	json_t *meta = kl_json_ensure(object, "metadata", NULL);
	if (check_namespace(w, meta, st) < 0 || check_name(w, meta, st) < 0 ||
		merge_meta(w, json_object_get(old, "metadata"), meta, st) < 0)
		return -1;
	if (is_status(w))
		take_only_status(old, object);
	else if (w->kind->subresources & KL_SUB_STATUS)
		keep(object, old, "status");
	if (is_status(w) && hooks && hooks->status_update)
		hooks->status_update(w, old, object);
	if (hooks && hooks->update && !is_status(w))
		hooks->update(w, old, object);
	count_generation(w, old, object);
	if (validate_replacement(w, old, object, st) < 0)
		return -1;
	if (warnings && worth_warning(w, old, object))
		kl_warn(w->kind, object, warnings);
	kl_managed_record(w, old, object);
	return 0;
}
