#include "base64.h"

#include <errno.h>
#include <string.h>

void kl_base64_encode(struct kl_buf *out, const void *data, size_t len, unsigned flags)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *digits = flags & KL_BASE64_URL ? url : plain;
	const unsigned char *at = data;
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t word =
			(uint32_t)at[i] << 16 | (have > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (have > 2 ? at[i + 2] : 0U);
		char four[4];
		for (size_t k = 0; k < 4; k++)
			four[k] = k <= have ? digits[word >> (18 - 6 * k) & 63] : '=';
		kl_buf_push(out, four, flags & KL_BASE64_URL ? have + 1 : 4);
	}
}

static int value_of(unsigned char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

static bool skipped(char c, unsigned flags)
{
	if (c == '\n' || c == '\r')
		return flags & (KL_BASE64_LINES | KL_BASE64_SPACES);
	return (c == ' ' || c == '\t') && flags & KL_BASE64_SPACES;
}

/* What stands behind the digits: padding that completes the last four, and nothing else. */
static ssize_t check_end(const char *text, size_t len, size_t at, size_t digits, unsigned flags)
{
	size_t padding = 0, wanted = (4 - digits % 4) % 4;
	if (wanted == 3)
		return (ssize_t)at;
	for (; at < len; at++) {
		if (skipped(text[at], flags))
			continue;
		if (text[at] != '=' || padding == wanted)
			return (ssize_t)at;
		padding++;
	}
	bool optional = !padding && flags & (KL_BASE64_URL | KL_BASE64_UNPADDED);
	return padding == wanted || optional ? -1 : (ssize_t)len;
}

/* out NULL: only looks. */
static ssize_t decode(struct kl_buf *out, const char *text, size_t len, unsigned flags)
{
	uint32_t bits = 0;
	size_t at = 0, digits = 0;
	for (; at < len && text[at] != '='; at++) {
		if (skipped(text[at], flags))
			continue;
		int value = value_of((unsigned char)text[at], flags & KL_BASE64_URL);
		if (value < 0)
			return (ssize_t)at;
		bits = bits << 6 | (uint32_t)value;
		if (digits++ % 4 && out)
			kl_buf_char(out, (char)(bits >> (6 - 2 * ((digits - 1) % 4))));
	}
	return check_end(text, len, at, digits, flags);
}

int kl_base64_decode(struct kl_buf *out, const char *text, size_t len, unsigned flags)
{
	size_t before = out->len;
	kl_buf_reserve(out, len / 4 * 3 + 3);
	out->data[before] = '\0';
	if (decode(out, text, len, flags) < 0)
		return 0;
	out->len = before;
	out->data[before] = '\0';
	return -EINVAL;
}

ssize_t kl_base64_check(const char *text, size_t len, unsigned flags)
{
	return decode(NULL, text, len, flags);
}
