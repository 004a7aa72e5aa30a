#include "testlib.h"

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "file.h"
#include "json.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *temp_dir(void)
{
	char *dir = kl_strdup("/tmp/kl-base-test.XXXXXX");
	KL_CHECK(mkdtemp(dir) != NULL);
	return dir;
}

KL_TEST(errors_carry_words)
{
	struct kl_err err = {0};
	KL_CHECK_INT(kl_fail(&err, ENOENT, "open '%s'", "x"), -ENOENT);
	KL_CHECK_STR(err.text, "open 'x': No such file or directory");
	KL_CHECK_INT(kl_fail_prefix(&err, "pod %s", "a/b"), -ENOENT);
	KL_CHECK_STR(err.text, "pod a/b: open 'x': No such file or directory");
	KL_CHECK_INT(kl_fail(NULL, EIO, "nobody listens"), -EIO);
	char longer[2000];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	kl_fail(&err, EIO, "%s", longer);
	KL_CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
}

KL_TEST(times_round_trip)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-20T10:30:35Z", 1795170635000},
		{"2026-11-20T10:30:35.123456Z", 1795170635123},
		{"2026-11-20T12:30:35+02:00", 1795170635000},
		{"2026-11-20T10:30:35", -1},
		{"2026-11-20", -1},
		{"2026-11-20T10:30:35Zjunk", -1},
		{"", -1},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		int64_t ms = -1;
		int rc = kl_time_parse(cases[i].text, &ms);
		KL_CHECK_INT(rc, cases[i].ms < 0 ? -EINVAL : 0);
		KL_CHECK_INT(ms, cases[i].ms);
	}
	char text[KL_TIME_TEXT];
	kl_time_format(1795170635, text);
	KL_CHECK_STR(text, "2026-11-20T10:30:35Z");
	kl_time_format_micro(1795170635123456, text);
	KL_CHECK_STR(text, "2026-11-20T10:30:35.123456Z");
}

KL_TEST(durations_read_as_kubectl_prints_them)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{0, "0s"}, {119, "119s"}, {120, "2m"}, {125, "2m5s"}, {600, "10m"}, {3 * 3600, "3h"}, {3 * 3600 + 60, "3h1m"},
		{9 * 3600, "9h"}, {49 * 3600, "2d1h"}, {9 * 86400, "9d"}, {400LL * 86400, "400d"}, {800LL * 86400, "2y70d"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char text[KL_TIME_TEXT];
		kl_duration_human(cases[i].s, text);
		KL_CHECK_STR(text, cases[i].text);
	}
}

KL_TEST(buffers_grow_and_keep_their_bound)
{
	kl_autobuf buf = {0};
	for (int i = 0; i < 1000; i++)
		kl_buf_printf(&buf, "%d,", i);
	KL_CHECK_INT(buf.len, 10 * 2 + 90 * 3 + 900 * 4);
	kl_buf_consume(&buf, 4);
	KL_CHECK(!strncmp(kl_buf_str(&buf), "2,3,", 4));
	kl_autobuf bounded = {.max = 8};
	kl_buf_str_push(&bounded, "12345678");
	kl_buf_char(&bounded, '9');
	KL_CHECK(bounded.overflow);
	KL_CHECK_STR(kl_buf_str(&bounded), "12345678");
	kl_autobuf json = {0};
	kl_buf_json_string(&json, "a\"b\\c\n\x01", 7);
	KL_CHECK_STR(kl_buf_str(&json), "\"a\\\"b\\\\c\\n\\u0001\"");
}

KL_TEST(json_paths)
{
	static const char text_in[] = "{\"a\":{\"b\":{\"c\":5,\"d\":\"x\",\"e\":true}}}";
	kl_autojson *json = kl_json_parse(text_in, sizeof(text_in) - 1, NULL);
	KL_CHECK_INT(kl_json_int(json, -1, "a", "b", "c", NULL), 5);
	KL_CHECK_INT(kl_json_int(json, -1, "a", "x", "c", NULL), -1);
	KL_CHECK_STR(kl_json_str(json, "a", "b", "d", NULL), "x");
	KL_CHECK_STR(kl_json_str(json, "a", "b", "c", NULL), "");
	KL_CHECK(kl_json_bool(json, false, "a", "b", "e", NULL));
	kl_json_set(json, json_integer(7), "n", "m", NULL);
	KL_CHECK_INT(kl_json_int(json, 0, "n", "m", NULL), 7);
	kl_json_delete(json, "a", "b", NULL);
	kl_autofree char *text = kl_json_text(json);
	KL_CHECK_STR(text, "{\"a\":{},\"n\":{\"m\":7}}");
	struct kl_err err = {0};
	KL_CHECK(!kl_json_parse("{\"a\":1,\"a\":2}", 13, &err));
	KL_CHECK(strstr(err.text, "duplicate") != NULL);
	KL_CHECK(!kl_json_parse("{} x", 4, &err));
}

KL_TEST(files_are_replaced_at_once_and_confined)
{
	kl_autofree char *dir = temp_dir();
	kl_autofree char *path = kl_asprintf("%s/deep/er/file", dir);
	kl_autofree char *parent = kl_asprintf("%s/deep/er", dir);
	struct kl_err err = {0};
	KL_CHECK_INT(kl_mkdir_p(parent, 0700, &err), 0);
	KL_CHECK_INT(kl_file_write_atomic(path, "hello", 5, 0600, &err), 0);
	struct stat st;
	KL_CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	kl_autobuf buf = {0};
	KL_CHECK_INT(kl_file_read(path, &buf, &err), 0);
	KL_CHECK_STR(kl_buf_str(&buf), "hello");
	kl_autobuf small = {.max = 3};
	KL_CHECK_INT(kl_file_read(path, &small, &err), -EFBIG);

	kl_autofree char *link = kl_asprintf("%s/escape", dir);
	KL_CHECK(!symlink("/etc/hostname", link));
	kl_autoclose int root = open(dir, O_PATH | O_DIRECTORY);
	KL_CHECK_INT(kl_open_beneath(root, "escape", O_RDONLY, 0, &err), -ENOENT);
	KL_CHECK_INT(kl_open_beneath(root, "../../etc/hostname", O_RDONLY, 0, &err), -ENOENT);
	kl_autoclose int fd = kl_open_beneath(root, "deep/er/file", O_RDONLY, 0, &err);
	KL_CHECK(fd >= 0);
	KL_CHECK_INT(kl_remove_tree(dir, &err), 0);
	KL_CHECK(!kl_path_exists(dir));
	KL_CHECK(kl_path_exists("/etc"));
}

KL_TEST(programs_run_without_a_shell)
{
	kl_cleanup(kl_proc_result_release) struct kl_proc_result result = {0};
	struct kl_err err = {0};
	const char *const cat[] = {"cat", NULL};
	KL_CHECK_INT(kl_proc_run(cat, "$(id) `id`", 5000, &result, &err), 0);
	KL_CHECK_INT(result.exit_code, 0);
	KL_CHECK_STR(kl_buf_str(&result.out), "$(id) `id`");
	const char *const missing[] = {"ls", "/nonexistent", NULL};
	KL_CHECK_INT(kl_proc_check(missing, &err), -EIO);
	KL_CHECK(strstr(err.text, "No such file") != NULL);
	const char *const absent[] = {"keelson-no-such-program", NULL};
	KL_CHECK_INT(kl_proc_check(absent, &err), -ENOENT);
	kl_cleanup(kl_proc_result_release) struct kl_proc_result late = {0};
	const char *const sleeper[] = {"sleep", "30", NULL};
	KL_CHECK_INT(kl_proc_run(sleeper, NULL, 50, &late, &err), -ETIMEDOUT);
}

KL_MAIN()
