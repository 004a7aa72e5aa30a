#include "api.h"
#include "decode.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/*
 * A quantity is [+-]digits[.digits] and a suffix: n u m "" k M G T P E (powers of 1000), Ki … Ei (powers of 1024), or
 * an exponent e3. It is held as an integer of nano-units, which is upstream's precision; 128 bits hold 1 E with room.
 */
enum format { DECIMAL, BINARY, EXPONENT };

struct quantity {
	__int128 nano;
	enum format format;
};

#define NANO     ((__int128)1000000000)
#define NANO_MAX (NANO * INT64_MAX)

struct suffix {
	const char *text;
	__int128 nano; /* nano-units of one */
	enum format format;
};

static const struct suffix suffixes[] = {
	{"n", 1, DECIMAL},
	{"u", 1000, DECIMAL},
	{"m", 1000000, DECIMAL},
	{"", NANO, DECIMAL},
	{"k", NANO * 1000, DECIMAL},
	{"M", NANO * 1000000, DECIMAL},
	{"G", NANO * 1000000000, DECIMAL},
	{"T", NANO * 1000000000000, DECIMAL},
	{"P", NANO * 1000000000000000, DECIMAL},
	{"E", NANO * 1000000000000000000, DECIMAL},
	{"Ki", NANO << 10, BINARY},
	{"Mi", NANO << 20, BINARY},
	{"Gi", NANO << 30, BINARY},
	{"Ti", NANO << 40, BINARY},
	{"Pi", NANO << 50, BINARY},
	{"Ei", NANO << 60, BINARY},
};

static int find_suffix(const char *text, __int128 *ret_scale, enum format *ret_format)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(suffixes); i++)
		if (!strcmp(suffixes[i].text, text)) {
			*ret_scale = suffixes[i].nano;
			*ret_format = suffixes[i].format;
			return 0;
		}
	if (*text != 'e' && *text != 'E')
		return -EINVAL;
	const char *at = text + 1;
	bool negative = *at == '-';
	at += *at == '-' || *at == '+';
	int exponent = 0, digits = 0;
	for (; *at >= '0' && *at <= '9' && digits < 4; at++, digits++)
		exponent = exponent * 10 + (*at - '0');
	if (*at || !digits)
		return -EINVAL;
	*ret_format = EXPONENT;
	*ret_scale = NANO;
	if (exponent > 18)
		exponent = negative ? 9 : 18; /* saturates, or rounds up to one nano-unit */
	for (int i = 0; i < exponent; i++)
		*ret_scale = negative ? (*ret_scale > 1 ? *ret_scale / 10 : 1) : *ret_scale * 10;
	return 0;
}

/* Digits as an integer; more than fit saturate. */
static const char *take_digits(const char *at, __int128 *ret, int *ret_count)
{
	for (; *at >= '0' && *at <= '9'; at++, (*ret_count)++)
		if (*ret < NANO_MAX)
			*ret = *ret * 10 + (*at - '0');
	return at;
}

static int parse(const char *text, struct quantity *ret)
{
	bool negative = *text == '-';
	const char *at = text + (*text == '-' || *text == '+');
	__int128 whole = 0, scale, nano;
	int digits = 0;
	at = take_digits(at, &whole, &digits);
	const char *fraction = NULL;
	if (*at == '.') {
		fraction = ++at;
		for (; *at >= '0' && *at <= '9'; at++)
			digits++;
	}
	if (!digits || find_suffix(at, &scale, &ret->format) < 0)
		return -EINVAL;
	if (whole > NANO_MAX / scale)
		nano = NANO_MAX;
	else
		nano = whole * scale;
	__int128 place = scale, sum = 0, dropped = 0;
	for (; fraction && *fraction >= '0' && *fraction <= '9'; fraction++) {
		int digit = *fraction - '0';
		/* Exact while the place is divisible; what is below a nano-unit rounds up. */
		dropped = dropped * 10 + (place % 10) * digit;
		place /= 10;
		sum += place * digit;
		if (dropped > NANO)
			dropped = NANO;
	}
	nano += sum + (scale % 10 || place == 0 ? (dropped ? 1 : 0) : 0);
	if (nano > NANO_MAX)
		nano = NANO_MAX;
	ret->nano = negative ? -nano : nano;
	return 0;
}

static int64_t round_up(__int128 nano, __int128 unit)
{
	__int128 value = nano / unit;
	if (nano % unit > 0)
		value++;
	else if (nano % unit < 0)
		value--;
	return value > INT64_MAX ? INT64_MAX : value < -INT64_MAX ? -INT64_MAX : (int64_t)value;
}

int kl_quantity_milli(const char *text, int64_t *ret_milli)
{
	struct quantity quantity;
	if (!text || parse(text, &quantity) < 0)
		return -EINVAL;
	*ret_milli = round_up(quantity.nano, 1000000);
	return 0;
}

int kl_quantity_value(const char *text, int64_t *ret)
{
	struct quantity quantity;
	if (!text || parse(text, &quantity) < 0)
		return -EINVAL;
	*ret = round_up(quantity.nano, NANO);
	return 0;
}

int kl_quantity_json(const json_t *quantity, int64_t *ret_milli)
{
	if (json_is_string(quantity))
		return kl_quantity_milli(json_string_value(quantity), ret_milli);
	if (json_is_integer(quantity)) {
		*ret_milli = round_up((__int128)json_integer_value(quantity) * NANO, 1000000);
		return 0;
	}
	if (!json_is_real(quantity))
		return -EINVAL;
	char text[64];
	snprintf(text, sizeof(text), "%.9g", json_real_value(quantity));
	return kl_quantity_milli(text, ret_milli);
}

/* The largest unit that leaves no remainder, as upstream's canonical form wants. */
static void format_decimal(__int128 nano, bool exponent, char ret[KL_QUANTITY_TEXT])
{
	static const char *const names[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
	size_t unit = 0;
	if (!nano)
		unit = 3;
	while (nano && unit < KL_ARRAY_LEN(names) - 1 && nano % 1000 == 0) {
		nano /= 1000;
		unit++;
	}
	int power = ((int)unit - 3) * 3;
	if (exponent && power)
		snprintf(ret, KL_QUANTITY_TEXT, "%llde%d", (long long)nano, power);
	else
		snprintf(ret, KL_QUANTITY_TEXT, "%lld%s", (long long)nano, exponent ? "" : names[unit]);
}

int kl_quantity_canonical(const char *text, char ret[KL_QUANTITY_TEXT])
{
	static const char *const names[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	struct quantity quantity;
	if (parse(text, &quantity) < 0)
		return -EINVAL;
	__int128 nano = quantity.nano, size = nano < 0 ? -nano : nano;
	if (quantity.format != BINARY || size < NANO * 1024) {
		/* A number of nano-units too large for the text form is rounded to whole units first. */
		if (size > (__int128)INT64_MAX && size % NANO)
			nano = (__int128)round_up(nano, NANO) * NANO;
		format_decimal(nano, quantity.format == EXPONENT, ret);
		return 0;
	}
	int64_t value = round_up(nano, NANO);
	size_t unit = 0;
	for (; unit < KL_ARRAY_LEN(names) - 1 && value % 1024 == 0; unit++)
		value /= 1024;
	snprintf(ret, KL_QUANTITY_TEXT, "%lld%s", (long long)value, names[unit]);
	return 0;
}
