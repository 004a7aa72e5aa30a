#include "api.h"
#include "decode.h"
#include "testlib.h"

#include <stdio.h>
#include <string.h>

/* canonical NULL: not a quantity. */
static const struct {
	const char *text, *canonical;
	int64_t milli, value;
} cases[] = {
	{"1", "1", 1000, 1}, {"0", "0", 0, 0}, {"0.5", "500m", 500, 1}, {"100m", "100m", 100, 1}, {"1.5", "1500m", 1500, 2},
	{"1000m", "1", 1000, 1}, {"1k", "1k", 1000000, 1000}, {"1000", "1k", 1000000, 1000}, {"1500", "1500", 1500000, 1500},
	{"1Ki", "1Ki", 1024000, 1024}, {"1024", "1024", 1024000, 1024}, {"1024Ki", "1Mi", 1048576000, 1048576},
	{"64Mi", "64Mi", INT64_C(67108864000), 67108864}, {"1.5Gi", "1536Mi", INT64_C(1610612736000), 1610612736},
	{"0.5Ki", "512", 512000, 512}, {"1e3", "1e3", 1000000, 1000}, {"1E3", "1E3", 1000000, 1000}, {"5E", "5E", INT64_MAX,
		INT64_C(5000000000000000000)}, {"-1", "-1", -1000, -1}, {"+2", "+2", 2000, 2}, {".5", "500m", 500, 1},
	{"1.0", "1", 1000, 1}, {"1.5Ki", "1536", 1536000, 1536}, {"1.0001Ki", "1024102400u", 1024103, 1025}, {"10.333k", "10.333k", 10333000, 10333}, {"158987.5k", "158987500", INT64_C(158987500000), 158987500}, {"2048Ei", "9223372036854775807", INT64_MAX, INT64_MAX}, {"1000.0001n", "1001n", 1, 1}, {"128.1e-2", "128.1e-2", 1281, 2}, {"1n", "1n", 1, 1}, {"1u", "1u", 1, 1}, {"100Ei", NULL, 0, 0}, {"", NULL, 0, 0}, {"m", NULL, 0, 0},
	{"1x", NULL, 0, 0}, {"1 Gi", NULL, 0, 0}, {"1e", NULL, 0, 0}, {"--1", NULL, 0, 0}, {"1.2.3", NULL, 0, 0}, {"0x10", NULL, 0,
		0},
};

KL_TEST(quantities)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char canonical[KL_QUANTITY_TEXT] = "";
		int64_t milli = 0, value = 0;
		int rc = kl_quantity_canonical(cases[i].text, canonical);
		if (!strcmp(cases[i].text, "100Ei")) { /* saturates, but is one */
			KL_CHECK_INT(rc, 0);
			continue;
		}
		if (!cases[i].canonical) {
			KL_CHECK(rc < 0 && kl_quantity_milli(cases[i].text, &milli) < 0 && kl_quantity_value(cases[i].text, &value) < 0);
			continue;
		}
		KL_CHECK_STR(canonical, cases[i].canonical);
		KL_CHECK_INT(kl_quantity_milli(cases[i].text, &milli), 0);
		KL_CHECK_INT(milli, cases[i].milli);
		KL_CHECK_INT(kl_quantity_value(cases[i].text, &value), 0);
		KL_CHECK_INT(value, cases[i].value);
	}
}

/* The canonical form is a fixed point and means the same. */
KL_TEST(canonical_is_stable)
{
	static const char *const suffixes[] = {"", "m", "k", "M", "G", "Ki", "Mi", "Gi", "u"};
	for (int i = 0; i < 20000; i++) {
		char text[64], once[KL_QUANTITY_TEXT], twice[KL_QUANTITY_TEXT];
		uint64_t r = kl_test_random();
		snprintf(text, sizeof(text), "%u.%u%s", (unsigned)(r % 100000), (unsigned)(r >> 20) % 1000,
			suffixes[(r >> 40) % KL_ARRAY_LEN(suffixes)]);
		int64_t before, after;
		KL_CHECK_INT(kl_quantity_canonical(text, once), 0);
		KL_CHECK_INT(kl_quantity_canonical(once, twice), 0);
		if (!strchr(text, 'i')) /* a binary amount that is no multiple of 1024 is a decimal one when read again */
			KL_CHECK_STR(twice, once);
		kl_quantity_value(text, &before);
		kl_quantity_value(once, &after);
		if (before != after)
			kl_test_failed(__FILE__, __LINE__, "%s is %lld, %s is %lld", text, (long long)before, once, (long long)after);
	}
}

KL_TEST(numbers)
{
	int64_t milli;
	kl_autojson *whole = json_integer(2), *real = json_real(0.25), *text = json_string("3"), *no = json_true();
	KL_CHECK_INT(kl_quantity_json(whole, &milli), 0);
	KL_CHECK_INT(milli, 2000);
	KL_CHECK_INT(kl_quantity_json(real, &milli), 0);
	KL_CHECK_INT(milli, 250);
	KL_CHECK_INT(kl_quantity_json(text, &milli), 0);
	KL_CHECK_INT(milli, 3000);
	KL_CHECK(kl_quantity_json(no, &milli) < 0);
}

KL_MAIN()
