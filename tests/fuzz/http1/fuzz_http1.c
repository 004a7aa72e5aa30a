/*
 * What a backend answers: head and body, in steps that the first byte chooses, must give the same as when they are
 * taken at once. And the same bytes as a ClientHello, which must do no harm.
 */
#include "hello.h"
#include "proxy_http1.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_body(struct kl_http1_body body, const char *bytes, size_t len, size_t step, struct kl_buf *out)
{
	for (size_t at = 0; at < len && !body.done;) {
		const char *piece;
		size_t piece_len;
		ssize_t used = kl_http1_body_feed(&body, bytes + at, len - at < step ? len - at : step, &piece, &piece_len);
		if (used < 0)
			return -1;
		if (used == 0)
			abort(); /* no progress */
		kl_buf_push(out, piece, piece_len);
		at += (size_t)used;
	}
	return body.done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kl_http1_head head;
	struct kl_http1_body body;
	if (size < 2)
		return 0;
	kl_hello_offers(data, size, "h2");
	kl_autofree char *bytes = kl_memdup(data + 1, size - 1);
	size_t len = size - 1;
	ssize_t n = kl_http1_head(bytes, len, &head);
	if (n <= 0)
		return 0;
	for (size_t i = 0; i < head.header_count; i++)
		if (!*head.headers[i].name || strchr(head.headers[i].value, '\n'))
			abort();
	kl_http1_body_init(&body, &head, data[0] & 1 ? "GET" : "HEAD");
	kl_autobuf whole = {0}, steps = {0};
	int a = read_body(body, bytes + n, len - (size_t)n, len, &whole);
	int b = read_body(body, bytes + n, len - (size_t)n, 1 + data[0] % 23, &steps);
	if (a != b || whole.len != steps.len || (whole.len && memcmp(whole.data, steps.data, whole.len)))
		abort();
	return 0;
}
