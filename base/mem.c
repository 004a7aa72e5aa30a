#include "mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *ptr)
{
	if (!ptr) {
		static const char words[] = "keelson: out of memory\n";
		(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
		abort();
	}
	return ptr;
}

void *kl_malloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *kl_calloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *kl_realloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

void *kl_reallocarray(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

void *kl_memdup(const void *data, size_t size)
{
	void *copy = kl_malloc(size);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *kl_strdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *kl_strndup(const char *text, size_t max)
{
	return text ? checked(strndup(text, max)) : NULL;
}

char *kl_vasprintf(const char *fmt, va_list args)
{
	char *text = NULL;
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	return checked(text);
}

char *kl_asprintf(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = kl_vasprintf(fmt, args);
	va_end(args);
	return text;
}

void kl_cleanup_free(void *ptr)
{
	void *value;
	memcpy(&value, ptr, sizeof(value));
	free(value);
}

void kl_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
