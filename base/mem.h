/*
 * Memory and cleanup.
 *
 * Allocation failure aborts: input is bounded before anything is allocated for it, so a failed allocation means that
 * the machine is out of memory. Locals clean themselves; success hands out with kl_take().
 */
#ifndef KL_MEM_H
#define KL_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *kl_malloc(size_t size);
void *kl_calloc(size_t count, size_t size);
void *kl_realloc(void *old, size_t size);
void *kl_reallocarray(void *old, size_t count, size_t size);
void *kl_memdup(const void *data, size_t size);
/* NULL stays NULL. */
char *kl_strdup(const char *text);
char *kl_strndup(const char *text, size_t max);
char *kl_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *kl_vasprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#define kl_take(ptr)                                                                                                   \
	({                                                                                                             \
		__auto_type kl_taken_ = *(ptr);                                                                        \
		*(ptr) = (__typeof__(*(ptr)))0;                                                                        \
		kl_taken_;                                                                                             \
	})
#define kl_cleanup(fn) __attribute__((cleanup(fn)))

void kl_cleanup_free(void *ptr);
void kl_cleanup_close(int *fd);
#define kl_autofree  kl_cleanup(kl_cleanup_free)
#define kl_autoclose kl_cleanup(kl_cleanup_close)

/* Defines the cleanup function of a type with a `void destroy(T *)`: KL_AUTO(name, T, destroy) → kl_cleanup(name). */
#define KL_AUTO(name, type, destroy)                                                                                   \
	static inline void name(type **ptr)                                                                            \
	{                                                                                                              \
		if (*ptr)                                                                                              \
			destroy(*ptr);                                                                                 \
	}

#ifndef container_of
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#endif
#define KL_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
