#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kl_buf_release(struct kl_buf *buf)
{
	free(buf->data);
	*buf = (struct kl_buf){.max = buf->max};
}

void kl_buf_reset(struct kl_buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data)
		buf->data[0] = 0;
}

void kl_buf_reserve(struct kl_buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	if (need <= buf->size)
		return;
	size_t size = buf->size ? buf->size : 64;
	while (size < need)
		size += size / 2 + 32;
	buf->data = kl_realloc(buf->data, size);
	buf->size = size;
}

void kl_buf_push(struct kl_buf *buf, const void *data, size_t len)
{
	if (buf->max && (len > buf->max || buf->len > buf->max - len)) {
		buf->overflow = true;
		return;
	}
	kl_buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = 0;
}

void kl_buf_str_push(struct kl_buf *buf, const char *text)
{
	kl_buf_push(buf, text, strlen(text));
}

void kl_buf_char(struct kl_buf *buf, char c)
{
	if (buf->max || buf->len + 2 > buf->size) {
		kl_buf_push(buf, &c, 1);
		return;
	}
	buf->data[buf->len++] = c;
	buf->data[buf->len] = 0;
}

void kl_buf_printf(struct kl_buf *buf, const char *fmt, ...)
{
	char small[512];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		kl_buf_push(buf, small, (size_t)n);
		return;
	}
	va_start(args, fmt);
	kl_autofree char *text = kl_vasprintf(fmt, args);
	va_end(args);
	kl_buf_push(buf, text, (size_t)n);
}

/* Nearly every string is written as it is: one look, one copy. */
static bool push_plain_string(struct kl_buf *buf, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '"' || text[i] == '\\')
			return false;
	kl_buf_reserve(buf, len + 2);
	char *to = buf->data + buf->len;
	to[0] = '"';
	if (len)
		memcpy(to + 1, text, len);
	to[len + 1] = '"';
	to[len + 2] = 0;
	buf->len += len + 2;
	return true;
}

void kl_buf_json_string(struct kl_buf *buf, const char *text, size_t len)
{
	if (!buf->max && push_plain_string(buf, text, len))
		return;
	kl_buf_char(buf, '"');
	for (size_t i = 0, plain = 0; i <= len; i++) {
		unsigned char c = i < len ? (unsigned char)text[i] : 0;
		if (i < len && c >= ' ' && c != '"' && c != '\\')
			continue;
		kl_buf_push(buf, text + plain, i - plain);
		plain = i + 1;
		if (i == len)
			break;
		if (c == '"' || c == '\\')
			kl_buf_printf(buf, "\\%c", c);
		else if (c == '\n')
			kl_buf_push(buf, "\\n", 2);
		else if (c == '\t')
			kl_buf_push(buf, "\\t", 2);
		else if (c == '\r')
			kl_buf_push(buf, "\\r", 2);
		else
			kl_buf_printf(buf, "\\u%04x", c);
	}
	kl_buf_char(buf, '"');
}

void kl_buf_consume(struct kl_buf *buf, size_t n)
{
	if (n >= buf->len) {
		kl_buf_reset(buf);
		return;
	}
	memmove(buf->data, buf->data + n, buf->len - n + 1);
	buf->len -= n;
}

const char *kl_buf_str(const struct kl_buf *buf)
{
	return buf->data ? buf->data : "";
}

char *kl_buf_take(struct kl_buf *buf)
{
	char *data = buf->data ? buf->data : kl_strdup("");
	*buf = (struct kl_buf){.max = buf->max};
	return data;
}
