/* The CRI log format: parsing, filters, the tail against a naive reading of the whole file. */
#include "crilog.h"
#include "testlib.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define T1 "2026-11-20T10:30:35.123456789+00:00"
#define T2 "2026-11-20T10:30:36.000000000+00:00"
#define T3 "2026-11-20T12:30:37.5+02:00"

static const char LOG[] = T1 " stdout F one\n" T1 " stderr F two\n" T2 " stdout P thr\n" T2 " stdout F ee\n" T3
			     " stdout F four\nrubbish\n" T3 " stdout F\n";

static void read_with(struct kl_crilog_filter filter, size_t step, struct kl_buf *out)
{
	kl_autobuf raw = {0};
	for (size_t at = 0; at < sizeof(LOG) - 1; at += step) {
		size_t n = sizeof(LOG) - 1 - at;
		kl_buf_push(&raw, LOG + at, n < step ? n : step);
		kl_buf_consume(&raw, kl_crilog_filter_bytes(&filter, kl_buf_str(&raw), raw.len, out));
	}
}

KL_TEST(filters_at_every_step)
{
	struct {
		struct kl_crilog_filter filter;
		const char *want;
	} cases[] = {
		{KL_CRILOG_FILTER, "one\ntwo\nthree\nfour\n\n"},
		{{.limit_bytes = 6}, "one\ntw"},
		{{.limit_bytes = -1, .skip_stderr = true}, "one\nthree\nfour\n\n"},
		{{.limit_bytes = -1, .skip_stdout = true}, "two\n"},
		{{.limit_bytes = -1, .since_ms = 1795170636000}, "three\nfour\n\n"},
		{{.limit_bytes = -1, .since_ms = 1795170637500}, "four\n\n"},
		{{.limit_bytes = -1, .since_ms = 1795170637501}, ""},
		{{.limit_bytes = -1, .timestamps = true},
			"2026-11-20T10:30:35.123456789Z one\n2026-11-20T10:30:35.123456789Z two\n"
			"2026-11-20T10:30:36.000000000Z three\n" T3 " four\n" T3 " \n"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++)
		for (size_t step = 1; step < sizeof(LOG); step++) {
			kl_autobuf out = {0};
			read_with(cases[i].filter, step, &out);
			if (!KL_CHECK_STR(kl_buf_str(&out), cases[i].want))
				break;
		}
}

KL_TEST(records_that_are_none)
{
	static const char *const BAD[] = {"", " ", "x", T1, T1 " ", T1 " stdout", T1 " stdout ", T1 " nowhere F x",
		T1 " stdout X y", T1 " stdout FF y", "  F "};
	struct kl_crilog_record record;
	for (size_t i = 0; i < KL_ARRAY_LEN(BAD); i++)
		if (!KL_CHECK(!kl_crilog_parse(BAD[i], strlen(BAD[i]), &record)))
			kl_test_failed(__FILE__, __LINE__, "'%s'", BAD[i]);
	KL_CHECK(kl_crilog_parse(T1 " stdout F:x y z", sizeof(T1 " stdout F:x y z") - 1, &record));
	KL_CHECK_INT(record.len, 3);
}

/* --- the tail */

static int memory_file(const struct kl_buf *bytes)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	if (bytes->len && write(fd, bytes->data, bytes->len) != (ssize_t)bytes->len)
		abort();
	return fd;
}

/* Reads forwards: offsets at which a line of the container begins; the wanted one is `lines` from the end. */
static int64_t naive_tail(const struct kl_buf *bytes, int64_t lines)
{
	size_t *starts = kl_calloc(bytes->len + 2, sizeof(*starts)), count = 0, at = 0;
	bool begun = false;
	while (at < bytes->len) {
		const char *line = bytes->data + at, *newline = memchr(line, '\n', bytes->len - at);
		size_t n = newline ? (size_t)(newline - line) : bytes->len - at;
		if (!begun)
			starts[count++] = at;
		begun = strstr(line, " P ") && strstr(line, " P ") < line + n;
		at += n + 1;
	}
	int64_t tail = lines == 0 ? (int64_t)bytes->len : (size_t)lines >= count ? 0 : (int64_t)starts[count - (size_t)lines];
	free(starts);
	return tail;
}

static void check_tail(const struct kl_buf *bytes)
{
	kl_autoclose int fd = memory_file(bytes);
	for (int64_t lines = 0; lines < 12; lines++) {
		int64_t got = kl_crilog_tail(fd, (int64_t)bytes->len, lines), want = naive_tail(bytes, lines);
		if (!KL_CHECK_INT(got, want)) {
			kl_test_failed(__FILE__, __LINE__, "tail %d of '%s'", (int)lines, kl_buf_str(bytes));
			return;
		}
	}
}

KL_TEST(tail_like_a_naive_reader)
{
	for (int round = 0; round < 400; round++) {
		kl_autobuf bytes = {0};
		size_t records = kl_test_random() % 20;
		for (size_t i = 0; i < records; i++)
			kl_buf_printf(&bytes, T1 " stdout %s %.*s\n", i + 1 < records && kl_test_random() % 3 == 0 ? "P" : "F",
				(int)(kl_test_random() % 30), "abcdefghijklmnopqrstuvwxyzabcdefghi");
		check_tail(&bytes);
	}
}

KL_TEST(tail_across_blocks)
{
	kl_autobuf bytes = {0};
	for (int i = 0; i < 5; i++) {
		kl_buf_str_push(&bytes, T1 " stdout F ");
		for (int k = 0; k < 40000; k++)
			kl_buf_char(&bytes, 'x');
		kl_buf_char(&bytes, '\n');
	}
	check_tail(&bytes);
}

KL_MAIN()
