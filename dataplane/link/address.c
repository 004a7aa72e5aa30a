/*
 * Addresses and prefixes as text and as numbers. Pure.
 */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kl_addr_is_zero(const struct kl_addr *addr)
{
	static const uint8_t zero[16];
	size_t from = kl_addr_is_v4(addr) ? 12 : 0;
	return !memcmp(addr->bytes + from, zero, sizeof(zero) - from);
}

const char *kl_addr_write(const struct kl_addr *addr, char ret[KL_ADDR_TEXT])
{
	kl_addr_format(addr, ret);
	return ret;
}

int kl_prefix_read(const char *text, struct kl_prefix *ret)
{
	char addr[KL_ADDR_TEXT];
	struct kl_prefix prefix;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = 0;
	if (kl_addr_parse(addr, &prefix.addr))
		return -EINVAL;
	unsigned long max = kl_addr_is_v4(&prefix.addr) ? 32 : 128, bits = max;
	if (slash) {
		char *end;
		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || end - slash > 4 || bits > max)
			return -EINVAL;
	}
	prefix.len = (uint8_t)bits;
	*ret = prefix;
	return 0;
}

const char *kl_prefix_write(const struct kl_prefix *prefix, char ret[KL_PREFIX_TEXT])
{
	char addr[KL_ADDR_TEXT];
	snprintf(ret, KL_PREFIX_TEXT, "%s/%u", kl_addr_write(&prefix->addr, addr), prefix->len);
	return ret;
}

/* The length as of the 16 bytes. */
static unsigned bits_of(const struct kl_prefix *prefix)
{
	return prefix->len + (kl_addr_is_v4(&prefix->addr) ? 96U : 0U);
}

struct kl_prefix kl_prefix_network(const struct kl_prefix *prefix)
{
	struct kl_prefix network = *prefix;
	unsigned bits = bits_of(prefix);
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		if (keep < 8)
			network.addr.bytes[i] &= (uint8_t)(0xff00U >> keep);
	}
	return network;
}

bool kl_prefix_contains(const struct kl_prefix *prefix, const struct kl_addr *addr)
{
	if (kl_addr_is_v4(&prefix->addr) != kl_addr_is_v4(addr))
		return false;
	struct kl_prefix other = {.addr = *addr, .len = prefix->len};
	struct kl_prefix a = kl_prefix_network(prefix), b = kl_prefix_network(&other);
	return kl_addr_equal(&a.addr, &b.addr);
}

bool kl_prefix_equal(const struct kl_prefix *a, const struct kl_prefix *b)
{
	return a->len == b->len && kl_addr_equal(&a->addr, &b->addr);
}

struct kl_addr kl_prefix_nth(const struct kl_prefix *prefix, uint64_t n)
{
	struct kl_addr addr = kl_prefix_network(prefix).addr;
	for (int i = 15; i >= 0 && n; i--) {
		n += addr.bytes[i];
		addr.bytes[i] = (uint8_t)n;
		n >>= 8;
	}
	return addr;
}
