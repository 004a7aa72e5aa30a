/*
 * create, update, patch, delete: the request becomes a registry operation, which is submitted to the store; the
 * connection sleeps meanwhile, and the handler is called again when the write is durable.
 */
#include "rest_impl.h"

#include <stdlib.h>
#include <string.h>

#define BODY_TYPES "application/json, application/yaml, application/vnd.kubernetes.protobuf"

/* --- parameters --- */

static int unsupported_value(
	struct kl_status *st, const char *options, const char *field, const char *value, const char *supported)
{
	kl_status_set(st, 422, "Invalid",
		"%s.meta.k8s.io \"\" is invalid: %s: Unsupported value: \"%s\": supported values: %s", options, field,
		value, supported);
	kl_status_cause(st, "FieldValueNotSupported", field, "Unsupported value: \"%s\": supported values: %s", value,
		supported);
	return -1;
}

static const char *options_name(const struct rest_call *call)
{
	switch (call->request.verb) {
	case KL_CREATE:
		return "CreateOptions";
	case KL_UPDATE:
		return "UpdateOptions";
	case KL_PATCH:
		return "PatchOptions";
	default:
		return "DeleteOptions";
	}
}

static int parse_dry_run(struct rest_call *call, struct kl_status *st)
{
	const char *value = kl_http_query(call->req, "dryRun");
	if (!value || !*value)
		return 0;
	if (strcmp(value, "All") != 0)
		return unsupported_value(st, options_name(call), "dryRun", value, "\"All\"");
	call->request.dry_run = true;
	return 0;
}

static int parse_field_validation(struct rest_call *call, struct kl_status *st)
{
	static const struct {
		const char *name;
		enum kl_field_validation value;
	} names[] = {{"", KL_VALIDATE_WARN}, {"Warn", KL_VALIDATE_WARN}, {"Ignore", KL_VALIDATE_IGNORE},
		{"Strict", KL_VALIDATE_STRICT}};
	const char *value = kl_http_query(call->req, "fieldValidation");
	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++)
		if (!strcmp(value ? value : "", names[i].name)) {
			call->request.field_validation = names[i].value;
			return 0;
		}
	return unsupported_value(st, options_name(call), "fieldValidation", value, "\"Ignore\", \"Strict\", \"Warn\"");
}

static int parse_write_options(struct rest_call *call, struct kl_status *st)
{
	call->request.field_manager = kl_http_query(call->req, "fieldManager");
	if (call->request.field_manager && !*call->request.field_manager)
		call->request.field_manager = NULL;
	return parse_dry_run(call, st) < 0 ? -1 : parse_field_validation(call, st);
}

/* --- bodies --- */

static int unsupported_media(struct kl_status *st, const char *accepted)
{
	return kl_status_set(st, 415, "UnsupportedMediaType",
		"the body of the request was in an unknown format - accepted media types include: %s", accepted);
}

/* The "application/json" of "application/json; charset=utf-8". */
static char *media_type(const struct kl_http_request *req)
{
	const char *text = kl_http_header(req, "Content-Type");
	return kl_strndup(text ? text : "", text ? strcspn(text, "; \t") : 0);
}

static int read_object(struct rest_call *call, struct kl_status *st)
{
	size_t len;
	const char *data = kl_http_body(call->req, &len), *type = kl_http_header(call->req, "Content-Type");
	enum kl_media media = type && *type ? kl_media_parse(type) : KL_MEDIA_JSON;
	if (media == KL_MEDIA_UNKNOWN)
		return unsupported_media(st, BODY_TYPES);
	call->body = kl_api_decode(media, data, len, st);
	call->request.object = call->body;
	return call->body ? 0 : -1;
}

static int read_patch(struct rest_call *call, struct kl_status *st)
{
	static const struct {
		const char *type;
		enum kl_patch_type patch;
	} types[] = {
		{"application/json-patch+json", KL_PATCH_JSON},
		{"application/merge-patch+json", KL_PATCH_MERGE},
		{"application/strategic-merge-patch+json", KL_PATCH_STRATEGIC},
		{"application/apply-patch+yaml", KL_PATCH_APPLY},
	};
	kl_autofree char *type = media_type(call->req);
	call->request.body = kl_http_body(call->req, &call->request.body_len);
	call->request.force = kl_http_query_bool(call->req, "force");
	for (size_t i = 0; i < KL_ARRAY_LEN(types); i++) {
		if (strcmp(type, types[i].type) != 0)
			continue;
		call->request.patch_type = types[i].patch;
		bool apply = types[i].patch == KL_PATCH_APPLY;
		if (apply && !call->request.field_manager) {
			kl_status_set(st, 422, "Invalid",
				"PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: "
				"is required for apply patch");
			kl_status_cause(st, "FieldValueRequired", "fieldManager",
				"Required value: is required for apply patch");
			return -1;
		}
		if (!apply && kl_http_query(call->req, "force")) {
			kl_status_set(st, 422, "Invalid",
				"PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: "
				"may not be specified for non-apply patch");
			kl_status_cause(st, "FieldValueForbidden", "force",
				"Forbidden: may not be specified for non-apply patch");
			return -1;
		}
		return 0;
	}
	return unsupported_media(st, "application/json-patch+json, application/merge-patch+json, "
				     "application/strategic-merge-patch+json, application/apply-patch+yaml");
}

/* DeleteOptions come as the body, or as parameters. YAML is turned into JSON for the registry. */
static int read_delete_options(struct rest_call *call, struct kl_status *st)
{
	const char *grace = kl_http_query(call->req, "gracePeriodSeconds");
	char *end = NULL;
	call->request.grace_period_s = grace && *grace ? strtoll(grace, &end, 10) : -1;
	if (end && *end)
		return kl_status_bad_request(st, "gracePeriodSeconds: Invalid value: \"%s\"", grace);
	call->request.propagation = kl_http_query(call->req, "propagationPolicy");
	if (kl_http_query(call->req, "orphanDependents"))
		call->request.propagation = kl_http_query_bool(call->req, "orphanDependents") ? "Orphan" : "Background";
	size_t len;
	kl_http_body(call->req, &len);
	if (!len)
		return 0;
	if (read_object(call, st) < 0)
		return -1;
	json_t *dry = json_object_get(call->body, "dryRun");
	if (json_array_size(dry)) {
		const char *value = json_string_value(json_array_get(dry, 0));
		if (!value || strcmp(value, "All") != 0)
			return unsupported_value(st, "DeleteOptions", "dryRun", value ? value : "", "\"All\"");
		call->request.dry_run = true;
	}
	return 0;
}

/* --- the operation --- */

static void on_stored(void *arg)
{
	struct rest_call *call = arg;
	kl_http_again(call->req);
}

static void answer(struct rest_call *call)
{
	struct kl_response *response = &call->response;
	if (response->status.code) {
		reply_status(call->req, &response->status);
		return;
	}
	int code = response->created ? 201 : 200;
	if (response->object)
		reply_object(call, code, kl_take(&response->object));
	else
		reply_tree(call, code, response->json);
}

static void step(struct rest_call *call, enum kl_op_step next)
{
	if (next == KL_OP_DONE) {
		answer(call);
		return;
	}
	kl_http_defer(call->req, NULL, NULL);
	kl_store_submit(call->rest->store, &call->op.write, 1, true, on_stored, call);
}

static int read_request(struct rest_call *call, struct kl_status *st)
{
	struct kl_request *request = &call->request;
	if (parse_write_options(call, st) < 0)
		return -1;
	switch (request->verb) {
	case KL_CREATE:
	case KL_UPDATE:
		return read_object(call, st);
	case KL_PATCH:
		return read_patch(call, st);
	case KL_DELETE:
		return read_delete_options(call, st);
	default:
		return 0;
	}
}

static enum kl_verb verb_of(const char *method)
{
	if (!strcmp(method, "POST"))
		return KL_CREATE;
	if (!strcmp(method, "PUT"))
		return KL_UPDATE;
	if (!strcmp(method, "PATCH"))
		return KL_PATCH;
	return !strcmp(method, "DELETE") ? KL_DELETE : KL_GET;
}

static void fill_request(struct rest_call *call)
{
	call->request = (struct kl_request){
		.verb = verb_of(kl_http_method(call->req)),
		.kind = call->kind,
		.ns = call->kind->namespaced ? call->path.ns : "",
		.name = call->path.name,
		.subresource = call->path.subresource,
		.user = &call->user,
		.user_agent = kl_http_header(call->req, "User-Agent"),
		.grace_period_s = -1,
	};
}

/* The body's DeleteOptions in the form the registry reads. */
static void pass_delete_options(struct rest_call *call)
{
	const json_t *body = call->body;
	struct kl_request *request = &call->request;
	request->object = NULL;
	if (!body)
		return;
	kl_autobuf buf = {0};
	kl_json_dump(body, &buf);
	request->body_len = buf.len;
	request->body = call->delete_options = kl_buf_take(&buf);
}

void rest_write(struct rest_call *call)
{
	if (call->op_begun) {
		step(call, kl_op_written(&call->op));
		return;
	}
	struct kl_status st = {0};
	fill_request(call);
	if (read_request(call, &st) < 0) {
		reply_failure(call->req, &st);
		return;
	}
	if (call->request.verb == KL_DELETE)
		pass_delete_options(call);
	call->op_begun = true;
	step(call, kl_op_begin(&call->op, call->rest->registry, &call->request, &call->response));
}

int rest_read_body(struct rest_call *call, struct kl_status *st)
{
	fill_request(call);
	return parse_write_options(call, st) < 0 ? -1 : read_object(call, st);
}

/* --- deletecollection --- */

static void delete_all(struct rest_call *call, const struct kl_object_list *list, struct kl_status *st)
{
	kl_autofree struct kl_request *requests = kl_calloc(list->count + 1, sizeof(*requests));
	kl_autofree struct kl_response *responses = kl_calloc(list->count + 1, sizeof(*responses));
	for (size_t i = 0; i < list->count; i++) {
		requests[i] = call->request;
		requests[i].ns = list->items[i]->ns;
		requests[i].name = list->items[i]->name;
	}
	kl_registry_do_many(call->rest->registry, requests, responses, list->count);
	for (size_t i = 0; i < list->count; i++) {
		/* somebody else was faster: gone is what was wanted */
		if (responses[i].status.code && responses[i].status.code != 404 && !st->code) {
			*st = responses[i].status;
			responses[i].status = (struct kl_status){0};
		}
		kl_response_release(&responses[i]);
	}
}

static void answer_collection(struct rest_call *call, const struct kl_object_list *list)
{
	kl_autobuf buf = {0};
	kl_buf_printf(&buf,
		"{\"kind\":\"%sList\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":\"%llu\"},\"items\":[",
		call->kind->kind, kl_kind_api_version(call->kind), (unsigned long long)kl_store_rv(call->rest->store));
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			kl_buf_char(&buf, ',');
		kl_buf_push(&buf, list->items[i]->json, list->items[i]->len);
	}
	kl_buf_str_push(&buf, "]}\n");
	kl_http_reply_buf(call->req, 200, "application/json", &buf);
}

static void *run_collection(void *arg)
{
	struct rest_call *call = arg;
	struct kl_status st = {0};
	struct filter filter = {0};
	struct kl_object_list list = {0};
	if (filter_parse(call, &filter, &st) == 0) {
		size_t kept = 0;
		kl_store_list(call->rest->store, call->kind, call->path.ns, &list);
		for (size_t i = 0; i < list.count; i++) {
			if (filter_matches(&filter, list.items[i]))
				list.items[kept++] = list.items[i];
			else
				kl_object_unref(list.items[i]);
		}
		list.count = kept;
		delete_all(call, &list, &st);
	}
	filter_release(&filter);
	if (st.code)
		reply_failure(call->req, &st);
	else
		answer_collection(call, &list);
	kl_object_list_release(&list);
	return NULL;
}

/* Many writes, for which it waits: not on an I/O thread. */
void rest_delete_collection(struct rest_call *call)
{
	struct kl_status st = {0};
	pthread_t thread;
	fill_request(call);
	if (parse_write_options(call, &st) < 0 || read_delete_options(call, &st) < 0) {
		reply_failure(call->req, &st);
		return;
	}
	pass_delete_options(call);
	kl_http_defer(call->req, NULL, NULL);
	if (pthread_create(&thread, NULL, run_collection, call)) {
		kl_status_set(&st, 500, "InternalError", "no thread for it");
		reply_failure(call->req, &st);
		return;
	}
	pthread_detach(thread);
}
