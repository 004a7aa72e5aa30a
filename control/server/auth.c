/*
 * Certificates say who: CN is the user, every O a group. system:masters may do everything; a node what its pods and its
 * own objects need; whoever shows no certificate may ask for health and version. RBAC will take the place of the table.
 */
#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const anonymous_groups[] = {"system:unauthenticated", NULL};

/* What the certificate says, and that somebody has shown one. */
static const char **certificate_groups(const struct kl_http_identity *identity)
{
	size_t count = 0;
	while (identity->orgs[count])
		count++;
	const char **groups = kl_calloc(count + 2, sizeof(*groups));
	memcpy(groups, identity->orgs, count * sizeof(*groups));
	groups[count] = "system:authenticated";
	return groups;
}

static bool token_user(
	const char *header, const struct kl_jwt_key *key, struct kl_store *store, struct kl_auth_user *ret)
{
	static const char scheme[] = "Bearer ";
	const char *token = header + sizeof(scheme) - 1;
	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return false;
	if (!kl_bootstrap_token_check(store, token, &ret->token) &&
		!(key && kl_token_check(key, store, token, NULL, &ret->token)))
		return false;
	ret->user = (struct kl_user){ret->token.name, (const char *const *)ret->token.groups};
	return true;
}

bool kl_auth_user(const struct kl_http_request *req, const struct kl_jwt_key *token_key, struct kl_store *store,
	struct kl_auth_user *ret)
{
	const struct kl_http_identity *identity = kl_http_identity(req);
	const char *header = kl_http_header(req, "Authorization");
	*ret = (struct kl_auth_user){0};
	if (identity->verified) {
		ret->groups = certificate_groups(identity);
		ret->user = (struct kl_user){identity->common_name, ret->groups};
		return true;
	}
	if (header)
		return token_user(header, token_key, store, ret);
	ret->user = (struct kl_user){"system:anonymous", anonymous_groups};
	return !identity->presented;
}

void kl_auth_user_release(struct kl_auth_user *user)
{
	free(user->groups);
	kl_token_user_release(&user->token);
}

bool kl_auth_in_group(const struct kl_user *user, const char *group)
{
	for (const char *const *at = user->groups; at && *at; at++)
		if (!strcmp(*at, group))
			return true;
	return false;
}

static bool open_to_all(const char *path)
{
	static const char *const paths[] = {"/version", "/version/", "/healthz", "/livez", "/readyz"};
	for (size_t i = 0; i < KL_ARRAY_LEN(paths); i++)
		if (!strcmp(path, paths[i]))
			return true;
	return false;
}

/* Whoever has a name may look at the API itself, and ask about himself. */
static bool open_to_named(const struct kl_access *a)
{
	static const char *const paths[] = {"/api", "/apis", "/openapi", "/version"};
	static const char *const questions[] = {
		"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"};
	if (!kl_auth_in_group(a->user, "system:authenticated"))
		return false;
	bool reads = !strcmp(a->method, "GET") || !strcmp(a->method, "HEAD");
	for (size_t i = 0; i < KL_ARRAY_LEN(paths) && !a->resource && reads; i++) {
		size_t len = strlen(paths[i]);
		if (!strncmp(a->path, paths[i], len) && (!a->path[len] || a->path[len] == '/'))
			return true;
	}
	for (size_t i = 0; i < KL_ARRAY_LEN(questions) && a->resource; i++)
		if (!strcmp(a->resource->resource, questions[i]))
			return !strcmp(a->method, "POST");
	return false;
}

static const char *verb_of(const struct kl_access *a)
{
	bool named = a->resource->name != NULL;
	if (!strcmp(a->method, "GET") || !strcmp(a->method, "HEAD"))
		return named ? "get" : "list";
	if (!strcmp(a->method, "POST"))
		return "create";
	if (!strcmp(a->method, "PUT"))
		return "update";
	if (!strcmp(a->method, "PATCH"))
		return "patch";
	return named ? "delete" : "deletecollection";
}

static int forbid_path(const struct kl_access *a, struct kl_status *st)
{
	bool reads = kl_auth_reads(a);
	return kl_status_set(st, 403, "Forbidden", "forbidden: User \"%s\" cannot %s path \"%s\"", a->user->name,
		reads ? "get" : "access", a->path);
}

static int forbid_resource(const struct kl_access *a, struct kl_status *st)
{
	const struct kl_rest_path *path = a->resource;
	kl_autofree char *resource =
		path->subresource ? kl_asprintf("%s/%s", path->resource, path->subresource) : kl_strdup(path->resource);
	kl_autofree char *qualified =
		*path->group ? kl_asprintf("%s.%s", path->resource, path->group) : kl_strdup(path->resource);
	kl_autofree char *name = path->name ? kl_asprintf(" \"%s\"", path->name) : kl_strdup("");
	kl_autofree char *where =
		path->ns ? kl_asprintf("in the namespace \"%s\"", path->ns) : kl_strdup("at the cluster scope");
	kl_status_set(st, 403, "Forbidden",
		"%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s", qualified, name,
		a->user->name, verb_of(a), resource, path->group, where);
	st->details = json_pack("{s:s}", "kind", path->resource);
	if (path->name)
		json_object_set_new(st->details, "name", json_string(path->name));
	if (*path->group)
		json_object_set_new(st->details, "group", json_string(path->group));
	return -1;
}

int kl_auth_check(const struct kl_access *a, struct kl_status *st)
{
	if (kl_auth_in_group(a->user, "system:masters"))
		return 0;
	if (!a->resource && kl_auth_reads(a) && open_to_all(a->path))
		return 0;
	if (open_to_named(a) || kl_auth_node_may(a) || kl_auth_csr_may(a))
		return 0;
	return a->resource ? forbid_resource(a, st) : forbid_path(a, st);
}
