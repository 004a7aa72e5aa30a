#include "testlib.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kl_test_case *first, **last = &first;
static int failures;

void kl_test_register(struct kl_test_case *test)
{
	*last = test;
	last = &test->next;
}

void kl_test_failed(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	failures++;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

bool kl_test_str(const char *file, int line, const char *expr, const char *got, const char *want)
{
	if (got == want || (got && want && !strcmp(got, want)))
		return true;
	kl_test_failed(file, line, "%s is\n  '%s', not\n  '%s'", expr, got ? got : "(null)", want ? want : "(null)");
	return false;
}

bool kl_test_int(const char *file, int line, const char *expr, int64_t got, int64_t want)
{
	if (got == want)
		return true;
	kl_test_failed(file, line, "%s is %" PRId64 ", not %" PRId64, expr, got, want);
	return false;
}

void kl_test_skip(const char *fmt, ...)
{
	va_list args;

	printf("skipped: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(77);
}

uint64_t kl_test_random(void)
{
	static uint64_t state;

	if (!state) {
		const char *seed = getenv("KL_TEST_SEED");
		state = seed ? strtoull(seed, NULL, 0) | 1 : 0x9e3779b97f4a7c15u;
	}
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

/* With an argument, only the cases whose name contains it. */
int kl_test_main(int argc, char **argv)
{
	int ran = 0, failed = 0;

	for (struct kl_test_case *test = first; test; test = test->next) {
		if (argc > 1 && !strstr(test->name, argv[1]))
			continue;
		int before = failures;
		test->run();
		ran++;
		if (failures > before) {
			failed++;
			fprintf(stderr, "FAIL %s\n", test->name);
		}
	}
	printf("%d passed, %d failed\n", ran - failed, failed);
	return failed || !ran ? 1 : 0;
}
