/*
 * Which addresses are given out: order, rest after release, exhaustion; random use against a naive oracle.
 */
#include "ipam.h"
#include "testlib.h"

#include <errno.h>
#include <string.h>

static struct kl_ipam *ipam_of(const char *range)
{
	struct kl_prefix prefix = {0};
	KL_CHECK_INT(kl_prefix_read(range, &prefix), 0);
	return kl_ipam_new(&prefix);
}

static const char *take(struct kl_ipam *ipam, int64_t now_ms, char text[KL_ADDR_TEXT])
{
	struct kl_addr addr;
	return kl_ipam_take(ipam, now_ms, &addr) ? "none" : kl_addr_write(&addr, text);
}

static void release(struct kl_ipam *ipam, const char *text, int64_t now_ms)
{
	struct kl_addr addr = {{0}};
	KL_CHECK_INT(kl_addr_parse(text, &addr), 0);
	kl_ipam_release(ipam, &addr, now_ms);
}

KL_TEST(network_gateway_and_broadcast_are_never_given)
{
	static const struct {
		const char *range, *first;
		uint32_t free;
	} cases[] = {
		{"10.1.2.0/24", "10.1.2.2", 253},
		{"10.1.2.0/30", "10.1.2.2", 1},
		{"10.1.2.0/31", "none", 0},
		{"10.1.2.4/32", "none", 0},
		{"10.1.0.0/16", "10.1.0.2", 65533},
		{"10.0.0.0/8", "10.0.0.2", 65534},
		{"fd00:1::/64", "fd00:1::2", 65534},
		{"fd00:1::/126", "fd00:1::2", 2},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char text[KL_ADDR_TEXT];
		struct kl_ipam *ipam = ipam_of(cases[i].range);
		KL_CHECK_INT(kl_ipam_free_count(ipam), cases[i].free);
		KL_CHECK_STR(take(ipam, 0, text), cases[i].first);
		kl_ipam_free(ipam);
	}
}

KL_TEST(a_released_address_rests)
{
	char text[KL_ADDR_TEXT];
	struct kl_ipam *ipam = ipam_of("10.1.2.0/29"); /* .2 to .6 */
	KL_CHECK_STR(take(ipam, 1000, text), "10.1.2.2");
	KL_CHECK_STR(take(ipam, 1000, text), "10.1.2.3");
	release(ipam, "10.1.2.2", 2000);
	KL_CHECK_STR(take(ipam, 3000, text), "10.1.2.4");
	KL_CHECK_STR(take(ipam, 3000, text), "10.1.2.5");
	KL_CHECK_STR(take(ipam, 3000, text), "10.1.2.6");
	release(ipam, "10.1.2.4", 4000);
	/* All others are in use: the one that has rested longest comes early. */
	KL_CHECK_STR(take(ipam, 5000, text), "10.1.2.2");
	KL_CHECK_STR(take(ipam, 5000, text), "10.1.2.4");
	KL_CHECK_STR(take(ipam, 5000, text), "none");
	release(ipam, "10.1.2.3", 6000);
	KL_CHECK_STR(take(ipam, 6000 + KL_IPAM_REST_MS, text), "10.1.2.3");
	kl_ipam_free(ipam);
}

KL_TEST(held_addresses_are_not_given)
{
	static const char *const outside[] = {"10.1.3.2", "10.1.2.0", "10.1.2.1", "10.1.2.7", "fd00::2", "10.2.2.2"};
	char text[KL_ADDR_TEXT];
	struct kl_ipam *ipam = ipam_of("10.1.2.0/29");
	struct kl_addr addr;
	for (size_t i = 0; i < KL_ARRAY_LEN(outside); i++) {
		kl_addr_parse(outside[i], &addr);
		kl_ipam_hold(ipam, &addr);
		kl_ipam_release(ipam, &addr, 0);
	}
	KL_CHECK_INT(kl_ipam_free_count(ipam), 5);
	kl_addr_parse("10.1.2.2", &addr);
	kl_ipam_hold(ipam, &addr);
	kl_ipam_hold(ipam, &addr);
	KL_CHECK_INT(kl_ipam_free_count(ipam), 4);
	KL_CHECK_STR(take(ipam, 0, text), "10.1.2.3");
	kl_ipam_free(ipam);
}

KL_TEST(random_use_never_gives_an_address_twice)
{
	struct kl_ipam *ipam = ipam_of("10.1.2.128/26");
	struct kl_addr used[62];
	size_t count = 0;
	for (int64_t now = 0; now < 20000; now++) {
		if (kl_test_random() % 2 && count) {
			size_t at = kl_test_random() % count;
			kl_ipam_release(ipam, &used[at], now);
			used[at] = used[--count];
			continue;
		}
		struct kl_addr addr;
		int rc = kl_ipam_take(ipam, now, &addr);
		KL_CHECK_INT(rc, count == 61 ? -ENOSPC : 0);
		if (rc)
			continue;
		for (size_t i = 0; i < count; i++)
			KL_CHECK(!kl_addr_equal(&used[i], &addr));
		KL_CHECK(kl_prefix_contains(kl_ipam_range(ipam), &addr));
		used[count++] = addr;
		KL_CHECK_INT(kl_ipam_free_count(ipam), 61 - count);
	}
	kl_ipam_free(ipam);
}

KL_MAIN()
