#include "kind.h"
#include "selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct term {
	char *field, *value;
	bool negative;
};

struct kl_field_selector {
	size_t count;
	struct term *terms;
};

enum { TERMS_MAX = 256 };

struct selectable {
	const char *group, *kind;
	const char *const *fields; /* NULL-terminated */
};

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EVENT_FIELDS                                                                                                 \
	FIELDS("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",       \
		"involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", \
		"reportingComponent", "source", "type")

/* Beside metadata.name and metadata.namespace, which every kind supports. */
static const struct selectable selectables[] = {
	{"", "Pod",
		FIELDS("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
			"spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
			"status.nominatedNodeName")},
	{"", "Node", FIELDS("spec.unschedulable")},
	{"", "Namespace", FIELDS("status.phase")},
	{"", "Secret", FIELDS("type")},
	{"", "Service", FIELDS("spec.clusterIP", "spec.type")},
	{"", "ReplicationController", FIELDS("status.replicas")},
	{"", "Event", EVENT_FIELDS},
	{"events.k8s.io", "Event", EVENT_FIELDS},
	{"apps", "ReplicaSet", FIELDS("status.replicas")},
	{"batch", "Job", FIELDS("status.successful")},
	{"certificates.k8s.io", "CertificateSigningRequest", FIELDS("spec.signerName")},
};

static bool supported(const struct kl_kind *kind, const char *field)
{
	if (!strcmp(field, "metadata.name") || (kind->namespaced && !strcmp(field, "metadata.namespace")))
		return true;
	for (size_t i = 0; i < KL_ARRAY_LEN(selectables); i++) {
		if (strcmp(selectables[i].group, kind->group) || strcmp(selectables[i].kind, kind->kind))
			continue;
		for (const char *const *at = selectables[i].fields; *at; at++)
			if (!strcmp(*at, field))
				return true;
	}
	return false;
}

void kl_field_selector_free(struct kl_field_selector *sel)
{
	if (!sel)
		return;
	for (size_t i = 0; i < sel->count; i++) {
		free(sel->terms[i].field);
		free(sel->terms[i].value);
	}
	free(sel->terms);
	free(sel);
}

KL_AUTO(cleanup_field_selector, struct kl_field_selector, kl_field_selector_free)

/* A backslash takes the meaning from ',', '=' and itself, in values. */
static int unescape(const char *text, size_t len, char **ret)
{
	kl_autobuf buf = {0};
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\\') {
			kl_buf_char(&buf, text[i]);
			continue;
		}
		if (i + 1 >= len || !strchr("\\,=", text[i + 1]))
			return -EINVAL;
		kl_buf_char(&buf, text[++i]);
	}
	*ret = kl_buf_take(&buf);
	return 0;
}

static size_t term_length(const char *text)
{
	size_t i = 0;
	while (text[i] && text[i] != ',')
		i += text[i] == '\\' && text[i + 1] ? 2 : 1;
	return i;
}

static int parse_term(const struct kl_kind *kind, const char *text, size_t len, struct term *ret, struct kl_err *err)
{
	const char *equals = memchr(text, '=', len);
	if (!equals || equals == text)
		return kl_fail_msg(err, EINVAL, "invalid selector: '%.*s'; can't understand '%.*s'", (int)len, text,
			(int)len, text);
	bool negative = equals[-1] == '!';
	const char *value = equals + 1;
	if (!negative && value < text + len && *value == '=')
		value++;
	ret->negative = negative;
	ret->field = kl_strndup(text, (size_t)(equals - text) - negative);
	if (unescape(value, (size_t)(text + len - value), &ret->value) < 0)
		return kl_fail_msg(
			err, EINVAL, "invalid field selector: invalid escape sequence in '%.*s'", (int)len, text);
	if (kind && !supported(kind, ret->field))
		return kl_fail_msg(err, EINVAL, "field label not supported: %s", ret->field);
	return 0;
}

struct kl_field_selector *kl_field_selector_parse(const struct kl_kind *kind, const char *text, struct kl_err *err)
{
	kl_cleanup(cleanup_field_selector) struct kl_field_selector *sel = kl_calloc(1, sizeof(*sel));
	for (const char *at = text ? text : ""; *at;) {
		size_t len = term_length(at);
		if (sel->count >= TERMS_MAX) {
			kl_fail_msg(err, EINVAL, "invalid selector: too many terms");
			return NULL;
		}
		if (len) {
			sel->terms = kl_reallocarray(sel->terms, sel->count + 1, sizeof(*sel->terms));
			struct term *term = &sel->terms[sel->count++];
			*term = (struct term){0};
			if (parse_term(kind, at, len, term, err) < 0)
				return NULL;
		}
		at += len + (at[len] == ',');
	}
	return kl_take(&sel);
}

/* Both forms of an Event are selected by the names of the core one. */
struct alias {
	const char *field, *path;
};
static const struct alias aliases[] = {
	{"involvedObject.", "regarding."},
	{"reportingComponent", "reportingController"},
	{"source", "deprecatedSource.component"},
	{"source", "source.component"},
	{"reportingComponent", "source.component"},
};

static const char *value_text(const json_t *value, bool *ret_found)
{
	*ret_found = value && !json_is_null(value);
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	return json_string_value(value);
}

static const json_t *walk_path(const json_t *at, const char *path)
{
	while (at && *path) {
		const char *dot = strchrnul(path, '.');
		at = json_object_getn(at, path, (size_t)(dot - path));
		path = *dot ? dot + 1 : dot;
	}
	return at;
}

static const json_t *field_value(const json_t *object, const char *field)
{
	const json_t *value = walk_path(object, field);
	for (size_t i = 0; !value && i < KL_ARRAY_LEN(aliases); i++) {
		size_t len = strlen(aliases[i].field);
		if (strncmp(field, aliases[i].field, len))
			continue;
		kl_autofree char *path = kl_asprintf("%s%s", aliases[i].path, field + len);
		value = walk_path(object, path);
	}
	if (json_is_object(value)) /* Event.source */
		value = json_object_get(value, "component");
	if (!value && !strcmp(field, "status.successful"))
		value = walk_path(object, "status.succeeded");
	return value;
}

static bool ips_match(const json_t *ips, const char *want)
{
	size_t i;
	json_t *ip;
	json_array_foreach (ips, i, ip)
		if (!strcmp(kl_json_str(ip, "ip", NULL), want))
			return true;
	return !*want && !json_array_size(ips);
}

static bool term_matches(const struct term *term, const json_t *object)
{
	const json_t *value = field_value(object, term->field);
	bool found;
	if (json_is_array(value) || !strcmp(term->field, "status.podIPs"))
		return ips_match(value, term->value) != term->negative;
	const char *text = value_text(value, &found);
	char number[32];
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		text = number;
	}
	/* Booleans and numbers that are absent read as false and 0, texts as "". */
	bool equal = !strcmp(text ? text : "", term->value);
	if (!found && !equal)
		equal = (!strcmp(term->field, "spec.unschedulable") || !strcmp(term->field, "spec.hostNetwork"))
				? !strcmp(term->value, "false")
				: (!strcmp(term->field, "status.replicas") ||
					  !strcmp(term->field, "status.successful")) &&
					  !strcmp(term->value, "0");
	return equal != term->negative;
}

bool kl_field_selector_matches(const struct kl_field_selector *sel, const json_t *object)
{
	for (size_t i = 0; i < sel->count; i++)
		if (!term_matches(&sel->terms[i], object))
			return false;
	return true;
}

const char *kl_field_selector_pinned(const struct kl_field_selector *sel, const char *field)
{
	for (size_t i = 0; sel && i < sel->count; i++)
		if (!sel->terms[i].negative && !strcmp(sel->terms[i].field, field))
			return sel->terms[i].value;
	return NULL;
}
