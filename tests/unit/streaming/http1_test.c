/* What backends answer: heads, bodies in every framing and split; and what a TLS client says first. */
#include "hello.h"
#include "proxy_http1.h"
#include "testlib.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *text;
	ssize_t want; /* -1: all of it */
	int status;
	int64_t length;
	bool chunked;
} HEADS[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", -1, 200, 5, false},
	{"HTTP/1.0 404 Not Found\r\n\r\n", -1, 404, -1, false},
	{"HTTP/1.1 200\r\n\r\n", -1, 200, -1, false},
	{"HTTP/1.1 200 OK\nTransfer-Encoding:  chunked \n\n", -1, 200, -1, true},
	{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nrest", 38, 101, -1, false},
	{"HTTP/1.1 200 OK\r\nContent-Le", 0, 0, 0, false},
	{"HTTP/2 200 OK\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 2x0 OK\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 99 OK\r\n\r\n", -EPROTO, 0, 0, false},
	{"SSH-2.0-x\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nname : x\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", -EPROTO, 0, 0, false},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", -EPROTO, 0, 0, false},
};

KL_TEST(heads)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(HEADS); i++) {
		kl_autofree char *text = kl_strdup(HEADS[i].text);
		struct kl_http1_head head;
		ssize_t got = kl_http1_head(text, strlen(text), &head);
		ssize_t want = HEADS[i].want == -1 ? (ssize_t)strlen(HEADS[i].text) : HEADS[i].want;
		bool ok = KL_CHECK_INT(got, want);
		if (got > 0)
			ok = KL_CHECK_INT(head.status, HEADS[i].status) && KL_CHECK_INT(head.length, HEADS[i].length) &&
			     KL_CHECK_INT(head.chunked, HEADS[i].chunked) && ok;
		if (!ok)
			kl_test_failed(__FILE__, __LINE__, "%s", HEADS[i].text);
	}
}

KL_TEST(headers_and_hops)
{
	char text[] = "HTTP/1.1 200 OK\r\nA: 1\r\nKeep-Alive: x\r\nX-Own:\t y \r\n\r\n";
	struct kl_http1_head head;
	KL_CHECK(kl_http1_head(text, sizeof(text) - 1, &head) > 0);
	KL_CHECK_STR(kl_http1_header(&head, "x-own"), "y");
	KL_CHECK(kl_http1_header(&head, "b") == NULL);
	KL_CHECK(kl_http1_hop_by_hop("keep-alive", NULL));
	KL_CHECK(kl_http1_hop_by_hop("X-Own", "close, x-own"));
	KL_CHECK(!kl_http1_hop_by_hop("X-Ow", "close, x-own"));
}

KL_TEST(a_head_without_end_is_bounded)
{
	kl_autobuf text = {0};
	struct kl_http1_head head;
	kl_buf_str_push(&text, "HTTP/1.1 200 OK\r\nA: ");
	while (text.len < KL_HTTP1_MAX_HEAD - 1)
		kl_buf_char(&text, 'x');
	KL_CHECK_INT(kl_http1_head(text.data, text.len, &head), 0);
	kl_buf_char(&text, 'x');
	KL_CHECK_INT(kl_http1_head(text.data, text.len, &head), -EMSGSIZE);
}

static const struct {
	const char *head, *method, *bytes, *want; /* want NULL: -EPROTO */
	bool done;
} BODIES[] = {
	{"Content-Length: 5\r\n", "GET", "hellorest", "hello", true},
	{"Content-Length: 5\r\n", "GET", "hel", "hel", false},
	{"Content-Length: 0\r\n", "GET", "x", "", true},
	{"Content-Length: 5\r\n", "HEAD", "", "", true},
	{"", "GET", "until close", "until close", false},
	{"Transfer-Encoding: chunked\r\n", "GET", "5\r\nhello\r\n0\r\n\r\nrest", "hello", true},
	{"Transfer-Encoding: chunked\r\n", "GET", "5;ext=1\r\nhello\r\nC\r\n and more...\r\n0\r\nTrailer: x\r\n\r\n", "hello and more...", true},
	{"Transfer-Encoding: chunked\r\n", "GET", "5\r\nhel", "hel", false},
	{"Transfer-Encoding: chunked\r\n", "GET", "x\r\n", NULL, false},
	{"Transfer-Encoding: chunked\r\n", "GET", "2\r\nabc", NULL, false},
	{"Transfer-Encoding: chunked\r\n", "GET", "2\n", NULL, false},
	{"Transfer-Encoding: chunked\r\n", "GET", "fffffffffffffffff\r\n", NULL, false},
};

static int read_body(struct kl_http1_body *body, const char *bytes, size_t step, struct kl_buf *out)
{
	size_t len = strlen(bytes);
	for (size_t at = 0; at < len && !body->done;) {
		const char *piece;
		size_t piece_len, n = len - at < step ? len - at : step;
		ssize_t used = kl_http1_body_feed(body, bytes + at, n, &piece, &piece_len);
		if (used < 0)
			return (int)used;
		kl_buf_push(out, piece, piece_len);
		at += (size_t)used;
	}
	return 0;
}

KL_TEST(bodies_at_every_step)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(BODIES); i++)
		for (size_t step = 1; step < strlen(BODIES[i].bytes) + 2; step++) {
			kl_autofree char *text = kl_asprintf("HTTP/1.1 200 OK\r\n%s\r\n", BODIES[i].head);
			struct kl_http1_head head;
			struct kl_http1_body body;
			kl_autobuf out = {0};
			KL_CHECK(kl_http1_head(text, strlen(text), &head) > 0);
			kl_http1_body_init(&body, &head, BODIES[i].method);
			int rc = read_body(&body, BODIES[i].bytes, step, &out);
			bool ok = KL_CHECK_INT(rc, BODIES[i].want ? 0 : -EPROTO);
			if (ok && BODIES[i].want)
				ok = KL_CHECK_STR(kl_buf_str(&out), BODIES[i].want) && KL_CHECK_INT(body.done, BODIES[i].done);
			if (!ok) {
				kl_test_failed(__FILE__, __LINE__, "'%s', step %zu", BODIES[i].bytes, step);
				break;
			}
		}
}

/* --- ClientHello: GnuTLS's own, with and without ALPN */

static ssize_t hello_of(const char *const *protocols, unsigned count, uint8_t *ret, size_t size)
{
	int pair[2];
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t list[4];
	for (unsigned i = 0; i < count; i++)
		list[i] = (gnutls_datum_t){(unsigned char *)(uintptr_t)protocols[i], (unsigned)strlen(protocols[i])};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	gnutls_certificate_allocate_credentials(&cred);
	gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	if (count)
		gnutls_alpn_set_protocols(session, list, count, 0);
	gnutls_transport_set_int(session, pair[0]);
	gnutls_handshake(session);
	ssize_t n = read(pair[1], ret, size);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	close(pair[0]);
	close(pair[1]);
	return n;
}

KL_TEST(hellos)
{
	static const char *const BOTH[] = {"h2", "http/1.1"}, *const ONE[] = {"http/1.1"};
	uint8_t hello[4096];
	ssize_t n = hello_of(BOTH, 2, hello, sizeof(hello));
	KL_CHECK(n > 0 && kl_hello_offers(hello, (size_t)n, "h2"));
	KL_CHECK(!kl_hello_offers(hello, (size_t)n, "h3"));
	for (ssize_t cut = 0; cut < n; cut++) /* cut short: no answer but no harm; copied, so that ASan watches the end */
	{
		kl_autofree uint8_t *copy = kl_memdup(hello, (size_t)cut + 1);
		kl_hello_offers(copy, (size_t)cut, "h2");
	}
	n = hello_of(ONE, 1, hello, sizeof(hello));
	KL_CHECK(n > 0 && !kl_hello_offers(hello, (size_t)n, "h2") && kl_hello_offers(hello, (size_t)n, "http/1.1"));
	n = hello_of(NULL, 0, hello, sizeof(hello));
	KL_CHECK(n > 0 && !kl_hello_offers(hello, (size_t)n, "h2"));
	KL_CHECK(!kl_hello_offers((const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18, "h2"));
}

KL_MAIN()
