#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int kl_fail(struct kl_err *err, int errnum, const char *fmt, ...)
{
	if (!err)
		return -errnum;
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", strerrordesc_np(errnum) ?: "unknown error");
	err->code = -errnum;
	return -errnum;
}

int kl_fail_msg(struct kl_err *err, int errnum, const char *fmt, ...)
{
	if (!err)
		return -errnum;
	va_list args;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	err->code = -errnum;
	return -errnum;
}

int kl_fail_prefix(struct kl_err *err, const char *fmt, ...)
{
	if (!err)
		return -EIO;
	char words[sizeof(err->text)];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(words))
		snprintf(words + n, sizeof(words) - (size_t)n, ": %s", err->text);
	memcpy(err->text, words, sizeof(words));
	return err->code ? err->code : -EIO;
}

void kl_err_clear(struct kl_err *err)
{
	if (!err)
		return;
	err->code = 0;
	err->text[0] = 0;
}

const char *kl_err_text(const struct kl_err *err)
{
	return err && err->text[0] ? err->text : "unknown error";
}
