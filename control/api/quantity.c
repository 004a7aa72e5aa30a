#include "api.h"
#include "decode.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

#define NANO ((__int128)1000000000)
/* 10^27 units: what is larger is cut off there; every intermediate product stays below 2^127. */
#define NANO_MAX (NANO * NANO * NANO * NANO)

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
		if (*ret < NANO_MAX / 10)
			*ret = *ret * 10 + (*at - '0');
	return at;
}

/* 0.digits × scale, rounded up to a whole nano-unit; as many digits count as 128 bits hold. */
static __int128 fraction_of(const char *digits, __int128 scale)
{
	__int128 value = 0, unit = 1;
	bool more = false;
	for (; *digits >= '0' && *digits <= '9'; digits++) {
		if (unit < NANO_MAX / scale && unit < NANO_MAX) {
			value = value * 10 + (*digits - '0');
			unit *= 10;
		} else {
			more |= *digits != '0';
		}
	}
	__int128 product = value * scale;
	return product / unit + (product % unit || more ? 1 : 0);
}

static int parse(const char *text, struct quantity *ret)
{
	bool negative = *text == '-';
	const char *at = text + (*text == '-' || *text == '+'), *fraction = "";
	__int128 whole = 0, scale;
	int digits = 0;
	at = take_digits(at, &whole, &digits);
	if (*at == '.') {
		fraction = ++at;
		for (; *at >= '0' && *at <= '9'; at++)
			digits++;
	}
	if (!digits || find_suffix(at, &scale, &ret->format) < 0)
		return -EINVAL;
	__int128 nano = whole > NANO_MAX / scale ? NANO_MAX : whole * scale;
	nano += fraction_of(fraction, scale);
	if (nano > NANO_MAX)
		nano = NANO_MAX;
	if (ret->format == BINARY && nano > NANO * INT64_MAX) /* upstream's bound for these alone */
		nano = NANO * INT64_MAX;
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

/* Decimal digits of any 128-bit number, and what follows them. */
static void print_number(__int128 value, const char *suffix, char ret[KL_QUANTITY_TEXT])
{
	char digits[48], *at = digits + sizeof(digits);
	unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
	*--at = 0;
	do
		*--at = (char)('0' + (int)(rest % 10));
	while (rest /= 10);
	snprintf(ret, KL_QUANTITY_TEXT, "%s%s%s", value < 0 ? "-" : "", at, suffix);
}

/* The largest unit that leaves no remainder, as upstream's canonical form wants. */
static void format_decimal(__int128 nano, bool exponent, char ret[KL_QUANTITY_TEXT])
{
	static const char *const names[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
	size_t unit = nano ? 0 : 3;
	char power[8] = "";
	while (nano && unit < KL_ARRAY_LEN(names) - 1 && nano % 1000 == 0) {
		nano /= 1000;
		unit++;
	}
	if (exponent && unit != 3)
		snprintf(power, sizeof(power), "e%d", ((int)unit - 3) * 3);
	print_number(nano, exponent ? power : names[unit], ret);
}

/*
 * Upstream keeps a decimal amount as it was written where no shorter form is likely: its power of ten is a multiple of
 * three, and the digits neither begin with 0 nor end in 000.
 */
static bool is_kept(const char *text, enum format format, __int128 nano)
{
	const char *at = text + (*text == '-' || *text == '+');
	at += strspn(at, "0");
	size_t whole = strspn(at, "0123456789"), part = at[whole] == '.' ? strspn(at + whole + 1, "0123456789") : 0;
	const char *suffix = at + whole + (at[whole] == '.' ? part + 1 : 0),
		   *last = part ? at + whole + 1 + part : at + whole;
	static const char units[] = "num kMGTPE";
	size_t digits = whole + part;
	if (format == BINARY || !nano || !whole || digits > 18 || strlen(text) >= KL_QUANTITY_TEXT)
		return false;
	int power = 0;
	if (format == EXPONENT)
		power = atoi(suffix + 1);
	else if (*suffix)
		power = ((int)(strchr(units, *suffix) - units) - 3) * 3;
	if ((power - (int)part) % 3 || power - (int)part < -9)
		return false;
	for (size_t zeros = 0; last > at && zeros < 3; last--)
		if (last[-1] == '0')
			zeros++;
		else if (last[-1] != '.')
			return true;
	return last == at;
}

int kl_quantity_canonical(const char *text, char ret[KL_QUANTITY_TEXT])
{
	static const char *const names[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	struct quantity quantity;
	if (parse(text, &quantity) < 0)
		return -EINVAL;
	__int128 nano = quantity.nano, size = nano < 0 ? -nano : nano;
	if (is_kept(text, quantity.format, nano)) {
		snprintf(ret, KL_QUANTITY_TEXT, "%s", text);
		return 0;
	}
	if (quantity.format != BINARY || size < NANO * 1024 || nano % NANO) {
		format_decimal(nano, quantity.format == EXPONENT, ret);
		return 0;
	}
	__int128 value = nano / NANO;
	size_t unit = 0;
	for (; unit < KL_ARRAY_LEN(names) - 1 && value % 1024 == 0; unit++)
		value /= 1024;
	print_number(value, names[unit], ret);
	return 0;
}
