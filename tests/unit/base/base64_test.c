#include "base64.h"
#include "testlib.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *plain, *std, *url;
} pairs[] = {
	/* RFC 4648 section 10 */
	{"", "", ""},
	{"f", "Zg==", "Zg"},
	{"fo", "Zm8=", "Zm8"},
	{"foo", "Zm9v", "Zm9v"},
	{"foob", "Zm9vYg==", "Zm9vYg"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "+//+", "-__-"},
};

KL_TEST(there_and_back)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(pairs); i++) {
		kl_autobuf std = {0}, url = {0}, back = {0}, url_back = {0};
		kl_base64_encode(&std, pairs[i].plain, strlen(pairs[i].plain), 0);
		kl_base64_encode(&url, pairs[i].plain, strlen(pairs[i].plain), KL_BASE64_URL);
		KL_CHECK_STR(kl_buf_str(&std), pairs[i].std);
		KL_CHECK_STR(kl_buf_str(&url), pairs[i].url);
		KL_CHECK_INT(kl_base64_decode(&back, std.data ? std.data : "", std.len, 0), 0);
		KL_CHECK_STR(kl_buf_str(&back), pairs[i].plain);
		KL_CHECK_INT(kl_base64_decode(&url_back, url.data ? url.data : "", url.len, KL_BASE64_URL), 0);
		KL_CHECK_STR(kl_buf_str(&url_back), pairs[i].plain);
	}
}

KL_TEST(what_is_tolerated_is_said)
{
	static const struct {
		const char *text;
		unsigned flags;
		int at; /* -1: valid */
	} cases[] = {
		{"Zg==", 0, -1}, {"Zg", 0, 2}, {"Zg", KL_BASE64_UNPADDED, -1}, {"Zg", KL_BASE64_URL, -1},
		{"Zg==", KL_BASE64_URL, -1}, {"Zg=", 0, 3}, {"Zg=", KL_BASE64_UNPADDED, 3}, {"Zg===", 0, 4},
		{"Z", KL_BASE64_UNPADDED, 1}, {"Z===", 0, 1}, {"====", 0, 0}, {"=", 0, 0}, {"Zm9v=", 0, 4},
		{"Zm\n9v\r\n", 0, 2}, {"Zm\n9v\r\n", KL_BASE64_LINES, -1}, {"Zg=\n=", KL_BASE64_LINES, -1},
		{"Zm 9v", KL_BASE64_LINES, 2}, {"Zm 9v\t", KL_BASE64_SPACES, -1}, {"Zg==Zg==", 0, 4},
		{"+/+/", KL_BASE64_URL, 0}, {"-_-_", 0, 0}, {"Zm9\x80", 0, 3},
		{"Zh==", 0, -1}, /* bits behind the last byte, as Go reads them */
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autobuf out = {0};
		kl_buf_str_push(&out, "before");
		int rc = kl_base64_decode(&out, cases[i].text, strlen(cases[i].text), cases[i].flags);
		if (!KL_CHECK_INT(kl_base64_check(cases[i].text, strlen(cases[i].text), cases[i].flags), cases[i].at) ||
			!KL_CHECK_INT(rc, cases[i].at < 0 ? 0 : -EINVAL))
			kl_test_failed(__FILE__, __LINE__, "case %zu: '%s'", i, cases[i].text);
		if (rc < 0)
			KL_CHECK_STR(kl_buf_str(&out), "before");
	}
}

KL_TEST(a_nul_byte_is_no_digit)
{
	kl_autobuf out = {0};
	KL_CHECK_INT(kl_base64_decode(&out, "Zm\0v", 4, 0), -EINVAL);
}

KL_MAIN()
