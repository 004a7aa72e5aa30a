#include "hello.h"

#include <string.h>

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1, EXTENSION_ALPN = 16, RANDOM_LEN = 32 };

/* A cursor over bytes; `left` falls to nothing at the first step beyond the end, and everything after fails as well. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
	if (c->failed || len > c->left) {
		c->failed = true;
		return NULL;
	}
	const uint8_t *at = c->at;
	c->at += len;
	c->left -= len;
	return at;
}

static uint32_t take_number(struct cursor *c, size_t bytes)
{
	uint32_t value = 0;
	const uint8_t *at = take(c, bytes);
	for (size_t i = 0; at && i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

/* A vector: its length in so many bytes, then itself. */
static struct cursor take_vector(struct cursor *c, size_t length_bytes)
{
	uint32_t len = take_number(c, length_bytes);
	const uint8_t *at = take(c, len);
	return (struct cursor){.at = at, .left = at ? len : 0, .failed = !at};
}

static bool alpn_has(struct cursor extension, const char *protocol)
{
	struct cursor list = take_vector(&extension, 2);
	while (!list.failed && list.left) {
		struct cursor name = take_vector(&list, 1);
		if (!name.failed && name.left == strlen(protocol) && !memcmp(name.at, protocol, name.left))
			return true;
	}
	return false;
}

bool kl_hello_offers(const uint8_t *data, size_t len, const char *protocol)
{
	struct cursor c = {.at = data, .left = len};
	if (take_number(&c, 1) != RECORD_HANDSHAKE)
		return false;
	take(&c, 2 + 2); /* the record's version and length: the message's own length is enough */
	if (take_number(&c, 1) != CLIENT_HELLO)
		return false;
	take(&c, 3 + 2 + RANDOM_LEN);
	take_vector(&c, 1); /* session id */
	take_vector(&c, 2); /* cipher suites */
	take_vector(&c, 1); /* compression methods */
	struct cursor extensions = take_vector(&c, 2);
	while (!extensions.failed && extensions.left) {
		uint32_t type = take_number(&extensions, 2);
		struct cursor extension = take_vector(&extensions, 2);
		if (type == EXTENSION_ALPN && !extension.failed)
			return alpn_has(extension, protocol);
	}
	return false;
}
