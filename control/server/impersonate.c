#include "impersonate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX  "Impersonate-"
#define ACCOUNT "system:serviceaccount:"

static void add_group(struct kl_impersonation *ret, const char *group)
{
	ret->groups = kl_reallocarray(ret->groups, ret->count + 2, sizeof(*ret->groups));
	ret->groups[ret->count++] = group;
	ret->groups[ret->count] = NULL;
}

struct headers {
	struct kl_impersonation *ret;
	bool others; /* groups, a uid or extra values */
};

static void on_header(const char *name, const char *value, void *arg)
{
	struct headers *headers = arg;
	if (strncasecmp(name, PREFIX, strlen(PREFIX)) != 0 || !strcasecmp(name, PREFIX "User"))
		return;
	headers->others = true;
	if (!strcasecmp(name, PREFIX "Group") && *value)
		add_group(headers->ret, value);
}

/* The groups that a user of this name always has. */
static void add_implied(struct kl_impersonation *ret)
{
	bool given = ret->count > 0;
	const char *ns = !strncmp(ret->name, ACCOUNT, strlen(ACCOUNT)) ? ret->name + strlen(ACCOUNT) : NULL;
	if (ns && !given) {
		ret->made = kl_asprintf("system:serviceaccounts:%.*s", (int)strcspn(ns, ":"), ns);
		add_group(ret, "system:serviceaccounts");
		add_group(ret, ret->made);
	}
	add_group(ret, strcmp(ret->name, "system:anonymous") ? "system:authenticated" : "system:unauthenticated");
}

int kl_impersonate(
	const struct kl_http_request *req, struct kl_user *user, struct kl_impersonation *ret, struct kl_status *st)
{
	const char *name = kl_http_header(req, PREFIX "User");
	struct headers headers = {.ret = ret};
	kl_http_headers(req, on_header, &headers);
	if ((!name || !*name) && !headers.others)
		return 0;
	if (!kl_auth_in_group(user, "system:masters"))
		return kl_status_set(st, 403, "Forbidden",
			"users \"%s\" is forbidden: User \"%s\" cannot impersonate resource \"users\" in API group "
			"\"\" at the "
			"cluster scope",
			name ? name : "", user->name);
	if (!name || !*name)
		return kl_status_set(
			st, 500, "InternalError", "requested groups, uid or extra without impersonating a user");
	ret->name = kl_strdup(name);
	add_implied(ret);
	*user = (struct kl_user){ret->name, ret->groups};
	return 0;
}

void kl_impersonation_release(struct kl_impersonation *impersonation)
{
	free(impersonation->name);
	free(impersonation->groups);
	free(impersonation->made);
	*impersonation = (struct kl_impersonation){0};
}
