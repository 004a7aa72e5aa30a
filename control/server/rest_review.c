/*
 * Questions in the form of objects: they are answered and not stored. Who am I, may I, may somebody, what is this
 * token; and the token subresource of ServiceAccounts.
 */
#include "rest_impl.h"
#include "token.h"

#include <stdlib.h>
#include <string.h>

/* --- access reviews --- */

static const char *method_of(const char *verb)
{
	static const struct {
		const char *verb, *method;
	} verbs[] = {{"create", "POST"}, {"update", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"},
		{"deletecollection", "DELETE"}, {"*", "POST"}};
	for (size_t i = 0; i < KL_ARRAY_LEN(verbs); i++)
		if (!strcmp(verb, verbs[i].verb))
			return verbs[i].method;
	return "GET";
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static bool allowed(struct rest_call *call, const struct kl_user *user, const json_t *spec, struct kl_status *st)
{
	const json_t *attributes = json_object_get(spec, "resourceAttributes"),
		     *other = json_object_get(spec, "nonResourceAttributes");
	const char *verb = kl_json_str(attributes ? attributes : other, "verb", NULL);
	struct kl_rest_path path = {
		.group = kl_json_str(attributes, "group", NULL),
		.version = kl_json_str(attributes, "version", NULL),
		.ns = or_null(kl_json_str(attributes, "namespace", NULL)),
		.resource = kl_json_str(attributes, "resource", NULL),
		.name = or_null(kl_json_str(attributes, "name", NULL)),
		.subresource = or_null(kl_json_str(attributes, "subresource", NULL)),
	};
	return kl_auth_check(&(struct kl_access){.user = user,
				     .method = method_of(verb),
				     .path = kl_json_str(other, "path", NULL),
				     .resource = attributes ? &path : NULL,
				     .store = call->rest->store},
		       st) == 0;
}

static void answer_access(struct rest_call *call, const struct kl_user *user, json_t *review)
{
	struct kl_status st = {0};
	bool yes = allowed(call, user, json_object_get(review, "spec"), &st);
	json_t *status = json_pack("{s:b}", "allowed", yes);
	if (!yes && st.message)
		json_object_set_new(status, "reason", json_string(st.message));
	json_object_set_new(review, "status", status);
	kl_status_release(&st);
}

static int self_access(struct rest_call *call, json_t *review, struct kl_status *st)
{
	(void)st;
	answer_access(call, &call->user, review);
	return 0;
}

static int other_access(struct rest_call *call, json_t *review, struct kl_status *st)
{
	const json_t *spec = json_object_get(review, "spec"), *list = json_object_get(spec, "groups");
	kl_autofree const char **groups = kl_calloc(json_array_size(list) + 1, sizeof(*groups));
	size_t i;
	json_t *group;
	(void)st;
	json_array_foreach (list, i, group)
		groups[i] = json_string_value(group) ?: "";
	struct kl_user user = {kl_json_str(spec, "user", NULL), groups};
	answer_access(call, &user, review);
	return 0;
}

static json_t *group_list(const char *const *groups)
{
	json_t *list = json_array();
	for (; groups && *groups; groups++)
		json_array_append_new(list, json_string(*groups));
	return list;
}

static int self(struct rest_call *call, json_t *review, struct kl_status *st)
{
	(void)st;
	json_object_set_new(review, "status",
		json_pack("{s:{s:s, s:o}}", "userInfo", "username", call->user.name, "groups",
			group_list(call->user.groups)));
	return 0;
}

static int self_rules(struct rest_call *call, json_t *review, struct kl_status *st)
{
	struct kl_status why = {0};
	kl_autojson *spec =
		json_pack("{s:{s:s, s:s, s:s}}", "resourceAttributes", "verb", "*", "group", "*", "resource", "*");
	bool all = allowed(call, &call->user, spec, &why);
	(void)st;
	kl_status_release(&why);
	json_object_set_new(review, "status",
		all ? json_pack("{s:[{s:[s], s:[s], s:[s]}], s:[{s:[s], s:[s]}], s:b}", "resourceRules", "verbs", "*",
			      "apiGroups", "*", "resources", "*", "nonResourceRules", "verbs", "*", "nonResourceURLs",
			      "*", "incomplete", 0)
		    : json_pack("{s:[], s:[], s:b}", "resourceRules", "nonResourceRules", "incomplete", 1));
	return 0;
}

static int token_review(struct rest_call *call, json_t *review, struct kl_status *st)
{
	struct kl_token_user user = {0};
	const json_t *spec = json_object_get(review, "spec");
	const char *audience = json_string_value(json_array_get(json_object_get(spec, "audiences"), 0));
	const struct kl_jwt_key *key = call->rest->options.token_key;
	(void)st;
	if (!key || !kl_token_check(key, call->rest->store, kl_json_str(spec, "token", NULL), audience, &user)) {
		json_object_set_new(
			review, "status", json_pack("{s:b, s:s}", "authenticated", 0, "error", "invalid bearer token"));
		return 0;
	}
	json_object_set_new(review, "status",
		json_pack("{s:b, s:{s:s, s:s, s:o}, s:[s]}", "authenticated", 1, "user", "username", user.name, "uid",
			user.uid, "groups", group_list((const char *const *)user.groups), "audiences",
			audience ? audience : KL_TOKEN_ISSUER));
	kl_token_user_release(&user);
	return 0;
}

static const struct {
	const char *kind;
	int (*answer)(struct rest_call *call, json_t *review, struct kl_status *st);
} reviews[] = {
	{"SelfSubjectReview", self},
	{"SelfSubjectAccessReview", self_access},
	{"SelfSubjectRulesReview", self_rules},
	{"SubjectAccessReview", other_access},
	{"LocalSubjectAccessReview", other_access},
	{"TokenReview", token_review},
};

/* A kind that can only be created is a question. */
bool is_review(const struct kl_kind *kind)
{
	return kind->verbs == KL_CAN_CREATE;
}

static int answer_review(struct rest_call *call, struct kl_status *st)
{
	struct kl_write w = {.kind = call->kind,
		.ns = call->path.ns,
		.operation = "Update",
		.field_validation = call->request.field_validation};
	if (kl_api_create(&w, call->body, &call->decode_warnings, st) < 0)
		return -1;
	static const char *const unwanted[] = {"uid", "creationTimestamp", "managedFields"};
	for (size_t i = 0; i < KL_ARRAY_LEN(unwanted); i++)
		kl_json_delete(call->body, "metadata", unwanted[i], NULL);
	for (size_t i = 0; i < KL_ARRAY_LEN(reviews); i++)
		if (!strcmp(call->kind->kind, reviews[i].kind))
			return reviews[i].answer(call, call->body, st);
	return kl_status_set(
		st, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

void rest_review(struct rest_call *call)
{
	struct kl_status st = {0};
	if (rest_read_body(call, &st) < 0 || answer_review(call, &st) < 0)
		reply_failure(call->req, &st);
	else
		reply_json(call, 201, call->body);
}

/* --- serviceaccounts/NAME/token --- */

static bool is_node(const struct kl_user *user, const char **ret_node)
{
	static const char prefix[] = "system:node:";
	*ret_node = user->name + sizeof(prefix) - 1;
	return !strncmp(user->name, prefix, sizeof(prefix) - 1);
}

/* A node may have tokens only for pods that run on it, and only of their own account. */
static int check_node(struct rest_call *call, struct kl_status *st)
{
	const char *node, *name = kl_json_str(call->body, "spec", "boundObjectRef", "name", NULL);
	if (!is_node(&call->user, &node))
		return 0;
	bool pod = !strcmp(kl_json_str(call->body, "spec", "boundObjectRef", "kind", NULL), "Pod");
	struct kl_object *obj =
		pod ? kl_store_get(call->rest->store, kl_kind_named("", "Pod"), call->path.ns, name) : NULL;
	kl_autojson *tree = obj ? kl_object_parse(obj) : NULL;
	kl_object_unref(obj);
	if (tree && !strcmp(kl_json_str(tree, "spec", "nodeName", NULL), node) &&
		!strcmp(kl_json_str(tree, "spec", "serviceAccountName", NULL), call->path.name))
		return 0;
	return kl_status_set(st, 403, "Forbidden",
		"serviceaccounts \"%s\" is forbidden: node requested token not bound to a pod that runs on it",
		call->path.name);
}

static int make_token(struct rest_call *call, struct kl_object *account, struct kl_status *st)
{
	if (!account)
		return kl_status_not_found(st, "", "serviceaccounts", call->path.name);
	if (!call->rest->options.token_key)
		return kl_status_set(st, 503, "ServiceUnavailable", "this server issues no tokens");
	if (check_node(call, st) < 0)
		return -1;
	json_t *meta = kl_json_ensure(call->body, "metadata", NULL);
	json_object_set_new(meta, "name", json_string(account->name));
	json_object_set_new(meta, "namespace", json_string(account->ns));
	json_object_set_new(call->body, "apiVersion", json_string("authentication.k8s.io/v1"));
	json_object_set_new(call->body, "kind", json_string("TokenRequest"));
	return kl_token_issue(call->rest->options.token_key, call->rest->store, account, call->body, st);
}

void rest_token(struct rest_call *call)
{
	struct kl_status st = {0};
	struct kl_object *account = kl_store_get(call->rest->store, call->kind, call->path.ns, call->path.name);
	if (rest_read_body(call, &st) < 0 || make_token(call, account, &st) < 0)
		reply_failure(call->req, &st);
	else
		reply_json(call, 201, call->body);
	kl_object_unref(account);
}
