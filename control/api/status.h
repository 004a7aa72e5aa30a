/*
 * A failure as the Kubernetes API tells it: metav1.Status.
 */
#ifndef KL_STATUS_H
#define KL_STATUS_H

#include "json.h"

struct kl_status {
	int code;	    /* HTTP; 0: no failure */
	const char *reason; /* static: "NotFound", "AlreadyExists", "Conflict", "Invalid", … */
	char *message;	    /* owned */
	json_t *details;    /* owned; metav1.StatusDetails with name, group, kind, causes; NULL when there are none */
};

void kl_status_release(struct kl_status *st);
/* Sets code, reason and message; returns -1, so that `return kl_status_set(…)` reads well. */
int kl_status_set(struct kl_status *st, int code, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Adds a cause: reason "FieldValueInvalid", "FieldValueRequired", …; field a path such as spec.containers[0].name. */
void kl_status_cause(struct kl_status *st, const char *reason, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The usual ones, with upstream's wording. `resource` is the plural ("pods"), group "" for core. */
int kl_status_not_found(struct kl_status *st, const char *group, const char *resource, const char *name);
int kl_status_already_exists(struct kl_status *st, const char *group, const char *resource, const char *name);
int kl_status_conflict(struct kl_status *st, const char *group, const char *resource, const char *name, const char *why);
int kl_status_bad_request(struct kl_status *st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The Status object (kind, apiVersion, status, message, reason, details, code); new reference. */
json_t *kl_status_json(const struct kl_status *st);

#endif
