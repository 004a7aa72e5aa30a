/*
 * Ranges that are not masqueraded to: without redundancy, and the same set as a naive list.
 */
#include "ranges.h"

#include "link.h"
#include "testlib.h"

#include <stdio.h>

static bool within(const struct kl_ranges *ranges, const struct kl_addr *addr)
{
	for (size_t i = 0; i < ranges->count; i++) {
		struct kl_prefix prefix = {.addr = ranges->items[i].addr, .len = ranges->items[i].len};
		if (kl_prefix_contains(&prefix, addr))
			return true;
	}
	return false;
}

static void take(struct kl_ranges *ranges, const char *text, int want)
{
	const char *const list[] = {text, NULL};
	struct kl_err err = {0};
	KL_CHECK_INT(kl_ranges_read(ranges, list, &err) != 0, want != 0);
}

KL_TEST(lists_are_read)
{
	kl_autoranges ranges = {0};
	take(&ranges, "10.0.0.0/8,fd00::/8,", 0);
	KL_CHECK_INT(ranges.count, 2);
	take(&ranges, "10.1.2.3/16", 0); /* lies in the first */
	KL_CHECK_INT(ranges.count, 2);
	take(&ranges, "0.0.0.0/0", 0); /* takes the first in */
	KL_CHECK_INT(ranges.count, 2);
	take(&ranges, "::/0", 0);
	KL_CHECK_INT(ranges.count, 2);
	take(&ranges, "10.0.0.0/33", 1);
	take(&ranges, "ten", 1);
	take(&ranges, "10.0.0.0/8;11.0.0.0/8", 1);
}

KL_TEST(defaults_are_those_of_ip_masq_agent)
{
	static const struct {
		const char *addr;
		bool within;
	} cases[] = {{"10.9.8.7", true}, {"172.16.0.1", true}, {"172.32.0.1", false}, {"192.168.1.1", true},
		{"100.64.1.1", true}, {"192.0.2.1", true}, {"198.19.0.1", true}, {"203.0.113.9", true},
		{"240.1.1.1", true}, {"8.8.8.8", false}, {"169.254.1.1", true}, {"224.0.0.1", true}, {"fd12::1", true},
		{"2001:db8::1", false}, {"fe80::1", true}, {"ff02::1", true}};
	kl_autoranges ranges = {0};
	kl_ranges_defaults(&ranges);
	kl_ranges_always(&ranges);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_addr addr;
		KL_CHECK_INT(kl_addr_parse(cases[i].addr, &addr), 0);
		if (!KL_CHECK_INT(within(&ranges, &addr), cases[i].within))
			kl_test_failed(__FILE__, __LINE__, "%s", cases[i].addr);
	}
	KL_CHECK(ranges.count <= KL_NET_INSIDE);
}

KL_TEST(nothing_is_lost_and_nothing_is_twice)
{
	struct kl_prefix all[64];
	kl_autoranges ranges = {0};
	for (size_t i = 0; i < KL_ARRAY_LEN(all); i++) {
		char text[64];
		unsigned r = (unsigned)kl_test_random();
		snprintf(text, sizeof(text), "10.%u.%u.0/%u", r >> 8 & 3, r & 0xc0, 14 + (r >> 16) % 13);
		KL_CHECK_INT(kl_prefix_read(text, &all[i]), 0);
		all[i] = kl_prefix_network(&all[i]);
		kl_ranges_put(&ranges, &(struct kl_podload_prefix){all[i].addr, all[i].len});
	}
	for (unsigned i = 0; i < 4 * 256; i++) {
		char text[64];
		struct kl_addr addr;
		bool want = false;
		snprintf(text, sizeof(text), "10.%u.%u.1", i >> 8, i & 255);
		kl_addr_parse(text, &addr);
		for (size_t k = 0; k < KL_ARRAY_LEN(all); k++)
			want = want || kl_prefix_contains(&all[k], &addr);
		if (!KL_CHECK_INT(within(&ranges, &addr), want))
			return;
	}
	for (size_t i = 0; i < ranges.count; i++)
		for (size_t k = 0; k < ranges.count; k++) {
			struct kl_prefix wide = {.addr = ranges.items[i].addr, .len = ranges.items[i].len};
			KL_CHECK(i == k || ranges.items[k].len < wide.len ||
				 !kl_prefix_contains(&wide, &ranges.items[k].addr));
		}
}

KL_MAIN()
