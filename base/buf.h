/*
 * A growable byte buffer, always NUL-terminated behind its length. Zero-initialise it (`struct kl_buf buf = {0}`) or
 * set `max` for a hard bound on untrusted growth: past it `overflow` is set and further bytes are dropped.
 */
#ifndef KL_BUF_H
#define KL_BUF_H

#include "mem.h"

#include <stdbool.h>
#include <stdint.h>

struct kl_buf {
	char *data; /* NULL while empty; use kl_buf_str() for a string */
	size_t len, size;
	size_t max; /* 0: unbounded */
	bool overflow;
};

void kl_buf_release(struct kl_buf *buf);
#define kl_autobuf kl_cleanup(kl_buf_release) struct kl_buf
void kl_buf_reset(struct kl_buf *buf); /* empties it, keeps the memory */
void kl_buf_reserve(struct kl_buf *buf, size_t more);
void kl_buf_push(struct kl_buf *buf, const void *data, size_t len);
void kl_buf_str_push(struct kl_buf *buf, const char *text);
void kl_buf_char(struct kl_buf *buf, char c);
void kl_buf_printf(struct kl_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes, escaped (RFC 8259). */
void kl_buf_json_string(struct kl_buf *buf, const char *text, size_t len);
/* Removes the first n bytes. */
void kl_buf_consume(struct kl_buf *buf, size_t n);
/* Never NULL. */
const char *kl_buf_str(const struct kl_buf *buf);
/* Hands out the memory (NUL-terminated) and empties the buffer. */
char *kl_buf_take(struct kl_buf *buf);

#endif
