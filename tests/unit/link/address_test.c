/*
 * Addresses and prefixes: text forms, networks, containment; the arithmetic against a naive oracle.
 */
#include "link.h"
#include "testlib.h"

#include <string.h>

KL_TEST(addresses_as_text)
{
	static const struct {
		const char *text, *want; /* want NULL: refused */
		bool v4;
	} cases[] = {
		{"10.0.0.1", "10.0.0.1", true},
		{"0.0.0.0", "0.0.0.0", true},
		{"::ffff:10.0.0.1", "10.0.0.1", true},
		{"fd88::1", "fd88::1", false},
		{"FD88:0:0:0::1", "fd88::1", false},
		{"::", "::", false},
		{"10.0.0", NULL, false},
		{"10.0.0.256", NULL, false},
		{"010.0.0.1", NULL, false},
		{"", NULL, false},
		{"fd88::1%eth0", NULL, false},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_addr addr;
		char text[KL_ADDR_TEXT];
		int rc = kl_addr_parse(cases[i].text, &addr);
		if (!KL_CHECK((rc == 0) == (cases[i].want != NULL)) || rc)
			continue;
		KL_CHECK_STR(kl_addr_write(&addr, text), cases[i].want);
		KL_CHECK_INT(kl_addr_is_v4(&addr), cases[i].v4);
	}
}

KL_TEST(prefixes_as_text)
{
	static const struct {
		const char *text, *want, *network;
	} cases[] = {
		{"10.1.2.3/24", "10.1.2.3/24", "10.1.2.0/24"},
		{"10.1.2.3/20", "10.1.2.3/20", "10.1.0.0/20"},
		{"10.1.2.3", "10.1.2.3/32", "10.1.2.3/32"},
		{"10.1.2.3/0", "10.1.2.3/0", "0.0.0.0/0"},
		{"fd00:1:2:3::9/61", "fd00:1:2:3::9/61", "fd00:1:2::/61"},
		{"::/0", "::/0", "::/0"},
		{"fd00::1", "fd00::1/128", "fd00::1/128"},
		{"10.1.2.3/33", NULL, NULL},
		{"10.1.2.3/", NULL, NULL},
		{"10.1.2.3/-1", NULL, NULL},
		{"10.1.2.3/+8", NULL, NULL},
		{"10.1.2.3/8x", NULL, NULL},
		{"10.1.2.3/0000008", NULL, NULL},
		{"fd00::/129", NULL, NULL},
		{"/24", NULL, NULL},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_prefix prefix;
		char text[KL_PREFIX_TEXT];
		int rc = kl_prefix_read(cases[i].text, &prefix);
		if (!KL_CHECK((rc == 0) == (cases[i].want != NULL)) || rc)
			continue;
		KL_CHECK_STR(kl_prefix_write(&prefix, text), cases[i].want);
		struct kl_prefix network = kl_prefix_network(&prefix);
		KL_CHECK_STR(kl_prefix_write(&network, text), cases[i].network);
	}
}

static bool bit(const uint8_t *bytes, unsigned n)
{
	return bytes[n / 8] >> (7 - n % 8) & 1;
}

KL_TEST(containment_agrees_with_counting_bits)
{
	for (int round = 0; round < 2000; round++) {
		bool v4 = kl_test_random() & 1;
		unsigned offset = v4 ? 96 : 0, width = 128 - offset;
		struct kl_prefix prefix;
		kl_prefix_read(v4 ? "10.0.0.0/8" : "fd00::/8", &prefix);
		struct kl_addr other = prefix.addr;
		for (unsigned i = offset / 8; i < 16; i++)
			prefix.addr.bytes[i] = (uint8_t)kl_test_random();
		memcpy(other.bytes, prefix.addr.bytes, 16);
		unsigned flip = offset + (unsigned)(kl_test_random() % width);
		other.bytes[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		if (!v4 && (kl_addr_is_v4(&other) || kl_addr_is_v4(&prefix.addr)))
			continue;
		prefix.len = (uint8_t)(kl_test_random() % (width + 1));
		bool same = true;
		for (unsigned i = 0; i < prefix.len; i++)
			same = same && bit(other.bytes, offset + i) == bit(prefix.addr.bytes, offset + i);
		KL_CHECK_INT(kl_prefix_contains(&prefix, &other), same);
	}
}

KL_TEST(nth_carries_over_bytes)
{
	static const struct {
		const char *prefix;
		uint64_t n;
		const char *want;
	} cases[] = {
		{"10.1.2.0/24", 0, "10.1.2.0"},
		{"10.1.2.77/24", 1, "10.1.2.1"},
		{"10.1.0.0/16", 256, "10.1.1.0"},
		{"10.0.0.0/8", 0xffffff, "10.255.255.255"},
		{"fd00::/64", 0x1ffff, "fd00::1:ffff"},
		{"fd00::/64", UINT64_MAX, "fd00::ffff:ffff:ffff:ffff"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_prefix prefix;
		char text[KL_ADDR_TEXT];
		KL_CHECK_INT(kl_prefix_read(cases[i].prefix, &prefix), 0);
		struct kl_addr addr = kl_prefix_nth(&prefix, cases[i].n);
		KL_CHECK_STR(kl_addr_write(&addr, text), cases[i].want);
	}
}

KL_MAIN()
