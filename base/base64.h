/*
 * Base64 (RFC 4648). What is tolerated beyond the strict form is said by the caller, in flags. As in Go, bits behind the
 * last byte are not looked at.
 */
#ifndef KL_BASE64_H
#define KL_BASE64_H

#include "buf.h"

#include <sys/types.h>

enum {
	KL_BASE64_URL = 1,      /* '-' and '_' instead of '+' and '/'; written without padding, read with or without */
	KL_BASE64_LINES = 2,    /* reading skips line ends */
	KL_BASE64_SPACES = 4,   /* … and blanks and tabs as well */
	KL_BASE64_UNPADDED = 8, /* reading does without padding */
};

/* Appends. */
void kl_base64_encode(struct kl_buf *out, const void *data, size_t len, unsigned flags);
/* Appends; -EINVAL, and then `out` is as it was. */
int kl_base64_decode(struct kl_buf *out, const char *text, size_t len, unsigned flags);
/* -1: it is valid; otherwise the byte at which it is not. */
ssize_t kl_base64_check(const char *text, size_t len, unsigned flags);

#endif
