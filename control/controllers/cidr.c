#include "cidr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_BITS_MAX = 16 };

bool cidr_parse(const char *text, struct cidr *ret)
{
	char address[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : 0;
	if (!slash || len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = 0;
	memset(ret, 0, sizeof(*ret));
	ret->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	ret->prefix = (int)strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || ret->prefix < 0 || ret->prefix > (ret->family == AF_INET ? 32 : 128))
		return false;
	return inet_pton(ret->family, address, ret->address) == 1;
}

uint32_t cidr_parts(const struct cidr *whole, int prefix)
{
	int bits = prefix - whole->prefix;
	if (bits < 0 || prefix > (whole->family == AF_INET ? 32 : 128))
		return 0;
	return 1u << (bits < PARTS_BITS_MAX ? bits : PARTS_BITS_MAX);
}

struct cidr cidr_part(const struct cidr *whole, int prefix, uint32_t index)
{
	struct cidr part = *whole;
	part.prefix = prefix;
	for (int bit = prefix - 1; index && bit >= whole->prefix; bit--, index >>= 1) {
		if (index & 1)
			part.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	return part;
}

int64_t cidr_index(const struct cidr *whole, const struct cidr *part)
{
	int64_t index = 0;
	if (whole->family != part->family || part->prefix < whole->prefix || part->prefix - whole->prefix > 62)
		return -1;
	for (int bit = 0; bit < part->prefix; bit++) {
		int a = whole->address[bit / 8] >> (7 - bit % 8) & 1, b = part->address[bit / 8] >> (7 - bit % 8) & 1;
		if (bit < whole->prefix && a != b)
			return -1;
		if (bit >= whole->prefix)
			index = index << 1 | b;
	}
	return index;
}

void cidr_format(const struct cidr *cidr, char ret[CIDR_TEXT])
{
	char address[INET6_ADDRSTRLEN];
	inet_ntop(cidr->family, cidr->address, address, sizeof(address));
	snprintf(ret, CIDR_TEXT, "%s/%d", address, cidr->prefix);
}
