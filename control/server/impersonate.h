/* "Impersonate-User: somebody": an administrator's request that runs as somebody else (kubectl --as). */
#ifndef KL_IMPERSONATE_H
#define KL_IMPERSONATE_H

#include "auth.h"

struct kl_impersonation {
	char *name;
	const char **groups; /* NULL-terminated; texts are the request's, `made` or constants */
	char *made;
	size_t count;
};

/*
 * Does the request ask for it, and may its user? Then *user becomes the other one, whose texts live in `ret` and the
 * request. 0, also when it does not ask; -1 with the status set.
 */
int kl_impersonate(
	const struct kl_http_request *req, struct kl_user *user, struct kl_impersonation *ret, struct kl_status *st);
void kl_impersonation_release(struct kl_impersonation *impersonation);

#endif
