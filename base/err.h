/*
 * Errors are values with words.
 *
 * A function that can fail returns 0 or a negative errno and takes `struct kl_err *err` last (NULL is allowed). Words
 * are added where the failure is known best; whoever stands at the top (main, a reconcile loop) logs them once.
 */
#ifndef KL_ERR_H
#define KL_ERR_H

#include <stdarg.h>

struct kl_err {
	int code;	/* negative errno; 0: no error */
	char text[480]; /* one line, no newline; truncated, never overflowing */
};

/* Says "<words>: <strerror(errnum)>"; returns -errnum. */
int kl_fail(struct kl_err *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Says "<words>" alone, where errno's words would add nothing; returns -errnum. */
int kl_fail_msg(struct kl_err *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "<words>: " before what err already says; returns err's code (or -EIO without err). */
int kl_fail_prefix(struct kl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kl_err_clear(struct kl_err *err);
/* Never NULL. */
const char *kl_err_text(const struct kl_err *err);

#endif
