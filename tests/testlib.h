/*
 * The little that our C tests share. A test program defines its cases and runs them:
 *
 *	KL_TEST(parses_equality) { KL_CHECK(parse("a=b") == 0); KL_CHECK_STR(text, "a=b"); }
 *	KL_MAIN()
 *
 * A failed check prints file, line and values, and the case goes on; the program exits 1 when any check failed.
 */
#ifndef KL_TESTLIB_H
#define KL_TESTLIB_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct kl_test_case {
	const char *name;
	void (*run)(void);
	struct kl_test_case *next;
};

void kl_test_register(struct kl_test_case *test);
int kl_test_main(int argc, char **argv);
void kl_test_failed(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool kl_test_str(const char *file, int line, const char *expr, const char *got, const char *want);
bool kl_test_int(const char *file, int line, const char *expr, int64_t got, int64_t want);
/* Ends the whole program as skipped (77) with its reason. */
void kl_test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A repeatable pseudo-random sequence (xorshift64*), seeded from KL_TEST_SEED or a constant. */
uint64_t kl_test_random(void);

#define KL_TEST(id)                                                                                                    \
	static void test_##id(void);                                                                                   \
	static struct kl_test_case case_##id = {#id, test_##id, NULL};                                                 \
	__attribute__((constructor)) static void register_##id(void)                                                   \
	{                                                                                                              \
		kl_test_register(&case_##id);                                                                          \
	}                                                                                                              \
	static void test_##id(void)

#define KL_MAIN()                                                                                                      \
	int main(int argc, char **argv)                                                                                \
	{                                                                                                              \
		return kl_test_main(argc, argv);                                                                       \
	}

#define KL_CHECK(cond) ((cond) ? true : (kl_test_failed(__FILE__, __LINE__, "not true: %s", #cond), false))
#define KL_CHECK_STR(got, want) kl_test_str(__FILE__, __LINE__, #got, (got), (want))
#define KL_CHECK_INT(got, want) kl_test_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))

#endif
