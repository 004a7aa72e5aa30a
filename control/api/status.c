#include "status.h"

#include <stdlib.h>
#include <string.h>

void kl_status_release(struct kl_status *st)
{
	free(st->message);
	json_decref(st->details);
	*st = (struct kl_status){0};
}

int kl_status_set(struct kl_status *st, int code, const char *reason, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *message = kl_vasprintf(fmt, args);
	va_end(args);
	free(st->message);
	st->message = message;
	st->code = code;
	st->reason = reason;
	return -1;
}

static json_t *details_of(struct kl_status *st)
{
	if (!st->details)
		st->details = json_object();
	return st->details;
}

/* The text with its invalid UTF-8 made visible: messages quote what clients sent. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	if (json)
		return json;
	kl_autofree char *copy = kl_strdup(text);
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return json_string(copy);
}

void kl_status_cause(struct kl_status *st, const char *reason, const char *field, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *message = kl_vasprintf(fmt, args);
	va_end(args);
	json_t *details = details_of(st), *causes = json_object_get(details, "causes");
	if (!causes) {
		causes = json_array();
		json_object_set_new(details, "causes", causes);
	}
	json_t *cause = json_object();
	json_object_set_new(cause, "reason", json_string(reason));
	json_object_set_new(cause, "message", text_json(message));
	if (field && *field)
		json_object_set_new(cause, "field", text_json(field));
	json_array_append_new(causes, cause);
}

static void name_details(struct kl_status *st, const char *group, const char *resource, const char *name)
{
	json_t *details = details_of(st);
	json_object_set_new(details, "name", text_json(name ? name : ""));
	if (group && *group)
		json_object_set_new(details, "group", text_json(group));
	json_object_set_new(details, "kind", text_json(resource));
}

/* "pods" or "deployments.apps", as schema.GroupResource prints. */
static char *qualified(const char *group, const char *resource)
{
	return group && *group ? kl_asprintf("%s.%s", resource, group) : kl_strdup(resource);
}

int kl_status_not_found(struct kl_status *st, const char *group, const char *resource, const char *name)
{
	kl_autofree char *what = qualified(group, resource);
	kl_status_set(st, 404, "NotFound", "%s \"%s\" not found", what, name);
	name_details(st, group, resource, name);
	return -1;
}

int kl_status_already_exists(struct kl_status *st, const char *group, const char *resource, const char *name)
{
	kl_autofree char *what = qualified(group, resource);
	kl_status_set(st, 409, "AlreadyExists", "%s \"%s\" already exists", what, name);
	name_details(st, group, resource, name);
	return -1;
}

int kl_status_conflict(struct kl_status *st, const char *group, const char *resource, const char *name, const char *why)
{
	kl_autofree char *what = qualified(group, resource);
	kl_status_set(st, 409, "Conflict", "Operation cannot be fulfilled on %s \"%s\": %s", what, name,
		why ? why
		    : "the object has been modified; please apply your changes to the latest version and try again");
	name_details(st, group, resource, name);
	return -1;
}

int kl_status_bad_request(struct kl_status *st, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	kl_autofree char *message = kl_vasprintf(fmt, args);
	va_end(args);
	return kl_status_set(st, 400, "BadRequest", "%s", message);
}

json_t *kl_status_json(const struct kl_status *st)
{
	json_t *json = json_object();
	json_object_set_new(json, "kind", json_string("Status"));
	json_object_set_new(json, "apiVersion", json_string("v1"));
	json_object_set_new(json, "metadata", json_object());
	json_object_set_new(json, "status", json_string(st->code && st->code >= 400 ? "Failure" : "Success"));
	if (st->message)
		json_object_set_new(json, "message", text_json(st->message));
	if (st->reason)
		json_object_set_new(json, "reason", json_string(st->reason));
	if (st->details)
		json_object_set(json, "details", st->details);
	if (st->code)
		json_object_set_new(json, "code", json_integer(st->code));
	return json;
}
