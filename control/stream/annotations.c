#include "annotations.h"

#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int index_of(const char *const *names, size_t count, const char *text, uint8_t *ret)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(text, names[i])) {
			*ret = (uint8_t)i;
			return 0;
		}
	return -EINVAL;
}

int kl_algorithm_parse(const char *text, uint8_t *ret)
{
	static const char *const names[] = {"random", "round-robin", "maglev", "least-connection"};
	return index_of(names, KL_ARRAY_LEN(names), text, ret);
}

int kl_forward_parse(const char *text, uint8_t *ret)
{
	static const char *const names[] = {"snat", "dsr", "dsr-geneve"};
	return index_of(names, KL_ARRAY_LEN(names), text, ret);
}

static uint64_t unit_ms(const char *unit, size_t len)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	for (size_t i = 0; i < KL_ARRAY_LEN(units); i++)
		if (strlen(units[i].name) == len && !memcmp(unit, units[i].name, len))
			return units[i].ms;
	return 0;
}

int kl_duration_parse_ms(const char *text, uint32_t *ret)
{
	uint64_t total = 0;
	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789"), letters = strspn(text + digits, "mhs");
		uint64_t unit = unit_ms(text + digits, letters);
		if (!digits || digits > 9 || !unit)
			return -EINVAL;
		total += strtoull(text, NULL, 10) * unit;
		text += digits + letters;
	}
	if (total > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)total;
	return 0;
}

int kl_weight_parse(const char *text, uint16_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	if (!digits || digits > 4 || text[digits])
		return -EINVAL;
	unsigned long value = strtoul(text, NULL, 10);
	if (value < 1 || value > KL_WEIGHT_MAX)
		return -EINVAL;
	*ret = (uint16_t)value;
	return 0;
}

uint16_t kl_weights_find(const char *weights, const char *address)
{
	size_t len = strlen(address);
	for (const char *at = weights; at && *at;) {
		size_t item = strcspn(at, ",");
		if (item > len && at[len] == '=' && !memcmp(at, address, len)) {
			kl_autofree char *text = kl_strndup(at + len + 1, item - len - 1);
			uint16_t weight = 0;
			return kl_weight_parse(text, &weight) ? 0 : weight;
		}
		at += item + (at[item] == ',');
	}
	return 0;
}

struct reading {
	const json_t *annotations;
	void (*complain)(const char *annotation, const char *words, void *arg);
	void *arg;
};

/* The annotation's text when there is one that `parse` takes or that is to be complained about. */
static const char *text_of(const struct reading *reading, const char *annotation)
{
	return kl_json_str_or_null(reading->annotations, annotation, NULL);
}

static void complain(const struct reading *reading, const char *annotation, const char *text, const char *wanted)
{
	kl_autofree char *words = kl_asprintf("annotation %s: '%.60s' is not %s", annotation, text, wanted);
	if (reading->complain)
		reading->complain(annotation, words, reading->arg);
}

static void read_algorithm(const struct reading *reading, struct kl_service_wishes *ret)
{
	const char *text = text_of(reading, KL_ANNOTATION_LOAD_BALANCING);
	if (text && kl_algorithm_parse(text, &ret->algorithm))
		complain(reading, KL_ANNOTATION_LOAD_BALANCING, text,
			"random, round-robin, maglev or least-connection; the cluster's default holds");
	else if (text)
		ret->flags |= KL_SERVICE_ALGORITHM;
}

static void read_forward(const struct reading *reading, struct kl_service_wishes *ret)
{
	const char *text = text_of(reading, KL_ANNOTATION_FORWARDING);
	if (text && kl_forward_parse(text, &ret->forward))
		complain(reading, KL_ANNOTATION_FORWARDING, text,
			"snat, dsr or dsr-geneve; the cluster's default holds");
	else if (text)
		ret->flags |= KL_SERVICE_FORWARD;
}

static void read_slow_start(const struct reading *reading, struct kl_service_wishes *ret)
{
	const char *text = text_of(reading, KL_ANNOTATION_SLOW_START);
	if (!text || (!kl_duration_parse_ms(text, &ret->slow_start_ms) && ret->slow_start_ms <= KL_SLOW_START_MAX_MS))
		return;
	ret->slow_start_ms = 0;
	complain(reading, KL_ANNOTATION_SLOW_START, text,
		"a duration of at most 1h, such as 30s; there is no slow start");
}

void kl_service_wishes_read(const json_t *service, struct kl_service_wishes *ret,
	void (*complain_to)(const char *annotation, const char *words, void *arg), void *arg)
{
	const struct reading reading = {kl_json_get(service, "metadata", "annotations", NULL), complain_to, arg};
	*ret = (struct kl_service_wishes){0};
	read_algorithm(&reading, ret);
	read_forward(&reading, ret);
	read_slow_start(&reading, ret);
}
