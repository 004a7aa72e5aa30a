#include "hammer_answer.h"
#include "testlib.h"

#include <string.h>

static const struct {
	const char *bytes;
	enum kl_answer_state fed, at_eof;
	int status;
} cases[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", KL_ANSWER_COMPLETE, KL_ANSWER_MALFORMED, 200},
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", KL_ANSWER_MORE, KL_ANSWER_MALFORMED, 200},
	{"HTTP/1.1 200 OK\r\n\r\nhi", KL_ANSWER_MORE, KL_ANSWER_COMPLETE, 200},
	{"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", KL_ANSWER_COMPLETE,
		KL_ANSWER_MALFORMED, 503},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", KL_ANSWER_COMPLETE,
		KL_ANSWER_MALFORMED, 200},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", KL_ANSWER_MORE, KL_ANSWER_MALFORMED,
		200},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhi", KL_ANSWER_MORE, KL_ANSWER_MALFORMED, 200},
	{"HTTP/1.1 200", KL_ANSWER_MORE, KL_ANSWER_MALFORMED, 0},
	{"SSH-2.0-OpenSSH\r\n\r\n", KL_ANSWER_MALFORMED, KL_ANSWER_MALFORMED, 0},
	{"HTTP/1.1 99\r\n\r\n", KL_ANSWER_MALFORMED, KL_ANSWER_MALFORMED, 0},
	{"HTTP/1.1 204 No Content\r\n\r\n", KL_ANSWER_COMPLETE, KL_ANSWER_COMPLETE, 204},
};

KL_TEST(whole)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_answer answer = {0};
		kl_answer_init(&answer);
		KL_CHECK_INT(kl_answer_feed(&answer, cases[i].bytes, strlen(cases[i].bytes)), cases[i].fed);
		if (cases[i].fed != KL_ANSWER_MALFORMED) {
			KL_CHECK_INT(kl_answer_eof(&answer), cases[i].at_eof);
			KL_CHECK_INT(answer.status, cases[i].status);
		}
		kl_answer_release(&answer);
	}
}

KL_TEST(byte_by_byte)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_answer answer = {0};
		enum kl_answer_state state = KL_ANSWER_MORE;
		kl_answer_init(&answer);
		for (const char *at = cases[i].bytes; *at && state == KL_ANSWER_MORE; at++)
			state = kl_answer_feed(&answer, at, 1);
		KL_CHECK_INT(state, cases[i].fed);
		kl_answer_release(&answer);
	}
}

KL_TEST(too_long)
{
	struct kl_answer answer = {0};
	char page[4096];
	enum kl_answer_state state = KL_ANSWER_MORE;

	memset(page, 'x', sizeof(page));
	kl_answer_init(&answer);
	for (size_t sent = 0; sent < KL_ANSWER_MAX && state == KL_ANSWER_MORE; sent += sizeof(page))
		state = kl_answer_feed(&answer, page, sizeof(page));
	KL_CHECK_INT(kl_answer_feed(&answer, page, 1), KL_ANSWER_MALFORMED);
	kl_answer_release(&answer);
}

KL_MAIN()
